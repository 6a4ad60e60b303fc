"""Windows that are killed while somebody paints, saves and judges: nothing that was done is lost, drafts come back."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time

import pytest

pytest.importorskip("napari")

from bonemetrics.study.layout import sha256_of
from bonemetrics.study.store import Store
from tests.gui.desk_cases import session, study
from tests.review_kills import labels_digest, possible_labels, said, wait_for
from tests.study_cases import ROOT

pytestmark = [pytest.mark.gui, pytest.mark.skipif(sys.platform == "win32", reason="there is no such kill")]
ACTS = ("autosave", "save_edit", "decide")
"""What each of the windows has done at the least before it is killed."""
SEED = 20160403
LONGEST_S = 0.3


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """A study after its windows were killed, and everything that they said."""
    folder = tmp_path_factory.mktemp("killed")
    study(folder / "S")
    log = folder / "said.jsonl"
    log.touch()
    chance = random.Random(SEED)  # noqa: S311 - no secret hangs on it
    env = {**os.environ, "NAPARI_CONFIG": str(folder / "napari.yaml")}
    for number, act in enumerate(ACTS):
        before = said(log)
        command = [sys.executable, "-m", "tests.gui.window_kills", str(folder / "S"), str(log), str(SEED + number)]
        with (folder / f"window-{number}.txt").open("w") as told:
            child = subprocess.Popen(command, cwd=ROOT, env=env, stdout=told, stderr=told)
            try:
                until(lambda act=act, before=before: done(lines_of(log)[before:], act), child)
                wait_for(log, said(log) + chance.randint(0, 4))
                time.sleep(chance.uniform(0.0, LONGEST_S))
                assert child.poll() is None, (folder / f"window-{number}.txt").read_text()
            finally:
                child.send_signal(signal.SIGKILL)
                child.wait()
    return Store.open(folder / "S", user="ana"), lines_of(log)


def lines_of(log):
    return [json.loads(line) for line in log.read_text().splitlines()]


def until(condition, child, seconds=120.0):
    """Wait while the child works; it may not end by itself."""
    end = time.monotonic() + seconds
    while not condition():
        assert child.poll() is None, "the window has ended by itself"
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.02)


def done(lines, *acts):
    return [line for line in lines if line["what"] == "done" and line["act"] in acts]


def test_killed_windows__did_something_and_failed_in_nothing(killed):
    _, lines = killed
    assert [line["act"] for line in lines if line["what"] == "failed"] == []
    assert len(done(lines, "session")) == len(ACTS)
    assert len(done(lines, "open")) >= len(ACTS)
    # Strokes of the mouse have changed labels.
    assert len({line["labels"] for line in lines if "labels" in line}) > len(ACTS)


def test_killed_windows__lose_no_mask_and_no_verdict(killed):
    store, lines = killed
    masks = {(mask.scan_id, mask.sha256) for mask in store.reading.every_mask()}
    assert {(line["scan"], line["mask"]) for line in done(lines, "save_edit", "decide")} <= masks
    verdicts = {(one.review_id, one.scan_id, one.verdict) for one in store.reading.reviews()}
    assert {(line["id"], line["scan"], line["verdict"]) for line in done(lines, "decide")} <= verdicts


def test_killed_windows__bring_their_drafts_back_and_leave_a_study_that_verifies(killed):
    store, lines = killed
    possible = possible_labels(lines)
    assert possible
    assert store.verify_chain() == ()
    assert store.verify_records() == ()
    for mask in store.reading.every_mask():
        assert sha256_of(store.reading.path_of(mask)) == mask.sha256
    with session(store) as reading:
        for task in reading.worklist().tasks:
            case = reading.open_case(task.key)
            assert case.draft_problem is None
            shown = labels_digest(case)
            assert shown in possible.get(task.key, {shown})
    assert list((store.folder.root / "drafts").glob("*.aside-*")) == []
