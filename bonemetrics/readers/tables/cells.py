"""Single cells to numbers, dates, yes or no: what is not plainly one of these is refused, never guessed."""

from __future__ import annotations

import math
import re
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Literal

from bonemetrics.errors import TableError
from bonemetrics.readers.dxa.dates import written_date
from bonemetrics.readers.tables.limit_words import side_of
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
    r"(?P<sign>[<>≤≥]=?)?\s*(?P<digits>[+\-−]?[\d.,'\u2009\u202f\u00a0 ]*\d[\d.,]*(?:[eE][+\-]?\d+)?)(?P<unit>.*)",
    re.DOTALL,
)
_LONGEST = 100
"""Signs of a cell that can still be one number with its unit, or one date."""
_PLAIN = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_COMMA = re.compile(r"[+-]?\d+,\d+(?:[eE][+-]?\d+)?")
_GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}(?:,\d{3})+")
_TIME = re.compile(
    r"(?:[T\s,]\s*)\d{1,2}(?::\d{2}(?::\d{2}(?:[.,]\d+)?)?)?\s*(?:[ap]\.?\s?m\.?)?\s*(?:Z|UTC|[+-]\d{2}:?\d{2})?",
    re.IGNORECASE,
)
_CLOCK = re.compile(r"[\s,:]+\d{1,2}:\d{2}(?::\d{2})?\s*(?:[ap]\.?m\.?)?$", re.IGNORECASE)
_TWO_DIGIT_YEAR = re.compile(r"\d{1,2}[-/.]\d{1,2}[-/.]\d{2}(?:\D.*)?")
_DAY = re.compile(r"\d{4}([-/.])\d{1,2}\1\d{1,2}(?!\d)|\d{1,2}([-/.])\s?\d{1,2}\2\s?\d{4}(?!\d)|\d{8}(?!\d)")
"""A day in digits at the start of a text."""
_POINTS = re.compile(r"(?:0?[1-9]|1[0-2])\.\s?(?:0?[1-9]|1[0-2])\.\s?\d{4}")
_PARTIAL = re.compile(r"\d{4}(?:-\d{1,2})?")
_SERIAL = re.compile(r"[+-]?(?!\d{8}$)\d+(?:\.\d+|,0+)?")
"""A bare number, behind a decimal comma a whole one; eight digits are a day of the calendar, 20160304."""
_THOUSANDS_OR_NOT = re.compile(r"[+-]?\d{1,3}[.,]\d{3}")
"""A bare number that may be thousands as well as a number with decimals: 20.513 or 20,000."""
_EPOCHS = {"sas": date(1960, 1, 1), "excel": date(1899, 12, 30)}
_FIRST_SERIAL = 61
"""Sheets count a 29 February 1900 that never was; from 1 March on their serial numbers fit the calendar."""
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


