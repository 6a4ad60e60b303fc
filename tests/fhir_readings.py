"""What the reader of FHIR makes of resources, short enough to compare."""

from __future__ import annotations

from typing import Any

import pytest

from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa import fhir
from bonemetrics.readers.dxa.source import Source
from bonemetrics.records import DxaReading, RawDxaReport
from tests.dxa_cases.fhir import bundle, observation, quantity

Json = dict[str, Any]
NECK = "Left femoral neck"
ONE = observation("a", "46278-8", quantity(0.713), region=NECK)


def read(*resources: Json) -> DxaReading:
    return fhir.read(Source(data=bundle(*resources)))


def raw(text: str) -> DxaReading:
    return fhir.read(Source(data=text.encode()))


def refusal(*resources: Json) -> ReadError:
    with pytest.raises(ReadError) as caught:
        read(*resources)
    return caught.value


def codes(reading: DxaReading) -> list[str]:
    return [problem.code for item in (reading, *reading.reports) for problem in item.problems]


def rows(report: RawDxaReport) -> list[tuple[str, str | None, dict[str, float | None]]]:
    return [(row.region, row.side, {name: cell.value for name, cell in row.cells.items()}) for row in report.rows]
