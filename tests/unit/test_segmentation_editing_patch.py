from __future__ import annotations

import numpy as np
import pytest

from bonemetrics.errors import UsageError
from bonemetrics.segmentation.editing.patch import LabelPatch
from bonemetrics.segmentation.editing.undo import UndoStack

WHOLE = (slice(0, 3), slice(0, 5), slice(0, 6))


def stack() -> np.ndarray:
    return np.arange(90, dtype=np.uint8).reshape(3, 5, 6) % 3


def patch_at(labels: np.ndarray, place: tuple[int, int, int], value: int = 9) -> LabelPatch:
    after = labels.copy()
    after[place] = value
    return LabelPatch.between(WHOLE, labels, after)


def test_between__holds_the_smallest_box_of_the_change():
    before = stack()
    after = before.copy()
    after[1, 2, 3:5] = 7
    after[2, 2, 3] = 7
    patch = LabelPatch.between(WHOLE, before, after)
    assert patch.box == (slice(1, 3), slice(2, 3), slice(3, 5))
    assert (patch.n_changed, patch.is_empty) == (3, False)
    assert patch.before.shape == (2, 1, 2)


def test_between__counts_from_the_box_that_it_is_given():
    labels = stack()
    box = (slice(1, 3), slice(2, 5), slice(3, 6))
    after = labels[box].copy()
    after[1, 2, 0] = 9
    assert LabelPatch.between(box, labels[box], after).box == (slice(2, 3), slice(4, 5), slice(3, 4))


def test_between__no_change_is_an_empty_patch_that_does_nothing():
    labels = stack()
    patch = LabelPatch.between(WHOLE, labels, labels.copy())
    assert patch.is_empty
    assert patch.n_changed == 0
    patch.apply(labels)
    patch.revert(labels)
    assert (labels == stack()).all()


def test_of_planes__puts_parts_of_slices_together():
    labels = stack()
    planes = {
        0: ((slice(1, 3), slice(0, 2)), np.full((2, 2), 8, dtype=np.uint8)),
        1: ((slice(0, 5), slice(0, 6)), labels[1].copy()),
        2: ((slice(4, 5), slice(5, 6)), np.full((1, 1), 8, dtype=np.uint8)),
    }
    patch = LabelPatch.of_planes(labels, planes)
    expected = stack()
    expected[0, 1:3, 0:2] = 8
    expected[2, 4, 5] = 8
    patch.apply(labels)
    assert (labels == expected).all()


def test_of_planes__without_a_change_is_empty():
    labels = stack()
    assert LabelPatch.of_planes(labels, {1: ((slice(0, 5), slice(0, 6)), labels[1].copy())}).is_empty


def test_apply_and_revert__restore_the_labels():
    labels = stack()
    patch = patch_at(labels, (1, 2, 3))
    patch.apply(labels)
    assert labels[1, 2, 3] == 9
    assert np.count_nonzero(labels != stack()) == 1
    patch.revert(labels)
    assert (labels == stack()).all()


def test_apply__refuses_labels_that_have_changed_since():
    labels = stack()
    patch = patch_at(labels, (1, 2, 3))
    labels[1, 2, 3] = 5
    with pytest.raises(UsageError, match="changed since"):
        patch.apply(labels)
    with pytest.raises(UsageError, match="changed since"):
        patch.revert(labels)
    assert labels[1, 2, 3] == 5


def test_apply__refuses_another_grid():
    patch = patch_at(stack(), (2, 4, 5))
    with pytest.raises(UsageError, match="changed since"):
        patch.apply(stack()[:2].copy())


def test_apply__refuses_locked_labels():
    labels = stack()
    patch = patch_at(labels, (0, 0, 0))
    labels.setflags(write=False)
    with pytest.raises(UsageError, match="locked"):
        patch.apply(labels)


def test_patch__refuses_arrays_that_do_not_fill_its_box():
    one = np.zeros((1, 1, 2), dtype=np.uint8)
    box = (slice(0, 1), slice(0, 1), slice(0, 2))
    with pytest.raises(UsageError, match="two arrays"):
        LabelPatch(box=box, before=one, after=one[:, :, :1])
    with pytest.raises(UsageError, match="two arrays"):
        LabelPatch(box=box, before=one, after=one.astype(np.uint16))


