"""Verification sees every file, input and number that is not what was recorded."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
import pytest

from bonemetrics.batch.edited import measure_edited_scan
from bonemetrics.batch.execute import run_study
from bonemetrics.batch.verify import verify_study
from bonemetrics.readers.labels import read_labels, write_labels
from bonemetrics.records import HistomorphometryEntry
from bonemetrics.study.create import init_study
from bonemetrics.study.masks import Labels
from bonemetrics.study.store import Store
from bonemetrics.volume import CORTICAL, TRABECULAR, LabelVolume
from tests.batch_targets import measure_edit_quickly, measure_quickly
from tests.dicom_bytes import reference_series, write_series
from tests.reading_cases import edit, judge, tamper
from tests.segmentation_scans import scan as scan_of
from tests.segmentation_scans import tube
from tests.stored_scans import measured


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
    return verify_study(study, workers=2, measure=measure_quickly, measure_edit=measure_edit_quickly)


def edited(study: Path, data: bytes, **told) -> tuple[Store, Labels]:
    """The first scan with one edit, whose numbers are those of the automatic mask."""
    store = Store.open(study)
    scan = store.scans()[0]
    mask = edit(store, scan.scan_id, data, **{"result": scan.result, "based_on": scan.labels.sha256} | told)
    return store, mask


def spoil(store: Store, value: float) -> None:
    """Make a number of edited masks 1.0 behind the study's back."""
    statement = """UPDATE mask_numbers SET content = replace(content, '"value":OLD', '"value":1.0')"""
    tamper(store, statement.replace("OLD", str(value)))


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
    masks = []
    for data in (b"first", b"second", b"third"):
        masks.append(edit(store, scan.scan_id, data, result=told, based_on=based_on))
        based_on = masks[-1].sha256
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


def test_verify_study__sees_a_number_of_an_edited_mask_that_was_changed(study):
    store, mask = edited(study, b"an edit")
    assert faults(study) == ()
    value = store.reading.mask_result(mask).measurements[0].value
    spoil(store, value)
    found = [text for text in faults(study) if "come out again" in text]
    assert found == [
        f"scan {mask.scan_id}: 1 numbers of labels-0002.nii.gz do not come out again: Tb.vBMD radius left trabecular"
    ]


@pytest.mark.parametrize(("data", "code"), [(b"bad mask", "invalid-labels"), (b"crash", "crashed")])
def test_verify_study__an_edited_mask_that_cannot_be_measured_again_is_told(study, data, code):
    _, mask = edited(study, data)
    (found,) = faults(study)
    assert found.startswith(f"scan {mask.scan_id}: labels-0002.nii.gz cannot be measured again: {code}: ")


def test_verify_study__edited_masks_of_other_settings_or_another_input_are_not_measured_again(study):
    store, mask = edited(study, b"bad mask")
    protocol = study / "study.toml"
    before = protocol.read_text()
    protocol.write_text(f"{before}\n[tissue]\nthreshold = 320\n")
    assert faults(study) == ()
    protocol.write_text(before)
    Path(store.scan(mask.scan_id).source_files[0]).unlink()
    (found,) = faults(study)
    assert "the input cannot be checked" in found


def test_verify_study__measures_a_drawn_mask_of_a_real_series_again(tmp_path):
    files = measured(scan_of(tube(), n_slices=5), tmp_path / "one").files
    study = init_study(tmp_path / "study").root
    run_study(study, [files[0].parent], workers=1)
    store = Store.open(study)
    (scan,) = store.scans(status="measured")
    automatic = read_labels(store.reading.path_of(scan.labels))
    labels = np.array(automatic.labels)
    # One slice becomes cortex wherever it is not trabecular bone in its middle rows.
    labels[2][: labels.shape[1] // 2][labels[2][: labels.shape[1] // 2] == TRABECULAR] = CORTICAL
    file = store.folder.new_staging() / "labels.nii.gz"
    write_labels(LabelVolume(labels=labels, geometry=automatic.geometry), file)
    result = measure_edited_scan(scan, store.protocol, file, number=2)
    told = {"reader": "KL", "source": "edited", "based_on": scan.labels.sha256}
    mask = store.reading.add_mask(scan.scan_id, file=file, result=result, **told)
    assert verify_study(study, workers=1) == ()
    value = next(one.value for one in result.measurements if one.quantity == "Tb.vBMD")
    assert value != next(one.value for one in scan.measurements if one.quantity == "Tb.vBMD")
    spoil(store, value)
    assert any(
        f"1 numbers of {mask.file} do not come out again: Tb.vBMD" in text for text in verify_study(study, workers=1)
    )
