"""Which quantities follow from which: logarithms of products, and sums whose parts are known up to a common scale."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
_RANK = 1e-9
"""Relative size below which a direction counts as not there; exponents are small whole numbers."""
_INEXACT = 1e-12
"""Relative error of a ratio that was computed through logarithms, with room."""
_FARTHEST = 300.0
"""Logarithm of a ratio beyond which two unknowns of a section share no scale: no arithmetic could hold both."""
_SIZING = 4
"""Rounds in which equations are brought to one size."""


@dataclass(slots=True)
class Logs:
    """Linear equations between logarithms of positive unknowns.

    Parameters
    ----------
    names
        Of the unknowns.
    """

    names: Sequence[str]
    rows: list[Floats] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    used: list[frozenset[str]] = field(default_factory=list)
    _place: dict[str, int] = field(default_factory=dict)
    _inverse: Floats | None = None

    def __post_init__(self) -> None:
        self._place = {name: index for index, name in enumerate(self.names)}

    def vector(self, powers: Iterable[tuple[str, int]]) -> Floats:
        """Exponents of all unknowns."""
        found = np.zeros(len(self.names))
        for name, power in powers:
            found[self._place[name]] += power
        return found

    def add(self, vector: Floats, value: float, used: frozenset[str]) -> None:
        """One equation: the sum of exponents times logarithms has this value; `used` names the givens behind it."""
        self._inverse = None
        self.rows.append(vector)
        self.values.append(value)
        self.used.append(used)

    def solve(self, wanted: Floats) -> tuple[npt.NDArray[np.bool_], Floats, Floats]:
        """Which combinations (rows of `wanted`) follow from the equations, their values, and the equations' weights."""
        if not self.rows:
            return np.zeros(len(wanted), dtype=bool), np.zeros(len(wanted)), np.zeros((len(wanted), 0))
        equations = np.array(self.rows)
        if self._inverse is None:
            self._inverse = np.asarray(np.linalg.pinv(equations, rcond=_RANK), dtype=np.float64)
        weights: Floats = wanted @ self._inverse
        reached = np.abs(weights @ equations - wanted).max(axis=1) < 1e-7
        return reached, weights @ np.array(self.values), weights

    def used_by(self, weights: Floats) -> frozenset[str]:
        """Givens behind a combination of equations."""
        return frozenset().union(*(self.used[place] for place in np.flatnonzero(np.abs(weights) > 1e-9)))


def ratios_from_sums(
    logs: Logs, sums: Sequence[Sequence[tuple[float, str]]]
) -> list[tuple[Floats, float, frozenset[str]]]:
    """Ratios that the sums add to what the products know.

    Unknowns whose ratios are known share one scale. Each sum is then a linear equation between scales, and where all
    of them leave the ratio of two scales no freedom, it is a new equation between logarithms.

    Parameters
    ----------
    logs
        What is known.
    sums
        Each adds up to zero: (weight, unknown).

    Returns
    -------
    list
        New equations for `Logs.add`; empty where nothing new follows.
    """
    names = list(dict.fromkeys(name for terms in sums for _, name in terms))
    classes, shares, behind = _classes(logs, names)
    if len(classes) < 2:
        return []
    matrix, size = np.zeros((len(sums), len(classes))), np.zeros((len(sums), len(classes)))
    used: list[frozenset[str]] = []
    for row, terms in enumerate(sums):
        for weight, name in terms:
            matrix[row, shares[name][0]] += weight * shares[name][1]
            size[row, shares[name][0]] += abs(weight * shares[name][1])
        used.append(frozenset().union(*(behind[name] for _, name in terms)))
    # Parts that cancel leave nothing but rounding, which is no equation.
    matrix[np.abs(matrix) < _RANK * size] = 0.0
    tells = (matrix != 0).sum(axis=1) > 1
    matrix, used = matrix[tells], [one for one, told in zip(used, tells, strict=True) if told]
    found = list(_of_two(matrix, used)) or (list(_of_several(matrix, used)) if len(matrix) else [])
    return [
        (logs.vector([(classes[one], 1), (classes[other], -1)]), math.log(ratio), behind)
        for one, other, ratio, behind in found
        if 0 < ratio < math.inf
    ]


def _classes(
    logs: Logs, names: Sequence[str]
) -> tuple[list[str], Mapping[str, tuple[int, float]], Mapping[str, frozenset[str]]]:
    """First unknown of each class; class and ratio to its first, and the givens behind it, of each unknown."""
    classes: list[str] = []
    shares: dict[str, tuple[int, float]] = {}
    behind: dict[str, frozenset[str]] = {}
    for name in names:
        if classes:
            wanted = np.array([logs.vector([(name, 1), (first, -1)]) for first in classes])
            reached, values, weights = logs.solve(wanted)
            known = np.flatnonzero(reached & (np.abs(values) < _FARTHEST))
            if known.size:
                place = int(known[0])
                shares[name] = (place, float(np.exp(values[place])))
                behind[name] = logs.used_by(weights[place])
                continue
        shares[name] = (len(classes), 1.0)
        behind[name] = frozenset()
        classes.append(name)
    return classes, shares, behind


