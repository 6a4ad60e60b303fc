"""The women of the synthetic trial, their visits and what happens to their bones. All are invented."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from bonemetrics.records import Rod, ScannerConstants, Side
from bonemetrics.sample.imaging import SCANCO_XCT2

Device = Literal["xct2", "xct2-fine", "ct"]

STUDY_ID = "SAMPLE-RQCT"
COHORTS = (("2M", "2 million cells/kg"), ("5M", "5 million cells/kg"))
TWO_YEAR_GAIN = {"2M": 0.02, "5M": 0.04}
"""True relative change of trabecular density over 24 months, linear in time, in those who respond."""
NON_RESPONDERS = {"CSM-04": -0.02, "CSM-09": -0.02}
CORTICAL_LOSS_PER_YEAR = 0.004
"""Of shell thickness and of cortical density, in all."""
MOVED = 6
"""Number of the woman whose last scan comes from another scanner, under another PatientID."""
REPEATED = 5
"""Number of the woman whose baseline scan was repeated the next day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedVisit:
    """A visit of the protocol. Study days: the day of infusion is day 1, the day before it day −1."""

    name: str
    number: int
    target_day: int
    window: tuple[int, int]
    months: int

    @property
    def folder(self) -> str:
        """Name of the visit's folder."""
        return self.name.lower().replace(" ", "-")


VISITS = (
    PlannedVisit(name="Baseline", number=0, target_day=-14, window=(-60, 1), months=0),
    PlannedVisit(name="Month 6", number=6, target_day=183, window=(140, 226), months=6),
    PlannedVisit(name="Month 12", number=12, target_day=366, window=(320, 410), months=12),
    PlannedVisit(name="Month 24", number=24, target_day=731, window=(670, 792), months=24),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Woman:
    """One participant; the last of `patient_ids` is the one of the hospital she moved to, if any."""

    subject: str
    name: str
    cohort: str
    born: date
    day1: date
    patient_ids: tuple[str, ...]
    side: Side
    device: Device
    forearm_length_mm: float
    radius_mm: float

    def day(self, study_day: int) -> date:
        """Calendar day of a study day; there is no day 0."""
        return self.day1 + timedelta(days=study_day - 1 if study_day > 0 else study_day)

    def gain(self, months: int) -> float:
        """True relative change of trabecular density since baseline."""
        return NON_RESPONDERS.get(self.subject, TWO_YEAR_GAIN[self.cohort]) * months / 24


def _woman(
    number: int,
    name: str,
    born: date,
    day1: date,
    side: Side,
    forearm_length_mm: float,
    radius_mm: float,
    device: Device = "xct2",
) -> Woman:
    ids = (f"SMP-{4700 + 37 * number}",) + ((f"NEW-{910 + number}",) if number == MOVED else ())
    return Woman(
        subject=f"CSM-{number:02d}",
        name=f"Sample^{name}",
        cohort="2M" if number <= 4 else "5M",
        born=born,
        day1=day1,
        patient_ids=ids,
        side=side,
        device=device,
        forearm_length_mm=forearm_length_mm,
        radius_mm=radius_mm,
    )


WOMEN = (
    _woman(1, "One", date(1957, 4, 2), date(2015, 10, 14), "left", 231.0, 5.9, "xct2-fine"),
    _woman(2, "Two", date(1951, 11, 20), date(2015, 11, 4), "left", 244.0, 9.2),
    _woman(3, "Three", date(1948, 1, 9), date(2015, 12, 2), "right", 238.5, 8.7, "ct"),
    _woman(4, "Four", date(1960, 7, 30), date(2016, 1, 13), "left", 252.0, 9.6),
    _woman(5, "Five", date(1955, 2, 17), date(2016, 2, 10), "left", 228.0, 8.4),
    _woman(6, "Six", date(1946, 9, 5), date(2016, 3, 2), "right", 247.0, 9.0),
    _woman(7, "Seven", date(1963, 12, 24), date(2016, 3, 23), "left", 259.5, 9.8),
    _woman(8, "Eight", date(1953, 5, 11), date(2016, 4, 13), "left", 241.0, 9.1, "ct"),
    _woman(9, "Nine", date(1949, 8, 3), date(2016, 4, 27), "right", 235.0, 8.5),
    _woman(10, "Ten", date(1958, 6, 28), date(2016, 5, 18), "left", 249.0, 9.4),
)

SECOND_XCT2 = SCANCO_XCT2.model_copy(
    update={
        "serial": "3187",
        "mu_water_per_cm": 0.2396,
        "density_slope": 1613.94397,
        "density_intercept": -392.247009,
    }
)
CLINICAL_CT = ScannerConstants(
    manufacturer="Sample Imaging", model="Clinical 64", serial="CT-551", software="sample", kvp=120.0, kernel="B60"
)
CLINICAL_SLOPE, CLINICAL_INTERCEPT = 0.80, -4.0
"""True density = slope × HU + intercept of the clinical scanner; its files do not state it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RodPhantom:
    """A rod phantom of the study: rods along x of its own plane at uneven steps, so that none can be another."""

    name: str
    serial: str
    rods: tuple[Rod, ...]


def _rods(diameter_mm: float, *places: tuple[float, float]) -> tuple[Rod, ...]:
    return tuple(
        Rod(name=f"{density:g}", density=density, diameter_mm=diameter_mm, x_mm=x, y_mm=0.0) for density, x in places
    )


THREE_RODS = RodPhantom(
    name="Sample three rods", serial="R3-20", rods=_rods(10.0, (100.0, -20.0), (400.0, -4.0), (800.0, 18.0))
)
FIVE_RODS = RodPhantom(
    name="Sample five rods",
    serial="R5-07",
    rods=_rods(8.0, (50.0, -23.0), (300.0, -12.0), (800.0, 0.0), (150.0, 10.0), (500.0, 22.0)),
)
ROD_PHANTOMS = {"CSM-03": FIVE_RODS, "CSM-08": THREE_RODS}
