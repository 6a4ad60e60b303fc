"""DXA tables of the US survey NHANES, as the National Center for Health Statistics publishes them.

All its densitometers are made by Hologic. The hip is the left one unless that was broken or replaced; no column tells
which, so the side stays open.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from bonemetrics.anatomy import SPINE
from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa.nhanes_tables import TABLES, UNITS, Region, Table
from bonemetrics.readers.dxa.nhanes_transport import Columns, is_transport, numeric_columns
from bonemetrics.readers.dxa.source import Source
from bonemetrics.records import (
    DxaCell,
    DxaCircumstances,
    DxaDevice,
    DxaPatient,
    DxaReading,
    DxaRow,
    Problem,
    RawDxaReport,
    Route,
    note,
)

ROUTE: Route = "nhanes"
_DXA_COLUMN = re.compile(rb"DX[ADX][A-Z0-9]{3,5}[ \0]")
_IMPUTED = "_MULT_"


def recognises(name: str, start: bytes) -> bool:
    """Whether it is a SAS transport file that names a column of the survey's DXA tables at its start."""
    del name
    return is_transport(start) and _DXA_COLUMN.search(start) is not None


def read(source: Source) -> DxaReading:
    """Read a DXA table of NHANES (femur, spine or whole body).

    Parameters
    ----------
    source
        A SAS transport file.

    Returns
    -------
    DxaReading
        One report for each participant and site; the participant is the number SEQN, and there are no dates. What the
        survey marks as invalid is empty, with a note.

    Raises
    ------
    ReadError
        `no-dxa-results` for another table; `results-not-understood` for tables with several imputed copies of each
        participant, and where participant or status are missing.
    """
    columns = numeric_columns(source.data)
    tables = [table for table in TABLES if table.status in columns]
    if not tables:
        raise _no_table(columns)
    participants = _participants(columns)
    reports: list[RawDxaReport] = []
    problems: list[Problem] = []
    for table in tables:
        scans = _Scans(table, columns, participants)
        reports += scans.reports()
        problems += scans.problems()
    if not reports:
        raise ReadError("no participant of the table has a valid scan", code="no-dxa-results")
    return DxaReading(reports=tuple(reports), problems=tuple(problems))


def _no_table(columns: Columns) -> ReadError:
    if any(name.endswith("BMD") for name in columns):
        wanted = ", ".join(table.status for table in TABLES)
        return ReadError(
            f"the table has bone densities but no column of the scan's status ({wanted}), so that valid scans cannot "
            "be told from others",
            code="results-not-understood",
        )
    return ReadError("a SAS transport file, but no DXA table of NHANES", code="no-dxa-results")


def _participants(columns: Columns) -> list[str]:
    if _IMPUTED in columns:
        raise _imputed()
    if "SEQN" not in columns:
        raise ReadError("the column SEQN of the participants is missing", code="results-not-understood")
    found = []
    for number in columns["SEQN"]:
        if number is None or number != int(number) or not 0 < number < 1e9:
            raise ReadError("SEQN is not a whole number on every line", code="results-not-understood")
        found.append(str(int(number)))
    if len(set(found)) < len(found):
        raise _imputed()
    return found


def _imputed() -> ReadError:
    return ReadError(
        "several copies of each participant: the whole-body tables of 1999 to 2006 hold five sets of imputed numbers, "
        "which are to be analysed together and are no measurements",
        code="results-not-understood",
    )


class _Scans:
    """The scans of one table, line by line."""

    def __init__(self, table: Table, columns: Columns, participants: list[str]) -> None:
        self._table = table
        self._columns = columns
        self._participants = participants
        self._left_out: Counter[str] = Counter()
        self._regions = [region for region in table.regions if any(name in columns for name in region.columns.values())]

    def reports(self) -> Iterator[RawDxaReport]:
        for line in range(len(self._participants)):
            status = self._at(self._table.status, line)
            if status in self._table.invalid:
                self._left_out["invalid"] += 1
            elif status is None:
                self._left_out["unknown"] += 1
            elif status not in self._table.done:
                self._left_out["none"] += 1
            else:
                yield from self._report(line)

    def problems(self) -> Iterator[Problem]:
        """What is to be said of the table, once all lines are read."""
        site, count = self._table.site, self._left_out
        if count["none"] or count["empty"]:
            message = f"{site}: {count['none'] + count['empty']} participants were not scanned or have no number"
            yield note("scans-without-results", message)
        if count["invalid"] or count["unknown"]:
            message = (
                f"{site}: {count['invalid']} scans marked as invalid and {count['unknown']} of unknown status were "
                "passed over"
            )
            yield note("marked-invalid", message)
        if count["region"]:
            yield note("marked-invalid", f"{site}: {count['region']} regions are marked as invalid")

    def _at(self, column: str, line: int) -> float | None:
        values = self._columns.get(column)
        return None if values is None else values[line]

    def _report(self, line: int) -> Iterator[RawDxaReport]:
        invalid = [region for region in self._regions if self._is_invalid(region, line)]
        rows = tuple(self._row(region, line, empty=region in invalid) for region in self._regions)
        if all(cell.value is None for row in rows for cell in row.cells.values()):
            self._left_out["empty"] += 1
            return
        self._left_out["region"] += len(invalid)
        total = next((row for row in rows if row.region == "L1-L4"), None)
        yield RawDxaReport(
            route=ROUTE,
            site=self._table.site,
            device=DxaDevice(manufacturer="HOLOGIC"),
            patient=DxaPatient(patient_id=self._participants[line]),
            circumstances=DxaCircumstances(k=self._at(self._table.k, line), d0=self._at(self._table.d0, line)),
            included=("L1", "L2", "L3", "L4") if total is not None and total.value("bmd") is not None else (),
            rows=rows,
            problems=tuple(self._marked(invalid, line)),
        )

    def _is_invalid(self, region: Region, line: int) -> bool:
        return region.validity in self._columns and self._at(region.validity, line) != 0

    def _row(self, region: Region, line: int, *, empty: bool) -> DxaRow:
        cells = {}
        for name, column in region.columns.items():
            if column not in self._columns:
                continue
            value = self._at(column, line)
            cells[name] = DxaCell(
                raw="" if value is None else repr(value),
                value=None if empty else value,
                unit=UNITS[name],
                place=f"{column} line {line + 1}",
                trust="exact",
            )
        return DxaRow(region=region.region, printed=region.stem, side=region.side, cells=cells)

    def _marked(self, invalid: list[Region], line: int) -> Iterator[Problem]:
        # The survey marks its total as invalid with any vertebra; that is no news beside the vertebra.
        named = [region for region in invalid if region.region != "L1-L4" or self._table.site != SPINE]
        if named:
            codes = ", ".join(f"{region.region}{_side(region)} ({self._code(region, line)})" for region in named)
            yield note("marked-invalid", f"marked as invalid by the survey, with its code: {codes}")

    def _code(self, region: Region, line: int) -> str:
        code = self._at(region.validity, line)
        return "missing" if code is None else f"{code:g}"


def _side(region: Region) -> str:
    return f" {region.side}" if region.side else ""
