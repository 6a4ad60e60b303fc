"""What the store gives back: plain records, and the queries that make them."""

from __future__ import annotations

import json
from datetime import date
from typing import Literal

from sqlalchemy import Connection, RowMapping, Table, and_, func, select

from bonemetrics.errors import GuardError
from bonemetrics.records import Measurement, Problem, Record, ScanResult
from bonemetrics.study.schema import LABELS, MEASUREMENTS, PROBLEMS, RESULTS, REVIEWS, SCANS, SUBJECTS
from bonemetrics.study.subjects import Assignment

Status = Literal["measured", "refused", "failed", "resolved"]
"""`resolved`: a path that once could not be read and now belongs to a scan."""
IDENTITY_CODES = frozenset({"unknown-subject", "ambiguous-patient"})
WAITING = "waiting"
NOT_APPLICABLE = "not-applicable"
"""Of a report: it has no segmentation that a reader could judge."""


class Labels(Record):
    """One version of a scan's segmentation; `number` 1 is the automatic one."""

    number: int
    file: str
    sha256: str
    source: str
    recorded_utc: str


class StoredScan(Record):
    """One result of one scan as the study keeps it; `result` holds no identity of the patient."""

    scan_id: str
    version: int
    subject: str | None
    status: Status
    path: str
    source_files: tuple[str, ...]
    input_sha256: str
    settings_hash: str
    software_version: str
    recorded_utc: str
    result: ScanResult
    labels: Labels | None = None
    review_status: str = WAITING

    @property
    def scan_date(self) -> date | None:
        """Date of acquisition."""
        if self.result.report is not None:
            return self.result.report.scan_date
        return self.result.facts.header.scan_date if self.result.facts else None

    @property
    def series_uid(self) -> str:
        """DICOM Series Instance UID; empty for a file that tells none."""
        return self.result.facts.header.series_uid if self.result.facts else ""


class KnownInput(Record):
    """What a run must know of a scan to leave it alone."""

    scan_id: str
    version: int
    status: Status
    code: str
    subject: str | None
    path: str
    input_sha256: str
    settings_hash: str
    software_version: str

    def is_settled(self, input_sha256: str, assignment: Assignment | None = None) -> bool:
        """Whether nothing needs to be done: the same bytes, and the same answer to whose scan it is."""
        if self.status == "resolved" or self.input_sha256 != input_sha256:
            return False
        if assignment is None:
            return True
        if assignment.refusal is not None:
            return self.code == assignment.refusal.code
        return self.code not in IDENTITY_CODES


class StoredMeasurement(Record):
    """One current number of a study and the scan it is of."""

    scan_id: str
    version: int
    subject: str | None
    measurement: Measurement


class Failure(Record):
    """One input without numbers, with its reason."""

    path: str
    code: str
    message: str
    status: Status


class Counts(Record):
    """What is in a study.

    `reviewed` are measured scans with a verdict on their present mask, `waiting` the others that have a mask to judge.
    """

    scans: int
    measured: int
    refused: int
    failed: int
    waiting: int
    reviewed: int
    subjects: int
    measurements: int


def status_of(result: ScanResult) -> Status:
    """Whether a result is numbers, a refusal, or a failure of the process that should have made it."""
    if result.refusal is None:
        return "measured"
    return "failed" if result.refusal.code in GuardError.codes else "refused"


_CURRENT = and_(RESULTS.c.scan_id == SCANS.c.scan_id, RESULTS.c.version == SCANS.c.current_version)


def known_inputs(connection: Connection) -> dict[str, KnownInput]:
    """Every scan by its ID."""
    fields = [name for name in KnownInput.model_fields if name != "subject"]
    query = select(SCANS.c.subject, *(RESULTS.c[name] for name in fields)).join(RESULTS, _CURRENT)
    return {row["scan_id"]: KnownInput.model_validate(dict(row)) for row in connection.execute(query).mappings()}


def scans(
    connection: Connection, *, scan_id: str | None = None, status: Status | None = None, history: bool = False
) -> tuple[StoredScan, ...]:
    """Scans ordered by ID and version; only their current results unless `history`."""
    query = select(SCANS.c.subject, SCANS.c.kind, RESULTS).join(
        RESULTS, RESULTS.c.scan_id == SCANS.c.scan_id if history else _CURRENT
    )
    if scan_id is not None:
        query = query.where(SCANS.c.scan_id == scan_id)
    if status is not None:
        query = query.where(RESULTS.c.status == status)
    rows = connection.execute(query.order_by(RESULTS.c.scan_id, RESULTS.c.version)).mappings().all()
    numbers = _grouped(connection, MEASUREMENTS, scan_id)
    problems = _grouped(connection, PROBLEMS, scan_id)
    labels = _latest_labels(connection, scan_id)
    verdicts = _verdicts(connection)
    found: list[StoredScan] = []
    for row in rows:
        key = (row["scan_id"], row["version"])
        mask = labels.get(key)
        found.append(
            StoredScan(
                **{name: row[name] for name in _PLAIN},
                source_files=tuple(json.loads(row["source_files"])),
                result=_result(row, numbers.get(key, []), problems.get(key, [])),
                labels=mask,
                review_status=_review_status(row, mask, verdicts),
            )
        )
    return tuple(found)


