"""Entries of biopsies that readers made beside the scans: versions that are only ever added, with what was drawn."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import JsonValue
from sqlalchemy import Connection, RowMapping, insert, select

from bonemetrics import __version__
from bonemetrics.atomic import write_atomic
from bonemetrics.errors import StudyError
from bonemetrics.records import HistomorphometryEntry, Record
from bonemetrics.study import audit
from bonemetrics.study.audit import Author, canonical_json, utc_now
from bonemetrics.study.layout import StudyFolder, make_private_folder
from bonemetrics.study.protocol import Protocol
from bonemetrics.study.schema import SUBJECTS
from bonemetrics.study.schema_reading import BIOPSY_ENTRIES

READER_ENTRY = "reader-entry"
"""What stands for the table in notes and sources of what was entered in the study itself."""
_SUFFIXES = frozenset({".json", ".geojson", ".csv", ".svg", ".png", ".tif", ".tiff", ".npz"})
_COLUMNS = (
    "entry_id",
    "version",
    "subject",
    "state",
    "content",
    "drawings",
    "user",
    "software_version",
    "recorded_utc",
)


class Drawing(Record):
    """A file that shows how an entry was measured; it lies in `StudyFolder.biopsy(entry_id)`."""

    file: str
    sha256: str


class StoredEntry(Record):
    """One version of an entry; `digest` is what the audit log was told."""

    entry_id: str
    version: int
    entry: HistomorphometryEntry
    drawings: tuple[Drawing, ...] = ()
    user: str
    software_version: str
    recorded_utc: str
    digest: str


def record_entry(
    connection: Connection,
    folder: StudyFolder,
    author: Author,
    protocol: Protocol,
    entry: HistomorphometryEntry,
    *,
    drawings: Sequence[Path],
    entry_id: str,
) -> StoredEntry:
    """Keep an entry as a new version where it says something new, inside the caller's write transaction.

    Parameters
    ----------
    connection, folder, author, protocol
        Of the study.
    entry
        In its state; without a reader it is the author's.
    drawings
        Files that stand in place of those of the version before; where there are none, those stay.
    entry_id
        Of which entry it is a new version; empty: of this reader's own for the same biopsy, envelope and number.

    Raises
    ------
    StudyError
        `unknown-subject`; `unknown-entry` where this reader has none of that ID; `entry-exists` where another one of
        hers is of the same biopsy, envelope and number.
    TableError
        `entry-locked`, or, where it is complete or locked, `entry-incomplete` or `hard-violation`.
    AlgebraError
        `unknown-index` where a number has a code that is no measurement.
    """
    entry = entry.model_copy(
        update={"kind": "histomorphometry", "sheet": "", "line": 0, "reader": entry.reader or author.user}
    )
    _require_subject(connection, protocol, entry.subject)
    current = {one.entry_id: one for one in entries(connection)}
    same = next((one for one in current.values() if _key(one.entry) == _key(entry)), None)
    known = _known(current, entry, entry_id) if entry_id else same
    if same is not None and known is not None and same.entry_id != known.entry_id:
        text = "you have another entry of this biopsy, envelope and number; change that one, or give it another number"
        raise StudyError(text, code="entry-exists")
    name = known.entry_id if known is not None else _new_id(connection, entry)
    kept = _drawn(folder, name, drawings) if drawings else known.drawings if known is not None else ()
    if known is not None and (known.entry, known.drawings) == (entry, kept):
        return known
    _require_sound(entry, known, protocol)
    return _put(connection, author, name, entry, kept, known, action="entry-recorded")


def unlock_entry(connection: Connection, author: Author, entry_id: str, reason: str) -> StoredEntry:
    """Open a locked entry again; it is complete, and can be changed. The reason goes into the audit log.

    Raises
    ------
    StudyError
        `unknown-entry`, `not-locked`, or `reason-missing`.
    """
    from bonemetrics.histomorphometry.locking import unlock

    known = next((one for one in entries(connection) if one.entry_id == entry_id), None)
    if known is None:
        raise StudyError("the study has no entry of this ID", code="unknown-entry")
    if known.entry.state != "locked":
        raise StudyError("the entry is not locked", code="not-locked")
    if not reason.strip():
        raise StudyError("a locked entry is unlocked with a reason", code="reason-missing")
    entry = unlock(known.entry, reason)
    return _put(connection, author, entry_id, entry, known.drawings, known, action="entry-unlocked", reason=reason)


def entries(connection: Connection, subject: str | None = None) -> tuple[StoredEntry, ...]:
    """Latest versions, ordered by ID."""
    latest = {one.entry_id: one for one in versions(connection)}
    return tuple(one for one in latest.values() if subject is None or one.entry.subject == subject)


def versions(connection: Connection, entry_id: str | None = None) -> Iterator[StoredEntry]:
    """Every version, ordered by ID and version."""
    for row in entry_rows(connection):
        if entry_id is None or row["entry_id"] == entry_id:
            yield _stored(row)


def entry_rows(connection: Connection) -> list[RowMapping]:
    """The same as they stand in the database."""
    query = select(BIOPSY_ENTRIES).order_by(BIOPSY_ENTRIES.c.entry_id, BIOPSY_ENTRIES.c.version)
    return list(connection.execute(query).mappings())


def entry_digest(row: RowMapping | dict[str, Any]) -> str:
    """Sha256 (hex) over everything a stored version says; it stands in the audit log."""
    return hashlib.sha256(canonical_json([row[name] for name in _COLUMNS]).encode()).hexdigest()


def _stored(row: RowMapping) -> StoredEntry:
    told = {name: row[name] for name in ("entry_id", "version", "user", "software_version", "recorded_utc")}
    parts = {"entry": json.loads(row["content"]), "drawings": json.loads(row["drawings"])}
    return StoredEntry.model_validate_json(canonical_json({**told, **parts, "digest": entry_digest(row)}))


def _require_subject(connection: Connection, protocol: Protocol, subject: str) -> None:
    found = connection.scalar(select(SUBJECTS.c.subject).where(SUBJECTS.c.subject == subject))
    if found is None and protocol.subject(subject) is None:
        raise StudyError("the study has nobody of this study ID", code="unknown-subject")


def _key(entry: HistomorphometryEntry) -> tuple[object, ...]:
    """What makes two versions one entry; entries of two readers never are, so that neither covers the other."""
    from bonemetrics.histomorphometry.compare import biopsy_of

    return (*biopsy_of(entry), entry.entry.casefold(), entry.reader)


def _known(current: dict[str, StoredEntry], entry: HistomorphometryEntry, entry_id: str) -> StoredEntry:
    known = current.get(entry_id)
    if known is None or known.entry.reader != entry.reader:
        raise StudyError("this reader has no entry of this ID in the study", code="unknown-entry")
    return known


def _new_id(connection: Connection, entry: HistomorphometryEntry) -> str:
    """Short hash of what the entry is of when it is first kept; `e` tells it from a scan and a table."""
    taken = {row["entry_id"] for row in entry_rows(connection)}
    key = [str(part) for part in _key(entry)]
    names = ("e" + hashlib.sha256(canonical_json([*key, again]).encode()).hexdigest()[:11] for again in range(10**6))
    return next(name for name in names if name not in taken)


def _require_sound(entry: HistomorphometryEntry, known: StoredEntry | None, protocol: Protocol) -> None:
    from bonemetrics.histomorphometry import locking
    from bonemetrics.histomorphometry.catalogue import measured

    if known is not None:
        locking.edit(known.entry, {})  # refuses a locked one
    for code in (*entry.primaries, *entry.typed):
        measured(code)
    if entry.state != "draft":
        locking.lock(entry, protocol.histomorphometry)  # refuses what cannot be true


def _drawn(folder: StudyFolder, entry_id: str, drawings: Sequence[Path]) -> tuple[Drawing, ...]:
    place = folder.biopsy(entry_id)
    make_private_folder(place)
    found: list[Drawing] = []
    for path in drawings:
        data = path.read_bytes()
        sha256 = hashlib.sha256(data).hexdigest()
        suffix = path.suffix.lower()
        # Named by its content, so that nothing is ever overwritten by something else.
        name = f"drawing-{sha256[:16]}{suffix if suffix in _SUFFIXES else ''}"
        write_atomic(place / name, data)
        found.append(Drawing(file=name, sha256=sha256))
    return tuple(dict.fromkeys(found))


def _put(
    connection: Connection,
    author: Author,
    entry_id: str,
    entry: HistomorphometryEntry,
    drawings: Sequence[Drawing],
    known: StoredEntry | None,
    *,
    action: audit.Action,
    reason: str = "",
) -> StoredEntry:
    kept = StoredEntry(
        entry_id=entry_id,
        version=1 if known is None else known.version + 1,
        entry=entry,
        drawings=tuple(drawings),
        user=author.user,
        software_version=__version__,
        recorded_utc=utc_now(),
        digest="",
    )
    values = kept.model_dump(exclude={"entry", "drawings", "digest"}) | {
        "subject": entry.subject,
        "state": entry.state,
        "content": canonical_json(entry.model_dump(mode="json")),
        "drawings": canonical_json([one.model_dump() for one in drawings]),
    }
    connection.execute(insert(BIOPSY_ENTRIES).values(**values))
    kept = kept.model_copy(update={"digest": entry_digest(values)})
    old = None if known is None else _told(known)
    audit.append(connection, author, action, f"entry {entry_id}", old=old, new=_told(kept), reason=reason)
    return kept


def _told(kept: StoredEntry) -> JsonValue:
    entry = kept.entry
    named: dict[str, JsonValue] = {"subject": entry.subject, "reader": entry.reader, "state": entry.state}
    return {"version": kept.version, "digest": kept.digest, **named}
