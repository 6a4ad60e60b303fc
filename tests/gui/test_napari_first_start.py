"""A first start with mouse and keys alone: the tour, where it points, and what stands on the canvas."""

from __future__ import annotations

from contextlib import contextmanager

import pytest

pytest.importorskip("napari")

from napari.settings import get_settings
from napari_bonemetrics.pointer import Pointer
from napari_bonemetrics.scene import Scene
from napari_bonemetrics.tour import STEPS
from qtpy.QtCore import QPoint, QRect, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QWidget

from tests.gui.desk_cases import bone, desk_on, front, idle, open_case, settle, wait_until

pytestmark = pytest.mark.gui
SMALL = (1366, 768)


@pytest.fixture
def make_viewer(make_napari_viewer):
    return make_napari_viewer


@contextmanager
def first_start(make_viewer, folder, theme="dark"):
    get_settings().appearance.theme = theme
    with desk_on(make_viewer, folder, seen=False) as desk:
        desk.window().resize(*SMALL)
        front(desk.window())
        settle(0.2)
        yield desk


def on_screen(widget):
    """Where a widget lies in its window."""
    window = widget.window()
    return QRect(widget.mapTo(window, QPoint(0, 0)), widget.size())


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_tour__each_step_frames_what_it_speaks_of_and_stays_in_a_small_window(make_viewer, tmp_path, theme):
    with first_start(make_viewer, tmp_path, theme) as desk:
        tour, inside = desk.tour, desk.window().rect()
        wait_until(lambda: tour.isVisible())
        targets = []
        for number, step in enumerate(STEPS, start=1):
            assert f"({number} of {len(STEPS)})" in tour.title.text()
            assert desk.pages.tabText(desk.pages.currentIndex()) == step.page
            settle(0.05)
            pointer = tour.pointer
            assert pointer.isVisible()
            assert pointer.size() == pointer.target.size()
            targets.append(pointer.target)
            for widget in (tour, tour.next, tour.skip):
                assert inside.contains(on_screen(widget))
            # What is framed is in sight, its upper left part at least, and not under the card.
            corner = on_screen(pointer).topLeft()
            assert inside.contains(corner)
            assert not on_screen(tour).contains(corner)
            assert tour.text.height() >= tour.text.heightForWidth(tour.text.width())
            QTest.mouseClick(tour.next, Qt.MouseButton.LeftButton)
        assert len({id(target) for target in targets}) == len(STEPS)
        assert not tour.isVisible()
        assert not tour.pointer.isVisible()
        assert desk.pages.tabText(desk.pages.currentIndex()) == "Cases"
        assert desk.flow.session.state().tour_seen


def test_tour__is_skipped_and_taken_again_from_the_list_of_keys(make_viewer, tmp_path):
    with first_start(make_viewer, tmp_path) as desk:
        QTest.mouseClick(desk.tour.skip, Qt.MouseButton.LeftButton)
        assert not desk.tour.isVisible()
        QTest.keyClick(desk.list.table, Qt.Key.Key_F1)
        settle(0.1)
        assert desk.pages.tabText(desk.pages.currentIndex()) == "Keys"
        QTest.mouseClick(desk.help.tour, Qt.MouseButton.LeftButton)
        assert desk.tour.isVisible()
        assert "(1 of" in desk.tour.title.text()
        # A click on the framed list goes through the frame.
        table = desk.list.table
        place = table.visualItemRect(table.item(1, 1)).center()
        assert QApplication.widgetAt(table.viewport().mapToGlobal(place)) is table.viewport()


def test_desk__before_a_case_is_open_nothing_can_be_judged_and_every_page_says_what_to_do(make_viewer, tmp_path):
    with first_start(make_viewer, tmp_path) as desk:
        assert not desk.verdict.verdicts["accept"].isEnabled()
        assert not desk.edit.brush.isEnabled()
        assert "Open a case" in desk.verdict.notes.item(0).text()
        assert "Open a case" in desk.numbers.told.text()
        assert "Open a case" in desk.biopsy.told.text()
        signs = desk.stage.scene.signs
        assert (signs.empty.text, signs.slice.text) == ("No case is open", "")
        QTest.mouseClick(desk.tour.skip, Qt.MouseButton.LeftButton)
        case = open_case(desk)
        n = case.density.geometry.shape[0]
        # The middle one of 20, as it is counted from 1.
        assert (signs.empty.text, signs.slice.text) == ("", f"Slice {n // 2 + 1} of {n}")
        assert desk.verdict.verdicts["accept"].isEnabled()
        # The desk fills its dock down to its foot.
        dock = desk.parentWidget()
        assert desk.height() > 0.9 * dock.height()
        assert desk.foot.geometry().bottom() >= desk.height() - 20
        desk.verdict.choose("accept")
        desk.verdict.give()
        wait_until(lambda: desk.flow.case is not None and desk.flow.case is not case)
        assert not desk.verdict.given.isVisible()
        desk.open_key(case.task.key)
        idle(desk)
        assert "✔ accept" in desk.verdict.given.text()


def test_signs__number_the_slice_from_one_and_hide_the_bar_of_an_empty_canvas(make_viewer):
    viewer = make_viewer()
    scene = Scene(viewer)
    bar = viewer.canvas.overlays.scale_bar
    assert (bar.visible, bar.opacity) == (True, 0.0)
    density, labels, _ = bone()
    scene.show(density, labels)
    n = density.geometry.shape[0]
    viewer.dims.set_current_step(0, 0)
    assert (bar.visible, bar.opacity, scene.signs.slice.text) == (True, 1.0, f"Slice 1 of {n}")
    # Across the slices a step is none, and an empty text has no box over the picture.
    viewer.dims.order = (1, 0, 2)
    assert (scene.signs.slice.text, scene.signs.slice.box) == ("", False)
    assert viewer.canvas.background_color_override is not None
    scene.clear()
    assert (bar.visible, bar.opacity) == (True, 0.0)


def test_scene__a_place_at_the_edge_comes_to_the_middle_and_one_that_is_well_seen_stays(make_viewer):
    viewer = make_viewer()
    scene = Scene(viewer)
    density, labels, _ = bone()
    scene.show(density, labels)
    camera, (_, rows, columns) = viewer.scene.camera, density.geometry.shape
    before = tuple(camera.center)
    scene.jump_to((3, rows // 2 + 3, columns // 2 - 4))
    assert viewer.dims.current_step[0] == 3
    assert tuple(camera.center)[1:] == before[1:]
    camera.zoom *= 8
    scene.jump_to((4, 2, 5))
    spacing = density.geometry.spacing_mm
    assert tuple(camera.center)[1:] == pytest.approx((2 * spacing[1], 5 * spacing[2]))


def test_pointer__follows_its_widget_and_leaves_it(qtbot):
    home, target = QWidget(), QWidget()
    for widget in (home, target):
        qtbot.addWidget(widget)
        widget.show()
    pointer = Pointer(home)
    assert not pointer.isVisible()
    pointer.point_at(target)
    target.resize(321, 123)
    settle(0.05)
    assert (pointer.width(), pointer.height(), pointer.parentWidget()) == (321, 123, target)
    pointer.point_at(None)
    assert (pointer.isVisible(), pointer.parentWidget()) == (False, home)
