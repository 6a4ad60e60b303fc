"""Words of persons' particulars as files write them."""

from __future__ import annotations

import re

from bonemetrics.readers.dxa.dates import written_date

_SEXES = {
    **dict.fromkeys(("f", "female", "woman", "w", "weiblich", "femenino", "mujer", "femme", "femminile"), "F"),
    **dict.fromkeys(("m", "male", "man", "männlich", "masculino", "hombre", "homme", "maschile"), "M"),
    **dict.fromkeys(("o", "other"), "O"),
}
_FOUR_DIGITS = re.compile(r"\d{4}")


def sex(text: str) -> str:
    """`F`, `M`, `O`, or empty for a word that is not known."""
    return _SEXES.get(text.strip().casefold(), "")


def birth_date(text: str, order: str = "") -> str:
    """A birth date as YYYYMMDD; empty where it is none, has two digits of the year, or can be read in two ways.

    Parameters
    ----------
    text
        As written.
    order
        Order of day and month in the document, where it is known.
    """
    if not _FOUR_DIGITS.search(text):
        return ""
    written = written_date(text, order=order)
    return written.day.strftime("%Y%m%d") if written and written.day else ""
