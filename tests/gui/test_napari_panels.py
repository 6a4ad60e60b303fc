"""The panels by themselves: what they show, and what they ask for."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

pytest.importorskip("napari")

from napari_bonemetrics.case_bar import CaseBar
from napari_bonemetrics.consequence_panel import ConsequencePanel
from napari_bonemetrics.edit_panel import EditPanel
from napari_bonemetrics.edit_tools import TOOLS, ToolCase
from napari_bonemetrics.start_page import StartPage
from napari_bonemetrics.tour import STEPS, Tour
from napari_bonemetrics.verdict_panel import VerdictPanel
from napari_bonemetrics.window_bar import WindowBar
from napari_bonemetrics.windows import PRESETS, Window
from napari_bonemetrics.worker import Job, told
from napari_bonemetrics.worklist_panel import WorklistPanel
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from bonemetrics.errors import ReadError, UsageError
from bonemetrics.pipeline.consequence import Consequence
from bonemetrics.quantities import Material
from bonemetrics.records import note
from bonemetrics.records.review import Finding, Place
from bonemetrics.review.blinding import Secrets, leaks
from bonemetrics.review.worklist import Task, Worklist

pytestmark = pytest.mark.gui


def shown(qtbot, widget):
    qtbot.addWidget(widget)
    widget.show()
    return widget


def calls(signal):
    """What a signal brings from now on."""
    got = []
    signal.connect(lambda *args: got.append(args))
    return got


def task(key, state, title, **more):
    return Task(key=key, scan_id=f"secret{key}", kind="read", state=state, title=title, **more)


WORKLIST = Worklist(
    (
        task("a", "waiting", "Case 12"),
        task("b", "done", "Case 07"),
        task("c", "refused", "Case 31", reason="uneven-spacing: the slices are unevenly spaced"),
        task("d", "deferred", "Case 40"),
    )
)


def test_worklist__tells_states_by_shape_and_word_and_never_a_scan_id(qtbot):
    panel = shown(qtbot, WorklistPanel())
    panel.show_worklist(WORKLIST)
    texts = [panel.table.item(row, 0).text() for row in range(4)]
    assert texts == ["○ waiting", "✔ done", "▲ refused", "◔ deferred"]
    assert panel.progress.text() == "1 of 3 read"
    every = [
        text
        for row in range(4)
        for column in range(3)
        for text in (panel.table.item(row, column).text(), panel.table.item(row, column).toolTip())
    ]
    assert not any("secret" in text for text in every)


def test_worklist__filters_by_text_and_state_and_asks_by_enter_and_double_click(qtbot):
    panel = shown(qtbot, WorklistPanel())
    panel.show_worklist(WORKLIST)
    asked = calls(panel.case_requested)
    QTest.keyClicks(panel.search, "31")
    assert [panel.table.key_at(row) for row in range(panel.table.rowCount())] == ["c"]
    panel.search.clear()
    panel.states.setCurrentIndex(panel.states.findData("deferred"))
    assert panel.shown.text() == "1 of 4 shown"
    panel.table.selectRow(0)
    QTest.keyClick(panel.table, Qt.Key.Key_Return)
    panel.states.setCurrentIndex(0)
    place = panel.table.visualItemRect(panel.table.item(1, 1)).center()
    QTest.mouseClick(panel.table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    QTest.mouseDClick(panel.table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert asked == [("d",), ("b",)]
    # Refused cases are passed over, those put off come last.
    assert (panel.next_key("b"), panel.next_key("a"), panel.previous_key("b")) == ("a", "d", "a")


def test_verdict__save_stays_shut_with_the_reason_until_nothing_is_missing(qtbot):
    panel = shown(qtbot, VerdictPanel())
    panel.show_case(())
    given = calls(panel.verdict_given)
    assert not panel._reason_box.isVisible()
    panel.choose("reject")
    assert panel._reason_box.isVisible()
    panel.give()
    assert (given, panel.save.isEnabled(), panel.save.toolTip()) == ([], False, "tick at least one reason")
    panel.reasons["other"].setChecked(True)
    assert "comment" in panel.lacking.text()
    QTest.keyClicks(panel.comment, "blurred")
    panel.confidence.setCurrentIndex(4)
    panel.set_place("", (7, 20, 30))
    QTest.mouseClick(panel.save, Qt.MouseButton.LeftButton)
    (said,) = given[0]
    assert (said.verdict, said.reasons, said.comment, said.confidence) == ("reject", ("other",), "blurred", 4)
    assert said.place == Place(slice=7, row=20, column=30)


def test_verdict__finding_has_three_states_a_place_and_the_way_back(qtbot):
    panel = shown(qtbot, VerdictPanel())
    panel.show_case(())
    row = panel.findings.rows["leak"]
    asked, jumped = calls(panel.place_requested), calls(panel.jump_requested)
    QTest.mouseClick(row.buttons["absent"], Qt.MouseButton.LeftButton)
    QTest.mouseClick(row.buttons["unsure"], Qt.MouseButton.LeftButton)
    assert panel.judgement.findings == (Finding(kind="leak", presence="unsure"),)
    QTest.mouseClick(row.here, Qt.MouseButton.LeftButton)
    assert asked == [("leak",)]
    panel.set_place("leak", (3, 4, 5))
    assert row.jump.text() == "→ 4"
    QTest.mouseClick(row.jump, Qt.MouseButton.LeftButton)
    assert jumped == [((3, 4, 5),)]
    QTest.mouseClick(row.buttons["unsure"], Qt.MouseButton.LeftButton)
    assert panel.judgement.findings == ()


def test_verdict__notes_lead_to_their_slice_also_on_a_locked_case(qtbot):
    panel = shown(qtbot, VerdictPanel())
    notes = (note("area-jump", "the area jumps", slices=(7, 8)), note("few-slices", "only few"))
    panel.show_case(notes)
    panel.set_open(False)
    asked = calls(panel.slice_requested)
    assert panel.notes.item(0).text() == "⚠ slices 8–9: the area jumps"
    for number in (0, 1):
        place = panel.notes.visualItemRect(panel.notes.item(number)).center()
        QTest.mouseClick(panel.notes.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert asked == [(7,)]
    panel.choose("accept")
    assert panel.judgement.verdict is None


def test_consequences__marks_what_reaches_the_lsc_with_unit_and_material(qtbot):
    panel = shown(qtbot, ConsequencePanel())
    common = {"site": "radius", "side": "left", "material": None}
    density = {**common, "quantity": "Tb.vBMD", "region": "trabecular", "unit": "mg/cm3", "material": Material.HA}
    panel.show_consequences(
        [
            Consequence(**density, before=180.5, after=184.0, difference=3.5, lsc=3.1, exceeds=True),
            Consequence(
                **common, quantity="Tt.Ar", region="central-45", unit="mm2", before=300.0, after=299.0, difference=-1.0
            ),
        ]
    )
    rows = [[panel.table.item(row, column).text() for column in range(6)] for row in range(2)]
    assert rows == [
        ["Tb.vBMD\nmg/cm³ HA", "180.5", "184", "+3.5", "3.1", "▲ ≥ LSC"],
        ["Tt.Ar (central-45)\nmm²", "300", "299", "-1", "", "no LSC"],
    ]
    assert panel.told.text().startswith("Saved edit. 1 of 1 numbers with a least significant change")


def test_consequences__shows_whatever_was_measured_and_what_only_one_side_has(qtbot):
    panel = shown(qtbot, ConsequencePanel())
    common = {"site": "radius", "side": "left", "material": None, "region": "trabecular", "unit": "um"}
    panel.show_consequences(
        [
            Consequence(**common, quantity="Tb.Th", before=241.0, after=243.5, difference=2.5, lsc=2.0, exceeds=True),
            Consequence(**common, quantity="Tb.Sp", before=None, after=612.0, difference=None),
        ]
    )
    rows = [[panel.table.item(row, column).text() for column in range(6)] for row in range(2)]
    assert rows == [
        ["Tb.Th\nµm", "241", "243.5", "+2.5", "2", "▲ ≥ LSC"],
        ["Tb.Sp\nµm", "–", "612", "–", "", "only after"],
    ]
    assert panel.table.item(0, 0).toolTip() == "Trabecular thickness"


def test_consequences__numbers_of_an_unsaved_edit_are_marked_and_go_when_the_labels_change(qtbot):
    panel = shown(qtbot, ConsequencePanel())
    assert not panel.ask.isVisible()
    asked = calls(panel.preview_requested)
    panel.offer(possible=True, unsaved=False)
    assert not panel.ask.isEnabled()
    panel.offer(possible=True, unsaved=True)
    QTest.mouseClick(panel.ask, Qt.MouseButton.LeftButton)
    assert len(asked) == 1
    one = Consequence(
        site="radius", side="left", material=None, quantity="Tt.Ar", region="total", unit="mm2", before=300.0,
        after=299.0, difference=-1.0,
    )  # fmt: skip
    panel.show_preview([one])
    assert "UNSAVED EDIT, stored nowhere" in panel.told.text()
    assert panel.table.rowCount() == 1
    panel.labels_changed()
    assert panel.table.rowCount() == 0
    assert "changed since you asked" in panel.told.text()
    # Numbers of a saved edit stay: they are of the version that is stored.
    panel.show_consequences([one])
    panel.labels_changed()
    assert panel.table.rowCount() == 1
    assert "UNSAVED" not in panel.told.text()


def test_case_bar__a_signature_tells_neither_signer_nor_words_that_are_hidden(qtbot):
    def signed(reader, meaning, tokens):
        lock = SimpleNamespace(reader=reader, meaning=meaning, signed_utc="2026-03-02T12:00:00Z")
        task = SimpleNamespace(title="Case 0417", subtitle="")
        return SimpleNamespace(
            lock=lock, task=task, recovered=False, is_edited=False, secrets=Secrets(frozenset(tokens))
        )

    bar = shown(qtbot, CaseBar())
    hidden = {("other-readers", "MN"), ("subject", "P-007")}
    bar.show_case(signed("MN", "approved for P-007", hidden), can_sign=True)
    assert bar.lock.text().startswith("■ Signed by another reader, 2026-03-02 12:00 UTC: in words that tell")
    assert leaks([bar.lock.text()], Secrets(frozenset(hidden))) == ()
    bar.show_case(signed("MN", "approved", ()), can_sign=True)
    assert "Signed by MN, 2026-03-02 12:00 UTC: approved." in bar.lock.text()


def test_window_bar__fields_and_presets_ask_for_windows_in_mg_per_cm3(qtbot):
    bar = shown(qtbot, WindowBar())
    asked = calls(bar.window_requested)
    bar.choose("Cortical")
    assert asked[-1] == (PRESETS["Cortical"],)
    bar.level.setValue(300)
    bar.width_field.setValue(400)
    QTest.keyClick(bar.width_field, Qt.Key.Key_Return)
    assert asked[-1] == (Window(100.0, 500.0),)
    bar.show_window(Window(100.0, 500.0))
    assert bar.presets.currentText() == "Own"


def test_edit_panel__counts_slices_from_one_and_offers_the_edited_ones(qtbot):
    panel = shown(qtbot, EditPanel())
    panel.show_case(20, (450.0, 320.0))
    assert panel.settings(shown=4, n_slices=20).slices == range(4, 5)
    panel.slices.scope.setCurrentIndex(1)
    assert panel.settings(shown=4, n_slices=20).slices is None
    panel.offer_slices([9, 3, 12])
    panel.slices.scope.setCurrentIndex(2)
    assert panel.settings(shown=4, n_slices=20).slices == range(3, 13)
    QTest.keyClicks(panel.limit, "150,5")
    assert panel.brush_settings.low == pytest.approx(150.5)
    assert panel.brush_settings.high is None
    QTest.mouseClick(panel.label.button(0), Qt.MouseButton.LeftButton)
    QTest.mouseClick(panel.shape.button(1), Qt.MouseButton.LeftButton)
    assert (panel.brush_settings.label, panel.brush_settings.shape) == (0, "ball")


def test_edit_panel__redo_in_box_refuses_a_threshold_that_is_blank_or_not_above_zero(qtbot):
    panel = shown(qtbot, EditPanel())
    panel.show_case(20, (450.0, 320.0))
    box = (slice(0, 1), slice(0, 1), slice(0, 1))
    density = SimpleNamespace()
    case = ToolCase(labels=density, density=density, parameters=density)
    for text in ("", "0", "-"):
        panel.thresholds[0].setText(text)
        chosen = replace(panel.settings(shown=4, n_slices=20), box=box)
        with pytest.raises(UsageError, match="both thresholds"):
            TOOLS["redo-box"](case, chosen)


def test_start_page__asks_for_nothing_before_folder_and_name_are_there(qtbot):
    page = shown(qtbot, StartPage())
    asked = calls(page.open_requested)
    page.folder.clear()
    assert not page.open.isEnabled()
    QTest.keyClicks(page.folder, "/studies/one")
    page.reader.setText(" KL ")
    QTest.keyClick(page.reader, Qt.Key.Key_Return)
    assert asked == [("/studies/one", "KL")]


def test_tour__leads_from_page_to_page_and_can_be_left(qtbot):
    tour = shown(qtbot, Tour())
    pages, ended = calls(tour.page_requested), calls(tour.ended)
    tour.begin()
    for _ in STEPS:
        QTest.mouseClick(tour.next, Qt.MouseButton.LeftButton)
    assert [page for (page,) in pages] == [step.page for step in STEPS]
    assert (len(ended), tour.isVisible()) == (1, False)
    tour.begin()
    QTest.mouseClick(tour.skip, Qt.MouseButton.LeftButton)
    assert (len(ended), tour.isVisible()) == (2, False)


def test_job__brings_progress_result_and_error_and_can_be_cancelled(qtbot):
    def good(tell):
        tell("half", 0.5)
        return 7

    def bad(_tell):
        raise ReadError("slices\nare missing", code="missing-slice")

    def endless(tell):
        while True:
            tell("on and on", 0.1)

    job = Job("good", good)
    seen, got = calls(job.progressed), calls(job.succeeded)
    with qtbot.waitSignal(job.ended):
        job.start()
    assert (seen, got) == ([("half", 0.5)], [(7,)])
    job = Job("bad", bad)
    failed = calls(job.failed)
    with qtbot.waitSignal(job.ended):
        job.start()
    assert failed == [("missing-slice: slices are missing",)]
    job = Job("endless", endless)
    got, failed = calls(job.succeeded), calls(job.failed)
    with qtbot.waitSignal(job.ended):
        job.start()
        job.cancel()
    assert (got, failed) == ([], [])


def test_job__what_comes_after_cancel_is_given_to_be_closed(qtbot):
    closed = []
    job = Job("late", lambda _tell: "case", discard=closed.append)
    with qtbot.waitSignal(job.ended):
        job.cancel()
        job.start()
    assert closed == ["case"]


def test_told__keeps_names_of_files_to_itself():
    assert "Smith" not in told(FileNotFoundError(2, "No such file or directory", "/in/Smith^Anna/1.dcm"))
    assert told(KeyError("Smith")) == "unexpected error (KeyError); the case is left as it was"
