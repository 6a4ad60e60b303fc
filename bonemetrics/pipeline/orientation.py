"""Which arm was scanned and which end of the scan is distal, as tags and protocol say it."""

from __future__ import annotations

from dataclasses import dataclass

from bonemetrics.records import End, Problem, RegionRule, ScanHeader, Side, note
from bonemetrics.volume import Geometry

_ALONG_THE_BODY = 0.5
"""Least share of the slice direction along the body's axis for head and feet to name an end of the stack."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What is said, where it comes from, and a note where tags and protocol differ."""

    side: Side | None = None
    side_source: str = ""
    distal: End | None = None
    distal_source: str = ""
    notes: tuple[Problem, ...] = ()


def what_is_told(header: ScanHeader, region: RegionRule, geometry: Geometry) -> Told:
    """Side and distal end from the tags, else from the protocol; nothing is guessed.

    Parameters
    ----------
    header
        Its laterality comes first.
    region
        The protocol's `side` and `distal` (towards the patient's head or feet).
    geometry
        Grid of the scan; its slice index grows along its first direction, in LPS.

    Returns
    -------
    Told
        `distal` is the end of the slice index, `None` where the protocol is silent or slices lie along the body.
    """
    side = header.laterality or region.side
    source = "tags" if header.laterality else "protocol" if region.side else ""
    notes: tuple[Problem, ...] = ()
    if header.laterality and region.side and header.laterality != region.side:
        notes = (note("side-differs", f"the tags say {header.laterality}, the protocol says {region.side}"),)
    distal = _distal_end(region, geometry)
    return Told(side=side, side_source=source, distal=distal, distal_source="protocol" if distal else "", notes=notes)


def _distal_end(region: RegionRule, geometry: Geometry) -> End | None:
    towards_head = float(geometry.direction[2, 0])
    if region.distal is None or abs(towards_head) < _ALONG_THE_BODY:
        return None
    return "last" if (region.distal == "head") == (towards_head > 0) else "first"
