"""Structured reports: numbers found by quantity and region, whatever tree a vendor builds around them."""

from __future__ import annotations

import struct
from datetime import date
from typing import Any

import pytest

from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa.dicom_sr import read, recognises
from bonemetrics.readers.dxa.source import Source
from bonemetrics.records import RawDxaReport
from tests.dicom_bytes import BIG_ENDIAN, DEFLATED, EXPLICIT, IMPLICIT, UNDEFINED, data_set, part10
from tests.dxa_cases.dicom_sr import (
    CM2,
    G_CM2,
    GRAM,
    HEADER,
    ONE,
    PER_CENT,
    Content,
    code,
    container,
    day,
    item,
    modifier,
    num,
    region,
    report,
    spine_and_hip,
    text,
)


def reports(*children: Content, **more: Any) -> tuple[RawDxaReport, ...]:
    return read(Source(data=report(*children, **more))).reports


def one(*children: Content, **more: Any) -> RawDxaReport:
    found = reports(*children, **more)
    assert len(found) == 1
    return found[0]


def values(found: RawDxaReport, name: str = "bmd") -> dict[tuple[str, str | None], float | None]:
    return {(row.region, row.side): row.value(name) for row in found.rows if name in row.cells}


def codes(found: RawDxaReport) -> list[str]:
    return [problem.code for problem in found.problems]


def refused(*children: Content, **more: Any) -> str:
    with pytest.raises(ReadError) as caught:
        reports(*children, **more)
    return caught.value.code


def test_read__gives_one_report_for_each_site():
    spine, hip = read(Source(data=spine_and_hip())).reports
    assert (spine.site, spine.side, spine.scan_date) == ("lumbar-spine", None, date(2024, 3, 7))
    assert (hip.site, hip.side, hip.scan_date) == ("hip", "left", date(2024, 3, 5))
    assert (spine.key, hip.key) == ("1.2.3.77/lumbar-spine/2024-03-07", "1.2.3.77/hip/2024-03-05")
    assert (spine.circumstances.scan_mode, hip.circumstances.scan_mode) == ("Standard", "")
    assert (spine.circumstances.reference, hip.circumstances.reference) == ("USA (Combined NHANES/Lunar)", "")
    assert (spine.device.model, spine.device.serial, spine.patient.patient_id) == ("Lunar iDXA", "240111", "PAT-0815")
    assert values(spine) == {("L1", None): 0.912, ("L2", None): 1.022, ("L1-L2", None): 0.969}
    assert values(hip, "z_score") == {("neck", "left"): 0.1, ("total-hip", "left"): 0.3}
    assert spine.problems == hip.problems == ()


def test_read__keeps_text_unit_digits_and_place_of_each_number():
    cell = read(Source(data=spine_and_hip())).reports[0].rows[1].cells["bmc"]
    assert (cell.raw, cell.value, cell.unit, cell.decimals, cell.trust) == ("13.92", 13.92, "g", 2, "text")
    assert cell.place == "content item 1.2.5.2"


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, BIG_ENDIAN])
def test_read__reads_every_plain_transfer_syntax(syntax):
    assert values(one(container("AP Spine", num("L3 BMD", "1.047")), syntax=syntax)) == {("L3", None): 1.047}


def test_read__reads_a_deflated_report():
    import zlib

    plain = report(container("AP Spine", num("L3 BMD", "1.047")))
    start = plain.index(struct.pack("<HH", 0x0008, 0x0005))
    packer = zlib.compressobj(wbits=-15)
    data = part10(packer.compress(plain[start:]) + packer.flush(), DEFLATED)
    assert values(read(Source(data=data)).reports[0]) == {("L3", None): 1.047}


def undefined(content: bytes, tag: int) -> bytes:
    """A sequence of one item, both of undefined length."""
    head = struct.pack("<HH2sHI", tag >> 16, tag & 0xFFFF, b"SQ", 0, UNDEFINED)
    ends = struct.pack("<HHI", 0xFFFE, 0xE00D, 0) + struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
    return head + struct.pack("<HHI", 0xFFFE, 0xE000, UNDEFINED) + content + ends


def test_read__reads_sequences_of_undefined_length():
    inner = data_set(item("CONTAINER", "L2")) + undefined(data_set(num("BMD", "1.022")), 0x0040A730)
    body = data_set({**HEADER, 0x0040A040: ("CS", "CONTAINER")}) + undefined(inner, 0x0040A730)
    assert values(read(Source(data=part10(body, EXPLICIT))).reports[0]) == {("L2", None): 1.022}


