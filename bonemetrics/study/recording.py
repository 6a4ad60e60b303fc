"""Writing one scan's result: a new version where it says something new, nothing where it does not."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import JsonValue
from sqlalchemy import Connection, RowMapping, insert, select, update

from bonemetrics import __version__
from bonemetrics.errors import StudyError
from bonemetrics.records import Problem, Record, ScanHeader, ScanResult
from bonemetrics.study import audit, signatures
from bonemetrics.study.audit import Author, canonical_json, utc_now
from bonemetrics.study.layout import StudyFolder, install_files, path_id, scan_id, sha256_of
from bonemetrics.study.schema import LABELS, MEASUREMENTS, PROBLEMS, RESULTS, SCANS, SUBJECTS
from bonemetrics.study.stored import IDENTITY_CODES, Status, status_of
from bonemetrics.study.subjects import Identity

_IDENTITY_FIELDS = {"patient_id", "patient_birth_date", "patient_sex"}
_FIRST_LABELS = "labels-0001.nii.gz"
_ACTIONS: dict[Status, audit.Action] = {
    "measured": "scan-measured",
    "refused": "scan-refused",
    "failed": "scan-failed",
}


class Recorded(Record):
    """Where a result stands now. `changed` is false where the study already had exactly it."""

    scan_id: str
    version: int
    status: Status
    changed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One result on its way into the study."""

    result: ScanResult
    header: ScanHeader | None
    identity: Identity
    path: Path
    files: Sequence[Path]
    subject: str | None
    staging: Path | None
    run_id: str
    settings_hash: str
    input_sha256: str

    @property
    def scan_id(self) -> str:
        """Hash of the UIDs, or of the path where there are none."""
        return scan_id(self.header.study_uid, self.header.series_uid) if self.header else path_id(self.path)

    def content(self) -> str:
        """The result without numbers, problems and identity, as canonical JSON."""
        hidden: dict[str, Any] = {
            "measurements": True,
            "problems": True,
            "facts": {"header": _IDENTITY_FIELDS},
        }
        return canonical_json(self.result.model_dump(mode="json", exclude=hidden))

    def digest(self) -> str:
        """Sha256 (hex) of everything a result says."""
        return result_digest(
            input_sha256=self.input_sha256,
            settings_hash=self.settings_hash,
            software_version=__version__,
            content=self.content(),
            numbers=[number.model_dump_json() for number in self.result.measurements],
            problems=[problem_text(problem) for problem in self.result.problems],
        )


def problem_text(problem: Problem) -> str:
    """Canonical JSON of a problem."""
    return canonical_json(problem.model_dump(mode="json"))


def result_digest(
    *,
    input_sha256: str,
    settings_hash: str,
    software_version: str,
    content: str,
    numbers: Sequence[str],
    problems: Sequence[str],
) -> str:
    """Sha256 (hex) over everything a stored result says; it stands in the audit log."""
    parts = [input_sha256, settings_hash, software_version, content, list(numbers), list(problems)]
    return hashlib.sha256(canonical_json(parts).encode()).hexdigest()


def record(connection: Connection, folder: StudyFolder, author: Author, entry: Entry) -> Recorded:
    """Write one result inside the caller's transaction.

    Raises
    ------
    StudyError
        `unknown-subject` where the subject was never assigned; `locked` where the record was signed. A refusal since
        nobody can tell whose the scan is voids the signature instead: such numbers must leave the tables.
    """
    status = status_of(entry.result)
    _require_subject(connection, entry, status)
    current = _current(connection, entry.scan_id)
    if current is not None and current["digest"] == entry.digest() and current["status"] == status:
        _discard(entry.staging)
        _note_move(connection, author, current, entry.path, entry.files)
        return Recorded(scan_id=entry.scan_id, version=current["version"], status=status, changed=False)
    _require_open(connection, author, entry)
    version = 1 if current is None else current["version"] + 1
    _put_scan(connection, entry, version)
    names = install_files(folder, entry.staging, entry.scan_id, recorded_version=version - 1)
    _put_result(connection, entry, version, status)
    _put_numbers(connection, entry, version)
    if _FIRST_LABELS in names:
        _put_labels(connection, folder, entry.scan_id, version, author)
    _log(connection, author, entry, current, version, status)
    if entry.header is not None:
        _resolve_paths(connection, author, entry)
    return Recorded(scan_id=entry.scan_id, version=version, status=status, changed=True)


