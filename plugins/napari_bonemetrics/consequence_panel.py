"""What an edit does to the numbers, beside the least significant change."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from bonemetrics.pipeline.consequence import Consequence

_HEADS = ("Quantity", "Before", "After", "Change", "LSC", "")
_LEFT = 1
_PLAIN_REGIONS = frozenset({"total", "trabecular", "cortical"})
"""Told by the quantity's own name."""


class ConsequencePanel(QWidget):
    """A table of the library's consequences; marks are shapes and words."""

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
        layout = QVBoxLayout(self)
        layout.addWidget(self.told)
        layout.addWidget(self.table, 1)
        layout.addStretch(0)
        self.show_nothing("Open a case and edit it to see what the edit does to the numbers.")

    def show_nothing(self, why: str) -> None:
        """Say why there is no table."""
        self.table.setRowCount(0)
        self.table.setVisible(False)
        self.told.setText(why)

    def show_consequences(self, found: Sequence[Consequence]) -> None:
        """Show one row per number."""
        self.table.setVisible(True)
        self.table.setRowCount(len(found))
        for row, one in enumerate(found):
            for column, text in enumerate(_cells(one)):
                item = QTableWidgetItem(text)
                if column >= _LEFT and column < len(_HEADS) - 1:
                    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                if one.notes:
                    item.setToolTip("\n".join(note.message for note in one.notes))
                self.table.setItem(row, column, item)
        beyond = sum(one.exceeds is True for one in found)
        text = f"{beyond} of {len(found)} numbers change by the least significant change (LSC) or more."
        self.told.setText(text if found else "No number of this scan can be compared.")


def _cells(one: Consequence) -> tuple[str, ...]:
    unit = f"{one.unit} {one.material}" if one.material else one.unit
    mark = {True: "▲ ≥ LSC", False: "< LSC", None: "no LSC"}[one.exceeds]
    lsc = "" if one.lsc is None else _number(one.lsc)
    region = "" if one.region in _PLAIN_REGIONS else f" ({one.region})"
    return (
        f"{one.quantity}{region}\n{unit}",
        _number(one.before),
        _number(one.after),
        f"{one.difference:+.3g}" if one.difference else "0",
        lsc,
        mark,
    )


def _number(value: float) -> str:
    return f"{value:.4g}"
