"""Where two readers differ, place by place, and the labels that follow once each place is decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from bonemetrics.errors import AgreementError
from bonemetrics.volume import Box, Geometry, LabelVolume

Ints = npt.NDArray[np.int64]
Choice = Literal["a", "b"]
"""Whose labels are taken: the first reader's or the second's."""
_FACES = ndimage.generate_binary_structure(3, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelPair:
    """What both readers say at `n_voxels` voxels."""

    a: int
    b: int
    n_voxels: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Component:
    """One connected place where two readers differ.

    `number` counts from 1 in the order of the list. `box` holds it; `index` (slice, row, column) is that of its voxels
    which is nearest to its centroid, so that one who jumps there sees a difference, and `world_lps_mm` is where that
    voxel lies. `pairs` are what the readers say there, the most frequent first. `voxels` are its flat indices.
    """

    number: int
    n_voxels: int
    volume_mm3: float
    box: Box
    index: tuple[int, int, int]
    world_lps_mm: tuple[float, float, float]
    pairs: tuple[LabelPair, ...]
    voxels: Ints

    @property
    def slices(self) -> tuple[int, int]:
        """First and last slice that it touches."""
        return self.box[0].start, self.box[0].stop - 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Disagreement:
    """All places where two readers differ, the largest first.

    `left_out` is the number of components below `minimum_mm3`; `left_out_voxels` are their flat indices and
    `left_out_mm3` is their volume together.
    """

    components: tuple[Component, ...]
    minimum_mm3: float
    left_out: int
    left_out_mm3: float
    left_out_voxels: Ints


def find_disagreement(a: LabelVolume, b: LabelVolume, *, minimum_mm3: float = 0.0) -> Disagreement:
    """Connected components, by faces, of the voxels whose labels differ.

    Parameters
    ----------
    a, b
        Masks of two readers on one grid, axes (slice, row, column). Every label counts, not only those of bone.
    minimum_mm3
        Components of less volume are counted, not listed.

    Returns
    -------
    Disagreement
        Components by falling number of voxels; of equal ones, that which comes first along slices, rows, columns.

    Raises
    ------
    GeometryMismatchError
        If the masks do not lie on one grid.
    AgreementError
        `invalid-readings` if the least volume is no number, or below zero.
    """
    a.geometry.require_same_grid(b.geometry)
    if not (np.isfinite(minimum_mm3) and minimum_mm3 >= 0):
        raise AgreementError(f"a least volume of {minimum_mm3} mm³ is not possible", code="invalid-readings")
    voxels, starts = _components(a, b)
    sizes = np.diff(np.append(starts, voxels.size))
    volume_mm3 = a.geometry.voxel_volume_mm3
    # Rounding of the affine must not drop a component of exactly the least volume.
    kept = sizes * volume_mm3 >= minimum_mm3 * (1 - 1e-9)
    groups = [voxels[start : start + size] for start, size in zip(starts.tolist(), sizes.tolist(), strict=True)]
    # Groups come by their first voxel, so a stable sort leaves equal ones in the order of their position.
    order = [place for place in np.argsort(-sizes, kind="stable").tolist() if kept[place]]
    small = [group for group, is_kept in zip(groups, kept.tolist(), strict=True) if not is_kept]
    left = np.concatenate(small) if small else np.empty(0, dtype=np.int64)
    return Disagreement(
        components=tuple(_component(number, groups[place], a, b) for number, place in enumerate(order, start=1)),
        minimum_mm3=float(minimum_mm3),
        left_out=len(small),
        left_out_mm3=left.size * volume_mm3,
        left_out_voxels=left,
    )


def _components(a: LabelVolume, b: LabelVolume) -> tuple[Ints, Ints]:
    """Flat indices of all differing voxels, component by component, and where each component starts."""
    box = _difference_box(a, b)
    if box is None:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    numbered, _ = ndimage.label(a.labels[box] != b.labels[box], _FACES)
    inside = np.nonzero(numbered)
    numbers = numbered[inside].astype(np.int64)
    whole = tuple(one + part.start for one, part in zip(inside, box, strict=True))
    flat = np.ravel_multi_index(whole, a.geometry.shape).astype(np.int64)
    order = np.argsort(numbers, kind="stable")
    starts = np.flatnonzero(np.diff(numbers[order], prepend=0))
    # `label` numbers components as it meets them; by their first voxels the order does not hang on that.
    first = np.argsort(flat[order][starts], kind="stable")
    groups = np.split(flat[order], starts[1:])
    ordered = [groups[place] for place in first.tolist()]
    sizes = np.array([group.size for group in ordered], dtype=np.int64)
    return np.concatenate(ordered), np.cumsum(sizes) - sizes


def _difference_box(a: LabelVolume, b: LabelVolume) -> Box | None:
    """The smallest box of all differences, found slice by slice to keep memory low."""
    slices = np.zeros(a.geometry.shape[0], dtype=np.bool_)
    flat = np.zeros(a.geometry.shape[1:], dtype=np.bool_)
    for place, (one, other) in enumerate(zip(a.labels, b.labels, strict=True)):
        differs = one != other
        slices[place] = differs.any()
        flat |= differs
    if not slices.any():
        return None
    used = [np.flatnonzero(axis) for axis in (slices, flat.any(axis=1), flat.any(axis=0))]
    box = [slice(int(one[0]), int(one[-1]) + 1) for one in used]
    return box[0], box[1], box[2]


def _component(number: int, voxels: Ints, a: LabelVolume, b: LabelVolume) -> Component:
    geometry = a.geometry
    indices = np.stack(np.unravel_index(voxels, geometry.shape), axis=1)
    index = indices[_nearest_to_centroid(indices, geometry)]
    low, high = indices.min(axis=0).tolist(), (indices.max(axis=0) + 1).tolist()
    x, y, z = geometry.to_world(index).tolist()
    row = index.tolist()
    return Component(
        number=number,
        n_voxels=int(voxels.size),
        volume_mm3=voxels.size * geometry.voxel_volume_mm3,
        box=(slice(low[0], high[0]), slice(low[1], high[1]), slice(low[2], high[2])),
        index=(row[0], row[1], row[2]),
        world_lps_mm=(x, y, z),
        pairs=_pairs(a.labels.reshape(-1)[voxels], b.labels.reshape(-1)[voxels]),
        voxels=voxels,
    )


def _nearest_to_centroid(indices: Ints, geometry: Geometry) -> int:
    """Place of the voxel nearest to the centroid in mm; of equal ones the first."""
    away_mm = (indices - indices.mean(axis=0)) @ geometry.affine_lps[:3, :3].T
    squared = np.einsum("ij,ij->i", away_mm, away_mm)
    # Voxels as near but for rounding are equal, or the choice would hang on the origin of the grid.
    return int(np.flatnonzero(squared <= squared.min() + 1e-9)[0])


def _pairs(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> tuple[LabelPair, ...]:
    said, counts = np.unique(np.stack([a, b], axis=1).astype(np.int64), axis=0, return_counts=True)
    found = [
        LabelPair(a=one, b=other, n_voxels=count)
        for (one, other), count in zip(said.tolist(), counts.tolist(), strict=True)
    ]
    return tuple(sorted(found, key=lambda pair: (-pair.n_voxels, pair.a, pair.b)))


def resolve(
    a: LabelVolume,
    b: LabelVolume,
    found: Disagreement,
    choices: Mapping[int, Choice],
    *,
    left_out: Choice | None = None,
) -> LabelVolume:
    """The adjudicated labels: where the readers agree, theirs; elsewhere those of the reader chosen for each place.

    Parameters
    ----------
    a, b
        The masks in which `found` was found.
    found
        Every component of it needs a choice.
    choices
        Reader by number of the component.
    left_out
        Reader for the components below the least volume; needed where there are any.

    Returns
    -------
    LabelVolume
        A new volume on the grid of `a`.

    Raises
    ------
    GeometryMismatchError
        If the masks do not lie on one grid.
    AgreementError
        `unresolved-components` where a place has no choice: none is made for it. `invalid-choice` for a component that
        is not there, or a choice that is neither `a` nor `b`. `stale-disagreement` where the masks differ elsewhere
        than `found` says.
    """
    a.geometry.require_same_grid(b.geometry)
    _require_choices(found, choices, left_out)
    _require_current(a, b, found)
    labels = a.labels.astype(np.promote_types(a.labels.dtype, b.labels.dtype), order="C", copy=True)
    flat, other = labels.reshape(-1), b.labels.reshape(-1)
    taken = [one.voxels for one in found.components if choices[one.number] == "b"]
    if left_out == "b":
        taken.append(found.left_out_voxels)
    for voxels in taken:
        flat[voxels] = other[voxels]
    return LabelVolume(labels=labels, geometry=a.geometry)


def _require_choices(found: Disagreement, choices: Mapping[int, Choice], left_out: Choice | None) -> None:
    known = {one.number for one in found.components}
    strange = sorted(set(choices) - known)
    if strange:
        raise AgreementError(
            f"there are {len(known)} components, and none of number {strange[0]}", code="invalid-choice"
        )
    wrong = [one for one in (*choices.values(), left_out) if one not in ("a", "b", None)]
    if wrong or None in choices.values():
        raise AgreementError("a choice is 'a' or 'b', the first reader or the second", code="invalid-choice")
    missing = len(known - set(choices))
    small = found.left_out if left_out is None else 0
    if missing or small:
        raise AgreementError(
            f"{missing} of {len(known)} components and {small} below {found.minimum_mm3:g} mm³ are not decided; "
            "choose a reader for each, and one for all those below",
            code="unresolved-components",
        )


def _require_current(a: LabelVolume, b: LabelVolume, found: Disagreement) -> None:
    every = np.concatenate([*(one.voxels for one in found.components), found.left_out_voxels])
    differ = sum(int(np.count_nonzero(x != y)) for x, y in zip(a.labels, b.labels, strict=True))
    size = int(np.prod(a.geometry.shape))
    inside = every.size == 0 or int(every.max()) < size
    if not inside or differ != every.size or not (a.labels.reshape(-1)[every] != b.labels.reshape(-1)[every]).all():
        raise AgreementError(
            f"the masks differ at {differ} voxels, the list of differences names {every.size}; a mask was changed "
            "since, so look for the differences anew",
            code="stale-disagreement",
        )
