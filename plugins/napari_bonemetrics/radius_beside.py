"""The radius of a visit beside the biopsy of the same visit, with the plain note that these are different bones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from bonemetrics.records import HistomorphometryEntry, HistomorphometryParameters, Measurement
from bonemetrics.review.biopsy_fields import DEFAULTS
from bonemetrics.review.radius_and_biopsy import DIFFERENT_BONES, Pair, Value, radius_beside_biopsy
from napari_bonemetrics.biopsy_tables import PlainTable, cell
from napari_bonemetrics.entry_field import shown_unit


class RadiusBeside(QWidget):
    """A table of both; it shows and emits nothing."""

    def __init__(
        self, viewer: Any = None, parameters: HistomorphometryParameters = DEFAULTS, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.viewer = viewer
        self._parameters = parameters
        self.note = QLabel(f"▲ {DIFFERENT_BONES}")
        self.note.setWordWrap(True)
        self.title = QLabel("")
        self.title.setWordWrap(True)
        self.table = PlainTable(("Quantity", "Radius, scan", "Iliac crest, biopsy"))
        layout = QVBoxLayout(self)
        for widget in (self.title, self.note):
            layout.addWidget(widget)
        layout.addWidget(self.table, 1)
        self.show_visit((), None)

    def show_visit(
        self, measurements: Sequence[Measurement], entry: HistomorphometryEntry | None, title: str = ""
    ) -> None:
        """Show one visit; its title is the caller's, since a blinded reader must not see its name."""
        pairs = radius_beside_biopsy(measurements, entry, self._parameters)
        lacks = [what for what, there in (("radius scan", measurements), ("biopsy entry", entry)) if not there]
        self.title.setText(f"<b>{title}</b> " + "".join(f"No {what} of this visit. " for what in lacks))
        self.table.show_rows([line for pair in pairs for line in _lines(pair)])

    def show_nothing(self, why: str) -> None:
        """Show no numbers, and why."""
        self.title.setText(why)
        self.table.show_rows([])


def _lines(pair: Pair) -> list[list[Any]]:
    """One line for each region of the radius; the biopsy stands in the first."""
    lines = []
    for number, value in enumerate(pair.radius or (None,)):
        first = number == 0
        biopsy = _told(pair.biopsy) if first else ""
        lines.append([cell(pair.quantity if first else "", tip=pair.name), cell(_told(value)), cell(biopsy)])
    return lines


def _told(value: Value | None) -> str:
    return "" if value is None else f"{value.text} {shown_unit(value.unit)} ({value.region})".replace("  ", " ")
