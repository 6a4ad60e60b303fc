"""How precisely readers measure, and what that makes of the indices."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bonemetrics.histomorphometry.algebra import Known, independent
from bonemetrics.histomorphometry.catalogue import MEASUREMENTS
from bonemetrics.histomorphometry.closure import close
from bonemetrics.records import HistomorphometryEntry, SectionFactors

_STEP = 1e-4
"""Relative step of the numerical derivative; indices are products and sums, so it is exact to its square."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderPrecision:
    """Precision of one measurement from repeated readings: RMS-SD in its unit, RMS-CV in %, degrees of freedom."""

    code: str
    n_biopsies: int
    degrees_of_freedom: int
    rms_sd: float
    rms_cv_percent: float | None


def reader_precision(groups: Sequence[Sequence[HistomorphometryEntry]]) -> dict[str, ReaderPrecision]:
    """Precision of every measurement that was read more than once.

    Parameters
    ----------
    groups
        Entries of one biopsy and envelope each: of one reader for intra-reader precision, of several for inter-reader.

    Returns
    -------
    dict
        By code. RMS-SD is the root of the mean variance (n-1) weighted by degrees of freedom; RMS-CV is relative to
        each biopsy's mean and `None` where a mean is zero.
    """
    found: dict[str, ReaderPrecision] = {}
    for code in MEASUREMENTS:
        readings = [[one.primaries[code] for one in group if code in one.primaries] for group in groups]
        readings = [values for values in readings if len(values) > 1]
        if not readings:
            continue
        degrees = [len(values) - 1 for values in readings]
        means = [sum(values) / len(values) for values in readings]
        sums = [sum((value - mean) ** 2 for value in values) for values, mean in zip(readings, means, strict=True)]
        cv = None
        if all(mean > 0 for mean in means):
            relative = sum(one / mean**2 for one, mean in zip(sums, means, strict=True))
            cv = 100 * math.sqrt(relative / sum(degrees))
        found[code] = ReaderPrecision(
            code=code,
            n_biopsies=len(readings),
            degrees_of_freedom=sum(degrees),
            rms_sd=math.sqrt(sum(sums) / sum(degrees)),
            rms_cv_percent=cv,
        )
    return found


def index_uncertainties(
    primaries: Mapping[str, Known], factors: SectionFactors | None, reader_cv_percent: Mapping[str, float]
) -> dict[str, float]:
    """Standard uncertainties of all that follows from measured values.

    Parameters
    ----------
    primaries
        Measurements with half a unit of their last digit.
    factors
        From section to space; taken as exact, since they are a convention.
    reader_cv_percent
        Precision of readers by code of a measurement.

    Returns
    -------
    dict
        By code, in the catalogue's unit. Reading, rounding (half unit / √3) and counting (√n) are propagated to first
        order as independent. A value that rests on a measurement whose precision nobody stated has none: too small an
        uncertainty would be a wrong one.

    References
    ----------
    JCGM 100:2008 (GUM), section 5.1.2 (propagation) and 4.3.7 (rounding).
    """
    # What follows from the others as well cannot be moved alone.
    free = independent(primaries, factors)
    values = {code: known.value for code, known in free.items()}
    seam_width = not {"O.Wi", "O.Th"} & primaries.keys()
    middle = close(values, factors, seam_width=seam_width).values
    parts: dict[str, float] = dict.fromkeys(middle, 0.0)
    unknown: set[str] = set()
    for name, known in free.items():
        own = _own(name, known, reader_cv_percent)
        step = _STEP * known.value
        if step == 0.0:
            continue
        up, down = (
            close({**values, name: known.value + one}, factors, seam_width=seam_width).values for one in (step, -step)
        )
        for code, value in middle.items():
            slope = (up.get(code, value) - down.get(code, value)) / (2 * step)
            if abs(slope) * known.value <= 1e-9 * abs(value):
                continue
            if own is None:
                unknown.add(code)
            else:
                parts[code] += (slope * own) ** 2
    for name in primaries.keys() - free.keys():
        own = _own(name, primaries[name], reader_cv_percent)
        unknown |= {name} if own is None else set()
        parts[name] = (own or 0.0) ** 2
    return {code: math.sqrt(part) for code, part in parts.items() if code not in unknown and part > 0}


def _own(name: str, known: Known, reader_cv_percent: Mapping[str, float]) -> float | None:
    """Standard uncertainty of one measurement; `None` where nobody stated how precisely it is read."""
    rounding = known.half_unit / math.sqrt(3)
    if MEASUREMENTS[name].role == "time":
        return rounding
    if MEASUREMENTS[name].role == "number":
        # A mean of sections is no count; how many were counted is not known.
        return math.sqrt(known.value) if known.value == int(known.value) else None
    if name not in reader_cv_percent:
        return None
    return math.hypot(known.value * reader_cv_percent[name] / 100, rounding)
