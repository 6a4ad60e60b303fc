"""Baseline, change and per cent change of one parameter of one person."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bonemetrics.outcomes.choose import split_instance
from bonemetrics.outcomes.rows import Candidate
from bonemetrics.quantities import CATALOGUE
from bonemetrics.records import Problem, note
from bonemetrics.study.least_change import LeastChanges, reaches
from bonemetrics.study.protocol_tables import ParameterTable

_DIGITS = 13
"""Significant digits of values that can be told apart: below them is what binary numbers add."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a value is against its baseline; whatever cannot be told is `None`."""

    base: float | None = None
    change: float | None = None
    percent_change: float | None = None
    lsc: float | None = None
    criterion_1_met: bool | None = None
    criterion_2_met: bool | None = None
    notes: tuple[Problem, ...] = ()
    is_comparable: bool = True


def change_from(base: Candidate, found: Candidate, parameter: ParameterTable, limits: LeastChanges) -> Change:
    """The change of one value after the baseline.

    Parameters
    ----------
    base, found
        Baseline, and a value after it; both have a number.
    parameter
        Whose quantity says whether a per cent change has a meaning, and which direction is a benefit.
    limits
        Of the protocol.

    Returns
    -------
    Change
        Per cent change is (value - base) / |base| × 100, empty where the base is zero and for scores and percentages
        unless the parameter says that it has one.

    References
    ----------
    CDISC ADaM Implementation Guide 1.3, section 3.3.4 (BASE, CHG, PCHG).
    """
    if base.value is None or found.value is None:
        return Change()
    fault = fault_of_pair(base, found)
    if fault is not None:
        return Change(notes=(fault,), is_comparable=False)
    change = difference(found.value, base.value)
    percent, notes = _percent(change, base.value, parameter)
    limit = limits.of(
        parameter.paramcd, base=base.value, scanner=found.scanner, base_scanner=base.scanner, kind=found.kind
    )
    first = second = None
    if limit.value is not None:
        first = reaches(abs(change), limit.value)
        if parameter.benefit is not None:
            second = reaches(change if parameter.benefit == "up" else -change, limit.value)
    told = (*_of_time_points(base, found), *notes, *limit.notes)
    return Change(base.value, change, percent, limit.value, first, second, told)


def fault_of_pair(base: Candidate, found: Candidate) -> Problem | None:
    """Why a value and its baseline cannot be compared, `None` where they can."""
    if base.material != found.material:
        text = f"the baseline is on the scale of {base.material}, this value on that of {found.material}"
        return note("calibrations-not-comparable", text)
    if base.side != found.side:
        text = f"the baseline is of the {base.side or 'unnamed'} side, this value of the {found.side or 'unnamed'} one"
        return note("side-changed", f"{text}; no change is computed")
    for name, one, other in (
        ("region", base.region, found.region),
        ("value set", base.scale, found.scale),
        ("unit", base.unit, found.unit),
    ):
        if one != other:
            text = f"{name} {one or 'unknown'} at baseline, {other or 'unknown'} here; no change is computed"
            return note("baseline-not-comparable", text)
    return None


def _of_time_points(base: Candidate, found: Candidate) -> tuple[Problem, ...]:
    """A note where the two are of different time points of a visit, such as lying and standing; numbers are of rows."""
    one, other = (split_instance(value.instance)[0] for value in (base, found))
    if not one or not other or one == other:
        return ()
    text = f"the baseline is of time point {one[:40]!r}, this value of {other[:40]!r}"
    return (note("time-point-differs", text),)


def difference(value: float, base: float) -> float:
    """`value` less `base` as by hand: 14.7 - 17.5 is -2.8, with no digits of binary numbers behind.

    Parameters
    ----------
    value, base
        In the same unit.

    Returns
    -------
    float
        Rounded at the 13th significant digit of the larger one.
    """
    larger = max(abs(value), abs(base))
    if larger == 0:
        return 0.0
    # Adding zero takes the sign off a zero.
    return round(value - base, _DIGITS - math.ceil(math.log10(larger))) + 0.0


def _percent(change: float, base: float, parameter: ParameterTable) -> tuple[float | None, tuple[Problem, ...]]:
    is_bare_percent = parameter.own_unit == "%" and CATALOGUE[parameter.quantity].unit != "%"
    if parameter.quantity == "NTX%" or (is_bare_percent and not parameter.percent_change):
        text = "the value is a percentage of what its source does not name; a per cent change of it has no meaning"
        return None, (note("percent-already", text),)
    if not parameter.has_percent_change:
        return None, ()
    if base == 0:
        return None, (note("baseline-zero", "the baseline is zero, so there is no per cent change"),)
    return change / abs(base) * 100, ()
