"""Hologic pages: columns by place, groups by heading, facts around the table."""

from datetime import date

import pytest

from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa.printed import parse_pages
from bonemetrics.records import RawDxaReport
from tests.printed_pages import (
    HOLOGIC_SPINE_ROWS,
    Placed,
    hologic_dual_hip,
    hologic_patient,
    hologic_scan,
    hologic_spine,
    hologic_table,
    page_of,
    with_texts,
)


def read(*pages: Placed, scale: float = 1.0) -> tuple[RawDxaReport, ...]:
    return parse_pages([page_of(page, number=place + 1, scale=scale) for place, page in enumerate(pages)], route="pdf")


def values(report: RawDxaReport, name: str) -> dict[str, float | None]:
    return {f"{row.region} {row.side or ''}".strip(): row.value(name) for row in report.rows}


@pytest.mark.parametrize("scale", [1.0, 0.4, 3.0])
def test_hologic_spine__gives_every_cell_at_any_scale(scale):
    (report,) = read(hologic_spine(), scale=scale)
    assert report.site == "lumbar-spine"
    for row, (label, *texts) in zip(report.rows, HOLOGIC_SPINE_ROWS, strict=True):
        assert row.region == label
        assert [row.cells[name].raw for name in ("area", "bmc", "bmd", "t_score", "z_score")] == texts
        assert [row.cells[name].unit for name in ("area", "bmc", "bmd", "t_score")] == ["cm2", "g", "g/cm2", "1"]
    assert values(report, "bmd") == {"L1": 0.8, "L2": 0.89, "L3": 0.924, "L4": 0.979, "L1-L4": 0.905}
    assert report.rows[0].cells["bmd"].decimals == 3


def test_hologic_spine__an_empty_t_column_stays_empty():
    rows = [(label, area, bmc, bmd, "", z) for label, area, bmc, bmd, _, z in HOLOGIC_SPINE_ROWS]
    (report,) = read(hologic_spine(rows))
    assert set(values(report, "t_score").values()) == {None}
    assert values(report, "z_score") == {"L1": 0.3, "L2": 0.2, "L3": 0.1, "L4": 0.7, "L1-L4": 0.4}
    cell = report.rows[0].cells["t_score"]
    assert cell.raw == ""
    # The column ends at 413 with its head; the place of an empty cell lies around it.
    x0, _, x1, _ = (float(edge) for edge in cell.place.removeprefix("page 1 box ").split(","))
    assert x0 < 391 < 413 <= x1 < 485


def test_facts__of_scan_device_and_person():
    (report,) = read(hologic_spine())
    assert (report.scan_id, report.key) == ("A0317180C", "87245/A0317180C")
    assert (report.scan_date, report.analysis_date) == (date(2018, 3, 17), date(2018, 3, 19))
    device = report.device
    assert (device.manufacturer, device.model, device.serial) == ("Hologic", "Discovery Wi", "87245")
    assert device.analysis_version == "13.5.2.1"
    facts = report.circumstances
    assert (facts.scan_type, facts.protocol, facts.roi) == ("a Lumbar Spine", "Spine", "119 x 128")
    assert (facts.k, facts.d0, facts.acf, facts.bcf) == (1.143, 45.9, 1.031, 0.992)
    # The sheet names the population of T and that of Z.
    assert facts.reference == (
        "T-score vs. White Female. Source:2012 BMDCS/NHANES White Female."
        " Z-score vs. White Female. Source:2012 BMDCS/NHANES White Female."
    )
    person = report.patient
    assert (person.patient_id, person.birth_date, person.sex, person.ethnicity) == ("QX-4471", "19570521", "F", "White")
    assert (person.height_cm, person.weight_kg, person.age_years) == (163.5, 71.2, 61.0)
    assert report.included == ("L1", "L2", "L3", "L4")
    assert report.problems == ()


