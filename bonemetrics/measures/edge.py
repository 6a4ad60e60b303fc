"""Trabecular mean density freed from the cortex that blur spills into the compartment's edge.

Seen through a blur of standard deviation σ the cortex (about 1000 mg/cm³) adds to the trabecular voxels within about
2.5 σ of the endosteal contour. A plain mean takes that in: about contrast · σ · perimeter / (√(2π) · area), tens of
mg/cm³ at clinical resolution. Peeling the edge away leaves out the zone where trabecular density is highest. Here
density is fitted, over a zone that starts inside the spill, as a trend in depth and position plus the shape that a
blurred edge has (and its first change where the contour is displaced); in the edge zone the trend stands for the data.

The result is a weighted sum of the voxels, so its uncertainty follows from the weights.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

Floats = npt.NDArray[np.float32]

FIT_FROM_SIGMA = 1.0
"""Where the fit begins, in blur σ below the contour."""
DEEP_FROM_SIGMA = 2.5
"""From where on the voxels stand for themselves, in blur σ below the contour."""
FIT_LENGTH_MM = 2.0
"""How far below the edge zone the trend is fitted."""
_ENOUGH_VOXELS = 50


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EdgeWeights:
    """Weight of each voxel in the mean (they sum to 1), and whether the edge zone could be replaced by a trend."""

    weights: npt.NDArray[np.float64]
    extrapolated: bool
    edge_share: float


def plain_weights(covered: Floats) -> EdgeWeights:
    """Every voxel by the share of it that lies in the compartment."""
    whole = covered.astype(np.float64)
    return EdgeWeights(weights=whole / whole.sum(), extrapolated=False, edge_share=0.0)


def extrapolated_weights(covered: Floats, depth_mm: Floats, place_mm: Floats, sigma_mm: float) -> EdgeWeights:
    """Weights that take the edge zone from the trend of the voxels below it.

    Parameters
    ----------
    covered
        Share of each voxel inside the compartment.
    depth_mm
        Depth below the endosteal contour in mm, negative outside.
    place_mm
        (n, 3) position of the voxels in mm, for a trend along the bone and across it.
    sigma_mm
        Standard deviation of the blur in mm.
    """
    start, deep = FIT_FROM_SIGMA * sigma_mm, DEEP_FROM_SIGMA * sigma_mm
    fitted = (depth_mm >= start) & (depth_mm < deep + FIT_LENGTH_MM) & (covered > 0)
    edge = (depth_mm < deep) & (covered > 0)
    below = fitted & ~edge
    if min(np.count_nonzero(below), np.count_nonzero(fitted)) < _ENOUGH_VOXELS:
        return plain_weights(covered)
    centre = place_mm[fitted].mean(axis=0, dtype=np.float64)
    trend_fit, spill_fit = _columns(depth_mm[fitted], place_mm[fitted] - centre, sigma_mm)
    design = np.concatenate([trend_fit, spill_fit], axis=1)
    load = covered[fitted].astype(np.float64)
    normal = (design * load[:, None]).T @ design
    scale = np.sqrt(np.diag(normal))
    scale[scale == 0] = 1.0
    inverse = np.linalg.pinv(normal / np.outer(scale, scale), rcond=1e-10, hermitian=True) / np.outer(scale, scale)
    trend_edge, _ = _columns(depth_mm[edge], place_mm[edge] - centre, sigma_mm)
    wanted = np.concatenate([covered[edge].astype(np.float64) @ trend_edge, np.zeros(spill_fit.shape[1])])
    weights = covered.astype(np.float64)
    total, edge_total = weights.sum(), weights[edge].sum()
    weights[edge] = 0.0
    weights[fitted] += load * (design @ (inverse @ wanted))
    return EdgeWeights(weights=weights / total, extrapolated=True, edge_share=float(edge_total / total))


def _columns(depth_mm: Floats, place_mm: Floats, sigma_mm: float) -> tuple[npt.NDArray[np.float64], ...]:
    """Columns of the trend, and of the spill of a blurred edge with its change under a shift of the contour."""
    depth = depth_mm.astype(np.float64)
    reduced = depth / sigma_mm
    trend = np.column_stack([np.ones_like(depth), depth, place_mm.astype(np.float64)])
    spill = np.column_stack([ndtr(-reduced), np.exp(-0.5 * reduced**2)])
    return trend, spill
