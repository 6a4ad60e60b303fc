"""What is drawn next, and how."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QComboBox, QGridLayout, QGroupBox, QHBoxLayout, QLabel, QPushButton, QWidget

from bonemetrics.quantities import CATALOGUE
from bonemetrics.review.section_drawing import DRAWN, Kind

_HOW: dict[Kind, str] = {
    "region": "Click corner by corner; a double click ends the region.",
    "line": "Click along the line; a double click ends it. Lines add up.",
    "distance": "Drag across, in several places: their mean counts.",
    "count": "Click on each one; the points are counted.",
}
_NONE_TIP = "You have looked for it and this picture has none; it counts as 0 when pictures are pooled"


class SectionDrawingBox(QGroupBox):
    """Emits what the reader wants; it draws nothing itself."""

    code_changed = Signal()
    draw_requested = Signal()
    undo_requested = Signal()
    absent_toggled = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Drawing", parent)
        self.code = QComboBox()
        self.hole = QCheckBox("as a hole in a region")
        self.absent = QCheckBox("this picture has none")
        self.draw = QPushButton("Draw")
        self.undo = QPushButton("Remove last")
        self.how = QLabel("")
        for code, kind in DRAWN.items():
            self.code.addItem(f"{code} · {CATALOGUE[code].name} ({kind})", code)
        self.code.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.absent.setToolTip(_NONE_TIP)
        self.how.setWordWrap(True)
        buttons = QHBoxLayout()
        buttons.addWidget(self.draw)
        buttons.addWidget(self.undo)
        grid = QGridLayout(self)
        grid.addWidget(self.code, 0, 0, 1, 2)
        grid.addWidget(self.hole, 1, 0)
        grid.addWidget(self.absent, 1, 1)
        grid.addLayout(buttons, 2, 0, 1, 2)
        grid.addWidget(self.how, 3, 0, 1, 2)
        self.code.currentIndexChanged.connect(lambda _: self.code_changed.emit())
        self.draw.clicked.connect(self.draw_requested)
        self.undo.clicked.connect(self.undo_requested)
        self.absent.clicked.connect(self.absent_toggled)

    @property
    def chosen(self) -> str:
        """Code of the measurement that is drawn next."""
        return str(self.code.currentData())

    def choose(self, code: str) -> None:
        """Choose what is drawn next."""
        self.code.setCurrentIndex(self.code.findData(code))

    def show_state(self, *, is_open: bool, is_absent: bool, is_drawn: bool) -> None:
        """Enable what goes with the chosen measurement."""
        kind = DRAWN[self.chosen]
        self.how.setText(_HOW[kind])
        for widget in (self.code, self.draw, self.undo):
            widget.setEnabled(is_open)
        self.hole.setEnabled(kind == "region" and is_open)
        if kind != "region":
            self.hole.setChecked(False)
        self.absent.setEnabled(is_open and kind != "distance" and not is_drawn)
        self.absent.setChecked(is_absent and not is_drawn)
