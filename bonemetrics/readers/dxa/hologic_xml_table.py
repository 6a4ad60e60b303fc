"""The results table of a Hologic report text: orientation from its head, columns by header text, rows by region."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bonemetrics.anatomy import FOREARM, SITES, SPINE
from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa.dicom_text import without_person
from bonemetrics.readers.dxa.hologic_xml_text import Cell, ReportText, cleaned
from bonemetrics.readers.dxa.numbers import decimal_mark, is_undefined, number_with
from bonemetrics.readers.dxa.region_names import Place, place_of
from bonemetrics.readers.dxa.spine_total import SPINE_TOTAL
from bonemetrics.readers.dxa.unit_words import ucum
from bonemetrics.records import DxaCell, DxaRow, Problem, ReportSide, note

_REGION = re.compile(r"regions?", re.IGNORECASE)
_BONE = re.compile(r"radius(?: ?\+ ?ulna)?|ulna|r ?\+ ?u|both", re.IGNORECASE)
_HEAD = re.compile(r"([^\[\]()]*?)\s*(?:[\[(]+\s*([^\[\]()]{1,20}?)\s*[\])]+)?\s*")
_COLUMNS = {
    "area": "area",
    "bmc": "bmc",
    "bmd": "bmd",
    "t": "t_score",
    "tscore": "t_score",
    "z": "z_score",
    "zscore": "z_score",
    "pr": "percent_young",
    "peakreference": "percent_young",
    "am": "percent_age",
    "agematched": "percent_age",
    "fat": "fat_mass",
    "fatmass": "fat_mass",
    "lean": "lean_mass",
    "leanmass": "lean_mass",
    "lean+bmc": "lean_bmc_mass",
    "total": "total_mass",
    "totalmass": "total_mass",
    "%fat": "percent_fat",
}
_SCORES = ("t_score", "z_score")
_PER_CENT = ("percent_young", "percent_age", "percent_fat")
_SMALL = ("bmd", *_SCORES)
_FOOTNOTE = re.compile(r"[\s*†‡#]+$")
_MOST_NOTES = 100


@dataclass(frozen=True, slots=True)
class _Column:
    """One column: the cell it fills and the unit that its head states."""

    name: str
    unit: str


@dataclass(slots=True)
class Table:
    """One table with its rows and columns the usual way round.

    `place` finds a cell of the table where the text has it; `head` is the row and `first` the column of the heads.
    """

    number: int
    cells: dict[Cell, str]
    head: int
    first: int
    is_turned: bool
    columns: dict[int, _Column]
    refused: set[Cell]
    problems: list[Problem] = field(default_factory=list)

    def place(self, row: int, column: int) -> str:
        """Where a cell stands in the text."""
        first, second = (column, row) if self.is_turned else (row, column)
        return f"ResultsTable{self.number}[{first}][{second}]"


def tables_of(text: ReportText) -> tuple[list[Table], list[int]]:
    """The tables that hold densities, and the numbers of those that do not.

    Raises
    ------
    ReadError
        `results-not-understood` where a table has densities, but which way round it lies cannot be told.
    """
    found, others = [], []
    for number in sorted(text.tables):
        table = _table(number, text)
        if table is None:
            others.append(number)
        else:
            found.append(table)
    return found, others


def _table(number: int, text: ReportText) -> Table | None:
    stated = text.tables[number]
    cells = {cell: cleaned(values[0]) for cell, values in stated.items()}
    refused = {cell for cell, values in stated.items() if len({cleaned(value) for value in values}) > 1}
    refused |= {cell for table, cell in text.concatenated if table == number}
    heads = [cell for cell, value in cells.items() if value and _column(value)]
    if not any(_column(cells[cell]).name in ("bmc", "bmd") for cell in heads):
        return None
    corners = [cell for cell, value in cells.items() if _REGION.fullmatch(value)]
    corners = corners or [cell for cell, value in cells.items() if _BONE.fullmatch(value)][:1]
    ways = {(corner, turned) for corner in corners for turned in (False, True) if _leads(corner, turned, cells)}
    if len(ways) != 1:
        raise ReadError(f"ResultsTable{number}: which way round it lies cannot be told", code="results-not-understood")
    corner, is_turned = ways.pop()
    if is_turned:
        cells = {(second, first): value for (first, second), value in cells.items()}
        refused = {(second, first) for first, second in refused}
        corner = (corner[1], corner[0])
    table = Table(number, cells, corner[0], corner[1], is_turned, {}, refused)
    _find_columns(table)
    return table


def _leads(corner: Cell, is_turned: bool, cells: Mapping[Cell, str]) -> bool:
    """Whether the heads of densities lie behind a corner in its row (or, turned, below it in its column)."""
    at, along = (1, 0) if is_turned else (0, 1)
    names = {
        _column(value).name
        for cell, value in cells.items()
        if cell[at] == corner[at] and cell[along] > corner[along] and value
    }
    return not names.isdisjoint(("bmc", "bmd"))


def _column(head: str) -> _Column:
    """What a column's head means; an empty name where it is not known."""
    found = _HEAD.fullmatch(head[:64])
    if found is None:
        return _Column("", "")
    name = _COLUMNS.get(re.sub(r"[\s._-]", "", found[1]).casefold(), "")
    stated = found[2] or ""
    if name in _SCORES or (name in _PER_CENT and not stated):
        return _Column(name, "1" if name in _SCORES else "%")
    return _Column(name, ucum(stated) or stated)


