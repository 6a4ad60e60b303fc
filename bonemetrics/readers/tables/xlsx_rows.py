"""Rows of a workbook, read as a stream; formulas, merged cells and errors are told, never guessed over."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from defusedxml import DefusedXmlException

from bonemetrics.errors import ReadError, TableError
from bonemetrics.readers.tables.clock import clock
from bonemetrics.readers.tables.xlsx_package import PACKAGE_DAMAGE, Covered, checked_parts
from bonemetrics.records import Problem, RawCell, RawRow, TableMap, note

_DAMAGE = (*PACKAGE_DAMAGE, KeyError, TypeError, AttributeError, IndexError, OverflowError, SyntaxError)
"""What the library raises over a damaged workbook; errors of XML are SyntaxErrors, whichever parser it finds."""
MAX_SHEET_ROWS = 1_048_576
MAX_COLUMNS = 16_384
_LONGEST_TEXT = 1 << 16
_QUOTED = re.compile(r'"[^"]*"|\\.|_.|\*.')
"""Parts of a number format that are shown as they stand: a % in them does not scale the number."""
_EMPTY, _MERGED = RawCell(""), RawCell("", flaw="merged")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One sheet of a workbook, the names of all of them, and notes."""

    name: str
    names: tuple[str, ...]
    rows: Iterator[RawRow]
    problems: tuple[Problem, ...] = ()


def xlsx_sheet(path: Path, table: TableMap) -> Sheet:
    """Open the sheet of a workbook that the study names, or its only one with a table.

    Parameters
    ----------
    path
        `.xlsx` or `.xlsm`; macros are never run.
    table
        The study's map.

    Returns
    -------
    Sheet
        Its rows are read as they are asked for.

    Raises
    ------
    ReadError
        `malformed-document`, `unsafe-document`, `encrypted-document`, `unsupported-format` or `too-large`.
    TableError
        `sheet-not-found`.
    """
    parts = checked_parts(path)
    with ExitStack() as until_read:
        try:
            with warnings.catch_warnings():
                # It warns of parts it does not know, such as lists of allowed values.
                warnings.simplefilter("ignore")
                import openpyxl

                # A file, not its name: the library goes by endings.
                file = until_read.enter_context(path.open("rb"))
                book = openpyxl.load_workbook(file, read_only=True, data_only=False, keep_links=False)
            until_read.callback(book.close)
            sheets = [sheet for sheet in book.worksheets if hasattr(sheet, "iter_rows")]
            chosen = _chosen(sheets, table)
            covered = parts.covered(_part_of(chosen))
        except DefusedXmlException:
            raise ReadError("the workbook refers to entities or other documents", code="unsafe-document") from None
        except _DAMAGE as error:
            raise _damaged(error) from None
        problems: tuple[Problem, ...] = ()
        if chosen.sheet_state != "visible":
            problems = (note("sheet-hidden", f"the sheet {chosen.title!r} is hidden in the workbook; it was read"),)
        names = tuple(str(sheet.title) for sheet in sheets)
        rows = _rows(chosen, covered, until_read.pop_all())
        return Sheet(name=str(chosen.title), names=names, rows=rows, problems=problems)


def visible_sheets(path: Path) -> tuple[str, ...]:
    """Names of the sheets that a person sees; errors are those of `xlsx_sheet`."""
    checked_parts(path)
    try:
        import openpyxl

        with path.open("rb") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(file, read_only=True, keep_links=False)
            sheets = [sheet for sheet in book.worksheets if hasattr(sheet, "iter_rows")]
            names = tuple(str(sheet.title) for sheet in sheets if sheet.sheet_state == "visible")
            book.close()
            return names
    except DefusedXmlException:
        raise ReadError("the workbook refers to entities or other documents", code="unsafe-document") from None
    except _DAMAGE as error:
        raise _damaged(error) from None


def _damaged(error: Exception) -> ReadError:
    return ReadError(f"the workbook is damaged ({type(error).__name__})", code="malformed-document")


def _part_of(sheet: Any) -> str:
    return str(getattr(sheet, "_worksheet_path", "")).lstrip("/")


