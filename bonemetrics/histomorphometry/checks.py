"""What an entry of a biopsy may not hold, and what is unusual in one."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from bonemetrics.errors import AlgebraError
from bonemetrics.histomorphometry.algebra import Known, Solution, solve
from bonemetrics.histomorphometry.catalogue import AT_MOST, MEASUREMENTS
from bonemetrics.histomorphometry.factors import section_factors
from bonemetrics.histomorphometry.labels import interlabel_days
from bonemetrics.records import HistomorphometryEntry, HistomorphometryParameters, Problem, SectionFactors, note

_IDENTITY = 0.01
"""Relative difference beyond which values that belong together contradict each other."""
_TO_BIOPSY_DAYS = (3, 14)
_SNIFFED: Mapping[str, tuple[float, str, tuple[float, ...]]] = {
    "Tb.Th": (1.0, "mm instead of um", (1000.0,)),
    "BFR/BS": (0.2, "mm3/mm2/a instead of um3/um2/a, or a day instead of a year", (1000.0, 365.0)),
    "MS/BS": (1.0, "a fraction instead of per cent", (100.0,)),
    "BV/TV": (1.0, "a fraction instead of per cent", (100.0,)),
    "OS/BS": (1.0, "a fraction instead of per cent", (100.0,)),
}
"""Below this size another unit is likely: what it may be, and by which factors the value would be off."""


def hard_violations(entry: HistomorphometryEntry) -> tuple[str, ...]:
    """What cannot be true together, so that the entry cannot be completed or locked.

    Parameters
    ----------
    entry
        As entered.

    Returns
    -------
    tuple of str
        One sentence per violation, with codes and values; empty where there is none.
    """
    values = {**entry.primaries, **entry.typed}
    found = [*_limits(values), *_parts(values), *_labels(entry), *_dates(entry)]
    return tuple(dict.fromkeys(found))


def _limits(values: Mapping[str, float]) -> Iterator[str]:
    for code, value in values.items():
        entry = MEASUREMENTS[code]
        # No label leaves a rate undefined and not zero, but a perimeter of labels may well be zero.
        if not entry.holds(value):
            most = "" if entry.high is None else f" and at most {entry.high:g}"
            least = "above" if entry.low_open else "at least"
            yield f"{code} is {value:g} {entry.unit}; it is {least} {entry.low:g}{most}"


def _parts(values: Mapping[str, float]) -> Iterator[str]:
    for limit in AT_MOST:
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


def _labels(entry: HistomorphometryEntry) -> Iterator[str]:
    double, width = entry.primaries.get("dL.Pm"), entry.primaries.get("Ir.L.Wi")
    if double is not None and double > 0 and width is None and "MAR" not in entry.typed:
        yield f"dL.Pm = {double:g} mm, but no Ir.L.Wi was measured"
    if width is not None and double == 0:
        yield f"Ir.L.Wi = {width:g} um, but dL.Pm = 0"
    interval = entry.primaries.get("Ir.L.t")
    if interval is not None and interval <= 0:
        yield f"Ir.L.t = {interval:g} d; it is above 0"


def _dates(entry: HistomorphometryEntry) -> Iterator[str]:
    if entry.label1_start is None or entry.label2_start is None:
        return
    try:
        interlabel_days(entry.label1_start, entry.label1_end, entry.label2_start, entry.label2_end, entry.day)
    except AlgebraError as error:
        yield error.message


def missing_facts(entry: HistomorphometryEntry, parameters: HistomorphometryParameters) -> tuple[str, ...]:
    """What an entry needs before it can be completed: envelope, referent, factor and date."""
    told = {
        "envelope": entry.envelope,
        "referent": entry.referent,
        "factor": factors_of(entry, parameters),
        "biopsy_date": entry.day or entry.study_day or entry.visit,
    }
    return tuple(name for name, value in told.items() if not value)


def factors_of(entry: HistomorphometryEntry, parameters: HistomorphometryParameters) -> SectionFactors | None:
    """The factors of an entry: its own, or those of the protocol."""
    if entry.factors is not None:
        return entry.factors
    if parameters.factor is None:
        return None
    return section_factors(parameters.factor, parameters.width_to_thickness, parameters.perimeter_to_surface)


def typed_notes(entry: HistomorphometryEntry, solution: Solution) -> Iterator[Problem]:
    """Indices entered by hand against the ones computed from the measurements."""
    for code, value in entry.typed.items():
        computed = solution.values.get(code)
        if computed is None:
            continue
        room = entry.half_units.get(code, 0.0) + _IDENTITY * abs(computed)
        if abs(value - computed) > room:
            text = f"{code} was entered as {value:g}, the measurements give {computed:.4g} {MEASUREMENTS[code].unit}"
            yield note("typed-differs", text)


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
        built_in = MEASUREMENTS[code].soft if entry.envelope == "cancellous" else None
        soft = parameters.limits.get(code, built_in)
        if soft is not None and not soft[0] <= value <= soft[1]:
            text = f"{code} = {value:.4g} {MEASUREMENTS[code].unit} is outside the usual {soft[0]:g} to {soft[1]:g}"
            yield note("value-unusual", text)
    if values.get("MS/OS", 0.0) > 100:
        yield note("value-unusual", f"MS/OS = {values['MS/OS']:.4g} %: more label than osteoid")
    if values.get("Mlt", 0.0) > 100 and values.get("O.Th", 0.0) > 12.5:
        text = f"Mlt = {values['Mlt']:.4g} d with O.Th = {values['O.Th']:.4g} um"
        yield note("osteomalacia-pattern", text)
    yield from _of_the_biopsy(entry, values, parameters)


def _sniffed(values: Mapping[str, float]) -> Iterator[Problem]:
    for code, (below, what, factors) in _SNIFFED.items():
        value = values.get(code)
        soft = MEASUREMENTS[code].soft
        if value is None or not 0 < value < below or soft is None:
            continue
        if any(max(soft[0], below) <= value * factor <= soft[1] for factor in factors):
            text = f"{code} = {value:g} {MEASUREMENTS[code].unit} looks like {what}"
            yield note("unit-suspect-histomorphometry", text)


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


def solved(entry: HistomorphometryEntry, factors: SectionFactors | None, *, with_typed: bool) -> Solution:
    """Solve an entry from its measurements, and from indices entered by hand where asked for."""
    given = {code: Known(value, entry.half_units.get(code, 0.0)) for code, value in entry.primaries.items()}
    if with_typed:
        given |= {code: Known(value, entry.half_units.get(code, 0.0)) for code, value in entry.typed.items()}
    return solve(given, factors)
