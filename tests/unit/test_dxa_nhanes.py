from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence

import pytest

from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa import nhanes, nhanes_transport
from bonemetrics.readers.dxa.source import Source
from bonemetrics.records import DxaReading
from tests.dxa_cases.nhanes import SPINE_COLUMNS, SPINE_LINES, Value, ibm, make, transport

FEMUR = (
    *("SEQN", "DXAFMRST", "DXXFMBCC", "DXXOFBMD", "DXXOFBMC", "DXXOFA", "DXXNKBMD", "DXXNKBMC", "DXXNKA"),
    *("DXXTRBMD", "DXXTRBMC", "DXXTRA", "DXXINBMD", "DXXINBMC", "DXXINA", "DXXWDBMD", "DXXWDBMC", "DXXWDA"),
    *("DXAFMRK", "DXAFMRD0"),
)
HIP = (
    *(0.871, 29.73, 34.133, 0.742, 3.61, 4.865),
    *(0.651, 7.02, 10.783, 1.032, 19.1, 18.508, 0.512, 0.58, 1.133),
    *(1.1402, 42.75),
)


def read(columns: Sequence[str], *lines: Sequence[Value]) -> DxaReading:
    return nhanes.read(Source(data=transport("DXXFEM_Q", columns, lines), name="DXXFEM_Q.xpt"))


def codes(reading: DxaReading) -> list[str]:
    return [problem.code for item in (reading, *reading.reports) for problem in item.problems]


def refusal(columns: Sequence[str], *lines: Sequence[Value]) -> ReadError:
    with pytest.raises(ReadError) as caught:
        read(columns, *lines)
    return caught.value


def test_ibm__worked_by_hand():
    # 118.625 is 76.A in base 16, so the fraction is .76A and the power 2: 64 + 2 = 0x42, with the sign 0xC2.
    assert ibm(-118.625).hex() == "c276a00000000000"
    # 1 is .1 in base 16 times 16.
    assert ibm(1.0).hex() == "4110000000000000"


def test_read__keeps_binary_numbers_to_the_last_bit():
    (report,) = read(FEMUR, (910501.0, 1.0, 0.0, *HIP)).reports
    assert (report.site, report.side, report.device.manufacturer) == ("hip", None, "HOLOGIC")
    assert (report.circumstances.k, report.circumstances.d0) == (1.1402, 42.75)
    assert [(row.region, row.value("bmd"), row.value("bmc"), row.value("area")) for row in report.rows] == [
        ("neck", 0.742, 3.61, 4.865),
        ("trochanter", 0.651, 7.02, 10.783),
        ("intertrochanter", 1.032, 19.1, 18.508),
        ("wards", 0.512, 0.58, 1.133),
        ("total-hip", 0.871, 29.73, 34.133),
    ]
    cell = report.rows[0].cells["bmd"]
    assert (cell.raw, cell.unit, cell.decimals, cell.trust, cell.place) == (
        "0.742",
        "g/cm2",
        None,
        "exact",
        "DXXNKBMD line 1",
    )
    assert report.patient.patient_id == "910501"
    assert report.scan_date is None


def test_read__goes_by_the_names_of_columns():
    turned = read(FEMUR[::-1], (910501.0, 1.0, 0.0, *HIP)[::-1]).reports[0]
    assert turned == read(FEMUR, (910501.0, 1.0, 0.0, *HIP)).reports[0]


def test_read__keeps_vertebrae_beside_an_invalid_one_and_leaves_the_total_empty():
    reading = nhanes.read(Source(data=make()))
    whole, partial = reading.reports
    assert whole.included == ("L1", "L2", "L3", "L4")
    assert whole.rows[4].value("bmd") == 0.892
    assert partial.included == ()
    assert [row.value("bmd") for row in partial.rows] == [0.702, 0.744, None, 0.803, None]
    assert [problem.message for problem in partial.problems] == [
        "marked as invalid by the survey, with its code: L3 (6)"
    ]
    assert [problem.code for problem in reading.problems] == ["scans-without-results", "marked-invalid"]


