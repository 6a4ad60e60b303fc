"""Undo and redo of edits, held in few bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from bonemetrics.errors import UsageError
from bonemetrics.segmentation.editing.patch import LabelPatch, Labels
from bonemetrics.volume import Box

UNDO_BYTES = 64 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Change:
    """The changed voxels of a patch alone: moving a contour in a whole stack touches a small part of its box."""

    box: Box
    places: npt.NDArray[np.integer[Any]]
    before: Labels
    after: Labels

    @classmethod
    def of(cls, patch: LabelPatch) -> Self:
        before, after = patch.before.ravel(), patch.after.ravel()
        places = np.flatnonzero(before != after)
        small = places.astype(np.uint32) if before.size < 2**32 else places
        return cls(box=patch.box, places=small, before=before[places], after=after[places])

    @property
    def n_bytes(self) -> int:
        return self.places.nbytes + self.before.nbytes + self.after.nbytes

    def patch(self, labels: Labels, *, applied: bool) -> LabelPatch:
        """The patch again, around the voxels that the labels hold now."""
        present = labels[self.box].copy()
        other = present.copy()
        there, wanted = (self.after, self.before) if applied else (self.before, self.after)
        if not np.array_equal(present.ravel()[self.places], there):
            raise UsageError("the labels were changed by something that the undo stack does not know of")
        other.ravel()[self.places] = wanted
        before, after = (other, present) if applied else (present, other)
        return LabelPatch(box=self.box, before=before, after=after)


class UndoStack:
    """Edits that were made, newest last, and those that were undone.

    Parameters
    ----------
    limit_bytes
        Where the stack would outgrow it, the oldest edits can no longer be undone. The newest one always can.
    """

    def __init__(self, *, limit_bytes: int = UNDO_BYTES) -> None:
        if limit_bytes < 1:
            raise UsageError(f"an undo stack needs room, found a limit of {limit_bytes} bytes")
        self._limit_bytes = limit_bytes
        self._done: list[_Change] = []
        self._undone: list[_Change] = []

    @property
    def n_undo(self) -> int:
        """How many edits can be undone."""
        return len(self._done)

    @property
    def n_redo(self) -> int:
        """How many edits can be made again."""
        return len(self._undone)

    @property
    def n_bytes(self) -> int:
        """What the stack holds in memory."""
        return sum(change.n_bytes for change in (*self._done, *self._undone))

    def push(self, patch: LabelPatch) -> None:
        """Remember an edit that was applied; what was undone before it can no longer be redone.

        An edit that changed nothing is no step of its own and is passed over.
        """
        if patch.is_empty:
            return
        self._undone.clear()
        self._done.append(_Change.of(patch))
        while len(self._done) > 1 and self.n_bytes > self._limit_bytes:
            del self._done[0]

    def undo(self, labels: Labels) -> LabelPatch | None:
        """Take the newest edit back in place.

        Parameters
        ----------
        labels
            Of the whole grid, axes (slice, row, column).

        Returns
        -------
        LabelPatch or None
            What was reverted, so that a viewer knows where; None where there is nothing to undo.

        Raises
        ------
        UsageError
            If the labels are locked or do not hold what the edit left there; the stack then stays as it was.
        """
        if not self._done:
            return None
        patch = self._done[-1].patch(labels, applied=True)
        patch.revert(labels)
        self._undone.append(self._done.pop())
        return patch

    def redo(self, labels: Labels) -> LabelPatch | None:
        """Make the last undone edit again, in place; arguments, result and errors as for `undo`."""
        if not self._undone:
            return None
        patch = self._undone[-1].patch(labels, applied=False)
        patch.apply(labels)
        self._done.append(self._undone.pop())
        return patch
