"""What an entry gives to the algebra: its measurements, with the interval of its labels and one side of its seams."""

from __future__ import annotations

from bonemetrics.errors import AlgebraError
from bonemetrics.histomorphometry.algebra import Known
from bonemetrics.histomorphometry.factors import section_factors
from bonemetrics.histomorphometry.labels import interlabel_days
from bonemetrics.records import HistomorphometryEntry, HistomorphometryParameters, Problem, SectionFactors, note

IDENTITY = 0.01
"""Relative difference beyond which values that belong together contradict each other."""


def measurements_of(
    entry: HistomorphometryEntry, parameters: HistomorphometryParameters
) -> tuple[dict[str, float], tuple[Problem, ...]]:
    """The measurements of an entry, ready to be solved.

    Parameters
    ----------
    entry
        As entered.
    parameters
        `[histomorphometry]` of the protocol.

    Returns
    -------
    measurements, notes
        By code. Ir.L.t is the one of the label dates where these are there; O.Pm is one side of the seams.
    """
    found = dict(entry.primaries)
    notes: list[Problem] = []
    if (entry.osteoid_perimeter or parameters.osteoid_perimeter) == "outline" and "O.Pm" in found:
        found["O.Pm"] /= 2
        notes.append(note("osteoid-outline", "O.Pm is the outline of the seams; half of it was taken"))
    days, typed = interval_of(entry), found.get("Ir.L.t")
    if days is not None and (entry.primaries or entry.typed):
        if typed is not None and abs(typed - days) > max(0.5, entry.half_units.get("Ir.L.t", 0.0)):
            text = f"Ir.L.t was entered as {typed:g} d; the label dates give {days:g} d, which stand"
            notes.append(note("label-interval-differs", text))
        found["Ir.L.t"] = days
    elif typed is not None:
        text = f"Ir.L.t = {typed:g} d was entered by hand; no label dates are there to check it"
        notes.append(note("label-interval-typed", text))
    return found, tuple(notes)


def osteoid_of(entry: HistomorphometryEntry, parameters: HistomorphometryParameters) -> tuple[str, str]:
    """Which osteoid perimeter was entered, and where the width of seams is from.

    Parameters
    ----------
    entry, parameters
        As for `measurements_of`.

    Returns
    -------
    convention, width
        `one-sided`, `outline` or `not stated`, empty without an osteoid perimeter; `measured` or `area over perimeter`,
        empty without either.
    """
    convention = ""
    if "O.Pm" in entry.primaries:
        convention = entry.osteoid_perimeter or parameters.osteoid_perimeter or "not stated"
    if "O.Wi" in entry.primaries:
        return convention, "measured"
    if {"O.Ar", "O.Pm"} <= entry.primaries.keys():
        return convention, "area over perimeter"
    return convention, "measured" if "O.Th" in entry.typed else ""


def interval_of(entry: HistomorphometryEntry) -> float | None:
    """Days between the midpoints of the label courses; `None` without dates, or with dates that cannot be."""
    if entry.label1_start is None or entry.label2_start is None:
        return None
    try:
        return interlabel_days(entry.label1_start, entry.label1_end, entry.label2_start, entry.label2_end, entry.day)
    except AlgebraError:
        return None


def known(entry: HistomorphometryEntry, values: dict[str, float]) -> dict[str, Known]:
    """Values of an entry with half a unit of their last digits; an interval from dates is exact."""
    exact = {"Ir.L.t"} if interval_of(entry) is not None else set()
    return {
        code: Known(value, 0.0 if code in exact else abs(entry.half_units.get(code, 0.0)))
        for code, value in values.items()
    }


def factors_of(entry: HistomorphometryEntry, parameters: HistomorphometryParameters) -> SectionFactors | None:
    """The factors of an entry: its own, or those of the protocol."""
    if entry.factors is not None:
        return entry.factors
    if parameters.factor is None:
        return None
    return section_factors(parameters.factor, parameters.width_to_thickness, parameters.perimeter_to_surface)
