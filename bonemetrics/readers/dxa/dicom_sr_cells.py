"""Numbers of a report tree as cells: verbatim, exact where the file is, empty where it says that there is none."""

from __future__ import annotations

import math
import re

from bonemetrics.readers.dxa.dicom_sr_tree import Item, Number
from bonemetrics.readers.dxa.dicom_sr_words import unit_of_text
from bonemetrics.readers.dxa.numbers import is_undefined, printed_number
from bonemetrics.records import DxaCell, Problem, note

_DECIMAL = re.compile(r"[+-]?(?:\d{1,16}(?:\.(\d{0,16}))?|\.(\d{1,16}))([eE][+-]?\d{1,3})?")
_TEXT_VALUE = re.compile(r"([+\-−–]?\d{1,6}(?:[.,]\d{1,6})?)\s*(\S[^\d]{0,15}\d?)?")
_MOST_PRINTED_DECIMALS = 6
"""A decimal text with more digits is a binary number written out, not a printed one."""


def cell_of(item: Item, unit: str) -> tuple[DxaCell | None, Problem | None]:
    """The cell of a NUM item, or of a TEXT item that is a number; `None` for a text that is none.

    Parameters
    ----------
    item
        The item; its concept names a quantity.
    unit
        Unit of the number in UCUM.
    """
    where = f"content item {item.place}"
    if item.kind == "TEXT":
        found = _TEXT_VALUE.fullmatch(item.text)
        number = printed_number(found[1]) if found else None
        if found is None or number is None:
            return None, None
        stated = unit_of_text(found[2] or "")
        return DxaCell(raw=found[1], value=number.value, unit=stated, place=where, decimals=number.decimals), None
    if item.number is None:
        return DxaCell(unit=unit, place=where), None
    if item.number.is_qualified:
        problem = note("cell-refused", f"{where}: the number is qualified as not valid") if item.number.text else None
        return DxaCell(raw=item.number.text, unit=unit, place=where), problem
    return _measured(item.number, unit, where)


def _measured(number: Number, unit: str, where: str) -> tuple[DxaCell, Problem | None]:
    found = _DECIMAL.fullmatch(number.text)
    if number.exact is not None:
        if math.isfinite(number.exact) and (found is None or _agrees(number.text, number.exact)):
            return DxaCell(raw=repr(number.exact), value=number.exact, unit=unit, place=where, trust="exact"), None
        refused = note("cell-refused", f"{where}: its decimal text and its exact value are not the same number")
        return DxaCell(raw=number.text, unit=unit, place=where), refused
    if found is None or not math.isfinite(float(number.text)):
        is_gap = is_undefined(number.text) or number.text.casefold() == "nan"
        refused_text = None if is_gap else note("cell-refused", f"{where}: not one decimal number")
        return DxaCell(raw=number.text, unit=unit, place=where), refused_text
    decimals = len(found[1] or found[2] or "")
    plain = not found[3] and decimals <= _MOST_PRINTED_DECIMALS
    value = float(number.text)
    return DxaCell(raw=number.text, value=value, unit=unit, place=where, decimals=decimals if plain else None), None


def _agrees(text: str, exact: float) -> bool:
    """Whether a decimal text may be the rounded form of an exact value (or, once, cut off instead of rounded)."""
    found = _DECIMAL.fullmatch(text)
    if found is None:
        return False
    step = 10.0 ** -len(found[1] or found[2] or "") if not found[3] else abs(exact) * 1e-3
    return abs(float(text) - exact) <= step * (1 + 1e-9)


def merged(cells: dict[str, list[DxaCell]]) -> tuple[dict[str, DxaCell], list[Problem]]:
    """One cell for each name; where a report gives different numbers for the same cell, none of them stands."""
    kept: dict[str, DxaCell] = {}
    problems = []
    for name, found in cells.items():
        filled = [cell for cell in found if cell.value is not None]
        if len({(cell.value, cell.unit) for cell in filled}) > 1:
            places = ", ".join(cell.place.removeprefix("content item ") for cell in filled[:4])
            problems.append(note("cell-refused", f"{name}: content items {places} give different numbers"))
            kept[name] = DxaCell(place=found[0].place)
        else:
            kept[name] = filled[0] if filled else found[0]
    return kept, problems
