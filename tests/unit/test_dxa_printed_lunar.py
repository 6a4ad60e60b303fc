"""Lunar pages: tables of several versions, pages of one scan, trends, femora and forearms."""

from datetime import date

import pytest

from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa.printed import parse_pages
from bonemetrics.records import RawDxaReport
from tests.printed_pages import Placed, Text, page_of, with_texts
from tests.printed_pages_lunar import (
    ANCILLARY_EDGES,
    ANCILLARY_HEADS,
    ANCILLARY_ROWS,
    SIZE,
    TABLE_EDGES,
    TABLE_HEADS,
    ancillary_page,
    foot,
    person,
    spine_page,
    table,
    trend,
)

NAMES = ("bmd", "percent_young", "t_score", "percent_age", "z_score", "bmc", "area", "width", "height")


def read(*pages: Placed, dates: str = "") -> tuple[RawDxaReport, ...]:
    return parse_pages([page_of(page, number=place + 1) for place, page in enumerate(pages)], route="pdf", dates=dates)


def raws(report: RawDxaReport) -> list[tuple[str, ...]]:
    return [(row.printed, *(row.cells[name].raw for name in NAMES if name in row.cells)) for row in report.rows]


def test_ancillary__gives_all_columns_and_leaves_dashes_undefined():
    (report,) = read(ancillary_page())
    assert raws(report) == list(ANCILLARY_ROWS)
    assert [report.rows[1].cells[name].value for name in NAMES] == [
        0.843,
        75.0,
        -2.4,
        98.0,
        -0.2,
        7.93,
        9.41,
        3.4,
        2.77,
    ]
    assert [report.rows[0].cells[name].value for name in ("percent_young", "t_score", "z_score")] == [None] * 3
    assert [report.rows[0].cells[name].unit for name in NAMES] == ["g/cm2", "%", "1", "%", "1", "g", "cm2", "cm", "cm"]
    assert report.problems == ()


def test_facts__of_scan_device_and_person():
    (report,) = read(ancillary_page())
    assert (report.site, report.side) == ("lumbar-spine", None)
    assert report.scan_date == date(2017, 6, 28)
    assert report.analysis_date == date(2017, 6, 30)
    device = report.device
    assert (device.manufacturer, device.model, device.serial) == ("GE Healthcare", "Lunar iDXA", "ME+201184")
    assert (device.software, device.analysis_version) == ("17 [SP 4]", "17 [SP 5]")
    circumstances = report.circumstances
    assert (circumstances.scan_type, circumstances.scan_mode) == ("AP Spine", "Standard")
    assert circumstances.reference == (
        "USA (Combined NHANES (ages 20-30) / Lunar (ages 20-40)) AP Spine, Female, White Reference Population (v113)"
    )
    person = report.patient
    assert (person.patient_id, person.birth_date, person.sex, person.ethnicity) == ("KD-2290", "19491123", "F", "White")
    assert (person.age_years, person.height_cm, person.weight_kg) == (67.6, 158.5, 63.7)
    assert "Heron" not in repr(report.model_dump())


def test_two_pages_of_one_scan__are_one_report_in_any_order():
    for pages in ((spine_page(), ancillary_page()), (ancillary_page(), spine_page())):
        (report,) = read(*pages)
        assert raws(report) == list(ANCILLARY_ROWS)
        assert report.included == ("L1", "L2", "L3", "L4")


def test_two_pages__that_contradict_each_other_stay_apart():
    rows = [*ANCILLARY_ROWS[:-1], ("L1-L4", "0.997", *ANCILLARY_ROWS[-1][2:])]
    assert [len(report.rows) for report in read(spine_page(), ancillary_page(rows))] == [1, 6]


def test_two_pages__of_two_people_or_two_days_stay_apart():
    body = ancillary_page()[len(person()) :]
    assert len(read(spine_page(), person(patient_id="KD-2291") + body)) == 2
    assert len(read(spine_page(), person(measured="06/27/2017") + body)) == 2


def test_two_scans_of_one_day__stay_apart_by_their_time():
    later = with_texts(ancillary_page(), {"10:14:31 AM": "10:22:08 AM"})
    assert [len(report.rows) for report in read(spine_page(), later)] == [1, 6]


def test_old_head__one_name_above_two_columns():
    heads = (("BMD¹", "(g/cm²)"), ("(%)",), ("T-Score",), ("(%)",), ("Z-Score",), *ANCILLARY_HEADS[5:])
    page = person() + table(ANCILLARY_ROWS, ANCILLARY_EDGES, heads, x=37, y=162, title="ANCILLARY RESULTS [AP Spine]")
    # The names stand in the middle above their two columns, with the numbers of footnotes.
    page += (Text(192, 152.5, "Young-Adult 2,7", SIZE), Text(300, 152.5, "Age-Matched 3", SIZE))
    (report,) = read(page + foot())
    assert raws(report) == list(ANCILLARY_ROWS)


