"""DXA reports as XPS and OpenXPS documents, whose text is exact."""

from __future__ import annotations

import re

from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa.printed import parse_pages
from bonemetrics.readers.dxa.source import Source
from bonemetrics.readers.dxa.xps_parts import opened, pages_of
from bonemetrics.readers.dxa.xps_text import page_of
from bonemetrics.records import DxaReading, Route, note

ROUTE: Route = "xps"
_NAMES = re.compile(rb"PK\x03\x04.{26}[\x20-\x7e]{0,120}?(?:\.fdseq|\.fdoc|\.fpage|FixedDoc|\.odttf)", re.DOTALL)


def recognises(name: str, start: bytes) -> bool:
    """Whether a file is an archive with the parts of an XPS document."""
    if not start.startswith(b"PK\x03\x04"):
        return False
    return name.casefold().endswith((".xps", ".oxps")) or _NAMES.search(start) is not None


def read(source: Source) -> DxaReading:
    """Read the results tables of all pages.

    Parameters
    ----------
    source
        An XPS or OpenXPS document.

    Returns
    -------
    DxaReading
        One report for each scan.

    Raises
    ------
    ReadError
        `no-dxa-results` where no page has text or a results table, `results-not-understood`, `truncated-file`,
        `malformed-document`, `unsafe-document`, `encrypted-document`, `too-large`.
    """
    with opened(source.data) as package:
        pages = [page_of(root, number) for number, root in enumerate(pages_of(package), start=1)]
    if not any(page.words for page, _ in pages):
        raise ReadError("the pages of the document hold no text", code="no-dxa-results")
    reports = parse_pages([page for page, _ in pages], route=ROUTE, dates=source.dates)
    unread = [str(page.number) for page, drawn in pages if drawn and not page.words]
    problems = (note("pages-not-read", f"no text on page {', '.join(unread)}"),) if unread else ()
    return DxaReading(reports=reports, problems=problems)
