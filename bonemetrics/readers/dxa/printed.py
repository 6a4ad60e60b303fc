"""Printed DXA reports of any vendor: pages of words in, reports out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType

from bonemetrics.anatomy import SPINE, vertebrae_of
from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa import printed_hologic, printed_lunar, printed_norland
from bonemetrics.readers.dxa.dates import order_of
from bonemetrics.readers.dxa.printed_dates import days_of
from bonemetrics.readers.dxa.printed_header import PATIENT_ID, Facts, Sheet, dates_in, patient_of
from bonemetrics.readers.dxa.printed_join import joined
from bonemetrics.readers.dxa.printed_page import Page, Word
from bonemetrics.readers.dxa.printed_rows import rows_of, site_of_table
from bonemetrics.readers.dxa.printed_side import side_of
from bonemetrics.readers.dxa.printed_table import Table, find_tables
from bonemetrics.readers.dxa.region_names import place_of
from bonemetrics.readers.dxa.site_words import site_in
from bonemetrics.records import RawDxaReport, Route, Trust, note

__all__ = ["Page", "Word", "parse_pages"]

MAX_WORDS = 20_000
_PHANTOM = re.compile(r"\bphantom\b", re.IGNORECASE)
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
    persons = [page for page in known if not _is_of_phantom(page.sheet)]
    found_reports: list[tuple[int, RawDxaReport, tuple[str, ...]]] = []
    for layout in _LAYOUTS:
        same = [page for page in persons if page.layout is layout]
        order = order_of(dates_in(page.sheet for page in same)) or dates
        for page in (page for page in same if page.tables):
            facts: Facts = layout.facts_of(page.sheet)
            for table in page.tables:
                report = _report(page, table, facts, route, order, trust)
                found_reports.append((table.page, report, (*facts.scan_dates, *facts.analysis_dates)))
    if not found_reports:
        raise _nothing(known)
    found_reports.sort(key=lambda item: item[0])
    reports = joined([report for _, report, _ in found_reports], [stamp for _, _, stamp in found_reports])
    skipped = [str(page.sheet.page.number) for page in known if page.tables and page not in persons]
    return _with_note(reports, skipped) if skipped else reports


def _with_note(reports: tuple[RawDxaReport, ...], skipped: Sequence[str]) -> tuple[RawDxaReport, ...]:
    """The pages of phantoms, named with the first report of the document."""
    skip = note("phantom-scans-skipped", f"page {', '.join(skipped)} of the document is of a phantom")
    return (reports[0].model_copy(update={"problems": (*reports[0].problems, skip)}), *reports[1:])


def _nothing(known: Sequence[_Known]) -> ReadError:
    if any(page.tables for page in known):
        return ReadError("the report is of a phantom, not of a person", code="phantom-scan")
    return ReadError("no page holds a results table of a known layout", code="no-dxa-results")


def _is_of_phantom(sheet: Sheet) -> bool:
    """Whether the page names a phantom in place of a person or a part of the body."""
    return any(_PHANTOM.search(sheet.value(label)) for label in ("Name", "Patient", "Scan Type", PATIENT_ID))


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


def _report(page: _Known, table: Table, facts: Facts, route: Route, order: str, trust: Trust) -> RawDxaReport:
    sheet, layout = page.sheet, page.layout
    site = _site(table, facts, trust, layout.SPINE_ORDER)
    side = side_of(sheet, table, site, facts.scan_kind)
    rows, problems, others = rows_of(table, site, side=side, trust=trust, layout=layout)
    if not rows:
        raise _not_understood(table, "no row names a region that is known")
    if table.strays and trust != "ocr":
        raise _not_understood(table, "numbers stand under no column")
    if trust != "ocr" and any(place_of(row.label, site) for row in table.apart):
        raise _not_understood(table, "rows of regions stand apart from it")
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
        included=_included(
            facts, [row.region for row in rows], whole=all(problem.code != "unknown-region" for problem in problems)
        )
        if site == SPINE
        else (),
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


def _included(facts: Facts, regions: Sequence[str], *, whole: bool) -> tuple[str, ...]:
    """The vertebrae of the scanner's total: the one named as such, or the row of a layout that holds it.

    `whole` says that no row was left out, as the one of the total could be.
    """
    if place := place_of(facts.printed_total, SPINE) if facts.printed_total else None:
        return vertebrae_of(place.region)
    if not whole:
        return ()
    combined = [region for region in regions if len(vertebrae_of(region)) > 1]
    if facts.manufacturer == "Hologic" and combined:
        return vertebrae_of(combined[-1])
    if facts.manufacturer == "Norland" and combined:
        return vertebrae_of(combined[0])
    return ()


def _not_understood(table: Table, why: str) -> ReadError:
    return ReadError(f"the results table of page {table.page}: {why}", code="results-not-understood")
