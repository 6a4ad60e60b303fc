"""The form of a biopsy, drawing on sections and the radius beside it, in a real window with real keys."""

from __future__ import annotations

import importlib
from datetime import date

import numpy as np
import pytest

pytest.importorskip("napari")

from napari_bonemetrics import biopsy_desk
from napari_bonemetrics.biopsy_desk import BiopsyDesk
from napari_bonemetrics.biopsy_panel import BiopsyPanel
from napari_bonemetrics.entry_field import COLORS
from napari_bonemetrics.radius_beside import RadiusBeside
from napari_bonemetrics.section_panel import SectionPanel
from napari_bonemetrics.section_window import open_section_window
from PIL import Image
from qtpy.QtCore import QPoint, Qt
from qtpy.QtWidgets import QApplication, QInputDialog

from bonemetrics.quantities import Material
from bonemetrics.records import HistomorphometryEntry, HistomorphometryParameters, Measurement, Provenance
from bonemetrics.review.biopsy_form import BiopsyForm
from bonemetrics.review.biopsy_session import BiopsySession
from bonemetrics.study.create import init_study
from bonemetrics.study.store import Store
from tests.biopsies import ILIAC, WORKED

pytestmark = pytest.mark.gui
MENU = {
    "Biopsy": "napari_bonemetrics.biopsy_panel:BiopsyPanel",
    "Section pictures": "napari_bonemetrics.section_window:SectionWidget",
    "Radius beside the biopsy": "napari_bonemetrics.radius_beside:RadiusBeside",
}
RULES = HistomorphometryParameters()
FACTS = {"biopsy_date": "2017-04-03", "envelope": "cancellous", "referent": "TV", "factor": "isotropic"}


def worked():
    form = BiopsyForm()
    for key, text in {"subject": "P003", **FACTS, **{code: f"{value:g}" for code, value in WORKED.items()}}.items():
        form = form.with_text(key, text)
    return form


@pytest.fixture
def viewer(make_napari_viewer):
    return make_napari_viewer(show=True)


@pytest.fixture
def shown(viewer, qtbot):
    """Docks a panel in a window of 1366 × 768 that has the keyboard."""

    def dock(panel):
        viewer.window._qt_window.resize(1366, 768)
        viewer.window.add_dock_widget(panel, name="Panel", area="right")
        viewer.window.activate()
        QApplication.setActiveWindow(viewer.window._qt_window)
        qtbot.wait(50)
        return panel

    return dock


def typed(qtbot, panel, key, text):
    line = panel.fields.by_key[key].line
    panel.fields.ensureWidgetVisible(line)
    line.setFocus()
    line.selectAll()
    qtbot.keyClick(line, Qt.Key.Key_Backspace)
    qtbot.keyClicks(line, text)


def derived(panel, code):
    """Sign, value, unit and factor of an index."""
    rows = [panel.derived.texts(number) for number in range(panel.derived.rowCount())]
    return next(((row[0], row[2], row[3], row[4]) for row in rows if row[1] == code), None)


def test_biopsy_panel__typed_keys_give_live_indices_with_their_factor(shown, qtbot):
    panel = shown(BiopsyPanel(None, BiopsyForm().with_text("factor", "isotropic")))
    assert derived(panel, "BV/TV") is None
    typed(qtbot, panel, "T.Ar", "40")
    typed(qtbot, panel, "B.Ar", "6,0")
    typed(qtbot, panel, "B.Pm", "100")
    # 100 × 6 / 40; 2000 / (4/pi × 100 / 6).
    qtbot.waitUntil(lambda: derived(panel, "Tb.Th") == ("", "94.25", "µm", "isotropic"))
    assert derived(panel, "BV/TV") == ("", "15", "%", "")
    assert panel.form.entry_so_far.primaries == {"T.Ar": 40.0, "B.Ar": 6.0, "B.Pm": 100.0}


def test_biopsy_panel__a_blanked_field_is_missing_and_not_zero(shown, qtbot):
    panel = shown(BiopsyPanel(None, worked()))
    assert derived(panel, "OV/BV")[1] == "2"
    typed(qtbot, panel, "O.Ar", "")
    qtbot.waitUntil(lambda: derived(panel, "OV/BV") is None)
    assert "O.Ar" not in panel.form.entry_so_far.primaries


