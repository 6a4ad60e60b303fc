"""Printed numbers: what they say, to the digit, and nothing where they do not say it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_PLAIN = re.compile(r"([+\-\u2212\u2013]?)(\d{1,7})(?:([.,])(\d{1,12}))?")
_GROUPED = re.compile(
    r"([+\-\u2212\u2013]?)(\d{1,3}(?:([.,'\u2019\u00a0\u202f ])\d{3})(?:\3\d{3}){0,2})(?:([.,])(\d{1,12}))?"
)
_UNDEFINED = re.compile(r"[-\u2212\u2013\u2014*]+|n/?a|--|\.+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Printed:
    """A printed number and the digits after its point."""

    value: float
    decimals: int


def is_undefined(text: str) -> bool:
    """Whether a cell says that it holds no number: empty, `-`, `*****`, `n/a`."""
    return not text.strip() or _UNDEFINED.fullmatch(text.strip()) is not None


def printed_number(text: str) -> Printed | None:
    """Read one number with a decimal point or comma; groups of thousands are no number here.

    Parameters
    ----------
    text
        One cell; blanks around it and any kind of minus do not matter. A comma is a decimal comma.

    Returns
    -------
    Printed or None
        `None` for everything that is not exactly one number.
    """
    found = _PLAIN.fullmatch(text.strip())
    if found is None:
        return None
    sign, whole, _, fraction = found.groups()
    value = float(f"{whole}.{fraction or '0'}")
    return Printed(value=-value if sign and sign != "+" else value, decimals=len(fraction or ""))


def decimal_mark(texts: Iterable[str], *, small: Iterable[str] = ()) -> str:
    """The decimal mark that the numbers of one document agree on; empty where they do not, or leave it open.

    Parameters
    ----------
    texts
        Numbers that may be grouped by thousands: `1,234` alone says nothing.
    small
        Numbers that never reach a thousand, such as BMD in g/cm² and scores: their only mark is the decimal one.
    """
    marks: set[str] = set()
    for text in texts:
        if found := _PLAIN.fullmatch(text.strip()):
            _, whole, mark, fraction = found.groups()
            if mark and (len(fraction) != 3 or whole.startswith("0") or len(whole) > 3):
                marks.add(mark)
        elif (found := _GROUPED.fullmatch(text.strip())) and found[4] and found[4] != found[3]:
            marks.add(found[4])
    for text in small:
        if (found := _PLAIN.fullmatch(text.strip())) and found[3]:
            marks.add(found[3])
    return marks.pop() if len(marks) == 1 else ""


def number_with(text: str, mark: str) -> Printed | None:
    """Read one number of a document whose decimal mark is known, groups of thousands included.

    Parameters
    ----------
    text
        One cell.
    mark
        Of `decimal_mark`; where it is empty, a text that could be a group of thousands is no number.

    Returns
    -------
    Printed or None
        `None` for everything that is not exactly one number.
    """
    plain = text.strip()
    found = _PLAIN.fullmatch(plain)
    if found is not None:
        _, whole, own, fraction = found.groups()
        if not own or own == mark:
            return printed_number(plain)
        could_be_group = len(fraction) == 3 and not whole.startswith("0") and len(whole) <= 3
        if not mark:
            return None if could_be_group else printed_number(plain)
        if not could_be_group:
            return None
    found = _GROUPED.fullmatch(plain)
    if not mark or found is None or found[3] == mark or found[4] not in (None, mark):
        return None
    digits = re.sub(r"\D", "", found[2])
    return printed_number(f"{found[1]}{digits}{mark if found[5] else ''}{found[5] or ''}")
