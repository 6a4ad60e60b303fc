"""What an entry of a biopsy may not hold, and what is unusual in one."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping

from bonemetrics.errors import AlgebraError
from bonemetrics.histomorphometry.algebra import Known, Solution, solve
from bonemetrics.histomorphometry.catalogue import AT_MOST, MEASUREMENTS
from bonemetrics.histomorphometry.closure import SLACK
from bonemetrics.histomorphometry.infer import infer_factors
from bonemetrics.histomorphometry.inputs import factors_of, known, measurements_of
from bonemetrics.histomorphometry.labels import interlabel_days
from bonemetrics.records import HistomorphometryEntry, HistomorphometryParameters, Problem, note

IDENTITY = 0.01
"""Relative difference beyond which values that belong together contradict each other."""
_TO_BIOPSY_DAYS = (3, 14)
_SNIFFED: Mapping[str, tuple[float, float, str]] = {
    "Tb.Th": (0.05, 0.3, "mm instead of um"),
    "BFR/BS": (0.0, math.nextafter(0.2, 0.0), "mm3/mm2/a instead of um3/um2/a, or a day instead of a year"),
}
"""A value from the first to the second number, both included, is likely in another unit."""
_FRACTIONS: Mapping[str, float] = {"MS/BS": 1.0, "OS/BS": 1.0, "BV/TV": 1.0}
"""Where every value of a study is below this one they are likely fractions and no percentages."""
_OFF_BY = ((365.0, "a day instead of a year"), (1000.0, "mm instead of um"), (100.0, "a fraction instead of per cent"))
_NEAR = 0.02
_LABELLED = frozenset({"MS/BS", "MS/OS"})
_LEAST_MAR = 0.3
"""In um/d; rates below it are rarely measurable in any envelope."""


def hard_violations(
    entry: HistomorphometryEntry, parameters: HistomorphometryParameters | None = None
) -> tuple[str, ...]:
    """What cannot be true together, so that the entry cannot be completed or locked.

    Parameters
    ----------
    entry
        As entered.
    parameters
        `[histomorphometry]` of the protocol, for the factor and the kind of osteoid perimeter that it states.

    Returns
    -------
    tuple of str
        One sentence per violation, with codes and values; empty where there is none.
    """
    values = {**entry.primaries, **entry.typed}
    found = [*_limits(values), *_parts(values), *_labels(entry), *_dates(entry)]
    if not found:
        found += _typed(entry, parameters or HistomorphometryParameters())
    return tuple(dict.fromkeys(found))


def _limits(values: Mapping[str, float]) -> Iterator[str]:
    for code, value in values.items():
        entry = MEASUREMENTS[code]
        if not entry.holds(value):
            most = "" if entry.high is None else f" and at most {entry.high:g}"
            least = "above" if entry.low_open else "at least"
            yield f"{code} is {value:g} {entry.unit}; it is {least} {entry.low:g}{most}"


def _parts(values: Mapping[str, float]) -> Iterator[str]:
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


def _labels(entry: HistomorphometryEntry) -> Iterator[str]:
    double, width = entry.primaries.get("dL.Pm"), entry.primaries.get("Ir.L.Wi")
    if double is not None and double > 0 and width is None and "MAR" not in entry.typed:
        yield f"dL.Pm = {double:g} mm, but no Ir.L.Wi was measured"
    if width is not None and double == 0:
        yield f"Ir.L.Wi = {width:g} um, but dL.Pm = 0"
    if width is not None and double is None and not _LABELLED & entry.typed.keys():
        yield f"Ir.L.Wi = {width:g} um, but dL.Pm was not measured"


def _dates(entry: HistomorphometryEntry) -> Iterator[str]:
    for name in ("label1", "label2"):
        first, last = getattr(entry, f"{name}_start"), getattr(entry, f"{name}_end")
        if first is None and last is not None:
            yield f"{name}_end = {last.isoformat()}, but no {name}_start"
    if entry.label1_start is not None and entry.label2_start is not None:
        try:
            interlabel_days(entry.label1_start, entry.label1_end, entry.label2_start, entry.label2_end, entry.day)
        except AlgebraError as error:
            yield error.message
        return
    for first, last in ((entry.label1_start, entry.label1_end), (entry.label2_start, entry.label2_end)):
        if first is not None and (last or first) < first:
            yield f"a label course ends on {(last or first).isoformat()}, before it begins on {first.isoformat()}"
        if first is not None and entry.day is not None and (last or first) >= entry.day:
            yield f"a label of {(last or first).isoformat()} is not before the biopsy of {entry.day.isoformat()}"


def _typed(entry: HistomorphometryEntry, parameters: HistomorphometryParameters) -> Iterator[str]:
    """Indices entered by hand that differ from what the measurements make them by more than rounding."""
    if not entry.typed:
        return
    factors = factors_of(entry, parameters)
    given = known(entry, measurements_of(entry, parameters)[0])
    typed = differing(known(entry, dict(entry.typed)), solve(given, factors).values)
    for code, one in typed.items():
        for told in solve({**given, code: one}, factors).contradictions:
            if told.code == code:
                hint = "".join(f"; {implied.message}" for implied in infer_factors(given, {code: one}))
                yield f"{told.message}{hint}"


def differing(typed: Mapping[str, Known], computed: Mapping[str, float]) -> dict[str, Known]:
    """Those values entered by hand that their own rounding alone does not bring to the computed ones."""
    return {
        code: one
        for code, one in typed.items()
        if code in computed and abs(one.value - computed[code]) > one.half_unit + SLACK * abs(computed[code])
    }


def missing_facts(entry: HistomorphometryEntry, parameters: HistomorphometryParameters) -> tuple[str, ...]:
    """What an entry needs before it can be completed: envelope, referent, factor and date."""
    told = {
        "envelope": entry.envelope,
        "referent": entry.referent,
        "factor": factors_of(entry, parameters),
        "biopsy_date": entry.day or entry.study_day or entry.visit,
    }
    return tuple(name for name, value in told.items() if not value)


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
            yield from _by_a_unit(code, value, computed)


def _by_a_unit(code: str, value: float, computed: float) -> Iterator[Problem]:
    for factor, what in _OFF_BY:
        for ratio, told in ((factor, f"1/{factor:g}"), (1 / factor, f"{factor:g} times")):
            if value > 0 and abs(value * ratio / computed - 1) <= _NEAR:
                text = f"{code} = {value:g} is {told} of what the measurements give: {what}?"
                yield note("unit-suspect-histomorphometry", text)


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