def test_biopsy_panel__impossible_is_red_unusual_orange_and_both_have_a_sign_and_words(shown, qtbot):
    panel = shown(BiopsyPanel(None, worked(), storable=True))
    bone = panel.fields.by_key["B.Ar"]
    typed(qtbot, panel, "B.Ar", "41")
    assert bone.sign.text() == "✖"
    assert COLORS["impossible"] in bone.line.styleSheet()
    assert bone.words.text() == "B.Ar = 41 is more than T.Ar = 40"
    assert panel.fields.by_key["T.Ar"].sign.text() == "✖"
    assert not panel.complete.isEnabled()
    typed(qtbot, panel, "B.Ar", "6")
    assert (bone.sign.text(), bone.line.styleSheet(), bone.words.isVisible()) == ("", "", False)
    typed(qtbot, panel, "T.Ar", "25")
    tissue = panel.fields.by_key["T.Ar"]
    assert tissue.sign.text() == "▲"
    assert COLORS["unusual"] in tissue.line.styleSheet()
    assert panel.complete.isEnabled()


def test_biopsy_panel__an_unusual_index_has_its_sign_in_the_table(shown, qtbot):
    panel = shown(BiopsyPanel(None, worked()))
    typed(qtbot, panel, "B.Ar", "20")
    # 20 / 40 is 50 %; the catalogue's usual range ends at 40.
    qtbot.waitUntil(lambda: derived(panel, "BV/TV")[:2] == ("▲", "50"))


def test_biopsy_panel__an_ambiguous_number_can_be_neither_saved_nor_completed(shown, qtbot):
    panel = shown(BiopsyPanel(None, worked(), storable=True))
    typed(qtbot, panel, "O.Ar", "1,234")
    assert "two ways" in panel.fields.by_key["O.Ar"].words.text()
    assert not panel.save.isEnabled()
    assert not panel.lock.isEnabled()
    assert "two ways" in panel.blocking.text()


def test_biopsy_panel__says_what_is_missing_until_it_can_be_completed(shown, qtbot):
    panel = shown(BiopsyPanel(None, worked().with_text("envelope", ""), storable=True))
    assert "envelope is missing" in panel.blocking.text()
    assert not panel.complete.isEnabled()
    choice = panel.fields.by_key["envelope"].choice
    choice.setFocus()
    qtbot.keyClick(choice, Qt.Key.Key_Down)
    assert panel.form.text("envelope") == "cancellous"
    with qtbot.waitSignal(panel.save_requested) as caught:
        qtbot.mouseClick(panel.complete, Qt.MouseButton.LeftButton)
    assert caught.args[0].state == "complete"
    # The panel itself stays a draft until whoever stores it shows the stored form.
    assert panel.form.state == "draft"


def test_biopsy_panel__a_locked_entry_takes_no_keys_and_unlocks_with_a_reason(shown, qtbot, monkeypatch):
    panel = shown(BiopsyPanel(None, worked().locked(RULES), storable=True))
    before = panel.form
    typed(qtbot, panel, "B.Ar", "9")
    assert panel.fields.by_key["B.Ar"].text == "6"
    assert panel.form is before
    assert not panel.fields.by_key["envelope"].choice.isEnabled()
    assert [one.isEnabled() for one in (panel.save, panel.complete, panel.lock, panel.unlock)] == [False] * 3 + [True]
    panel.take_measurements({"B.Ar": 9.0})
    assert panel.form is before
    assert "locked" in panel.blocking.text()
    answers = iter([("  ", True), ("", False), ("typing error", True)])
    monkeypatch.setattr(QInputDialog, "getText", lambda *_: next(answers))
    given = []
    panel.unlock_requested.connect(given.append)
    for _ in range(3):
        qtbot.mouseClick(panel.unlock, Qt.MouseButton.LeftButton)
    assert given == ["typing error"]


def test_biopsy_panel__label_dates_give_the_interval(shown, qtbot):
    panel = shown(BiopsyPanel(None, worked()))
    dates = ("2017-03-05", "2017-03-07", "2017-03-20", "2017-03-22")
    for key, text in zip(("label1_start", "label1_end", "label2_start", "label2_end"), dates, strict=True):
        typed(qtbot, panel, key, text)
    qtbot.waitUntil(lambda: "15 d between the midpoints" in panel.interval.text())
    typed(qtbot, panel, "label2_start", "2017-03-06")
    qtbot.waitUntil(lambda: "do not follow" in panel.interval.text())
    assert panel.fields.by_key["label2_start"].sign.text() == "✖"


