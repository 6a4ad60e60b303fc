from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from bonemetrics import __version__
from bonemetrics.cli.app import app

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "sample_data"
SCANCO = SAMPLE / "input" / "CSM-02" / "baseline"
WITH_RODS = SAMPLE / "input" / "CSM-08" / "baseline"


def call(*words: object, code: int = 0) -> str:
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == code, result.output
    return result.stdout


def json_of(*words: object, code: int = 0) -> dict:
    return json.loads(call(*words, "--json", code=code))


def truth_of(subject: str, visit: str, quantity: str) -> float:
    with (SAMPLE / "truth.csv").open(newline="") as file:
        (row,) = [
            r for r in csv.DictReader(file) if (r["subject"], r["visit"], r["quantity"]) == (subject, visit, quantity)
        ]
    return float(row["value"])


@pytest.fixture(scope="module")
def measured(tmp_path_factory) -> tuple[dict, Path]:
    out = tmp_path_factory.mktemp("out")
    return json_of("measure", SCANCO, "--out", out), out


def test_version_and_help__answer():
    assert call("--version") == f"bonemetrics {__version__}\n"
    assert "measure" in call("--help")


def test_every_command__has_help_with_an_example():
    for name in ("sample", "inspect", "measure", "init", "run", "status", "export", "report", "template", "verify"):
        assert "Example: bonemetrics" in call(name, "--help")