Ratio = tuple[int, int, float, frozenset[str]]
"""Two places of classes, the first's scale over the second's, and the givens behind it."""


def _of_two(matrix: Floats, used: Sequence[frozenset[str]]) -> Iterator[Ratio]:
    """From sums in which only two scales are left: nothing has to be solved, so nothing cancels."""
    for row, behind in zip(matrix, used, strict=True):
        places = np.flatnonzero(row)
        if len(places) == 2 and row[places[0]] * row[places[1]] < 0:
            yield int(places[0]), int(places[1]), float(-row[places[1]] / row[places[0]]), behind


def _of_several(matrix: Floats, used: Sequence[frozenset[str]]) -> Iterator[Ratio]:
    """From all sums at once."""
    reduced = _Reduced(matrix, used)
    linked: set[int] = set()
    for one in range(matrix.shape[1]):
        for other in range(one + 1, matrix.shape[1]):
            ratio = None if other in linked else reduced.ratio(one, other)
            if ratio is not None and ratio > 0:
                linked.add(other)
                yield one, other, ratio, reduced.used(one) | reduced.used(other)


Span = Mapping[int, tuple[float, float]]
"""A scale as a sum over free ones: (weight, bound of its error) by column."""


class _Reduced:
    """Equations between scales, solved for as many of them as they fix.

    Scales differ by orders of magnitude, so no rank is judged by size. Every entry carries a bound of its own rounding
    error instead, and one that is no larger than its bound has cancelled.
    """

    def __init__(self, matrix: Floats, used: Sequence[frozenset[str]]) -> None:
        self._matrix, self._scale = _of_one_size(matrix)
        self._error = _INEXACT * np.abs(self._matrix)
        self._used = list(used)
        self._row_of: dict[int, int] = {}
        size = matrix.shape[1]
        while True:
            left = [row for row in range(len(matrix)) if row not in self._row_of.values()]
            known = np.abs(self._matrix[left])
            if not known.any():
                return
            place = int(known.argmax())
            self._eliminate(left[place // size], place % size)

    def _eliminate(self, row: int, column: int) -> None:
        pivot = self._matrix[row, column]
        for other in range(len(self._matrix)):
            factor = self._matrix[other, column] / pivot
            if other == row or factor == 0:
                continue
            doubt = (self._error[other, column] + abs(factor) * self._error[row, column]) / abs(pivot)
            error = self._error[other] + abs(factor) * self._error[row] + doubt * np.abs(self._matrix[row])
            changed = self._matrix[other] - factor * self._matrix[row]
            changed[np.abs(changed) <= error] = 0.0
            changed[column] = 0.0
            self._matrix[other], self._error[other] = changed, np.where(changed == 0, 0.0, error)
            self._used[other] |= self._used[row]
        self._row_of[column] = row

    def ratio(self, one: int, other: int) -> float | None:
        """The ratio of two scales if it is the same however the free ones are chosen."""
        first, second = self._span(one), self._span(other)
        if not first or first.keys() != second.keys():
            return None
        best = max(first, key=lambda free: abs(first[free][0]))
        ratio = first[best][0] / second[best][0]
        for free, (weight, error) in first.items():
            its_weight, its_error = second[free]
            if abs(weight - ratio * its_weight) > error + abs(ratio) * its_error + _RANK * abs(weight):
                return None
        return ratio * float(self._scale[one] / self._scale[other])

    def _span(self, column: int) -> Span:
        """A scale by the free ones; empty where the equations leave it nothing but zero."""
        row = self._row_of.get(column)
        if row is None:
            return {column: (1.0, 0.0)}
        pivot = self._matrix[row, column]
        return {
            int(free): (float(-self._matrix[row, free] / pivot), float(self._error[row, free] / abs(pivot)))
            for free in np.flatnonzero(self._matrix[row])
            if free != column
        }

    def used(self, column: int) -> frozenset[str]:
        """Givens behind what a scale was solved for."""
        row = self._row_of.get(column)
        return frozenset() if row is None else self._used[row]


def _of_one_size(matrix: Floats) -> tuple[Floats, Floats]:
    """Equations between scales in units in which all weights are of about one size, and these units."""
    scale = np.ones(matrix.shape[1])
    for _ in range(_SIZING):
        sized = np.where(matrix != 0, np.abs(matrix * scale), np.nan)
        middle = np.sqrt(np.nanmin(sized, axis=1, keepdims=True) * np.nanmax(sized, axis=1, keepdims=True))
        matrix, sized = matrix / middle, sized / middle
        there = ~np.isnan(sized).all(axis=0)
        scale[there] /= np.sqrt(np.nanmin(sized[:, there], axis=0) * np.nanmax(sized[:, there], axis=0))
    return matrix * scale, scale
