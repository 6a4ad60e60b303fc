"""The head of an open case: which one, how it stands, signature, another visit, next and previous."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

from bonemetrics.review.case import Case
from bonemetrics.volume import CORTICAL, TRABECULAR
from napari_bonemetrics.layers import COMPARTMENT_COLORS

_LEGEND = " ".join(
    f"<span style='color: {COMPARTMENT_COLORS[label]}'>▬</span> {name}"
    for label, name in ((CORTICAL, "cortical"), (TRABECULAR, "trabecular"))
)


class CaseBar(QWidget):
    """Shows only what the task may tell."""

    previous_requested = Signal()
    next_requested = Signal()
    beside_toggled = Signal(bool)
    sign_requested = Signal()
    unlock_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = QLabel("No case is open")
        self.title.setWordWrap(True)
        self.lock = QLabel("")
        self.lock.setWordWrap(True)
        self.lock.setStyleSheet("QLabel { border: 1px solid #e69f00; padding: 3px; }")
        self.previous, self.next = QToolButton(), QToolButton()
        self.previous.setText("◀")
        self.previous.setToolTip("Back to the case before")
        self.next.setText("▶")
        self.next.setToolTip("Next case")
        self.beside = QPushButton("Visit beside")
        self.beside.setCheckable(True)
        self.beside.setToolTip("Show another visit of the same arm beside this one")
        self.sign, self.unlock = QPushButton("Sign …"), QPushButton("Unlock …")
        self._lay_out()
        self.previous.clicked.connect(self.previous_requested)
        self.next.clicked.connect(self.next_requested)
        self.beside.toggled.connect(self.beside_toggled)
        self.sign.clicked.connect(self.sign_requested)
        self.unlock.clicked.connect(self.unlock_requested)
        self.show_case(None, can_sign=False)

    def _lay_out(self) -> None:
        top, row = QHBoxLayout(), QHBoxLayout()
        top.addWidget(self.title, 1)
        top.addWidget(self.previous)
        top.addWidget(self.next)
        for widget in (self.beside, self.sign, self.unlock):
            row.addWidget(widget)
        row.addStretch(1)
        row.addWidget(QLabel(_LEGEND))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(top)
        layout.addLayout(row)
        layout.addWidget(self.lock)

    def show_case(self, case: Case | None, *, can_sign: bool) -> None:
        """Show the head of a case, or that none is open."""
        is_open, lock = case is not None, case.lock if case is not None else None
        if case is not None:
            told = " · ".join(part for part in (case.task.title, case.task.subtitle) if part)
            came_back = case.recovered and case.is_edited
            self.title.setText(f"{told} · ✎ draft that came back, not saved" if came_back else told)
        else:
            self.title.setText("No case is open")
        self.beside.setEnabled(is_open)
        self.sign.setVisible(is_open and lock is None)
        self.sign.setEnabled(can_sign)
        self.sign.setToolTip("" if can_sign else "Give your verdict first")
        self.unlock.setVisible(lock is not None)
        self.lock.setVisible(lock is not None)
        if lock is not None:
            told = f"■ Signed by {_name(case, lock.reader)}, {_time(lock.signed_utc)}: {_meaning(case, lock.meaning)}."
            self.lock.setText(f"{told} Nothing can be changed.")

    def uncheck_beside(self) -> None:
        """The other visit is not shown any more."""
        self.beside.blockSignals(True)
        self.beside.setChecked(False)
        self.beside.blockSignals(False)


def _name(case: Case | None, reader: str) -> str:
    """The signer, unless her name is hidden from this reader."""
    return "another reader" if case is None or case.secrets.kinds_in(reader) else reader


def _meaning(case: Case | None, meaning: str) -> str:
    """What the signer meant, in her own words, unless these tell what is hidden from this reader."""
    return "in words that tell what is hidden" if case is None or case.secrets.kinds_in(meaning) else meaning


def _time(utc: str) -> str:
    return utc[:16].replace("T", " ") + " UTC"
