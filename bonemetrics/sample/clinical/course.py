"""What happens to the women: who responds, how each endpoint moves, who leaves and who misses a visit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import numpy as np

from bonemetrics.sample.people import NON_RESPONDERS, VISITS, WOMEN, PlannedVisit, Woman

BIOPSY_VISIT = PlannedVisit(name="Month 4", number=4, target_day=122, window=(92, 139), months=4)
BASELINE_BIOPSY_DAY = -41
"""Study day about which the first biopsies were taken, four days around it: at most 45 days before the infusion."""


def rise(months: float) -> float:
    """An effect that is half there after two months and whole after six."""
    return min(1.0, months / 6) if months > 0 else 0.0


def wave(months: float) -> float:
    """An effect that peaks at six months and is mostly gone after two years."""
    return float(np.exp(-(((months - 6) / 7.5) ** 2))) if months > 0 else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """One endpoint: values at baseline, the effect in each cohort, and how well it is measured.

    The true value is baseline × (1 + effect × shape(months)), or baseline + effect × shape where `additive`; a woman
    who does not respond has no effect. `noise` is the relative SD of a measurement, or its SD where `additive`.
    """

    paramcd: str
    baseline: tuple[float, float]
    effect: dict[str, float]
    shape: Callable[[float], float]
    noise: float
    decimals: int
    additive: bool = False
    limits: tuple[float, float] = (0.0, float("inf"))

    def at_baseline(self, woman: Woman) -> float:
        """True value of a woman before the infusion."""
        rng = np.random.default_rng([41, WOMEN.index(woman), sum(map(ord, self.paramcd))])
        low, high = self.baseline
        return float(rng.uniform(low, high))

    def true_value(self, woman: Woman, months: float) -> float:
        """True value of a woman so many months after the infusion."""
        effect = 0.0 if woman.subject in NON_RESPONDERS else self.effect[woman.cohort]
        start = self.at_baseline(woman)
        moved = start + effect * self.shape(months) if self.additive else start * (1 + effect * self.shape(months))
        return float(np.clip(moved, *self.limits))

    def measured(self, woman: Woman, months: int) -> float:
        """The value as it is reported, rounded to its decimals."""
        rng = np.random.default_rng([43, WOMEN.index(woman), months, sum(map(ord, self.paramcd))])
        true = self.true_value(woman, months)
        error = rng.normal(0.0, self.noise) * (1.0 if self.additive else true)
        return round(float(np.clip(true + error, *self.limits)), self.decimals)


MARKERS = (
    Course(paramcd="NTX", baseline=(14.0, 26.0), effect={"2M": -0.10, "5M": -0.18}, shape=rise, noise=0.06, decimals=1),
    Course(paramcd="OC", baseline=(16.0, 30.0), effect={"2M": 0.12, "5M": 0.25}, shape=wave, noise=0.05, decimals=1),
    Course(paramcd="BALP", baseline=(11.0, 19.0), effect={"2M": 0.10, "5M": 0.22}, shape=wave, noise=0.05, decimals=1),
    Course(paramcd="P1NP", baseline=(32.0, 62.0), effect={"2M": 0.30, "5M": 0.60}, shape=wave, noise=0.05, decimals=1),
    Course(paramcd="OPG", baseline=(4.2, 7.4), effect={"2M": 0.05, "5M": 0.10}, shape=rise, noise=0.04, decimals=2),
    Course(
        paramcd="RANKL", baseline=(0.10, 0.42), effect={"2M": -0.10, "5M": -0.2}, shape=rise, noise=0.08, decimals=2
    ),
)
"""Serum markers in the units of the sheet; the rise of bone formation is the effect that the report must show."""
PAIN = Course(
    paramcd="VASPAIN", baseline=(5.2, 8.0), effect={"2M": -1.2, "5M": -2.4}, shape=rise, noise=0.5, decimals=1,
    additive=True, limits=(0.0, 10.0),
)  # fmt: skip
DISABILITY = Course(
    paramcd="ODITOT", baseline=(34.0, 52.0), effect={"2M": -8.0, "5M": -14.0}, shape=rise, noise=2.0, decimals=0,
    additive=True, limits=(0.0, 100.0),
)  # fmt: skip
EQ_VAS = Course(
    paramcd="EQ5DVAS", baseline=(40.0, 60.0), effect={"2M": 6.0, "5M": 14.0}, shape=rise, noise=3.0, decimals=0,
    additive=True, limits=(0.0, 100.0),
)  # fmt: skip
LEFT_AFTER = {"CSM-07": 6, "CSM-10": 12}
"""Months after which a woman left the trial."""
MISSED = {("CSM-05", 12)}
"""Visits that a woman did not come to."""


def comes(woman: Woman, visit: PlannedVisit) -> bool:
    """Whether a woman comes to a visit."""
    return visit.months <= LEFT_AFTER.get(woman.subject, 1000) and (woman.subject, visit.months) not in MISSED


def visit_day(woman: Woman, visit: PlannedVisit) -> date:
    """Day on which blood is taken and questionnaires are filled in."""
    rng = np.random.default_rng([47, WOMEN.index(woman), visit.months])
    return woman.day(visit.target_day + int(rng.integers(-9, 10)))


def attended() -> tuple[tuple[Woman, PlannedVisit], ...]:
    """Every woman with every visit she comes to."""
    return tuple((woman, visit) for woman in WOMEN for visit in VISITS if comes(woman, visit))
