"""Settling two readers' masks in a real window: largest place first, a choice for each, one mask that counts."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("napari")

from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from bonemetrics.review.blinding import leaks
from bonemetrics.review.choice_drafts import read_choices
from bonemetrics.study.store import Store
from bonemetrics.volume import CORTICAL, TRABECULAR
from tests.gui.desk_cases import Arm, bone, desk_on, idle, open_case, session, settle, wait_until

pytestmark = pytest.mark.gui
TWO = """[review]
readings = 2
readers = ['KL', 'MN']
adjudicators = ['AD']
blind = ['other-readers', 'subject']
"""
# Outside the bone, so that each box is a place of its own: 3 × 4 × 5, 1 × 4 × 6 and 2 × 3 × 2 voxels.
LARGE = (slice(2, 5), slice(2, 6), slice(2, 7))
MIDDLE = (slice(9, 10), slice(76, 80), slice(3, 9))
SMALL = (slice(15, 17), slice(3, 6), slice(90, 92))
BY_KL, BY_MN = ((LARGE, CORTICAL), (SMALL, TRABECULAR)), ((MIDDLE, CORTICAL),)


def read(store, reader, edits):
    with session(store, reader) as reading:
        (task,) = reading.worklist().waiting
        case = reading.open_case(task.key)
        for box, label in edits:
            assert not case.labels.labels[box].any()
            case.labels.labels[box] = label
        reading.decide(case, "accept-with-edit")
        return case.task.scan_id


@pytest.fixture
def settled_by(make_napari_viewer, tmp_path):
    """Opens the desk of the adjudicator on a scan that both readers have edited."""

    def opened(more=""):
        return desk_on(make_napari_viewer, tmp_path, reader="AD", rules=TWO + more, arms=(Arm(),), before=readings)

    def readings(store):
        for reader, edits in (("KL", BY_KL), ("MN", BY_MN)):
            read(store, reader, edits)

    return opened


def letter_of(found, reader):
    return "a" if found.mask_a.reader == reader else "b"


def click(button):
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    settle(0.05)


def test_desk__an_adjudicator_walks_the_places_and_settles_them_into_the_mask_that_counts(settled_by):
    with settled_by() as desk:
        case, page = open_case(desk), desk.adjudication
        found = desk.flow.adjudication
        assert desk.pages.tabText(desk.pages.currentIndex()) == "Differences"
        assert page.isVisible()
        voxel = 0.5 * 0.25 * 0.25
        volumes = [page.table.item(row, 0).text() for row in range(page.table.rowCount())]
        assert volumes == [f"{n * voxel:.3g} mm³" for n in (60, 24, 12)]
        # The largest is looked at from the start, in the middle of its box.
        assert page.table.currentRow() == 0
        assert desk.stage.at[0] == 3
        assert page.table.item(0, 1).text() == "3–5"
        says = {letter: page.table.item(0, column).text() for letter, column in (("a", 2), ("b", 3))}
        assert says == {letter_of(found, "KL"): "cortical", letter_of(found, "MN"): "outside"}
        assert not page.settle.isEnabled()
        texts = [page.told.text(), *(page.table.item(0, column).text() for column in range(5)), desk.viewer.title]
        assert leaks([*texts, *(layer.name for layer in desk.viewer.layers)], desk.flow.session) == ()
        _each_mask_can_be_looked_at(desk, found)
        # KL at the largest and MN at the next; the smallest is MN's too, who saw nothing there.
        for reader, slice_after in (("KL", 9), ("MN", None)):
            click(page.take[letter_of(found, reader)])
            if slice_after is not None:
                assert (page.table.currentRow(), desk.stage.at[0]) == (1, slice_after)
        assert page.table.currentRow() == 2
        assert "1 are not decided" in page.told.text()
        click(page.take[letter_of(found, "MN")])
        assert page.settle.isEnabled()
        click(page.settle)
        wait_until(lambda: not desk.flow.is_busy)
        idle(desk)
        _counts(Store.open(desk.flow.session.store.folder.root, user="ana"), case.task.scan_id)
        assert desk.list.progress.text() == "1 of 1 read"


def _each_mask_can_be_looked_at(desk, found):
    page = desk.adjudication
    assert "neither A nor B" in page.shows.text()
    for letter, mask in (("a", found.a), ("b", found.b)):
        click(page.look[letter])
        shown = desk.stage.compared
        assert shown in desk.viewer.layers
        assert shown.name == f"Reader {letter.upper()}"
        assert np.array_equal(np.asarray(shown.data), mask.labels)
        assert {one: button.isChecked() for one, button in page.look.items()} == {
            one: one == letter for one in ("a", "b")
        }
        assert page.shows.text() == f"In the picture: {letter.upper()}"
        # The planes across show no other mask than the slice does, and before the density.
        for plane in desk.stage.planes.planes:
            contours = [one for one in plane.model.layers if one.visible and hasattr(one, "contour")]
            assert [one.name for one in contours] == [f"Reader {letter.upper()}"]
            assert contours[0].blending == plane.scene.labels.blending
    assert sum(layer.name.startswith("Reader") for layer in desk.viewer.layers) == 1
    click(page.look["b"])
    assert desk.stage.compared is None
    assert [one.visible for one in desk.stage.labels_layers] == [True, True, True]
    assert not any(button.isChecked() for button in page.look.values())


def _counts(store, scan_id):
    stored = store.scan(scan_id)
    assert (stored.labels.source, stored.labels.reader, stored.review_status) == (
        "adjudicated",
        "AD",
        "accept-with-edit",
    )
    wanted = bone()[2].labels.copy()
    wanted[LARGE] = wanted[MIDDLE] = CORTICAL
    from bonemetrics.readers.labels import read_labels

    assert np.array_equal(read_labels(store.reading.path_of(stored.labels)).labels, wanted)
    # Cortical area per slice: 60 + 24 voxels more than before, over 20 slices.
    before = np.count_nonzero(bone()[2].labels == CORTICAL)
    (area,) = [one.value for one in stored.measurements if one.quantity == "Ct.Ar"]
    assert area == pytest.approx((before + 84) * 0.25**2 / 20)


def test_desk__the_rest_can_be_taken_at_once_and_keeps_what_was_chosen(settled_by):
    with settled_by() as desk:
        open_case(desk)
        found, page = desk.flow.adjudication, desk.adjudication
        mine, other = letter_of(found, "MN"), letter_of(found, "KL")
        page.table.selectRow(2)
        settle(0.05)
        assert desk.stage.at[0] in (15, 16)
        click(page.take[mine])
        click(page.rest[0 if other == "a" else 1])
        assert [page.table.item(row, 4).text() for row in range(3)] == [other.upper(), other.upper(), mine.upper()]
        assert page.settle.isEnabled()


def test_desk__choices_are_kept_at_once_and_come_back_with_a_and_b_as_they_were(settled_by):
    with settled_by() as desk:
        case, page = open_case(desk), desk.adjudication
        first = desk.flow.adjudication
        click(page.take["b"])
        # On the disk without anybody closing anything: a program killed now loses no choice.
        wait_until(lambda: first.file.is_file())
        kept = read_choices(first.file)
        assert (kept.choices, kept.mask_a, kept.mask_b) == ({1: "b"}, first.mask_a.sha256, first.mask_b.sha256)
        click(page.take["a"])
        wait_until(lambda: read_choices(first.file).choices == {1: "b", 2: "a"})
        desk.open_key(desk.list.next_key(case.task.key) or case.task.key)
        idle(desk)
        again = desk.flow.adjudication
        assert again is not first
        assert (again.mask_a, again.mask_b) == (first.mask_a, first.mask_b)
        assert [page.table.item(row, 4).text() for row in range(3)] == ["B", "A", "–"]
        assert "choices from before are back" in page.told.text()
        # What is still open comes first.
        assert page.table.currentRow() == 2
        click(page.take["a"])
        click(page.settle)
        wait_until(lambda: not desk.flow.is_busy)
        idle(desk)
        assert not first.file.exists()


def test_desk__each_place_tells_what_hangs_on_it_where_the_protocol_lets_the_adjudicator_see_numbers(settled_by):
    with settled_by("consequence = 'at-once'\n") as desk:
        open_case(desk)
        found, page = desk.flow.adjudication, desk.adjudication
        labels = bone()[2].labels
        values = bone()[0].mg_per_cm3[labels == TRABECULAR].astype(float)
        # Only KL calls the smallest place trabecular; the others are cortical and move nothing.
        added = bone()[0].mg_per_cm3[SMALL].astype(float)
        moved = (values.sum() + added.sum()) / (values.size + added.size) - values.mean()
        if letter_of(found, "KL") == "a":
            moved = -moved
        shown = [page.table.item(row, 5).text() for row in range(3)]
        assert shown[:2] == ["0", "0"]
        assert float(shown[2]) == pytest.approx(moved, rel=0.005)  # three digits are shown
        assert not page.table.isColumnHidden(5)
        assert "Tb.vBMD as measured: A" in page.numbers.text()
        texts = [page.numbers.text(), page.table.item(0, 5).toolTip()]
        assert leaks(texts, desk.flow.session) == ()
        page.table.selectRow(0)
        settle(0.05)
        desk.stage.look_at((0, 0, 0))
        # A click on the place that is selected already leads back to it.
        QTest.mouseClick(
            page.table.viewport(),
            Qt.MouseButton.LeftButton,
            pos=page.table.visualItemRect(page.table.item(0, 0)).center(),
        )
        settle(0.05)
        assert desk.stage.at[0] == 3


def test_desk__before_the_verdict_no_number_stands_beside_the_places(settled_by):
    with settled_by() as desk:
        open_case(desk)
        page = desk.adjudication
        assert page.table.isColumnHidden(5)
        assert not page.numbers.isVisible()
        assert desk.flow.adjudication.numbers is None


def test_desk__what_is_painted_or_changed_is_what_is_seen_and_contours_hide_the_mask_that_is_shown(settled_by):
    with settled_by() as desk:
        open_case(desk)
        page, own = desk.adjudication, desk.stage.scene.labels
        click(page.look["a"])
        desk.window_bar.toggle_contours()
        assert not desk.stage.compared.visible
        assert not own.visible
        desk.window_bar.toggle_contours()
        assert desk.stage.compared.visible
        assert not own.visible
        desk.edit.brush.setChecked(True)
        assert (page.shown, desk.stage.compared, own.visible) == ("", None, True)
        click(page.look["a"])
        assert not desk.edit.brush.isChecked()
        desk.edit.outwards.click()
        idle(desk)
        assert desk.editor.is_unsaved
        assert (page.shown, desk.stage.compared, own.visible) == ("", None, True)
        desk.editor.undo()


def test_desk__readers_who_differ_in_the_verdict_alone_leave_no_places_and_the_page_says_so(
    make_napari_viewer, tmp_path
):
    def readings(store):
        for reader, verdict, reasons in (("KL", "accept", ()), ("MN", "reject", ("motion",))):
            with session(store, reader) as reading:
                (task,) = reading.worklist().waiting
                reading.decide(reading.open_case(task.key), verdict, reasons=reasons)

    with desk_on(make_napari_viewer, tmp_path, reader="AD", rules=TWO, arms=(Arm(),), before=readings) as desk:
        open_case(desk)
        page = desk.adjudication
        assert page.table.rowCount() == 0
        assert "differ in the verdict" in page.told.text()
        assert page.settle.isEnabled()
