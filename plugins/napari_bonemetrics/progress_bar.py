"""The foot of the reading desk: what is going on, how far it is, cancel; and the last message."""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from napari_bonemetrics.worker import Job

_STEPS = 100
_MARKS = {"fault": "✖", "note": "ℹ", "done": "✔"}


class ProgressFoot(QWidget):
    """Shows one job at a time; a message stays until the next one."""

    cancel_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.message = QLabel("")
        self.message.setWordWrap(True)
        self.message.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.message.setTextFormat(Qt.TextFormat.PlainText)
        self.bar = QProgressBar()
        self.cancel = QPushButton("Cancel")
        self.cancel.clicked.connect(self.cancel_requested)
        row = QHBoxLayout()
        row.addWidget(self.bar, 1)
        row.addWidget(self.cancel)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.message)
        layout.addLayout(row)
        self._show_bar(False)

    def follow(self, job: Job) -> None:
        """Show a job until it ends."""
        self.bar.setRange(0, 0)
        self.bar.setFormat(job.title)
        self._show_bar(True)
        job.progressed.connect(self._progressed)
        job.ended.connect(lambda: self._show_bar(False))

    def say(self, text: str, kind: str = "note") -> None:
        """Show one line; `kind` is fault, note or done, told by a mark as well as in words."""
        self.message.setText(f"{_MARKS[kind]} {text}" if text else "")
        self.message.setVisible(bool(text))

    def fail(self, why: str) -> None:
        """Show why something did not work."""
        self.say(why, "fault")

    def _progressed(self, stage: str, fraction: float) -> None:
        # Nothing is known before the first step is behind: the bar then runs to and fro.
        self.bar.setRange(0, _STEPS if fraction > 0 else 0)
        self.bar.setValue(round(fraction * _STEPS))
        self.bar.setFormat(stage)

    def _show_bar(self, shown: bool) -> None:
        self.bar.setVisible(shown)
        self.cancel.setVisible(shown)
