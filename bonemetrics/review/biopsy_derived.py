"""What follows from a form as it stands: indices with how they were computed, and the interval between labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bonemetrics.errors import AlgebraError
from bonemetrics.histomorphometry.algebra import solve
from bonemetrics.histomorphometry.catalogue import MEASUREMENTS
from bonemetrics.histomorphometry.inputs import factors_of, interval_of, known, measurements_of
from bonemetrics.histomorphometry.labels import interlabel_days
from bonemetrics.histomorphometry.measured import measured_entries
from bonemetrics.records import HistomorphometryEntry, HistomorphometryParameters, Problem, SectionFactors


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """One value that follows and is no measurement of the section.

    `value` is `None` where only a limit is known, as `text` says. `how` is the formula, or what it was computed from,
    or that a sheet held it as entered by hand. `factor` names the convention from section to space with its numbers,
    and is empty where none was needed.
    """

    code: str
    value: float | None
    unit: str
    text: str
    how: str
    factor: str


@dataclass(frozen=True, slots=True)
class Following:
    """Everything that follows from an entry, and what was noted of it."""

    values: Mapping[str, Derived]
    notes: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Interval:
    """Days between the midpoints of the label courses, or why there are none."""

    days: float | None
    text: str


def derived(entry: HistomorphometryEntry, parameters: HistomorphometryParameters) -> Following:
    """Compute what the outcomes dataset would hold if the entry were complete as it stands.

    Parameters
    ----------
    entry
        In any state; blank measurements are absent.
    parameters
        `[histomorphometry]` of the protocol.

    Returns
    -------
    Following
        By code in the order of the catalogue, without what was entered itself.
    """
    found = measured_entries((entry.model_copy(update={"state": "complete"}),), parameters)
    factors = factors_of(entry, parameters)
    given = known(entry, measurements_of(entry, parameters)[0])
    solution = solve(given, factors)
    without = solve(given, None).values
    values: dict[str, Derived] = {}
    for one in found.observations:
        code = one.quantity
        if code in entry.primaries:
            continue
        entered = code in entry.typed
        needs_factor = factors is not None and code not in without and not entered
        values[code] = Derived(
            code=code,
            value=one.value,
            unit="" if one.unit == "1" else one.unit,
            text=one.text if one.value is None else f"{one.value:.4g}",
            how="entered by hand" if entered else _how(code, solution.used.get(code, ()), bool(one.derivation)),
            factor=factor_text(factors) if needs_factor and factors is not None else "",
        )
    return Following(values, tuple(problem for _, problem in found.notes))


def factor_text(factors: SectionFactors) -> str:
    """A convention with its two numbers."""
    width, surface = factors.width_to_thickness, factors.perimeter_to_surface
    return f"{factors.convention} (thickness = {width:.4g} × width, surface = {surface:.4g} × perimeter)"


def _how(code: str, used: tuple[str, ...], imputed: bool) -> str:
    if code == "Ir.L.t":
        return "midpoints of the label courses"
    told = MEASUREMENTS[code].formula or f"from {', '.join(used)}"
    return f"{told}; MAR at the protocol's floor, not measured" if imputed else told


def label_interval(entry: HistomorphometryEntry) -> Interval:
    """The interval of an entry's label dates, with the midpoints in words."""
    days = interval_of(entry)
    if days is not None:
        return Interval(days, f"{days:g} d between the midpoints of the label courses")
    if entry.label1_start is None or entry.label2_start is None:
        return Interval(None, "needs the first day of both labels")
    try:
        interlabel_days(entry.label1_start, entry.label1_end, entry.label2_start, entry.label2_end, entry.day)
    except AlgebraError as error:
        return Interval(None, error.message)
    return Interval(None, "")
