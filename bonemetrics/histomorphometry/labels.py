"""Fluorescent labels: the time between two courses, and what a biopsy's labels allow to be said."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Literal

from bonemetrics.errors import AlgebraError

LabelState = Literal["double", "single", "none", "unknown"]
_RATES = ("MAR", "Aj.AR", "BFR/BS", "BFR/BV", "BFR/TV", "Omt", "Mlt", "FP", "FPa+", "Ac.f")
"""What nobody can compute without a distance between two labels."""


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
        `invalid-labels-dates` for courses that run backwards, overlap, or do not end before the biopsy.
    """
    first_end, second_end = label1_end or label1_start, label2_end or label2_start
    days = [label1_start, first_end, label2_start, second_end, *([biopsy] if biopsy else [])]
    backwards = first_end < label1_start or second_end < label2_start
    if backwards or label2_start <= first_end or (biopsy is not None and biopsy <= second_end):
        shown = ", ".join(day.isoformat() for day in days)
        text = f"label courses and biopsy do not follow each other: {shown}"
        raise AlgebraError(text, code="invalid-labels-dates")
    first = label1_start.toordinal() + first_end.toordinal()
    second = label2_start.toordinal() + second_end.toordinal()
    return (second - first) / 2


def label_state(
    primaries: Mapping[str, float], *, confirmed: bool | None, typed: Mapping[str, float] | None = None
) -> LabelState:
    """Whether a biopsy has double labels, single ones only or none.

    Parameters
    ----------
    primaries
        2D measurements by code.
    confirmed
        Whether it is known that the labels were taken.
    typed
        Indices entered by hand; without the labelled perimeters a rate tells of double labels, and MS/BS = 0 of none.

    Returns
    -------
    str
        `unknown` where labels were not measured, and where there are none and nothing confirms that they were taken.
    """
    typed = typed or {}
    double, single = primaries.get("dL.Pm"), primaries.get("sL.Pm")
    if double is not None and double > 0:
        return "double"
    if double is None:
        if "Ir.L.Wi" in primaries or any(typed.get(code, 0.0) > 0 for code in _RATES):
            return "double"
        if single is None and typed.get("MS/BS") == 0:
            return "none" if confirmed else "unknown"
    if double is None or single is None:
        return "unknown"
    if single > 0:
        return "single"
    return "none" if confirmed else "unknown"
