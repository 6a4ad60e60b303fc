"""From a printed cell to a number with its unit, and a note where it is none."""

from __future__ import annotations

import re

from bonemetrics.readers.dxa.numbers import decimal_mark, is_undefined, number_with
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
    mark = _mark_of(table, trust)
    for column in table.columns:
        if not column.name:
            continue
        cell = row.cells[column.key]
        made = _cell(cell, column, table, trust, mark)
        cells[column.name] = made
        if made.value is None and (cell.shared or not is_undefined(made.raw)):
            problems.append(note("cell-refused", f"{column.name} at {made.place} is not one number"))
    return cells, tuple(problems)


def place_of_cell(cell: Cell, page: int) -> str:
    """Where a cell lies, as it is written into records."""
    return f"page {page} box " + ",".join(
        f"{edge:.1f}".removesuffix(".0") for edge in (cell.x0, cell.y0, cell.x1, cell.y1)
    )


def _cell(cell: Cell, column: Column, table: Table, trust: Trust, mark: str) -> DxaCell:
    place = place_of_cell(cell, table.page)
    text = cell.joined(table.height)
    unit = column.unit
    if text is not None and (found := _WITH_UNIT.fullmatch(text)):
        stated = unit_of(found[2], area=column.name == "area")
        text, unit = (found[1], stated) if stated else (text, unit)
    number = None if text is None else number_with(text if trust == "ocr" else _FOOTNOTE.sub("", text), mark)
    if number is None:
        return DxaCell(raw=cell.text, unit=unit, place=place, trust=trust)
    return DxaCell(raw=cell.text, value=number.value, unit=unit, place=place, decimals=number.decimals, trust=trust)


def _mark_of(table: Table, trust: Trust) -> str:
    """The decimal mark of a table: that of its densities and scores, which never reach a thousand."""
    texts = {column.key: [row.cells[column.key].text for row in table.rows] for column in table.columns}
    small = [
        text
        for column in table.columns
        for text in texts[column.key]
        if column.unit == "g/cm2" or column.name in ("t_score", "z_score")
    ]
    if trust == "ocr":
        # A comma among points is a point that was not read well.
        return "," if sum("," in text for text in small) > sum("." in text for text in small) else "."
    return decimal_mark((), small=small) or decimal_mark(text for column in texts.values() for text in column)
