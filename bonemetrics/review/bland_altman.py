"""Bland and Altman's agreement of paired values: bias, limits of agreement and their confidence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from bonemetrics.errors import AgreementError

Floats = npt.NDArray[np.float64]
Interval = tuple[float, float]

LIMIT_SD = 1.96
"""Limits of agreement lie so many SD from the bias (Bland and Altman)."""
FEWEST_FOR_LIMITS = 3
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class BlandAltman:
    """Agreement of pairs, in the unit of the values; differences are second minus first.

    `bias` is the mean difference and `sd` the SD (n-1) of the differences. `slope` is that of the difference on the
    mean of both, by least squares: an interval that leaves out zero speaks for a bias that grows with the value. What
    cannot be told is `None`: bias without a pair, its interval and `sd` below two, limits and slope below three. Where
    all differences are the same, as copies give them and readings do not, there are no limits, slope or intervals.
    """

    n: int
    means: tuple[float, ...]
    differences: tuple[float, ...]
    confidence: float
    bias: float | None
    bias_interval: Interval | None
    sd: float | None
    lower: float | None
    lower_interval: Interval | None
    upper: float | None
    upper_interval: Interval | None
    slope: float | None
    slope_interval: Interval | None


def bland_altman(pairs: Sequence[tuple[float, float]], *, confidence: float = 0.95) -> BlandAltman:
    """Compare paired values of two readers, or of one reader at two times.

    Parameters
    ----------
    pairs
        First and second value of each scan, in one unit and on one scale.
    confidence
        Of the two-sided intervals.

    Returns
    -------
    BlandAltman
        Intervals take the differences for independent and normally distributed; several scans of one person make them
        too narrow. That of the bias is Student's t with n-1 degrees of freedom. Those of the limits are exact, by the
        noncentral t distribution, for each limit by itself; the approximate ones of 1999 are too narrow for few pairs.

    Raises
    ------
    AgreementError
        `invalid-readings` for a value that is not finite, or a confidence outside 0 to 1.

    References
    ----------
    Bland JM, Altman DG 1999, doi 10.1177/096228029900800204 (bias, limits, regression on the mean). Carkeet A 2015,
    doi 10.1097/OPX.0000000000000513 (limits considered individually).
    """
    values = np.asarray(pairs, dtype=np.float64).reshape(-1, 2)
    if not np.isfinite(values).all():
        raise AgreementError("a value of a pair is no finite number", code="invalid-readings")
    if not 0 < confidence < 1:
        raise AgreementError(f"a confidence of {confidence} is not between 0 and 1", code="invalid-readings")
    means, differences = values.mean(axis=1), values[:, 1] - values[:, 0]
    n = len(values)
    bias = float(differences.mean()) if n else None
    sd = float(differences.std(ddof=1)) if n >= 2 else None
    varies = _varies(values, differences)
    lower, upper = _limits(n, bias, sd) if varies else (None, None)
    slope, slope_interval = _slope(means, differences, confidence) if varies else (None, None)
    return BlandAltman(
        n=n,
        means=tuple(means.tolist()),
        differences=tuple(differences.tolist()),
        confidence=confidence,
        bias=bias,
        bias_interval=_bias_interval(n, bias, sd, confidence) if varies else None,
        sd=sd,
        lower=lower,
        lower_interval=_limit_interval(n, bias, sd, -1, confidence) if lower is not None else None,
        upper=upper,
        upper_interval=_limit_interval(n, bias, sd, 1, confidence) if upper is not None else None,
        slope=slope,
        slope_interval=slope_interval,
    )


def limit_factors(n: int, *, limit_sd: float = LIMIT_SD, confidence: float = 0.95) -> tuple[float, float]:
    """How many SD from the bias the interval of a limit of agreement begins and ends.

    They are the one-sided tolerance factors of the normal distribution for the point `limit_sd` SD above its mean.

    Parameters
    ----------
    n
        Number of pairs, two or more.
    limit_sd
        Distance of the limit from the bias in SD.
    confidence
        Of the two-sided interval.

    Returns
    -------
    tuple of float
        Nearer and farther end.
    """
    root = math.sqrt(n)
    tail = (1 - confidence) / 2
    near, far = stats.nct.ppf([tail, 1 - tail], n - 1, limit_sd * root) / root
    return float(near), float(far)


def _varies(values: Floats, differences: Floats) -> bool:
    """Whether differences differ by more than the rounding of the values they are of."""
    return len(differences) >= 2 and float(np.ptp(differences)) > _ROUNDING * float(np.abs(values).max())


def _limits(n: int, bias: float | None, sd: float | None) -> tuple[float | None, float | None]:
    if bias is None or sd is None or n < FEWEST_FOR_LIMITS:
        return None, None
    return bias - LIMIT_SD * sd, bias + LIMIT_SD * sd


def _bias_interval(n: int, bias: float | None, sd: float | None, confidence: float) -> Interval | None:
    if bias is None or sd is None:
        return None
    reach = float(stats.t.ppf((1 + confidence) / 2, n - 1)) * sd / math.sqrt(n)
    return bias - reach, bias + reach


def _limit_interval(n: int, bias: float | None, sd: float | None, sign: int, confidence: float) -> Interval | None:
    if bias is None or sd is None:
        return None
    near, far = limit_factors(n, confidence=confidence)
    ends = sorted((bias + sign * near * sd, bias + sign * far * sd))
    return ends[0], ends[1]


def _slope(means: Floats, differences: Floats, confidence: float) -> tuple[float | None, Interval | None]:
    n = len(means)
    if n < FEWEST_FOR_LIMITS or float(np.ptp(means)) <= _ROUNDING * float(np.abs(means).max()):
        return None, None
    found = stats.linregress(means, differences)
    slope, error = float(found.slope), float(found.stderr)
    reach = float(stats.t.ppf((1 + confidence) / 2, n - 2)) * error
    # Points on one line leave no residual, from which an interval could be told.
    is_exact = error <= _ROUNDING * max(1.0, abs(slope))
    return slope, None if is_exact else (slope - reach, slope + reach)
