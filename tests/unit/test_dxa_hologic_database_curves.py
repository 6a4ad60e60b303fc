"""Reference curves of a Reference.mdb, of invented numbers."""

from __future__ import annotations

import pytest

from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa.hologic_database import read
from bonemetrics.readers.dxa.hologic_database_codes import region_of_range
from bonemetrics.readers.dxa.source import Source
from bonemetrics.records import CurvePoint, DxaReading
from tests.dxa_cases.hologic_database import database
from tests.mdb_bytes import BOOL, DOUBLE, LONG, TEXT, Row, Table, jet_bytes

CURVE = {
    "UNIQUE_ID": LONG,
    "IF_CURRENT": BOOL,
    "ETHNIC": TEXT,
    "SEX": TEXT,
    "REFTYPE": TEXT,
    "BONERANGE": TEXT,
    "IF_DEFAULT": BOOL,
    "SOURCE": TEXT,
    "AGE_YOUNG": DOUBLE,
    "Y_LABEL": TEXT,
    "METHOD": TEXT,
}
POINTS = {"UNIQUE_ID": LONG, "X_VALUE": DOUBLE, "Y_VALUE": DOUBLE, "STD": DOUBLE, "L_VALUE": DOUBLE}


def curve(identity: int, reference_type: str, bone_range: str, **changes: object) -> Row:
    row = {"UNIQUE_ID": identity, "IF_CURRENT": True, "SEX": "F", "REFTYPE": reference_type, "BONERANGE": bone_range}
    return {**row, "SOURCE": "Invented", "AGE_YOUNG": 25.0, "Y_LABEL": "IDS_REF_LBL_BMD", **changes}


def point(identity: int, age: float, mean: float, sd: float, power: float | None = None) -> Row:
    return {"UNIQUE_ID": identity, "X_VALUE": age, "Y_VALUE": mean, "STD": sd, "L_VALUE": power}


def references(curves: list[Row], points: list[Row]) -> bytes:
    return jet_bytes({"ReferenceCurve": Table(CURVE, curves), "Points": Table(POINTS, points)})


NECK_POINTS = [point(1234567, 60.0, 0.7, 0.11, 0.5), point(1234567, 25.0, 0.86, 0.125, -0.25)]
NECK = references([curve(1234567, "H", "1...")], NECK_POINTS)


def read_alone(data: bytes) -> DxaReading:
    return read(Source(data=data, name="Reference.mdb"))


def beside(data: bytes | None) -> Source:
    def sibling(name: str) -> bytes | None:
        return data if name == "Reference.mdb" else None

    return Source(data=database(), name="PatScan.mdb", sibling=sibling)


def test_read__curves_of_a_reference_database_alone():
    found = read_alone(NECK)
    assert (found.reports, found.problems) == ((), ())
    (only,) = found.curves
    assert (only.site, only.region, only.sex, only.ethnicity, only.method) == ("hip", "neck", "F", "", "")
    assert (only.name, only.source, only.age_young) == ("Reference.mdb Invented 1234567", "Invented", 25.0)
    # In the order of age, whatever order they stand in.
    assert only.points == (
        CurvePoint(age_years=25.0, mean=0.86, sd=0.125, power=-0.25),
        CurvePoint(age_years=60.0, mean=0.7, sd=0.11, power=0.5),
    )


def test_read__curves_stand_beside_the_scans():
    found = read(beside(NECK))
    assert len(found.reports) == 5
    assert [curve.region for curve in found.curves] == ["neck"]
    assert read(beside(None)).curves == ()


@pytest.mark.parametrize("data", [b"", b"no database", NECK[:-1], jet_bytes({"Other": Table({"X": LONG}, [])})])
def test_read__a_broken_reference_database_does_not_cost_the_scans(data):
    found = read(beside(data))
    assert len(found.reports) == 5
    assert found.curves == ()
    assert found.problems[-1].code == "reference-unreadable"


def test_read__curves_within_the_same_database():
    data = database(ReferenceCurve=Table(CURVE, [curve(1234567, "H", "1...")]), Points=Table(POINTS, NECK_POINTS))
    found = read(Source(data=data))
    assert (len(found.reports), len(found.curves)) == (5, 1)


def test_read__only_current_curves_of_bmd():
    rows = [curve(1, "H", "1...", IF_CURRENT=False), curve(2, "H", "1...", Y_LABEL="IDS_REF_LBL_BMC")]
    found = read_alone(references(rows, [point(1, 30.0, 0.8, 0.1), point(2, 30.0, 4.0, 0.5)]))
    assert (found.curves, found.problems) == ((), ())


