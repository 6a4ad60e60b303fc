"""A Hologic database of invented people: one scan of every site, a partial spine, a phantom, an unanalysed scan."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from tests.dxa_cases import DxaCase
from tests.mdb_bytes import BOOL, DATE, DOUBLE, LONG, TEXT, Row, Table, jet_bytes

SERIAL = "80642"
ANNA, BRITT, BLOCK = "1K3A050KA7Z180642", "1K41120NB2C280642", "1K3A050AAAA980642"
# Days and seconds by hand: 1K3 = 2019, 1K4 = 2020; A = October, 1 = January.
SPINE_ID, HIP_ID, ARM_ID, BODY_ID = "A1K3A050KCY01", "A1K3A050KHQ02", "A1K3A050KMI03", "A1K3A050KRA04"
PARTIAL_ID, IDLE_ID, BLOCK_ID = "A1K41120NEE01", "A1K41120NJ602", "A1K3A050BBB09"

SPINE = {  # area cm2, BMC g; BMD is their quotient; L5 was not analysed
    "L1": (13.0, 11.05),
    "L2": (14.5, 13.34),
    "L3": (15.5, 15.19),
    "L4": (17.0, 15.81),
}
HIP = {
    "HTOT": (31.5, 26.46),
    "TROCH": (10.0, 6.2),
    "INTER": (16.5, 16.57),
    "NECK": (5.0, 3.69),
    "WARDS": (1.125, 0.5625),
}
ARM_FIELDS = (
    "R_13",
    "R_MID",
    "R_UD",
    "U_13",
    "U_MID",
    "U_UD",
    "RTOT",
    "UTOT",
    "RU13TOT",
    "RUMIDTOT",
    "RUUDTOT",
    "RUTOT",
)
BODY_FIELDS = ("WBTOT", "SUBTOT", "HEAD", "LARM", "RARM", "LRIB", "RRIB", "T_S", "L_S", "PELV", "LLEG", "RLEG")
HSA_FIELDS = ("BMD", "CSA", "CSMI", "WIDTH", "ED", "ACT", "PCD", "CMP", "SECT_MOD", "BR")
ARM = {field: (2.0 + n, 1.0 + n / 2) for n, field in enumerate(ARM_FIELDS)}
BODY = {field: (90.0 + 10 * n, 70.0 + 11 * n) for n, field in enumerate(BODY_FIELDS)}


def triples(fields: Mapping[str, tuple[float, float]]) -> dict[str, float]:
    """Area, BMC and BMD columns."""
    found = {}
    for field, (area, bmc) in fields.items():
        found |= {f"{field}_AREA": area, f"{field}_BMC": bmc, f"{field}_BMD": bmc / area}
    return found


def spine_row(levels: Mapping[str, tuple[float, float]] = SPINE, *, included: str = "1234") -> dict[str, object]:
    """A row of `Spine`: the levels analysed, and the total of the included ones."""
    nothing = {
        f"L{n}_{column}": value for n in range(1, 6) for column, value in (("AREA", -1.0), ("BMC", 0.0), ("BMD", 0.0))
    }
    area = sum(levels[f"L{n}"][0] for n in included if f"L{n}" in levels)
    bmc = sum(levels[f"L{n}"][1] for n in included if f"L{n}" in levels)
    flags = {f"L{n}_INCLUDED": str(n) in included for n in range(1, 6)}
    return {
        **nothing,
        **triples(levels),
        **triples({"TOT": (area or 1.0, bmc)}),
        **flags,
        "STD_TOT_BMD": 0.0,
        "STARTING_REGION": 0,
        "NO_REGIONS": len(levels),
        "ROI_TYPE": 4,
        "ROI_WIDTH": 117.0,
        "ROI_HEIGHT": 151.0,
    }


def key(patient: str, scan: str, serial: str = SERIAL) -> dict[str, object]:
    return {"PATIENT_KEY": patient, "SCANID": scan, "SERIAL_NUMBER": serial}


def analysis(patient: str, scan: str, kind: int, when: datetime, **changes: object) -> dict[str, object]:
    """A row of `ScanAnalysis`, analysed two days after the scan."""
    return {
        **key(patient, scan),
        "ANALYSIS_DATE": when.replace(day=when.day + 2, hour=16, minute=2, second=31),
        "SCAN_DATE": when,
        "SCAN_TYPE": kind,
        "SCAN_MODE": 11,
        "WEIGHT": 61.5,
        "HEIGHT": -1.0,
        "SW_VERSION": "13.4.2",
        "ANAL_VERSION": "13.5",
        "HW_VERSION": "21",
        "ACF": 1.0234,
        "BCF": 0.9912,
        "K": 1.1311,
        "D0": 48.375,
        "THICKNESS": 5.625,
        "PROTOCOL": 330,
        "QC_SCAN": False,
        "HSA": False,
        "WL_STUDY_INST_UID": "",
        **changes,
    }


KEY_TYPES = {"PATIENT_KEY": TEXT, "SCANID": TEXT, "SERIAL_NUMBER": TEXT}
PATIENT = {
    "PATIENT_KEY": TEXT,
    "LAST_NAME": TEXT,
    "FIRST_NAME": TEXT,
    "IDENTIFIER1": TEXT,
    "BIRTHDATE": DATE,
    "SEX": TEXT,
    "WEIGHT": DOUBLE,
    "HEIGHT": DOUBLE,
    "ETHNICITY": TEXT,
    "MENOPAUSE_YEAR": LONG,
    "ADDRESS1": TEXT,
    "PHANTOM_ID": TEXT,
}
ANALYSIS = {
    **KEY_TYPES,
    "ANALYSIS_DATE": DATE,
    "SCAN_DATE": DATE,
    "SCAN_TYPE": LONG,
    "SCAN_MODE": LONG,
    "WEIGHT": DOUBLE,
    "HEIGHT": DOUBLE,
    "SW_VERSION": TEXT,
    "ANAL_VERSION": TEXT,
    "HW_VERSION": TEXT,
    "ACF": DOUBLE,
    "BCF": DOUBLE,
    "K": DOUBLE,
    "D0": DOUBLE,
    "THICKNESS": DOUBLE,
    "PROTOCOL": LONG,
    "QC_SCAN": BOOL,
    "HSA": BOOL,
    "WL_STUDY_INST_UID": TEXT,
}
ROI = {"ROI_TYPE": LONG, "ROI_WIDTH": DOUBLE, "ROI_HEIGHT": DOUBLE}


def result_types(fields: tuple[str, ...], **more: int) -> dict[str, int]:
    return {**KEY_TYPES, **{f"{f}_{c}": DOUBLE for f in fields for c in ("AREA", "BMC", "BMD")}, **ROI, **more}


SPINE_TYPES = result_types(
    ("L1", "L2", "L3", "L4", "L5", "TOT"),
    **{f"L{n}_INCLUDED": BOOL for n in range(1, 6)},
    STD_TOT_BMD=DOUBLE,
    STARTING_REGION=LONG,
    NO_REGIONS=LONG,
)
HIP_TYPES = result_types(tuple(HIP), HSTD_TOT_BMD=DOUBLE, AXIS_LENGTH=DOUBLE)
ARM_TYPES = result_types(ARM_FIELDS, ARM_LENGTH=LONG)
BODY_TYPES = result_types(BODY_FIELDS)
HSA_TYPES = {
    **KEY_TYPES,
    **{f"{p}_{f}": DOUBLE for p in ("NN", "IT", "FS") for f in HSA_FIELDS},
    "SHAFT_NECK_ANGLE": DOUBLE,
}
DRAWN_TYPES = result_types(
    (*(f"REG{n}" for n in range(1, 15)), "NET_AVG", "GLOBAL"), **{f"REG{n}_NAME": TEXT for n in range(1, 15)}
)
SCORE_TYPES = {**KEY_TYPES, "REF_TYPE": TEXT, "BONERANGE": TEXT, "T_SCORE": DOUBLE, "Z_SCORE": DOUBLE, "TITLE": TEXT}
HSA = {f"{p}_{f}": 1.0 + 1.5 * i + k / 8 for i, p in enumerate(("NN", "IT", "FS")) for k, f in enumerate(HSA_FIELDS)}


def people() -> list[Row]:
    return [
        {
            "PATIENT_KEY": ANNA,
            "LAST_NAME": "Thistlewood",
            "FIRST_NAME": "Annabelle",
            "IDENTIFIER1": "INV-0815-T",
            "BIRTHDATE": datetime(1951, 3, 17),
            "SEX": "F",
            "WEIGHT": 64.0,
            "HEIGHT": 158.25,
            "ETHNICITY": "W",
            "MENOPAUSE_YEAR": 49,
            "ADDRESS1": "9 Nowhere Lane",
            "PHANTOM_ID": "",
        },
        {
            "PATIENT_KEY": BRITT,
            "LAST_NAME": "Ævarsdóttir",
            "FIRST_NAME": "Birta",
            "IDENTIFIER1": "INV-2342-B",
            "BIRTHDATE": datetime(1960, 12, 2),
            "SEX": "F",
            "WEIGHT": -1.0,
            "HEIGHT": -1.0,
            "ETHNICITY": "",
            "MENOPAUSE_YEAR": -1,
            "ADDRESS1": None,
            "PHANTOM_ID": None,
        },
        {"PATIENT_KEY": BLOCK, "LAST_NAME": "SPINE PHANTOM", "IDENTIFIER1": "QC", "PHANTOM_ID": "11725"},
    ]


def scans() -> list[Row]:
    first, second = datetime(2019, 10, 5, 7, 19, 50), datetime(2020, 1, 12, 8, 23, 11)
    return [
        analysis(ANNA, SPINE_ID, 1, first),
        analysis(ANNA, HIP_ID, 3, first, PROTOCOL=332, HSA=True),
        analysis(ANNA, ARM_ID, 6, first, PROTOCOL=223),
        analysis(ANNA, BODY_ID, 5, first, PROTOCOL=506, WL_STUDY_INST_UID="1.2.826.0.1.3680043.8.1"),
        analysis(BRITT, PARTIAL_ID, 1, second, WEIGHT=-1.0),
        analysis(BRITT, IDLE_ID, 2, second, ANALYSIS_DATE=None),
        analysis(BLOCK, BLOCK_ID, 1, first),
    ]


def tables() -> dict[str, Table]:
    """All tables by name; a test replaces those it is about."""
    size = {"ROI_TYPE": 7, "ROI_WIDTH": 228.0, "ROI_HEIGHT": 61.0}
    more = {"AXIS_LENGTH": 101.75, "HSTD_TOT_BMD": 0.0}
    without_l1 = {level: numbers for level, numbers in SPINE.items() if level != "L1"}
    return {
        "PATIENT": Table(PATIENT, people()),
        "ScanAnalysis": Table(ANALYSIS, scans()),
        "Spine": Table(
            SPINE_TYPES,
            [
                {**key(ANNA, SPINE_ID), **spine_row()},
                {**key(BRITT, PARTIAL_ID), **spine_row(without_l1, included="24")},
                {**key(BLOCK, BLOCK_ID), **spine_row()},
            ],
        ),
        "Hip": Table(HIP_TYPES, [{**key(ANNA, HIP_ID), **triples(HIP), **size, **more}]),
        "HipHSA": Table(HSA_TYPES, [{**key(ANNA, HIP_ID), **HSA, "SHAFT_NECK_ANGLE": 126.25}]),
        "Forearm": Table(ARM_TYPES, [{**key(ANNA, ARM_ID), **triples(ARM), **size, "ARM_LENGTH": 245}]),
        "Wbody": Table(BODY_TYPES, [{**key(ANNA, BODY_ID), **triples(BODY), **size}]),
        "SubRegionBone": Table(DRAWN_TYPES, []),
        "WbodyComposition": Table(KEY_TYPES, [key(ANNA, BODY_ID)]),
        "Lateral": Table(KEY_TYPES, []),
        "ReferenceResults": Table(SCORE_TYPES, []),
    }


def database(**changes: Table) -> bytes:
    return jet_bytes({**tables(), **changes})


CASE = DxaCase(
    route="hologic-database",
    module="bonemetrics.readers.dxa.hologic_database",
    file_name="PatScan.mdb",
    make=database,
    secrets=(
        "Thistlewood",
        "Annabelle",
        "Ævarsdóttir",
        "Birta",
        "INV-0815-T",
        "INV-2342-B",
        "Nowhere Lane",
        "19510317",
    ),
    numbers={
        ("L3", "", "bmc"): 15.19,
        ("wards", "right", "bmd"): 0.5,
        ("intertrochanter", "right", "area"): 16.5,
        ("ulna-mid", "left", "area"): 6.0,
        ("leg", "left", "bmc"): 180.0,
    },
)
