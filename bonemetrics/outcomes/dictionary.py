"""The data dictionary: every column, PARAMCD and quantity with label, unit, definition and source."""

from __future__ import annotations

from collections.abc import Iterable

from bonemetrics.outcomes.formats.names import xpt_names
from bonemetrics.outcomes.table import Cell, Column, Table
from bonemetrics.quantities import CATALOGUE
from bonemetrics.study.protocol_tables import ParameterTable

_COLUMNS = (
    Column(name="table", type="text", label="Table", definition="Table of the column; else empty"),
    Column(name="kind", type="text", label="Kind", definition="column, parameter or quantity"),
    Column(name="name", type="text", label="Name", definition="Column, PARAMCD or code of the quantity"),
    Column(name="type", type="text", label="Type", definition="text, number, integer or date"),
    Column(name="label", type="text", label="Label", definition="The name in words"),
    Column(name="unit", type="text", label="Unit", definition="UCUM unit; empty where there is none", source="UCUM"),
    Column(name="definition", type="text", label="Definition", definition="What it means"),
    Column(name="source", type="text", label="Source", definition="Who defined it, or where it comes from"),
    Column(name="xpt_name", type="text", label="XPT Name", definition="Column in SAS transport files; else empty"),
)


def dictionary_table(tables: Iterable[Table], parameters: Iterable[ParameterTable] = ()) -> Table:
    """Describe tables, the parameters of a protocol and the catalogue of quantities.

    Parameters
    ----------
    tables
        Every table that is handed out beside the dictionary.
    parameters
        `[[parameters]]` of the protocol.

    Returns
    -------
    Table
        Named `dictionary`; it describes itself too.
    """
    rows: list[tuple[Cell, ...]] = []
    for name, columns in (*((table.name, table.columns) for table in tables), ("dictionary", _COLUMNS)):
        short = xpt_names(columns)
        rows.extend(_column_row(name, column, short[column.name]) for column in columns)
    rows.extend(_parameter_row(parameter) for parameter in parameters)
    rows.extend(
        (None, "quantity", entry.code, "number", entry.name, entry.unit, entry.definition, entry.source, None)
        for entry in CATALOGUE.values()
    )
    return Table(name="dictionary", columns=_COLUMNS, rows=rows)


def _column_row(table: str, column: Column, short: str) -> tuple[Cell, ...]:
    meaning = (column.label, column.unit or None, column.definition, column.source)
    return (table, "column", column.name, column.type, *meaning, short)


def _parameter_row(parameter: ParameterTable) -> tuple[Cell, ...]:
    entry = CATALOGUE[parameter.quantity]
    place = ", ".join(part for part in (parameter.site, parameter.side, parameter.region) if part)
    benefit = "" if parameter.benefit is None else f"; a benefit goes {parameter.benefit}"
    definition = f"{entry.code} of {place}{benefit}"
    meaning = (parameter.param, entry.unit or None, definition, "[[parameters]] of study.toml")
    return (None, "parameter", parameter.paramcd, "number", *meaning, None)