def test_read__each_curve_has_its_own_points_and_people():
    rows = [
        curve(7, "S", "1234", SEX="M", ETHNIC="B", METHOD="Q"),
        curve(8, "R", "R..", AGE_YOUNG=-1.0),
    ]
    found = read_alone(
        references(rows, [point(8, 30.0, 0.68, 0.05), point(7, 20.0, 1.1, 0.12), point(7, 40.0, 1.05, 0.12)])
    )
    spine, radius = found.curves
    assert (spine.region, spine.sex, spine.ethnicity, spine.method) == ("L1-L4", "M", "B", "Q")
    assert [p.mean for p in spine.points] == [1.1, 1.05]
    # A single point serves T alone, and needs no age at which T is taken. No power is a normal distribution.
    assert (radius.region, radius.age_young, radius.points[0].power) == ("radius-33", None, 1.0)


def test_read__curves_of_unknown_regions_are_counted():
    rows = [curve(1, "H", "1.3."), curve(2, "X", "1..."), curve(3, "R", "RR."), curve(4, "S", "....")]
    found = read_alone(references(rows, [point(n, 30.0, 0.8, 0.1) for n in (1, 2, 3, 4)]))
    assert found.curves == ()
    (problem,) = found.problems
    assert (problem.code, problem.message[0]) == ("unknown-region", "4")


@pytest.mark.parametrize(
    "points",
    [
        [],
        [point(5, 30.0, 0.8, 0.1), point(5, 30.0, 0.7, 0.1)],  # one age twice
        [point(5, 30.0, 0.8, 0.0), point(5, 40.0, 0.7, 0.1)],  # no spread
        [point(5, 30.0, -1.0, 0.1), point(5, 40.0, 0.7, 0.1)],
        [{"UNIQUE_ID": 5, "X_VALUE": 30.0, "Y_VALUE": 0.8}, point(5, 40.0, 0.7, 0.1)],
        [point(5, float("nan"), 0.8, 0.1)],
    ],
)
def test_read__points_that_make_no_curve_are_counted(points):
    found = read_alone(references([curve(5, "H", "123.")], points))
    assert found.curves == ()
    assert [problem.code for problem in found.problems] == ["reference-unreadable"]


def test_read__a_curve_over_age_without_an_age_for_t_is_none():
    rows = [curve(5, "H", "123.", AGE_YOUNG=None)]
    found = read_alone(references(rows, [point(5, 30.0, 0.9, 0.1), point(5, 40.0, 0.8, 0.1)]))
    assert [problem.code for problem in found.problems] == ["reference-unreadable"]


def test_read__flags_and_names_stored_as_texts():
    types = {**CURVE, "IF_CURRENT": TEXT, "UNIQUE_ID": TEXT}
    rows = [
        curve(0, "H", "...4", IF_CURRENT="Y", UNIQUE_ID="w1"),
        curve(0, "H", "1...", IF_CURRENT="N", UNIQUE_ID="w2"),
    ]
    points = Table(
        {**POINTS, "UNIQUE_ID": TEXT}, [{**point(0, 30.0, 0.7, 0.1), "UNIQUE_ID": name} for name in ("w1", "w2")]
    )
    found = read_alone(jet_bytes({"ReferenceCurve": Table(types, rows), "Points": points}))
    assert [(c.region, c.name) for c in found.curves] == [("wards", "Reference.mdb Invented w1")]


def test_read__a_database_of_points_alone_is_none():
    with pytest.raises(ReadError) as caught:
        read_alone(jet_bytes({"Points": Table(POINTS, [point(1, 30.0, 0.8, 0.1)])}))
    assert caught.value.code == "no-dxa-results"


@pytest.mark.parametrize(
    ("reference_type", "bone_range", "place"),
    [
        ("S", "1...", ("lumbar-spine", "L1")),
        ("S", ".234", ("lumbar-spine", "L2-L4")),
        ("S", "1234", ("lumbar-spine", "L1-L4")),
        ("S", "1.34", ("lumbar-spine", "L1,L3-L4")),
        ("S", " 12.. ", ("lumbar-spine", "L1-L2")),
        ("H", "1...", ("hip", "neck")),
        ("H", ".2..", ("hip", "trochanter")),
        ("H", "..3.", ("hip", "intertrochanter")),
        ("H", "...4", ("hip", "wards")),
        ("H", "123.", ("hip", "total-hip")),
        ("R", "R..", ("forearm", "radius-33")),
        ("R", ".R.", ("forearm", "radius-mid")),
        ("R", "..R", ("forearm", "radius-ud")),
        ("R", "RRR", ("forearm", "radius-total")),
        ("S", "2134", None),
        ("S", "....", None),
        ("S", "", None),
        ("H", "1234", None),
        ("L", "1234", None),
    ],
)
def test_region_of_range__spelling_by_spelling(reference_type, bone_range, place):
    assert region_of_range(reference_type, bone_range) == place
