"""Whether stored results are still those that the audit log was told of."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy import Connection, RowMapping, select

from bonemetrics.quantities import CATALOGUE
from bonemetrics.records import Record
from bonemetrics.study.audit import AuditRow, canonical_json
from bonemetrics.study.recording import result_digest
from bonemetrics.study.schema import LABELS, MEASUREMENTS, PROBLEMS, RESULTS, SCANS

Key = tuple[str, int]
UNREADABLE = (TypeError, ValueError, KeyError, AttributeError)
"""What reading a row raises that holds something else than was ever written there."""
_COLUMNS = ("quantity", "value", "unit", "standard_uncertainty", "site", "side", "region", "material")


class RecordFault(Record):
    """One stored record that is not what was logged when it was written."""

    scan_id: str
    version: int
    kind: Literal["changed", "missing", "not-logged"]
    message: str


def fault_of(key: Sequence[Any], kind: Literal["changed", "missing", "not-logged"], message: str) -> RecordFault:
    """A fault of what has this key; the parts of a spoilt key are shown as they can be."""
    version = key[1] if isinstance(key[1], int) else 0
    return RecordFault(scan_id=str(key[0]), version=version, kind=kind, message=message)


def told_in(row: AuditRow) -> dict[str, Any] | None:
    """What a row of the log tells of the new state; `None` where it tells nothing or was spoilt."""
    try:
        told = json.loads(row.new) if row.new is not None else None
    except UNREADABLE:
        return None
    return told if isinstance(told, dict) else None


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
        for fault in _readable(
            key, _result_faults(key, row, numbers.get(key, []), problems.get(key, []), logged.digests.get(key))
        )
    ]
    gone = sorted(logged.digests.keys() - results.keys())
    faults.extend(fault_of(key, "missing", "the log tells of a result that is not there") for key in gone)
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
        new = told_in(row)
        if kind != "scan" or new is None:
            continue
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


def _readable(key: Key, faults: Iterator[RecordFault]) -> list[RecordFault]:
    try:
        return list(faults)
    except UNREADABLE:
        return [fault_of(key, "changed", "the result cannot be read")]


def _result_faults(
    key: Key, row: RowMapping, numbers: list[RowMapping], problems: list[RowMapping], logged: str | None
) -> Iterator[RecordFault]:
    if logged is None:
        yield fault_of(key, "not-logged", "the log tells nothing of this result")
        return
    digest = result_digest(
        input_sha256=row["input_sha256"],
        settings_hash=row["settings_hash"],
        software_version=row["software_version"],
        content=row["content"],
        numbers=[number["content"] for number in numbers],
        problems=[_problem_text(problem) for problem in problems],
    )
    if not digest == row["digest"] == logged:
        yield fault_of(key, "changed", "the result is not the one that was logged")
    if (row["status"] == "measured") == any(problem["severity"] == "refusal" for problem in problems):
        yield fault_of(key, "changed", f"the status {row['status']!r} does not fit the result")
    for number in numbers:
        content = json.loads(number["content"])
        if any(number[name] != _as_column(content, name) for name in _COLUMNS):
            yield fault_of(key, "changed", f"the columns of {content['quantity']} differ from its record")


def _as_column(content: Mapping[str, Any], name: str) -> Any:
    """What the column of a number holds; a side or material that is not known is an empty text."""
    if name == "unit":
        return CATALOGUE[content["quantity"]].unit
    return content[name] or "" if name in ("side", "material") else content[name]


def _problem_text(problem: RowMapping) -> str:
    content = {name: problem[name] for name in ("code", "severity", "message")}
    return canonical_json({**content, "slices": json.loads(problem["slices"])})


def _scan_faults(connection: Connection, results: Mapping[Key, RowMapping], logged: _Logged) -> Iterator[RecordFault]:
    latest: dict[str, int] = {}
    for scan, version in results:
        latest[scan] = max(version, latest.get(scan, 0))
    rows = connection.execute(select(SCANS.c.scan_id, SCANS.c.current_version, SCANS.c.subject)).all()
    for scan in sorted(latest.keys() - {row.scan_id for row in rows}, key=repr):
        yield fault_of((scan, latest[scan]), "missing", "the log tells of a scan that is not there")
    for row in rows:
        key = (row.scan_id, row.current_version)
        if latest.get(row.scan_id) != row.current_version:
            yield fault_of(key, "changed", "the current result is not the latest one")
        if logged.subjects.get(row.scan_id) != row.subject:
            yield fault_of(key, "changed", "the subject is not the one that was logged")


def _mask_faults(connection: Connection, logged: _Logged) -> Iterator[RecordFault]:
    stored = {(row.scan_id, row.version, row.number): row.sha256 for row in connection.execute(select(LABELS)).all()}
    for scan, version, number in sorted(logged.masks.keys() | stored.keys(), key=repr):
        if logged.masks.get((scan, version, number)) != stored.get((scan, version, number)):
            yield fault_of((scan, version), "changed", f"the hash of mask {number} is not the one that was logged")
