"""The protocol of the synthetic trial: a `study.toml` in which every key is explained once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from bonemetrics.anatomy import FOREARM, HIP, SPINE
from bonemetrics.quantities import CATALOGUE, Material
from bonemetrics.quantities.asbmr import ILIAC
from bonemetrics.quantities.clinical import PATIENT
from bonemetrics.records import ReferenceCurve
from bonemetrics.sample.clinical.course import BIOPSY_VISIT
from bonemetrics.sample.dxa.reference import curves
from bonemetrics.sample.people import COHORTS, ROD_PHANTOMS, STUDY_ID, VISITS, PlannedVisit, RodPhantom
from bonemetrics.sample.protocol_keys import explained, unused

_Fact = str | int | float | bool | Sequence["_Fact"] | Mapping[str, "_Fact"]
_Facts = Mapping[str, _Fact]

PARAMETERS = (
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
    ("HTBN", "Biopsy trabecular number", "Tb.N", ILIAC, "cancellous", "up"),
    ("HTBSP", "Biopsy trabecular separation", "Tb.Sp", ILIAC, "cancellous", "down"),
    ("HOSBS", "Biopsy osteoid surface", "OS/BS", ILIAC, "cancellous", ""),
    ("HOTH", "Biopsy osteoid thickness", "O.Th", ILIAC, "cancellous", ""),
    ("HWTH", "Biopsy wall thickness", "W.Th", ILIAC, "cancellous", ""),
    ("HMSBS", "Biopsy mineralising surface", "MS/BS", ILIAC, "cancellous", "up"),
    ("HMAR", "Biopsy mineral apposition rate", "MAR", ILIAC, "cancellous", ""),
    ("HBFRBS", "Biopsy bone formation rate", "BFR/BS", ILIAC, "cancellous", "up"),
    ("HMLT", "Biopsy mineralisation lag time", "Mlt", ILIAC, "cancellous", ""),
    ("HACF", "Biopsy activation frequency", "Ac.f", ILIAC, "cancellous", "up"),
)
"""PARAMCD, PARAM, quantity, site, region, direction of a good change."""
_PRECISION: tuple[_Facts, ...] = (
    {"paramcd": "RADTBD", "scanner": "3012", "lsc": 3.1},
    {"paramcd": "RADTBD", "scanner": "CT-551", "lsc": 4.2},
    {"paramcd": "LSBMD", "lsc": 0.028},
    {"paramcd": "THBMD", "lsc": 0.027},
    {"paramcd": "FNBMD", "lsc": 0.034},
    {"paramcd": "P1NP", "lsc_percent": 20.0},
    {"paramcd": "NTX", "lsc_percent": 22.0},
)
"""Invented, as the precision studies of this trial's own centre."""
_TABLES: tuple[_Facts, ...] = (
    {"file": "laboratory.csv", "kind": "laboratory", "columns": {"date": "Sample date", "test": "Analyte"}},
    {
        "file": "pain.csv",
        "kind": "vas",
        "decimal": ",",
        "dates": "dmy",
        "columns": {"visit": "Visita", "date": "Fecha", "value": "EVA"},
    },
    {"file": "oswestry.csv", "kind": "oswestry"},
    {"file": "eq5d.csv", "kind": "eq5d", "columns": {"date": "eq5d_date"}},
    {"file": "adverse_events.csv", "kind": "adverse-events"},
    {"file": "fractures.csv", "kind": "fractures"},
    {"file": "biopsies.csv", "kind": "histomorphometry"},
)
_HEAD = """\
# Protocol of the synthetic trial. Each key is explained where its table stands first; "# key = …" is one that this
# trial does without. Units are UCUM, dates ISO (2016-04-03), days are study days.
"""


def study_toml() -> str:
    """The protocol of the synthetic trial."""
    told: set[str] = set()
    parts = [_table(head, facts, told) for head, facts in _facts()]
    return "\n".join([_HEAD, *parts])


