"""Results of single scans in Hologic databases: spine, hip, forearm, whole body, drawn regions, scores."""

from __future__ import annotations

import pytest

from bonemetrics.records import RawDxaReport
from tests.dxa_cases.hologic_database import (
    ANNA,
    ARM,
    ARM_ID,
    BODY,
    BODY_ID,
    DRAWN_TYPES,
    HIP,
    HIP_ID,
    HIP_TYPES,
    HSA,
    HSA_TYPES,
    PARTIAL_ID,
    SCORE_TYPES,
    SPINE,
    SPINE_ID,
    SPINE_TYPES,
    key,
    spine_row,
    triples,
)
from tests.hologic_reports import codes, numbers, reading, report
from tests.mdb_bytes import LONG, Row, Table


def spine(row: dict[str, object], scan_id: str = SPINE_ID) -> RawDxaReport:
    return report(scan_id, Spine=Table(SPINE_TYPES, [{**key(ANNA, scan_id), **row}]))


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


def test_read__numbers_stored_as_whole_ones_are_numbers():
    types = {**HIP_TYPES, "NECK_AREA": LONG}
    row = {**key(ANNA, HIP_ID), "NECK_AREA": 5, "NECK_BMC": 3.69, "NECK_BMD": 0.738}
    neck = next(r for r in report(HIP_ID, Hip=Table(types, [row])).rows if r.region == "neck")
    assert (neck.value("area"), neck.value("bmd")) == (5.0, 0.738)
