"""The page of the desk with the biopsy of the open case: typed, saved, found again, and blinded."""

from __future__ import annotations

from datetime import date

import pytest

pytest.importorskip("napari")

from napari_bonemetrics import biopsy_desk
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QComboBox, QLabel, QLineEdit, QTableWidget

from bonemetrics.records import HistomorphometryEntry
from bonemetrics.review.blinding import leaks
from bonemetrics.study.store import Store
from bonemetrics.volume import TRABECULAR
from tests.biopsies import WORKED
from tests.gui.desk_cases import bone, desk_on, idle, open_case, settle, wait_until

pytestmark = pytest.mark.gui
BLIND = "[review]\nblind = ['visit', 'date', 'arm', 'subject', 'other-readers']\nreaders = ['KL', 'MN']\n"


@pytest.fixture
def make_viewer(make_napari_viewer):
    return make_napari_viewer


def typed(panel, key, text):
    line = panel.fields.by_key[key].line
    panel.fields.ensureWidgetVisible(line)
    line.setFocus()
    line.selectAll()
    QTest.keyClick(line, Qt.Key.Key_Backspace)
    QTest.keyClicks(line, text)


def chosen(panel, key, text):
    choice = panel.fields.by_key[key].choice
    choice.setFocus()
    QTest.keyClicks(choice, text)


def type_the_worked_example(panel):
    for key, text in (("envelope", "cancellous"), ("referent", "TV"), ("factor", "isotropic")):
        chosen(panel, key, text)
    for code, value in WORKED.items():
        typed(panel, code, f"{value:g}")


def rows(table):
    """Texts of a table by the first cell that is not blank."""
    found = [
        [table.item(row, column).text() for column in range(table.columnCount())] for row in range(table.rowCount())
    ]
    return {next(text for text in row if text): row for row in found if any(row)}


def test_desk__a_biopsy_is_typed_completed_and_found_again_beside_the_radius(make_viewer, tmp_path):
    with desk_on(make_viewer, tmp_path) as desk:
        page = desk.biopsy
        assert "Open a case" in page.told.text()
        case = open_case(desk)
        desk.show_page("Biopsy")
        panel = page.desk.panel
        assert panel.form.text("subject") == case.scan.subject
        assert panel.form.text("reader") == "KL"
        assert panel.form.text("visit") == desk.flow.session.facts_of(case).visit != ""
        type_the_worked_example(panel)
        # 100 × 6 / 40, and 2000 / (4/pi × 100 / 6).
        wait_until(lambda: rows(panel.derived).get("Tb.Th", [""] * 3)[2] == "94.25")
        assert rows(panel.derived)["BV/TV"][2] == "15"
        assert page.is_changed
        QTest.mouseClick(panel.complete, Qt.MouseButton.LeftButton)
        assert not page.is_changed
        (kept,) = page.desk.session.own(case.scan.subject)
        assert (kept.entry.state, kept.entry.primaries, kept.entry.reader) == ("complete", WORKED, "KL")
        # Before the verdict the numbers of the radius would sway it.
        assert "after your verdict" in page.radius.title.text()
        assert page.radius.table.rowCount() == 0
        desk.verdict.choose("accept")
        desk.verdict.give()
        wait_until(lambda: desk.flow.case is not None and desk.flow.case is not case)
        idle(desk)
        assert panel.form.text("T.Ar") == ""
        desk.open_key(case.task.key)
        idle(desk)
        assert panel.form.text("T.Ar") == "40"
        assert panel.form.state == "complete"
        assert rows(panel.derived)["BV/TV"][2] == "15"
        density, _, spoilt = bone()
        shown = rows(page.radius.table)
        mean = float(density.mg_per_cm3[spoilt.labels == TRABECULAR].mean())
        assert f"{mean:.4g} mg/cm³" in shown["Tb.vBMD"][1].replace("mg/cm3", "mg/cm³")
        assert shown["BV/TV"][2].startswith("15 ")


def test_desk__asks_before_an_entry_that_is_not_saved_is_left(make_viewer, tmp_path, monkeypatch):
    with desk_on(make_viewer, tmp_path) as desk:
        answers = []
        monkeypatch.setattr(biopsy_desk, "ask_entry", lambda _desk: answers.pop(0))
        case, panel = open_case(desk), desk.biopsy.desk.panel
        desk.show_page("Biopsy")
        typed(panel, "T.Ar", "41")
        answers[:] = ["cancel"]
        desk.open_key(desk.list.next_key(case.task.key))
        idle(desk)
        assert (desk.flow.case, panel.form.text("T.Ar"), answers) == (case, "41", [])
        # A verdict does not go on over it either.
        desk.verdict.choose("accept")
        desk.verdict.give()
        wait_until(lambda: case.judged is not None)
        idle(desk)
        assert desk.flow.case is case
        assert desk.pages.tabText(desk.pages.currentIndex()) == "Biopsy"
        assert "not saved yet" in desk.foot.message.text()
        answers[:] = ["discard"]
        desk.open_key(desk.list.next_key(case.task.key))
        idle(desk)
        assert (case.is_closed, panel.form.text("T.Ar"), answers) == (True, "", [])
        assert desk.biopsy.desk.session.own(case.scan.subject) == ()


