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
    wrong = _out_of_order(label1_start, label1_end, label2_start, label2_end, biopsy)
    if wrong:
        # Fields, not days: whoever reads this need not be allowed to see a day.
        text = f"label courses and biopsy do not follow each other: {' and '.join(wrong)}"
        raise AlgebraError(text, code="invalid-labels-dates")
    first = label1_start.toordinal() + first_end.toordinal()
    second = label2_start.toordinal() + second_end.toordinal()
    return (second - first) / 2


def _out_of_order(
    label1_start: date, label1_end: date | None, label2_start: date, label2_end: date | None, biopsy: date | None
) -> list[str]:
    """Which fields contradict each other, without their days."""
    first_end, second_end = label1_end or label1_start, label2_end or label2_start
    last_of_first = "label1_end" if label1_end else "label1_start"
    last_of_second = "label2_end" if label2_end else "label2_start"
    told = {
        "label1_end is before label1_start": first_end < label1_start,
        "label2_end is before label2_start": second_end < label2_start,
        f"label2_start is not after {last_of_first}": label2_start <= first_end,
        f"biopsy_date is not after {last_of_second}": biopsy is not None and biopsy <= second_end,
    }
    return [text for text, is_so in told.items() if is_so]


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
