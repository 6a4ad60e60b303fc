"""Tables of clinical data in a run: read once, each row by itself, versions kept, and proved by `verify`."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pyreadstat
import pytest

from bonemetrics.batch.execute import run_study, status_of
from bonemetrics.batch.guard import GIB, Limits
from bonemetrics.batch.tables import listed
from bonemetrics.batch.verify import verify_study
from bonemetrics.errors import ProtocolError, TableError
from bonemetrics.pipeline.table_files import matching
from bonemetrics.records import Observation, note, refusal
from bonemetrics.study.create import init_study
from bonemetrics.study.protocol import parse_protocol
from bonemetrics.study.protocol_tables import ClinicalTable
from bonemetrics.study.store import Store

LIMITS = Limits(seconds=120.0, memory_bytes=GIB)
PROTOCOL = """
[study]
id = "TEST"
subjects = "subjects.csv"
[[visits]]
name = "Baseline"
number = 0
window = [-60, 1]
baseline = true
[[visits]]
name = "Month 6"
number = 6
window = [140, 226]
[[parameters]]
paramcd = "P1NP"
param = "P1NP"
quantity = "P1NP"
[[parameters]]
paramcd = "VASPAIN"
param = "Pain"
quantity = "Pain-VAS"
site = "patient-reported"
[[tables]]
file = "lab*.csv"
kind = "laboratory"
dates = "dmy"
[[tables]]
file = "*.xlsx"
kind = "laboratory"
[[tables]]
file = "*.xpt"
kind = "laboratory"
"""
SUBJECTS = "subject,day1,patient_ids\nS-1,2016-03-04,HOSP-1\nS-2,2016-04-05,HOSP-2\n"
HEADER = "ID,fecha,visit,test,result,unit\n"
GOOD = "HOSP-1,01/03/2016,Baseline,P1NP,41.5,ng/mL\nHOSP-2,25/03/2016,Baseline,P1NP,39.25,ng/mL\n"


@pytest.fixture
def study(tmp_path: Path) -> Path:
    return made(tmp_path, PROTOCOL)


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    folder = tmp_path / "input"
    folder.mkdir()
    return folder


def made(tmp_path: Path, protocol: str, subjects: str = SUBJECTS) -> Path:
    (tmp_path / "study.toml").write_text(protocol, encoding="utf-8")
    (tmp_path / "subjects.csv").write_text(subjects, encoding="utf-8")
    return init_study(tmp_path / "study", tmp_path / "study.toml").root


def write(folder: Path, rows: str, name: str = "lab.csv", header: str = HEADER) -> Path:
    (folder / name).write_text(header + rows, encoding="utf-8")
    return folder / name


def run(study: Path, *inputs: Path, **options: Any):
    return run_study(study, inputs, **{"workers": 1, "limits": LIMITS} | options)


def values(study: Path) -> list[tuple[str, int, float | None]]:
    return [(one.subject, one.line, one.value) for _, one in Store.open(study).sheet_records()]


def codes(study: Path) -> list[tuple[int, str]]:
    return [(one.line, one.problem.code) for one in Store.open(study).sheet_problems()]


def refused(summary) -> list[tuple[str, str, str]]:
    return [(Path(one.path).name, one.code, one.message.split(":")[0]) for one in summary.refused]


def call(*words: object) -> tuple[int, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "bonemetrics", *map(str, words)], capture_output=True, check=False, text=True
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout


def test_run_study__each_row_is_taken_noted_or_refused_by_itself(study, inputs):
    rows = [
        "HOSP-1,01/03/2016,Baseline,P1NP,41.5,ng/mL",  # line 2
        "HOSP-9,01/03/2016,Baseline,P1NP,40.5,ng/mL",  # unknown subject
        "HOSP-1,,Week 99,P1NP,40.5,ng/mL",  # no date, unknown visit
        "HOSP-1,,,P1NP,40.5,ng/mL",  # neither date nor visit
        "HOSP-1,31/02/2016,Baseline,P1NP,40.5,ng/mL",  # 6: no such day
        "HOSP-1,01/03/2016,Baseline,P1NP,forty,ng/mL",
        "HOSP-1,01/03/2016,Baseline,P1NP,40.5,mg/dL",  # unit that does not fit
        "HOSP-1,01/03/2016,Baseline,P1NP,-3,ng/mL",  # below zero
        'HOSP-2,06/04/2016,Baseline,P1NP,"39,25",ng/mL',  # 10: decimal comma, outside every window
        "HOSP-1,01/03/2016,Baseline,P1NP,41.5,ng/mL",  # 11: the same as row 2
        "HOSP-1,01/03/2016,Baseline,P1NP,42.5,ng/mL",  # 12: another value of the same
        "HOSP-1,20/02/2016,Baseline,P1NP,43.5,ng/mL",  # 13: a second baseline
        "HOSP-1,01/03/2016,Baseline,P1NP",  # 14: cells are missing
        'HOSP-1,01/03/2016,Baseline,"P1NP"x,41.5,ng/mL',
        ",01/03/2016,Baseline,P1NP,41.5,ng/mL",  # 16: nobody
        ",,,,,",
        "HOSP-1,01/03/2016,Baseline,GLUCOSE,5.1,mmol/L",  # 18: not asked for
        "S-2,30/03/2016,Baseline,P1NP,<0.5,ng/mL",
    ]
    write(inputs, "\n".join(rows) + "\n")
    summary = run(study, inputs)
    assert values(study) == [
        *(("S-1", 2, 41.5), ("S-2", 10, 39.25), ("S-1", 12, 42.5), ("S-1", 13, 43.5), ("S-2", 19, None)),
    ]
    assert codes(study) == [
        (3, "unknown-subject"),
        (4, "unknown-visit"),
        (5, "no-date"),
        (6, "not-a-date"),
        (7, "not-a-number"),
        (8, "unit-not-convertible"),
        (9, "outside-hard-limits"),
        (11, "duplicate-row"),
        (12, "row-repeated"),
        (14, "too-few-cells"),
        (15, "broken-row"),
        (16, "missing-cell"),
        (0, "decimal-comma"),
        (0, "row-empty"),
        (0, "test-not-wanted"),
    ]
    assert sorted(refused(summary)) == sorted(
        ("lab.csv", code, f"row {line}") for line, code in codes(study) if line not in (0, 11, 12)
    )
    assert (summary.read, summary.tables, summary.exit_code) == (1, 1, 1)
    assert verify_study(study) == ()


def test_run_study__no_message_names_a_person(study, inputs):
    write(inputs, "MARIA GARCIA,01/03/2016,Baseline,P1NP,40.5,ng/mL\nMARIA GARCIA,,,P1NP,x,ng/mL\n")
    summary = run(study, inputs)
    assert len(summary.refused) == 2
    assert "MARIA" not in str(summary.refused) + str(Store.open(study).sheet_problems())
    stored = (study / "study.db").read_bytes() + b"".join(path.read_bytes() for path in study.glob("study.db-*"))
    assert b"MARIA" not in stored


def test_run_study__what_is_up_to_date_is_left_alone_and_its_refusals_are_told_again(study, inputs):
    write(inputs, GOOD + "HOSP-9,01/03/2016,Baseline,P1NP,40.5,ng/mL\n")
    first = run(study, inputs)
    again = run(study, inputs)
    assert (again.read, again.tables, again.skipped, again.up_to_date) == (0, 0, 1, 1)
    assert refused(again) == refused(first) == [("lab.csv", "unknown-subject", "row 4")]
    assert Store.open(study).sheets()[0].version == 1


def test_run_study__a_changed_table_is_a_new_version_and_its_old_rows_stay_in_the_history(study, inputs):
    write(inputs, GOOD)
    run(study, inputs)
    # A value is corrected, and the other row is gone.
    write(inputs, "HOSP-1,01/03/2016,Baseline,P1NP,44.5,ng/mL\n")
    summary = run(study, inputs)
    assert (summary.read, summary.tables) == (1, 1)
    assert values(study) == [("S-1", 2, 44.5)]
    store = Store.open(study)
    assert store.sheets()[0].version == 2
    assert [row.action for row in store.audit_rows() if "sheet" in row.action] == [
        *("sheet-read", "sheet-superseded", "sheet-read")
    ]
    database = sqlite3.connect(study / "study.db")
    kept = database.execute("SELECT content FROM sheet_rows WHERE version = 1 ORDER BY position").fetchall()
    database.close()
    assert [json.loads(row[0])["value"] for row in kept] == [41.5, 39.25]
    assert verify_study(study) == ()


def test_run_study__a_person_who_is_added_later_brings_her_rows(study, inputs):
    write(inputs, GOOD + "HOSP-9,01/03/2016,Baseline,P1NP,40.5,ng/mL\n")
    run(study, inputs)
    (study / "subjects.csv").write_text(SUBJECTS + "S-9,2016-03-04,HOSP-9\n", encoding="utf-8")
    summary = run(study, inputs)
    assert (summary.read, summary.refused) == (1, [])
    assert values(study)[-1] == ("S-9", 4, 40.5)
    assert verify_study(study) == ()


def test_run_study__a_moved_file_is_known_and_read_once(study, inputs, tmp_path):
    write(inputs, GOOD + "HOSP-9,01/03/2016,Baseline,P1NP,40.5,ng/mL\n")
    run(study, inputs)
    inputs.rename(tmp_path / "moved")
    first = run(study, tmp_path / "moved")
    # The table is where it is looked for now, so a third run has nothing to read.
    again = run(study, tmp_path / "moved")
    for summary in (first, again):
        assert (summary.read, summary.tables, summary.up_to_date, summary.exit_code) == (0, 0, 1, 1)
        assert refused(summary) == [("lab.csv", "unknown-subject", "row 4")]
    (sheet,) = Store.open(study).sheets()
    assert (sheet.path, sheet.version) == (str(tmp_path / "moved" / "lab.csv"), 1)
    assert [row.action for row in Store.open(study).audit_rows()].count("sheet-moved") == 1
    assert verify_study(study) == ()


def test_run_study__another_file_at_the_old_place_of_a_moved_one_is_another_table(study, inputs, tmp_path):
    write(inputs, GOOD)
    run(study, inputs)
    inputs.rename(tmp_path / "moved")
    run(study, tmp_path / "moved")
    inputs.mkdir()
    write(inputs, "HOSP-1,30/08/2016,Month 6,P1NP,50.5,ng/mL\n")
    run(study, inputs, tmp_path / "moved")
    assert sorted(values(study)) == [("S-1", 2, 41.5), ("S-1", 2, 50.5), ("S-2", 3, 39.25)]
    assert run(study, inputs, tmp_path / "moved").up_to_date == 2
    assert verify_study(study) == ()


def test_run_study__a_copy_counts_once(study, inputs):
    write(inputs, GOOD)
    write(inputs, GOOD, "lab copy.csv")
    assert (run(study, inputs).tables, len(values(study))) == (1, 2)
    write(inputs, GOOD, "lab again.csv")
    summary = run(study, inputs)
    assert (summary.tables, len(values(study))) == (0, 2)
    assert summary.exit_code == 0


def test_run_study__a_table_that_is_refused_as_a_whole_says_why(study, inputs):
    write(inputs, "HOSP-1,01/03/2016,3\n", header="ID,fecha,resutl\n")
    write(inputs, GOOD, "lab-2.csv")
    summary = run(study, inputs)
    assert [(Path(one.path).name, one.code) for one in summary.refused] == [("lab.csv", "column-missing")]
    assert "'resutl'" in summary.refused[0].message
    assert len(values(study)) == 2
    again = run(study, inputs)
    assert (again.refused, again.read) == (summary.refused, 0)
    write(inputs, "HOSP-1,01/03/2016,P1NP,3,ng/mL\n", header="ID,fecha,test,result,unit\n")
    assert run(study, inputs).refused == []
    assert len(values(study)) == 3


def test_run_study__every_form_of_table_gives_the_same_rows(study, inputs):
    write(inputs, "HOSP-1,01/03/2016,Baseline,P1NP,41.5,ng/mL\n")
    book = openpyxl.Workbook()
    for row in (
        ["Murcia, 2016"],
        [*HEADER.strip().split(",")],
        ["HOSP-1", date(2016, 3, 1), "Baseline", "P1NP", 41.5, "ng/mL"],
    ):
        book.active.append(row)
    book.active.append(["HOSP-2", date(2016, 3, 25), "Baseline", "P1NP", "=E3*2", "ng/mL"])
    book.save(inputs / "lab.xlsx")
    # 20514 days after 1 January 1960 it is 1 March 2016.
    table = {"USUBJID": ["HOSP-1"], "LBDT": [20514.0], "VISIT": ["Baseline"], "LBTESTCD": ["P1NP"]}
    table |= {"LBORRES": ["41.5"], "LBORRESU": ["ng/mL"]}
    renamed = pd.DataFrame(table).rename(columns={"LBDT": "ADT"})
    pyreadstat.write_xport(renamed, str(inputs / "lb.xpt"), file_format_version=5, variable_format={"ADT": "DATE9."})
    summary = run(study, inputs)
    assert refused(summary) == [("lab.xlsx", "formula-cell", "row 4")]
    records = [one for _, one in Store.open(study).sheet_records()]
    assert all(isinstance(one, Observation) for one in records)
    assert sorted(one.line for one in records) == [2, 2, 3]
    assert {(one.subject, one.day, one.visit, one.quantity, one.value, one.unit) for one in records} == {
        ("S-1", date(2016, 3, 1), "Baseline", "P1NP", 41.5, "ng/mL")
    }
    assert verify_study(study) == ()


def test_run_study__one_file_may_be_read_by_two_entries(tmp_path, inputs):
    study = made(tmp_path, PROTOCOL + '[[tables]]\nfile = "lab*.csv"\nkind = "vas"\ndates = "dmy"\n')
    write(inputs, "HOSP-1,01/03/2016,41.5,6\n", header="ID,fecha,P1NP [ng/mL],pain\n")
    summary = run(study, inputs)
    assert (summary.tables, summary.refused) == (2, [])
    found = {(one.kind, one.quantity, one.value) for _, one in Store.open(study).sheet_records()}
    assert found == {("laboratory", "P1NP", 41.5), ("vas", "Pain-VAS", 6.0)}
    assert run(study, inputs).up_to_date == 2
    assert verify_study(study) == ()


def test_protocol__the_same_entry_twice_is_refused():
    # Both would be the same table of the study, and one would replace the other.
    entry = '[[tables]]\nfile = "lab.csv"\nkind = "laboratory"\n'
    with pytest.raises(ProtocolError, match="stands twice"):
        parse_protocol(entry + entry)
    parse_protocol(entry + entry.replace("lab.csv", "lab2.csv"))


def test_run_study__a_table_that_no_entry_names_is_left_alone_with_its_reason(tmp_path, inputs):
    study = made(tmp_path, '[study]\nid = "T"\nsubjects = "subjects.csv"\n')
    write(inputs, GOOD)
    (inputs / "letter.txt").write_text("dear colleague")
    summary = run(study, inputs)
    assert (summary.skipped, summary.read, summary.exit_code) == (2, 0, 1)
    assert [(Path(one.path).name, one.code) for one in summary.notes] == [("lab.csv", "table-not-named")]
    assert [one["code"] for one in summary.as_json()["notes"]] == ["table-not-named"]
    assert "[[tables]]" in summary.notes[0].message


def test_run_study__without_a_subjects_table_people_enrol_by_their_first_date(tmp_path, inputs):
    study = made(tmp_path, PROTOCOL.replace('subjects = "subjects.csv"', ""))
    write(inputs, "B-7,01/06/2016,,P1NP,41.5,ng/mL\nA-9,01/03/2016,,P1NP,39.25,ng/mL\n")
    assert run(study, inputs).refused == []
    assert values(study) == [("P002", 2, 41.5), ("P001", 3, 39.25)]
    assert run(study, inputs).up_to_date == 1
    assert values(study) == [("P002", 2, 41.5), ("P001", 3, 39.25)]


def test_run_study__without_a_subjects_table_people_of_several_tables_enrol_once(tmp_path, inputs):
    # C-3 stands in both tables, and her first day in the one that is read last.
    study = made(tmp_path, PROTOCOL.replace('subjects = "subjects.csv"', ""))
    write(inputs, "B-7,01/06/2016,,P1NP,41.5,ng/mL\nC-3,01/07/2016,,P1NP,38.0,ng/mL\n", name="lab1.csv")
    write(inputs, "C-3,01/03/2016,,P1NP,39.25,ng/mL\n", name="lab2.csv")
    assert run(study, inputs).refused == []
    assert sorted(values(study)) == [("P001", 2, 39.25), ("P001", 3, 38.0), ("P002", 2, 41.5)]


def test_verify__a_table_that_was_changed_is_told(study, inputs):
    path = write(inputs, GOOD)
    run(study, inputs)
    assert verify_study(study) == ()
    path.write_text(path.read_text().replace("41.5", "51.5"))
    assert [fault.split(": ")[1] for fault in verify_study(study)] == ["the file has changed"]
    path.unlink()
    assert [fault.split(": ")[1] for fault in verify_study(study)] == ["the file cannot be read"]


def test_verify__rows_that_do_not_come_out_again_are_told(study, inputs):
    write(inputs, GOOD)
    run(study, inputs)
    protocol = (study / "study.toml").read_text()
    (study / "study.toml").write_text(protocol.replace('file = "lab*.csv"', 'file = "labor*.csv"'))
    assert [fault.split(": ")[1] for fault in verify_study(study)] == [
        "no entry of [[tables]] reads this file any more"
    ]


def test_run__the_command_line_lists_rows_and_ends_with_1(study, inputs):
    write(inputs, GOOD + "HOSP-9,01/03/2016,Baseline,P1NP,40.5,ng/mL\n")
    write(inputs, "1,2\n3,4\n", "lab-2.csv", header="")
    code, said = call("run", study, inputs, "--json", "--workers", 1)
    shown = json.loads(said)
    assert (code, shown["read"], shown["measured"]) == (1, 2, 1)
    found = [(Path(one["path"]).name, one["code"]) for one in shown["refused"]]
    assert found == [("lab-2.csv", "header-not-found"), ("lab.csv", "unknown-subject")]
    assert shown["refused"][1]["message"].startswith("row 4: ")
    code, said = call("status", study, "--json")
    assert code == 0
    listed_again = [(Path(one["path"]).name, one["code"]) for one in json.loads(said)["failed"]]
    assert listed_again == found
    assert call("verify", study)[0] == 0
    assert status_of(study).failed


def test_run__refused_rows_stand_in_the_order_of_the_table(study, inputs):
    # Rows 8, 9 and 10 are of strangers; by their text row 10 would come first.
    write(
        inputs,
        GOOD * 3
        + "X-1,01/03/2016,Baseline,P1NP,41.5,ng/mL\n"
        + "".join(f"X-{n},01/03/2016,Baseline,P1NP,4{n},ng/mL\n" for n in (2, 3)),
    )
    _, said = call("run", study, inputs, "--json", "--workers", 1)
    assert [one["message"].split(":")[0] for one in json.loads(said)["refused"]] == ["row 8", "row 9", "row 10"]


def test_run__all_rows_taken_ends_with_0(study, inputs):
    write(inputs, GOOD)
    code, said = call("run", study, inputs, "--json", "--workers", 1)
    assert (code, json.loads(said)) == (0, {"read": 1, "measured": 1, "skipped": 0, "refused": [], "failed": []})
    assert call("run", study, inputs, "--json", "--workers", 1)[0] == 0


def test_listed__the_first_ones_then_how_many_more():
    told = refusal(TableError("no", code="no-date"))
    found = list(listed("a.csv", ((line, told) for line in range(1, 1001))))
    assert len(found) == 201
    assert found[0].message == "row 1: no"
    assert found[-1].message.startswith("and 800 more rows")
    assert list(listed("a.csv", [(3, note("row-repeated", "x"))])) == []


def test_matching__names_and_ends_of_paths_whatever_their_capitals():
    tables = [ClinicalTable(file=file, kind="vas") for file in ("lab*.csv", "2016/*.xlsx", "*.csv")]
    assert [one.file for one in matching("/data/LAB 1.CSV", tables)] == ["lab*.csv", "*.csv"]
    assert [one.file for one in matching("/data/2016/a.xlsx", tables)] == ["2016/*.xlsx"]
    assert matching("/data/2017/a.xlsx", tables) == ()


def test_run__two_entries_of_one_file_give_each_row_once_and_an_older_sheet_keeps_its_place(tmp_path, inputs):
    lying = '[[tables]]\nfile = "vs.csv"\nkind = "laboratory"\nwhere = { ATPT = "LYING" }\n'
    standing = lying.replace("LYING", "STANDING") + '[tables.fixed]\nunit = "ng/mL"\n'
    study = made(tmp_path, PROTOCOL + lying)
    header, row = "ID,fecha,ATPT,test,result\n", "HOSP-1,2016-03-01,{},P1NP,{}\n"
    rows = row.format("LYING", "41 ng/mL") + row.format("STANDING", 44)
    write(inputs, rows, name="vs.csv", header=header)
    run(study, inputs)
    (before,) = Store.open(study).sheets()
    assert values(study) == [("S-1", 2, 41.0)]
    text = (study / "study.toml").read_text(encoding="utf-8")
    (study / "study.toml").write_text(text + standing, encoding="utf-8")
    run(study, inputs)
    assert sorted(values(study)) == [("S-1", 2, 41.0), ("S-1", 3, 44.0)]
    assert before.sheet_id in {sheet.sheet_id for sheet in Store.open(study).sheets()}
    run(study, inputs)
    assert len(values(study)) == 2
    assert verify_study(study, limits=LIMITS) == ()