def test_desk__section_pictures_are_closed_with_the_case_they_were_drawn_for(make_viewer, tmp_path):
    with desk_on(make_viewer, tmp_path) as desk:
        case, biopsy = open_case(desk), desk.biopsy.desk
        QTest.mouseClick(biopsy.panel.section, Qt.MouseButton.LeftButton)
        assert biopsy.sections is not None
        desk.open_key(desk.list.next_key(case.task.key))
        idle(desk)
        assert biopsy.sections is None
        QTest.mouseClick(biopsy.panel.section, Qt.MouseButton.LeftButton)
        desk.shut()
        assert biopsy.sections is None
        settle(0.1)


def entry(reader, visit, day, tissue):
    told = {"kind": "histomorphometry", "subject": "P-007", "visit": visit, "day": day, "reader": reader}
    facts = {"envelope": "cancellous", "state": "draft", "primaries": {"T.Ar": tissue}}
    return HistomorphometryEntry.model_validate({**told, **facts})


def texts_in(page):
    """Everything that stands on the page, hidden widgets and lists that are not unfolded included."""
    found = []
    for widget in [page, *page.findChildren(object)]:
        for name in ("toolTip", "accessibleName", "windowTitle"):
            found += [getattr(widget, name)()] if hasattr(widget, name) else []
    for label in (*page.findChildren(QLabel), *page.findChildren(QLineEdit)):
        found.append(label.text())
    for box in page.findChildren(QComboBox):
        found += [box.itemText(row) for row in range(box.count())]
    for table in page.findChildren(QTableWidget):
        heads = [table.horizontalHeaderItem(column) for column in range(table.columnCount())]
        items = [table.item(row, column) for row in range(table.rowCount()) for column in range(table.columnCount())]
        found += [part for item in (*heads, *items) if item is not None for part in (item.text(), item.toolTip())]
    return [text for text in found if text]


def test_desk__blinded_the_biopsy_tells_no_visit_and_nothing_of_other_readers(make_viewer, tmp_path):
    with desk_on(make_viewer, tmp_path, rules=BLIND) as desk:
        root = desk.flow.session.store.folder.root
        Store.open(root, user="MN").reading.record_entry(entry("MN", "Baseline", date(2016, 4, 3), 43.21), drawings=())
        Store.open(root, user="KL").reading.record_entry(entry("KL", "Month 12", date(2017, 4, 6), 41.5), drawings=())
        seen = {}
        for key in [task.key for task in desk.flow.session.worklist().tasks]:
            desk.open_key(key)
            idle(desk)
            desk.show_page("Biopsy")
            desk.biopsy.desk.panel.tabs.setCurrentIndex(1)
            settle(0.2)
            texts = texts_in(desk.biopsy)
            assert "Envelope" in texts
            assert leaks(texts, desk.flow.session) == ()
            assert not any("43.21" in text for text in texts)
            facts = desk.flow.session.facts_of(desk.flow.case)
            boxes = desk.biopsy.desk.entries
            told = tuple(boxes.itemText(row) for row in range(boxes.count()))
            seen[facts.subject, facts.visit] = told, any("41.5" in text for text in texts)
        # Her entry of the other visit is told of by nothing: in which order both came would unblind them.
        assert seen == {
            ("P-007", "Baseline"): (("New entry",), False),
            ("P-007", "Month 12"): (("cancellous, entry 1 (draft)", "New entry"), True),
            ("P-008", "Baseline"): (("New entry",), False),
        }
        fields = desk.biopsy.desk.panel.fields.by_key
        gone = ("subject", "visit", "biopsy_date", "label1_start", "label2_end")
        assert [fields[key].isVisibleTo(desk.biopsy) for key in gone] == [False] * 5
        assert fields["T.Ar"].isVisibleTo(desk.biopsy)


def test_desk__blinded_an_entry_is_kept_for_the_right_visit_all_the_same(make_viewer, tmp_path):
    with desk_on(make_viewer, tmp_path, rules=BLIND) as desk:
        case = open_case(desk)
        desk.show_page("Biopsy")
        panel = desk.biopsy.desk.panel
        type_the_worked_example(panel)
        QTest.mouseClick(panel.complete, Qt.MouseButton.LeftButton)
        (kept,) = desk.biopsy.desk.session.own(case.scan.subject)
        assert (kept.entry.visit, kept.entry.state) == (desk.flow.session.facts_of(case).visit, "complete")
        assert panel.form.state == "complete"
        assert leaks(texts_in(desk.biopsy), desk.flow.session) == ()
