"""A reader alone: start, tour, list, verdicts, an edit with its draft and its numbers, signature."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from napari_bonemetrics.tour import STEPS
from qtpy.QtTest import QTest

from bonemetrics.errors import ReadError
from bonemetrics.study.layout import scan_id
from docs.review_pictures.camera import Camera, button, click
from docs.review_pictures.window import Window
from tests.gui.desk_cases import BENCH, bone, main_canvas, session, settle, stroke, study
from tests.review_cases import YEAR_LATER, Arm
from tests.study_cases import header

_RULES = "[review]\nconsequence = 'at-once'\n"
_BROKEN = "HOSP-8"


def arms() -> tuple[Arm, ...]:
    """Two people with two visits each."""
    return tuple(Arm(patient=patient, **day) for patient in ("HOSP-7", _BROKEN) for day in ({}, {"day": YEAR_LATER}))


def take(folder: Path, camera: Camera) -> None:
    """Take the pictures of one reader."""
    store = study(folder / "one", arms(), rules=_RULES, failed=1)
    window = Window()
    _first_start(window, camera)
    window.desk.begin(session(store, bench=replace(BENCH, open_density=_opens_but_one)))
    window.ready()
    _tour(window, camera)
    _verdicts(window, camera)
    _edit(window, camera)
    _sign(window, camera)
    _others(window, camera)
    window.close()


def _opens_but_one(scan: Any, *how: Any) -> Any:
    if scan.scan_id == scan_id(header(4).study_uid, header(4).series_uid):
        raise ReadError("the files are not the ones that were measured; run the study again", code="input-changed")
    return BENCH.open_density(scan, *how)


def _first_start(window: Window, camera: Camera) -> None:
    page = window.desk.start_page
    page.reader.clear()
    QTest.keyClicks(page.folder, "/trials/CSM-OP-2011")
    QTest.keyClicks(page.reader, "KL")
    camera.take("start")


def _tour(window: Window, camera: Camera) -> None:
    camera.take("tour")
    for number in range(2, len(STEPS) + 1):
        click(window.desk.tour.next)
        if camera.names:
            camera.take(f"tour-{number}")
    click(window.desk.tour.next)


def _verdicts(window: Window, camera: Camera) -> None:
    desk = window.desk
    window.open(0)
    desk.verdict.choose("accept")
    desk.verdict.confidence.setCurrentIndex(4)
    camera.take("accept")
    desk.verdict.give()
    window.ready()
    desk.stage.look_at_slice(11)
    desk.verdict.choose("reject")
    desk.verdict.reasons["leak"].setChecked(True)
    desk.verdict.set_place("leak", desk.stage.at)
    camera.take("reject")
    desk.head.beside.setChecked(True)
    window.ready()
    camera.take("beside")
    desk.head.beside.setChecked(False)
    window.ready()


def _edit(window: Window, camera: Camera) -> None:
    desk = window.desk
    desk.show_page("Edit")
    desk.edit.brush.setChecked(True)
    desk.edit.radius.setValue(1.0)
    settle(0.6)
    canvas = main_canvas()
    wide, high = canvas.width(), canvas.height()
    stroke(canvas, [(wide * 0.45, high * 0.45), (wide * 0.5, high * 0.5), (wide * 0.55, high * 0.5)])
    camera.take("edit")
    desk.edit.brush.setChecked(False)
    camera.dialog("unsaved", lambda: window.open(3), button("Keep for later"))
    window.ready()
    window.open(1)
    desk.stage.look_at_slice(11)
    desk.show_page("Edit")
    camera.take("draft")
    case = desk.flow.case
    if case is not None:
        case.labels.labels[...] = bone()[1].labels
    desk.editor.refresh()
    desk.edit.save.setEnabled(True)
    click(desk.edit.save)
    window.ready()
    desk.show_page("Numbers")
    camera.take("numbers")


def _sign(window: Window, camera: Camera) -> None:
    desk = window.desk
    desk.show_page("Judge")
    desk.verdict.choose("accept-with-edit")
    desk.verdict.give()
    window.ready()
    desk.flow.sign("I have read this scan and stand by the verdict")
    window.ready()
    desk.show_page("Judge")
    camera.take("locked")

    def give_reason(dialog: Any) -> None:
        QTest.keyClicks(dialog.focusWidget(), "the leak was overlooked")
        camera.take("unlock", 0.2)
        button("Cancel")(dialog)

    camera.dialog("unlock", lambda: click(desk.head.unlock), give_reason)


def _others(window: Window, camera: Camera) -> None:
    desk = window.desk
    window.open(3)
    desk.verdict.choose("defer")
    desk.verdict.reasons["motion"].setChecked(True)
    camera.take("defer")
    desk.verdict.give()
    window.ready()
    desk.show_page("Cases")
    window.open(4)
    desk.show_page("Cases")
    desk.list.table.selectRow(4)
    camera.take("failing")
    desk.foot.say("")
    desk.list.table.selectRow(2)
    camera.take("worklist")
    desk.show_page("Keys")
    camera.take("keys")
