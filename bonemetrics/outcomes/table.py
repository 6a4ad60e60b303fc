"""What a table is: named columns with a type, a label, a unit and a meaning, and rows that are whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

Cell = str | float | int | date | None
"""One value; `None` is missing."""
ColumnType = Literal["text", "number", "integer", "date"]

_PYTHON_TYPES: Mapping[str, tuple[type, ...]] = {
    "text": (str,),
    "number": (float, int),
    "integer": (int,),
    "date": (date,),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column, declared once: it shapes the table and fills the dictionary."""

    name: str
    type: ColumnType
    label: str
    definition: str
    source: str = "bonemetrics"
    unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table ready to be written.

    Raises
    ------
    TypeError
        If a row does not have the columns' number of cells, or a cell is not of its column's type: a wrong table
        is a mistake of ours and is not written.
    """

    name: str
    columns: tuple[Column, ...]
    rows: Sequence[tuple[Cell, ...]]

    def __post_init__(self) -> None:
        for number, row in enumerate(self.rows):
            if len(row) != len(self.columns):
                raise TypeError(f"row {number} of {self.name} has {len(row)} cells, expected {len(self.columns)}")
            for column, cell in zip(self.columns, row, strict=True):
                if cell is not None and (not isinstance(cell, _PYTHON_TYPES[column.type]) or isinstance(cell, bool)):
                    kind = type(cell).__name__
                    raise TypeError(f"column {column.name} of {self.name} holds {column.type}, row {number} a {kind}")
