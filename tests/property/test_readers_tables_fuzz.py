"""Whatever stands in a file that is called a table: rows or a refusal, within bounds of time and memory."""

from __future__ import annotations

import io
import tempfile
import tracemalloc
import zipfile
from functools import cache
from pathlib import Path

import openpyxl
import pandas as pd
import pyreadstat
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bonemetrics.errors import BonemetricsError, TableError
from bonemetrics.pipeline.table_look import look_at_tables
from bonemetrics.readers.tables.cells import date_of, number_of, yes_no_of
from bonemetrics.readers.tables.columns import map_columns
from bonemetrics.readers.tables.csv_rows import csv_rows
from bonemetrics.readers.tables.open import open_table
from bonemetrics.records import RawCell, Role, TableMap

TABLE = TableMap(kind="laboratory")
ROLES = (
    Role(name="subject", type="text", synonyms=("id",)),
    Role(name="date", type="date"),
    Role(name="value", type="number"),
    Role(name="count", type="integer"),
    Role(name="serious", type="yes-no"),
)
HEADER = ["ID", "date", "value", "count", "serious"]
ROWS = [["S-1", "2016-03-04", 41.5, 3, "yes"], ["S-2", "25/03/2016", 39.25, 4, "no"], ["S-3", "", 7.125, 5, ""]]
PLACES = st.floats(0, 1, exclude_max=True)
CHANGES = st.lists(st.tuples(PLACES, st.integers(0, 255)), min_size=1, max_size=8)
FORMS = ("csv", "xlsx", "xpt")
PARTS = ("xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/styles.xml", "[Content_Types].xml")
MOST_BYTES = 64 * 2**20
"""What reading a file of a few kilobytes may take at its peak."""


@cache
def whole(form: str) -> bytes:
    if form == "csv":
        return "\n".join(",".join(map(str, row)) for row in [HEADER, *ROWS]).encode() + b"\n"
    if form == "xlsx":
        book, out = openpyxl.Workbook(), io.BytesIO()
        for row in [HEADER, *ROWS]:
            book.active.append(row)
        book.active.merge_cells("A3:A4")
        book.save(out)
        return out.getvalue()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.xpt"
        pyreadstat.write_xport(pd.DataFrame(ROWS, columns=HEADER), str(path), file_format_version=5)
        return path.read_bytes()


def reads_or_refuses(data: bytes, form: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a.{form}"
        path.write_bytes(data)
        tracemalloc.start()
        try:
            raw = open_table(path, TABLE)
            columns = map_columns(raw.header, ROLES, TABLE)
            lines = [columns.row(row).line for row in raw.rows]
            assert lines == sorted(set(lines))
        except BonemetricsError:
            pass
        finally:
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        assert peak < MOST_BYTES


@pytest.mark.parametrize("form", FORMS)
def test_whole_files_are_read(form, tmp_path):
    (tmp_path / f"a.{form}").write_bytes(whole(form))
    raw = open_table(tmp_path / f"a.{form}", TABLE)
    columns = map_columns(raw.header, ROLES, TABLE)
    assert [columns.row(row).values["value"].value for row in raw.rows] == [41.5, 39.25, 7.125]


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=60, deadline=None)
@given(kept=PLACES, data=st.binary(max_size=400))
@example(kept=0.0, data=b"\xff\xfea")
@example(kept=0.0, data=b"PK\x03\x04")
@example(kept=0.0, data=b"HEADER RECORD*******LIBRARY HEADER RECORD!!!!!!!")
@example(kept=0.0, data=b'a,b\n"' + b"x" * 300)
def test_open_table__any_bytes_after_any_part_of_a_file(form, kept, data):
    reads_or_refuses(data, form)
    reads_or_refuses(whole(form)[: int(kept * len(whole(form)))] + data, form)


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=100, deadline=None)
@given(changes=CHANGES)
def test_open_table__any_changed_bytes(form, changes):
    data = bytearray(whole(form))
    for place, value in changes:
        data[int(place * len(data))] = value
    reads_or_refuses(bytes(data), form)


@pytest.mark.parametrize("part", PARTS)
@settings(max_examples=60, deadline=None)
@given(changes=CHANGES, cut=st.one_of(st.none(), PLACES))
def test_open_table__any_changed_bytes_within_a_workbook(part, changes, cut):
    # Behind compression a changed byte seldom gets past the checksum, so the parts themselves are changed.
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole("xlsx"))) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = bytearray(old.read(name))
            if name == part:
                for place, value in changes:
                    content[int(place * len(content))] = value
                content = content[: int(cut * len(content))] if cut is not None else content
            new.writestr(name, bytes(content))
    reads_or_refuses(out.getvalue(), "xlsx")


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=25, deadline=None)
@given(changes=CHANGES)
def test_look_at_tables__any_changed_bytes(form, changes):
    data = bytearray(whole(form))
    for place, value in changes:
        data[int(place * len(data))] = value
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / f"a.{form}").write_bytes(data)
        assert look_at_tables(Path(folder) / f"a.{form}")


@settings(max_examples=300, deadline=None)
@given(text=st.text(st.sampled_from('ab",;\n\r\t |0x\u2028'), max_size=200))
def test_csv_rows__every_line_is_a_row_or_part_of_one(text):
    rows = list(csv_rows(text, ","))
    lines = [row.line for row in rows]
    assert lines == sorted(set(lines))
    assert all(not row.cells for row in rows if row.fault)
    # Letters are never lost: what is not in a cell stands in a line that is refused.
    refused = sum(row.fault != "" for row in rows)
    kept = sum(cell.text.count("a") for row in rows for cell in row.cells)
    assert kept == text.count("a") or refused


@settings(max_examples=300, deadline=None)
@given(
    text=st.text(st.sampled_from("0123456789.,-+<>eE%'/ \u00a0ng\n"), max_size=40),
    decimal=st.sampled_from([None, ".", ","]),
)
def test_number_of__a_number_or_a_refusal(text, decimal):
    try:
        found, _ = number_of(RawCell(text.strip()), decimal=decimal)
    except TableError:
        return
    assert abs(found.value) < float("inf")
    assert found.half_unit >= 0


@settings(max_examples=300, deadline=None)
@given(value=st.decimals(-10_000, 10_000, places=3), places=st.integers(0, 3))
def test_number_of__a_decimal_comma_means_what_a_point_means(value, places):
    text = f"{value:.{places}f}"
    assert number_of(RawCell(text), decimal=".")[0].value == float(text)
    assert number_of(RawCell(text.replace(".", ",")), decimal=",")[0].value == float(text)


@settings(max_examples=200, deadline=None)
@given(day=st.dates(min_value=pd.Timestamp(1900, 1, 1).date(), max_value=pd.Timestamp(2100, 12, 31).date()))
def test_date_of__the_order_that_is_stated_is_the_one_that_is_read(day):
    for order, form in (("dmy", "%d/%m/%Y"), ("mdy", "%m/%d/%Y"), ("ymd", "%Y/%m/%d")):
        assert date_of(RawCell(day.strftime(form)), order=order) == day


@settings(max_examples=200, deadline=None)
@given(text=st.text(max_size=60))
def test_cells__any_text_is_read_or_refused(text):
    for read in (number_of, date_of, yes_no_of):
        try:
            read(RawCell(text.strip()))
        except TableError:
            continue
