"""Between the reader and the session: one slow call at a time, each in a worker, its result as a signal."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from qtpy.QtCore import QObject, QTimer, Signal

from bonemetrics.errors import BonemetricsError
from bonemetrics.review.case import AdjudicationCase, Case
from bonemetrics.review.judgement import Judgement
from bonemetrics.review.session import Session
from bonemetrics.review.worklist import Worklist
from napari_bonemetrics.worker import Call, Job, told

Then = Callable[[Any], None]
_AHEAD_MS = 1500
"""After an opening; until then the canvases are being drawn."""


class CaseFlow(QObject):
    """Holds the session and the open case; nothing here draws anything."""

    job_started = Signal(object)
    busy_changed = Signal(bool)
    failed = Signal(str)
    worklist_changed = Signal(object)
    case_opened = Signal(object)
    case_closed = Signal()
    case_expected = Signal(object)
    not_opened = Signal()
    adjudication_opened = Signal(object)
    beside_opened = Signal(object)
    saved = Signal()
    previewed = Signal(object)
    decided = Signal()
    lock_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.session: Session | None = None
        self.case: Case | None = None
        self.adjudication: AdjudicationCase | None = None
        self._job: Job | None = None
        self._worklist: Worklist | None = None
        self._ahead = QTimer(self)
        self._ahead.setSingleShot(True)
        self._ahead.setInterval(_AHEAD_MS)
        self._ahead.timeout.connect(self._read_ahead)

    @property
    def is_busy(self) -> bool:
        """Whether a call is running."""
        return self._job is not None

    def told(self, error: Exception) -> str:
        """An error in one line that tells nothing hidden."""
        if self.session is not None and isinstance(error, BonemetricsError):
            return self.session.visible_error(error)
        return told(error)

    def run(self, title: str, call: Call, then: Then, discard: Then | None = None) -> bool:
        """Call the library in a worker; false, and nothing happens, while another call runs."""
        if self._job is not None:
            return False
        job = Job(title, call, discard=discard, tell=self.told, parent=self)
        self._job = job
        job.done.connect(self._done)
        job.succeeded.connect(then)
        job.failed.connect(self.failed)
        self.busy_changed.emit(True)
        self.job_started.emit(job)
        job.start()
        return True

    def _done(self) -> None:
        # Before the result is told, which may begin the next call.
        self._job = None
        self.busy_changed.emit(False)

    def cancel(self) -> None:
        """Stop the call that is running."""
        if self._job is not None:
            self._job.cancel()

    def wait(self) -> None:
        """Stop what runs and wait for its end."""
        while self._job is not None:
            self._job.cancel()
            self._job.wait()

    def start(self, session: Session) -> None:
        """Begin a session and show its list."""
        self.session = session
        self.refresh()

    def refresh(self, then: Then | None = None) -> None:
        """Read the list anew, then go on with it."""
        session = self.session
        if session is None:
            return

        def show(worklist: Any) -> None:
            self._worklist = worklist
            self.worklist_changed.emit(worklist)
            if then is not None:
                then(worklist)

        self.run("reading the list", lambda _tell: session.worklist(), show)

    def open(self, key: str) -> None:
        """Open a case or an adjudication; nothing else is open."""
        session = self.session
        if session is None:
            return

        def call(tell: Any) -> Case | AdjudicationCase:
            task = session.worklist().find(key)
            if task is not None and task.kind == "adjudicate" and task.is_waiting:
                return session.adjudication(key, tell)
            return session.open_case(key, tell)

        if self.run("opening the case", call, self._opened, self._too_late) and self._job is not None:
            self._job.ended.connect(self._opening_ended)
            self._expect(session, key)

    def _expect(self, session: Session, key: str) -> None:
        """Tell the grid that the case will have, so that canvases are made while the scan is read."""
        # The call itself says what is wrong.
        with contextlib.suppress(BonemetricsError, OSError):
            grid = session.grid_of(key)
            if grid is not None:
                self.case_expected.emit(grid)

    def _opening_ended(self) -> None:
        if self.case is None:
            self.not_opened.emit()

    def _opened(self, found: Case | AdjudicationCase) -> None:
        if isinstance(found, AdjudicationCase):
            self.adjudication, self.case = found, found.case
        else:
            self.adjudication, self.case = None, found
        self._ahead.start()
        self.case_opened.emit(self.case)
        if self.adjudication is not None:
            self.adjudication_opened.emit(self.adjudication)
        for one in (self.case, self.adjudication):
            if one is not None and one.draft_problem is not None:
                self.failed.emit(self.told(one.draft_problem))

    def _read_ahead(self) -> None:
        """Let the session read what will most likely be opened next; nothing of it is seen."""
        if self.session is None or self.case is None or self._worklist is None:
            return
        if self.is_busy:
            self._ahead.start()
            return
        following = self._worklist.next_after(self.case.task.key)
        if following is not None:
            self.session.read_ahead(following.key)

    def _too_late(self, found: Case | AdjudicationCase) -> None:
        case = found.case if isinstance(found, AdjudicationCase) else found
        if self.session is not None:
            self.session.close_case(case, force=True)

    def save(self) -> None:
        """Save the edit as a new version with its own numbers."""
        session, case = self.session, self.case
        if session is not None and case is not None:
            self.run("saving and measuring the edit", lambda tell: session.save_edit(case, tell), self._saved)

    def _saved(self, _saved: object) -> None:
        self.saved.emit()

    def preview(self) -> None:
        """Measure the unsaved edit and store nothing; refused where the protocol does not show it."""
        session, case = self.session, self.case
        if session is not None and case is not None:
            self.run("measuring the unsaved edit", lambda tell: session.preview(case, tell), self.previewed.emit)

    def decide(self, judgement: Judgement) -> None:
        """Give the verdict; the session saves the edit of one that is accepted with it."""
        session, case, verdict = self.session, self.case, judgement.verdict
        if session is None or case is None or verdict is None:
            return
        given = dict(judgement)
        del given["verdict"]
        self.run(
            "keeping the verdict",
            lambda tell: session.decide(case, verdict, **given, progress=tell),
            lambda _kept: self.decided.emit(),
        )

    def settle(self) -> None:
        """Keep the mask that follows from the adjudicator's choices."""
        session, found = self.session, self.adjudication
        if session is not None and found is not None:
            self.run(
                "joining both masks",
                lambda tell: session.settle(found, progress=tell),
                lambda _kept: self.decided.emit(),
            )

    def close(self, *, discard: bool = False) -> None:
        """Close the case at once; an edit stays as a draft unless it is to be discarded."""
        self.wait()
        session, case = self.session, self.case
        if session is None or case is None:
            return
        self._ahead.stop()
        self.case = self.adjudication = None
        self.case_closed.emit()
        try:
            if discard and not case.is_locked:
                session.discard_draft(case)
            session.close_case(case, force=True)
        except (BonemetricsError, OSError) as error:
            self.failed.emit(self.told(error))

    def sign(self, meaning: str) -> None:
        """Sign the record of the case and lock it."""
        session, case = self.session, self.case
        if session is not None and case is not None and meaning:
            self.run("signing", lambda _tell: session.sign(case, meaning), lambda _made: self.lock_changed.emit())

    def unlock(self, reason: str) -> None:
        """Void the signature of the case."""
        session, case = self.session, self.case
        if session is not None and case is not None and reason:
            self.run("unlocking", lambda _tell: session.unlock(case, reason), lambda _made: self.lock_changed.emit())

    def open_beside(self) -> None:
        """Open another visit of the same arm; `None` is told where there is none."""
        session, case = self.session, self.case
        if session is not None and case is not None:
            self.run(
                "opening the other visit", lambda tell: session.previous_visit(case, tell), self.beside_opened.emit
            )
