"""Rows of a printed table with their regions: groups of rows, totals without levels, names that are not known."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from types import ModuleType

from bonemetrics.anatomy import SITES, SPINE, spine_region, vertebrae_of
from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa.printed_cells import cells_of
from bonemetrics.readers.dxa.printed_labels import mended_spine, mended_words, plain_label
from bonemetrics.readers.dxa.printed_table import Table, TableRow
from bonemetrics.readers.dxa.region_names import Place, place_of
from bonemetrics.records import DxaCell, DxaRow, Problem, ReportSide, Trust, note

_WITHIN_GROUP = re.compile(r"left|right|mean|\|?\s*diff(?:erence)?\.?\s*\|?", re.IGNORECASE)
_OTHER_UNITS = re.compile(r"sbmd", re.IGNORECASE)
_BRACKETS = re.compile(r"(\S+)\s?\(([TL\d,\s-]+)\)")
_SAFE_TO_QUOTE = re.compile(r"(?!.*\d{3})[\w\s.,+%/|'()-]{1,20}")


@dataclass(frozen=True, slots=True)
class Named:
    """A row with its whole name; a heading lends its name to the rows below it."""

    row: TableRow
    label: str


def named_rows(table: Table, site: str, trust: Trust, spine_order: Sequence[str]) -> tuple[Named, ...]:
    """Rows with cells under their whole names."""
    labels = [plain_label(row.label, site) for row in table.rows]
    if trust == "ocr":
        labels = mended_spine(labels, spine_order) if site == SPINE else [mended_words(text, site) for text in labels]
    named: list[Named] = []
    group = ""
    for row, label in zip(table.rows, labels, strict=True):
        if row.is_heading:
            group = label
        elif group and (_WITHIN_GROUP.fullmatch(label) or place_of(f"{group} {label}", site) is not None):
            named.append(Named(row, f"{group} {label}"))
        else:
            named.append(Named(row, label))
    return tuple(named)


def site_of_table(table: Table, trust: Trust, spine_order: Sequence[str]) -> str:
    """The site whose names most rows bear; empty where two sites fit as well as each other."""
    fits = {
        site: sum(place_of(named.label, site) is not None for named in named_rows(table, site, trust, spine_order))
        for site in SITES
    }
    ranked = sorted(fits, key=lambda site: fits[site], reverse=True)
    return ranked[0] if fits[ranked[0]] > fits[ranked[1]] else ""


def rows_of(
    table: Table, site: str, *, side: ReportSide | None, trust: Trust, layout: ModuleType
) -> tuple[tuple[DxaRow, ...], tuple[Problem, ...], tuple[str, ...]]:
    """Rows, notes and what else the table holds.

    Rows in other units under the same heads, as of a standardised BMD, are no rows of regions.
    """
    rows: list[DxaRow] = []
    problems: list[Problem] = []
    others: list[str] = []
    for named in named_rows(table, site, trust, layout.SPINE_ORDER):
        cells, found = cells_of(table, named.row, trust=trust)
        if _OTHER_UNITS.search(named.row.label):
            others.append("standardised BMD row")
            continue
        known = layout.NOT_COMPARABLE.fullmatch(named.label) is None
        place = place_of(named.label, site, side=side) if known else None
        if place is None and site == SPINE and named.label.casefold() == "total":
            place = _spine_total(cells, rows)
        if place is None and site == SPINE and (found_brackets := _BRACKETS.fullmatch(named.label)):
            place = _without_excluded(found_brackets[1], found_brackets[2], cells, rows)
        if place is None:
            problems.append(note("unknown-region", f"{_quoted(named.row.label)} on page {table.page} was left out"))
            continue
        problems += found
        rows.append(
            DxaRow(
                region=place.region,
                printed=named.label if trust == "text" else named.row.label,
                side=place.side,
                statistic=place.statistic,
                cells=cells,
            )
        )
    return _without_repeats(rows, table), tuple(problems), tuple(others)


def _without_repeats(rows: Sequence[DxaRow], table: Table) -> tuple[DxaRow, ...]:
    """One row for each region; two that differ mean that the table holds something else as well."""
    kept: dict[tuple[str, object, str], DxaRow] = {}
    for row in rows:
        place = (row.region, row.side, row.statistic)
        first = kept.setdefault(place, row)
        if [cell.raw for cell in first.cells.values()] != [cell.raw for cell in row.cells.values()]:
            message = f"the results table of page {table.page}: a region stands twice with different numbers"
            raise ReadError(message, code="results-not-understood")
    return tuple(kept.values())


def _spine_total(total: Mapping[str, DxaCell], rows: Sequence[DxaRow]) -> Place | None:
    """The vertebrae of a row that is called nothing but Total: those whose area and BMC add up to it, if one set does.

    A scanner leaves excluded vertebrae out of its total, and some layouts print them all the same.
    """
    single = [row for row in rows if len(row.region) == 2 and row.value("area") and row.value("bmc")]
    fitting = [
        subset
        for count in range(1, len(single) + 1)
        for subset in combinations(single, count)
        if all(_adds_up(total, subset, name) for name in ("area", "bmc"))
    ]
    return Place(SPINE, spine_region(row.region for row in fitting[0])) if len(fitting) == 1 else None


def _without_excluded(whole: str, excluded: str, total: Mapping[str, DxaCell], rows: Sequence[DxaRow]) -> Place | None:
    """The region of a name such as `L1-L4 (L3)`, if the printed parts bear out that L3 is not in it."""
    left = [level for level in vertebrae_of(whole) if level not in vertebrae_of("".join(excluded.split()))]
    parts = [row for row in rows if row.region in left]
    if not left or len(parts) != len(left) or len(left) == len(vertebrae_of(whole)):
        return None
    return Place(SPINE, spine_region(left)) if all(_adds_up(total, parts, name) for name in ("area", "bmc")) else None


def _adds_up(total: Mapping[str, DxaCell], parts: Sequence[DxaRow], name: str) -> bool:
    whole = total.get(name)
    if whole is None or whole.value is None:
        return False
    # Every printed number is off by half its last digit at most.
    slack = 0.5 * (len(parts) + 1) * 10.0 ** -(whole.decimals or 0) + 1e-9
    return abs(sum(row.value(name) or 0.0 for row in parts) - whole.value) <= slack


def _quoted(label: str) -> str:
    """A row's name for a message, unless it could hold more than the name of a region."""
    return f"row {label!r}" if _SAFE_TO_QUOTE.fullmatch(label) else "a row"
