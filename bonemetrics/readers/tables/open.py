"""The door to tables of clinical data: says which form a file has, finds the header, and gives its rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from pathlib import Path

from bonemetrics.errors import ReadError, TableError
from bonemetrics.readers.dxa.nhanes_transport import is_transport
from bonemetrics.readers.files import open_regular, read_range
from bonemetrics.readers.tables.csv_rows import csv_rows, csv_text, delimiter_of
from bonemetrics.records import Problem, RawCell, RawRow, TableMap, note

MAX_COLUMNS = 2000
_LAST_HEADER_LINE = 50
_EMPTY = RawCell("")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@dataclass(frozen=True, slots=True, kw_only=True)
class RawTable:
    """A table ready to be gone through once.

    `problems` are notes on the file as a whole; `sheets` the names of all sheets of a workbook; `encoding` and
    `delimiter` are those of a text.
    """

    form: str
    sheet: str = ""
    sheets: tuple[str, ...] = ()
    encoding: str = ""
    delimiter: str = ""
    header: tuple[str, ...] = ()
    header_line: int = 0
    rows: Iterator[RawRow] = field(default_factory=lambda: iter(()))
    problems: tuple[Problem, ...] = ()


def open_table(path: Path, table: TableMap) -> RawTable:
    """Open a CSV, XLSX or SAS transport file.

    Parameters
    ----------
    path
        The file; told by its content.
    table
        The study's map.

    Returns
    -------
    RawTable
        Rows are read as they are asked for and may still raise what a damaged file raises.

    Raises
    ------
    ReadError
        `truncated-file`, `malformed-document`, `unsafe-document`, `encrypted-document`, `too-large` or
        `unsupported-format`.
    TableError
        `sheet-not-found` or `header-not-found`.
    """
    start = _start(path)
    if not start:
        raise ReadError("the file is empty", code="truncated-file")
    if start.startswith(b"PK\x03\x04"):
        from bonemetrics.readers.tables.xlsx_rows import xlsx_sheet

        sheet = xlsx_sheet(path, table)
        found = _with_header(
            RawTable(form="xlsx", sheet=sheet.name, sheets=sheet.names, problems=sheet.problems), sheet.rows, table
        )
        return replace(found, rows=_padded(found.rows, len(found.header)))
    if start.startswith(_OLE):
        raise _ole(path)
    if is_transport(start):
        from bonemetrics.readers.tables.xpt_rows import xpt_rows

        return _with_header(RawTable(form="xpt"), xpt_rows(path, table), table)
    content = csv_text(path, table)
    problems: tuple[Problem, ...] = ()
    if not content.text.endswith(("\n", "\r")):
        problems = (note("last-line-open", "the last line has no line end, so its last cell may be cut"),)
    delimiter = delimiter_of(content.text, table)
    raw = RawTable(form="csv", encoding=content.encoding, delimiter=delimiter, problems=problems)
    return _with_header(raw, csv_rows(content.text, delimiter), table)


def _start(path: Path) -> bytes:
    with open_regular(path) as (descriptor, stamp):
        return read_range(descriptor, 0, min(stamp.size, 4096))


def _ole(path: Path) -> ReadError:
    """An old spreadsheet and an encrypted new one lie in the same kind of container."""
    with open_regular(path) as (descriptor, stamp):
        head = read_range(descriptor, 0, min(stamp.size, 1 << 20))
    if "EncryptedPackage".encode("utf-16-le") in head:
        return ReadError("the workbook opens only with a password; save it without", code="encrypted-document")
    return ReadError("an old workbook (.xls); save it as .xlsx or .csv", code="unsupported-format")


def _with_header(raw: RawTable, rows: Iterable[RawRow], table: TableMap) -> RawTable:
    waiting = iter(rows)
    head = list(islice(waiting, max(_LAST_HEADER_LINE, table.header_row or 0)))
    place = _header_place(head, table)
    header = tuple(cell.text for cell in head[place].cells)
    while header and not header[-1]:
        header = header[:-1]
    if len(header) > MAX_COLUMNS:
        raise ReadError(f"{len(header)} columns; a table has at most {MAX_COLUMNS}", code="too-large")
    return replace(raw, header=header, header_line=head[place].line, rows=chain(head[place + 1 :], waiting))


def _padded(rows: Iterable[RawRow], width: int) -> Iterator[RawRow]:
    """Rows of a sheet end with their last filled cell."""
    for row in rows:
        missing = width - len(row.cells)
        yield row if missing <= 0 else RawRow(row.line, row.cells + (_EMPTY,) * missing, row.fault)


def _header_place(head: list[RawRow], table: TableMap) -> int:
    if table.header_row is not None:
        found = [place for place, row in enumerate(head) if row.line == table.header_row]
        if not found:
            raise TableError(f"no row {table.header_row} to be the header", code="header-not-found")
        _require_whole(head[found[0]])
        return found[0]
    for place, row in enumerate(head):
        _require_whole(row)
        filled = [cell for cell in row.cells if cell.text]
        if len(filled) > 1 and not any(cell.number is not None or _is_number(cell.text) for cell in filled):
            return place
    told = f"none of the first {_LAST_HEADER_LINE} rows names two columns; state 'header_row'"
    raise TableError(told, code="header-not-found")


def _require_whole(row: RawRow) -> None:
    if row.fault:
        raise ReadError(f"line {row.line}: {row.fault}", code="malformed-document")


def _is_number(text: str) -> bool:
    try:
        float(text.replace(",", "."))
    except ValueError:
        return False
    return True
