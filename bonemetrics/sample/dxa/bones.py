"""What the densitometer sees: projected area and mineral of every region, true at a visit and as measured there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from bonemetrics.anatomy import FOREARM, HIP, SPINE
from bonemetrics.sample.dxa.reference import LUNAR_SD, LUNAR_YOUNG, SAMPLE_CURVES
from bonemetrics.sample.people import NON_RESPONDERS, WOMEN, Woman


@dataclass(frozen=True, slots=True)
class Part:
    """A region's projected area in cm² and mineral in g."""

    area: float
    bmc: float

    @property
    def bmd(self) -> float:
        """Areal density in g/cm²."""
        return self.bmc / self.area

    def __add__(self, other: Part) -> Part:
        return Part(self.area + other.area, self.bmc + other.bmc)


_AREAS: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {
        SPINE: {"L1": 11.9, "L2": 13.1, "L3": 14.6, "L4": 16.2},
        HIP: {"neck": 4.85, "trochanter": 10.3, "intertrochanter": 18.4, "shaft": 15.1, "wards": 1.16},
        FOREARM: {
            "radius-ud": 3.55,
            "radius-mid": 6.20,
            "radius-33": 2.52,
            "ulna-ud": 2.31,
            "ulna-mid": 4.87,
            "ulna-33": 2.38,
        },
    }
)
"""In cm², of a woman of middle size."""
_BASELINE = {
    "CSM-01": (-2.9, -2.2, -2.4, 1.00),
    "CSM-02": (-3.2, -2.7, -2.8, 0.97),
    "CSM-03": (-2.8, -2.8, -2.2, 1.03),
    "CSM-04": (-3.0, -2.0, -2.6, 1.05),
    "CSM-05": (-2.3, -2.9, -3.0, 0.95),
    "CSM-06": (-3.4, -3.0, -3.1, 0.98),
    "CSM-07": (-2.8, -2.3, -1.9, 1.08),
    "CSM-08": (-3.0, -2.4, -2.5, 0.99),
    "CSM-09": (-3.1, -2.9, -2.7, 0.96),
    "CSM-10": (-2.9, -2.1, -2.3, 1.04),
}
"""T-scores of spine, hip and forearm before treatment, and size: osteoporosis (T ≤ −2.5) at spine or hip in all."""
_SITES = (SPINE, HIP, FOREARM)
_SHARE_OF_GAIN = {SPINE: 1.0, HIP: 0.5, FOREARM: 0.0}
"""How much of the gain in trabecular density of the radius shows in the areal density of a site."""
_FOREARM_LOSS_PER_YEAR = 0.006
_AREA_NOISE = 0.005
_DENSITY_NOISE = {SPINE: 0.008, HIP: 0.009, FOREARM: 0.009}
"""Relative SD of repeated measurements with repositioning."""


def gain(woman: Woman, site: str, months: int) -> float:
    """True relative change of areal density since baseline: a share of the radius' own, and loss by age."""
    share = 1.0 if woman.subject in NON_RESPONDERS and site != FOREARM else _SHARE_OF_GAIN[site]
    loss = _FOREARM_LOSS_PER_YEAR * months / 12 if site == FOREARM else 0.0
    return share * woman.gain(months) - loss


def true_parts(woman: Woman, site: str, months: int, *, right: bool = False, lunar: bool = False) -> dict[str, Part]:
    """The woman's regions at a visit, free of noise.

    Parameters
    ----------
    woman
        One of the trial.
    site
        Lumbar spine, hip or forearm.
    months
        Since baseline.
    right
        The right hip, a little unlike the left one.
    lunar
        On the scale of a Lunar spine, which reads higher.
    """
    rng = np.random.default_rng([WOMEN.index(woman), _SITES.index(site), right])
    t, size = _BASELINE[woman.subject][_SITES.index(site)], _BASELINE[woman.subject][3]
    kept = 1.0 + gain(woman, site, months)
    parts = {}
    for region, area in _AREAS[site].items():
        own = area * size * (1.0 + rng.normal(0.0, 0.02))
        mean, sd = (LUNAR_YOUNG[region], LUNAR_SD) if lunar else SAMPLE_CURVES[region][:2]
        density = mean + (t + rng.normal(0.0, 0.15)) * sd
        parts[region] = Part(own, own * density * kept)
    return parts


def measured_parts(
    woman: Woman, site: str, months: int, *, right: bool = False, lunar: bool = False
) -> dict[str, Part]:
    """The same as one scan gives them: area and density each with the scanner's precision."""
    rng = np.random.default_rng([WOMEN.index(woman), _SITES.index(site), right, 1 + months])
    parts = {}
    for region, part in true_parts(woman, site, months, right=right, lunar=lunar).items():
        area = part.area * (1.0 + rng.normal(0.0, _AREA_NOISE))
        density = part.bmd * (1.0 + rng.normal(0.0, _DENSITY_NOISE[site]))
        parts[region] = Part(area, area * density)
    return parts