def test_help__loads_nothing_heavy():
    code = "import sys; from bonemetrics.cli.app import app; print([m for m in sys.modules if m in sys.argv])"
    heavy = ("numpy", "scipy", "pydicom", "matplotlib", "sqlalchemy", "pyarrow", "pydantic", "nibabel")
    done = subprocess.run([sys.executable, "-c", code, *heavy], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_inspect__a_folder_of_one_series_is_that_series_and_its_only_item():
    found = json_of("inspect", SCANCO)
    assert found["kind"] == "ct-series"
    assert found["path"] == str(SCANCO)
    assert found["geometry"]["spacing_mm"] == pytest.approx([0.25, 0.25, 0.25])
    assert found["calibration"]["method"] == "scanner"
    assert [item["kind"] for item in found["items"]] == ["ct-series"]


def test_inspect__a_folder_of_several_lists_each_series():
    found = json_of("inspect", SAMPLE / "input", code=1)  # dates of a table have two readings without a study
    kinds = [item["kind"] for item in found["items"]]
    assert [(kind, kinds.count(kind)) for kind in sorted(set(kinds))] == [
        ("ct-series", 4),
        ("dxa-report", 12),
        ("hologic-scan", 2),
        ("table", 7),
    ]
    assert all((item["geometry"] is not None) == (item["kind"] == "ct-series") for item in found["items"])


def test_inspect__what_is_none_of_ours_is_refused_with_a_code(tmp_path):
    (tmp_path / "notes.txt").write_text("nothing to see")
    found = json_of("inspect", tmp_path / "notes.txt", code=1)
    assert (found["kind"], found["items"]) == ("unknown", [])
    assert found["problems"][0]["code"] == "unknown-format"
    assert json_of("inspect", tmp_path / "missing", code=1)["problems"][0]["code"] == "not-found"


def test_measure__gives_the_true_densities_and_areas_of_a_known_scan(measured):
    shown, _ = measured
    values = {found["code"]: found for found in shown["measurements"] if found["code"] != "vBMD"}
    for code, allowed in (
        ("Tb.vBMD", 2.0),
        ("Tt.vBMD", 3.0),
        ("Tt.Ar", 0.02 * truth_of("CSM-02", "Baseline", "Tt.Ar")),
    ):
        assert values[code]["value"] == pytest.approx(truth_of("CSM-02", "Baseline", code), abs=allowed)
        assert values[code]["standard_uncertainty"] > 0
    assert values["Tb.vBMD"] | {"value": 0, "standard_uncertainty": 0, "side": ""} == {
        "code": "Tb.vBMD", "value": 0, "unit": "mg/cm3", "material": "HA", "site": "radius", "side": "",
        "region": "trabecular", "standard_uncertainty": 0,
    }  # fmt: skip
    assert {found["region"] for found in shown["measurements"]} == {"total", "trabecular", "cortical", "central-45"}


def test_measure__says_how_the_scan_lies_and_was_calibrated(measured):
    shown, _ = measured
    assert shown["kind"] == "ct-series"
    affine = np.array(shown["geometry"]["affine_lps"])
    assert affine.shape == (4, 4)
    assert np.linalg.norm(affine[:3, :3], axis=0) == pytest.approx(shown["geometry"]["spacing_mm"])
    assert shown["calibration"]["method"] == "scanner"
    assert shown["calibration"]["material"] == "HA"


def test_measure__leaves_labels_preview_picture_and_provenance_without_identity(measured):
    _, out = measured
    names = {"labels-0001.nii.gz", "density-preview.nii.gz", "qc.png", "provenance.json"}
    assert {path.name for path in out.iterdir()} == names
    provenance = json.loads((out / "provenance.json").read_text())
    assert provenance["measurements"][0]["provenance"]["software_version"] == __version__
    assert not {"patient_id", "patient_birth_date", "patient_sex"} & set(provenance["facts"]["header"])


def test_measure__finds_the_rods_and_takes_another_calibration_when_told():
    by_rods = json_of("measure", WITH_RODS)
    assert by_rods["calibration"]["method"] == "phantom"
    assert by_rods["calibration"]["r2"] > 0.99
    given = json_of("measure", WITH_RODS, "--calibration", "slope=0.8,intercept=-3,material=K2HPO4", code=1)[
        "calibration"
    ]
    assert (given["method"], given["slope"], given["intercept"], given["material"]) == ("given", 0.8, -3.0, "K2HPO4")


def test_measure__a_threshold_of_another_material_is_refused():
    refused = json_of("measure", WITH_RODS, "--calibration", "slope=0.8,intercept=-3,material=Stratec", code=1)
    assert refused["measurements"] == []
    assert "material-mismatch" in [problem["code"] for problem in refused["problems"]]


def test_measure__an_override_stands_in_the_provenance_of_every_number(tmp_path):
    call("measure", SCANCO, "--set", "density.edge=plain", "--out", tmp_path)
    found = json.loads((tmp_path / "provenance.json").read_text())["measurements"]
    assert all(m["provenance"]["parameters"]["overrides"] == {"density.edge": "plain"} for m in found)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--set", "tissue.treshold=300"), "threshold"),
        (("--set", "nothing"), "SECTION.KEY=VALUE"),
        (("--calibration", "slope=1"), "material=HA"),
    ],
)
def test_measure__wrong_usage_is_exit_code_2_and_says_what_is_right(words, said):
    result = CliRunner().invoke(app, ["measure", str(SCANCO), *words])
    assert result.exit_code == 2
    assert said in result.stderr


def test_measure__labels_belong_to_one_scan(measured):
    labels = measured[1] / "labels-0001.nii.gz"
    result = CliRunner().invoke(app, ["measure", str(SAMPLE / "input"), "--labels", str(labels)])
    assert result.exit_code == 2
    assert "4 series lie here" in result.stderr


def test_measure__a_folder_of_several_scans_gives_several_results():
    shown = json_of("measure", SAMPLE / "input" / "CSM-02")
    assert [len(scan["measurements"]) > 0 for scan in shown["scans"]] == [True] * 10
    assert sum(scan["geometry"] is not None for scan in shown["scans"]) == 2
    assert sum("report" in scan for scan in shown["scans"]) == 8


def test_measure__an_empty_folder_has_nothing_to_measure(tmp_path):
    shown = json_of("measure", tmp_path, code=1)
    assert shown["measurements"] == []
    assert shown["problems"]


