"""Biopsies of the iliac crest before the infusion and four months after it, as readers enter them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np

from bonemetrics.sample.clinical.course import BASELINE_BIOPSY_DAY, BIOPSY_VISIT, wave
from bonemetrics.sample.people import NON_RESPONDERS, WOMEN, Woman

EFFECT = {"2M": 0.35, "5M": 0.9}
"""True relative rise of the double-labelled perimeter at four months in those who respond, before `wave` of time."""
SINGLE_LABEL = {("CSM-02", 0)}
NO_LABEL = {("CSM-09", 0), ("CSM-09", 4)}
CONTRADICTION = ("CSM-06", 4)
"""An entry whose osteoid and eroded perimeters are longer together than the bone's; its reader saved it as a draft."""
READ_TWICE = {("CSM-05", 4), ("CSM-08", 4)}
DIFFERS = ("CSM-08", 4)
"""The second reader measured another osteoid perimeter."""
_LABEL_DAYS, _LABEL_PAUSE, _TO_BIOPSY = 3, 12, 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """2D measurements of one biopsy (mm², mm, µm); `D_Pm` and `S_Pm` are double- and single-labelled."""

    woman: Woman
    months: int
    day: date
    T_Ar: float
    B_Ar: float
    O_Ar: float
    B_Pm: float
    O_Pm: float
    E_Pm: float
    Ob_Pm: float
    Oc_Pm: float
    D_Pm: float
    S_Pm: float
    Ir_L_Wi: float | None
    W_Wi: float

    @property
    def visit(self) -> str:
        """Name of the visit."""
        return BIOPSY_VISIT.name if self.months else "Baseline"


def sections() -> tuple[Section, ...]:
    """The cancellous bone of every biopsy."""
    return tuple(_section(woman, months) for woman in WOMEN for months in (0, 4))


def _section(woman: Woman, months: int) -> Section:
    rng = np.random.default_rng([61, WOMEN.index(woman)])
    tissue, fraction, density = rng.uniform(33, 46), rng.uniform(0.11, 0.19), rng.uniform(2.2, 2.8)
    bone, perimeter = tissue * fraction, tissue * density
    osteoid, eroded = rng.uniform(0.08, 0.14), rng.uniform(0.02, 0.05)
    double, width, wall = rng.uniform(0.020, 0.034), rng.uniform(8.0, 10.5), rng.uniform(36.0, 43.0)
    responds = 0.0 if woman.subject in NON_RESPONDERS else EFFECT[woman.cohort]
    rise = 1.0 + responds * wave(months)
    double, osteoid = double * rise, osteoid * (1.0 + 0.5 * (rise - 1.0))
    again = np.random.default_rng([67, WOMEN.index(woman), months])
    tissue, bone, perimeter = (value * again.normal(1.0, 0.02) for value in (tissue, bone, perimeter))
    plain = Section(
        woman=woman,
        months=months,
        day=woman.day((BIOPSY_VISIT.target_day if months else BASELINE_BIOPSY_DAY) + int(again.integers(-4, 5))),
        T_Ar=round(tissue, 2),
        B_Ar=round(bone, 2),
        O_Ar=round(osteoid * perimeter * 0.0095, 3),
        B_Pm=round(perimeter, 1),
        O_Pm=round(osteoid * perimeter, 1),
        E_Pm=round(eroded * perimeter, 1),
        Ob_Pm=round(0.35 * osteoid * perimeter, 1),
        Oc_Pm=round(0.2 * eroded * perimeter, 2),
        D_Pm=round(double * perimeter, 2),
        S_Pm=round(1.3 * double * perimeter, 2),
        Ir_L_Wi=round(width, 1),
        W_Wi=round(wall, 1),
    )
    return _without_labels(plain)


def _without_labels(section: Section) -> Section:
    key = (section.woman.subject, section.months)
    if key in SINGLE_LABEL:
        return replace(section, D_Pm=0.0, Ir_L_Wi=None)
    if key in NO_LABEL:
        return replace(section, D_Pm=0.0, S_Pm=0.0, Ir_L_Wi=None)
    if key == CONTRADICTION:
        return replace(section, E_Pm=section.B_Pm)
    return section


_MEASURED = {
    "T.Ar [mm2]": "T_Ar",
    "B.Ar [mm2]": "B_Ar",
    "O.Ar [mm2]": "O_Ar",
    "B.Pm [mm]": "B_Pm",
    "O.Pm [mm]": "O_Pm",
    "E.Pm [mm]": "E_Pm",
    "Ob.Pm [mm]": "Ob_Pm",
    "Oc.Pm [mm]": "Oc_Pm",
    "dL.Pm [mm]": "D_Pm",
    "sL.Pm [mm]": "S_Pm",
    "Ir.L.Wi [um]": "Ir_L_Wi",
    "W.Wi [um]": "W_Wi",
}
_HEADER = (
    *("subject", "visit", "biopsy_date", "side", "envelope", "referent", "entry", "reader", "state", "factor"),
    *("osteoid_perimeter", "label1_start", "label1_end", "label2_start", "label2_end", "labelling_confirmed"),
    "sections",
)


def sheet() -> str:
    """The sheet of all entries."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow((*_HEADER, *_MEASURED))
    for section in sections():
        writer.writerows(_entries(section))
    return text.getvalue()


def _entries(section: Section) -> Iterator[list[str]]:
    key = (section.woman.subject, section.months)
    yield _row(section, "1", "AH", "draft" if key == CONTRADICTION else "complete")
    if key in READ_TWICE:
        second = replace(section, O_Pm=round(section.O_Pm * 1.12, 1)) if key == DIFFERS else section
        yield _row(second, "2", "KM", "complete")


def _row(section: Section, entry: str, reader: str, state: str) -> list[str]:
    second_end = section.day - timedelta(days=_TO_BIOPSY)
    second_start = second_end - timedelta(days=_LABEL_DAYS - 1)
    first_end = second_start - timedelta(days=_LABEL_PAUSE + 1)
    first_start = first_end - timedelta(days=_LABEL_DAYS - 1)
    labels = [day.isoformat() for day in (first_start, first_end, second_start, second_end)]
    side = "right" if section.months == 0 else "left"
    head = [section.woman.subject, section.visit, section.day.isoformat(), side, "cancellous", "TV", entry, reader]
    values = [getattr(section, name) for name in _MEASURED.values()]
    told = ["" if value is None else f"{value}" for value in values]
    return [*head, state, "isotropic", "one-sided", *labels, "yes", "3", *told]