def test_columns__are_known_by_their_heads_in_any_order():
    order = (6, 4, 0, 8, 2, 5, 1, 7, 3)
    heads = [ANCILLARY_HEADS[place] for place in order]
    rows = [(row[0], *(row[1 + place] for place in order)) for row in ANCILLARY_ROWS]
    title = "ANCILLARY RESULTS: AP Spine"
    (report,) = read(person() + table(rows, ANCILLARY_EDGES, heads, x=37, y=162, title=title) + foot())
    assert raws(report) == list(ANCILLARY_ROWS)


@pytest.mark.parametrize("twice", [("BMD", "(g/cm²)"), ("YA", "T-score")])
def test_columns__two_of_one_name_are_refused(twice):
    heads = [*TABLE_HEADS[:4], twice]
    rows = [("L1-L4", "0.979", "83", "-1.7", "109", "0.7")]
    with pytest.raises(ReadError) as caught:
        read(person() + table(rows, TABLE_EDGES, heads, x=255, y=367) + foot())
    assert caught.value.code == "results-not-understood"


def test_columns__a_head_nobody_knows_keeps_its_numbers_to_itself():
    heads = (*TABLE_HEADS[:3], ("Kappa", "index"), TABLE_HEADS[4])
    (report,) = read(
        person() + table([("L1-L4", "0.979", "83", "-1.7", "109", "0.7")], TABLE_EDGES, heads, x=255, y=367) + foot()
    )
    assert {name: cell.raw for name, cell in report.rows[0].cells.items()} == {
        "bmd": "0.979",
        "percent_young": "83",
        "t_score": "-1.7",
        "z_score": "0.7",
    }


def test_trend_table__is_no_results_table_but_is_named():
    (report,) = read(spine_page() + trend())
    assert [row.region for row in report.rows] == ["L1-L4"]
    assert report.others == ("trend table",)


FEMUR_ROWS = (
    ("Neck Left", "0.761", "73", "-2.0", "97", "-0.2"),
    ("Neck Right", "0.789", "76", "-1.8", "101", "0.1"),
    ("Neck Mean", "0.775", "75", "-1.9", "99", "-0.1"),
    ("Neck Diff.", "0.028", "3", "0.2", "4", "0.3"),
    ("Total Left", "0.812", "81", "-1.6", "104", "0.2"),
    ("Total Right", "0.806", "80", "-1.6", "103", "0.2"),
    ("Total Mean", "0.809", "80", "-1.6", "104", "0.2"),
    ("Total Diff.", "0.006", "1", "0.0", "1", "0.0"),
)


def test_dual_femur__rows_carry_side_mean_and_difference():
    title = (Text(96, 138, "DualFemur Bone Density", SIZE),)
    (report,) = read(person() + title + table(FEMUR_ROWS, TABLE_EDGES, TABLE_HEADS, x=255, y=367) + foot("DualFemur"))
    assert (report.site, report.side) == ("hip", None)
    assert [(row.region, row.side, row.statistic, row.value("bmd")) for row in report.rows] == [
        ("neck", "left", "value", 0.761),
        ("neck", "right", "value", 0.789),
        ("neck", "mean", "mean", 0.775),
        ("neck", None, "difference", 0.028),
        ("total-hip", "left", "value", 0.812),
        ("total-hip", "right", "value", 0.806),
        ("total-hip", "mean", "mean", 0.809),
        ("total-hip", None, "difference", 0.006),
    ]


def test_one_femur__rows_carry_the_side_of_the_scan():
    rows = [("Neck", "0.761", "73", "-2.0", "97", "-0.2"), ("Wards", "0.602", "66", "-2.4", "99", "-0.1")]
    title = (Text(96, 138, "Left Femur Bone Density", SIZE),)
    (report,) = read(person() + title + table(rows, TABLE_EDGES, TABLE_HEADS, x=255, y=367) + foot("Left Femur"))
    assert [(row.region, row.side) for row in report.rows] == [("neck", "left"), ("wards", "left")]


def test_two_tables_of_one_page__each_has_the_side_of_its_title():
    left = [("Neck", "0.761", "73", "-2.0", "97", "-0.2"), ("Total", "0.812", "81", "-1.6", "104", "0.2")]
    right = [("Neck", "0.789", "76", "-1.8", "101", "0.1"), ("Total", "0.806", "80", "-1.6", "103", "0.2")]
    page = person()
    page += table(left, TABLE_EDGES, TABLE_HEADS, x=255, y=267, title="ANCILLARY RESULTS: Left Femur")
    page += table(right, TABLE_EDGES, TABLE_HEADS, x=255, y=467, title="ANCILLARY RESULTS: Right Femur")
    reports = read(page + foot("DualFemur"))
    assert [(report.side, report.rows[0].value("bmd")) for report in reports] == [("left", 0.761), ("right", 0.789)]


