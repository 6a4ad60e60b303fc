"""Claims: one scan is in one reader's hands, for a time."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bonemetrics.study.create import init_study
from bonemetrics.study.store import Store
from tests.reading_cases import TWO, refused, scanned, with_rules
from tests.study_cases import ROOT

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(init_study(tmp_path / "STUDY", user="ana").root, user="ana")


def after(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def test_claim__ends_after_the_time_of_the_protocol(store):
    scan = scanned(store)
    made = store.reading.claim(scan, "KL", session="a", now=NOON)
    assert made.expires_utc == "2026-03-02T12:30:00.000000Z"
    assert store.reading.claims(now=after(29.9)) == (made,)
    with refused("claimed", "KL has this scan open, until 2026-03-02 12:30 UTC"):
        store.reading.claim(scan, "MN", session="b", now=after(29.9))
    assert store.reading.claims(now=after(30)) == ()
    assert store.reading.claim(scan, "MN", session="b", now=after(30)).reader == "MN"


def test_claim__is_refused_to_another_window_of_the_same_reader(store):
    scan = scanned(store)
    store.reading.claim(scan, "KL", session="a", now=NOON)
    assert store.reading.claim(scan, "KL", session="a", now=after(1)).session == "a"
    with refused("claimed", "open in another window"):
        store.reading.claim(scan, "KL", session="b", now=after(1))


def test_claim__does_not_name_the_other_reader_where_her_work_is_hidden(store):
    store = with_rules(store, "[review]\nblind = ['other-readers']\n")
    scan = scanned(store)
    store.reading.claim(scan, "KL", session="a", now=NOON)
    with refused("claimed", "somebody else has this scan open") as caught:
        store.reading.claim(scan, "MN", session="b", now=NOON)
    assert "KL" not in caught.value.message


def test_claim__with_two_readings_two_readers_have_it_and_no_third(store):
    store = with_rules(store, TWO)
    scan = scanned(store)
    store.reading.claim(scan, "KL", session="a", now=NOON)
    store.reading.claim(scan, "MN", session="b", now=NOON)
    assert [one.reader for one in store.reading.claims(now=NOON)] == ["KL", "MN"]
    with refused("claimed"):
        store.reading.claim(scan, "AD", session="c", now=NOON)
    with refused("claimed", "open in another window"):
        store.reading.claim(scan, "MN", session="d", now=NOON)
    with refused("unknown-reader"):
        store.reading.claim(scan, "XY", session="e", now=NOON)


def test_renew__keeps_it_longer_and_takes_it_again_where_nobody_has(store):
    scan = scanned(store)
    store.reading.claim(scan, "KL", session="a", now=NOON)
    kept = store.reading.renew(scan, "KL", session="a", now=after(20))
    assert (kept.claimed_utc[11:16], kept.expires_utc[11:16]) == ("12:00", "12:50")
    assert store.reading.claims(now=after(40)) == (kept,)
    store.reading.renew(scan, "KL", session="a", now=after(90))
    store.reading.claim(scan, "MN", session="b", now=after(130))
    with refused("claimed"):
        store.reading.renew(scan, "KL", session="a", now=after(131))


def test_release__gives_back_ones_own_and_nobody_elses(store):
    scan = scanned(store)
    store.reading.claim(scan, "KL", session="a", now=NOON)
    store.reading.release(scan, "KL", session="b")
    store.reading.release(scan, "MN", session="a")
    assert len(store.reading.claims(now=NOON)) == 1
    store.reading.release(scan, "KL", session="a")
    assert store.reading.claims(now=NOON) == ()
    with refused("claim-lost"):
        store.reading.renew(scan, "KL", session="a", now=NOON)


def test_claim__is_not_in_the_log_and_of_an_unknown_scan_is_refused(store):
    scan = scanned(store)
    before = store.audit_head()
    store.reading.claim(scan, "KL", session="a")
    assert store.audit_head() == before
    assert len(store.reading.claims()) == 1
    with refused("unknown-scan"):
        store.reading.claim("0123", "KL", session="a")


CLAIMING = """
import sys
from pathlib import Path
from bonemetrics.errors import StudyError
from bonemetrics.study.store import Store
store = Store.open(Path(sys.argv[1]))
sys.stdin.readline()
for scan in sys.argv[3:]:
    try:
        print(scan, store.reading.claim(scan, sys.argv[2], session=sys.argv[2]).reader)
    except StudyError as error:
        assert error.code == "claimed", error.code
"""


def test_claim__of_two_processes_at_once_only_one_gets_each_scan(store):
    scans = [scanned(store, number) for number in range(1, 7)]
    command = [sys.executable, "-c", CLAIMING, str(store.folder.root)]
    readers = [
        subprocess.Popen([*command, name, *scans], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for name in ("KL", "MN")
    ]
    for reader in readers:
        reader.stdin.write("go\n")
        reader.stdin.flush()
    told = [line.split() for reader in readers for line in reader.communicate(timeout=60)[0].splitlines()]
    assert [reader.returncode for reader in readers] == [0, 0]
    assert sorted(scan for scan, _ in told) == sorted(scans)
    assert dict(told) == {one.scan_id: one.reader for one in store.reading.claims()}


def test_state__comes_back_and_is_each_readers_own(store):
    before = store.audit_head()
    store.reading.save_state("KL", {"filter": "waiting", "place": 3})
    store.reading.save_state("KL", {"filter": "done", "keys": {"accept": "Ctrl+1"}})
    store.reading.save_state("MN", {})
    assert store.reading.state("KL") == {"filter": "done", "keys": {"accept": "Ctrl+1"}}
    assert (store.reading.state("MN"), store.reading.state("OP")) == ({}, {})
    assert store.audit_head() == before
    with refused("state-too-large"):
        store.reading.save_state("KL", {"text": "x" * 300_000})
    assert store.reading.state("KL")["filter"] == "done"
