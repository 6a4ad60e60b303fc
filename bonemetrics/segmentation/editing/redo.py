"""Run the automatic segmentation again with other parameters and take its labels inside a box."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bonemetrics.errors import EmptyRegionError, UsageError
from bonemetrics.records import Problem, RodReading
from bonemetrics.segmentation.editing.patch import LabelPatch
from bonemetrics.segmentation.editing.planes import Flags, is_bone
from bonemetrics.segmentation.parameters import TissueParameters
from bonemetrics.segmentation.radius import segment_radius
from bonemetrics.volume import Box, DensityVolume, LabelVolume


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BoxRedone:
    """The edit and what the new segmentation says of itself.

    `n_seam` counts the changed voxels on those faces of the box beyond which the scan goes on: there the new labels
    meet the ones outside, and may not continue them.
    """

    patch: LabelPatch
    n_changed: int
    n_seam: int
    notes: tuple[Problem, ...]


def redo_in_box(
    labels: LabelVolume,
    density: DensityVolume,
    *,
    box: Box,
    parameters: TissueParameters,
    rods: Sequence[RodReading] = (),
) -> BoxRedone:
    """Segment the whole scan anew and take the labels of the box alone.

    Parameters
    ----------
    labels
        The labels to be changed, axes (slice, row, column).
    density
        The scan on the same grid.
    box
        Slices, rows and columns, each from a first index to one past the last.
    parameters
        Thresholds in mg/cm³ of the density's material, and lengths in mm.
    rods
        Calibration rods in the scan, which are no bones.

    Returns
    -------
    BoxRedone
        The patch, not applied. Labels other than trabecular and cortical stay.

    Raises
    ------
    GeometryMismatchError
        If labels and scan do not share one grid.
    EmptyRegionError
        If nothing of the bone lies in the box.
    MaterialMismatchError, SegmentationError
        As `segment_radius` does.
    UsageError
        If the box is empty or leaves the grid.
    """
    density.geometry.require_same_grid(labels.geometry)
    _require_box(box, labels.geometry.shape)
    found = segment_radius(density, parameters=parameters, rods=rods)
    new = found.labels.labels[box]
    if not new.any():
        raise EmptyRegionError("with these parameters nothing of the bone lies in the box; move or widen the box")
    before = labels.labels[box]
    after = np.where(is_bone(before) | (before == 0), new, before).astype(before.dtype)
    changed = np.asarray(before != after)
    return BoxRedone(
        patch=LabelPatch.between(box, before, after),
        n_changed=int(np.count_nonzero(changed)),
        n_seam=int(np.count_nonzero(changed & _seam(box, labels.geometry.shape))),
        notes=found.notes,
    )


def _require_box(box: Box, shape: tuple[int, int, int]) -> None:
    for part, size in zip(box, shape, strict=True):
        if part.step not in (None, 1) or part.start is None or part.stop is None:
            raise UsageError(f"a box has a first and a last index in each direction, found {part}")
        if not 0 <= part.start < part.stop <= size:
            raise UsageError(f"the box reaches from {part.start} to {part.stop} where the grid has 0 to {size}")


def _seam(box: Box, shape: tuple[int, int, int]) -> Flags:
    """Voxels of the box that have a neighbour in the grid beyond a face of the box."""
    seam = np.zeros([part.stop - part.start for part in box], dtype=np.bool_)
    for axis, (part, size) in enumerate(zip(box, shape, strict=True)):
        layers = np.moveaxis(seam, axis, 0)
        if part.start > 0:
            layers[0] = True
        if part.stop < size:
            layers[-1] = True
    return seam
