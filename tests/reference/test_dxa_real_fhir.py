"""The examples of the US Core guide: LOINC codes, units and numbers as published on its pages."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa import fhir
from bonemetrics.readers.dxa.source import Source

pytestmark = pytest.mark.shared_data


@pytest.fixture
def folder(shared_data: Path) -> Path:
    found = shared_data / "dxa" / "fhir_uscore"
    if not found.is_dir():
        pytest.skip("no FHIR examples")
    return found


def bundle(folder: Path) -> bytes:
    resources = [json.loads(path.read_bytes()) for path in sorted(folder.glob("*.json"))]
    return json.dumps({"resourceType": "Bundle", "entry": [{"resource": one} for one in resources]}).encode()


def test_us_core__every_number_of_the_report_is_read(folder):
    # hl7.org/fhir/us/core, DiagnosticReport-bone-density-report: the table "Report Details".
    (report,) = fhir.read(Source(data=bundle(folder))).reports
    assert [(row.region, row.side, {name: cell.value for name, cell in row.cells.items()}) for row in report.rows] == [
        ("femur-unspecified", "left", {"bmd": 0.631, "t_score": -1.48, "z_score": 0.05}),
        ("hip-unspecified", "left", {"bmd": 0.734, "t_score": -1.62, "z_score": -0.19}),
    ]
    assert {cell.unit for row in report.rows for name, cell in row.cells.items() if name != "bmd"} == {"1"}
    assert {row.cells["bmd"].unit for row in report.rows} == {"g/cm2"}
    assert (report.site, report.side, report.scan_date) == ("hip", "left", date(2021, 11, 10))
    assert [problem.code for problem in report.problems] == ["region-unspecific"]
    assert report.others == ("attached documents, application/pdf: 1",)


def test_us_core__no_name_is_kept(folder):
    single = json.loads((folder / "dxa-hip-l-armass-bmd.json").read_bytes())
    reading = fhir.read(Source(data=bundle(folder)))
    for name in single["subject"]["display"].split():
        assert name not in reading.model_dump_json()


def test_us_core__a_report_alone_says_that_its_results_are_elsewhere(folder):
    data = (folder / "DiagnosticReport-bone-density-report.json").read_bytes()
    assert fhir.recognises("r.json", data[:4096])
    with pytest.raises(ReadError, match="application/pdf") as caught:
        fhir.read(Source(data=data))
    assert caught.value.code == "no-dxa-results"
