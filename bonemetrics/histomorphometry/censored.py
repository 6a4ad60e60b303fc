"""Apposition rates of a group in which some biopsies have no double label: known only to lie below a limit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bonemetrics.errors import AnalysisError

_LEAST_OBSERVED = 3
_SAME = 1e-9
"""Relative spread below which observed values are one value."""


@dataclass(frozen=True, slots=True)
class CensoredMean:
    """Mean and SD of a normal distribution fitted to observed values and to those known to lie below a limit."""

    mean: float
    sd: float
    n_observed: int
    n_censored: int
    standard_error: float


def censored_mean(observed: Sequence[float], limits: Sequence[float]) -> CensoredMean:
    """Fit a normal distribution by maximum likelihood with left-censored values (Tobit without covariates).

    Parameters
    ----------
    observed
        Measured values.
    limits
        For each value that was not measurable, the limit below which it lies, such as 0.3 um/d.

    Returns
    -------
    CensoredMean
        Without limits the mean and the maximum-likelihood SD (divisor n) of the observed values.

    Raises
    ------
    AnalysisError
        `too-few-subjects` for fewer than three observed values, `not-estimable` where the fit does not end.

    References
    ----------
    Tobin J 1958, Econometrica 26:24, doi 10.2307/1907382.
    """
    from scipy import optimize, stats

    if len(observed) < _LEAST_OBSERVED:
        text = f"{len(observed)} observed values; a fit with censored ones needs {_LEAST_OBSERVED}"
        raise AnalysisError(text, code="too-few-subjects")
    start = sum(observed) / len(observed)
    spread = math.sqrt(sum((value - start) ** 2 for value in observed) / len(observed))
    if spread <= _SAME * abs(start):
        raise AnalysisError("all observed values are the same", code="not-estimable")

    def loss(at: Sequence[float]) -> float:
        mean, sd = at[0], math.exp(at[1])
        seen = stats.norm.logpdf(np.asarray(observed, dtype=float), mean, sd).sum()
        below = stats.norm.logcdf(np.asarray(limits, dtype=float), mean, sd).sum()
        return -float(seen + below)

    options = {"xatol": 1e-10, "fatol": 1e-12, "maxiter": 4000}
    found = optimize.minimize(loss, [start, math.log(spread)], method="Nelder-Mead", options=options)
    if not found.success or not math.isfinite(found.fun):
        raise AnalysisError("the fit with censored values does not end", code="not-estimable")
    mean, sd = float(found.x[0]), math.exp(float(found.x[1]))
    step = 1e-3 * sd
    curvature = (loss([mean + step, found.x[1]]) - 2 * found.fun + loss([mean - step, found.x[1]])) / step**2
    return CensoredMean(mean, sd, len(observed), len(limits), 1 / math.sqrt(curvature))
