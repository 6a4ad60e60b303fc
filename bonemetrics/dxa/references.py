"""Reference populations: the built-in ones, and T- and Z-scores from them.

References
----------
GE Lunar, USA female spine: constants that reproduce 12 printed spine rows of enCORE 12 and 16, each T-score to its
digit. An enCORE 17 page of an iDXA, which prints the same name, does not follow them; hence makers and versions.
NHANES 2005-2008: PMC12995607, table 3. Scores by L, M and S: obiba/onyx `APEXScanDataExtractor.java`, with S in g/cm².
"""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from typing import Literal

from bonemetrics.anatomy import HIP, SPINE
from bonemetrics.errors import DxaError
from bonemetrics.records import CurvePoint, ReferenceCurve

Score = Literal["t_score", "z_score"]

_LUNAR_NAME = "USA (Combined NHANES/Lunar)"
_LUNAR_FOOTNOTE = "USA (Combined NHANES (ages 20-30) / Lunar (ages 20-40))"
_LUNAR_MEANS = {"L1": 1.13, "L2": 1.2, "L3": 1.2, "L4": 1.2, "L1-L4": 1.18, "L2-L4": 1.2}

LUNAR_USA_SPINE: tuple[ReferenceCurve, ...] = tuple(
    ReferenceCurve(
        name=f"GE Lunar USA female spine {region}",
        source="reproduced from printed rows of enCORE 12 and 16",
        site=SPINE,
        region=region,
        sex="F",
        ethnicity="White",
        points=(CurvePoint(age_years=30.0, mean=mean, sd=0.12),),
        printed=(_LUNAR_NAME, _LUNAR_FOOTNOTE),
        models=("Prodigy", "DPX"),
    )
    for region, mean in _LUNAR_MEANS.items()
)
"""T-scores of GE Lunar for White women in the USA; not of the iDXA, and not of enCORE 17."""
LUNAR_ENCORE = range(12, 17)
"""Versions of enCORE that they are known of."""
REFERENCES: tuple[ReferenceCurve, ...] = LUNAR_USA_SPINE
"""The references that a report's own name brings in; all others are stated by the study."""


def _nhanes(sex: str, band: str, site: str, region: str, mean: float, sd: float) -> ReferenceCurve:
    word = {"F": "female", "M": "male"}[sex]
    return ReferenceCurve(
        name=f"NHANES 2005-2008 {word} {band} {region}",
        source="PMC12995607, table 3",
        site=site,
        region=region,
        sex=sex,
        points=(CurvePoint(age_years=25.5, mean=mean, sd=sd),),
    )


SELECTABLE: tuple[ReferenceCurve, ...] = (
    _nhanes("F", "21-30", SPINE, "L1-L4", 1.064, 0.106),
    _nhanes("F", "21-30", HIP, "total-hip", 0.971, 0.114),
    _nhanes("M", "21-30", SPINE, "L1-L4", 1.057, 0.110),
    _nhanes("M", "21-30", HIP, "total-hip", 1.067, 0.120),
)
"""References that are used only by name: one age band each, for T alone, in Hologic units."""


def reference(name: str) -> ReferenceCurve:
    """A built-in reference by its name.

    Parameters
    ----------
    name
        As in `REFERENCES` or `SELECTABLE`, such as `NHANES 2005-2008 female 21-30 L1-L4`.

    Returns
    -------
    ReferenceCurve
        The one of this name.

    Raises
    ------
    DxaError
        `unknown-reference` where none has it.
    """
    for curve in (*REFERENCES, *SELECTABLE):
        if curve.name.casefold() == name.casefold():
            return curve
    known = ", ".join(curve.name for curve in (*REFERENCES, *SELECTABLE))
    raise DxaError(f"no built-in reference has this name; known are {known}", code="unknown-reference")


def t_score(curve: ReferenceCurve, bmd: float) -> float:
    """Distance from the young mean, in SD.

    Parameters
    ----------
    curve
        Reference of the region that `bmd` is of.
    bmd
        In g/cm².

    Returns
    -------
    float
        M * ((X / M)**L - 1) / (L * S) with M, L and S at the curve's young age; its limit M * ln(X / M) / S for L = 0.

    Raises
    ------
    DxaError
        `unknown-reference` where the curve does not say at which age, or gives no finite score.
    """
    if curve.age_young is None and len(curve.points) > 1:
        raise DxaError(
            f"{curve.name} has points at several ages and does not say which is young; state age_young",
            code="unknown-reference",
        )
    point = curve.points[0] if curve.age_young is None else _at(curve, curve.age_young)
    return _score(curve, point, bmd)


def z_score(curve: ReferenceCurve, bmd: float, age_years: float) -> float:
    """Distance from the mean of the same age, in SD.

    Parameters
    ----------
    curve
        Reference of the region, sex and group.
    bmd
        In g/cm².
    age_years
        Age at the scan, with its fraction.

    Returns
    -------
    float
        As `t_score`, with M, L and S interpolated linearly in age.

    Raises
    ------
    DxaError
        `unknown-reference` outside the ages of the curve, or for a curve of one age.
    """
    if len(curve.points) < 2:
        raise DxaError(f"{curve.name} is of one age only and gives no Z-score", code="unknown-reference")
    return _score(curve, _at(curve, age_years), bmd)


def _at(curve: ReferenceCurve, age: float) -> CurvePoint:
    points = curve.points
    if not points[0].age_years <= age <= points[-1].age_years:
        raise DxaError(
            f"{curve.name} reaches from {points[0].age_years:g} to {points[-1].age_years:g} years, and the age asked "
            "for lies outside; state a reference that reaches it",
            code="unknown-reference",
        )
    for low, high in pairwise(points):
        if age <= high.age_years:
            part = (age - low.age_years) / (high.age_years - low.age_years)
            mean, sd, power = (
                getattr(low, what) + part * (getattr(high, what) - getattr(low, what))
                for what in ("mean", "sd", "power")
            )
            return CurvePoint(age_years=age, mean=mean, sd=sd, power=power)
    return points[0]


def _score(curve: ReferenceCurve, point: CurvePoint, bmd: float) -> float:
    try:
        # expm1 over L is (X/M)**L - 1 over L, keeps its digits where L is small, and has the logarithm as its limit.
        log_ratio = math.log(bmd / point.mean)
        exponent = point.power * log_ratio
        grown = log_ratio if abs(exponent) < 1e-12 else math.expm1(exponent) / point.power
        score = point.mean * grown / point.sd
    except (ValueError, OverflowError, ZeroDivisionError):
        score = math.nan
    if not math.isfinite(score):
        raise DxaError(f"{curve.name} gives no score for this BMD", code="unknown-reference")
    return score


def rounded(score: float, decimals: int = 1) -> float:
    """A score as it is printed: halves go away from zero, and there is no minus zero.

    Parameters
    ----------
    score
        Unrounded.
    decimals
        Digits after the point.
    """
    # Twelve digits first, so that 1.15 held as 1.1499999999999999 counts as the half it is meant to be.
    near = Decimal(f"{score:.12f}")
    return float(near.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)) + 0.0
