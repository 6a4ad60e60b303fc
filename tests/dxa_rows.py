"""Results tables of invented people for the tests of `bonemetrics.dxa`."""

from __future__ import annotations

from typing import Any

from bonemetrics.records import DxaCell, DxaDevice, DxaRow, RawDxaReport, ReportSide, Statistic, Trust

UNIT = {"area": "cm2", "bmc": "g", "bmd": "g/cm2", "t_score": "1", "z_score": "1"}

# True values (L1 to L4): areas 12.314, 13.088, 14.527, 15.871 cm2; BMC 10.947, 12.613, 14.902, 15.236 g. Sums and
# ratios of these were rounded to 2, 2 and 3 decimals: L1-L4 is 55.800 cm2, 53.698 g and 0.96233 g/cm2.
SPINE = """
L1    12.31 10.95 0.889
L2    13.09 12.61 0.964
L3    14.53 14.90 1.026
L4    15.87 15.24 0.960
L1-L2 25.40 23.56 0.927
L3-L4 30.40 30.14 0.991
L2-L4 43.49 42.75 0.983
L1-L4 55.80 53.70 0.962
"""


def cell(text: str, unit: str = "1", *, trust: Trust = "text", **more: Any) -> DxaCell:
    """A printed number; one from a picture was read twice alike unless `readings` say otherwise."""
    if trust == "ocr":
        more = {"readings": (text, text), "place": "page 1 box 1,2,3,4", **more}
    return DxaCell(raw=text, value=float(text), unit=unit, decimals=len(text.partition(".")[2]), trust=trust, **more)


def exact(value: float, unit: str) -> DxaCell:
    """A binary number."""
    return DxaCell(raw=repr(value), value=value, unit=unit, trust="exact")


def row(
    region: str,
    *texts: str,
    names: tuple[str, ...] = ("area", "bmc", "bmd"),
    side: ReportSide | None = None,
    statistic: Statistic = "value",
    trust: Trust = "text",
) -> DxaRow:
    """A row of printed numbers; `.` is no cell."""
    cells = {
        name: cell(text, UNIT.get(name, "cm"), trust=trust)
        for name, text in zip(names, texts, strict=True)
        if text != "."
    }
    return DxaRow(region=region, side=side, statistic=statistic, cells=cells)


def table(text: str, *, trust: Trust = "text") -> tuple[DxaRow, ...]:
    """Rows of region, area, BMC and BMD."""
    return tuple(row(*line.split(), trust=trust) for line in text.strip().splitlines())


def report(*rows: DxaRow, manufacturer: str = "", **more: Any) -> RawDxaReport:
    """A report of these rows."""
    return RawDxaReport(**{"route": "pdf", "device": DxaDevice(manufacturer=manufacturer), "rows": rows, **more})


def codes(problems: Any) -> list[str]:
    """Codes of notes, of problems or with the cells they stand on."""
    return [getattr(problem, "code", None) or problem[0].code for problem in problems]
