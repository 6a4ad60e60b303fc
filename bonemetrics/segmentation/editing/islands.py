"""Remove islands, and fill the holes in a bone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from bonemetrics.errors import EmptyRegionError, UsageError
from bonemetrics.segmentation.editing.patch import LabelPatch, Labels
from bonemetrics.segmentation.editing.planes import chosen_slices, is_bone, plane_box, require_length
from bonemetrics.volume import TRABECULAR, Box, LabelVolume

Numbers = npt.NDArray[np.int32]
# Islands hang together over corners; holes, which lie between, over faces (digital topology's pair of neighbourhoods).
_CORNERS = np.ones((3, 3, 3), dtype=np.bool_)
_IN_PLANE = np.zeros((3, 3, 3), dtype=np.bool_)
_IN_PLANE[1] = True
_FACES_IN_PLANE = ndimage.generate_binary_structure(3, 1) & _IN_PLANE


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PiecesChanged:
    """The edit, how many islands or holes it takes away, and their volume together in mm³."""

    patch: LabelPatch
    n_pieces: int
    volume_mm3: float


def remove_islands(
    labels: LabelVolume,
    *,
    of: int | Literal["bone"] = "bone",
    smallest_mm3: float | None = None,
    in_plane: bool = False,
    slices: range | None = None,
) -> PiecesChanged:
    """Keep the largest piece of the bone or of one label; the others take the label around them.

    Parameters
    ----------
    labels
        Axes (slice, row, column).
    of
        `bone`: trabecular and cortical together. A label: its own pieces.
    smallest_mm3
        Keep every piece of at least this volume instead of the largest one alone. With `in_plane` a piece is one
        voxel thick.
    in_plane
        Look at each slice by itself; the largest piece of each is kept.
    slices
        Slices to look at, all where None; pieces are those within them.

    Returns
    -------
    PiecesChanged
        The patch, not applied. Pieces that share the place of the largest are all kept.

    Raises
    ------
    EmptyRegionError
        If nothing in the slices has the label, or nothing would be left of it.
    UsageError
        If the volume is not above zero, the label is background or a slice lies outside the grid.
    """
    if smallest_mm3 is not None:
        require_length("smallest_mm3 (a volume)", smallest_mm3)
    if of != "bone" and not (isinstance(of, int) and of > 0):
        raise UsageError(f"islands are those of the bone or of a label above 0, found {of!r}")
    box = _bone_box(labels, slices, of)
    before = labels.labels[box]
    mask = is_bone(before) if of == "bone" else before == of
    pieces, n = ndimage.label(mask, structure=_IN_PLANE if in_plane else _CORNERS)
    sizes = _sizes(pieces, n)
    if smallest_mm3 is not None:
        removed = sizes * labels.geometry.voxel_volume_mm3 < smallest_mm3 * (1 - 1e-9)
    else:
        removed = sizes < _largest(pieces, sizes, in_plane=in_plane)
    removed[0] = False
    if np.count_nonzero(removed) == n:
        raise EmptyRegionError(f"no piece is as large as {smallest_mm3:g} mm³; nothing would be left")
    pieces *= removed[pieces]
    return _changed(labels, box, pieces, label=None)


def fill_holes(
    labels: LabelVolume,
    *,
    label: int | None = TRABECULAR,
    largest_mm2: float | None = None,
    slices: range | None = None,
) -> PiecesChanged:
    """Fill background that the bone encloses within a slice.

    Parameters
    ----------
    labels
        1 trabecular, 2 cortical, axes (slice, row, column).
    label
        The label to fill with; the one around each hole where None.
    largest_mm2
        Fill only holes of up to this area.
    slices
        Slices to work on, all where None.

    Returns
    -------
    PiecesChanged
        The patch, not applied; holes of neighbouring slices count one by one. Background that reaches the border of
        the scan is no hole.

    Raises
    ------
    EmptyRegionError
        If no slice shows bone.
    UsageError
        If the area is not above zero, the label is background or a slice lies outside the grid.
    """
    if largest_mm2 is not None:
        require_length("largest_mm2 (an area)", largest_mm2)
    if label is not None and not 0 < label <= np.iinfo(labels.labels.dtype).max:
        raise UsageError(f"holes are filled with a label above 0 that fits the labels' type, found {label}")
    box = _bone_box(labels, slices, "bone")
    before = labels.labels[box]
    pieces, n = ndimage.label(~is_bone(before), structure=_FACES_IN_PLANE)
    kept = np.zeros(n + 1, dtype=np.bool_)
    for border in (pieces[:, 0], pieces[:, -1], pieces[:, :, 0], pieces[:, :, -1]):
        kept[border] = True
    kept[0] = True
    # Another label in a hole stays.
    pieces[before != 0] = 0
    if largest_mm2 is not None:
        sizes = _sizes(pieces, n)
        kept |= sizes * labels.geometry.pixel_area_mm2 > largest_mm2 * (1 + 1e-9)
    pieces *= ~kept[pieces]
    return _changed(labels, box, pieces, label=label)


def _bone_box(labels: LabelVolume, slices: range | None, of: int | Literal["bone"]) -> Box:
    """The chosen slices and the pixels around what they show, with one pixel around it where the grid has one."""
    chosen = chosen_slices(labels.geometry, slices)
    if abs(chosen.step) != 1:
        raise UsageError(f"pieces are looked for in slices without gaps, found {slices}")
    rows = slice(min(chosen), max(chosen) + 1)
    flat = np.zeros(labels.geometry.shape[1:], dtype=np.bool_)
    for plane in labels.labels[rows]:
        flat |= is_bone(plane) if of == "bone" else plane == of
    box = plane_box(flat, (1, 1))
    if box is None:
        raise EmptyRegionError(f"the chosen slices show no voxel of {'bone' if of == 'bone' else f'label {of}'}")
    return rows, *box


def _sizes(pieces: Numbers, n: int) -> npt.NDArray[np.intp]:
    """Voxels of each piece, counted slice by slice, since counting makes a copy eight bytes deep."""
    sizes = np.zeros(n + 1, dtype=np.intp)
    for plane in pieces:
        sizes += np.bincount(plane.ravel(), minlength=n + 1)
    return sizes


def _largest(pieces: Numbers, sizes: npt.NDArray[np.intp], *, in_plane: bool) -> npt.NDArray[np.intp]:
    """The size of the largest piece that each piece competes with."""
    if not in_plane:
        return np.full(sizes.shape, sizes[1:].max())
    largest = np.zeros(sizes.shape, dtype=np.intp)
    for plane in pieces:
        present = np.unique(plane[plane > 0])
        if present.size:
            largest[present] = sizes[present].max()
    return largest


def _changed(labels: LabelVolume, box: Box, pieces: Numbers, *, label: int | None) -> PiecesChanged:
    before = labels.labels[box]
    after = before.copy()
    places = np.nonzero(pieces)
    numbers, own = np.unique(pieces[places], return_inverse=True)
    if numbers.size:
        after[places] = label if label is not None else _around(before, pieces, places, own)[own]
    return PiecesChanged(
        patch=LabelPatch.between(box, before, after),
        n_pieces=len(numbers),
        volume_mm3=len(own) * labels.geometry.voxel_volume_mm3,
    )


def _around(
    before: Labels, pieces: Numbers, places: tuple[npt.NDArray[np.intp], ...], own: npt.NDArray[np.intp]
) -> Labels:
    """The label that touches each piece with most faces within the slice; the lowest of equals.

    Across slices faces are not counted: a piece would take the label of another island above it. The box reaches
    beyond the pieces wherever the grid does.
    """
    number: list[npt.NDArray[np.intp]] = []
    value: list[Labels] = []
    for axis, step in ((1, -1), (1, 1), (2, -1), (2, 1)):
        there = (places[axis] + step >= 0) & (places[axis] + step < before.shape[axis])
        beside = [part[there] for part in places]
        beside[axis] = beside[axis] + step
        foreign = pieces[tuple(beside)] == 0
        number.append(own[there][foreign])
        value.append(before[tuple(beside)][foreign])
    return _majority(np.concatenate(number), np.concatenate(value), int(own.max()) + 1)


def _majority(number: npt.NDArray[np.intp], value: Labels, n: int) -> Labels:
    # Background stands first: it is what a piece takes that nothing touches.
    kinds = np.unique(np.append(value, value.dtype.type(0)))
    counts = np.zeros((n, len(kinds)), dtype=np.intp)
    np.add.at(counts, (number, np.searchsorted(kinds, value)), 1)
    return np.asarray(kinds[counts.argmax(axis=1)])
