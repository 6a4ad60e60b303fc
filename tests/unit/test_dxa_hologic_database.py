"""Databases of Hologic scanners: every scan, its regions, and what is passed over, noted or refused."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa.hologic_database import read, recognises
from bonemetrics.readers.dxa.source import Source
from bonemetrics.records import DxaReading, RawDxaReport
from tests.dxa_cases.hologic_database import (
    ANALYSIS,
    ANNA,
    ARM,
    ARM_ID,
    BODY,
    BODY_ID,
    BODY_TYPES,
    BRITT,
    CASE,
    DRAWN_TYPES,
    HIP,
    HIP_ID,
    HIP_TYPES,
    HSA,
    HSA_TYPES,
    PARTIAL_ID,
    PATIENT,
    SCORE_TYPES,
    SERIAL,
    SPINE,
    SPINE_ID,
    SPINE_TYPES,
    analysis,
    database,
    key,
    people,
    scans,
    spine_row,
    triples,
)
from tests.mdb_bytes import DOUBLE, LONG, TEXT, Row, Table, jet_bytes

FIRST = datetime(2019, 10, 5, 7, 19, 50)


def reading(**changes: Table) -> DxaReading:
    return read(Source(data=database(**changes)))


def report(scan_id: str, **changes: Table) -> RawDxaReport:
    (found,) = [r for r in reading(**changes).reports if r.scan_id == scan_id]
    return found


def spine(row: dict[str, object], scan_id: str = SPINE_ID) -> RawDxaReport:
    return report(scan_id, Spine=Table(SPINE_TYPES, [{**key(ANNA, scan_id), **row}]))


def numbers(found: RawDxaReport) -> dict[str, tuple[float | None, float | None, float | None]]:
    return {row.printed: (row.value("area"), row.value("bmc"), row.value("bmd")) for row in found.rows}


def codes(found: RawDxaReport | DxaReading) -> list[str]:
    return [problem.code for problem in found.problems]


def other_scan(**changes: object) -> Table:
    """The scans, the hip of the first person changed."""
    return Table(ANALYSIS, [{**row, **changes} if row["SCANID"] == HIP_ID else row for row in scans()])


def test_read__one_report_for_each_analysed_scan_of_a_person():
    found = reading()
    assert [(r.scan_id, r.site, r.side) for r in found.reports] == [
        (SPINE_ID, "lumbar-spine", None),
        (HIP_ID, "hip", "right"),
        (ARM_ID, "forearm", "left"),
        (BODY_ID, "whole-body", None),
        (PARTIAL_ID, "lumbar-spine", None),
    ]
    assert [r.problems for r in found.reports] == [()] * 5
    assert codes(found) == ["phantom-scans-skipped", "scans-without-results"]
    assert [problem.message[-1] for problem in found.problems] == ["1", "1"]


def test_read__a_spine_with_its_total_under_the_name_of_its_vertebrae():
    found = report(SPINE_ID)
    expected = {level: (area, bmc, bmc / area) for level, (area, bmc) in SPINE.items()}
    # 13 + 14.5 + 15.5 + 17 = 60 cm2; 11.05 + 13.34 + 15.19 + 15.81 = 55.39 g.
    assert numbers(found) == {
        **expected,
        "L5": (None, None, None),
        "TOT": (60.0, pytest.approx(55.39), pytest.approx(55.39 / 60)),
    }
    assert [row.region for row in found.rows] == ["L1", "L2", "L3", "L4", "L5", "L1-L4"]
    assert found.included == ("L1", "L2", "L3", "L4")
    fifth = found.rows[4].cells
    assert [fifth[name].raw for name in ("area", "bmc", "bmd")] == ["-1.0", "0.0", "0.0"]
    assert "standardised_bmd" not in found.rows[5].cells


def test_read__a_partial_spine_is_never_l1_to_l4():
    found = report(PARTIAL_ID)
    assert found.included == ("L2", "L4")
    total = found.rows[-1]
    # L3 was analysed and left out of the total: 14.5 + 17 = 31.5 cm2.
    assert (total.region, total.value("area")) == ("L2,L4", 31.5)
    assert numbers(found)["L1"] == (None, None, None)
    assert numbers(found)["L3"][0] == 15.5


@pytest.mark.parametrize(
    ("included", "region"), [("1234", "L1-L4"), ("234", "L2-L4"), ("134", "L1,L3-L4"), ("12", "L1-L2")]
)
def test_read__every_choice_of_vertebrae_has_its_own_name(included, region):
    found = spine(spine_row(included=included))
    assert found.rows[-1].region == region
    assert found.included == tuple(f"L{n}" for n in included)


def test_read__the_total_of_one_vertebra_is_not_told_twice():
    found = spine(spine_row(included="3"))
    assert [row.region for row in found.rows] == ["L1", "L2", "L3", "L4", "L5"]
    assert codes(found) == []
    odd = spine({**spine_row(included="3"), "TOT_BMD": 0.5})
    assert codes(odd) == ["unknown-region"]
    assert [row.region for row in odd.rows] == ["L1", "L2", "L3", "L4", "L5"]


@pytest.mark.parametrize("included", ["", "12345"])
def test_read__a_total_of_unknown_vertebrae_is_left_out(included):
    # None is marked as included, or one that was not analysed.
    row = {**spine_row(), **{f"L{n}_INCLUDED": str(n) in included for n in range(1, 6)}}
    found = spine(row)
    assert [r.region for r in found.rows] == ["L1", "L2", "L3", "L4", "L5"]
    assert codes(found) == ["unknown-region"]


def test_read__a_total_is_left_out_where_the_table_does_not_say_what_it_counts():
    types = {name: kind for name, kind in SPINE_TYPES.items() if name != "L2_INCLUDED"}
    found = report(SPINE_ID, Spine=Table(types, [{**key(ANNA, SPINE_ID), **spine_row()}]))
    assert codes(found) == ["unknown-region"]


def test_read__a_spine_without_total_has_its_vertebrae():
    found = spine({**spine_row(), "TOT_AREA": -1.0, "TOT_BMC": 0.0, "TOT_BMD": 0.0})
    assert len(found.rows) == 5
    assert codes(found) == []


def test_read__a_standardised_total_stands_beside_the_total_without_unit():
    cell = spine({**spine_row(), "STD_TOT_BMD": 987.25}).rows[-1].cells["standardised_bmd"]
    assert (cell.value, cell.unit, cell.place) == (987.25, "", "Spine.STD_TOT_BMD")


def test_read__refuses_a_spine_whose_columns_cannot_be_its_vertebrae():
    found = reading(Spine=Table(SPINE_TYPES, [{**key(ANNA, SPINE_ID), **spine_row(), "STARTING_REGION": 1}]))
    assert SPINE_ID not in [r.scan_id for r in found.reports]
    (problem,) = [p for p in found.problems if p.severity == "refusal"]
    assert problem.code == "results-not-understood"
    below = {level: value for level, value in SPINE.items() if level != "L1"}
    fine = spine({**spine_row(below, included="234"), "STARTING_REGION": 1})
    assert fine.rows[-1].region == "L2-L4"


def test_read__a_hip_with_its_structure():
    found = report(HIP_ID)
    assert numbers(found) == {field: (area, bmc, bmc / area) for field, (area, bmc) in HIP.items()}
    assert {row.side for row in found.rows} == {"right"}
    neck = next(row for row in found.rows if row.region == "neck").cells["bmd"]
    assert (neck.raw, neck.unit, neck.trust, neck.place) == ("0.738", "g/cm2", "exact", "Hip.NECK_BMD")
    assert [found.rows[0].cells[name].unit for name in ("area", "bmc", "bmd")] == ["cm2", "g", "g/cm2"]
    # 3 x 10 numbers of structure, the angle, the axis length, the thickness; HSTD_TOT_BMD is 0 and so none.
    assert len(found.structure) == 33
    assert found.structure["narrow-neck.CSMI"].value == HSA["NN_CSMI"] == 1.25
    assert found.structure["femoral-shaft.BR"].value == HSA["FS_BR"] == 5.125
    assert found.structure["shaft-neck-angle"].place == "HipHSA.SHAFT_NECK_ANGLE"
    assert (found.structure["axis-length"].value, found.structure["thickness"].value) == (101.75, 5.625)
    assert {cell.unit for cell in found.structure.values()} == {""}
    assert found.others == ("hip structure: the source states no units",)


def test_read__structure_that_was_not_analysed_is_none():
    empty = {**dict.fromkeys(HSA, 0.0), **key(ANNA, HIP_ID), "SHAFT_NECK_ANGLE": -1.0}
    found = report(HIP_ID, HipHSA=Table(HSA_TYPES, [empty]))
    assert set(found.structure) == {"axis-length", "thickness"}
    assert found.others == ()


def test_read__a_forearm_by_bone_and_part():
    found = report(ARM_ID)
    regions = {row.printed: row.region for row in found.rows}
    assert regions == {
        "R_13": "radius-33",
        "R_MID": "radius-mid",
        "R_UD": "radius-ud",
        "U_13": "ulna-33",
        "U_MID": "ulna-mid",
        "U_UD": "ulna-ud",
        "RTOT": "radius-total",
        "UTOT": "ulna-total",
        "RU13TOT": "radius+ulna-33",
        "RUMIDTOT": "radius+ulna-mid",
        "RUUDTOT": "radius+ulna-ud",
        "RUTOT": "radius+ulna-total",
    }
    assert numbers(found) == {field: (area, bmc, bmc / area) for field, (area, bmc) in ARM.items()}
    length = found.structure["arm-length"]
    assert (length.value, length.unit) == (245.0, "mm")


def test_read__a_whole_body_by_region_and_side():
    found = report(BODY_ID)
    places = {row.printed: (row.region, row.side) for row in found.rows}
    assert places == {
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
    assert numbers(found) == {field: (area, bmc, bmc / area) for field, (area, bmc) in BODY.items()}
    assert found.others == ("WbodyComposition",)
    assert found.study_uid == "1.2.826.0.1.3680043.8.1"


def drawn(**fields: object) -> Table:
    return Table(DRAWN_TYPES, [{**key(ANNA, BODY_ID), **fields}])


def test_read__drawn_regions_do_not_pass_for_the_scanners_own():
    found = report(BODY_ID, SubRegionBone=drawn(REG2_NAME="L Leg", **triples({"REG2": (7.0, 6.5)})))
    assert len([row for row in found.rows if row.region == "leg"]) == 2
    assert codes(found) == ["unknown-region"]
    assert found.others == ("WbodyComposition", "SubRegionBone")


def test_read__a_drawn_region_of_a_name_of_its_own_is_given_and_said():
    fields = {"REG1_NAME": "TRUNK", "REG3_NAME": "R1", **triples({"REG1": (7.0, 6.5), "REG3": (8.0, 5.5)})}
    found = report(BODY_ID, SubRegionBone=drawn(**fields))
    trunk = found.rows[-1]
    assert (trunk.region, trunk.value("area"), trunk.cells["bmc"].place) == ("trunk", 7.0, "SubRegionBone.REG1_BMC")
    assert codes(found) == ["drawn-region", "unknown-region"]
    assert "R1" not in found.problems[1].message


def test_read__drawn_regions_without_numbers_are_none():
    nothing = {"REG2_AREA": 0.0, "REG2_BMC": 0.0, "REG2_BMD": 0.0}
    found = report(BODY_ID, SubRegionBone=drawn(REG1_NAME="TRUNK", REG2_NAME="R1", **nothing))
    assert (len(found.rows), codes(found)) == (12, [])


def test_read__scans_with_other_results_alone_are_counted_apart():
    found = reading(
        Hip=Table(HIP_TYPES, []),
        HipHSA=Table(HSA_TYPES, []),
        SubRegionBone=Table(DRAWN_TYPES, [{**key(ANNA, HIP_ID), **triples({"GLOBAL": (9.0, 4.0)})}]),
        Wbody=Table(BODY_TYPES, []),
    )
    assert [r.scan_id for r in found.reports] == [SPINE_ID, ARM_ID, PARTIAL_ID]
    assert codes(found) == ["phantom-scans-skipped", "scans-without-results", "other-records"]
    assert found.problems[2].message.endswith(": 2")


def test_read__who_when_and_how():
    found = report(HIP_ID)
    assert (found.route, found.key) == ("hologic-database", f"{SERIAL}/{HIP_ID}")
    assert (found.scan_date, found.analysis_date) == (date(2019, 10, 5), date(2019, 10, 7))
    device = found.device
    assert (device.manufacturer, device.serial, device.software) == ("Hologic", SERIAL, "13.4.2")
    assert (device.analysis_version, device.hardware) == ("13.5", "21")
    how = found.circumstances
    assert (how.scan_type, how.scan_mode, how.protocol) == ("SCAN_TYPE 3 (right hip)", "SCAN_MODE 11", "PROTOCOL 332")
    assert (how.roi, how.acf, how.bcf, how.k, how.d0) == ("ROI_TYPE 7, 228 x 61", 1.0234, 0.9912, 1.1311, 48.375)
    person = found.patient
    assert (person.patient_id, person.birth_date, person.sex) == ("INV-0815-T", "19510317", "F")
    # The weight of the day of the scan; the height, missing that day, from the patient.
    assert (person.weight_kg, person.height_cm) == (61.5, 158.25)
    assert (person.ethnicity, person.menopause_age) == ("W", 49.0)


def test_read__missing_markers_of_a_person_are_unknown():
    person = report(PARTIAL_ID).patient
    assert (person.weight_kg, person.height_cm, person.menopause_age) == (None, None, None)
    assert person.patient_id == "INV-2342-B"


def test_read__a_menopause_given_as_a_calendar_year_becomes_an_age():
    changed = [{**people()[0], "MENOPAUSE_YEAR": 2002}]
    assert report(HIP_ID, PATIENT=Table(PATIENT, changed)).patient.menopause_age == 51.0


def test_read__a_scan_of_nobody_in_the_database_has_no_patient():
    assert report(HIP_ID, PATIENT=Table(PATIENT, people()[1:])).patient.patient_id == ""


def test_read__a_patient_key_of_two_people_names_neither():
    twice = Table(PATIENT, [*people(), {**people()[0], "IDENTIFIER1": "INV-9999-X"}])
    assert report(HIP_ID, PATIENT=twice).patient.patient_id == ""


def test_read__scans_are_joined_by_patient_scan_and_serial_number_together():
    # The same scan ID under another serial number, never analysed, must not take the results.
    first = analysis(ANNA, HIP_ID, 2, FIRST, SERIAL_NUMBER="3006")
    found = reading(ScanAnalysis=Table(ANALYSIS, [first, *scans()]))
    assert [(r.key, r.side) for r in found.reports if r.scan_id == HIP_ID] == [(f"{SERIAL}/{HIP_ID}", "right")]


def test_read__an_unknown_scan_type_is_kept_and_said():
    found = report(HIP_ID, ScanAnalysis=other_scan(SCAN_TYPE=44))
    assert (found.site, found.side, found.circumstances.scan_type) == ("hip", None, "SCAN_TYPE 44")
    assert codes(found) == ["unknown-code"]
    assert numbers(found)["NECK"][2] == 0.738


def test_read__a_scan_type_of_another_site_gives_no_side():
    found = report(HIP_ID, ScanAnalysis=other_scan(SCAN_TYPE=6))
    assert (found.site, found.side, codes(found)) == ("hip", None, ["unknown-code"])


def test_read__results_of_several_sites_go_by_the_scan_type_or_are_refused():
    both = Table(SPINE_TYPES, [{**key(ANNA, HIP_ID), **spine_row()}])
    found = report(HIP_ID, Spine=both)
    assert (found.site, found.side) == ("hip", "right")
    assert "Spine" in found.others
    refused = reading(Spine=both, ScanAnalysis=other_scan(SCAN_TYPE=44))
    assert HIP_ID not in [r.scan_id for r in refused.reports]
    assert [p.code for p in refused.problems if p.severity == "refusal"] == ["results-not-understood"]


def test_read__quality_control_scans_belong_to_nobody():
    found = reading(ScanAnalysis=other_scan(QC_SCAN=True))
    assert HIP_ID not in [r.scan_id for r in found.reports]
    (problem,) = [p for p in found.problems if p.code == "phantom-scans-skipped"]
    assert problem.message.endswith(": 2")


def test_read__of_several_analyses_the_newest_stands_and_the_others_are_named():
    again = [
        {**row, "ANALYSIS_DATE": datetime(2021, 2, 3, 10, 0, 0), "ANAL_VERSION": "13.6"}
        for row in scans()
        if row["SCANID"] == HIP_ID
    ]
    for rows in ([*scans(), *again], [*again, *scans()]):
        found = report(HIP_ID, ScanAnalysis=Table(ANALYSIS, rows))
        assert (found.analysis_date, found.device.analysis_version) == (date(2021, 2, 3), "13.6")
        (problem,) = found.problems
        assert problem.code == "scan-repeated"
        assert "2019-10-07" in problem.message


def test_read__two_different_rows_of_results_for_one_scan_are_refused():
    row = {**key(ANNA, HIP_ID), **triples(HIP)}
    found = reading(Hip=Table(HIP_TYPES, [row, {**row, "NECK_BMD": 0.7}]))
    assert HIP_ID not in [r.scan_id for r in found.reports]
    assert [p.code for p in found.problems if p.severity == "refusal"] == ["results-not-understood"]
    assert HIP_ID in [r.scan_id for r in reading(Hip=Table(HIP_TYPES, [row, row])).reports]


def test_read__one_scan_under_two_patients_is_said_on_both():
    moved = {**key(BRITT, HIP_ID), **triples(HIP)}
    found = reading(
        ScanAnalysis=Table(ANALYSIS, [*scans(), analysis(BRITT, HIP_ID, 3, FIRST)]),
        Hip=Table(HIP_TYPES, [{**key(ANNA, HIP_ID), **triples(HIP)}, moved]),
    )
    both = [r for r in found.reports if r.scan_id == HIP_ID]
    assert [codes(r) for r in both] == [["scan-repeated"], ["scan-repeated"]]


def test_read__results_of_no_scan_are_counted():
    row = {**key(ANNA, "A1K3A050ZZZ0Z"), **triples(HIP)}
    found = reading(Hip=Table(HIP_TYPES, [row]), HipHSA=Table(HSA_TYPES, []))
    assert "other-records" in codes(found)


def test_read__a_date_that_the_scan_id_contradicts_stands_with_a_note():
    found = report(HIP_ID, ScanAnalysis=other_scan(SCAN_DATE=datetime(2019, 11, 5)))
    assert found.scan_date == date(2019, 11, 5)
    assert codes(found) == ["scan-date-differs"]


def test_read__no_date_is_no_date():
    found = report(HIP_ID, ScanAnalysis=other_scan(SCAN_DATE=None, ANALYSIS_DATE=datetime(1899, 12, 30)))
    assert (found.scan_date, found.analysis_date, codes(found)) == (None, None, [])


def test_read__a_study_uid_is_one_or_none():
    assert report(HIP_ID, ScanAnalysis=other_scan(WL_STUDY_INST_UID="Thistlewood")).study_uid == ""


def score(bone_range: str, t: float, z: float, **changes: object) -> Row:
    row = {"REF_TYPE": "H", "BONERANGE": bone_range, "T_SCORE": t, "Z_SCORE": z, "TITLE": "Some population"}
    return {**key(ANNA, HIP_ID), **row, **changes}


def test_read__stored_scores_stand_beside_their_region():
    found = report(
        HIP_ID, ReferenceResults=Table(SCORE_TYPES, [score("1...", -2.25, -0.5), score("123.", -1.75, 0.25)])
    )
    rows = {row.region: (row.value("t_score"), row.value("z_score")) for row in found.rows}
    assert rows["neck"] == (-2.25, -0.5)
    assert rows["total-hip"] == (-1.75, 0.25)
    assert rows["trochanter"] == (None, None)
    assert found.circumstances.reference == "Some population"
    assert codes(found) == []


def test_read__scores_that_no_single_region_has_are_left_out():
    rows = [score("1...", -2.25, -0.5), score("1...", -2.0, -0.25, TITLE="Another"), score("?", 1.5, 2.5)]
    found = report(HIP_ID, ReferenceResults=Table(SCORE_TYPES, rows))
    assert all("t_score" not in row.cells for row in found.rows)
    assert codes(found) == ["values-missing"]
    assert found.problems[0].message.startswith("2 ")
    assert found.circumstances.reference == ""


@pytest.mark.parametrize("marker", [0.0, -1.0])
def test_read__a_score_that_may_be_a_missing_marker_is_none(marker):
    found = report(HIP_ID, ReferenceResults=Table(SCORE_TYPES, [score("1...", marker, -0.5)]))
    neck = next(row for row in found.rows if row.region == "neck")
    assert (neck.value("t_score"), neck.cells["t_score"].raw, neck.value("z_score")) == (None, repr(marker), -0.5)
    assert codes(found) == ["values-missing"]


def test_read__a_table_that_lost_rows_is_said():
    rows = Table(HIP_TYPES, [{**key(ANNA, HIP_ID), **triples(HIP)}], claimed=3)
    found = reading(Hip=rows)
    assert "row-count-differs" in codes(found)
    assert "Hip" in found.problems[0].message


def test_read__refuses_a_database_of_something_else():
    with pytest.raises(ReadError) as caught:
        read(Source(data=jet_bytes({"Recipes": Table({"NAME": TEXT, "GRAMS": DOUBLE}, [{"NAME": "x", "GRAMS": 2.0}])})))
    assert caught.value.code == "no-dxa-results"


def test_read__an_empty_database_of_scans_is_one():
    empty = {"PATIENT": Table(PATIENT, []), "ScanAnalysis": Table(ANALYSIS, [])}
    assert read(Source(data=jet_bytes(empty))) == DxaReading()


def test_read__numbers_stored_as_whole_ones_are_numbers():
    types = {**HIP_TYPES, "NECK_AREA": LONG}
    row = {**key(ANNA, HIP_ID), "NECK_AREA": 5, "NECK_BMC": 3.69, "NECK_BMD": 0.738}
    neck = next(r for r in report(HIP_ID, Hip=Table(types, [row])).rows if r.region == "neck")
    assert (neck.value("area"), neck.value("bmd")) == (5.0, 0.738)


def test_read__no_message_holds_a_person():
    found = reading(Spine=Table(SPINE_TYPES, [{**key(ANNA, SPINE_ID), **spine_row(), "STARTING_REGION": 1}]))
    texts = [p.message for p in found.problems] + [p.message for r in found.reports for p in r.problems]
    assert not any(secret in text for text in texts for secret in CASE.secrets)


def test_recognises__databases_of_access_by_their_signature():
    assert recognises("", CASE.make()[:4096])
    assert recognises("x", b"\x00\x01\x00\x00Standard ACE DB\x00" + bytes(40))
    assert not recognises("PatScan.mdb", b"SQLite format 3\x00" + bytes(40))
