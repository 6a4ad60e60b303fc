"""Given values none of which follows from the others, and how far their rounding lets go what follows from them."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from bonemetrics.histomorphometry.closure import SLACK, Closure, close
from bonemetrics.records import SectionFactors

_INEXACT = 1e-12
"""Relative error of any number that was written down in full."""
_SWEEPS, _POINTS = 3, 60
"""How often all givens are moved within their rounding one by one, and then together, in search of values that fit."""


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
    def given(self) -> tuple[str, ...]:
        """Codes that were taken."""
        return tuple(self._given)

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
        fresh = (size for name, size in closure.faults.items() if name not in self._closure.faults)
        return sum(size / (1 + size) if math.isfinite(size) else math.inf for size in fresh)

    def _within_rounding(self, given: Mapping[str, float], half_units: Mapping[str, float]) -> bool:
        """Whether parts that are more than their whole may be so by rounding alone."""
        best, least = dict(given), self._misfit(self._close(given))
        for _ in range(_SWEEPS):
            for code, value in given.items():
                for way in (-1.0, -0.5, 0.5, 1.0):
                    moved = {**best, code: max(value + way * half_units[code], 0.0)}
                    misfit = self._misfit(self._close(moved))
                    if misfit == 0:
                        return True
                    if misfit < least:
                        best, least = moved, misfit
        return self._fits_somewhere(given, half_units)

    def _fits_somewhere(self, given: Mapping[str, float], half_units: Mapping[str, float]) -> bool:
        """Whether one of many points within the rounding fits, always the same ones."""
        chance = np.random.default_rng(len(given))
        for _ in range(_POINTS):
            ways = chance.uniform(-1, 1, len(given))
            point = {
                code: max(value + float(way) * half_units[code], 0.0)
                for (code, value), way in zip(given.items(), ways, strict=True)
            }
            if self._misfit(self._close(point)) == 0:
                return True
        return False

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
