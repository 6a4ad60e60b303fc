from __future__ import annotations

from datetime import date

import pytest

from bonemetrics.anatomy import FOREARM, HIP, SPINE, WHOLE_BODY
from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa import lunar_text
from bonemetrics.readers.dxa.source import Source
from bonemetrics.records import DxaReading, DxaRow, RawDxaReport
from tests.dxa_cases.lunar_text import MEASURES, PERSON, WHO, export, make

WHOLE_BODY_HEADER = ("ID1", "ID2", "ID3", "Date", "Head BMD", "Arms BMD", "Arm Left BMD", "Trunk Left BMD", "Spine BMD")
SHORT = ("ID1", "ID2", "ID3", "Date")


def read(*table: tuple[str, ...], dates: str = "", encoding: str = "utf-16") -> DxaReading:
    return lunar_text.read(Source(data=export(*table, encoding=encoding), dates=dates))


def codes(reading: DxaReading) -> list[str]:
    return [problem.code for item in (reading, *reading.reports) for problem in item.problems]


def row(report: RawDxaReport, region: str, side: str | None = None, statistic: str = "value") -> DxaRow:
    (found,) = [row for row in report.rows if (row.region, row.side, row.statistic) == (region, side, statistic)]
    return found


def test_read__gives_one_report_for_each_site_of_a_line():
    reading = lunar_text.read(Source(data=make(), name="export.txt"))
    spine, hip, forearm = reading.reports
    assert [spine.site, hip.site, forearm.site] == [SPINE, HIP, FOREARM]
    assert codes(reading) == []
    total = row(spine, "L1-L4")
    assert {name: cell.value for name, cell in total.cells.items()} == {
        "bmd": 0.952,
        "bmc": 53.41,
        "area": 56.1,
        "t_score": -1.9,
        "z_score": -0.6,
        "height": 13.6,
        "width": 4.12,
    }
    assert {name: cell.unit for name, cell in total.cells.items()} == {
        "bmd": "g/cm2",
        "bmc": "g",
        "area": "cm2",
        "t_score": "1",
        "z_score": "1",
        "height": "cm",
        "width": "cm",
    }
    assert (total.cells["area"].raw, total.cells["area"].decimals, total.cells["area"].place) == (
        "56,10",
        2,
        "line 2, column 19",
    )
    assert row(spine, "L2").cells["t_score"].is_empty
    assert row(spine, "L2").value("z_score") == -0.7
    assert row(hip, "neck", "left").value("bmd") == 0.734
    assert row(hip, "neck", "right").value("bmd") == 0.756
    assert row(hip, "neck", "mean", "mean").value("bmd") == 0.745
    assert row(hip, "neck", None, "difference").value("bmd") == 0.022
    assert row(hip, "total-hip", "left").value("bmd") == 0.811
    assert row(forearm, "radius-33").value("bmd") == 0.689


def test_read__takes_the_person_by_the_third_identifier_and_no_name():
    (spine, *_) = lunar_text.read(Source(data=make())).reports
    assert spine.patient.patient_id == "LX-90817"
    assert (spine.patient.birth_date, spine.patient.sex) == ("19491119", "F")
    assert (spine.scan_date, spine.device.manufacturer, spine.device.model) == (
        date(2018, 3, 25),
        "GE Lunar",
        "Lunar iDXA",
    )
    assert "Quastenflosser" not in spine.model_dump_json()
    assert "Wilhelmine" not in spine.model_dump_json()


def test_read__goes_by_header_where_columns_stand_in_another_order():
    header, cells = (*PERSON, *MEASURES), (*WHO, *MEASURES.values())
    turned = lunar_text.read(Source(data=export(header[::-1], cells[::-1])))
    spine = next(report for report in turned.reports if report.site == SPINE)
    assert row(spine, "L1-L4").value("bmc") == 53.41
    assert row(spine, "L2").value("bmd") == 0.931
    assert spine.patient.patient_id == "LX-90817"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8", "utf-8-sig", "cp1252"])
def test_read__understands_every_encoding(encoding):
    data = export((*PERSON, *MEASURES), (*WHO, *MEASURES.values()), encoding=encoding)
    assert lunar_text.recognises("x", data[:4096])
    assert len(lunar_text.read(Source(data=data)).reports) == 3


