"""What a table is: named columns with a type, a label, a unit and a meaning, and rows that are whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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
    _by_column: tuple[tuple[Cell, ...], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # By columns and by types, since tables have millions of cells; only a fault is looked for cell by cell.
        if set(map(len, self.rows)) - {len(self.columns)}:
            self._tell_fault()
        by_column = tuple(zip(*self.rows, strict=True)) if self.rows else ((),) * len(self.columns)
        object.__setattr__(self, "_by_column", by_column)
        if not all(map(self._is_whole, range(len(self.columns)))):
            self._tell_fault()

    def cells(self, place: int) -> tuple[Cell, ...]:
        """All cells of the column at this place, from the first row to the last."""
        return self._by_column[place]

    def _is_whole(self, place: int) -> bool:
        wanted = _PYTHON_TYPES[self.columns[place].type]
        return all(
            kind is type(None) or (issubclass(kind, wanted) and kind is not bool)
            for kind in set(map(type, self.cells(place)))
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
            return next((cell for cell in self.cells(place) if cell is not None), None)
        # Each text once, in the order in which they stand: columns repeat few of them many times.
        texts = dict.fromkeys(self.cells(place))
        texts.pop(None, None)
        return max(texts, key=lambda text: len(str(text).encode()), default=None)
