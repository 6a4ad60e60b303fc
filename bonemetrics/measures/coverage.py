"""How much of each voxel lies inside a contour, from the signed distance to it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


def coverage(distance_mm: Floats, pixel_mm: float) -> Floats:
    """Share of each pixel's area inside a contour, 0 to 1.

    A straight contour at signed distance d from the pixel's centre covers ½ − d/h of a pixel of side h, exactly
    where it runs along the grid and to second order where it runs across; over a closed contour the errors cancel.

    Parameters
    ----------
    distance_mm
        Signed in-plane distance to the contour in mm, negative inside.
    pixel_mm
        Side of a pixel in mm.
    """
    covered: Floats = np.clip(np.float32(0.5) - distance_mm / np.float32(pixel_mm), 0.0, 1.0)
    return covered


def level_of_area(
    distance_mm: Floats, slice_number: npt.NDArray[np.integer[Any]], share: float, pixel_mm: float, n_slices: int
) -> Floats:
    """The concentric contour of each slice that encloses a share of the slice's whole area.

    Parameters
    ----------
    distance_mm, slice_number
        Signed distance to the outer contour in mm and the running number of the slice, one entry per pixel.
    share
        Share of the area, 0 to 1.
    pixel_mm
        Side of a pixel in mm.
    n_slices
        How many slices there are.

    Returns
    -------
    ndarray
        Per slice the signed distance in mm (negative) of the peeled contour: `coverage(distance − level)` sums to
        `share` of `coverage(distance)`.
    """
    step = pixel_mm / 64.0
    lowest = float(distance_mm.min()) - pixel_mm
    n_bins = int(np.ceil((2 * pixel_mm - lowest) / step)) + 1
    near = distance_mm < pixel_mm
    place = np.rint((distance_mm[near] - lowest) / step).astype(np.int64)
    counts = np.bincount(slice_number[near].astype(np.int64) * n_bins + place, minlength=n_slices * n_bins).reshape(
        n_slices, n_bins
    )
    levels = lowest + step * np.arange(n_bins)
    # A pixel enters linearly while the level passes from −h/2 to +h/2 around its centre.
    entered = np.cumsum(counts, axis=1, dtype=np.float64)
    swept = np.concatenate([np.zeros((n_slices, 1)), np.cumsum(entered, axis=1) * step], axis=1)
    found = np.empty(n_slices, dtype=np.float32)
    edges = np.concatenate([levels - step / 2, levels[-1:] + step / 2])
    for number in range(n_slices):

        def enclosed(level: npt.ArrayLike, curve: npt.NDArray[np.float64] = swept[number]) -> npt.NDArray[np.float64]:
            upper = np.interp(np.asarray(level) + pixel_mm / 2, edges, curve)
            return np.asarray((upper - np.interp(np.asarray(level) - pixel_mm / 2, edges, curve)) / pixel_mm)

        inside = levels[levels <= step]
        found[number] = np.interp(share * float(enclosed(0.0)), enclosed(inside), inside)
    return found
