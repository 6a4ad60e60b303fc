"""Which of the values of a parameter at a visit counts, and why the others do not."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date

from bonemetrics.outcomes.rows import Candidate, common_source
from bonemetrics.records import AnalysisParameters, Problem, note

NO_REVIEW = "not-applicable"
_KINDS: Mapping[str, Callable[[Candidate], str]] = {
    "sides": lambda one: one.side,
    "regions": lambda one: one.region,
    "materials": lambda one: one.material,
    "value sets": lambda one: one.scale,
    "scanners": lambda one: one.scanner,
}
"""In what values of one parameter may differ so that no mean is made of them, and how to see it."""
_NUMBER_AT_END = re.compile(r"(?P<point>.*\s|)(?P<number>[0-9]{1,18})(?:\.0+)?")


def fault_of(found: Candidate, rules: AnalysisParameters, unit: str) -> Problem | None:
    """Why a value is not analysed; `None` where it may be. A text without a number has its own note already.

    Parameters
    ----------
    found
        A value.
    rules
        `[analysis]` of the protocol.
    unit
        The parameter's own: a table that was read under an older protocol may have another.
    """
    if found.unit != unit:
        told = f"the value is in {found.unit or 'no unit'}, the parameter in {unit or 'no unit'}; read its source anew"
        return note("unit-not-of-parameter", told)
    if rules.reviewed_only and found.review != NO_REVIEW and found.review not in rules.accepted:
        return note("not-reviewed", f"the review status is {found.review!r}; accepted are {', '.join(rules.accepted)}")
    codes = [problem.code for problem in found.notes if problem.code in rules.exclude_notes]
    if codes:
        return note("excluded-by-note", f"the protocol does not analyse values with {', '.join(dict.fromkeys(codes))}")
    return None


def order_of(found: Candidate) -> tuple[object, ...]:
    """Sorts values by study day, date, time of day, place, instance and source; what has no date comes last.

    Side and region stand before the source, so that of several on one day every visit begins with the same one. What
    has neither day nor date goes by the number of its visit. The order is total: however values come in, they go out
    alike.
    """
    day = found.study_day
    undated = day is None and found.day is None
    # Where there are days, they alone decide.
    number = found.visit.number if undated else None
    rank = (undated, day or 0, found.day or date.max, number is None, number or 0.0, found.time)
    source, no_number = found.source, found.value is None
    # The row of a sheet counts as a number: row 9 comes before row 10.
    point, number_there = split_instance(found.instance)
    instance = (point, int(number_there or 0))
    place = (found.region, found.side, instance, source.source_id.removesuffix(f":{source.line}"), source.line or 0)
    own = (found.text, found.visit.name, found.derivation, found.scanner, found.given, found.material)
    return (*rank, *place, source.method, source.calibration, source.reader, no_number, found.value or 0.0, *own)


def split_instance(text: str) -> tuple[str, str]:
    """Time point and number of a row or repeat of an instance: `1 h after 17` is `1 h after` and `17`, so is `17.0`."""
    match = _NUMBER_AT_END.fullmatch(text) if text else None
    return (text, "") if match is None else (match["point"].rstrip(), match["number"])


def is_derived_by_source(found: Candidate) -> bool:
    """Whether the source says that it did not measure the value, as where it carried an earlier one forward."""
    return any(told.code == "derived-by-source" for told in found.notes)


def _measured(values: Sequence[Candidate]) -> Sequence[Candidate]:
    return [one for one in values if not is_derived_by_source(one)] or values


def why_no_mean(values: Sequence[Candidate]) -> str:
    """What stands against the mean of values of one visit; empty where nothing does."""
    values = _measured(values)
    if any(one.value is None for one in values):
        return "one of them is known only as a limit"
    for name, of in _KINDS.items():
        if len({of(one) for one in values}) > 1:
            return f"they are of several {name}"
    return ""


def flagged(values: Sequence[Candidate]) -> Sequence[Candidate]:
    """Those that their source flags for analysis; all where no source has such flags."""
    if all(one.analysis_flag is None for one in values):
        return values
    return [one for one in values if one.analysis_flag]


def chosen(values: Sequence[Candidate], *, target_day: int | None, rules: AnalysisParameters) -> Candidate | None:
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
    Candidate or None
        One of `values`, or a new one with DTYPE `AVERAGE` where the protocol asks for the mean. Where `why_no_mean`
        knows a reason against it, the nearest stands. What its source derived counts only where nothing was measured,
        or where the protocol asks for what the source flags; `None` where it then flags nothing of the visit.
    """
    if rules.choose != "flagged" or all(one.analysis_flag is None for one in values):
        values = _measured(values)
    elif not (values := flagged(values)):
        return None
    if len(values) == 1 or rules.choose == "first":
        return values[0]
    if rules.choose == "last":
        return values[-1]
    if rules.choose == "mean" and not why_no_mean(values):
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
    source = common_source([one.source for one in values])
    text = f"mean of {len(numbers)} values of the visit ({source.source_id})"
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
        time="",
        instance="",
        baseline_flag=False,
        analysis_flag=None,
        stated_baseline=None,
        stated_change=None,
        stated_percent_change=None,
        source=source,
        notes=(*dict.fromkeys(problem for one in values for problem in one.notes), note("mean-of-several", text)),
    )
