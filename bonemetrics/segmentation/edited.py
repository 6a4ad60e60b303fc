"""Contours that follow a reader's labels: half way between voxels where he changed them, else below the voxel.

A voxel's label says on which side of a contour its centre lies, so labels that a reader changed move the contour to
half way between voxel centres and no nearer. Where the reader changed nothing, the automatic contour still fits the
labels and stays. Between the two lies a short transition: the moved contour holds up to 1.5 voxels around changed
voxels, the automatic one from 4 voxels on. Only slices with changed labels are touched.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import contourpy
import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.spatial import KDTree

from bonemetrics.errors import EmptyRegionError, SegmentationError
from bonemetrics.volume import CORTICAL, TRABECULAR, Box, LabelVolume

if TYPE_CHECKING:
    from bonemetrics.segmentation.radius import RadiusSegmentation

Floats = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]
Distances = npt.NDArray[np.float64]

MOVED_VOXELS = 1.5
"""How far around changed voxels the contour lies half way between voxels: all eight neighbours."""
KEPT_VOXELS = 4.0
"""From this distance on the automatic contour stands."""
MARGIN_MM = 2.0
"""How far the distances reach beyond the labels at least: the blur and the soft tissue that is looked at."""
EXACT_WITHIN_MM = 1.5
"""Distances are to the contour itself up to here, beyond to the nearest voxel on its other side."""
_POINTS_PER_PIECE = 8
_SAME_MM = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EditedContours:
    """Signed distances in mm within the slice on `box`, as in `RadiusSegmentation`, whose signs are those of labels.

    `edited_slices` are the slices of the scan whose labels are not the automatic ones, `edited_voxels` how many
    voxels are not.
    """

    box: Box
    periosteal_mm: Floats
    endosteal_mm: Floats
    edited_slices: tuple[int, ...]
    edited_voxels: int


def follow_labels(labels: LabelVolume, automatic: RadiusSegmentation | None) -> EditedContours:
    """Place both contours so that every voxel centre lies on the side that its label says.

    Parameters
    ----------
    labels
        The edited segmentation on the grid of the scan, 1 trabecular, 2 cortical, axes (slice, row, column).
    automatic
        The automatic segmentation of the same scan; None where there is none, so that all contours come from labels.

    Returns
    -------
    EditedContours
        Labels equal to the automatic ones give the automatic distances, bit for bit.

    Raises
    ------
    SegmentationError
        `unknown-label` where there is another label than 0, 1 and 2.
    EmptyRegionError
        If no voxel has a label.
    GeometryMismatchError
        If labels and automatic segmentation do not share one grid.
    """
    if int(labels.labels.max()) > CORTICAL:
        text = (
            f"the segmentation holds label {int(labels.labels.max())}; only 1 (trabecular) and 2 (cortical) are known"
        )
        raise SegmentationError(text, code="unknown-label")
    box = _box_of(labels, automatic)
    drawn = labels.labels[box]
    if automatic is None:
        before = np.zeros_like(drawn)
        unknown = np.full(drawn.shape, np.nan, dtype=np.float32)
        fields = (unknown, unknown)
    else:
        labels.geometry.require_same_grid(automatic.labels.geometry)
        before = automatic.labels.labels[box]
        fields = (_placed(automatic.periosteal_mm, automatic, box), _placed(automatic.endosteal_mm, automatic, box))
    differs = drawn != before
    # Outside the bone, on both sides of the edit, the sign of the endosteal distance says nothing and is left.
    free = (drawn == 0) & (before == 0) & (fields[1] < 0)
    _, row_mm, column_mm = labels.geometry.spacing_mm
    rows = np.flatnonzero(differs.any(axis=(1, 2)))
    return EditedContours(
        box=box,
        periosteal_mm=_moved(fields[0], drawn > 0, (row_mm, column_mm)),
        endosteal_mm=_moved(fields[1], (drawn == TRABECULAR) | free, (row_mm, column_mm)),
        edited_slices=tuple((rows + box[0].start).tolist()),
        edited_voxels=int(np.count_nonzero(differs)),
    )


def _box_of(labels: LabelVolume, automatic: RadiusSegmentation | None) -> Box:
    """The automatic box, widened where labels come too near to its sides."""
    used = labels.labels > 0
    if not used.any():
        raise EmptyRegionError("no voxel of the scan has a label; draw the compartments first")
    flat: Flags = np.any(used, axis=0)
    seen = [np.flatnonzero(along) for along in (used.any(axis=(1, 2)), flat.any(axis=1), flat.any(axis=0))]
    parts = []
    for axis, (size, spacing_mm) in enumerate(zip(labels.geometry.shape, labels.geometry.spacing_mm, strict=True)):
        margin = int(np.ceil(MARGIN_MM / spacing_mm)) if axis else 0
        first, last = max(int(seen[axis][0]) - margin, 0), min(int(seen[axis][-1]) + margin + 1, size)
        if automatic is not None:
            first, last = min(first, automatic.box[axis].start), max(last, automatic.box[axis].stop)
        parts.append(slice(first, last))
    return parts[0], parts[1], parts[2]


def _placed(distance_mm: Floats, automatic: RadiusSegmentation, box: Box) -> Floats:
    """The automatic distances on a box that holds theirs; NaN where they are not known."""
    if box == automatic.box:
        return distance_mm
    placed = np.full([part.stop - part.start for part in box], np.nan, dtype=np.float32)
    inner = tuple(
        slice(own.start - part.start, own.stop - part.start) for own, part in zip(automatic.box, box, strict=True)
    )
    placed[inner] = distance_mm
    return placed


def _moved(distance_mm: Floats, inside: Flags, spacing_mm: tuple[float, float]) -> Floats:
    """Distances to a contour that has `inside` inside; slices whose signs already say so keep theirs."""
    wrong = (distance_mm < 0) != inside
    unknown = np.isnan(distance_mm)
    moved = distance_mm.copy()
    for row in np.flatnonzero((wrong | unknown).any(axis=(1, 2))):
        if wrong[row].any():
            moved[row] = _moved_slice(distance_mm[row], inside[row], wrong[row], spacing_mm)
        else:
            moved[row][unknown[row]] = _to_voxels(inside[row], spacing_mm)[unknown[row]]
    return moved


def _moved_slice(distance_mm: Floats, inside: Flags, wrong: Flags, spacing_mm: tuple[float, float]) -> Floats:
    half = float(np.sqrt(spacing_mm[0] * spacing_mm[1])) / 2
    known = ~np.isnan(distance_mm)
    old = np.where(known, distance_mm, half).astype(np.float64)
    away = ndimage.distance_transform_edt(~wrong)
    share = np.clip((KEPT_VOXELS - away) / (KEPT_VOXELS - MOVED_VOXELS), 0.0, 1.0)
    # Equal amounts on both sides put the contour half way between two centres, however long the pixel is.
    field = old + share * (np.where(inside, -half, half) - old)
    new_mm, old_mm = _to_contours((field, old), spacing_mm)
    # Where the nearest piece of contour was not moved, both distances are the same and the automatic one stands.
    result = np.where(known & (np.abs(new_mm - old_mm) < _SAME_MM), old, new_mm)
    # A contour through a centre must not turn a label over.
    result[inside & (result >= 0)] = -1e-3 * half
    result[~inside & (result < 0)] = 1e-3 * half
    return np.asarray(result, dtype=np.float32)


def _to_contours(fields: tuple[Distances, Distances], spacing_mm: tuple[float, float]) -> list[Distances]:
    """Signed distances in mm to the lines on which each field is zero, both worked out alike at every pixel."""
    found = [_to_voxels(field < 0, spacing_mm) for field in fields]
    near = (np.abs(found[0]) < EXACT_WITHIN_MM) | (np.abs(found[1]) < EXACT_WITHIN_MM)
    places = np.argwhere(near) * spacing_mm
    for field, distance in zip(fields, found, strict=True):
        lines = [_in_pieces(np.asarray(line)[:, ::-1] * spacing_mm) for line in _zero_lines(field)]
        if lines:
            reach, _ = KDTree(np.concatenate(lines)).query(places)
            distance[near] = np.where(field[near] < 0, -reach, reach)
    return found


def _zero_lines(field: Distances) -> list[Any]:
    """Lines of (column, row) on which a field is zero between pixels, linear between neighbours."""
    return list(contourpy.contour_generator(z=field).lines(0.0))


def _to_voxels(inside: Flags, spacing_mm: tuple[float, float]) -> Distances:
    """Signed distance in mm to the nearest centre on the other side, less half a pixel; the diagonal where none is."""
    half = float(np.sqrt(spacing_mm[0] * spacing_mm[1])) / 2
    if not inside.any() or inside.all():
        diagonal = float(np.hypot(*(size * mm for size, mm in zip(inside.shape, spacing_mm, strict=True))))
        return np.full(inside.shape, -diagonal if inside.all() else diagonal)
    within = ndimage.distance_transform_edt(inside, sampling=spacing_mm)
    outside = ndimage.distance_transform_edt(~inside, sampling=spacing_mm)
    return np.asarray(np.where(inside, half - within, outside - half), dtype=np.float64)


def _in_pieces(line: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Points along a line, so close that the nearest one tells the distance to it."""
    share = np.arange(_POINTS_PER_PIECE)[:, None, None] / _POINTS_PER_PIECE
    between = line[:-1] + share * (line[1:] - line[:-1])
    return np.concatenate([between.reshape(-1, 2), line[-1:]])
