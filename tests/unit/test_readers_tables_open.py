"""The door to tables: form by content, header wherever it stands, rows behind it."""

from __future__ import annotations

import openpyxl
import pandas as pd
import pyreadstat
import pytest

from bonemetrics.errors import ReadError, TableError
from bonemetrics.readers.tables.open import MAX_COLUMNS, open_table
from bonemetrics.records import TableMap

TABLE = TableMap(kind="laboratory")


def opened(tmp_path, data: bytes | str, name="a.csv", **facts):
    content = data.encode() if isinstance(data, str) else data
    (tmp_path / name).write_bytes(content)
    return open_table(tmp_path / name, TABLE.model_copy(update=facts))


def refused(tmp_path, data, **facts) -> str:
    with pytest.raises((ReadError, TableError)) as caught:
        list(opened(tmp_path, data, **facts).rows)
    return caught.value.code


def test_open_table__a_text(tmp_path):
    found = opened(tmp_path, "ID;Valor [ng/mL]\nS-1;3,5\n")
    assert (found.form, found.encoding, found.delimiter) == ("csv", "utf-8", ";")
    assert (found.header, found.header_line, found.problems) == (("ID", "Valor [ng/mL]"), 1, ())
    assert [[cell.text for cell in row.cells] for row in found.rows] == [["S-1", "3,5"]]


def test_open_table__a_workbook_and_a_transport_file_under_any_name(tmp_path):
    made = openpyxl.Workbook()
    made.active.title = "Lab"
    for row in (["Laboratory of Murcia"], [], ["ID", "value", "remark"], ["S-1", 3.5]):
        made.active.append(row)
    made.save(tmp_path / "book.xlsx")
    (tmp_path / "book.xlsx").rename(tmp_path / "book.txt")
    found = open_table(tmp_path / "book.txt", TABLE)
    assert (found.form, found.sheet, found.sheets, found.header_line) == ("xlsx", "Lab", ("Lab",), 3)
    (row,) = found.rows
    # A short row of a sheet has empty cells behind its last one.
    assert (row.line, [cell.text for cell in row.cells]) == (4, ["S-1", "3.5", ""])
    pyreadstat.write_xport(pd.DataFrame({"ID": ["S-1"], "V": [3.5]}), str(tmp_path / "a.xpt"), file_format_version=5)
    found = open_table(tmp_path / "a.xpt", TABLE)
    assert (found.form, found.header, len(list(found.rows))) == ("xpt", ("ID", "V"), 1)


def test_open_table__the_header_is_the_first_row_of_two_names(tmp_path):
    found = opened(tmp_path, "Results of 2016\n\n12,13\nID,value,\nS-1,4\n")
    assert (found.header, found.header_line) == (("ID", "value"), 4)


def test_open_table__a_stated_header_row_stands(tmp_path):
    text = "a,b\nID,6\nS-1,4\n"
    assert opened(tmp_path, text, header_row=2).header == ("ID", "6")
    assert refused(tmp_path, text, header_row=9) == "header-not-found"


def test_open_table__the_last_line_without_an_end_is_noted(tmp_path):
    found = opened(tmp_path, "ID,value\nS-1,12")
    assert [problem.code for problem in found.problems] == ["last-line-open"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "truncated-file"),
        (b"\n\n\n", "header-not-found"),
        (b"dear colleague\nsee page 2\n", "header-not-found"),
        (b"1,2,3\n4,5,6\n", "header-not-found"),
        (b'ID,"value\nS-1,3\n', "malformed-document"),  # the next row is not taken for the header
        (b"x" + b",y" * MAX_COLUMNS + b"\n", "too-large"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), "unsupported-format"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "encrypted-document"),
        (b"PK\x03\x04 and then nothing", "malformed-document"),
        (b"\x89PNG\r\n\x1a\n\0\0\0", "malformed-document"),
    ],
)
def test_open_table__what_is_no_table_is_refused_with_its_reason(tmp_path, data, code):
    assert refused(tmp_path, data) == code


def test_open_table__a_link_is_not_followed(tmp_path):
    (tmp_path / "a.csv").write_text("ID,value\nS-1,3\n")
    (tmp_path / "b.csv").symlink_to(tmp_path / "a.csv")
    with pytest.raises(ReadError) as caught:
        open_table(tmp_path / "b.csv", TABLE)
    assert caught.value.code == "not-regular-file"
