"""Which picture of a section is open, how large its pixels are, and stating that."""

from __future__ import annotations

from html import escape
from pathlib import Path

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QFileDialog, QGroupBox, QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from bonemetrics.records import GivenNumber, Problem
from bonemetrics.review.biopsy_fields import parse
from bonemetrics.review.section_picture import SUFFIXES, SectionPicture
from napari_bonemetrics.entry_field import COLORS, SIGNS

_NO_SIZE = "Pixel size not known: you can draw, but nothing drawn has a size. State it."


class SectionPictureBox(QGroupBox):
    """Emits what the reader wants; it opens nothing itself."""

    path_chosen = Signal(object)
    size_stated = Signal(float, str)

    def __init__(self, reader: str, parent: QWidget | None = None) -> None:
        super().__init__("Picture", parent)
        self.open = QPushButton("Open picture…")
        self.told = QLabel("")
        self.pixel_um = QLineEdit()
        self.reader = QLineEdit(reader)
        self.state = QPushButton("State")
        self.told.setWordWrap(True)
        self.told.setTextFormat(Qt.TextFormat.RichText)
        self.pixel_um.setPlaceholderText("µm per pixel")
        self.reader.setPlaceholderText("initials")
        self.reader.setMaximumWidth(self.fontMetrics().horizontalAdvance("initials      "))
        row = QHBoxLayout()
        for widget in (self.pixel_um, self.reader, self.state):
            row.addWidget(widget)
        layout = QVBoxLayout(self)
        layout.addWidget(self.open)
        layout.addWidget(self.told)
        layout.addLayout(row)
        self.open.clicked.connect(self._choose)
        self.state.clicked.connect(self.state_size)
        self.pixel_um.returnPressed.connect(self.state_size)

    def _choose(self) -> None:
        patterns = " ".join(f"*{suffix}" for suffix in SUFFIXES)
        path, _ = QFileDialog.getOpenFileName(self, "Picture of a section", "", f"Pictures ({patterns})")
        if path:
            self.path_chosen.emit(Path(path))

    def state_size(self) -> None:
        """Take the pixel size that was typed."""
        um = parse(self.pixel_um.text())
        if isinstance(um, Problem):
            self.show_refusal(um.message)
        elif isinstance(um, GivenNumber):
            self.size_stated.emit(um.value, self.reader.text())

    def show_opening(self) -> None:
        """Say that a picture is being opened."""
        self.open.setEnabled(False)
        self.told.setText("Opening…")

    def show_picture(self, picture: SectionPicture | None) -> None:
        """Say what is open."""
        self.open.setEnabled(True)
        for widget in (self.pixel_um, self.reader, self.state):
            widget.setEnabled(picture is not None)
        if picture is None:
            self.told.setText("PNG, JPEG, TIFF or OME-TIFF")
            return
        size = picture.pixel_size
        shape = f"{picture.shape[0]} × {picture.shape[1]} pixels"
        lines = [escape(shape if size is None else f"{shape}, {size.told()}")]
        warned = [_NO_SIZE] if size is None else [f"The file says {size.instead_of}"] if size.instead_of else []
        warned += [note.message for note in picture.notes]
        lines += [_marked("unusual", one) for one in warned]
        self.told.setText("<br>".join(lines))

    def show_refusal(self, text: str) -> None:
        """Say why something was not done."""
        self.open.setEnabled(True)
        self.told.setText(_marked("impossible", text))


def _marked(level: str, text: str) -> str:
    color, sign = (
        (COLORS["unusual"], SIGNS["unusual"]) if level == "unusual" else (COLORS["impossible"], SIGNS["impossible"])
    )
    return f"<b style='color: {color}'>{sign}</b> {escape(text)}"
