"""Density profiles along the normals of a stack of curves, and their averages over a neighbourhood."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from bonemetrics.segmentation.curves import Curves
from bonemetrics.segmentation.slabs import Floats, Places, Slabs

_MARGIN_PIXELS = 8


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Profiles:
    """Densities (slab, point, depth) in mg/cm³; `depth_mm` counts inwards from the curve, `weight` is 0 outside the
    picture and else the share of the neighbourhood that was seen.
    """

    density: Floats
    weight: Floats
    depth_mm: Places


def sample(slabs: Slabs, rows: slice, curves: Curves, depth_mm: Places) -> Profiles:
    """Read the slabs of `rows` along the normals by cubic splines within the slab.

    Cubic interpolation leaves edges where they are and adds next to no blur; linear interpolation would widen the
    blur by up to half a pixel, depending on where the points fall.
    """
    n, points = curves.points_mm.shape[:2]
    density = np.empty((n, points, len(depth_mm)), dtype=np.float32)
    weight = np.empty(density.shape, dtype=np.float32)
    spacing = np.array([slabs.row_mm, slabs.column_mm])
    limit = np.array(slabs.density.shape[1:])
    for index, plane in enumerate(slabs.density[rows]):
        ahead = curves.points_mm[index] / spacing
        inward = -curves.normals[index] / spacing
        place = ahead.T[:, :, None] + inward.T[:, :, None] * depth_mm
        low = np.maximum(np.floor(place.min(axis=(1, 2))).astype(int) - _MARGIN_PIXELS, 0)
        high = np.minimum(np.ceil(place.max(axis=(1, 2))).astype(int) + _MARGIN_PIXELS + 1, limit)
        spline = ndimage.spline_filter(plane[low[0] : high[0], low[1] : high[1]], order=3, output=np.float32)
        density[index] = ndimage.map_coordinates(
            spline, place - low[:, None, None], order=3, prefilter=False, mode="nearest", output=np.float32
        )
        seen = (place >= 0) & (place <= (limit - 1)[:, None, None])
        weight[index] = seen.all(axis=0)
    return Profiles(density=density, weight=weight, depth_mm=depth_mm)


def average(profiles: Profiles, *, points: float, slabs: float) -> Profiles:
    """Gaussian average over neighbouring points and slabs; standard deviations in points and slabs."""
    load = _blur(profiles.weight, points, slabs)
    total = _blur(profiles.density * profiles.weight, points, slabs)
    return Profiles(
        density=np.asarray(total / np.maximum(load, np.float32(1e-3)), dtype=np.float32),
        weight=load,
        depth_mm=profiles.depth_mm,
    )


def _blur(values: Floats, points: float, slabs: float) -> Floats:
    wrapped = ndimage.gaussian_filter1d(values, points, axis=1, mode="wrap", truncate=3.0)
    if values.shape[0] == 1 or slabs <= 0:
        return np.asarray(wrapped)
    return np.asarray(ndimage.gaussian_filter1d(wrapped, slabs, axis=0, mode="nearest", truncate=3.0))