def _facts() -> Iterator[tuple[str, _Facts]]:
    """Every table in its order; one without facts stands as a comment."""
    title = "Synthetic trial of cell therapy in osteoporosis"
    yield "[study]", {"id": STUDY_ID, "title": title, "subjects": "subjects.csv"}
    yield from (("[[cohorts]]", {"code": code, "title": title}) for code, title in COHORTS)
    yield from (("[[visits]]", _visit(one)) for one in sorted([*VISITS, BIOPSY_VISIT], key=lambda one: one.months))
    yield from (("[[parameters]]", _parameter(*one)) for one in PARAMETERS)
    yield from (("[[precision]]", facts) for facts in _PRECISION)
    yield from (("[[phantoms]]", _phantom(one)) for one in ROD_PHANTOMS.values())
    yield "[region]", {"rule": "whole"}
    yield "[reading]", {"deshear": False, "allow_lossy": False}
    yield "[tissue]", {"threshold": 320.0}
    yield "[density]", {"edge": "extrapolated"}
    yield "[dxa]", {"dates": "mdy", "postmenopausal": True}
    yield from (("[[references]]", _reference(curve)) for curve in curves())
    yield "[[calibrations]]", {}
    yield from (("[[tables]]", facts) for facts in _TABLES)
    yield "[[conversions]]", {}
    yield "[histomorphometry]", {"factor": "isotropic", "osteoid_perimeter": "one-sided", "double_entry": "refuse"}
    yield "[clinical]", {"oswestry_most_missing": 1}
    yield "[analysis]", {"choose": "nearest", "relations": [["HACF", "P1NP"], ["HBVTV", "RADTBD"]]}
    yield "[review]", {}


def _visit(visit: PlannedVisit) -> _Facts:
    facts: dict[str, _Fact] = {"name": visit.name, "number": visit.number, "target_day": visit.target_day}
    if visit == BIOPSY_VISIT:
        return {**facts, "windows": {"histomorphometry": list(visit.window)}}
    return {**facts, "window": list(visit.window), "baseline": visit.months == 0}


def _parameter(code: str, title: str, quantity: str, site: str, region: str, benefit: str) -> _Facts:
    facts: dict[str, _Fact] = {"paramcd": code, "param": title, "quantity": quantity, "site": site}
    facts |= {"region": region} if region else {}
    facts |= {"side": "left"} if site == HIP else {}
    facts["unit"] = CATALOGUE[quantity].unit
    facts |= {"version": "3L", "value_set": "Spain TTO"} if quantity == "EQ-5D-index" else {}
    return {**facts, "benefit": benefit} if benefit else facts


def _phantom(phantom: RodPhantom) -> _Facts:
    rods: list[_Facts] = [
        {
            "name": rod.name,
            "density": rod.density,
            "diameter_mm": rod.diameter_mm or 0.0,
            "x_mm": rod.x_mm or 0.0,
            "y_mm": rod.y_mm or 0.0,
        }
        for rod in phantom.rods
    ]
    return {"name": phantom.name, "serial": phantom.serial, "material": str(Material.HA), "rods": rods}


def _reference(curve: ReferenceCurve) -> _Facts:
    points = [{"age_years": one.age_years, "mean": one.mean, "sd": one.sd} for one in curve.points]
    return {
        "name": curve.name,
        "source": curve.source,
        "site": curve.site,
        "region": curve.region,
        "sex": curve.sex,
        "age_young": curve.age_young or 0.0,
        "printed": list(curve.printed),
        "points": points,
    }


def _table(head: str, facts: _Facts, told: set[str]) -> str:
    if not facts:
        return unused(head)
    given = {key: _value(value) for key, value in facts.items()}
    if head not in told:
        told.add(head)
        return explained(head, given)
    return "\n".join([head, *(f"{key} = {value}" for key, value in given.items())]) + "\n"


def _value(value: _Fact) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{key} = {_value(one)}' for key, one in value.items())} }}"
    if isinstance(value, Sequence):
        items = [_value(one) for one in value]
        if value and isinstance(value[0], Mapping):
            return "[\n" + "".join(f"  {item},\n" for item in items) + "]"
        return f"[{', '.join(items)}]"
    return str(value)
