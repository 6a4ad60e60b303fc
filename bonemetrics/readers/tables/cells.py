"""Single cells to numbers, dates, yes or no: what is not plainly one of these is refused, never guessed."""

from __future__ import annotations

import math
import re
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Literal

from bonemetrics.errors import TableError
from bonemetrics.readers.dxa.dates import written_date
from bonemetrics.records import DateOrder, GivenNumber, RawCell

MISSING = frozenset({"", ".", "-", "–", "na", "n/a", "n.a.", "null", "none", "missing", "nan", "#n/a", "not done"})
"""Texts that stand for no value, in small letters."""
_YES = frozenset({"yes", "y", "true", "1", "si", "sí", "s", "ja", "j", "oui", "sim"})
_NO = frozenset({"no", "n", "false", "0", "nein", "non", "não", "nao"})
_FLAWS = {
    "formula": ("formula-cell", "the cell holds a formula; store its value instead"),
    "merged": ("merged-cell", "the cell is covered by a merged one; unmerge it and fill it in"),
    "error": ("error-cell", "the cell holds an error of the spreadsheet"),
}
_SIGNED = re.compile(
    r"(?P<sign>[<>≤≥]=?)?\s*(?P<digits>[+\-−]?[\d.,'\u2009\u202f\u00a0 ]*\d[\d.,]*(?:[eE][+\-]?\d+)?)(?P<unit>.*)"
)
_PLAIN = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_COMMA = re.compile(r"[+-]?\d+,\d+(?:[eE][+-]?\d+)?")
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+")
_TWO_DIGIT_YEAR = re.compile(r"\d{1,2}[-/.]\d{1,2}[-/.]\d{2}(?:\D.*)?")
_PARTIAL = re.compile(r"\d{4}(?:-\d{1,2})?")
_FIRST_YEAR, _LAST_YEAR = 1900, 2100


def is_missing(cell: RawCell) -> bool:
    """Whether a cell holds no value."""
    return not cell.flaw and cell.number is None and cell.day is None and cell.text.casefold() in MISSING


def require_sound(cell: RawCell) -> None:
    """Refuse a formula, a covered cell or an error.

    Raises
    ------
    TableError
        `formula-cell`, `merged-cell` or `error-cell`.
    """
    if cell.flaw:
        code, message = _FLAWS[cell.flaw]
        raise TableError(message, code=code)


def number_of(cell: RawCell, *, decimal: str | None = None) -> tuple[GivenNumber, bool]:
    """Read one number.

    Parameters
    ----------
    cell
        Typed by its file, or a text such as `12.30`, `6,7`, `<0.5` or `12.3 ng/mL`.
    decimal
        `.` or `,` where the study states it.

    Returns
    -------
    tuple
        The number, and whether a comma was read as the decimal point without being told so.

    Raises
    ------
    TableError
        `not-a-number`, `decimal-ambiguous`, or what `require_sound` raises.
    """
    require_sound(cell)
    if cell.number is not None:
        if not math.isfinite(cell.number):
            raise TableError("the cell holds no finite number", code="not-a-number")
        text = repr(float(cell.number)).removesuffix(".0")
        return GivenNumber(float(cell.number), _half_unit(text), text), False
    if cell.day is not None:
        raise TableError("the cell holds a date where a number belongs", code="not-a-number")
    found = _SIGNED.fullmatch(cell.text)
    if found is None:
        raise TableError(f"{cell.text[:30]!r} is not one number", code="not-a-number")
    digits, guessed = _digits(found["digits"].strip(), decimal)
    unit = found["unit"].strip()
    if unit[:1].isdigit() or unit.startswith((",", ".", "/", "-", ":")):
        raise TableError(f"{cell.text[:30]!r} is not one number", code="not-a-number")
    value = float(digits)
    if not math.isfinite(value):
        raise TableError("the number is too large to be one", code="not-a-number")
    sign = found["sign"] or ""
    censored: Literal["below", "above"] | None = None
    if sign:
        censored = "below" if sign[0] in "<≤" else "above"
    return GivenNumber(value, _half_unit(digits), cell.text, censored, unit), guessed


def _digits(text: str, decimal: str | None) -> tuple[str, bool]:
    """The digits with a decimal point, and whether a comma was taken for one."""
    text = re.sub(r"(?<=\d)['\u2009\u202f\u00a0 ](?=\d{3}(?!\d))", "", text).replace("−", "-")
    if decimal == ",":
        if "." in text and not re.fullmatch(r"[+-]?\d{1,3}(?:\.\d{3})+(?:,\d+)?", text):
            raise TableError(f"{text[:30]!r} has a point where the decimal comma is stated", code="decimal-ambiguous")
        text = text.replace(".", "").replace(",", ".")
    elif decimal == "." and "," in text:
        if not re.fullmatch(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?", text):
            raise TableError(f"{text[:30]!r} has a comma where the decimal point is stated", code="decimal-ambiguous")
        text = text.replace(",", "")
    if _PLAIN.fullmatch(text):
        return text, False
    if _GROUPED.fullmatch(text) and not re.match(r"[+-]?0", text):
        told = f"{text[:30]!r} may be a decimal comma or group thousands; state 'decimal' in study.toml"
        raise TableError(told, code="decimal-ambiguous")
    if _COMMA.fullmatch(text):
        return text.replace(",", "."), True
    raise TableError(f"{text[:30]!r} is not one number", code="not-a-number")


def _half_unit(digits: str) -> float:
    """Half a unit of the last printed digit."""
    try:
        exponent = Decimal(digits).as_tuple().exponent
    except InvalidOperation:
        return 0.0
    return 0.5 * 10.0**exponent if isinstance(exponent, int) else 0.0


def date_of(cell: RawCell, *, order: DateOrder | None = None) -> date:
    """Read one day; a time behind it is passed over.

    Parameters
    ----------
    cell
        Typed by its file, or a text.
    order
        Of day and month where the text leaves it open.

    Returns
    -------
    date
        Between 1900 and 2100.

    Raises
    ------
    TableError
        `not-a-date` (partial dates and years of two digits included), `date-ambiguous-cell`, or what `require_sound`
        raises.
    """
    require_sound(cell)
    found = cell.day
    if found is None:
        found = _written(cell.text, order)
    if not _FIRST_YEAR <= found.year <= _LAST_YEAR:
        raise TableError(f"the year {found.year} is none of a trial", code="not-a-date")
    return found


def _written(text: str, order: DateOrder | None) -> date:
    if _TWO_DIGIT_YEAR.fullmatch(text):
        raise TableError(f"{text[:30]!r} has a year of two digits; write four", code="not-a-date")
    if _PARTIAL.fullmatch(text):
        raise TableError(f"{text[:30]!r} is no whole date; the day is not made up", code="not-a-date")
    written = written_date(text, order=order or "")
    if written is None:
        raise TableError(f"{text[:30]!r} is no date that exists", code="not-a-date")
    if written.day is None:
        told = f"{text[:30]!r} has two readings; state 'dates' (dmy or mdy) in study.toml"
        raise TableError(told, code="date-ambiguous-cell")
    return written.day


def yes_no_of(cell: RawCell) -> bool:
    """Read yes or no.

    Raises
    ------
    TableError
        `not-yes-or-no`, or what `require_sound` raises.
    """
    require_sound(cell)
    text = cell.text.casefold() if cell.number is None else repr(float(cell.number)).removesuffix(".0")
    if text in _YES:
        return True
    if text in _NO:
        return False
    raise TableError(f"{cell.text[:30]!r} is neither yes nor no", code="not-yes-or-no")
