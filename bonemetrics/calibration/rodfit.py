"""One phantom fitted to the rods that were found: assignment, line, gates, covariance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import chi2

from bonemetrics.calibration.assignment import Assignments, possible_assignments
from bonemetrics.calibration.line import Covariance, Line, fit_line, invert
from bonemetrics.errors import CalibrationError
from bonemetrics.quantities import Material
from bonemetrics.records import Phantom, RodReading

MINDWAYS_SIGMA = 0.2174
MINDWAYS_BETA = 999.6
"""Offsets of Mindways' formula; Mindways QCT PRO User Guide 5.0 as implemented in Ogo, `mindways_calibration.py`."""

RESIDUAL_LIMIT_MG_PER_CM3 = 5.0
RESIDUAL_LIMIT_OF_SPAN = 0.02
"""A rod may lie off the line by the larger of 5 mg/cm³ and 2 % of the range of the rods' densities, and three standard
uncertainties of its own. Good phantoms on many HR-pQCT scanners stay within 6 mg/cm³ of 800."""
LEFT_OUT_LIMIT_FACTOR = 3.0
"""A rod predicted by the others may be off by three times as much, for they extrapolate to it."""
R2_LIMIT = 0.99
SLOPE_LIMITS_MG_PER_CM3_PER_HU = {Material.HA: (0.25, 1.5), Material.K2HPO4: (0.25, 1.8), Material.STRATEC: (0.25, 1.8)}
"""HU that follow electron density alone (direct-density reconstructions) give 1.72 for HA and 2.09 for K2HPO4; tubes
of 60 to 150 kVp give 0.35 to 1.1."""
WATER_LIMIT_MG_PER_CM3 = 100.0
PLAUSIBLE_CHI2 = 9.0
"""An assignment whose squared misfit is within this of the best one's, in units of variance, could be the true one."""
CERTIFICATE_FLOOR_MG_PER_CM3 = 1.0
"""No rod is taken to be known better than this when assignments are compared."""
EXCHANGE_LIMIT_MG_PER_CM3 = 5.0
"""Equally good assignments that change a density up to 1000 mg/cm³ by more than this are no calibration."""

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RodFit:
    """A phantom whose rods are told and whose line passed every gate.

    `line` is that of HU (less the rod's water value, for Mindways) on density; slope, intercept and covariance are
    those of density on HU. `order` holds the index of each rod's reading, `exchanged` the names of rods that could as
    well be one another.
    """

    phantom: Phantom
    order: tuple[int, ...]
    line: Line
    slope: float
    intercept: float
    covariance: Covariance
    exchanged: tuple[str, ...]
    by_place: bool
    place_rms_mm: float | None

    @property
    def residuals_mg_per_cm3(self) -> Array:
        """Per rod, density that its HU give less the stated one."""
        return self.line.residuals / self.line.slope

    @property
    def left_out_mg_per_cm3(self) -> tuple[float | None, ...]:
        """Per rod, density that the line through the others gives less the stated one; `None` where they give none."""
        return _left_out(self.line)


def fit_rods(readings: Sequence[RodReading], phantom: Phantom) -> RodFit:
    """The best assignment of the readings to the phantom's rods, and its line.

    Raises
    ------
    CalibrationError
        As `possible_assignments`; `phantom-incomplete`, `phantom-fit-poor`, `phantom-ambiguous`.
    """
    _require_complete(phantom)
    ways = possible_assignments(readings, phantom)
    hu = np.array([reading.mean_hu for reading in readings])
    densities = np.array([rod.density for rod in phantom.rods])
    misfit, slopes, intercepts = _lines(hu[ways.orders] - _waters(phantom), densities, phantom)
    allowed = _inside_limits(slopes, intercepts, phantom)
    if not allowed.any():
        raise _no_line(phantom, slopes, intercepts, misfit)
    best = int(np.where(allowed, misfit, np.inf).argmin())
    order = ways.orders[best]
    line = fit_line(densities, hu[order] - _waters(phantom))
    variances = _rod_variances([readings[index] for index in order], phantom, line.slope)
    _require_good_fit(line, variances, phantom)
    slope, intercept, covariance = _solved(line, variances, phantom)
    changes = _exchanges(ways, misfit, np.stack([slopes, intercepts], axis=1), best, allowed, variances, line, phantom)
    widened = np.array(covariance)
    for change in changes.changes:
        # The truth is one of two equally likely lines, the estimate is one of them: half the squared difference.
        widened += np.outer(change, change) / 2.0
    return RodFit(
        phantom=phantom,
        order=tuple(int(index) for index in order),
        line=line,
        slope=slope,
        intercept=intercept,
        covariance=(
            (float(widened[0, 0]), float(widened[0, 1])),
            (float(widened[0, 1]), float(widened[1, 1])),
        ),
        exchanged=changes.rods,
        by_place=ways.place_rms_mm is not None,
        place_rms_mm=None if ways.place_rms_mm is None else float(ways.place_rms_mm[best]),
    )


