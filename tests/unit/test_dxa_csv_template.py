from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa import csv_template
from bonemetrics.readers.dxa.source import Source
from bonemetrics.records import DxaReading
from tests.dxa_cases.csv_template import make

ROOT = Path(__file__).resolve().parents[2]
SHORT = "patient_id,scan_date,region,bmd_g_cm2"


def read(text: str, *, dates: str = "", encoding: str = "utf-8") -> DxaReading:
    return csv_template.read(Source(data=text.encode(encoding), name="t.csv", dates=dates))


def notes(reading: DxaReading) -> list[str]:
    problems = [*reading.problems, *(problem for report in reading.reports for problem in report.problems)]
    return [problem.code for problem in problems]


def test_read__keeps_every_number_with_its_digits_unit_and_place():
    spine, hip = csv_template.read(Source(data=make())).reports
    cell = spine.rows[0].cells["bmd"]
    assert (cell.raw, cell.value, cell.unit, cell.decimals, cell.place) == (
        "0,880",
        0.88,
        "g/cm2",
        3,
        "line 2, column bmd_g_cm2",
    )
    assert [(row.region, row.value("area"), row.value("bmc"), row.value("z_score")) for row in spine.rows] == [
        ("L1-L4", 52.17, 45.91, 0.2),
        ("L3", 13.62, 12.33, 0.4),
    ]
    assert (hip.site, hip.side, hip.scan_id, hip.rows[0].region, hip.rows[0].side) == (
        "hip",
        "right",
        "V8",
        "neck",
        "right",
    )
    assert hip.rows[0].cells["t_score"].is_empty
    assert spine.scan_date == date(2019, 3, 14)
    assert (spine.device.model, spine.device.analysis_version, spine.device.serial) == (
        "Horizon A",
        "13.6.0.5",
        "201377M",
    )
    assert spine.circumstances.scan_mode == "Array"
    assert (spine.patient.patient_id, spine.patient.birth_date, spine.patient.sex) == ("QX-55120", "19511023", "F")
    assert spine.patient.age_years == 67.4


def test_guide__its_example_is_read_without_a_note():
    (example,) = re.findall(r"```csv\n(.*?)```", (ROOT / "docs" / "dxa-csv.md").read_text(encoding="utf-8"), re.DOTALL)
    assert csv_template.recognises("anything", example.encode()[:4096])
    reading = read(example)
    assert notes(reading) == []
    assert [(report.site, len(report.rows)) for report in reading.reports] == [("lumbar-spine", 2), ("hip", 2)]
    assert reading.reports[1].rows[1].value("bmd") == 0.766
    assert reading.reports[1].rows[1].cells["t_score"].value is None


def test_guide__names_every_column():
    page = (ROOT / "docs" / "dxa-csv.md").read_text(encoding="utf-8")
    from bonemetrics.readers.dxa.csv_template_cells import COLUMNS

    assert [name for name in COLUMNS if f"`{name}`" not in page] == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_read__understands_the_encodings_of_spreadsheets(encoding):
    reading = read(
        "patient_id\tscan_date\tregion\tbmd_g_cm2\treference\nA1\t2019-03-14\tL2\t0.781\tMünchen\n", encoding=encoding
    )
    assert reading.reports[0].circumstances.reference == "München"


