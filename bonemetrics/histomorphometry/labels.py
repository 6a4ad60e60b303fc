"""Fluorescent labels: the time between two courses, and what a biopsy's labels allow to be said."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from itertools import pairwise
from typing import Literal

from bonemetrics.errors import AlgebraError

LabelState = Literal["double", "single", "none", "unknown"]


def interlabel_days(
    label1_start: date, label1_end: date | None, label2_start: date, label2_end: date | None, biopsy: date | None = None
) -> float:
    """Days between the midpoints of the two label courses.

    Parameters
    ----------
    label1_start, label1_end, label2_start, label2_end
        First and last day of each course; a course without an end is one day.
    biopsy
        Day of the biopsy, where it is known.

    Returns
    -------
    float
        Days; courses on days 1-3 and 16-18 have midpoints 2 and 17, so 15 days.

    Raises
    ------
    AlgebraError
        `invalid-labels-dates` for courses that run backwards, overlap or end after the biopsy.
    """
    first_end, second_end = label1_end or label1_start, label2_end or label2_start
    days = [label1_start, first_end, label2_start, second_end, *([biopsy] if biopsy else [])]
    if any(later < earlier for earlier, later in pairwise(days)) or label2_start <= first_end:
        shown = ", ".join(day.isoformat() for day in days)
        text = f"label courses and biopsy do not follow each other: {shown}"
        raise AlgebraError(text, code="invalid-labels-dates")
    first = label1_start.toordinal() + first_end.toordinal()
    second = label2_start.toordinal() + second_end.toordinal()
    return (second - first) / 2


def label_state(primaries: Mapping[str, float], *, confirmed: bool | None) -> LabelState:
    """Whether a biopsy has double labels, single ones only or none.

    Parameters
    ----------
    primaries
        2D measurements by code.
    confirmed
        Whether it is known that the labels were taken.

    Returns
    -------
    str
        `unknown` where labels were not measured, and where there are none and nothing confirms that they were taken.
    """
    double, single = primaries.get("dL.Pm"), primaries.get("sL.Pm")
    if double is not None and double > 0:
        return "double"
    if double is None or single is None:
        return "unknown"
    if single > 0:
        return "single"
    return "none" if confirmed else "unknown"
