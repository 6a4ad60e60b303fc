"""Pictures of the reading desk at work: docs/images/review-*.png.

Run from the root of the project on a virtual screen, with the extra `[napari]` installed:
`xvfb-run -a -s "-screen 0 1366x768x24" python -m docs.make_review_pictures`. With `-screen 0 3840x2160x24` and the
argument `4k OUT` one picture at that size is written to the folder OUT.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import napari
from napari_bonemetrics.desk import ReadingDesk
from qtpy.QtWidgets import QApplication

from tests.gui.desk_cases import bone, front, main_canvas, session, settle, stroke, study, wait_until
from tests.review_cases import YEAR_LATER, Arm

OUT = Path(__file__).parent / "images"
RULES = "[review]\nconsequence = 'at-once'\n"


class Pictures:
    """One desk that is led from state to state."""

    def __init__(self, folder: Path, out: Path, size: tuple[int, int]) -> None:
        self.out = out
        arms = (Arm(), Arm(day=YEAR_LATER), Arm(patient="HOSP-8"), Arm(patient="HOSP-8", day=YEAR_LATER))
        self.store = study(folder / "study", arms, rules=RULES, failed=1)
        self.viewer: Any = napari.Viewer()
        self.desk = ReadingDesk(self.viewer)
        self.viewer.window.add_dock_widget(self.desk, name="Reading desk", area="right")
        self.viewer.window.resize(*size)
        front(self.desk.window())
        settle(1.0)

    def ready(self) -> None:
        """Wait until nothing runs."""
        wait_until(lambda: not self.desk.flow.is_busy)
        settle(0.6)

    def take(self, name: str) -> None:
        """Write one picture of the whole window."""
        settle(0.4)
        screen = QApplication.primaryScreen()
        window = self.desk.window()
        place = window.frameGeometry()
        screen.grabWindow(0, place.x(), place.y(), place.width(), place.height()).save(
            str(self.out / f"review-{name}.png")
        )

    def open(self, row: int) -> None:
        """Open a case by its row."""
        self.desk.open_key(self.desk.list.table.key_at(row))
        wait_until(lambda: self.desk.flow.case is not None and not self.desk.flow.is_busy)
        settle(1.0)


def main() -> None:
    """Write all pictures, or the one of a large screen."""
    large = sys.argv[1:2] == ["4k"]
    out = Path(sys.argv[2]) if large else OUT
    with tempfile.TemporaryDirectory() as folder:
        shown = Pictures(Path(folder), out, (3840, 2160) if large else (1366, 768))
        _reading(shown, large=large)
        shown.desk.editor.mark_saved()
        shown.viewer.close()
        settle(0.5)


def _reading(shown: Pictures, *, large: bool) -> None:
    desk = shown.desk
    if large:
        desk.begin(session(shown.store))
        shown.ready()
        desk.tour.end()
        shown.open(1)
        shown.take("4k")
        return
    desk.begin(session(shown.store))
    shown.ready()
    desk.tour.end()
    desk.list.table.selectRow(1)
    shown.take("worklist")
    shown.open(1)
    desk.stage.look_at_slice(11)
    _judge(shown)
    _edit(shown)
    _lock(shown)


def _judge(shown: Pictures) -> None:
    desk = shown.desk
    desk.verdict.choose("reject")
    desk.verdict.reasons["leak"].setChecked(True)
    desk.verdict.set_place("leak", desk.stage.at)
    shown.take("reject")
    desk.head.beside.setChecked(True)
    shown.ready()
    shown.take("beside")
    desk.head.beside.setChecked(False)


def _edit(shown: Pictures) -> None:
    desk = shown.desk
    desk.show_page("Edit")
    desk.edit.brush.setChecked(True)
    desk.edit.radius.setValue(1.0)
    settle(0.6)
    canvas = main_canvas()
    wide, high = canvas.width(), canvas.height()
    stroke(canvas, [(wide * 0.45, high * 0.45), (wide * 0.5, high * 0.5), (wide * 0.55, high * 0.5)])
    shown.take("edit")
    desk.edit.brush.setChecked(False)
    case = desk.flow.case
    if case is not None:
        case.labels.labels[...] = bone()[1].labels
    desk.editor.refresh()
    desk.edit.save.setEnabled(True)
    desk.edit.save.click()
    shown.ready()
    desk.show_page("Numbers")
    shown.take("numbers")


def _lock(shown: Pictures) -> None:
    desk = shown.desk
    desk.show_page("Judge")
    desk.verdict.choose("accept-with-edit")
    desk.verdict.give()
    shown.ready()
    desk.flow.sign("I have read this scan and stand by the verdict")
    shown.ready()
    desk.show_page("Judge")
    shown.take("locked")


if __name__ == "__main__":
    main()
