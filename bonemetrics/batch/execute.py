"""A run: everything new under the inputs is measured in guarded children and stored as it ends."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from bonemetrics.batch import seen_before
from bonemetrics.batch.child_context import MANY_SCANS
from bonemetrics.batch.guard import GuardedTask, Limits, start_guarded
from bonemetrics.batch.lock import only_run
from bonemetrics.batch.look import SeenSeries, digest_of
from bonemetrics.batch.many import cores, run_many
from bonemetrics.batch.measure import Measure, Receipt, measure_files, settings_hash
from bonemetrics.batch.plan import Plan, make_plan
from bonemetrics.batch.reports import ReportFiles
from bonemetrics.batch.seen_before import Memory
from bonemetrics.batch.summary import Refused, RunSummary, StudyStatus, place_of
from bonemetrics.batch.tables import TableFiles, refused_tables
from bonemetrics.errors import NOTES, BonemetricsError, GuardError, StudyError, UsageError
from bonemetrics.pipeline.scan import ScanRequest, tissue_parameters
from bonemetrics.pipeline.table_files import matching
from bonemetrics.records import Problem, ScanResult
from bonemetrics.study.layout import StudyFolder, scan_id
from bonemetrics.study.store import Store
from bonemetrics.study.stored import KnownInput
from bonemetrics.study.subjects import Assignment

_log = logging.getLogger(__name__)
_DEFAULTS = Limits()

Progress = Callable[[str, int, int], None]
"""Called with the stage (`reading`, `tables`, `reports`, `checking`, `measuring`), how much is done and how much is."""


@dataclass(slots=True, kw_only=True)
class _Task:
    """One scan that may have to be measured."""

    scan: SeenSeries
    scan_id: str
    subject: str
    request: ScanRequest
    settings: str
    known: KnownInput | None
    staging: Path | None = None

    @property
    def paths(self) -> list[str]:
        return [file.path for file in self.scan.files]


@dataclass(slots=True, kw_only=True)
class _Run:
    """One run at work. This process alone writes to the store."""

    store: Store
    limits: Limits
    workers: int
    measure: Measure
    on_progress: Progress
    run_id: str
    memory: dict[str, Memory]
    summary: RunSummary = field(default_factory=RunSummary)

    def take_plan(self, plan: Plan) -> list[_Task]:
        """List what is no scan, store reports and tables, settle whose all are, and give scans that have a person."""
        self.summary.skipped += plan.skipped
        for entry in plan.refused + plan.failed:
            (self.summary.failed if entry in plan.failed else self.summary.refused).append(entry)
            if entry.code == "not-found":
                continue
            recorded = self.store.record_refusal(
                code=entry.code, message=entry.message, path=Path(entry.path), run_id=self.run_id
            )
            self.summary.read += recorded.changed
        reports = ReportFiles(
            store=self.store,
            limits=self.limits,
            workers=self.workers,
            run_id=self.run_id,
            summary=self.summary,
            on_progress=self.on_progress,
        )
        with closing(self._tables(plan)) as tables:
            assignments = self._take_files(plan, reports, tables)
        known = self.store.known_inputs()
        tasks: list[_Task] = []
        for scan in plan.scans:
            task = self._task(scan, assignments, known)
            if task is not None:
                tasks.append(task)
        return tasks

    def _take_files(self, plan: Plan, reports: ReportFiles, tables: TableFiles) -> dict[str, Assignment]:
        """Read all reports, settle who everybody is over the whole run, and store reports and tables."""
        try:
            reports.read_all(plan.reports)
        except KeyboardInterrupt:
            if self.store.protocol.subjects:
                # Without a table people are numbered over the whole run, so half of one would number them otherwise.
                reports.store_all(self.store.assign_subjects(reports.headers))
            raise
        headers = [scan.header for scan in plan.scans if scan.header is not None]
        assignments = self.store.assign_subjects([*headers, *reports.headers, *tables.headers])
        reports.store_all(assignments)
        tables.store_all(assignments)
        return assignments

    def _tables(self, plan: Plan) -> TableFiles:
        """Read what [[tables]] name; a table that they do not name may still be one of DXA results."""
        known = self.store.protocol.tables
        named = [path for path in plan.tables if matching(path, known)]
        self.summary.skipped += len(plan.tables) - len(named)
        self.summary.notes += [
            Refused(path, "table-not-named", NOTES["table-not-named"])
            for path in plan.tables
            if path not in named and not path.lower().endswith(".txt")
        ]
        taken = [report for report in plan.reports if report.kind == "table" and matching(report.path, known)]
        plan.reports = [report for report in plan.reports if report not in taken]
        tables = TableFiles(
            store=self.store,
            limits=self.limits,
            workers=self.workers,
            run_id=self.run_id,
            summary=self.summary,
            on_progress=self.on_progress,
        )
        tables.read_all(sorted([*named, *(report.path for report in taken)]))
        return tables

    def _task(self, scan: SeenSeries, assignments: dict[str, Assignment], known: dict[str, KnownInput]) -> _Task | None:
        if scan.refused or scan.header is None:
            first, more = scan.refused[0], len(scan.refused) - 1
            message = first.message + (f" (and {more} more files of the series)" if more else "")
            self._refuse(scan, first.code, message, path=first.path)
            return None
        name = scan_id(scan.header.study_uid, scan.header.series_uid)
        assignment = assignments[name]
        if assignment.refusal is not None or assignment.subject is None:
            refusal = assignment.refusal or Problem(code="unknown-subject", severity="refusal", message="no subject")
            self._refuse(scan, refusal.code, refusal.message, path=scan.path)
            return None
        protocol = self.store.protocol
        person = protocol.subject(assignment.subject)
        forearm = person.forearm_length_mm if person is not None else None
        return _Task(
            scan=scan,
            scan_id=name,
            subject=assignment.subject,
            request=ScanRequest(protocol=protocol, forearm_length_mm=forearm),
            settings=settings_hash(protocol, forearm_length_mm=forearm),
            known=known.get(name),
        )

    def _refuse(self, scan: SeenSeries, code: str, message: str, *, path: str) -> None:
        self.summary.refused.append(Refused(path, code, message))
        with self._listing_locked(path):
            recorded = self.store.record_refusal(
                code=code,
                message=message,
                path=Path(path),
                kind="ct-series",
                files=[Path(file.path) for file in scan.files],
                header=scan.header,
                run_id=self.run_id,
            )
            self.summary.read += recorded.changed

    @contextmanager
    def _listing_locked(self, path: str) -> Iterator[None]:
        """List a scan whose record was signed: what the run says of it now does not take the place of what stands."""
        try:
            yield
        except StudyError as error:
            if error.code != "locked":
                raise
            self.summary.refused.append(Refused(path, error.code, error.message))

    def new_or_changed(self, tasks: Sequence[_Task]) -> list[_Task]:
        """Leave out what is up to date: the same files, the same software and settings, and an answer last time."""
        todo: list[_Task] = []
        doubtful: list[_Task] = []
        for task in tasks:
            known, memory = task.known, self.memory.get(task.scan_id)
            if known is None or known.status in ("failed", "resolved") or known.settings_hash != task.settings:
                todo.append(task)
            elif memory is not None and memory.version == known.version and memory.stamp == task.scan.stamp:
                self._leave(task, known, memory.digest)
            else:
                doubtful.append(task)
        changed: list[_Task] = []
        compared = 0

        def compare(task: _Task, outcome: str | BonemetricsError) -> None:
            nonlocal compared
            self._compare(changed, task, outcome)
            compared += 1
            self.on_progress("checking", compared, len(doubtful))

        run_many(
            doubtful,
            lambda task: start_guarded(digest_of, task.paths, limits=self.limits, preload=MANY_SCANS),
            compare,
            workers=self.workers,
        )
        order = {task.scan_id: place for place, task in enumerate(tasks)}
        return sorted(self._open(todo + changed), key=lambda task: order[task.scan_id])

    def _open(self, tasks: Sequence[_Task]) -> list[_Task]:
        """Leave out scans whose records were signed: they are listed, and their numbers stay."""
        locks = self.store.reading.locks()
        for task in tasks:
            if task.scan_id in locks:
                when = locks[task.scan_id].signed_utc
                text = (
                    f"its input or settings changed, but its record was signed at {when}; unlock it with a reason first"
                )
                self.summary.refused.append(Refused(task.scan.path, "locked", text))
        return [task for task in tasks if task.scan_id not in locks]

    def _compare(self, changed: list[_Task], task: _Task, outcome: str | BonemetricsError) -> None:
        memory = self.memory.get(task.scan_id)
        same_as = {memory.digest} if memory else set()
        if task.known is not None and outcome in same_as | {task.known.input_sha256}:
            files = [Path(path) for path in task.paths]
            self.store.record_move(task.scan_id, path=Path(task.scan.path), files=files)
            self._leave(task, task.known, str(outcome))
        else:
            changed.append(task)

    def _leave(self, task: _Task, known: KnownInput, digest: str) -> None:
        self.memory[task.scan_id] = Memory(version=known.version, stamp=task.scan.stamp, digest=digest)
        self.summary.skipped += 1
        if known.status == "refused":
            refusal = self.store.scan(task.scan_id).result.refusal
            message = refusal.message if refusal is not None else ""
            self.summary.refused.append(Refused(task.scan.path, known.code, message))
        else:
            self.summary.up_to_date += 1

    def measure_all(self, tasks: Sequence[_Task]) -> None:
        """Measure scans side by side; each is stored as it ends."""
        done = 0
        self.on_progress("measuring", 0, len(tasks))

        def take(task: _Task, outcome: Receipt | BonemetricsError) -> None:
            nonlocal done
            self._store(task, outcome)
            done += 1
            self.on_progress("measuring", done, len(tasks))

        run_many(tasks, self._start, take, workers=self.workers)

    def _start(self, task: _Task) -> GuardedTask:
        task.staging = self.store.folder.new_staging()
        request = ScanRequest(
            protocol=task.request.protocol, out=task.staging, forearm_length_mm=task.request.forearm_length_mm
        )
        return start_guarded(self.measure, task.paths, request, limits=self.limits, preload=MANY_SCANS)

    def _store(self, task: _Task, outcome: Receipt | BonemetricsError) -> None:
        if isinstance(outcome, UsageError):
            raise outcome
        if isinstance(outcome, BonemetricsError):
            problem = Problem(code=outcome.code, severity="refusal", message=outcome.message)
            outcome = Receipt(result=ScanResult(kind="ct-series", problems=(problem,)), input_sha256="")
        refusal = outcome.result.refusal
        if refusal is not None and task.staging is not None:
            # Half of a result is none.
            shutil.rmtree(task.staging)
            task.staging = None
        with self._listing_locked(task.scan.path):
            recorded = self.store.record_result(
                outcome.result,
                path=Path(task.scan.path),
                files=[Path(path) for path in task.paths],
                subject=task.subject,
                staging=task.staging,
                header=task.scan.header,
                input_sha256=outcome.input_sha256,
                settings_hash=task.settings,
                run_id=self.run_id,
            )
            stamp = task.scan.stamp
            self.memory[task.scan_id] = Memory(version=recorded.version, stamp=stamp, digest=outcome.input_sha256)
            self._count(task, refusal)

    def _count(self, task: _Task, refusal: Problem | None) -> None:
        self.summary.read += 1
        if refusal is None:
            self.summary.measured += 1
            return
        entry = Refused(task.scan.path, refusal.code, refusal.message)
        (self.summary.failed if refusal.code in GuardError.codes else self.summary.refused).append(entry)


def run_study(
    study_dir: Path,
    inputs: Sequence[Path],
    *,
    workers: int | None = None,
    overrides: Sequence[str] = (),
    limits: Limits = _DEFAULTS,
    on_progress: Progress | None = None,
    measure: Measure = measure_files,
) -> RunSummary:
    """Read everything new under the inputs, measure it and store it.

    Call it again to resume: what is up to date is left alone, what has changed is measured anew and the old result
    kept in the history, refusals that still stand are listed again, failures of the process (crash, time, memory) are
    tried again. The tables do not depend on the number of workers or on interruptions.

    Parameters
    ----------
    study_dir
        Made by `init_study`.
    inputs
        Files and folders.
    workers
        Scans measured at a time; the number of cores where left out.
    overrides
        `SECTION.KEY=VALUE`, for this call.
    limits
        Memory and time of each scan's child.
    on_progress
        Told how far the run is.
    measure
        What a child does with the files of one scan.

    Returns
    -------
    RunSummary
        Counts, and a row for each input without numbers.

    Raises
    ------
    StudyError
        If there is no study, or another run works on it (`study-busy`).
    ProtocolError, UsageError
        If the protocol or an override is wrong.
    KeyboardInterrupt
        After Ctrl-C; what was finished is stored.
    """
    protocol = Store.open(study_dir).protocol.with_overrides(overrides)
    tissue_parameters(protocol)
    store = Store.open(study_dir, protocol=protocol)
    workers = workers or cores()
    tell = on_progress or (lambda *_: None)
    with only_run(study_dir):
        _clear_staging(store.folder)
        run = _Run(
            store=store,
            limits=limits,
            workers=workers,
            measure=measure,
            on_progress=tell,
            run_id=store.start_run(workers=workers, inputs=len(inputs)),
            memory=seen_before.load(study_dir),
        )
        try:
            plan = make_plan(
                inputs,
                workers=workers,
                limits=limits,
                leave_out=study_dir,
                on_progress=partial(tell, "reading"),
                preload=MANY_SCANS,
            )
            run.measure_all(run.new_or_changed(run.take_plan(plan)))
        finally:
            run.summary.refused.sort(key=place_of)
            run.summary.failed.sort(key=place_of)
            seen_before.save(study_dir, run.memory)
            store.finish_run(run.run_id, _counts(run.summary))
            _clear_staging(store.folder)
    return run.summary


def status_of(study_dir: Path) -> StudyStatus:
    """Say how a study stands.

    Parameters
    ----------
    study_dir
        Made by `init_study`.

    Returns
    -------
    StudyStatus
        Measured scans, those that wait for a reader, those reviewed, and each input without numbers.
    """
    store = Store.open(study_dir)
    counts = store.counts()
    failed = [Refused(failure.path, failure.code, failure.message) for failure in store.failures()]
    failed += refused_tables(store)
    return StudyStatus(scans=counts.measured, waiting=counts.waiting, reviewed=counts.reviewed, failed=tuple(failed))


def _clear_staging(folder: StudyFolder) -> None:
    """Remove what a killed run left half done; nobody else runs while the lock is held."""
    for left in folder.scans.glob(".staging-*"):
        shutil.rmtree(left, ignore_errors=True)


def _counts(summary: RunSummary) -> dict[str, int]:
    return {
        "read": summary.read,
        "measured": summary.measured,
        "tables": summary.tables,
        "skipped": summary.skipped,
        "refused": len(summary.refused),
        "failed": len(summary.failed),
    }
