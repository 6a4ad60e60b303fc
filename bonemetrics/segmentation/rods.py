"""Find the rods of a calibration phantom: parallel straight cylinders through the stack, homogeneous inside.

Brightness, size and order play no part. Slab means of the shrunk scan give round edges; those that line up along one
axis through the stack give the axis; the scan straightened along it and averaged shows every rod of that phantom sharp
and without noise, and blurs all that is not parallel to it. What is a flat disc there and stays one, of the same size
and value, from end to end, is a rod.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from pydantic import JsonValue

from bonemetrics.records import RodReading
from bonemetrics.segmentation.discs import Disc, Plane, candidate_discs, look_at_disc
from bonemetrics.segmentation.enclosure import is_inside_a_bone
from bonemetrics.segmentation.rod_axes import (
    LEAST_SHARE_OF_STACK,
    Axis,
    Drift,
    RodParameters,
    find_axes,
    plane_of,
    radii_mm,
)
from bonemetrics.segmentation.rodread import RodAxis, read_rod
from bonemetrics.segmentation.stack import Stack, shrink
from bonemetrics.volume import CtVolume

Array = npt.NDArray[np.float64]

N_GROUPS = 5
FIRST_COVERAGE = 0.72
GROUP_COVERAGE = 0.5
CUT_VISIBLE = 0.25
FAINT_SMOOTHING_MM = 1.0
RIVAL_SUPPORT = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class RodSearch:
    """The rods inside the field, in no order that means anything, and how many lie partly outside it."""

    readings: tuple[RodReading, ...]
    truncated: int
    figures: dict[str, JsonValue]


def find_rods(volume: CtVolume, *, parameters: RodParameters | None = None) -> RodSearch:
    """Find and read calibration rods.

    A rod without contrast to what surrounds it cannot be seen and is not reported.

    Parameters
    ----------
    volume
        In HU, any spacing, any orientation.
    parameters
        Limits on what a rod may look like.

    Returns
    -------
    RodSearch
        Readings with mean, standard deviation and standard error from means of blocks along the rod, since noise is
        correlated, over a core that the blurred edge does not reach.
    """
    limits = parameters or RodParameters()
    stack = shrink(volume)
    best: tuple[Axis, list[tuple[Disc, Drift]], int] | None = None
    axes = find_axes(stack, limits)
    for axis in axes:
        if best is not None and best[1] and not _is_worth_a_look(stack, axis, best[0]):
            continue
        settled, rods, cut = _rods_along(stack, axis, limits)
        if best is None or (len(rods), cut) > (len(best[1]), best[2]):
            best = settled, rods, cut
    if best is None:
        return RodSearch(readings=(), truncated=0, figures={"axes_offered": 0})
    axis, rods, cut = best
    slices = (stack.bounds[axis.first][0], stack.bounds[axis.stop - 1][1])
    readings = [read_rod(volume, _placed(stack, axis, disc), slices=slices) for disc, _ in rods]
    readings.sort(key=lambda reading: reading.centre_lps_mm)
    return RodSearch(
        readings=tuple(readings),
        truncated=cut,
        figures={
            "axes_offered": len(axes),
            "drift_row_column": list(axis.drift),
            "slices": list(slices),
            "pixel_mm": list(stack.pixel_mm),
        },
    )


def _is_worth_a_look(stack: Stack, axis: Axis, best: Axis) -> bool:
    """Whether an axis has enough support beside one that shows rods, and parts from it by three pixels or more."""
    apart = np.hypot(axis.drift[0] - best.drift[0], axis.drift[1] - best.drift[1])
    far = bool(apart * np.ptp(stack.slab_mm) >= 3.0 * max(stack.pixel_mm))
    return far and axis.support > RIVAL_SUPPORT * best.support


def _placed(stack: Stack, axis: Axis, disc: Disc) -> RodAxis:
    return RodAxis(
        row_mm=disc.centre_mm[0] + stack.origin_mm[0],
        column_mm=disc.centre_mm[1] + stack.origin_mm[1],
        drift=axis.drift,
        radius_mm=disc.radius_mm,
        edge_sigma_mm=disc.edge_sigma_mm,
    )


def _rods_along(stack: Stack, axis: Axis, limits: RodParameters) -> tuple[Axis, list[tuple[Disc, Drift]], int]:
    """Rods parallel to an axis, after it was turned to them and cut to where they stand; and how many are cut off."""
    found = _look(stack, axis, limits, faint=False)
    if not found.rods:
        return axis, [], found.cut
    whole = replace(_turned(axis, found.rods), first=0, stop=len(stack.slab_mm))
    wider = _look(stack, whole, limits)
    if len(wider.rods) < len(found.rods):
        whole = _turned(axis, found.rods)
        wider = _look(stack, whole, limits)
    axis, found = whole, wider
    for _ in range(2):
        if not found.rods:
            break
        turned = _cut_to(_turned(axis, found.rods), found.standing)
        turn = np.hypot(turned.drift[0] - axis.drift[0], turned.drift[1] - axis.drift[1])
        if found.standing.all() and turn * np.ptp(stack.slab_mm) < 0.25 * min(stack.pixel_mm):
            break
        again = _look(stack, turned, limits)
        if len(again.rods) < len(found.rods):
            break
        axis, found = turned, again
    return axis, found.rods, found.cut


def _cut_to(axis: Axis, standing: npt.NDArray[np.bool_]) -> Axis:
    """The axis over the groups in which the phantom stands."""
    edges = np.linspace(axis.first, axis.stop, len(standing) + 1).round().astype(int)
    run = np.flatnonzero(standing)
    return replace(axis, first=int(edges[run[0]]), stop=int(edges[run[-1] + 1])) if len(run) else axis


def _turned(axis: Axis, rods: Sequence[tuple[Disc, Drift]]) -> Axis:
    """The axis turned by the median of what its rods still drift."""
    row, column = np.median([drift for _, drift in rods], axis=0)
    return replace(axis, drift=(axis.drift[0] + float(row), axis.drift[1] + float(column)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Look:
    """Rods with what each still drifts, the number that are cut off, and the groups of slabs where rods stand."""

    rods: list[tuple[Disc, Drift]]
    cut: int
    standing: npt.NDArray[np.bool_]


def _look(stack: Stack, axis: Axis, limits: RodParameters, *, faint: bool = True) -> _Look:
    """Discs of the straightened scan that stay the same along it, with what drift is left; and those that are cut."""
    slabs = np.arange(axis.first, axis.stop)
    n_groups = min(N_GROUPS, len(slabs))
    edges = np.linspace(0, len(slabs), n_groups + 1).round().astype(int)
    groups = [slabs[first:stop] for first, stop in pairwise(edges)]
    plane = plane_of(stack, axis.drift)
    views = [stack.straightened(axis.drift, group) for group in groups]
    thick = np.array([sum(stack.bounds[k][1] - stack.bounds[k][0] for k in group) for group in groups], dtype=float)
    mean = np.tensordot(thick / thick.sum(), np.stack([view[0] for view in views]), axes=1).astype(np.float32)
    valid = np.min([view[1] for view in views], axis=0) > 0.98
    noise = _noise([view[0] for view in views], valid)
    heights = np.array([stack.slab_mm[group].mean() for group in groups])
    rods: list[tuple[Disc, Drift]] = []
    standing: list[npt.NDArray[np.bool_]] = []
    cut: list[Disc] = []
    radii = radii_mm(stack, limits)
    ripple = _ripple([view[0] for view in views])
    candidates = candidate_discs(mean, valid, plane, radii, ripple=ripple)
    if faint:
        candidates += candidate_discs(mean, valid, plane, radii, ripple=ripple, smoothing_mm=FAINT_SMOOTHING_MM)
    tried: list[tuple[float, float, float]] = []
    for row, column, radius, votes in candidates:
        if _is_tried((row, column, radius), tried):
            continue
        tried.append((row, column, radius))
        disc = look_at_disc(
            mean,
            valid,
            plane,
            (row, column),
            radius,
            noise_hu=noise / np.sqrt(len(groups)),
            least_coverage=FIRST_COVERAGE,
        )
        if disc is None or not _thick_enough(disc, limits) or _is_taken(disc, rods, cut):
            continue
        if disc.visible < 1.0:
            if disc.visible >= CUT_VISIBLE:
                cut.append(disc)
            continue
        drift, stands = _along(views, valid, plane, disc, heights, noise, limits)
        if drift is not None and not is_inside_a_bone(
            mean, plane.pixel_mm, centre_mm=disc.centre_mm, radius_mm=disc.radius_mm, core_hu=disc.core_hu
        ):
            rods.append((replace(disc, votes=votes), drift))
            standing.append(stands)
    return _Look(rods=rods, cut=len(cut), standing=_standing(rods, standing, len(groups)))


def _ripple(pictures: Sequence[npt.NDArray[np.float32]]) -> npt.NDArray[np.float32] | None:
    """Differences of neighbouring groups, scaled to the noise of the mean of all."""
    pairs = len(pictures) // 2
    if not pairs:
        return None
    scale = np.float32(1.0 / np.sqrt(2.0 * pairs * len(pictures)))
    return np.asarray(scale * sum(pictures[2 * k] - pictures[2 * k + 1] for k in range(pairs)), dtype=np.float32)


def _standing(
    rods: Sequence[tuple[Disc, Drift]], standing: Sequence[npt.NDArray[np.bool_]], n_groups: int
) -> npt.NDArray[np.bool_]:
    """The groups in which the phantom stands, by the rods that show it best."""
    if not rods:
        return np.ones(n_groups, dtype=bool)
    steps = np.array([abs(disc.step_hu) for disc, _ in rods])
    clear = steps >= 0.4 * steps.max()
    together: npt.NDArray[np.bool_] = np.array(standing)[clear].mean(axis=0) > 0.5
    return together


def _thick_enough(disc: Disc, limits: RodParameters) -> bool:
    return limits.least_diameter_mm <= 2 * disc.radius_mm <= limits.largest_diameter_mm


def _is_tried(circle: tuple[float, float, float], tried: Sequence[tuple[float, float, float]]) -> bool:
    row, column, radius = circle
    return any(
        np.hypot(other[0] - row, other[1] - column) < 0.3 * other[2] and abs(radius - other[2]) < 0.25 * other[2]
        for other in tried
    )


def _is_taken(disc: Disc, rods: Sequence[tuple[Disc, Drift]], cut: Sequence[Disc]) -> bool:
    return any(
        np.hypot(disc.centre_mm[0] - other.centre_mm[0], disc.centre_mm[1] - other.centre_mm[1])
        < 0.8 * max(disc.radius_mm, other.radius_mm)
        for other in (*(rod for rod, _ in rods), *cut)
    )


def _noise(pictures: Sequence[npt.NDArray[np.float32]], valid: npt.NDArray[np.bool_]) -> float:
    """Standard deviation of one group's pixels, from what neighbouring groups differ in quiet places."""
    if len(pictures) < 2:
        return 5.0
    soft = valid & (pictures[0] > -250.0)
    if soft.sum() < 50:
        return 5.0
    differences = [np.abs(a - b)[soft] for a, b in pairwise(pictures)]
    middle = np.median([np.quantile(difference, 0.4) for difference in differences])
    return float(middle / (0.5244 * np.sqrt(2.0)))


