"""Keeps unsaved edits and unsettled choices on the disk and the claim on the case alive; nobody waits for it."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import QObject, QTimer, Signal

from napari_bonemetrics.case_flow import CaseFlow
from napari_bonemetrics.editor import Editor
from napari_bonemetrics.worker import Job

AUTOSAVE_MS = 4000
RENEW_MS = 120_000


class DraftKeeper(QObject):
    """Saves a draft soon after each change of the labels and at once after a choice, and renews the claim."""

    failed = Signal(str)

    def __init__(self, flow: CaseFlow, editor: Editor, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._flow, self._editor = flow, editor
        self._job: Job | None = None
        self._is_owed = False
        self._soon, self._renew = QTimer(self), QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(AUTOSAVE_MS)
        self._soon.timeout.connect(self.keep)
        self._renew.setInterval(RENEW_MS)
        self._renew.timeout.connect(self.renew)
        self._renew.start()
        editor.changed.connect(self._changed)
        flow.busy_changed.connect(self._go_on)

    def _changed(self) -> None:
        if self._editor.is_unsaved and not self._soon.isActive():
            self._soon.start()

    def keep(self) -> None:
        """Keep the edit, and the choices of an adjudicator, as drafts."""
        session, case, found = self._flow.session, self._flow.case, self._flow.adjudication
        if session is None or case is None or case.is_locked:
            return
        choices = dict(found.choices) if found is not None else {}

        def call() -> None:
            session.autosave(case)
            if found is not None:
                session.keep_choices(found, choices)

        self._run("keeping a draft", call)

    def renew(self) -> None:
        """Keep the claim on the open case."""
        session, case = self._flow.session, self._flow.case
        if session is not None and case is not None:
            self._run("keeping the case", lambda: session.renew(case))

    def _run(self, title: str, call: Callable[[], object]) -> None:
        if self._job is not None or self._flow.is_busy:
            # One call at a time for each case.
            self._soon.start()
            return
        job = Job(title, lambda _tell: call(), tell=self._flow.told, parent=self)
        self._job = job
        job.failed.connect(self.failed)
        job.done.connect(self._done)
        job.start()

    def _done(self) -> None:
        self._job = None

    def stop(self) -> None:
        """Wait for what runs, and begin nothing more until the reader's own call is done."""
        self._is_owed = self._is_owed or self._soon.isActive()
        self._soon.stop()
        if self._job is not None:
            self._job.wait()

    def _go_on(self, busy: bool) -> None:
        """A draft that was due when a call of the reader began is due still."""
        if self._is_owed and not busy:
            self._is_owed = False
            self._soon.start()

    def end(self) -> None:
        """The window closes."""
        self._renew.stop()
        self.stop()
        self._is_owed = False