@pytest.mark.parametrize(
    ("tree", "place"),
    [
        (num("L1-L4 BMD", "1.022"), ("L1-L4", None)),
        (num("BMD of L2 to L4", "1.022"), ("L2-L4", None)),
        (num("Left Neck Bone Mineral Density", "1.022"), ("neck", "left")),
        (num("Femoral Neck aBMD (g/cm²)", "1.022"), ("neck", None)),
        (num("Left Forearm Radius 33% BMD", "1.022"), ("radius-33", "left")),
        (num("UD Ulna BMD", "1.022"), ("ulna-ud", None)),
        (num("Left Hip BMD", "1.022"), ("hip-unspecified", "left")),
        (num("BMD of Right Femur", "1.022"), ("femur-unspecified", "right")),
        (container("AP Spine", num("BMD", "1.022")), ("spine-unspecified", None)),
        (container("Dual Femur", container("Mean", num("BMD", "1.022"))), ("hip-unspecified", "mean")),
        (num("Left Arm BMD", "1.022"), ("arm", "left")),
        (num("Total Body BMD", "1.022"), ("whole-body", None)),
        (container("Total Body", num("BMD", "1.022")), ("whole-body", None)),
        (container("Total Body", container("L Spine", num("BMD", "1.022"))), ("body-lumbar-spine", None)),
        (container("Right Hip", container("Total", num("BMD", "1.022"))), ("total-hip", "right")),
        (container("Ulna", num("Total BMD", "1.022")), ("ulna-total", None)),
        (container("Dual Femur", container("Neck", num("Right BMD", "1.022"))), ("neck", "right")),
        (container("Dual Femur", container("Neck", container("Mean", num("BMD", "1.022")))), ("neck", "mean")),
        (num("BMD", "1.022", G_CM2, modifier("Finding Site", "First lumbar vertebra")), ("L1", None)),
        (
            num("BMD", "1.022", G_CM2, modifier("Finding Site", "Neck of femur"), modifier("Laterality", "Right")),
            ("neck", "right"),
        ),
        (
            container(
                "Befund",
                modifier("Laterality", "links", "7771000"),
                modifier("Anatomic Region", "Femur"),
                num("Trochanter BMD", "1.022"),
            ),
            ("trochanter", "left"),
        ),
        (container("Bone Mineral Density Results", text("Region", "L2"), num("BMD", "1.022")), ("L2", None)),
    ],
)
def test_read__finds_the_region_of_a_number(tree, place):
    assert values(one(tree)) == {place: 1.022}


def test_read__takes_site_and_side_from_the_header_where_the_tree_is_silent():
    hip = one(num("Total BMD", "0.9"), x00181030=("LO", "Left Femur"))
    assert values(hip) == {("total-hip", "left"): 0.9}
    spine = one(num("L1 BMD", "0.9"), x00200060=("CS", "L"))
    assert values(spine) == {("L1", None): 0.9}
    # A header of another site says nothing about the arm.
    arm = one(
        num("Radius UD BMD", "0.4"), container("Left Femur", num("Neck BMD", "0.8")), x00181030=("LO", "Left Femur")
    )
    assert values(arm) == {("neck", "left"): 0.8}
    assert codes(arm) == ["unknown-region", "values-missing"]


@pytest.mark.parametrize(
    "tree",
    [
        num("BMD", "1.022"),
        num("Total BMD", "1.022"),
        container("Neck", num("Total BMD", "1.022")),
        container("L1", container("L2", num("BMD", "1.022"))),
        container("AP Spine", text("Region", "L1"), text("Region", "L2"), num("BMD", "1.022")),
        container("Lateral Spine", num("BMD", "1.022")),
        container("Somewhere", num("T-score", "-1.2", ONE)),
    ],
)
def test_read__refuses_numbers_that_name_no_region(tree):
    assert refused(tree) == "results-not-understood"


def test_read__leaves_out_a_number_of_an_unknown_region_with_a_note():
    found = one(num("L1 BMD", "1.022"), num("Gruen Zone 3 BMD", "0.744"))
    assert values(found) == {("L1", None): 1.022}
    assert codes(found) == ["unknown-region", "values-missing"]
    assert "1.2" in found.problems[0].message


@pytest.mark.parametrize(
    ("name", "unit", "cell"),
    [
        ("L1 T-score", ONE, "t_score"),
        ("L1 Young Adult T-Score", ONE, "t_score"),
        ("L1 YA T Score", ONE, "t_score"),
        ("L1 Young Adult", ONE, "t_score"),
        ("L1 Young Adult", PER_CENT, "percent_young"),
        ("L1 Young-Adult (%)", PER_CENT, "percent_young"),
        ("L1 % Young", PER_CENT, "percent_young"),
        ("L1 AM Z-Score", ONE, "z_score"),
        ("L1 Age-Matched", ONE, "z_score"),
        ("L1 Age-Matched", PER_CENT, "percent_age"),
        ("L1 Bone Mineral Content", GRAM, "bmc"),
        ("L1 Projected Bone Area", CM2, "area"),
        ("L1 Average Width", ("cm", "UCUM", "cm"), "width"),
        ("L1 Height", ("cm", "UCUM", "cm"), "height"),
    ],
)
def test_read__knows_quantities_by_meaning(name, unit, cell):
    row = one(num("L1 BMD", "1.022"), num(name, "87.5", unit)).rows[0]
    assert set(row.cells) == {"bmd", cell}
    assert row.value(cell) == 87.5


