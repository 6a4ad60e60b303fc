"""What an edit does to the numbers, saved or not yet, beside the least significant change."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt, Signal
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

from bonemetrics.pipeline.consequence import Consequence
from bonemetrics.quantities import CATALOGUE
from napari_bonemetrics.entry_field import shown_unit

_HEADS = ("Quantity", "Before", "After", "Change", "LSC", "")
_LEFT = 1
_PLAIN_REGIONS = frozenset({"total", "trabecular", "cortical"})
"""Told by the quantity's own name."""
_NO_CASE = "Open a case and edit it to see what the edit does to the numbers."
ASK = "What would this do?"
_UNSAVED = "◌ UNSAVED EDIT, stored nowhere: what saving it would give. "
_STALE = "◌ The labels have changed since you asked. Ask again to see what the unsaved edit would do."
_FRAME = "QLabel { border: 2px dashed palette(highlight); padding: 3px; }"


class ConsequencePanel(QWidget):
    """A table of the library's consequences; marks are shapes and words."""

    preview_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.told = QLabel("")
        self.told.setWordWrap(True)
        self.table = QTableWidget(0, len(_HEADS))
        self.table.setHorizontalHeaderLabels(_HEADS)
        self.table.verticalHeader().setVisible(False)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.ask = QPushButton(ASK)
        self.ask.setToolTip("Measure the unsaved edit as saving would, and store nothing")
        self.ask.clicked.connect(self.preview_requested)
        self.is_preview = False
        layout = QVBoxLayout(self)
        layout.addWidget(self.ask)
        layout.addWidget(self.told)
        layout.addWidget(self.table, 1)
        layout.addStretch(0)
        self.offer(possible=False, unsaved=False)
        self.clear()

    def offer(self, *, possible: bool, unsaved: bool) -> None:
        """Let the reader ask for an unsaved edit; nothing to ask with where the protocol does not show it."""
        self.ask.setVisible(possible)
        self.ask.setEnabled(unsaved)

    def clear(self) -> None:
        """No case is open; nothing of the one before stays."""
        self.show_nothing(_NO_CASE)

    def show_nothing(self, why: str) -> None:
        """Say why there is no table."""
        self._mark(False)
        self.table.setRowCount(0)
        self.table.setVisible(False)
        self.told.setText(why)

    def show_consequences(self, found: Sequence[Consequence]) -> None:
        """Show one row per number of a saved edit."""
        self._mark(False)
        self._fill(found)
        self.told.setText(f"Saved edit. {_summary(found)}")

    def show_preview(self, found: Sequence[Consequence]) -> None:
        """Show one row per number of an edit that is not saved, framed and named as such."""
        self._mark(True)
        self._fill(found)
        self.told.setText(f"{_UNSAVED}{_summary(found)}")

    def labels_changed(self) -> None:
        """Numbers of an unsaved edit are no longer those of the labels: take them away."""
        if self.is_preview:
            self.show_nothing(_STALE)

    def _mark(self, preview: bool) -> None:
        self.is_preview = preview
        self.told.setStyleSheet(_FRAME if preview else "")

    def _fill(self, found: Sequence[Consequence]) -> None:
        self.table.setVisible(True)
        self.table.setRowCount(len(found))
        for row, one in enumerate(found):
            for column, text in enumerate(_cells(one)):
                item = QTableWidgetItem(text)
                if _LEFT <= column < len(_HEADS) - 1:
                    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                told = [CATALOGUE[one.quantity].name, *(note.message for note in one.notes)]
                item.setToolTip("\n".join(told))
                self.table.setItem(row, column, item)


def _summary(found: Sequence[Consequence]) -> str:
    if not found:
        return "No number of this scan can be compared."
    known = [one for one in found if one.exceeds is not None]
    if not known:
        return f"{len(found)} numbers; the protocol has a least significant change (LSC) for none of them."
    beyond = sum(one.exceeds is True for one in known)
    return f"{beyond} of {len(known)} numbers with a least significant change (LSC) change by it or more."


def _cells(one: Consequence) -> tuple[str, ...]:
    unit = f"{shown_unit(one.unit)} {one.material}" if one.material else shown_unit(one.unit)
    mark = {True: "▲ ≥ LSC", False: "< LSC", None: "no LSC"}[one.exceeds]
    if one.difference is None:
        mark = "only after" if one.before is None else "only before"
    lsc = "" if one.lsc is None else _number(one.lsc)
    region = "" if one.region in _PLAIN_REGIONS else f" ({one.region})"
    return (
        f"{one.quantity}{region}\n{unit}",
        _number(one.before),
        _number(one.after),
        _change(one.difference),
        lsc,
        mark,
    )


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"


def _change(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:+.3g}" if value else "0"