def number_of(cell: RawCell, *, decimal: str | None = None, limit_words: bool = False) -> tuple[GivenNumber, bool]:
    """Read one number.

    Parameters
    ----------
    cell
        Typed by its file, or a text such as `12.30`, `6,7`, `<0.5` or `12.3 ng/mL`.
    decimal
        `.` or `,` where the study states it.
    limit_words
        Whether a word such as `BLQ` is a result below its limit.

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
    if limit_words and (side := side_of(cell.text)) is not None:
        return GivenNumber(math.nan, 0.0, cell.text, side), False
    found = _SIGNED.fullmatch(cell.text) if len(cell.text) <= _LONGEST else None
    if found is None:
        raise TableError(f"{cell.text[:30]!r} is not one number", code="not-a-number")
    digits, guessed = _digits(found["digits"].strip(), decimal)
    unit = found["unit"].strip()
    if unit[:1].isdigit() or unit.startswith((",", ".", "/", "-", ":")):
        raise TableError(f"{cell.text[:30]!r} is not one number", code="not-a-number")
    value = float(digits)
    if not math.isfinite(value) or (value == 0 and re.match(r"[+-]?[0.]*[1-9]", digits)):
        raise TableError(f"{cell.text[:30]!r} is too large or too small to be a number", code="not-a-number")
    sign = found["sign"] or ""
    censored: Literal["below", "above"] | None = None
    if sign:
        censored = "below" if sign[0] in "<≤" else "above"
    return GivenNumber(value, _half_unit(digits), cell.text, censored, unit), guessed


def _digits(text: str, decimal: str | None) -> tuple[str, bool]:
    """The digits with a decimal point, and whether a comma was taken for one."""
    text = re.sub(r"(?<=\d)['\u2009\u202f\u00a0 ](?=\d{3}(?!\d))", "", text).replace("−", "-")
    if decimal is not None:
        return _as_stated(text, decimal), False
    if _PLAIN.fullmatch(text):
        return text, False
    if _GROUPED.fullmatch(text) or ("," in text and "." in text):
        told = f"{text[:30]!r} may have a decimal comma or group thousands; state 'decimal' in study.toml"
        raise TableError(told, code="decimal-ambiguous")
    if _COMMA.fullmatch(text):
        return text.replace(",", "."), True
    raise TableError(f"{text[:30]!r} is not one number", code="not-a-number")


def _as_stated(text: str, decimal: str) -> str:
    """The digits where the study states the decimal sign; the other sign may group thousands, and no doubt be left.

    One group alone, such as 1.234 with a decimal comma, may as well be a number typed the other way.
    """
    other = "," if decimal == "." else "."
    plain = text.replace(other, "").replace(decimal, ".")
    group = rf"(?:{re.escape(other)}\d{{3}})"
    fits = rf"[+-]?[1-9]\d{{0,2}}(?:{group}+{re.escape(decimal)}\d+|{group}{{2,}})"
    if other in text and not re.fullmatch(fits, text):
        sign = "comma" if decimal == "," else "point"
        told = f"{text[:30]!r} does not fit the decimal {sign} that is stated; write it without groups"
        raise TableError(told, code="decimal-ambiguous")
    if not _PLAIN.fullmatch(plain):
        raise TableError(f"{text[:30]!r} is not one number", code="not-a-number")
    return plain


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
        Of day and month where the text leaves it open, or what a bare number counts.

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
    if found is None and (cell.number is not None or _SERIAL.fullmatch(cell.text)):
        found = _counted(cell, order)
    if found is None:
        found = _written(cell.text, order)
    if not _FIRST_YEAR <= found.year <= _LAST_YEAR:
        raise TableError(f"the year {found.year} is none of a trial", code="not-a-date")
    return found


def _counted(cell: RawCell, order: DateOrder | None) -> date | None:
    """The day of a bare number; `None` where none is stated to be one, and the number may be written otherwise."""
    text = cell.text
    epoch = _EPOCHS.get(order or "")
    if epoch is None:
        if _PARTIAL.fullmatch(text) or not _SERIAL.fullmatch(text):
            return None
        told = (
            f"{text[:30]!r} is a bare number; state dates = 'sas' (days since 1960-01-01) or 'excel' (serial numbers) "
            "in study.toml, or leave the column out by an empty name in [tables.columns]"
        )
        raise TableError(told, code="not-a-date")
    if cell.number is None and _THOUSANDS_OR_NOT.fullmatch(text):
        told = f"{text[:30]!r} has two readings, thousands or decimals; write days without such a sign"
        raise TableError(told, code="not-a-date")
    try:
        days = math.floor(float(text.replace(",", ".")))
        found = None if order == "excel" and days < _FIRST_SERIAL else epoch + timedelta(days=days)
    except OverflowError:
        found = None
    if found is None:
        raise TableError(f"{text[:30]!r} counts no day of a trial", code="not-a-date")
    return found


def _written(text: str, order: DateOrder | None) -> date:
    if _TWO_DIGIT_YEAR.fullmatch(text):
        raise TableError(f"{text[:30]!r} has a year of two digits; write four", code="not-a-date")
    if _PARTIAL.fullmatch(text):
        raise TableError(f"{text[:30]!r} is no whole date; the day is not made up", code="not-a-date")
    day = _without_time(text)
    written = written_date(day, order="" if order is None or order in _EPOCHS else order) if day else None
    if written is None:
        raise TableError(f"{text[:30]!r} is no date that exists", code="not-a-date")
    if written.day is None or (order == "mdy" and _POINTS.fullmatch(day)):
        told = f"{text[:30]!r} has two readings; state 'dates' (dmy or mdy) in study.toml"
        raise TableError(told, code="date-ambiguous-cell")
    return written.day


def _without_time(text: str) -> str:
    """The day alone; empty where more than a time stands behind it, such as a second date."""
    if len(text) > _LONGEST:
        return ""
    found = _DAY.match(text)
    day, rest = (_CLOCK.sub("", text), "") if found is None else (found[0], text[found.end() :])
    if rest and _TIME.fullmatch(rest) is None:
        return ""
    return day if day[-1:].isdigit() and len(re.findall(r"\d+", day)) <= 3 else ""


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
