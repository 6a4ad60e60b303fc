"""Reports of the invented Hologic database, some of its tables replaced."""

from __future__ import annotations

from datetime import datetime

from bonemetrics.readers.dxa.hologic_database import read
from bonemetrics.readers.dxa.source import Source
from bonemetrics.records import DxaReading, RawDxaReport
from tests.dxa_cases.hologic_database import ANALYSIS, HIP_ID, database, scans
from tests.mdb_bytes import Table

FIRST = datetime(2019, 10, 5, 7, 19, 50)


def reading(**changes: Table) -> DxaReading:
    return read(Source(data=database(**changes)))


def report(scan_id: str, **changes: Table) -> RawDxaReport:
    (found,) = [r for r in reading(**changes).reports if r.scan_id == scan_id]
    return found


def numbers(found: RawDxaReport) -> dict[str, tuple[float | None, float | None, float | None]]:
    return {row.printed: (row.value("area"), row.value("bmc"), row.value("bmd")) for row in found.rows}


def codes(found: RawDxaReport | DxaReading) -> list[str]:
    return [problem.code for problem in found.problems]


def other_scan(**changes: object) -> Table:
    """The scans, the hip of the first person changed."""
    return Table(ANALYSIS, [{**row, **changes} if row["SCANID"] == HIP_ID else row for row in scans()])
