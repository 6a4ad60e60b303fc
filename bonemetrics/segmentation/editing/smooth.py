"""Smooth the periosteal and the endosteal contour within the slice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bonemetrics.errors import UsageError
from bonemetrics.segmentation.editing.contour import Contour
from bonemetrics.segmentation.editing.patch import LabelPatch, Labels, PlaneBox
from bonemetrics.segmentation.editing.planes import Regions, edit_planes, in_plane_mm, redraw, require_length
from bonemetrics.segmentation.editing.subvoxel import smoothed
from bonemetrics.volume import LabelVolume


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SmoothedContours:
    """The edit, and the slices left as they were because a whole compartment would vanish there."""

    patch: LabelPatch
    slices_left: tuple[int, ...]


def smooth_contours(
    labels: LabelVolume,
    *,
    length_mm: float,
    contour: Contour | Literal["both"] = "both",
    slices: range | None = None,
) -> SmoothedContours:
    """Smooth the contours within the slice without shrinking them.

    A ripple along the contour keeps 2g − g² of its height, with g = exp(−2 (π · length / wavelength)²): half of it at
    a wavelength of four lengths, 1 % at 1.5 lengths. A round contour stays where it is.

    Parameters
    ----------
    labels
        1 trabecular, 2 cortical, axes (slice, row, column).
    length_mm
        Standard deviation of the smoothing.
    contour
        The contour to be smoothed; the endosteal one stays within the periosteal one.
    slices
        Slices to change, all where None; those without bone are passed over.

    Returns
    -------
    SmoothedContours
        The patch, not applied.

    Raises
    ------
    EmptyRegionError
        If no slice shows bone.
    UsageError
        If the length is not above zero, the contour unknown or a slice outside the grid.

    References
    ----------
    Tukey JW 1977, Exploratory Data Analysis, chapter 16 (twicing).
    """
    require_length("length_mm", length_mm)
    if contour not in ("periosteal", "endosteal", "both"):
        raise UsageError(f"a contour is periosteal, endosteal or both, found {contour!r}")
    spacing = in_plane_mm(labels.geometry)
    left: list[int] = []

    def edit(index: int, _box: PlaneBox, plane: Labels) -> Labels:
        old = Regions.of(plane)
        bone = old.bone if contour == "endosteal" else smoothed(old.bone, length_mm, spacing) > 0.5
        marrow = old.marrow if contour == "periosteal" else smoothed(old.marrow, length_mm, spacing) > 0.5
        new = Regions(bone=bone, marrow=bone & marrow)
        if not new.bone.any() or (old.marrow.any() and not new.marrow.any()):
            left.append(index)
            return plane
        return redraw(plane, old, new)

    patch = edit_planes(labels, slices, edit, margin_mm=length_mm)
    return SmoothedContours(patch=patch, slices_left=tuple(left))
