"""Two calibrations of one scan: do they say the same?"""

from __future__ import annotations

import math

from bonemetrics.records import Calibration, Problem, note

BONE_RANGE_MG_PER_CM3 = (0.0, 250.0, 500.0, 750.0, 1000.0)
"""Where two calibrations are compared, on the scale of the first."""
COVERAGE = 1.96
SMALLEST_DIFFERENCE_MG_PER_CM3 = 1.0
"""Differences below this are never a disagreement: printed constants are rounded to about as much."""


def agreement(used: Calibration, other: Calibration) -> Problem | None:
    """Compare the calibration in use with another one of the same scan.

    Parameters
    ----------
    used
        The calibration that the numbers rest on.
    other
        One that was also at hand.

    Returns
    -------
    Problem or None
        `calibrations-disagree` where the densities that they give to one HU, anywhere from 0 to 1000 mg/cm³,
        differ by more than 1.96 of their combined standard uncertainties and by more than 1 mg/cm³;
        `calibrations-not-comparable` for two materials; `None` where they agree or one is no line from HU.
    """
    if used.slope is None or used.intercept is None or other.slope is None or other.intercept is None:
        return None
    if used.material != other.material:
        return note(
            "calibrations-not-comparable",
            f"the {used.method} calibration is in mg {used.material}/cm3, the {other.method} calibration in "
            f"mg {other.material}/cm3; one cannot check the other",
        )
    worst: tuple[float, float, float, float] | None = None
    for density in BONE_RANGE_MG_PER_CM3:
        hu = (density - used.intercept) / used.slope
        difference = other.slope * hu + other.intercept - density
        uncertainty = math.sqrt(_variance_at(used, hu) + _variance_at(other, hu))
        allowed = max(COVERAGE * uncertainty, SMALLEST_DIFFERENCE_MG_PER_CM3)
        if abs(difference) > allowed and (worst is None or abs(difference) > abs(worst[1])):
            worst = (density, difference, uncertainty, allowed)
    if worst is None:
        return None
    return note(
        "calibrations-disagree",
        f"at {worst[0]:g} mg {used.material}/cm3 the {other.method} calibration gives {worst[1]:+.1f} mg/cm3 against "
        f"the {used.method} calibration in use (combined standard uncertainty {worst[2]:.1f} mg/cm3)",
    )


def _variance_at(calibration: Calibration, hu: float) -> float:
    (ss, si), (_, ii) = calibration.covariance
    return max(hu * hu * ss + 2.0 * hu * si + ii, 0.0)
