"""Trabecular mean density freed from the cortex that blur spills into the compartment.

Seen through a blur of standard deviation σ the cortex (about 1000 mg/cm³) adds to the voxels within some 2.5 σ of the
endosteal contour. A plain mean takes that in: about contrast · σ · perimeter / (√(2π) · area), tens of mg/cm³ at
clinical resolution. Peeling the edge off leaves out the zone where trabecular density is highest. Instead the profile
of density against depth below the contour is read as what it is, a sum of

- the trabecular profile, blurred: unknown, but smooth over 1.5 mm (a Gaussian process);
- the cortex seen through the blur, of unknown density;
- the change of that spill where the contour lies beside the edge;
- soft tissue seen through a thin cortex, of known density;
- texture, which belongs to the mean where voxels are used and only hides the profile where they are not.

The best linear unbiased prediction of the compartment's mean from the voxels deeper than 1 σ is a weighted sum of
them (universal kriging), so that its uncertainty follows from the weights. The weights depend on geometry alone, not
on the densities: the result scales and shifts with them exactly.

References
----------
Cressie N 1993, Statistics for Spatial Data, section 3.4, doi 10.1002/9781119115151 (universal kriging).
Rousset OG et al. 1998, J Nucl Med 39:904 (spill-over by known regions and blur, there for PET).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

Floats = npt.NDArray[np.float32]
Weights = npt.NDArray[np.float64]

READ_FROM_SIGMA = 1.0
"""Depth in blur σ from which on voxels are read; nearer to the contour there is more cortex than marrow."""
SMOOTH_OVER_MM = 1.5
"""Length over which trabecular density is alike."""
PROFILE_SD = 150.0
"""How much trabecular density changes with depth, mg/cm³."""
TEXTURE_POWER = 300.0
"""Variance of a mean over 1 mm³ of trabecular bone, (mg/cm³)²·mm³: 45 mg/cm³ over about 0.15 mm³."""
CORTEX_CONTRAST = 900.0
"""Cortex over marrow, mg/cm³; only says what a displaced contour may cost."""
CONTOUR_SD_MM = 0.2
"""How far a contour may lie beside the edge: half a voxel at clinical resolution, an endosteal surface's own roughness
at any. Wider makes the mean depend less on the contour and more on the noise."""
_LEAST_DEPTH_SIGMA = 3.0
_STEP_MM = (0.03, 0.15)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EdgeWeights:
    """The compartment's mass, in voxels, as weights · density + offset, and whether the edge could be corrected.

    The plain sum has the voxels' own coverage as weights; they always add up to the coverage's sum, soft tissue's
    part in the offset included.
    """

    weights: Floats
    offset: float
    corrected: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Profile:
    """Bins of depth: mean depth in mm, number of voxels, and how much of each tissue a bin sees through the blur."""

    depth_mm: Weights
    count: Weights
    marrow: Weights
    cortex: Weights


def plain_weights(covered: Floats) -> EdgeWeights:
    """Every voxel by the share of it that lies in the compartment."""
    return EdgeWeights(weights=covered, offset=0.0, corrected=False)


def corrected_weights(
    covered: Floats,
    *,
    depth_mm: Floats,
    outside_mm: Floats,
    soft_tissue: Floats,
    sigma_mm: float,
    voxel_mm3: float,
) -> EdgeWeights:
    """Weights of the trabecular mean without the spill of the cortex.

    Parameters
    ----------
    covered
        Share of each voxel inside the compartment.
    depth_mm
        Depth below the endosteal contour in mm, negative outside.
    outside_mm
        Signed distance to the periosteal contour in mm, negative inside.
    soft_tissue
        Density of the soft tissue around the bone in mg/cm³, per voxel.
    sigma_mm, voxel_mm3
        Standard deviation of the blur, volume of a voxel.
    """
    first = READ_FROM_SIGMA * sigma_mm
    read = (depth_mm > first) & (covered > 0)
    if not read.any() or float(depth_mm[read].max()) < _LEAST_DEPTH_SIGMA * sigma_mm:
        return plain_weights(covered)
    step = float(np.clip(sigma_mm / 3, *_STEP_MM))
    bins = ((depth_mm[read] - first) / step).astype(np.intp)
    load = covered[read].astype(np.float64)
    soft = ndtr(outside_mm[read].astype(np.float64) / sigma_mm)
    profile, used = _profile(bins, load, depth_mm[read], soft, sigma_mm)
    per_bin = np.zeros(used.size)
    area = np.bincount((depth_mm[depth_mm > 0] / step).astype(np.intp)).astype(np.float64)
    per_bin[used] = _kriging(profile, area, step, sigma_mm, voxel_mm3) / profile.count
    own = load * per_bin[bins] * float(covered.sum(dtype=np.float64))
    weights = np.zeros_like(covered)
    weights[read] = own
    return EdgeWeights(weights=weights, offset=-float((own * soft) @ soft_tissue[read]), corrected=True)


def _profile(
    bins: npt.NDArray[np.intp], load: Weights, depth_mm: Floats, soft: Weights, sigma_mm: float
) -> tuple[_Profile, npt.NDArray[np.bool_]]:
    """The bins that hold voxels, and which they are."""
    count: Weights = np.bincount(bins, load).astype(np.float64)
    used = count > 0

    def mean(values: npt.NDArray[np.floating]) -> Weights:
        return np.asarray(np.bincount(bins, load * values)[used] / count[used])

    marrow = ndtr(depth_mm.astype(np.float64) / sigma_mm)
    profile = _Profile(
        depth_mm=mean(depth_mm), count=count[used], marrow=mean(marrow), cortex=mean(1.0 - marrow - soft)
    )
    return profile, used


def _kriging(profile: _Profile, area: Weights, step_mm: float, sigma_mm: float, voxel_mm3: float) -> Weights:
    """Weights of the bins; `area` counts the compartment's voxels by depth in steps of `step_mm`."""
    depth = profile.depth_mm
    grid = (np.arange(area.size) + 0.5) * step_mm
    prior = PROFILE_SD**2 * np.exp(-0.5 * np.square((grid[:, None] - grid) / SMOOTH_OVER_MM))
    seen = np.exp(-0.5 * np.square((depth[:, None] - grid) / sigma_mm))
    seen *= (profile.marrow / seen.sum(axis=1))[:, None]
    # A contour that is off by δ changes the spill by contrast · δ · φ(depth / σ) / σ.
    height = CORTEX_CONTRAST * CONTOUR_SD_MM / (sigma_mm * np.sqrt(2 * np.pi))
    displaced = height * np.exp(-0.5 * np.square(depth / sigma_mm))
    covariance = seen @ prior @ seen.T + np.outer(displaced, displaced)
    covariance[np.diag_indices_from(covariance)] += TEXTURE_POWER / (profile.count * voxel_mm3)
    share = area / area.sum()
    wanted = seen @ (prior @ share) + TEXTURE_POWER / (voxel_mm3 * area.sum())
    # Unbiased for any level (which lifts marrow and cortex alike) and for any density of the cortex.
    fixed = np.column_stack([profile.marrow + profile.cortex, profile.cortex])
    solved = np.linalg.solve(covariance, np.column_stack([wanted, fixed]))
    lacking = np.array([1.0, 0.0]) - fixed.T @ solved[:, 0]
    return np.asarray(solved[:, 0] + solved[:, 1:] @ np.linalg.solve(fixed.T @ solved[:, 1:], lacking))
