"""The reference populations that the sample's T- and Z-scores are taken from: one invented, one as GE prints it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from types import MappingProxyType

from bonemetrics.anatomy import FOREARM, HIP, SPINE, spine_region, vertebrae_of
from bonemetrics.records import CurvePoint, ReferenceCurve
from bonemetrics.sample.dxa.combinations import COMBINATIONS

INVENTED = "INVENTED reference 1"
"""Every page that is scored against it prints this name, which no patient bears."""
SOURCE = "invented for the synthetic trial; level after 50, so that no Z-score hangs on how an age is rounded"
AGE_YOUNG = 30.0
_AGES_LATER = (50.0, 90.0)
_SPINE_SD, _SPINE_SD_LATER, _SPINE_FALL = 0.11, 0.13, 0.150
_VERTEBRAE = {"L1": (0.940, 12), "L2": (1.020, 13), "L3": (1.060, 15), "L4": (1.090, 16)}
"""Young mean in g/cm² of a vertebra, and its weight in the means of combinations."""
_HIP = {
    "neck": (0.850, 0.11, 0.730, 0.11),
    "trochanter": (0.700, 0.09, 0.630, 0.09),
    "intertrochanter": (1.100, 0.15, 0.990, 0.15),
    "shaft": (1.150, 0.15, 1.040, 0.15),
    "total-hip": (0.950, 0.13, 0.850, 0.13),
    "wards": (0.740, 0.11, 0.560, 0.11),
}
_FOREARM = {
    "radius-ud": (0.440, 0.05, 0.375, 0.07),
    "radius-mid": (0.600, 0.05, 0.535, 0.07),
    "radius-33": (0.690, 0.05, 0.625, 0.07),
    "radius-total": (0.570, 0.05, 0.505, 0.07),
    "ulna-ud": (0.370, 0.05, 0.305, 0.07),
    "ulna-mid": (0.610, 0.05, 0.545, 0.07),
    "ulna-33": (0.680, 0.05, 0.615, 0.07),
    "ulna-total": (0.560, 0.05, 0.495, 0.07),
    "radius+ulna-ud": (0.410, 0.05, 0.345, 0.07),
    "radius+ulna-mid": (0.605, 0.05, 0.540, 0.07),
    "radius+ulna-33": (0.685, 0.05, 0.620, 0.07),
    "radius+ulna-total": (0.565, 0.05, 0.500, 0.07),
}
"""Young mean, SD, mean from 50 on and its SD in g/cm². An SD of odd hundredths never puts the score of a printed BMD
on the edge between two printed scores."""
LUNAR = "AP Spine, Female, White Reference Population (v113)"
"""As enCORE prints it; the means of the four vertebrae, of L1-L4 and of L2-L4 are those of its USA reference."""
LUNAR_YOUNG: Mapping[str, float] = MappingProxyType(
    {"L1": 1.130, "L2": 1.200, "L3": 1.200, "L4": 1.200, "L1-L4": 1.180, "L2-L4": 1.200}
)
LUNAR_SD = 0.120
LUNAR_FALL = 0.170
"""Young mean less age-matched mean on the sample's Lunar pages; invented, since no source gives it."""


def _spine() -> dict[str, tuple[float, float, float, float]]:
    curves = {}
    for levels in COMBINATIONS:
        weight = sum(_VERTEBRAE[level][1] for level in levels)
        mean = round(sum(_VERTEBRAE[level][0] * _VERTEBRAE[level][1] for level in levels) / weight, 3)
        curves[spine_region(levels)] = (mean, _SPINE_SD, round(mean - _SPINE_FALL, 3), _SPINE_SD_LATER)
    return curves


SAMPLE_CURVES: Mapping[str, tuple[float, float, float, float]] = MappingProxyType({**_spine(), **_HIP, **_FOREARM})
"""Young mean, its SD, mean from 50 on, its SD by region, in g/cm²."""


def curves() -> tuple[ReferenceCurve, ...]:
    """The invented population as a protocol states it."""
    found = []
    for region, (mean, sd, later, later_sd) in SAMPLE_CURVES.items():
        site = SPINE if vertebrae_of(region) else HIP if region in _HIP else FOREARM
        points = [CurvePoint(age_years=AGE_YOUNG, mean=mean, sd=sd)]
        points += [CurvePoint(age_years=age, mean=later, sd=later_sd) for age in _AGES_LATER]
        found.append(
            ReferenceCurve(
                name=INVENTED,
                source=SOURCE,
                site=site,
                region=region,
                sex="F",
                age_young=AGE_YOUNG,
                points=tuple(points),
                printed=(INVENTED,),
            )
        )
    return tuple(found)


def scores(region: str, bmd: Decimal) -> tuple[Decimal, Decimal]:
    """T- and Z-score of a printed BMD against the invented population, to the digit that is printed.

    Parameters
    ----------
    region
        One of `SAMPLE_CURVES`.
    bmd
        As printed, so that anybody can score it again from the page.
    """
    mean, sd, later, later_sd = SAMPLE_CURVES[region]
    return _score(bmd, mean, sd), _score(bmd, later, later_sd)


def lunar_scores(region: str, bmd: Decimal) -> tuple[Decimal, Decimal] | None:
    """T- and Z-score of a Lunar spine; `None` for a combination whose reference no source gives."""
    if region not in LUNAR_YOUNG:
        return None
    mean = LUNAR_YOUNG[region]
    return _score(bmd, mean, LUNAR_SD), _score(bmd, round(mean - LUNAR_FALL, 3), LUNAR_SD)


def _score(bmd: Decimal, mean: float, sd: float) -> Decimal:
    score = (bmd - Decimal(str(mean))) / Decimal(str(sd))
    return score.quantize(Decimal("0.1"), rounding=ROUND_HALF_UP) + 0