def test_read__takes_columns_in_any_order_and_case():
    (report,) = read("Z_Score,BMD_g_cm2,Region,SCAN_DATE,Patient_ID\n-0.4,0.712,L2-L4,2020-01-31,A1\n").reports
    assert (report.rows[0].region, report.rows[0].value("bmd"), report.rows[0].value("z_score")) == (
        "L2-L4",
        0.712,
        -0.4,
    )


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("patient_id,scan_date,region,bmd_gcm2", r"column 4 'bmd_gcm2' is unknown; did you mean 'bmd_g_cm2'"),
        ("patient_id,scan_date,region,bmd_g_cm2,zzqqxx", "column 5 'zzqqxx' is unknown; known are"),
        ("patient_id,scan_date,region,bmd_g_cm2,1951-10-23", "column 5 is unknown"),
        ("patient_id,scan_date,region,bmd_g_cm2,BMD_G_CM2", "'bmd_g_cm2' stands twice"),
        ("patient_id,region,bmd_g_cm2", "'scan_date' is missing"),
        ("patient_id,scan_date,region,side", "no column of numbers"),
    ],
)
def test_read__refuses_a_header_it_cannot_trust(header, message):
    with pytest.raises(ReadError, match=message) as caught:
        read(f"{header}\nA1,2020-01-31,L2,0.712,x\n")
    assert caught.value.code == "results-not-understood"
    assert "1951" not in caught.value.message


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "no-dxa-results"),
        (f"{SHORT}\n", "no-dxa-results"),
        (f'{SHORT}\nA1,2020-01-31,L2,"0.7\n', "malformed-document"),
        (f"{SHORT}\nA1,2020-01-31,L2,0.7\0\n", "malformed-document"),
    ],
)
def test_read__refuses_what_is_no_table_of_results(text, code):
    with pytest.raises(ReadError) as caught:
        read(text)
    assert caught.value.code == code


@pytest.mark.parametrize("cell", ["about 0.7", "0.7 g/cm2", "0,7.1", "1e-1", "Miller 0.7"])
def test_read__refuses_a_cell_that_is_no_number_without_quoting_it(cell):
    reading = read(f'{SHORT},t_score\nA1,2020-01-31,L2,"{cell}",-1.3\n')
    (problem,) = reading.reports[0].problems
    assert problem.code == "cell-refused"
    assert "line 2, column bmd_g_cm2" in problem.message
    assert cell not in repr(reading)
    assert reading.reports[0].rows[0].value("bmd") is None
    assert reading.reports[0].rows[0].value("t_score") == -1.3


def test_read__takes_a_quoted_decimal_comma():
    assert read(f'{SHORT}\nA1,2020-01-31,L2,"0,712"\n').reports[0].rows[0].value("bmd") == 0.712


@pytest.mark.parametrize(
    ("area", "bmd"),
    [('"1,234"', "0.712"), ('"1,234"', "")],
    ids=["thousands beside points", "nothing tells"],
)
def test_read__refuses_a_comma_that_may_group_thousands(area, bmd):
    reading = read(f"{SHORT},area_cm2\nA1,2020-01-31,L2,{bmd},{area}\n")
    assert reading.reports[0].rows[0].value("area") is None
    assert notes(reading) == ["cell-refused"]


def test_read__refuses_a_point_beside_decimal_commas():
    # 1.234 may be a German 1234.
    reading = read("patient_id;scan_date;region;area_cm2;bmd_g_cm2\nA1;2020-01-31;L2;1.234;0,712\n")
    assert reading.reports[0].rows[0].value("area") is None
    assert notes(reading) == ["cell-refused"]


def test_read__reads_dates_by_the_order_of_the_whole_column():
    reading = read(f"{SHORT}\nA1,03/04/2016,L2,0.712\nA2,25/04/2016,L2,0.713\n")
    assert [report.scan_date for report in reading.reports] == [date(2016, 4, 3), date(2016, 4, 25)]


def test_read__leaves_an_ambiguous_date_out_and_takes_the_order_of_the_study():
    text = f"{SHORT}\nA1,03/04/2016,L2,0.712\n"
    assert read(text).reports[0].scan_date is None
    assert notes(read(text)) == ["date-ambiguous"]
    assert read(text, dates="mdy").reports[0].scan_date == date(2016, 3, 4)


def test_read__refuses_a_date_that_is_none():
    reading = read(f"{SHORT}\nA1,soon,L2,0.712\n")
    assert reading.reports[0].scan_date is None
    assert notes(reading) == ["cell-refused"]


