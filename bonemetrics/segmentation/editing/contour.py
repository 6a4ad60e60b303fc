"""Move the periosteal or the endosteal contour in or out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from bonemetrics.errors import EmptyRegionError, UsageError
from bonemetrics.segmentation.editing.patch import LabelPatch, Labels, PlaneBox
from bonemetrics.segmentation.editing.planes import Flags, Regions, edit_planes, in_plane_mm, redraw
from bonemetrics.segmentation.editing.subvoxel import moved
from bonemetrics.volume import LabelVolume

Contour = Literal["periosteal", "endosteal"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MovedContour:
    """The edit, and what it takes to go on from it.

    `n_met` counts the voxels in which the moved contour met the other one or another label. There the cortex has no
    thickness left: a periosteal contour that moves in past the endosteal one takes it along, an endosteal contour that
    moves out stops at the periosteal one. `total_mm` is the distance from where the moves began, `whole` the change
    since then.
    """

    patch: LabelPatch
    contour: Contour
    slices: range | None
    n_met: int
    total_mm: float
    whole: LabelPatch


def move_contour(
    labels: LabelVolume,
    *,
    contour: Contour,
    by_mm: float,
    slices: range | None = None,
    after: MovedContour | None = None,
) -> MovedContour:
    """Move one contour along its normal within the slice.

    Parameters
    ----------
    labels
        1 trabecular, 2 cortical, axes (slice, row, column).
    contour
        `periosteal`: outside of the cortex. `endosteal`: between cortex and trabecular bone.
    by_mm
        Outwards where above zero. Distances below the voxel count: exactly those voxels change whose centre the
        contour passes.
    slices
        Slices to change, all where None; those without bone are passed over.
    after
        The same contour's move before, which `labels` hold. Labels forget what lies below the voxel: ten moves of
        0.1 mm by themselves do not add up to 1 mm (with voxels of 0.25 mm to about half of it). With `after` the
        contour moves by the sum from where the moves began.

    Returns
    -------
    MovedContour
        The patch, not applied.

    Raises
    ------
    EmptyRegionError
        If no slice shows bone, or the compartment within the contour would vanish from one.
    UsageError
        If the length is not finite, the contour unknown or a slice outside the grid; if `after` moved another
        contour or other slices, or the labels were changed since.
    """
    if not np.isfinite(by_mm):
        raise UsageError(f"by_mm must be a length in mm, found {by_mm}")
    if contour not in ("periosteal", "endosteal"):
        raise UsageError(f"a contour is periosteal or endosteal, found {contour!r}")
    if after is not None and (after.contour, after.slices) != (contour, slices):
        raise UsageError("the move before was of another contour or of other slices; begin a new one")
    spacing = in_plane_mm(labels.geometry)
    total_mm = by_mm + (after.total_mm if after else 0.0)
    n_met = 0

    def edit(index: int, box: PlaneBox, plane: Labels) -> Labels:
        nonlocal n_met
        start = after.whole.undone_in(index, box, plane) if after else plane
        old = Regions.of(start)
        new, met = _settled(start, old, _wanted(old, contour, total_mm, spacing, index), contour)
        n_met += met
        return redraw(start, old, new)

    reach = abs(total_mm) + (abs(after.total_mm) if after else 0.0)
    patch = edit_planes(labels, slices, edit, margin_mm=reach)
    whole = after.whole.joined(patch, labels.labels) if after else patch
    return MovedContour(patch=patch, contour=contour, slices=slices, n_met=n_met, total_mm=total_mm, whole=whole)


def _wanted(old: Regions, contour: Contour, by_mm: float, spacing_mm: tuple[float, float], index: int) -> Flags:
    region = old.bone if contour == "periosteal" else old.marrow
    wanted = moved(region, by_mm, spacing_mm)
    if region.any() and not wanted.any():
        raise EmptyRegionError(
            f"moving the {contour} contour by {by_mm:g} mm leaves nothing within it in slice {index}; "
            "move it less or leave that slice out"
        )
    return wanted


def _settled(plane: Labels, old: Regions, wanted: Flags, contour: Contour) -> tuple[Regions, int]:
    """Both regions with the endosteal contour inside the periosteal one, and how many voxels that took."""
    if contour == "periosteal":
        met = (old.marrow & ~wanted) | (wanted & ~old.bone & (plane > 0))
        return Regions(bone=wanted, marrow=old.marrow & wanted), int(np.count_nonzero(met))
    return Regions(bone=old.bone, marrow=wanted & old.bone), int(np.count_nonzero(wanted & ~old.bone))
