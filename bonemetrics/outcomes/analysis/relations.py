"""Two endpoints of the same women at the same visits: a look for outliers, not a test of anything."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from bonemetrics.outcomes.analysis.select import Selection
from bonemetrics.outcomes.rows import OutcomeRow

_FEWEST_PAIRS = 5
_OUTLYING = 3.5
"""Robust distance from the line beyond which a pair is named: Iglewicz B, Hoaglin DC 1993, How to Detect Outliers."""
_MAD_TO_SD, _MEAN_DEVIATION_TO_SD = 1.4826, 1.253314
_ROUNDING = 1e-9
_KNOWN = (("Ac.f", "P1NP"), ("BV/TV", "Tb.vBMD"))
"""Quantities that should move together: turnover in biopsy and serum, bone in iliac crest and radius."""
_FARTHEST_DAYS = 92


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Both values of one woman at one visit; `distance` is that from the line in robust standard deviations."""

    subject: str
    visit: str
    x: float
    y: float
    distance: float | None
    is_outlier: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """How two parameters go together over all women and visits.

    `rho` is Spearman's; `slope` and `intercept` are of the Theil-Sen line. They are `None` for fewer than five pairs,
    or where one of the parameters does not vary. Several pairs are of the same woman, so there is no p-value.
    """

    x: str
    y: str
    pairs: tuple[Pair, ...]
    n_women: int
    rho: float | None
    slope: float | None
    intercept: float | None


def relations(selection: Selection) -> tuple[Relation, ...]:
    """Relations that the protocol names, or, where it names none, those that are known of its quantities.

    Parameters
    ----------
    selection
        Rows that count.

    Returns
    -------
    tuple of Relation
        A relation without any pair is left out.
    """
    found = (relation(selection, x, y) for x, y in _wanted(selection))
    return tuple(one for one in found if one.pairs)


def _wanted(selection: Selection) -> tuple[tuple[str, str], ...]:
    protocol = selection.dataset.gathered.protocol
    if protocol.analysis.relations:
        return protocol.analysis.relations
    codes = {one.quantity: one.paramcd for one in reversed(protocol.parameters)}
    return tuple((codes[x], codes[y]) for x, y in _KNOWN if x in codes and y in codes)


def relation(selection: Selection, x: str, y: str) -> Relation:
    """Look at two parameters.

    Parameters
    ----------
    selection
        Rows that count.
    x, y
        PARAMCDs.

    Returns
    -------
    Relation
        Each value of `x` with that of `y` of the same woman which is nearest in time, at most 92 days away; without
        days, with that of the same visit.
    """
    here = [row for visit in selection.visits(x) for row in selection.rows(x, visit) if row.value is not None]
    there = [row for visit in selection.visits(y) for row in selection.rows(y, visit) if row.value is not None]
    matched = [(row, other) for row in here if (other := _nearest(row, there)) is not None]
    both = [(row.subject, _visits_of(row, other)) for row, other in matched]
    points = [(float(row.value or 0.0), float(other.value or 0.0)) for row, other in matched]
    rho, slope, intercept = _line(points)
    distances = _distances(points, slope, intercept)
    return Relation(
        x=x,
        y=y,
        pairs=tuple(
            Pair(
                subject=subject,
                visit=visit,
                x=point[0],
                y=point[1],
                distance=distance,
                is_outlier=distance is not None and abs(distance) > _OUTLYING,
            )
            for (subject, visit), point, distance in zip(both, points, distances, strict=True)
        ),
        n_women=len({subject for subject, _ in both}),
        rho=rho,
        slope=slope,
        intercept=intercept,
    )


def _nearest(row: OutcomeRow, others: Sequence[OutcomeRow]) -> OutcomeRow | None:
    own = [other for other in others if other.subject == row.subject]
    apart = [
        (abs(other.study_day - row.study_day), place)
        for place, other in enumerate(own)
        if other.study_day is not None and row.study_day is not None
    ]
    if apart and min(apart)[0] <= _FARTHEST_DAYS:
        return own[min(apart)[1]]
    return None if apart else next((other for other in own if other.visit == row.visit), None)


def _visits_of(row: OutcomeRow, other: OutcomeRow) -> str:
    return row.visit if row.visit == other.visit else f"{row.visit} with {other.visit}"


def _line(points: list[tuple[float, float]]) -> tuple[float | None, float | None, float | None]:
    from scipy import stats

    if len(points) < _FEWEST_PAIRS or any(len({point[axis] for point in points}) < 2 for axis in (0, 1)):
        return None, None, None
    xs, ys = [x for x, _ in points], [y for _, y in points]
    slope, intercept, *_ = stats.theilslopes(ys, xs)
    return float(stats.spearmanr(xs, ys).statistic), float(slope), float(intercept)


def _distances(points: list[tuple[float, float]], slope: float | None, intercept: float | None) -> list[float | None]:
    if slope is None or intercept is None:
        return [None] * len(points)
    residuals = [y - intercept - slope * x for x, y in points]
    middle = statistics.median(residuals)
    apart = [abs(one - middle) for one in residuals]
    rounding = _ROUNDING * max(abs(y) for _, y in points)
    spread = _MAD_TO_SD * statistics.median(apart)
    if spread <= rounding:
        # More than half lie on the line, so that any other lies off it.
        spread = _MEAN_DEVIATION_TO_SD * statistics.fmean(apart)
    if spread <= rounding:
        return [None] * len(points)
    return [(one - middle) / spread for one in residuals]
