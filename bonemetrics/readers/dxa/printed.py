"""Printed DXA reports of any vendor: pages of words in, reports out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType

from bonemetrics.anatomy import SPINE, vertebrae_of
from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa import printed_hologic, printed_lunar, printed_norland
from bonemetrics.readers.dxa.dates import order_of
from bonemetrics.readers.dxa.printed_dates import days_of
from bonemetrics.readers.dxa.printed_header import Facts, Sheet, dates_in, patient_of
from bonemetrics.readers.dxa.printed_join import joined
from bonemetrics.readers.dxa.printed_page import Page, Word
from bonemetrics.readers.dxa.printed_rows import rows_of, site_of_table
from bonemetrics.readers.dxa.printed_side import side_of
from bonemetrics.readers.dxa.printed_table import Table, find_tables
from bonemetrics.readers.dxa.region_names import place_of
from bonemetrics.readers.dxa.site_words import site_in
from bonemetrics.records import RawDxaReport, Route, Trust

__all__ = ["Page", "Word", "parse_pages"]

MAX_WORDS = 20_000
_LAYOUTS = (printed_hologic, printed_lunar, printed_norland)


def parse_pages(
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
        Order of day and month where the study has stated it; a document that shows another one itself is believed.
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
    if any(len(page.words) > MAX_WORDS for page in pages):
        raise ReadError(f"a page with more than {MAX_WORDS} words", code="too-large")
    sheets = [Sheet(page) for page in pages if page.words]
    found = [(sheet, find_tables(sheet.page, trust=trust)) for sheet in sheets]
    known = [_Known(sheet, layout, tables) for sheet, tables in found if (layout := _layout(sheet, bool(tables)))]
    reports: list[RawDxaReport] = []
    for layout in _LAYOUTS:
        same = [page for page in known if page.layout is layout]
        order = order_of(dates_in(page.sheet for page in same)) or dates
        reports += [_report(page, table, route, order, trust) for page in same for table in page.tables]
    if not reports:
        raise ReadError("no page holds a results table of a known layout", code="no-dxa-results")
    return joined(sorted(reports, key=_first_place))


@dataclass(frozen=True, slots=True)
class _Known:
    sheet: Sheet
    layout: ModuleType
    tables: tuple[Table, ...]


def _layout(sheet: Sheet, has_table: bool) -> ModuleType | None:
    """The vendor whose layout a page has; a page with a table must have exactly one."""
    counts = {layout: len(set(layout.MARKS.findall(sheet.text))) for layout in _LAYOUTS}
    best, second = sorted(counts, key=lambda layout: counts[layout], reverse=True)[:2]
    if counts[best] > counts[second]:
        return best
    if has_table:
        message = f"the results table of page {sheet.page.number} is not of one known layout"
        raise ReadError(message, code="results-not-understood")
    return None


def _first_place(report: RawDxaReport) -> int:
    cell = next(iter(report.rows[0].cells.values()))
    return int(cell.place.split(" ")[1])


def _report(page: _Known, table: Table, route: Route, order: str, trust: Trust) -> RawDxaReport:
    sheet, layout = page.sheet, page.layout
    facts: Facts = layout.facts_of(sheet)
    site = _site(table, facts, trust, layout.SPINE_ORDER)
    side = side_of(sheet, table, site, facts.scan_kind)
    rows, problems, others = rows_of(table, site, side=side, trust=trust, layout=layout)
    if not rows:
        raise _not_understood(table, "no row names a region that is known")
    if table.strays and trust != "ocr":
        raise _not_understood(table, "numbers stand under no column")
    patient, doubts = patient_of(sheet, id_names=layout.ID_NAMES, order=order)
    scan_date, analysis_date, unsure = days_of(facts, order)
    return RawDxaReport(
        route=route,
        key=f"{facts.device.serial}/{facts.scan_id}" if facts.device.serial and facts.scan_id else "",
        scan_id=facts.scan_id,
        site=site,
        side=side,
        device=facts.device,
        patient=patient,
        scan_date=scan_date,
        analysis_date=analysis_date,
        circumstances=facts.circumstances,
        included=_included(facts, [row.region for row in rows]) if site == SPINE else (),
        rows=rows,
        others=tuple(dict.fromkeys((*facts.others, *others))),
        problems=(*problems, *doubts, *unsure),
    )


def _site(table: Table, facts: Facts, trust: Trust, spine_order: Sequence[str]) -> str:
    site = site_of_table(table, trust, spine_order)
    if not site:
        raise _not_understood(table, "its rows do not tell which site was scanned")
    named = site_in(facts.scan_kind)
    if facts.scan_kind and named != site and (trust != "ocr" or named):
        raise _not_understood(table, "its rows are not those of the scan that the page names")
    return site


def _included(facts: Facts, regions: Sequence[str]) -> tuple[str, ...]:
    """The vertebrae of the scanner's total: the one named as such, or the row of a layout that holds it."""
    if place := place_of(facts.printed_total, SPINE) if facts.printed_total else None:
        return vertebrae_of(place.region)
    combined = [region for region in regions if len(vertebrae_of(region)) > 1]
    if facts.manufacturer == "Hologic" and combined:
        return vertebrae_of(combined[-1])
    if facts.manufacturer == "Norland" and combined:
        return vertebrae_of(combined[0])
    return ()


def _not_understood(table: Table, why: str) -> ReadError:
    return ReadError(f"the results table of page {table.page}: {why}", code="results-not-understood")
