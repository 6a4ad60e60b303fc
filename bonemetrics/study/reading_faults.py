"""Whether masks, verdicts, signatures and biopsy entries are still those that the audit log was told of."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from sqlalchemy import Connection, RowMapping, select

from bonemetrics.study.audit import AuditRow
from bonemetrics.study.biopsy_entries import entry_digest, entry_rows
from bonemetrics.study.masks import numbers_digest
from bonemetrics.study.reviews import review_digest, review_rows
from bonemetrics.study.schema import LABELS, SCANS
from bonemetrics.study.schema_reading import MASK_NUMBERS, SIGNATURES, UNLOCKS
from bonemetrics.study.signatures import Signature, locks, reviews_digest
from bonemetrics.study.verify import UNREADABLE, RecordFault, fault_of, told_in

_AUTOMATIC = {"source": "automatic", "file": "labels-0001.nii.gz", "reader": "", "based_on": ""}
_SPOILT = ("unreadable",)
Told = dict[tuple[Any, ...], Any]
"""What is said of each thing, by scan or entry, a number, and what tells it apart further."""


def reading_faults(connection: Connection, log: Iterable[AuditRow]) -> tuple[RecordFault, ...]:
    """Compare everything that readers said, drew, signed and entered with the audit log.

    Claims and readers' states are not in the log.

    Parameters
    ----------
    connection
        Of the study.
    log
        The audit log, itself already verified.

    Returns
    -------
    tuple of RecordFault
        Empty where all is what was logged; `scan_id` is the ID of the entry for one of a biopsy.
    """
    rows = [(row, new) for row in log if (new := told_in(row)) is not None]
    return (
        *_differences("mask {2}", told := _masks_told(rows), _masks(connection, told)),
        *_differences("the measurement of mask {2}", _numbers_told(rows), _numbers(connection)),
        *_differences("verdict {2}", _reviews_told(rows), _reviews(connection)),
        *_differences("signature {2}", _by_signature(rows, "record-signed"), _signatures(connection)),
        *_differences("the unlocking of signature {2}", _by_signature(rows, "record-unlocked"), _unlocks(connection)),
        *_differences("version {1} of the entry", _entries_told(rows), _entries(connection)),
        *_broken_locks(connection),
    )


def _differences(what: str, told: Told, found: Told) -> Iterator[RecordFault]:
    for key in sorted(told.keys() | found.keys(), key=repr):
        name = what.format(*key)
        if key not in found:
            yield fault_of(key, "missing", f"the log tells of {name}, which is not there")
        elif key not in told:
            yield fault_of(key, "not-logged", f"the log tells nothing of {name}")
        elif found[key] != told[key]:
            yield fault_of(key, "changed", f"{name} is not what was logged")


def _read(make: Callable[[], Any]) -> Any:
    """What a row says; nothing that was ever logged where somebody made it unreadable."""
    try:
        return make()
    except UNREADABLE:
        return _SPOILT


Rows = list[tuple[AuditRow, dict[str, Any]]]


def _of(rows: Rows, *actions: str) -> Iterator[tuple[str, AuditRow, dict[str, Any]]]:
    for row, new in rows:
        if row.action in actions:
            yield row.object.partition(" ")[2], row, new


def _masks_told(rows: Rows) -> Told:
    """File, source, reader and origin of every mask; hashes are compared beside the results."""
    return {
        (scan, new["version"], new["number"]): {**_AUTOMATIC, **{name: new[name] for name in new if name in LABELS.c}}
        for scan, _, new in _of(rows, "labels-added")
    }


def _masks(connection: Connection, told: Told) -> Told:
    found: Told = {}
    for row in connection.execute(select(LABELS)).mappings():
        key = (row["scan_id"], row["version"], row["number"])
        found[key] = {name: row[name] for name in told.get(key, row)}
    return found


def _numbers_told(rows: Rows) -> Told:
    return {
        (scan, new["version"], new["number"]): (new["digest"], new["digest"])
        for scan, _, new in _of(rows, "labels-added")
        if "digest" in new
    }


def _numbers(connection: Connection) -> Told:
    found: Told = {}
    for row in connection.execute(select(MASK_NUMBERS)).mappings():
        key = (row["scan_id"], row["version"], row["number"])
        found[key] = (_read(partial(numbers_digest, *key, row["content"])), row["digest"])
    return found


def _reviews_told(rows: Rows) -> Told:
    return {(scan, 0, new["review_id"]): new["digest"] for scan, _, new in _of(rows, "review-recorded")}


def _reviews(connection: Connection) -> Told:
    return {
        (row["scan_id"], 0, row["review_id"]): _read(partial(review_digest, row)) for row in review_rows(connection)
    }


def _by_signature(rows: Rows, action: str) -> Told:
    found: Told = {}
    for scan, _, new in _of(rows, action):
        found[scan, 0, new["signature_id"]] = new["digest"] if action == "record-signed" else _unlock_digest(new)
    return found


def _signatures(connection: Connection) -> Told:
    rows = connection.execute(select(SIGNATURES)).mappings()
    return {(row["scan_id"], 0, row["signature_id"]): _read(partial(_signature_digest, row)) for row in rows}


def _signature_digest(row: RowMapping) -> str:
    return Signature.model_validate(dict(row)).digest


def _unlocks(connection: Connection) -> Told:
    query = select(UNLOCKS, SIGNATURES.c.scan_id).outerjoin(
        SIGNATURES, SIGNATURES.c.signature_id == UNLOCKS.c.signature_id
    )
    rows = connection.execute(query).mappings()
    return {(row["scan_id"] or "", 0, row["signature_id"]): _read(partial(_unlock_digest, row)) for row in rows}


def _unlock_digest(told: RowMapping | dict[str, Any]) -> str:
    parts = [told[name] for name in ("signature_id", "reason", "user", "unlocked_utc")]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _entries_told(rows: Rows) -> Told:
    return {(entry, new["version"]): new["digest"] for entry, _, new in _of(rows, "entry-recorded", "entry-unlocked")}


def _entries(connection: Connection) -> Told:
    return {(row["entry_id"], row["version"]): _read(partial(entry_digest, row)) for row in entry_rows(connection)}


def _broken_locks(connection: Connection) -> Iterator[RecordFault]:
    """Signed records that are no longer what was signed."""
    versions = {row.scan_id: row.current_version for row in connection.execute(select(SCANS))}
    for scan, signature in _locks(connection).items():
        fault = RecordFault(scan_id=scan, version=signature.version, kind="changed", message="")
        if versions.get(scan) != signature.version:
            yield fault.model_copy(update={"message": "the result that was signed is not the current one"})
        if _read(partial(reviews_digest, connection, scan)) != signature.reviews_sha256:
            yield fault.model_copy(update={"message": "the verdicts are not those that were signed"})


def _locks(connection: Connection) -> dict[str, Signature]:
    """Signatures that lock; none where one of them cannot be read, which is told of it by itself."""
    try:
        return locks(connection)
    except UNREADABLE:
        return {}
