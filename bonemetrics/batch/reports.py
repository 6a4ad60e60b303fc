"""DXA results in a run: every file is read in a guarded child, every report of it stored under a name of its own."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bonemetrics import __version__
from bonemetrics.atomic import write_atomic
from bonemetrics.batch.child_context import EVERYDAY
from bonemetrics.batch.guard import GuardedTask, Limits, start_guarded
from bonemetrics.batch.look import SeenReports
from bonemetrics.batch.many import run_many
from bonemetrics.batch.summary import Refused, RunSummary
from bonemetrics.errors import BonemetricsError, GuardError, StudyError
from bonemetrics.pipeline.dxa import MeasuredFile, MeasuredReport, measure_reports
from bonemetrics.records import ScanHeader, ScanResult, refusal
from bonemetrics.study.layout import scan_id
from bonemetrics.study.protocol import Protocol
from bonemetrics.study.store import Store
from bonemetrics.study.stored import IDENTITY_CODES, KnownInput
from bonemetrics.study.subjects import Assignment

_NONE_OF_OURS = frozenset({"no-dxa-results", "unknown-format"})
"""Not every PDF or picture of a folder is a densitometry report."""
_TOGETHER = 100
"""Reports of one file that are stored in one transaction."""


def report_settings(protocol: Protocol) -> str:
    """Hash of all that makes a number of a report besides its file: software version, rules and references.

    Parameters
    ----------
    protocol
        With the overrides of the call applied.

    Returns
    -------
    str
        sha256, hexadecimal.
    """
    content = {"software_version": __version__, **protocol.model_dump(mode="json", include={"dxa", "references"})}
    if protocol.dxa.excluded_vertebrae:
        content["subjects"] = [(subject.subject, subject.patient_ids) for subject in protocol.subjects]
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(slots=True, kw_only=True)
class ReportFiles:
    """The files of DXA results of one run. This process alone writes to the store."""

    store: Store
    limits: Limits
    workers: int
    run_id: str
    summary: RunSummary
    on_progress: Callable[[str, int, int], None]
    settings: str = ""
    known: dict[str, KnownInput] = field(default_factory=dict)
    read: list[tuple[SeenReports, MeasuredFile]] = field(default_factory=list)
    digests: dict[str, str] = field(default_factory=dict)
    """Hash of each file that this run has read, by path; empty where it could not be read."""
    held: set[str] = field(default_factory=set)
    """Reports that a file of this run still holds."""
    emptied: list[tuple[SeenReports, str]] = field(default_factory=list)
    """Files that were read and hold no report, with their hashes."""

    def read_all(self, files: Sequence[SeenReports]) -> None:
        """Read and judge what is new or changed; nothing is stored yet: subjects are assigned over the whole run."""
        self.settings = report_settings(self.store.protocol)
        self.known = self.store.known_inputs()
        up_to_date = frozenset(self._up_to_date())
        outcomes: dict[str, MeasuredFile | BonemetricsError] = {}

        def take(file: SeenReports, outcome: MeasuredFile | BonemetricsError) -> None:
            outcomes[file.path] = outcome
            self.on_progress("reports", len(outcomes), len(files))

        try:
            run_many(files, lambda file: self._start(file, up_to_date), take, workers=self.workers)
        finally:
            # After Ctrl-C too: what was read is worth keeping.
            for path, outcome in outcomes.items():
                self.digests[path] = outcome.sha256 if isinstance(outcome, MeasuredFile) else ""
            for file in files:
                if file.path in outcomes:
                    self._sort(file, outcomes[file.path])

    def _start(self, file: SeenReports, up_to_date: frozenset[str]) -> GuardedTask:
        return start_guarded(
            measure_reports,
            Path(file.path),
            self.store.protocol,
            kind=file.kind,
            up_to_date=up_to_date,
            only_subjects=True,
            limits=self.limits,
            preload=EVERYDAY,
        )

    def _up_to_date(self) -> Iterator[str]:
        """Hashes of files whose every report is stored with the settings of today, and belongs to somebody."""
        by_hash: dict[str, list[KnownInput]] = {}
        for known in self.known.values():
            by_hash.setdefault(known.input_sha256, []).append(known)
        for digest, group in by_hash.items():
            settled = (one.status in ("measured", "refused") and one.code not in IDENTITY_CODES for one in group)
            if digest and all(settled) and all(one.settings_hash == self.settings for one in group):
                yield digest

    def _sort(self, file: SeenReports, outcome: MeasuredFile | BonemetricsError) -> None:
        if isinstance(outcome, BonemetricsError):
            self._refuse(file, outcome, "")
        elif outcome.is_up_to_date:
            self._leave(file, outcome.sha256)
        elif not outcome.reports:
            self.emptied.append((file, outcome.sha256))
            told = next((problem for problem in outcome.problems if problem.severity == "refusal"), None)
            if told is None or told.code in _NONE_OF_OURS:
                self.summary.skipped += 1
            else:
                self._refuse(file, _Told(told.code, told.message), outcome.sha256)
        else:
            self.read.append((file, outcome))

    def _leave(self, file: SeenReports, digest: str) -> None:
        self.summary.skipped += 1
        for name, known in self.known.items():
            if known.input_sha256 != digest:
                continue
            self.held.add(name)
            is_copy = known.path != file.path and self._still_holds(known.path, digest)
            if not is_copy:
                self.store.record_move(name, path=Path(file.path), files=[Path(file.path)])
            if known.status == "refused":
                told = self.store.scan(name).result.refusal
                self.summary.refused.append(Refused(file.path, known.code, told.message if told else ""))
            elif not is_copy:
                self.summary.up_to_date += 1

    def _still_holds(self, path: str, digest: str) -> bool:
        """Whether a file has this content, as far as the run has seen it; one that it has not is taken as it was."""
        return self.digests[path] == digest if path in self.digests else Path(path).exists()

    def _refuse(self, file: SeenReports, told: BonemetricsError | _Told, digest: str) -> None:
        entry = Refused(file.path, told.code, told.message)
        (self.summary.failed if told.code in GuardError.codes else self.summary.refused).append(entry)
        recorded = self.store.record_refusal(
            code=told.code,
            message=told.message,
            path=Path(file.path),
            kind=file.kind,
            input_sha256=digest,
            settings_hash=self.settings,
            run_id=self.run_id,
        )
        self.summary.read += recorded.changed

    @property
    def headers(self) -> list[ScanHeader]:
        """Whose reports were read, for the assignment of subjects over the whole run."""
        return [report.header for _, found in self.read for report in found.reports]

    def store_all(self, assignments: Mapping[str, Assignment]) -> None:
        """Store every report that was read."""
        taken: dict[str, ScanResult] = {}
        for _, found in self.read:
            self.held.update(_names(found))
        for file, digest in self.emptied:
            self._withdraw_gone(file, digest)
        for file, found in self.read:
            names = _names(found)
            self._withdraw_gone(file, "")
            pairs = list(zip(names, found.reports, strict=True))
            for start in range(0, len(pairs), _TOGETHER):
                with self.store.together():
                    for name, report in pairs[start : start + _TOGETHER]:
                        if name in taken or self._is_elsewhere(name, file):
                            self._copy(file, report, taken.get(name) or self.store.scan(name).result)
                        else:
                            taken[name] = self._store(file, found, report, assignments[name])
            self._list_refused(file, found)

    def _list_refused(self, file: SeenReports, found: MeasuredFile) -> None:
        """Scans of a database that could not be read, beside those that could; after those, which settle the path."""
        told = [problem for problem in found.problems if problem.severity == "refusal"]
        if told:
            more = f" (and {len(told) - 1} more scans of the file)" if len(told) > 1 else ""
            self._refuse(file, _Told(told[0].code, told[0].message + more), found.sha256)

    def _is_elsewhere(self, name: str, file: SeenReports) -> bool:
        """Whether the study has this report from another file that is still there."""
        known = self.known.get(name)
        return (
            known is not None
            and known.status == "measured"
            and known.settings_hash == self.settings
            and known.path != file.path
            and self._still_holds(known.path, known.input_sha256)
        )

    def _copy(self, file: SeenReports, report: MeasuredReport, stored: ScanResult) -> None:
        """A second file with the same report: left alone where it says the same, refused where it does not."""
        if _numbers(report.result) == _numbers(stored):
            self.summary.skipped += 1
            return
        text = "another file holds the same report of the same scanner with other numbers; keep one of them"
        self._refuse(file, StudyError(text, code="contradicting-copy"), "")

    def _store(
        self, file: SeenReports, found: MeasuredFile, report: MeasuredReport, assignment: Assignment
    ) -> ScanResult:
        result, subject = report.result, assignment.subject
        if (subject is None or report.is_strangers) and result.refusal is None:
            told = assignment.refusal or refusal(StudyError("no subject", code="unknown-subject"))
            which = _which(result) if len(found.reports) > 1 else ""
            told = told.model_copy(update={"message": told.message + which})
            result = ScanResult(kind=result.kind, report=result.report, problems=(told,))
        elif result.refusal is None:
            # What is to be said of the file as a whole, such as that its last line may be cut, holds for each number.
            notes = [problem for problem in found.problems if problem.severity == "note"]
            result = result.model_copy(update={"problems": tuple(dict.fromkeys([*result.problems, *notes]))})
        if result.report is not None:
            result = result.model_copy(update={"report": result.report.model_copy(update={"subject": subject})})
        staging = None
        if subject is not None and report.pictures:
            staging = self.store.folder.new_staging()
            for name, content in report.pictures.items():
                write_atomic(staging / name, content)
            result = result.model_copy(update={"files": tuple(sorted(report.pictures))})
        self.store.record_result(
            result,
            path=Path(file.path),
            files=[Path(file.path)],
            subject=subject,
            staging=staging,
            header=report.header,
            input_sha256=found.sha256,
            settings_hash=self.settings,
            run_id=self.run_id,
        )
        self.summary.read += 1
        if result.refusal is None:
            self.summary.measured += 1
        else:
            self.summary.refused.append(Refused(file.path, result.refusal.code, result.refusal.message))
        return result

    def _withdraw_gone(self, file: SeenReports, unchanged: str) -> None:
        """Take back what an earlier content of this file said and no file says any more.

        A content of the hash `unchanged` is spared: that it cannot be read here and now takes nothing back.
        """
        for name, known in self.known.items():
            if known.path != file.path or name in self.held or known.input_sha256 == unchanged:
                continue
            if known.status == "measured":
                text = "the file no longer holds this report"
                self.store.withdraw(name, refusal(StudyError(text, code="report-gone")))


@dataclass(frozen=True, slots=True)
class _Told:
    """Code and message of a refusal that came as a record."""

    code: str
    message: str


def _names(found: MeasuredFile) -> list[str]:
    return [scan_id(report.header.study_uid, report.header.series_uid) for report in found.reports]


def _which(result: ScanResult) -> str:
    """Which of the reports of a file is meant, for a person."""
    report = result.report
    if report is None:
        return ""
    day = report.scan_date.isoformat() if report.scan_date else ""
    told = ", ".join(part for part in (report.site, report.side or "", day, report.scan_id) if part)
    return f" ({told})" if told else ""


def _numbers(result: ScanResult) -> dict[tuple[str, str, str | None], float]:
    return {(found.quantity, found.region, found.side): found.value for found in result.measurements}
