"""`inspect` on tables: form, header, what columns could be, and every problem, without a study."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pyreadstat
import pytest

from bonemetrics.pipeline.table_look import look_at_tables

LAB = "ID;fecha;Prueba;P1NP (ng/mL);remark\n"


def look(tmp_path: Path, text: str, name: str = "a.csv"):
    (tmp_path / name).write_text(text, encoding="utf-8")
    (found,) = look_at_tables(tmp_path / name)
    return found


def inspect(path: Path) -> tuple[int, dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-m", "bonemetrics", "inspect", path, "--json"], capture_output=True, check=False, text=True
    )
    assert "Traceback" not in done.stderr
    return done.returncode, json.loads(done.stdout)


def codes(found) -> list[tuple[str, str]]:
    return [(problem.severity, problem.code) for problem in found.problems]


def test_look__a_text_with_its_encoding_columns_and_rows(tmp_path):
    found = look(tmp_path, "Murcia;2016\n\n" + LAB + "S-1;25/03/2016;x;41,5;\nS-2;26/03/2016;x;40,5;\n\n")
    assert (found.form, found.encoding, found.delimiter, found.header_line, found.n_rows) == ("csv", "utf-8", ";", 3, 3)
    assert found.guess == "laboratory"
    assert [(column.name, column.role, column.unit) for column in found.columns] == [
        ("ID", "subject", ""),
        ("fecha", "date", ""),
        ("Prueba", "", ""),
        ("P1NP (ng/mL)", "P1NP", "ng/mL"),
        ("remark", "", ""),
    ]
    assert codes(found) == [("note", "decimal-comma"), ("note", "column-not-used")]


def test_look__problems_of_rows_are_told_once_with_their_number_and_first_row(tmp_path):
    rows = [
        "S-1;25/03/2016;x;41,5;",
        "S-1;03/04/2016;x;1,234;",
        "S-1;04/03/2016;x;5;",
        "S-1;25/03/2016",
        'S-1;"a"b;c;d;e',
    ]
    found = look(tmp_path, LAB + "\n".join(rows) + "\n")
    told = {problem.code: problem.message for problem in found.problems if problem.severity == "refusal"}
    assert told.keys() == {"date-ambiguous-cell", "decimal-ambiguous", "too-few-cells", "broken-row"}
    assert told["date-ambiguous-cell"].startswith("2 rows, the first is row 3: date: ")
    assert told["too-few-cells"].startswith("row 5: ")
    assert told["broken-row"].startswith("row 6: ")


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        ("subject,biopsy_date,envelope,referent,T.Ar [mm2],B.Ar [mm2]", "histomorphometry"),
        ("USUBJID,AETERM,AESTDTC,AESER", "adverse-events"),
        ("record_id,date,odi1,odi2,odi3,odi4", "oswestry"),
        ("subject,date,MO,SC,UA,PD,AD", "eq5d"),
        ("USUBJID,LBTESTCD,LBORRES,LBORRESU,LBDTC", "laboratory"),
        ("subject,fracture site,fracture date,low trauma", "fractures"),
        ("colour,size", ""),
        ("subject,date", ""),
    ],
)
def test_look__the_kind_whose_columns_they_are(tmp_path, header, kind):
    found = look(tmp_path, header + "\n" + "," * header.count(",") + "\n")
    assert found.guess == kind
    assert (codes(found) == []) or kind


def test_look__a_table_of_no_known_kind_still_tells_faulty_cells(tmp_path):
    book = openpyxl.Workbook()
    for row in (["colour", "size"], ["red", "=1+1"], ["blue", "=2+1"], ["green", "#REF!"]):
        book.active.append(row)
    book.save(tmp_path / "a.xlsx")
    (found,) = look_at_tables(tmp_path / "a.xlsx")
    assert (found.form, found.sheet, found.sheets, found.n_rows, found.guess) == ("xlsx", "Sheet", ("Sheet",), 3, "")
    told = [problem.message for problem in found.problems]
    assert [code for _, code in codes(found)] == ["formula-cell", "error-cell"]
    assert told[0].startswith("2 rows, the first is row 2: ")


def test_look__every_sheet_with_a_table_is_shown(tmp_path):
    book = openpyxl.Workbook()
    book.active.title = "Lab"
    book.active.append(["ID", "NTX [nmol/L]"])
    book.active.append(["S-1", "=1"])
    for name, rows in (("Notes", [["see there"]]), ("AE", [["ID", "AETERM"], ["S-1", "fever"]])):
        for row in rows:
            book.create_sheet(name).append(row) if name not in book.sheetnames else book[name].append(row)
    book.save(tmp_path / "a.xlsx")
    code, shown = inspect(tmp_path / "a.xlsx")
    assert (code, shown["kind"]) == (1, "table")
    assert [(table["sheet"], table["kind"], table["rows"]) for table in shown["tables"]] == [
        ("Lab", "laboratory", 1),
        ("AE", "adverse-events", 1),
    ]
    assert shown["tables"][0]["sheets"] == ["Lab", "Notes", "AE"]
    assert [problem["code"] for problem in shown["problems"]] == ["several-sheets", "formula-cell"]
    assert all(problem["message"].startswith("sheet 'Lab': ") for problem in shown["problems"])


def test_look__a_transport_file(tmp_path):
    rows = {
        "USUBJID": ["S-1", "S-2"],
        "LBTESTCD": ["P1NP", "NTX"],
        "LBSTRESN": [41.5, 12.25],
        "LBDTC": ["2016-03-04"] * 2,
    }
    pyreadstat.write_xport(pd.DataFrame(rows), str(tmp_path / "lb.xpt"), file_format_version=5)
    code, shown = inspect(tmp_path / "lb.xpt")
    assert (code, shown["kind"], shown["problems"]) == (0, "table", [])
    (table,) = shown["tables"]
    assert (table["form"], table["rows"], table["kind"], table["encoding"]) == ("xpt", 2, "laboratory", None)
    assert [column["role"] for column in table["columns"]] == ["subject", "test", "standard_value", "date"]


def test_inspect__what_is_no_table_is_unknown_and_an_encrypted_one_is_told(tmp_path):
    (tmp_path / "letter.csv").write_text("dear colleague\nsee page 2\n")
    code, shown = inspect(tmp_path / "letter.csv")
    assert (code, shown["kind"], [problem["code"] for problem in shown["problems"]]) == (
        1,
        "unknown",
        ["header-not-found"],
    )
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le") + bytes(500)
    (tmp_path / "lab.xlsx").write_bytes(ole)
    code, shown = inspect(tmp_path / "lab.xlsx")
    assert (code, shown["kind"], [problem["code"] for problem in shown["problems"]]) == (
        1,
        "table",
        ["encrypted-document"],
    )


def test_inspect__for_a_person(tmp_path):
    (tmp_path / "a.csv").write_text(LAB + "S-1;25/03/2016;x;41,5;[bold]\n")
    done = subprocess.run(
        [sys.executable, "-m", "bonemetrics", "inspect", tmp_path / "a.csv"], capture_output=True, check=True, text=True
    )
    assert "csv, utf-8, ';' between cells, header in line 1, 1 rows" in done.stdout
    assert "kind = 'laboratory'" in done.stdout
    assert "P1NP (ng/mL)" in done.stdout


def test_measure__a_table_is_for_run(tmp_path):
    (tmp_path / "a.csv").write_text(LAB)
    done = subprocess.run(
        [sys.executable, "-m", "bonemetrics", "measure", tmp_path / "a.csv", "--json"],
        capture_output=True,
        check=False,
        text=True,
    )
    (problem,) = json.loads(done.stdout)["problems"]
    assert (done.returncode, problem["code"], "bonemetrics run" in problem["message"]) == (
        1,
        "unsupported-format",
        True,
    )
