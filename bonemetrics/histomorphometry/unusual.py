"""What is unusual in an entry: ranges, sizes that fit another unit, and what the field warns of."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping

from bonemetrics.histomorphometry.algebra import Solution
from bonemetrics.histomorphometry.catalogue import MEASUREMENTS
from bonemetrics.histomorphometry.inputs import IDENTITY
from bonemetrics.histomorphometry.units import of_a_unit
from bonemetrics.records import HistomorphometryEntry, HistomorphometryParameters, Problem, note

_TO_BIOPSY_DAYS = (3, 14)
_SNIFFED: Mapping[str, tuple[float, float, str]] = {
    "Tb.Th": (0.05, 0.3, "mm instead of um"),
    "BFR/BS": (0.0, math.nextafter(0.2, 0.0), "mm3/mm2/a instead of um3/um2/a, or a day instead of a year"),
}
"""A value from the first to the second number, both included, is likely in another unit."""
_FRACTIONS: Mapping[str, float] = {"MS/BS": 1.0, "OS/BS": 1.0, "BV/TV": 1.0}
"""Where every value of a study is below this one they are likely fractions and no percentages."""
_LEAST_MAR = 0.3
"""In um/d; rates below it are rarely measurable in any envelope."""
_WIDTHS_APART = 1.5
"""Factor beyond which the measured width of seams and their area over their length do not belong together."""


def typed_notes(entry: HistomorphometryEntry, solution: Solution) -> Iterator[Problem]:
    """Indices entered by hand against the ones computed from the measurements.

    Parameters
    ----------
    entry
        As entered.
    solution
        Of its measurements alone.
    """
    for code, value in entry.typed.items():
        computed = solution.values.get(code)
        if computed is None:
            continue
        room = entry.half_units.get(code, 0.0) + IDENTITY * abs(computed)
        if abs(value - computed) > room:
            text = f"{code} was entered as {value:g}, the measurements give {computed:.4g} {MEASUREMENTS[code].unit}"
            yield note("typed-differs", text)
            told = of_a_unit(code, value, computed, entry.half_units.get(code, 0.0))
            if told:
                yield note("unit-suspect-histomorphometry", told)


def unusual(
    entry: HistomorphometryEntry, values: Mapping[str, float], parameters: HistomorphometryParameters
) -> Iterator[Problem]:
    """Soft ranges, likely wrong units, and what the field warns of.

    Parameters
    ----------
    entry
        As entered.
    values
        Measurements and indices of it, given or computed.
    parameters
        Their `limits` stand in place of the built-in ranges, which are for cancellous iliac bone.
    """
    yield from _sniffed(values)
    for code, value in values.items():
        soft = parameters.limits.get(code, _usual(code, entry.envelope))
        if soft is not None and not soft[0] <= value <= soft[1]:
            text = f"{code} = {value:.4g} {MEASUREMENTS[code].unit} is outside the usual {soft[0]:g} to {soft[1]:g}"
            yield note("value-unusual", text)
    if values.get("MS/OS", 0.0) > 100:
        yield note("value-unusual", f"MS/OS = {values['MS/OS']:.4g} %: more label than osteoid")
    if values.get("Mlt", 0.0) > 100 and values.get("O.Th", 0.0) > 12.5:
        text = f"Mlt = {values['Mlt']:.4g} d with O.Th = {values['O.Th']:.4g} um"
        yield note("osteomalacia-pattern", text)
    yield from _of_the_biopsy(entry, values, parameters)
    yield from _uncounted(entry)
    yield from _widths(entry, values)


def _usual(code: str, envelope: str | None) -> tuple[float, float] | None:
    if envelope == "cancellous":
        return MEASUREMENTS[code].soft
    return (_LEAST_MAR, math.inf) if code == "MAR" else None


def _sniffed(values: Mapping[str, float]) -> Iterator[Problem]:
    for code, (above, most, what) in _SNIFFED.items():
        value = values.get(code)
        if value is not None and value > 0 and above <= value <= most:
            text = f"{code} = {value:g} {MEASUREMENTS[code].unit} looks like {what}"
            yield note("unit-suspect-histomorphometry", text)


def fractions(entries: Iterable[HistomorphometryEntry]) -> Mapping[str, Problem]:
    """Indices entered by hand that look like fractions instead of percentages.

    Parameters
    ----------
    entries
        All of a study: one small value is a finding, nothing but small values is a unit.

    Returns
    -------
    dict
        A note by code of the index.
    """
    found: dict[str, Problem] = {}
    entered = list(entries)
    for code, below in _FRACTIONS.items():
        values = [entry.typed[code] for entry in entered if entry.typed.get(code, 0.0) > 0]
        if values and max(values) < below:
            text = f"{code} is below {below:g} % in all {len(values)} entries: fractions instead of per cent?"
            found[code] = note("unit-suspect-histomorphometry", text)
    return found


def _of_the_biopsy(
    entry: HistomorphometryEntry, values: Mapping[str, float], parameters: HistomorphometryParameters
) -> Iterator[Problem]:
    area = values.get("T.Ar")
    if area is not None and area < parameters.minimum_tissue_area_mm2:
        text = f"T.Ar = {area:g} mm2 is below the laboratory's {parameters.minimum_tissue_area_mm2:g} mm2"
        yield note("small-tissue-area", text)
    if entry.sections is not None and entry.sections < 2:
        yield note("few-sections", f"{entry.sections} section was measured; two are the least")
    if entry.core_broken:
        yield note("broken-core", "the biopsy core is broken")
    last = entry.label2_end or entry.label2_start
    if last is not None and entry.day is not None:
        days = (entry.day - last).days
        if not _TO_BIOPSY_DAYS[0] <= days <= _TO_BIOPSY_DAYS[1]:
            yield note("label-to-biopsy", f"{days} days from the last label to the biopsy; usual are 3 to 14")


def _uncounted(entry: HistomorphometryEntry) -> Iterator[Problem]:
    for code, value in entry.primaries.items():
        if MEASUREMENTS[code].role == "number" and value != int(value):
            text = f"{code} = {value:g} is no whole number: a mean of sections? It has no uncertainty of counting"
            yield note("count-not-whole", text)


def _widths(entry: HistomorphometryEntry, values: Mapping[str, float]) -> Iterator[Problem]:
    """Widths that were measured beside those that areas and perimeters give."""
    seam, area, length = (values.get(code, 0.0) for code in ("O.Wi", "O.Ar", "O.Pm"))
    if "O.Wi" in entry.primaries and seam > 0 and area > 0 and length > 0:
        over = 1000 * area / length
        if not 1 / _WIDTHS_APART <= seam / over <= _WIDTHS_APART:
            text = f"O.Wi = {seam:.4g} um was measured, O.Ar / O.Pm is {over:.4g} um; the measured one stands"
            yield note("widths-differ", text)
    plate = values.get("Tb.Th")
    if "Tb.Wi" in entry.primaries and plate is not None:
        text = f"Tb.Wi = {entry.primaries['Tb.Wi']:g} um was measured directly and no index rests on it"
        yield note("widths-differ", f"{text}; Tb.Th = {plate:.4g} um is of the plate model, from area and perimeter")
