"""Tables to files. A file is there whole or not at all, and the same table gives the same bytes."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bonemetrics.atomic import write_atomic
from bonemetrics.errors import ExportError
from bonemetrics.outcomes.table import Column, ColumnType, Table

_STARTS_A_FORMULA = frozenset("=+-@\t\r\n")
_FLOATS = frozenset((float, type(None)))
"""Types of a column of which `str` gives the shortest digits that read back as the same number."""
_BLOCK = 5_000
"""Rows that are turned into text at a time, so that memory stays small."""


def write_csv(table: Table, path: Path) -> Path:
    """Write a table as CSV (RFC 4180, UTF-8, CRLF) for Excel, R and pandas.

    Text that a spreadsheet would run as a formula gets a leading apostrophe; numbers never do. Numbers carry every
    digit that is needed to read the same number back. A missing value is an empty cell.

    Parameters
    ----------
    table
        What to write.
    path
        File to make or replace.

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    ExportError
        `not-in-format` for text that is no Unicode.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([column.name for column in table.columns])
    for first in range(0, len(table.rows), _BLOCK):
        last = min(first + _BLOCK, len(table.rows))
        cells = [_WRITTEN[column.type](table.cells(place)[first:last]) for place, column in enumerate(table.columns)]
        writer.writerows(zip(*cells, strict=True) if cells else table.rows[first:last])
    write_atomic(path, encoded(text.getvalue(), table.name))
    return path


def write_parquet(table: Table, path: Path, *, metadata: Mapping[str, str]) -> Path:
    """Write a table as Parquet with typed columns.

    Parameters
    ----------
    table
        What to write. Text stays as it is: nothing runs formulas in Parquet.
    path
        File to make or replace.
    metadata
        Facts about the whole table, kept under `bonemetrics.…`; each column carries its label, unit and definition.

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    ExportError
        `not-in-format` for text that is no Unicode, and for an integer that is none of 64 bits or, in a column of
        numbers, no IEEE double.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    types: dict[str, Any] = {"text": pa.string(), "number": pa.float64(), "integer": pa.int64(), "date": pa.date32()}

    def field(column: Column) -> Any:
        facts = {"label": column.label, "unit": column.unit, "definition": column.definition}
        return pa.field(column.name, types[column.type], metadata=facts)

    schema = pa.schema(
        [field(column) for column in table.columns],
        metadata={f"bonemetrics.{key}": value for key, value in metadata.items()},
    )
    try:
        columns = [pa.array(table.cells(place), type=types[column.type]) for place, column in enumerate(table.columns)]
    except (UnicodeEncodeError, OverflowError, pa.ArrowInvalid):
        text = f"{table.name} holds text that is no Unicode, or an integer that Parquet would cut or round"
        raise ExportError(text, code="not-in-format") from None
    sink = io.BytesIO()
    pq.write_table(pa.table(columns, schema=schema), sink, compression="zstd")
    write_atomic(path, sink.getvalue())
    return path


def encoded(text: str, name: str) -> bytes:
    """Text as UTF-8.

    Parameters
    ----------
    text
        Content of a file.
    name
        Of the table, for the message.

    Returns
    -------
    bytes
        The content.

    Raises
    ------
    ExportError
        `not-in-format` where a cell holds half of a surrogate pair, which is no character.
    """
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        raise ExportError(f"{name} holds text that is no Unicode", code="not-in-format") from None


def _texts(cells: Sequence[Any]) -> Sequence[Any]:
    return [f"'{cell}" if cell and cell[0] in _STARTS_A_FORMULA else cell for cell in cells]


def _numbers(cells: Sequence[Any]) -> Sequence[Any]:
    if set(map(type, cells)) <= _FLOATS and all(map(math.isfinite, filter(None, cells))):
        return cells
    # The shortest digits that read back as the same number; numpy's float64 says more in its own repr.
    return [None if cell is None else _finite(cell) for cell in cells]


def _finite(cell: int | float) -> str:
    if isinstance(cell, int):
        return str(cell)
    if not math.isfinite(cell):
        raise TypeError("a number in a table is finite; a missing one is empty")
    return float.__repr__(cell)


def _plain(cells: Sequence[Any]) -> Sequence[Any]:
    return cells


_WRITTEN: Mapping[ColumnType, Callable[[Sequence[Any]], Sequence[Any]]] = {
    "text": _texts,
    "number": _numbers,
    "integer": _plain,
    "date": _plain,
}
"""How a block of cells of one column becomes what the CSV writer takes; it writes the `str` of what is no text."""
