"""Fields of the edit panel: lengths, densities that may be blank, slices, groups of toggles."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from qtpy.QtCore import QLocale
from qtpy.QtGui import QDoubleValidator
from qtpy.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QWidget,
)

_SHOWN, _ALL, _RANGE = range(3)


def length_field(value: float, *, low: float, high: float) -> QDoubleSpinBox:
    """A length in mm."""
    field = QDoubleSpinBox()
    field.setRange(low, high)
    field.setDecimals(2)
    field.setSingleStep(0.1)
    field.setValue(value)
    field.setSuffix(" mm")
    return field


class DensityField(QLineEdit):
    """A density in mg/cm³; blank is none."""

    def __init__(self, value: float | None = None) -> None:
        super().__init__()
        validator = QDoubleValidator(-2000.0, 5000.0, 1, self)
        validator.setLocale(QLocale.c())
        self.setValidator(validator)
        self.setPlaceholderText("any")
        self.setMaximumWidth(90)
        self.show_value(value)

    @property
    def given(self) -> float | None:
        """The number; `None` where blank, and not a number (NaN) where not finished."""
        text = self.text().strip()
        try:
            return float(text.replace(",", ".")) if text else None
        except ValueError:
            # Blank would mean any density.
            return math.nan

    def show_value(self, value: float | None) -> None:
        """Show a number, or blank."""
        self.setText("" if value is None else f"{value:g}")


def density_field(value: float | None = None) -> DensityField:
    """A field for a density."""
    return DensityField(value)


def choices(entries: Iterable[tuple[str, str]]) -> QComboBox:
    """A list of texts with their codes."""
    box = QComboBox()
    for text, code in entries:
        box.addItem(text, code)
    return box


def toggles(parent: QWidget, entries: Sequence[tuple[str, int | str]]) -> QButtonGroup:
    """Buttons of which one is down; its ID is the entry's number, or its place where it has none."""
    group = QButtonGroup(parent)
    for place, (text, code) in enumerate(entries):
        button = QPushButton(text, parent)
        button.setCheckable(True)
        button.setChecked(place == 0)
        group.addButton(button, code if isinstance(code, int) else place)
    return group


class SliceChoice(QWidget):
    """The slice on the screen, all of them, or a range; slices count from 1 here and from 0 in the library."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.scope = QComboBox()
        self.scope.addItems(["Slice shown", "All slices", "Slices"])
        self.first, self.last = QSpinBox(), QSpinBox()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        self._to = QLabel("to")
        for widget in (self.scope, self.first, self._to, self.last):
            row.addWidget(widget)
        row.addStretch(1)
        self.scope.currentIndexChanged.connect(self._enable)
        self.set_slices(1)

    def set_slices(self, n_slices: int) -> None:
        """Say how many slices there are."""
        for field, value in ((self.first, 1), (self.last, n_slices)):
            field.setRange(1, n_slices)
            field.setValue(value)
        self._enable()

    def offer(self, edited: Sequence[int]) -> None:
        """Put the two slices edited last into the range, unless the reader uses it."""
        if len(edited) >= 2 and self.scope.currentIndex() != _RANGE:
            low, high = sorted(edited[-2:])
            self.first.setValue(low + 1)
            self.last.setValue(high + 1)

    def chosen(self, *, shown: int, n_slices: int) -> range | None:
        """The chosen slices, from 0; `None` for all."""
        if self.scope.currentIndex() == _ALL:
            return None
        if self.scope.currentIndex() == _SHOWN:
            return range(min(shown, n_slices - 1), min(shown, n_slices - 1) + 1)
        low, high = sorted((self.first.value(), self.last.value()))
        return range(low - 1, high)

    def _enable(self) -> None:
        for widget in (self.first, self._to, self.last):
            widget.setEnabled(self.scope.currentIndex() == _RANGE)
