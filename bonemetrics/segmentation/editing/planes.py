"""Slice by slice: the part of a slice around the bone, and the regions within its two contours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from bonemetrics.errors import EmptyRegionError, UsageError
from bonemetrics.segmentation.editing.patch import LabelPatch, Labels, PlaneBox
from bonemetrics.volume import CORTICAL, TRABECULAR, Geometry, LabelVolume

Flags = npt.NDArray[np.bool_]
_SQUARE_TOLERANCE = 1e-3


def in_plane_mm(geometry: Geometry) -> tuple[float, float]:
    """Spacing of rows and columns in mm.

    Raises
    ------
    UsageError
        If rows and columns do not cross at a right angle, so that spacings alone give no distances.
    """
    _, row, column = geometry.direction.T
    if abs(float(row @ column)) > _SQUARE_TOLERANCE:
        raise UsageError("rows and columns of this grid do not cross at a right angle; resample the scan first")
    return geometry.spacing_mm[1:]


def chosen_slices(geometry: Geometry, slices: range | None) -> range:
    """The slices to work on, all where None.

    Raises
    ------
    UsageError
        If there is none, or one lies outside the grid.
    """
    n = geometry.shape[0]
    chosen = range(n) if slices is None else slices
    if len(chosen) == 0 or min(chosen) < 0 or max(chosen) >= n:
        raise UsageError(f"slices must lie within 0 to {n - 1}, found {slices}")
    return chosen


def require_length(name: str, length_mm: float) -> None:
    """Refuse a length that is not above zero."""
    if not (np.isfinite(length_mm) and length_mm > 0):
        raise UsageError(f"{name} must be a length above 0 mm, found {length_mm}")


def is_bone(labels: Labels) -> Flags:
    """Voxels of either compartment; other labels are no part of the bone."""
    return np.asarray((labels == TRABECULAR) | (labels == CORTICAL))


def plane_box(mask: Flags, margin: tuple[int, int]) -> PlaneBox | None:
    """The smallest part of a slice around a mask with a margin in pixels, within the slice; None without a pixel."""
    parts = []
    for axis in (0, 1):
        used = np.flatnonzero(mask.any(axis=1 - axis))
        if used.size == 0:
            return None
        parts.append(
            slice(max(int(used[0]) - margin[axis], 0), min(int(used[-1]) + 1 + margin[axis], mask.shape[axis]))
        )
    return parts[0], parts[1]


def filled(mask: Flags) -> Flags:
    """A mask with its holes; what touches the border of the array is no hole."""
    parts, n = ndimage.label(~mask)
    outside = np.zeros(n + 1, dtype=np.bool_)
    for border in (parts[0], parts[-1], parts[:, 0], parts[:, -1]):
        outside[border] = True
    return np.asarray(mask | ~outside[parts])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Regions:
    """What lies within the periosteal and within the endosteal contour of one slice, holes included."""

    bone: Flags
    marrow: Flags

    @classmethod
    def of(cls, plane: Labels) -> Self:
        return cls(bone=filled(is_bone(plane)), marrow=filled(plane == TRABECULAR))


def redraw(plane: Labels, old: Regions, new: Regions) -> Labels:
    """The slice with its contours moved from the old regions to the new ones.

    Holes, islands within a region and voxels with other labels stay as they are. `new.marrow` lies within `new.bone`.
    """
    drawn = plane.copy()
    bone = is_bone(plane)
    drawn[bone & ~new.bone] = 0
    kept = bone & new.bone
    drawn[kept & (plane == TRABECULAR) & old.marrow & ~new.marrow] = CORTICAL
    drawn[kept & (plane == CORTICAL) & ~old.marrow & new.marrow] = TRABECULAR
    entered = ~old.bone & new.bone & (plane == 0)
    drawn[entered] = np.where(new.marrow[entered], TRABECULAR, CORTICAL)
    return drawn


def edit_planes(
    labels: LabelVolume, slices: range | None, edit: Callable[[int, PlaneBox, Labels], Labels], *, margin_mm: float
) -> LabelPatch:
    """Let `edit` redraw the part of each slice around its bone.

    Parameters
    ----------
    labels
        Axes (slice, row, column).
    slices
        Slices to work on, all where None; those without bone are passed over.
    edit
        Gets the index of a slice, where its part lies and the part, and returns the part redrawn.
    margin_mm
        How far the part reaches beyond the bone, besides three pixels.

    Raises
    ------
    EmptyRegionError
        If none of the slices shows bone.
    """
    spacing = in_plane_mm(labels.geometry)
    margin = (int(np.ceil(margin_mm / spacing[0])) + 3, int(np.ceil(margin_mm / spacing[1])) + 3)
    planes: dict[int, tuple[PlaneBox, Labels]] = {}
    for index in chosen_slices(labels.geometry, slices):
        plane = labels.labels[index]
        box = plane_box(is_bone(plane), margin)
        if box is not None:
            planes[index] = box, edit(index, box, plane[box])
    if not planes:
        raise EmptyRegionError("none of the chosen slices shows bone; choose slices that do")
    return LabelPatch.of_planes(labels.labels, planes)
