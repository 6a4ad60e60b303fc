"""What no entry can hold: numbers beyond hard limits, parts that are more than their whole, and what is not there."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from bonemetrics.histomorphometry.catalogue import AT_MOST, MEASUREMENTS
from bonemetrics.records import HistomorphometryEntry


def beyond_limits(values: Mapping[str, float]) -> Iterator[str]:
    """Numbers beyond the hard limits of the catalogue, or of a size that no section has.

    Parameters
    ----------
    values
        As entered, by code.
    """
    for code, value in values.items():
        entry = MEASUREMENTS[code]
        least, most = entry.magnitudes
        if not entry.holds(value):
            high = "" if entry.high is None else f" and at most {entry.high:g}"
            low = "above" if entry.low_open else "at least"
            yield f"{code} is {value:g} {entry.unit}; it is {low} {entry.low:g}{high}"
        elif value != 0 and not least <= value <= most:
            yield f"{code} is {value:g} {entry.unit}; no section holds less than {least:g} or more than {most:g}"


def parts_beyond_wholes(values: Mapping[str, float]) -> Iterator[str]:
    """Parts that together are more than their whole.

    Parameters
    ----------
    values
        By code, O.Pm as one side of the seams.
    """
    for limit in AT_MOST:
        if not set(limit.parts) & values.keys():
            continue
        if not limit.whole:
            total, name, whole = sum(values.get(part, math.nan) for part in limit.parts), "100 %", 100.0
        else:
            total = sum(values.get(part, 0.0) for part in limit.parts)
            name, whole = limit.whole, values.get(limit.whole, math.nan)
        if total > whole * (1 + 1e-9):
            parts = " + ".join(limit.parts)
            yield f"{parts} = {total:g} is more than {name} = {whole:g}"
    ob, osteoid = values.get("Ob.S/BS"), values.get("OS/BS")
    if ob is not None and osteoid is not None and ob > osteoid:
        yield f"Ob.S/BS = {ob:g} % is more than OS/BS = {osteoid:g} %"


def seams_without_size(values: Mapping[str, float]) -> Iterator[str]:
    """Osteoid that has a length and no area, an area and no length, or a width and no length.

    Parameters
    ----------
    values
        As for `parts_beyond_wholes`.
    """
    length, area = values.get("O.Pm"), values.get("O.Ar")
    if length == 0 and area is not None and area > 0:
        yield f"O.Ar = {area:g} mm2, but O.Pm = 0"
    if area == 0 and length is not None and length > 0:
        yield f"O.Pm = {length:g} mm, but O.Ar = 0; leave it empty if it was not measured, or give more digits"
    if length == 0 and values.get("O.Wi", 0.0) > 0:
        yield f"O.Wi = {values['O.Wi']:g} um, but O.Pm = 0"


def outside_envelope(entry: HistomorphometryEntry) -> Iterator[str]:
    """What was entered of another compartment than that of the entry."""
    if entry.envelope is None:
        return
    for code in (*entry.primaries, *entry.typed):
        belongs = MEASUREMENTS[code].envelopes
        if entry.envelope not in belongs:
            yield f"{code} is not of {entry.envelope} bone, only of {', '.join(belongs)}"
