"""Whether a disc lies inside a bone: marrow and trabecular bone make round, even places too."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

WALL_HU = 250.0
"""A wall is denser than the disc by this much, more than any rod's holder is denser than its rod."""
REACH_MM = 16.0
ENCLOSED_SHARE = 0.85
_DIRECTIONS = 72


def is_inside_a_bone(
    picture: npt.NDArray[np.float32],
    pixel_mm: tuple[float, float],
    *,
    centre_mm: tuple[float, float],
    radius_mm: float,
    core_hu: float,
) -> bool:
    """Look from the rim of a disc outwards for a denser wall all around.

    Parameters
    ----------
    picture
        Mean of the straightened slices in HU, axes (row, column).
    pixel_mm
        Spacing of its rows and columns.
    centre_mm, radius_mm, core_hu
        The disc, from the centre of the picture's first pixel, and its mean.

    Returns
    -------
    bool
        Whether at least 85 % of all directions meet a wall within 16 mm of the rim. Neighbouring rods and the bones
        of the arm stand in some directions of a rod, never in all.
    """
    angles = np.linspace(0.0, 2.0 * np.pi, _DIRECTIONS, endpoint=False)
    reach = np.arange(0.8 * radius_mm, radius_mm + REACH_MM, 0.5 * min(pixel_mm))
    rows = (centre_mm[0] + np.outer(np.sin(angles), reach)) / pixel_mm[0]
    columns = (centre_mm[1] + np.outer(np.cos(angles), reach)) / pixel_mm[1]
    seen = ndimage.map_coordinates(picture, [rows, columns], order=1, mode="constant", cval=-1000.0)
    walled = seen.max(axis=1) > core_hu + WALL_HU
    return bool(walled.mean() >= ENCLOSED_SHARE)
