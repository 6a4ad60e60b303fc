"""Opening the study database: engine, settings of SQLite, migrations and short transactions."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import DatabaseError, OperationalError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from bonemetrics.errors import StudyError
from bonemetrics.study.filesystem import network_filesystem
from bonemetrics.study.layout import PRIVATE_FILE, StudyFolder

SCHEMA_VERSION = "0003"
"""The newest migration; a test holds it true."""
BUSY_TIMEOUT_MS = 30_000
_POSTGRES_LOCK = 0x626F6E65
_MIGRATIONS = Path(__file__).parent / "migrations"


class Database:
    """One study database; every `read` and `write` is a short transaction on a connection of its own."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._open: Connection | None = None

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Transaction that nobody else writes beside; committed whole at the end."""
        if self._open is not None:
            yield self._open
            return
        with _translated(), self._engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                # One writer at a time, as BEGIN IMMEDIATE gives it: versions and the audit chain count upwards.
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _POSTGRES_LOCK})
            yield connection

    @contextmanager
    def together(self) -> Iterator[None]:
        """One transaction for all that is written and read inside: many small results cost one wait for the disk."""
        with self.write() as connection:
            self._open = connection
            try:
                yield
            finally:
                self._open = None

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Transaction that sees one state and keeps nobody from writing."""
        if self._open is not None:
            yield self._open
            return
        engine = self._engine.execution_options(bonemetrics_read=True)
        with _translated(), engine.begin() as connection:
            yield connection


def open_database(folder: StudyFolder, url: str, *, create: bool = False) -> Database:
    """Open a study's database and bring its tables to the newest schema.

    Parameters
    ----------
    folder
        The study.
    url
        `sqlite` for `study.db` in the folder, else a PostgreSQL URL.
    create
        Make `study.db`; without it a missing one is an error.

    Returns
    -------
    Database
        Ready.

    Raises
    ------
    StudyError
        `not-a-study`, `network-filesystem`, `newer-database`, `damaged-database` or `database-unavailable`.
    """
    engine = _sqlite(folder, create=create) if url == "sqlite" else _engine(make_url(url))
    database = Database(engine)
    _migrate(database)
    return database


def refuse_network_filesystem(folder: Path) -> None:
    """Refuse SQLite where its locks and its shared memory cannot be trusted.

    Raises
    ------
    StudyError
        `network-filesystem`, with the kind of file system found.
    """
    kind = network_filesystem(folder)
    if kind is not None:
        message = (
            f"the study lies on a network file system ({kind}), where SQLite's write-ahead log can lose or damage"
            " records; put the study on a local disk, or name a PostgreSQL database in study.toml"
        )
        raise StudyError(message, code="network-filesystem")


def _sqlite(folder: StudyFolder, *, create: bool) -> Engine:
    refuse_network_filesystem(folder.root)
    file = folder.database
    if not file.is_file() and not create:
        raise StudyError("the folder holds no study.db; `bonemetrics init` makes a study", code="not-a-study")
    try:
        # Made by us first, so that it and the log beside it are readable by their owner alone.
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, PRIVATE_FILE))
    except OSError as error:
        raise StudyError(f"study.db cannot be written: {error.strerror}", code="database-unavailable") from None
    return _engine(URL.create("sqlite", database=str(file)))


def _engine(url: URL) -> Engine:
    try:
        # A connection per transaction: nothing is shared with the child processes of a run.
        engine = create_engine(url, poolclass=NullPool, hide_parameters=True)
    except ModuleNotFoundError:
        message = "PostgreSQL needs its driver: pip install 'bonemetrics[postgres]'"
        raise StudyError(message, code="database-unavailable") from None
    if url.get_backend_name() == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions begin where we say so, not where the driver guesses
    cursor = connection.cursor()
    for setting in (
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "recursive_triggers=ON",
        "trusted_schema=OFF",
    ):
        cursor.execute(f"PRAGMA {setting}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    reads = connection.get_execution_options().get("bonemetrics_read", False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        message = f"the study database cannot be used now: {_plain(error)}"
        raise StudyError(message, code="database-unavailable") from None
    except DatabaseError as error:
        if "not a database" in str(error) or "malformed" in str(error):
            message = f"study.db is damaged or something else ({_plain(error)}); restore it from a backup"
            raise StudyError(message, code="damaged-database") from None
        raise


def _plain(error: SQLAlchemyError) -> str:
    """First line of what the driver said; parameters and statement stay out."""
    return str(getattr(error, "orig", error)).strip().partition("\n")[0]


def _migrate(database: Database) -> None:
    with database.read() as connection:
        if _version(connection) == SCHEMA_VERSION:
            return
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    with database.write() as connection:
        version = _version(connection)
        if version is not None and version not in known:
            message = f"the study database has schema {version}, this bonemetrics knows {SCHEMA_VERSION}; update it"
            raise StudyError(message, code="newer-database")
        if version is None and inspect(connection).get_table_names():
            raise StudyError("the database holds other tables and no study", code="damaged-database")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return None if found is None else str(found)