def _require_subject(connection: Connection, entry: Entry, status: Status) -> None:
    if status == "measured" and entry.subject is None:
        raise StudyError("a measured scan needs its subject; assign subjects first", code="unknown-subject")
    if entry.subject is not None:
        found = connection.execute(select(SUBJECTS).where(SUBJECTS.c.subject == entry.subject)).first()
        if found is None:
            raise StudyError(
                "the subject of this scan is not in the study; assign subjects first", code="unknown-subject"
            )


def _require_open(connection: Connection, author: Author, entry: Entry) -> None:
    refused = entry.result.refusal
    if refused is not None and refused.code in IDENTITY_CODES:
        signatures.void(connection, author, entry.scan_id, refused.message)
    signatures.require_open(connection, entry.scan_id)


def _current(connection: Connection, scan: str) -> RowMapping | None:
    query = (
        select(RESULTS, SCANS.c.subject)
        .join(SCANS, SCANS.c.scan_id == RESULTS.c.scan_id)
        .where(SCANS.c.scan_id == scan, RESULTS.c.version == SCANS.c.current_version)
    )
    return connection.execute(query).mappings().first()


def _discard(staging: Path | None) -> None:
    if staging is not None:
        shutil.rmtree(staging)


def stored_text(path: Path) -> str:
    """Path as text that every database takes; bytes that are no UTF-8 are shown as escapes."""
    return os.fsencode(path).decode("utf-8", errors="backslashreplace")


def move(connection: Connection, author: Author, scan: str, path: Path, files: Sequence[Path]) -> None:
    """Note where the input of a scan lies now; its content is the same."""
    current = _current(connection, scan)
    if current is not None:
        _note_move(connection, author, current, path, files)


def _source(path: Path, files: Sequence[Path]) -> dict[str, str]:
    return {
        "path": stored_text(path),
        "source_files": json.dumps([stored_text(file) for file in files]),
    }


def _note_move(connection: Connection, author: Author, current: RowMapping, path: Path, files: Sequence[Path]) -> None:
    source = _source(path, files)
    if all(current[name] == value for name, value in source.items()):
        return
    scan = current["scan_id"]
    this = (RESULTS.c.scan_id == scan) & (RESULTS.c.version == current["version"])
    connection.execute(update(RESULTS).where(this).values(**source))
    audit.append(connection, author, "source-moved", f"scan {scan}", new={"files": len(files)})


def _put_scan(connection: Connection, entry: Entry, version: int) -> None:
    header = entry.header
    values = {
        "kind": entry.result.kind,
        "study_uid": header.study_uid if header else "",
        "series_uid": header.series_uid if header else "",
        "subject": entry.subject,
        "patient_key": entry.identity.patient_key,
        "birth_key": entry.identity.birth_key,
        "sex_key": entry.identity.sex_key,
        "scan_date": header.scan_date.isoformat() if header and header.scan_date else None,
        "current_version": version,
    }
    if version == 1:
        connection.execute(insert(SCANS).values(scan_id=entry.scan_id, **values))
    else:
        connection.execute(update(SCANS).where(SCANS.c.scan_id == entry.scan_id).values(**values))


def _put_result(connection: Connection, entry: Entry, version: int, status: Status) -> None:
    refusal = entry.result.refusal
    connection.execute(
        insert(RESULTS).values(
            scan_id=entry.scan_id,
            version=version,
            status=status,
            code=refusal.code if refusal else "",
            message=refusal.message if refusal else "",
            input_sha256=entry.input_sha256,
            settings_hash=entry.settings_hash,
            software_version=__version__,
            recorded_utc=utc_now(),
            run_id=entry.run_id,
            digest=entry.digest(),
            content=entry.content(),
            **_source(entry.path, entry.files),
        )
    )


