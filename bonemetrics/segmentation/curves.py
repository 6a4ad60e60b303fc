"""Closed curves around the bone, one per slab, with points that correspond from slab to slab.

Points are (row, column) in mm from the centre of the scan's first pixel. Every stack of curves is (slab, point, 2);
point i lies opposite point i of the neighbouring slabs, and the outward normal is on the curve's right.
"""

from __future__ import annotations

from dataclasses import dataclass

import contourpy
import numpy as np
from scipy import ndimage
from scipy.interpolate import CubicSpline

from bonemetrics.segmentation.slabs import Coarse, Flags, Places

POINT_MM = 0.25
"""Distance between the points of a curve."""
_SMOOTH_MM = 0.4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Curves:
    """A stack of closed curves with outward unit normals and curvature (1/mm, positive where convex)."""

    points_mm: Places
    normals: Places
    curvature_per_mm: Places
    step_mm: Places

    def moved(self, outward_mm: Places) -> Places:
        """Points displaced along their normals."""
        shifted: Places = self.points_mm + outward_mm[..., None] * self.normals
        return shifted


def trace(mask: Flags, coarse: Coarse) -> Places:
    """Outlines of a filled shape, resampled to equal arc length and aligned from slab to slab.

    `mask` holds only slabs in which the bone is present.
    """
    outlines = [_outline(plane, coarse) for plane in mask]
    longest = max(_length(outline) for outline in outlines)
    n = max(48, 2 * round(longest / POINT_MM / 2))
    return align(np.stack([_resample(outline, n) for outline in outlines]))


def _outline(plane: Flags, coarse: Coarse) -> Places:
    margin = 3
    field = np.pad(plane, margin).astype(np.float32)
    field = ndimage.gaussian_filter(field, (_SMOOTH_MM / coarse.row_mm, _SMOOTH_MM / coarse.column_mm))
    lines = [np.asarray(line, dtype=np.float64) for line in contourpy.contour_generator(z=field).lines(0.5)]
    line = max(lines, key=len)
    curve = np.stack([coarse.rows_mm(line[:-1, 1] - margin), coarse.columns_mm(line[:-1, 0] - margin)], axis=1)
    return curve if _signed_area(curve) > 0 else curve[::-1]


def _signed_area(curve: Places) -> float:
    following = np.roll(curve, -1, axis=0)
    return float((curve[:, 0] * following[:, 1] - curve[:, 1] * following[:, 0]).sum() / 2)


def _length(curve: Places) -> float:
    return float(np.linalg.norm(np.roll(curve, -1, axis=0) - curve, axis=1).sum())


def _resample(curve: Places, n: int) -> Places:
    closed = np.concatenate([curve, curve[:1]])
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(closed, axis=0), axis=1))])
    at = np.arange(n) * (along[-1] / n)
    return np.stack([np.interp(at, along, closed[:, axis]) for axis in (0, 1)], axis=1)


def respace(points_mm: Places) -> Places:
    """The same curves with their points at equal arc length again, by periodic cubic splines."""
    n = points_mm.shape[1]
    out = np.empty_like(points_mm)
    for index, curve in enumerate(points_mm):
        closed = np.concatenate([curve, curve[:1]])
        along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(closed, axis=0), axis=1))])
        out[index] = CubicSpline(along, closed, bc_type="periodic")(np.arange(n) * (along[-1] / n))
    return out


def densify(curve: Places, factor: int) -> Places:
    """One closed curve (point, 2) with `factor` times as many points, by a periodic cubic spline over its index."""
    n = len(curve)
    spline = CubicSpline(np.arange(n + 1), np.concatenate([curve, curve[:1]]), bc_type="periodic")
    fine: Places = spline(np.arange(n * factor) / factor)
    return fine


def align(points_mm: Places) -> Places:
    """Turn the numbering of each curve so that it fits that of the slab before."""
    out = points_mm.copy()
    for index in range(1, len(out)):
        before, here = (curve[:, 0] + 1j * curve[:, 1] for curve in (out[index - 1], out[index]))
        likeness = np.fft.ifft(np.fft.fft(here - here.mean()) * np.conj(np.fft.fft(before - before.mean())))
        out[index] = np.roll(out[index], -int(np.argmax(likeness.real)), axis=0)
    return out


def smooth(points_mm: Places, sigma_mm: float, *, slabs: float = 0.0) -> Places:
    """Curves smoothed along themselves (mm) and across slabs (in slabs).

    Beyond the ends of the stack the trend goes on, so that a widening bone keeps its slope.
    """
    step = np.linalg.norm(np.roll(points_mm, -1, axis=1) - points_mm, axis=2).mean()
    result: Places = ndimage.gaussian_filter1d(points_mm, sigma_mm / step, axis=1, mode="wrap")
    if slabs <= 0 or len(result) < 3:
        return result
    n = min(len(result) - 1, int(np.ceil(3 * slabs)))
    before, after = 2 * result[:1] - result[n:0:-1], 2 * result[-1:] - result[-2 : -2 - n : -1]
    longer = np.concatenate([before, result, after])
    return np.asarray(ndimage.gaussian_filter1d(longer, slabs, axis=0, truncate=3.0)[n:-n])


def measure(points_mm: Places, *, smooth_mm: float = 0.0) -> Curves:
    """Normals and curvature of curves by central differences, those of the smoothed curve where asked for."""
    shape = smooth(points_mm, smooth_mm) if smooth_mm > 0 else points_mm
    ahead, behind = np.roll(shape, -1, axis=1), np.roll(shape, 1, axis=1)
    first = (ahead - behind) / 2
    second = ahead - 2 * shape + behind
    speed = np.linalg.norm(first, axis=2)
    normals = np.stack([first[..., 1], -first[..., 0]], axis=2) / speed[..., None]
    curvature = (first[..., 0] * second[..., 1] - first[..., 1] * second[..., 0]) / speed**3
    return Curves(points_mm=points_mm, normals=normals, curvature_per_mm=curvature, step_mm=speed)
