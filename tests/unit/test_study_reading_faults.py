# ruff: noqa: E501 - one case per line reads best
"""Verification finds what was changed behind the back of the reading, with the guards of the database removed."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from bonemetrics.batch.verify import verify_study
from bonemetrics.errors import UsageError
from bonemetrics.outcomes.export import export_study, report_study
from bonemetrics.records import HistomorphometryEntry
from bonemetrics.study.audit import head_told_in
from bonemetrics.study.create import init_study
from bonemetrics.study.store import Store
from tests.reading_cases import EDITED, edit, judge, refused, scanned, sha, tamper


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A scan that was edited, accepted, signed, unlocked and signed again; another one; and a biopsy."""
    store = Store.open(init_study(tmp_path / "STUDY", user="ana").root, user="ana")
    scan = scanned(store)
    scanned(store, 2)
    edit(store, scan)
    review = judge(store, scan, mask=sha(EDITED), verdict="accept-with-edit", comment="leaks")
    store.reading.sign(scan, "KL", "read", sha(EDITED), review.review_id)
    store.reading.unlock(scan, "too early")
    store.reading.sign(scan, "KL", "read", sha(EDITED), review.review_id)
    entry = HistomorphometryEntry(
        kind="histomorphometry",
        subject="P001",
        day=date(2016, 2, 19),
        reader="KL",
        state="draft",
        primaries={"T.Ar": 40.0, "B.Ar": 6.0},
    )
    store.reading.record_entry(entry)
    assert store.verify_records() == ()
    return store


@pytest.mark.parametrize(
    ("statements", "messages"),
    [
        # Verdicts
        (["UPDATE reviews SET verdict = 'reject'"], {"verdict 1 is not what was logged", "the verdicts are not those that were signed"}),
        (["UPDATE reviews SET content = replace(content, 'leaks', 'fine')"], {"verdict 1 is not what was logged", "the verdicts are not those that were signed"}),
        (["UPDATE reviews SET recorded_utc = '2020-01-01T00:00:00.000000Z'"], {"verdict 1 is not what was logged", "the verdicts are not those that were signed"}),
        (["DELETE FROM reviews"], {"the log tells of verdict 1, which is not there", "the verdicts are not those that were signed"}),
        (["INSERT INTO reviews SELECT 2, scan_id, label_sha256, reader, verdict, content, recorded_utc FROM reviews"],
         {"the log tells nothing of verdict 2", "the verdicts are not those that were signed"}),
        # Masks and their numbers
        (["UPDATE labels SET source = 'adjudicated' WHERE number = 2"], {"mask 2 is not what was logged"}),
        (["UPDATE labels SET source = 'edited' WHERE number = 1"], {"mask 1 is not what was logged"}),
        (["UPDATE labels SET reader = 'MN' WHERE number = 2"], {"mask 2 is not what was logged"}),
        (["UPDATE labels SET user = 'eve' WHERE number = 2"], {"mask 2 is not what was logged"}),
        (["UPDATE labels SET file = 'labels-0001.nii.gz' WHERE number = 2"], {"mask 2 is not what was logged"}),
        (["UPDATE labels SET sha256 = 'b' WHERE number = 2"],
         {"mask 2 is not what was logged", "the hash of mask 2 is not the one that was logged"}),
        (["DELETE FROM labels WHERE number = 2"],
         {"the log tells of mask 2, which is not there", "the hash of mask 2 is not the one that was logged"}),
        (["INSERT INTO labels SELECT scan_id, version, 3, file, sha256, source, user, recorded_utc, reader, based_on "
          "FROM labels WHERE number = 2"], {"the log tells nothing of mask 3", "the hash of mask 3 is not the one that was logged"}),
        (["UPDATE mask_numbers SET content = replace(content, '310.0', '311.0')"], {"the measurement of mask 2 is not what was logged"}),
        (["UPDATE mask_numbers SET digest = 'd'"], {"the measurement of mask 2 is not what was logged"}),
        (["DELETE FROM mask_numbers"], {"the log tells of the measurement of mask 2, which is not there"}),
        (["INSERT INTO mask_numbers SELECT scan_id, version, 1, content, digest FROM mask_numbers"],
         {"the log tells nothing of the measurement of mask 1"}),
        # Signatures
        (["UPDATE signatures SET meaning = 'nothing' WHERE signature_id = 2"], {"signature 2 is not what was logged"}),
        (["DELETE FROM signatures WHERE signature_id = 2"], {"the log tells of signature 2, which is not there"}),
        (["INSERT INTO signatures SELECT 3, scan_id, version, reader, meaning, label_sha256, review_id, numbers_sha256, "
          "reviews_sha256, signed_utc FROM signatures WHERE signature_id = 2"], {"the log tells nothing of signature 3"}),
        (["UPDATE unlocks SET reason = 'by mistake'"], {"the unlocking of signature 1 is not what was logged"}),
        (["DELETE FROM unlocks"], {"the log tells of the unlocking of signature 1, which is not there"}),
        (["INSERT INTO unlocks VALUES (2, 'r', 'eve', 't')"], {"the log tells nothing of the unlocking of signature 2"}),
        # Biopsies
        (["UPDATE biopsy_entries SET content = replace(content, '40.0', '41.0')"], {"version 1 of the entry is not what was logged"}),
        (["UPDATE biopsy_entries SET state = 'locked'"], {"version 1 of the entry is not what was logged"}),
        (["UPDATE biopsy_entries SET drawings = '[{\"file\":\"x\",\"sha256\":\"y\"}]'"], {"version 1 of the entry is not what was logged"}),
        (["DELETE FROM biopsy_entries"], {"the log tells of version 1 of the entry, which is not there"}),
        (["INSERT INTO biopsy_entries SELECT entry_id, 2, subject, state, content, drawings, user, software_version, "
          "recorded_utc FROM biopsy_entries"], {"the log tells nothing of version 2 of the entry"}),
    ],
)  # fmt: skip
def test_verify_records__finds_what_was_changed_behind_its_back(store, statements, messages):
    tamper(store, *statements)
    assert {fault.message for fault in store.verify_records()} == messages
    assert store.verify_chain() == ()


