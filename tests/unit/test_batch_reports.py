"""DXA reports in a run: stored once, left alone while nothing changed, taken back when their file changes."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from bonemetrics.batch import verify
from bonemetrics.batch.execute import run_study
from bonemetrics.batch.guard import GIB, Limits, start_guarded
from bonemetrics.batch.look import SeenReports
from bonemetrics.batch.reports import ReportFiles, report_settings
from bonemetrics.batch.summary import RunSummary
from bonemetrics.batch.verify import verify_study
from bonemetrics.errors import ReadError
from bonemetrics.outcomes.export import export_study
from bonemetrics.pipeline.dxa import MeasuredFile, MeasuredReport
from bonemetrics.records import DxaReport, ScanHeader, ScanResult, refusal
from bonemetrics.study.create import init_study
from bonemetrics.study.placement import place_scans
from bonemetrics.study.protocol import Protocol
from bonemetrics.study.store import Store
from tests.dxa_cases import hologic_scan

LIMITS = Limits(seconds=120.0, memory_bytes=GIB)
HEADER = "patient_id,scan_date,site,side,region,area_cm2,bmc_g,bmd_g_cm2,t_score,scan_id,serial\n"
SPINE = "P-11,2019-10-05,lumbar-spine,,L1-L4,50.00,41.00,0.820,-2.1,S7,73519M\n"
HIP = "P-12,2019-10-06,hip,left,total-hip,31.50,26.46,0.840,-1.2,S8,73519M\n"
PROTOCOL = """
[study]
id = "TEST"
subjects = "subjects.csv"
[[visits]]
name = "Baseline"
number = 0
window = [-60, 1]
baseline = true
[[parameters]]
paramcd = "LSBMD"
param = "Lumbar spine BMD"
quantity = "aBMD"
site = "lumbar-spine"
region = "L1-L4"
[[parameters]]
paramcd = "THBMDL"
param = "Total hip BMD, left"
quantity = "aBMD"
site = "hip"
region = "total-hip"
side = "left"
"""


@pytest.fixture
def study(tmp_path: Path) -> Path:
    (tmp_path / "study.toml").write_text(PROTOCOL, encoding="utf-8")
    (tmp_path / "subjects.csv").write_text(
        "subject,day1,patient_ids\nS-1,2019-10-10,P-11;INV-4711-Q\nS-2,2019-10-11,P-12\n", encoding="utf-8"
    )
    return init_study(tmp_path / "study", tmp_path / "study.toml").root


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    folder = tmp_path / "input"
    folder.mkdir()
    (folder / "results.csv").write_text(HEADER + SPINE + HIP, encoding="utf-8")
    return folder


def run(study: Path, *inputs: Path, **options: Any):
    return run_study(study, inputs, **{"workers": 2, "limits": LIMITS} | options)


def numbers(study: Path) -> dict[tuple[str, str, str | None, str], float]:
    store = Store.open(study)
    return {
        (scan.subject, found.region, found.side, found.quantity): found.value
        for scan in place_scans(store.scans(), store.protocol)
        for found in scan.measurements
    }


def test_run_study__stores_reports_by_subject_and_leaves_them_alone_afterwards(study, inputs):
    first = run(study, inputs)
    assert (first.read, first.measured, first.refused, first.failed) == (2, 2, [], [])
    assert numbers(study) == {
        ("S-1", "L1-L4", None, "aBMD"): 0.820,
        ("S-1", "L1-L4", None, "BMC"): 41.0,
        ("S-1", "L1-L4", None, "Area"): 50.0,
        ("S-1", "L1-L4", None, "T-score"): -2.1,
        ("S-2", "total-hip", "left", "aBMD"): 0.840,
        ("S-2", "total-hip", "left", "BMC"): 26.46,
        ("S-2", "total-hip", "left", "Area"): 31.5,
        ("S-2", "total-hip", "left", "T-score"): -1.2,
    }
    again = run(study, inputs)
    assert (again.read, again.measured, again.up_to_date) == (0, 0, 2)
    assert verify_study(study) == ()
    counts = Store.open(study).counts()
    assert (counts.measured, counts.waiting, counts.reviewed) == (2, 0, 0)


def test_run_study__tells_no_identity_of_a_report(study, inputs):
    run(study, inputs)
    stored = (study / "study.db").read_bytes() + b"".join(path.read_bytes() for path in study.glob("study.db-*"))
    assert b"P-11" not in stored.replace(b"results.csv", b"")
    assert {scan.result.report.subject for scan in Store.open(study).scans()} == {"S-1", "S-2"}


def test_run_study__takes_back_what_a_changed_file_no_longer_says(study, inputs):
    run(study, inputs)
    (inputs / "results.csv").write_text(HEADER + SPINE.replace("41.00,0.820", "40.00,0.800"), encoding="utf-8")
    run(study, inputs)
    found = numbers(study)
    assert found["S-1", "L1-L4", None, "aBMD"] == 0.800
    assert {subject for subject, *_ in found} == {"S-1"}
    assert len(found) == 4
    assert verify_study(study) == ()
    store = Store.open(study)
    assert store.failures() == ()
    assert any("no longer holds" in (row.reason or "") for row in store.audit_rows())


def test_run_study__takes_a_copy_of_a_file_once(study, inputs):
    (inputs / "copy.csv").write_bytes((inputs / "results.csv").read_bytes())
    summary = run(study, inputs)
    assert (summary.measured, summary.skipped, summary.refused) == (2, 2, [])
    assert len(numbers(study)) == 8


def test_run_study__refuses_a_copy_with_other_numbers(study, inputs):
    (inputs / "results.csv").unlink()
    records = hologic_scan.p_records()
    (inputs / "a.P01").write_bytes(hologic_scan.stream(records))
    changed = {**hologic_scan.HIP, "NECK": (5.0, 3.75, 0.75), "HTOT": (31.5, 26.52, 26.52 / 31.5)}
    records[1204] = hologic_scan.hip_record(changed)
    (inputs / "b.P01").write_bytes(hologic_scan.stream(records))
    summary = run(study, inputs)
    assert summary.measured == 1
    assert [(Path(entry.path).name, entry.code) for entry in summary.refused] == [("b.P01", "contradicting-copy")]
    assert numbers(study)["S-1", "neck", "right", "aBMD"] == 0.738
    assert [entry.code for entry in run(study, inputs).refused] == ["contradicting-copy"]


def test_run_study__counts_a_scan_once_that_came_by_two_routes(study, inputs):
    (inputs / "a.P01").write_bytes(hologic_scan.stream(hologic_scan.p_records()))
    row = f"INV-4711-Q,2019-10-05,hip,right,{{}},{hologic_scan.SCAN_ID},73519M\n"
    (inputs / "results.csv").write_text(
        HEADER + row.format("neck,5.00,3.69,0.738,-1.0") + row.format("total-hip,31.50,26.46,0.849,-0.9"),
        encoding="utf-8",
    )
    run(study, inputs)
    found = numbers(study)
    assert found["S-1", "neck", "right", "aBMD"] == 0.738
    assert found["S-1", "total-hip", "right", "aBMD"] == 0.84  # of the P file; the table says 0.849
    assert found["S-1", "total-hip", "right", "T-score"] == -0.9  # only the table has it
    store = Store.open(study)
    placed = place_scans(store.scans(), store.protocol)
    told = [
        (problem.code, number.region)
        for scan in placed
        for number in scan.measurements
        for problem in number.provenance.notes
        if problem.code == "routes-disagree"
    ]
    assert told == [("routes-disagree", "total-hip")]
    assert any(problem.code == "several-routes" for scan in placed for problem in scan.notes)


def test_run_study__refuses_reports_of_strangers_and_lists_them_again(study, inputs):
    (inputs / "results.csv").write_text(HEADER + SPINE.replace("P-11", "P-99") + HIP, encoding="utf-8")
    for _ in range(2):
        summary = run(study, inputs)
        assert [entry.code for entry in summary.refused] == ["unknown-subject"]
        assert "P-99" not in summary.refused[0].message
        assert summary.refused[0].message.endswith("(lumbar-spine, 2019-10-05, S7)")
    table = study / "subjects.csv"
    table.write_text(table.read_text(encoding="utf-8").replace("P-11", "P-99"), encoding="utf-8")
    assert run(study, inputs).measured == 2


def test_run_study__passes_over_documents_that_are_no_reports_and_refuses_damaged_ones(study, inputs):
    (inputs / "results.csv").unlink()
    (inputs / "notes.json").write_text('{"resourceType": "Patient", "id": "x"}', encoding="utf-8")
    (inputs / "damaged.mdb").write_bytes(b"\0\1\0\0Standard Jet DB\0" + bytes(4077))
    summary = run(study, inputs)
    assert [Path(entry.path).name for entry in summary.refused] == ["damaged.mdb"]
    assert summary.refused[0].code == "truncated-file"
    assert summary.skipped == 1


def test_run_study__judges_anew_when_its_rules_change(study, inputs):
    run(study, inputs)
    summary = run(study, inputs, overrides=["dxa.vertebra_t_difference=2.0"])
    assert summary.read == 2
    assert report_settings(Protocol()) != report_settings(Protocol().with_overrides(["dxa.dates=dmy"]))
    assert report_settings(Protocol()) == report_settings(Protocol().with_overrides(["tissue.threshold=300"]))


def test_verify_study__sees_a_changed_report_file(study, inputs):
    run(study, inputs)
    (inputs / "results.csv").write_text(HEADER + SPINE.replace("41.00", "42.00") + HIP, encoding="utf-8")
    faults = verify_study(study)
    assert len(faults) == 2
    assert all("the input is not the one that was measured" in fault for fault in faults)


def test_export_study__writes_dxa_rows_with_paramcd_and_source(study, inputs, tmp_path):
    run(study, inputs)
    export_study(study, tmp_path / "tables")
    with (tmp_path / "tables" / "dxa.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    spine = next(row for row in rows if row["quantity"] == "aBMD" and row["region"] == "L1-L4")
    assert (spine["subject"], spine["visit"], spine["paramcd"], spine["raw"]) == ("S-1", "Baseline", "LSBMD", "0.820")
    assert (spine["route"], spine["trust"], spine["serial"], spine["device_scan_id"]) == ("csv", "text", "73519M", "S7")
    # Menopause is not known, so nothing says whether T or Z counts; one combination alone excludes no vertebra.
    assert (spine["score"], spine["category"]) == ("", "")
    hip = next(row for row in rows if row["quantity"] == "aBMD" and row["region"] == "total-hip")
    assert (hip["paramcd"], hip["side"]) == ("THBMDL", "left")
    with (tmp_path / "tables" / "density.csv").open(encoding="utf-8-sig", newline="") as file:
        density = list(csv.DictReader(file))
    assert len(density) == len(rows) == 8
    assert {row["review_status"] for row in density} == {"not-applicable"}
    assert {row["series_uid"] for row in density} == {""}


def test_export_study__says_by_which_score_and_category_a_report_counts(study, inputs, tmp_path):
    text = (study / "study.toml").read_text(encoding="utf-8")
    (study / "study.toml").write_text(text + "[dxa]\npostmenopausal = true\n", encoding="utf-8")
    # T is -2.6 by the total alone; L1 to L4 lie within 1.0 of each other, so all four count.
    levels = "".join(
        f"P-11,2019-10-05,lumbar-spine,,L{n},,,,{t},S7,73519M\n" for n, t in enumerate((-2.4, -2.9, -2.5, -2.2), 1)
    )
    (inputs / "results.csv").write_text(
        HEADER.replace("serial", "serial,sex")
        + (SPINE.replace("-2.1", "-2.6") + levels).replace("73519M\n", "73519M,F\n"),
        encoding="utf-8",
    )
    run(study, inputs)
    export_study(study, tmp_path / "tables")
    with (tmp_path / "tables" / "dxa.csv").open(encoding="utf-8-sig", newline="") as file:
        told = {(row["evaluable"], row["score"], row["category"]) for row in csv.DictReader(file)}
    assert told == {("L1-L4", "T", "osteoporosis")}


def test_store_all__keeps_pictures_of_doubtful_cells_for_the_reviewer(study, tmp_path):
    store = Store.open(study)
    header = ScanHeader(patient_id="P-11", study_uid="", series_uid="dxa-1", scan_date=date(2019, 10, 5))
    report = DxaReport(route="page-image", site="lumbar-spine", scan_date=date(2019, 10, 5))
    told = refusal(ReadError("not one number", code="no-certain-number"))
    measured = MeasuredReport(
        header=header,
        result=ScanResult(kind="dxa-report", report=report, problems=(told,)),
        pictures={"cell-L1-bmd.png": b"\x89PNG"},
    )
    page = SeenReports(str(tmp_path / "page.png"), "dxa-image")
    files = ReportFiles(
        store=store, limits=LIMITS, workers=1, run_id="r", summary=RunSummary(), on_progress=lambda *_: None
    )
    files.read = [(page, MeasuredFile(kind="dxa-report", sha256="a" * 64, reports=(measured,)))]
    files.store_all(store.assign_subjects(files.headers))
    (stored,) = store.scans()
    assert (stored.status, stored.result.report.subject) == ("refused", "S-1")
    assert (store.folder.scan(stored.scan_id) / "cell-L1-bmd.png").read_bytes() == b"\x89PNG"
    assert [entry.code for entry in files.summary.refused] == ["no-certain-number"]


def audit_length(study: Path) -> int:
    return len(Store.open(study).audit_rows())


def test_run_study__leaves_the_log_alone_while_copies_of_a_file_lie_about(study, inputs):
    (inputs / "zcopy.csv").write_bytes((inputs / "results.csv").read_bytes())
    run(study, inputs)
    before = audit_length(study)
    assert run(study, inputs).up_to_date == 2
    # The start and the end of a run, and nothing else.
    assert audit_length(study) == before + 2


def test_run_study__keeps_a_report_that_a_copy_still_holds(study, inputs):
    (inputs / "zcopy.csv").write_bytes((inputs / "results.csv").read_bytes())
    run(study, inputs)
    (inputs / "results.csv").write_text(HEADER + SPINE.replace("41.00,0.820", "40.00,0.800"), encoding="utf-8")
    run(study, inputs)
    assert numbers(study)["S-2", "total-hip", "left", "aBMD"] == 0.840
    sources = {Path(scan.source_files[0]).name for scan in Store.open(study).scans(status="measured")}
    assert sources == {"results.csv", "zcopy.csv"}
    assert verify_study(study) == ()


def test_run_study__takes_back_the_numbers_of_a_file_that_was_emptied(study, inputs):
    run(study, inputs)
    (inputs / "results.csv").write_text(HEADER, encoding="utf-8")
    run(study, inputs)
    assert numbers(study) == {}


def test_run_study__keeps_the_numbers_of_an_unchanged_file_that_cannot_be_read_today(study, inputs):
    run(study, inputs)
    digest = Store.open(study).scans()[0].input_sha256
    told = refusal(ReadError("not installed", code="ocr-unavailable"))
    files = ReportFiles(
        store=Store.open(study), limits=LIMITS, workers=1, run_id="r", summary=RunSummary(), on_progress=lambda *_: None
    )
    files.known = files.store.known_inputs()
    page = SeenReports(str(inputs / "results.csv"), "table")
    files._sort(page, MeasuredFile(kind="table", sha256=digest, problems=(told,)))
    files.store_all({})
    assert len(numbers(study)) == 8


def test_run_study__keeps_no_number_of_a_stranger(study, inputs):
    (inputs / "results.csv").write_text(HEADER + SPINE.replace("P-11", "P-99") + HIP, encoding="utf-8")
    run(study, inputs)
    stranger = next(scan for scan in Store.open(study).scans() if scan.status == "refused")
    assert stranger.result.report.regions == ()
    assert b"0.82" not in (study / "study.db").read_bytes()


def test_run_study__stores_what_was_read_before_ctrl_c(study, inputs, monkeypatch):
    def stopped(tasks, start, on_done, *, workers):
        for task in tasks:
            on_done(task, start(task).result())
            raise KeyboardInterrupt

    (inputs / "zlast.csv").write_text(HEADER + HIP, encoding="utf-8")
    (inputs / "results.csv").write_text(HEADER + SPINE, encoding="utf-8")
    with monkeypatch.context() as patch:
        patch.setattr("bonemetrics.batch.reports.run_many", stopped)
        with pytest.raises(KeyboardInterrupt):
            run(study, inputs)
    assert {subject for subject, *_ in numbers(study)} == {"S-1"}
    run(study, inputs)
    assert {subject for subject, *_ in numbers(study)} == {"S-1", "S-2"}


def test_verify_study__reads_a_file_of_many_reports_once_and_names_one_that_is_gone(study, inputs, monkeypatch):
    run(study, inputs)
    started = []

    def counted(*args, **options):
        started.append(args)
        return start_guarded(*args, **options)

    monkeypatch.setattr(verify, "start_guarded", counted)
    assert verify_study(study) == ()
    assert len(started) == 1
    (inputs / "results.csv").unlink()
    faults = verify_study(study)
    assert len(faults) == 2
    assert all("not-found" in fault for fault in faults)


def test_run_study__keeps_what_is_to_be_said_of_a_file_as_a_whole(study, inputs):
    (inputs / "results.csv").write_text((HEADER + SPINE).rstrip("\n"), encoding="utf-8")
    run(study, inputs)
    (scan,) = Store.open(study).scans()
    assert "last-line-open" in {problem.code for problem in scan.result.problems}


def test_store_all__lists_scans_of_a_file_that_could_not_be_read_beside_the_others(study, tmp_path):
    store = Store.open(study)
    header = ScanHeader(patient_id="P-11", study_uid="", series_uid="dxa-1", scan_date=date(2019, 10, 5))
    page = SeenReports(str(tmp_path / "PatScan.mdb"), "hologic-database")
    told = [refusal(ReadError(f"scan {n}", code="results-not-understood")) for n in range(3)]
    good = ScanResult(kind="hologic-database", report=DxaReport(route="hologic-database"))
    found = MeasuredFile(
        kind="hologic-database",
        sha256="a" * 64,
        reports=(MeasuredReport(header=header, result=good),),
        problems=tuple(told),
    )
    for _ in range(2):
        files = ReportFiles(
            store=store, limits=LIMITS, workers=1, run_id="r", summary=RunSummary(), on_progress=lambda *_: None
        )
        files.read = [(page, found)]
        files.store_all(store.assign_subjects(files.headers))
        (entry,) = files.summary.refused
        assert (entry.code, entry.message) == ("results-not-understood", "scan 0 (and 2 more scans of the file)")
    assert sorted(scan.status for scan in store.scans()) == ["measured", "refused"]
    # Nothing is left to be done: the next run leaves the file alone and lists the refusal again.
    files.known, files.settings = store.known_inputs(), ""
    assert list(files._up_to_date()) == ["a" * 64]
