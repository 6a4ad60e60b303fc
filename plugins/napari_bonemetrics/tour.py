"""A short tour at the first start: a few steps, each beside what it speaks of; it can be left at any step."""

from __future__ import annotations

from dataclasses import dataclass

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_bonemetrics.pointer import Pointer


@dataclass(frozen=True, slots=True)
class Step:
    """The page of the desk it speaks of, what on it, and what it says."""

    page: str
    target: str
    title: str
    text: str


STEPS: tuple[Step, ...] = (
    Step(
        "Cases",
        "cases",
        "Your list of cases",
        "Each row is one scan to be read. Press Enter on a row, or double-click it, to open the case. The mark and the "
        "word say how it stands.",
    ),
    Step(
        "Judge",
        "picture",
        "The picture",
        "Wheel: zoom. Slider below the picture, or Ctrl and wheel: slice by slice. Double click: all three planes go "
        "to that place. Drag with the right button: brightness and contrast, which stand here as numbers.",
    ),
    Step(
        "Judge",
        "verdict",
        "Look, then judge",
        "Notes of the automatic checks lead to their slice. Choose a verdict; the line above the save button says what "
        "is still missing. 'Here' stores the place you look at with a finding.",
    ),
    Step(
        "Edit",
        "brush",
        "Correct the contours",
        "While the brush is on, the left button paints. The tools below change the contour by themselves. Every change "
        "can be undone, and work that is not saved survives a crash.",
    ),
    Step(
        "Numbers",
        "numbers",
        "What an edit does",
        "Density and areas before and after your edit, beside the least significant change, as far as the protocol "
        "shows them.",
    ),
    Step(
        "Keys",
        "keys",
        "Keys for everything",
        "Ctrl+Return saves the verdict and opens the next case. All keys are listed here and can be changed. The "
        "button below the list begins this tour again.",
    ),
)


class Tour(QFrame):
    """One card above the pages of the desk, and a frame around what it speaks of, as far as `targets` has it."""

    page_requested = Signal(str)
    ended = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setObjectName("tour")
        self.setStyleSheet("#tour { border: 2px solid #56b4e9; border-radius: 4px; }")
        self._at = 0
        self.targets: dict[str, QWidget] = {}
        self.pointer = Pointer(self)
        self.title, self.text = QLabel(), QLabel()
        self.text.setWordWrap(True)
        self.skip, self.next = QPushButton("Skip the tour"), QPushButton("Next")
        row = QHBoxLayout()
        row.addWidget(self.skip)
        row.addStretch(1)
        row.addWidget(self.next)
        layout = QVBoxLayout(self)
        layout.addWidget(self.title)
        layout.addWidget(self.text)
        layout.addLayout(row)
        self.skip.clicked.connect(self.end)
        self.next.clicked.connect(self.advance)
        self.setVisible(False)

    def begin(self) -> None:
        """Show the first step."""
        self._at = 0
        self.setVisible(True)
        self._show()

    def advance(self) -> None:
        """Show the next step, or end after the last one."""
        self._at += 1
        if self._at >= len(STEPS):
            self.end()
        else:
            self._show()

    def end(self) -> None:
        """Leave the tour."""
        self.pointer.point_at(None)
        self.setVisible(False)
        self.ended.emit()

    def _show(self) -> None:
        step = STEPS[self._at]
        self.title.setText(f"<b>{step.title}</b> ({self._at + 1} of {len(STEPS)})")
        self.text.setText(step.text)
        self.next.setText("Done" if self._at == len(STEPS) - 1 else "Next")
        self.page_requested.emit(step.page)
        self.pointer.point_at(self.targets.get(step.target))
