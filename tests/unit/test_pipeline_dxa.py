"""Files of DXA results measured in this process: numbers, or the reason why there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from bonemetrics.pipeline.dxa import MeasuredFile, _header, _Origin, measure_reports, report_of
from bonemetrics.records import DxaPatient, DxaRow, RawDxaReport
from bonemetrics.study.protocol import Protocol
from tests.dxa_cases.hologic_scan import p_records, stream

HEADER = "patient_id,scan_date,site,region,bmd_g_cm2\n"


@pytest.fixture
def measured(tmp_path: Path):
    def measure(content: str | bytes, name: str = "results.csv") -> MeasuredFile:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return measure_reports(path, Protocol(), kind="dxa-report")

    return measure


def test_measure_reports__gives_each_number_once_with_its_source(measured):
    (report,) = measured(HEADER + "P-1,2019-03-14,hip,neck,0.654\n").reports
    (number,) = report.result.measurements
    assert (number.quantity, number.site, number.region, number.value, number.unit) == (
        "aBMD",
        "hip",
        "neck",
        0.654,
        "g/cm2",
    )
    assert report.header.patient_id == "P-1"
    assert "P-1" not in report.result.model_dump_json()


def test_measure_reports__refuses_a_file_that_cannot_be_read_and_keeps_its_hash(measured):
    found = measured(HEADER.replace("scan_date", "scan_day"))
    assert [(problem.code, problem.severity) for problem in found.problems] == [("results-not-understood", "refusal")]
    assert (found.reports, len(found.sha256)) == ((), 64)


def test_measure_reports__refuses_a_report_of_which_no_number_stands(measured):
    # No bone has 9 g/cm²; the note beside the refusal says so.
    (report,) = measured(HEADER + "P-1,2019-03-14,hip,neck,9.0\n").reports
    assert report.result.measurements == ()
    assert report.result.refusal is not None
    assert report.result.refusal.code == "no-certain-number"
    assert "with certainty" in report.result.refusal.message
    assert "cell-refused" in [problem.code for problem in report.result.problems]


def test_measure_reports__refuses_a_scan_whose_results_have_no_public_layout(measured):
    records = {kind: record for kind, record in p_records().items() if kind != 1204}
    found = measured(stream(records), "PB19A05A.P2Q")
    assert [problem.code for problem in found.problems] == ["no-dxa-results"]
    assert found.reports == ()


def test_header__of_a_picture_tells_no_birth_date_and_enrols_nobody():
    # A birth date misread by one digit would make every scan of the person ambiguous.
    person = DxaPatient(patient_id="P-1", birth_date="19511120", sex="F")
    origin = _Origin(kind="dxa-image", sha256="0" * 64, people={}, only_people=False)
    page, typed = (_header(RawDxaReport(route=route, patient=person), origin, 0) for route in ("page-image", "pdf"))
    assert (page.patient_id, page.patient_birth_date, page.patient_sex, page.may_enrol) == ("P-1", "", "", False)
    assert (typed.patient_birth_date, typed.patient_sex, typed.may_enrol) == ("19511120", "F", True)


def test_report_of__a_region_tells_the_site_that_a_source_leaves_out():
    raw = RawDxaReport(route="pdf", rows=(DxaRow(region="total-hip", side="left"),))
    assert report_of(raw).site == "hip"
