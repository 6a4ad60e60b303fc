"""Everything that a reader can see or point at in the window of a reading desk."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from qtpy.QtCore import QModelIndex, Qt
from qtpy.QtGui import QAction
from qtpy.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QComboBox,
    QDockWidget,
    QGroupBox,
    QLineEdit,
    QListView,
    QPlainTextEdit,
    QProgressBar,
    QTabWidget,
    QWidget,
)

_ROLES = (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.StatusTipRole)


def texts_of(desk: Any) -> list[str]:
    """Texts, tool tips, titles, menus and layers of the window of a desk, shown or not."""
    found = [str(desk.viewer.title), str(desk.viewer.status), str(desk.viewer.help)]
    for model in (desk.viewer, *_other_canvases(desk)):
        for layer in model.layers:
            found += [layer.name, str(layer.source), str(layer.metadata), str(layer.help)]
    window = desk.window()
    for widget in QApplication.allWidgets():
        # Windows of other tests that Qt has not deleted yet are not this one's.
        if widget.window() is window or widget.window().isVisible():
            found += _of_widget(widget)
    for action in window.findChildren(QAction):
        found += [action.text(), action.toolTip(), action.statusTip()]
    return [text for text in found if text]


def _other_canvases(desk: Any) -> Iterator[Any]:
    if desk.stage.planes is not None:
        yield from (plane.model for plane in desk.stage.planes.planes)
    if desk.stage.beside is not None:
        yield desk.stage.beside.plane.model


def _of_widget(widget: QWidget) -> list[str]:
    found = [widget.toolTip(), widget.windowTitle(), widget.accessibleName(), widget.statusTip(), widget.whatsThis()]
    text = getattr(widget, "text", None)
    if callable(text):
        found.append(str(text()))
    if isinstance(widget, QAbstractItemView):
        found += _of_items(widget)
    if isinstance(widget, QComboBox):
        found += [widget.itemText(number) for number in range(widget.count())]
    if isinstance(widget, QTabWidget):
        found += [widget.tabText(number) for number in range(widget.count())]
    if isinstance(widget, QLineEdit | QPlainTextEdit):
        found.append(widget.placeholderText())
    if isinstance(widget, QPlainTextEdit):
        found.append(widget.toPlainText())
    if isinstance(widget, QGroupBox):
        found.append(widget.title())
    if isinstance(widget, QDockWidget):
        found.append(widget.windowTitle())
    if isinstance(widget, QProgressBar):
        found.append(widget.format())
    return found


def _of_items(view: QAbstractItemView) -> list[str]:
    model = view.model()
    if model is None:
        return []
    root = QModelIndex()
    # The model of a list has one column and does not let itself be asked.
    rows, columns = model.rowCount(root), 1 if isinstance(view, QListView) else model.columnCount(root)
    indices = [model.index(row, column, root) for row in range(rows) for column in range(columns)]
    found = [str(model.data(index, role) or "") for index in indices for role in _ROLES]
    for way, count in ((Qt.Orientation.Horizontal, columns), (Qt.Orientation.Vertical, rows)):
        found += [str(model.headerData(number, way) or "") for number in range(count)]
    return found
