"""What is drawn on the picture that is open, and what all pictures of the form give together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from qtpy.QtWidgets import QWidget

from bonemetrics.review.section_drawing import Drawn
from bonemetrics.review.section_pool import Pooled
from napari_bonemetrics.biopsy_tables import PlainTable, cell
from napari_bonemetrics.entry_field import COLORS, SIGNS, shown_unit


class SectionTable(PlainTable):
    """One line for each measurement; `All` stands for all pictures together, with their number."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(("Drawn", "n", "Value", "Unit", "All", "SD, or why not"), parent)

    def show_drawn(self, drawn: Mapping[str, Drawn], pooled: Mapping[str, Pooled], ellipses: Iterable[str]) -> None:
        """Show the numbers of the open picture beside those that the form would have with it."""
        rows = [_line(one, pooled.get(code)) for code, one in drawn.items()]
        rows += [_refused(code, "", "an ellipse gives no measurement; draw a polygon") for code in ellipses]
        rows += [_elsewhere(one) for code, one in pooled.items() if code not in drawn]
        self.show_rows(rows)


def _line(one: Drawn, pooled: Pooled | None) -> list[Any]:
    if one.value is None:
        return _refused(one.code, str(one.n), one.refused)
    spread = "" if one.sd is None else f"{one.sd:.3g}"
    cells = (cell(str(one.n), number=True), cell(f"{one.value:.4g}", number=True), cell(shown_unit(_unit(one.unit))))
    return [cell(one.code), *cells, *_together(pooled, spread)]


def _elsewhere(pooled: Pooled) -> list[Any]:
    blank = (cell("", number=True), cell("", number=True), cell(shown_unit(_unit(pooled.unit))))
    return [cell(pooled.code, soft=True), *blank, *_together(pooled, "", always=True)]


def _together(pooled: Pooled | None, told: str, *, always: bool = False) -> list[Any]:
    if pooled is None or (pooled.n_pictures < 2 and not pooled.refused and not always):
        return [cell("", number=True), cell(told)]
    if pooled.value is None:
        color = COLORS["unusual"]
        return [cell(SIGNS["unusual"], color=color), cell(pooled.refused, color=color, tip=pooled.refused)]
    shown = f"{pooled.value:.4g} ({pooled.n_pictures})"
    return [cell(shown, number=True, tip=f"of {pooled.n_pictures} pictures"), cell(told)]


def _refused(code: str, n: str, why: str) -> list[Any]:
    told = cell(f"{SIGNS['impossible']} {why}", color=COLORS["impossible"], tip=why)
    return [cell(code), cell(n, number=True), cell("", number=True), cell(""), cell("", number=True), told]


def _unit(unit: str) -> str:
    return "" if unit == "1" else unit