def _review_status(row: RowMapping, mask: Labels | None, verdicts: dict[tuple[str, str], str]) -> str:
    if mask is not None:
        return verdicts.get((row["scan_id"], mask.sha256), WAITING)
    return NOT_APPLICABLE if json.loads(row["content"]).get("report") else WAITING


_PLAIN = (
    "scan_id",
    "version",
    "subject",
    "status",
    "path",
    "input_sha256",
    "settings_hash",
    "software_version",
    "recorded_utc",
)


def _result(row: RowMapping, numbers: list[RowMapping], problems: list[RowMapping]) -> ScanResult:
    content = ScanResult.model_validate_json(row["content"])
    return content.model_copy(
        update={
            "measurements": tuple(Measurement.model_validate_json(number["content"]) for number in numbers),
            "problems": tuple(
                Problem.model_construct(
                    code=problem["code"],
                    severity=problem["severity"],
                    message=problem["message"],
                    slices=tuple(json.loads(problem["slices"])),
                )
                for problem in problems
            ),
        }
    )


def _grouped(connection: Connection, table: Table, scan_id: str | None) -> dict[tuple[str, int], list[RowMapping]]:
    query = select(table).order_by(table.c.scan_id, table.c.version, table.c.position)
    if scan_id is not None:
        query = query.where(table.c.scan_id == scan_id)
    found: dict[tuple[str, int], list[RowMapping]] = {}
    for row in connection.execute(query).mappings():
        found.setdefault((row["scan_id"], row["version"]), []).append(row)
    return found


def _latest_labels(connection: Connection, scan_id: str | None) -> dict[tuple[str, int], Labels]:
    query = select(LABELS).order_by(LABELS.c.number)
    if scan_id is not None:
        query = query.where(LABELS.c.scan_id == scan_id)
    return {
        (row["scan_id"], row["version"]): Labels.model_validate({name: row[name] for name in Labels.model_fields})
        for row in connection.execute(query).mappings()
    }


def _verdicts(connection: Connection) -> dict[tuple[str, str], str]:
    """Latest verdict by scan and mask; a verdict on another mask says nothing of this one."""
    rows = connection.execute(select(REVIEWS).order_by(REVIEWS.c.review_id)).mappings()
    return {(row["scan_id"], row["label_sha256"]): row["verdict"] for row in rows}


def current_measurements(connection: Connection) -> tuple[StoredMeasurement, ...]:
    """Numbers of current results, ordered by scan and place in the result."""
    query = (
        select(SCANS.c.subject, MEASUREMENTS.c.scan_id, MEASUREMENTS.c.version, MEASUREMENTS.c.content)
        .join(SCANS, SCANS.c.scan_id == MEASUREMENTS.c.scan_id)
        .where(MEASUREMENTS.c.version == SCANS.c.current_version)
        .order_by(MEASUREMENTS.c.scan_id, MEASUREMENTS.c.position)
    )
    return tuple(
        StoredMeasurement(
            scan_id=row.scan_id,
            version=row.version,
            subject=row.subject,
            measurement=Measurement.model_validate_json(row.content),
        )
        for row in connection.execute(query)
    )


def failures(connection: Connection) -> tuple[Failure, ...]:
    """Inputs that now have no numbers, ordered by path."""
    query = (
        select(RESULTS.c.path, RESULTS.c.code, RESULTS.c.message, RESULTS.c.status)
        .join(SCANS, _CURRENT)
        .where(RESULTS.c.status.in_(["refused", "failed"]))
        .order_by(RESULTS.c.path, RESULTS.c.scan_id)
    )
    return tuple(Failure.model_validate(dict(row)) for row in connection.execute(query).mappings())


def counts(connection: Connection) -> Counts:
    """Count what is in."""
    query = select(RESULTS.c.status, func.count()).join(SCANS, _CURRENT).group_by(RESULTS.c.status)
    by_status = {row[0]: row[1] for row in connection.execute(query)}
    measured = scans(connection, status="measured") if by_status.get("measured") else ()
    waiting = sum(scan.review_status == WAITING for scan in measured)
    reviewed = sum(scan.review_status not in (WAITING, NOT_APPLICABLE) for scan in measured)
    numbers = connection.scalar(
        select(func.count())
        .select_from(MEASUREMENTS)
        .join(SCANS, SCANS.c.scan_id == MEASUREMENTS.c.scan_id)
        .where(MEASUREMENTS.c.version == SCANS.c.current_version)
    )
    return Counts(
        scans=sum(number for status, number in by_status.items() if status != "resolved"),
        measured=len(measured),
        refused=by_status.get("refused", 0),
        failed=by_status.get("failed", 0),
        waiting=waiting,
        reviewed=reviewed,
        subjects=connection.scalar(select(func.count()).select_from(SUBJECTS)) or 0,
        measurements=numbers or 0,
    )