def test_biopsy_panel__both_visits_stand_beside_each_other(shown):
    panel = shown(BiopsyPanel(None, worked()))
    early = worked().entry_so_far.model_copy(
        update={"day": date(2016, 3, 1), "factors": ILIAC, "primaries": {**WORKED, "B.Ar": 5.0}}
    )
    panel.show_others([early], ["A", "B"])
    panel.tabs.setCurrentIndex(1)
    rows = {panel.beside.texts(number)[0]: panel.beside.texts(number)[2:] for number in range(panel.beside.rowCount())}
    assert rows["B.Ar"] == ("5", "6")
    assert rows["BV/TV"] == ("12.5", "15")
    assert "section factor differs" in panel.warnings.text()
    assert [panel.beside.horizontalHeaderItem(column).text() for column in (2, 3)] == ["A", "B"]


def test_biopsy_panel__fits_a_small_screen_and_every_field_can_be_reached(viewer, shown):
    panel = shown(BiopsyPanel(None, worked()))
    assert viewer.window._qt_window.height() <= 768
    assert panel.width() < 700
    last = panel.fields.by_key["comment"].line
    panel.fields.ensureWidgetVisible(last)
    QApplication.processEvents()
    assert panel.fields.viewport().rect().contains(last.mapTo(panel.fields.viewport(), QPoint(5, 5)))
    # Nothing is cut off at the side.
    assert panel.fields.widget().width() <= panel.fields.viewport().width()


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "Jane_Doe.png"
    Image.fromarray(np.random.default_rng(1).integers(0, 255, (300, 400, 3), dtype=np.uint8)).save(path)
    return path


def opened(qtbot, panel, path):
    with qtbot.waitSignal(panel.opened, timeout=20_000):
        panel.open_picture(path)
    return panel


def rows_of(panel):
    return {panel.table.texts(number)[0]: panel.table.texts(number)[1:] for number in range(panel.table.rowCount())}


def test_section_panel__a_picture_without_size_can_be_drawn_on_and_gives_no_number(viewer, shown, picture, qtbot):
    panel = opened(qtbot, shown(SectionPanel(viewer, "KL")), picture)
    assert [layer.name for layer in viewer.layers] == ["Section"]
    assert viewer.layers[0].source.path is None
    panel.choose("T.Ar")
    panel.start_drawing()
    viewer.layers["T.Ar"].add(np.array([(10, 10), (10, 110), (60, 110), (60, 10)]), shape_type="polygon")
    qtbot.waitUntil(lambda: "T.Ar" in rows_of(panel))
    assert "not known" in rows_of(panel)["T.Ar"][4]
    assert rows_of(panel)["T.Ar"][1] == ""
    assert not panel.put.isEnabled()
    assert "Jane" not in panel.box.told.text()


def test_section_panel__a_stated_size_makes_numbers_that_go_into_the_form(viewer, shown, picture, qtbot):
    panel = opened(qtbot, shown(SectionPanel(viewer)), picture)
    panel.choose("T.Ar")
    panel.start_drawing()
    viewer.layers["T.Ar"].add(np.array([(10, 10), (10, 110), (60, 110), (60, 10)]), shape_type="polygon")
    qtbot.keyClicks(panel.box.pixel_um, "2,5")
    qtbot.keyClick(panel.box.pixel_um, Qt.Key.Key_Return)
    assert "nobody is named" in panel.box.told.text()
    qtbot.keyClicks(panel.box.reader, "KL")
    qtbot.keyClick(panel.box.pixel_um, Qt.Key.Key_Return)
    # 50 × 100 pixels of 6.25 um2 are 0.03125 mm2.
    assert rows_of(panel)["T.Ar"] == ("1", "0.03125", "mm²", "", "")
    assert tuple(viewer.layers["T.Ar"].scale) == (2.5, 2.5)
    assert {str(unit) for layer in viewer.layers for unit in layer.units} == {"micrometer"}
    form = BiopsyPanel()
    qtbot.addWidget(form)
    panel.measured.connect(lambda offer: form.take_measurements(offer.values, offer.evidence))
    qtbot.mouseClick(panel.put, Qt.MouseButton.LeftButton)
    assert form.form.entry_so_far.primaries["T.Ar"] == pytest.approx(0.03125)
    (evidence,) = form.evidence
    assert evidence.pixel_size.stated_by == "KL"
    assert evidence.shapes[0].vertices == ((10.0, 10.0), (10.0, 110.0), (60.0, 110.0), (60.0, 10.0))
    # Opened again, the drawing is there with its size, and gives the same.
    opened(qtbot, panel, picture)
    assert panel.picture.pixel_size.stated_by == "KL"
    assert rows_of(panel)["T.Ar"] == ("1", "0.03125", "mm²", "", "")


