"""All that follows from given values: products as equations of logarithms, sums as equations of scales."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bonemetrics.histomorphometry import formulas
from bonemetrics.histomorphometry.catalogue import MEASUREMENTS
from bonemetrics.histomorphometry.catalogue_entries import ABOVE_ZERO
from bonemetrics.histomorphometry.linear import Logs, ratios_from_sums
from bonemetrics.histomorphometry.zeros import Zeros, zeros_of
from bonemetrics.records import SectionFactors

_MEASURED_ALONE = frozenset(code for code, one in MEASUREMENTS.items() if one.is_primary) - frozenset(formulas.TERMS)
"""Measurements that no index is made of."""
_MOST_ROUNDS = 40
_FARTHEST = 690.0
"""Logarithm of the largest number, and of the smallest, with room."""
SLACK = 1e-6
"""Relative difference that the arithmetic itself may leave."""


@dataclass(frozen=True, slots=True)
class Closure:
    """Values that follow, by code, and the givens each rests on.

    `faults` names what does not fit: `zeros`, `negative` or `products`, or the total of a sum, with the part of it by
    which it is exceeded.
    """

    values: dict[str, float]
    used: dict[str, tuple[str, ...]]
    faults: Mapping[str, float]


def close(given: Mapping[str, float], factors: SectionFactors | None, *, seam_width: bool | None = None) -> Closure:
    """Find every value that the given ones determine.

    Parameters
    ----------
    given
        Measurements and indices by code, in the catalogue's units.
    factors
        From section to space; without them only what does not depend on them is found.
    seam_width
        Whether O.Wi is O.Ar over O.Pm; left out, where neither it nor O.Th is given.

    Returns
    -------
    Closure
        A given value stands as it was given.
    """
    zeros = zeros_of(given)
    logs = _products(given, factors)
    sums = [[(weight, name) for weight, name in one.terms if name not in zeros.names] for one in formulas.SUMS]
    sums = [terms for terms in sums if len(terms) > 1]
    seam_width = not {"O.Wi", "O.Th"} & given.keys() if seam_width is None else seam_width
    if seam_width and not {"O.Ar", "O.Pm"} & zeros.names:
        # The width of a seam that nobody measured is its area over its length.
        logs.add(logs.vector([("O.Wi", 1), ("O.Ar", -1), ("O.Pm", 1)]), math.log(1000.0), frozenset())
    _add_sums(logs, sums)
    values, used = _read_off(logs, zeros)
    faults = dict(_faults(given, logs, zeros))
    for code, value in given.items():
        values[code], used[code] = value, (code,)
    return Closure(values, used, faults)


def _products(given: Mapping[str, float], factors: SectionFactors | None) -> Logs:
    logs = Logs(formulas.TERMS)
    if factors is not None:
        logs.add(logs.vector([(formulas.SURFACE_FACTOR, 1)]), math.log(factors.perimeter_to_surface), frozenset())
        logs.add(logs.vector([(formulas.WIDTH_FACTOR, 1)]), math.log(factors.width_to_thickness), frozenset())
    for code, value in given.items():
        if value > 0 and code not in _MEASURED_ALONE:
            constant, powers = formulas.expanded(code)
            logs.add(logs.vector(powers), math.log(value) - math.log(constant), frozenset([code]))
    return logs


def _add_sums(logs: Logs, sums: list[list[tuple[float, str]]]) -> None:
    """Add what the sums tell of ratios, again and again until they tell nothing new."""
    for _ in range(_MOST_ROUNDS):
        before = len(logs.rows)
        for vector, value, used in ratios_from_sums(logs, sums):
            if not logs.solve(vector[None, :])[0][0]:
                logs.add(vector, value, used)
        if len(logs.rows) == before:
            return


def _read_off(logs: Logs, zeros: Zeros) -> tuple[dict[str, float], dict[str, tuple[str, ...]]]:
    values: dict[str, float] = {}
    used: dict[str, tuple[str, ...]] = {}
    open_codes: list[str] = []
    for code in MEASUREMENTS:
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
        number = formulas.expanded(code)[0] * math.exp(value) if is_reached and abs(value) < _FARTHEST else math.inf
        if math.isfinite(number):
            values[code] = number
            used[code] = tuple(sorted(logs.used_by(row)))
    return values, used


def _faults(given: Mapping[str, float], logs: Logs, zeros: Zeros) -> dict[str, float]:
    found: dict[str, float] = {}
    if not zeros.is_consistent:
        found["zeros"] = math.inf
    if any(value < 0 for value in given.values()):
        found["negative"] = math.inf
    if not _holds(logs):
        found["products"] = math.inf
    for one in formulas.SUMS:
        excess = _excess(one, logs, zeros)
        if excess > 0:
            found[one.total] = excess
    return found


def _holds(logs: Logs) -> bool:
    """Whether all equations between logarithms hold at once."""
    if not logs.rows:
        return True
    equations, values = np.array(logs.rows), np.array(logs.values)
    left = values - equations @ (np.linalg.pinv(equations, rcond=1e-9) @ values)
    return bool(np.abs(left).max() < SLACK)


def _excess(one: formulas.Sum, logs: Logs, zeros: Zeros) -> float:
    """By how much of a total the known parts are more than it, or not all of it where every part is known."""
    terms = [(weight, name) for weight, name in one.terms if name not in zeros.names]
    if not terms:
        return 0.0
    wanted = np.array([logs.vector([(name, 1), (terms[0][1], -1)]) for _, name in terms])
    reached, found, _ = logs.solve(wanted)
    parts = np.exp(np.clip(found, -700, 700)) * [weight for weight, _ in terms]
    if terms[0][1] != one.total or len(terms) == 1:
        # A total of zero whose parts are not, or a total whose parts are all zero.
        return math.inf
    left = float(parts[reached].sum()) / abs(float(parts[0]))
    if reached.all():
        return abs(left) if abs(left) > SLACK else 0.0
    return left if left > SLACK else 0.0
