"""Jet 4 pages and rows, against other software where it is installed, and what is refused."""

from __future__ import annotations

import csv
import io
import shutil
import struct
import subprocess
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa.hologic_database_pages import PAGE
from bonemetrics.readers.dxa.hologic_database_tables import Tables, read_tables
from tests.mdb_bytes import BOOL, BYTE, DATE, DOUBLE, FLOAT, LONG, MEMO, SHORT, TEXT, Table, jet_bytes

TYPES = {
    "NAME": TEXT,
    "AREA": DOUBLE,
    "COUNT": LONG,
    "NOTE": TEXT,
    "MADE": DATE,
    "FLAG": BOOL,
    "SMALL": SHORT,
    "TINY": BYTE,
    "SINGLE": FLOAT,
    "LONGTEXT": MEMO,
}
COLUMNS = frozenset(TYPES)


def rows(count: int = 7) -> list[dict[str, object]]:
    return [
        {
            "NAME": f"row {n}",
            "AREA": 1.1 + n,
            "COUNT": -10 * n,
            "NOTE": f"čeština {n}" if n % 2 else None,
            "MADE": datetime(2011, 7, 21, 11, 51, n % 60),
            "FLAG": n % 3 == 0,
            "SMALL": 7 - n,
            "TINY": (200 + n) % 256,
            "SINGLE": 0.5 * n,
            "LONGTEXT": "not wanted" if n else None,
        }
        for n in range(count)
    ]


def read(data: bytes, **wanted: frozenset[str]) -> Tables:
    return read_tables(data, wanted or {"DATA": COLUMNS})


def refusal_of(data: bytes) -> ReadError:
    with pytest.raises(ReadError) as caught:
        read(data)
    return caught.value


def changed(data: bytes, place: int, form: str, *values: float) -> bytes:
    whole = bytearray(data)
    struct.pack_into(form, whole, place, *values)
    return bytes(whole)


def test_read_tables__every_type_of_value():
    expected = [{**row, "LONGTEXT": None} for row in rows()]
    found = read(jet_bytes({"Data": Table(TYPES, rows())}))
    assert list(found["DATA"]) == expected
    assert found.miscounted == ()
    assert "DATA" in found
    assert "OTHER" not in found
    assert found["OTHER"] == ()


def test_read_tables__only_what_is_wanted():
    data = jet_bytes({"Data": Table(TYPES, rows()), "More": Table({"X": DOUBLE}, [{"X": 2.5}])})
    found = read(data, DATA=frozenset({"COUNT", "ABSENT"}))
    assert found["DATA"][2] == {"COUNT": -20}
    assert "MORE" not in found


def test_read_tables__missing_values_of_every_type():
    (row,) = read(jet_bytes({"Data": Table(TYPES, [{}])}))["DATA"]
    assert row == {**dict.fromkeys(TYPES), "FLAG": False}


def test_read_tables__deleted_rows_are_gone_and_moved_ones_are_there_once():
    data = jet_bytes({"Data": Table(TYPES, rows(), deleted=frozenset({2, 5}), overflowing=frozenset({1, 4}))})
    found = read(data)
    assert [row["COUNT"] for row in found["DATA"]] == [0, -10, -30, -40, -60]
    assert found.miscounted == ()


def test_read_tables__rows_written_before_a_column_was_added():
    # Such a row has a shorter null mask and fewer fields than the table has columns.
    types = {**{f"C{n}": DOUBLE for n in range(7)}, "T1": TEXT, "B1": BOOL, "C7": DOUBLE, "T2": TEXT, "B2": BOOL}
    values = {**{f"C{n}": n + 0.25 for n in range(8)}, "T1": "early", "T2": "late", "B1": True, "B2": True}
    data = jet_bytes({"Data": Table(types, [values] * 3, had=[8, 9, 12])})
    early, middle, late = read(data, DATA=frozenset(types))["DATA"]
    assert late == values
    assert early == {**values, "B1": None, "C7": None, "T2": None, "B2": None}
    assert middle == {**early, "B1": True}


def test_read_tables__many_pages_and_long_definitions():
    types = {f"A COLUMN OF A VERY LONG NAME INDEED {n}": DOUBLE for n in range(120)}
    many = [{name: k * 1000.0 + n for n, name in enumerate(types)} for k in range(90)]
    found = read(jet_bytes({"Data": Table(types, many)}), DATA=frozenset(types))
    assert list(found["DATA"]) == many


