"""Which pictures are in the form, and taking one out."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QWidget

from bonemetrics.review.biopsy_work import BiopsyWork


class SectionPoolBox(QWidget):
    """`take_out_requested` gives the hash of a picture."""

    take_out_requested = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.label = QLabel("")
        self.pictures = QComboBox()
        self.take_out = QPushButton("Take out")
        self.take_out.setToolTip("What was drawn on this picture no longer counts in the form")
        self.pictures.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.label)
        row.addWidget(self.pictures, 1)
        row.addWidget(self.take_out)
        self.take_out.clicked.connect(lambda: self.take_out_requested.emit(str(self.pictures.currentData())))

    def show_pictures(self, work: BiopsyWork, open_sha256: str) -> None:
        """List the pictures that count, by number and what was drawn on them; pictures have no names here."""
        chosen = self.pictures.currentData()
        self.pictures.clear()
        for number, one in enumerate(work.pictures, start=1):
            here = ", open now" if one.picture_sha256 == open_sha256 else ""
            self.pictures.addItem(f"Picture {number}{here}: {', '.join(one.codes)}", one.picture_sha256)
        self.pictures.setCurrentIndex(max(0, self.pictures.findData(chosen)))
        count = len(work.pictures)
        self.label.setText("In form" if count else "No picture is in the form yet")
        self.pictures.setVisible(bool(count))
        self.take_out.setVisible(bool(count))
