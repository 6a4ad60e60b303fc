# ruff: noqa: E501 - one case per line reads best
from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
from pathlib import Path

import pytest

from bonemetrics import __version__
from bonemetrics.study.audit import AuditHead, verify
from bonemetrics.study.create import init_study
from bonemetrics.study.store import Store


@pytest.fixture(scope="module")
def made_once(tmp_path_factory) -> Path:
    root = init_study(tmp_path_factory.mktemp("made") / "STUDY", user="ana").root
    store = Store.open(root, user="ben", role="analyst")
    for number in range(4):
        store.record_export(f"export {number}", {"density.csv": str(number)})
    return root


@pytest.fixture
def store(made_once, tmp_path) -> Store:
    shutil.copytree(made_once, tmp_path / "STUDY")
    return Store.open(tmp_path / "STUDY")


def run_sql(store: Store, *statements: str) -> None:
    connection = sqlite3.connect(store.folder.database)
    try:
        with connection:
            for statement in statements:
                connection.execute(statement)
    finally:
        connection.close()


UNGUARDED = (
    "DROP TRIGGER audit_keeps_rows",
    "DROP TRIGGER audit_keeps_content",
    "DROP TRIGGER audit_grows_at_the_end",
)


def test_audit__a_row_says_who_did_what_when_and_with_which_version(store):
    row = store.audit_rows()[-1]
    assert (row.seq, row.user, row.role, row.action, row.object) == (6, "ben", "analyst", "export-written", "export 3")
    assert (row.old, row.new, row.reason, row.app_version) == (None, '{"density.csv":"3"}', "", __version__)
    assert row.utc.endswith("Z")
    assert row.utc[10] == "T"


def test_audit__hashes_are_chained_as_documented(store):
    previous = "0" * 64
    for row in store.audit_rows():
        assert row.prev_hash == previous
        fields = [row.seq, row.utc, row.user, row.role, row.action, row.object, row.old, row.new, row.reason]
        text = json.dumps(["bonemetrics-audit-1", *fields, row.app_version, row.prev_hash], separators=(",", ":"))
        assert row.hash == hashlib.sha256(text.encode("ascii")).hexdigest()
        previous = row.hash
    assert store.audit_head() == AuditHead(seq=6, hash=previous)
    assert store.verify_chain() == ()


@pytest.mark.parametrize(
    ("statement", "refusal"),
    [
        ("UPDATE audit SET user = 'eve' WHERE seq = 2", "audit rows cannot be changed"),
        ("DELETE FROM audit WHERE seq = 6", "audit rows cannot be removed"),
        ("INSERT OR REPLACE INTO audit SELECT * FROM audit WHERE seq = 3", "audit rows are added at the end"),
        (
            "INSERT INTO audit SELECT 99, utc, user, role, action, object, old, new, reason, app_version, prev_hash, hash"
            " FROM audit WHERE seq = 1",
            "audit rows are added at the end",
        ),
    ],
)
def test_audit__the_database_itself_refuses_to_change_rows(store, statement, refusal):
    with pytest.raises(sqlite3.IntegrityError, match=refusal):
        run_sql(store, statement)
    assert store.verify_chain() == ()


@pytest.mark.parametrize(
    ("statement", "seq", "kind"),
    [
        ("UPDATE audit SET user = 'eve' WHERE seq = 3", 3, "changed"),
        ("UPDATE audit SET old = '' WHERE seq = 3", 3, "changed"),
        ("UPDATE audit SET utc = '2011-01-01T00:00:00.000000Z' WHERE seq = 1", 1, "changed"),
        ("UPDATE audit SET new = X'00' WHERE seq = 4", 4, "changed"),
        ("UPDATE audit SET hash = prev_hash WHERE seq = 4", 5, "not-linked"),
        ("DELETE FROM audit WHERE seq = 3", 4, "missing"),
        ("DELETE FROM audit WHERE seq = 1", 2, "missing"),
        ("DELETE FROM audit", 1, "missing"),
    ],
)
def test_verify_chain__finds_tampering_by_whoever_removed_the_guards(store, statement, seq, kind):
    run_sql(store, *UNGUARDED, statement)
    assert (seq, kind) in [(fault.seq, fault.kind) for fault in store.verify_chain()]


def test_verify_chain__a_cut_tail_is_seen_with_the_head_from_elsewhere_alone(store):
    head = store.audit_head()
    run_sql(store, *UNGUARDED, "DELETE FROM audit WHERE seq > 4")
    assert store.verify_chain() == ()
    assert [(fault.seq, fault.kind) for fault in store.verify_chain(head)] == [(6, "cut")]


def test_verify_chain__a_log_written_anew_is_seen_with_the_head_from_elsewhere(store):
    head, rows = store.audit_head(), store.audit_rows()
    forged, previous = [], "0" * 64
    for row in rows:
        new = row.model_copy(update={"user": "eve", "prev_hash": previous})
        new = new.model_copy(update={"hash": new.expected_hash()})
        forged.append(new)
        previous = new.hash
    assert verify(forged) == ()
    assert [fault.kind for fault in verify(forged, head)] == ["cut"]


def test_verify_chain__an_older_head_stays_valid_while_the_log_grows(store):
    head = store.audit_head()
    store.record_export("later", {})
    assert store.verify_chain(head) == ()
