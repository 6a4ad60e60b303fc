"""What an entry of a biopsy may not hold, and what it needs before it can be completed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bonemetrics.errors import AlgebraError
from bonemetrics.histomorphometry import limits
from bonemetrics.histomorphometry.algebra import Known, solve
from bonemetrics.histomorphometry.catalogue import MEASUREMENTS
from bonemetrics.histomorphometry.closure import SLACK
from bonemetrics.histomorphometry.infer import infer_factors
from bonemetrics.histomorphometry.inputs import IDENTITY, factors_of, known, measurements_of
from bonemetrics.histomorphometry.labels import interlabel_days
from bonemetrics.histomorphometry.possible import impossible
from bonemetrics.histomorphometry.units import of_a_unit
from bonemetrics.records import HistomorphometryEntry, HistomorphometryParameters, SectionFactors

_LABELLED = ("MS/BS", "MS/OS")


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
        One sentence per violation, with codes and values; empty where there is none. What follows from the entry is
        judged too, once its own numbers are sound.
    """
    rules = parameters or HistomorphometryParameters()
    found = [*limits.beyond_limits({**entry.primaries, **entry.typed}), *limits.outside_envelope(entry)]
    measurements, _ = measurements_of(entry, rules)
    # What cannot be by itself is told once, not again with all that it is a part of.
    values = {code: one for code, one in {**measurements, **entry.typed}.items() if MEASUREMENTS[code].holds(one)}
    found += [*limits.parts_beyond_wholes(values), *limits.seams_without_size(values), *_labels(entry), *_dates(entry)]
    if not found:
        found += _derived(entry, known(entry, measurements), factors_of(entry, rules))
    return tuple(dict.fromkeys(found))


def _labels(entry: HistomorphometryEntry) -> Iterator[str]:
    double, width = entry.primaries.get("dL.Pm"), entry.primaries.get("Ir.L.Wi")
    if double is not None and double > 0 and width is None and "MAR" not in entry.typed:
        yield f"dL.Pm = {double:g} mm, but no Ir.L.Wi was measured"
    if width is not None and double == 0:
        yield f"Ir.L.Wi = {width:g} um, but dL.Pm = 0"
    for code in _LABELLED:
        if width is not None and entry.typed.get(code) == 0:
            yield f"Ir.L.Wi = {width:g} um, but {code} = 0"
    if width is not None and double is None and not set(_LABELLED) & entry.typed.keys():
        yield f"Ir.L.Wi = {width:g} um, but dL.Pm was not measured"


def _dates(entry: HistomorphometryEntry) -> Iterator[str]:
    """Which dates contradict each other, by their fields: a reader need not be allowed to see the days."""
    for name in ("label1", "label2"):
        first, last = getattr(entry, f"{name}_start"), getattr(entry, f"{name}_end")
        if first is None and last is not None:
            yield f"{name}_end was entered, but no {name}_start"
    if entry.label1_start is not None and entry.label2_start is not None:
        try:
            interlabel_days(entry.label1_start, entry.label1_end, entry.label2_start, entry.label2_end, entry.day)
        except AlgebraError as error:
            yield error.message
        return
    for name in ("label1", "label2"):
        first, last = getattr(entry, f"{name}_start"), getattr(entry, f"{name}_end")
        if first is not None and (last or first) < first:
            yield f"{name}_end is before {name}_start"
        if first is not None and entry.day is not None and (last or first) >= entry.day:
            yield f"biopsy_date is not after {name}_{'end' if last else 'start'}"


def _derived(entry: HistomorphometryEntry, given: Mapping[str, Known], factors: SectionFactors | None) -> Iterator[str]:
    """Indices entered by hand that the measurements do not give, and what follows but cannot be."""
    plain = solve(given, factors, allowed=IDENTITY)
    typed = known(entry, dict(entry.typed))
    differ = list(_typed(given, differing(typed, plain.values), plain.values, factors))
    yield from differ
    if differ:
        return
    data = {**given, **{code: one for code, one in typed.items() if code not in plain.values}}
    for one in impossible(data, solve(data, factors, allowed=IDENTITY), factors):
        if not one.is_rounding:
            yield one.message


def _typed(
    given: Mapping[str, Known],
    typed: Mapping[str, Known],
    computed: Mapping[str, float],
    factors: SectionFactors | None,
) -> Iterator[str]:
    """Indices entered by hand that differ from what the measurements make them by more than rounding."""
    for code, one in typed.items():
        for told in solve({**given, code: one}, factors).contradictions:
            if told.code == code:
                hint = of_a_unit(code, one.value, computed[code], one.half_unit)
                yield f"{told.message}; {hint}" if hint else f"{told.message}{_implied(given, {code: one})}"


def _implied(given: Mapping[str, Known], typed: Mapping[str, Known]) -> str:
    return "".join(f"; {one.message}" for one in infer_factors(given, typed) if one.is_plausible)


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


def told_factors(entry: HistomorphometryEntry, parameters: HistomorphometryParameters) -> str:
    """What an entry that states no factor tells of it by its own indices; empty where it tells nothing.

    Parameters
    ----------
    entry, parameters
        As for `hard_violations`.
    """
    given = known(entry, measurements_of(entry, parameters)[0])
    if any(one.value < 0 for one in given.values()):
        return ""
    return _implied(given, known(entry, dict(entry.typed)))
