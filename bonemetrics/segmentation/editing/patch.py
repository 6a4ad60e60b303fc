"""An edit as the part of the labels that it changes, so that it is applied and undone without copying the volume."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from bonemetrics.errors import UsageError
from bonemetrics.volume import Box

Labels = npt.NDArray[np.unsignedinteger[Any]]
PlaneBox = tuple[slice, slice]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LabelPatch:
    """Labels of `box`, axes (slice, row, column), before and after one edit.

    Made by `between` or `of_planes` the box is the smallest one around the changed voxels, and empty for no change.
    """

    box: Box
    before: Labels
    after: Labels

    def __post_init__(self) -> None:
        size = tuple(part.stop - part.start for part in self.box)
        if self.before.shape != size or self.after.shape != size or self.before.dtype != self.after.dtype:
            raise UsageError(
                f"a patch of a box of {size} voxels needs two arrays of that shape and of one type, "
                f"found {self.before.shape} and {self.after.shape}"
            )
        self.before.setflags(write=False)
        self.after.setflags(write=False)

    @classmethod
    def between(cls, box: Box, before: Labels, after: Labels) -> Self:
        """The change from `before` to `after`, two arrays of `box`, cut to the voxels that differ."""
        differs = before != after
        cut = tuple(_extent(differs, axis) for axis in range(3))
        placed = tuple(slice(a.start + b.start, a.start + b.stop) for a, b in zip(box, cut, strict=True))
        return cls(box=(placed[0], placed[1], placed[2]), before=before[cut].copy(), after=after[cut].copy())

    @classmethod
    def of_planes(cls, labels: Labels, planes: Mapping[int, tuple[PlaneBox, Labels]]) -> Self:
        """The change that puts new pixels into parts of some slices, by slice index."""
        changed = {index: plane for index, plane in planes.items() if (labels[index][plane[0]] != plane[1]).any()}
        if not changed:
            return cls.between((slice(0, 0),) * 3, labels[:0, :0, :0], labels[:0, :0, :0])
        boxes = [part for part, _ in changed.values()]
        rows, columns = (slice(min(box[k].start for box in boxes), max(box[k].stop for box in boxes)) for k in (0, 1))
        box = (slice(min(changed), max(changed) + 1), rows, columns)
        before = labels[box]
        after = before.copy()
        for index, (part, pixels) in changed.items():
            after[index - box[0].start][inner(part, (rows, columns))] = pixels
        return cls.between(box, before, after)

    def joined(self, later: LabelPatch, labels: Labels) -> LabelPatch:
        """One edit out of this and a later one; `labels` hold this one and not yet the later."""
        if self.is_empty or later.is_empty:
            return self if later.is_empty else later
        parts = [slice(min(a.start, b.start), max(a.stop, b.stop)) for a, b in zip(self.box, later.box, strict=True)]
        box = (parts[0], parts[1], parts[2])
        before, after = labels[box].copy(), labels[box].copy()
        before[inner(self.box, box)] = self.before
        after[inner(later.box, box)] = later.after
        return LabelPatch.between(box, before, after)

    def undone_in(self, index: int, box: PlaneBox, pixels: Labels) -> Labels:
        """Pixels of a part of one slice as they were before this edit.

        Raises
        ------
        UsageError
            If they are not as the edit left them.
        """
        if not self.box[0].start <= index < self.box[0].stop:
            return pixels
        shared = [slice(max(a.start, b.start), min(a.stop, b.stop)) for a, b in zip(self.box[1:], box, strict=True)]
        both = (shared[0], shared[1])
        own, there = inner(both, self.box[1:]), inner(both, box)
        if not np.array_equal(self.after[index - self.box[0].start][own], pixels[there]):
            raise UsageError("the labels have changed since this edit was made; undo the later edits first")
        earlier = pixels.copy()
        earlier[there] = self.before[index - self.box[0].start][own]
        return earlier

    @property
    def is_empty(self) -> bool:
        """Whether nothing changes."""
        return self.n_changed == 0

    @property
    def n_changed(self) -> int:
        """How many voxels change."""
        return int(np.count_nonzero(self.before != self.after))

    def apply(self, labels: Labels) -> None:
        """Change the labels of the whole grid in place.

        Raises
        ------
        UsageError
            If the labels are locked, or the box does not hold what it held when the patch was made.
        """
        _exchange(labels, self.box, self.before, self.after)

    def revert(self, labels: Labels) -> None:
        """Take the change back, in place.

        Raises
        ------
        UsageError
            If the labels are locked, or the box does not hold what the patch left there.
        """
        _exchange(labels, self.box, self.after, self.before)


def inner(part: Sequence[slice], box: Sequence[slice]) -> tuple[slice, ...]:
    """A part of the grid counted from the start of a box around it."""
    return tuple(slice(a.start - b.start, a.stop - b.start) for a, b in zip(part, box, strict=True))


def _exchange(labels: Labels, box: Box, expected: Labels, wanted: Labels) -> None:
    if not labels.flags.writeable:
        raise UsageError("the labels are locked and cannot be edited; unlock the record first")
    found = labels[box]
    if found.shape != expected.shape or not np.array_equal(found, expected):
        raise UsageError("the labels have changed since this edit was made; undo the later edits first")
    labels[box] = wanted


def _extent(flags: npt.NDArray[np.bool_], axis: int) -> slice:
    used = np.flatnonzero(flags.any(axis=tuple(other for other in range(3) if other != axis)))
    return slice(int(used[0]), int(used[-1]) + 1) if used.size else slice(0, 0)
