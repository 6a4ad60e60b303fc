"""A random-intercept mixed model of one parameter over the visits: descriptive, with its cautions beside it."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
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
MISSING_AT_RANDOM = "women who left are taken to have gone on as others with like values (missing at random)"


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitEffect:
    """Estimated mean change from the baseline visit; `interval` is of 95 %."""

    visit: str
    n: int
    change: float
    standard_error: float
    interval: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class MixedModel:
    """What the model gave, in the unit of the parameter.

    `between_sd` and `within_sd` are standard deviations between women and of a woman's values about her own level.
    """

    paramcd: str
    n_women: int
    n_values: int
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
    rows, visits = _used(selection, paramcd)
    women = sorted({row.subject for row in rows})
    repeated = sum(sum(row.subject == who for row in rows) > 1 for who in women)
    if len(women) < _FEWEST_WOMEN or repeated < _FEWEST_REPEATS or len(visits) < 2:
        text = f"{len(women)} women, {repeated} of them with a follow-up"
        raise AnalysisError(f"{text}; the model needs {_FEWEST_WOMEN} and {_FEWEST_REPEATS}", code="too-few-subjects")
    degrees = len(rows) - len(women) - (len(visits) - 1)
    if degrees < 1:
        raise AnalysisError("no degrees of freedom are left within women", code="too-few-subjects")
    if not any(_varies([row.value or 0.0 for row in rows if row.subject == who]) for who in women):
        raise AnalysisError("no woman's values change", code="not-estimable")
    fitted, scale, cautions = _fit(rows, visits)
    if _share_between(fitted) < _BOUNDARY:
        cautions = (*cautions, "hardly any variance between women was found: its estimate lies at the boundary")
    return MixedModel(
        paramcd=paramcd,
        n_women=len(women),
        n_values=len(rows),
        baseline=float(fitted.fe_params[0]) * scale,
        effects=tuple(_effects(fitted, rows, visits, scale, degrees)),
        between_sd=math.sqrt(max(float(fitted.cov_re[0, 0]), 0.0)) * scale,
        within_sd=math.sqrt(float(fitted.scale)) * scale,
        cautions=(*cautions, SMALL, *((MISSING_AT_RANDOM,) if _is_ragged(rows, women, visits) else ())),
    )


def _used(selection: Selection, paramcd: str) -> tuple[list[OutcomeRow], list[str]]:
    """Rows of the baseline visit and of those after it, and the visits with the baseline's first."""
    every = {visit: selection.rows(paramcd, visit) for visit in selection.visits(paramcd)}
    base = next((visit for visit, rows in every.items() if any(row.is_baseline for row in rows)), None)
    if base is None:
        raise AnalysisError("no baseline value is there", code="too-few-subjects")
    after = [visit for visit in selection.follow_up(paramcd) if visit != base]
    visits = [base, *after]
    return [row for visit in visits for row in every[visit] if row.value is not None], visits


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
    fitted: Any, rows: Sequence[OutcomeRow], visits: Sequence[str], scale: float, degrees: int
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
                change=change,
                standard_error=error,
                interval=(change - quantile * error, change + quantile * error),
            )
        )
    return found


def _is_ragged(rows: Sequence[OutcomeRow], women: Sequence[str], visits: Sequence[str]) -> bool:
    return len(rows) < len(women) * len(visits)
