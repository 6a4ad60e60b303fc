"""Subjects and protocols in the database: the stored side of `subjects.resolve`."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, Select, insert, select, update

from bonemetrics.records import Problem, ScanHeader
from bonemetrics.study import audit, signatures
from bonemetrics.study.audit import Author, canonical_json, utc_now
from bonemetrics.study.layout import StudyFolder, install_files
from bonemetrics.study.protocol import Protocol
from bonemetrics.study.recording import problem_text, result_digest
from bonemetrics.study.schema import MEASUREMENTS, PATIENTS, PROBLEMS, PROTOCOLS, RESULTS, SCANS, SETTINGS, SUBJECTS
from bonemetrics.study.stored import IDENTITY_CODES
from bonemetrics.study.subjects import Assignment, Candidate, Identity, Resolution, candidate, patients_of, resolve

_IDENTITY_KEY = "identity-key"


def make_identity_key(connection: Connection) -> None:
    """Give a new study its secret, which makes the hashes of its patients its own."""
    connection.execute(insert(SETTINGS).values(key=_IDENTITY_KEY, value=secrets.token_hex(32)))


def is_a_study(connection: Connection) -> bool:
    """Whether `init` has been here."""
    return connection.execute(select(SETTINGS.c.key).where(SETTINGS.c.key == _IDENTITY_KEY)).first() is not None


def identity_key(connection: Connection) -> bytes:
    """The study's secret."""
    text = connection.execute(select(SETTINGS.c.value).where(SETTINGS.c.key == _IDENTITY_KEY)).scalar_one()
    return bytes.fromhex(text)


def record_protocol(connection: Connection, author: Author, protocol: Protocol) -> bool:
    """Keep the protocol where it is not the one kept last, without patient IDs."""
    last = connection.execute(select(PROTOCOLS).order_by(PROTOCOLS.c.number.desc()).limit(1)).first()
    # What `--set` changes for one call is kept with the run, not as a protocol of the study.
    if protocol.overrides or (last is not None and last.protocol_hash == protocol.protocol_hash):
        return False
    number = 1 if last is None else last.number + 1
    content = protocol.model_dump(
        mode="json", exclude={"subjects": {"__all__": {"patient_ids"}}, "study": {"database"}, "overrides": True}
    )
    connection.execute(
        insert(PROTOCOLS).values(
            number=number,
            protocol_hash=protocol.protocol_hash,
            recorded_utc=utc_now(),
            content=canonical_json(content),
        )
    )
    audit.append(
        connection,
        author,
        "protocol-recorded" if last is None else "protocol-changed",
        f"protocol {number}",
        old=None if last is None else {"protocol_hash": last.protocol_hash},
        new={"protocol_hash": protocol.protocol_hash},
    )
    return True


def assign_subjects(
    connection: Connection, folder: StudyFolder, author: Author, protocol: Protocol, headers: Sequence[ScanHeader]
) -> dict[str, Assignment]:
    """Resolve the scans of a run against what is stored, and store what that changes."""
    key = identity_key(connection)
    candidates = [candidate(header, key=key) for header in headers]
    now_read = {scan.scan_id for scan in candidates}
    rows = [row for row in _stored_rows(connection) if row.scan_id in now_read or not _is_gone(row)]
    enrolled_before = {row.patient_key: row.subject for row in connection.execute(select(PATIENTS))}
    in_use = list(connection.execute(select(SUBJECTS.c.subject)).scalars())
    resolution = resolve(
        candidates,
        stored=[_stored_candidate(row) for row in rows],
        known=patients_of(protocol.subjects, key=key) if protocol.lists_subjects else enrolled_before,
        may_enrol=not protocol.lists_subjects,
        taken=in_use,
    )
    _enrol(connection, author, resolution, set(in_use))
    for row in rows:
        assignment = resolution.assignments[row.scan_id]
        if assignment.subject is not None and row.subject not in (None, assignment.subject):
            _change_subject(connection, author, row, assignment.subject)
        if assignment.refusal is not None and row.status == "measured" and row.scan_id not in now_read:
            _withdraw(connection, folder, author, row, assignment.refusal)
    return dict(resolution.assignments)


def _stored_rows(connection: Connection) -> Sequence[Row[tuple[object, ...]]]:
    return connection.execute(_stored_query().where(SCANS.c.patient_key != "")).all()


def _stored_query() -> Select[Any]:
    return select(SCANS, RESULTS.c.status, RESULTS.c.version, RESULTS.c.code, RESULTS.c.path).join(
        RESULTS, (RESULTS.c.scan_id == SCANS.c.scan_id) & (RESULTS.c.version == SCANS.c.current_version)
    )


