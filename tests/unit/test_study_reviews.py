"""Verdicts in the study: added and never changed, and only on a mask that is there."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from bonemetrics.records import Finding, Place
from bonemetrics.study.create import init_study
from bonemetrics.study.store import Store
from tests.reading_cases import EDITED, MASK, OTHER, TWO, edit, judge, refused, scanned, sha, with_rules
from tests.study_cases import header


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(init_study(tmp_path / "STUDY", user="ana").root, user="ana")


def test_record_review__comes_back_as_it_was_given_and_stands_in_the_log(store):
    scan = scanned(store)
    place = Place(slice=3, row=2, column=1)
    told = {
        "verdict": "reject",
        "reasons": ("leak", "other"),
        "findings": (Finding(kind="leak", presence="unsure", place=place),),
        "comment": "täuscht\nnicht",
        "place": place,
        "confidence": 4,
        "active_s": 61.5,
    }
    kept = judge(store, scan, **told)
    assert kept.review_id == 1
    assert {name: getattr(kept, name) for name in told} == told
    assert store.reading.reviews(scan) == (kept,)
    row = store.audit_rows()[-1]
    assert (row.action, row.object) == ("review-recorded", f"scan {scan}")
    new = json.loads(row.new)
    assert (new["review_id"], new["content"]["comment"], new["content"]["place"]["slice"]) == (1, "täuscht\nnicht", 3)
    assert store.verify_records() == ()


def test_record_review__a_later_verdict_stands_and_the_earlier_one_stays(store):
    scan, other = scanned(store), scanned(store, 2)
    judge(store, scan, verdict="reject")
    judge(store, other)
    judge(store, scan)
    assert [(one.review_id, one.verdict) for one in store.reading.reviews(scan)] == [(1, "reject"), (3, "accept")]
    assert [one.review_id for one in store.reading.reviews()] == [1, 2, 3]
    assert store.scan(scan).review_status == "accept"


def test_record_review__a_hidden_repeat_is_kept_and_changes_nothing(store):
    scan = scanned(store)
    judge(store, scan)
    judge(store, scan, verdict="reject", repeat=True)
    assert [one.repeat for one in store.reading.reviews(scan)] == [False, True]
    assert store.scan(scan).review_status == "accept"


def test_record_review__of_a_mask_that_the_scan_does_not_have_is_refused(store):
    scan = scanned(store)
    with refused("stale-mask"):
        judge(store, scan, mask=sha(b"of yesterday"))
    scanned(store, sha256="b" * 64, labels=b"measured anew")
    with refused("stale-mask"):
        judge(store, scan)
    assert store.reading.reviews() == ()


def test_record_review__of_a_mask_that_was_edited_meanwhile_is_refused(store):
    scan = scanned(store)
    edit(store, scan)
    with refused("stale-mask"):
        judge(store, scan, "MN")
    judge(store, scan, "MN", repeat=True)
    judge(store, scan, "MN", mask=sha(EDITED))


def test_record_review__with_two_readings_each_judges_her_own_and_the_adjudicator_any(store):
    store = with_rules(store, TWO)
    scan = scanned(store)
    edit(store, scan)
    judge(store, scan, "MN")
    with refused("stale-mask"):
        judge(store, scan, "MN", mask=sha(EDITED))
    with refused("stale-mask"):
        judge(store, scan, "KL")
    judge(store, scan, "AD", mask=sha(EDITED), role="adjudicator")
    edit(store, scan, OTHER, reader="AD", source="adjudicated")
    with refused("stale-mask"):
        judge(store, scan, "AD", mask=sha(EDITED), role="adjudicator")


def test_record_review__of_a_scan_without_a_mask_is_refused(store):
    recorded = store.record_refusal(code="no-bone", message="x", path=Path("/in"), header=header(2))
    with refused("nothing-to-judge"):
        judge(store, recorded.scan_id)
    with refused("unknown-scan"):
        judge(store, "0123")


@pytest.mark.parametrize(
    ("rules", "reader", "role"),
    [
        (TWO, "XY", "reader"),
        (TWO, "AD", "reader"),
        (TWO, "KL", "adjudicator"),
        ("[review]\nreaders = ['KL']\n", "KL", "adjudicator"),
        ("[review]\nadjudicators = ['AD']\n", "KL", "adjudicator"),
        ("", "  ", "reader"),
    ],
)
def test_record_review__by_somebody_whom_the_protocol_does_not_list_is_refused(store, rules, reader, role):
    store = with_rules(store, rules)
    scan = scanned(store)
    with refused("unknown-reader"):
        judge(store, scan, reader, role=role)


@pytest.mark.parametrize(
    ("rules", "role"), [("", "reader"), ("", "adjudicator"), ("[review]\nadjudicators = ['AD']\n", "reader")]
)
def test_record_review__anybody_may_read_where_the_protocol_lists_nobody(store, rules, role):
    store = with_rules(store, rules)
    assert judge(store, scanned(store), "anybody", role=role).review_id == 1


@pytest.mark.parametrize("reader", ["KL ", " KL", "K\nL", "K\u200bL", "K\u202eL"])
def test_record_review__by_a_name_that_does_not_show_what_it_is_is_refused(store, reader):
    scan = scanned(store)
    with refused("unknown-reader"):
        judge(store, scan, reader)


@pytest.mark.parametrize("table", ["reviews", "labels", "mask_numbers"])
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "UPDATE {} SET scan_id = scan_id"])
def test_database__refuses_to_change_what_readers_said_and_drew(store, table, statement):
    scan = scanned(store)
    edit(store, scan)
    judge(store, scan, mask=sha(EDITED))
    with (
        sqlite3.connect(store.folder.database) as connection,
        pytest.raises(sqlite3.IntegrityError, match=f"{table} rows cannot be changed or removed"),
    ):
        connection.execute(statement.format(table))
    connection.close()


def test_standing__names_the_mask_that_counts(store):
    scan = scanned(store)
    judge(store, scan, verdict="defer")
    found = store.reading.standing(scan)
    assert (found.mask.sha256, found.status, found.deferred) == (MASK, "waiting", True)
    assert (store.scan(scan).review_status, store.scan(scan).deferred) == ("waiting", True)
