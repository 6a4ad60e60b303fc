"""The report text of Hologic: either orientation, columns by their heads, and every way in which it reaches us."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa.hologic_xml import read, read_text, recognises
from bonemetrics.readers.dxa.source import Source
from bonemetrics.records import RawDxaReport
from tests.dxa_cases.hologic_xml import HIP_HEADS, HIP_ROWS, assignments, example, report_text

SPINE_HEADS = ("Region", "Area (cm2)", "BMC (g)", "BMD (g/cm2)", "T-score", "Z-score")
SPINE_ROWS = (
    ("L1", "12.50", "11.40", "0.912", "-1.8", "-0.6"),
    ("L2", "13.62", "13.92", "1.022", "-1.5", "-0.2"),
    ("L3", "14.00", "21.00", "1.500", "2.6", "3.9"),
)
NECK_CELLS = {
    "area": (4.90, "cm2"),
    "bmc": (3.86, "g"),
    "bmd": (0.788, "g/cm2"),
    "t_score": (-0.6, "1"),
    "percent_young": (93.0, "%"),
    "z_score": (0.9, "1"),
    "percent_age": (115.0, "%"),
}


def of(text: str | bytes, **more: Any) -> RawDxaReport:
    return read_text(text if isinstance(text, bytes) else text.encode(), **more)


def values(found: RawDxaReport, name: str = "bmd") -> dict[tuple[str, str | None], float | None]:
    return {(row.region, row.side): row.value(name) for row in found.rows}


def codes(found: RawDxaReport) -> list[str]:
    return [problem.code for problem in found.problems]


def refused(text: str | bytes, **more: Any) -> str:
    with pytest.raises(ReadError) as caught:
        of(text, **more)
    return caught.value.code


@pytest.mark.parametrize("turned", [False, True])
def test_read__reads_a_table_either_way_round(turned):
    found = of(report_text(turned=turned))
    neck = found.rows[0]
    assert {name: (cell.value, cell.unit) for name, cell in neck.cells.items()} == NECK_CELLS
    assert [row.region for row in found.rows] == ["neck", "trochanter", "intertrochanter", "total-hip", "wards"]
    assert {row.side for row in found.rows} == {"left"}
    assert found.rows[2].cells["z_score"].is_empty
    assert found.problems == ()
    cell = neck.cells["bmc"]
    assert (cell.raw, cell.decimals, cell.trust) == ("3.86", 2, "text")
    assert cell.place == ("ResultsTable1[2][1]" if turned else "ResultsTable1[1][2]")


def test_read__tells_whose_scan_it_is_and_how_it_was_made():
    found = read(Source(data=example())).reports[0]
    patient, about = found.patient, found.circumstances
    assert (found.site, found.side, found.scan_id) == ("hip", "left", "A0305240B")
    assert found.scan_date == date(2024, 3, 5)
    assert (patient.patient_id, patient.birth_date, patient.sex) == ("PAT-0815", "19510412", "F")
    assert (patient.age_years, patient.height_cm, patient.weight_kg, patient.ethnicity) == (72, 163.5, 58.4, "White")
    assert (about.scan_mode, about.protocol) == ("Array", "Left Hip")
    assert about.reference == "T-score vs. White Female. Source:2012 BMDCS/NHANES White Female."
    assert (about.acf, about.bcf, about.k, about.d0) == (1.023, 0.987, 1.142, 48.6)
    assert found.others == ("ResultsTable2",)
    assert found.device.manufacturer == "HOLOGIC"


@pytest.mark.parametrize(
    "deliver",
    [
        lambda text: text.encode(),
        lambda text: text.encode("utf-8-sig"),
        lambda text: text.encode("utf-16"),
        lambda text: text.encode("utf-16-le"),
        lambda text: text.replace("&sup2;", "²").encode("cp1252"),
        lambda text: text.replace("&sup2;", "²").encode(),
        lambda text: str(text.encode()).encode(),
        lambda text: str(text.replace("&sup2;", "²").encode()).encode(),
        lambda text: str(text.replace("&sup2;", "²").encode("cp1252")).encode(),
        lambda text: repr(text.replace("Testperson", "O'Test").encode()).encode(),
        lambda text: text.replace("\r\n", "\\r\\n").encode(),
        lambda text: text.replace("\r\n", "\n").encode() + b"\0 ",
        lambda text: text.replace("\r\n", "").encode(),
    ],
)
def test_read__reads_every_way_of_delivery(deliver):
    found = of(deliver(report_text()))
    assert {name: (cell.value, cell.unit) for name, cell in found.rows[0].cells.items()} == NECK_CELLS
    assert (len(found.rows), found.problems) == (5, ())


def test_read__reads_whole_bodies_by_header_text_in_any_order():
    heads = (
        "Region",
        "% Fat[(%)]",
        "BMD[g/cm<sup>2</sup>]",
        "Fat[(g)]",
        "Lean+BMC[g]",
        "Total[g]",
        "Area[cm²]",
        "Lean[g]",
    )
    rows = (
        heads,
        ("L Arm", "39.2", "0.954", "1253.8", "1943.2", "3096.9", "154.28", "1796.1"),
        ("R Arm", "37.6", "0.858", "1185.3", "1963.7", "3148.9", "174.67", "1813.8"),
        ("L Spine", "30.1", "1.043", "12.5", "23.4", "35.9", "61.02", "20.0"),
        ("Trunk", "37.1", "", "12999.3", "22044.7", "35043.7", "", "21401.1"),
        ("Total", "36.0", "1.101", "21,344.9", "38004.0", "59348.9", "2011.3", "36012.5"),
    )
    found = of(report_text(rows, AnalProtocol="Whole Body"))
    assert found.site == "whole-body"
    assert values(found) == {
        ("arm", "left"): 0.954,
        ("arm", "right"): 0.858,
        ("body-lumbar-spine", None): 1.043,
        ("trunk", None): None,
        ("whole-body", None): 1.101,
    }
    assert values(found, "total_mass")[("trunk", None)] == 35043.7
    # The point is the decimal mark of this table, so the comma groups thousands.
    assert values(found, "fat_mass")[("whole-body", None)] == 21344.9
    assert values(found, "percent_fat")[("arm", "right")] == 37.6
    assert values(found, "lean_mass")[("arm", "left")] == 1796.1


def test_read__joins_the_rows_of_a_group_with_its_name():
    rows = (
        HIP_HEADS[:5],
        ("Neck", "", "", "", ""),
        ("Left", "4.90", "3.86", "0.788", "-0.6"),
        ("Right", "5.02", "4.11", "0.819", "-0.3"),
        ("Mean", "4.96", "3.99", "0.804", "-0.4"),
        ("|Diff.|", "0.12", "0.25", "0.031", "0.3"),
        ("Total", None, None, None, None),
        ("Left", "33.07", "28.41", "0.859", "-0.9"),
    )
    found = of(report_text(rows, AnalProtocol="Hip"))
    kept = [(row.region, row.side, row.statistic, row.value("bmd")) for row in found.rows]
    assert kept == [
        ("neck", "left", "value", 0.788),
        ("neck", "right", "value", 0.819),
        ("neck", "mean", "mean", 0.804),
        ("neck", None, "difference", 0.031),
        ("total-hip", "left", "value", 0.859),
    ]


def test_read__takes_a_bone_from_the_head_or_a_group_and_never_guesses_it():
    rows = (
        ("Radius", *SPINE_HEADS[1:4]),
        ("1/3", "2.71", "1.81", "0.668"),
        ("MID", "4.40", "2.56", "0.582"),
        ("UD", "3.50", "1.48", "0.423"),
        ("Total", "10.61", "5.85", "0.551"),
        ("Ulna", None, None, None),
        ("UD", "1.90", "0.61", "0.321"),
    )
    found = of(report_text(rows, AnalProtocol="Right Forearm"))
    assert values(found) == {
        ("radius-33", "right"): 0.668,
        ("radius-mid", "right"): 0.582,
        ("radius-ud", "right"): 0.423,
        ("radius-total", "right"): 0.551,
        ("ulna-ud", "right"): 0.321,
    }
    bare = of(report_text((("Region", *rows[0][1:]), ("Radius UD", *rows[3][1:]), rows[4]), AnalProtocol="Forearm"))
    assert values(bare) == {("radius-ud", None): 0.423}
    assert codes(bare) == ["unknown-region"]


def spine(total: tuple[str | None, ...], *rows: tuple[str | None, ...]) -> RawDxaReport:
    return of(report_text((SPINE_HEADS, *(rows or SPINE_ROWS), total), AnalProtocol="Spine"))


def test_read__names_the_total_of_a_spine_by_the_vertebrae_that_add_up_to_it():
    # 12.50 + 13.62 + 14.00 = 40.12 cm² and 11.40 + 13.92 + 21.00 = 46.32 g.
    assert spine(("Total", "40.12", "46.32", "1.155", "0.1", "1.0")).rows[-1].region == "L1-L3"
    # 12.50 + 13.62 = 26.12 cm² and 11.40 + 13.92 = 25.32 g: L3 was left out.
    partial = spine(("Total", "26.12", "25.32", "0.969", "-1.6", "-0.4"))
    assert (partial.rows[-1].region, partial.included) == ("L1-L2", ("L1", "L2"))
    # No set adds up: a digit is wrong somewhere, which the identities will say.
    assert spine(("Total", "40.12", "64.32", "1.603", "0.1", "1.0")).rows[-1].region == "L1-L3"
    silent = spine(("Total", "", "", "1.155", "0.1", "1.0"))
    assert ([row.region for row in silent.rows], codes(silent)) == (["L1", "L2", "L3"], ["unknown-region"])
    twins = (("L1", "12.5", "11.4", "0.912", "", ""), ("L2", "12.5", "11.4", "0.912", "", ""))
    same = spine(("Total", "12.5", "11.4", "0.912", "", ""), *twins)
    assert codes(same) == ["unknown-region"]


def test_read__notes_each_cell_that_is_not_there():
    lines = [line for line in assignments((HIP_HEADS, *HIP_ROWS)) if not line.startswith("ResultsTable1[ 2][ 3]")]
    found = of(report_text((), more=lines))
    assert values(found)[("trochanter", "left")] is None
    assert found.rows[1].cells["bmd"].is_empty
    assert (codes(found), found.problems[0].message[:21]) == (["values-missing"], "ResultsTable1[2][0]: ")


def test_read__refuses_a_cell_that_is_assigned_twice_with_different_values():
    twice = of(report_text(more=['ResultsTable1[ 1][ 3] = "0.878";']))
    assert (twice.rows[0].value("bmd"), codes(twice)) == (None, ["cell-refused"])
    same = of(report_text(more=['ResultsTable1[ 1][ 3] = "0.788";']))
    assert (same.rows[0].value("bmd"), codes(same)) == (0.788, [])


@pytest.mark.parametrize("value", ["0.788*", "7.8.8", "see Rita", "1.2e3", "0x1F"])
def test_read__refuses_what_is_not_one_number(value):
    found = of(report_text((HIP_HEADS, ("Neck", "4.90", "3.86", value, *HIP_ROWS[0][4:]))))
    assert (found.rows[0].value("bmd"), codes(found)) == (None, ["cell-refused"])
    assert "Rita" not in found.model_dump_json(exclude={"patient"})


def test_read__refuses_a_value_that_a_script_would_put_together():
    joined = report_text().replace('= "0.788";', '= "0.78" + "8";')
    found = of(joined)
    assert (found.rows[0].value("bmd"), codes(found)) == (None, ["cell-refused"])


def test_read__reads_other_spellings_of_an_assignment():
    text = report_text()
    text = text.replace('ResultsTable1[ 1][ 3] = "0.788";', "ResultsTable1[1] [3]='0.788' ;")
    text = text.replace('ResultsTable1[ 1][ 2] = "3.86";', "ResultsTable1[ 1 ][ 2 ] = 3.86;")
    text = text.replace('"Array"', '"Array \\"fast\\" mode"')
    found = of(text)
    assert (found.rows[0].value("bmd"), found.rows[0].value("bmc")) == (0.788, 3.86)
    assert found.circumstances.scan_mode == 'Array "fast" mode'


def test_read__reads_decimal_commas():
    rows = [tuple(cell.replace(".", ",") for cell in row) for row in HIP_ROWS]
    assert values(of(report_text((HIP_HEADS, *rows)))) == values(of(report_text()))


def test_read__leaves_out_a_column_that_stands_twice():
    rows = ((*HIP_HEADS[:4], "BMD[g/cm2]"), ("Neck", "4.90", "3.86", "0.788", "0.878"))
    found = of(report_text(rows))
    assert set(found.rows[0].cells) == {"area", "bmc"}
    assert codes(found) == ["cell-refused"]


def test_read__keeps_units_as_stated_and_none_where_none_is():
    heads = ("Region", "Area", "BMC[ozt]", "BMD[mg/cm2]", "T")
    cells = of(report_text((heads, ("Neck", "4.90", "3.86", "788", "-0.6")))).rows[0].cells
    assert {name: cell.unit for name, cell in cells.items()} == {
        "area": "",
        "bmc": "ozt",
        "bmd": "mg/cm2",
        "t_score": "1",
    }


def test_read__leaves_out_rows_of_unknown_regions_with_a_note():
    row = ("Testperson 12.04.1951", "1.0", "1.0", "1.000", "", "", "", "")
    found = of(report_text((HIP_HEADS, HIP_ROWS[0], row, ("Zone 3", *HIP_ROWS[1][1:]))))
    assert [row.region for row in found.rows] == ["neck"]
    assert codes(found) == ["unknown-region", "unknown-region"]
    assert "Testperson" not in found.problems[0].message
    assert "Zone 3" in found.problems[1].message


def test_read__lets_no_region_stand_that_is_printed_twice_with_different_numbers():
    found = of(report_text((HIP_HEADS, HIP_ROWS[0], ("Neck", *HIP_ROWS[1][1:]))))
    assert (values(found), codes(found)) == ({("neck", "left"): None}, ["cell-refused"])


def test_read__takes_further_tables_that_add_regions():
    ulna = assignments((("Ulna", *SPINE_HEADS[1:4]), ("UD", "1.90", "0.61", "0.321")), table=2)
    radius = (("Radius", *SPINE_HEADS[1:4]), ("UD", "3.50", "1.48", "0.423"))
    found = of(report_text(radius, more=ulna, AnalProtocol="Forearm"))
    assert values(found) == {("radius-ud", None): 0.423, ("ulna-ud", None): 0.321}
    again = assignments((("Region", *SPINE_HEADS[1:4]), ("Radius UD", "3.50", "1.48", "0.432")), table=3)
    twice = of(report_text(radius, more=again, AnalProtocol="Forearm"))
    assert (values(twice), codes(twice)) == ({("radius-ud", None): 0.423}, ["other-records"])


def test_read__takes_site_and_side_from_the_header_where_the_text_is_silent():
    rows = (HIP_HEADS, ("Total", *HIP_ROWS[3][1:]))
    assert values(of(report_text(rows, AnalProtocol="x"), site="hip", side="right")) == {("total-hip", "right"): 0.859}
    assert refused(report_text(rows, AnalProtocol="x")) == "results-not-understood"
    contrary = of(report_text(), side="right")
    assert (contrary.side, values(contrary)[("neck", None)], codes(contrary)) == (None, 0.788, ["side-unknown"])


def test_read__puts_the_tag_before_the_place_of_each_cell():
    cell = of(report_text(), place="(0019,1000)").rows[0].cells["bmd"]
    assert cell.place == "(0019,1000) ResultsTable1[1][3]"


def test_read__takes_a_last_line_without_semicolon_for_whole():
    text = report_text(tags={}).replace(";", "")
    assert codes(of(text[text.index("PatientName") : text.rindex("</")])) == []


def test_read__notes_a_text_without_its_end_mark():
    assert codes(of(report_text().replace("</JavaScriptFile>", ""))) == ["values-missing"]


@pytest.mark.parametrize("cut", ['"0.7', '"', " = ", "3] ", "[ 1][ 3"])
def test_read__refuses_a_text_that_breaks_off_within_a_value(cut):
    text = report_text()
    whole = 'ResultsTable1[ 1][ 3] = "0.788";'
    end = text.index(whole) + whole.index(cut) + len(cut)
    assert refused(text[:end]) == "truncated-file"


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ((), "no-dxa-results"),
        ((("Fracture", "Risk"), ("Major", "11%")), "no-dxa-results"),
        ((HIP_HEADS,), "results-not-understood"),
        ((("Place", *HIP_HEADS[1:]), HIP_ROWS[0]), "results-not-understood"),
        ((("Region", "BMD"), ("BMC", "1.0")), "results-not-understood"),
        ((HIP_HEADS, ("Zone", *HIP_ROWS[0][1:])), "results-not-understood"),
        ((HIP_HEADS, HIP_ROWS[0], HIP_HEADS), "results-not-understood"),
    ],
)
def test_read__refuses_tables_that_it_does_not_understand(rows, code):
    assert refused(report_text(rows)) == code


def test_read__refuses_a_lone_total_of_a_spine_whose_vertebrae_nothing_tells():
    alone = (("Region", "BMD"), ("Total", "0.958"))
    assert refused(report_text(alone, AnalProtocol="Lumbar Spine")) == "results-not-understood"


def test_read__bounds_size_and_cells():
    assert refused(b"ResultsTable1" + b" " * (8 << 20)) == "too-large"
    cells = "".join(f'ResultsTable1[{k // 400}][{k % 400}]="1";' for k in range(100_001))
    assert refused(cells) == "too-large"


@pytest.mark.parametrize(
    ("start", "known"),
    [
        (b"<HologicHeader1>", True),
        (b'ResultsTable1[ 0][ 0] = "Region";', True),
        ("<JavaScriptFile>".encode("utf-16"), True),
        (b"<?xml version='1.0'?><Report/>", False),
        (b"\0" * 128 + b"DICM <HologicHeader1>", False),
        (b"", False),
    ],
)
def test_recognises__by_its_names(start, known):
    assert recognises("x", start) is known
