"""The density of the soft tissue around a bone, as it would go on beneath the blurred edge."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Floats = npt.NDArray[np.float32]

BAND_MM = 1.5
"""Width of the ring around the bone that is looked at."""
SMOOTH_MM = 1.5
"""Standard deviation over which the ring's level is carried to the contour."""
BLOCK_MM = 0.3
"""Side of the blocks that the level is worked out on."""
OTHER_BONE_MG_PER_CM3 = 250.0
"""Denser voxels outside the contour belong to another bone or a rod."""


def soft_tissue_level(
    density: Floats, periosteal_mm: Floats, *, from_mm: float, spacing_mm: tuple[float, float]
) -> Floats:
    """Local level of the soft tissue in mg/cm³ for every pixel, from a ring that blur does not reach.

    Parameters
    ----------
    density, periosteal_mm
        Stack in mg/cm³ and signed distance to the periosteal contour in mm, axes (slice, row, column).
    from_mm
        Where the ring begins, outside the contour.
    spacing_mm
        Row and column spacing in mm.

    Returns
    -------
    ndarray
        Level on the grid of `density`; 0 where the stack shows no soft tissue at all.
    """
    ring = (periosteal_mm > from_mm) & (periosteal_mm < from_mm + BAND_MM) & (density < OTHER_BONE_MG_PER_CM3)
    if not ring.any():
        return np.zeros_like(density)
    steps = _steps(spacing_mm)
    sigma = [0.0, *(SMOOTH_MM / (spacing * step) for spacing, step in zip(spacing_mm, steps, strict=True))]
    load = ndimage.gaussian_filter(_block_means(ring.astype(np.float32), steps), sigma, mode="constant")
    inside = np.where(ring, density, np.float32(0.0))
    total = ndimage.gaussian_filter(_block_means(inside, steps), sigma, mode="constant")
    overall = np.float32(inside.sum(dtype=np.float64) / np.count_nonzero(ring))
    # A little of the overall level keeps far corners, which no ring reaches, from a division by nothing.
    trust = np.float32(1e-4)
    return _spread((total + trust * overall) / (load + trust), steps, density.shape)


def near_other_bone(
    density: Floats, periosteal_mm: Floats, *, reach_mm: float, spacing_mm: tuple[float, float]
) -> npt.NDArray[np.bool_]:
    """Pixels outside the bone that lie within reach of another bone's blur.

    Parameters
    ----------
    density, periosteal_mm
        Stack in mg/cm³ and signed distance to the periosteal contour in mm, axes (slice, row, column).
    reach_mm
        How far blur carries.
    spacing_mm
        Row and column spacing in mm.
    """
    steps = _steps(spacing_mm)
    dense = _block_means(density, steps) > OTHER_BONE_MG_PER_CM3
    seeds = dense & (_block_means(periosteal_mm, steps) > reach_mm)
    if not seeds.any():
        return np.zeros(density.shape, dtype=np.bool_)
    size = [1, *(2 * int(np.ceil(reach_mm / (mm * step))) + 1 for mm, step in zip(spacing_mm, steps, strict=True))]
    near = _spread(ndimage.maximum_filter(seeds, size=size), steps, density.shape)
    return np.asarray(near & (periosteal_mm > 0))


def _steps(spacing_mm: tuple[float, float]) -> tuple[int, int]:
    """How many pixels make a block; soft tissue needs no finer ones."""
    return max(int(BLOCK_MM / spacing_mm[0]), 1), max(int(BLOCK_MM / spacing_mm[1]), 1)


def _block_means(values: Floats, steps: tuple[int, int]) -> Floats:
    """Means of blocks within the slices; the last block of an axis may be smaller."""
    sums = values
    for axis, step in zip((1, 2), steps, strict=True):
        if step > 1:
            starts = np.arange(0, values.shape[axis], step)
            sizes = np.diff(np.append(starts, values.shape[axis])).astype(np.float32)
            shape = [1, 1, 1]
            shape[axis] = -1
            sums = np.asarray(np.add.reduceat(sums, starts, axis=axis) / sizes.reshape(shape), dtype=np.float32)
    return sums


def _spread(blocks: npt.NDArray[Any], steps: tuple[int, int], shape: tuple[int, ...]) -> npt.NDArray[Any]:
    """Every pixel the value of its block."""
    wide = np.repeat(np.repeat(blocks, steps[0], axis=1), steps[1], axis=2)
    return wide[:, : shape[1], : shape[2]]
