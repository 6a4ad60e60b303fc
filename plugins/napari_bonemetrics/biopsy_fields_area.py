"""All fields of the form of a biopsy in one area that scrolls, in as many columns as it is wide."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QResizeEvent
from qtpy.QtWidgets import QFrame, QGroupBox, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from bonemetrics.review.biopsy_fields import Judged, Section, sections
from napari_bonemetrics.entry_field import EntryField

_COLUMN_PX = 360
"""Least width of one column of sections where there are several."""
_LEAST_PX = 300
"""Of the only one, beside a scan on a small screen."""
_MOST_COLUMNS = 3
_STYLE_SHARE = 1.15
"""napari's style has larger letters than the widget knows of before it is shown."""


class FieldsArea(QScrollArea):
    """Sections of fields; `edited` gives key and text of what a person typed."""

    edited = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.by_key: dict[str, EntryField] = {}
        self._boxes: list[tuple[QGroupBox, int]] = []
        self._hidden: frozenset[str] = frozenset()
        self._columns = 0
        self._page = QWidget()
        self._stacks = [QVBoxLayout() for _ in range(_MOST_COLUMNS)]
        self._row = QHBoxLayout(self._page)
        self._row.setContentsMargins(2, 2, 2, 2)
        for stack in self._stacks:
            self._row.addLayout(stack, 1)
        for section in sections():
            self._boxes.append((self._box(section), len(section.fields)))
        self.setWidget(self._page)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumWidth(_LEAST_PX + self.verticalScrollBar().sizeHint().width())
        self._arrange(1)

    def _box(self, section: Section) -> QGroupBox:
        box = QGroupBox(section.title)
        layout = QVBoxLayout(box)
        layout.setSpacing(2)
        layout.setContentsMargins(6, 6, 6, 6)
        longest = max((field.label for field in section.fields), key=len)
        width = round(_STYLE_SHARE * self.fontMetrics().horizontalAdvance(f"{longest} m"))
        for field in section.fields:
            widget = EntryField(field, width)
            widget.edited.connect(self.edited)
            self.by_key[field.key] = widget
            layout.addWidget(widget)
        return box

    @property
    def keys(self) -> tuple[str, ...]:
        """Of all fields in reading order."""
        return tuple(self.by_key)

    def show_texts(self, texts: Mapping[str, str]) -> None:
        """Put texts into all fields; where there is none the field is blank, and so is a hidden one."""
        for key, field in self.by_key.items():
            field.show_text("" if key in self._hidden else texts.get(key, ""))

    def show_judged(self, key: str, judged: Judged) -> None:
        """Show what is wrong with one field."""
        if key not in self._hidden:
            self.by_key[key].show_judged(judged)

    def set_read_only(self, keys: Collection[str]) -> None:
        """Only these fields cannot be typed into."""
        for key, field in self.by_key.items():
            field.set_read_only(key in keys)

    def hide_fields(self, keys: Collection[str]) -> None:
        """Take fields off the form, for example those that a blinded reader must not see."""
        self._hidden = frozenset(keys)
        for key, field in self.by_key.items():
            field.setVisible(key not in keys)
            if key in keys:
                field.blank()

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 - named by Qt
        super().resizeEvent(event)
        columns = min(_MOST_COLUMNS, max(1, self.viewport().width() // _COLUMN_PX))
        if columns != self._columns:
            self._arrange(columns)

    def _arrange(self, columns: int) -> None:
        """Sections in reading order down each column, columns about equally long."""
        self._columns = columns
        for number, stack in enumerate(self._stacks):
            while stack.count():
                stack.takeAt(0)
            self._row.setStretch(number, 1 if number < columns else 0)
        share = sum(size + 2 for _, size in self._boxes) / columns
        filled = 0.0
        for box, size in self._boxes:
            self._stacks[min(columns - 1, int((filled + (size + 2) / 2) / share))].addWidget(box)
            filled += size + 2
        for stack in self._stacks[:columns]:
            stack.addStretch(1)
