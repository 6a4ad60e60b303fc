"""Tables of clinical data in the study: versions, digests, visits, and what the log is told."""

from __future__ import annotations

import hashlib
import sqlite3
from datetime import date
from pathlib import Path

import pytest

from bonemetrics.errors import TableError
from bonemetrics.records import Observation, Subject, note, refusal
from bonemetrics.study.create import init_study
from bonemetrics.study.protocol import parse_protocol
from bonemetrics.study.protocol_tables import ClinicalTable
from bonemetrics.study.sheet_visits import VisitFinder
from bonemetrics.study.sheets import SheetFacts, SheetLine, entry_key, loads, sheet_id
from bonemetrics.study.store import Store

TABLE = ClinicalTable(file="lab*.csv", kind="laboratory")
PROTOCOL = parse_protocol(
    """
[[visits]]
name = "Baseline"
number = 0
window = [-60, 1]
baseline = true
[[visits]]
name = "Month 6"
number = 6
window = [140, 226]
windows.laboratory = [150, 200]
"""
)
WOMAN = Subject(subject="S-2", day1=date(2016, 1, 13))


LABORATORY = ClinicalTable(kind="laboratory", file="lab*.csv")


@pytest.fixture
def store(tmp_path):
    (tmp_path / "study.toml").write_text('[[tables]]\nkind = "laboratory"\nfile = "lab*.csv"\n')
    init_study(tmp_path / "study", tmp_path / "study.toml")
    return Store.open(tmp_path / "study")


def observation(line: int = 2, value: float | None = 41.5, **facts: object) -> Observation:
    told = {"day": date(2016, 3, 2)} | facts
    return Observation(
        kind="laboratory", subject="S-2", line=line, quantity="P1NP", unit="ng/mL", site="serum", value=value, **told
    )


def line(number: int, value: float = 41.5, **facts: object) -> SheetLine:
    record = observation(number, value, **facts)
    return SheetLine(number, "S-2", ((record.record, record.model_dump_json()),))


def facts(digest: str = "a" * 64, settings: str = "s") -> SheetFacts:
    return SheetFacts(
        kind="laboratory",
        entry=entry_key(LABORATORY, (LABORATORY,)),
        path="/data/lab.csv",
        n_rows=3,
        input_sha256=digest,
        settings_hash=settings,
    )


def test_record_sheet__rows_come_back_as_they_were_with_what_was_said_of_them(store):
    told = refusal(TableError("the cell holds a formula", code="formula-cell"))
    lines = [line(2), SheetLine(3, "", (), (told,)), line(4, 39.0)]
    assert store.record_sheet("t1", facts(), lines)
    assert [(name, one.line, one.value) for name, one in store.sheet_records()] == [("t1", 2, 41.5), ("t1", 4, 39.0)]
    (problem,) = store.sheet_problems()
    assert (problem.line, problem.problem.code, problem.problem.severity) == (3, "formula-cell", "refusal")
    (sheet,) = store.sheets()
    assert (sheet.version, sheet.status, sheet.n_taken, sheet.n_refused) == (1, "read", 2, 1)


def test_record_sheet__the_same_again_changes_nothing_and_another_content_is_a_new_version(store):
    assert store.record_sheet("t1", facts(), [line(2)])
    rows = store.audit_head().seq
    assert not store.record_sheet("t1", facts(), [line(2)])
    assert store.audit_head().seq == rows
    assert store.record_sheet("t1", facts("b" * 64), [line(2, 40.0)])
    assert [one.value for _, one in store.sheet_records()] == [40.0]
    assert store.sheets()[0].version == 2
    assert [row.action for row in store.audit_rows()][-2:] == ["sheet-superseded", "sheet-read"]


def test_record_sheet__a_sheet_that_was_refused_has_its_reason_and_no_rows(store):
    told = refusal(TableError("no column for 'value'", code="column-missing"))
    store.record_sheet("t1", facts(), (), told)
    (sheet,) = store.sheets()
    assert (sheet.status, sheet.code, sheet.message) == ("refused", "column-missing", "no column for 'value'")
    assert list(store.sheet_records()) == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE sheet_rows SET content = replace(content, '41.5', '61.5')",
        "DELETE FROM sheet_rows",
        "UPDATE sheet_problems SET message = 'nothing'",
        "UPDATE sheets SET current_version = 1",
        "UPDATE sheet_rows SET subject = 'S-9'",
    ],
)
def test_verify_records__sees_rows_that_were_changed_behind_its_back(store, statement):
    problems = (note("row-repeated", "row 2 has another value"),)
    store.record_sheet("t1", facts(), [line(2)])
    store.record_sheet("t1", facts("b" * 64), [SheetLine(2, "S-2", line(2).records, problems)])
    assert store.verify_records() == ()
    with sqlite3.connect(store.folder.database) as database:
        database.execute(statement)
    database.close()
    assert {fault.kind for fault in store.verify_records()} == {"changed"}


def test_move_sheet__the_new_place_is_kept_and_logged_once(store):
    store.record_sheet("t1", facts(), [line(2)])
    store.move_sheet("t1", Path("/elsewhere/lab.csv"))
    store.move_sheet("t1", Path("/elsewhere/lab.csv"))
    assert store.sheets()[0].path == "/elsewhere/lab.csv"
    assert [row.action for row in store.audit_rows()].count("sheet-moved") == 1


