# ruff: noqa: E501 - one case per line reads best
from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from bonemetrics.errors import StudyError
from bonemetrics.records import Problem, Review, ScanHeader, ScanResult, note
from bonemetrics.study.create import init_study
from bonemetrics.study.layout import StudyFolder, scan_id
from bonemetrics.study.placement import place_scans
from bonemetrics.study.store import Store
from tests.study_cases import ROOT, WRITER, header, result, staged


@pytest.fixture(scope="module")
def made_once(tmp_path_factory) -> Path:
    return init_study(tmp_path_factory.mktemp("made") / "STUDY", user="ana").root


@pytest.fixture
def folder(made_once, tmp_path) -> StudyFolder:
    shutil.copytree(made_once, tmp_path / "STUDY")
    return StudyFolder(tmp_path / "STUDY")


@pytest.fixture
def store(folder) -> Store:
    return Store.open(folder.root, user="ana")


def keep(store: Store, of: ScanHeader, *, path: str = "/in/a", value: float = 301.5, labels: bytes = b"mask", **more):
    """Assign, stage and record one measured scan."""
    assigned = store.assign_subjects([of])[scan_id(of.study_uid, of.series_uid)]
    return store.record_result(
        result(of, value=value, **more),
        path=Path(path),
        files=[Path(path) / "1.dcm"],
        subject=assigned.subject,
        staging=staged(store.folder, labels),
        settings_hash="s1",
    )


def actions(store: Store) -> list[str]:
    return [row.action for row in store.audit_rows()][2:]  # the first two are those of `init`


def test_record_result__keeps_numbers_files_and_their_history(store):
    noted = note("partial-volume", "the cortex is thin", slices=(1, 2))
    first = keep(store, header(1), notes=(noted,))
    assert (first.version, first.status, first.changed) == (1, "measured", True)
    found = store.scan(first.scan_id)
    assert (found.subject, found.path, found.source_files) == ("P001", "/in/a", ("/in/a/1.dcm",))
    assert (found.scan_date, found.series_uid) == (date(2016, 4, 3), "1.2.1.7")
    assert found.result.measurements == result(header(1)).measurements
    assert found.result.problems == (noted,)
    assert found.review_status == "waiting"
    # printf mask | sha256sum
    assert found.labels.sha256 == "48bf9b4f142ab45cac6f33cf99415bca6ca8e07608a031237aa76560fec2204b"
    assert store.current_measurements()[0].measurement.value == 301.5
    assert actions(store) == ["subject-enrolled", "labels-added", "scan-measured"]


def test_record_result__again_changes_nothing(store):
    keep(store, header(1))
    before = store.audit_head()
    again = keep(store, header(1))
    assert not again.changed
    assert store.audit_head() == before
    assert not list(store.folder.scans.glob(".staging-*"))


def test_record_result__a_changed_input_is_a_new_version_and_the_old_one_stays(store):
    keep(store, header(1))
    second = keep(store, header(1, sha256="b" * 64), value=305.0, labels=b"other")
    assert (second.version, second.changed) == (2, True)
    assert [one.measurement.value for one in store.current_measurements()] == [305.0]
    assert [one.result.measurements[0].value for one in store.history(second.scan_id)] == [301.5, 305.0]
    assert (store.folder.files_of(second.scan_id, 1) / "labels-0001.nii.gz").read_bytes() == b"mask"
    assert (store.folder.files_of(second.scan_id, 2) / "labels-0001.nii.gz").read_bytes() == b"other"
    superseded = next(row for row in store.audit_rows() if row.action == "result-superseded")
    assert superseded.reason == "the input changed"
    assert json.loads(superseded.old)["input_sha256"] == "a" * 64
    with sqlite3.connect(store.folder.database) as connection:
        rows = connection.execute("SELECT version, superseded_by FROM measurements ORDER BY version").fetchall()
    connection.close()
    assert rows == [(1, 2), (2, None)]