def test_section_panel__a_width_is_drawn_with_the_mouse(viewer, shown, picture, qtbot):
    panel = opened(qtbot, shown(SectionPanel(viewer, "KL")), picture)
    panel._state_size(2.0, "KL")
    panel.choose("O.Wi")
    panel.start_drawing()
    canvas = viewer.window._qt_viewer.canvas.native
    middle = QPoint(canvas.width() // 2, canvas.height() // 2)
    qtbot.mouseMove(canvas, middle)
    qtbot.mousePress(canvas, Qt.MouseButton.LeftButton, pos=middle)
    for step in range(1, 11):
        qtbot.mouseMove(canvas, middle + QPoint(3 * step, 0))
        qtbot.wait(20)
    qtbot.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=middle + QPoint(30, 0))
    qtbot.waitUntil(lambda: "O.Wi" in rows_of(panel))
    # 30 points of the screen, as large in um as the camera shows them.
    wanted = 30 / viewer.scene.camera.zoom
    assert panel.drawn["O.Wi"].value == pytest.approx(wanted, rel=0.15)


def test_section_panel__refuses_what_has_no_certain_area(viewer, shown, picture, qtbot):
    panel = opened(qtbot, shown(SectionPanel(viewer, "KL")), picture)
    panel._state_size(2.0, "KL")
    panel.choose("B.Ar")
    panel.start_drawing()
    layer = viewer.layers["B.Ar"]
    layer.add(np.array([(10, 10), (60, 60), (10, 60), (60, 10)]), shape_type="polygon")
    qtbot.waitUntil(lambda: "crosses" in rows_of(panel).get("B.Ar", ("",) * 5)[4])
    assert not panel.put.isEnabled()
    qtbot.mouseClick(panel.undo, Qt.MouseButton.LeftButton)
    layer.add(np.array([(10, 10), (10, 60), (60, 60), (60, 10)]), shape_type="ellipse")
    qtbot.waitUntil(lambda: "ellipse" in rows_of(panel).get("B.Ar", ("",) * 5)[4])
    assert not panel.put.isEnabled()


def test_section_panel__never_shares_a_window_with_a_scan(viewer, shown, picture, qtbot):
    viewer.add_image(np.zeros((4, 5, 6)), name="Density")
    panel = shown(SectionPanel(viewer, "KL"))
    with qtbot.waitSignal(panel.refused) as caught:
        panel.open_picture(picture)
    assert "window of their own" in caught.args[0]
    assert [layer.name for layer in viewer.layers] == ["Density"]


def test_section_panel__a_damaged_picture_shows_its_reason(viewer, shown, tmp_path, qtbot):
    path = tmp_path / "one.png"
    path.write_bytes(b"GIF89a....")
    panel = shown(SectionPanel(viewer, "KL"))
    with qtbot.waitSignal(panel.refused, timeout=20_000) as caught:
        panel.open_picture(path)
    assert "neither PNG, JPEG nor TIFF" in caught.args[0]
    assert panel.box.open.isEnabled()


def test_section_window__is_one_of_its_own(viewer):
    window, panel = open_section_window("KL", show=False)
    try:
        assert panel.viewer is not viewer
        assert window.title == "Section pictures"
        assert panel.box.reader.text() == "KL"
    finally:
        window.close()


def test_panels__open_from_the_menu_of_plugins(viewer, picture, qtbot):
    from npe2 import DynamicPlugin

    opened_ones = {}
    with DynamicPlugin("biopsies-from-the-menu") as plugin:
        for name, made in MENU.items():
            module, _, what = made.partition(":")
            plugin.contribute.widget(display_name=name)(getattr(importlib.import_module(module), what))
            _, opened_ones[name] = viewer.window.add_plugin_dock_widget("biopsies-from-the-menu", name)
        # napari hands out a viewer that lets only public names through.
        panel = opened(qtbot, opened_ones["Section pictures"], picture)
        panel._state_size(2.5, "KL")
        panel.choose("T.Ar")
        panel.start_drawing()
        square = np.array([(10, 10), (10, 110), (60, 110), (60, 10)])
        viewer.layers["T.Ar"].add(square, shape_type="polygon")
        qtbot.waitUntil(lambda: "T.Ar" in rows_of(panel))
        panel.close_picture()
        assert len(viewer.layers) == 0


