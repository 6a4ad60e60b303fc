from __future__ import annotations

import os
import shutil
import sqlite3
import stat
from pathlib import Path

import pytest
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from bonemetrics.atomic import write_atomic
from bonemetrics.errors import ProtocolError, StudyError
from bonemetrics.study import create as create_module
from bonemetrics.study import database as database_module
from bonemetrics.study import filesystem, layout
from bonemetrics.study.create import init_study
from bonemetrics.study.database import SCHEMA_VERSION
from bonemetrics.study.layout import StudyFolder, install_files, path_id, scan_id
from bonemetrics.study.protocol import load_protocol
from bonemetrics.study.schema import METADATA
from bonemetrics.study.store import Store, current_user
from tests.study_cases import staged

needs_posix = pytest.mark.skipif(os.name != "posix", reason="permissions as POSIX has them")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def code_of(caught) -> str:
    return caught.value.code


# Making a study


def test_init_study__makes_a_whole_private_study(tmp_path):
    old = os.umask(0)
    try:
        folder = init_study(tmp_path / "new" / "STUDY", user="ana")
    finally:
        os.umask(old)
    assert {entry.name for entry in folder.root.iterdir()} == {"study.toml", "study.db", "scans", "exports"}
    rows = Store.open(folder.root).audit_rows()
    assert [(row.seq, row.user, row.action) for row in rows] == [
        (1, "ana", "study-created"),
        (2, "ana", "protocol-recorded"),
    ]
    assert load_protocol(folder.root).study.id == "STUDY"


@needs_posix
def test_init_study__lets_nobody_else_look_inside(tmp_path):
    old = os.umask(0)
    try:
        folder = init_study(tmp_path / "STUDY")
        place = folder.scan("ab12")
        install_files(folder, staged(folder), "ab12", recorded_version=0)
    finally:
        os.umask(old)
    for part in (folder.root, folder.scans, folder.exports, place):
        assert mode(part) == 0o700, part
    for file in (folder.protocol, folder.database, place / "qc.png", place / "labels-0001.nii.gz"):
        assert mode(file) == 0o600, file


def test_init_study__copies_the_protocol_and_its_subjects_table(tmp_path):
    source = tmp_path / "protocol"
    (source / "people").mkdir(parents=True)
    text = '# kept comment\n[study]\nid = "X1"\nsubjects = "people/list.csv"\n'
    (source / "study.toml").write_text(text)
    (source / "people" / "list.csv").write_text("subject\nS01\n")
    folder = init_study(tmp_path / "STUDY", source / "study.toml")
    assert folder.protocol.read_text() == text
    assert Store.open(folder.root).protocol.subject("S01") is not None


def test_init_study__an_absolute_subjects_path_stays_where_it_is(tmp_path):
    (tmp_path / "list.csv").write_text("subject\nS01\n")
    (tmp_path / "p.toml").write_text(f"[study]\nsubjects = '{tmp_path / 'list.csv'}'\n")
    folder = init_study(tmp_path / "STUDY", tmp_path / "p.toml")
    assert not (folder.root / "list.csv").exists()
    assert Store.open(folder.root).protocol.subject("S01") is not None


def test_init_study__refuses_a_subjects_path_that_leaves_the_folder(tmp_path):
    (tmp_path / "list.csv").write_text("subject\nS01\n")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "p.toml").write_text('[study]\nsubjects = "../list.csv"\n')
    with pytest.raises(ProtocolError, match="leaves the protocol's folder"):
        init_study(tmp_path / "STUDY", tmp_path / "in" / "p.toml")
    assert not (tmp_path / "STUDY").exists()


def test_init_study__a_wrong_protocol_leaves_nothing_behind(tmp_path):
    (tmp_path / "p.toml").write_text("[studdy]\n")
    with pytest.raises(ProtocolError, match=r"line 1: unknown table \[studdy\]"):
        init_study(tmp_path / "STUDY", tmp_path / "p.toml")
    assert not (tmp_path / "STUDY").exists()


def test_init_study__takes_a_folder_with_a_protocol_made_by_hand(tmp_path):
    (tmp_path / "study.toml").write_text('[study]\nid = "BYHAND"\n')
    (tmp_path / "input").mkdir()
    folder = init_study(tmp_path)
    assert Store.open(folder.root).protocol.study.id == "BYHAND"
    (tmp_path / "other.toml").write_text("")
    with pytest.raises(StudyError, match="already holds a study") as caught:
        init_study(tmp_path)
    assert code_of(caught) == "study-exists"


def test_init_study__goes_on_where_a_kill_left_it(tmp_path):
    (tmp_path / "study.toml").write_text("")
    (tmp_path / "study.db").write_bytes(b"")
    with pytest.raises(StudyError, match="holds no study"):
        Store.open(tmp_path)
    init_study(tmp_path)
    assert Store.open(tmp_path).audit_head().seq == 2


