"""Shape-based interpolation of the contours between two edited slices."""

from __future__ import annotations

import numpy as np

from bonemetrics.errors import EmptyRegionError, UsageError
from bonemetrics.segmentation.editing.patch import LabelPatch, Labels, PlaneBox
from bonemetrics.segmentation.editing.planes import Flags, chosen_slices, in_plane_mm, is_bone, plane_box
from bonemetrics.segmentation.editing.subvoxel import signed_distances_mm
from bonemetrics.volume import CORTICAL, TRABECULAR, LabelVolume

_MARGIN = (1, 1)


def interpolate_between(labels: LabelVolume, first: int, last: int) -> LabelPatch:
    """Draw the slices between two edited ones anew, from the signed distances to the contours of those two.

    Parameters
    ----------
    labels
        1 trabecular, 2 cortical, axes (slice, row, column).
    first, last
        Indices of the two slices, which stay as they are; at least one slice lies between them.

    Returns
    -------
    LabelPatch
        The change, not applied. Bone that was drawn between the two slices is replaced; other labels stay.

    Raises
    ------
    EmptyRegionError
        If a compartment is missing in one of the two slices and present in the other, if neither shows bone, or if
        the two shapes overlap so little that nothing would lie between them.
    UsageError
        If no slice lies between the two, or one is outside the grid.

    References
    ----------
    Raya SP, Udupa JK 1990, Shape-based interpolation of multidimensional objects, IEEE Trans Med Imaging 9:32,
    doi 10.1109/42.52980; here with Euclidean distances in mm to the contours below the voxel.
    """
    if last - first < 2:
        raise UsageError(f"no slice lies between {first} and {last}; name two slices further apart, the lower first")
    chosen_slices(labels.geometry, range(first, last + 1))
    spacing = in_plane_mm(labels.geometry)
    box = _common_box(labels.labels[first : last + 1])
    ends = [labels.labels[index][box] for index in (first, last)]
    bone = _Between([is_bone(end) for end in ends], "bone", (first, last), spacing)
    has_marrow = any((end == TRABECULAR).any() for end in ends)
    marrow = _Between([end == TRABECULAR for end in ends], "trabecular", (first, last), spacing) if has_marrow else None
    planes: dict[int, tuple[PlaneBox, Labels]] = {}
    for index in range(first + 1, last):
        share = (index - first) / (last - first)
        inside = bone.at(share, index)
        inner = inside & marrow.at(share, index) if marrow else np.zeros_like(inside)
        planes[index] = box, _drawn(labels.labels[index][box], inside, inner)
    return LabelPatch.of_planes(labels.labels, planes)


def _common_box(stack: Labels) -> PlaneBox:
    box = plane_box(np.logical_or.reduce([is_bone(plane) for plane in stack]), _MARGIN)
    if box is None:
        raise EmptyRegionError("neither of the two slices shows bone; draw it there first")
    return box


class _Between:
    """One region in two slices, and anywhere between them."""

    def __init__(self, ends: list[Flags], name: str, slices: tuple[int, int], spacing_mm: tuple[float, float]) -> None:
        for mask, index in zip(ends, slices, strict=True):
            if not mask.any():
                raise EmptyRegionError(f"slice {index} shows no {name} voxel, so there is no shape to go from or to")
        self._name = name
        # What lies within both shapes, or within neither, does so all the way between them.
        self._common, self._open = ends[0] & ends[1], ends[0] ^ ends[1]
        self._distances = [signed_distances_mm(mask, self._open, spacing_mm) for mask in ends]

    def at(self, share: float, index: int) -> Flags:
        """The region at a share of the way; on the contour counts as outside."""
        inside = self._common.copy()
        inside[self._open] = (1 - share) * self._distances[0] + share * self._distances[1] < 0
        if not inside.any():
            raise EmptyRegionError(
                f"the {self._name} shapes of the two slices overlap so little that slice {index} would be empty; "
                "edit a slice between them first"
            )
        return inside


def _drawn(plane: Labels, bone: Flags, marrow: Flags) -> Labels:
    drawn = plane.copy()
    free = is_bone(plane) | (plane == 0)
    drawn[free] = 0
    drawn[free & bone] = CORTICAL
    drawn[free & marrow] = TRABECULAR
    return drawn
