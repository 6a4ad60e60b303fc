"""Rows of a workbook, read as a stream; formulas, merged cells and errors are told, never guessed over."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException

from bonemetrics.errors import ReadError, TableError
from bonemetrics.readers.tables.xlsx_package import Covered, checked_parts
from bonemetrics.records import Problem, RawCell, RawRow, TableMap, note

_DAMAGE = (
    *(KeyError, ValueError, TypeError, AttributeError, IndexError, OverflowError, OSError, EOFError),
    *(zipfile.BadZipFile, ParseError, NotImplementedError, RuntimeError),
)
"""What the library raises over a damaged workbook."""


def xlsx_sheet(path: Path, table: TableMap) -> tuple[str, Iterator[RawRow], tuple[Problem, ...]]:
    """Open the sheet of a workbook that the study names, or its only one with a table.

    Parameters
    ----------
    path
        `.xlsx` or `.xlsm`; macros are never run.
    table
        The study's map.

    Returns
    -------
    tuple
        Name of the sheet, its rows, and notes.

    Raises
    ------
    ReadError
        `malformed-document`, `unsafe-document` or `too-large`.
    TableError
        `sheet-not-found`.
    """
    parts = checked_parts(path)
    try:
        with warnings.catch_warnings():
            # It warns of parts it does not know, such as lists of allowed values.
            warnings.simplefilter("ignore")
            import openpyxl

            book = openpyxl.load_workbook(path, read_only=True, data_only=False, keep_links=False)
        sheets = [sheet for sheet in book.worksheets if hasattr(sheet, "iter_rows")]
        chosen = _chosen(sheets, table)
    except DefusedXmlException:
        raise ReadError("the workbook refers to entities or other documents", code="unsafe-document") from None
    except _DAMAGE as error:
        raise _damaged(error) from None
    covered = parts.covered(_part_of(chosen))
    problems: tuple[Problem, ...] = ()
    if chosen.sheet_state != "visible":
        problems = (note("column-not-used", f"the sheet {chosen.title!r} is hidden in the workbook; it was read"),)
    return str(chosen.title), _rows(chosen, covered), problems


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
    for row in sheet.iter_rows(max_row=60, values_only=True):
        filled += sum(value is not None for value in row) > 1
        if filled > 1:
            break
    return filled


def _rows(sheet: Any, covered: Covered) -> Iterator[RawRow]:
    line = 0
    try:
        sheet.reset_dimensions()
        for row in sheet.iter_rows():
            line += 1
            yield RawRow(line, tuple(_cell(cell, line, place, covered) for place, cell in enumerate(row, start=1)))
    except DefusedXmlException:
        raise ReadError("the workbook refers to entities or other documents", code="unsafe-document") from None
    except _DAMAGE as error:
        raise _damaged(error) from None


def _cell(cell: Any, line: int, column: int, covered: Covered) -> RawCell:
    if covered.holds(line, column):
        return RawCell("", flaw="merged")
    value = cell.value
    if value is None:
        return RawCell("")
    kind = cell.data_type
    if kind == "f" or (isinstance(value, str) and value.startswith("=") and kind != "s"):
        return RawCell("", flaw="formula")
    if kind == "e":
        return RawCell(str(value), flaw="error")
    return _of_value(value, str(getattr(cell, "number_format", "") or ""))


def _of_value(value: object, number_format: str) -> RawCell:
    if isinstance(value, bool):
        return RawCell("yes" if value else "no")
    if isinstance(value, datetime):
        return RawCell(value.date().isoformat(), day=value.date())
    if isinstance(value, date):
        return RawCell(value.isoformat(), day=value)
    if isinstance(value, time | timedelta):
        return RawCell(str(value))
    if isinstance(value, int | float):
        if "%" in number_format:
            # Shown as 12 %, kept as 0.12.
            return RawCell(f"{value * 100:.12g}%")
        return RawCell(repr(float(value)).removesuffix(".0"), number=float(value))
    return RawCell(str(value).strip())
