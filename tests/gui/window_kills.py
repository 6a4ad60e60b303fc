"""A program that reads a study in a real window until it is killed.

Arguments: study folder, file for what is said, seed. What it is about to do it says as `begin`, and what is done as
`done`, as in `tests.review_kills`: here each act is one of the session's, whoever in the window asks for it, so that
the drafts are those that the desk keeps by itself.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import napari
from napari_bonemetrics import desk as desk_module
from napari_bonemetrics.desk import ReadingDesk
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from bonemetrics.review.case import Case
from bonemetrics.review.session import Session
from bonemetrics.volume import CORTICAL, TRABECULAR
from tests.gui.desk_cases import BENCH, front, idle, main_canvas, on_canvas, settle, stroke
from tests.review_kills import Worker, labels_digest

AUTOSAVE_MS = 150
"""In place of seconds, so that a draft is kept within the life of a program that is soon killed."""

ROUND = ("wait", "save", "judge", "open")
"""Each of them once, in an order that chance makes, and so on."""


class WindowWorker(Worker):
    """One window in which somebody paints, saves and judges until it is killed."""

    round: list[str]

    def work(self) -> None:
        self.round = []
        session = Session.open(self.study, "KL", bench=BENCH)
        session.save_state(session.state().model_copy(update={"tour_seen": True}))
        self.listen(session)
        desk_module.ask_unsaved = lambda _parent: "keep"
        viewer = napari.Viewer(show=True)
        desk = ReadingDesk(viewer, session)
        viewer.window.add_dock_widget(desk, name="Reading desk", area="right")
        front(desk.window())
        desk.keeper._soon.setInterval(AUTOSAVE_MS)
        for source in (desk.flow, desk.keeper, desk.editor):
            source.failed.connect(lambda why: self.say("failed", why))
        self.say("done", "session")
        while True:
            idle(desk)
            self.step(desk, session)

    def listen(self, session: Session) -> None:
        """Say what the session is asked for, and when it has done it."""
        opens = session.open_case

        def open_case(key: str, *given: Any, **named: Any) -> Case:
            case = opens(key, *given, **named)
            problem = case.draft_problem.code if case.draft_problem is not None else ""
            self.say("done", "open", **told(case), recovered=case.recovered, problem=problem)
            return case

        session.open_case = open_case  # type: ignore[method-assign]
        kept = {
            "autosave": lambda _done: {},
            "save_edit": lambda done: {"mask": done.labels.sha256},
            "decide": lambda done: {"id": done.review_id, "verdict": done.verdict, "mask": done.label_sha256},
            "close_case": lambda _done: {},
        }
        for name, of in kept.items():
            setattr(session, name, self.saying(name, getattr(session, name), of))

    def saying(self, act: str, call: Callable[..., Any], of: Callable[[Any], dict[str, Any]]) -> Callable[..., Any]:
        def said(case: Case, *given: Any, **named: Any) -> Any:
            # A draft must be of the labels that are told: nothing is painted meanwhile.
            with case.turn:
                known = told(case)
                self.say("begin", act, **known)
                done = call(case, *given, **named)
                self.say("done", act, **known, **of(done))
            return done

        return said

    def step(self, desk: ReadingDesk, session: Session) -> None:
        """One thing that a reader does."""
        case = desk.flow.case
        if case is None:
            desk.open_key(self.random.choice(session.worklist().tasks).key)
            return
        if not self.round:
            self.round = self.random.sample(ROUND, len(ROUND))
        chosen = self.round.pop()
        if chosen == "open":
            desk.open_key(self.random.choice(session.worklist().tasks).key)
            return
        self.paint_in(desk, case)
        if not case.is_edited or chosen == "wait":
            settle(2 * AUTOSAVE_MS / 1000)
        elif chosen == "save":
            QTest.mouseClick(desk.edit.save, Qt.MouseButton.LeftButton)
        else:
            desk.verdict.choose("accept-with-edit")
            desk.verdict.give()

    def paint_in(self, desk: ReadingDesk, case: Case) -> None:
        """Paint a stroke on the canvas with the mouse."""
        number, label = self.random.randrange(20), self.random.choice((TRABECULAR, CORTICAL))
        desk.stage.look_at((number, 42, 48))
        desk.show_page("Edit")
        settle(0.05)
        desk.edit.brush.setChecked(True)
        desk.edit.label.button(label).click()
        row, column = self.random.randrange(10, 70), self.random.randrange(10, 80)
        places = [on_canvas(desk, (number, row + step, column + step)) for step in (0, 2, 4)]
        with case.turn:
            stroke(main_canvas(), places)


def told(case: Case) -> dict[str, Any]:
    return {"key": case.task.key, "scan": case.task.scan_id, "labels": labels_digest(case)}


if __name__ == "__main__":
    worker = WindowWorker(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
    try:
        worker.work()
    except BaseException:
        worker.say("failed", traceback.format_exc())
        raise