@pytest.fixture
def desk(tmp_path, shown):
    source = tmp_path / "protocol"
    source.mkdir()
    (source / "study.toml").write_text('[study]\nid = "S"\nsubjects = "subjects.csv"\n')
    (source / "subjects.csv").write_text("subject,day1\nW-1,2016-04-04\n")
    root = init_study(tmp_path / "STUDY", source / "study.toml").root
    desk = shown(BiopsyDesk(BiopsySession(Store.open(root, user="KL").reading, "KL")))
    desk.show_subject("W-1", "Month 12")
    return desk


def test_biopsy_desk__an_entry_is_typed_saved_locked_and_unlocked(desk, qtbot, monkeypatch):
    panel = desk.panel
    assert panel.fields.by_key["subject"].line.isReadOnly()
    for key, text in (("biopsy_date", "2016-04-03"), ("T.Ar", "40"), ("B.Ar", "6,0")):
        typed(qtbot, panel, key, text)
    qtbot.mouseClick(panel.save, Qt.MouseButton.LeftButton)
    (kept,) = desk.session.own("W-1")
    assert (kept.entry.state, kept.entry.primaries) == ("draft", {"T.Ar": 40.0, "B.Ar": 6.0})
    assert "not saved" not in panel.state.text()
    for key, text in (("envelope", "cancellous"), ("referent", "TV"), ("factor", "iliac")):
        choice = panel.fields.by_key[key].choice
        choice.setFocus()
        qtbot.keyClicks(choice, text)
    qtbot.mouseClick(panel.lock, Qt.MouseButton.LeftButton)
    (kept,) = desk.session.own("W-1")
    assert (kept.version, kept.entry.state, panel.form.state) == (2, "locked", "locked")
    monkeypatch.setattr(QInputDialog, "getText", lambda *_: ("typing error", True))
    qtbot.mouseClick(panel.unlock, Qt.MouseButton.LeftButton)
    assert panel.form.state == "complete"


def test_biopsy_desk__asks_before_it_leaves_what_is_not_saved(desk, qtbot, monkeypatch):
    typed(qtbot, desk.panel, "T.Ar", "40")
    qtbot.mouseClick(desk.panel.save, Qt.MouseButton.LeftButton)
    typed(qtbot, desk.panel, "T.Ar", "41")
    (kept,) = desk.session.own("W-1")
    answers = iter(["cancel", "keep"])
    monkeypatch.setattr(biopsy_desk, "ask_entry", lambda _desk: next(answers))
    for wanted in ("41", ""):
        choose_entry(desk, "")
        assert desk.panel.form.text("T.Ar") == wanted
    # What was kept for later is marked, comes back and says so; discarded, it is gone.
    assert desk.entries.itemText(desk.entries.findData(kept.entry_id)).endswith("not saved")
    choose_entry(desk, kept.entry_id)
    assert desk.panel.form.text("T.Ar") == "41"
    assert desk.panel.restored.text().startswith("▲ Restored from 2")
    answers = iter(["discard"])
    choose_entry(desk, "")
    choose_entry(desk, kept.entry_id)
    assert (desk.panel.form.text("T.Ar"), desk.panel.restored.text()) == ("40", "")
    assert len(desk.session.own("W-1")) == 1


def choose_entry(desk, entry_id):
    desk.entries.setCurrentIndex(desk.entries.findData(entry_id))
    desk.entries.activated.emit(desk.entries.currentIndex())


def test_radius_beside__says_that_these_are_different_bones(shown):
    panel = shown(RadiusBeside())
    provenance = Provenance(method="m", software_version="0")
    density = Measurement(
        quantity="Tb.vBMD", value=181.2, region="trabecular", material=Material.HA, provenance=provenance
    )
    panel.show_visit([density], worked().entry_so_far, "B")
    rows = {panel.table.texts(number)[0]: panel.table.texts(number)[1:] for number in range(panel.table.rowCount())}
    assert rows["Tb.vBMD"] == ("181.2 mg/cm³ HA (trabecular)", "")
    assert rows["BV/TV"] == ("", "15 % (cancellous)")
    assert "different bones" in panel.note.text()
    panel.show_visit((), HistomorphometryEntry(kind="histomorphometry", subject=""))
    assert "No radius scan of this visit" in panel.title.text()
