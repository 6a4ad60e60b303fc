"""Which of the values of a parameter at a visit counts, and why the others do not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from bonemetrics.outcomes.rows import Candidate
from bonemetrics.records import AnalysisParameters, Problem, note

NO_REVIEW = "not-applicable"


def fault_of(found: Candidate, rules: AnalysisParameters) -> Problem | None:
    """Why a value is not analysed; `None` where it may be. A text without a number has its own note already.

    Parameters
    ----------
    found
        A value.
    rules
        `[analysis]` of the protocol.
    """
    if rules.reviewed_only and found.review != NO_REVIEW and found.review not in rules.accepted:
        return note("not-reviewed", f"the review status is {found.review!r}; accepted are {', '.join(rules.accepted)}")
    codes = [problem.code for problem in found.notes if problem.code in rules.exclude_notes]
    if codes:
        return note("excluded-by-note", f"the protocol does not analyse values with {', '.join(dict.fromkeys(codes))}")
    return None


def order_of(found: Candidate) -> tuple[bool, int, date, str, str, str]:
    """Sorts values by study day, date and place; what has no date comes last."""
    day = found.study_day
    rank = (day is None and found.day is None, day or 0, found.day or date.max)
    return (*rank, found.source.source_id, found.region, found.side)


def chosen(values: Sequence[Candidate], *, target_day: int | None, rules: AnalysisParameters) -> Candidate:
    """The one value of a visit that counts.

    Parameters
    ----------
    values
        At least one, in the order of `order_of`, each a number or known to lie on one side of a limit.
    target_day
        Study day of the visit; `None` where the protocol states none, so that the first is the nearest.
    rules
        `[analysis]` of the protocol.

    Returns
    -------
    Candidate
        One of `values`, or a new one with DTYPE `AVERAGE` where the protocol asks for the mean. With a limit among them
        there is no mean: the nearest stands.
    """
    if len(values) == 1 or rules.choose == "first":
        return values[0]
    if rules.choose == "last":
        return values[-1]
    if rules.choose == "mean" and all(one.value is not None for one in values):
        return _mean(values)
    if target_day is None:
        return values[0]
    return min(values, key=lambda one: abs(_days(one.study_day) - _days(target_day)))


def _days(study_day: int | None) -> int:
    """Days since infusion: there is no study day 0, so day 1 is 0 and day -1 is -1."""
    if study_day is None:
        return 10**6
    return study_day - 1 if study_day > 0 else study_day


def _mean(values: Sequence[Candidate]) -> Candidate:
    numbers = [one.value for one in values if one.value is not None]
    ids = ";".join(dict.fromkeys(one.source.source_id for one in values))
    text = f"mean of {len(numbers)} values of the visit ({ids})"
    parts = [one.standard_uncertainty for one in values]
    known = [part for part in parts if part is not None]
    # Without more knowledge the uncertainties of repeats are taken as fully correlated, which never makes them smaller.
    spread = sum(known) / len(known) if len(known) == len(parts) else None
    return replace(
        values[0],
        value=sum(numbers) / len(numbers),
        standard_uncertainty=spread,
        derivation="AVERAGE",
        text="",
        given="",
        given_unit="",
        source=replace(values[0].source, source_id=ids),
        notes=(*dict.fromkeys(problem for one in values for problem in one.notes), note("mean-of-several", text)),
    )
