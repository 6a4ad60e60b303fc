"""Intervals of 95 % that hold for ten women: Student's t, order statistics, exact ones of proportions and rates."""

from __future__ import annotations

import math
from collections.abc import Sequence

LEVEL = 0.95
Interval = tuple[float, float]
_ROUNDING = 1e-9
"""Relative differences that are left by computing with binary numbers."""


def t_interval(values: Sequence[float]) -> Interval | None:
    """95 % interval of a mean by Student's t.

    Parameters
    ----------
    values
        One per woman.

    Returns
    -------
    tuple or None
        `None` for fewer than two values, or where all are the same: nothing is known of their spread then.
    """
    from scipy import stats

    n = len(values)
    if n < 2 or max(values) - min(values) <= _ROUNDING * max(map(abs, values)):
        return None
    mean = math.fsum(values) / n
    sd = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (n - 1))
    half = float(stats.t.ppf((1 + LEVEL) / 2, n - 1)) * sd / math.sqrt(n)
    return mean - half, mean + half


def median_interval(values: Sequence[float]) -> Interval | None:
    """Interval of a median from two order statistics, without any assumption on the distribution.

    Parameters
    ----------
    values
        One per woman.

    Returns
    -------
    tuple or None
        The narrowest symmetric pair that covers the median with at least 95 %; `None` below six values, where not even
        the smallest and the largest do (1 - 2 (1/2)^n).

    References
    ----------
    Conover WJ 1999, Practical Nonparametric Statistics, section 3.2.
    """
    ordered = sorted(values)
    n = len(ordered)
    found: Interval | None = None
    for place in range(n // 2):
        outside = 2 * sum(math.comb(n, k) for k in range(place + 1)) / 2**n
        if 1 - outside < LEVEL:
            break
        found = ordered[place], ordered[n - 1 - place]
    return found


def rate_interval(events: int, time: float) -> Interval | None:
    """Exact 95 % interval of a rate of events that follow a Poisson distribution.

    Parameters
    ----------
    events
        How many were counted.
    time
        Under observation, summed over women, in any unit.

    Returns
    -------
    tuple or None
        Events per unit of `time`; `None` where nobody was observed.

    References
    ----------
    Garwood F 1936, Biometrika 28:437, doi 10.1093/biomet/28.3-4.437.
    """
    from scipy import stats

    if time <= 0:
        return None
    tail = (1 - LEVEL) / 2
    low = 0.0 if events == 0 else float(stats.chi2.ppf(tail, 2 * events)) / 2
    return low / time, float(stats.chi2.ppf(1 - tail, 2 * events + 2)) / 2 / time


def proportion_interval(part: int, whole: int) -> Interval | None:
    """Exact 95 % interval of a proportion (Clopper and Pearson).

    Parameters
    ----------
    part, whole
        How many of how many.

    Returns
    -------
    tuple or None
        Fractions from 0 to 1; `None` where nobody was counted.

    References
    ----------
    Clopper CJ, Pearson ES 1934, Biometrika 26:404, doi 10.1093/biomet/26.4.404.
    """
    from scipy import stats

    if whole == 0:
        return None
    tail = (1 - LEVEL) / 2
    low = 0.0 if part == 0 else float(stats.beta.ppf(tail, part, whole - part + 1))
    high = 1.0 if part == whole else float(stats.beta.ppf(1 - tail, part + 1, whole - part))
    return low, high
