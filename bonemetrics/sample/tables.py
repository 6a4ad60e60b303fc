"""The texts of the synthetic trial: protocol, subjects and truth."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date

from bonemetrics.anatomy import FOREARM, HIP, SPINE
from bonemetrics.quantities import CATALOGUE, Material
from bonemetrics.records import ReferenceCurve, Side
from bonemetrics.sample.dxa.reference import curves
from bonemetrics.sample.people import COHORTS, ROD_PHANTOMS, STUDY_ID, VISITS, WOMEN
from bonemetrics.sample.truth import Truth

Row = tuple[str, ...]
_Fact = str | int | float | bool | list[int] | list[str]

README = (
    "Synthetic scans and reports made by `bonemetrics sample`. No person was scanned; names and numbers are invented.\n"
)
TRUTH_COLUMNS = (
    *("subject", "visit", "scan_date", "side", "site", "region", "quantity", "value", "unit", "material"),
    "series_uid",
)
_PARAMETERS = (
    ("RADTBD", "Radius trabecular density", "Tb.vBMD", "radius", "trabecular", "up"),
    ("RADTTD", "Radius total density", "Tt.vBMD", "radius", "total", "up"),
    ("RADCTD", "Radius cortical density", "Ct.vBMD", "radius", "cortical", "up"),
    ("RADC45", "Radius density of the central 45 %", "vBMD", "radius", "central-45", "up"),
    ("RADTTAR", "Radius total area", "Tt.Ar", "radius", "total", ""),
    ("RADTBAR", "Radius trabecular area", "Tb.Ar", "radius", "trabecular", ""),
    ("RADCTAR", "Radius cortical area", "Ct.Ar", "radius", "cortical", "up"),
    ("LSBMD", "Lumbar spine BMD", "aBMD", SPINE, "L1-L4", "up"),
    ("LSBMDT", "Lumbar spine T-score", "T-score", SPINE, "L1-L4", "up"),
    ("THBMD", "Total hip BMD", "aBMD", HIP, "total-hip", "up"),
    ("THBMDT", "Total hip T-score", "T-score", HIP, "total-hip", "up"),
    ("FNBMD", "Femoral neck BMD", "aBMD", HIP, "neck", "up"),
    ("FNBMDT", "Femoral neck T-score", "T-score", HIP, "neck", "up"),
    ("R33BMD", "Radius 33 % BMD", "aBMD", FOREARM, "radius-33", "up"),
)


def study_toml() -> str:
    """The protocol of the synthetic trial."""
    parts = [
        _table("[study]", id=STUDY_ID, title="Synthetic trial of cell therapy in osteoporosis", subjects="subjects.csv")
    ]
    parts += [_table("[[cohorts]]", code=code, title=title) for code, title in COHORTS]
    parts += [
        _table(
            "[[visits]]",
            name=visit.name,
            number=visit.number,
            target_day=visit.target_day,
            window=list(visit.window),
            baseline=visit.months == 0,
        )
        for visit in VISITS
    ]
    for code, title, quantity, site, region, benefit in _PARAMETERS:
        facts = {"paramcd": code, "param": title, "quantity": quantity, "site": site, "region": region}
        facts |= {"side": "left"} if site == HIP else {}
        facts["unit"] = CATALOGUE[quantity].unit
        parts.append(_table("[[parameters]]", **facts, **({"benefit": benefit} if benefit else {})))
    parts.append(_table("[[precision]]", paramcd="RADTBD", scanner="3012", lsc=3.1))
    for phantom in ROD_PHANTOMS.values():
        rods = [
            f'  {{ name = "{rod.name}", density = {rod.density}, diameter_mm = {rod.diameter_mm}, '
            f"x_mm = {rod.x_mm}, y_mm = {rod.y_mm} }},\n"
            for rod in phantom.rods
        ]
        head = _table("[[phantoms]]", name=phantom.name, serial=phantom.serial, material=str(Material.HA))
        parts.append(head + "rods = [\n" + "".join(rods) + "]\n")
    parts.append(_table("[region]", rule="whole"))
    parts.append(_table("[tissue]", threshold=320.0))
    parts.append(_table("[dxa]", dates="mdy", postmenopausal=True))
    parts += map(_reference, curves())
    return "\n".join(parts)


def _reference(curve: ReferenceCurve) -> str:
    head = _table(
        "[[references]]",
        name=curve.name,
        source=curve.source,
        site=curve.site,
        region=curve.region,
        sex=curve.sex,
        age_young=curve.age_young or 0.0,
        printed=list(curve.printed),
    )
    points = [f"{{ age_years = {one.age_years}, mean = {one.mean}, sd = {one.sd} }}" for one in curve.points]
    return head + f"points = [{', '.join(points)}]\n"


def _table(head: str, **facts: _Fact) -> str:
    return "\n".join([head, *(f"{key} = {_value(value)}" for key, value in facts.items())]) + "\n"


def _value(value: _Fact) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    return f'"{value}"' if isinstance(value, str) else str(value)


def subjects_csv() -> str:
    """The subjects table."""
    rows = [
        (woman.subject, woman.cohort, woman.day1.isoformat(), ";".join(woman.patient_ids), f"{woman.forearm_length_mm}")
        for woman in WOMEN
    ]
    return _csv(("subject", "cohort", "day1", "patient_ids", "forearm_length_mm"), rows)


def truth_rows(
    truth: Truth, *, subject: str, visit: str, scan_date: date, side: Side, series_uid: str
) -> tuple[Row, ...]:
    """The true values of one scan, keyed as in a density table."""
    key = (subject, visit, scan_date.isoformat(), side, "radius")
    return tuple(
        (
            *key,
            *(region, quantity, f"{value:.6f}", CATALOGUE[quantity].unit),
            str(Material.HA) if CATALOGUE[quantity].needs_material else "",
            series_uid,
        )
        for quantity, region, value in truth.rows()
    )


def truth_csv(rows: Iterable[Row]) -> str:
    """The table of true values."""
    return _csv(TRUTH_COLUMNS, list(rows))


def _csv(columns: Row, rows: Sequence[Row]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()
