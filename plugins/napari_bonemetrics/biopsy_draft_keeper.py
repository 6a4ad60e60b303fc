"""Keeps an unsaved entry of a biopsy on the disk, soon after each change and without anybody waiting for it."""

from __future__ import annotations

from qtpy.QtCore import QObject, QTimer, Signal

from bonemetrics.review.biopsy_opening import OpenBiopsy
from bonemetrics.review.biopsy_session import BiopsySession
from bonemetrics.review.biopsy_work import BiopsyWork
from napari_bonemetrics.worker import Job, told

AUTOSAVE_MS = 2000


class BiopsyDraftKeeper(QObject):
    """Holds the work on the entry that is shown; `failed` gives why it could not be kept."""

    failed = Signal(str)

    def __init__(self, session: BiopsySession, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._opened: OpenBiopsy | None = None
        self._work: BiopsyWork | None = None
        self._job: Job | None = None
        self.soon = QTimer(self)
        self.soon.setSingleShot(True)
        self.soon.setInterval(AUTOSAVE_MS)
        self.soon.timeout.connect(self._keep)

    def begin(self, opened: OpenBiopsy) -> None:
        """Another entry is shown; what was not kept of the one before is no longer asked for."""
        self.stop()
        self._opened, self._work = opened, opened.work

    def changed(self, work: BiopsyWork) -> None:
        """Something was typed or drawn."""
        self._work = work
        if self._opened is not None and not self.soon.isActive():
            self.soon.start()

    def _keep(self) -> None:
        session, opened, work = self._session, self._opened, self._work
        if opened is None or work is None:
            return
        if self._job is not None:
            self.soon.start()
            return
        job = Job("keeping the entry of the biopsy", lambda _tell: session.keep(opened, work), parent=self)
        self._job = job
        job.failed.connect(self.failed)
        job.done.connect(self._done)
        job.start()

    def _done(self) -> None:
        self._job = None

    def keep_now(self) -> bool:
        """Keep it before going on; false, and `failed` tells why, where that could not be done."""
        self.stop()
        if self._opened is None or self._work is None:
            return True
        try:
            self._session.keep(self._opened, self._work)
        except OSError as error:
            self.failed.emit(told(error))
            return False
        return True

    def stop(self) -> None:
        """Wait for what runs, and begin nothing more."""
        self.soon.stop()
        if self._job is not None:
            self._job.wait()

    def end(self) -> None:
        """No entry is shown any more."""
        self.stop()
        self._opened = self._work = None
