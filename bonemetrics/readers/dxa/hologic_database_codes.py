"""Which columns of a Hologic database are read, and which region each of them is of."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bonemetrics.anatomy import FOREARM, HIP, SPINE, WHOLE_BODY, spine_region
from bonemetrics.readers.dxa.hologic_scan_codes import AREA_BMC_BMD, HIP_FIELDS, STRUCTURE_FIELDS, STRUCTURE_PARTS
from bonemetrics.records import ReportSide

KEY_COLUMNS = ("PATIENT_KEY", "SCANID", "SERIAL_NUMBER")
"""What joins a scan's rows; a scan ID alone occurs under several serial numbers."""
LEVELS = ("L1", "L2", "L3", "L4", "L5")
SITE_TABLES = {SPINE: "SPINE", HIP: "HIP", FOREARM: "FOREARM", WHOLE_BODY: "WBODY"}
TABLE_NAMES = {"SPINE": "Spine", "HIP": "Hip", "FOREARM": "Forearm", "WBODY": "Wbody", "HIPHSA": "HipHSA"}
TABLE_NAMES |= {"SUBREGIONBONE": "SubRegionBone", "REFERENCERESULTS": "ReferenceResults"}
OTHER_TABLES = {
    name.upper(): name
    for name in (
        *("Lateral", "SubRegionComposition", "WbodyComposition", "AndroidGynoidComposition"),
        *("ObesityIndices", "TenYearFxRisk"),
    )
}
"""Results that are no projected bone density; their tables are named, not read."""
DRAWN_REGIONS = tuple(f"REG{number}" for number in range(1, 15))
STRUCTURE_ANGLE = "SHAFT_NECK_ANGLE"

_FOREARM = {
    **{
        f"{bone}_{part}": f"{name}-{ours}"
        for bone, name in (("R", "radius"), ("U", "ulna"))
        for part, ours in (
            ("13", "33"),
            ("MID", "mid"),
            ("UD", "ud"),
        )
    },
    "RTOT": "radius-total",
    "UTOT": "ulna-total",
    "RU13TOT": "radius+ulna-33",
    "RUMIDTOT": "radius+ulna-mid",
    "RUUDTOT": "radius+ulna-ud",
    "RUTOT": "radius+ulna-total",
}
_BODY: dict[str, tuple[str, ReportSide | None]] = {
    "WBTOT": ("whole-body", None),
    "SUBTOT": ("subtotal", None),
    "HEAD": ("head", None),
    "LARM": ("arm", "left"),
    "RARM": ("arm", "right"),
    "LRIB": ("ribs", "left"),
    "RRIB": ("ribs", "right"),
    "T_S": ("thoracic-spine", None),
    "L_S": ("body-lumbar-spine", None),
    "PELV": ("pelvis", None),
    "LLEG": ("leg", "left"),
    "RLEG": ("leg", "right"),
}
FIELDS: dict[str, dict[str, tuple[str, ReportSide | None]]] = {
    SPINE: {level: (level, None) for level in LEVELS},
    HIP: {field: (region, None) for field, region in HIP_FIELDS},
    FOREARM: {field: (region, None) for field, region in _FOREARM.items()},
    WHOLE_BODY: _BODY,
}
"""Region of every field, by site, and its side where that is not the scan's. The spine's total depends on the scan."""


def _triples(fields: Iterator[str] | tuple[str, ...]) -> set[str]:
    return {f"{field}_{column}" for field in fields for _name, column, _unit in AREA_BMC_BMD}


def _result_columns() -> dict[str, set[str]]:
    roi = {"ROI_TYPE", "ROI_WIDTH", "ROI_HEIGHT"}
    found = {SITE_TABLES[site]: _triples(tuple(fields)) | roi for site, fields in FIELDS.items()}
    found["SPINE"] |= {f"{level}_INCLUDED" for level in LEVELS} | _triples(("TOT",))
    found["SPINE"] |= {"STD_TOT_BMD", "STARTING_REGION"}
    found["HIP"] |= {"HSTD_TOT_BMD", "AXIS_LENGTH"}
    found["FOREARM"] |= {"ARM_LENGTH"}
    found["HIPHSA"] = {f"{part}_{field}" for part, _name in STRUCTURE_PARTS for field in STRUCTURE_FIELDS}
    found["HIPHSA"] |= {STRUCTURE_ANGLE}
    found["SUBREGIONBONE"] = _triples((*DRAWN_REGIONS, "NET_AVG", "GLOBAL"))
    found["SUBREGIONBONE"] |= {f"{region}_NAME" for region in DRAWN_REGIONS}
    found["REFERENCERESULTS"] = {"REF_TYPE", "BONERANGE", "T_SCORE", "Z_SCORE", "TITLE"}
    found |= {table: set() for table in OTHER_TABLES}
    return {table: columns | set(KEY_COLUMNS) for table, columns in found.items()}


WANTED: dict[str, frozenset[str]] = {
    **{table: frozenset(columns) for table, columns in _result_columns().items()},
    "PATIENT": frozenset(
        {"PATIENT_KEY", "IDENTIFIER1", "BIRTHDATE", "SEX", "ETHNICITY", "WEIGHT", "HEIGHT", "MENOPAUSE_YEAR"}
        | {"PHANTOM_ID"}
    ),
    "SCANANALYSIS": frozenset(
        {*KEY_COLUMNS, "ANALYSIS_DATE", "SCAN_DATE", "SCAN_TYPE", "SCAN_MODE", "WEIGHT", "HEIGHT", "SW_VERSION"}
        | {"ANAL_VERSION", "HW_VERSION", "ACF", "BCF", "K", "D0", "THICKNESS", "PROTOCOL", "QC_SCAN"}
        | {"WL_STUDY_INST_UID"}
    ),
    "REFERENCECURVE": frozenset(
        {"UNIQUE_ID", "IF_CURRENT", "ETHNIC", "SEX", "REFTYPE", "BONERANGE", "SOURCE", "AGE_YOUNG", "Y_LABEL", "METHOD"}
    ),
    "POINTS": frozenset({"UNIQUE_ID", "X_VALUE", "Y_VALUE", "STD", "L_VALUE"}),
}
"""Columns by table. No name, address, comment or insurance is among them, so none is ever decoded."""

_RANGES = {
    ("H", "1..."): (HIP, "neck"),
    ("H", ".2.."): (HIP, "trochanter"),
    ("H", "..3."): (HIP, "intertrochanter"),
    ("H", "...4"): (HIP, "wards"),
    ("H", "123."): (HIP, "total-hip"),
    ("R", "R.."): (FOREARM, "radius-33"),
    ("R", ".R."): (FOREARM, "radius-mid"),
    ("R", "..R"): (FOREARM, "radius-ud"),
    ("R", "RRR"): (FOREARM, "radius-total"),
}
_SPINE_RANGE = re.compile(r"(?=.*\d)[1.][2.][3.][4.][5.]?")


def region_of_range(reference_type: str, bone_range: str) -> tuple[str, str] | None:
    """Site and region of a REFTYPE and BONERANGE, such as `S` and `.234` (L2-L4); `None` for those not known."""
    kind, text = reference_type.strip(), bone_range.strip()
    if kind == "S" and _SPINE_RANGE.fullmatch(text):
        return SPINE, spine_region(f"L{character}" for character in text if character != ".")
    return _RANGES.get((kind, text))
