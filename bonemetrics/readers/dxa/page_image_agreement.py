"""Two independent looks at the words of a page: what both of them say."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TypeVar

from bonemetrics.errors import ReadError
from bonemetrics.records import DxaRow, RawDxaReport, note
from bonemetrics.records.base import Record

_R = TypeVar("_R", bound=Record)
_IDENTIFIER = re.compile(r"[\w./+-]+", re.ASCII)
_KEPT = ("route", "rows", "problems", "others", "pictures", "structure")


def agreed_reports(
    one: Sequence[RawDxaReport], other: Sequence[RawDxaReport], *, is_written: Callable[[str], bool]
) -> tuple[RawDxaReport, ...]:
    """Keep what two looks at the same pages agree on.

    Parameters
    ----------
    one, other
        Reports of the same tables, read from the words of two looks.
    is_written
        Whether every look of all holds a text letter by letter: an identifier has nothing else to be checked by.

    Returns
    -------
    tuple of RawDxaReport
        Those of `one`, without rows whose name the other look reads differently, and with a fact of the head (an
        identifier, a date, a device) only where both say the same.

    Raises
    ------
    ReadError
        `results-not-understood` if no row is left.
    """
    kept = []
    for report in one:
        twin = next((second for second in other if _same_table(report, second)), None)
        found = _with_sure_names(_agreed(report, twin), is_written)
        if found.rows:
            kept.append(found)
    if not kept:
        raise ReadError("two looks at the picture do not agree on any row of its table", code="results-not-understood")
    return tuple(kept)


def _with_sure_names(report: RawDxaReport, is_written: Callable[[str], bool]) -> RawDxaReport:
    """Empty identifiers that not every look holds, or that hold signs which no scanner lets into one."""

    def kept(text: str) -> str:
        return text if _IDENTIFIER.fullmatch(text) and all(is_written(part) for part in text.split("+")) else ""

    scan_id, serial = kept(report.scan_id), kept(report.device.serial)
    return report.model_copy(
        update={
            "scan_id": scan_id,
            "key": report.key if scan_id and serial else "",
            "device": report.device.model_copy(update={"serial": serial}),
            "patient": report.patient.model_copy(update={"patient_id": kept(report.patient.patient_id)}),
        }
    )


def _same_table(one: RawDxaReport, other: RawDxaReport) -> bool:
    return bool(_places(one) & _places(other))


def _places(report: RawDxaReport) -> set[str]:
    return {cell.place for row in report.rows for cell in row.cells.values()}


def _agreed(report: RawDxaReport, twin: RawDxaReport | None) -> RawDxaReport:
    facts = _common(report, twin if twin is not None else RawDxaReport(route=report.route), except_for=_KEPT)
    same = [row for row in report.rows if twin is not None and any(_same_row(row, seen) for seen in twin.rows)]
    # A table has each row once: of two rows of one name at least one was misread.
    names = Counter((row.region, row.side, row.statistic) for row in report.rows)
    rows = tuple(row for row in same if names[row.region, row.side, row.statistic] == 1)
    lost = len(report.rows) - len(rows)
    problems = report.problems
    if lost:
        problems += (note("unknown-region", f"the names of {lost} rows could not be read with certainty"),)
    return facts.model_copy(update={"rows": rows, "problems": problems})


def _same_row(one: DxaRow, other: DxaRow) -> bool:
    if (one.region, one.side, one.statistic) != (other.region, other.side, other.statistic):
        return False
    return any(cell.place == other.cells[name].place for name, cell in one.cells.items() if name in other.cells)


def _common(one: _R, other: _R, *, except_for: Sequence[str] = ()) -> _R:
    """A record whose fields are those that both have alike, and empty elsewhere."""
    fields = type(one).model_fields
    update: dict[str, object] = {}
    for name, field in fields.items():
        if name in except_for:
            continue
        mine, theirs = getattr(one, name), getattr(other, name)
        if isinstance(mine, Record) and isinstance(theirs, Record):
            update[name] = _common(mine, theirs)
        elif mine != theirs:
            update[name] = field.get_default(call_default_factory=True)
    return one.model_copy(update=update)