def _require_complete(phantom: Phantom) -> None:
    if len({(rod.density, rod.water) for rod in phantom.rods}) < 2 or len({rod.density for rod in phantom.rods}) < 2:
        raise CalibrationError(
            f"{phantom.name} needs two or more rods of different density, found {len(phantom.rods)} rods",
            code="phantom-incomplete",
        )
    if phantom.formula == "mindways" and any(rod.water is None for rod in phantom.rods):
        raise CalibrationError(
            f"{phantom.name}: Mindways' formula needs the water value of every rod from the certificate",
            code="phantom-incomplete",
        )


def _waters(phantom: Phantom) -> Array:
    if phantom.formula != "mindways":
        return np.zeros(len(phantom.rods))
    return np.array([0.0 if rod.water is None else rod.water for rod in phantom.rods])


def _offsets(phantom: Phantom) -> tuple[float, float]:
    """What is added to slope and intercept of HU on density before they are inverted."""
    return (-MINDWAYS_SIGMA, MINDWAYS_BETA) if phantom.formula == "mindways" else (0.0, 0.0)


def _lines(heights: Array, densities: Array, phantom: Phantom) -> tuple[Array, Array, Array]:
    """Squared misfit, slope and intercept (of density on HU) of every way at once; `heights` is (ways, rods)."""
    dx = densities - densities.mean()
    dy = heights - heights.mean(axis=1, keepdims=True)
    slope = dy @ dx / (dx @ dx)
    misfit = np.maximum((dy * dy).sum(axis=1) - slope * slope * (dx @ dx), 0.0)
    intercept = heights.mean(axis=1) - slope * densities.mean()
    sigma, beta = slope + _offsets(phantom)[0], intercept + _offsets(phantom)[1]
    with np.errstate(divide="ignore", invalid="ignore"):
        return misfit, 1.0 / sigma, -beta / sigma


def _inside_limits(slopes: Array, intercepts: Array, phantom: Phantom) -> npt.NDArray[np.bool_]:
    lowest, highest = SLOPE_LIMITS_MG_PER_CM3_PER_HU[phantom.material]
    with np.errstate(invalid="ignore"):
        inside: npt.NDArray[np.bool_] = (
            (slopes >= lowest) & (slopes <= highest) & (np.abs(intercepts) <= WATER_LIMIT_MG_PER_CM3)
        )
    return inside


def _no_line(phantom: Phantom, slopes: Array, intercepts: Array, misfit: Array) -> CalibrationError:
    lowest, highest = SLOPE_LIMITS_MG_PER_CM3_PER_HU[phantom.material]
    rising = np.where((slopes > 0) & (slopes < 100.0), misfit, np.inf)
    nearest = int(rising.argmin())
    found = (
        f"{slopes[nearest]:.3g} mg/cm3 per HU with water at {intercepts[nearest]:.4g} mg/cm3"
        if np.isfinite(rising[nearest])
        else "HU that do not rise with density"
    )
    return CalibrationError(
        f"the rods as those of {phantom.name} give {found}; expected {lowest} to {highest} and water within "
        f"{WATER_LIMIT_MG_PER_CM3:g} of 0. Another phantom, or a reconstruction that bends HU (direct density)",
        code="phantom-fit-poor",
    )


def _rod_variances(readings: Sequence[RodReading], phantom: Phantom, slope: float) -> Array:
    """Variance of each rod's HU about the line: its reading's, and the certificate's turned into HU."""
    noise = np.array([reading.standard_error_hu for reading in readings])
    certificate = np.array([rod.density_uncertainty or 0.0 for rod in phantom.rods])
    return noise**2 + (slope * certificate) ** 2


