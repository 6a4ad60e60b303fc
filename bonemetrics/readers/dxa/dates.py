"""Dates as printed anywhere in the world: a date, or nothing where day and month cannot be told apart."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan januar janvier enero ene gennaio gen",
            "february feb februar février fevrier fév fev febrero febbraio",
            "march mar märz maerz mrz mars marzo",
            "april apr avril avr abril abr aprile",
            "may mai mayo maggio mag",
            "june jun juni juin junio giugno giu",
            "july jul juli juillet juil julio luglio lug",
            "august aug août aout agosto ago",
            "september sep sept septembre septiembre settembre set",
            "october oct oktober okt octobre octubre ottobre ott",
            "november nov novembre noviembre",
            "december dec dezember dez décembre decembre déc diciembre dic dicembre",
        ),
        start=1,
    )
    for name in names.split()
}
_YEAR_FIRST = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?:\D.*)?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_YEAR_LAST = re.compile(r"(\d{1,2})([-/.])\s?(\d{1,2})\2\s?(\d{4}|\d{2})(?:\D.*)?")
_DAY_NAME_YEAR = re.compile(r"(\d{1,2})\.?[\s-]*(?:de\s+)?([^\W\d_]+)\.?[\s,-]*(?:de\s+)?(\d{4})(?:\D.*)?")
_NAME_DAY_YEAR = re.compile(r"([^\W\d_]+)\.?\s*(\d{1,2})(?:st|nd|rd|th)?,?\s*(\d{4})(?:\D.*)?")


@dataclass(frozen=True, slots=True)
class Written:
    """What a text says: the date, or the two days it could be."""

    day: date | None
    readings: tuple[date, ...] = ()

    @property
    def is_ambiguous(self) -> bool:
        """Whether it is a date, but not which one."""
        return self.day is None and len(self.readings) > 1


def written_date(text: str, *, order: str = "") -> Written | None:
    """Read a date in digits or with a month's name; what stands behind it, such as a time, is passed over.

    Parameters
    ----------
    text
        Such as `December 04, 2019`, `15January2026`, `31.12.1950`, `2019-12-04`, `20191204`, `1/14/2019 3:22 PM`.
    order
        `dmy`, `mdy` or `ymd` where it is known; it decides only what the text leaves open. Points between the numbers
        mean the day first everywhere.

    Returns
    -------
    Written or None
        `None` for a text that is no date, the null date of Hologic (01/00/00) included.
    """
    plain = text.strip()
    if found := _COMPACT.fullmatch(plain):
        return _one(int(found[1]), int(found[2]), int(found[3]))
    if found := _YEAR_FIRST.fullmatch(plain):
        return _one(int(found[1]), int(found[3]), int(found[4]))
    if (found := _DAY_NAME_YEAR.fullmatch(plain)) and found[2].casefold() in _MONTHS:
        return _one(int(found[3]), _MONTHS[found[2].casefold()], int(found[1]))
    if (found := _NAME_DAY_YEAR.fullmatch(plain)) and found[1].casefold() in _MONTHS:
        return _one(int(found[3]), _MONTHS[found[1].casefold()], int(found[2]))
    if found := _YEAR_LAST.fullmatch(plain):
        return _year_last(int(found[1]), found[2], int(found[3]), found[4], order)
    return None


def order_of(texts: Iterable[str]) -> str:
    """The order of day and month that the unambiguous dates of one document agree on; empty where they do not.

    Parameters
    ----------
    texts
        All dates of a document, as printed.
    """
    orders: set[str] = set()
    for text in texts:
        found = _YEAR_LAST.fullmatch(text.strip())
        if found is None or found[2] == ".":
            continue
        first, second = int(found[1]), int(found[3])
        if first > 12 >= second:
            orders.add("dmy")
        elif second > 12 >= first:
            orders.add("mdy")
    return orders.pop() if len(orders) == 1 else ""


def _one(year: int, month: int, day: int) -> Written | None:
    try:
        return Written(date(year, month, day))
    except ValueError:
        return None


def _year_last(first: int, mark: str, second: int, year_text: str, order: str) -> Written | None:
    year = int(year_text)
    if len(year_text) == 2:
        # Densitometers date from 1987 on; a two-digit year of a birth date is never unambiguous.
        year += 1900 if year >= 87 else 2000
    if mark == "." or order == "dmy":
        return _one(year, second, first)
    if order == "mdy":
        return _one(year, first, second)
    readings = {found.day for found in (_one(year, second, first), _one(year, first, second)) if found is not None}
    days = tuple(sorted(day for day in readings if day is not None))
    if not days:
        return None
    return Written(days[0]) if len(days) == 1 else Written(None, days)
