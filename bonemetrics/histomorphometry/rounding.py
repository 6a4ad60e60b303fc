"""Given values none of which follows from the others, and how far their rounding lets go what follows from them."""

from __future__ import annotations

import math
from collections.abc import Mapping

from bonemetrics.histomorphometry.closure import SLACK, Closure, close
from bonemetrics.records import SectionFactors

_INEXACT = 1e-12
"""Relative error of any number that was written down in full."""


class Basis:
    """Givens that tell something new each, taken one by one.

    Parameters
    ----------
    factors
        From section to space.
    seam_width
        Whether O.Wi is O.Ar over O.Pm.
    """

    def __init__(self, factors: SectionFactors | None, *, seam_width: bool) -> None:
        self._factors, self._seam_width = factors, seam_width
        self._given: dict[str, float] = {}
        self._half_units: dict[str, float] = {}
        self._closure = self._close({})
        self._moved: dict[str, tuple[Closure, Closure]] = {}

    @property
    def values(self) -> Mapping[str, float]:
        """All that follows."""
        return self._closure.values

    @property
    def used(self) -> Mapping[str, tuple[str, ...]]:
        """Givens that each value rests on."""
        return self._closure.used

    def _close(self, given: Mapping[str, float]) -> Closure:
        return close(given, self._factors, seam_width=self._seam_width)

    def takes(self, code: str, value: float, half_unit: float) -> bool:
        """Take a given unless it does not fit those taken before, beyond the rounding of all of them.

        Parameters
        ----------
        code, value, half_unit
            What is given, and half a unit of its last digit.

        Returns
        -------
        bool
            Whether it was taken.
        """
        given = {**self._given, code: value}
        half_units = {**self._half_units, code: max(half_unit, _INEXACT * abs(value))}
        closure = self._close(given)
        if self._misfit(closure) > 0 and not self._within_rounding(given, half_units):
            return False
        self._given, self._half_units, self._closure = given, half_units, closure
        self._moved = {}
        return True

    def _misfit(self, closure: Closure) -> float:
        """By how much parts are more than their wholes, those left out that were so before."""
        return sum(size for name, size in closure.faults.items() if name not in self._closure.faults)

    def _within_rounding(self, given: Mapping[str, float], half_units: Mapping[str, float]) -> bool:
        """Whether parts that are more than their whole may be so by rounding alone."""
        best = dict(given)
        for code, value in given.items():
            # Half the way shows the direction; the end itself may let a difference vanish and show nothing.
            below, above = (
                self._misfit(self._close({**given, code: value + part}))
                for part in (-half_units[code] / 2, half_units[code] / 2)
            )
            best[code] = max(value - half_units[code], 0.0) if below < above else value + half_units[code]
        return self._misfit(self._close(best)) == 0

    def range_of(self, code: str) -> tuple[float, float]:
        """Least and greatest value that the rounding of the givens allows.

        Every value rises or falls with each given over the whole range of its rounding, so both lie at its ends.

        Parameters
        ----------
        code
            Of a value that follows.

        Returns
        -------
        low, high
            Where rounding lets a difference vanish, 0 and infinity.
        """
        middle = self.values[code]
        lowest, highest = dict(self._given), dict(self._given)
        for name, (down, up) in self._shifts().items():
            if name not in self.used[code]:
                continue
            below, above = down.values.get(code), up.values.get(code)
            rises = (above if above is not None else middle) >= (below if below is not None else middle)
            first, second = self._ends(name)
            lowest[name], highest[name] = (first, second) if rises else (second, first)
        low = self._close(lowest).values.get(code, 0.0)
        high = self._close(highest).values.get(code, math.inf)
        return min(low, middle) * (1 - SLACK), max(high, middle) * (1 + SLACK)

    def _ends(self, name: str) -> tuple[float, float]:
        value, half = self._given[name], self._half_units[name]
        return max(value - half, 0.0), value + half

    def _shifts(self) -> Mapping[str, tuple[Closure, Closure]]:
        """What follows with each given at the ends of its rounding."""
        for name in self._given:
            if name not in self._moved:
                first, second = (self._close({**self._given, name: end}) for end in self._ends(name))
                self._moved[name] = (first, second)
        return self._moved

    def needed(self, code: str) -> tuple[str, ...]:
        """Those givens without which a value does not follow."""
        used = self.used[code]
        found = [one for one in used if code not in self._close(self._without(one)).values]
        return tuple(found) or used

    def blamed(self, code: str, value: float) -> tuple[str, ...]:
        """Those givens without any of which another one would fit."""
        found = []
        for one in self._given:
            closure = self._close({**self._without(one), code: value})
            if not closure.faults.keys() - self._closure.faults.keys():
                found.append(one)
        if found:
            return tuple(found)
        alone = self._close({code: value}).faults
        return () if alone else tuple(self._given)

    def _without(self, code: str) -> dict[str, float]:
        return {name: value for name, value in self._given.items() if name != code}