def test_record_result__other_settings_are_a_new_version_with_that_reason(store):
    first = keep(store, header(1))
    store.record_result(
        result(header(1)), path=Path("/in/a"), subject="P001", staging=staged(store.folder), settings_hash="s2"
    )
    reasons = [row.reason for row in store.audit_rows() if row.action == "result-superseded"]
    assert reasons == ["other settings"]
    assert store.known_inputs()[first.scan_id].settings_hash == "s2"


def test_record_result__a_moved_source_is_followed_and_logged(store):
    first = keep(store, header(1))
    assert not keep(store, header(1), path="/elsewhere").changed
    assert store.scan(first.scan_id).path == "/elsewhere"
    assert actions(store)[-1] == "source-moved"


def test_record_result__needs_a_known_subject_where_there_are_numbers(store):
    for subject in (None, "P077"):
        with pytest.raises(StudyError, match="assign subjects first") as caught:
            store.record_result(result(header(1)), path=Path("/in/a"), subject=subject)
        assert caught.value.code == "unknown-subject"
    assert store.counts().scans == 0


def test_record_refusal__tells_refused_from_failed(store):
    refused = store.record_refusal(code="no-bone", message="nothing", path=Path("/in/b"), header=header(2))
    failed = store.record_refusal(code="timeout", message="too long", path=Path("/in/c"), header=header(3))
    unread = store.record_refusal(code="unreadable-file", message="no", path=Path("/in/a"), input_sha256="c" * 64)
    assert (refused.status, failed.status, unread.status) == ("refused", "failed", "refused")
    assert [(one.path, one.code, one.message) for one in store.failures()] == [
        ("/in/a", "unreadable-file", "no"),
        ("/in/b", "no-bone", "nothing"),
        ("/in/c", "timeout", "too long"),
    ]
    assert not store.record_refusal(code="no-bone", message="nothing", path=Path("/in/b"), header=header(2)).changed
    counts = store.counts()
    assert (counts.scans, counts.measured, counts.refused, counts.failed) == (3, 0, 2, 1)


def test_record_refusal__after_numbers_takes_them_out_of_the_tables_and_keeps_their_files(store):
    first = keep(store, header(1))
    store.record_refusal(code="no-bone", message="x", path=Path("/in/a"), header=header(1, sha256="b" * 64))
    assert store.current_measurements() == ()
    assert store.scan(first.scan_id).status == "refused"
    assert (store.folder.files_of(first.scan_id, 1) / "qc.png").read_bytes() == b"picture"
    assert not (store.folder.scan(first.scan_id) / "qc.png").exists()
    keep(store, header(1, sha256="b" * 64))
    assert [one.status for one in store.history(first.scan_id)] == ["measured", "refused", "measured"]


def test_record_result__closes_what_stood_against_its_path(store):
    store.record_refusal(code="unreadable-file", message="no", path=Path("/in/a/1.dcm"))
    assert len(store.failures()) == 1
    keep(store, header(1))
    assert store.failures() == ()
    assert store.counts().scans == 1
    assert "scan-resolved" in actions(store)


@pytest.mark.skipif(os.name != "posix", reason="names of bytes exist on POSIX alone")
def test_record_refusal__takes_file_names_that_are_no_text(store):
    path = Path(os.fsdecode(b"/in/caf\xe9.dcm"))
    store.record_refusal(code="unreadable-file", message="no", path=path)
    assert store.failures()[0].path == "/in/caf\\xe9.dcm"


def test_known_input__says_what_is_settled(store):
    of = header(1)
    first = keep(store, of)
    known = store.known_inputs()[first.scan_id]
    mine = store.assign_subjects([of])[first.scan_id]
    assert known.is_settled("a" * 64)
    assert known.is_settled("a" * 64, mine)
    assert not known.is_settled("b" * 64, mine)
    stranger = store.assign_subjects([header(1, patient="")])[first.scan_id]
    assert not known.is_settled("a" * 64, stranger)
    store.record_refusal(code=stranger.refusal.code, message="m", path=Path("/in/a"), header=header(1, patient=""))
    refused = store.known_inputs()[first.scan_id]
    assert refused.is_settled("a" * 64, stranger)
    assert not refused.is_settled("a" * 64, mine)