def _along(
    views: Sequence[tuple[npt.NDArray[np.float32], Array]],
    valid: npt.NDArray[np.bool_],
    plane: Plane,
    disc: Disc,
    heights: Array,
    noise: float,
    limits: RodParameters,
) -> tuple[Drift | None, npt.NDArray[np.bool_]]:
    """Whether a disc stands alike in most groups: what it drifts per mm, or `None`; and in which groups it stands."""
    seen = [
        look_at_disc(
            view[0], valid, plane, disc.centre_mm, disc.radius_mm, noise_hu=noise, least_coverage=GROUP_COVERAGE
        )
        for view in views
    ]
    slack_hu = limits.drift_hu + limits.drift_fraction * abs(disc.step_hu) + 2.0 * noise / np.sqrt(20.0)
    slack_mm = max(0.8 * min(plane.pixel_mm), 0.1 * disc.radius_mm)
    level = float(np.median([found.core_hu for found in seen if found is not None] or [np.inf]))
    stands = np.array(
        [
            found is not None
            and abs(found.radius_mm - disc.radius_mm) <= slack_mm
            and abs(found.core_hu - level) <= slack_hu
            for found in seen
        ]
    )
    run = np.flatnonzero(stands)
    if _tapers(seen, disc, heights, slack_mm):
        return None, stands
    if not len(run) or len(run) < LEAST_SHARE_OF_STACK * len(seen) or run[-1] - run[0] + 1 > len(run) + 1:
        return None, stands
    if len(run) < 2:
        return (0.0, 0.0), stands
    centres = np.array([found.centre_mm for found, ok in zip(seen, stands, strict=True) if found is not None and ok])
    slopes = np.polyfit(heights[run], centres, 1)
    off = centres - np.stack([np.polyval(slopes[:, k], heights[run]) for k in (0, 1)], axis=1)
    if np.abs(off).max() > max(0.6 * min(plane.pixel_mm), 0.06 * disc.radius_mm) + 0.02 * noise:
        return None, stands
    return (float(slopes[0, 0]), float(slopes[0, 1])), stands


def _tapers(seen: Sequence[Disc | None], disc: Disc, heights: Array, slack_mm: float) -> bool:
    """Whether the radius grows or shrinks along the stack, as that of a bone does."""
    sizes = [
        (height, found.radius_mm)
        for height, found in zip(heights, seen, strict=True)
        if found is not None
        and np.hypot(found.centre_mm[0] - disc.centre_mm[0], found.centre_mm[1] - disc.centre_mm[1])
        < 0.3 * disc.radius_mm
    ]
    if len(sizes) < 3:
        return False
    at, radii = np.array(sizes).T
    growth = float(np.polyfit(at, radii, 1)[0])
    return bool(abs(growth) * np.ptp(heights) > slack_mm)
