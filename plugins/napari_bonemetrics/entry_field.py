"""One field of the form of a biopsy: blank is missing, and a sign, a colour and words tell what is wrong."""

from __future__ import annotations

import re

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QComboBox, QGridLayout, QLabel, QLineEdit, QSizePolicy, QWidget

from bonemetrics.review.biopsy_fields import Field, Judged, Level

SIGNS: dict[Level, str] = {"ok": "", "unusual": "▲", "impossible": "✖"}
COLORS: dict[Level, str] = {"ok": "", "unusual": "#b87500", "impossible": "#e8384f"}
"""An orange and a red that are seen on dark and on light ground; the signs differ in shape too."""
_POWER, _RAISED = re.compile(r"m([23])"), {"2": "²", "3": "³"}
_FINE = Judged("ok")
_PLACEHOLDERS = {"date": "yyyy-mm-dd"}


class EntryField(QWidget):
    """A label, the field, its unit and a sign; below it the words, where there are any.

    `edited` gives the key and the text.
    """

    edited = Signal(str, str)

    def __init__(self, field: Field, label_width: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.field = field
        self.line: QLineEdit | None = None
        self.choice: QComboBox | None = None
        self._judged = _FINE
        self.sign = QLabel("")
        self.words = QLabel("")
        self._label = QLabel(field.label)
        self._unit = QLabel(shown_unit(field.unit))
        self._make(label_width)
        self._lay_out()

    def _make(self, label_width: int) -> None:
        told = self.field.help
        if self.field.usual is not None:
            told += f". Usual in cancellous iliac bone: {self.field.usual[0]:g} to {self.field.usual[1]:g}"
        if self.field.kind == "choice":
            self.choice = QComboBox()
            self.choice.addItems(("", *self.field.choices))
            # Its longest choice need not fit: the field goes beside a scan on a small screen, too.
            self.choice.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            self.choice.setMinimumContentsLength(6)
            # Otherwise a wheel over a scrolling form would change an answer.
            self.choice.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            self.choice.wheelEvent = lambda event: event.ignore()
            self.choice.activated.connect(lambda _: self.edited.emit(self.field.key, self.text))
        else:
            self.line = QLineEdit()
            self.line.setPlaceholderText(_PLACEHOLDERS.get(self.field.kind, ""))
            self.line.textEdited.connect(lambda text: self.edited.emit(self.field.key, text))
        self.control.setToolTip(told)
        self.control.setAccessibleName(self.field.label)
        self.control.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._label.setToolTip(told)
        self._label.setBuddy(self.control)
        self._label.setFixedWidth(label_width)
        self._unit.setFixedWidth(self.fontMetrics().horizontalAdvance("mm²  "))
        self._unit.setVisible(bool(self.field.unit))
        self.sign.setFixedWidth(self.fontMetrics().horizontalAdvance("✖  "))
        self.words.setWordWrap(True)
        self.words.hide()

    def _lay_out(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(0)
        for column, widget in enumerate((self._label, self.control, self._unit, self.sign)):
            grid.addWidget(widget, 0, column)
        grid.addWidget(self.words, 1, 1, 1, 3)
        grid.setColumnStretch(1, 1)
        grid.setAlignment(Qt.AlignmentFlag.AlignTop)

    @property
    def control(self) -> QLineEdit | QComboBox:
        """What takes the keys."""
        control = self.choice if self.line is None else self.line
        if control is None:
            raise RuntimeError("a field is a line or a choice")
        return control

    @property
    def text(self) -> str:
        """What stands in it."""
        return self.line.text() if self.line is not None else self.choice.currentText() if self.choice else ""

    def show_text(self, text: str) -> None:
        """Put a text in; nothing is emitted."""
        if text == self.text:
            return
        if self.line is not None:
            self.line.setText(text)
        elif self.choice is not None:
            self.choice.setCurrentIndex(max(0, self.choice.findText(text)))

    def blank(self) -> None:
        """Let nothing stand in it or behind it, where it is taken off the form."""
        self.show_text("")
        self.show_judged()
        for widget in (self.control, self._label):
            widget.setToolTip("")

    def set_read_only(self, read_only: bool) -> None:
        """Whether it can be typed into."""
        if self.line is not None:
            self.line.setReadOnly(read_only)
            self.line.setFocusPolicy(Qt.FocusPolicy.ClickFocus if read_only else Qt.FocusPolicy.StrongFocus)
        elif self.choice is not None:
            self.choice.setEnabled(not read_only)

    def show_judged(self, judged: Judged = _FINE) -> None:
        """Show what is wrong with the value, if anything."""
        if judged == self._judged:
            return  # setting a style again costs as much as setting another
        self._judged = judged
        color = COLORS[judged.level]
        name = type(self.control).__name__
        self.control.setStyleSheet(f"{name} {{ border: 2px solid {color}; }}" if color else "")
        self.sign.setText(SIGNS[judged.level])
        self.sign.setStyleSheet(f"color: {color}; font-weight: bold;" if color else "")
        self.words.setText(judged.text)
        self.words.setVisible(bool(judged.text))


def shown_unit(unit: str) -> str:
    """A UCUM unit as people write it."""
    return _POWER.sub(lambda found: "m" + _RAISED[found[1]], unit).replace("um", "µm")