def test_read__empties_a_number_that_stands_although_it_is_marked_invalid():
    line = list(SPINE_LINES[0])
    line[SPINE_COLUMNS.index("DXXL2BCC")] = 4.0
    (report,) = nhanes.read(Source(data=transport("S", SPINE_COLUMNS, [line]))).reports
    assert report.rows[1].value("bmd") is None
    assert report.rows[1].cells["bmd"].raw == "0.881"
    assert [problem.code for problem in report.problems] == ["marked-invalid"]


def test_read__takes_a_missing_validity_code_for_no_valid_one():
    (report,) = read(
        (*FEMUR[:3], "DXXNKBMD", *SPINE_COLUMNS[1:4], "DXXL1BMD"),
        (910501.0, 1.0, None, 0.742, 1.0, 0.0, 0.0, 0.812),
    ).reports
    assert report.site == "lumbar-spine"


@pytest.mark.parametrize("missing", [None, "A", "Z", "_"])
def test_read__takes_every_kind_of_missing_for_an_empty_cell(missing):
    line = (910501.0, 1.0, 0.0, missing, *HIP[1:])
    (report,) = read(FEMUR, line).reports
    assert report.rows[4].cells["bmd"].is_empty
    assert report.rows[4].value("bmc") == 29.73


def test_read__keeps_zero_as_zero():
    # A region of which nothing was found; another library makes 5.4e-79 of it.
    line = (910501.0, 1.0, 0.0, *HIP[:6], 0.0, 0.0, 0.0, *HIP[9:])
    (report,) = read(FEMUR, line).reports
    assert report.rows[1].value("bmd") == 0.0
    assert report.rows[1].value("area") == 0.0


def test_read__takes_the_smallest_number_of_a_mainframe_for_zero():
    # Validity 0 that was written so is still valid.
    (report,) = read(FEMUR, (910501.0, 1.0, 16.0**-65, 16.0**-65, *HIP[1:])).reports
    assert report.rows[4].value("bmd") == 0.0
    assert report.rows[4].value("bmc") == 29.73


def test_read__passes_over_scans_that_are_invalid_unknown_or_absent():
    lines = [
        (1.0, 1.0, 0.0, *HIP),
        (2.0, 2.0, 6.0, *HIP),
        (3.0, 4.0, None, *HIP),
        (4.0, None, None, *HIP),
        (5.0, 1.0, 0.0, *(None for _ in HIP)),
    ]
    reading = read(FEMUR, *lines)
    assert [report.patient.patient_id for report in reading.reports] == ["1"]
    assert [problem.message for problem in reading.problems] == [
        "hip: 2 participants were not scanned or have no number",
        "hip: 1 scans marked as invalid and 1 of unknown status were passed over",
    ]


def test_read__gives_whole_body_regions_with_their_sides():
    columns = (
        *(
            "SEQN",
            "DXAEXSTS",
            "DXAHEBV",
            "DXXHEBMD",
            "DXALABV",
            "DXXLABMD",
            "DXARABV",
            "DXXRABMD",
            "DXATRBV",
            "DXXLRBMD",
        ),
        *("DXXLSBMD", "DXDTRBMD", "DXDTOA", "DXDTOBMC", "DXDTOBMD"),
    )
    line = (77.0, 1.0, 0.0, 2.11, 1.0, 0.71, 0.0, 0.72, 0.0, 0.61, 0.93, 0.87, 1987.5, 2109.25, 1.0613)
    (report,) = read(columns, line).reports
    assert [(row.region, row.side, row.value("bmd")) for row in report.rows] == [
        ("head", None, 2.11),
        ("arm", "left", None),
        ("arm", "right", 0.72),
        ("ribs", "left", 0.61),
        ("body-lumbar-spine", None, 0.93),
        ("trunk", None, 0.87),
        ("whole-body", None, 1.0613),
    ]
    assert (report.rows[-1].value("area"), report.rows[-1].value("bmc")) == (1987.5, 2109.25)
    assert report.problems[0].message.endswith("arm left (1)")


@pytest.mark.parametrize("doubled", [True, False], ids=["_MULT_", "the same participant twice"])
def test_read__refuses_imputed_copies(doubled):
    columns = (*FEMUR, "_MULT_") if doubled else FEMUR
    lines = [(910501.0, 1.0, 0.0, *HIP, 1.0)[: len(columns)], (910501.0, 1.0, 0.0, *HIP, 2.0)[: len(columns)]]
    error = refusal(columns, *(lines[:1] if doubled else lines))
    assert error.code == "results-not-understood"
    assert "five sets of imputed numbers" in error.message


