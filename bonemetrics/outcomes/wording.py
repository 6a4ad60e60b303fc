"""How numbers, units and counts are written for people: in figures and in the report alike."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

MISSING = "–"
"""What stands where there is no number; the report explains it."""
_MINUS = "\u2212"
_LARGEST_DECIMALS = 4
_SIGNIFICANT = 3
_SIGNIFICANT_OF_LSC = 2
_UNITS = {
    "1": "",
    "mg/cm3": "mg/cm³",
    "g/cm2": "g/cm²",
    "cm2": "cm²",
    "mm2": "mm²",
    "mm3": "mm³",
    "um": "µm",
    "um/d": "µm/day",
    "d": "days",
    "mm2/mm3": "mm²/mm³",
    "1/mm": "/mm",
    "1/mm2": "/mm²",
    "1/a": "/year",
    "%/a": "%/year",
    "um3/um2/a": "µm³/µm²/year",
    "ug/L": "µg/L",
    "umol/L": "µmol/L",
    "{slices}": "slices",
    "{score}": "",
}


def pretty_unit(ucum: str) -> str:
    """A UCUM unit as the field writes it; one that is not known stays as it is, and a pure number has none."""
    return _UNITS.get(ucum, ucum)


def change_unit(ucum: str) -> str:
    """The unit of a difference: that of two percentages is in points."""
    return "percentage points" if ucum == "%" else pretty_unit(ucum)


def with_unit(text: str, unit: str) -> str:
    """A number and its unit, which a line never parts; `unit` is as `pretty_unit` gives it."""
    return f"{text}\u00a0{unit}" if unit and text != MISSING else text


def decimals(values: Iterable[float | None], lsc: float | None = None) -> int:
    """How many decimals the values of one parameter are shown with.

    Parameters
    ----------
    values
        All of the parameter.
    lsc
        Its least significant change: two digits of it say what can be told apart. Without it, the values have three
        significant digits in the middle of their range.

    Returns
    -------
    int
        0 to 4.
    """
    known = sorted(abs(value) for value in values if value is not None and value != 0)
    if lsc is not None and lsc > 0:
        size, digits = lsc, _SIGNIFICANT_OF_LSC
    elif known and all(value == round(value) for value in known):
        # Counts and scores in whole points: one decimal is for their means.
        return 1
    elif known:
        size, digits = known[len(known) // 2], _SIGNIFICANT
    else:
        return 1
    return min(max(digits - 1 - math.floor(math.log10(size)), 0), _LARGEST_DECIMALS)


def number(value: float | None, places: int, *, signed: bool = False) -> str:
    """A number with a fixed count of decimals and a true minus sign, or a dash.

    Parameters
    ----------
    value
        In any unit.
    places
        Decimals.
    signed
        Write a plus too, as for changes.

    Returns
    -------
    str
        Zero never has a sign.
    """
    if value is None or not math.isfinite(value):
        return MISSING
    text = f"{abs(value):.{places}f}"
    if float(text) == 0:
        return text
    return f"{_MINUS}{text}" if value < 0 else f"+{text}" if signed else text


def interval(low: float | None, high: float | None, places: int, *, signed: bool = False) -> str:
    """Both ends of an interval, or a dash where there is none."""
    if low is None or high is None:
        return MISSING
    return f"{number(low, places, signed=signed)} to {number(high, places, signed=signed)}"


def count_of(part: int, whole: int) -> str:
    """How many of how many: `7 of 10`, or a dash where there is nobody to count."""
    return f"{part} of {whole}" if whole else MISSING


def count_and_limits(count: int, limits: int) -> str:
    """How many numbers there are and, in brackets, how many results that are known only as below or above a limit."""
    return f"{count} (+{limits})" if limits else str(count)


def plural(count: int, one: str, many: str = "") -> str:
    """A count with its noun."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def listed(words: Sequence[str]) -> str:
    """Words in one line with `and` before the last."""
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def change_text(value: float, change: float | None, places: int, unit: str) -> str:
    """A value with its unit and, in brackets, its change from baseline."""
    told = f" ({number(change, places, signed=True)})" if change is not None else ""
    return with_unit(number(value, places), unit) + told
