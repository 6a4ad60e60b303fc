"""Rows of small tables on their way through column map and interpreter, for tests of the clinical room."""

from __future__ import annotations

import csv
import io

from bonemetrics.clinical.door import interpreter
from bonemetrics.pipeline.interpreters import LooksTwice
from bonemetrics.readers.tables.columns import map_columns
from bonemetrics.records import ClinicalParameters, RawCell, RawRow, RowOutcome, TableMap, UnitConversion, Wanted


def wanted(paramcd, quantity, unit="", *, site="serum", region=None, side=None, version=None, value_set=None) -> Wanted:
    return Wanted(
        paramcd=paramcd,
        quantity=quantity,
        site=site,
        region=region,
        side=side,
        unit=unit,
        version=version,
        value_set=value_set,
    )


def rule(quantity, unit, factor, source="kit leaflet") -> UnitConversion:
    return UnitConversion(quantity=quantity, unit=unit, factor=factor, source=source)


def taken(kind, text, *, asked=(), rules=(), parameters=None, **table) -> list[RowOutcome]:
    """What becomes of each row of a CSV text; the header is line 1. Sittings come last.

    Where the whole sheet tells what its rows mean, it is what becomes of them at the second look.
    """
    mapped = TableMap(kind=kind, **table)
    who = interpreter(mapped, asked, rules, parameters or ClinicalParameters())
    lines = list(csv.reader(io.StringIO(text.strip())))
    found = _taken(who, lines, mapped)
    again = who.second_look() if isinstance(who, LooksTwice) else None
    return found if again is None else _taken(again, lines, mapped)


def _taken(who, lines, mapped) -> list[RowOutcome]:
    columns = map_columns([cell.strip() for cell in lines[0]], who.roles, mapped)
    rows = [
        RawRow(line=number, cells=tuple(RawCell(cell.strip()) for cell in cells))
        for number, cells in enumerate(lines[1:], start=2)
    ]
    return [*(who.take(columns.row(row)) for row in rows), *who.finish()]


def values(outcomes) -> list[tuple[str, float | None, str]]:
    """Quantity, value and unit of every record."""
    return [(one.quantity, one.value, one.unit) for outcome in outcomes for one in outcome.records]


def codes(outcomes) -> list[str]:
    """Codes of all refusals and notes on rows, in their order."""
    return [problem.code for outcome in outcomes for problem in outcome.problems]
