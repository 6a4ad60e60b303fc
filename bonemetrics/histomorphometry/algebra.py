"""From any sufficient set of measurements and indices to all the others, with what contradicts what."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from bonemetrics.errors import AlgebraError
from bonemetrics.histomorphometry import formulas
from bonemetrics.histomorphometry.catalogue import MEASUREMENTS
from bonemetrics.histomorphometry.closure import close
from bonemetrics.histomorphometry.rounding import Basis
from bonemetrics.records import SectionFactors

_LEFT_OVER = frozenset({"Md.Ar", "Q.Pm", "Md.Pm", "Rv.Pm", formulas.NOT_BONE})
"""What is left of a whole without its smaller part: taken from the whole it would tell that part badly."""


@dataclass(frozen=True, slots=True)
class Known:
    """A given value in the catalogue's unit, and half a unit of its last digit."""

    value: float
    half_unit: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Contradiction:
    """A given value that the others do not allow.

    `computed` is what the others make it, not a number where they only leave no room for it; `tolerance` is how far
    the rounding of all of them would let it be.
    """

    code: str
    given: float
    computed: float
    tolerance: float
    others: tuple[str, ...]

    @property
    def message(self) -> str:
        """For a person."""
        others = ", ".join(self.others)
        if not others:
            return f"{self.code} is given as {self.given:.6g}, which it cannot be"
        if math.isnan(self.computed):
            leave = "leave" if len(self.others) > 1 else "leaves"
            return f"{self.code} is given as {self.given:.6g}; {others} {leave} no room for it"
        make = "make" if len(self.others) > 1 else "makes"
        return f"{self.code} is given as {self.given:.6g}; {others} {make} it {self.computed:.6g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """All that follows: values by code, the givens each may have come from, and contradictions.

    A value that cannot be told, or is undefined such as a rate without labels, is absent.
    """

    values: Mapping[str, float]
    used: Mapping[str, tuple[str, ...]]
    contradictions: tuple[Contradiction, ...] = ()


def solve(given: Mapping[str, Known], factors: SectionFactors | None, *, allowed: float = 0.0) -> Solution:
    """Solve for every measurement and index that the given ones determine.

    Parameters
    ----------
    given
        Measurements and indices by code, in the catalogue's units; their order does not matter.
    factors
        From section to space; without them only what does not depend on them is solved.
    allowed
        Relative difference between a given value and what the others make it that is no contradiction, beside that
        which rounding explains.

    Returns
    -------
    Solution
        A given value stands as it was given. Where givens contradict each other, neither side of the contradiction
        gives a number, and what follows from them alone is absent. O.Wi is O.Ar over O.Pm where neither it nor
        O.Th is given.

    Raises
    ------
    AlgebraError
        `unknown-index` for a code that is none, `invalid-number` for a value or half unit that is not finite, or a
        half unit below zero.
    """
    _require_sound(given)
    plain = close({code: known.value for code, known in given.items()}, factors)
    if not plain.faults:
        return Solution(values=plain.values, used=plain.used)
    left = {code: given[code] for code in _ordered(given)}
    contradictions: list[Contradiction] = []
    while True:
        basis, found = _judged(left, factors, allowed)
        if not found:
            break
        # Either side may be the wrong one, so neither gives a number.
        doubtful = {code for one in found for code in (one.code, *one.others)}
        left = {code: known for code, known in left.items() if code not in doubtful}
        contradictions += found
    out = {code for one in contradictions for code in (one.code, *one.others)}
    values = {code: value for code, value in basis.values.items() if code not in out}
    used = {code: behind for code, behind in basis.used.items() if code not in out}
    values |= {code: known.value for code, known in left.items()}
    used |= {code: (code,) for code in left}
    return Solution(values=values, used=used, contradictions=tuple(contradictions))


def independent(given: Mapping[str, Known], factors: SectionFactors | None) -> dict[str, Known]:
    """Those givens none of which follows from the others, so that each may be moved by itself.

    Parameters
    ----------
    given, factors
        As for `solve`.

    Returns
    -------
    dict
        By code, in the order of the givens where none follows.

    Raises
    ------
    AlgebraError
        As for `solve`.
    """
    _require_sound(given)
    if not (given.keys() & formulas.INDEX.keys() or _LEFT_OVER & given.keys()):
        # Measurements repeat each other only through what is left of a whole.
        return dict(given)
    basis, _ = _judged({code: given[code] for code in _ordered(given)}, factors, 0.0)
    return {code: given[code] for code in basis.given}


def basis_of(given: Mapping[str, Known], factors: SectionFactors | None) -> Basis:
    """Those givens none of which follows from the others, with all that follows and how far rounding moves it.

    Parameters
    ----------
    given, factors
        As for `solve`.
    """
    return _judged({code: given[code] for code in _ordered(given)}, factors, 0.0)[0]


def solve_one(code: str, given: Mapping[str, Known], factors: SectionFactors | None) -> float:
    """Solve for one measurement or index.

    Parameters
    ----------
    code
        What is wanted.
    given, factors
        As for `solve`.

    Returns
    -------
    float
        In the catalogue's unit.

    Raises
    ------
    AlgebraError
        `underdetermined` where the given values do not suffice, `contradiction` where it rests on values that
        contradict each other, and what `solve` raises.
    """
    solution = solve(given, factors)
    if code not in MEASUREMENTS:
        raise AlgebraError(f"{code!r} is no measurement or index of histomorphometry", code="unknown-index")
    if code in solution.values:
        return solution.values[code]
    if solution.contradictions:
        told = "; ".join(one.message for one in solution.contradictions)
        raise AlgebraError(f"{code} cannot be told: {told}", code="contradiction")
    names = ", ".join(given) or "nothing"
    raise AlgebraError(f"{code} does not follow from {names}", code="underdetermined")


def _require_sound(given: Mapping[str, Known]) -> None:
    for code, known in given.items():
        if code not in MEASUREMENTS:
            raise AlgebraError(f"{code!r} is no measurement or index of histomorphometry", code="unknown-index")
        if not (math.isfinite(known.value) and 0 <= known.half_unit < math.inf):
            text = f"{code} is given as {known.value} ± {known.half_unit}; both are finite, the second is not below 0"
            raise AlgebraError(text, code="invalid-number")


def _ordered(given: Mapping[str, Known]) -> list[str]:
    """Measurements before indices, what is left of a whole last, each in the order of the catalogue."""
    codes = list(MEASUREMENTS)

    def rank(code: str) -> tuple[bool, bool, int]:
        is_left_over = not _LEFT_OVER.isdisjoint(name for name, _ in formulas.expanded(code)[1])
        return is_left_over, code in formulas.INDEX, codes.index(code)

    return sorted(given, key=rank)


def _judged(
    given: Mapping[str, Known], factors: SectionFactors | None, allowed: float
) -> tuple[Basis, list[Contradiction]]:
    """Values that tell something new as a basis, and each other value that contradicts it."""
    basis = Basis(factors, seam_width=not {"O.Wi", "O.Th"} & given.keys())
    repeated: list[str] = []
    found: list[Contradiction] = []
    for code, known in given.items():
        if known.value < 0 or code in basis.values:
            repeated.append(code)
        elif not basis.takes(code, known.value, known.half_unit):
            others = basis.blamed(code, known.value)
            found.append(_contradiction(code, known, math.nan, 0.0, others))
    for code in repeated:
        known = given[code]
        if known.value < 0:
            found.append(_contradiction(code, known, math.nan, 0.0, ()))
            continue
        computed = basis.values[code]
        low, high = basis.range_of(code)
        room = known.half_unit + allowed * abs(computed)
        if not low - room <= known.value <= high + room:
            found.append(_contradiction(code, known, computed, high - low, basis.needed(code)))
    return basis, found


def _contradiction(code: str, known: Known, computed: float, spread: float, others: tuple[str, ...]) -> Contradiction:
    return Contradiction(
        code=code, given=known.value, computed=computed, tolerance=known.half_unit + spread / 2, others=others
    )
