"""Blinding in a real window: whatever a reader or adjudicator does, no text that she can see tells what is hidden."""

from __future__ import annotations

from dataclasses import replace

import pytest

pytest.importorskip("napari")

from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from bonemetrics.errors import ReadError
from bonemetrics.review.blinding import leaks
from bonemetrics.volume import CORTICAL
from tests.gui.desk_cases import (
    BENCH,
    YEAR_LATER,
    Arm,
    desk_on,
    idle,
    open_case,
    press,
    session,
    wait_until,
)
from tests.gui.visible_texts import texts_of

pytestmark = pytest.mark.gui
HIDES = "blind = ['visit', 'date', 'arm', 'subject', 'other-readers']\n"
PAIRS = f"[review]\nreaders = ['KL', 'MN']\npairs = true\nconsequence = 'at-once'\n{HIDES}"
TWO = f"[review]\nreadings = 2\nreaders = ['KL', 'MN']\nadjudicators = ['AD']\nconsequence = 'at-once'\n{HIDES}"


def told(desk):
    """What is hidden and told all the same."""
    return leaks(texts_of(desk), desk.flow.session)


def with_bench(desk, **steps):
    desk.flow.session._desk = replace(desk.flow.session._desk, bench=replace(BENCH, **steps))


def telling(*_given):
    """A failure whose own words tell person, visit, date, arm and file."""
    text = "P-007 at Month 12 (2017-04-06, arm 2M): /archive/HOSP-7/series-2/a.dcm cannot be read"
    raise ReadError(text, code="input-changed")


def missing(*_given):
    raise FileNotFoundError(2, "No such file or directory", "/archive/HOSP-7/series-2/a.dcm")


def test_desk__blinded_a_preview_and_the_other_of_a_pair_tell_nothing(make_napari_viewer, tmp_path):
    arms = (Arm(), Arm(day=YEAR_LATER))
    with desk_on(make_napari_viewer, tmp_path, rules=PAIRS, arms=arms) as desk:
        open_case(desk)
        QTest.mouseClick(desk.head.beside, Qt.MouseButton.LeftButton)
        idle(desk)
        assert desk.stage.beside is not None
        assert {desk.flow.case.task.title[-1], desk.stage.beside.visit.title[-1]} == {"A", "B"}
        desk.stage.scene.labels.paint((8, 10, 10), CORTICAL)
        press(desk, "F9")
        assert desk.numbers.is_preview
        texts = texts_of(desk)
        assert leaks(texts, desk.flow.session) == ()
        # The search sees what is shown in the places that this test is about.
        for part in ("UNSAVED EDIT", "Beside", desk.stage.beside.visit.title, "Tb.vBMD\nmg/cm³ HA"):
            assert any(part in text for text in texts), part
        desk.keeper.stop()
        desk.flow.close(discard=True)


def test_desk__blinded_failures_tell_their_kind_and_nothing_hidden(make_napari_viewer, tmp_path):
    arms = (Arm(), Arm(day=YEAR_LATER))
    with desk_on(make_napari_viewer, tmp_path, rules=PAIRS, arms=arms, failed=1) as desk:
        for fails, shown in ((telling, "input-changed"), (missing, "storage")):
            with_bench(desk, open_density=fails)
            desk.open_key(desk.list.next_key(""))
            idle(desk)
            assert shown in desk.foot.message.text()
            assert told(desk) == ()
        with_bench(desk)
        open_case(desk)
        desk.stage.scene.labels.paint((8, 10, 10), CORTICAL)
        with_bench(desk, measure=telling)
        for key in ("F9", "Ctrl+Shift+S"):
            press(desk, key)
            assert "input-changed" in desk.foot.message.text()
            assert told(desk) == ()
        with_bench(desk, open_density=telling)
        QTest.mouseClick(desk.head.beside, Qt.MouseButton.LeftButton)
        idle(desk)
        assert "input-changed" in desk.foot.message.text()
        assert told(desk) == ()
        assert leaks(["P-007 at Month 12, 2017-04-06, arm 2M, HOSP-7"], desk.flow.session)
        desk.keeper.stop()
        desk.flow.close(discard=True)


def test_desk__blinded_an_adjudication_tells_neither_readers_nor_the_case(make_napari_viewer, tmp_path):
    def readings(store):
        for reader, place in (("KL", (2, 2, 2)), ("MN", (9, 76, 3))):
            with session(store, reader) as reading:
                (task,) = reading.worklist().waiting
                case = reading.open_case(task.key)
                case.labels.labels[place] = CORTICAL
                reading.decide(case, "accept-with-edit")

    how = {"reader": "AD", "rules": TWO, "arms": (Arm(),), "before": readings}
    with desk_on(make_napari_viewer, tmp_path, **how) as desk:
        open_case(desk)
        page = desk.adjudication
        assert page.table.rowCount() == 2
        QTest.mouseClick(page.look["a"], Qt.MouseButton.LeftButton)
        QTest.mouseClick(page.take["a"], Qt.MouseButton.LeftButton)
        wait_until(lambda: desk.flow.adjudication.file.is_file())
        texts = texts_of(desk)
        assert leaks(texts, desk.flow.session) == ()
        for part in ("Reader A", "B says", "Tb.vBMD as measured", "1 are not decided"):
            assert any(part in text for text in texts), part
        with_bench(desk, measure=telling)
        QTest.mouseClick(page.rest[1], Qt.MouseButton.LeftButton)
        QTest.mouseClick(page.settle, Qt.MouseButton.LeftButton)
        idle(desk)
        assert told(desk) == ()
        assert leaks(["drawn by KL, judged by MN"], desk.flow.session)
