"""Printed numbers: what they say, to the digit, and nothing where they do not say it."""

from __future__ import annotations

import re
from dataclasses import dataclass

_PLAIN = re.compile(r"([+\-\u2212\u2013]?)(\d{1,7})(?:([.,])(\d{1,12}))?")
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
