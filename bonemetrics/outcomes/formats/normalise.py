"""What a round trip keeps: a table that was written and read again equals the normalised table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

from bonemetrics.outcomes.table import Cell, ColumnType, Table

Form = Literal["csv", "parquet", "xpt", "redcap", "dataset-json"]
BLANKS = " \t\n\r\x0b\x0c"
"""Characters that go at the end of a text: readers of XPT strip these and no others."""
_WITH_APOSTROPHE = ("csv", "redcap")


def normalised(table: Table, form: Form) -> Table:
    """The table as every reader of the format can know it.

    Two tables that are normalised to the same rows say the same thing. In each form blanks at the end of a text go, and
    an empty text is missing. In CSV and REDCap one leading apostrophe goes too, since the writer puts one before a text
    that a spreadsheet would run as a formula. Numbers, integers and dates stay as they are: every form gives back the
    same IEEE double, or its writer refuses it.

    Parameters
    ----------
    table
        As made by the dataset, or as read from a file.
    form
        Format of the round trip.

    Returns
    -------
    Table
        Of the same name and columns; a number is a `float`, whole or not.

    Raises
    ------
    ValueError
        If there is no such form.
    """
    if form not in get_args(Form):
        raise ValueError(f"no form {form!r}; known are {', '.join(get_args(Form))}")
    text = _text_after_apostrophe if form in _WITH_APOSTROPHE else _text
    rules: dict[ColumnType, Callable[[Cell], Cell]] = {
        "text": text,
        "number": _number,
        "integer": lambda cell: cell,
        "date": lambda cell: cell,
    }
    columns = [
        list(map(rules[column.type], (row[place] for row in table.rows))) for place, column in enumerate(table.columns)
    ]
    rows = list(zip(*columns, strict=True)) if columns else [() for _ in table.rows]
    return Table(name=table.name, columns=table.columns, rows=rows)


def _text(cell: Cell) -> Cell:
    return (cell.rstrip(BLANKS) or None) if isinstance(cell, str) else cell


def _text_after_apostrophe(cell: Cell) -> Cell:
    return (cell.rstrip(BLANKS).removeprefix("'") or None) if isinstance(cell, str) else cell


def _number(cell: Cell) -> Cell:
    return float(cell) if isinstance(cell, (int, float)) else cell