def _put_numbers(connection: Connection, entry: Entry, version: int) -> None:
    older = (MEASUREMENTS.c.scan_id == entry.scan_id) & MEASUREMENTS.c.superseded_by.is_(None)
    connection.execute(update(MEASUREMENTS).where(older).values(superseded_by=version))
    numbers = [
        {
            "scan_id": entry.scan_id,
            "version": version,
            "position": position,
            "quantity": number.quantity,
            "value": number.value,
            "unit": number.unit,
            "standard_uncertainty": number.standard_uncertainty,
            "site": number.site,
            "side": number.side or "",
            "region": number.region,
            "material": number.material.value if number.material else "",
            "method": number.provenance.method,
            "content": number.model_dump_json(),
        }
        for position, number in enumerate(entry.result.measurements)
    ]
    problems = [
        {
            "scan_id": entry.scan_id,
            "version": version,
            "position": position,
            "code": problem.code,
            "severity": problem.severity,
            "message": problem.message,
            "slices": json.dumps(problem.slices),
        }
        for position, problem in enumerate(entry.result.problems)
    ]
    if numbers:
        connection.execute(insert(MEASUREMENTS), numbers)
    if problems:
        connection.execute(insert(PROBLEMS), problems)


def _put_labels(connection: Connection, folder: StudyFolder, scan: str, version: int, author: Author) -> None:
    sha256 = sha256_of(folder.scan(scan) / _FIRST_LABELS)
    connection.execute(
        insert(LABELS).values(
            scan_id=scan,
            version=version,
            number=1,
            file=_FIRST_LABELS,
            sha256=sha256,
            source="automatic",
            user=author.user,
            recorded_utc=utc_now(),
        )
    )
    audit.append(
        connection, author, "labels-added", f"scan {scan}", new={"version": version, "number": 1, "sha256": sha256}
    )


def _log(
    connection: Connection, author: Author, entry: Entry, old: RowMapping | None, version: int, status: Status
) -> None:
    new: dict[str, JsonValue] = {
        "version": version,
        "subject": entry.subject,
        "input_sha256": entry.input_sha256,
        "digest": entry.digest(),
        "measurements": len(entry.result.measurements),
        "code": entry.result.refusal.code if entry.result.refusal else "",
    }
    target = f"scan {entry.scan_id}"
    if old is None:
        audit.append(connection, author, _ACTIONS[status], target, new=new)
        return
    before = {name: old[name] for name in ("version", "subject", "input_sha256", "digest", "code", "status")}
    audit.append(connection, author, "result-superseded", target, old=before, new=new, reason=_why(entry, old))
    audit.append(connection, author, _ACTIONS[status], target, new=new)


def _why(entry: Entry, old: RowMapping) -> str:
    if old["input_sha256"] != entry.input_sha256:
        return "the input changed"
    if old["software_version"] != __version__:
        return "another version of the software"
    if old["settings_hash"] != entry.settings_hash:
        return "other settings"
    return "measured again"


def _resolve_paths(connection: Connection, author: Author, entry: Entry) -> None:
    """Close what was noted against a path while its file told no UID."""
    ids = [path_id(path) for path in (entry.path, *entry.files)]
    for start in range(0, len(ids), 500):
        open_ones = (RESULTS.c.scan_id.in_(ids[start : start + 500])) & (RESULTS.c.status != "resolved")
        for found in connection.execute(select(RESULTS.c.scan_id).where(open_ones)).scalars().all():
            connection.execute(update(RESULTS).where(RESULTS.c.scan_id == found).values(status="resolved"))
            audit.append(connection, author, "scan-resolved", f"scan {found}", new={"scan_id": entry.scan_id})
