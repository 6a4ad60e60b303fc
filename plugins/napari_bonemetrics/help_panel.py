"""The list of keys, and where to change them."""

from __future__ import annotations

from collections.abc import Mapping

from qtpy.QtCore import Signal
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_bonemetrics.shortcuts import ACTIONS, doubles

_KEY_WIDTH = 130
_MOUSE = (
    ("Right drag, or Alt and left drag", "Window: sideways the width, up and down the level"),
    ("Double click", "Look at this place in all three planes"),
    ("Wheel, or the slider below the picture", "Zoom; step through the slices"),
    ("Ctrl+Z, Ctrl+Shift+Z on the picture", "Undo and redo, of tools and of strokes alike"),
)


class HelpPanel(QWidget):
    """Every action with its key."""

    tour_requested = Signal()

    def __init__(self, keys: Mapping[str, str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.table = QTableWidget(0, 2)
        self.table.setHorizontalHeaderLabels(["Key", "What it does"])
        self.table.verticalHeader().setVisible(False)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.table.setWordWrap(True)
        self.table.horizontalHeader().setStretchLastSection(True)
        self.table.setColumnWidth(0, _KEY_WIDTH)
        self.table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        told = QLabel(
            "Keys can be changed in File → Preferences → Plugins → bonemetrics; they apply at the next start."
        )
        told.setWordWrap(True)
        self.warning = QLabel("")
        self.warning.setWordWrap(True)
        self.tour = QPushButton("Take the tour")
        self.tour.clicked.connect(self.tour_requested)
        layout = QVBoxLayout(self)
        for widget in (told, self.warning, self.table, self.tour):
            layout.addWidget(widget)
        self._fill(keys)

    def _fill(self, keys: Mapping[str, str]) -> None:
        native = QKeySequence.SequenceFormat.NativeText
        shown = [(QKeySequence(keys[action.id]).toString(native), action.text) for action in ACTIONS]
        rows = [*shown, *_MOUSE]
        self.table.setRowCount(len(rows))
        for row, texts in enumerate(rows):
            for column, text in enumerate(texts):
                self.table.setItem(row, column, QTableWidgetItem(text))
        twice = doubles(keys)
        self.warning.setText(f"⚠ given to two actions, so that neither works: {', '.join(twice)}" if twice else "")
        self.warning.setVisible(bool(twice))