def test_read_tables__a_map_on_pages_of_its_own():
    data = jet_bytes({"Data": Table(TYPES, rows(90), far_map=True), "More": Table({"X": DOUBLE}, [{"X": 2.5}])})
    assert [row["COUNT"] for row in read(data)["DATA"]] == [-10 * n for n in range(90)]
    map_row = _row_at(data, MAP, 0)
    # The first of its pages is no page of a map.
    spoilt = changed(data, map_row + 1, "<I", 2)
    assert refusal_of(spoilt).code == "malformed-document"


def test_read_tables__a_wrong_count_is_told():
    assert read(jet_bytes({"Data": Table(TYPES, rows(), claimed=8)})).miscounted == ("DATA",)


def test_read_tables__pages_that_a_table_has_given_back_are_not_its_own():
    data = jet_bytes({"Data": Table(TYPES, rows(3))})
    # A copy of the page of rows that stands in no map, as a freed page does.
    stale = data[HOME + 2 * PAGE : HOME + 3 * PAGE]
    assert b"row 1" in stale
    assert len(read(data + stale)["DATA"]) == 3


@pytest.mark.parametrize(
    ("stored", "text"),
    [
        (b"A\x00B\x00", "AB"),
        (b"\xff\xfeplain", "plain"),
        (b"\xff\xfecaf\xe9", "café"),
        # A zero byte switches to UTF-16 and back.
        (b"\xff\xfeab\x00\x0d\x01\x00cd", "abčcd"),
        (b"", ""),
    ],
)
def test_read_tables__text_plain_and_compressed(stored, text):
    data = jet_bytes({"Data": Table({"NAME": TEXT}, [{"NAME": stored}])})
    assert read(data)["DATA"][0]["NAME"] == text


@pytest.mark.parametrize(("stored", "moment"), [(0.0, None), (-3.0, None), (float("nan"), None), (3e6, None)])
def test_read_tables__days_that_are_no_date(stored, moment):
    assert read(jet_bytes({"Data": Table({"MADE": DATE}, [{"MADE": stored}])}))["DATA"][0]["MADE"] == moment


def test_read_tables__a_database_of_a_newer_access():
    assert len(read(jet_bytes({"Data": Table(TYPES, rows())}, ace=True))["DATA"]) == 7


@pytest.mark.skipif(shutil.which("mdb-export") is None, reason="mdbtools is not installed")
@pytest.mark.parametrize("far_map", [False, True])
def test_writer_and_reader__agree_with_mdbtools(tmp_path: Path, far_map):
    path = tmp_path / "own.mdb"
    types = {name: kind for name, kind in TYPES.items() if kind != MEMO}
    table = Table(types, rows(), had=[9, 9, 9, 6, 6, 6, 5], deleted=frozenset({2}), far_map=far_map)
    path.write_bytes(jet_bytes({"Data": table}))
    call = ["mdb-export", "-D", "%F %T", "-T", "%F %T", str(path), "Data"]
    text = subprocess.run(call, capture_output=True, text=True, check=True).stdout
    theirs = list(csv.DictReader(io.StringIO(text)))
    ours = read(path.read_bytes())["DATA"]
    assert len(theirs) == len(ours) == 6
    for their, our in zip(theirs, ours, strict=True):
        assert their["NAME"] == our["NAME"]
        assert float(their["AREA"]) == our["AREA"]
        assert their["NOTE"] == (our["NOTE"] or "")
        assert their["MADE"] == f"{our['MADE']:%Y-%m-%d %H:%M:%S}"
        assert their["SINGLE"] == ("" if our["SINGLE"] is None else f"{our['SINGLE']:g}")
        assert their["FLAG"] == str(int(bool(our["FLAG"])))


def test_writer_and_reader__agree_with_access_parser_where_no_column_was_added(tmp_path: Path):
    access_parser = pytest.importorskip("access_parser")
    path = tmp_path / "own.mdb"
    types = {name: kind for name, kind in TYPES.items() if kind not in (MEMO, BYTE)}
    path.write_bytes(jet_bytes({"Data": Table(types, rows(), deleted=frozenset({2}))}))
    theirs = access_parser.AccessParser(str(path)).parse_table("Data")
    ours = read(path.read_bytes())["DATA"]
    for name in ("NAME", "AREA", "COUNT", "NOTE", "FLAG", "SMALL", "SINGLE"):
        assert theirs[name] == [row[name] for row in ours]


GOOD = jet_bytes({"Data": Table(TYPES, rows(), overflowing=frozenset({1, 4}))})
HOME = 3 * PAGE  # the definition of the only table; its usage maps and its rows come after it
MAP, MOVED, ROWS = HOME + PAGE, HOME + 2 * PAGE, HOME + 3 * PAGE


