"""Whether one set of true values can stand behind all rounded numbers of a results table at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from bonemetrics.dxa.cells import Number, Spot
from bonemetrics.dxa.identity_rules import Identity

MOST_CELLS = 120
"""A table of all combinations of four vertebrae has 45; beyond this the linear program is not worth its time."""
_MOST_SUMS = 600
_FINEST_HALF = 1e-6
"""Numbers known better than this are compared identity by identity; a solver's own tolerance is 1e-7."""
_SLACK_BMD = 1.2
"""As in the tolerance of a single ratio: 0.0006 for a BMD of three decimals."""
_SLACK = 1.02

_Row = npt.NDArray[np.float64]


def fits_together(group: Sequence[Identity], numbers: Mapping[Spot, Number], *, free: Spot | None = None) -> bool:
    """Whether true areas and BMC exist that round to every printed number, with sums and ratios exact.

    Each identity alone leaves a last digit open by one; together they mostly do not.

    Parameters
    ----------
    group
        Identities of areas and BMC (sums, repeats) and of BMD (ratios); means and differences are passed over.
    numbers
        Numbers of their cells.
    free
        A cell whose number is left out of account, while what it is the sum of stays.

    Returns
    -------
    bool
        True also where it cannot be told: numbers of full precision, or very many.
    """
    linear = [identity for identity in group if identity.form in ("sum", "equal", "ratio")]
    cells = {spot for identity in linear for spot in identity.cells}
    if not linear or len(cells) > MOST_CELLS or len(linear) > _MOST_SUMS:
        return True
    if min(numbers[spot].half for spot in cells) < _FINEST_HALF:
        return True
    places = {spot: i for i, spot in enumerate(sorted(spot for spot in cells if spot[1] != "bmd"))}
    equal: list[_Row] = []
    below: list[_Row] = []
    for identity in linear:
        if identity.form == "ratio":
            if identity.target != free:
                below += _ratio(identity, numbers[identity.target], places)
        elif identity.target[1] != "bmd":
            equal.append(_sum(identity, places))
    bounds = [_bounds(numbers[spot], is_free=spot == free) for spot in places]
    return _has_solution(len(places), equal, below, bounds)


def _ratio(identity: Identity, bmd: Number, places: Mapping[Spot, int]) -> list[_Row]:
    # BMC between (BMD - h) * area and (BMD + h) * area: linear in the two unknowns.
    bmc, area = (places[spot] for spot in identity.parts)
    low, high = (np.zeros(len(places)) for _ in range(2))
    low[area], low[bmc] = bmd.value - _SLACK_BMD * bmd.half, -1.0
    high[area], high[bmc] = -(bmd.value + _SLACK_BMD * bmd.half), 1.0
    return [low, high]


def _sum(identity: Identity, places: Mapping[Spot, int]) -> _Row:
    row = np.zeros(len(places))
    row[places[identity.target]] = -1.0
    for part in identity.parts:
        row[places[part]] += 1.0
    return row


def _bounds(number: Number, *, is_free: bool) -> tuple[float, float | None]:
    if is_free:
        return 0.0, None
    return max(number.value - _SLACK * number.half, 0.0), number.value + _SLACK * number.half


def _has_solution(
    unknowns: int, equal: list[_Row], below: list[_Row], bounds: list[tuple[float, float | None]]
) -> bool:
    from scipy.optimize import linprog  # slow to import, and most files need none

    if any(high is not None and high < low for low, high in bounds):
        return False
    answer = linprog(
        np.zeros(unknowns),
        A_ub=np.array(below) if below else None,
        b_ub=np.zeros(len(below)) if below else None,
        A_eq=np.array(equal) if equal else None,
        b_eq=np.zeros(len(equal)) if equal else None,
        bounds=bounds,
        method="highs",
    )
    # Status 2 is proof that there is none; trouble of the solver itself is no conflict of the numbers.
    return bool(answer.status != 2)
