"""Editing: one undo for tools, brush and napari's own painting; the brush in mm and within densities; the box."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

pytest.importorskip("napari")

from napari_bonemetrics.editor import Editor
from napari_bonemetrics.layers import labels_layer
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from bonemetrics.segmentation.editing.undo import UndoStack
from bonemetrics.volume import CORTICAL, TRABECULAR, LabelVolume
from tests.gui.desk_cases import (
    BENCH,
    bone,
    desk_on,
    idle,
    main_canvas,
    on_canvas,
    open_case,
    press,
    settle,
    stroke,
    wait_until,
)

pytestmark = pytest.mark.gui


@pytest.fixture
def edited(qapp):
    """Labels of the leaking bone, a layer on them, and an editor."""
    labels = LabelVolume(labels=bone()[2].labels.copy(), geometry=bone()[2].geometry)
    layer = labels_layer(labels)
    editor = Editor()
    editor.begin(labels, UndoStack(), [layer])
    yield labels, layer, editor
    editor.end()


def test_editor__strokes_of_napari_and_patches_of_tools_are_undone_in_order(edited):
    from bonemetrics.segmentation.editing.islands import fill_holes, remove_islands

    labels, layer, editor = edited
    states = [labels.labels.copy()]

    def kept():
        states.append(labels.labels.copy())

    editor.apply(remove_islands(labels).patch)
    kept()
    layer.brush_size = 5
    layer.paint((3, 40, 40), CORTICAL)
    kept()
    editor.apply(fill_holes(labels).patch)
    kept()
    layer.data_setitem((np.array([5, 6]), np.array([2, 3]), np.array([4, 4])), TRABECULAR)
    kept()
    with layer.block_history():
        # One stroke that paints a place twice.
        layer.paint((8, 10, 10), TRABECULAR)
        layer.paint((8, 12, 10), CORTICAL)
    kept()
    assert [bool((a != b).any()) for a, b in pairwise(states)] == [True] * 5
    for wanted in reversed(states[:-1]):
        editor.undo()
        assert np.array_equal(labels.labels, wanted)
    assert editor.undo() is None
    assert not editor.is_unsaved
    for wanted in states[1:]:
        editor.redo()
        assert np.array_equal(labels.labels, wanted)


def test_editor__knows_what_is_saved_also_after_undo_and_another_edit(edited):
    _, layer, editor = edited
    layer.paint((2, 5, 5), 1)
    editor.mark_saved()
    assert not editor.is_unsaved
    editor.undo()
    assert editor.is_unsaved
    editor.redo()
    assert not editor.is_unsaved
    editor.undo()
    # As many edits as were saved, and yet not the same ones.
    layer.paint((9, 60, 60), 2)
    assert editor.is_unsaved
    layer.paint((9, 60, 60), 2)
    assert editor.stack.n_undo == 1


def test_editor__a_foreign_change_is_refused_with_a_reason_and_not_undone_over(edited):
    labels, layer, editor = edited
    layer.paint((2, 5, 5), 1)
    labels.labels[2, 5, 5] = 7
    failed = []
    editor.failed.connect(failed.append)
    assert editor.undo() is None
    assert "does not know of" in failed[0]
    assert labels.labels[2, 5, 5] == 7


def test_desk__edits_with_real_mouse_and_keys_are_undone_saved_and_judged(make_napari_viewer, tmp_path):
    with desk_on(make_napari_viewer, tmp_path, rules="[review]\nconsequence = 'after-verdict'\n") as desk:
        case = open_case(desk)
        labels, density = case.labels.labels, case.density.mg_per_cm3
        began = labels.copy()
        desk.stage.look_at((10, 42, 48))
        desk.show_page("Edit")
        settle(0.3)
        _brush_is_limited_to_densities(desk, labels, density)
        _ctrl_z_on_the_canvas_takes_back_tools_and_strokes(desk, labels, began)
        _contour_moves_add_up(desk, labels)
        _box_takes_what_is_seen(desk, case)
        desk.edit.slices.scope.setCurrentIndex(1)
        for name in ("islands", "fill"):
            desk.edit.tool_requested.emit(name)
            idle(desk)
        assert "filled" in desk.foot.message.text()
        assert desk.editor.is_unsaved
        press(desk, "Ctrl+2")
        assert desk.verdict.lacking.text() == ""
        assert not desk.numbers.table.isVisible()
        press(desk, "Ctrl+Return")
        idle(desk)
        # The verdict has saved the edit, and only now shows what it does.
        assert not desk.editor.is_unsaved
        masks = desk.flow.session.store.reading.masks(case.task.scan_id)
        assert [mask.source for mask in masks] == ["automatic", "edited"]
        assert desk.pages.tabText(desk.pages.currentIndex()) == "Numbers"
        assert desk.numbers.table.rowCount() == 4


def shown_numbers(desk):
    table = desk.numbers.table
    return [[table.item(row, column).text() for column in range(6)] for row in range(table.rowCount())]


def test_desk__an_unsaved_edit_can_be_asked_what_it_would_do_and_saving_gives_the_same(make_napari_viewer, tmp_path):
    rules = "[review]\nconsequence = 'at-once'\n"
    with desk_on(make_napari_viewer, tmp_path, rules=rules) as desk:
        case = open_case(desk)
        masks = desk.flow.session.store.reading.masks
        desk.show_page("Edit")
        settle(0.1)
        assert desk.edit.ask.isVisible()
        assert not desk.edit.ask.isEnabled()
        desk.stage.scene.labels.paint((8, 10, 10), CORTICAL)
        QTest.mouseClick(desk.edit.ask, Qt.MouseButton.LeftButton)
        idle(desk)
        assert desk.pages.tabText(desk.pages.currentIndex()) == "Numbers"
        assert "UNSAVED EDIT" in desk.numbers.told.text()
        first = shown_numbers(desk)
        assert [row[0].split("\n")[0] for row in first] == ["Tb.vBMD", "Ct.vBMD", "Tb.Ar", "Ct.Ar"]
        assert [mask.source for mask in masks(case.task.scan_id)] == ["automatic"]
        # Another stroke: what was told is of other labels, and goes.
        desk.stage.scene.labels.paint((9, 10, 10), CORTICAL)
        assert shown_numbers(desk) == []
        assert "changed since you asked" in desk.numbers.told.text()
        press(desk, "F9")
        second = shown_numbers(desk)
        assert second != first
        press(desk, "Ctrl+Shift+S")
        assert shown_numbers(desk) == second
        assert desk.numbers.told.text().startswith("Saved edit.")
        assert [mask.source for mask in masks(case.task.scan_id)] == ["automatic", "edited"]
        assert not desk.numbers.ask.isEnabled()
        desk.stage.scene.labels.paint((7, 10, 10), CORTICAL)
        press(desk, "F9")
        assert shown_numbers(desk) != second
        desk.keeper.stop()
        desk.flow.close(discard=True)
        assert shown_numbers(desk) == []


def test_desk__asking_what_an_edit_would_do_can_be_cancelled(make_napari_viewer, tmp_path):
    def slow(*given):
        while True:
            given[-1]()
            time.sleep(0.02)

    rules = "[review]\nconsequence = 'at-once'\n"
    with desk_on(make_napari_viewer, tmp_path, rules=rules) as desk:
        case = open_case(desk)
        desk.flow.session._desk = replace(desk.flow.session._desk, bench=replace(BENCH, measure=slow))
        desk.stage.scene.labels.paint((8, 10, 10), CORTICAL)
        desk.show_page("Numbers")
        QTest.mouseClick(desk.numbers.ask, Qt.MouseButton.LeftButton)
        wait_until(lambda: desk.foot.bar.format() == "measuring")
        QTest.mouseClick(desk.foot.cancel, Qt.MouseButton.LeftButton)
        idle(desk)
        assert shown_numbers(desk) == []
        assert case.is_edited
        assert desk.edit.save.isEnabled()


def test_desk__where_numbers_come_after_the_verdict_there_is_nothing_to_ask_with(make_napari_viewer, tmp_path):
    with desk_on(make_napari_viewer, tmp_path) as desk:
        open_case(desk)
        desk.stage.scene.labels.paint((8, 10, 10), CORTICAL)
        for page, button in (("Edit", desk.edit.ask), ("Numbers", desk.numbers.ask)):
            desk.show_page(page)
            settle(0.05)
            assert not button.isVisible()
        press(desk, "F9")
        assert shown_numbers(desk) == []
        assert "numbers-hidden" in desk.foot.message.text()


def _brush_is_limited_to_densities(desk, labels, density):
    began = labels.copy()
    QTest.mouseClick(desk.edit.brush, Qt.MouseButton.LeftButton)
    QTest.mouseClick(desk.edit.label.button(CORTICAL), Qt.MouseButton.LeftButton)
    desk.edit.radius.setValue(1.0)
    desk.edit.limit.setText("400")
    canvas = main_canvas()
    # Across the cortex from outside, along a row: only dense voxels within 1 mm of the line may change.
    row = 42
    inside = np.flatnonzero(began[10, row] == TRABECULAR)
    ends = [(10, row, inside[0] - 8), (10, row, inside[0] + 6)]
    stroke(canvas, [on_canvas(desk, end) for end in ends])
    changed = np.argwhere(labels != began)
    assert len(changed) > 0
    assert set(changed[:, 0].tolist()) == {10}
    assert np.abs(changed[:, 1] - row).max() <= 4  # 1 mm of 0.25 mm voxels
    assert (density[labels != began] >= 400).all()
    assert desk.editor.stack.n_undo == 1
    _a_brush_that_paints_nothing_says_why(desk, labels, canvas)
    desk.edit.limit.clear()
    QTest.mouseClick(desk.edit.shape.button(1), Qt.MouseButton.LeftButton)
    desk.edit.radius.setValue(1.2)
    before = labels.copy()
    stroke(canvas, [on_canvas(desk, (10, 20, 60)), on_canvas(desk, (10, 22, 60))])
    # A ball of 1.2 mm reaches two slices of 0.5 mm to either side.
    assert sorted(set(np.argwhere(labels != before)[:, 0].tolist())) == [8, 9, 10, 11, 12]
    QTest.mouseClick(desk.edit.brush, Qt.MouseButton.LeftButton)
    before = labels.copy()
    stroke(canvas, [on_canvas(desk, (10, 60, 60)), on_canvas(desk, (10, 62, 60))])
    assert np.array_equal(labels, before)


def _a_brush_that_paints_nothing_says_why(desk, labels, canvas):
    before = labels.copy()
    # Nothing is denser than this; and a number that is not finished is not "any density".
    for text, told in (("4900", "nothing was painted"), ("-", "a density range")):
        desk.edit.limit.setText(text)
        stroke(canvas, [on_canvas(desk, (10, 20, 60)), on_canvas(desk, (10, 22, 60))])
        assert told in desk.foot.message.text()
        assert np.array_equal(labels, before)
        assert desk.editor.stack.n_undo == 1


def _ctrl_z_on_the_canvas_takes_back_tools_and_strokes(desk, labels, began):
    desk.edit.slices.scope.setCurrentIndex(0)
    QTest.mouseClick(desk.edit.findChild(type(desk.edit.save), "fill"), Qt.MouseButton.LeftButton)
    idle(desk)
    n = desk.editor.stack.n_undo
    assert n == 3
    desk.viewer.layers.selection.active = desk.stage.scene.labels
    canvas = main_canvas()
    canvas.setFocus()
    settle(0.1)
    for left in (2, 1, 0):
        QTest.keyClick(canvas, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        settle(0.05)
        assert desk.editor.stack.n_undo == left
    assert np.array_equal(labels, began)
    assert not desk.editor.is_unsaved
    QTest.keyClick(canvas, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    settle(0.05)
    assert desk.editor.stack.n_undo == 1
    press(desk, "F7")
    assert desk.editor.stack.n_undo == 0


def _contour_moves_add_up(desk, labels):
    desk.edit.slices.scope.setCurrentIndex(0)
    began = np.count_nonzero(labels[10])
    for _ in range(5):
        press(desk, "Ctrl+]")
    assert "+0.5 mm in all" in desk.foot.message.text()
    # A rim of 0.5 mm, two voxels, around a bone of about 6.5 to 9 mm radius: 50 mm of circumference or so.
    grown = (np.count_nonzero(labels[10]) - began) * 0.25**2
    assert 20 < grown < 32
    while desk.editor.stack.n_undo:
        desk.editor.undo()


def _box_takes_what_is_seen(desk, case):
    desk.edit.slices.scope.setCurrentIndex(1)
    box = desk.tool_settings().box
    assert box == (slice(0, 20), slice(0, 84), slice(0, 96))
    QTest.mouseClick(desk.edit.draw_box, Qt.MouseButton.LeftButton)
    assert desk.tool_settings().box is None
    canvas = main_canvas()
    stroke(canvas, [on_canvas(desk, (10, 10, 20)), on_canvas(desk, (10, 30, 50)), on_canvas(desk, (10, 30.4, 50.4))])
    box = desk.tool_settings().box
    # The left button and the keys belong to the labels again: a stroke of the brush is no further rectangle.
    assert (desk.stage.box.mode, desk.viewer.layers.selection.active) == ("pan_zoom", desk.stage.scene.labels)
    desk.edit.brush.setChecked(True)
    stroke(canvas, [on_canvas(desk, (10, 40, 20)), on_canvas(desk, (10, 44, 30))])
    desk.edit.brush.setChecked(False)
    desk.editor.undo()
    assert (len(desk.stage.box.data), desk.tool_settings().box) == (1, box)
    assert box[0] == slice(0, 20)
    found = [(part.start, part.stop) for part in box[1:]]
    assert np.abs(np.array(found) - [(10, 32), (20, 52)]).max() <= 1
    began = case.labels.labels.copy()
    desk.edit.tool_requested.emit("redo-box")
    idle(desk)
    outside = case.labels.labels != began
    outside[box] = False
    assert not outside.any()
    desk.viewer.layers.remove(desk.stage.box)
    desk.viewer.layers.selection.active = desk.stage.scene.labels
    QApplication.processEvents()