def test_read__understands_a_big_endian_mark():
    data = b"\xfe\xff" + export((*PERSON, *MEASURES), (*WHO, *MEASURES.values()), encoding="utf-16-be")
    assert len(lunar_text.read(Source(data=data)).reports) == 3


def test_read__takes_explicit_names_of_the_persons_columns():
    header = ("Last Name", "First Name", "Patient ID", "Measure Date", "Analysis Date", "Scan Mode", "L2 BMD (g/cm²)")
    (report,) = read(header, ("Roe", "Ada", "77", "2019-05-06", "2019-05-09", "Thick", "0.871")).reports
    assert (report.patient.patient_id, report.scan_date, report.analysis_date) == (
        "77",
        date(2019, 5, 6),
        date(2019, 5, 9),
    )
    assert report.circumstances.scan_mode == "Thick"


def test_read__keeps_whole_body_regions_apart_from_their_halves():
    (report,) = read(
        WHOLE_BODY_HEADER, ("", "", "5", "2020-02-03", "2.101", "0.802", "0.813", "0.904", "0.985")
    ).reports
    assert report.site == WHOLE_BODY
    assert row(report, "arm").value("bmd") == 0.802
    assert row(report, "arm", "left").value("bmd") == 0.813
    assert row(report, "trunk", "left").value("bmd") == 0.904
    assert row(report, "spine").value("bmd") == 0.985


def test_read__leaves_the_unit_empty_that_no_header_states():
    (report,) = read(WHOLE_BODY_HEADER, ("", "", "5", "2020-02-03", "2.101", "0.802", "0.813", "0.904", "")).reports
    assert row(report, "head").cells["bmd"].unit == ""


@pytest.mark.parametrize(
    ("others", "site", "region"),
    [
        (("Head BMD",), WHOLE_BODY, "whole-body"),
        (("Neck BMD",), HIP, "total-hip"),
        (("L2 BMD", "Troch BMD"), HIP, "total-hip"),
    ],
)
def test_read__tells_by_the_other_columns_what_total_is(others, site, region):
    cells = ("", "", "5", "2020-02-03", *(f"0.70{i}" for i in range(len(others))), "0.912")
    reading = read((*SHORT, *others, "Total BMD"), cells)
    report = next(report for report in reading.reports if report.site == site)
    assert row(report, region).value("bmd") == 0.912


@pytest.mark.parametrize("others", [("L2 BMD",), ("Neck BMD", "Head BMD")], ids=["no site has it", "two sites have it"])
def test_read__leaves_out_a_total_that_may_be_of_two_sites(others):
    cells = ("", "", "5", "2020-02-03", *(f"0.70{i}" for i in range(len(others))), "0.912")
    reading = read((*SHORT, *others, "Total BMD"), cells)
    assert codes(reading) == ["unknown-region"]
    assert f"left out: {5 + len(others)}" in reading.problems[0].message
    assert "0.912" not in repr(reading)


@pytest.mark.parametrize("region", ["Hip", "Spine", "Upper Neck", "L1-L4 (L3)", "Elbow"])
def test_read__leaves_out_a_region_that_it_does_not_know(region):
    reading = read((*SHORT, "L2 BMD", f"{region} BMD"), ("", "", "5", "2020-02-03", "0.871", "0.912"))
    assert codes(reading) == ["unknown-region"]
    assert [len(report.rows) for report in reading.reports] == [1]


def test_read__keeps_american_units_as_stated():
    header = (*SHORT, "L2 BMD (g/cm²)", "L2 BMC (lbs)", "L2 Area (in²)")
    (report,) = read(header, ("", "", "5", "2020-02-03", "0.871", "0.027", "2.21")).reports
    assert [(cell.value, cell.unit) for cell in report.rows[0].cells.values()] == [
        (0.871, "g/cm2"),
        (0.027, "[lb_av]"),
        (2.21, "[in_i]2"),
    ]


def test_read__leaves_out_a_column_of_an_unknown_unit():
    header = (*SHORT, "L2 BMD (g/cm²)", "L2 BMC (stone)")
    reading = read(header, ("", "", "5", "2020-02-03", "0.871", "0.027"))
    assert reading.reports[0].rows[0].value("bmc") is None
    assert codes(reading) == ["cell-refused"]


