"""Cohen's kappa of two readers' verdicts."""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import stats

from bonemetrics.errors import AgreementError

Weights = Literal["none", "linear", "quadratic"]
"""How far two categories are from each other: `none` takes all disagreements for equally grave."""

_WEIGHTS = {"none": None, "linear": "linear", "quadratic": "quadratic"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kappa:
    """Agreement of two readers over categories.

    `table[i][j]` counts what the first reader put into category i and the second into j. `observed` is the share on
    which they agree. `kappa` is `None` where neither reader ever left one and the same category: agreement by chance
    is then certain, and kappa is 0/0. `interval` is `None` where the standard error says nothing: for fewer than 2 k²
    pairs, k the number of categories in use, where a reader used one category only, and where all agree.
    """

    categories: tuple[str, ...]
    weights: Weights
    n: int
    table: tuple[tuple[int, ...], ...]
    observed: float | None
    kappa: float | None
    standard_error: float | None
    interval: tuple[float, float] | None
    confidence: float


def cohens_kappa(
    pairs: Sequence[tuple[Hashable, Hashable]],
    categories: Sequence[str],
    *,
    weights: Weights = "none",
    confidence: float = 0.95,
) -> Kappa:
    """Cohen's kappa with its asymptotic standard error.

    Parameters
    ----------
    pairs
        Category by the first and by the second reader of each scan.
    categories
        All that may occur; for weights in their order, from one end of the scale to the other and equally far apart.
    weights
        `linear` counts a disagreement by how many categories it spans, `quadratic` by the square of it.
    confidence
        Of the two-sided interval, kappa ± z standard errors, which ends at -1 and 1.

    Returns
    -------
    Kappa
        Without kappa or interval where they are not defined.

    Raises
    ------
    AgreementError
        `invalid-readings` for a category that is not listed, is listed twice, fewer than two categories, or a
        confidence outside 0 to 1.

    References
    ----------
    Cohen J 1960, doi 10.1177/001316446002000104; 1968, doi 10.1037/h0026256. Standard error: Fleiss JL, Cohen J,
    Everitt BS 1969, doi 10.1037/h0028106. Least number of pairs for it: Cicchetti DV 1981,
    doi 10.1177/014662168100500114, who studied weighted kappa; the same is asked here of the unweighted.
    """
    names = tuple(categories)
    _require(names, confidence)
    counts = _count(pairs, names)
    n = int(counts.sum())
    used = int(np.count_nonzero(counts.sum(axis=0) + counts.sum(axis=1)))
    kappa, error = (None, None) if n == 0 or used < 2 else _estimate(counts, weights)
    informative = n >= 2 * used**2 and not _is_degenerate(counts)
    interval = _interval(kappa, error, confidence) if informative else None
    return Kappa(
        categories=names,
        weights=weights,
        n=n,
        table=tuple(tuple(row) for row in counts.tolist()),
        observed=int(np.trace(counts)) / n if n else None,
        kappa=kappa,
        standard_error=error if interval is not None else None,
        interval=interval,
        confidence=confidence,
    )


def _require(names: tuple[str, ...], confidence: float) -> None:
    if len(names) < 2 or len(set(names)) != len(names):
        raise AgreementError("kappa needs two or more different categories", code="invalid-readings")
    if not 0 < confidence < 1:
        raise AgreementError(f"a confidence of {confidence} is not between 0 and 1", code="invalid-readings")


def _count(pairs: Sequence[tuple[Hashable, Hashable]], names: tuple[str, ...]) -> npt.NDArray[np.int64]:
    place: dict[Hashable, int] = {name: number for number, name in enumerate(names)}
    counts = np.zeros((len(names), len(names)), dtype=np.int64)
    for first, second in pairs:
        if first not in place or second not in place:
            raise AgreementError(
                f"a pair holds a category that is not among {', '.join(names)}; leave it out or list it",
                code="invalid-readings",
            )
        counts[place[first], place[second]] += 1
    return counts


def _is_degenerate(counts: npt.NDArray[np.int64]) -> bool:
    """Whether all agree or a reader is constant: the standard error is then zero, which no small sample can be."""
    constant = any(int(np.count_nonzero(counts.sum(axis=axis))) == 1 for axis in (0, 1))
    return constant or int(np.trace(counts)) == int(counts.sum())


def _estimate(counts: npt.NDArray[np.int64], weights: Weights) -> tuple[float, float]:
    from statsmodels.stats import inter_rater

    with warnings.catch_warnings():
        # Where the variance is zero its rounding may be below, and its root no number; no interval is given then.
        warnings.simplefilter("ignore", RuntimeWarning)
        found = inter_rater.cohens_kappa(counts, wt=_WEIGHTS[weights])
        return float(found.kappa), float(found.std_kappa)


def _interval(kappa: float | None, error: float | None, confidence: float) -> tuple[float, float] | None:
    if kappa is None or error is None or not np.isfinite(error):
        return None
    reach = float(stats.norm.ppf((1 + confidence) / 2)) * error
    return max(kappa - reach, -1.0), min(kappa + reach, 1.0)