def _find_columns(table: Table) -> None:
    names: dict[str, list[int]] = {}
    for (row, column), value in table.cells.items():
        if row == table.head and column > table.first and (name := _column(value).name):
            names.setdefault(name, []).append(column)
    filled = {at for at, value in table.cells.items() if value and at[0] > table.head and at[1] > table.first}
    headless = {column for _, column in filled if not table.cells.get((table.head, column))}
    if headless:
        text = f"ResultsTable{table.number}: {len(headless)} columns have no head, so they are left out"
        table.problems.append(note("values-missing", text))
    for name, columns in names.items():
        clear = len(columns) == 1 and (table.head, columns[0]) not in table.refused
        if clear:
            table.columns[columns[0]] = _column(table.cells[table.head, columns[0]])
        else:
            text = f"ResultsTable{table.number}: the column of {name} is not clear, so it is left out"
            table.problems.append(note("cell-refused", text))


@dataclass(frozen=True, slots=True)
class _Row:
    """One row: its number, and the names by which its region may be known, the likeliest first."""

    row: int
    printed: str
    names: tuple[str, ...]


def _named_rows(table: Table) -> list[_Row]:
    """The rows that hold numbers; a row of a name alone heads the group of those below it."""
    corner = table.cells.get((table.head, table.first), "")
    group = corner if _BONE.fullmatch(corner) else ""
    found = []
    for row in sorted({row for row, _ in table.cells if row > table.head}):
        printed = _FOOTNOTE.sub("", table.cells.get((row, table.first), ""))
        if not any(table.cells.get((row, column)) for column in table.columns):
            group = printed or group
        elif group:
            found.append(_Row(row, printed, (f"{group} {printed}", printed)))
        else:
            found.append(_Row(row, printed, (printed,)))
    return found


def site_of(tables: Sequence[Table], stated: str) -> str:
    """The site whose regions most rows name; where sites are equal, the stated one.

    Raises
    ------
    ReadError
        `results-not-understood`, where it cannot be told.
    """
    rows = [named for table in tables for named in _named_rows(table)]
    counts = {site: sum(_placed(named, site, None) is not None for named in rows) for site in SITES}
    best = [site for site, count in counts.items() if count and count == max(counts.values())]
    if len(best) == 1:
        return best[0]
    if stated in best:
        return stated
    raise ReadError("the rows do not tell which part of the body they are of", code="results-not-understood")


def _placed(named: _Row, site: str, side: ReportSide | None) -> Place | None:
    for name in named.names:
        if name.casefold() == "total" and site == FOREARM:
            # Of which bone a bare Total is, a forearm table does not say.
            continue
        if place := place_of(name, site, side=side):
            return place
        if name.casefold() == "total" and site == SPINE:
            return Place(SPINE, SPINE_TOTAL)
    return None


def rows_of(
    table: Table, site: str, side: ReportSide | None, where: str, person: frozenset[str]
) -> tuple[list[DxaRow], list[Problem]]:
    """The rows of one table.

    Parameters
    ----------
    table
        The table.
    site
        Its site.
    side
        Side of the scan, for rows that name none.
    where
        What stands before a cell's place, such as a tag.
    person
        Words that a message must not quote.
    """
    rows: dict[Place, DxaRow] = {}
    problems = list(table.problems)
    named_rows = _named_rows(table)
    mark = _mark(table, named_rows)
    for named in named_rows:
        place = _placed(named, site, side)
        cells, found = _cells(table, named.row, mark, where)
        if place is None:
            quoted = without_person(named.printed[:20], person) or "with no name to quote"
            problems.append(note("unknown-region", f"{table.place(named.row, table.first)}: row {quoted} was left out"))
            continue
        problems += found
        row = DxaRow(
            region=place.region, printed=named.printed, side=place.side, statistic=place.statistic, cells=cells
        )
        if place in rows and rows[place].cells != cells:
            problems.append(note("cell-refused", f"{table.place(named.row, table.first)}: a region stands twice"))
            row = row.model_copy(update={"cells": {name: DxaCell(place=cell.place) for name, cell in cells.items()}})
        rows[place] = row
    return list(rows.values()), problems[:_MOST_NOTES]


def _mark(table: Table, rows: Sequence[_Row]) -> str:
    texts = {column: [table.cells.get((named.row, column), "") for named in rows] for column in table.columns}
    small = (text for column, found in texts.items() if table.columns[column].name in _SMALL for text in found)
    return decimal_mark((text for found in texts.values() for text in found), small=small)


def _cells(table: Table, row: int, mark: str, where: str) -> tuple[dict[str, DxaCell], list[Problem]]:
    cells: dict[str, DxaCell] = {}
    problems = []
    missing = [column for column in table.columns if (row, column) not in table.cells]
    if missing:
        text = f"{table.place(row, table.first)}: {len(missing)} of {len(table.columns)} cells of the row are not there"
        problems.append(note("values-missing", text))
    for column, head in table.columns.items():
        raw, place = table.cells.get((row, column), ""), table.place(row, column)
        cell = DxaCell(raw=raw, unit=head.unit, place=f"{where}{place}")
        number = None if (row, column) in table.refused else number_with(raw, mark)
        if number is not None:
            cell = cell.model_copy(update={"value": number.value, "decimals": number.decimals})
        elif not is_undefined(raw) or (row, column) in table.refused:
            # What stands there instead of a number may be anything, so it is not kept.
            cell = cell.model_copy(update={"raw": ""})
            problems.append(note("cell-refused", f"{place}: not one number that is certain"))
        cells[head.name] = cell
    return cells, problems
