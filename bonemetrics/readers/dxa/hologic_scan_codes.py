"""What the databases and raw files of Hologic scanners have in common: codes, names of fields, missing markers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bonemetrics.anatomy import FOREARM, HIP, SPINE, WHOLE_BODY
from bonemetrics.records import DxaCell, DxaRow, Finite, Problem, ReportSide, note

MISSING = -1.0
"""What Hologic writes where there is no number; a region that was not analysed has area -1 and BMC and BMD 0."""
AREA_BMC_BMD = (("area", "AREA", "cm2"), ("bmc", "BMC", "g"), ("bmd", "BMD", "g/cm2"))
"""Our cells, Hologic's columns, and the units in which Hologic stores them."""


@dataclass(frozen=True, slots=True)
class ScanType:
    """What a SCAN_TYPE says of a scan. `name` is for a person."""

    name: str
    site: str = ""
    side: ReportSide | None = None


SCAN_TYPES = {
    1: ScanType("AP spine", SPINE),
    2: ScanType("left hip", HIP, "left"),
    3: ScanType("right hip", HIP, "right"),
    5: ScanType("whole body", WHOLE_BODY),
    6: ScanType("left forearm", FOREARM, "left"),
    7: ScanType("right forearm", FOREARM, "right"),
    29: ScanType("single-energy supine lateral spine"),
    35: ScanType("single-energy AP spine image"),
    36: ScanType("single-energy lateral spine image"),
    37: ScanType("dual-energy lateral spine image"),
}
"""The codes whose meaning public code confirms (obiba/onyx); every other one stays a number."""

HIP_FIELDS = (
    ("HTOT", "total-hip"),
    ("TROCH", "trochanter"),
    ("INTER", "intertrochanter"),
    ("NECK", "neck"),
    ("WARDS", "wards"),
)
STRUCTURE_PARTS = (("NN", "narrow-neck"), ("IT", "intertrochanteric"), ("FS", "femoral-shaft"))
STRUCTURE_FIELDS = ("BMD", "CSA", "CSMI", "WIDTH", "ED", "ACT", "PCD", "CMP", "SECT_MOD", "BR")
"""Hip structure in the order in which raw files store it."""
STRUCTURE_HAS_NO_UNITS = "hip structure: the source states no units"


def scan_type_name(code: int | None) -> str:
    """A scan type as a person reads it, the code always beside it."""
    if code is None:
        return ""
    known = SCAN_TYPES.get(code)
    return f"SCAN_TYPE {code} ({known.name})" if known else f"SCAN_TYPE {code}"


def side_of(code: int | None, site: str) -> tuple[ReportSide | None, tuple[Problem, ...]]:
    """Side of a scan of this site, and a note where its scan type cannot tell it."""
    known = SCAN_TYPES.get(code) if code is not None else None
    if known is not None and known.site == site:
        return known.side, ()
    what = scan_type_name(code) or "no SCAN_TYPE"
    return None, (note("unknown-code", f"{what} does not tell site and side; its results are of the {site}"),)


def coded(name: str, value: float | str | None) -> str:
    """A code with its field's name, empty where there is none or it is the missing marker."""
    if value is None or value in ("", -1):
        return ""
    return f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}"


def number_cell(value: float | None, *, unit: str, place: str, is_empty: bool = False) -> DxaCell:
    """A stored number. Missing markers, NaN and infinities are empty cells that still show what is stored.

    `is_empty` says that the number belongs to something that was not analysed.
    """
    if value is None:
        return DxaCell(place=place, unit=unit, trust="exact")
    number = float(value)
    kept = number if _is_number(number) and not is_empty else None
    return DxaCell(raw=repr(number), value=kept, unit=unit, place=place, trust="exact")


def _is_number(stored: float) -> bool:
    return stored != MISSING and math.isfinite(stored)


def density_row(
    region: str,
    numbers: Mapping[str, float | None],
    *,
    printed: str,
    side: ReportSide | None,
    places: Mapping[str, str],
) -> DxaRow:
    """Area, BMC and BMD of one region; all three empty where the region was not analysed.

    Parameters
    ----------
    region
        Of `anatomy`.
    numbers
        By the names `area`, `bmc`, `bmd`, as stored.
    printed
        The region as the scanner calls it.
    side
        Side of the scan, or of the region.
    places
        Where each was read from, by the same names.
    """
    area = numbers.get("area")
    # Area -1 marks the whole region, whatever stands beside it.
    is_empty = not was_analysed(numbers.values()) or (area is not None and not _is_number(area))
    cells = {
        name: number_cell(numbers.get(name), unit=unit, place=places[name], is_empty=is_empty)
        for name, _column, unit in AREA_BMC_BMD
    }
    return DxaRow(region=region, printed=printed, side=side, cells=cells)


def was_analysed(numbers: Iterable[float | None]) -> bool:
    """Whether any of a region's numbers is a result: neither absent, nor the missing marker, nor 0."""
    return any(number is not None and number not in (0.0, MISSING) and math.isfinite(number) for number in numbers)


def positive(value: object) -> Finite | None:
    """A number of a person or device that can only be positive; `None` for the missing marker and for nonsense."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and value > 0 else None


def roi_text(kind: object, width: float | None, height: float | None) -> str:
    """Kind and size of the region of interest, as far as they are known."""
    parts = [f"ROI_TYPE {kind}"] if isinstance(kind, int) and kind >= 0 else []
    if width is not None and height is not None:
        parts.append(f"{width:g} x {height:g}")
    return ", ".join(parts)