def test_assign_subjects__numbers_stay_over_runs_and_the_map_stays_secret(store):
    early, late = header(2, patient="SECRET-B", day=date(2015, 1, 1)), header(1, patient="SECRET-A")
    found = store.assign_subjects([late, early])
    assert [found[scan_id(of.study_uid, of.series_uid)].subject for of in (late, early)] == ["P002", "P001"]
    third = header(3, patient="SECRET-C", day=date(2014, 1, 1))
    assert store.assign_subjects([late, third])[scan_id("1.2.3", "1.2.3.7")].subject == "P003"
    assert store.subjects() == ("P001", "P002", "P003")
    keep(store, late)
    for file in store.folder.root.rglob("*"):
        if file.is_file():
            data = file.read_bytes()
            assert b"SECRET" not in data, file
            assert b"19500102" not in data, file


def test_assign_subjects__a_contradiction_withdraws_what_was_measured(store):
    first = keep(store, header(1))
    other = header(2, birth="19991231")
    assigned = store.assign_subjects([other])
    assert assigned[scan_id(other.study_uid, other.series_uid)].refusal.code == "ambiguous-patient"
    assert store.current_measurements() == ()
    withdrawn = store.scan(first.scan_id)
    assert (withdrawn.status, withdrawn.subject, withdrawn.result.refusal.code) == (
        "refused",
        None,
        "ambiguous-patient",
    )
    assert actions(store)[-2:] == ["result-superseded", "scan-refused"]
    assert store.verify_records() == ()
    # The other file is corrected: both can be measured again.
    fixed = header(2)
    again = store.assign_subjects([header(1), fixed])
    assert {one.subject for one in again.values()} == {"P001"}
    assert not store.known_inputs()[first.scan_id].is_settled("a" * 64, again[first.scan_id])
    keep(store, header(1))
    assert len(store.current_measurements()) == 1


def test_assign_subjects__a_contradiction_ends_when_the_wrong_file_is_removed(store, tmp_path):
    right, wrong = tmp_path / "right", tmp_path / "wrong"
    for place, of in ((right, header(1)), (wrong, header(2, birth="19991231"))):
        place.mkdir()
        store.record_refusal(code="ambiguous-patient", message="m", path=place, header=of)
    of = header(1)
    assert store.assign_subjects([of])[scan_id(of.study_uid, of.series_uid)].refusal is not None
    wrong.rmdir()
    assert store.assign_subjects([of])[scan_id(of.study_uid, of.series_uid)].subject == "P001"


def with_table(folder: StudyFolder, table: str, more: str = "") -> Store:
    folder.protocol.write_text(f'[study]\nid = "S"\nsubjects = "subjects.csv"\n{more}')
    (folder.root / "subjects.csv").write_text(table)
    return Store.open(folder.root, user="ana")


def test_assign_subjects__follows_a_subjects_table_that_comes_later(store):
    first = keep(store, header(1))
    tabled = with_table(store.folder, "subject,patient_ids\nS01,HOSP-7\n")
    assert tabled.assign_subjects([header(1)])[first.scan_id].subject == "S01"
    assert tabled.scan(first.scan_id).subject == "S01"
    changed = next(row for row in tabled.audit_rows() if row.action == "subject-changed")
    assert (json.loads(changed.old), json.loads(changed.new)) == ({"subject": "P001"}, {"subject": "S01"})
    assert tabled.verify_records() == ()
    gone = with_table(store.folder, "subject,patient_ids\nS02,OTHER\n")
    gone.assign_subjects([])
    assert gone.scan(first.scan_id).status == "refused"
    assert gone.failures()[0].code == "unknown-subject"


