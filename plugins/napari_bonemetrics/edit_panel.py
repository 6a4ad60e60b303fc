"""The edit tools: label, brush, density range, tools of the library, undo, save."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QGridLayout, QGroupBox, QHBoxLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

from bonemetrics.volume import CORTICAL, TRABECULAR
from napari_bonemetrics.brush import BrushSettings
from napari_bonemetrics.consequence_panel import ASK
from napari_bonemetrics.edit_fields import (
    SliceChoice,
    choices,
    density_field,
    length_field,
    toggles,
)
from napari_bonemetrics.edit_tools import ToolSettings

STEP_MM = 0.1
_MARGINS = (4, 14, 4, 4)
_LABELS = (("Trabecular", TRABECULAR), ("Cortical", CORTICAL), ("Erase", 0))
_SHAPES = (("2D disc", "disc"), ("3D ball", "ball"))
_BOXES = (("Current view", "view"), ("Drawn rectangle", "drawn"))
_CONTOURS = (("Periosteal", "periosteal"), ("Endosteal", "endosteal"))


class EditPanel(QWidget):
    """Emits what is wanted; `settings` and `brush_settings` are how."""

    brush_toggled = Signal(bool)
    brush_changed = Signal()
    tool_requested = Signal(str)
    draw_box_requested = Signal()
    undo_requested = Signal()
    redo_requested = Signal()
    save_requested = Signal()
    preview_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.brush = QPushButton("Brush")
        self.brush.setCheckable(True)
        self.brush.setToolTip("Paint with the left button; off, the left button moves the picture")
        self.label = toggles(self, _LABELS)
        self.shape = toggles(self, _SHAPES)
        self.radius = length_field(0.5, low=0.05, high=20.0)
        self.limit = density_field()
        self.slices = SliceChoice()
        self.length = length_field(0.5, low=0.05, high=5.0)
        self.contour = choices(_CONTOURS)
        self.box = choices(_BOXES)
        self.thresholds = (density_field(450.0), density_field(320.0))
        self.high = density_field()
        self.undo, self.redo = QToolButton(), QToolButton()
        self.save = QPushButton("Save edit")
        self.ask = QPushButton(ASK)
        self.ask.setToolTip("Show what saving the edit would do to the numbers; nothing is stored")
        self.state = QLabel("")
        self.outwards, self.inwards = QPushButton(f"Out {STEP_MM} mm"), QPushButton(f"In {STEP_MM} mm")
        self._direction = 1.0
        self._lay_out()
        self._connect()
        self.show_state(unsaved=False, n_undo=0, n_redo=0)

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.addLayout(_row(self.undo, self.redo, self.state, self.save, stretch=2))
        layout.addWidget(self.ask)
        self.brush_box = self._brush_box()
        layout.addWidget(self.brush_box)
        layout.addWidget(self._tool_box())
        layout.addWidget(self._redo_box())
        layout.addStretch(1)

    def _brush_box(self) -> QGroupBox:
        box = QGroupBox("Brush")
        grid = QVBoxLayout(box)
        grid.setContentsMargins(*_MARGINS)
        grid.addLayout(_row(self.brush, *self.label.buttons()))
        grid.addLayout(_row(*self.shape.buttons(), QLabel("radius"), self.radius))
        grid.addLayout(_row(QLabel("only from"), self.limit, QLabel("to"), self.high, QLabel("mg/cm³")))
        return box

    def _tool_box(self) -> QGroupBox:
        box = QGroupBox("Tools")
        grid = QGridLayout(box)
        grid.setContentsMargins(*_MARGINS)
        grid.addWidget(self.slices, 0, 0, 1, 3)
        self._tool(grid, "Fill holes", "fill", 1, 0)
        self._tool(grid, "Drop islands", "islands", 1, 1)
        self._tool(grid, "Interpolate", "interpolate", 1, 2)
        self._tool(grid, "Smooth over", "smooth", 2, 0)
        grid.addWidget(self.length, 2, 1)
        grid.addWidget(self.contour, 3, 0)
        grid.addWidget(self.outwards, 3, 1)
        grid.addWidget(self.inwards, 3, 2)
        return box

    def _redo_box(self) -> QGroupBox:
        box = QGroupBox("Automatic segmentation again, in a box")
        grid = QGridLayout(box)
        grid.setContentsMargins(*_MARGINS)
        for row, (text, field) in enumerate(zip(("Outer threshold", "Inner threshold"), self.thresholds, strict=True)):
            grid.addWidget(QLabel(text), row, 0)
            grid.addWidget(field, row, 1)
            grid.addWidget(QLabel("mg/cm³"), row, 2)
        self.draw_box = QPushButton("Draw box")
        self.draw_box.clicked.connect(self.draw_box_requested)
        grid.addWidget(self.box, 2, 0)
        grid.addWidget(self.draw_box, 2, 1)
        self._tool(grid, "Redo in box", "redo-box", 2, 2)
        return box

    def _tool(self, grid: QGridLayout, text: str, name: str, row: int, column: int) -> None:
        button = QPushButton(text)
        button.setObjectName(name)
        button.clicked.connect(lambda: self.tool_requested.emit(name))
        grid.addWidget(button, row, column)

    def _connect(self) -> None:
        self.outwards.clicked.connect(lambda: self.move_contour(1.0))
        self.inwards.clicked.connect(lambda: self.move_contour(-1.0))
        self.undo.setText("↶ Undo")
        self.redo.setText("↷ Redo")
        self.undo.clicked.connect(self.undo_requested)
        self.redo.clicked.connect(self.redo_requested)
        self.save.clicked.connect(self.save_requested)
        self.ask.clicked.connect(self.preview_requested)
        self.brush.toggled.connect(self.brush_toggled)
        self.radius.valueChanged.connect(self.brush_changed)
        self.draw_box.clicked.connect(lambda: self.box.setCurrentIndex(1))

    def move_contour(self, way: float) -> None:
        """Ask to move the contour out (1) or in (−1) by one step."""
        self._direction = way
        self.tool_requested.emit("move")

    @property
    def brush_settings(self) -> BrushSettings:
        """How the brush paints."""
        return BrushSettings(
            label=self.label.checkedId(),
            radius_mm=self.radius.value(),
            shape="ball" if self.shape.checkedId() else "disc",
            low=self.limit.given,
            high=self.high.given,
        )

    @property
    def wants_drawn_box(self) -> bool:
        """Whether the box is the drawn rectangle and not the current view."""
        return bool(self.box.currentData() == "drawn")

    def settings(self, *, shown: int, n_slices: int) -> ToolSettings:
        """How the tools work; `shown` is the slice on the screen."""
        outer, inner = self.thresholds
        return ToolSettings(
            slices=self.slices.chosen(shown=shown, n_slices=n_slices),
            contour=self.contour.currentData(),
            by_mm=self._direction * STEP_MM,
            length_mm=self.length.value(),
            periosteal_threshold=outer.given,
            endosteal_threshold=inner.given,
        )

    def show_case(self, n_slices: int, thresholds: tuple[float, float]) -> None:
        """Begin a new case; `thresholds` are those of the study, outer and inner."""
        self.brush.setChecked(False)
        self.slices.set_slices(n_slices)
        for field, value in zip(self.thresholds, thresholds, strict=True):
            field.show_value(value)
            field.setPlaceholderText("needed")

    def offer_preview(self, possible: bool) -> None:
        """Whether the protocol lets the reader ask what an unsaved edit would do."""
        self.ask.setVisible(possible)

    def offer_slices(self, edited: Sequence[int]) -> None:
        """Offer the two slices edited last as the ends of a range."""
        self.slices.offer(edited)

    def show_state(self, *, unsaved: bool, n_undo: int, n_redo: int) -> None:
        """Show what can be undone and whether something is not saved."""
        self.state.setText("● unsaved" if unsaved else "saved")
        self.save.setEnabled(unsaved)
        self.ask.setEnabled(unsaved)
        self.undo.setEnabled(n_undo > 0)
        self.redo.setEnabled(n_redo > 0)


def _row(*widgets: QWidget, stretch: int = -1) -> QHBoxLayout:
    row = QHBoxLayout()
    for number, widget in enumerate(widgets):
        row.addWidget(widget, int(number == stretch))
    return row
