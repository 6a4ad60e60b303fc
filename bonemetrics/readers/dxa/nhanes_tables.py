"""The DXA tables of NHANES: columns by name, as the published codebooks have them.

References
----------
National Health and Nutrition Examination Survey, data documentation and codebooks DXXFEM, DXXSPN and DXX (National
Center for Health Statistics), cycles 2005-2006 to 2017-March 2020.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bonemetrics.anatomy import HIP, SPINE, WHOLE_BODY
from bonemetrics.records import ReportSide

UNITS: Mapping[str, str] = {"area": "cm2", "bmc": "g", "bmd": "g/cm2"}
_ENDS = {"area": "A", "bmc": "BMC", "bmd": "BMD"}


@dataclass(frozen=True, slots=True)
class Region:
    """A region of a table: its columns are `stem` with A, BMC and BMD; `validity` is the column that is 0 if valid."""

    region: str
    stem: str
    validity: str = ""
    side: ReportSide | None = None

    @property
    def columns(self) -> dict[str, str]:
        """Column by name of the cell."""
        return {name: f"{self.stem}{end}" for name, end in _ENDS.items()}


@dataclass(frozen=True, slots=True)
class Table:
    """One kind of scan: `status` is the column of the examination's outcome, `done` its values with valid numbers."""

    site: str
    status: str
    done: tuple[int, ...]
    invalid: tuple[int, ...]
    regions: tuple[Region, ...]
    k: str = ""
    d0: str = ""


_FEMUR = Table(
    site=HIP,
    status="DXAFMRST",
    done=(1,),
    invalid=(2,),
    regions=(
        Region("neck", "DXXNK", "DXXFMBCC"),
        Region("trochanter", "DXXTR", "DXXFMBCC"),
        Region("intertrochanter", "DXXIN", "DXXFMBCC"),
        Region("wards", "DXXWD", "DXXFMBCC"),
        Region("total-hip", "DXXOF", "DXXFMBCC"),
    ),
    k="DXAFMRK",
    d0="DXAFMRD0",
)
_SPINE = Table(
    site=SPINE,
    status="DXASPNST",
    # 2 is a scan with at least one invalid vertebra: the others stand, and the survey leaves the total out.
    done=(1, 2),
    invalid=(),
    regions=(
        *(Region(f"L{level}", f"DXXL{level}", f"DXXL{level}BCC") for level in range(1, 5)),
        Region("L1-L4", "DXXOS", "DXXOSBCC"),
    ),
    k="DXASPNK",
    d0="DXASPND0",
)
_BODY = Table(
    site=WHOLE_BODY,
    status="DXAEXSTS",
    done=(1,),
    invalid=(2,),
    regions=(
        Region("head", "DXXHE", "DXAHEBV"),
        Region("arm", "DXXLA", "DXALABV", "left"),
        Region("arm", "DXXRA", "DXARABV", "right"),
        Region("leg", "DXXLL", "DXALLBV", "left"),
        Region("leg", "DXXRL", "DXARLBV", "right"),
        Region("ribs", "DXXLR", "DXATRBV", "left"),
        Region("ribs", "DXXRR", "DXATRBV", "right"),
        Region("thoracic-spine", "DXXTS", "DXATRBV"),
        Region("body-lumbar-spine", "DXXLS", "DXATRBV"),
        Region("pelvis", "DXXPE", "DXATRBV"),
        Region("trunk", "DXDTR", "DXATRBV"),
        Region("subtotal", "DXDST"),
        Region("whole-body", "DXDTO"),
    ),
)
TABLES = (_FEMUR, _SPINE, _BODY)