def test_read__parts_reports_by_patient_date_site_side_and_scan():
    lines = [
        "A1,2020-01-31,neck,left,S1,0.711",
        "A1,2020-01-31,neck,right,S1,0.712",
        "A1,2020-01-31,L2,,S1,0.713",
        "A1,2020-01-31,neck,left,S2,0.714",
        "A1,2020-02-01,neck,left,S1,0.715",
        "A2,2020-01-31,neck,left,S1,0.716",
        "A1,2020-01-31,total-hip,left,S1,0.717",
    ]
    reports = read("patient_id,scan_date,region,side,scan_id,bmd_g_cm2\n" + "\n".join(lines)).reports
    assert [len(report.rows) for report in reports] == [2, 1, 1, 1, 1, 1]
    assert [row.value("bmd") for row in reports[0].rows] == [0.711, 0.717]


def test_read__empties_a_cell_that_two_lines_claim():
    reading = read(f"{SHORT},bmc_g\nA1,2020-01-31,L2,0.711,9.87\nA1,2020-01-31,L2,0.719,9.87\n")
    (row,) = reading.reports[0].rows
    assert row.value("bmd") is None
    assert row.value("bmc") == 9.87
    assert notes(reading) == ["cell-refused"]


def test_read__joins_lines_of_one_region_that_complete_each_other():
    reading = read(f"{SHORT},bmc_g\nA1,2020-01-31,L2,0.711,\nA1,2020-01-31,L2,,9.87\n")
    assert [(row.value("bmd"), row.value("bmc")) for row in reading.reports[0].rows] == [(0.711, 9.87)]
    assert notes(reading) == []


@pytest.mark.parametrize("region", ["hip", "spine", "total", "L7", "elbow", ""])
def test_read__leaves_out_a_line_whose_region_is_not_known(region):
    reading = read(f"{SHORT}\nA1,2020-01-31,{region},0.711\nA1,2020-01-31,L2,0.712\n")
    assert notes(reading) == ["unknown-region"]
    assert len(reading.reports) == 1


@pytest.mark.parametrize(
    ("site", "region", "expected"),
    [
        ("hip", "Total", ("hip", "total-hip")),
        ("Left Femur", "Troch", ("hip", "trochanter")),
        ("forearm", "Radius 1/3", ("forearm", "radius-33")),
        ("", "radius-ud", ("forearm", "radius-ud")),
        ("", "L1,L3-L4", ("lumbar-spine", "L1,L3-L4")),
        ("AP Spine", "L2 - L4", ("lumbar-spine", "L2-L4")),
        ("whole-body", "spine", ("whole-body", "spine")),
    ],
)
def test_read__understands_regions_of_scanners_with_their_site(site, region, expected):
    (report,) = read(f'{SHORT},site\nA1,2020-01-31,"{region}",0.711,{site}\n').reports
    assert (report.site, report.rows[0].region) == expected


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("A1,2020-01-31,neck,0.711,left,elbow", "site is none"),
        ("A1,2020-01-31,neck,0.711,up,hip", "side is none"),
        ("A1,2020-01-31,Neck Left,0.711,right,hip", "different sides"),
        ("A1,2020-01-31,Neck Diff.,0.011,,hip", "difference"),
        ("A1,2020-01-31,neck,0.711,left,hip,0.8", "7 cells, but 6 columns"),
        ("A1,2020-01-31,neck,0.711,left," + 121 * "h", "longer than 120"),
        ("A1,2020-01-31,neck,0.711,left,lateral spine", "site is none"),
        ("A1,2020-01-31,L3,0.711,left,lumbar-spine", "no side"),
    ],
)
def test_read__leaves_out_a_line_that_contradicts_itself(line, message):
    reading = read(f"{SHORT},side,site\n{line}\nA1,2020-01-31,L2,0.712,,\n")
    (problem,) = reading.problems
    assert problem.code == "cell-refused"
    assert message in problem.message
    assert [report.site for report in reading.reports] == ["lumbar-spine"]


def test_read__a_mean_stands_beside_the_sides_it_is_of():
    table = f"{SHORT},side\n" + "".join(
        f"A1,2020-01-31,neck,{bmd},{side}\n" for bmd, side in (("0.711", "left"), ("0.733", "right"), ("0.722", "mean"))
    )
    (report,) = read(table).reports
    assert report.side is None
    assert [(row.side, row.statistic) for row in report.rows] == [
        ("left", "value"),
        ("right", "value"),
        ("mean", "mean"),
    ]
    assert len(read(table.replace("mean", "left")).reports) == 2


