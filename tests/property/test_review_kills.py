"""Sessions that are killed at random moments: nothing that was said to be done is lost, and drafts come back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from bonemetrics.review.biopsy_session import BiopsySession
from bonemetrics.study.layout import sha256_of
from bonemetrics.study.store import Store
from tests.review_cases import Arm, session_of, study_of
from tests.review_kills import biopsy_digest, possible_labels
from tests.study_cases import ROOT

SESSIONS = int(os.environ.get("BONEMETRICS_KILLED_SESSIONS", "12"))
"""50 take about four times as long."""
Line = dict[str, Any]

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the sessions are forked")


@pytest.fixture(scope="module")
def killed(tmp_path_factory) -> tuple[Store, list[Line]]:
    """A study after its sessions were killed, and everything that they said."""
    folder = tmp_path_factory.mktemp("killed")
    study_of(folder / "S", [Arm(f"H-{n}") for n in range(3)])
    log = folder / "said.jsonl"
    command = [sys.executable, "-m", "tests.review_kills", str(folder / "S"), str(log), str(SESSIONS), "7"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return Store.open(folder / "S", user="ana"), [json.loads(line) for line in log.read_text().splitlines()]


def done(said: list[Line], *acts: str) -> list[Line]:
    return [line for line in said if line["what"] == "done" and line["act"] in acts]


def test_killed_sessions__did_something_and_failed_in_nothing(killed):
    _, said = killed
    assert [line["act"] for line in said if line["what"] == "failed"] == []
    assert len(done(said, "session")) >= SESSIONS * 2 // 3
    assert len([line for line in done(said, "open") if "recovered" in line]) >= SESSIONS // 3
    assert done(said, "autosave", "save", "accept", "reject", "defer")


def test_killed_sessions__lose_no_mask_no_verdict_and_no_signature(killed):
    store, said = killed
    masks = {(mask.scan_id, mask.sha256) for mask in store.reading.every_mask()}
    assert {(line["scan"], line["mask"]) for line in done(said, "save")} <= masks
    verdicts = {(one.review_id, one.scan_id, one.verdict) for one in store.reading.reviews()}
    names = {"accept": "accept-with-edit", "reject": "reject", "defer": "defer"}
    assert {(one["id"], one["scan"], names[one["act"]]) for one in done(said, *names)} <= verdicts
    logged = [
        (row.action, json.loads(row.new)["signature_id"]) for row in store.audit_rows() if "record-" in row.action
    ]
    acts = {"sign": "record-signed", "unlock": "record-unlocked"}
    assert {(acts[one["act"]], one["id"]) for one in done(said, *acts)} <= set(logged)


def test_killed_sessions__find_their_drafts_and_saved_masks_again(killed):
    """What an opening shows is what was kept last, or what was being kept when the program was killed."""
    _, said = killed
    possible_labels(said)


def test_killed_sessions__lose_no_entry_of_a_biopsy_and_bring_what_was_typed_and_drawn_back(killed):
    store, said = killed
    stored = store.reading.every_entry()
    assert done(said, "keep-biopsy")
    assert {line["digest"] for line in done(said, "store-biopsy")} <= {one.digest for one in stored}
    # A draft is no entry: every number in the study is one that was being stored.
    asked = {float(line["number"]) for line in said if line["act"] == "store-biopsy"}
    assert {one.entry.primaries["B.Ar"] for one in stored} <= asked
    possible = possible_labels(said)
    desk = BiopsySession(store.reading, "KL")
    for subject in {scan.subject for scan in store.scans()}:
        opened = desk.open(subject, "", desk.first(subject, "", desk.own(subject)))
        assert opened.problem == ""
        shown = biopsy_digest(opened.work)
        assert shown in possible.get(f"biopsy of {subject}", {shown})


def test_killed_sessions__leave_a_study_that_verifies_and_opens(killed):
    store, _ = killed
    assert store.verify_chain() == ()
    assert store.verify_records() == ()
    for mask in store.reading.every_mask():
        assert sha256_of(store.reading.path_of(mask)) == mask.sha256
    with session_of(store) as session:
        for task in session.worklist().tasks:
            assert session.open_case(task.key).draft_problem is None
    assert list((store.folder.root / "drafts").glob("*.aside-*")) == []


def test_possible_labels__a_lost_draft_would_be_seen():
    """The check itself: an opening that shows the labels from before an autosave that was said to be done."""
    said = [
        {"what": "done", "act": "open", "key": "k", "labels": "old", "problem": ""},
        {"what": "begin", "act": "autosave", "key": "k", "labels": "new"},
        {"what": "done", "act": "autosave", "key": "k", "labels": "new"},
        {"what": "done", "act": "open", "key": "k", "labels": "old", "problem": ""},
    ]
    with pytest.raises(AssertionError):
        possible_labels(said)