def test_read__knows_published_loinc_codes_whatever_their_words():
    found = num("DXA", "0.812", G_CM2, modifier("Finding Site", "Neck"))
    found[0x0040A043] = code("Densité", "80954-1", "LN")
    assert values(one(found)) == {("neck", None): 0.812}


@pytest.mark.parametrize(
    "name",
    [
        "L1 BMD Change vs Previous",
        "L1 BMD precision",
        "L1 BMD SD",
        "Patient Height",
        "Body Height",
        "TBS L1-L4",
        "L1 sBMD",
        "L1 Volumetric BMD",
    ],
)
def test_read__takes_no_derived_or_foreign_number_for_a_density(name):
    row = one(num("L1 BMD", "1.022"), num(name, "0.5")).rows[0]
    assert {key: cell.value for key, cell in row.cells.items()} == {"bmd": 1.022}


def test_read__passes_over_the_results_of_other_scans():
    trend = container("Trend", day("Measured Date", "20200101"), num("L1 BMD", "0.777"))
    found = one(num("L1 BMD", "1.022"), trend)
    assert values(found) == {("L1", None): 1.022}
    assert found.others == ("results of other scans",)


def test_read__gives_the_numbers_below_a_number_its_region():
    with_score = num("L1 BMD", "1.022", G_CM2, num("T-score", "-1.1", ONE))
    found = one(container("AP Spine", with_score))
    assert (found.rows[0].region, found.rows[0].value("t_score")) == ("L1", -1.1)
    # Within a group of another name it stays open whose score it is.
    within = one(container("AP Spine", num("L1-L4 BMD", "1.0"), container("L1-L4", with_score)))
    assert values(within, "t_score") == {}


def test_read__takes_no_derived_number_for_the_measurement():
    spread = num("BMD", "0.031", G_CM2, modifier("Derivation", "Standard Deviation"))
    mean = num("BMD", "1.022", G_CM2, modifier("Derivation", "Mean"))
    young = container("Young Adult Reference", num("BMD", "1.130"))
    found = one(container("AP Spine", container("L1", spread, mean, young)))
    assert values(found) == {("L1", None): 1.022}
    assert codes(found) == ["unknown-region", "values-missing"]


def test_read__tells_a_comparison_with_a_reference_from_one_with_another_scan():
    score = container("Comparison to Young Adult Reference", num("L1 T-score", "-1.1", ONE))
    other = container("Comparison", num("L1 BMD", "0.777"))
    found = one(container("AP Spine", num("L1 BMD", "1.022"), score, other))
    assert (values(found), values(found, "t_score")) == ({("L1", None): 1.022}, {("L1", None): -1.1})


def test_read__tells_scans_of_two_days_apart():
    first = container("AP Spine", day("Exam Date", "20210102"), num("L1 BMD", "0.991"))
    second = container("AP Spine", day("Exam Date", "20230405"), num("L1 BMD", "1.022"))
    found = reports(first, second)
    assert [(one.scan_date, values(one)) for one in found] == [
        (date(2021, 1, 2), {("L1", None): 0.991}),
        (date(2023, 4, 5), {("L1", None): 1.022}),
    ]


def test_read__takes_the_day_of_observation_where_nothing_else_tells():
    tree = {**num("L1 BMD", "1.022"), 0x0040A032: ("DT", "20240309101500")}
    assert one(tree, x00080020=("DA", "")).scan_date == date(2024, 3, 9)
    assert one(num("L1 BMD", "1.022"), x00080020=("DA", "")).scan_date is None


@pytest.mark.parametrize(
    ("value", "scheme", "meaning", "unit"),
    [
        ("g/cm2", "UCUM", "", "g/cm2"),
        ("g/cm^2", "UCUM", "", "g/cm2"),
        ("g/cm\xb2", "99GEMS", "", "g/cm2"),
        ("g/sqcm", "99GEMS", "", "g/cm2"),
        ("gm/cm2", "99GEMS", "", "g/cm2"),
        ("U-17", "99GEMS", "grams per square centimeter", "g/cm2"),
        ("mg/cm2", "UCUM", "", "mg/cm2"),
        ("furlong", "99GEMS", "", "furlong"),
        ("", "", "", ""),
    ],
)
def test_read__spells_units_in_ucum_and_leaves_unknown_ones_as_they_stand(value, scheme, meaning, unit):
    row = one(num("L1 BMD", "1.022", (value, scheme, meaning))).rows[0]
    assert row.cells["bmd"].unit == unit


