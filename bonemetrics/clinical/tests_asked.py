"""What laboratory tests a sheet may hold: markers of the catalogue, and whatever else the protocol asks for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bonemetrics.errors import TableError
from bonemetrics.quantities import CATALOGUE
from bonemetrics.quantities.clinical import SERUM, SPELLINGS
from bonemetrics.records import Role, Side, Wanted

OPEN = ("Lab", "Score")
"""Quantities whose test or item is named by the protocol."""
_LIMITS = {"Pain-VAS": (0.0, 10.0), "ODI": (0.0, 100.0), "EQ-VAS": (0.0, 100.0), "EQ-5D-index": (-1.0, 1.0)}
"""Ends of scales, both included."""
_DERIVED = ("N.Fx",)
"""Quantities that are counted here and read from nowhere."""
_UNSIGNED = frozenset(code for code, entry in CATALOGUE.items() if entry.site == SERUM) - {"Lab", "NTX%"}
"""Concentrations: they cannot lie below zero."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a test is: quantity, place and unit; `role` is the column it has in a sheet of one column a test."""

    quantity: str
    site: str
    region: str
    unit: str
    role: str
    side: Side | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """What units and rules may be stated for."""
        return (self.region, self.quantity) if self.quantity in OPEN else (self.quantity,)

    @property
    def is_marker(self) -> bool:
        """Whether it is one of the catalogue's own markers, which go by many names."""
        return self.site == SERUM and self.quantity not in OPEN


def unit_in(name: str, *, wanted: str = "") -> str:
    """The unit behind the name of a test: `Weight (kg)`.

    Parameters
    ----------
    name
        Of a test.
    wanted
        Unit of its values. Behind the name of a score, whose unit is `1`, stand its items as often as a unit: numbers,
        and words or items in a row, are none there.
    """
    found = re.fullmatch(r".*\S\s*[\[(]([^\[\]()]+)[\])]\s*", name)
    text = found[1].strip() if found else ""
    is_list = re.search(r"[,;\s]", text) or not re.search(r"[^\W\d_]|%", text)
    return "" if wanted == "1" and is_list else text


def targets_of(wanted: Sequence[Wanted]) -> Iterator[Target]:
    """Every test that a sheet may hold: the markers of the catalogue, then the protocol's other parameters."""
    for code, entry in CATALOGUE.items():
        if entry.site == SERUM and code not in OPEN:
            yield Target(code, SERUM, "", entry.unit, code)
    for one in wanted:
        entry = CATALOGUE[one.quantity]
        is_marker = entry.site == SERUM and one.quantity not in OPEN
        if not (is_marker or entry.needs_material or one.quantity in _DERIVED):
            yield Target(one.quantity, one.site, one.region or "", one.unit, one.paramcd, one.side)


def column_role(target: Target, wanted: Sequence[Wanted]) -> Role:
    """A column of its own for a test: under its code, its other spellings, or its PARAMCD."""
    if target.is_marker:
        codes = [one.paramcd for one in wanted if one.quantity == target.quantity]
        names = (*SPELLINGS.get(target.quantity, ()), *codes)
    else:
        names = (target.region,) if target.quantity in OPEN else ()
    return Role(name=target.role, type="number", synonyms=names, limit_words=True)


def require_possible(target: Target, value: float) -> None:
    """Refuse what no test can give.

    Raises
    ------
    TableError
        `outside-hard-limits`.
    """
    if target.quantity in _UNSIGNED and value < 0:
        raise TableError(f"a concentration of {value:g} {target.unit} cannot be", code="outside-hard-limits")
    lowest, highest = _LIMITS.get(target.quantity, (value, value))
    if not lowest <= value <= highest:
        text = f"{value:g} is outside the scale from {lowest:g} to {highest:g}"
        raise TableError(text, code="outside-hard-limits")