def test_last_change__an_export_changes_nothing(store):
    store.record_sheet("t1", facts(), [line(2)])
    before = store.last_change()
    store.record_export("csv", {"density.csv": "0" * 64})
    assert store.last_change() == before
    assert store.audit_head().seq == before[0].seq + 1


def test_sheet_id__tells_files_and_entries_apart(tmp_path):
    other = TABLE.model_copy(update={"kind": "vas"})
    entries = [entry_key(table, (TABLE, other)) for table in (TABLE, other)]
    names = {sheet_id(tmp_path / file, entry) for file in ("a.csv", "b.csv") for entry in entries}
    assert len(names) == 4
    assert {name[0] for name in names} == {"t"}
    assert {len(name) for name in names} == {12}


def test_entry_key__is_that_of_older_studies_and_survives_every_change_of_the_entry_but_its_names():
    # sha256 of ["laboratory",null,"lab*.csv"], as studies have stored it from the first.
    table = ClinicalTable(file="lab*.csv", kind="laboratory")
    known = hashlib.sha256(b'["laboratory",null,"lab*.csv"]').hexdigest()[:12]
    changed = table.model_copy(update={"where": {"ANL01FL": "Y"}, "tests": {"BAP": "BALP"}})
    assert entry_key(table, (table,)) == entry_key(changed, (changed,)) == known


def test_entry_key__tells_entries_apart_that_read_one_sheet_by_other_rows():
    lying, standing = (
        ClinicalTable(file="vs.csv", kind="laboratory", where={"ATPT": one}) for one in ("LYING", "STANDING")
    )
    elsewhere = ClinicalTable(file="lb.csv", kind="laboratory")
    both = (lying, elsewhere, standing)
    assert entry_key(lying, both) == entry_key(lying, (lying,))
    assert len({entry_key(one, both) for one in both}) == 3


def test_loads__takes_a_line_that_a_child_wrote():
    problem = '{"code": "no-date", "severity": "refusal", "message": "m"}'
    found = loads(f'{{"line": 7, "subject": "S", "records": [], "problems": [{problem}]}}')
    assert (found.line, found.subject, found.problems[0].code) == (7, "S", "no-date")


@pytest.mark.parametrize("name", ["Month 6", "month_6", "MONTH 6", "6", "6.0", "month_6_arm_1"])
def test_named__spelling_does_not_count(name):
    found = VisitFinder(PROTOCOL).named(name)
    assert found is not None
    assert (found.name, found.number) == ("Month 6", 6.0)


@pytest.mark.parametrize("name", ["", "Month 60", "V6a", "-"])
def test_named__what_the_protocol_does_not_have_is_none(name):
    assert VisitFinder(PROTOCOL).named(name) is None


def test_place__the_date_decides_and_another_name_is_noted():
    # 13 January 2016 is day 1, so 30 June 2016 is day 170.
    found = VisitFinder(PROTOCOL).place(observation(day=date(2016, 6, 30), visit="Baseline"), WOMAN)
    assert (found.visit.name, found.study_day) == ("Month 6", 170)
    assert [one.code for one in found.notes] == ["visit-differs"]


@pytest.mark.parametrize(
    ("day", "stated", "codes"),
    [
        (date(2016, 6, 30), 170, []),
        (date(2016, 6, 30), 169, ["study-day-differs"]),
        # The day before day 1 is day -1.
        (date(2016, 1, 12), -1, []),
        (date(2016, 6, 30), 0, []),  # noted when the table was read
        (None, 170, []),
    ],
)
def test_place__a_stated_study_day_that_the_date_contradicts_is_noted(day, stated, codes):
    found = VisitFinder(PROTOCOL).place(observation(day=day, study_day=stated), WOMAN)
    assert [one.code for one in found.notes] == codes
    assert found.study_day == (170 if day != date(2016, 1, 12) else -1)


def test_place__the_window_of_the_kind_of_data_counts():
    # Day 220 lies in the window of Month 6, but not in the one for blood samples.
    found = VisitFinder(PROTOCOL).place(observation(day=date(2016, 8, 19), visit="Month 6"), WOMAN)
    assert (found.visit.name, found.study_day) == ("Unscheduled", 220)
    assert [one.code for one in found.notes] == ["unscheduled-visit"]
    assert "'Month 6'" in found.notes[0].message


def test_place__a_study_day_stands_where_there_is_no_date():
    found = VisitFinder(PROTOCOL).place(observation(day=None, study_day=-3), WOMAN)
    assert (found.visit.name, found.study_day, found.notes) == ("Baseline", -3, ())


def test_place__the_name_stands_where_no_day_can_be_told():
    found = VisitFinder(PROTOCOL).place(observation(visit="month 6"), None)
    assert (found.visit.name, found.study_day) == ("Month 6", None)
    assert [one.code for one in found.notes] == ["visit-by-name"]


def test_place__without_name_and_day_of_infusion_it_is_unscheduled():
    found = VisitFinder(PROTOCOL).place(observation(), None)
    assert found.visit.name == "Unscheduled"
    assert [one.code for one in found.notes] == ["day1-unknown"]


def test_place__without_visits_in_the_protocol_the_own_name_stands():
    assert VisitFinder(parse_protocol("")).place(observation(visit="Week 3"), WOMAN).visit.name == "Week 3"