def _chosen(sheets: list[Any], table: TableMap) -> Any:
    names = ", ".join(repr(str(sheet.title)) for sheet in sheets)
    if table.sheet is not None:
        found = [sheet for sheet in sheets if sheet.title == table.sheet]
        if not found:
            raise TableError(f"no sheet {table.sheet!r}; the workbook has {names}", code="sheet-not-found")
        return found[0]
    visible = [sheet for sheet in sheets if sheet.sheet_state == "visible"]
    filled = visible if len(visible) == 1 else [sheet for sheet in visible if _table_rows(sheet) > 1]
    # A sheet with a header alone is an empty table.
    filled = filled or [sheet for sheet in visible if _table_rows(sheet) == 1]
    if len(filled) != 1:
        told = f"{len(filled)} sheets of the workbook hold tables ({names}); name one as 'sheet'"
        raise TableError(told, code="sheet-not-found")
    return filled[0]


def _table_rows(sheet: Any) -> int:
    """How many of the first rows have two filled cells; counting ends at two."""
    filled = 0
    # What a sheet says of its own size need not be true.
    sheet.reset_dimensions()
    for row in sheet.iter_rows(max_row=60, values_only=True):
        filled += sum(value is not None for value in row) > 1
        if filled > 1:
            break
    return filled


def _rows(sheet: Any, covered: Covered, open_until_read: ExitStack) -> Iterator[RawRow]:
    line = 0
    try:
        with open_until_read, warnings.catch_warnings():
            # Of dates beyond the calendar, which come as errors of their cells.
            warnings.simplefilter("ignore")
            sheet.reset_dimensions()
            for row in sheet.iter_rows():
                line += 1
                if line > MAX_SHEET_ROWS:
                    raise ReadError(f"more than {MAX_SHEET_ROWS} rows, which no sheet has", code="too-large")
                yield RawRow(line, _uncovered(row, covered.in_line(line)))
    except DefusedXmlException:
        raise ReadError("the workbook refers to entities or other documents", code="unsafe-document") from None
    except _DAMAGE as error:
        raise _damaged(error) from None


def _uncovered(row: Any, covered: list[tuple[int, int]]) -> tuple[RawCell, ...]:
    """The cells of a row; those under a merged one are told apart from empty ones, also behind the last cell."""
    if not covered:
        return tuple(map(_cell, row))
    cells = list(map(_cell, row))
    for first, last in covered:
        if len(cells) < (end := min(last, MAX_COLUMNS)):
            cells += [_EMPTY] * (end - len(cells))
        cells[first - 1 : end] = [_MERGED] * max(0, end - first + 1)
    return tuple(cells)


def _cell(cell: Any) -> RawCell:
    value = cell.value
    if value is None:
        return _EMPTY
    kind = cell.data_type
    if kind == "f" or (isinstance(value, str) and value.startswith("=") and kind != "s"):
        return RawCell("", flaw="formula")
    if kind == "e":
        return RawCell(str(value), flaw="error")
    return _of_value(value, str(getattr(cell, "number_format", "") or ""))


def _time(value: datetime) -> str:
    """A day without a time is midnight in a workbook."""
    seconds = value.hour * 3600 + value.minute * 60 + value.second
    return clock(seconds) if seconds else ""


def _of_value(value: object, number_format: str) -> RawCell:
    if isinstance(value, bool):
        return RawCell("yes" if value else "no")
    if isinstance(value, datetime):
        return RawCell(value.date().isoformat(), day=value.date(), time=_time(value))
    if isinstance(value, date):
        return RawCell(value.isoformat(), day=value)
    if isinstance(value, time | timedelta):
        return RawCell(str(value))
    if isinstance(value, int | float):
        if "%" in number_format and "%" in _QUOTED.sub("", number_format):
            # Shown as 12 %, kept as 0.12.
            return RawCell(f"{value * 100:.12g}%")
        return RawCell(repr(float(value)).removesuffix(".0"), number=float(value))
    text = str(value).strip()
    if len(text) > _LONGEST_TEXT:
        raise ValueError("a text longer than any cell")
    return RawCell(text)