def test_facts__the_name_and_the_id_stay_where_they_belong():
    (report,) = read(with_texts(hologic_spine(), {"Name: Birch, Willow": "Name: Patient ID: Birch"}))
    assert "Willow" not in repr(report.model_dump())
    shown = repr(report.model_dump(exclude={"patient"}))
    assert "QX-4471" not in shown
    assert "19570521" not in shown


DUAL_HIP_ROWS = (
    # Neck: 3.51/4.77 = 0.7358, 3.66/4.69 = 0.7804, mean of BMD 0.758.
    # Total: 29.14/36.48 = 0.7988, 28.05/34.41 = 0.8152.
    ("Neck", "", "", "", "", ""),
    ("Left", "4.77", "3.51", "0.736", "-1.9", "-0.7"),
    ("Right", "4.69", "3.66", "0.780", "-1.5", "-0.3"),
    ("Mean", "4.73", "3.59", "0.758", "-1.7", "-0.5"),
    ("|Diff.|", "0.08", "0.15", "0.044", "0.4", "0.4"),
    ("Total", "", "", "", "", ""),
    ("Left", "36.48", "29.14", "0.799", "-1.2", "-0.2"),
    ("Right", "34.41", "28.05", "0.815", "-1.0", "-0.1"),
    ("Mean", "35.45", "28.60", "0.807", "-1.1", "-0.2"),
    ("|Diff.|", "2.07", "1.09", "0.016", "0.2", "0.1"),
)


def test_dual_hip__headings_lend_their_region_to_the_rows_below():
    (report,) = read(hologic_dual_hip(DUAL_HIP_ROWS))
    assert (report.site, report.side, report.scan_id) == ("hip", None, "A1029161A+A1029161B")
    assert [(row.region, row.side, row.statistic, row.value("bmd"), row.value("t_score")) for row in report.rows] == [
        ("neck", "left", "value", 0.736, -1.9),
        ("neck", "right", "value", 0.78, -1.5),
        ("neck", "mean", "mean", 0.758, -1.7),
        ("neck", None, "difference", 0.044, 0.4),
        ("total-hip", "left", "value", 0.799, -1.2),
        ("total-hip", "right", "value", 0.815, -1.0),
        ("total-hip", "mean", "mean", 0.807, -1.1),
        ("total-hip", None, "difference", 0.016, 0.2),
    ]
    assert (report.scan_date, report.analysis_date) == (date(2016, 10, 29), date(2016, 10, 30))
    assert (report.device.serial, report.device.analysis_version) == ("51873M", "13.4.2")
    # Two scans with two calibrations: neither stands for both.
    assert (report.circumstances.k, report.circumstances.d0) == (None, None)
    assert report.circumstances.roi == "97 x 113 NECK: 47 x 15 / 103 x 108 NECK: 51 x 15"
    assert report.problems == ()


def test_dual_hip__two_days_are_no_day():
    page = with_texts(hologic_dual_hip(DUAL_HIP_ROWS), {"a Left Hip 10/29/2016": "a Left Hip 10/28/2016"})
    (report,) = read(page)
    assert report.scan_date is None
    assert [problem.code for problem in report.problems] == ["date-ambiguous"]


def test_dates__the_number_of_the_scan_tells_day_from_month():
    page = with_texts(hologic_spine(), {"March 17, 2018": "05/03/2018", "A0317180C": "A0305180C"})
    (report,) = read(page)
    assert report.scan_date == date(2018, 3, 5)
    (report,) = read(with_texts(page, {"A0305180C": "A0503180C"}))
    assert report.scan_date == date(2018, 5, 3)
    (report,) = read(with_texts(page, {"A0305180C": "A0711180C"}))
    assert report.scan_date is None


def test_enhanced_spine__all_combinations():
    labels = ["L1", "L2", "L3", "L4", "L1-L2", "L1,L3", "L1,L4", "L2-L3", "L2,L4", "L3-L4"]
    labels += ["L1-L3", "L1-L2,L4", "L1,L3-L4", "L2-L4", "L1-L4"]
    rows = [
        (label, f"{12 + n}.34", f"{9 + n}.87", f"0.8{n:02d}", f"-1.{n % 10}", f"0.{n % 10}")
        for n, label in enumerate(labels)
    ]
    (report,) = read(hologic_spine(rows))
    assert [row.region for row in report.rows] == labels
    assert [row.value("bmd") for row in report.rows] == [float(row[3]) for row in rows]


