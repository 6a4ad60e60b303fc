"""How scanners spell sites, regions, dates and numbers on their pages."""

from __future__ import annotations

from datetime import date

from bonemetrics.anatomy import FOREARM, HIP, SPINE
from bonemetrics.sample.dxa.exam import Exam
from bonemetrics.sample.dxa.numbers import Row

_HOLOGIC = {
    "neck": "Neck",
    "trochanter": "Troch",
    "intertrochanter": "Inter",
    "total-hip": "Total",
    "wards": "Ward's",
}
_LUNAR = {"neck": "Neck", "trochanter": "Troch", "shaft": "Shaft", "total-hip": "Total", "wards": "Wards"}
_BONES = {"radius": "Radius", "ulna": "Ulna", "radius+ulna": "R+U"}
_PARTS = {"ud": "UD", "mid": "MID", "33": "1/3", "total": "Total"}
_LUNAR_PARTS = {"ud": "UD", "33": "33%", "total": "Total"}


def hologic_region(region: str) -> str:
    """A region as Hologic prints it."""
    if "-" in region and (bone := region.rpartition("-")[0]) in _BONES:
        return f"{_BONES[bone]} {_PARTS[region.rpartition('-')[2]]}"
    return _HOLOGIC.get(region, region)


def lunar_region(region: str) -> str:
    """A region as enCORE prints it."""
    if "-" in region and (bone := region.rpartition("-")[0]) in _BONES:
        name = "Both" if bone == "radius+ulna" else _BONES[bone]
        return f"{name} {_LUNAR_PARTS[region.rpartition('-')[2]]}"
    return _LUNAR.get(region, region)


def hologic_site(exam: Exam) -> str:
    """What was scanned, as Hologic names it."""
    side = f"{exam.side.capitalize()} " if exam.side else ""
    return {SPINE: "Lumbar Spine", HIP: f"{side}Hip", FOREARM: f"{side}Forearm"}[exam.site]


def lunar_site(exam: Exam) -> str:
    """What was scanned, as enCORE names it."""
    side = f"{exam.side.capitalize()} " if exam.side else ""
    return {SPINE: "AP Spine", HIP: f"{side}Femur", FOREARM: f"{side}Forearm"}[exam.site]


def long_date(day: date, *, comma: bool = False) -> str:
    """A date as Hologic prints it; with decimal commas the day stands first, between points."""
    return f"{day:%d.%m.%Y}" if comma else f"{day:%B %d, %Y}"


def us_date(day: date) -> str:
    """Month, day and year, as enCORE prints it in the United States."""
    return f"{day:%m/%d/%Y}"


def printed(row: Row, name: str, *, comma: bool = False) -> str:
    """A cell as printed, with a decimal comma where the computer is set to one."""
    text = row.text(name)
    return text.replace(".", ",") if comma else text
