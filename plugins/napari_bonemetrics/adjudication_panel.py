"""Where two readers differ, the largest place first; the adjudicator takes one of them for each."""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from bonemetrics.review.case import AdjudicationCase
from bonemetrics.review.disagreement import Choice, Component
from bonemetrics.review.place_numbers import PlaceNumbers
from bonemetrics.volume import CORTICAL, TRABECULAR
from napari_bonemetrics.entry_field import shown_unit

_NAMES = {0: "outside", TRABECULAR: "trabecular", CORTICAL: "cortical"}
_HEADS = ("Volume", "Slices", "A says", "B says", "Taken", "Tb.vBMD\nB − A")
_NUMBER = len(_HEADS) - 1
_RECOVERED = " Your choices from before are back."
_SAME_MASK = (
    "Both readers have the same mask and differ in the verdict. Settle accepts the mask; on the page Judge you can "
    "reject or defer it."
)
_OWN = "In the picture: neither A nor B, but the mask that counts until you settle"


class AdjudicationPanel(QWidget):
    """Fills the choices of a case; neither reader is named."""

    choices_changed = Signal()
    jump_requested = Signal(tuple)
    shown_requested = Signal(str)
    settle_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.case: AdjudicationCase | None = None
        self.told, self.numbers = QLabel(""), QLabel("")
        for label in (self.told, self.numbers):
            label.setWordWrap(True)
        self.table = QTableWidget(0, len(_HEADS))
        self.table.setHorizontalHeaderLabels(_HEADS)
        self.table.verticalHeader().setVisible(False)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.take = {"a": QPushButton("Take A"), "b": QPushButton("Take B")}
        self.rest = QPushButton("Take A for the rest"), QPushButton("Take B for the rest")
        self.look = {"a": QPushButton("Show A"), "b": QPushButton("Show B")}
        for button in self.look.values():
            button.setCheckable(True)
            button.setToolTip("Pressed again, the mask that counts comes back")
        self.shown, self.shows = "", QLabel("")
        self.shows.setWordWrap(True)
        self.settle = QPushButton("Settle")
        self._lay_out()
        self.table.itemSelectionChanged.connect(self._go)
        # A click on the place that is selected already leads back to it.
        self.table.cellClicked.connect(self._go)
        self.settle.clicked.connect(self.settle_requested)
        for choice, button in self.take.items():
            button.clicked.connect(lambda _checked, chosen=choice: self.choose(chosen))
        for choice, button in zip(("a", "b"), self.rest, strict=True):
            button.clicked.connect(lambda _checked, chosen=choice: self.choose_rest(chosen))
        for choice, button in self.look.items():
            button.clicked.connect(lambda _checked, chosen=choice: self.show_mask(chosen))
        self._mark("")

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.addWidget(self.told)
        layout.addWidget(self.numbers)
        for widgets in (self.look.values(), (self.shows,), None, self.take.values(), self.rest):
            if widgets is None:
                layout.addWidget(self.table, 1)
                continue
            row = QHBoxLayout()
            for widget in widgets:
                row.addWidget(widget)
            layout.addLayout(row)
        layout.addWidget(self.settle)

    def show_case(self, case: AdjudicationCase | None) -> None:
        """List the places of a case."""
        self.case = case
        self._mark("")
        components = case.disagreement.components if case is not None else ()
        self.table.setRowCount(len(components))
        self._fill()
        self.show_numbers()
        if case is not None and components:
            # Where something was decided before, what is still open comes first.
            opened = [row for row, one in enumerate(components) if one.number not in case.choices]
            self.table.selectRow(opened[0] if opened else 0)

    def show_numbers(self) -> None:
        """Show what hangs on each place, as far as the case tells."""
        numbers = self.case.numbers if self.case is not None else None
        self.table.setColumnHidden(_NUMBER, numbers is None)
        self.numbers.setVisible(numbers is not None)
        self.numbers.setText("")
        if numbers is None or self.case is None:
            return
        self.numbers.setText(_whole(numbers))
        for row, one in enumerate(self.case.disagreement.components):
            moved = numbers.by_place.get(one.number)
            item = QTableWidgetItem("–" if moved is None else f"{moved:+.3g}" if moved else "0")
            item.setToolTip(_meaning(numbers))
            item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self.table.setItem(row, _NUMBER, item)

    def show_mask(self, choice: str) -> None:
        """Ask to see one reader's mask; where it is empty, or shown already, the case's own labels again."""
        chosen = "" if choice == self.shown else choice
        if chosen != self.shown:
            self.shown_requested.emit(chosen)
        self._mark(chosen)

    def _mark(self, chosen: str) -> None:
        self.shown = chosen
        for choice, button in self.look.items():
            button.setChecked(choice == chosen)
        self.shows.setText(f"In the picture: {chosen.upper()}" if chosen else _OWN)

    def _fill(self) -> None:
        if self.case is None:
            self.settle.setEnabled(False)
            return
        for row, one in enumerate(self.case.disagreement.components):
            for column, text in enumerate(_cells(one, self.case.choices.get(one.number))):
                item = QTableWidgetItem(text)
                item.setData(Qt.ItemDataRole.UserRole, one.number)
                self.table.setItem(row, column, item)
        n = len(self.case.disagreement.components)
        back = _RECOVERED if self.case.recovered else ""
        self.told.setText(
            f"The readers differ at {n} places; {self.case.n_open} are not decided.{back}" if n else _SAME_MASK
        )
        self.settle.setEnabled(self.case.n_open == 0)

    def choose(self, choice: Choice) -> None:
        """Take one reader at the selected place and go to the next."""
        row = self.table.currentRow()
        if self.case is None or row < 0:
            return
        self.case.choices[self.case.disagreement.components[row].number] = choice
        self._fill()
        self.choices_changed.emit()
        if row + 1 < self.table.rowCount():
            self.table.selectRow(row + 1)

    def choose_rest(self, choice: Choice) -> None:
        """Take one reader wherever nothing was decided."""
        if self.case is None:
            return
        for one in self.case.disagreement.components:
            self.case.choices.setdefault(one.number, choice)
        self._fill()
        self.choices_changed.emit()

    def _go(self, *_place: int) -> None:
        row = self.table.currentRow()
        if self.case is not None and 0 <= row < len(self.case.disagreement.components):
            self.jump_requested.emit(self.case.disagreement.components[row].index)


def _cells(one: Component, taken: Choice | None) -> tuple[str, ...]:
    first, last = one.slices
    said = one.pairs[0]
    slices = f"{first + 1}" if first == last else f"{first + 1}–{last + 1}"
    names = [_NAMES.get(label, f"label {label}") for label in (said.a, said.b)]
    return f"{one.volume_mm3:.3g} mm³", slices, *names, taken.upper() if taken else "–"


def _whole(numbers: PlaceNumbers) -> str:
    one = numbers.measured
    if one is None or one.before is None or one.after is None or one.difference is None:
        return "Tb.vBMD was not measured in both masks."
    lsc = "no LSC" if one.lsc is None else f"LSC {one.lsc:.4g}"
    return (
        f"Tb.vBMD as measured: A {one.before:.4g}, B {one.after:.4g}, B − A = {one.difference:+.3g} "
        f"{shown_unit(one.unit)} {one.material} ({lsc})"
    )


def _meaning(numbers: PlaceNumbers) -> str:
    first, last = numbers.slices
    return (
        f"By how much the mean density of the voxels labelled trabecular in slices {first + 1} to {last + 1} moves, "
        f"in mg/cm3 {numbers.material}, where B is taken at this place alone and A everywhere else. Not corrected for "
        "blur, so these do not add up to the difference as measured."
    )
