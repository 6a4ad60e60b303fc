"""Noise power of a scan from block means, and the contour's part of an uncertainty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bonemetrics.volume import Box, DensityVolume

Floats = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]

BLOCK_MM = 1.5
"""Side of a block within the slice; wide against the correlation of CT noise (about two pixels)."""
MARGIN_MM = 10.0
"""How far around the bone soft tissue is looked at."""
SOFT_TISSUE_MG_PER_CM3 = (-300.0, 200.0)
"""Density of fat, muscle and tendon in a scan, noise included."""
_NOISE_SLICES = 48
"""Slices in the middle of the stack that tell the noise."""
_BLOCK_SLICES = (4, 2, 1)
_ENOUGH_TRIPLES = 20
_ENOUGH_BLOCKS = 8
_PROFILE_STEP_MM = 0.3
_CHI_SQUARED_MEDIAN = 0.4549364
"""Median of a squared standard normal number: a robust variance from squared differences."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StackNoise:
    """Variance in (mg/cm³)² that one voxel adds to a sum over many, correlation included.

    A weighted sum Σ wᵢ ρᵢ whose weights change slowly from voxel to voxel has the variance power · Σ wᵢ². `image` is
    the noise of the scanner alone, `trabecular` noise and trabecular texture together.
    """

    image: float
    trabecular: float
    source: str


