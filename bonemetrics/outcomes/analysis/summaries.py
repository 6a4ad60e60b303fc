"""Summaries by cohort and visit: of values, changes and per cent changes."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bonemetrics.outcomes.analysis.intervals import Interval, median_interval, t_interval
from bonemetrics.outcomes.analysis.select import Group, Selection, groups


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A group of numbers, one per woman.

    SD is n-1. `mean_interval` is by Student's t, `median_interval` by order statistics; `None` stands where there is no
    such number.
    """

    n: int
    mean: float | None
    sd: float | None
    median: float | None
    minimum: float | None
    maximum: float | None
    mean_interval: Interval | None
    median_interval: Interval | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitSummary:
    """One parameter in one group of women at one visit.

    `n_limits` counts results that are known only as below or above a limit; they are in none of the summaries.
    `n_hidden_changes` counts women without a change for no other reason than that, at this visit or at their baseline.
    """

    paramcd: str
    group: Group
    visit: str
    values: Summary
    changes: Summary
    percent_changes: Summary
    n_limits: int
    n_hidden_changes: int


def summarise(given: Iterable[float | None]) -> Summary:
    """Describe numbers; missing ones do not count.

    Parameters
    ----------
    given
        One per woman.

    Returns
    -------
    Summary
        Of those that are there.
    """
    values: Sequence[float] = [value for value in given if value is not None]
    n = len(values)
    return Summary(
        n=n,
        mean=math.fsum(values) / n if n else None,
        sd=statistics.stdev(values) if n > 1 else None,
        median=statistics.median(values) if n else None,
        minimum=min(values, default=None),
        maximum=max(values, default=None),
        mean_interval=t_interval(values),
        median_interval=median_interval(values),
    )


def visit_summaries(selection: Selection, paramcd: str) -> tuple[VisitSummary, ...]:
    """Summaries of one parameter.

    Parameters
    ----------
    selection
        Rows that count.
    paramcd
        Of the parameter.

    Returns
    -------
    tuple of VisitSummary
        By group, then visit; a group without any value at a visit is there with n = 0.
    """
    found = []
    for group in groups(selection.dataset):
        for visit in selection.visits(paramcd):
            rows = selection.rows(paramcd, visit, group.women)
            found.append(
                VisitSummary(
                    paramcd=paramcd,
                    group=group,
                    visit=visit,
                    values=summarise(row.value for row in rows),
                    changes=summarise(row.change for row in rows),
                    percent_changes=summarise(row.percent_change for row in rows),
                    n_limits=sum(selection.is_limit(row) for row in rows),
                    n_hidden_changes=sum(selection.lacks_change(row) for row in rows),
                )
            )
    return tuple(found)
