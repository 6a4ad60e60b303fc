"""Tables to files. A file is there whole or not at all, and the same table gives the same bytes."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from bonemetrics.atomic import write_atomic
from bonemetrics.outcomes.table import Cell, Column, Table

_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


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
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([column.name for column in table.columns])
    for row in table.rows:
        writer.writerow([_as_text(cell) for cell in row])
    write_atomic(path, text.getvalue().encode("utf-8"))
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
    columns = [
        pa.array([row[place] for row in table.rows], type=types[column.type])
        for place, column in enumerate(table.columns)
    ]
    sink = io.BytesIO()
    pq.write_table(pa.table(columns, schema=schema), sink, compression="zstd")
    write_atomic(path, sink.getvalue())
    return path


def _as_text(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str):
        return f"'{cell}" if cell.startswith(_STARTS_A_FORMULA) else cell
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float) and not math.isfinite(cell):
        raise TypeError("a number in a table is finite; a missing one is empty")
    # The shortest digits that read back as the same number; numpy's float64 says more in its own repr.
    return repr(float(cell)) if isinstance(cell, float) else str(cell)