def test_total__is_made_of_the_vertebrae_that_add_up_to_it():
    # Without L2: 12.34+14.41+16.28 = 43.03, 9.87+13.31+15.94 = 39.12, ratio 0.9091.
    rows = [*HOLOGIC_SPINE_ROWS[:4], ("Total", "43.03", "39.12", "0.909", "-1.1", "0.4")]
    (report,) = read(hologic_spine(rows))
    assert report.rows[-1].region == "L1,L3-L4"
    assert report.included == ("L1", "L3", "L4")
    rows = [*HOLOGIC_SPINE_ROWS[:4], ("Total", "43.53", "39.12", "0.909", "-1.1", "0.4")]
    (report,) = read(hologic_spine(rows))
    assert len(report.rows) == 4
    assert [problem.code for problem in report.problems] == ["unknown-region"]


def test_forearm__headings_name_the_bone():
    rows = [
        ("Radius", "", "", "", "", ""),
        ("1/3", "2.57", "1.79", "0.697", "-0.3", "0.8"),
        ("UD", "3.74", "1.52", "0.406", "-0.7", "0.2"),
        ("Total", "13.11", "7.23", "0.551", "-0.5", "0.4"),
        ("Ulna", "", "", "", "", ""),
        ("MID", "4.02", "2.11", "0.525", "", "-0.6"),
    ]
    page = hologic_patient() + hologic_scan(kind="a Left Forearm") + hologic_table(rows)
    (report,) = read(page)
    assert [(row.region, row.side, row.value("bmd"), row.value("t_score")) for row in report.rows] == [
        ("radius-33", "left", 0.697, -0.3),
        ("radius-ud", "left", 0.406, -0.7),
        ("radius-total", "left", 0.551, -0.5),
        ("ulna-mid", "left", 0.525, None),
    ]


def test_whole_body__rows_name_their_sides():
    rows = [
        ("L Arm", "205.13", "148.42", "0.724", "", ""),
        ("R Arm", "211.46", "157.61", "0.745", "", ""),
        ("T Spine", "131.07", "107.44", "0.820", "", ""),
        ("L Spine", "58.21", "57.83", "0.993", "", ""),
        ("Pelvis", "218.35", "241.19", "1.105", "", ""),
        ("Subtotal", "1684.22", "1611.95", "0.957", "", ""),
        ("Head", "229.84", "498.12", "2.167", "", ""),
        ("Total", "1914.06", "2110.07", "1.102", "-0.4", "0.6"),
    ]
    page = hologic_patient() + hologic_scan(kind="a Whole Body") + hologic_table(rows)
    (report,) = read(page)
    assert [(row.region, row.side) for row in report.rows] == [
        ("arm", "left"),
        ("arm", "right"),
        ("thoracic-spine", None),
        ("body-lumbar-spine", None),
        ("pelvis", None),
        ("subtotal", None),
        ("head", None),
        ("whole-body", None),
    ]


def test_a_scan_of_another_place_than_its_rows__is_refused():
    with pytest.raises(ReadError) as caught:
        read(with_texts(hologic_spine(), {"a Lumbar Spine": "a Left Hip"}))
    assert caught.value.code == "results-not-understood"


def test_an_unknown_row__is_left_out_and_named_without_what_could_be_a_person():
    rows = [
        *HOLOGIC_SPINE_ROWS,
        ("Island", "1.00", "1.00", "1.000", "", ""),
        ("QX-447123", "1.00", "1.00", "1.000", "", ""),
    ]
    (report,) = read(hologic_spine(rows))
    assert [problem.code for problem in report.problems] == ["unknown-region"] * 2
    assert [("Island" in p.message, "447123" in p.message) for p in report.problems] == [(True, False), (False, False)]
