"""First places of the two edges on averaged profiles: half-way crossings that the model fit starts from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bonemetrics.segmentation.profiles import Profiles
from bonemetrics.segmentation.slabs import Flags, Floats, Places

SEARCH_MM = (-0.8, 1.6)
"""Depths between which the cortex is looked for; outside the search is short, as another bone may be near."""
_SOFT_RING_MM = 0.8
_TRABECULAR_REACH_MM = 3.0
_SEEN_MM = 0.4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Edges:
    """Depths in mm of both edges below the curve, (slab, point), and the levels around them in mg/cm³.

    `valid` is false where no cortex is seen.
    """

    periosteal_mm: Places
    endosteal_mm: Places
    outside: Floats
    peak: Floats
    inside: Floats
    valid: Flags


def first_edges(
    profiles: Profiles, *, threshold: float, bridge_mm: float, levels: tuple[float, float] | None = None
) -> Edges:
    """Half-way crossings on both sides of the cortex.

    Parameters
    ----------
    profiles
        Averaged profiles around a curve close to the periosteal contour.
    threshold
        A place whose densest point within reach stays below half of this is a break of the cortex.
    bridge_mm
        A drop shorter than half of this is a pore, not the endosteal edge.
    levels
        Periosteal and endosteal density to be crossed instead of half-way ones.
    """
    depth, density = profiles.depth_mm, profiles.density
    near = np.flatnonzero((depth >= SEARCH_MM[0]) & (depth <= SEARCH_MM[1]))
    top = near[np.argmax(density[..., near], axis=2)]
    # A rise further in may be higher than the cortex's own: the outermost maximum that is nearly as high counts.
    high = density[..., near] >= 0.8 * np.take_along_axis(density, top[..., None], axis=2)
    first = near[np.argmax(high, axis=2)]
    top = _climb(density, first)
    peak = np.take_along_axis(density, top[..., None], axis=2)[..., 0]
    step = float(depth[1] - depth[0])
    ring = max(1, round(_SOFT_RING_MM / step))
    outside = _lowest_before(density, top, ring)
    inside = _lowest_after(density, top, round(_TRABECULAR_REACH_MM / step))
    outer_level, inner_level = np.asarray((outside + peak) / 2), np.asarray((inside + peak) / 2)
    if levels is not None:
        outer_level, inner_level = np.full_like(peak, levels[0]), np.full_like(peak, levels[1])
    outer, found = _crossing(density, depth, top, outer_level, direction=-1)
    inner, ends = _crossing(density, depth, top, inner_level, direction=1, hold=max(1, round(bridge_mm / 2 / step)))
    around = (depth > outer[..., None] - _SEEN_MM) & (depth < inner[..., None] + _SEEN_MM)
    seen = ~(around & (profiles.weight < 0.5)).any(axis=2)
    valid = found & ends & seen & (peak > threshold / 2) & (peak - outside > threshold / 4) & (inner > outer)
    return Edges(periosteal_mm=outer, endosteal_mm=inner, outside=outside, peak=peak, inside=inside, valid=valid)


def _climb(density: Floats, start: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """Follow the profile inwards from `start` while it rises."""
    top, last = start.copy(), density.shape[2] - 1
    moving = np.ones(start.shape, dtype=np.bool_)
    while moving.any():
        following = np.minimum(top + 1, last)
        rises = np.take_along_axis(density, following[..., None], 2) > np.take_along_axis(density, top[..., None], 2)
        moving = moving & rises[..., 0] & (top < last)
        top = np.where(moving, following, top)
    return top


def _lowest_before(density: Floats, top: npt.NDArray[np.intp], ring: int) -> Floats:
    """Level outside: the lowest mean over a ring's width between the profile's start and the cortex."""
    total = np.cumsum(density, axis=2)
    mean = (total[..., ring:] - total[..., :-ring]) / ring
    index = np.arange(mean.shape[2])
    outer = np.where(index + ring <= np.maximum(top, ring)[..., None], mean, np.inf)
    return np.asarray(outer.min(axis=2), dtype=np.float32)


def _lowest_after(density: Floats, top: npt.NDArray[np.intp], reach: int) -> Floats:
    index = np.arange(density.shape[2])
    inner = np.where((index > top[..., None]) & (index <= top[..., None] + reach), density, np.inf)
    lowest = inner.min(axis=2)
    return np.asarray(np.where(np.isfinite(lowest), lowest, density[..., -1]), dtype=np.float32)


def _crossing(
    density: Floats, depth: Places, top: npt.NDArray[np.intp], level: npt.NDArray[Any], *, direction: int, hold: int = 1
) -> tuple[Places, Flags]:
    """Depth at which the profile first falls below `level` on its way from the top, and stays so for `hold` samples."""
    below = density < level[..., None]
    index = np.arange(len(depth))
    way = index > top[..., None] if direction > 0 else index < top[..., None]
    held = below.copy()
    for shift in range(1, hold):
        held[..., :-shift] &= below[..., shift:]
    hit = held & way
    found = np.asarray(hit.any(axis=2))
    at = np.argmax(hit, axis=2) if direction > 0 else len(depth) - 1 - np.argmax(hit[..., ::-1], axis=2)
    before = np.clip(at - direction, 0, len(depth) - 1)
    low = np.take_along_axis(density, at[..., None], 2)[..., 0]
    high = np.take_along_axis(density, before[..., None], 2)[..., 0]
    share = np.clip((high - level) / np.maximum(high - low, 1e-3), 0, 1)
    place = depth[before] + share * (depth[at] - depth[before])
    return np.where(found, place, np.nan), found