def test_verify_records__finds_a_signed_result_that_is_no_longer_the_current_one(store):
    tamper(
        store,
        "INSERT INTO results SELECT scan_id, 2, status, code, message, input_sha256, settings_hash, path, source_files,"
        " software_version, recorded_utc, run_id, digest, content FROM results",
        "UPDATE scans SET current_version = 2",
    )
    assert "the result that was signed is not the current one" in {one.message for one in store.verify_records()}


def test_verify_records__claims_and_readers_states_are_nobodys_business(store):
    scan = store.scans()[0].scan_id
    store.reading.claim(scan, "KL", session="a")
    store.reading.save_state("KL", {"x": 1})
    tamper(store, "UPDATE claims SET session = 'b'", "DELETE FROM reader_states")
    assert store.verify_records() == ()


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("UPDATE reviews SET content = x'ff'", "verdict 1 is not what was logged"),
        ("UPDATE reviews SET content = 'x'", "verdict 1 is not what was logged"),
        ("UPDATE mask_numbers SET content = x'ff'", "the measurement of mask 2 is not what was logged"),
        ("UPDATE labels SET number = 'x' WHERE number = 2", "the log tells nothing of mask x"),
        ("UPDATE labels SET reader = x'ff' WHERE number = 2", "mask 2 is not what was logged"),
        ("UPDATE signatures SET version = 'x' WHERE signature_id = 2", "signature 2 is not what was logged"),
        ("UPDATE unlocks SET reason = x'ff'", "the unlocking of signature 1 is not what was logged"),
        ("UPDATE biopsy_entries SET content = x'ff'", "version 1 of the entry is not what was logged"),
        ("UPDATE biopsy_entries SET version = 'x'", "the log tells nothing of version x of the entry"),
        ("UPDATE results SET content = x'ff'", "the result cannot be read"),
        ("UPDATE results SET digest = 'd'", "the result is not the one that was logged"),
        ("UPDATE measurements SET content = 'x'", "the result cannot be read"),
        ("UPDATE measurements SET unit = 'cm2'", "the columns of Tt.Ar differ from its record"),
        ("UPDATE measurements SET side = 'right'", "the columns of Tt.Ar differ from its record"),
        ("DELETE FROM scans", "the log tells of a scan that is not there"),
    ],
)  # fmt: skip
def test_verify_study__names_what_can_no_longer_be_read_and_no_export_carries_it(store, statement, message):
    tamper(store, statement)
    assert message in " ".join(verify_study(store.folder.root, workers=1))
    with refused("records-changed"):
        export_study(store.folder.root, store.folder.root.parent / "OUT")
    assert not (store.folder.root.parent / "OUT").exists()


def test_verify_study__a_spoilt_row_of_the_log_is_named(store):
    tamper(store, "UPDATE audit SET new = 'x' WHERE action = 'review-recorded'")
    faults = verify_study(store.folder.root, workers=1)
    assert any("the content does not fit its hash" in fault for fault in faults)
    assert any("the log tells nothing of verdict 1" in fault for fault in faults)


def test_export_study__and_report_refuse_a_number_of_an_edit_that_was_changed(store, tmp_path):
    root = store.folder.root
    assert export_study(root, tmp_path / "WHOLE")
    tamper(store, "UPDATE mask_numbers SET content = replace(content, '310.0', '311.0')")
    for write in (export_study, report_study):
        with refused("records-changed", match="the measurement of mask 2 is not what was logged"):
            write(root, tmp_path / "OUT")
    assert not (tmp_path / "OUT").exists()


def test_verify_study__a_study_put_back_to_an_older_state_is_seen_against_an_export(store, tmp_path):
    root, older = store.folder.root, tmp_path / "older"
    shutil.copytree(root, older)
    judge(store, store.scans()[1].scan_id)
    export_study(root, tmp_path / "OUT")
    # The copy from before is whole by itself; only the head that the export wrote down is not in its log.
    head = head_told_in(tmp_path / "OUT" / "export.json")
    assert not any("audit row" in fault for fault in verify_study(older, workers=1))
    assert any(f"audit row {head.seq}: " in fault for fault in verify_study(older, workers=1, anchor=head))
    assert not any("audit row" in fault for fault in verify_study(root, workers=1, anchor=head))


@pytest.mark.parametrize("content", ["", "{}", '{"audit_rows": "x", "audit_head": "y"}', "[]"])
def test_head_told_in__a_file_without_one_is_refused(content, tmp_path):
    (tmp_path / "export.json").write_text(content)
    with pytest.raises(UsageError, match="no head"):
        head_told_in(tmp_path / "export.json")