def test_patch__cannot_be_changed_later():
    patch = patch_at(stack(), (0, 0, 0))
    with pytest.raises(ValueError, match="read-only"):
        patch.after[0, 0, 0] = 1


def done(labels: np.ndarray, undo: UndoStack, *places: tuple[int, int, int]) -> None:
    for value, place in enumerate(places, start=10):
        patch = patch_at(labels, place, value)
        patch.apply(labels)
        undo.push(patch)


def test_undo_stack__undoes_and_redoes_in_order():
    labels, undo = stack(), UndoStack()
    done(labels, undo, (0, 0, 0), (0, 0, 0), (2, 4, 5))
    last = labels.copy()
    assert undo.undo(labels).box == (slice(2, 3), slice(4, 5), slice(5, 6))
    assert labels[2, 4, 5] == stack()[2, 4, 5]
    undo.undo(labels)
    assert labels[0, 0, 0] == 10
    undo.undo(labels)
    assert (labels == stack()).all()
    assert undo.undo(labels) is None
    for _ in range(3):
        undo.redo(labels)
    assert undo.redo(labels) is None
    assert (labels == last).all()
    assert (undo.n_undo, undo.n_redo) == (3, 0)


def test_undo_stack__a_new_edit_ends_what_could_be_redone():
    labels, undo = stack(), UndoStack()
    done(labels, undo, (0, 0, 0), (1, 1, 1))
    undo.undo(labels)
    done(labels, undo, (2, 2, 2))
    assert (undo.n_undo, undo.n_redo) == (2, 0)


def test_undo_stack__an_edit_without_change_is_no_step():
    labels, undo = stack(), UndoStack()
    done(labels, undo, (0, 0, 0))
    undo.undo(labels)
    undo.push(LabelPatch.between(WHOLE, labels, labels.copy()))
    assert (undo.n_undo, undo.n_redo) == (0, 1)


def test_undo_stack__forgets_the_oldest_beyond_its_bytes():
    # One changed voxel takes a place of 4 bytes and a label before and after of 1 each: 6 bytes.
    labels, undo = stack(), UndoStack(limit_bytes=13)
    done(labels, undo, (0, 0, 0), (1, 1, 1), (2, 2, 2))
    assert (undo.n_undo, undo.n_bytes) == (2, 12)
    undo.undo(labels)
    undo.undo(labels)
    assert undo.undo(labels) is None
    assert labels[0, 0, 0] == 10


def test_undo_stack__keeps_the_newest_edit_however_large():
    labels, undo = stack(), UndoStack(limit_bytes=1)
    done(labels, undo, (0, 0, 0), (1, 1, 1))
    assert undo.n_undo == 1
    undo.undo(labels)
    assert labels[1, 1, 1] == stack()[1, 1, 1]


def test_undo_stack__refuses_labels_changed_behind_its_back_and_stays_as_it_was():
    labels, undo = stack(), UndoStack()
    done(labels, undo, (1, 1, 1))
    labels[1, 1, 1] = 77
    with pytest.raises(UsageError, match="does not know"):
        undo.undo(labels)
    assert undo.n_undo == 1
    labels[1, 1, 1] = 10
    undo.undo(labels)
    assert (labels == stack()).all()


def test_undo_stack__leaves_voxels_that_the_edit_did_not_change():
    labels, undo = stack(), UndoStack()
    after = labels.copy()
    after[0, 0, 0] = after[0, 0, 5] = 50
    patch = LabelPatch.between(WHOLE, labels, after)
    patch.apply(labels)
    undo.push(patch)
    labels[0, 0, 2] = 60
    undo.undo(labels)
    assert (labels[0, 0, 0], labels[0, 0, 2]) == (stack()[0, 0, 0], 60)


def test_undo_stack__refuses_locked_labels():
    labels, undo = stack(), UndoStack()
    done(labels, undo, (0, 0, 0))
    labels.setflags(write=False)
    with pytest.raises(UsageError, match="locked"):
        undo.undo(labels)
    assert (undo.n_undo, undo.n_redo) == (1, 0)


def test_undo_stack__refuses_a_limit_without_room():
    with pytest.raises(UsageError, match="needs room"):
        UndoStack(limit_bytes=0)
