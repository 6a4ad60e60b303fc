"""Periosteal and endosteal contours below the voxel, from a filled coarse shape."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from bonemetrics.segmentation import curves as curve_tools
from bonemetrics.segmentation.cortex import CortexFit, fit_cortex
from bonemetrics.segmentation.curves import Curves
from bonemetrics.segmentation.guess import Edges, first_edges
from bonemetrics.segmentation.parameters import TissueParameters
from bonemetrics.segmentation.profiles import Profiles, average, sample
from bonemetrics.segmentation.slabs import Coarse, Flags, Places, Slabs
from bonemetrics.segmentation.smoothing import smooth_values

_FINEST_STEP_MM = 0.05
_NORMAL_SMOOTH_MM = 0.5
_SEARCH_DEPTH_MM = 3.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Contours:
    """Both contours of the slabs `rows`: periosteal curves and, inwards from them, the cortical thickness.

    `valid` is false where the cortex was not seen and the contour is carried over from around; lengths in mm.
    """

    rows: slice
    periosteal: Curves
    thickness_mm: Places
    valid: Flags
    cortex: CortexFit


def find_contours(slabs: Slabs, coarse: Coarse, mask: Flags, parameters: TissueParameters) -> Contours:
    """Place both contours.

    Parameters
    ----------
    mask
        The filled radius on the coarse copy.
    """
    present = np.flatnonzero(mask.any(axis=(1, 2)))
    rows = slice(int(present[0]), int(present[-1]) + 1)
    points = curve_tools.trace(mask[rows], coarse)
    for _ in range(2):
        points = _refine(slabs, rows, points, parameters)
    curves = curve_tools.measure(points, smooth_mm=_NORMAL_SMOOTH_MM)
    deepest = max(2.0, min(parameters.inside_mm, 0.9 * _inner_radius_mm(mask, coarse)))
    profiles = _averaged(slabs, rows, curves, parameters, deepest)
    edges = _edges(profiles, parameters)
    if parameters.placement == "threshold":
        fitted = CortexFit.of_crossings(edges, sigma_mm=_sigma_guess(slabs, parameters))
    else:
        fitted = fit_cortex(profiles, edges, curves, slabs, parameters)
    weight = fitted.weight
    window = _window(slabs, curves, parameters)
    periosteal = smooth_values(fitted.periosteal_mm, weight, **window)
    thickness = smooth_values(fitted.thickness_mm, weight, **window)
    moved = curve_tools.measure(curves.moved(-periosteal), smooth_mm=_NORMAL_SMOOTH_MM / 2)
    return Contours(rows=rows, periosteal=moved, thickness_mm=thickness, valid=edges.valid, cortex=fitted)


def _refine(slabs: Slabs, rows: slice, points: Places, parameters: TissueParameters) -> Places:
    """Move the curves onto the half-way crossings of the outer edge and smooth them.

    Profiles are averaged over a window, and a ripple of the curve that averages out within it would stay unseen: the
    curve must be no rougher than the window.
    """
    curves = curve_tools.measure(points, smooth_mm=_NORMAL_SMOOTH_MM)
    edges = _edges(_averaged(slabs, rows, curves, parameters, _SEARCH_DEPTH_MM), parameters)
    window = _window(slabs, curves, parameters)
    inward = smooth_values(edges.periosteal_mm, edges.valid.astype(np.float64), **window)
    moved = curves.moved(-np.where(np.isfinite(inward), inward, 0.0))
    points = curve_tools.align(curve_tools.respace(moved))
    return curve_tools.smooth(points, parameters.along_mm, slabs=window["slabs"])


def _edges(profiles: Profiles, parameters: TissueParameters) -> Edges:
    levels = None
    if parameters.placement == "threshold":
        levels = (parameters.periosteal_threshold, parameters.threshold)
    return first_edges(
        profiles,
        threshold=parameters.periosteal_threshold,
        bridge_mm=parameters.endosteal_closing_mm,
        levels=levels,
    )


def _averaged(slabs: Slabs, rows: slice, curves: Curves, parameters: TissueParameters, deepest_mm: float) -> Profiles:
    step = max(_FINEST_STEP_MM, slabs.pixel_mm / 2.5)
    depth = np.arange(-parameters.outside_mm, deepest_mm + step / 2, step)
    return average(sample(slabs, rows, curves, depth), **_window(slabs, curves, parameters))


def _window(slabs: Slabs, curves: Curves, parameters: TissueParameters) -> dict[str, float]:
    """Standard deviations of averages in points and slabs."""
    return {
        "points": parameters.along_mm / float(curves.step_mm.mean()),
        "slabs": parameters.across_slices_mm / slabs.spacing_mm,
    }


def _sigma_guess(slabs: Slabs, parameters: TissueParameters) -> float:
    return parameters.blur_sigma_mm or 0.75 * slabs.pixel_mm


def _inner_radius_mm(mask: Flags, coarse: Coarse) -> float:
    """Radius of the largest circle that fits in the middle slab."""
    areas = np.count_nonzero(mask, axis=(1, 2))
    middle = mask[int(np.argsort(areas)[len(areas) // 2 + np.count_nonzero(areas == 0) // 2])]
    spacing = (coarse.row_mm, coarse.column_mm)
    return float(ndimage.distance_transform_edt(np.pad(middle, 1), sampling=spacing).max())
