"""Hologic pages: columns by place, groups by heading, facts around the table."""

import pytest

from bonemetrics.readers.dxa.printed import parse_pages
from bonemetrics.records import RawDxaReport
from tests.printed_pages import HOLOGIC_SPINE_ROWS, Placed, hologic_spine, page_of


def read(*pages: Placed, scale: float = 1.0) -> tuple[RawDxaReport, ...]:
    return parse_pages([page_of(page, number=place + 1, scale=scale) for place, page in enumerate(pages)], route="pdf")


def values(report: RawDxaReport, name: str) -> dict[str, float | None]:
    return {f"{row.region} {row.side or ''}".strip(): row.value(name) for row in report.rows}


@pytest.mark.parametrize("scale", [1.0, 0.4, 3.0])
def test_hologic_spine__gives_every_cell_at_any_scale(scale):
    (report,) = read(hologic_spine(), scale=scale)
    assert report.site == "lumbar-spine"
    for row, (label, *texts) in zip(report.rows, HOLOGIC_SPINE_ROWS, strict=True):
        assert row.region == label
        assert [row.cells[name].raw for name in ("area", "bmc", "bmd", "t_score", "z_score")] == texts
        assert [row.cells[name].unit for name in ("area", "bmc", "bmd", "t_score")] == ["cm2", "g", "g/cm2", "1"]
    assert values(report, "bmd") == {"L1": 0.8, "L2": 0.89, "L3": 0.924, "L4": 0.979, "L1-L4": 0.905}
    assert report.rows[0].cells["bmd"].decimals == 3


def test_hologic_spine__an_empty_t_column_stays_empty():
    rows = [(label, area, bmc, bmd, "", z) for label, area, bmc, bmd, _, z in HOLOGIC_SPINE_ROWS]
    (report,) = read(hologic_spine(rows))
    assert set(values(report, "t_score").values()) == {None}
    assert values(report, "z_score") == {"L1": 0.3, "L2": 0.2, "L3": 0.1, "L4": 0.7, "L1-L4": 0.4}
    cell = report.rows[0].cells["t_score"]
    assert cell.raw == ""
    # The column ends at 413 with its head; the place of an empty cell lies around it.
    x0, _, x1, _ = (float(edge) for edge in cell.place.removeprefix("page 1 box ").split(","))
    assert x0 < 391 < 413 <= x1 < 485
