"""What follows from an entry but cannot be, and what its rounding leaves too little of."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bonemetrics.histomorphometry import formulas
from bonemetrics.histomorphometry.algebra import Known, Solution, basis_of
from bonemetrics.histomorphometry.catalogue import MEASUREMENTS
from bonemetrics.histomorphometry.closure import SLACK
from bonemetrics.records import SectionFactors

WIDE = 0.2
"""Range that rounding leaves a value, as a fraction of it, beyond which it is noted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Impossible:
    """A computed value beyond a hard limit.

    `because` are the givens that it rests on, each with its value; `is_rounding` tells that their rounding allows a
    value within the limits.
    """

    code: str
    value: float
    because: Mapping[str, float]
    is_rounding: bool

    @property
    def message(self) -> str:
        """For a person."""
        entry = MEASUREMENTS[self.code]
        names = ", ".join(f"{code} = {value:g}" for code, value in self.because.items())
        most = "" if entry.high is None else f" and at most {entry.high:g}"
        least = "above" if entry.low_open else "at least"
        return f"{names} make {self.code} = {self.value:.4g} {entry.unit}; it is {least} {entry.low:g}{most}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wide:
    """A computed value that the rounding of the givens leaves a wide range; `is_lost` where none of it is safe."""

    code: str
    value: float
    low: float
    high: float
    is_lost: bool

    @property
    def message(self) -> str:
        """For a person."""
        room = f"from {self.low:.3g} upwards" if math.isinf(self.high) else f"{self.low:.3g} to {self.high:.3g}"
        return f"{self.code} = {self.value:.4g} ({room})"


def impossible(
    given: Mapping[str, Known], solution: Solution, factors: SectionFactors | None
) -> tuple[Impossible, ...]:
    """Computed values beyond a hard limit.

    Parameters
    ----------
    given, factors
        What was solved.
    solution
        From `solve`.

    Returns
    -------
    tuple of Impossible
        In the order of the catalogue.
    """
    beyond = [
        code for code, value in solution.values.items() if code not in given and not _holds(code, value, 1 + SLACK)
    ]
    if not beyond:
        return ()
    basis = basis_of(_left(given, solution), factors)
    found = []
    for code in beyond:
        names = basis.needed(code) if code in basis.used else solution.used[code]
        low = basis.range_of(code)[0] if code in basis.values else solution.values[code]
        because = {name: given[name].value for name in names if name in given}
        value = solution.values[code]
        found.append(Impossible(code=code, value=value, because=because, is_rounding=_holds(code, low, 1 + SLACK)))
    return tuple(found)


def _holds(code: str, value: float, slack: float) -> bool:
    return MEASUREMENTS[code].holds(value / slack)


def _left(given: Mapping[str, Known], solution: Solution) -> dict[str, Known]:
    """The givens that no contradiction put in doubt."""
    return {code: known for code, known in given.items() if code in solution.values}


def wide(given: Mapping[str, Known], solution: Solution, factors: SectionFactors | None) -> tuple[Wide, ...]:
    """Computed values that the rounding of the givens leaves a range wider than `WIDE`.

    Small differences of large numbers are such values: E.Pm = 4.0 and Oc.Pm = 3.9 leave Rv.Pm anything to 0.2.

    Parameters
    ----------
    given, solution, factors
        As for `impossible`.

    Returns
    -------
    tuple of Wide
        Lost is what may be zero, or beyond a hard limit.
    """
    doubtful = list(_doubtful(given, solution))
    if not doubtful:
        return ()
    basis = basis_of(_left(given, solution), factors)
    found = []
    for code in doubtful:
        value = solution.values[code]
        if code not in basis.values:
            continue
        low, high = basis.range_of(code)
        if high - low > WIDE * value:
            most = MEASUREMENTS[code].high
            lost = low <= SLACK * value or (most is not None and high > most * (1 + SLACK))
            found.append(Wide(code=code, value=value, low=low, high=high, is_lost=lost))
    return tuple(found)


def _doubtful(given: Mapping[str, Known], solution: Solution) -> Iterator[str]:
    """Values whose range may be wide, by a bound that costs nothing."""
    growth = _growth(given, solution)
    for code, value in solution.values.items():
        if code in given or value <= 0:
            continue
        _, powers = formulas.expanded(code)
        most = max((abs(power) for _, power in powers), default=1)
        parts = (given[name] for name in solution.used.get(code, ()) if name in given and given[name].value > 0)
        if 2 * growth * most * sum(known.half_unit / known.value for known in parts) > WIDE:
            yield code


def _growth(given: Mapping[str, Known], solution: Solution) -> float:
    """By how much differences may enlarge relative errors, at the most."""
    growth = 1.0
    for one in formulas.SUMS:
        parts = {name: weight * solution.values[name] for weight, name in one.parts if name in solution.values}
        total = solution.values.get(one.total)
        if total is None or not total > 0:
            continue
        rest = total - sum(parts.values())
        missing = [name for _, name in one.parts if name not in parts]
        small = [value for name, value in parts.items() if name not in given and value > 0]
        if len(missing) == 1 and rest > 0:
            small.append(rest)
        growth *= max([1.0, *(total / value for value in small)])
    return growth
