"""Tables beside the form of a biopsy: what follows from it, the entries of both visits, and the radius."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt
from qtpy.QtGui import QBrush, QColor
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from bonemetrics.histomorphometry.catalogue import MEASUREMENTS
from bonemetrics.records import Envelope, HistomorphometryParameters
from bonemetrics.review.biopsy_beside import Beside, Row
from bonemetrics.review.biopsy_derived import Following
from bonemetrics.review.biopsy_fields import judge
from napari_bonemetrics.entry_field import COLORS, SIGNS, shown_unit


class PlainTable(QTableWidget):
    """A table that is read and not typed into; its last column takes the space that is left."""

    def __init__(self, headers: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(0, len(headers), parent)
        self.setHorizontalHeaderLabels(list(headers))
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 6)
        self.horizontalHeader().setStretchLastSection(True)
        self.setAlternatingRowColors(False)  # napari's style has no second colour for them
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)

    def show_rows(self, rows: Sequence[Sequence[QTableWidgetItem]]) -> None:
        """Put these rows in place of those that are there."""
        self.setRowCount(len(rows))
        for number, row in enumerate(rows):
            for column, item in enumerate(row):
                self.setItem(number, column, item)
        # Once at the end: a header that follows its contents by itself measures them anew for every cell.
        self.resizeColumnsToContents()
        self.horizontalHeader().setStretchLastSection(False)
        self.horizontalHeader().setStretchLastSection(True)

    def texts(self, row: int) -> tuple[str, ...]:
        """What stands in a row."""
        items = [self.item(row, column) for column in range(self.columnCount())]
        return tuple("" if item is None else item.text() for item in items)


def cell(text: str, *, number: bool = False, color: str = "", tip: str = "", soft: bool = False) -> QTableWidgetItem:
    """One cell; numbers stand to the right, `soft` ones in italics."""
    item = QTableWidgetItem(text)
    if number:
        item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    if color:
        item.setForeground(QBrush(QColor(color)))
    if tip:
        item.setToolTip(tip)
    if soft:
        font = item.font()
        font.setItalic(True)
        item.setFont(font)
    return item


class DerivedTable(PlainTable):
    """Indices that follow from the form as it stands, with how each was computed and with which factor."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(("", "Index", "Value", "Unit", "Section factor", "Computed as"), parent)

    def show_following(
        self, following: Following, envelope: Envelope | None, parameters: HistomorphometryParameters
    ) -> None:
        """Show all values, unusual ones with their sign."""
        rows = []
        # Indices are what is looked for; measurements that follow from others come behind them.
        for one in sorted(following.values.values(), key=lambda one: MEASUREMENTS[one.code].is_primary):
            judged = judge(one.code, one.value, envelope, parameters) if one.value is not None else None
            level = judged.level if judged is not None else "ok"
            told = f"{MEASUREMENTS[one.code].name}. {judged.text if judged else ''}".strip()
            color = COLORS[level]
            rows.append(
                [
                    cell(SIGNS[level], color=color, tip=told),
                    cell(one.code, tip=told),
                    cell(one.text, number=True, tip=told),
                    cell(shown_unit(one.unit)),
                    cell(one.factor.partition(" ")[0], tip=one.factor),
                    cell(one.how, tip=one.how),
                ]
            )
        self.show_rows(rows)


class BesideTable(PlainTable):
    """Entries in columns; computed values are in italics, and a blank cell is missing."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(("", "Unit"), parent)

    def show_beside(self, beside: Beside, titles: Sequence[str]) -> None:
        """Show entries under their titles."""
        self.setColumnCount(2 + len(titles))
        # One part below the other: in one line the visit, with which a title begins, would be cut off.
        self.setHorizontalHeaderLabels(
            ["", "Unit", *(title.replace(", ", "\n").replace(" (", "\n(") for title in titles)]
        )
        for column in range(2, self.columnCount()):
            self.horizontalHeader().setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch)
        self.show_rows([_line(row) for row in (*beside.facts, *beside.numbers)])


def _line(row: Row) -> list[QTableWidgetItem]:
    first = cell(f"{SIGNS['unusual']} {_title(row)}" if row.differs else _title(row), tip=row.name)
    computed = row.computed or (False,) * len(row.cells)
    cells = [
        cell(text, number=bool(row.computed), soft=soft, tip=f"{text} (computed)" if soft else text)
        for text, soft in zip(row.cells, computed, strict=True)
    ]
    return [first, cell(shown_unit(row.unit)), *cells]


def _title(row: Row) -> str:
    """Codes of measurements, words of facts."""
    return row.key if row.key in MEASUREMENTS else row.name
