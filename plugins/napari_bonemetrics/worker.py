"""Calls of the library in napari's thread worker: progress, cancel, and an error as one line."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from napari.qt.threading import create_worker
from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import QApplication

from bonemetrics.errors import BonemetricsError
from bonemetrics.review.bench import Progress

_LOOK_EVERY_S = 0.01
Call = Callable[[Progress], Any]


class Cancelled(Exception):  # noqa: N818 - it is no error
    """The reader has stopped the call."""


def told(error: Exception) -> str:
    """One line for any exception; the text of a foreign one may name a file or a person, so only its kind is told."""
    if isinstance(error, BonemetricsError):
        return f"{error.code}: {' '.join(error.message.split())}"
    if isinstance(error, OSError):
        return f"storage: {error.strerror or 'a file could not be read or written'}"
    return f"unexpected error ({type(error).__name__}); the case is left as it was"


class Job(QObject):
    """One call of the library.

    Signals come in the thread of the window: `done` before the result and `ended` after it. After `cancel` there is no
    result; what the call gives all the same goes to `discard`, so that a case that was opened too late can be closed
    again.
    """

    progressed = Signal(str, float)
    succeeded = Signal(object)
    failed = Signal(str)
    ended = Signal()
    done = Signal()

    def __init__(
        self,
        title: str,
        call: Call,
        *,
        discard: Callable[[Any], None] | None = None,
        tell: Callable[[Exception], str] = told,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.title = title
        self._tell_error = tell
        self._call = call
        self._discard = discard
        self._is_cancelled = False
        self._worker: Any = None

    def start(self) -> None:
        """Begin; returns at once."""
        self._worker = create_worker(self._run, _start_thread=False)
        self._worker.returned.connect(self._returned)
        self._worker.start()

    def cancel(self) -> None:
        """Stop at the next sign of progress."""
        self._is_cancelled = True

    def wait(self) -> None:
        """Wait for its end, as when the window closes; its signals come meanwhile."""
        while self._worker is not None:
            QApplication.processEvents()
            time.sleep(_LOOK_EVERY_S)

    @property
    def is_cancelled(self) -> bool:
        """Whether the reader has stopped it."""
        return self._is_cancelled

    def _run(self) -> tuple[str, Any]:
        # Nothing may leave this function as an exception: napari would show it with a traceback that names files.
        try:
            return "result", self._call(self._tell)
        except Cancelled:
            return "cancelled", None
        except Exception as error:
            return "failure", self._tell_error(error)

    def _tell(self, stage: str, fraction: float) -> None:
        if self._is_cancelled:
            raise Cancelled
        self.progressed.emit(stage, float(fraction))

    def _returned(self, outcome: tuple[str, Any]) -> None:
        kind, value = outcome
        self._worker = None
        self.done.emit()
        if self._is_cancelled:
            if kind == "result" and self._discard is not None:
                self._discard(value)
        elif kind == "result":
            self.succeeded.emit(value)
        elif kind == "failure":
            self.failed.emit(value)
        self.ended.emit()
