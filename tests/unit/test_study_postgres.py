"""The same store on PostgreSQL: the server of BONEMETRICS_TEST_POSTGRES, else one of our own if it is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import NullPool

from bonemetrics.errors import StudyError
from bonemetrics.records import HistomorphometryEntry
from bonemetrics.study.create import init_study
from bonemetrics.study.store import Store
from tests.reading_cases import OTHER, edit, judge, refused, scanned
from tests.study_cases import ROOT, WRITER, header, result, staged

pytest.importorskip("psycopg", reason="no PostgreSQL driver; install bonemetrics[postgres]")
PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """URL of a server on which databases may be made."""
    if url := os.environ.get("BONEMETRICS_TEST_POSTGRES"):
        yield url
        return
    if not PROGRAMS:
        pytest.skip("no PostgreSQL server; set BONEMETRICS_TEST_POSTGRES to the URL of one")
    # Sockets need a short path, and the server's own user must be able to enter.
    folder = Path(tempfile.mkdtemp(prefix="bm-pg-", dir="/tmp"))
    prefix: list[str] = []
    if os.getuid() == 0:
        if shutil.which("setpriv") is None or "postgres:" not in Path("/etc/passwd").read_text():
            pytest.skip("PostgreSQL does not run as root, and there is no user for it")
        shutil.chown(folder, "postgres")
        prefix = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]
    data, programs = folder / "d", PROGRAMS[-1]
    quiet = {"stdout": subprocess.DEVNULL, "cwd": folder}
    subprocess.run([*prefix, programs / "initdb", "-D", data, "-A", "trust", "-U", "bm", "-N"], check=True, **quiet)
    options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
    control = [*prefix, programs / "pg_ctl", "-D", data, "-w", "-l", folder / "log"]
    subprocess.run([*control, "-o", options, "start"], check=True, **quiet)
    try:
        yield f"postgresql+psycopg://bm@/postgres?host={folder}"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], check=True, **quiet)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def study(server, tmp_path) -> Iterator[tuple[Path, str]]:
    name = f"bm_{uuid.uuid4().hex[:8]}"
    admin = create_engine(server, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    url = make_url(server).set(database=name).render_as_string(hide_password=False)
    (tmp_path / "p.toml").write_text(f'[study]\nid = "S"\ndatabase = "{url}"\n')
    yield init_study(tmp_path / "STUDY", tmp_path / "p.toml").root, url
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


def test_postgres__keeps_a_study_as_sqlite_does(study):
    store = Store.open(study[0])
    assert not store.folder.database.exists()
    for sha256, value in (("a" * 64, 301.5), ("b" * 64, 305.0)):
        of = header(1, sha256=sha256)
        subject = next(iter(store.assign_subjects([of]).values())).subject
        recorded = store.record_result(
            result(of, value=value), path=Path("/in/a"), subject=subject, staging=staged(store.folder)
        )
    assert (recorded.version, recorded.status) == (2, "measured")
    assert [one.measurement.value for one in store.current_measurements()] == [305.0]
    assert [one.result.measurements[0].value for one in store.history(recorded.scan_id)] == [301.5, 305.0]
    store.record_refusal(code="timeout", message="x", path=Path("/in/b"))
    counts = store.counts()
    assert (counts.scans, counts.measured, counts.failed, counts.waiting, counts.subjects) == (2, 1, 1, 1, 1)
    store.assign_subjects([header(2, birth="19991231")])
    assert store.current_measurements() == ()
    assert store.verify_chain() == ()
    assert store.verify_records() == ()


def test_postgres__keeps_a_reading_as_sqlite_does(study):
    store = Store.open(study[0])
    scan = scanned(store)
    store.reading.claim(scan, "KL", session="a")
    store.reading.renew(scan, "KL", session="a")
    mask = edit(store, scan)
    review = judge(store, scan, mask=mask.sha256)
    signature = store.reading.sign(scan, "KL", "read", mask.sha256, review.review_id)
    with refused("locked"):
        edit(store, scan, OTHER)
    assert store.reading.unlock(scan, "too early") == signature
    assert store.reading.mask_for(scan, "KL") == mask
    assert (store.scan(scan).review_status, store.scan(scan).measurements[0].value) == ("accept-with-edit", 310.0)
    entry = HistomorphometryEntry(kind="histomorphometry", subject="P001", reader="KL", state="draft")
    store.reading.record_entry(entry)
    assert store.reading.record_entry(entry.model_copy(update={"comment": "x"})).version == 2
    store.reading.save_state("KL", {"place": 3})
    assert store.reading.state("KL") == {"place": 3}
    store.reading.release(scan, "KL", session="a")
    assert store.reading.claims() == ()
    assert store.verify_records() == ()
    engine = create_engine(study[1], poolclass=NullPool)
    for table in ("labels", "reviews", "mask_numbers", "signatures", "unlocks", "biopsy_entries"):
        for statement in (f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"):  # noqa: S608 - our own names
            with engine.connect() as connection, pytest.raises(DatabaseError, match="cannot be changed or removed"):
                connection.execute(text(statement))


@pytest.mark.parametrize("statement", ["UPDATE audit SET reason = 'x'", "DELETE FROM audit", "TRUNCATE audit"])
def test_postgres__refuses_to_change_audit_rows(study, statement):
    engine = create_engine(study[1], poolclass=NullPool)
    with engine.connect() as connection, pytest.raises(DatabaseError, match="cannot be changed or removed"):
        connection.execute(text(statement))
    assert Store.open(study[0]).verify_chain() == ()


def test_postgres__several_processes_write_at_once(study):
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(study[0]), str(number)], cwd=ROOT) for number in (1, 2)
    ]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    store = Store.open(study[0])
    assert store.subjects() == tuple(f"P{number:03d}" for number in range(1, 11))
    assert store.audit_head().seq == 2 + 10 + 10
    assert store.verify_chain() == ()


def test_postgres__one_database_holds_one_study(study, tmp_path):
    with pytest.raises(StudyError, match="the database already holds a study") as caught:
        init_study(tmp_path / "OTHER", tmp_path / "p.toml")
    assert caught.value.code == "study-exists"


def test_postgres__a_server_that_is_away_is_named_without_the_password(tmp_path):
    (tmp_path / "study.toml").write_text(
        '[study]\ndatabase = "postgresql+psycopg://u:hunter2@/d?host=/nonexistent&connect_timeout=2"\n'
    )
    with pytest.raises(StudyError, match="cannot be used now") as caught:
        Store.open(tmp_path)
    assert caught.value.code == "database-unavailable"
    assert "hunter2" not in caught.value.message