def test_read__counts_columns_of_soft_tissue_and_unknown_ones():
    header = (*SHORT, "L2 BMD", "Arms Fat Mass (lbs)", "VAT Volume (in³)", "Comment")
    (report,) = read(header, ("", "", "5", "2020-02-03", "0.871", "11.2", "45.1", "x")).reports
    assert report.others == ("columns of soft tissue: 2", "columns not known: 1")


def test_read__refuses_an_export_of_body_composition():
    with pytest.raises(ReadError, match="body composition") as caught:
        read((*SHORT, "Arms Fat Mass", "Arms Lean Mass"), ("", "", "5", "2020-02-03", "11.2", "12.3"))
    assert caught.value.code == "no-dxa-results"


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ((*SHORT, "Elbow BMD"), "results-not-understood"),
        (("ID3", "Date", "Comment", "Remark"), "results-not-understood"),
        ((*SHORT, "L2 BMD", "l2  bmd"), "results-not-understood"),
        ((*SHORT, "L2 BMD", "L2 BMD (g/cm²)"), "results-not-understood"),
        ((*SHORT, "Patient ID", "L2 BMD"), "results-not-understood"),
    ],
    ids=["no region", "no measure", "same name", "same measure", "same meaning"],
)
def test_read__refuses_a_header_that_cannot_be_trusted(header, code):
    with pytest.raises(ReadError) as caught:
        read(header, tuple("5" for _ in header))
    assert caught.value.code == code


def test_read__refuses_an_export_without_a_number():
    for lines in ([], [("", "", "5", "2020-02-03", "")], [("", "", "5", "2020-02-03", "-")]):
        with pytest.raises(ReadError) as caught:
            read((*SHORT, "L2 BMD"), *lines)
        assert caught.value.code == "no-dxa-results"


def test_read__takes_a_short_line_as_empty_at_its_end_and_leaves_a_long_one_out():
    header = (*SHORT, "L2 BMD", "L3 BMD")
    reading = read(header, ("", "", "5", "2020-02-03", "0.871"), ("Roe", "Ada", "x", "6", "2020-02-03", "0.872", "0.9"))
    assert [report.patient.patient_id for report in reading.reports] == ["5"]
    assert row(reading.reports[0], "L3").cells["bmd"].is_empty
    assert codes(reading) == ["values-missing", "cell-refused"]
    assert [problem.message[:6] for problem in reading.problems] == ["line 2", "line 3"]


def test_read__takes_the_order_of_dates_from_the_whole_document():
    header = (*SHORT, "L2 BMD")
    lines = [("", "", "5", "3/4/2019", "0.871"), ("", "", "6", "3/25/2019 2:10 PM", "0.872")]
    assert [report.scan_date for report in read(header, *lines).reports] == [date(2019, 3, 4), date(2019, 3, 25)]
    alone = read(header, lines[0])
    assert alone.reports[0].scan_date is None
    assert codes(alone) == ["date-ambiguous"]
    assert read(header, lines[0], dates="dmy").reports[0].scan_date == date(2019, 4, 3)


def test_read__refuses_a_date_that_is_none():
    reading = read((*SHORT, "L2 BMD"), ("", "", "5", "yesterday", "0.871"))
    assert (reading.reports[0].scan_date, codes(reading)) == (None, ["cell-refused"])


def test_read__leaves_out_a_birth_date_of_two_digits_of_the_year():
    reading = read((*SHORT, "Birth Date", "L2 BMD"), ("", "", "5", "2020-02-03", "25/11/49", "0.871"))
    assert (reading.reports[0].patient.birth_date, codes(reading)) == ("", ["date-ambiguous"])
    assert "49" not in repr(reading)


def test_read__refuses_a_cell_that_is_no_number_and_quotes_no_words():
    reading = read((*SHORT, "L2 BMD", "L3 BMD"), ("", "", "5", "2020-02-03", "0.871", "see Dr Roe"))
    assert (row(reading.reports[0], "L3").value("bmd"), codes(reading)) == (None, ["cell-refused"])
    assert "Roe" not in repr(reading)


