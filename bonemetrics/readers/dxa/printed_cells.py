"""From a printed cell to a number with its unit, and a note where it is none."""

from __future__ import annotations

import re
from collections.abc import Mapping

from bonemetrics.readers.dxa.numbers import is_undefined, printed_number
from bonemetrics.readers.dxa.printed_columns import unit_of
from bonemetrics.readers.dxa.printed_head import Column
from bonemetrics.readers.dxa.printed_table import Cell, Table, TableRow
from bonemetrics.records import DxaCell, Problem, Trust, note

_WITH_UNIT = re.compile(r"([+\-\u2212\u2013]?[\d.,]+)\s*([^\d\s.,*†#].*)")
_FOOTNOTE = re.compile(r"(?<=\d)[*†#]+$")


def cells_of(table: Table, row: TableRow, *, trust: Trust) -> tuple[dict[str, DxaCell], tuple[Problem, ...]]:
    """The named cells of one row, and a note for each that holds something other than a number."""
    cells: dict[str, DxaCell] = {}
    problems: list[Problem] = []
    marks = _decimal_marks(table)
    for column in table.columns:
        if not column.name:
            continue
        cell = row.cells[column.key]
        made = _cell(cell, column, table, trust, comma_is_decimal="." not in marks)
        cells[column.name] = made
        if made.value is None and (cell.shared or not is_undefined(made.raw)):
            problems.append(note("cell-refused", f"{column.name} at {made.place} is not one number"))
    return cells, tuple(problems)


def place_of_cell(cell: Cell, page: int) -> str:
    """Where a cell lies, as it is written into records."""
    return f"page {page} box " + ",".join(
        f"{edge:.1f}".removesuffix(".0") for edge in (cell.x0, cell.y0, cell.x1, cell.y1)
    )


def _cell(cell: Cell, column: Column, table: Table, trust: Trust, *, comma_is_decimal: bool) -> DxaCell:
    place = place_of_cell(cell, table.page)
    text = cell.joined(table.height)
    unit = column.unit
    if text is not None and (found := _WITH_UNIT.fullmatch(text)):
        stated = unit_of(found[2], area=column.name == "area")
        text, unit = (found[1], stated) if stated else (text, unit)
    number = None if text is None else printed_number(_FOOTNOTE.sub("", text) if trust == "text" else text)
    if number is None or ("," in (text or "") and not comma_is_decimal):
        return DxaCell(raw=cell.text, unit=unit, place=place, trust=trust)
    return DxaCell(raw=cell.text, value=number.value, unit=unit, place=place, decimals=number.decimals, trust=trust)


def _decimal_marks(table: Table) -> set[str]:
    """Whether the numbers of a table have points or commas: with points, a comma parts thousands."""
    texts = [cell.text for row in table.rows for cell in row.cells.values()]
    return {found[1] for text in texts if (found := re.search(r"\d([.,])\d", text))}


def empty_cells(cells: Mapping[str, DxaCell]) -> bool:
    """Whether no cell of a row holds a number."""
    return all(cell.value is None for cell in cells.values())
