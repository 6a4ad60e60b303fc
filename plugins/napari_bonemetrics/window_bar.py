"""Density window by presets and fields, contours on and off, their opacity."""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLabel, QSlider, QSpinBox, QVBoxLayout, QWidget

from napari_bonemetrics.windows import PRESETS, SMALLEST_WIDTH, Window

_OWN = "Own"


class WindowBar(QWidget):
    """Emits the window that is wanted; shows the one that is there."""

    window_requested = Signal(object)
    contours_toggled = Signal(bool)
    opacity_requested = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.presets = QComboBox()
        self.presets.addItems([*PRESETS, _OWN])
        self.level = _field(-1000, 3000)
        self.width_field = _field(int(SMALLEST_WIDTH), 6000)
        self.contours = QCheckBox("Contours")
        self.contours.setChecked(True)
        self.opacity = QSlider(Qt.Orientation.Horizontal)
        self.opacity.setRange(10, 100)
        self.opacity.setValue(90)
        self.opacity.setToolTip("Opacity of the contours")
        self.opacity.setAccessibleName("Opacity of the contours")
        self._lay_out()
        self.presets.activated.connect(self._preset)
        self.level.editingFinished.connect(self._typed)
        self.width_field.editingFinished.connect(self._typed)
        self.contours.toggled.connect(self.contours_toggled)
        self.opacity.valueChanged.connect(lambda value: self.opacity_requested.emit(value / 100))
        self.show_window(PRESETS["Bone"])

    def _lay_out(self) -> None:
        top, foot = QHBoxLayout(), QHBoxLayout()
        top.addWidget(QLabel("Window"))
        top.addWidget(self.presets, 1)
        top.addWidget(self.contours)
        top.addWidget(self.opacity, 1)
        foot.addWidget(QLabel("Level"))
        foot.addWidget(self.level)
        foot.addWidget(QLabel("Width"))
        foot.addWidget(self.width_field)
        foot.addWidget(QLabel("mg/cm³"))
        foot.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(top)
        layout.addLayout(foot)

    def show_window(self, window: Window) -> None:
        """Show the window of the canvas, whoever set it."""
        for field, value in ((self.level, window.level), (self.width_field, window.width)):
            field.blockSignals(True)
            field.setValue(round(value))
            field.blockSignals(False)
        names = [name for name, preset in PRESETS.items() if preset == window]
        self.presets.setCurrentText(names[0] if names else _OWN)

    def toggle_contours(self) -> None:
        """Show or hide the contours."""
        self.contours.toggle()

    def choose(self, preset: str) -> None:
        """Ask for a preset by name."""
        self.presets.setCurrentText(preset)
        self._preset()

    def _preset(self, _index: int = 0) -> None:
        name = self.presets.currentText()
        if name in PRESETS:
            self.window_requested.emit(PRESETS[name])

    def _typed(self) -> None:
        half = max(self.width_field.value(), SMALLEST_WIDTH) / 2
        level = self.level.value()
        self.window_requested.emit(Window(level - half, level + half))


def _field(low: int, high: int) -> QSpinBox:
    field = QSpinBox()
    field.setRange(low, high)
    field.setSingleStep(50)
    field.setKeyboardTracking(False)
    return field
