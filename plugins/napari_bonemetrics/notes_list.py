"""What the quality card says of a case; a note leads to its slice."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QListWidget, QListWidgetItem, QWidget

from bonemetrics.records import Problem

_SLICE = Qt.ItemDataRole.UserRole
_ROWS = 5


class NotesList(QListWidget):
    """A click, or Enter, looks at the first slice of a note."""

    slice_requested = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWordWrap(True)
        self.setAccessibleName("Notes of the quality card")
        self.itemClicked.connect(self._go)
        self.itemActivated.connect(self._go)
        self._say("Open a case: notes of its automatic checks stand here")

    def show_notes(self, notes: Sequence[Problem]) -> None:
        """Show the notes of one case in place of those before."""
        self.clear()
        for note in notes:
            item = QListWidgetItem(f"⚠ {_where(note.slices)}{note.message}")
            item.setData(_SLICE, note.slices[0] if note.slices else -1)
            item.setToolTip(note.code)
            self.addItem(item)
        if not notes:
            self._say("✔ The automatic checks found nothing")
        self._fit(len(notes))

    def _say(self, text: str) -> None:
        self.addItem(QListWidgetItem(text))
        self._fit(1)

    def _fit(self, rows: int) -> None:
        self.setMaximumHeight(self.fontMetrics().height() * 2 * min(max(rows, 1), _ROWS) + 8)

    def _go(self, item: QListWidgetItem) -> None:
        at = item.data(_SLICE)
        if at is not None and at >= 0:
            self.slice_requested.emit(int(at))


def _where(slices: tuple[int, ...]) -> str:
    """Slices counted from 1, as the slider's reader counts them."""
    if not slices:
        return ""
    first, last = min(slices) + 1, max(slices) + 1
    if first == last:
        return f"slice {first}: "
    return f"slices {first}–{last}: " if last - first + 1 == len(slices) else f"slices {first} … {last}: "
