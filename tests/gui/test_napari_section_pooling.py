"""Several section pictures of one biopsy, points that count, and what becomes of drawings that are not in the form."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("napari")

from napari_bonemetrics import biopsy_desk, biopsy_sections, section_panel
from napari_bonemetrics.biopsy_desk import BiopsyDesk
from napari_bonemetrics.section_panel import SectionPanel
from PIL import Image
from qtpy.compat import isalive
from qtpy.QtCore import QPoint, Qt

from bonemetrics.review.biopsy_session import BiopsySession
from bonemetrics.review.section_evidence import read_evidence
from bonemetrics.study.create import init_study
from bonemetrics.study.store import Store

pytestmark = pytest.mark.gui
SQUARE = np.array([(10, 10), (10, 110), (60, 110), (60, 10)])
"""50 × 100 pixels."""


@pytest.fixture
def study(tmp_path):
    source = tmp_path / "protocol"
    source.mkdir()
    (source / "study.toml").write_text('[study]\nid = "S"\nsubjects = "subjects.csv"\n')
    (source / "subjects.csv").write_text("subject,day1\nW-1,2016-04-04\n")
    return init_study(tmp_path / "STUDY", source / "study.toml").root


@pytest.fixture
def pictures(tmp_path):
    paths = []
    for number in range(2):
        paths.append(tmp_path / f"Jane_Doe_{number}.png")
        pixels = np.random.default_rng(number).integers(0, 255, (300, 400, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(paths[-1])
    return paths


@pytest.fixture
def make_desk(study, make_napari_viewer, qtbot):
    """Desks in windows of their own, as of programs that were started anew."""
    made = []

    def make():
        viewer = make_napari_viewer(show=True)
        viewer.window._qt_window.resize(1366, 768)
        desk = BiopsyDesk(BiopsySession(Store.open(study, user="KL").reading, "KL"))
        viewer.window.add_dock_widget(desk, name="Biopsy", area="right")
        desk.show_subject("W-1", "Baseline")
        made.append(desk)
        return desk

    yield make
    for desk in made:
        desk.keeper.end()
        desk.close_sections()


def opened(qtbot, panel, path, um=None):
    with qtbot.waitSignal(panel.opened, timeout=20_000):
        panel.open_picture(path)
    if um is not None:
        panel._state_size(um, "KL")


def drawn(qtbot, panel, code, corners):
    panel.choose(code)
    panel.start_drawing()
    panel.viewer.layers[code].add(corners, shape_type="polygon")
    qtbot.waitUntil(lambda: code in panel.drawn)
    panel.measure()
    panel.tell_canvas()


def put(qtbot, panel):
    qtbot.mouseClick(panel.put, Qt.MouseButton.LeftButton)


def row(panel, code):
    rows = [panel.table.texts(number) for number in range(panel.table.rowCount())]
    return next((texts for texts in rows if texts[0] == code), None)


def words(desk, code):
    return desk.panel.fields.by_key[code].words.text()


def two_pictures(qtbot, desk, pictures):
    desk.open_sections()
    for number, path in enumerate(pictures):
        opened(qtbot, desk.sections, path, 2.0)
        drawn(qtbot, desk.sections, "T.Ar", SQUARE + 30 * number)
        put(qtbot, desk.sections)
    return desk.sections


def test_sections__two_pictures_go_into_the_form_together_and_one_can_be_taken_out(make_desk, pictures, qtbot, study):
    desk = make_desk()
    panel = two_pictures(qtbot, desk, pictures)
    # 50 × 100 pixels of 4 um2 are 0.02 mm2 on each.
    assert desk.panel.form.text("T.Ar") == "0.04"
    # A picture as small as this one is unusual by itself.
    assert words(desk, "T.Ar").endswith("; drawn on 2 pictures")
    assert row(panel, "T.Ar")[2:5] == ("0.02", "mm²", "0.04 (2)")
    assert "Jane" not in panel.pool.pictures.currentText()
    # The first one opened again is known with its shapes, and put in twice it counts once.
    opened(qtbot, panel, pictures[0])
    assert (panel.drawn["T.Ar"].n, panel.picture.pixel_size.row_um) == (1, 2.0)
    assert not desk.panel.work.canvas
    put(qtbot, panel)
    assert desk.panel.form.text("T.Ar") == "0.04"
    qtbot.mouseClick(desk.panel.save, Qt.MouseButton.LeftButton)
    (kept,) = desk.session.own("W-1")
    folder = Store.open(study, user="KL").folder.biopsy(kept.entry_id)
    files = [read_evidence(folder / one.file) for one in kept.drawings]
    assert sorted(one.measurements[0].value for one in files) == pytest.approx([0.02, 0.02])
    panel.pool.pictures.setCurrentIndex(0)
    qtbot.mouseClick(panel.pool.take_out, Qt.MouseButton.LeftButton)
    assert desk.panel.form.text("T.Ar") == "0.02"
    assert words(desk, "T.Ar").endswith("; drawn on 1 picture")


def test_sections__a_number_of_only_one_picture_is_refused_until_the_other_has_none(make_desk, pictures, qtbot):
    desk = make_desk()
    panel = two_pictures(qtbot, desk, pictures)
    drawn(qtbot, panel, "B.Ar", SQUARE + 5)
    assert "1 of 2 pictures" in row(panel, "B.Ar")[5]
    put(qtbot, panel)
    assert desk.panel.form.text("B.Ar") == ""
    assert "not filled in; B.Ar is of 1 of 2 pictures" in words(desk, "B.Ar")
    opened(qtbot, panel, pictures[0])
    panel.choose("B.Ar")
    qtbot.mouseClick(panel.drawing.absent, Qt.MouseButton.LeftButton, pos=QPoint(8, panel.drawing.absent.height() // 2))
    qtbot.waitUntil(lambda: row(panel, "B.Ar") is not None and row(panel, "B.Ar")[1] == "0")
    put(qtbot, panel)
    assert (desk.panel.form.text("B.Ar"), words(desk, "B.Ar")) == ("0.02", "drawn on 2 pictures")


def test_sections__points_set_with_the_mouse_are_counted_without_a_pixel_size(make_desk, pictures, qtbot):
    desk = make_desk()
    desk.open_sections()
    panel = desk.sections
    opened(qtbot, panel, pictures[0])
    panel.choose("N.Oc")
    qtbot.mouseClick(panel.drawing.draw, Qt.MouseButton.LeftButton)
    canvas = panel.viewer.window._qt_viewer.canvas.native
    middle = QPoint(canvas.width() // 2, canvas.height() // 2)
    for step in (0, 30, 60):
        qtbot.mouseMove(canvas, middle + QPoint(step, 0))
        qtbot.wait(50)
        qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=middle + QPoint(step, 0))
        qtbot.wait(50)
    qtbot.waitUntil(lambda: row(panel, "N.Oc") is not None and row(panel, "N.Oc")[1:3] == ("3", "3"))
    qtbot.mouseClick(panel.undo, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: row(panel, "N.Oc")[1] == "2")
    put(qtbot, panel)
    assert desk.panel.form.entry_so_far.primaries == {"N.Oc": 2.0}
    assert len(desk.panel.evidence[0].shapes) == 2


def answered(monkeypatch, module, answers, asked=None):
    def ask(_parent, codes=(), **options):
        if asked is not None:
            asked.append((codes, options))
        return answers.pop(0)

    monkeypatch.setattr(module, "ask_drawn", ask)


def test_sections__leaving_the_entry_asks_about_what_is_drawn_and_not_in_the_form(
    make_desk, pictures, qtbot, monkeypatch
):
    desk = make_desk()
    desk.open_sections()
    opened(qtbot, desk.sections, pictures[0], 2.0)
    drawn(qtbot, desk.sections, "T.Ar", SQUARE)
    assert desk.is_changed
    asked = []
    answers = ["cancel", "put"]
    answered(monkeypatch, biopsy_sections, answers, asked)
    monkeypatch.setattr(biopsy_desk, "ask_entry", lambda _desk: "cancel")
    assert not desk.may_leave()
    assert asked == [(("T.Ar",), {"can_put": True, "can_keep": True})]
    assert desk.panel.form.text("T.Ar") == ""
    assert not desk.may_leave()
    assert (desk.panel.form.text("T.Ar"), answers) == ("0.02", [])


def test_sections__completing_asks_too_and_never_completes_over_it(make_desk, pictures, qtbot, monkeypatch):
    desk = make_desk()
    for key, text in {
        "biopsy_date": "2016-04-03",
        "envelope": "cancellous",
        "referent": "TV",
        "factor": "isotropic",
        "B.Ar": "0.01",
    }.items():
        desk.panel._edited(key, text)
    desk.open_sections()
    opened(qtbot, desk.sections, pictures[0], 2.0)
    drawn(qtbot, desk.sections, "T.Ar", SQUARE)
    asked = []
    answered(monkeypatch, biopsy_sections, ["cancel", "put"], asked)
    qtbot.mouseClick(desk.panel.complete, Qt.MouseButton.LeftButton)
    assert desk.session.own("W-1") == ()
    assert asked[0][1]["can_keep"] is False
    qtbot.mouseClick(desk.panel.complete, Qt.MouseButton.LeftButton)
    (kept,) = desk.session.own("W-1")
    assert (kept.entry.state, kept.entry.primaries, len(kept.drawings)) == ("complete", {"T.Ar": 0.02, "B.Ar": 0.01}, 1)


def test_sections__closing_their_window_asks_and_what_is_kept_comes_back_with_the_picture(
    make_desk, pictures, qtbot, monkeypatch
):
    desk = make_desk()
    desk.open_sections()
    panel = desk.sections
    opened(qtbot, panel, pictures[0], 2.0)
    drawn(qtbot, panel, "T.Ar", SQUARE)
    answered(monkeypatch, section_panel, ["cancel", "keep"])
    window = panel.window()
    window.close()
    assert (desk.sections is panel, window.isVisible()) == (True, True)
    window.close()
    assert desk.sections is None
    qtbot.waitUntil(lambda: not isalive(window) or not window.isVisible())
    assert desk.panel.form.text("T.Ar") == ""
    # A program that is started anew finds it where it was drawn.
    desk.keeper.keep_now()
    again = make_desk()
    assert "Open its picture" in again.panel.restored.text()
    again.open_sections()
    opened(qtbot, again.sections, pictures[0])
    assert again.sections.drawn["T.Ar"].value == pytest.approx(0.02)
    put(qtbot, again.sections)
    assert again.panel.form.text("T.Ar") == "0.02"


def test_sections__another_picture_is_not_opened_over_a_drawing_without_asking(make_desk, pictures, qtbot, monkeypatch):
    desk = make_desk()
    desk.open_sections()
    panel = desk.sections
    opened(qtbot, panel, pictures[0], 2.0)
    first = panel.picture
    drawn(qtbot, panel, "T.Ar", SQUARE)
    answered(monkeypatch, section_panel, ["cancel", "discard"])
    panel.open_picture(pictures[1])
    assert panel.picture is first
    opened(qtbot, panel, pictures[1])
    assert not desk.panel.work.canvas
    opened(qtbot, panel, pictures[0])
    assert panel.drawn == {}


def test_desk__what_is_typed_is_kept_by_itself_and_is_no_entry(make_desk, qtbot):
    desk = make_desk()
    desk.keeper.soon.setInterval(50)
    line = desk.panel.fields.by_key["T.Ar"].line
    desk.panel.fields.ensureWidgetVisible(line)
    line.setFocus()
    qtbot.keyClicks(line, "40")
    qtbot.waitUntil(lambda: desk.session.is_unsaved("W-1", "Baseline", ""))
    qtbot.waitUntil(lambda: make_is_kept(desk, "40"))
    again = make_desk()
    assert again.panel.form.text("T.Ar") == "40"
    assert again.panel.restored.isVisibleTo(again.panel)
    assert "not saved" in again.panel.state.text()
    assert again.session.own("W-1") == ()


def make_is_kept(desk, text):
    return desk.session.open("W-1", "Baseline").work.form.text("T.Ar") == text


def test_desk__what_could_not_be_stored_is_kept_as_a_draft(make_desk, qtbot, monkeypatch):
    desk = make_desk()
    desk.keeper.soon.setInterval(3_600_000)
    desk.panel._edited("T.Ar", "40")

    def refuse(*_given):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(desk.session, "store", refuse)
    qtbot.mouseClick(desk.panel.save, Qt.MouseButton.LeftButton)
    assert desk.panel.refusal
    # Its time has come.
    desk.keeper.soon.setInterval(0)
    qtbot.waitUntil(lambda: make_is_kept(desk, "40"))


def test_section_panel__of_its_own_pools_and_asks_as_well(make_napari_viewer, pictures, qtbot, monkeypatch):
    viewer = make_napari_viewer(show=True)
    panel = SectionPanel(viewer, "KL")
    viewer.window.add_dock_widget(panel, name="Section", area="right")
    opened(qtbot, panel, pictures[0], 2.0)
    drawn(qtbot, panel, "T.Ar", SQUARE)
    asked = []
    answered(monkeypatch, section_panel, ["put"], asked)
    opened(qtbot, panel, pictures[1], 2.0)
    assert asked[0][1] == {"can_put": True, "can_keep": False}
    drawn(qtbot, panel, "T.Ar", SQUARE + 30)
    assert row(panel, "T.Ar")[4] == "0.04 (2)"
