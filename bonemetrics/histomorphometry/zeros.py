"""What is zero: no osteoid, no labels, no erosion. Logarithms do not know it, so it is settled before them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bonemetrics.histomorphometry import formulas
from bonemetrics.histomorphometry.catalogue_entries import ABOVE_ZERO


@dataclass(frozen=True, slots=True)
class Zeros:
    """Unknowns that are zero, the givens that say so, and whether these agree with each other."""

    names: frozenset[str]
    because: tuple[str, ...]
    is_consistent: bool


def zeros_of(given: Mapping[str, float]) -> Zeros:
    """Find every unknown that the given zeros make zero.

    Parameters
    ----------
    given
        Values by code.

    Returns
    -------
    Zeros
        A part of a sum that is zero is zero too, since none is below it; a sum of zeros is zero.
    """
    found: set[str] = set()
    because: list[str] = []
    consistent = True
    for code, value in given.items():
        if value != 0:
            continue
        _, powers = formulas.expanded(code)
        can_be = [
            name for name, power in powers if power > 0 and name not in ABOVE_ZERO and name not in formulas.FACTORS
        ]
        if len(can_be) != 1:
            consistent = False
            continue
        found.add(can_be[0])
        because.append(code)
    found = _spread(found)
    for code, value in given.items():
        _, powers = formulas.expanded(code)
        if value > 0 and any(name in found for name, _ in powers):
            consistent = False
    return Zeros(frozenset(found), tuple(because), consistent)


def _spread(zeros: set[str]) -> set[str]:
    while True:
        more: set[str] = set()
        for one in formulas.SUMS:
            parts = {name for _, name in one.parts}
            if one.total in zeros:
                more |= parts
            if parts <= zeros:
                more.add(one.total)
        if more <= zeros:
            return zeros
        zeros = zeros | more
