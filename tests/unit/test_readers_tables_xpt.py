"""SAS transport files of both versions, as another program writes them."""

from __future__ import annotations

import struct
from datetime import date
from pathlib import Path

import pandas as pd
import pyreadstat
import pytest

from bonemetrics.errors import ReadError
from bonemetrics.readers.tables.xpt_rows import xpt_rows
from bonemetrics.records import RawCell, TableMap

TABLE = TableMap(kind="laboratory")
ROWS = {"USUBJID": ["S-1", "S-2", "S-3"], "LBSTRESN": [41.5, -0.1, float("nan")], "ADT": [20517.0, 20518.0, 20519.0]}
# SAS counts days from 1 January 1960: 20517 of them later it is 4 March 2016.


def written(path: Path, rows=ROWS, *, version=5, formats=None, **options) -> Path:
    table = pd.DataFrame(rows)
    formats = {"ADT": "DATE9."} if formats is None else formats
    pyreadstat.write_xport(table, str(path), file_format_version=version, variable_format=formats, **options)
    return path


def refused(path: Path, table: TableMap = TABLE) -> str:
    with pytest.raises(ReadError) as caught:
        list(xpt_rows(path, table))
    return caught.value.code


@pytest.mark.parametrize("version", [5, 8])
def test_xpt_rows__names_numbers_dates_and_missing_cells(tmp_path, version):
    labels = ["Unique Subject Identifier", "Numeric Result", "Date"]
    rows = list(xpt_rows(written(tmp_path / "lb.xpt", version=version, column_labels=labels, table_name="LB"), TABLE))
    assert [row.line for row in rows] == [1, 2, 3, 4]
    assert [cell.text for cell in rows[0].cells] == ["USUBJID", "LBSTRESN", "ADT"]
    assert rows[1].cells[:2] == (RawCell("S-1"), RawCell("41.5", number=41.5))
    assert rows[2].cells[1].number == pytest.approx(-0.1, rel=1e-15)
    assert rows[3].cells[1] == RawCell("")
    assert [row.cells[2].day for row in rows[1:]] == [date(2016, 3, 4), date(2016, 3, 5), date(2016, 3, 6)]


@pytest.mark.parametrize(
    ("form", "value", "day"),
    [
        ("YYMMDD10.", 20517.0, date(2016, 3, 4)),
        ("E8601DA10.", 20517.0, date(2016, 3, 4)),
        ("DATETIME20.", 20517.0 * 86_400 + 86_399, date(2016, 3, 4)),
        ("E8601DT19.", 20517.0 * 86_400, date(2016, 3, 4)),
        ("DATE9.", -1.0, date(1959, 12, 31)),
        ("BEST12.", 20517.0, None),
        ("TIME8.", 20517.0, None),
    ],
)
def test_xpt_rows__a_number_is_a_date_where_its_format_says_so(tmp_path, form, value, day):
    path = written(tmp_path / "a.xpt", {"ID": ["S-1"], "ADT": [value]}, formats={"ADT": form})
    assert list(xpt_rows(path, TABLE))[1].cells[1].day == day


def test_xpt_rows__a_day_beyond_the_calendar_is_no_day(tmp_path):
    path = written(tmp_path / "a.xpt", {"ID": ["S-1"], "ADT": [9e9]})
    found = list(xpt_rows(path, TABLE))[1].cells[1]
    assert (found.day, found.number) == (None, None)
    assert found.text


def test_xpt_rows__special_missing_codes_are_empty(tmp_path):
    path = written(tmp_path / "a.xpt")
    data = path.read_bytes()
    # A missing number is a point or a letter and seven zero bytes; .A stands for one of several reasons.
    assert data.count(b"\x2e" + bytes(7)) == 1
    for letter in (b"\x41", b"\x5a", b"\x5f"):
        path.write_bytes(data.replace(b"\x2e" + bytes(7), letter + bytes(7)))
        assert list(xpt_rows(path, TABLE))[3].cells[1] == RawCell("")


def test_xpt_rows__texts_in_windows_1252(tmp_path):
    path = written(tmp_path / "a.xpt", {"AETERM": ["dolor en anca nX"], "ID": ["S-1"]}, formats={})
    path.write_bytes(path.read_bytes().replace(b"anca nX", "muñecaX".encode("cp1252")))
    assert list(xpt_rows(path, TABLE))[1].cells[0].text == "dolor en muñecaX"
    assert refused(path, TABLE.model_copy(update={"encoding": "ascii"})) == "malformed-document"


def test_xpt_rows__several_tables_in_one_file_are_refused(tmp_path):
    data = written(tmp_path / "a.xpt").read_bytes()
    member = data[data.index(b"HEADER RECORD*******MEMBER") :]
    (tmp_path / "b.xpt").write_bytes(data + member)
    assert refused(tmp_path / "b.xpt") == "unsupported-format"


@pytest.mark.parametrize("cut", [1, 40, 79, 80, 160])
def test_xpt_rows__a_cut_file_is_refused(tmp_path, cut):
    # Rows of 3 + 8 + 8 bytes: 80 and 160 bytes less end within a row.
    path = written(tmp_path / "a.xpt", {name: list(values) * 4 for name, values in ROWS.items()})
    path.write_bytes(path.read_bytes()[:-cut])
    assert refused(path) == "truncated-file"


@pytest.mark.parametrize("kept", [80, 400, 640, 800])
def test_xpt_rows__a_header_alone_is_refused(tmp_path, kept):
    path = written(tmp_path / "a.xpt")
    path.write_bytes(path.read_bytes()[:kept])
    assert refused(path) in ("malformed-document", "truncated-file")


def test_xpt_rows__a_column_without_a_name_is_refused(tmp_path):
    path = written(tmp_path / "lb.xpt")
    data = path.read_bytes()
    assert data.count(b"LBSTRESN") == 1
    path.write_bytes(data.replace(b"LBSTRESN", b"\0BSTRESN"))
    assert refused(path) == "malformed-document"


def test_xpt_rows__ibm_numbers_by_hand(tmp_path):
    path = written(tmp_path / "a.xpt", {"V": [1.0, 2.0], "ID": ["a", "b"]}, formats={})
    # 118.625 = 76.A hexadecimal = 0.76A × 16²; exponent 2 is kept as 66.
    ibm = struct.pack(">B", 66) + bytes.fromhex("76a00000000000")
    one = struct.pack(">B", 65) + bytes.fromhex("10000000000000")
    data = path.read_bytes()
    assert data.count(one) == 1
    path.write_bytes(data.replace(one, ibm))
    assert list(xpt_rows(path, TABLE))[1].cells[0].number == 118.625


def test_xpt_rows__times_go_with_their_day_or_stand_alone(tmp_path):
    # 2016-03-04 is day 20517 of SAS; 8 h 5 min are 29100 s.
    rows = {"ID": ["S-1"], "ADTM": [20517 * 86400 + 29100.0], "ATM": [29100.0]}
    path = written(tmp_path / "a.xpt", rows, formats={"ADTM": "DATETIME20.", "ATM": "TIME5."})
    (_, when, alone) = list(xpt_rows(path, TABLE))[1].cells
    assert (when.day, when.time, alone.text) == (date(2016, 3, 4), "08:05", "08:05")