def _is_gone(row: Row[tuple[object, ...]]) -> bool:
    """Whether a scan was refused for whose it is and its file has been removed, as its refusal asked for."""
    return bool(row.code in IDENTITY_CODES and not Path(row.path).exists())


def _stored_candidate(row: Row[tuple[object, ...]]) -> Candidate:
    return Candidate(
        scan_id=row.scan_id,
        series_uid=row.series_uid,
        scan_date=date.fromisoformat(row.scan_date) if row.scan_date else None,
        identity=Identity(patient_key=row.patient_key, birth_key=row.birth_key, sex_key=row.sex_key),
        # What could not enrol when it was read, such as an ID off a picture, cannot do so later unread.
        may_enrol=row.code != "unknown-subject",
    )


def _enrol(connection: Connection, author: Author, resolution: Resolution, in_use: set[str]) -> None:
    assigned = {found.subject for found in resolution.assignments.values() if found.subject is not None}
    source = "enrolled" if resolution.enrolled else "table"
    for subject in sorted(assigned - in_use):
        own = "enrolled" if subject in resolution.enrolled.values() else source
        connection.execute(insert(SUBJECTS).values(subject=subject, source=own, enrolled_utc=utc_now()))
        audit.append(connection, author, "subject-enrolled", f"subject {subject}", new={"source": own})
    for patient, subject in resolution.enrolled.items():
        connection.execute(insert(PATIENTS).values(patient_key=patient, subject=subject))


def _change_subject(connection: Connection, author: Author, row: Row[tuple[object, ...]], subject: str) -> None:
    connection.execute(update(SCANS).where(SCANS.c.scan_id == row.scan_id).values(subject=subject))
    audit.append(
        connection,
        author,
        "subject-changed",
        f"scan {row.scan_id}",
        old={"subject": row.subject},
        new={"subject": subject},
        reason="the subjects table changed",
    )


def withdraw(connection: Connection, folder: StudyFolder, author: Author, scan_id: str, refusal: Problem) -> None:
    """Take a result back that its file no longer says, and close it: nobody has to do anything about it."""
    row = connection.execute(_stored_query().where(SCANS.c.scan_id == scan_id)).one()
    _withdraw(connection, folder, author, row, refusal, reason=refusal.message)
    this = (RESULTS.c.scan_id == scan_id) & (RESULTS.c.version == row.version + 1)
    connection.execute(update(RESULTS).where(this).values(status="resolved"))


def _withdraw(
    connection: Connection,
    folder: StudyFolder,
    author: Author,
    row: Row[tuple[object, ...]],
    refusal: Problem,
    *,
    reason: str = "a newer scan contradicts whose scan this is",
) -> None:
    """Take a stored scan's numbers out of the tables; the result stays in its history."""
    scan, version = row.scan_id, row.version + 1
    signatures.void(connection, author, scan, reason)
    old = (
        connection.execute(select(RESULTS).where(RESULTS.c.scan_id == scan, RESULTS.c.version == row.version))
        .mappings()
        .one()
    )
    changed = {"version": version, "status": "refused", "code": refusal.code, "message": refusal.message}
    digest = result_digest(
        input_sha256=old["input_sha256"],
        settings_hash=old["settings_hash"],
        software_version=old["software_version"],
        content=old["content"],
        numbers=[],
        problems=[problem_text(refusal)],
    )
    changed |= {"digest": digest, "recorded_utc": utc_now()}
    connection.execute(insert(RESULTS).values(**{**old, **changed}))
    connection.execute(
        insert(PROBLEMS).values(
            scan_id=scan, version=version, position=0, code=refusal.code, severity="refusal", message=refusal.message
        )
    )
    numbers = (MEASUREMENTS.c.scan_id == scan) & MEASUREMENTS.c.superseded_by.is_(None)
    connection.execute(update(MEASUREMENTS).where(numbers).values(superseded_by=version))
    connection.execute(update(SCANS).where(SCANS.c.scan_id == scan).values(current_version=version, subject=None))
    install_files(folder, None, scan, recorded_version=row.version)
    audit.append(
        connection,
        author,
        "result-superseded",
        f"scan {scan}",
        old={"version": row.version, "digest": old["digest"], "subject": row.subject},
        new={"version": version, "code": refusal.code, "digest": digest},
        reason=reason,
    )
    audit.append(
        connection,
        author,
        "scan-refused",
        f"scan {scan}",
        new={"version": version, "code": refusal.code, "digest": digest},
    )
