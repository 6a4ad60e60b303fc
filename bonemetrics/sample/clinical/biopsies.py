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
"""Biopsies in which no surface took both labels."""
NO_LABEL = {("CSM-09", 0), ("CSM-09", 4)}
"""Biopsies of bone that forms none."""
CONTRADICTION = ("CSM-06", 4)
"""An entry whose osteoid and eroded perimeters are longer together than the bone's; its reader saved it as a draft."""
READ_TWICE = {("CSM-05", 4), ("CSM-08", 4)}
DIFFERS = ("CSM-08", 4)
"""The second reader measured another osteoid perimeter."""
_LABEL_DAYS, _LABEL_PAUSE, _TO_BIOPSY = 3, 12, 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Bone:
    """What the cancellous bone of a woman truly is like at a biopsy, in the plane of the section.

    `tissue` in mm²; `fraction` of bone; `density` of perimeter, mm/mm²; the next four as fractions of the perimeter;
    `osteoid_width`, `width` between labels and `wall` in µm.
    """

    tissue: float
    fraction: float
    density: float
    osteoid: float
    eroded: float
    double: float
    single: float
    osteoid_width: float
    width: float
    wall: float


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
    def key(self) -> tuple[str, int]:
        """Woman and month."""
        return self.woman.subject, self.months

    @property
    def visit(self) -> str:
        """Name of the visit."""
        return BIOPSY_VISIT.name if self.months else "Baseline"


def sections() -> tuple[Section, ...]:
    """The cancellous bone of every biopsy."""
    return tuple(section(woman, months) for woman in WOMEN for months in (0, 4))


def true_bone(woman: Woman, months: int) -> Bone:
    """The bone itself; treatment lets more of its surface form bone, and nothing else changes."""
    rng = np.random.default_rng([61, WOMEN.index(woman)])
    tissue, fraction, density = rng.uniform(33, 46), rng.uniform(0.11, 0.19), rng.uniform(2.2, 2.8)
    osteoid, eroded = rng.uniform(0.08, 0.14), rng.uniform(0.02, 0.05)
    double, width, wall = rng.uniform(0.020, 0.034), rng.uniform(8.0, 10.5), rng.uniform(36.0, 43.0)
    responds = 0.0 if woman.subject in NON_RESPONDERS else EFFECT[woman.cohort]
    rise = 1.0 + responds * wave(months)
    labels = 1.0 if (woman.subject, months) not in NO_LABEL else 0.0
    return Bone(
        tissue=tissue,
        fraction=fraction,
        density=density,
        osteoid=osteoid * (1.0 + 0.5 * (rise - 1.0)),
        eroded=eroded,
        double=0.0 if (woman.subject, months) in SINGLE_LABEL else labels * double * rise,
        single=labels * 1.3 * double * rise,
        osteoid_width=9.5,
        width=width,
        wall=wall,
    )


def section(woman: Woman, months: int) -> Section:
    """A section of the bone as it is measured and rounded."""
    bone = true_bone(woman, months)
    rng = np.random.default_rng([67, WOMEN.index(woman), months])
    values = (bone.tissue, bone.tissue * bone.fraction, bone.tissue * bone.density)
    tissue, area, perimeter = (value * rng.normal(1.0, 0.02) for value in values)
    osteoid, eroded = bone.osteoid * perimeter, bone.eroded * perimeter
    eroded_given = round(perimeter if (woman.subject, months) == CONTRADICTION else eroded, 1)
    return Section(
        woman=woman,
        months=months,
        day=woman.day((BIOPSY_VISIT.target_day if months else BASELINE_BIOPSY_DAY) + int(rng.integers(-4, 5))),
        T_Ar=round(tissue, 2),
        B_Ar=round(area, 2),
        O_Ar=round(osteoid * bone.osteoid_width / 1000, 3),
        B_Pm=round(perimeter, 1),
        O_Pm=round(osteoid, 1),
        E_Pm=eroded_given,
        Ob_Pm=round(0.35 * osteoid, 1),
        Oc_Pm=round(0.2 * eroded, 2),
        D_Pm=round(bone.double * perimeter, 2),
        S_Pm=round(bone.single * perimeter, 2),
        Ir_L_Wi=round(bone.width, 1) if bone.double else None,
        W_Wi=round(bone.wall, 1),
    )


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
    for one in sections():
        writer.writerows(_entries(one))
    return text.getvalue()


def _entries(one: Section) -> Iterator[list[str]]:
    yield _row(one, "1", "AH", "draft" if one.key == CONTRADICTION else "complete")
    if one.key in READ_TWICE:
        second = replace(one, O_Pm=round(one.O_Pm * 1.12, 1)) if one.key == DIFFERS else one
        yield _row(second, "2", "KM", "complete")


def label_days(one: Section) -> tuple[date, date, date, date]:
    """First and last day of both courses of label; their midpoints are 15 days apart."""
    second_end = one.day - timedelta(days=_TO_BIOPSY)
    second_start = second_end - timedelta(days=_LABEL_DAYS - 1)
    first_end = second_start - timedelta(days=_LABEL_PAUSE + 1)
    return first_end - timedelta(days=_LABEL_DAYS - 1), first_end, second_start, second_end


def _row(one: Section, entry: str, reader: str, state: str) -> list[str]:
    labels = [day.isoformat() for day in label_days(one)]
    side = "right" if one.months == 0 else "left"
    head = [one.woman.subject, one.visit, one.day.isoformat(), side, "cancellous", "TV", entry, reader]
    values = [getattr(one, name) for name in _MEASURED.values()]
    told = ["" if value is None else f"{value}" for value in values]
    return [*head, state, "isotropic", "one-sided", *labels, "yes", "3", *told]