def _row_at(data: bytes, page: int, row: int) -> int:
    return page + (struct.unpack_from("<H", data, page + 14 + 2 * row)[0] & 0x1FFF)


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda d: d[:0], "unknown-format"),
        (lambda d: b"SQLite format 3\x00" + d[16:], "unknown-format"),
        (lambda d: d[:-1], "truncated-file"),
        (lambda d: d[:PAGE], "truncated-file"),
        (lambda d: d[: len(d) - PAGE], "malformed-document"),
        (lambda d: changed(d, 20, "<I", 0), "unsupported-format"),
        (lambda d: changed(d, 2 * PAGE, "<H", 0), "malformed-document"),
        # The map of pages leads outside the file, to a page of another kind, or to one of another table.
        (lambda d: changed(d, HOME + 55, "<I", 0x00FFFF00), "malformed-document"),
        (lambda d: changed(d, HOME + 55, "<I", (MAP // PAGE) << 8 | 9), "malformed-document"),
        (lambda d: changed(d, HOME + 55, "<I", 0), "malformed-document"),
        (lambda d: changed(d, _row_at(d, MAP, 0), "<B", 7), "malformed-document"),
        (lambda d: changed(d, _row_at(d, MAP, 0) + 1, "<I", 1), "malformed-document"),
        (lambda d: changed(d, _row_at(d, MAP, 0) + 5, "<Q", 2**64 - 1), "malformed-document"),
        (lambda d: changed(d, ROWS + 4, "<I", 2), "malformed-document"),
        # Definitions that go round, or claim what no table has.
        (lambda d: changed(d, HOME + 4, "<I", HOME // PAGE), "malformed-document"),
        (lambda d: changed(d, HOME + 45, "<H", 3000), "malformed-document"),
        (lambda d: changed(d, HOME + 51, "<I", 2**31), "malformed-document"),
        (lambda d: changed(d, HOME + 45, "<H", 250), "malformed-document"),
        # Rows that overlap, or are more than fit on a page.
        (lambda d: changed(d, ROWS + 12, "<H", 65535), "malformed-document"),
        (lambda d: changed(d, ROWS + 14, "<H", 4), "malformed-document"),
        (lambda d: changed(d, ROWS + 16, "<H", 4095), "malformed-document"),
        # Moved rows that lead nowhere, to one place twice, or round.
        (lambda d: changed(d, _row_at(d, ROWS, 1), "<I", 0xFFFFFF00), "malformed-document"),
        (lambda d: changed(d, _row_at(d, ROWS, 1), "<I", (MOVED // PAGE) << 8 | 1), "malformed-document"),
        (lambda d: changed(d, _row_at(d, ROWS, 1), "<I", (ROWS // PAGE) << 8 | 1), "malformed-document"),
        # Fields that overlap, or leave no room for the fixed columns: row 0 ends with the place of its first text,
        # the number of texts and the null mask, of 2 bytes each.
        (lambda d: changed(d, ROWS + PAGE - 6, "<H", 60000), "malformed-document"),
        (lambda d: changed(d, ROWS + PAGE - 6, "<H", 3), "malformed-document"),
        (lambda d: changed(d, ROWS + PAGE - 6, "<H", 4), "malformed-document"),
        # A text that is no UTF-16.
        (lambda d: d.replace("čeština 3".encode("utf-16-le"), b"\x00\xd8" * 9), "malformed-document"),
        # Rows that claim more columns or fields than they hold.
        (lambda d: changed(d, _row_at(d, ROWS, 0), "<H", 65535), "malformed-document"),
        (lambda d: changed(d, _row_at(d, ROWS, 0), "<H", 900), "malformed-document"),
    ],
)
def test_read_tables__refuses_what_does_not_fit_together(spoil: Callable[[bytes], bytes], code):
    assert GOOD[MOVED : MOVED + 2] == GOOD[ROWS : ROWS + 2] == b"\x01\x01"
    assert refusal_of(spoil(GOOD)).code == code


def test_read_tables__refuses_two_tables_of_one_name():
    data = jet_bytes({"Data": Table(TYPES, rows()), "DATA": Table(TYPES, rows())})
    assert refusal_of(data).code == "malformed-document"


def test_read_tables__refuses_encoded_pages_and_passwords():
    tables = {"Data": Table(TYPES, rows())}
    word = "geheim"
    for data in (jet_bytes(tables, key=0x1234), jet_bytes(tables, password=word)):
        error = refusal_of(data)
        assert error.code == "encrypted-document"
        assert word not in error.message


def test_read_tables__refuses_more_than_any_clinic_has(monkeypatch):
    monkeypatch.setattr("bonemetrics.readers.dxa.hologic_database_pages.MAX_DXA_BYTES", 5 * PAGE)
    assert refusal_of(GOOD).code == "too-large"
