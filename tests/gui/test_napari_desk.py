"""The reading desk in a real window: open, look, judge, lock, leave."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

pytest.importorskip("napari")

from napari_bonemetrics import desk as desk_module
from napari_bonemetrics.windows import PRESETS, Window
from qtpy.QtCore import Qt
from qtpy.QtGui import QCloseEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from bonemetrics.errors import ReadError
from bonemetrics.review.blinding import leaks
from tests.gui.desk_cases import BENCH, TWO_ARMS, desk_on, idle, open_case, press, session, wait_until

pytestmark = pytest.mark.gui
BLIND = "[review]\nblind = ['visit', 'date', 'arm', 'subject', 'other-readers']\nreaders = ['KL', 'MN']\n"


@pytest.fixture
def make_viewer(make_napari_viewer):
    return make_napari_viewer


def reviews(desk, case):
    return desk.flow.session.store.reading.reviews(case.task.scan_id)


def test_desk__keyboard_alone_opens_a_case_judges_it_and_goes_on(make_viewer, tmp_path):
    with desk_on(make_viewer, tmp_path, failed=1) as desk:
        assert desk.list.progress.text() == "0 of 3 read"
        first = open_case(desk, 1)
        assert desk.pages.tabText(desk.pages.currentIndex()) == "Judge"
        assert [layer.name for layer in desk.viewer.layers][:2] == ["Density (mg/cm³ HA)", "Compartments"]
        press(desk, "Ctrl+3")
        press(desk, "Ctrl+Return")
        assert "at least one reason" in desk.verdict.lacking.text()
        assert reviews(desk, first) == ()
        desk.verdict.reasons["leak"].setChecked(True)
        desk.stage.look_at((7, 30, 40))
        press(desk, "Ctrl+Shift+L")
        desk.verdict.comment.setFocus()
        # The canvas would take plain keys; the verdict is saved from within a text field as well.
        press(desk, "Ctrl+Return")
        wait_until(lambda: desk.flow.case is not None and desk.flow.case is not first)
        (kept,) = reviews(desk, first)
        assert (kept.verdict, kept.reasons, kept.reader, kept.place.index) == ("reject", ("leak",), "KL", (7, 30, 40))
        assert first.is_closed
        assert desk.list.progress.text() == "1 of 3 read"
        assert desk.verdict.judgement.verdict is None
        press(desk, "Ctrl+6")
        assert desk.stage.scene.window == PRESETS["Trabecular"]
        press(desk, "Ctrl+Shift+H")
        assert not desk.stage.scene.labels.visible
        press(desk, "Ctrl+Shift+B")
        wait_until(lambda: desk.flow.case is not None and desk.flow.case.task.key == first.task.key)
        # The reader's window stays from case to case, and in every plane.
        assert desk.stage.scene.window == PRESETS["Trabecular"]
        assert desk.stage.planes.planes[1].scene.window == PRESETS["Trabecular"]


def test_desk__notes_window_and_finding_act_on_the_canvas(make_viewer, tmp_path):
    with desk_on(make_viewer, tmp_path) as desk:
        case = open_case(desk)
        place = desk.verdict.notes.visualItemRect(desk.verdict.notes.item(0)).center()
        QTest.mouseClick(desk.verdict.notes.viewport(), Qt.MouseButton.LeftButton, pos=place)
        assert desk.viewer.dims.current_step[0] == case.findings[0].slices[0] == 7
        desk.stage.look_at((5, 20, 30))
        row = desk.verdict.findings.rows["leak"]
        QTest.mouseClick(row.here, Qt.MouseButton.LeftButton)
        desk.stage.look_at((9, 40, 50))
        QTest.mouseClick(row.jump, Qt.MouseButton.LeftButton)
        assert desk.stage.at == (5, 20, 30)
        assert [plane.model.dims.current_step for plane in desk.stage.planes.planes] == [(5, 20, 30)] * 2
        desk.stage.set_window(Window(0.0, 600.0))
        assert (desk.window_bar.level.value(), desk.window_bar.width_field.value()) == (300, 600)


def test_desk__a_case_that_cannot_be_opened_says_why_and_the_list_goes_on(make_viewer, tmp_path):
    with desk_on(make_viewer, tmp_path, failed=1) as desk:
        good = desk.flow.session._desk.bench

        def fails(*_given):
            raise ReadError("the files are not the ones that were measured", code="input-changed")

        desk.flow.session._desk = replace(desk.flow.session._desk, bench=replace(BENCH, open_density=fails))
        desk.open_key(desk.list.next_key(""))
        idle(desk)
        assert desk.foot.message.text() == "✖ input-changed: the files are not the ones that were measured"
        # The canvas that was made ready for it is empty again.
        assert list(desk.viewer.layers) == []
        desk.flow.session._desk = replace(desk.flow.session._desk, bench=good)
        table = desk.list.table
        desk.open_key(next(table.key_at(row) for row in range(4) if "refused" in table.item(row, 0).text()))
        idle(desk)
        assert "uneven-spacing" in desk.foot.message.text()
        assert open_case(desk) is not None


def test_desk__cancel_ends_a_slow_opening_and_gives_the_case_back(make_viewer, tmp_path):
    def slow(_scan, _protocol, _folder, tick):
        while True:
            tick()
            time.sleep(0.02)

    with desk_on(make_viewer, tmp_path) as desk:
        desk.flow.session._desk = replace(desk.flow.session._desk, bench=replace(BENCH, open_density=slow))
        desk.open_key(desk.list.table.key_at(0))
        wait_until(lambda: desk.foot.bar.format() == "scan")
        assert desk.foot.cancel.isVisible()
        assert not desk.pages.isEnabled()
        QTest.mouseClick(desk.foot.cancel, Qt.MouseButton.LeftButton)
        wait_until(lambda: not desk.flow.is_busy)
        assert desk.flow.case is None
        assert desk.flow.session.store.reading.claims() == ()
        assert desk.pages.isEnabled()


def test_desk__a_signed_case_is_locked_with_who_when_and_meaning(make_viewer, tmp_path):
    with desk_on(make_viewer, tmp_path) as desk:
        case = open_case(desk)
        assert not desk.head.sign.isEnabled()
        key = case.task.key
        desk.verdict.choose("accept")
        desk.verdict.give()
        wait_until(lambda: desk.flow.case is not None and desk.flow.case is not case)
        desk.open_key(key)
        idle(desk)
        case = desk.flow.case
        assert desk.head.sign.isEnabled()
        desk.flow.sign("Reviewed and approved")
        idle(desk)
        assert "Signed by KL" in desk.head.lock.text()
        assert "Reviewed and approved" in desk.head.lock.text()
        assert not desk.edit.isEnabled()
        assert not desk.verdict.save.isEnabled()
        with pytest.raises(ValueError, match="read-only"):
            desk.stage.scene.labels.paint((5, 20, 20), 1)
        desk.flow.unlock("wrong slice looked at")
        idle(desk)
        assert desk.edit.isEnabled()
        assert not desk.head.lock.isVisible()
        desk.stage.scene.labels.paint((5, 20, 20), 1)
        desk.editor.undo()


def asks_to_close(desk):
    """Whether the window stays when it is told to close."""
    event = QCloseEvent()
    return desk.eventFilter(desk.window(), event) and not event.isAccepted()


def test_desk__leaving_an_unsaved_edit_asks_and_a_draft_comes_back(make_viewer, tmp_path, monkeypatch):
    answers = []
    monkeypatch.setattr(desk_module, "ask_unsaved", lambda _desk: answers.pop(0))
    with desk_on(make_viewer, tmp_path) as desk:
        case, store, voxel = open_case(desk), desk.flow.session.store, (2, 3, 4)
        desk.stage.scene.labels.paint(voxel, 2)
        assert "unsaved" in desk.edit.state.text()
        answers[:] = ["cancel"]
        assert asks_to_close(desk)
        assert not case.is_closed
        answers[:] = ["discard"]
        desk.open_key(desk.list.next_key(case.task.key))
        idle(desk)
        assert case.is_closed
        desk.open_key(case.task.key)
        idle(desk)
        case = desk.flow.case
        assert case.labels.labels[voxel] == 0
        assert not case.recovered
        desk.stage.scene.labels.paint(voxel, 2)
        answers[:] = ["keep"]
        assert not asks_to_close(desk)
        assert answers == []
        assert case.is_closed
    again = session(store)
    case = again.open_case(case.task.key)
    assert case.recovered
    assert case.labels.labels[voxel] == 2
    again.close()


def test_desk__another_visit_stands_beside_at_the_same_place_in_mm(make_viewer, tmp_path):
    with desk_on(make_viewer, tmp_path) as desk:
        titles = [desk.list.table.item(row, 2).text() for row in range(3)]
        open_case(desk, next(row for row, text in enumerate(titles) if "Month 12" in text))
        QTest.mouseClick(desk.head.beside, Qt.MouseButton.LeftButton)
        idle(desk)
        beside = desk.stage.beside
        assert "Baseline" in beside.visit.subtitle
        desk.stage.look_at_slice(4)
        assert beside.plane.model.dims.current_step[0] == beside.visit.slice_for(4) == 4
        desk.stage.set_window(Window(0.0, 500.0))
        assert beside.plane.scene.window == Window(0.0, 500.0)
        with pytest.raises(ValueError, match="read-only"):
            beside.plane.scene.labels.paint((5, 20, 20), 1)
        QTest.mouseClick(desk.head.beside, Qt.MouseButton.LeftButton)
        assert desk.stage.beside is None


def texts_of(desk):
    """Everything that a reader can see or point at."""
    found = [desk.viewer.title, desk.viewer.status if isinstance(desk.viewer.status, str) else str(desk.viewer.status)]
    for layer in desk.viewer.layers:
        found += [layer.name, str(layer.source), str(layer.metadata)]
    for widget in QApplication.allWidgets():
        if widget.window() is not desk.window() and not widget.window().isVisible():
            continue  # left by a window of another test that Qt has not deleted yet
        found += [widget.toolTip(), widget.windowTitle(), widget.accessibleName(), widget.statusTip()]
        if hasattr(widget, "text") and callable(widget.text):
            found.append(widget.text())
    table = desk.list.table
    for row in range(table.rowCount()):
        found += [
            text for column in range(3) for text in (table.item(row, column).text(), table.item(row, column).toolTip())
        ]
    return [text for text in found if text]


def test_desk__blinded_nothing_that_is_shown_tells_what_is_hidden(make_viewer, tmp_path):
    with desk_on(make_viewer, tmp_path, rules=BLIND, arms=TWO_ARMS) as desk:
        open_case(desk)
        desk.verdict.choose("defer")
        texts = texts_of(desk)
        assert any("Case" in text for text in texts)
        assert leaks(texts, desk.flow.session) == ()
        # The search itself finds what would be told.
        assert leaks(["P-007 at Month 12"], desk.flow.session)


def test_desk__tour_comes_once(make_viewer, tmp_path):
    with desk_on(make_viewer, tmp_path, seen=False) as desk:
        assert desk.tour.isVisible()
        QTest.mouseClick(desk.tour.skip, Qt.MouseButton.LeftButton)
        assert desk.flow.session.state().tour_seen
