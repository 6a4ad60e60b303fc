"""Which notes mean that something of the data is not in the dataset, or in no table, and what that is in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from bonemetrics.outcomes.rows import RowNote
from bonemetrics.outcomes.wording import plural

LOSSES = {
    "cell-refused": ("cell that could not be read or cannot be true", "cells that could not be read or cannot be true"),
    "unit-not-stated": ("number without a unit", "numbers without a unit"),
    "date-ambiguous": ("date that can be read in two ways", "dates that can be read in two ways"),
    "unknown-region": ("set of results of no known region", "sets of results of no known region"),
    "marked-invalid": ("source with numbers marked invalid", "sources with numbers marked invalid"),
    "result-withdrawn": ("source with withdrawn results", "sources with withdrawn results"),
    "code-mistyped": ("source with mistyped codes", "sources with mistyped codes"),
    "code-disagrees": ("result whose code and words disagree", "results whose code and words disagree"),
    "image-without-results": ("image without results", "images without results"),
    "pages-not-read": ("document with pages that were not read", "documents with pages that were not read"),
    "other-records": ("file with records left alone", "files with records left alone"),
    "scans-without-results": ("database with scans that were not analysed", "databases with scans not analysed"),
    "row-count-differs": ("table of a database that may be short", "tables of a database that may be short"),
    "links-skipped": ("place with links passed over", "places with links passed over"),
    "damaged-neighbour": ("damaged file beside a series", "damaged files beside a series"),
    "table-not-named": ("table that the protocol does not name", "tables that the protocol does not name"),
    "several-sheets": ("workbook of several sheets of which none is named", "workbooks of which no sheet is named"),
    "duplicate-row": ("row that repeats another", "rows that repeat another"),
    "row-not-wanted": ("set of rows that the protocol leaves out", "sets of rows that the protocol leaves out"),
    "test-not-wanted": ("set of tests that no parameter asks for", "sets of tests that no parameter asks for"),
    "column-not-used": ("column that no role takes", "columns that no role takes"),
    "draft-entry": ("draft of a biopsy", "drafts of biopsies"),
    "unscheduled-visit": ("item outside every visit", "items outside every visit"),
    "scan-date-unknown": ("item without a date", "items without a date"),
    "unit-not-of-parameter": (
        "value in another unit than its parameter",
        "values in another unit than their parameter",
    ),
    "not-averaged": ("value of a visit without a mean", "values of visits without a mean"),
    "analysis-not-flagged": (
        "value of a visit of which the source flags none for analysis",
        "values of visits of which the source flags none for analysis",
    ),
    "not-reviewed": ("value of a scan that no reader accepted", "values of scans that no reader accepted"),
    "excluded-by-note": ("value that the protocol excludes", "values that the protocol excludes"),
    "below-detection": ("result known only as below a limit", "results known only as below a limit"),
    "above-range": ("result known only as above a limit", "results known only as above a limit"),
}
"""Code of a note, and what was lost or left out where it stands, of one and of several."""
OF_FILES = frozenset(("table-not-named", "several-sheets", "other-records", "image-without-results", "links-skipped"))
"""Notes on files, or parts of them, that were left alone as a whole."""


def lost_in_words(notes: Iterable[RowNote]) -> tuple[str, ...]:
    """What was lost or left out, the most frequent first.

    Parameters
    ----------
    notes
        Of a dataset; those on values that stand are passed over.

    Returns
    -------
    tuple of str
        A count with its noun for each kind.
    """
    counted = Counter(one.problem.code for one in notes if one.problem.code in LOSSES)
    order = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    return tuple(plural(count, *LOSSES[code]) for code, count in order)
