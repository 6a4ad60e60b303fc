"""Which side a table is of, where its rows do not say."""

from __future__ import annotations

import re

from bonemetrics.anatomy import SPINE, WHOLE_BODY
from bonemetrics.readers.dxa.printed_header import Sheet
from bonemetrics.readers.dxa.printed_page import Line, phrases_of
from bonemetrics.readers.dxa.printed_table import Table
from bonemetrics.readers.dxa.site_words import side_in, site_in
from bonemetrics.records import ReportSide

_TITLE = re.compile(r"(?:ANCILLARY RESULTS)?\W*(?:left|right|lt|rt|[lr]\.)\W+\w+.{0,24}", re.IGNORECASE)
_TITLE_REACH = 4.0
"""A title stands at most this many heights of type above the head of its table."""


def side_of(sheet: Sheet, table: Table, site: str, scan_kind: str) -> ReportSide | None:
    """Side of a table from its own title, else from the name of the scan, else from the one side the page names."""
    if site in (SPINE, WHOLE_BODY):
        return None
    titles = [phrase for line in sheet.lines for phrase in phrases_of(line, sheet.height) if _names(phrase, site)]
    above = [
        phrase
        for phrase in titles
        if 0 < table.head.y0 - phrase.middle < _TITLE_REACH * sheet.height
        and phrase.words[0].x0 < table.head.right
        and table.head.left < phrase.words[-1].x1
    ]
    for candidates in (above, [], titles):
        sides = {side_in(phrase.text) for phrase in candidates}
        if len(sides) == 1:
            return sides.pop()
        if not candidates and (side := side_in(scan_kind)):
            return side
    return None


def _names(phrase: Line, site: str) -> bool:
    return _TITLE.fullmatch(phrase.text) is not None and site_in(phrase.text) == site