def stack_noise(
    density: DensityVolume,
    periosteal_mm: Floats,
    endosteal_mm: Floats,
    box: Box,
    rows: Sequence[int],
    sigma_mm: float,
) -> StackNoise:
    """Noise power of the measured slices.

    Image noise is read in the soft tissue around the bone, where no trabecular texture counts as noise. Where a scan
    shows too little soft tissue, the trabecular compartment is used, which is an upper bound.
    """
    _, row_mm, column_mm = density.geometry.spacing_mm
    pixel_mm = float(np.sqrt(row_mm * column_mm))
    start = max((len(rows) - _NOISE_SLICES) // 2, 0)
    chosen = np.asarray(rows[start : start + _NOISE_SLICES])
    stack, depth = density.mg_per_cm3[box][chosen], -endosteal_mm[chosen]
    inside = depth > 3.0 * sigma_mm
    trabecular = residual_power(_without_profile(stack, depth, inside), inside, pixel_mm=pixel_mm)
    wide, soft = _soft_tissue(density, periosteal_mm, box, chosen, 3.0 * sigma_mm)
    image = noise_power(wide, soft, pixel_mm=pixel_mm, robust=True)
    if image is None:
        return StackNoise(image=trabecular or 0.0, trabecular=trabecular or 0.0, source="trabecular compartment")
    return StackNoise(image=image, trabecular=trabecular or image, source="soft tissue")


def _soft_tissue(
    density: DensityVolume, periosteal_mm: Floats, box: Box, rows: npt.NDArray[np.intp], clear_mm: float
) -> tuple[Floats, Flags]:
    """The measured slices with a margin around the box, and where soft tissue lies well away from the bone."""
    spacing, shape = density.geometry.spacing_mm, density.geometry.shape
    own = [part.indices(size) for part, size in zip(box, shape, strict=True)]
    grown = []
    for axis in (1, 2):
        margin = int(np.ceil(MARGIN_MM / spacing[axis]))
        grown.append(slice(max(own[axis][0] - margin, 0), min(own[axis][1] + margin, shape[axis])))
    wide = density.mg_per_cm3[rows + own[0][0]][:, grown[0], grown[1]]
    low, high = SOFT_TISSUE_MG_PER_CM3
    soft = (wide > low) & (wide < high)
    place = tuple(
        slice(own[axis][0] - part.start, own[axis][1] - part.start) for axis, part in zip((1, 2), grown, strict=True)
    )
    soft[:, place[0], place[1]] &= periosteal_mm[rows] > clear_mm
    return wide, soft


def noise_power(values: Floats, inside: Flags, *, pixel_mm: float, robust: bool = False) -> float | None:
    """Noise power in (mg/cm³)² from the second differences of block means.

    The second difference of three blocks in a row is free of a level and of a linear trend, so anatomy enters only
    with its curvature; the robust form also passes over the few triples that straddle a border between tissues.

    Parameters
    ----------
    values, inside
        Stack in mg/cm³, axes (slice, row, column), and the voxels to be used; a block counts where nearly all are.
    pixel_mm
        Side of a pixel in mm.
    robust
        From the median of the squared differences instead of their mean.

    Returns
    -------
    float or None
        None where fewer than 20 triples of whole blocks lie in the region.
    """
    side = _block_side(pixel_mm)
    for thick in _BLOCK_SLICES:
        if values.shape[0] < thick:
            continue
        means, whole = _block_means(values, inside, (thick, side, side))
        squares = np.square(np.concatenate([_second_differences(means, whole, axis) for axis in (1, 2)]))
        if squares.size >= _ENOUGH_TRIPLES:
            centre = float(np.median(squares)) / _CHI_SQUARED_MEDIAN if robust else float(np.mean(squares))
            return centre / 6.0 * thick * side * side
    return None


def residual_power(values: Floats, inside: Flags, *, pixel_mm: float) -> float | None:
    """Noise power in (mg/cm³)² from the mean square of block means of values that scatter about zero.

    Returns
    -------
    float or None
        None where fewer than 8 whole blocks lie in the region.
    """
    side = _block_side(pixel_mm)
    for thick in _BLOCK_SLICES:
        if values.shape[0] >= thick:
            means, whole = _block_means(values, inside, (thick, side, side))
            if np.count_nonzero(whole) >= _ENOUGH_BLOCKS:
                return float(np.mean(np.square(means[whole]))) * thick * side * side
    return None


def _without_profile(values: Floats, depth_mm: Floats, inside: Flags) -> Floats:
    """Values less their mean at equal depth, 0 outside."""
    bins = (depth_mm[inside] / _PROFILE_STEP_MM).astype(np.intp)
    found = values[inside].astype(np.float64)
    count = np.maximum(np.bincount(bins), 1)
    left = np.zeros_like(values)
    left[inside] = found - (np.bincount(bins, found) / count)[bins]
    return left


def _block_side(pixel_mm: float) -> int:
    return max(round(BLOCK_MM / pixel_mm), 3)


def _block_means(values: Floats, inside: Flags, block: tuple[int, int, int]) -> tuple[Floats, Flags]:
    cut = tuple(slice(0, size // length * length) for size, length in zip(values.shape, block, strict=True))
    shape = [n for size, length in zip(values[cut].shape, block, strict=True) for n in (size // length, length)]
    # A voxel in a hundred may fall outside the range by noise; leaving its block out would favour quiet blocks.
    share = inside[cut].reshape(shape).mean(axis=(1, 3, 5))
    return values[cut].reshape(shape).mean(axis=(1, 3, 5), dtype=np.float64), share > 0.98


def _second_differences(means: Floats, whole: Flags, axis: int) -> Floats:
    n = means.shape[axis]
    if n < 3:
        return np.empty(0, dtype=means.dtype)
    first, middle, last = (np.take(means, range(start, n - 2 + start), axis=axis) for start in range(3))
    kept = np.logical_and.reduce([np.take(whole, range(start, n - 2 + start), axis=axis) for start in range(3)])
    return np.asarray((first - 2 * middle + last)[kept])


def contour_part(inner: float, outer: float) -> float:
    """Standard uncertainty of a contour known to ± half a voxel: half the change between both, over √3.

    A position that is equally likely anywhere within ± half a voxel has a standard deviation of that half over √3.

    References
    ----------
    JCGM 100:2008 (GUM), 4.3.7.
    """
    return abs(outer - inner) / 2 / float(np.sqrt(3))
