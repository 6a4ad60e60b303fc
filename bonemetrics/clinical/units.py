"""Units of laboratories: other spellings of one unit are known, every conversion needs a rule of the study."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from bonemetrics.errors import TableError
from bonemetrics.records import UnitConversion

_SPELLINGS = {
    "ng/ml": "ug/L",
    "mcg/l": "ug/L",
    "pg/ml": "ng/L",
    "nmolbce/l": "nmol/L",
    "nmbce": "nmol/L",
    "nmolbce": "nmol/L",
    "nm": "nmol/L",
    "pm": "pmol/L",
    "umol/ml": "mmol/L",
    "percent": "%",
    "pct": "%",
    "(%)": "%",
    "points": "1",
    "score": "1",
    "{score}": "1",
}
"""UCUM by other spellings, in small letters and without blanks. Both sides are the same quantity: the factor is 1."""


@dataclass(frozen=True, slots=True)
class Scale:
    """From a number of a sheet to one in the wanted unit: times `factor`; `source` names the rule, if there is one."""

    factor: float = 1.0
    source: str = ""


@lru_cache(maxsize=1024)
def same_unit(text: str) -> str:
    """One spelling for all spellings of a unit.

    Parameters
    ----------
    text
        As a sheet or the catalogue writes it: `µg/L`, `ng/mL`.

    Returns
    -------
    str
        Equal for units that differ in spelling alone. Units are not converted: `ng/dL` stays apart.
    """
    plain = "".join(text.split()).replace("µ", "u").replace("μ", "u").replace("·", ".").casefold()
    return _SPELLINGS.get(plain, plain).casefold()


def scale_to(
    wanted: str, given: str, *, names: Sequence[str], conversions: Sequence[UnitConversion], may_be_bare: bool = False
) -> Scale:
    """Find how values in one unit become values in another.

    Parameters
    ----------
    wanted
        UCUM unit of the quantity.
    given
        Unit that the sheet states; empty where it states none.
    names
        Code of the quantity and, for a `Lab` value, its test: what a rule may be stated for.
    conversions
        `[[conversions]]` of the protocol.
    may_be_bare
        Whether the quantity has no unit that could be stated, such as a score.

    Returns
    -------
    Scale
        Factor 1 without a source where both are the same unit.

    Raises
    ------
    TableError
        `unit-unknown` without a unit, `unit-not-convertible` without a rule.
    """
    if not given:
        if may_be_bare:
            return Scale()
        text = f"no unit is stated; state it in the sheet or as [tables.units] {names[0]!r}, expected {wanted!r}"
        raise TableError(text, code="unit-unknown")
    if same_unit(given) == same_unit(wanted):
        return Scale()
    for rule in conversions:
        if rule.quantity in names and same_unit(rule.unit) == same_unit(given):
            return Scale(rule.factor, rule.source)
    text = (
        f"the unit is {given[:30]!r}, {names[0]} is wanted in {wanted!r}; state in [[conversions]] how one becomes "
        "the other"
    )
    raise TableError(text, code="unit-not-convertible")