def test_read__takes_the_side_of_the_line_for_regions_without_one():
    (report,) = read(
        (*SHORT, "Side", "Neck BMD", "Neck Mean BMD"), ("", "", "5", "2020-02-03", "Right", "0.71", "0.72")
    ).reports
    assert (report.side, row(report, "neck", "right").value("bmd")) == ("right", 0.71)
    assert row(report, "neck", "mean", "mean").value("bmd") == 0.72


def test_read__takes_groups_of_thousands_by_the_mark_of_the_other_numbers():
    header = (*SHORT, "Head BMD (g/cm²)", "Head BMC (g)")
    (american,) = read(header, ("", "", "5", "2020-02-03", "2.101", "1,234.5")).reports
    (german,) = read(header, ("", "", "5", "2020-02-03", "2,101", "1.234,5")).reports
    (whole,) = read(header, ("", "", "5", "2020-02-03", "2.101", "1,234")).reports
    assert [report.rows[0].value("bmc") for report in (american, german, whole)] == [1234.5, 1234.5, 1234.0]


def test_read__refuses_a_number_that_may_be_grouped():
    reading = read((*SHORT, "Head BMC (g)"), ("", "", "5", "2020-02-03", "1.234"))
    assert (reading.reports[0].rows[0].value("bmc"), codes(reading)) == (None, ["cell-refused"])


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (make(), True),
        (export((*SHORT, "Arms Fat Mass")), True),
        (export(("patient_id", "scan_date", "region", "bmd_g_cm2")), False),
        (export(("ID1", "ID2", "ID3", "Date", "Remark")), False),
        (b"ID1,ID2,ID3,Date,Head BMD\n", False),
        (b"subject\tvisit\tL2 BMD\tvalue\n", False),
        (b"\xff\xfe", False),
        (b"", False),
    ],
)
def test_recognises__exports_and_no_other_table(data, expected):
    assert lunar_text.recognises("export.txt", data[:4096]) is expected


@pytest.mark.parametrize(
    ("data", "code"),
    [(make()[:-1], "truncated-file"), (b"ID1\0\0\0", "malformed-document"), (b"ID1\x81\xff\x8d", "malformed-document")],
)
def test_read__refuses_what_is_no_text(data, code):
    with pytest.raises(ReadError) as caught:
        lunar_text.read(Source(data=data))
    assert caught.value.code == code


def test_read__refuses_more_columns_than_an_export_has():
    with pytest.raises(ReadError) as caught:
        read((*SHORT, "L2 BMD"), ("", "", "5", "2020-02-03", "0.871", *("" for _ in range(2000))))
    assert caught.value.code == "too-large"
    assert lunar_text.recognises("x", b"ID1\tID2\tL2 BMD" + 3000 * b"\t") is False


def test_read__does_not_search_a_header_without_end():
    reading = read((*SHORT, "L2 BMD", "a" + " " * 200_000 + "b"), ("", "", "5", "2020-02-03", "0.871"))
    assert reading.reports[0].others == ("columns not known: 1",)


def test_read__refuses_a_text_without_end(monkeypatch):
    from bonemetrics.readers.dxa import text_encoding

    monkeypatch.setattr(text_encoding, "MAX_LINES", 1)
    with pytest.raises(ReadError) as caught:
        lunar_text.read(Source(data=make()))
    monkeypatch.setattr(text_encoding, "MAX_TEXT_BYTES", 10)
    with pytest.raises(ReadError) as larger:
        lunar_text.read(Source(data=make()))
    assert (caught.value.code, larger.value.code) == ("too-large", "too-large")


def test_read__notes_a_last_line_that_may_be_cut_and_refuses_one_that_is():
    whole = export((*SHORT, "L2 BMD (g/cm²)", "L3 BMD (g/cm²)"), ("A", "B", "C", "25.03.2018", "0,931", "0,987"))
    assert codes(lunar_text.read(Source(data=whole))) == []
    # UTF-16: the line end takes four bytes, the last digit two, a cell of five digits and its tab twelve.
    assert codes(lunar_text.read(Source(data=whole[:-4]))) == ["last-line-open"]
    with pytest.raises(ReadError, match="5 of 6 cells") as caught:
        lunar_text.read(Source(data=whole[:-18]))
    assert caught.value.code == "truncated-file"
