"""The labels that are being edited: one undo for tools, brush and napari's own painting; what is not saved yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from napari.layers import Labels
from qtpy.QtCore import QObject, Signal

from bonemetrics.errors import BonemetricsError
from bonemetrics.segmentation.editing.contour import MovedContour
from bonemetrics.segmentation.editing.patch import LabelPatch, inner
from bonemetrics.segmentation.editing.undo import UndoStack
from bonemetrics.volume import Box, LabelVolume
from napari_bonemetrics.worker import told

_UNDO_KEYS = {"Control-Z": "undo", "Control-Shift-Z": "redo"}


class Editor(QObject):
    """Every change goes through here, so that undo takes them back in the order in which they were made."""

    changed = Signal()
    failed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.labels: LabelVolume | None = None
        self.stack = UndoStack()
        self.last_move: MovedContour | None = None
        self.edited_slices: list[int] = []
        self._layers: tuple[Labels, ...] = ()
        self._n_changes = 0
        self._n_saved = 0

    def begin(self, labels: LabelVolume, stack: UndoStack, layers: Sequence[Labels], *, unsaved: bool = False) -> None:
        """Edit the labels of one case, which these layers show; the first is the one of the main canvas."""
        self.end()
        self.labels = labels
        self.stack = stack
        self._layers = tuple(layers)
        self._n_changes = int(unsaved)
        for layer in self._layers:
            layer.events.paint.connect(self._adopt)
            for key, name in _UNDO_KEYS.items():
                # napari's own undo knows nothing of the tools; on this layer its keys mean ours.
                layer.bind_key(key, lambda _layer, act=name: getattr(self, act)(), overwrite=True)
        self.changed.emit()

    def end(self) -> None:
        """Leave the case."""
        for layer in self._layers:
            layer.events.paint.disconnect(self._adopt)
        self._layers = ()
        self.labels = None
        self.stack = UndoStack()
        self.last_move = None
        self.edited_slices = []
        self._n_changes = self._n_saved = 0

    @property
    def is_unsaved(self) -> bool:
        """Whether something was changed since the last save."""
        return self._n_changes != self._n_saved

    @property
    def n_changes(self) -> int:
        """How many changes the labels hold that undo knows of."""
        return self._n_changes

    def mark_saved(self) -> None:
        """The labels, as they are, lie in the study."""
        self._n_saved = self._n_changes
        self.changed.emit()

    def apply(self, patch: LabelPatch, *, move: MovedContour | None = None) -> bool:
        """Make an edit and remember it; false, with `failed`, where that is not possible."""
        if self.labels is None or patch.is_empty:
            return False
        try:
            patch.apply(self.labels.labels)
        except BonemetricsError as error:
            self.failed.emit(told(error))
            return False
        self.remember(patch)
        self.last_move = move
        return True

    def remember(self, patch: LabelPatch) -> None:
        """An edit that the labels hold already; nothing happens for one that changed nothing."""
        if patch.is_empty:
            return
        self.stack.push(patch)
        self.last_move = None
        if self._n_changes < self._n_saved:
            # What was saved can no longer be reached by redo.
            self._n_saved = -1
        self._n_changes += 1
        for index in range(patch.box[0].start, patch.box[0].stop):
            if index in self.edited_slices:
                self.edited_slices.remove(index)
            self.edited_slices.append(index)
        self.refresh()
        self.changed.emit()

    def undo(self) -> LabelPatch | None:
        """Take back the newest change, whatever made it."""
        return self._step(self.stack.undo, -1)

    def redo(self) -> LabelPatch | None:
        """Make the change again that was taken back last."""
        return self._step(self.stack.redo, 1)

    def _step(self, act: Any, by: int) -> LabelPatch | None:
        if self.labels is None:
            return None
        try:
            patch: LabelPatch | None = act(self.labels.labels)
        except BonemetricsError as error:
            self.failed.emit(told(error))
            return None
        if patch is not None:
            self.last_move = None
            self._n_changes += by
            self.refresh()
            self.changed.emit()
        return patch

    def refresh(self) -> None:
        """Draw the labels of the main canvas anew; the others follow it."""
        if self._layers:
            self._layers[0].refresh(extent=False)

    def _adopt(self, event: Any) -> None:
        """A stroke of napari's own tools: make it a step of our undo."""
        if self.labels is None:
            return
        patch = painted(self.labels, event.value)
        if patch is not None:
            self.remember(patch)


def painted(labels: LabelVolume, atoms: Sequence[Any]) -> LabelPatch | None:
    """The change that a `paint` event of napari tells of.

    Parameters
    ----------
    labels
        Axes (slice, row, column); they hold the change already, or not yet: napari tells of some before it makes them.
    atoms
        Value of the event: each either has a box of slices, a mask within it, the values before and the new one (napari
        0.9), or is a tuple of index arrays, values before and after.
    """
    parts = [part for atom in atoms if (part := _part(atom, labels.geometry.shape)) is not None]
    if not parts:
        return None
    boxes = [part.box for part in parts]
    whole = [slice(min(box[k].start for box in boxes), max(box[k].stop for box in boxes)) for k in range(3)]
    box = (whole[0], whole[1], whole[2])
    before = labels.labels[box].copy()
    for part in reversed(parts):
        before[inner(part.box, box)][part.where] = part.before
    after = before.copy()
    for part in parts:
        after[inner(part.box, box)][part.where] = part.after
    return LabelPatch.between(box, before, after)


@dataclass(frozen=True, slots=True)
class _Part:
    """One change: the box around it, where in the box, and what was there before and after."""

    box: Box
    where: Any
    before: Any
    after: Any


def _part(atom: Any, shape: tuple[int, int, int]) -> _Part | None:
    if hasattr(atom, "slice_key"):
        ends = [part.indices(size) for part, size in zip(atom.slice_key, shape, strict=True)]
        box = [slice(start, max(stop, start)) for start, stop, _ in ends]
        where = ... if atom.mask is None else atom.mask
        return _Part((box[0], box[1], box[2]), where, atom.old_values, atom.new_value)
    indices, before, after = atom
    axes = np.broadcast_arrays(*indices)
    if axes[0].size == 0:
        return None
    low = [int(one.min()) for one in axes]
    box = [slice(start, int(one.max()) + 1) for start, one in zip(low, axes, strict=True)]
    where = tuple(one - start for one, start in zip(axes, low, strict=True))
    return _Part((box[0], box[1], box[2]), where, before, after)
