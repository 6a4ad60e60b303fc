"""Which way the rods of a scan run: round edges that line up through the stack vote for common directions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bonemetrics.segmentation.discs import Plane, candidate_discs
from bonemetrics.segmentation.stack import Stack

Array = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]
Drift = tuple[float, float]

N_TRACKED = 6
MOST_AXES = 4
LEAST_SHARE_OF_STACK = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class RodParameters:
    """What a rod may look like. Diameters in mm, tilt in degrees against the slice normal.

    A rod's mean may drift along the stack by `drift_hu` and `drift_fraction` of its contrast.
    """

    least_diameter_mm: float = 5.0
    largest_diameter_mm: float = 36.0
    largest_tilt_deg: float = 30.0
    drift_hu: float = 10.0
    drift_fraction: float = 0.04


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Axis:
    """A common direction: drift (row, column) in mm per mm of the normal, over slabs first to stop."""

    drift: Drift
    first: int
    stop: int
    support: float


def plane_of(stack: Stack, drift: Drift) -> Plane:
    """The stack's slices as rods with this drift pierce them."""
    return Plane(pixel_mm=stack.pixel_mm, slope=(drift[0] + stack.shear[0], drift[1] + stack.shear[1]))


def radii_mm(stack: Stack, limits: RodParameters) -> tuple[float, float]:
    """Least and largest radius that is sought; a rod of fewer than five pixels cannot be told from noise."""
    return max(limits.least_diameter_mm / 2, 2.5 * max(stack.pixel_mm)), limits.largest_diameter_mm / 2


def find_axes(stack: Stack, limits: RodParameters) -> list[Axis]:
    """Directions along which round edges line up through the stack, the best supported first; straight up always."""
    n_slabs = len(stack.slab_mm)
    straight = Axis(drift=(0.0, 0.0), first=0, stop=n_slabs, support=0.0)
    if n_slabs < 3:
        return [straight]
    tracked = np.unique(np.linspace(0, n_slabs - 1, min(N_TRACKED, n_slabs)).round().astype(np.intp))
    plane = plane_of(stack, (0.0, 0.0))
    discs = [
        np.array(candidate_discs(stack.pictures[index], stack.valid[index], plane, radii_mm(stack, limits))).reshape(
            -1, 4
        )
        for index in tracked
    ]
    lines = _lines(stack, tracked, discs, limits)
    found: list[Axis] = []
    while len(lines) and len(found) < MOST_AXES:
        height = max(float(np.ptp(stack.slab_mm)), 1.0)
        near = np.hypot(*(lines[:, None, :2] - lines[None, :, :2]).transpose(2, 0, 1)) * height < 2.5 * max(
            stack.pixel_mm
        )
        votes = near @ lines[:, 4]
        group = near[votes.argmax()]
        drift = np.average(lines[group, :2], axis=0, weights=lines[group, 4])
        first, last = int(np.median(lines[group, 2])), int(np.median(lines[group, 3]))
        found.append(
            Axis(
                drift=(float(drift[0]), float(drift[1])),
                first=0 if first == 0 else int(tracked[first]),
                stop=n_slabs if last == len(tracked) - 1 else int(tracked[last]) + 1,
                support=float(lines[group, 4].sum()),
            )
        )
        lines = lines[~group]
    return [*found, straight]


def _lines(stack: Stack, tracked: Indices, discs: Sequence[Array], limits: RodParameters) -> Array:
    """(drift row, drift column, first, last, score) of lines that meet a disc of one size in most tracked slabs."""
    z = stack.slab_mm[tracked]
    steepest = np.tan(np.deg2rad(limits.largest_tilt_deg))
    pixel = max(stack.pixel_mm)
    found: list[list[float]] = []
    n = len(tracked)
    reach = max(2, round(LEAST_SHARE_OF_STACK * n))
    for first in range(n - reach + 1):
        for last in range(n - 1, first + reach - 2, -1):
            a, b = discs[first], discs[last]
            if not len(a) or not len(b):
                continue
            drift = (b[None, :, :2] - a[:, None, :2]) / (z[last] - z[first])
            tilted = drift + np.array(stack.shear)
            alike = np.abs(a[:, None, 2] - b[None, :, 2]) < np.maximum(1.2 * pixel, 0.15 * a[:, None, 2])
            alike &= np.hypot(tilted[..., 0], tilted[..., 1]) <= steepest
            pairs = np.argwhere(alike)
            hits, votes = np.full(len(pairs), 2.0), a[pairs[:, 0], 3] + b[pairs[:, 1], 3]
            slope = drift[pairs[:, 0], pairs[:, 1]]
            for between in range(first + 1, last):
                at = a[pairs[:, 0], :2] + slope * (z[between] - z[first])
                hit, vote = _meets(discs[between], at, a[pairs[:, 0], 2], pixel)
                hits += hit
                votes += vote
            good = hits >= np.ceil(0.75 * (last - first + 1))
            # A rod's mean vote is near 1, that of what lines up by chance near a half: the fourth power parts them.
            weight = (votes / (last - first + 1)) ** 4
            found.extend([*slope[k], first, last, weight[k]] for k in np.flatnonzero(good))
        if found:
            break
    return np.array(found).reshape(-1, 5)


def _meets(discs: Array, at: Array, radius: Array, pixel: float) -> tuple[Array, Array]:
    if not len(discs) or not len(at):
        return np.zeros(len(at)), np.zeros(len(at))
    close = np.hypot(*(at[:, None, :] - discs[None, :, :2]).transpose(2, 0, 1)) < 1.8 * pixel
    close &= np.abs(radius[:, None] - discs[None, :, 2]) < np.maximum(1.2 * pixel, 0.15 * radius[:, None])
    votes = np.where(close, discs[None, :, 3], 0.0).max(axis=1)
    return close.any(axis=1).astype(np.float64), votes
