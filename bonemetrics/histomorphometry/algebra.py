"""From any sufficient set of measurements and indices to all the others, with what contradicts what."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bonemetrics.errors import AlgebraError
from bonemetrics.histomorphometry import formulas
from bonemetrics.histomorphometry.catalogue import MEASUREMENTS
from bonemetrics.histomorphometry.catalogue_entries import ABOVE_ZERO
from bonemetrics.histomorphometry.linear import Logs, ratios_from_sums
from bonemetrics.histomorphometry.zeros import Zeros, zeros_of
from bonemetrics.records import SectionFactors

_MEASURED_ALONE = frozenset(code for code, one in MEASUREMENTS.items() if one.is_primary) - frozenset(formulas.TERMS)
"""Measurements that no index is made of."""
_CODES = tuple(MEASUREMENTS)
_MOST_ROUNDS = 12
_SLACK = 1e-6
"""Relative difference that the arithmetic itself may leave."""


@dataclass(frozen=True, slots=True)
class Known:
    """A given value in the catalogue's unit, and half a unit of its last digit."""

    value: float
    half_unit: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Contradiction:
    """A given value that the others do not allow: what they make it, and how far rounding would let it be."""

    code: str
    given: float
    computed: float
    tolerance: float
    others: tuple[str, ...]

    @property
    def message(self) -> str:
        """For a person."""
        others = ", ".join(self.others)
        return f"{self.code} is given as {self.given:.6g}; {others} make it {self.computed:.6g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """All that follows: values by code, the givens each may have come from, and contradictions.

    A value that cannot be told, or is undefined such as a rate without labels, is absent.
    """

    values: Mapping[str, float]
    used: Mapping[str, tuple[str, ...]]
    contradictions: tuple[Contradiction, ...] = ()


def solve(given: Mapping[str, Known], factors: SectionFactors | None) -> Solution:
    """Solve for every measurement and index that the given ones determine.

    Parameters
    ----------
    given
        Measurements and indices by code, in the catalogue's units.
    factors
        From section to space; without them only what does not depend on them is solved.

    Returns
    -------
    Solution
        A given value stands as it was given. Where givens contradict each other beyond their rounding, neither side of
        the contradiction gives a number, and what follows from them alone is absent.

    Raises
    ------
    AlgebraError
        `unknown-index` for a code that is none.
    """
    for code in given:
        if code not in _CODES:
            raise AlgebraError(f"{code!r} is no measurement or index of histomorphometry", code="unknown-index")
    plain = _solve(given, factors)
    if plain.is_consistent:
        return Solution(values=plain.values, used=plain.used)
    return _sorted_out(given, factors)


@dataclass(frozen=True, slots=True)
class _Solved:
    values: dict[str, float]
    used: dict[str, tuple[str, ...]]
    is_consistent: bool


def _solve(given: Mapping[str, Known], factors: SectionFactors | None) -> _Solved:
    zeros = zeros_of({code: known.value for code, known in given.items()})
    logs = Logs(formulas.TERMS)
    if factors is not None:
        for name, value in zip(formulas.FACTORS, _in_order(factors), strict=True):
            logs.add(logs.vector([(name, 1)]), math.log(value), frozenset())
    for code, known in given.items():
        if known.value > 0 and code not in _MEASURED_ALONE:
            constant, powers = formulas.expanded(code)
            logs.add(logs.vector(powers), math.log(known.value / constant), frozenset([code]))
    if not {"O.Wi", "O.Th"} & given.keys() and not {"O.Ar", "O.Pm"} & zeros.names:
        # The width of a seam that nobody measured is its area over its length.
        logs.add(logs.vector([("O.Wi", 1), ("O.Ar", -1), ("O.Pm", 1)]), math.log(1000.0), frozenset())
    sums = [[(weight, name) for weight, name in one.terms if name not in zeros.names] for one in formulas.SUMS]
    sums = [terms for terms in sums if len(terms) > 1]
    consistent = zeros.is_consistent and all(known.value >= 0 for known in given.values())
    for _ in range(_MOST_ROUNDS):
        fresh = [one for one in ratios_from_sums(logs, sums) if not logs.solve(one[0][None, :])[0][0]]
        for equation in fresh:
            logs.add(*equation)
        if not fresh:
            break
    values, used = _read_off(logs, zeros)
    consistent = consistent and _holds(logs) and _sums_hold(logs, zeros)
    for code, known in given.items():
        values[code] = known.value
        used[code] = (code,)
    return _Solved(values, used, consistent)


def _in_order(factors: SectionFactors) -> tuple[float, float]:
    told = {
        formulas.SURFACE_FACTOR: factors.perimeter_to_surface,
        formulas.WIDTH_FACTOR: factors.width_to_thickness,
    }
    first, second = formulas.FACTORS
    return told[first], told[second]


def _read_off(logs: Logs, zeros: Zeros) -> tuple[dict[str, float], dict[str, tuple[str, ...]]]:
    values: dict[str, float] = {}
    used: dict[str, tuple[str, ...]] = {}
    open_codes: list[str] = []
    for code in _CODES:
        if code in _MEASURED_ALONE:
            continue
        _, powers = formulas.expanded(code)
        names = {name for name, _ in powers}
        if not names & zeros.names:
            open_codes.append(code)
        elif all(power > 0 for name, power in powers if name in zeros.names) and code not in ABOVE_ZERO:
            values[code] = 0.0
            used[code] = zeros.because
    wanted = np.array([logs.vector(formulas.expanded(code)[1]) for code in open_codes])
    reached, found, weights = logs.solve(wanted)
    for code, is_reached, value, row in zip(open_codes, reached, found, weights, strict=True):
        number = formulas.expanded(code)[0] * math.exp(min(value, 700.0)) if is_reached else math.inf
        if math.isfinite(number):
            values[code] = number
            used[code] = tuple(sorted(logs.used_by(row)))
    return values, used


def _holds(logs: Logs) -> bool:
    """Whether all equations between logarithms hold at once."""
    if not logs.rows:
        return True
    equations, values = np.array(logs.rows), np.array(logs.values)
    left = values - equations @ (np.linalg.pinv(equations, rcond=1e-9) @ values)
    return bool(np.abs(left).max() < _SLACK)


def _sums_hold(logs: Logs, zeros: Zeros) -> bool:
    """Whether sums whose every part is known relative to the first add up, and leave nothing below zero."""
    for one in formulas.SUMS:
        names = [name for _, name in one.terms if name not in zeros.names]
        if len(names) < 2:
            if names:
                return False
            continue
        wanted = np.array([logs.vector([(name, 1), (names[0], -1)]) for name in names])
        reached, found, _ = logs.solve(wanted)
        weights = [weight for weight, name in one.terms if name not in zeros.names]
        parts = np.exp(np.clip(found, -700, 700)) * weights
        known = parts[reached]
        if reached.all():
            if abs(parts.sum()) > _SLACK * np.abs(parts).max():
                return False
        elif reached[0] and names[0] == one.total and known.sum() > _SLACK * abs(parts[0]):
            # Parts that are known are more than the whole already.
            return False
    return True


def _sorted_out(given: Mapping[str, Known], factors: SectionFactors | None) -> Solution:
    """Take givens one by one, measurements first; name each that contradicts those before it."""
    ordered = sorted(given, key=lambda code: (code in formulas.INDEX, list(given).index(code)))
    accepted: dict[str, Known] = {}
    contradictions: list[Contradiction] = []
    for code in ordered:
        before = _solve(accepted, factors)
        fits = _solve({**accepted, code: given[code]}, factors).is_consistent
        if fits:
            accepted[code] = given[code]
            continue
        computed = before.values.get(code)
        if computed is not None:
            tolerance = given[code].half_unit + _rounding(code, accepted, factors)
            if abs(computed - given[code].value) <= tolerance * (1 + _SLACK) + _SLACK * abs(computed):
                continue
        contradictions.append(
            Contradiction(
                code=code,
                given=given[code].value,
                computed=math.nan if computed is None else computed,
                tolerance=given[code].half_unit,
                others=_needed(code, before.used.get(code, tuple(sorted(accepted))), accepted, factors),
            )
        )
    # Either side may be the wrong one, so neither gives a number.
    doubtful = {code for one in contradictions for code in (one.code, *one.others)}
    found = _solve({code: known for code, known in accepted.items() if code not in doubtful}, factors)
    return Solution(values=found.values, used=found.used, contradictions=tuple(contradictions))


def _needed(
    code: str, used: Sequence[str], accepted: Mapping[str, Known], factors: SectionFactors | None
) -> tuple[str, ...]:
    """Those of `used` without which the value cannot be told; all of them where there are several ways to it."""
    found = [
        one
        for one in used
        if code not in _solve({name: known for name, known in accepted.items() if name != one}, factors).values
    ]
    return tuple(found) or tuple(used)


def _rounding(code: str, accepted: Mapping[str, Known], factors: SectionFactors | None) -> float:
    """How far the rounding of the other givens can move a computed value."""
    middle = _solve(accepted, factors).values[code]
    moved = 0.0
    for name, known in accepted.items():
        if known.half_unit > 0 and known.value > 0:
            shifted = {**accepted, name: Known(known.value + known.half_unit, known.half_unit)}
            moved += abs(_solve(shifted, factors).values.get(code, middle) - middle)
    return moved
