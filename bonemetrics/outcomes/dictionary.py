"""The data dictionary: every column and every quantity with label, unit, definition and source."""

from __future__ import annotations

from collections.abc import Iterable

from bonemetrics.outcomes.table import Cell, Column, Table
from bonemetrics.quantities import CATALOGUE

_COLUMNS = (
    Column(name="table", type="text", label="Table", definition="Table of the column; empty for a quantity"),
    Column(name="kind", type="text", label="Kind", definition="column or quantity"),
    Column(name="name", type="text", label="Name", definition="Name of the column or code of the quantity"),
    Column(name="type", type="text", label="Type", definition="text, number, integer or date"),
    Column(name="label", type="text", label="Label", definition="The name in words"),
    Column(name="unit", type="text", label="Unit", definition="UCUM unit; empty where there is none", source="UCUM"),
    Column(name="definition", type="text", label="Definition", definition="What it means"),
    Column(name="source", type="text", label="Source", definition="Who defined it, or where it comes from"),
)


def dictionary_table(tables: Iterable[Table]) -> Table:
    """Describe tables and the catalogue of quantities.

    Parameters
    ----------
    tables
        Every table that is handed out beside the dictionary.

    Returns
    -------
    Table
        Named `dictionary`; it describes itself too.
    """
    rows: list[tuple[Cell, ...]] = []
    for name, columns in (*((table.name, table.columns) for table in tables), ("dictionary", _COLUMNS)):
        rows.extend(_column_row(name, column) for column in columns)
    rows.extend(
        (None, "quantity", entry.code, "number", entry.name, entry.unit, entry.definition, entry.source)
        for entry in CATALOGUE.values()
    )
    return Table(name="dictionary", columns=_COLUMNS, rows=rows)


def _column_row(table: str, column: Column) -> tuple[Cell, ...]:
    meaning = (column.label, column.unit or None, column.definition, column.source)
    return (table, "column", column.name, column.type, *meaning)
