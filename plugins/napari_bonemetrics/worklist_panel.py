"""The list of tasks: state by shape and word, a filter, how far the reader is, next and previous."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from bonemetrics.review.task_states import TaskState
from bonemetrics.review.worklist import Task, Worklist

STATE_MARKS: dict[str, str] = {
    "waiting": "○",
    "edited-since": "◐",
    "deferred": "◔",
    "done": "✔",
    "signed": "■",
    "claimed": "⧗",
    "refused": "▲",
}
"""A shape per state, so that none is told by colour alone."""
_ANY = "All"
_KEY = Qt.ItemDataRole.UserRole


def marked(state: str) -> str:
    """A state as the list shows it."""
    return f"{STATE_MARKS.get(state, '•')} {state.replace('-', ' ')}"


class TaskTable(QTableWidget):
    """One row per task; Enter and a double click ask for it."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, 3, parent)
        self.setHorizontalHeaderLabels(["State", "Case", "Remark"])
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.verticalHeader().setVisible(False)
        self.horizontalHeader().setStretchLastSection(True)
        self.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        self.horizontalHeader().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.cellDoubleClicked.connect(lambda row, _column: self.chosen.emit(self.key_at(row)))

    def show_tasks(self, tasks: Sequence[Task]) -> None:
        """Fill the table anew and keep the selected task selected."""
        selected = self.selected_key()
        self.setRowCount(len(tasks))
        for row, task in enumerate(tasks):
            remark = " · ".join(part for part in (task.reason, task.subtitle) if part)
            for column, text in enumerate((marked(task.state), task.title, remark)):
                item = QTableWidgetItem(text)
                item.setData(_KEY, task.key)
                item.setToolTip(" · ".join(part for part in (task.title, task.subtitle, task.reason) if part))
                self.setItem(row, column, item)
        self.select_key(selected)

    def key_at(self, row: int) -> str:
        """Key of the task in a row; empty where there is none."""
        item = self.item(row, 0)
        return str(item.data(_KEY)) if item is not None else ""

    def selected_key(self) -> str:
        """Key of the selected task; empty where none is."""
        return self.key_at(self.currentRow())

    def select_key(self, key: str) -> None:
        """Select a task if it is listed."""
        rows = [row for row in range(self.rowCount()) if self.key_at(row) == key]
        if rows and key:
            self.selectRow(rows[0])

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        """Enter asks for the selected task."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.selected_key():
            self.chosen.emit(self.selected_key())
            return
        super().keyPressEvent(event)


class WorklistPanel(QWidget):
    """Asks for cases; what is in the list and how it is filtered is the library's."""

    case_requested = Signal(str)
    refresh_requested = Signal()
    filter_changed = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._worklist: Worklist | None = None
        self.search = QLineEdit()
        self.search.setPlaceholderText("Filter by case or remark")
        self.search.setClearButtonEnabled(True)
        self.states = QComboBox()
        self.states.addItem(_ANY)
        self.table = TaskTable()
        self.progress = QProgressBar()
        self.shown = QLabel("")
        self.refresh = QPushButton("Refresh")
        self.open = QPushButton("Open case")
        self._lay_out()
        self.search.textChanged.connect(self._filter)
        self.states.currentIndexChanged.connect(self._filter)
        self.table.chosen.connect(self.case_requested)
        self.table.itemSelectionChanged.connect(self._enable)
        self.refresh.clicked.connect(self.refresh_requested)
        self.open.clicked.connect(lambda: self.case_requested.emit(self.table.selected_key()))

    def _lay_out(self) -> None:
        top, foot = QHBoxLayout(), QHBoxLayout()
        top.addWidget(self.search, 1)
        top.addWidget(self.states)
        for widget in (self.shown, self.refresh, self.open):
            foot.addWidget(widget, 1 if widget is self.shown else 0)
        layout = QVBoxLayout(self)
        layout.addWidget(self.progress)
        layout.addLayout(top)
        layout.addWidget(self.table, 1)
        layout.addLayout(foot)

    def show_worklist(self, worklist: Worklist) -> None:
        """Show the tasks of a reader."""
        self._worklist = worklist
        done, total = worklist.progress
        self.progress.setRange(0, max(total, 1))
        self.progress.setValue(done)
        self.progress.setFormat(f"{done} of {total} read")
        self._offer_states()
        self._filter()

    def _offer_states(self) -> None:
        if self._worklist is None:
            return
        present = list(dict.fromkeys(task.state for task in self._worklist.tasks))
        chosen = self.states.currentData()
        self.states.blockSignals(True)
        self.states.clear()
        self.states.addItem(_ANY, "")
        for state in present:
            self.states.addItem(marked(state), state)
        self.states.setCurrentIndex(max(self.states.findData(chosen), 0))
        self.states.blockSignals(False)

    def _filter(self) -> None:
        if self._worklist is None:
            return
        state = cast("TaskState", self.states.currentData() or "")
        tasks = self._worklist.filtered(self.search.text(), {state} if state else None).tasks
        self.table.show_tasks(tasks)
        self.shown.setText(f"{len(tasks)} of {len(self._worklist.tasks)} shown")
        self._enable()
        self.filter_changed.emit(self.search.text(), state)

    def _enable(self) -> None:
        self.open.setEnabled(bool(self.table.selected_key()))

    def set_filter(self, text: str, state: str) -> None:
        """Bring back the filter of an earlier session."""
        self.search.setText(text)
        self.states.setCurrentIndex(max(self.states.findData(state), 0))

    def next_key(self, key: str) -> str:
        """Key of the next task to be read after one; empty where there is none."""
        task = self._worklist.next_after(key) if self._worklist is not None else None
        return task.key if task is not None else ""

    def previous_key(self, key: str) -> str:
        """Key of the task before one that can be opened; empty where there is none."""
        task = self._worklist.previous_before(key) if self._worklist is not None else None
        while task is not None and task.state == "refused" and self._worklist is not None:
            task = self._worklist.previous_before(task.key)
        return task.key if task is not None else ""