def test_init_study__does_not_choose_between_two_protocols(tmp_path):
    place = tmp_path / "STUDY"
    place.mkdir()
    (place / "study.toml").write_text("")
    (tmp_path / "p.toml").write_text("")
    with pytest.raises(StudyError, match=r"already holds a study\.toml") as caught:
        init_study(place, tmp_path / "p.toml")
    assert code_of(caught) == "study-exists"


def test_init_study__refuses_a_folder_of_other_things(tmp_path):
    (tmp_path / ".DS_Store").write_text("")
    init_study(tmp_path)
    other = tmp_path / "scans"
    (other / "letter.doc").write_text("")
    with pytest.raises(StudyError, match="holds other things") as caught:
        init_study(other)
    assert code_of(caught) == "foreign-folder"
    assert [entry.name for entry in other.iterdir()] == ["letter.doc"]
    with pytest.raises(StudyError, match="there is a file of this name") as caught:
        init_study(other / "letter.doc")
    assert code_of(caught) == "foreign-folder"


# Opening


def test_open__refuses_what_is_no_study(tmp_path):
    with pytest.raises(StudyError, match=r"no study.toml; `bonemetrics init`") as caught:
        Store.open(tmp_path)
    assert code_of(caught) == "not-a-study"
    (tmp_path / "study.toml").write_text("")
    with pytest.raises(StudyError, match=r"no study.db") as caught:
        Store.open(tmp_path)
    assert code_of(caught) == "not-a-study"
    assert not (tmp_path / "study.db").exists()
    (tmp_path / "study.db").write_bytes(b"")
    with pytest.raises(StudyError, match="the database holds no study") as caught:
        Store.open(tmp_path)
    assert code_of(caught) == "not-a-study"


def test_open__refuses_damaged_and_foreign_databases(tmp_path):
    folder = init_study(tmp_path / "S")
    folder.database.write_bytes(b"this is no database" * 300)
    with pytest.raises(StudyError, match="damaged or something else") as caught:
        Store.open(folder.root)
    assert code_of(caught) == "damaged-database"
    folder.database.unlink()
    with sqlite3.connect(folder.database) as connection:
        connection.execute("CREATE TABLE recipes (name TEXT)")
    connection.close()
    with pytest.raises(StudyError, match="holds other tables and no study") as caught:
        Store.open(folder.root)
    assert code_of(caught) == "damaged-database"


def test_open__refuses_a_database_of_a_newer_version(tmp_path):
    folder = init_study(tmp_path / "S")
    with sqlite3.connect(folder.database) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(StudyError, match=f"has schema 9999, this bonemetrics knows {SCHEMA_VERSION}") as caught:
        Store.open(folder.root)
    assert code_of(caught) == "newer-database"


def test_open__says_that_postgres_needs_its_driver(tmp_path):
    pytest.importorskip("sqlalchemy")
    try:
        import psycopg  # noqa: F401
    except ModuleNotFoundError:
        pass
    else:
        pytest.skip("the driver is here")
    (tmp_path / "study.toml").write_text('[study]\ndatabase = "postgresql+psycopg://u:hunter2@localhost:1/d"\n')
    with pytest.raises(StudyError, match=r"pip install 'bonemetrics\[postgres\]'") as caught:
        Store.open(tmp_path)
    assert code_of(caught) == "database-unavailable"
    assert "hunter2" not in caught.value.message


def test_schema__the_migrations_make_what_the_tables_say(tmp_path):
    from alembic.autogenerate import compare_metadata

    folder = init_study(tmp_path / "S")
    engine = create_engine(f"sqlite:///{folder.database}", poolclass=NullPool)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), METADATA) == []


def test_schema__version_is_the_newest_migration():
    scripts = ScriptDirectory(str(Path(database_module.__file__).parent / "migrations"))
    assert scripts.get_heads() == [SCHEMA_VERSION]


def test_sqlite__has_the_settings_that_were_measured_to_lose_nothing(tmp_path):
    store = Store.open(init_study(tmp_path / "S").root)
    with store._database.write() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 30_000}


def test_sqlite__a_reader_is_not_kept_waiting_by_a_writer(tmp_path, monkeypatch):
    monkeypatch.setattr(database_module, "BUSY_TIMEOUT_MS", 50)
    root = init_study(tmp_path / "S").root
    one, other = Store.open(root), Store.open(root)
    with one._database.write():
        assert other.audit_head().seq == 2
        with pytest.raises(StudyError, match="locked") as caught:
            other.record_export("x", {})
    assert code_of(caught) == "database-unavailable"
    other.record_export("x", {})


# Network file systems


MOUNTS = """\
/dev/vda / ext4 rw 0 0
server:/home /home nfs4 rw 0 0
/dev/sdb /home/local xfs rw 0 0
//nas/data /mnt/my\\040data cifs rw 0 0
sshfs /srv/far fuse.sshfs rw 0 0
tmpfs /srv/far/over tmpfs rw 0 0
server:/x /srv/far/over nfs rw 0 0
broken
"""


