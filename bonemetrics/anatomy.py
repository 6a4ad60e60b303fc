"""Where a DXA number is from: sites and their regions under one spelling, and the vertebrae a region is made of."""

from __future__ import annotations

import re
from collections.abc import Iterable

SPINE, HIP, FOREARM, WHOLE_BODY = "lumbar-spine", "hip", "forearm", "whole-body"

VERTEBRAE = ("T12", "L1", "L2", "L3", "L4", "L5")
HIP_REGIONS = ("neck", "trochanter", "intertrochanter", "wards", "total-hip", "shaft")
FOREARM_REGIONS = tuple(
    f"{bone}-{part}" for bone in ("radius", "ulna", "radius+ulna") for part in ("ud", "mid", "33", "total")
)
WHOLE_BODY_REGIONS = (
    *("head", "arm", "ribs", "thoracic-spine", "body-lumbar-spine", "spine", "trunk", "pelvis", "leg"),
    *("subtotal", "whole-body"),
)
SITES: dict[str, tuple[str, ...]] = {
    SPINE: VERTEBRAE,
    HIP: HIP_REGIONS,
    FOREARM: FOREARM_REGIONS,
    WHOLE_BODY: WHOLE_BODY_REGIONS,
}
"""Regions by site; a spine has every combination of vertebrae beside them, such as `L1-L4` and `L1,L3-L4`."""

UNSPECIFIC: dict[str, tuple[str, ...]] = {
    SPINE: ("spine-unspecified",),
    HIP: ("hip-unspecified", "femur-unspecified"),
    FOREARM: ("forearm-unspecified",),
}
"""Where a source names a bone but no region of it, as general codes do. Such numbers are kept and serve no rule."""

_RUN = re.compile(r"([TL]\d{1,2})(?:-([TL]\d{1,2}))?")


def vertebrae_of(region: str) -> tuple[str, ...]:
    """The vertebrae of a spine region, from above.

    Parameters
    ----------
    region
        `L3`, `L1-L4`, `L1,L3-L4`; no blanks.

    Returns
    -------
    tuple of str
        Empty where the text is no spine region: an unknown level, a run that goes upwards, a level named twice.
    """
    levels: list[str] = []
    for part in region.split(","):
        found = _RUN.fullmatch(part)
        if found is None:
            return ()
        first, last = found[1], found[2] or found[1]
        if first not in VERTEBRAE or last not in VERTEBRAE:
            return ()
        levels += VERTEBRAE[VERTEBRAE.index(first) : VERTEBRAE.index(last) + 1] or [""]
    in_order = sorted(set(levels) - {""}, key=VERTEBRAE.index)
    return tuple(levels) if levels == in_order else ()


def spine_region(levels: Iterable[str]) -> str:
    """The one spelling of a set of vertebrae: runs by a hyphen, gaps by a comma; two neighbours are a run.

    Parameters
    ----------
    levels
        At least one of `VERTEBRAE`, in any order.

    Returns
    -------
    str
        Such as `L1-L4`, `L1-L2,L4` or `L3`.
    """
    places = sorted({VERTEBRAE.index(level) for level in levels})
    runs: list[list[int]] = []
    for place in places:
        if runs and runs[-1][1] == place - 1:
            runs[-1][1] = place
        else:
            runs.append([place, place])
    return ",".join(VERTEBRAE[a] if a == b else f"{VERTEBRAE[a]}-{VERTEBRAE[b]}" for a, b in runs)


def is_region(site: str, region: str) -> bool:
    """Whether a site has a region of this name."""
    known = (*SITES.get(site, ()), *UNSPECIFIC.get(site, ()))
    return region in known or (site == SPINE and bool(vertebrae_of(region)))


def site_of(region: str) -> str | None:
    """The site a region belongs to; every name belongs to one only."""
    return next((site for site in SITES if is_region(site, region)), None)
