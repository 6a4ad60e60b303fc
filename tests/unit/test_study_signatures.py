"""Signed readings: a lock that only a reason opens, and that no run gets past."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bonemetrics.study.create import init_study
from bonemetrics.study.store import Store
from tests.reading_cases import EDITED, MASK, OTHER, TWO, edit, judge, refused, scanned, sha, with_rules
from tests.study_cases import header

MEANING = "I have read this scan"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(init_study(tmp_path / "STUDY", user="ana").root, user="ana")


def signed(store: Store, scan: str, reader: str = "KL", *, mask: str = MASK, **told: object):
    review = judge(store, scan, reader, mask=mask, **told)
    return store.reading.sign(scan, reader, MEANING, mask, review.review_id)


def test_sign__holds_who_when_what_it_means_and_what_was_signed(store):
    scan = scanned(store)
    before = datetime.now(UTC).isoformat()
    made = signed(store, scan)
    assert (made.reader, made.meaning, made.label_sha256, made.review_id, made.version) == ("KL", MEANING, MASK, 1, 1)
    assert before[:19] <= made.signed_utc[:19] <= datetime.now(UTC).isoformat()
    digests = [json.loads(row.new)["digest"] for row in store.audit_rows() if row.action == "scan-measured"]
    assert made.numbers_sha256 == digests[0]
    assert len(made.reviews_sha256) == 64
    assert store.reading.lock_of(scan) == made
    assert store.reading.locks() == {scan: made}
    row = store.audit_rows()[-1]
    assert (row.action, json.loads(row.new)["meaning"], json.loads(row.new)["reviews_sha256"]) == (
        "record-signed",
        MEANING,
        made.reviews_sha256,
    )
    assert store.verify_records() == ()


def test_sign__of_an_edit_holds_the_hash_of_its_own_numbers(store):
    scan = scanned(store)
    edit(store, scan)
    made = signed(store, scan, mask=sha(EDITED))
    digests = [json.loads(row.new).get("digest") for row in store.audit_rows() if row.action == "labels-added"]
    assert made.numbers_sha256 == digests[1]


def test_sign__locks_masks_and_verdicts(store):
    scan, other = scanned(store), scanned(store, 2)
    made = signed(store, scan)
    with refused("locked", f"signed at {made.signed_utc}; unlock it with a reason first"):
        judge(store, scan, verdict="reject")
    with refused("locked"):
        edit(store, scan)
    with refused("locked"):
        store.reading.sign(scan, "KL", MEANING, MASK, made.review_id)
    assert len(store.reading.masks(scan)) == 1
    judge(store, other, verdict="reject")


def test_unlock__needs_a_reason_and_voids_the_signature(store):
    scan = scanned(store)
    made = signed(store, scan)
    with refused("reason-missing"):
        store.reading.unlock(scan, " \n")
    assert store.reading.unlock(scan, "the contour leaks in slice 4") == made
    assert store.reading.lock_of(scan) is None
    row = store.audit_rows()[-1]
    assert (row.action, row.reason) == ("record-unlocked", "the contour leaks in slice 4")
    assert json.loads(row.old)["reader"] == "KL"
    with refused("not-locked"):
        store.reading.unlock(scan, "again")
    with refused("unknown-scan"):
        store.reading.unlock("0123", "x")
    edit(store, scan)
    again = signed(store, scan, mask=sha(EDITED))
    assert (again.signature_id, store.reading.lock_of(scan)) == (2, again)
    assert store.verify_records() == ()


def test_sign__without_a_meaning_is_refused(store):
    scan = scanned(store)
    review = judge(store, scan)
    with refused("reason-missing"):
        store.reading.sign(scan, "KL", "  ", MASK, review.review_id)


def test_sign__of_another_verdict_than_her_last_is_refused(store):
    scan = scanned(store)
    first = judge(store, scan, verdict="reject")
    last = judge(store, scan)
    judge(store, scan, repeat=True)
    for reader, mask, review_id in (
        ("KL", MASK, first.review_id),
        ("MN", MASK, last.review_id),
        ("KL", sha(EDITED), last.review_id),
        ("KL", MASK, 99),
    ):
        with refused("unknown-review"):
            store.reading.sign(scan, reader, MEANING, mask, review_id)
    assert store.reading.sign(scan, "KL", MEANING, MASK, last.review_id).review_id == 2


def test_sign__by_somebody_who_reads_no_longer_is_refused(store):
    scan = scanned(store)
    review = judge(store, scan)
    with refused("unknown-reader"):
        with_rules(store, TWO.replace("KL", "OP")).reading.sign(scan, "KL", MEANING, MASK, review.review_id)


def test_sign__waits_for_a_verdict_that_is_to_come(store):
    scan = scanned(store)
    with refused("reading-open"):
        signed(store, scan, verdict="defer")
    store = with_rules(store, TWO)
    with refused("reading-open"):
        signed(store, scan)
    with refused("reading-open"):
        signed(store, scan, "MN", verdict="reject")
    review = judge(store, scan, "AD", role="adjudicator")
    with refused("unknown-review"):
        store.reading.sign(scan, "KL", MEANING, MASK, review.review_id)
    assert store.reading.sign(scan, "AD", MEANING, MASK, review.review_id).reader == "AD"


def test_sign__of_a_mask_that_does_not_count_is_refused(store):
    store = with_rules(store, TWO)
    scan = scanned(store)
    edit(store, scan)
    own = judge(store, scan, mask=sha(EDITED))
    judge(store, scan, "MN")
    judge(store, scan, "AD", role="adjudicator")
    with refused("stale-mask"):
        store.reading.sign(scan, "KL", MEANING, sha(EDITED), own.review_id)


def test_sign__a_rejection_can_be_signed(store):
    scan = scanned(store)
    assert signed(store, scan, verdict="reject").review_id == 1


def test_record_result__never_takes_the_place_of_a_signed_one(store):
    scan = scanned(store)
    signed(store, scan)
    before = store.audit_head()
    assert scanned(store) == scan  # the same again changes nothing
    with refused("locked"):
        scanned(store, value=302.0)
    with refused("locked"):
        scanned(store, sha256="b" * 64)
    with refused("locked"):
        store.record_refusal(code="no-bone", message="x", path=Path("/in/a"), header=header(1))
    assert store.audit_head() == before
    assert store.reading.path_of(store.reading.masks(scan)[0]).read_bytes() == b"mask"
    store.reading.unlock(scan, "measured anew with other settings")
    scanned(store, value=302.0)
    assert store.scan(scan).version == 2


def test_assign_subjects__a_signature_does_not_hold_numbers_whose_person_is_in_doubt(store):
    scan = scanned(store)
    signed(store, scan)
    store.assign_subjects([header(2, birth="19991231")])
    assert store.scan(scan).status == "refused"
    assert store.reading.lock_of(scan) is None
    (row,) = [row for row in store.audit_rows() if row.action == "record-unlocked"]
    assert "contradicts whose scan" in row.reason
    assert store.verify_records() == ()


def test_record_refusal__for_whose_a_scan_is_voids_its_signature(store):
    scan = scanned(store)
    signed(store, scan)
    store.record_refusal(code="unknown-subject", message="not in the table", path=Path("/in/a"), header=header(1))
    assert (store.scan(scan).status, store.reading.lock_of(scan)) == ("refused", None)
    assert [row.reason for row in store.audit_rows() if row.action == "record-unlocked"] == ["not in the table"]


@pytest.mark.parametrize("table", ["signatures", "unlocks"])
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "UPDATE {} SET signature_id = signature_id"])
def test_database__refuses_to_change_signatures(store, table, statement):
    scan = scanned(store)
    signed(store, scan)
    store.reading.unlock(scan, "why")
    with (
        sqlite3.connect(store.folder.database) as connection,
        pytest.raises(sqlite3.IntegrityError, match=f"{table} rows cannot be changed or removed"),
    ):
        connection.execute(statement.format(table))
    connection.close()


def test_sign__with_two_readings_an_edit_that_both_accepted_can_be_signed(store):
    store = with_rules(store, TWO)
    scan = scanned(store)
    for reader in ("KL", "MN"):
        edit(store, scan, OTHER, reader=reader)
        review = judge(store, scan, reader, mask=sha(OTHER))
    assert store.reading.sign(scan, "MN", MEANING, sha(OTHER), review.review_id).label_sha256 == sha(OTHER)


def test_sign__of_numbers_that_were_measured_anew_since_they_were_seen_is_refused(store):
    scan = scanned(store)
    review = judge(store, scan)
    scanned(store, sha256="b" * 64)
    with refused("stale-mask", match="measured again"):
        store.reading.sign(scan, "KL", MEANING, MASK, review.review_id, version=1)
    assert store.reading.sign(scan, "KL", MEANING, MASK, review.review_id, version=2).version == 2
