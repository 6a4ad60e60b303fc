"""DXA results on the command line: what `inspect` and `measure` say of a file, as JSON and for a person."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bonemetrics.cli.app import app
from tests.dxa_cases import csv_template, hologic_database, hologic_scan

WIDE = {"COLUMNS": "200", "TERM": "dumb"}


def call(*arguments: Any, code: int = 0) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], env=WIDE)
    assert result.exit_code == code, result.output
    return result.stdout


def json_of(*arguments: Any, code: int = 0) -> dict[str, Any]:
    return json.loads(call(*arguments, "--json", code=code))


@pytest.fixture
def p_file(tmp_path: Path) -> Path:
    file = tmp_path / "PB19A05A.P2Q"
    file.write_bytes(hologic_scan.CASE.make())
    return file


def test_measure__gives_a_report_with_the_keys_of_the_contract(p_file):
    shown = json_of("measure", p_file)
    assert (shown["kind"], shown["geometry"], shown["calibration"]) == ("hologic-scan", None, None)
    report = shown["report"]
    assert {"scan_id", "device", "software", "scan_date", "regions"} <= report.keys()
    assert (report["scan_id"], report["scan_date"]) == (hologic_scan.SCAN_ID, "2019-10-05")
    regions = {(region["region"], region["side"]): region for region in report["regions"]}
    assert regions["total-hip", "right"] == {
        "region": "total-hip",
        "side": "right",
        "area_cm2": 31.5,
        "bmc_g": 26.46,
        "bmd_g_cm2": 0.84,
        "t_score": None,
        "z_score": None,
    }
    neck = next(found for found in shown["measurements"] if (found["code"], found["region"]) == ("aBMD", "neck"))
    assert (neck["value"], neck["unit"], neck["site"], neck["side"]) == (0.738, "g/cm2", "hip", "right")
    assert (neck["material"], neck["standard_uncertainty"]) == (None, None)


def test_measure__a_database_gives_reports(tmp_path):
    (tmp_path / "PatScan.mdb").write_bytes(hologic_database.CASE.make())
    shown = json_of("measure", tmp_path / "PatScan.mdb")
    assert shown["kind"] == "hologic-database"
    assert len(shown["reports"]) > 1
    assert "report" not in shown
    ids = {report["scan_id"] for report in shown["reports"]}
    assert {found["scan_id"] for found in shown["measurements"]} <= ids


def test_measure__shows_regions_with_units_and_no_identity(p_file):
    shown = call("measure", p_file)
    assert "area cm²" in shown
    assert "BMD g/cm²" in shown
    assert "total-hip" in shown
    assert "0.840" in shown
    for secret in hologic_scan.CASE.secrets:
        assert secret not in shown


def test_inspect__says_what_a_report_is_and_what_is_noted(tmp_path):
    (tmp_path / "typed.csv").write_bytes(csv_template.CASE.make())
    found = json_of("inspect", tmp_path / "typed.csv")
    assert (found["kind"], found["items"], found["geometry"]) == ("table", [], None)
    assert all(problem["severity"] == "note" for problem in found["problems"])


def test_inspect_and_measure__a_document_that_is_no_report_is_unknown(tmp_path):
    (tmp_path / "letter.json").write_text('{"resourceType": "Bundle", "type": "collection", "entry": []}')
    found = json_of("inspect", tmp_path / "letter.json", code=1)
    assert (found["kind"], found["problems"][0]["code"]) == ("unknown", "no-dxa-results")
    shown = json_of("measure", tmp_path / "letter.json", code=1)
    assert (shown["measurements"], shown["problems"][0]["code"]) == ([], "no-dxa-results")


def test_measure__a_folder_leaves_out_what_is_no_report(p_file):
    (p_file.parent / "letter.json").write_text('{"resourceType": "Bundle", "type": "collection", "entry": []}')
    shown = json_of("measure", p_file.parent)
    assert shown["kind"] == "hologic-scan"


def test_image_without_results__is_noted_when_looked_at_and_refused_when_measured(tmp_path):
    from tests.dicom_bytes import reference_series

    image = reference_series()[0]
    image.elements[0x00080016] = ("UI", "1.2.840.10008.5.1.4.1.1.1")
    image.elements[0x00080060] = ("CS", "CR")
    image.elements[0x00181030] = ("LO", "Left Femur")
    image.elements[0x00280103] = ("US", 0)
    (tmp_path / "image.dcm").write_bytes(image.encode())
    found = json_of("inspect", tmp_path / "image.dcm")
    assert found["kind"] == "dxa-image"
    assert [(problem["code"], problem["severity"]) for problem in found["problems"]] == [
        ("image-without-results", "note")
    ]
    assert "Left Femur" in found["problems"][0]["message"]
    shown = json_of("measure", tmp_path / "image.dcm", code=1)
    assert (shown["measurements"], shown["problems"][0]["code"]) == ([], "no-dxa-results")