def test_place_scans__numbers_days_of_other_data_with_those_of_scans(store):
    keep(store, header(1, day=date(2016, 6, 18)))
    person = store.scans()[0].subject
    days = {person: [date(2016, 1, 9), date(2016, 6, 18), date(2016, 8, 1)], "P009": [date(2016, 1, 1)]}
    ((alone,), (found,)) = (place_scans(store.scans(), store.protocol, other) for other in ({}, days))
    assert (alone.visit.name, found.visit.name, found.visit.number) == ("Visit 1", "Visit 2", 2.0)


def test_place_scans__gives_visits_cohorts_and_notes_of_the_present_state(store):
    visits = '[[cohorts]]\ncode = "2M"\n[[visits]]\nname = "Month 6"\nnumber = 6\nwindow = [150, 200]\n'
    tabled = with_table(store.folder, "subject;cohort;day1;patient_ids\nS01;2M;2016-01-01;HOSP-7\nS02;;;B\n", visits)
    keep(tabled, header(1, day=date(2016, 6, 18)))  # day 170
    placed = place_scans(tabled.scans(), tabled.protocol)
    assert [(one.subject, one.cohort, one.visit.name, one.study_day) for one in placed] == [
        ("S01", "2M", "Month 6", 170)
    ]
    assert placed[0].all_notes == ()
    keep(tabled, header(2, day=date(2016, 9, 1)), path="/in/b", kvp=60.0)
    keep(tabled, header(3, patient="B"), path="/in/c")
    first, second, third = place_scans(tabled.scans(), tabled.protocol)
    assert [note.code for note in first.notes] == ["kvp-changed"]
    assert [note.code for note in second.notes] == ["unscheduled-visit", "kvp-changed"]
    assert (third.subject, [note.code for note in third.notes]) == ("S02", ["day1-unknown"])


def test_counts__a_verdict_counts_only_for_the_mask_it_judged(store):
    first = keep(store, header(1))
    mask = store.scan(first.scan_id).labels.sha256
    store.reading.record_review(Review(scan_id=first.scan_id, label_sha256=mask, reader="r", verdict="accept"))
    assert (store.counts().waiting, store.counts().reviewed) == (0, 1)
    assert store.scan(first.scan_id).review_status == "accept"
    keep(store, header(1, sha256="b" * 64), labels=b"another mask")
    assert (store.counts().waiting, store.counts().reviewed) == (1, 0)


def test_scan__of_an_unknown_id_is_an_error(store):
    with pytest.raises(StudyError, match="no scan 0123") as caught:
        store.scan("0123")
    assert caught.value.code == "unknown-scan"


def test_runs__are_logged_with_overrides_and_a_changed_protocol_is_kept(store):
    assert not store.record_protocol()
    store.folder.protocol.write_text('[study]\nid = "STUDY"\n[tissue]\nthreshold = 300\n')
    changed = Store.open(store.folder.root)
    run_id = changed.start_run(workers=2, inputs=3)
    changed.finish_run(run_id, {"measured": 3})
    assert actions(changed) == ["protocol-changed", "run-started", "run-finished"]
    assert not changed.record_protocol()
    called = Store.open(store.folder.root, protocol=changed.protocol.with_overrides(["tissue.threshold=320"]))
    called.start_run(workers=1)
    assert actions(called)[-1] == "run-started"
    assert json.loads(called.audit_rows()[-1].new)["overrides"] == {"tissue.threshold": 320}


def test_record_export__gives_the_head_from_before_it_was_logged(store):
    before = store.audit_head()
    assert store.record_export("density", {"density.csv": "ab"}) == before
    assert actions(store) == ["export-written"]
    assert store.verify_chain(before) == ()


def test_store__several_processes_write_at_once_and_nothing_is_lost(store):
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(store.folder.root), str(number)], cwd=ROOT)
        for number in (1, 2)
    ]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    assert len(store.failures()) == 10
    assert store.subjects() == tuple(f"P{number:03d}" for number in range(1, 11))
    assert store.verify_chain() == ()
    assert store.verify_records() == ()
    assert store.audit_head().seq == 2 + 10 + 10


