"""Verification sees every file, input and number that is not what was recorded."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from bonemetrics.batch.execute import run_study
from bonemetrics.batch.verify import verify_study
from bonemetrics.records import HistomorphometryEntry
from bonemetrics.study.create import init_study
from bonemetrics.study.store import Store
from tests.batch_targets import measure_quickly
from tests.dicom_bytes import reference_series, write_series
from tests.reading_cases import edit, judge


@pytest.fixture
def study(tmp_path: Path) -> Path:
    for number in (1, 2):
        slices = reference_series()[:3]
        for one in slices:
            one.elements[0x0020000E] = ("UI", f"1.2.{number}")
        write_series(tmp_path / "input" / str(number), slices)
    folder = init_study(tmp_path / "study").root
    run_study(folder, [tmp_path / "input"], workers=1, measure=measure_quickly)
    return folder


def faults(study: Path) -> tuple[str, ...]:
    return verify_study(study, workers=2, measure=measure_quickly)


def test_verify_study__untouched_study_is_whole(study):
    before = Store.open(study).audit_head()
    assert faults(study) == ()
    assert Store.open(study).audit_head() == before


def test_verify_study__sees_changed_and_missing_files(study):
    first, second = Store.open(study).scans()
    (study / "scans" / first.scan_id / "labels-0001.nii.gz").write_bytes(b"another mask")
    (study / "scans" / second.scan_id / "qc.png").unlink()
    assert faults(study) == (
        f"scan {first.scan_id}: the file labels-0001.nii.gz is not the one that was recorded",
        f"scan {second.scan_id}: the file qc.png is missing",
    )


def test_verify_study__sees_every_mask_of_a_scan_and_not_only_the_last(study):
    store = Store.open(study)
    scan = store.scans()[0]
    based_on, told = scan.labels.sha256, scan.result
    masks = [
        edit(store, scan.scan_id, data, result=told, based_on=based_on) for data in (b"first", b"second", b"third")
    ]
    assert faults(study) == ()
    store.reading.path_of(masks[0]).write_bytes(b"changed")
    store.reading.path_of(masks[1]).unlink()
    assert faults(study) == (
        f"scan {scan.scan_id}: the file labels-0002.nii.gz is not the one that was recorded",
        f"scan {scan.scan_id}: the file labels-0003.nii.gz is missing",
    )


def test_verify_study__sees_masks_of_superseded_results(study):
    store = Store.open(study)
    scan = store.scans()[0]
    mask = edit(store, scan.scan_id, result=scan.result, based_on=scan.labels.sha256)
    run_study(study, [study.parent / "input"], workers=1, overrides=["tissue.threshold=330"], measure=measure_quickly)
    assert store.scan(scan.scan_id).version == 2
    assert faults(study) == ()
    store.reading.path_of(mask).write_bytes(b"changed")
    assert faults(study) == (
        f"scan {scan.scan_id}: the file superseded-0001/labels-0002.nii.gz is not the one that was recorded",
    )


def test_verify_study__sees_a_changed_drawing_of_a_biopsy(study, tmp_path):
    store = Store.open(study)
    (tmp_path / "drawing.json").write_bytes(b"{}")
    entry = HistomorphometryEntry(kind="histomorphometry", subject="P001", reader="KL", state="draft")
    kept = store.reading.record_entry(entry, drawings=[tmp_path / "drawing.json"])
    assert faults(study) == ()
    name = kept.drawings[0].file
    (store.folder.biopsy(kept.entry_id) / name).write_bytes(b"[]")
    assert faults(study) == (f"entry {kept.entry_id}: the file {name} is not the one that was recorded",)


def test_run_study__a_signed_record_is_listed_and_left_alone(study):
    store = Store.open(study)
    first, second = store.scans()
    review = judge(store, first.scan_id, mask=first.labels.sha256)
    store.reading.sign(first.scan_id, "KL", "read", first.labels.sha256, review.review_id)
    again = run_study(study, [study.parent / "input"], workers=1, measure=measure_quickly)
    assert (again.refused, again.up_to_date) == ([], 2)
    other = run_study(
        study, [study.parent / "input"], workers=1, overrides=["tissue.threshold=330"], measure=measure_quickly
    )
    assert [(one.code, Path(one.path).parent.name) for one in other.refused] == [("locked", "input")]
    assert (other.measured, other.exit_code) == (1, 1)
    assert [store.scan(one.scan_id).version for one in (first, second)] == [1, 2]
    # A file of the signed scan that can no longer be read does not take the place of its numbers either.
    Path(first.source_files[0]).write_bytes(Path(first.source_files[0]).read_bytes()[:400])
    run_study(study, [study.parent / "input"], workers=1, measure=measure_quickly)
    assert (store.scan(first.scan_id).version, store.scan(first.scan_id).status) == (1, "measured")


def test_verify_study__sees_a_changed_or_missing_input(study):
    first, second = Store.open(study).scans()
    content = bytearray(Path(first.source_files[1]).read_bytes())
    content[-1] ^= 1
    Path(first.source_files[1]).write_bytes(content)
    Path(second.source_files[0]).unlink()
    found = faults(study)
    assert found[0] == f"scan {first.scan_id}: the input is not the one that was measured"
    assert found[1].startswith(f"scan {second.scan_id}: the input cannot be checked: not-found")
    assert len(found) == 2


def test_verify_study__sees_a_number_that_was_changed_in_the_database(study):
    scan = Store.open(study).scans()[0]
    old = scan.result.measurements[0].value
    with sqlite3.connect(study / "study.db") as database:
        database.execute("UPDATE measurements SET content = replace(content, ?, ?)", (f'"value":{old}', '"value":1.0'))
    database.close()
    found = faults(study)
    anew = [text for text in found if "do not come out again" in text]
    assert anew[0] == f"scan {scan.scan_id}: 1 numbers do not come out again: Tb.vBMD radius left trabecular"
    assert len(anew) == 2
    # The audit log tells the same without measuring: it holds a digest of every result.
    assert {text.split(":")[0] for text in found if "do not come out again" not in text} == {
        text.split(":")[0] for text in anew
    }


def test_verify_study__sees_a_cut_in_the_audit_log(study):
    with sqlite3.connect(study / "study.db") as database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f"DROP TRIGGER {name}")
        database.execute("DELETE FROM audit WHERE seq = 2")
    database.close()
    assert any(text.startswith("audit row 3") for text in faults(study))


def test_verify_study__other_settings_are_not_measured_again(study):
    with (study / "study.toml").open("a") as protocol:
        protocol.write("\n[tissue]\nthreshold = 320\n")
    assert faults(study) == ()
