"""`inspect` for tables of clinical data."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.table import Table

from bonemetrics.batch.guard import Limits, run_guarded
from bonemetrics.cli import show
from bonemetrics.errors import BonemetricsError
from bonemetrics.pipeline.table_look import TableLook, look_at_tables
from bonemetrics.records import Problem, refusal

_MOST_SHOWN = 40


def looked_at(path: Path, limits: Limits) -> tuple[TableLook, ...]:
    """Look at one file in a guarded child."""
    try:
        return run_guarded(look_at_tables, path, limits=limits)
    except BonemetricsError as error:
        return (TableLook(problems=(refusal(error),)),)


def kind_of(found: Sequence[TableLook]) -> str:
    """`table`, or `unknown` for a text without a header."""
    codes = {problem.code for table in found for problem in table.problems}
    return "unknown" if not found[0].form and "header-not-found" in codes else "table"


def problems_of(found: Sequence[TableLook]) -> tuple[Problem, ...]:
    """Problems of all sheets; each says of which one it is where there are several."""
    if len(found) == 1:
        return found[0].problems
    return tuple(
        problem.model_copy(update={"message": f"sheet {table.sheet!r}: {problem.message}"})
        for table in found
        for problem in table.problems
    )


def as_json(table: TableLook) -> dict[str, Any]:
    """One table in the object of `inspect`; what is not known is null."""
    return {
        "form": table.form or None,
        "sheet": table.sheet or None,
        "sheets": list(table.sheets),
        "encoding": table.encoding or None,
        "delimiter": table.delimiter or None,
        "header_line": table.header_line or None,
        "rows": table.n_rows,
        "kind": table.guess or None,
        "columns": [
            {"name": column.name, "role": column.role or None, "unit": column.unit or None} for column in table.columns
        ],
    }


def display(out: show.Console, found: Sequence[TableLook]) -> None:
    """Each table for a person."""
    for table in found:
        if not table.form:
            continue
        text = f"{table.encoding}, {table.delimiter!r} between cells" if table.encoding else ""
        sheet = f"sheet {table.sheet!r} of {len(table.sheets)}" if table.sheet else ""
        about = ", ".join(part for part in (table.form, text, sheet) if part)
        out.print(f"  {show.escape(about)}, header in line {table.header_line}, {table.n_rows} rows")
        out.print(f"  looks like   kind = {show.escape(repr(table.guess)) if table.guess else 'none that is known'}")
        out.print(_columns(table))


def _columns(table: TableLook) -> Table:
    shown = Table(box=None, padding=(0, 2), pad_edge=True)
    for name in ("column", "role", "unit"):
        shown.add_column(name)
    for column in table.columns[:_MOST_SHOWN]:
        shown.add_row(show.escape(column.name), column.role or "–", show.escape(column.unit))
    if len(table.columns) > _MOST_SHOWN:
        shown.add_row(f"… and {len(table.columns) - _MOST_SHOWN} more", "", "")
    return shown
