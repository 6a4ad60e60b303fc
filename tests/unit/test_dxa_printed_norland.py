"""Norland pages: centred cells, undefined ones, and a row in other units that is no region."""

from datetime import date

import pytest

from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa.printed import parse_pages
from bonemetrics.records import RawDxaReport
from tests.printed_pages import Placed, page_of
from tests.printed_pages_norland import ROWS, body, centred, person, spine_page, table

NAMES = ("bmd", "bmc", "area", "length", "width", "t_score", "percent_young", "z_score", "percent_age")
CHANGES = ("short_term_change", "short_term_change_per_year", "long_term_change", "long_term_change_per_year")


def read(page: Placed) -> RawDxaReport:
    (report,) = parse_pages([page_of(page)], route="pdf")
    return report


def test_spine__gives_every_cell():
    report = read(spine_page())
    assert [(row.printed, *(row.cells[name].raw for name in (*NAMES, *CHANGES))) for row in report.rows] == list(ROWS)
    assert [row.region for row in report.rows] == ["L2-L4", "L2", "L3", "L4"]
    assert report.rows[0].value("bmd") == 0.8751
    assert report.rows[0].cells["bmd"].decimals == 4


def test_spine__stars_are_undefined_and_no_fault():
    report = read(spine_page())
    assert report.rows[3].value("t_score") is None
    assert report.rows[3].cells["t_score"].raw == "*****"
    assert report.problems == ()


def test_spine__the_standardised_total_is_no_region():
    report = read(spine_page())
    assert report.others == ("standardised BMD row",)
    assert all((row.value("bmd") or 0) < 2 for row in report.rows)


def test_facts__of_scan_device_and_person():
    report = read(spine_page())
    assert (report.site, report.scan_date, report.included) == ("lumbar-spine", date(2007, 9, 18), ("L2", "L3", "L4"))
    assert (report.device.manufacturer, report.device.serial, report.device.software) == (
        "Norland",
        "5127",
        "3.9.4/2.1.0",
    )
    assert report.circumstances.scan_mode == "1.5 mm X 1.5 mm, 130 mm/s"
    assert report.circumstances.reference == "Norland 4/00"
    patient = report.patient
    assert (patient.patient_id, patient.birth_date, patient.sex) == ("NV-8834", "19410827", "F")
    # 5 feet 3 inches are 160.02 cm; a weight without its unit says nothing.
    assert (patient.height_cm, patient.weight_kg, patient.age_years) == (160.02, None, 66.0)
    assert "Plover" not in repr(report.model_dump())


def test_forearm__regions_that_have_no_equal_are_refused():
    rows = [("Dist.", *ROWS[0][1:]), ("Prox. R", *ROWS[1][1:]), ("Prox. U", *ROWS[2][1:])]
    with pytest.raises(ReadError) as caught:
        read(person() + body("Left Forearm") + table(rows, total=False))
    assert caught.value.code == "results-not-understood"


def test_forearm__a_sum_of_bones_at_an_unknown_place_is_refused_too():
    rows = [("Dist.", *ROWS[0][1:]), ("R+U", *ROWS[1][1:])]
    with pytest.raises(ReadError) as caught:
        read(person() + body("Left Forearm") + table(rows, total=False))
    assert caught.value.code == "results-not-understood"


def test_hip__rows_take_the_side_of_the_scan():
    rows = [("Neck", *ROWS[0][1:]), ("Troch", *ROWS[1][1:]), ("Ward's", *ROWS[2][1:])]
    report = read(person() + body("Right Hip") + table(rows, total=False))
    assert [(row.region, row.side, row.value("bmd")) for row in report.rows] == [
        ("neck", "right", 0.8751),
        ("trochanter", "right", 0.84),
        ("wards", "right", 0.8738),
    ]


def test_a_word_across_two_columns__belongs_to_neither():
    rows = [(*ROWS[0][:6], "", "", *ROWS[0][8:]), *ROWS[1:]]
    # Middles of the two columns are 271 and 307.
    report = read((*person(), *body(), *table(rows), centred(289, 430.5, "-1.4779.6")))
    assert [report.rows[0].value(name) for name in ("width", "t_score", "percent_young", "z_score")] == [
        *(11.7, None, None, -0.72)
    ]
    assert [problem.code for problem in report.problems] == ["cell-refused"] * 2
