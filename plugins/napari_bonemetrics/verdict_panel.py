"""The verdict of a case: choice, reasons, findings, comment, confidence, place."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QComboBox,
    QFrame,
    QGridLayout,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from bonemetrics.records import Problem
from bonemetrics.records.review import ACCEPTED, REASONS, VERDICTS, Finding, Place, Verdict
from bonemetrics.review.judgement import Judgement
from bonemetrics.study.reviews import StoredReview
from napari_bonemetrics.findings_panel import FindingsPanel, words
from napari_bonemetrics.notes_list import NotesList

VERDICT_MARKS = {"accept": "✔", "accept-with-edit": "✎", "reject": "✖", "defer": "◔"}
"""A shape per verdict, so that none is told by colour alone."""
_MARGINS = (4, 14, 4, 4)
_CONFIDENCE = ("not stated", "1 guess", "2 weak", "3 fair", "4 good", "5 certain")


class VerdictPanel(QWidget):
    """Holds a judgement; `verdict_given` comes only with one that lacks nothing."""

    verdict_given = Signal(object)
    place_requested = Signal(str)
    jump_requested = Signal(tuple)
    slice_requested = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._unsaved = self._drawn = False
        self._place: Place | None = None
        self.notes = NotesList()
        self.given = QLabel("")
        self.form = QWidget()
        self.choices = QWidget()
        self.verdicts: dict[Verdict, QPushButton] = {}
        self.reasons = {reason: QCheckBox(words(reason)) for reason in REASONS}
        self.findings = FindingsPanel()
        self.comment = QPlainTextEdit()
        self.confidence = QComboBox()
        self.here = QPushButton()
        self.jump = QPushButton()
        self.lacking = QLabel("")
        self.save = QPushButton("Save verdict, next case")
        self._make()
        self._lay_out()
        self._connect()
        self._enable()

    def _make(self) -> None:
        group = QButtonGroup(self)
        for verdict in VERDICTS:
            button = QPushButton(f"{VERDICT_MARKS[verdict]} {words(verdict)}")
            button.setCheckable(True)
            group.addButton(button)
            self.verdicts[verdict] = button
        self.comment.setPlaceholderText("Comment")
        self.comment.setTabChangesFocus(True)
        self.comment.setMaximumHeight(self.fontMetrics().height() * 4)
        # napari's style draws no edge, so that nothing tells it from the ground.
        self.comment.setStyleSheet("QPlainTextEdit { border: 1px solid #808080; }")
        self.given.setWordWrap(True)
        self.confidence.addItems(_CONFIDENCE)
        self.here.setText("Place here")
        self.here.setToolTip("Store the voxel that is looked at with the verdict")
        self.jump.setText("→")
        self.jump.setToolTip("Look at the stored place")
        self.lacking.setWordWrap(True)
        self.save.setDefault(True)

    def _lay_out(self) -> None:
        self._reason_box = _boxed("Reasons, needed unless accepted", list(self.reasons.values()), columns=2)
        found = QGroupBox("Findings (✚ present, – absent, ? unsure)")
        inner = QVBoxLayout(found)
        inner.setContentsMargins(*_MARGINS)
        inner.addWidget(self.findings)
        choice = QGridLayout(self.choices)
        choice.setContentsMargins(3, 3, 3, 3)
        for number, button in enumerate(self.verdicts.values()):
            choice.addWidget(button, number // 2, number % 2)
        row = QHBoxLayout()
        for widget in (QLabel("Confidence"), self.confidence, self.here, self.jump):
            row.addWidget(widget, int(widget is self.confidence))
        form = QVBoxLayout(self.form)
        form.setContentsMargins(0, 0, 0, 0)
        for widget in (self.choices, self._reason_box, found, self.comment):
            form.addWidget(widget)
        form.addLayout(row)
        form.addStretch(1)
        body = QWidget()
        stack = QVBoxLayout(body)
        stack.setContentsMargins(0, 4, 0, 0)
        stack.addWidget(self.notes)
        stack.addWidget(self.given)
        stack.addWidget(self.form, 1)
        area = scrolling(body)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for widget in (area, self.lacking, self.save):
            # What saves the verdict is always in sight.
            layout.addWidget(widget, int(widget is area))

    def _connect(self) -> None:
        for button in self.verdicts.values():
            button.clicked.connect(self._enable)
        for box in self.reasons.values():
            box.toggled.connect(self._enable)
        self.comment.textChanged.connect(self._enable)
        self.findings.changed.connect(self._enable)
        self.findings.place_requested.connect(self.place_requested)
        self.findings.jump_requested.connect(self.jump_requested)
        self.notes.slice_requested.connect(self.slice_requested)
        self.here.clicked.connect(lambda: self.place_requested.emit(""))
        self.jump.clicked.connect(lambda: self._place and self.jump_requested.emit(self._place.index))
        self.save.clicked.connect(self.give)

    @property
    def judgement(self) -> Judgement:
        """What the form says now."""
        chosen = next((verdict for verdict, button in self.verdicts.items() if button.isChecked()), None)
        accepted = chosen in ACCEPTED
        return Judgement(
            verdict=chosen,
            reasons=tuple(reason for reason, box in self.reasons.items() if box.isChecked() and not accepted),
            findings=self.findings.findings,
            comment=self.comment.toPlainText(),
            place=self._place,
            confidence=self.confidence.currentIndex() or None,
        )

    @property
    def lacks(self) -> str:
        """Why no verdict can be given yet."""
        return self.judgement.lacks(unsaved=self._unsaved, drawn=self._drawn)

    def give(self) -> None:
        """Give the verdict, where nothing is missing."""
        if self.form.isEnabled() and not self.lacks:
            self.verdict_given.emit(self.judgement)

    def choose(self, verdict: Verdict) -> None:
        """Press the button of a verdict."""
        if self.form.isEnabled():
            self.verdicts[verdict].setChecked(True)
            self._enable()

    def show_given(self, review: StoredReview | None) -> None:
        """Say which verdict of this reader stands for the mask that is shown."""
        self.given.setVisible(review is not None)
        if review is None:
            return
        mark, said = VERDICT_MARKS[review.verdict], words(review.verdict)
        reasons = f" ({', '.join(words(reason) for reason in review.reasons)})" if review.reasons else ""
        when = review.recorded_utc[:16].replace("T", " ")
        self.given.setText(f"Your verdict: <b>{mark} {said}</b>{reasons}, {when} UTC")

    def set_open(self, is_open: bool) -> None:
        """Allow a verdict, or only looking at the notes."""
        self.form.setEnabled(is_open)
        self._enable()

    def set_edited(self, *, unsaved: bool, drawn: bool) -> None:
        """Say whether there is an unsaved edit, and whether the reader drew the saved mask."""
        self._unsaved, self._drawn = unsaved, drawn
        self._enable()

    def set_place(self, kind: str, index: tuple[int, int, int]) -> None:
        """Store a voxel for a finding, or for the verdict where `kind` is empty."""
        place = Place(slice=index[0], row=index[1], column=index[2])
        if kind:
            self.findings.set_place(kind, place)
        else:
            self._place = place
        self._enable()

    def show_case(self, notes: Sequence[Problem]) -> None:
        """Begin a new case: its notes, and an empty form."""
        self.notes.show_notes(notes)
        for button in self.verdicts.values():
            button.group().setExclusive(False)
            button.setChecked(False)
            button.group().setExclusive(True)
        for box in self.reasons.values():
            box.setChecked(False)
        self.comment.clear()
        self.confidence.setCurrentIndex(0)
        self._place = None
        self.show_findings(())
        self._unsaved = self._drawn = False
        self._enable()

    def show_findings(self, findings: Sequence[Finding]) -> None:
        """Fill in what was said before."""
        self.findings.show_findings(findings)

    def _enable(self) -> None:
        chosen = self.judgement.verdict
        self._reason_box.setVisible(chosen is not None and chosen not in ACCEPTED)
        self.jump.setEnabled(self._place is not None)
        self.jump.setText(f"→ {self._place.slice + 1}" if self._place else "→")
        lacks = self.lacks
        self.save.setEnabled(not lacks and self.form.isEnabled())
        self.save.setToolTip(lacks)
        self.lacking.setText(f"To save: {lacks}" if lacks and self.form.isEnabled() else "")


def scrolling(widget: QWidget) -> QScrollArea:
    """A widget that scrolls where the window is too small for it."""
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setWidget(widget)
    return area


def _boxed(title: str, widgets: Sequence[QWidget], *, columns: int) -> QGroupBox:
    box = QGroupBox(title)
    grid = QGridLayout(box)
    grid.setContentsMargins(*_MARGINS)
    grid.setVerticalSpacing(1)
    for number, widget in enumerate(widgets):
        grid.addWidget(widget, number // columns, number % columns)
    return box