@pytest.mark.skipif(not Path("/proc/self/mounts").exists(), reason="Linux tells by its table of mounts")
@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/data/STUDY", None),
        ("/home/ana/STUDY", "nfs4"),
        ("/home/local/STUDY", None),
        ("/homes/STUDY", None),
        ("/mnt/my data/STUDY", "cifs"),
        ("/srv/far/STUDY", "fuse.sshfs"),
        ("/srv/far/over/STUDY", "nfs"),
    ],
)
def test_network_filesystem__finds_the_mount_that_counts(tmp_path, folder, kind):
    table = tmp_path / "mounts"
    table.write_text(MOUNTS)
    assert filesystem.network_filesystem(Path(folder), mounts=table) == kind


def test_network_filesystem__is_not_known_where_the_system_does_not_tell(tmp_path):
    assert filesystem.network_filesystem(tmp_path, mounts=tmp_path / "none") is None


def test_study__on_a_network_drive_is_refused_with_the_reason(tmp_path, monkeypatch):
    root = init_study(tmp_path / "S").root
    monkeypatch.setattr(database_module, "network_filesystem", lambda _: "nfs4")
    for act in (lambda: Store.open(root), lambda: init_study(tmp_path / "T")):
        with pytest.raises(StudyError, match=r"network file system \(nfs4\).*name a PostgreSQL database") as caught:
            act()
        assert code_of(caught) == "network-filesystem"
    assert not (tmp_path / "T").exists()
    assert create_module.refuse_network_filesystem is database_module.refuse_network_filesystem


# Names and files


def test_scan_id__is_a_hash_of_both_uids():
    # sha256 of "1.2\n3.4", from the command line: printf '1.2\n3.4' | sha256sum | cut -c1-16
    assert scan_id("1.2", "3.4") == "0af780bb9f5da922"
    assert scan_id("1.2", "3.4") != scan_id("1.23", ".4")
    assert path_id(Path("/in/a")) != path_id(Path("/in/b"))


def test_study_folder__takes_no_path_for_a_scan_id(tmp_path):
    for bad in ("../x", "a/b", "", "a.b"):
        with pytest.raises(ValueError, match="letters and digits"):
            StudyFolder(tmp_path).scan(bad)


def test_write_atomic__a_failure_leaves_the_old_file_and_no_litter(tmp_path, monkeypatch):
    file = tmp_path / "a.txt"
    write_atomic(file, b"old")

    def no_space(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(layout.os, "fsync", no_space)
    with pytest.raises(OSError, match="No space"):
        write_atomic(file, b"new")
    assert file.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.txt"]


def test_install_files__keeps_the_old_files_beside_the_new(tmp_path):
    folder = StudyFolder(tmp_path)
    install_files(folder, staged(folder, b"one"), "ab", recorded_version=0)
    (folder.scan("ab") / "labels-0002.nii.gz").write_bytes(b"edited")
    names = install_files(folder, staged(folder, b"two"), "ab", recorded_version=1)
    assert names == ("labels-0001.nii.gz", "qc.png")
    assert (folder.files_of("ab", 2) / "labels-0001.nii.gz").read_bytes() == b"two"
    assert not (folder.files_of("ab", 2) / "labels-0002.nii.gz").exists()
    assert (folder.files_of("ab", 1) / "labels-0001.nii.gz").read_bytes() == b"one"
    assert (folder.files_of("ab", 1) / "labels-0002.nii.gz").read_bytes() == b"edited"
    assert [entry.name for entry in folder.scans.iterdir()] == ["ab"]


def test_install_files__a_kill_half_way_loses_nothing(tmp_path, monkeypatch):
    folder = StudyFolder(tmp_path)
    install_files(folder, staged(folder, b"one"), "ab", recorded_version=0)
    half = staged(folder, b"two")
    with monkeypatch.context() as patch:
        patch.setattr(layout, "sync_folder", lambda _: (x for x in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            install_files(folder, half, "ab", recorded_version=1)
    # The database still says version 1; a reader edits, and the run is made again.
    (folder.scan("ab") / "labels-0002.nii.gz").write_bytes(b"edited")
    install_files(folder, staged(folder, b"two"), "ab", recorded_version=1)
    kept = folder.superseded("ab", 1)
    assert (kept / "labels-0001.nii.gz").read_bytes() == b"one"
    assert (kept / "labels-0002.nii.gz").read_bytes() == b"edited"
    assert (folder.scan("ab") / "labels-0001.nii.gz").read_bytes() == b"two"


def test_sweep_staging__removes_only_what_is_old(tmp_path):
    folder = StudyFolder(tmp_path)
    old, new = folder.new_staging(), folder.new_staging()
    (old / "x").write_bytes(b"")
    os.utime(old, (0, 0))
    folder.sweep_staging()
    assert not old.exists()
    assert new.exists()
    shutil.rmtree(new)


def test_current_user__has_a_name_even_where_the_system_has_none(monkeypatch):
    def nobody() -> str:
        raise KeyError("uid not found")

    monkeypatch.setattr("bonemetrics.study.store.getpass.getuser", nobody)
    assert current_user().startswith(("uid-", "unknown"))
