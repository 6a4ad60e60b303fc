"""What the store gives back: plain records, and the queries that make them."""

from __future__ import annotations

import json
from datetime import date
from typing import Any, Literal

from sqlalchemy import Connection, RowMapping, Table, and_, func, select

from bonemetrics.errors import GuardError
from bonemetrics.records import Measurement, Problem, QualityCard, Record, Review, ScanResult
from bonemetrics.study.masks import Labels, MaskResult, every_mask, mask_results, without_numbers
from bonemetrics.study.reviews import reviews
from bonemetrics.study.schema import MEASUREMENTS, PROBLEMS, RESULTS, SCANS, SUBJECTS
from bonemetrics.study.standing import NOT_APPLICABLE, OPEN, WAITING, ReviewStatus, standing
from bonemetrics.study.subjects import Assignment

Status = Literal["measured", "refused", "failed", "resolved"]
"""`resolved`: a path that once could not be read and now belongs to a scan."""
IDENTITY_CODES = frozenset({"unknown-subject", "ambiguous-patient"})


class StoredScan(Record):
    """One result of one scan as the study keeps it; `result` holds no identity of the patient.

    `result` is what was measured automatically, so that it can be measured again. `labels` is the mask that counts, and
    `edit` what it gave where a reader drew it: `measurements`, `problems` and `card` are those of the mask that counts.
    `deferred` is true where a reader has put the scan off.
    """

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
    edit: MaskResult | None = None
    review_status: ReviewStatus = WAITING
    deferred: bool = False

    @property
    def measurements(self) -> tuple[Measurement, ...]:
        """Numbers of the mask that counts."""
        return self.result.measurements if self.edit is None else self.edit.measurements

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What was said of the scan and of the mask that counts."""
        return self.result.problems if self.edit is None else self.edit.problems

    @property
    def card(self) -> QualityCard:
        """Automatic findings on the mask that counts."""
        return self.result.card if self.edit is None else self.edit.card

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

    `reviewed` are measured scans with a verdict on the mask that counts, `waiting` the others that have one to judge,
    those that need an adjudicator included.
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
    connection: Connection,
    *,
    readings: int,
    scan_id: str | None = None,
    status: Status | None = None,
    history: bool = False,
) -> tuple[StoredScan, ...]:
    """Scans ordered by ID and version, of a study with so many readings; only current results unless `history`."""
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
    read = _Readings(connection, scan_id, readings)
    found: list[StoredScan] = []
    for row in rows:
        key = (row["scan_id"], row["version"])
        result = _result(row, numbers.get(key, []), problems.get(key, []))
        found.append(
            StoredScan(
                **{name: row[name] for name in _PLAIN},
                source_files=tuple(json.loads(row["source_files"])),
                result=result,
                **read.of(key, result),
            )
        )
    return tuple(found)


class _Readings:
    """What readers made of scans, read at once for all of them."""

    def __init__(self, connection: Connection, scan_id: str | None, readings: int) -> None:
        self._readings = readings
        self._masks = every_mask(connection, scan_id)
        self._results = mask_results(connection, scan_id)
        self._reviews: dict[str, list[Review]] = {}
        for review in reviews(connection, scan_id):
            self._reviews.setdefault(review.scan_id, []).append(review)

    def of(self, key: tuple[str, int], result: ScanResult) -> dict[str, Any]:
        """The fields of a stored scan that its reading settles."""
        if key not in self._masks:
            return {"review_status": NOT_APPLICABLE if result.report is not None else WAITING}
        found = standing(self._masks[key], self._reviews.get(key[0], ()), readings=self._readings)
        told = {"labels": found.mask, "review_status": found.status, "deferred": found.deferred}
        if found.mask is None or found.mask.is_automatic:
            return told
        edit = self._results.get((*key, found.mask.number))
        return {**told, "edit": edit if edit is not None else without_numbers(found.mask)}


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


def current_measurements(connection: Connection, *, readings: int) -> tuple[StoredMeasurement, ...]:
    """Numbers of current results and of the masks that count, ordered by scan and place in the result."""
    return tuple(
        StoredMeasurement(scan_id=scan.scan_id, version=scan.version, subject=scan.subject, measurement=number)
        for scan in scans(connection, readings=readings, status="measured")
        for number in scan.measurements
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


def counts(connection: Connection, *, readings: int) -> Counts:
    """Count what is in."""
    query = select(RESULTS.c.status, func.count()).join(SCANS, _CURRENT).group_by(RESULTS.c.status)
    by_status = {row[0]: row[1] for row in connection.execute(query)}
    measured = scans(connection, readings=readings, status="measured") if by_status.get("measured") else ()
    waiting = sum(scan.review_status in OPEN for scan in measured)
    return Counts(
        scans=sum(number for status, number in by_status.items() if status != "resolved"),
        measured=len(measured),
        refused=by_status.get("refused", 0),
        failed=by_status.get("failed", 0),
        waiting=waiting,
        reviewed=sum(scan.review_status != NOT_APPLICABLE for scan in measured) - waiting,
        subjects=connection.scalar(select(func.count()).select_from(SUBJECTS)) or 0,
        measurements=sum(len(scan.measurements) for scan in measured),
    )
