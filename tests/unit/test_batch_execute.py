"""A run: resumes, keeps history, survives bad scans and kills, and gives the same tables with any number of workers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from bonemetrics.batch.execute import run_study, status_of
from bonemetrics.batch.guard import GIB, Limits
from bonemetrics.batch.lock import only_run
from bonemetrics.batch.verify import verify_study
from bonemetrics.errors import StudyError, UsageError
from bonemetrics.study.create import init_study
from bonemetrics.study.placement import place_scans
from bonemetrics.study.store import Store
from tests.batch_targets import measure_quickly
from tests.dicom_bytes import Slice, reference_series, write_series

ROOT = Path(__file__).resolve().parents[2]
LIMITS = Limits(seconds=120.0, memory_bytes=GIB)
PEOPLE = (("1.10", "20110405", "A"), ("1.9", "20110405", "B"), ("1.8", "20120101", "A"), ("1.7", "20100101", "C"))


def series(uid: str, day: str, patient: str) -> list[Slice]:
    slices = reference_series()[:3]
    for number, one in enumerate(slices):
        one.elements[0x00080018] = ("UI", f"{uid}.{number}")
        one.elements[0x0020000E] = ("UI", uid)
        one.elements[0x00080020] = ("DA", day)
        one.elements[0x00100020] = ("LO", patient)
    return slices


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    for uid, day, patient in PEOPLE:
        write_series(tmp_path / "input" / f"scan-{uid}", series(uid, day, patient))
    return tmp_path / "input"


@pytest.fixture
def study(tmp_path: Path) -> Path:
    return init_study(tmp_path / "study").root


def run(study: Path, *inputs: Path, **options: Any):
    settings = {"workers": 2, "limits": LIMITS, "measure": measure_quickly} | options
    return run_study(study, inputs, **settings)


def table(study: Path) -> list[tuple[object, ...]]:
    store = Store.open(study)
    return [
        (
            placed.subject,
            placed.visit.name,
            placed.scan.scan_id,
            placed.scan.series_uid,
            *(number.value for number in placed.scan.result.measurements),
            sorted(
                (path.name, path.read_bytes())
                for path in store.folder.scan(placed.scan.scan_id).iterdir()
                if path.is_file()
            ),
        )
        for placed in place_scans(store.scans(), store.protocol)
    ]


def leftovers(study: Path) -> list[Path]:
    return [path for path in (study / "scans").rglob("*") if ".staging" in path.name or ".tmp" in path.name]


def test_run_study__measures_everything_once(study, inputs):
    seen = []
    summary = run(study, inputs, on_progress=lambda *told: seen.append(told))
    assert summary.as_json() == {"read": 4, "measured": 4, "skipped": 0, "refused": [], "failed": []}
    assert summary.exit_code == 0
    assert [(row[0], row[3]) for row in table(study)] == [
        ("P001", "1.7"),  # the earliest date
        ("P002", "1.10"),  # then by UID among those of one day
        ("P002", "1.8"),
        ("P003", "1.9"),
    ]
    assert ("reading", 12, 12) in seen
    assert seen[-1] == ("measuring", 4, 4)
    assert leftovers(study) == []

    again = run(study, inputs)
    assert again.as_json() == {"read": 0, "measured": 0, "skipped": 4, "refused": [], "failed": []}
    assert again.exit_code == 0


def test_run_study__takes_away_what_a_killed_run_left_and_nothing_that_a_reader_has_open(study, inputs):
    folder = Store.open(study).folder
    left, opened, old = folder.new_staging(), folder.new_reading(), folder.new_reading()
    (opened / "density.npy").write_bytes(b"mapped")
    two_days_ago = time.time() - 2 * 86_400
    os.utime(old, (two_days_ago, two_days_ago))
    run(study, inputs)
    assert (left.exists(), (opened / "density.npy").exists(), old.exists()) == (False, True, False)


def test_run_study__second_call_reads_no_pixels(study, inputs, monkeypatch):
    run(study, inputs)

    def never(*_: object, **__: object) -> None:
        raise AssertionError("nothing is to be hashed or measured")

    monkeypatch.setattr("bonemetrics.batch.up_to_date.digest_of", never)
    monkeypatch.setattr("bonemetrics.batch.measuring.start", never)
    assert run(study, inputs).measured == 0


def test_run_study__without_its_memory_or_with_new_times_it_still_measures_nothing(study, inputs):
    run(study, inputs)
    (study / "seen.json").write_text("{not JSON")
    told = []
    assert run(study, inputs, on_progress=lambda *seen: told.append(seen)).as_json()["skipped"] == 4
    assert ("checking", 4, 4) in told
    for path in inputs.rglob("*.dcm"):
        os.utime(path, ns=(1, 1))
    assert run(study, inputs).as_json()["measured"] == 0


def test_run_study__moved_input_is_followed_without_measuring(study, inputs):
    run(study, inputs)
    moved = inputs.rename(inputs.with_name("archive"))
    assert run(study, moved).as_json() == {"read": 0, "measured": 0, "skipped": 4, "refused": [], "failed": []}
    assert verify_study(study, workers=2, measure=measure_quickly) == ()
    actions = [row.action for row in Store.open(study).audit_rows()]
    assert actions.count("source-moved") == 4
    run(study, moved)
    assert [row.action for row in Store.open(study).audit_rows()].count("source-moved") == 4


def test_run_study__changed_input_is_measured_anew_and_the_old_result_kept(study, inputs):
    run(study, inputs)
    before = {row[3]: row for row in table(study)}
    changed = series("1.9", "20110405", "B")
    changed[0].stored[0, 0] += 1
    changed[0].elements[0x00080080] = ("LO", "Longer than before")
    write_series(inputs / "scan-1.9", changed)
    summary = run(study, inputs)
    assert (summary.read, summary.measured, summary.skipped) == (1, 1, 3)
    after = {row[3]: row for row in table(study)}
    assert after["1.9"][4] > before["1.9"][4]
    assert {uid: row for uid, row in after.items() if uid != "1.9"} == {
        uid: row for uid, row in before.items() if uid != "1.9"
    }
    history = Store.open(study).history(str(after["1.9"][2]))
    assert [scan.result.measurements[0].value for scan in history] == [before["1.9"][4], after["1.9"][4]]
    assert run(study, inputs).measured == 0


def test_run_study__other_settings_measure_anew(study, inputs):
    run(study, inputs)
    before = [row[4] for row in table(study)]
    summary = run(study, inputs, overrides=["tissue.threshold=320"])
    assert summary.measured == 4
    assert [row[4] for row in table(study)] == [value + 320 for value in before]
    assert run(study, inputs, overrides=["tissue.threshold=320"]).measured == 0


def test_run_study__wrong_override_is_a_wrong_call(study, inputs):
    with pytest.raises(UsageError):
        run(study, inputs, overrides=["tissues.threshold=320"])


def test_run_study__bad_scans_cost_a_row_each(study, inputs):
    for number in range(1, 6):
        write_series(inputs / f"bad-{number}", series(f"1.666.{number}", "20110101", "D"))
    write_series(inputs / "no-bone", series("1.667", "20110101", "D"))
    write_series(inputs / "by-exception", series("1.668", "20110101", "D"))
    (inputs / "notes.txt").write_text("hello")
    summary = run(study, inputs, limits=Limits(seconds=6.0, memory_bytes=GIB))
    told = summary.as_json()
    assert (told["read"], told["measured"], told["skipped"]) == (11, 4, 1)
    assert [(Path(row["path"]).name, row["code"]) for row in told["failed"]] == [
        ("bad-1", "crashed"),
        ("bad-2", "timeout"),
        ("bad-3", "out-of-memory"),
        ("bad-4", "unexpected-error"),
        ("bad-5", "unexpected-error"),
    ]
    assert [(Path(row["path"]).name, row["code"]) for row in told["refused"]] == [
        ("by-exception", "not-ct"),
        ("no-bone", "no-bone"),
    ]
    assert summary.exit_code == 1
    assert [row[3] for row in table(study)] == ["1.7", "1.10", "1.8", "1.9"]
    assert leftovers(study) == []
    status = status_of(study).as_json()
    assert (status["scans"], status["waiting"], status["reviewed"]) == (4, 4, 0)
    assert status["failed"] == sorted(told["failed"] + told["refused"], key=lambda row: row["path"])


def test_run_study__standing_refusals_are_told_again_and_failures_tried_again(study, inputs):
    write_series(inputs / "no-bone", series("1.667", "20110101", "D"))
    write_series(inputs / "bad", series("1.666.1", "20110101", "D"))
    first = run(study, inputs)
    again = run(study, inputs)
    assert (first.read, again.read, again.measured) == (6, 1, 0)  # the crash is tried again, the refusal is not
    assert again.refused == first.refused
    assert again.failed == first.failed
    assert again.exit_code == 1


def test_run_study__damaged_series_and_strange_files_are_rows(study, inputs):
    slices = series("1.5", "20110101", "D")
    slices[1].elements[0x00280004] = ("CS", "RGB")
    write_series(inputs / "damaged", slices)
    (inputs / "scan.isq").write_bytes(b"CTDATA-HEADER_V1".ljust(1024, b"\0"))
    summary = run(study, inputs, inputs.parent / "nowhere")
    assert [(Path(row.path).name, row.code) for row in sorted(summary.refused)] == [
        ("001.dcm", "unsupported-pixels"),  # the file, not its folder
        ("scan.isq", "unsupported-format"),
        ("nowhere", "not-found"),
    ]
    assert summary.measured == 4
    assert run(study, inputs).read == 0


def test_run_study__person_not_in_the_subjects_table_is_refused(tmp_path, inputs):
    folder = tmp_path / "with-table"
    folder.mkdir()
    (folder / "study.toml").write_text('[study]\nsubjects = "subjects.csv"\n')
    header = "subject,cohort,day1,patient_ids\n"
    (folder / "subjects.csv").write_text(header + "S-01,,2010-01-01,A\nS-02,,2010-01-01,B\n")
    study = init_study(folder).root
    summary = run(study, inputs)
    assert summary.measured == 3
    assert [(Path(row.path).name, row.code) for row in summary.refused] == [("scan-1.7", "unknown-subject")]
    (folder / "subjects.csv").write_text(header + "S-01,,2010-01-01,A\nS-02,,2010-01-01,B\nS-03,,2010-01-01,C\n")
    summary = run(study, inputs)
    assert (summary.measured, summary.refused) == (1, [])


def test_run_study__nothing_to_measure_is_not_all_well(study, tmp_path):
    (tmp_path / "empty").mkdir()
    assert run(study, tmp_path / "empty").exit_code == 1


def test_run_study__one_run_at_a_time(study, inputs):
    with only_run(study), pytest.raises(StudyError) as caught:
        run(study, inputs)
    assert caught.value.code == "study-busy"


def test_run_study__needs_a_study(tmp_path, inputs):
    with pytest.raises(StudyError, match="init") as caught:
        run(tmp_path / "none", inputs)
    assert caught.value.code == "not-a-study"


def in_a_process(study: Path, inputs: Path) -> subprocess.Popen[bytes]:
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "from bonemetrics.batch.execute import run_study\n"
        "from tests.batch_targets import measure_quickly\n"
        "try:\n"
        f"    run_study(Path({str(study)!r}), [Path({str(inputs)!r})], workers=2, measure=measure_quickly)\n"
        "except KeyboardInterrupt:\n"
        "    sys.exit(130)\n"
    )
    return subprocess.Popen([sys.executable, "-c", script], cwd=ROOT)


def wait_for(study: Path, n_scans: int, process: subprocess.Popen[bytes]) -> None:
    store = Store.open(study)
    end = time.monotonic() + 120
    while store.counts().measured < n_scans and process.poll() is None and time.monotonic() < end:
        time.sleep(0.02)


def test_run_study__killed_again_and_again_ends_in_the_same_tables(tmp_path, study, inputs):
    whole = init_study(tmp_path / "whole").root
    run(whole, inputs, workers=1)
    (study / "slow").write_text("0.15")
    for n_scans in (0, 1, 2):
        process = in_a_process(study, inputs)
        wait_for(study, n_scans, process)
        time.sleep(0.05 * n_scans)
        process.kill()
        process.wait()
    run(study, inputs)
    assert table(study) == table(whole)
    assert leftovers(study) == []
    assert Store.open(study).verify_chain() == ()
    assert run(study, inputs).measured == 0


def test_run_study__ctrl_c_keeps_what_is_finished(study, inputs):
    (study / "slow").write_text("0.3")
    process = in_a_process(study, inputs)
    wait_for(study, 1, process)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=120) == 130
    finished = Store.open(study).counts().measured
    assert 1 <= finished < 4
    assert leftovers(study) == []
    (study / "slow").unlink()
    summary = run(study, inputs)
    assert (summary.measured, summary.skipped) == (4 - finished, finished)


def test_run_study__tables_do_not_depend_on_workers(tmp_path, inputs):
    studies = [init_study(tmp_path / f"workers-{workers}").root for workers in (1, 3)]
    for study, workers in zip(studies, (1, 3), strict=True):
        run(study, inputs, workers=workers)
    assert table(studies[0]) == table(studies[1])
