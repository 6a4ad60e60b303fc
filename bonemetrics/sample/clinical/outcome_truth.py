"""What the outcomes dataset of the synthetic trial must show: true values and effects beside what the sheets report."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from bonemetrics.anatomy import FOREARM, HIP, SPINE
from bonemetrics.quantities import CATALOGUE
from bonemetrics.sample.clinical import sheets
from bonemetrics.sample.clinical.biopsies import CONTRADICTION, DIFFERS, Bone, Section, sections, true_bone
from bonemetrics.sample.clinical.course import DISABILITY, EQ_VAS, MARKERS, PAIN, attended, visit_day
from bonemetrics.sample.dxa.bones import gain
from bonemetrics.sample.people import PlannedVisit, Woman
from bonemetrics.sample.protocol import PARAMETERS

COLUMNS = (
    *("subject", "cohort", "visit", "date", "paramcd", "unit"),
    *("true_value", "true_change", "true_percent_change", "reported", "remark"),
)
_UNITS = {paramcd: CATALOGUE[quantity].unit for paramcd, _, quantity, *_ in PARAMETERS}
_PARAMCDS = {"OC": "OSTEOC", "BALP": "ALPBS"}
_LABEL_INTERVAL_DAYS = 15
_WIDTH, _SURFACE = math.pi / 4, 4 / math.pi
"""From section to space: thickness over width, surface over perimeter, in bone that lies every way."""
_SPAIN_TTO = ((0.106, 0.430), (0.134, 0.309), (0.071, 0.195), (0.089, 0.261), (0.062, 0.144))
"""Badia X et al. 2001, Med Decis Making 21:7, doi 10.1177/0272989X0102100102: decrements of levels 2 and 3."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueOutcome:
    """One value of one woman at one visit.

    `percent` is the true change since baseline; of scans it is all that stands here, their values are in `truth.csv`.
    `reported` is what the sheet's own numbers make it, empty where they make none, and `remark` says why.
    """

    woman: Woman
    visit: str
    date: str
    paramcd: str
    true: float | None = None
    base: float | None = None
    percent: float | None = None
    reported: str = ""
    remark: str = ""

    def row(self) -> tuple[str, ...]:
        """Texts by `COLUMNS`."""
        change = None if self.true is None or self.base is None else self.true - self.base
        head = (self.woman.subject, self.woman.cohort, self.visit, self.date, self.paramcd, _UNITS[self.paramcd])
        numbers = (
            "" if value is None else f"{round(value, 9) + 0.0:.6g}" for value in (self.true, change, self.percent)
        )
        return *head, *numbers, self.reported, self.remark


def rows() -> Iterator[tuple[str, ...]]:
    """Every row, women in order; scans, blood samples, questionnaires and fractures first, biopsies after them."""
    for woman, visit in attended():
        for one in (*_scans(woman, visit), *_sheets(woman, visit)):
            yield one.row()
    for section in sections():
        for one in _biopsy(section):
            yield one.row()


def _scans(woman: Woman, visit: PlannedVisit) -> Iterator[TrueOutcome]:
    gains = {
        "RADTBD": woman.gain(visit.months),
        "LSBMD": gain(woman, SPINE, visit.months),
        "THBMD": gain(woman, HIP, visit.months),
        "FNBMD": gain(woman, HIP, visit.months),
        "R33BMD": gain(woman, FOREARM, visit.months),
    }
    for paramcd, value in gains.items():
        yield TrueOutcome(
            woman=woman, visit=visit.name, date="", paramcd=paramcd, percent=100 * value, remark="values in truth.csv"
        )


def _sheets(woman: Woman, visit: PlannedVisit) -> Iterator[TrueOutcome]:
    plain = TrueOutcome(woman=woman, visit=visit.name, date=visit_day(woman, visit).isoformat(), paramcd="NEWFX")
    for marker in MARKERS:
        true, base = marker.true_value(woman, visit.months), marker.at_baseline(woman)
        text = sheets.reported(marker, woman, visit)
        paramcd = _PARAMCDS.get(marker.paramcd, marker.paramcd)
        remark = "below the detection limit" if text.startswith("<") else ""
        percent = 100 * (true / base - 1)
        yield replace(plain, paramcd=paramcd, true=true, base=base, percent=percent, reported=text, remark=remark)
    for scale in (PAIN, EQ_VAS):
        true, text = scale.true_value(woman, visit.months), f"{scale.measured(woman, visit.months):.{scale.decimals}f}"
        yield replace(plain, paramcd=scale.paramcd, true=true, base=scale.at_baseline(woman), reported=text)
    yield _disability(plain, visit)
    worth, before = (spain_tto_index(sheets.eq5d_levels(woman, months)) for months in (visit.months, 0))
    yield replace(plain, paramcd="EQ5DIDX", true=worth, base=before, reported=f"{worth:.3f}")
    day = visit_day(woman, visit)
    new = [who for who, start, *_ in sheets.FRACTURES if who == woman.subject and start > 0 and woman.day(start) <= day]
    yield replace(plain, true=float(len(new)), base=0.0, reported=f"{len(new)}")


