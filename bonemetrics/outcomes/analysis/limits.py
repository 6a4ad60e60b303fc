"""Means of groups in which some results are known only to lie below a limit: they count as censored."""

from __future__ import annotations

from dataclasses import dataclass

from bonemetrics.errors import AnalysisError
from bonemetrics.histomorphometry.censored import CensoredMean, censored_mean
from bonemetrics.outcomes.analysis.select import Group, Selection


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitedMean:
    """One parameter of one group at one visit with results below a limit; without `found`, `why` says the reason."""

    paramcd: str
    group: Group
    visit: str
    n_observed: int
    n_below: int
    found: CensoredMean | None
    why: str = ""


def limited_means(selection: Selection, paramcd: str) -> tuple[LimitedMean, ...]:
    """Fit the means of one parameter wherever results lie below a limit.

    Parameters
    ----------
    selection
        Rows that count.
    paramcd
        Of the parameter.

    Returns
    -------
    tuple of LimitedMean
        By group and visit; where every result has a number, there is nothing to fit. Results above a limit are not
        handled: a group with one has no mean.
    """
    found = []
    for group in selection.groups(paramcd):
        for visit in selection.visits(paramcd):
            rows = selection.rows(paramcd, visit, group.women)
            observed = [row.value for row in rows if row.value is not None]
            texts = [row.text for row in rows if row.value is None]
            limits = [limit for limit in map(_below, texts) if limit is not None]
            if not limits:
                continue
            fitted, why = None, ""
            if len(limits) < len(texts):
                why = "a result lies above a limit"
            else:
                try:
                    fitted = censored_mean(observed, limits)
                except AnalysisError as error:
                    why = error.message
            found.append(
                LimitedMean(
                    paramcd=paramcd,
                    group=group,
                    visit=visit,
                    n_observed=len(observed),
                    n_below=len(limits),
                    found=fitted,
                    why=why,
                )
            )
    return tuple(found)


def _below(text: str) -> float | None:
    if not text.startswith("<"):
        return None
    try:
        return float(text[1:])
    except ValueError:
        return None
