"""Invented tables for tests of the formats of an export, and how each file is read back into a table."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

from bonemetrics.outcomes.event_tables import ADVERSE_EVENT_COLUMNS, FRACTURE_COLUMNS
from bonemetrics.outcomes.formats.names import xpt_names
from bonemetrics.outcomes.long_table import LONG_COLUMNS
from bonemetrics.outcomes.table import Column, Table
from bonemetrics.study.protocol_tables import ParameterTable

FACTS = {
    "software_version": "1.2.3",
    "study_id": "CSM-OP-2011",
    "protocol_sha256": "c" * 64,
    "audit_rows": "7",
    "audit_head": "ab" * 32,
    "last_change": "2018-05-04T03:02:01.654321Z",
}
PARAMETERS = (
    ParameterTable(
        paramcd="RADTBD", param="Radius trabecular density", quantity="Tb.vBMD", site="radius", region="trabecular"
    ),
    ParameterTable(paramcd="LSBMDT", param="Lumbar T-score", quantity="T-score", site="lumbar-spine", region="L1-L4"),
)


def column(name: str, type_: str, label: str = "A label", **more: str) -> Column:
    return Column(name=name, type=type_, label=label, definition="A meaning", **more)  # type: ignore[arg-type]


def long_form(rows: Sequence[Mapping[str, object]]) -> Table:
    """The long form with the named cells; the others are missing."""
    names = [one.name for one in LONG_COLUMNS]
    return Table(
        name="outcomes_long", columns=LONG_COLUMNS, rows=[tuple(row.get(name) for name in names) for row in rows]
    )


def wide_form(rows: Sequence[tuple[object, ...]]) -> Table:
    """Two parameters, the second without per cent change."""
    columns = (
        *(column(name, "text") for name in ("STUDYID", "USUBJID", "COHORT", "AVISIT")),
        column("AVISITN", "number"),
        column("ADT", "date"),
        column("RADTBD", "number", "Radius trabecular density", unit="mg/cm3"),
        column("RADTBD_CHG", "number", "RADTBD change", unit="mg/cm3"),
        column("RADTBD_PCHG", "number", "RADTBD % change", unit="%"),
        column("LSBMDT", "number", "Lumbar T-score"),
        column("LSBMDT_CHG", "number", "LSBMDT change"),
    )
    return Table(name="outcomes_wide", columns=columns, rows=rows)  # type: ignore[arg-type]


def adverse_events(rows: Sequence[tuple[object, ...]]) -> Table:
    return Table(name="adverse_events", columns=ADVERSE_EVENT_COLUMNS, rows=rows)  # type: ignore[arg-type]


def fractures(rows: Sequence[tuple[object, ...]]) -> Table:
    return Table(name="fractures", columns=FRACTURE_COLUMNS, rows=rows)  # type: ignore[arg-type]


def a_trial() -> tuple[Table, Table, Table, Table]:
    """Long, wide, adverse events and fractures of two women; texts that formats stumble over are in."""
    day = date(2016, 2, 29)
    long = long_form(
        [
            {"STUDYID": "S-1", "USUBJID": "P001", "AVISIT": "Baseline", "AVISITN": 0.0, "ADT": day, "ADY": -3}
            | {"PARAMCD": "RADTBD", "PARAM": "Radius trabecular density", "AVAL": 140.25, "AVALU": "mg/cm3"}
            | {"BASE": 140.25, "ABLFL": "Y", "ANL01FL": "Y", "LSC": 3.1, "SRCID": "a1"},
            {"STUDYID": "S-1", "USUBJID": "P001", "AVISIT": "Month 12", "AVISITN": 12.0, "ADT": date(2017, 3, 1)}
            | {"ADY": 366, "PARAMCD": "RADTBD", "AVAL": 0.1 + 0.2, "CHG": -0.0, "AVALC": "<0.5", "SRCID": "ñ=2"},
        ]
    )
    wide = wide_form(
        [
            ("S-1", "P001", "2M", "Baseline", 0.0, day, 140.25, None, None, -2.5, None),
            ("S-1", "P001", "2M", "Month 12", 12.0, date(2017, 3, 1), 139.0, -1.25, -0.8912655971479501, None, None),
            ("S-1", "P002", "5M", "Baseline", 0.0, date(2016, 4, 1), None, None, None, -3.1, None),
        ]
    )
    events = adverse_events(
        [
            ("S-1", "P001", "2M", "=Fever, 'high'", None, None, "N", "mild", None, None, day, -3, None, None, "b1"),
            ("S-1", "P001", "2M", "Dolor\nlumbar", None, None, "Y", None, None, None, None, None, day, -3, "b2"),
            ("S-1", "P002", "5M", "-", None, None, None, None, None, None, day, 5, None, None, "b3"),
        ]
    )
    broken = fractures([("S-1", "P002", "5M", "radius", "left", "Y", None, "N", day, -30, "c1")])
    return long, wide, events, broken


def read_csv(path: Path, table: Table) -> Table:
    """What a reader of CSV makes of it: empty is missing, an apostrophe stays."""
    with path.open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    assert head == [one.name for one in table.columns]
    return table_of(table, [list(row) for row in rows])


def read_parquet(path: Path, table: Table) -> Table:
    import pyarrow.parquet as pq

    found = pq.read_table(path)
    assert found.column_names == [one.name for one in table.columns]
    columns = [one.to_pylist() for one in found.columns]
    return Table(name=table.name, columns=table.columns, rows=list(zip(*columns, strict=True)))


def read_dataset_json(path: Path, table: Table) -> Table:
    found = json.loads(path.read_text(encoding="utf-8"))
    assert [one["name"] for one in found["columns"]] == [one.name for one in table.columns]
    dates = [place for place, one in enumerate(table.columns) if one.type == "date"]
    rows = [list(row) for row in found["rows"]]
    for row in rows:
        for place in dates:
            row[place] = row[place] and date.fromisoformat(row[place])
    return Table(name=table.name, columns=table.columns, rows=[tuple(row) for row in rows])


def read_xpt(path: Path, table: Table) -> Table:
    """By pandas, which shares no code with the writer; further columns of long texts are joined to their first."""
    import pandas as pd

    frame = pd.read_sas(path, format="xport", encoding="utf-8")
    own = xpt_names(table.columns)
    columns: list[list[object]] = []
    for name in frame.columns:
        cells = frame[name].tolist()
        if name in own.values():
            columns.append(cells)
        else:
            columns[-1] = [str(first) + str(more) for first, more in zip(columns[-1], cells, strict=True)]
    cells = [[_FROM_SAS[one.type](cell) for cell in cells] for one, cells in zip(table.columns, columns, strict=True)]
    return Table(name=table.name, columns=table.columns, rows=list(zip(*cells, strict=True)))


def _sas_number(cell: float) -> float | None:
    # pandas reads SAS' zero as 16**-65, which the writer refuses.
    return None if cell != cell else 0.0 if cell == 16.0**-65 else cell


def _sas_integer(cell: float) -> int | None:
    number = _sas_number(cell)
    assert number is None or number.is_integer()
    return None if number is None else int(number)


def _sas_date(cell: float) -> date | None:
    days = _sas_integer(cell)
    return None if days is None else date(1960, 1, 1) + timedelta(days=days)


_FROM_SAS: Mapping[str, Callable[..., object]] = {
    "text": lambda cell: cell or None,
    "number": _sas_number,
    "integer": _sas_integer,
    "date": _sas_date,
}
_FROM_TEXT: Mapping[str, Callable[[str], object]] = {
    "text": str,
    "number": float,
    "integer": int,
    "date": date.fromisoformat,
}


def table_of(table: Table, rows: Sequence[Sequence[str]]) -> Table:
    """Cells that were read as text, in the types of a table."""
    kinds = [_FROM_TEXT[one.type] for one in table.columns]
    typed = [tuple(kind(cell) if cell else None for kind, cell in zip(kinds, row, strict=True)) for row in rows]
    return Table(name=table.name, columns=table.columns, rows=typed)  # type: ignore[arg-type]