def test_read__marks_a_mean_of_both_sides():
    (report,) = read(f"{SHORT},side\nA1,2020-01-31,neck,0.711,mean\n").reports
    assert (report.side, report.rows[0].side, report.rows[0].statistic) == ("mean", "mean", "mean")


@pytest.mark.parametrize(
    ("column", "cells", "attribute"),
    [
        ("sex", ("F", "M"), ""),
        ("sex", ("woman?", "woman?"), ""),
        ("birth_date", ("03/04/51", "03/04/51"), ""),
        ("birth_date", ("1951-04-03", "1951-04-04"), ""),
    ],
)
def test_read__leaves_particulars_empty_that_are_in_doubt(column, cells, attribute):
    reading = read(f"{SHORT},{column}\nA1,2020-01-31,L2,0.711,{cells[0]}\nA1,2020-01-31,L3,0.712,{cells[1]}\n")
    assert getattr(reading.reports[0].patient, column) == attribute
    assert notes(reading) == ["cell-refused"]
    assert cells[0] not in repr(reading.reports[0].problems)


@pytest.mark.parametrize("ages", [("old", "old"), ("150", "150"), ("61.2", "62.3"), ("61,234", "61,234")])
def test_read__leaves_out_an_age_in_doubt(ages):
    reading = read(f'{SHORT},age_years\nA1,2020-01-31,L2,0.711,"{ages[0]}"\nA1,2020-01-31,L3,0.712,"{ages[1]}"\n')
    assert reading.reports[0].patient.age_years is None
    assert "cell-refused" in notes(reading)


def test_read__refuses_more_lines_than_a_table_has(monkeypatch):
    monkeypatch.setattr(csv_template, "MAX_LINES", 2)
    with pytest.raises(ReadError) as caught:
        read(f"{SHORT}\n" + 3 * "A1,2020-01-31,L2,0.711\n")
    assert caught.value.code == "too-large"


@pytest.mark.parametrize(
    ("name", "start", "expected"),
    [
        ("r.csv", b"patient_id,scan_date,region,bmd_g_cm2\n", True),
        ("r", b"\xef\xbb\xbfREGION;T_Score;Patient_ID\r\n", True),
        ("r.tsv", "\ufeffpatient_id\tz_score\n".encode("utf-16-le"), True),
        ("r.csv", b'"patient_id","scan_date","bmc_g"\n', True),
        ("subjects.csv", b"subject,cohort,day1,patient_ids,forearm_length_mm\n", False),
        ("density.csv", b"subject,visit,scan_date,side,site,region,quantity,value,unit\n", False),
        ("truth.csv", b"subject,visit,side,site,region,quantity,value\n", False),
        ("lab.csv", b"patient_id,test,value,unit\n", False),
        ("book.xlsx", b"PK\x03\x04patient_id,bmd_g_cm2\n", False),
        ("empty.csv", b"", False),
        ("binary", bytes(range(256)), False),
    ],
)
def test_recognises__its_own_header_and_no_other_table(name, start, expected):
    assert csv_template.recognises(name, start) is expected


def test_read__notes_a_last_line_that_may_be_cut_and_refuses_one_that_is():
    line = "P1,2019-03-14,L2,0.912"
    assert read(f"{SHORT}\n{line}\n").problems == ()
    (problem,) = read(f"{SHORT}\n{line}").problems
    assert problem.code == "last-line-open"
    with pytest.raises(ReadError, match="3 of 4 cells") as caught:
        read(f"{SHORT}\n{line}\nP1,2019-03-14,L3")
    assert caught.value.code == "truncated-file"
    # A short line that is ended is how an editor leaves empty cells out.
    assert read(f"{SHORT},t_score\n{line}\n").reports[0].rows[0].value("bmd") == 0.912
