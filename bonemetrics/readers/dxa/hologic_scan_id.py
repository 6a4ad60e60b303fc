"""The ID that a Hologic scanner gives a scan: it tells day and time of the scan once more, on its own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, time

from bonemetrics.readers.dxa.dates import order_of, written_date
from bonemetrics.records import Problem, note

_FORM = re.compile(r"([A-Z])([0-9A-Z]{3})([1-9A-C])(\d{2})([0-9A-Z]{4})([0-9A-Z]{2})")
_SECONDS_A_DAY = 86400


@dataclass(frozen=True, slots=True)
class ScanId:
    """What a scan ID says. `clock` is `None` where it is 0, as in all IDs of scanners that did not count seconds."""

    site_letter: str
    day: date
    clock: time | None
    sequence: str


def scan_id_of(text: str) -> ScanId | None:
    """Read a scan ID of 13 characters.

    Parameters
    ----------
    text
        Site letter, year in base 36, month in hexadecimal, day, seconds of the day in base 36, sequence.

    Returns
    -------
    ScanId or None
        `None` for a text of another form, or one whose day or time does not exist.
    """
    found = _FORM.fullmatch(text)
    if found is None:
        return None
    letter, year, month, day, seconds, sequence = found.groups()
    second = int(seconds, 36)
    if second >= _SECONDS_A_DAY:
        return None
    try:
        when = date(int(year, 36), int(month, 16), int(day))
    except ValueError:
        return None
    clock = time(second // 3600, second // 60 % 60, second % 60) if second else None
    return ScanId(letter, when, clock, sequence)


def scan_date_problems(recorded: date | None, scan_id: str) -> tuple[Problem, ...]:
    """Say where the recorded day of a scan is not the one in its ID; a scan without either has nothing to compare."""
    known = scan_id_of(scan_id)
    if recorded is None or known is None or known.day == recorded:
        return ()
    return (
        note(
            "scan-date-differs",
            f"recorded as made on {recorded}, but the scan's own ID was given on {known.day}; the recorded date stands",
        ),
    )


@dataclass(frozen=True, slots=True)
class ScanDates:
    """Days of scan and analysis, and what is to be said of them."""

    scanned: date | None
    analysed: date | None
    problems: tuple[Problem, ...]


def settled_dates(scanned: str, analysed: str, *, scan_id: str, order: str) -> ScanDates:
    """Read the dates of one scan as its scanner prints them, in the order of day and month of an unknown country.

    Parameters
    ----------
    scanned, analysed
        Such as `07/21/2011 11:51:00`; both in the same order. Empty where the file holds none.
    scan_id
        Where it names one of the two days that `scanned` may mean, it settles the order for both.
    order
        `dmy` or `mdy` where the study has stated it; empty where it has not.

    Returns
    -------
    ScanDates
        A date that stays open is `None`, with a note.
    """
    known = scan_id_of(scan_id)
    order = order or order_of((scanned, analysed))
    if not order and known is not None:
        fitting = {way for way in ("dmy", "mdy") if _day(scanned, way) == known.day}
        order = fitting.pop() if len(fitting) == 1 else ""
    scan_day, analysis_day = _day(scanned, order), _day(analysed, order)
    problems = list(scan_date_problems(scan_day, scan_id))
    for what, text, day in (("scan", scanned, scan_day), ("analysis", analysed, analysis_day)):
        if day is None and _is_open(text):
            problems.append(note("date-ambiguous", f"day and month of the {what} date cannot be told apart"))
    return ScanDates(scan_day, analysis_day, tuple(problems))


def _day(text: str, order: str) -> date | None:
    written = written_date(text, order=order)
    return None if written is None else written.day


def _is_open(text: str) -> bool:
    written = written_date(text)
    return written is not None and written.is_ambiguous