def _disability(plain: TrueOutcome, visit: PlannedVisit) -> TrueOutcome:
    woman = plain.woman
    answered = [item for item in sheets.oswestry_items(woman, visit) if item is not None]
    return replace(
        plain,
        paramcd=DISABILITY.paramcd,
        true=DISABILITY.true_value(woman, visit.months),
        base=DISABILITY.at_baseline(woman),
        reported=f"{100 * sum(answered) / (5 * len(answered)):.6g}",
        remark="" if len(answered) == 10 else "one section left out",
    )


def spain_tto_index(levels: tuple[int, ...]) -> float:
    """EQ-5D-3L index by the Spanish time trade-off."""
    if set(levels) == {1}:
        return 1.0
    taken = sum(worth[level - 2] for worth, level in zip(_SPAIN_TTO, levels, strict=True) if level > 1)
    return 1.0 - 0.024 - (0.291 if 3 in levels else 0.0) - taken


def _biopsy(section: Section) -> Iterator[TrueOutcome]:
    true = indices(_measures(true_bone(section.woman, section.months)))
    base = indices(_measures(true_bone(section.woman, 0)))
    given = _reported(section)
    for paramcd in given:
        value, before = true[paramcd], base[paramcd]
        yield TrueOutcome(
            woman=section.woman,
            visit=section.visit,
            date=section.day.isoformat(),
            paramcd=paramcd,
            true=value,
            base=before,
            percent=100 * (value / before - 1) if value is not None and before else None,
            reported=given[paramcd][0],
            remark=given[paramcd][1],
        )


def _reported(section: Section) -> dict[str, tuple[str, str]]:
    measured = {name: getattr(section, name) for name in Section.__dataclass_fields__ if "_" in name}
    told = {name: ("" if value is None else f"{value:.6g}", "") for name, value in indices(measured).items()}
    if section.key == CONTRADICTION:
        return dict.fromkeys(told, ("", "draft: osteoid and eroded perimeters exceed the bone's"))
    if section.key == DIFFERS:
        told |= dict.fromkeys(("HOSBS", "HOTH"), ("", "two readers differ in the osteoid perimeter"))
    remark = "no label" if not section.S_Pm else "single labels only" if not section.D_Pm else ""
    for name in ("HMSBS", "HMAR", "HBFRBS", "HMLT", "HACF"):
        told[name] = (told[name][0], remark)
    return told


def _measures(bone: Bone) -> dict[str, float | None]:
    """What an endless section of the bone would measure, per mm² of tissue."""
    perimeter = bone.density
    return {
        "T_Ar": 1.0,
        "B_Ar": bone.fraction,
        "B_Pm": perimeter,
        "O_Ar": bone.osteoid * perimeter * bone.osteoid_width / 1000,
        "O_Pm": bone.osteoid * perimeter,
        "D_Pm": bone.double * perimeter,
        "S_Pm": bone.single * perimeter,
        "Ir_L_Wi": bone.width if bone.double else None,
        "W_Wi": bone.wall,
    }


def indices(section: Mapping[str, float | None]) -> dict[str, float | None]:
    """Indices by PARAMCD; without double labels only what does not hang on the apposition rate.

    References
    ----------
    Formulas: Dempster DW et al. 2013, J Bone Miner Res 28:2, doi 10.1002/jbmr.1805; without any label formation is 0
    and rates are undefined.
    """
    known = {name: value or 0.0 for name, value in section.items()}
    surface_per_bone = _SURFACE * known["B_Pm"] / known["B_Ar"]
    thickness = 2000 / surface_per_bone
    fraction = known["B_Ar"] / known["T_Ar"]
    labelled = known["D_Pm"] + known["S_Pm"] / 2
    mineralising = 100 * labelled / known["B_Pm"]
    osteoid = _WIDTH * 1000 * known["O_Ar"] / known["O_Pm"]
    wall = _WIDTH * known["W_Wi"]
    told: dict[str, float | None] = {
        "HBVTV": 100 * fraction,
        "HTBTH": thickness,
        "HTBN": fraction / thickness * 1000,
        "HTBSP": thickness * (1 / fraction - 1),
        "HOSBS": 100 * known["O_Pm"] / known["B_Pm"],
        "HOTH": osteoid,
        "HWTH": wall,
        "HMSBS": mineralising,
    }
    if section["Ir_L_Wi"] is None:
        none_formed = 0.0 if labelled == 0 else None
        return {**told, "HMAR": None, "HBFRBS": none_formed, "HMLT": None, "HACF": none_formed}
    rate = _WIDTH * known["Ir_L_Wi"] / _LABEL_INTERVAL_DAYS
    formation = rate * mineralising * 3.65
    adjusted = rate * labelled / known["O_Pm"]
    return {**told, "HMAR": rate, "HBFRBS": formation, "HMLT": osteoid / adjusted, "HACF": formation / wall}
