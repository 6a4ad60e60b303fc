"""Calibration from the constants that a Scanco scanner writes into its own files."""

from __future__ import annotations

import math

from bonemetrics.errors import CalibrationError
from bonemetrics.quantities import Material
from bonemetrics.records import Calibration, Problem, ScannerConstants, note

WATER_LIMIT_MG_PER_CM3 = 50.0
"""Scanners put water within about 15 mg/cm³ of zero; the Stratec scale, which must not pass for HA, puts it at 60."""
SLOPE_LIMITS_MG_PER_CM3_PER_HU = (0.05, 1.5)
"""HU that follow electron density alone would give 1.72 for hydroxyapatite, and every X-ray energy gives less; a
micro-CT near 20 keV gives about 0.12."""
MU_WATER_LIMITS_PER_CM = (0.12, 2.0)
"""Water between about 300 keV and 14 keV: every X-ray tube that images bone."""

_CHAIN = "density = (HU + 1000) * mu_water / 1000 * density_slope + density_intercept"


def from_scanner(
    constants: ScannerConstants,
    *,
    slope_relative_uncertainty: float | None = None,
    water_uncertainty_mg_per_cm3: float | None = None,
) -> Calibration:
    """HU to mg HA/cm³ by the scanner's own constants.

    Parameters
    ----------
    constants
        As found in the file; absent is `None`.
    slope_relative_uncertainty
        Standard uncertainty of the slope as a fraction, from the site's quality control. The file states none.
    water_uncertainty_mg_per_cm3
        Standard uncertainty of the density at 0 HU, from the same source.

    Returns
    -------
    Calibration
        With zero covariance and the note `calibration-uncertainty-unknown` where no uncertainty is given.

    Raises
    ------
    CalibrationError
        `no-calibration` where a constant is missing, `default-constants` and `hu-constants` where the pair is a
        stand-in or that of HU, `implausible-constants` where it cannot be a density scale.
    """
    slope, intercept, mu_water = _checked(constants)
    slope_hu = mu_water / 1000.0 * slope
    intercept_hu = mu_water * slope + intercept
    _require_plausible(slope_hu, intercept_hu, mu_water)
    notes: tuple[Problem, ...] = ()
    if slope_relative_uncertainty is None and water_uncertainty_mg_per_cm3 is None:
        notes = (
            note(
                "calibration-uncertainty-unknown",
                "the scanner's constants come without an uncertainty; the stated uncertainties leave calibration out",
            ),
        )
    slope_variance = (slope_hu * (slope_relative_uncertainty or 0.0)) ** 2
    water_variance = (water_uncertainty_mg_per_cm3 or 0.0) ** 2
    return Calibration(
        method="scanner",
        slope=slope_hu,
        intercept=intercept_hu,
        material=Material.HA,
        covariance=((slope_variance, 0.0), (0.0, water_variance)),
        parameters={
            "chain": _CHAIN,
            "mu_scaling": constants.mu_scaling,
            "mu_water_per_cm": mu_water,
            "density_slope": slope,
            "density_intercept": intercept,
            "slope_relative_uncertainty": slope_relative_uncertainty,
            "water_uncertainty_mg_per_cm3": water_uncertainty_mg_per_cm3,
        },
        notes=notes,
    )


def _checked(constants: ScannerConstants) -> tuple[float, float, float]:
    """Density slope, density intercept and mu of water, none of them a stand-in."""
    names = ("mu_scaling", "mu_water_per_cm", "density_slope", "density_intercept")
    missing = [name for name in names if getattr(constants, name) is None]
    if missing:
        raise CalibrationError(
            f"the file holds no density calibration of its own: {', '.join(missing)} absent; "
            "scan a phantom or give slope, intercept and material",
            code="no-calibration",
        )
    scaling, mu_water = float(constants.mu_scaling or 0.0), float(constants.mu_water_per_cm or 0.0)
    slope, intercept = float(constants.density_slope or 0.0), float(constants.density_intercept or 0.0)
    if intercept == 0.0 and slope in (0.0, 1.0):
        raise CalibrationError(
            f"density slope {slope:g} and intercept 0 are stand-ins for an absent calibration; "
            "give slope, intercept and material",
            code="default-constants",
        )
    if not MU_WATER_LIMITS_PER_CM[0] <= mu_water <= MU_WATER_LIMITS_PER_CM[1] or scaling <= 0:
        raise CalibrationError(
            f"mu of water {mu_water:g} 1/cm (expected {MU_WATER_LIMITS_PER_CM[0]} to {MU_WATER_LIMITS_PER_CM[1]}) or "
            f"mu scaling {scaling:g} (expected above 0) cannot be; the private elements are not the expected ones",
            code="implausible-constants",
        )
    if _is_hu_pair(slope, intercept, scaling, mu_water):
        raise CalibrationError(
            f"density slope {slope:g} and intercept {intercept:g} map to HU, not to density; "
            "give slope, intercept and material",
            code="hu-constants",
        )
    return slope, intercept, mu_water


def _is_hu_pair(slope: float, intercept: float, scaling: float, mu_water: float) -> bool:
    """Whether the pair is that of HU: from the native value, from mu, or HU themselves left as they are."""
    if math.isclose(intercept, -1000.0, abs_tol=0.5):
        return True
    to_hu = (1000.0 / mu_water, 1000.0 / (scaling * mu_water))
    return intercept <= -990.0 and any(math.isclose(slope, known, rel_tol=0.01) for known in to_hu)


def _require_plausible(slope_hu: float, water: float, mu_water: float) -> None:
    lowest, highest = SLOPE_LIMITS_MG_PER_CM3_PER_HU
    if not lowest <= slope_hu <= highest:
        raise CalibrationError(
            f"the scanner's constants give {slope_hu:.4g} mg/cm3 per HU (expected {lowest} to {highest}); "
            "the density slope may belong to the stored value instead of mu",
            code="implausible-constants",
        )
    if abs(water) > WATER_LIMIT_MG_PER_CM3:
        raise CalibrationError(
            f"the scanner's constants put water (mu {mu_water:g} 1/cm) at {water:.4g} mg HA/cm3 "
            f"(expected within {WATER_LIMIT_MG_PER_CM3:g} of 0); they cannot be calibrated with",
            code="implausible-constants",
        )