@pytest.mark.parametrize(
    ("columns", "line", "code"),
    [
        (("SEQN", "BPXSY1"), (1.0, 120.0), "no-dxa-results"),
        (("SEQN", "DXXNKBMD"), (1.0, 0.742), "results-not-understood"),
        (("DXAFMRST", "DXXNKBMD"), (1.0, 0.742), "results-not-understood"),
        (("SEQN", "DXAFMRST", "DXXNKBMD"), (1.5, 1.0, 0.742), "results-not-understood"),
        (("SEQN", "DXAFMRST", "DXXNKBMD"), (None, 1.0, 0.742), "results-not-understood"),
        (("SEQN", "DXAFMRST", "DXXNKBMD"), (1.0, 2.0, 0.742), "no-dxa-results"),
        (("SEQN", "DXAFMRST", "DXXNKBMD", "DXXNKBMD"), (1.0, 1.0, 0.742, 0.743), "results-not-understood"),
    ],
    ids=["blood pressure", "no status", "no SEQN", "half SEQN", "missing SEQN", "none valid", "same name"],
)
def test_read__refuses_a_table_that_it_cannot_read(columns, line, code):
    assert refusal(columns, line).code == code


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (make()[:-3], "truncated-file"),
        (make()[:-240], "truncated-file"),
        (make()[:560], "malformed-document"),
        (make()[:240] + b"?" * 400 + make()[640:], "malformed-document"),
        (make().replace(SPINE_COLUMNS[1].encode(), b"\0" + SPINE_COLUMNS[1][1:].encode()), "malformed-document"),
        (make() + make()[240:], "results-not-understood"),
        (b"SEQN,DXAFMRST", "malformed-document"),
    ],
    ids=["record", "line", "header", "garbage", "no name", "two tables", "csv"],
)
def test_read__refuses_a_damaged_file(data, code):
    with pytest.raises(ReadError) as caught:
        nhanes.read(Source(data=data))
    assert caught.value.code == code


def test_read__refuses_what_is_larger_than_the_survey(monkeypatch):
    monkeypatch.setattr(nhanes_transport, "MAX_ROWS", 2)
    with pytest.raises(ReadError) as lines:
        nhanes.read(Source(data=make()))
    monkeypatch.setattr(nhanes_transport, "MAX_TRANSPORT_BYTES", 1000)
    with pytest.raises(ReadError) as size:
        nhanes.read(Source(data=make()))
    assert (lines.value.code, size.value.code) == ("too-large", "too-large")


def test_read__reads_version_8_as_version_5():
    eight, five = (
        nhanes.read(Source(data=transport("F", FEMUR, [(1.0, 1.0, 0.0, *HIP)], version=version))) for version in (8, 5)
    )
    assert eight == five
    with pytest.raises(ReadError) as caught:
        nhanes.read(Source(data=transport("F", FEMUR, [(1.0, 1.0, 0.0, *HIP)], version=8)[:-80]))
    assert caught.value.code == "truncated-file"


def test_read__takes_three_thousand_participants_in_seconds():
    data = transport("F", FEMUR, [(float(number), 1.0, 0.0, *HIP) for number in range(1, 3001)])
    start = time.process_time()
    assert len(nhanes.read(Source(data=data)).reports) == 3000
    assert time.process_time() - start < 6.0


def test_read__needs_no_pandas():
    code = "import sys; sys.modules['pandas'] = None; from tests.dxa_cases.nhanes import make; "
    code += "from bonemetrics.readers.dxa import nhanes; from bonemetrics.readers.dxa.source import Source; "
    code += "assert len(nhanes.read(Source(data=make())).reports) == 2"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (make()[:4096], True),
        (transport("F", FEMUR, [])[:4096], True),
        (transport("BPX", ("SEQN", "BPXSY1"), [(1.0, 120.0)])[:4096], False),
        (make()[:640], False),
        (b"DXXNKBMD ", False),
        (b"", False),
    ],
)
def test_recognises__tables_of_the_survey(start, expected):
    assert nhanes.recognises("x.xpt", start) is expected