FOREARM_ROWS = (
    ("Radius UD", "0.347", "77", "-2.1", "93", "-0.4"),
    ("Ulna UD", "0.291", "-", "-", "-", "-"),
    ("Radius 33%", "0.702", "80", "-2.0", "96", "-0.3"),
    ("Ulna 33%", "0.664", "-", "-", "-", "-"),
    ("Both 33%", "0.684", "-", "-", "-", "-"),
    ("Radius Total", "0.531", "78", "-2.2", "95", "-0.5"),
    ("Both Total", "0.498", "-", "-", "-", "-"),
)


def test_forearm__names_with_numbers_are_names():
    title = (Text(96, 138, "Left Forearm Bone Density", SIZE),)
    (report,) = read(
        person() + title + table(FOREARM_ROWS, TABLE_EDGES, TABLE_HEADS, x=255, y=367) + foot("Left Forearm")
    )
    assert [(row.region, row.side, row.value("bmd"), row.value("t_score")) for row in report.rows] == [
        ("radius-ud", "left", 0.347, -2.1),
        ("ulna-ud", "left", 0.291, None),
        ("radius-33", "left", 0.702, -2.0),
        ("ulna-33", "left", 0.664, None),
        ("radius+ulna-33", "left", 0.684, None),
        ("radius-total", "left", 0.531, -2.2),
        ("radius+ulna-total", "left", 0.498, None),
    ]


def test_excluded_vertebra__in_brackets_is_left_out_of_the_region():
    # 7.93+10.22+15.41 = 33.56 g, 9.41+10.87+14.68 = 34.96 cm2, ratio 0.9600: L3 is not in it.
    rows = [*ANCILLARY_ROWS[1:5], ("L1-L4 (L3)", "0.960", "81", "-1.8", "107", "0.5", "33.56", "34.96", "3.7", "9.29")]
    (report,) = read(ancillary_page(rows))
    assert report.rows[-1].region == "L1-L2,L4"
    # The same name over numbers that include L3 is not understood, and left out.
    rows = [*ANCILLARY_ROWS[1:5], ("L1-L4 (L3)", *ANCILLARY_ROWS[-1][1:])]
    (report,) = read(ancillary_page(rows))
    assert len(report.rows) == 4
    assert [problem.code for problem in report.problems] == ["unknown-region"]


def test_lateral_views__are_no_spine_of_the_study():
    page = tuple(Text(t.x, t.y, t.text.replace("AP Spine", "Lateral Spine"), t.size, t.right) for t in ancillary_page())
    with pytest.raises(ReadError) as caught:
        read(page)
    assert caught.value.code == "results-not-understood"


def test_dates__day_and_month_are_taken_from_what_the_document_or_the_study_says():
    unclear = person(born="03/02/1949", measured="05/06/2017")
    unclear = tuple(Text(t.x, t.y, t.text.replace("06/30/2017", "05/07/2017"), t.size, t.right) for t in unclear)
    small = tuple(Text(t.x, t.y, t.text.replace("06/30/2017", "05/07/2017"), t.size, t.right) for t in foot())
    page = unclear + ancillary_page()[len(person()) : -len(foot())] + small
    (report,) = read(page)
    assert (report.scan_date, report.analysis_date, report.patient.birth_date) == (None, None, "")
    assert [problem.code for problem in report.problems] == ["date-ambiguous"] * 3
    (report,) = read(page, dates="dmy")
    assert (report.scan_date, report.patient.birth_date) == (date(2017, 6, 5), "19490203")
    # Another date of the document, its thirteenth month, tells the order for all.
    (report,) = read((*page, Text(36, 600, "Next visit 12/19/2017", SIZE)))
    assert (report.scan_date, report.patient.birth_date) == (date(2017, 5, 6), "19490302")


def test_dates__a_birth_year_of_two_digits_is_left_out():
    body = ancillary_page()[len(person()) :]
    (report,) = read(person(born="11/23/49") + body)
    assert report.patient.birth_date == ""
    assert [problem.code for problem in report.problems] == ["date-ambiguous"]


def test_a_missing_id__does_not_take_what_stands_near():
    page = tuple(t for t in ancillary_page() if t.text != "KD-2290")
    (report,) = read(page)
    assert report.patient.patient_id == ""