def _require_good_fit(line: Line, variances: Array, phantom: Phantom) -> None:
    """Refuse rods off the line, r² below 0.99, and rods that the others do not predict."""
    span = max(rod.density for rod in phantom.rods) - min(rod.density for rod in phantom.rods)
    limit = max(RESIDUAL_LIMIT_MG_PER_CM3, RESIDUAL_LIMIT_OF_SPAN * span)
    own = 3.0 * np.sqrt(variances) / line.slope
    off = np.abs(line.residuals) / line.slope
    worst = int((off - own).argmax())
    if off[worst] > limit + own[worst] or line.r**2 < R2_LIMIT:
        raise CalibrationError(
            f"rod {phantom.rods[worst].name} of {phantom.name} reads {off[worst]:.1f} mg/cm3 off the line through all "
            f"rods (limit {limit + own[worst]:.1f}; r2 {line.r**2:.4f}, at least {R2_LIMIT}); another phantom, a rod "
            "in an artefact, or a reconstruction that bends HU (direct density)",
            code="phantom-fit-poor",
        )
    for rod, value, wide in zip(phantom.rods, _left_out(line), own, strict=True):
        if value is not None and abs(value) > LEFT_OUT_LIMIT_FACTOR * (limit + wide):
            raise CalibrationError(
                f"rod {rod.name} of {phantom.name} reads {abs(value):.1f} mg/cm3 off the line through the other rods "
                f"(limit {LEFT_OUT_LIMIT_FACTOR * (limit + wide):.1f}); look for an artefact across this rod",
                code="phantom-fit-poor",
            )


def _left_out(line: Line) -> tuple[float | None, ...]:
    if line.degrees_of_freedom < 1:
        return (None,) * len(line.residuals)
    free = 1.0 - line.leverage
    return tuple(
        float(residual / share / line.slope) if share > 1e-9 else None
        for residual, share in zip(line.residuals, free, strict=True)
    )


def _solved(line: Line, variances: Array, phantom: Phantom) -> tuple[float, float, Covariance]:
    """Density on HU with covariance from rod noise, certificate, and scatter beyond these two."""
    excess = _unexplained(line, variances)
    sigma, beta = line.slope + _offsets(phantom)[0], line.intercept + _offsets(phantom)[1]
    return invert(sigma, beta, line.covariance(variances + excess))


def _unexplained(line: Line, variances: Array) -> float:
    """Scatter about the line in HU² that noise and certificate do not explain.

    Few rods scatter widely by chance; counting every surplus would overstate the uncertainty of good phantoms by a
    quarter. It counts where chance would reach it in one fit of twenty.
    """
    if line.degrees_of_freedom < 1:
        return 0.0
    expected = float((1.0 - line.leverage) @ variances) / line.degrees_of_freedom
    by_chance = expected * float(chi2.ppf(0.95, line.degrees_of_freedom)) / line.degrees_of_freedom
    return line.residual_variance - expected if line.residual_variance > by_chance else 0.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Exchanges:
    changes: tuple[Array, ...]
    rods: tuple[str, ...]


def _exchanges(
    ways: Assignments,
    misfit: Array,
    lines: Array,
    best: int,
    allowed: npt.NDArray[np.bool_],
    variances: Array,
    line: Line,
    phantom: Phantom,
) -> _Exchanges:
    """Other assignments that fit about as well: what they change, and which rods they exchange."""
    floor = (CERTIFICATE_FLOOR_MG_PER_CM3 * line.slope) ** 2
    variance = max(float(variances.mean()), line.residual_variance, floor)
    others = np.flatnonzero(allowed & (misfit <= misfit[best] + PLAUSIBLE_CHI2 * variance))
    changes: dict[tuple[float, float], Array] = {}
    rods: set[str] = set()
    slope, intercept = lines[best]
    for other in others:
        change = lines[other] - lines[best]
        at_bone = [change[0] * (density - intercept) / slope + change[1] for density in (0.0, 1000.0)]
        if max(map(abs, at_bone)) > EXCHANGE_LIMIT_MG_PER_CM3:
            raise CalibrationError(
                f"the rods of {phantom.name} can be told in two ways that fit equally well and differ by "
                f"{max(map(abs, at_bone)):.1f} mg/cm3; give the places of its rods (x_mm, y_mm) in the protocol",
                code="phantom-ambiguous",
            )
        moved = np.flatnonzero(ways.orders[other] != ways.orders[best])
        twins = len({(phantom.rods[index].density, phantom.rods[index].water) for index in moved}) < 2
        if len(moved) and not twins:
            rods.update(phantom.rods[index].name for index in moved)
            changes.setdefault((round(float(change[0]), 9), round(float(change[1]), 6)), change)
    largest = sorted(changes.values(), key=lambda change: -math.hypot(*change))[:1]
    return _Exchanges(changes=tuple(largest), rods=tuple(sorted(rods)))
