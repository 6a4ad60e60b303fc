"""Days of a printed scan and of its analysis."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from bonemetrics.readers.dxa.dates import Written
from bonemetrics.readers.dxa.printed_header import Facts, first_date
from bonemetrics.records import Problem, note

_SCAN_ID = re.compile(r"[A-Z](\d{2})(\d{2})(\d{2})[0-9A-Z]{2}")


def days_of(facts: Facts, order: str) -> tuple[date | None, date | None, tuple[Problem, ...]]:
    """Day of the scan and day of its analysis, and a note for each that can be read in two ways."""
    scanned, analysed = (first_date(texts, order) for texts in (facts.scan_dates, facts.analysis_dates))
    scan_day = _day(scanned)
    if scan_day is None and len(set(facts.scan_dates)) == 1:
        scan_day = _day_by_scan_id(scanned, facts.scan_id)
    problems = [
        note("date-ambiguous", f"the day of the {what} can be read in two ways and is left out")
        for what, written, day in (("scan", scanned, scan_day), ("analysis", analysed, _day(analysed)))
        if written is not None and day is None
    ]
    return scan_day, _day(analysed), tuple(problems)


def _day(written: Written | None) -> date | None:
    return None if written is None else written.day


def _day_by_scan_id(written: Written | None, scan_id: str) -> date | None:
    """The reading that the scan's own number bears out: Hologic writes month, day and year into it."""
    stamps = {match.groups() for part in scan_id.split("+") if (match := _SCAN_ID.fullmatch(part))}
    days: Sequence[date] = () if written is None else written.readings
    fitting = [day for day in days if stamps == {(f"{day:%m}", f"{day:%d}", f"{day:%y}")}]
    return fitting[0] if len(fitting) == 1 else None
