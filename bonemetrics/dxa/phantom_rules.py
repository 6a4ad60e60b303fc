"""The rules by which a phantom scan is out of control, on deviations from a baseline; see `phantom_qc` for sources."""

from __future__ import annotations

import math
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

Rule = Literal["limit", "3sd", "2of3-2sd", "4of5-1sd", "10-same-side", "tabular-cusum"]
RULES: tuple[Rule, ...] = get_args(Rule)
RULE_TEXT: dict[Rule, str] = {
    "limit": "outside the mean ± {percent:g} %",
    "3sd": "more than 3 SD from the mean",
    "2of3-2sd": "2 of 3 scans more than 2 SD from the mean, on one side",
    "4of5-1sd": "4 of 5 scans more than 1 SD from the mean, on one side",
    "10-same-side": "10 scans in a row on one side of the mean",
    "tabular-cusum": "tabular CUSUM beyond its decision interval",
}
_RUN_RULES: tuple[tuple[Rule, int, int, float], ...] = (("2of3-2sd", 2, 3, 2.0), ("4of5-1sd", 4, 5, 1.0))
_SAME_SIDE = 10
NOISE = 1e-9
"""Relative. A scan that lies on a limit to the printed digit is not outside for the sake of binary arithmetic."""


def tabular_sums(z: npt.NDArray[np.float64] | None, k: float | None) -> tuple[list[float], list[float]]:
    """Upper and lower tabular CUSUM in SD, both counted from zero upwards; empty where there is none."""
    above: list[float] = []
    below: list[float] = []
    if z is None or k is None:
        return above, below
    up = down = 0.0
    for one in z.tolist():
        up = max(0.0, up + one - k)
        down = max(0.0, down - one - k)
        above.append(up)
        below.append(down)
    return above, below


def broken_rules(
    away: npt.NDArray[np.float64], z: npt.NDArray[np.float64] | None, *, mean: float, width: float
) -> list[list[Rule]]:
    """The rules that each scan breaks; a run is named at each scan that completes or prolongs it.

    Parameters
    ----------
    away
        Deviations from the mean in g/cm², in order of time.
    z
        The same in SD; `None` where the SD is zero, and rules in SD then do not apply.
    mean, width
        Of the baseline, and half the width of the Shewhart limits, g/cm².

    Returns
    -------
    list
        Rules of each scan, the tabular CUSUM left out.
    """
    found: list[list[Rule]] = [[] for _ in away]
    noise = NOISE * mean
    run, side = 0, 0.0
    for place, distance in enumerate(away.tolist()):
        if abs(distance) > width + noise:
            found[place].append("limit")
        if z is not None:
            found[place] += _sd_rules(z, place)
        own = 0.0 if abs(distance) <= noise else math.copysign(1.0, distance)
        run = run + 1 if own == side and own else int(own != 0)
        side = own
        if run >= _SAME_SIDE:
            found[place].append("10-same-side")
    return found


def _sd_rules(z: npt.NDArray[np.float64], place: int) -> list[Rule]:
    found: list[Rule] = ["3sd"] if abs(z[place]) > 3 + NOISE else []
    sign = math.copysign(1.0, z[place])
    for rule, needed, among, sds in _RUN_RULES:
        last = z[max(0, place + 1 - among) : place + 1] * sign
        if last[-1] > sds + NOISE and int((last > sds + NOISE).sum()) >= needed:
            found.append(rule)
    return found
