"""Whether stored results are still those that the audit log was told of."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy import Connection, RowMapping, select

from bonemetrics.records import Record
from bonemetrics.study.audit import AuditRow, canonical_json
from bonemetrics.study.recording import result_digest
from bonemetrics.study.schema import LABELS, MEASUREMENTS, PROBLEMS, RESULTS, SCANS

Key = tuple[str, int]
_COLUMNS = ("quantity", "value", "standard_uncertainty", "site", "region")


class RecordFault(Record):
    """One stored record that is not what was logged when it was written."""

    scan_id: str
    version: int
    kind: Literal["changed", "missing", "not-logged"]
    message: str


def record_faults(connection: Connection, log: Iterable[AuditRow]) -> tuple[RecordFault, ...]:
    """Compare every stored result, number and mask with the audit log.

    Parameters
    ----------
    connection
        Of the study.
    log
        The audit log, itself already verified.

    Returns
    -------
    tuple of RecordFault
        Empty where the records are what was logged.
    """
    logged = _read(log)
    numbers = _by_result(connection, MEASUREMENTS, "position")
    problems = _by_result(connection, PROBLEMS, "position")
    results = {
        (row["scan_id"], row["version"]): row
        for row in connection.execute(select(RESULTS).order_by(RESULTS.c.scan_id, RESULTS.c.version)).mappings()
    }
    faults = [
        fault
        for key, row in results.items()
        for fault in _result_faults(key, row, numbers.get(key, []), problems.get(key, []), logged.digests.get(key))
    ]
    gone = sorted(logged.digests.keys() - results.keys())
    faults.extend(_fault(key, "missing", "the log tells of a result that is not there") for key in gone)
    faults.extend(_scan_faults(connection, results, logged))
    faults.extend(_mask_faults(connection, logged))
    return tuple(faults)


@dataclass(frozen=True, slots=True)
class _Logged:
    """What the log says: digests of results, hashes of masks, subjects of scans."""

    digests: dict[Key, str] = field(default_factory=dict)
    masks: dict[tuple[str, int, int], str] = field(default_factory=dict)
    subjects: dict[str, str | None] = field(default_factory=dict)


def _read(log: Iterable[AuditRow]) -> _Logged:
    logged = _Logged()
    for row in log:
        kind, _, name = row.object.partition(" ")
        if kind != "scan" or row.new is None:
            continue
        new = json.loads(row.new)
        if row.action in ("scan-measured", "scan-refused", "scan-failed"):
            logged.digests[name, new["version"]] = new["digest"]
            logged.subjects[name] = new.get("subject")
        elif row.action == "subject-changed":
            logged.subjects[name] = new["subject"]
        elif row.action == "labels-added":
            logged.masks[name, new["version"], new["number"]] = new["sha256"]
    return logged


def _by_result(connection: Connection, table: Any, order: str) -> dict[Key, list[RowMapping]]:
    found: dict[Key, list[RowMapping]] = {}
    for row in connection.execute(select(table).order_by(table.c[order])).mappings():
        found.setdefault((row["scan_id"], row["version"]), []).append(row)
    return found


def _fault(key: Key, kind: Literal["changed", "missing", "not-logged"], message: str) -> RecordFault:
    return RecordFault(scan_id=key[0], version=key[1], kind=kind, message=message)


def _result_faults(
    key: Key, row: RowMapping, numbers: list[RowMapping], problems: list[RowMapping], logged: str | None
) -> Iterator[RecordFault]:
    if logged is None:
        yield _fault(key, "not-logged", "the log tells nothing of this result")
        return
    digest = result_digest(
        input_sha256=row["input_sha256"],
        settings_hash=row["settings_hash"],
        software_version=row["software_version"],
        content=row["content"],
        numbers=[number["content"] for number in numbers],
        problems=[_problem_text(problem) for problem in problems],
    )
    if digest != logged:
        yield _fault(key, "changed", "the result is not the one that was logged")
    if (row["status"] == "measured") == any(problem["severity"] == "refusal" for problem in problems):
        yield _fault(key, "changed", f"the status {row['status']!r} does not fit the result")
    for number in numbers:
        content = json.loads(number["content"])
        if any(number[name] != content[name] for name in _COLUMNS):
            yield _fault(key, "changed", f"the columns of {content['quantity']} differ from its record")


def _problem_text(problem: RowMapping) -> str:
    content = {name: problem[name] for name in ("code", "severity", "message")}
    return canonical_json({**content, "slices": json.loads(problem["slices"])})


def _scan_faults(connection: Connection, results: Mapping[Key, RowMapping], logged: _Logged) -> Iterator[RecordFault]:
    latest: dict[str, int] = {}
    for scan, version in results:
        latest[scan] = max(version, latest.get(scan, 0))
    for row in connection.execute(select(SCANS.c.scan_id, SCANS.c.current_version, SCANS.c.subject)):
        key = (row.scan_id, row.current_version)
        if latest.get(row.scan_id) != row.current_version:
            yield _fault(key, "changed", "the current result is not the latest one")
        if logged.subjects.get(row.scan_id) != row.subject:
            yield _fault(key, "changed", "the subject is not the one that was logged")


def _mask_faults(connection: Connection, logged: _Logged) -> Iterator[RecordFault]:
    stored = {(row.scan_id, row.version, row.number): row.sha256 for row in connection.execute(select(LABELS)).all()}
    for scan, version, number in sorted(logged.masks.keys() | stored.keys()):
        if logged.masks.get((scan, version, number)) != stored.get((scan, version, number)):
            yield _fault((scan, version), "changed", f"the hash of mask {number} is not the one that was logged")
