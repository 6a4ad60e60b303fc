"""A random-intercept mixed model of one parameter over the visits: descriptive, with its cautions beside it."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bonemetrics.errors import AnalysisError
from bonemetrics.outcomes.analysis.intervals import LEVEL, Interval
from bonemetrics.outcomes.analysis.select import Selection
from bonemetrics.outcomes.rows import OutcomeRow

_FEWEST_WOMEN, _FEWEST_REPEATS = 5, 3
_BOUNDARY = 0.01
"""Share of the variance between women below which the estimate lies at the boundary of what is possible."""
_ROUNDING = 1e-9
SMALL = "with few women, standard errors are too small rather than too large; no p-value is given"
MISSING_AT_RANDOM = (
    "women who left or have no number are taken to have gone on as others with like values (missing at random)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitEffect:
    """Estimated mean change from the baseline visit; `interval` is of 95 %.

    `n` women have a number at the visit, `n_limits` a result that is known only as a limit.
    """

    visit: str
    n: int
    n_limits: int
    change: float
    standard_error: float
    interval: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class MixedModel:
    """What the model gave, in the unit of the parameter.

    `between_sd` and `within_sd` are standard deviations between women and of a woman's values about her own level.
    `n_limits` results are known only as below or above a limit and are left out; `n_without` women have no number.
    """

    paramcd: str
    n_women: int
    n_values: int
    n_limits: int
    n_without: int
    baseline: float
    effects: tuple[VisitEffect, ...]
    between_sd: float
    within_sd: float
    cautions: tuple[str, ...]


def mixed_model(selection: Selection, paramcd: str) -> MixedModel:
    """Fit value = visit + woman, with visits as categories and a random intercept for each woman, by REML.

    Parameters
    ----------
    selection
        Rows that count.
    paramcd
        Of the parameter.

    Returns
    -------
    MixedModel
        Changes from the visit that holds the baselines.

    Raises
    ------
    AnalysisError
        `too-few-subjects` for fewer than five women or three with a follow-up, `not-estimable` where values do not
        vary, those of no woman change, or the fit fails or does not converge.

    References
    ----------
    Laird NM, Ware JH 1982, Biometrics 38:963. Intervals are by Student's t with the degrees of freedom within women
    (values - women - follow-up visits): Pinheiro JC, Bates DM 2000, Mixed-Effects Models in S and S-PLUS, section 2.4.
    """
    rows, limits, visits = _used(selection, paramcd)
    women = sorted({row.subject for row in rows})
    repeated = sum(sum(row.subject == who for row in rows) > 1 for who in women)
    if len(women) < _FEWEST_WOMEN or repeated < _FEWEST_REPEATS or len(visits) < 2:
        text = f"{len(women)} women, {repeated} of them with a follow-up{_beside(len(limits))}"
        raise AnalysisError(f"{text}; the model needs {_FEWEST_WOMEN} and {_FEWEST_REPEATS}", code="too-few-subjects")
    degrees = len(rows) - len(women) - (len(visits) - 1)
    if degrees < 1:
        raise AnalysisError("no degrees of freedom are left within women", code="too-few-subjects")
    if not any(_varies([row.value or 0.0 for row in rows if row.subject == who]) for who in women):
        raise AnalysisError("no woman's values change", code="not-estimable")
    fitted, scale, cautions = _fit(rows, visits)
    if _share_between(fitted) < _BOUNDARY:
        cautions = (*cautions, "hardly any variance between women was found: its estimate lies at the boundary")
    without = len(selection.dataset.gathered.participants) - len(women)
    return MixedModel(
        paramcd=paramcd,
        n_women=len(women),
        n_values=len(rows),
        n_limits=len(limits),
        n_without=without,
        baseline=float(fitted.fe_params[0]) * scale,
        effects=tuple(_effects(fitted, rows, limits, visits, scale, degrees)),
        between_sd=math.sqrt(max(float(fitted.cov_re[0, 0]), 0.0)) * scale,
        within_sd=math.sqrt(float(fitted.scale)) * scale,
        cautions=(*cautions, *_left_out(len(limits), without, len(women)), SMALL, *_missing(rows, women, visits)),
    )


def _used(selection: Selection, paramcd: str) -> tuple[list[OutcomeRow], list[OutcomeRow], list[str]]:
    """Rows with a number of the baseline visit and after it, those known as limits, and the visits, baseline first."""
    every = {visit: selection.rows(paramcd, visit) for visit in selection.visits(paramcd)}
    base = next((visit for visit, rows in every.items() if any(row.is_baseline for row in rows)), None)
    if base is None:
        text = f"no baseline value with a number is there{_beside(len(selection.limits(paramcd)))}"
        raise AnalysisError(text, code="too-few-subjects")
    visits = [base, *(visit for visit in selection.change_visits(paramcd) if visit != base)]
    rows = [row for visit in visits for row in every[visit]]
    numbers = [row for row in rows if not selection.is_limit(row)]
    # A visit at which every result is a limit has no mean that could be estimated.
    held = {row.visit for row in numbers}
    limits = [row for row in rows if selection.is_limit(row)]
    return numbers, limits, [visit for visit in visits if visit in held]


def _beside(limits: int) -> str:
    return f"; {limits} results are known only as a limit" if limits else ""


def _left_out(limits: int, without: int, women: int) -> Iterator[str]:
    """What the model does not see, and what that does to it."""
    if limits:
        are = "result below or above a limit is" if limits == 1 else "results below or above a limit are"
        yield f"{limits} {are} left out: not missing at random, changes are biased"
    if without:
        have, are = ("woman has", "is") if without == 1 else ("women have", "are")
        yield f"{without} of {women + without} {have} no value with a number and {are} in no estimate"


def _fit(rows: Sequence[OutcomeRow], visits: Sequence[str]) -> tuple[Any, float, tuple[str, ...]]:
    """The fitted model of values on a scale of 1, that scale, and what statsmodels warned of.

    Values are divided by their standard deviation: a bone density in g/cm2 is so small that the fit warns of its
    boundary for no other reason.
    """
    import numpy as np
    from statsmodels.regression.mixed_linear_model import MixedLM

    values = np.array([row.value for row in rows], dtype=float)
    scale = float(values.std(ddof=1))
    if scale <= 1e-12 * max(float(np.abs(values).max()), 1e-300):
        raise AnalysisError("all values are the same", code="not-estimable")
    design = np.array([[1.0, *(float(row.visit == visit) for visit in visits[1:])] for row in rows])
    women = np.array([row.subject for row in rows])
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            fitted = MixedLM(values / scale, design, groups=women).fit(reml=True)
        except (np.linalg.LinAlgError, ValueError) as error:
            raise AnalysisError(f"the fit failed: {error}", code="not-estimable") from error
    errors = np.asarray(fitted.bse_fe, dtype=float)
    if not np.isfinite(errors).all() or not np.isfinite(np.asarray(fitted.fe_params, dtype=float)).all():
        raise AnalysisError("the fit gave no standard errors", code="not-estimable")
    # At the boundary the search may end without a gradient of zero, at a solution that is right.
    if not fitted.converged and _share_between(fitted) >= _BOUNDARY:
        raise AnalysisError("the fit did not converge", code="not-estimable")
    said = (_plain(str(one.message), converged=fitted.converged) for one in told)
    return fitted, scale, tuple(dict.fromkeys(one for one in said if one))


def _share_between(fitted: Any) -> float:
    between, within = float(fitted.cov_re[0, 0]), float(fitted.scale)
    return between / (between + within)


def _varies(values: Sequence[float]) -> bool:
    return max(values) - min(values) > _ROUNDING * max(map(abs, values))


def _plain(message: str, *, converged: bool) -> str:
    """What statsmodels warned of while it found a solution; empty for what is said otherwise."""
    if "boundary" in message:
        return "an estimate may lie on the boundary of what is possible"
    if "converge" in message or "Retrying" in message:
        return "the first search for a solution did not converge, a further one did" if converged else ""
    return f"statsmodels: {message.splitlines()[0][:120]}"


def _effects(
    fitted: Any,
    rows: Sequence[OutcomeRow],
    limits: Sequence[OutcomeRow],
    visits: Sequence[str],
    scale: float,
    degrees: int,
) -> list[VisitEffect]:
    from scipy import stats

    quantile = float(stats.t.ppf((1 + LEVEL) / 2, degrees))
    found = []
    for place, visit in enumerate(visits[1:], start=1):
        change, error = float(fitted.fe_params[place]) * scale, float(fitted.bse_fe[place]) * scale
        found.append(
            VisitEffect(
                visit=visit,
                n=sum(row.visit == visit for row in rows),
                n_limits=sum(row.visit == visit for row in limits),
                change=change,
                standard_error=error,
                interval=(change - quantile * error, change + quantile * error),
            )
        )
    return found


def _missing(rows: Sequence[OutcomeRow], women: Sequence[str], visits: Sequence[str]) -> tuple[str, ...]:
    return (MISSING_AT_RANDOM,) if len(rows) < len(women) * len(visits) else ()
