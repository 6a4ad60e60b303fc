"""Precision of densitometry from repeated scans, and the least significant change (LSC) that follows from it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

import numpy as np
from scipy import stats

from bonemetrics.anatomy import spine_region
from bonemetrics.dxa.evaluable import COUNTED
from bonemetrics.errors import DxaError
from bonemetrics.records import Finite, Record

LSC_FACTOR = 2.77
"""1.96 √2 = 2.7719 as the ISCD rounds it, for 95 % confidence; its glossary and calculator use this figure."""
LEAST_DEGREES_OF_FREEDOM = 30
"""15 people × 3 scans or 30 × 2 (ISCD)."""
_SAME = 1e-9

BmcArea = tuple[float, float]
"""BMC in g and area in cm² of one vertebra in one scan."""


class Precision(Record):
    """Precision of one region: RMS-SD and LSC in the unit of the measurements, with confidence intervals.

    `n_measurements` are those of the `n_people` with two or more; `n_single` people had only one and tell nothing. The
    `percent` figures are relative to each person's mean, `None` where a mean is not above zero; the ISCD prefers g/cm².
    `enough` says whether there were 30 degrees of freedom.
    """

    n_people: int
    n_measurements: int
    n_single: int
    degrees_of_freedom: int
    mean: Finite
    confidence: Finite
    rms_sd: Finite
    rms_sd_ci: tuple[Finite, Finite]
    lsc: Finite
    lsc_ci: tuple[Finite, Finite]
    rms_cv_percent: Finite | None
    rms_cv_percent_ci: tuple[Finite, Finite] | None
    lsc_percent: Finite | None
    lsc_percent_ci: tuple[Finite, Finite] | None
    enough: bool


def precision_study(
    repeats: Mapping[str, Sequence[float]], *, confidence: float = 0.95, allow_fewer: bool = False
) -> Precision:
    """Precision from repeated measurements of several people.

    Each person's SD has n-1. RMS-SD is the root of the mean of the variances, weighted by degrees of freedom: with as
    many repeats for everybody this is sqrt(sum(SD²)/n); with unequal numbers it is the only weighting for which the
    chi-square interval below holds. That interval takes all people to be measured alike precisely.

    Parameters
    ----------
    repeats
        Measurements by person; whoever has a single one is counted in `n_single` and otherwise passed over.
    confidence
        Of the two-sided intervals.
    allow_fewer
        Accept fewer than 30 degrees of freedom; the result then says `enough` is false.

    Returns
    -------
    Precision
        In the unit of the measurements.

    Raises
    ------
    DxaError
        `too-few-degrees-of-freedom`; `invalid-series` for values that are no numbers, and where no repeat differs from
        another, which copies do and scans do not.

    References
    ----------
    .. [1] C.-C. Glüer et al., Accurate assessment of precision errors: how to measure the reproducibility of bone
       densitometry techniques. Osteoporos Int 1995;5:262-270, doi 10.1007/BF01774016.
    .. [2] ISCD precision calculator, glossary and FAQ, iscd.org: 15 × 3 or 30 × 2, RMS-SD, LSC = 2.77 × RMS-SD.
    """
    people = [np.asarray(values, dtype=np.float64) for values in repeats.values() if len(values) > 1]
    n_single = len(repeats) - len(people)
    if any(not np.isfinite(values).all() for values in people):
        raise DxaError("a repeat is not a number; leave it out of the study", code="invalid-series")
    degrees = np.array([len(values) - 1 for values in people], dtype=np.int64)
    total = int(degrees.sum())
    if total == 0 or (total < LEAST_DEGREES_OF_FREEDOM and not allow_fewer):
        raise DxaError(
            f"{total} degrees of freedom ({len(people)} people with repeats); {LEAST_DEGREES_OF_FREEDOM} are needed, as"
            " from 15 people × 3 scans or 30 × 2",
            code="too-few-degrees-of-freedom",
        )
    means = np.array([values.mean() for values in people])
    variances = np.array([values.var(ddof=1) for values in people])
    rms_sd = math.sqrt(float(degrees @ variances) / total)
    if rms_sd <= _SAME * float(np.abs(means).max()):
        raise DxaError(
            "all repeats of every person are the same, as copies are and scans are not", code="invalid-series"
        )
    low, high = _interval_factors(total, confidence)
    cv = 100 * math.sqrt(float(degrees @ (variances / means**2)) / total) if (means > 0).all() else None
    return Precision(
        n_people=len(people),
        n_measurements=total + len(people),
        n_single=n_single,
        degrees_of_freedom=total,
        mean=float(means.mean()),
        confidence=confidence,
        rms_sd=rms_sd,
        rms_sd_ci=(rms_sd * low, rms_sd * high),
        lsc=LSC_FACTOR * rms_sd,
        lsc_ci=(LSC_FACTOR * rms_sd * low, LSC_FACTOR * rms_sd * high),
        rms_cv_percent=cv,
        rms_cv_percent_ci=None if cv is None else (cv * low, cv * high),
        lsc_percent=None if cv is None else LSC_FACTOR * cv,
        lsc_percent_ci=None if cv is None else (LSC_FACTOR * cv * low, LSC_FACTOR * cv * high),
        enough=total >= LEAST_DEGREES_OF_FREEDOM,
    )


def _interval_factors(degrees: int, confidence: float) -> tuple[float, float]:
    """By what an SD is multiplied for the ends of its interval."""
    if not 0 < confidence < 1:
        raise DxaError(f"a confidence of {confidence:g}; it lies between 0 and 1, such as 0.95", code="invalid-series")
    tail = (1 - confidence) / 2
    low, high = stats.chi2.ppf([1 - tail, tail], degrees)
    return math.sqrt(degrees / float(low)), math.sqrt(degrees / float(high))


def combined_bmd(scans: Mapping[str, Sequence[Mapping[str, BmcArea]]], levels: Iterable[str]) -> dict[str, list[float]]:
    """BMD of a set of vertebrae in every scan that has them all: sum of BMC over sum of areas.

    Parameters
    ----------
    scans
        By person, each scan as level to (BMC, area).
    levels
        Two or more vertebrae.

    Returns
    -------
    dict
        Person to BMD in g/cm² of each of her scans; people without such a scan are not in it.

    Raises
    ------
    DxaError
        `single-vertebra`; `invalid-series` where a BMC or area is no positive number.
    """
    wanted = tuple(levels)
    if len(wanted) < 2:
        raise DxaError(
            f"{', '.join(wanted) or 'none'}: a change is never judged by a single vertebra", code="single-vertebra"
        )
    found: dict[str, list[float]] = {}
    for person, repeats in scans.items():
        for scan in repeats:
            if all(level in scan for level in wanted):
                found.setdefault(person, []).append(_bmd_of([scan[level] for level in wanted]))
    return found


def _bmd_of(parts: Sequence[BmcArea]) -> float:
    if not all(math.isfinite(value) and value > 0 for part in parts for value in part):
        raise DxaError("a vertebra's BMC or area is not above zero", code="invalid-series")
    return math.fsum(bmc for bmc, _ in parts) / math.fsum(area for _, area in parts)


def vertebra_subsets(levels: Iterable[str] = COUNTED) -> list[tuple[str, ...]]:
    """Every set of two or more of the given vertebrae that may be reported, largest first, gaps allowed."""
    known = [level for level in COUNTED if level in set(levels)]
    return [subset for size in range(len(known), 1, -1) for subset in combinations(known, size)]


def vertebra_precision(
    scans: Mapping[str, Sequence[Mapping[str, BmcArea]]], *, confidence: float = 0.95, allow_fewer: bool = False
) -> dict[str, Precision]:
    """Precision of every combination of two to four lumbar vertebrae, from one study of L1-L4.

    Parameters
    ----------
    scans
        By person, each scan as level to (BMC in g, area in cm²).
    confidence, allow_fewer
        See `precision_study`.

    Returns
    -------
    dict
        Region, such as `L1-L2,L4`, to its precision; eleven of them where all four levels were measured.

    Raises
    ------
    DxaError
        As `precision_study` and `combined_bmd`.

    References
    ----------
    .. [1] H. Rosen et al., Reporting fewer than four vertebrae: 2023 Official Positions of the ISCD. J Clin Densitom
       2024;27:101436: the LSC of each combination by re-analysis of the facility's own L1-L4 precision study.
    """
    levels = {level for repeats in scans.values() for scan in repeats for level in scan}
    return {
        spine_region(subset): precision_study(
            combined_bmd(scans, subset), confidence=confidence, allow_fewer=allow_fewer
        )
        for subset in vertebra_subsets(levels)
    }


def is_significant(change: float, lsc: float) -> bool:
    """Whether a change is at least the least significant one, in either direction.

    Parameters
    ----------
    change
        Later minus earlier value, in the unit of `lsc`.
    lsc
        Above zero.

    Returns
    -------
    bool
        True for a change that equals the LSC, as the ISCD counts it.

    Raises
    ------
    DxaError
        `invalid-series` where the LSC is no positive number or the change is none.
    """
    if not (math.isfinite(lsc) and lsc > 0 and math.isfinite(change)):
        raise DxaError("an LSC must be above zero, and a change a number", code="invalid-series")
    # 0.830 - 0.800 is 0.03 to the reader, and a little less to binary arithmetic.
    return abs(change) >= lsc * (1 - _SAME)


def lsc_between_devices(
    rms_sd_first: float, rms_sd_second: float, *, slope: float, calibration_uncertainty: float
) -> float:
    """LSC of a person measured on one device first and on another later (generalised LSC).

    The change is the later value minus the earlier one carried over, second - (intercept + slope × first), so its
    variance is that of the second device, slope² times that of the first, and that of the cross-calibration. Nothing
    has a default: without a cross-calibration two devices are not compared.

    Parameters
    ----------
    rms_sd_first, rms_sd_second
        RMS-SD of the two devices, each in its own g/cm².
    slope
        Of the cross-calibration from the first device to the second.
    calibration_uncertainty
        Standard uncertainty of a carried-over value for one person, precision left out; in g/cm² of the second device.

    Returns
    -------
    float
        In g/cm² of the second device. With slope 1 and no uncertainty: 2.77 × sqrt((SD1² + SD2²) / 2).

    Raises
    ------
    DxaError
        `invalid-series` where an input is negative or no number.

    References
    ----------
    .. [1] J. A. Shepherd, Y. Lu, A generalized least significant change for individuals measured on different DXA
       systems. J Clin Densitom 2007;10:249-258 (its abstract: the LSC then depends on both precision errors and on the
       calibration relationship). The formula here is the law of propagation of uncertainty, not copied from the paper.
    """
    parts = (rms_sd_first, rms_sd_second, slope, calibration_uncertainty)
    if not all(math.isfinite(part) and part >= 0 for part in parts) or slope == 0:
        raise DxaError("precision, slope and uncertainty must be numbers, none below zero", code="invalid-series")
    variance = rms_sd_second**2 + (slope * rms_sd_first) ** 2 + calibration_uncertainty**2
    return LSC_FACTOR / math.sqrt(2) * math.sqrt(variance)


def is_acceptable(precision: Precision, *, maximum_percent: float) -> bool:
    """Whether a precision meets a stated minimum, such as the one a protocol names for the site.

    Parameters
    ----------
    precision
        Of one technologist and region.
    maximum_percent
        Largest RMS-CV in per cent that is acceptable. There is no default: the figures commonly quoted from the ISCD
        could not be checked against its text.

    Returns
    -------
    bool
        False too where no RMS-CV can be given.
    """
    return precision.rms_cv_percent is not None and precision.rms_cv_percent <= maximum_percent