def test_read__leaves_the_unit_empty_where_none_is_stated():
    assert one(num("L1 BMD", "1.022", None)).rows[0].cells["bmd"].unit == ""


def test_read__notes_that_an_old_version_has_neither_content_nor_area():
    assert codes(one(num("L1 BMD", "1.022"), num("L1 T-score", "-1.1", ONE))) == ["values-missing"]
    assert codes(one(region("L1", "0.912", "11.40", "12.50", "-1.8", "-0.6"))) == []


def test_read__keeps_a_number_without_value_as_an_empty_cell():
    found = one(num("L1 BMD", "1.022"), num("L1 T-score", "", ONE))
    assert found.rows[0].cells["t_score"].is_empty
    assert codes(found) == ["values-missing"]


def test_read__names_the_total_of_a_spine_by_its_vertebrae():
    found = one(
        container(
            "AP Spine",
            region("L1", "0.912", "11.40", "12.50", "-1.8", "-0.6"),
            region("L2", "1.022", "13.92", "13.62", "-1.5", "-0.2"),
            region("L3", "1.500", "21.00", "14.00", "2.6", "3.9"),
            region("Total", "0.969", "25.32", "26.12", "-1.6", "-0.4"),
        )
    )
    # 11.40 + 13.92 = 25.32 g and 12.50 + 13.62 = 26.12 cm²: L3 was left out.
    assert values(found)[("L1-L2", None)] == 0.969
    alone = one(container("AP Spine", num("Total BMD", "0.969")), container("Left Hip", num("Neck BMD", "0.8")))
    assert (alone.site, codes(alone)) == ("hip", ["values-missing", "unknown-region", "values-missing"])
    assert refused(container("AP Spine", num("Total BMD", "0.969"))) == "results-not-understood"


def test_read__reads_numbers_that_are_written_as_text():
    found = one(text("L1 BMD", "1.022 g/cm2"), text("L1 T-score", "-1,4"), text("L1 BMC", "see page 2"))
    cells = found.rows[0].cells
    assert (cells["bmd"].value, cells["bmd"].unit, cells["t_score"].value) == (1.022, "g/cm2", -1.4)
    assert "bmc" not in cells


def test_read__ignores_items_by_reference():
    by_reference = {**num("L1 BMD", "1.202"), 0x0040DB73: ("UL", b"\1\0\0\0")}
    assert values(one(num("L1 BMD", "1.022"), by_reference)) == {("L1", None): 1.022}


def test_read__states_what_all_containers_of_a_site_agree_on():
    first = container("AP Spine", text("Scan ID", "A0305240B"), text("Scan Mode", "Fast"), num("L1 BMD", "1.022"))
    second = container("AP Spine", text("Scan Mode", "Array"), num("L2 BMD", "1.047"))
    found = one(first, second)
    assert (found.scan_id, found.circumstances.scan_mode) == ("A0305240B", "")
    named = one(
        container("AP Spine", text("Scan ID", "Rita's scan"), text("Protocol", "as Testperson"), num("L1 BMD", "1"))
    )
    assert (named.scan_id, named.circumstances.protocol) == ("", "")


def test_read__refuses_reports_without_densities():
    assert refused(text("Findings", "normal")) == "no-dxa-results"
    assert (
        refused(num("Dose Area Product", "3.1", ("Gym2", "UCUM", "")), num("Cyst Area", "2", CM2)) == "no-dxa-results"
    )
    assert refused(container("Spine Phantom", num("L1 BMD", "1.022"))) == "phantom-scan"


def test_read__bounds_depth_and_count_and_size():
    deep = num("L1 BMD", "1.022")
    for _ in range(15):
        deep = container("AP Spine", deep)
    assert refused(deep) == "sequence-too-deep"
    small: Content = {0x0040A040: ("CS", "TEXT")}
    many = container("AP Spine", *[small] * 150)
    assert refused(*[many] * 140) == "too-large"
    large = text("Comment", "x" * (1 << 20))
    assert refused(large, large) == "too-large"
    for _ in range(9):
        large = container("AP Spine", large)
    assert refused(large) == "too-large"


def test_read__refuses_a_truncated_report():
    with pytest.raises(ReadError) as caught:
        read(Source(data=spine_and_hip()[:-40]))
    assert caught.value.code in ("truncated-file", "malformed-header")


def test_recognises__only_structured_reports():
    data = spine_and_hip()
    assert recognises("x.dcm", data[:4096])
    assert not recognises("x.dcm", data.replace(b"5.1.4.1.1.88.22", b"5.1.4.1.1.7\0\0\0\0")[:4096])
    assert not recognises("x.pdf", b"%PDF 1.2.840.10008.5.1.4.1.1.88.")
