"""How scanners spell regions, brought to the one spelling of `anatomy`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bonemetrics.anatomy import FOREARM, HIP, SPINE, WHOLE_BODY, spine_region, vertebrae_of
from bonemetrics.records import ReportSide, Statistic


@dataclass(frozen=True, slots=True)
class Place:
    """Where a printed row belongs."""

    site: str
    region: str
    side: ReportSide | None = None
    statistic: Statistic = "value"


_SIDES: dict[str, ReportSide] = {
    "left": "left",
    "right": "right",
    "l": "left",
    "r": "right",
    "lt": "left",
    "rt": "right",
}
_HIP = {
    "neck": "neck",
    "femoral neck": "neck",
    "fem neck": "neck",
    "troch": "trochanter",
    "trochanter": "trochanter",
    "inter": "intertrochanter",
    "intertroch": "intertrochanter",
    "intertrochanter": "intertrochanter",
    "ward's": "wards",
    "wards": "wards",
    "ward's tri": "wards",
    "ward's triangle": "wards",
    "total": "total-hip",
    "total hip": "total-hip",
    "htot": "total-hip",
    "hip": "total-hip",
    "hip total": "total-hip",
    "total femur": "total-hip",
    "femur total": "total-hip",
    "shaft": "shaft",
}
_BONES = {"radius": "radius", "ulna": "ulna", "both": "radius+ulna", "r+u": "radius+ulna", "total": "radius+ulna"}
_PARTS = {
    "ud": "ud",
    "ultradistal": "ud",
    "mid": "mid",
    "1/3": "33",
    "33%": "33",
    "33 %": "33",
    "total": "total",
    "": "total",
}
_BODY = {
    "head": "head",
    "arm": "arm",
    "arms": "arm",
    "rib": "ribs",
    "ribs": "ribs",
    "t spine": "thoracic-spine",
    "thoracic spine": "thoracic-spine",
    "l spine": "body-lumbar-spine",
    "lumbar spine": "body-lumbar-spine",
    "spine": "spine",
    "trunk": "trunk",
    "pelvis": "pelvis",
    "leg": "leg",
    "legs": "leg",
    "subtotal": "subtotal",
    "tblh": "subtotal",
    "total": "whole-body",
    "whole body": "whole-body",
}
_PAIRED = ("arm", "leg", "ribs")
_SIDE_FIRST = re.compile(r"(left|right|l|r|lt|rt)\.?\s+(.+)", re.IGNORECASE)
_SIDE_LAST = re.compile(r"(.+?)[\s,(]+(left|right|mean|diff(?:erence)?\.?|\|diff\.?\|)\)?", re.IGNORECASE)
_FOREARM = re.compile(r"(radius|ulna|both|r\s*\+\s*u|total)?\s*(ud|ultradistal|mid|1/3|33\s?%|total)?", re.IGNORECASE)


def place_of(printed: str, site: str, *, side: ReportSide | None = None) -> Place | None:
    """Where a row of a results table belongs.

    Parameters
    ----------
    printed
        The row's name as printed, such as `L2 - L4`, `Neck Left`, `Radius 1/3`, `L Arm`; in group rows (`Neck` above
        `Left`, `Right`, `Mean`, `|Diff.|`) the group and the row joined by a blank.
    site
        The site the table is of (`anatomy.SITES`).
    side
        Side of the scan, for rows that name none.

    Returns
    -------
    Place or None
        `None` for a name that is not known for the site.
    """
    text = " ".join(printed.replace("\u2019", "'").replace("\u2013", "-").split())
    if site == SPINE:
        return _spine(text)
    statistic: Statistic = "value"
    whole = _region(text.casefold().strip(" ."), site)
    printed_side = False
    if whole is not None:
        # Before any side is split off: the L of `L Spine` means lumbar.
        return Place(site, whole, side if site != WHOLE_BODY or whole in _PAIRED else None, statistic)
    if found := _SIDE_LAST.fullmatch(text):
        word = found[2].casefold().strip("|. ")
        text = found[1]
        if word.startswith("diff"):
            side, statistic = None, "difference"
        elif word == "mean":
            side, statistic = "mean", "mean"
        else:
            side, printed_side = _SIDES[word], True
    elif found := _SIDE_FIRST.fullmatch(text):
        side, text, printed_side = _SIDES[found[1].casefold()], found[2], True
    region = _region(text.casefold().strip(" ."), site)
    if region is None:
        return None
    # `Trunk Left` is half a trunk: without its side it would pass for the whole.
    has_side = site != WHOLE_BODY or region in _PAIRED or printed_side
    return Place(site, region, side if has_side else None, statistic)


def _spine(text: str) -> Place | None:
    if re.search(r"\(.*\d.*\)", text):
        # Levels in brackets may be those that were left out.
        return None
    plain = re.sub(r"\(.*\)", "", text).replace(" ", "").upper().replace("TOTAL", "")
    plain = re.sub(r"(?<=-)(\d)", r"L\1", plain)
    levels = vertebrae_of(plain)
    return Place(SPINE, spine_region(levels)) if levels else None


def _region(text: str, site: str) -> str | None:
    if site == HIP:
        return _HIP.get(text)
    if site == WHOLE_BODY:
        return _BODY.get(text)
    if site == FOREARM and text and (found := _FOREARM.fullmatch(text)):
        bone = re.sub(r"\s", "", (found[1] or "").casefold())
        part = " ".join((found[2] or "").casefold().split())
        if bone in _BONES:
            return f"{_BONES[bone]}-{_PARTS[part]}"
    return None
