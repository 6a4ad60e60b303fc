"""The density of the soft tissue around a bone, as it would go on beneath the blurred edge."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Floats = npt.NDArray[np.float32]

BAND_MM = 1.5
"""Width of the ring around the bone that is looked at."""
SMOOTH_MM = 1.5
"""Standard deviation over which the ring's level is carried to the contour."""
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
    sigma = (0.0, SMOOTH_MM / spacing_mm[0], SMOOTH_MM / spacing_mm[1])
    load = ndimage.gaussian_filter(ring.astype(np.float32), sigma, mode="constant")
    total = ndimage.gaussian_filter(np.where(ring, density, np.float32(0.0)), sigma, mode="constant")
    overall = np.float32(density[ring].mean())
    # A little of the overall level keeps far corners, which no ring reaches, from a division by nothing.
    trust = np.float32(1e-4)
    return np.asarray((total + trust * overall) / (load + trust), dtype=np.float32)


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
    smooth = (0.0, 0.25 / spacing_mm[0], 0.25 / spacing_mm[1])
    dense = ndimage.gaussian_filter(density, smooth) > OTHER_BONE_MG_PER_CM3
    seeds = dense & (periosteal_mm > reach_mm)
    if not seeds.any():
        return np.zeros(density.shape, dtype=np.bool_)
    size = [1] + [2 * int(np.ceil(reach_mm / spacing)) + 1 for spacing in spacing_mm]
    return np.asarray(ndimage.maximum_filter(seeds, size=size) & (periosteal_mm > 0))