@pytest.mark.parametrize("command", ["inspect", "measure"])
def test_folder_without_anything_of_ours__is_refused(command, tmp_path):
    (tmp_path / "letter.txt").write_text("dear colleague")
    (tmp_path / "scan").symlink_to(SCANCO, target_is_directory=True)
    shown = json_of(command, tmp_path, code=1)
    assert shown["kind"] == "unknown"
    assert [problem["code"] for problem in shown["problems"]] == ["unknown-format", "links-skipped"]


@pytest.mark.skipif(sys.platform != "linux", reason="file names are bytes only on Linux")
def test_json__is_valid_although_a_file_name_is_no_text(tmp_path):
    folder = os.fsencode(tmp_path) + b"/f\xff [bold]\n"
    Path(os.fsdecode(folder)).mkdir()
    words = [sys.executable, "-m", "bonemetrics", "inspect", folder, "--json"]
    done = subprocess.run(words, capture_output=True, check=False)
    assert done.returncode == 1, done.stderr
    assert os.fsencode(json.loads(done.stdout.decode("ascii"))["path"]) == folder


def test_study__from_scans_to_table_and_again(tmp_path):
    study, tables = tmp_path / "study", tmp_path / "tables"
    call("init", study, "--protocol", SAMPLE / "study.toml")
    first = json_of("run", study, SAMPLE / "input", "--workers", 2)
    # Four scans, 14 files of DXA reports and seven tables.
    assert (first["read"], first["measured"], first["refused"], first["failed"]) == (25, 25, [], [])
    again = json_of("run", study, SAMPLE / "input")
    assert (again["read"], again["measured"]) == (0, 0)
    assert json_of("status", study) == {"scans": 18, "waiting": 4, "reviewed": 0, "failed": []}
    call("export", study, tables, "--format", "csv,parquet")
    with (tables / "density.csv").open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert {row["subject"] for row in rows} == {"CSM-02", "CSM-08"}
    assert {row["visit"] for row in rows} == {"Baseline", "Month 24"}
    for row in rows:
        if row["quantity"] == "Tb.vBMD":
            assert float(row["value"]) == pytest.approx(truth_of(row["subject"], row["visit"], "Tb.vBMD"), abs=4.0)
    call("verify", study)


def test_export__an_unknown_format_is_one_clear_line(tmp_path):
    call("init", tmp_path / "study")
    result = CliRunner().invoke(app, ["export", str(tmp_path / "study"), str(tmp_path / "o"), "--format", "xlsx"])
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    assert "'xlsx'" in result.stderr
    assert "csv, parquet, xpt, redcap, dataset-json, sdtm" in result.stderr


def test_report__is_one_page_and_its_figures(tmp_path):
    call("init", tmp_path / "study", "--protocol", SAMPLE / "study.toml")
    call("run", tmp_path / "study", SAMPLE / "input" / "tables" / "laboratory.csv")
    assert "report.html" in call("report", tmp_path / "study", tmp_path / "report")
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert "Serum NTX" in page
    assert any((tmp_path / "report" / "figures").iterdir())


def test_measure__a_region_counts_from_the_distal_end_that_the_protocol_names():
    rule = ("--set", "region.rule=slices", "--set", "region.first=0", "--set", "region.last=3")
    refused = json_of("measure", SCANCO, *rule, code=1)
    assert refused["problems"][0]["code"] == "distal-end-unknown"
    areas = {}
    for end in ("feet", "head"):
        shown = json_of("measure", SCANCO, *rule, "--set", f"region.distal={end}")
        values = {found["code"]: found["value"] for found in shown["measurements"]}
        assert values["N.Sl"] == 4
        areas[end] = values["Tt.Ar"]
    # The sample's arms hang down: the radius is widest at the hand, towards the feet.
    assert areas["feet"] > 1.02 * areas["head"]
