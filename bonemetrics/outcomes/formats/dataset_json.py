"""CDISC Dataset-JSON 1.1: one file per table."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bonemetrics.atomic import write_atomic
from bonemetrics.errors import ExportError
from bonemetrics.outcomes.formats.moment import iso_time
from bonemetrics.outcomes.formats.names import group_oid, item_oid, metadata_oid, study_oid
from bonemetrics.outcomes.formats.titles import keys_of, title_of
from bonemetrics.outcomes.table import Cell, Column, ColumnType, Table

DEFINE = "define.xml"
_TYPES: Mapping[ColumnType, Mapping[str, str]] = {
    "text": {"dataType": "string"},
    "number": {"dataType": "float"},
    "integer": {"dataType": "integer"},
    "date": {"dataType": "date", "targetDataType": "integer"},
}
_BLOCK = 5_000
"""Rows that are turned into text at a time, so that memory stays small."""


def write_dataset_json(table: Table, path: Path, *, facts: Mapping[str, str]) -> Path:
    """Write a table as Dataset-JSON 1.1.

    A missing value is `null`, a date ISO 8601 text that SAS takes as a number of days, a number has every digit that is
    needed to read the same number back. Text stays as it is. OIDs are those of `define.xml` beside it.

    Parameters
    ----------
    table
        What to write.
    path
        File to make or replace.
    facts
        With `study_id`, `software_version`, `audit_head` and `last_change`, which is the time in the file.

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    ExportError
        `not-in-format` for text that is no Unicode.

    References
    ----------
    CDISC Dataset-JSON Specification 1.1, 2024-12-05.
    """
    head = json.dumps(_head(table, facts), ensure_ascii=False, separators=(",", ":"))
    try:
        blocks = [block.encode() for block in _blocks(table)]
        whole = b"".join([head.removesuffix("}").encode(), b',"rows":[\n', b",\n".join(blocks), b"\n]}\n"])
    except UnicodeEncodeError:
        raise ExportError(f"{table.name} holds text that is no Unicode", code="not-in-format") from None
    write_atomic(path, whole)
    return path


def _head(table: Table, facts: Mapping[str, str]) -> dict[str, Any]:
    study, when = facts["study_id"], iso_time(facts)
    return {
        "datasetJSONCreationDateTime": when,
        "datasetJSONVersion": "1.1.0",
        "fileOID": f"{study}.{facts.get('audit_head', '')[:16]}.{table.name}",
        "dbLastModifiedDateTime": when,
        "sourceSystem": {"name": "bonemetrics", "version": facts["software_version"]},
        "studyOID": study_oid(study),
        "metaDataVersionOID": metadata_oid(study),
        "metaDataRef": DEFINE,
        "itemGroupOID": group_oid(table.name),
        "records": len(table.rows),
        "name": table.name.upper(),
        "label": title_of(table.name).title,
        "columns": [_column(table, place, column) for place, column in enumerate(table.columns)],
    }


def _column(table: Table, place: int, column: Column) -> dict[str, Any]:
    """Attributes in the order of the specification."""
    told: dict[str, Any] = {"itemOID": item_oid(table.name, column.name), "name": column.name, "label": column.label}
    told |= _TYPES[column.type]
    if column.type == "text":
        told["length"] = text_length(table, place)
    if column.type == "date":
        told["displayFormat"] = "DATE9."
    keys = keys_of(table)
    if column.name in keys:
        told["keySequence"] = keys.index(column.name) + 1
    return told


def text_length(table: Table, place: int) -> int:
    """Characters of the longest text of a column, at least 1."""
    return max((len(str(text)) for text in set(table.cells(place)) if text), default=0) or 1


def _blocks(table: Table) -> Iterator[str]:
    """Rows as JSON, without the brackets around all of them."""
    dates = [place for place, column in enumerate(table.columns) if column.type == "date"]
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode
    for first in range(0, len(table.rows), _BLOCK):
        rows = table.rows[first : first + _BLOCK]
        try:
            text = encode([_dated(row, dates) for row in rows] if dates else rows)
        except ValueError:
            raise TypeError("a number in a table is finite; a missing one is empty") from None
        yield text.removeprefix("[").removesuffix("]")


def _dated(row: tuple[Cell, ...], dates: Sequence[int]) -> list[Any]:
    cells: list[Any] = list(row)
    for place in dates:
        if cells[place] is not None:
            cells[place] = cells[place].isoformat()
    return cells
