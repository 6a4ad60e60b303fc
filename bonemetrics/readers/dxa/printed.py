"""Printed DXA reports of any vendor: pages of words in, reports out."""

from __future__ import annotations

from collections.abc import Sequence

from bonemetrics.anatomy import SITES, SPINE
from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa.printed_cells import cells_of
from bonemetrics.readers.dxa.printed_page import Page, Word
from bonemetrics.readers.dxa.printed_table import Table, find_tables
from bonemetrics.readers.dxa.region_names import place_of
from bonemetrics.records import DxaRow, Problem, RawDxaReport, Route, Trust, note

__all__ = ["Page", "Word", "parse_pages"]


def parse_pages(  # noqa: ARG001
    pages: Sequence[Page], *, route: Route, dates: str = "", trust: Trust = "text"
) -> tuple[RawDxaReport, ...]:
    """Read the results tables of printed pages.

    Parameters
    ----------
    pages
        Pages of one document.
    route
        How they came.
    dates
        Order of day and month where the study has stated it.
    trust
        `ocr` where the words were read from a picture.

    Returns
    -------
    tuple of RawDxaReport
        One for each results table; several pages of one scan are joined.

    Raises
    ------
    ReadError
        `no-dxa-results` if there is no page of a known layout, `results-not-understood` if there is a results table
        whose rows or columns cannot be told.
    """
    reports = [_report(table, route, trust) for page in pages for table in find_tables(page)]
    if not reports:
        raise ReadError("no page holds a results table of a known layout", code="no-dxa-results")
    return tuple(reports)


def _report(table: Table, route: Route, trust: Trust) -> RawDxaReport:
    site = _site(table)
    rows: list[DxaRow] = []
    problems: list[Problem] = []
    for row in table.rows:
        place = place_of(row.label, site)
        if place is None:
            problems.append(note("unknown-region", f"row of page {table.page}"))
            continue
        cells, found = cells_of(table, row, trust=trust)
        problems += found
        rows.append(
            DxaRow(region=place.region, printed=row.label, side=place.side, statistic=place.statistic, cells=cells)
        )
    return RawDxaReport(route=route, site=site, rows=tuple(rows), problems=tuple(problems))


def _site(table: Table) -> str:
    known = {site: sum(place_of(row.label, site) is not None for row in table.rows) for site in SITES}
    best = max(known, key=lambda site: known[site])
    return best if known[best] else SPINE