KILLED = """
import sys
from pathlib import Path
from bonemetrics.study.store import Store
from tests.study_cases import header, result, staged
store = Store.open(Path(sys.argv[1]))
for number in range(int(sys.argv[2]), 10_000):
    of = header(number, patient=str(number))
    subject = next(iter(store.assign_subjects([of]).values())).subject
    store.record_result(result(of), path=Path("/in"), subject=subject, staging=staged(store.folder))
    print(number, flush=True)
"""


def test_store__a_kill_loses_nothing_that_was_acknowledged(store):
    acknowledged: set[str] = set()
    for start, lines in ((0, 2), (1_000, 5)):
        command = [sys.executable, "-c", KILLED, str(store.folder.root), str(start)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as writer:
            acknowledged |= {writer.stdout.readline().strip() for _ in range(lines)}
            writer.kill()
            acknowledged |= {line.strip() for line in writer.stdout}
    kept = {scan.result.facts.header.study_uid.removeprefix("1.2.") for scan in store.scans(status="measured")}
    assert len(acknowledged) >= 7
    assert acknowledged <= kept
    for scan in store.scans():
        assert (store.folder.files_of(scan.scan_id, scan.version) / scan.labels.file).read_bytes() == b"mask"
    assert store.verify_chain() == ()
    assert store.verify_records() == ()


# Tampering with records


def tamper(store: Store, statement: str) -> None:
    with sqlite3.connect(store.folder.database) as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute(statement)
    connection.close()


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("UPDATE measurements SET value = value + 1", "the columns of Tt.Ar differ from its record"),
        ("UPDATE measurements SET content = replace(content, '301.5', '302.5')", "not the one that was logged"),
        ("DELETE FROM measurements", "not the one that was logged"),
        ("UPDATE results SET content = replace(content, '3012', '3013')", "not the one that was logged"),
        ("UPDATE results SET input_sha256 = 'b'", "not the one that was logged"),
        ("UPDATE results SET status = 'refused'", "the status 'refused' does not fit the result"),
        ("UPDATE problems SET message = 'all is well'", "not the one that was logged"),
        ("UPDATE scans SET subject = 'P002'", "the subject is not the one that was logged"),
        ("UPDATE scans SET current_version = 7", "the current result is not the latest one"),
        ("UPDATE labels SET sha256 = 'b'", "the hash of mask 1 is not the one that was logged"),
        ("INSERT INTO results SELECT scan_id, 2, status, code, message, input_sha256, settings_hash, path, source_files, "
         "software_version, recorded_utc, run_id, digest, content FROM results", "the log tells nothing of this result"),
        ("DELETE FROM results", "the log tells of a result that is not there"),
    ],
)  # fmt: skip
def test_verify_records__finds_what_was_changed_behind_its_back(store, statement, message):
    keep(store, header(1), notes=(note("partial-volume", "thin"),))
    store.assign_subjects([header(2, patient="B")])
    assert store.verify_records() == ()
    tamper(store, statement)
    assert any(message in fault.message for fault in store.verify_records())
    assert store.verify_chain() == ()


def test_scan_result__with_a_refusal_and_numbers_does_not_exist():
    refusal = Problem(code="no-bone", severity="refusal", message="x")
    with pytest.raises(ValueError, match="refused scan has no measurements"):
        ScanResult(kind="ct-series", problems=(refusal,), measurements=result(header(1)).measurements)


def test_together__stores_all_or_nothing(tmp_path):
    study = init_study(tmp_path / "study").root
    store = Store.open(study)

    def break_off() -> None:
        with store.together():
            store.record_refusal(code="not-ct", message="first", path=tmp_path / "a")
            assert len(store.failures()) == 1
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        break_off()
    assert store.failures() == ()
    with store.together():
        store.record_refusal(code="not-ct", message="first", path=tmp_path / "a")
        store.record_refusal(code="not-ct", message="second", path=tmp_path / "b")
    assert [found.message for found in Store.open(study).failures()] == ["first", "second"]
    assert store.verify_chain() == ()
