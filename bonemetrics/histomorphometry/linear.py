"""Which quantities follow from which: logarithms of products, and sums whose parts are known up to a common scale."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
_RANK = 1e-9
"""Relative size below which a direction counts as not there; exponents are small whole numbers."""


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
        self.rows.append(vector)
        self.values.append(value)
        self.used.append(used)

    def solve(self, wanted: Floats) -> tuple[npt.NDArray[np.bool_], Floats, Floats]:
        """Which combinations (rows of `wanted`) follow from the equations, their values, and the equations' weights."""
        if not self.rows:
            return np.zeros(len(wanted), dtype=bool), np.zeros(len(wanted)), np.zeros((len(wanted), 0))
        equations = np.array(self.rows)
        weights = wanted @ np.linalg.pinv(equations, rcond=_RANK)
        reached = np.abs(weights @ equations - wanted).max(axis=1) < 1e-7
        return reached, weights @ np.array(self.values), weights

    def used_by(self, weights: Floats) -> frozenset[str]:
        """Givens behind a combination of equations."""
        return frozenset().union(*(used for weight, used in zip(weights, self.used, strict=True) if abs(weight) > 1e-9))


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
    return _fixed_ratios(logs, matrix[tells], classes, [one for one, told in zip(used, tells, strict=True) if told])


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
            known = np.flatnonzero(reached)
            if known.size:
                place = int(known[0])
                shares[name] = (place, float(np.exp(values[place])))
                behind[name] = logs.used_by(weights[place])
                continue
        shares[name] = (len(classes), 1.0)
        behind[name] = frozenset()
        classes.append(name)
    return classes, shares, behind


def _fixed_ratios(
    logs: Logs, matrix: Floats, classes: Sequence[str], used: Sequence[frozenset[str]]
) -> list[tuple[Floats, float, frozenset[str]]]:
    if not len(matrix):
        return []
    matrix = matrix / np.abs(matrix).max(axis=1, keepdims=True)
    # Scales differ by orders of magnitude, so columns are brought to one size before ranks are judged.
    columns = np.abs(matrix).max(axis=0)
    columns[columns == 0] = 1.0
    _, singular, right = np.linalg.svd(matrix / columns)
    rank = int((singular > 1e-10 * max(1.0, singular.max(initial=0.0))).sum())
    free = right[rank:].T / columns[:, None]
    found: list[tuple[Floats, float, frozenset[str]]] = []
    linked: set[int] = set()
    for one in range(len(classes)):
        for other in range(one + 1, len(classes)):
            if other in linked or not _is_fixed(free[one], free[other]):
                continue
            ratio = float(free[one] @ free[other] / (free[other] @ free[other]))
            if ratio > 0:
                linked.add(other)
                vector = logs.vector([(classes[one], 1), (classes[other], -1)])
                found.append((vector, float(np.log(ratio)), frozenset().union(*used)))
    return found


def _is_fixed(one: Floats, other: Floats) -> bool:
    """Whether two scales have one ratio however the free ones are chosen, and are not both forced to zero."""
    sizes = np.linalg.norm(one) * np.linalg.norm(other)
    return bool(
        sizes > 0 and abs(abs(one @ other) - sizes) <= 1e-9 * sizes and min(map(np.linalg.norm, (one, other))) > 0
    )
