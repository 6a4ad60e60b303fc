"""Which value of a parameter of one person is her baseline."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bonemetrics.outcomes.choose import is_derived_by_source, split_instance
from bonemetrics.outcomes.rows import Candidate
from bonemetrics.records import AnalysisParameters, Problem, note

_LIMIT = "is known only as a limit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Values of one parameter of one person in their order.

    `usable` are those that may be analysed, limits included; `analysed` those chosen at their visits.
    """

    values: Sequence[Candidate]
    usable: Sequence[Candidate]
    analysed: Sequence[Candidate]


@dataclass(slots=True, kw_only=True)
class Baselines:
    """The baseline of a series, or one for each time point; `why` says what stands against one where there is none.

    `notes` are what is to be said of a value, by its identity.
    """

    one: Candidate | None = None
    by_point: Mapping[str, Candidate] = field(default_factory=dict)
    point_of: Callable[[Candidate], str] = field(default=operator.attrgetter("instance"))
    why: str = ""
    notes: dict[int, list[Problem]] = field(default_factory=dict)

    def of(self, value: Candidate) -> Candidate | None:
        """The baseline that this value is to be compared with."""
        return self.by_point.get(self.point_of(value), self.one)

    def tell(self, values: Iterable[Candidate], told: Problem) -> None:
        """Say the same of several values."""
        for value in values:
            self.notes.setdefault(id(value), []).append(told)

    @property
    def all(self) -> tuple[Candidate, ...]:
        """Every baseline there is."""
        return tuple(self.by_point.values()) if self.one is None else (self.one,)


def baselines(series: Series, rules: AnalysisParameters, *, baseline_visit: str | None) -> Baselines:
    """Find the baseline of one parameter of one person.

    Parameters
    ----------
    series
        Her values; one that is only known to lie on one side of a limit is no baseline.
    rules
        `[analysis]` of the protocol. `baseline-visit`: the value chosen at that visit. `last-before`: the last value on
        or before day 1, whatever its visit; where it went into the mean of its visit, that mean. `flagged`: the value
        that its source flags.
    baseline_visit
        Name of the visit that the protocol calls the baseline.

    Returns
    -------
    Baselines
        With notes where there were several to choose from, where the source flags another, and where the baseline is
        not what counts at its visit.
    """
    if rules.baseline == "flagged":
        found = _flagged(series)
    elif rules.baseline == "last-before":
        found = _last_before(series, rules)
    else:
        found = _of_visit(series, baseline_visit)
    _compare_with_source(found, series, rules.baseline)
    for base in found.all:
        if all(base is not one for one in series.analysed):
            text = "the baseline is not the value that counts at its visit; the visit has another, or is unscheduled"
            found.tell([base], note("baseline-not-analysed", text))
    return found


def _of_visit(series: Series, visit: str | None) -> Baselines:
    there = [one for one in series.usable if one.visit.name == visit and one.value is not None]
    counted = next((one for one in series.analysed if one.visit.name == visit), None)
    if counted is None:
        return Baselines(why="no value counts at a baseline visit" if visit else "the protocol has no baseline visit")
    if counted.value is None:
        return Baselines(why=f"the value of the baseline visit {_LIMIT}")
    text = f"{len(there)} values at the baseline visit; the rule of the protocol chose one"
    return _with_several(Baselines(one=counted), len(there), text)


def _last_before(series: Series, rules: AnalysisParameters) -> Baselines:
    before = [one for one in series.usable if one.study_day is not None and one.study_day <= 1]
    before = [one for one in before if not is_derived_by_source(one)] or before
    if not before:
        return Baselines(why="no value is known to be from day 1 or before")
    last = before[-1]
    if last.value is None:
        return Baselines(why=f"the last value on or before day 1 {_LIMIT}")
    text = f"{len(before)} values on or before day 1; the last one is the baseline"
    mean = _mean_with(last, series) if rules.choose == "mean" else None
    if mean is not None:
        text = f"{len(before)} values on or before day 1; the mean of the last visit is the baseline"
    return _with_several(Baselines(one=mean or last), len(before), text)


def _mean_with(last: Candidate, series: Series) -> Candidate | None:
    """The mean that a value went into, unless values after day 1 went into it too."""
    mean = next((one for one in series.analysed if one.visit.name == last.visit.name), None)
    if mean is None or any(mean is one for one in series.usable):
        return None
    parts = [one for one in series.usable if one.visit.name == last.visit.name]
    return mean if all(one.study_day is not None and one.study_day <= 1 for one in parts) else None


def _with_several(found: Baselines, count: int, text: str) -> Baselines:
    if count > 1:
        found.tell(found.all, note("several-baselines", text))
    return found


def _flagged(series: Series) -> Baselines:
    flagged = [one for one in series.values if one.baseline_flag]
    usable = [one for one in flagged if any(one is other for other in series.usable)]
    if not usable:
        why = (
            "the value that the source flags as baseline does not count" if flagged else "the source flags no baseline"
        )
        return Baselines(why=why)
    if len(usable) == 1:
        if usable[0].value is None:
            return Baselines(why=f"the value that the source flags as baseline {_LIMIT}")
        return Baselines(one=usable[0])
    point_of = _point_of(usable, series.values)
    if point_of is not None:
        text = f"the source flags a baseline for each of {len(usable)} time points; each serves its own"
        why = "the source flags baselines of other time points than this one"
        known = {point_of(one): one for one in usable if one.value is not None}
        found = Baselines(by_point=known, point_of=point_of, why=why)
        found.tell(usable, note("baseline-by-time-point", text))
        return found
    found = Baselines(why=f"the source flags {len(usable)} values as baseline")
    found.tell(usable, note("baseline-flagged-twice", f"{found.why}, so that none is taken"))
    return found


def _time_point(value: Candidate) -> str:
    return split_instance(value.instance)[0]


def _whole_instance(value: Candidate) -> str:
    return value.instance


def _point_of(flagged: Sequence[Candidate], values: Sequence[Candidate]) -> Callable[[Candidate], str] | None:
    """What tells flagged values apart and comes again at other visits, `None` where nothing does.

    A number at the end of an instance may be that of a row or repeat, which is none of a time point (`1 h after 17`),
    or belong to the time point (`hour 1`).
    """
    later = [one for one in values if not one.baseline_flag]
    for of in (_time_point, _whole_instance):
        points = {of(one) for one in flagged}
        is_whole = len(points) == len(flagged) and all(split_instance(point)[0] for point in points)
        if is_whole and any(of(one) in points for one in later):
            return of
    return None


def _compare_with_source(found: Baselines, series: Series, rule: str) -> None:
    """Say where the source flags another baseline than the rule chose."""
    others = [one for one in series.values if one.baseline_flag and all(one is not base for base in found.all)]
    if rule == "flagged" or not others or any(base.baseline_flag for base in found.all):
        return
    took = "took another value" if found.all else "took none"
    text = f"the source flags a value as baseline; the rule of the protocol, '{rule}', {took}"
    found.tell([*others, *found.all], note("baseline-not-the-flagged", text))
