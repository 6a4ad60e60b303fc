"""One table to what each of its rows gave: a fault of one row concerns no other."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from bonemetrics.errors import AlgebraError
from bonemetrics.pipeline import tables
from bonemetrics.pipeline.tables import measure_table
from bonemetrics.records import Observation, Role, RowOutcome
from bonemetrics.study.protocol import parse_protocol

VISITS = '[[visits]]\nname = "Baseline"\nnumber = 0\nwindow = [-60, 1]\n'
ENTRY = '[[tables]]\nfile = "*.csv"\nkind = "{kind}"\n'
HEADER = "subject,date,visit,test,result,unit\n"


def measured(tmp_path: Path, text: str, kind: str = "laboratory", more: str = "", **options):
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    protocol = parse_protocol(VISITS + ENTRY.format(kind=kind) + more)
    found = measure_table(tmp_path / "a.csv", protocol.tables[0], protocol, tmp_path / "out.jsonl", **options)
    out = tmp_path / "out.jsonl"
    lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()] if out.exists() else []
    return found, lines


def codes(lines) -> list[tuple[int, str]]:
    return [(line["line"], problem["code"]) for line in lines for problem in line["problems"]]


def test_measure_table__what_is_known_of_the_file_and_its_people(tmp_path):
    rows = "B,2016-05-01,,P1NP,41.5,ng/mL\nA,2016-04-01,,P1NP,40.5,ng/mL\n"
    rows += "B,2016-03-01,,P1NP,39.5,ng/mL\nC,,Baseline,P1NP,3.5,ng/mL\n"
    found, lines = measured(tmp_path, HEADER + rows)
    assert (found.form, found.header_line, found.n_rows, found.refusal, found.problems) == ("csv", 1, 4, None, ())
    assert found.header == ("subject", "date", "visit", "test", "result", "unit")
    assert found.people == {"B": date(2016, 3, 1), "A": date(2016, 4, 1), "C": None}
    assert [(line["line"], line["subject"]) for line in lines] == [(2, "B"), (3, "A"), (4, "B"), (5, "C"), (0, "")]


def test_measure_table__the_same_content_is_not_read_again(tmp_path):
    first, _ = measured(tmp_path, HEADER)
    (tmp_path / "out.jsonl").unlink()
    again, lines = measured(tmp_path, HEADER, up_to_date=first.sha256)
    assert (again.is_up_to_date, again.sha256, lines) == (True, first.sha256, [])


def test_measure_table__a_refused_table_leaves_no_rows_behind(tmp_path):
    found, lines = measured(tmp_path, "1,2\n3,4\n")
    assert (found.refusal.code, lines) == ("header-not-found", [])
    assert len(found.sha256) == 64


def test_measure_table__rows_that_say_nothing_are_counted_not_written(tmp_path):
    rows = "A,2016-04-01,,P1NP,40.5,ng/mL\n,,,,,\n\nA,2016-04-02,,GLUCOSE,5,mmol/L\nA,2016-04-02,,P1NP,,ng/mL\n"
    _, lines = measured(tmp_path, HEADER + rows)
    assert [line["line"] for line in lines] == [2, 0]
    assert [problem["message"][:7] for problem in lines[1]["problems"]] == ["3 rows:", "1 rows:"]
    assert codes(lines) == [(0, "row-empty"), (0, "test-not-wanted")]


def test_measure_table__repetitions_are_told_by_the_row_before(tmp_path):
    row = "A,2016-04-01,,P1NP,40.5,ng/mL\n"
    other = row.replace("40.5", "40.6")
    later = row.replace("04-01", "04-02")
    _, lines = measured(tmp_path, HEADER + row + other + row + later)
    assert codes(lines) == [(3, "row-repeated"), (4, "duplicate-row")]
    messages = [problem["message"] for line in lines for problem in line["problems"]]
    assert all("row 2" in message for message in messages)
    assert [line["line"] for line in lines if line["records"]] == [2, 3, 5]


def test_measure_table__replicates_of_one_day_stay_where_any_cell_tells_them_apart(tmp_path):
    head = "USUBJID,LBSEQ,LBTESTCD,LBORRES,LBORRESU,LBDTC,REMARK\n"
    rows = "S-1,1,P1NP,20,ng/mL,2016-02-25T08:00,\nS-1,1,P1NP,20,ng/mL,2016-02-25T09:00,\n"
    rows += "S-1,2,P1NP,20,ng/mL,2016-02-25T08:00,\nS-1,1,P1NP,20,ng/mL,2016-02-25T08:00,thawed\n"
    _, lines = measured(tmp_path, head + rows + rows[: rows.index("\n") + 1])
    assert [line["line"] for line in lines if line["records"]] == [2, 3, 4, 5]
    assert codes(lines)[:4] == [(3, "row-repeated"), (4, "row-repeated"), (5, "row-repeated"), (6, "duplicate-row")]


def test_measure_table__events_that_differ_in_their_number_alone_stay_and_are_noted(tmp_path):
    text = "USUBJID,AESEQ,AETERM,AESTDTC\nS-1,1,FALL,2016-05-01\nS-1,2,FALL,2016-05-01\nS-1,2,FALL,2016-05-01\n"
    _, lines = measured(tmp_path, text, kind="adverse-events")
    assert [line["line"] for line in lines if line["records"]] == [2, 3]
    assert codes(lines) == [(3, "row-repeated"), (4, "duplicate-row")]
    text = "subject,site,date,level\nS-1,vertebra,2016-04-01,L1\nS-1,vertebra,2016-04-01,L2\n"
    _, lines = measured(tmp_path, text, kind="fractures")
    assert [line["line"] for line in lines if line["records"]] == [2, 3]
    assert (3, "row-repeated") in codes(lines)


def test_measure_table__study_day_0_is_refused_alone_and_noted_beside_a_date(tmp_path):
    head = "USUBJID,LBTESTCD,LBORRES,LBORRESU,LBDTC,LBDY\n"
    _, lines = measured(tmp_path, head + "S-1,P1NP,33,ng/mL,,0\nS-2,P1NP,36,ng/mL,2016-08-25,0\n")
    assert codes(lines) == [(2, "no-date"), (3, "study-day-differs")]
    assert [line["line"] for line in lines if line["records"]] == [3]
    _, lines = measured(tmp_path, "USUBJID,AETERM,AESTDTC,AESTDY\nS-1,FALL,2016-05-01,0\n", kind="adverse-events")
    assert codes(lines) == [(2, "study-day-differs")]


def test_measure_table__looks_twice_where_the_whole_sheet_tells_what_a_row_means(tmp_path):
    rows = "A,2016-02-25,8\nB,2016-02-25,72\nB,2016-02-25,\n"
    found, lines = measured(tmp_path, "subject,date,pain\n" + rows, kind="vas")
    assert codes(lines) == [(2, "unit-unknown"), (3, "outside-hard-limits"), (0, "row-empty")]
    assert (found.n_rows, found.people) == (3, {})
    assert [one.message[:7] for one in found.problems if one.code == "row-empty"] == ["1 rows:"]


def test_measure_table__a_column_that_two_entries_take_is_noted_by_both(tmp_path):
    more = '[tables.columns]\nvalue = "pain"\n[[tables]]\nfile = "a.*"\nkind = "eq5d"\n'
    text = "subject,date,mobility,self_care,usual_activities,pain,anxiety\nA,2016-02-25,1,1,2,3,1\n"
    found, lines = measured(tmp_path, text, kind="vas", more=more)
    (told,) = [one for one in found.problems if one.code == "column-shared"]
    assert "'pain'" in told.message
    assert "pain_discomfort" in told.message
    assert (0, "column-shared") in codes(lines)


def test_measure_table__items_of_many_questionnaires_in_one_column_are_not_shared(tmp_path):
    more = '[tables.tests]\nVAS01 = "Pain-VAS"\n[[tables]]\nfile = "*.csv"\nkind = "oswestry"\n'
    text = "USUBJID,QSTESTCD,QSSTRESN,QSDTC\nA,VAS01,3,2016-02-25\n"
    found, _ = measured(tmp_path, text, kind="vas", more=more)
    assert "column-shared" not in [one.code for one in found.problems]


def test_measure_table__two_like_events_of_one_day_are_no_repetition_but_the_same_row_is(tmp_path):
    text = "subject,AETERM,date,AESEV\nA,fall,2016-04-01,MILD\nA,fall,2016-04-01,SEVERE\nA,fall,2016-04-01,MILD\n"
    _, lines = measured(tmp_path, text, kind="adverse-events")
    assert codes(lines) == [(4, "duplicate-row")]


def test_measure_table__a_text_that_looks_like_a_line_number_hides_no_duplicate(tmp_path):
    row = 'A,"say ""line"":2, again",2016-04-01\n'
    _, lines = measured(tmp_path, "subject,AETERM,date\n" + row + row, kind="adverse-events")
    assert codes(lines) == [(3, "duplicate-row")]


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (",2016-04-01,Baseline,P1NP,40.5,ng/mL", "missing-cell"),
        ("A,,,P1NP,40.5,ng/mL", "no-date"),
        ("A,,Month 7,P1NP,40.5,ng/mL", "unknown-visit"),
        ("A,2016-04-01,,P1NP,1e308,x", "outside-hard-limits"),
        ('"A"x,2016-04-01,,P1NP,1,ng/mL', "broken-row"),
        ("A,2016-04-01,,P1NP", "too-few-cells"),
    ],
)
def test_measure_table__a_refused_row_stands_alone(tmp_path, row, code):
    rule = '[[conversions]]\nquantity = "P1NP"\nunit = "x"\nfactor = 1e9\nsource = "a kit"\n'
    good = "B,2016-05-01,,P1NP,41.5,ng/mL\n"
    found, lines = measured(tmp_path, HEADER + good + row + "\n" + good.replace("41.5", "42.5"), more=rule)
    assert found.refusal is None
    assert (3, code) in codes(lines)
    assert [line["line"] for line in lines if line["records"]] == [2, 4]
    assert lines[1]["subject"] == ""


@pytest.mark.parametrize(
    ("kind", "header", "good"),
    [
        ("vas", "subject,date,value", "A,2016-04-01,3"),
        ("oswestry", "subject,date,total", "A,2016-04-01,30"),
        ("eq5d", "subject,date,eq_vas", "A,2016-04-01,70"),
        ("adverse-events", "subject,date,AETERM", "A,2016-04-01,fever"),
        ("fractures", "subject,date,site", "A,2016-04-01,wrist"),
        ("histomorphometry", "subject,biopsy_date,T.Ar [mm2]", "A,2016-04-01,40"),
    ],
)
def test_measure_table__every_kind_refuses_a_broken_row_by_itself(tmp_path, kind, header, good):
    rows = [good, 'A,"2016"x,3', good.replace("A,", "B,"), "C,2016-04-01"]
    found, lines = measured(tmp_path, "\n".join([header, *rows]) + "\n", kind=kind)
    assert found.refusal is None
    assert {(3, "broken-row"), (5, "too-few-cells")} <= set(codes(lines))
    assert [line["line"] for line in lines if line["records"]] == [2, 4]


@pytest.mark.parametrize("kind", ["laboratory", "vas", "oswestry", "eq5d"])
def test_measure_table__a_table_without_any_column_of_results_is_refused(tmp_path, kind):
    found, _ = measured(tmp_path, "subject,date,visit,resutl\nA,2016-04-01,,3\n", kind=kind)
    assert found.refusal.code == "column-missing"
    assert "'resutl'" in found.refusal.message


class _Failing:
    """An interpreter that fails over its second row."""

    roles = (Role(name="subject", type="text"), Role(name="value", type="number"))

    def take(self, row):
        if row.line == 3:
            raise AlgebraError("no", code="contradiction")
        if row.line == 4:
            Observation(kind="vas", subject="A", quantity="none", unit="", site="")
        return RowOutcome(row.line, (), ())

    def finish(self):
        return iter(())


def test_measure_table__whatever_an_interpreter_raises_is_the_rows_own(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "interpreter_of", lambda *_: _Failing())
    _, lines = measured(tmp_path, "subject,value\nA,1\nA,2\nA,3\nA,4\n")
    assert codes(lines) == [(3, "contradiction"), (4, "outside-hard-limits")]


class _Writing(_Failing):
    def __init__(self, path):
        self.path = path

    def take(self, row):
        self.path.write_text("subject,value\nB,1\n")
        return RowOutcome(row.line, (), ())


def test_measure_table__a_file_that_changes_meanwhile_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "interpreter_of", lambda *_: _Writing(tmp_path / "a.csv"))
    found, lines = measured(tmp_path, "subject,value\nA,1\nA,2\n")
    assert (found.refusal.code, lines) == ("changed-while-reading", [])


def test_measure_table__rows_that_where_leaves_out_are_counted(tmp_path):
    header = "subject,date,test,result,unit,ANL01FL\n"
    rows = "A,2016-04-01,P1NP,40.5,ng/mL,Y\nA,2016-04-01,P1NP,44.5,ng/mL,N\nB,2016-04-01,P1NP,41.5,ng/mL,\n"
    (tmp_path / "a.csv").write_text(header + rows, encoding="utf-8")
    entry = ENTRY.format(kind="laboratory") + 'where = { ANL01FL = "Y" }\n'
    protocol = parse_protocol(VISITS + entry)
    found = measure_table(tmp_path / "a.csv", protocol.tables[0], protocol, tmp_path / "out.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["subject"] for line in lines if line["records"]] == ["A"]
    (note,) = [one for one in found.problems if one.code == "row-not-wanted"]
    assert note.message.startswith("2 rows")
