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
        # By columns and by types, since tables have millions of cells; only a fault is looked for cell by cell.
        if any(len(row) != len(self.columns) for row in self.rows) or not all(
            map(self._is_whole, range(len(self.columns)))
        ):
            self._tell_fault()

    def _is_whole(self, place: int) -> bool:
        wanted = _PYTHON_TYPES[self.columns[place].type]
        return all(
            kind is type(None) or (issubclass(kind, wanted) and kind is not bool)
            for kind in {type(row[place]) for row in self.rows}
        )

    def _tell_fault(self) -> None:
        for number, row in enumerate(self.rows):
            if len(row) != len(self.columns):
                raise TypeError(f"row {number} of {self.name} has {len(row)} cells, expected {len(self.columns)}")
            for column, cell in zip(self.columns, row, strict=True):
                if cell is not None and (not isinstance(cell, _PYTHON_TYPES[column.type]) or isinstance(cell, bool)):
                    kind = type(cell).__name__
                    raise TypeError(f"column {column.name} of {self.name} holds {column.type}, row {number} a {kind}")

    def outline(self) -> Table:
        """The same columns with one row, which has the longest text of each: all that is needed to describe a table."""
        row = tuple(map(self._longest, range(len(self.columns))))
        return Table(name=self.name, columns=self.columns, rows=[row] if self.rows else [])

    def _longest(self, place: int) -> Cell:
        """The longest text of a column in bytes, the first of those as long; of any other type, some value of it."""
        if self.columns[place].type != "text":
            return next((row[place] for row in self.rows if row[place] is not None), None)
        # Each text once, in the order in which they stand: columns repeat few of them many times.
        texts = dict.fromkeys(row[place] for row in self.rows)
        texts.pop(None, None)
        return max(texts, key=lambda text: len(str(text).encode()), default=None)
