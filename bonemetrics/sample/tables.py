"""The texts of the synthetic trial: protocol, subjects and truth."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date

from bonemetrics.anatomy import FOREARM, HIP, SPINE
from bonemetrics.quantities import CATALOGUE, Material
from bonemetrics.quantities.asbmr import ILIAC
from bonemetrics.quantities.clinical import PATIENT
from bonemetrics.records import ReferenceCurve, Side
from bonemetrics.sample.clinical.course import BIOPSY_VISIT
from bonemetrics.sample.dxa.reference import curves
from bonemetrics.sample.people import COHORTS, ROD_PHANTOMS, STUDY_ID, VISITS, WOMEN, PlannedVisit
from bonemetrics.sample.truth import Truth

Row = tuple[str, ...]
_Fact = str | int | float | bool | list[int] | list[str] | list[list[str]]

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
    ("NTX", "Serum NTX", "NTX", "serum", "", "down"),
    ("OSTEOC", "Osteocalcin", "OC", "serum", "", "up"),
    ("ALPBS", "Bone alkaline phosphatase", "BALP", "serum", "", "up"),
    ("P1NP", "P1NP", "P1NP", "serum", "", "up"),
    ("OPG", "Osteoprotegerin", "OPG", "serum", "", "up"),
    ("RANKL", "RANKL", "RANKL", "serum", "", "down"),
    ("VASPAIN", "Pain", "Pain-VAS", PATIENT, "", "down"),
    ("ODITOT", "Oswestry Disability Index", "ODI", PATIENT, "", "down"),
    ("EQ5DIDX", "EQ-5D-3L index (Spain, TTO)", "EQ-5D-index", PATIENT, "", "up"),
    ("EQ5DVAS", "EQ VAS", "EQ-VAS", PATIENT, "", "up"),
    ("NEWFX", "New fractures", "N.Fx", "skeleton", "", "down"),
    ("HBVTV", "Biopsy BV/TV", "BV/TV", ILIAC, "cancellous", "up"),
    ("HTBTH", "Biopsy trabecular thickness", "Tb.Th", ILIAC, "cancellous", "up"),
    ("HOSBS", "Biopsy osteoid surface", "OS/BS", ILIAC, "cancellous", ""),
    ("HMSBS", "Biopsy mineralising surface", "MS/BS", ILIAC, "cancellous", "up"),
    ("HMAR", "Biopsy mineral apposition rate", "MAR", ILIAC, "cancellous", ""),
    ("HBFRBS", "Biopsy bone formation rate", "BFR/BS", ILIAC, "cancellous", "up"),
    ("HMLT", "Biopsy mineralisation lag time", "Mlt", ILIAC, "cancellous", ""),
    ("HACF", "Biopsy activation frequency", "Ac.f", ILIAC, "cancellous", "up"),
)
_PRECISION: tuple[dict[str, _Fact], ...] = (
    {"paramcd": "RADTBD", "scanner": "3012", "lsc": 3.1},
    {"paramcd": "RADTBD", "scanner": "CT-551", "lsc": 4.2},
    {"paramcd": "LSBMD", "lsc": 0.028},
    {"paramcd": "THBMD", "lsc": 0.027},
    {"paramcd": "FNBMD", "lsc": 0.034},
    {"paramcd": "P1NP", "lsc_percent": 20.0},
    {"paramcd": "NTX", "lsc_percent": 22.0},
)
"""Invented, as the precision studies of this trial's own centre."""
_TABLES: tuple[tuple[dict[str, _Fact], dict[str, str]], ...] = (
    ({"file": "laboratory.csv", "kind": "laboratory"}, {"date": "Sample date", "test": "Analyte"}),
    (
        {"file": "pain.csv", "kind": "vas", "decimal": ",", "dates": "dmy"},
        {"visit": "Visita", "date": "Fecha", "value": "EVA"},
    ),
    ({"file": "oswestry.csv", "kind": "oswestry"}, {}),
    ({"file": "eq5d.csv", "kind": "eq5d"}, {"date": "eq5d_date"}),
    ({"file": "adverse_events.csv", "kind": "adverse-events"}, {}),
    ({"file": "fractures.csv", "kind": "fractures"}, {}),
    ({"file": "biopsies.csv", "kind": "histomorphometry"}, {}),
)


def study_toml() -> str:
    """The protocol of the synthetic trial."""
    parts = [
        _table("[study]", id=STUDY_ID, title="Synthetic trial of cell therapy in osteoporosis", subjects="subjects.csv")
    ]
    parts += [_table("[[cohorts]]", code=code, title=title) for code, title in COHORTS]
    parts += map(_visit, sorted([*VISITS, BIOPSY_VISIT], key=lambda visit: visit.months))
    for code, title, quantity, site, region, benefit in _PARAMETERS:
        facts: dict[str, _Fact] = {"paramcd": code, "param": title, "quantity": quantity, "site": site}
        facts |= {"region": region} if region else {}
        facts |= {"side": "left"} if site == HIP else {}
        facts["unit"] = CATALOGUE[quantity].unit
        facts |= {"version": "3L", "value_set": "Spain TTO"} if quantity == "EQ-5D-index" else {}
        parts.append(_table("[[parameters]]", **facts, **({"benefit": benefit} if benefit else {})))
    parts += [_table("[[precision]]", **facts) for facts in _PRECISION]
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
    parts += [_table("[[tables]]", **head) + _columns(columns) for head, columns in _TABLES]
    parts.append(_table("[histomorphometry]", factor="isotropic"))
    parts.append(_table("[analysis]", choose="nearest", relations=[["HACF", "P1NP"], ["HBVTV", "RADTBD"]]))
    return "\n".join(parts)


def _visit(visit: PlannedVisit) -> str:
    facts: dict[str, _Fact] = {"name": visit.name, "number": visit.number, "target_day": visit.target_day}
    if visit == BIOPSY_VISIT:
        facts["windows.histomorphometry"] = list(visit.window)
    else:
        facts["window"] = list(visit.window)
        facts["baseline"] = visit.months == 0
    return _table("[[visits]]", **facts)


def _columns(columns: dict[str, str]) -> str:
    return _table("[tables.columns]", **columns) if columns else ""


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
