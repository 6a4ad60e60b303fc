"""From a plan to scans that have a person: reports and tables are stored, and all else is listed with its reason."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TypeVar

from bonemetrics.batch.look import SeenSeries
from bonemetrics.batch.measure import settings_hash
from bonemetrics.batch.plan import Plan
from bonemetrics.batch.reports import ReportFiles
from bonemetrics.batch.run import Run, ScanTask
from bonemetrics.batch.summary import Refused
from bonemetrics.batch.tables import TableFiles
from bonemetrics.errors import NOTES
from bonemetrics.pipeline.scan import ScanRequest
from bonemetrics.pipeline.table_files import matching
from bonemetrics.records import Problem
from bonemetrics.study.layout import scan_id
from bonemetrics.study.stored import KnownInput
from bonemetrics.study.subjects import Assignment

_Files = TypeVar("_Files", ReportFiles, TableFiles)


def take_plan(run: Run, plan: Plan) -> list[ScanTask]:
    """List what is no scan, store reports and tables, settle whose all are, and give scans that have a person.

    Parameters
    ----------
    run
        At work; its summary and store are written to.
    plan
        What lies under the inputs.

    Returns
    -------
    list of ScanTask
        In the order of the plan.

    Raises
    ------
    KeyboardInterrupt
        After Ctrl-C; reports of people whom a table of subjects names are stored.
    """
    run.summary.skipped += plan.skipped
    for entry in plan.refused + plan.failed:
        (run.summary.failed if entry in plan.failed else run.summary.refused).append(entry)
        if entry.code == "not-found":
            continue
        recorded = run.store.record_refusal(
            code=entry.code, message=entry.message, path=Path(entry.path), run_id=run.run_id
        )
        run.summary.read += recorded.changed
    reports = _files(ReportFiles, run)
    with closing(_tables(run, plan)) as tables:
        assignments = _take_files(run, plan, reports, tables)
    known = run.store.known_inputs()
    tasks: list[ScanTask] = []
    for scan in plan.scans:
        task = _task(run, scan, assignments, known)
        if task is not None:
            tasks.append(task)
    return tasks


def _files(kind: type[_Files], run: Run) -> _Files:
    """Reports or tables of a run, none of them read yet."""
    return kind(
        store=run.store,
        limits=run.limits,
        workers=run.workers,
        run_id=run.run_id,
        summary=run.summary,
        on_progress=run.on_progress,
    )


def _take_files(run: Run, plan: Plan, reports: ReportFiles, tables: TableFiles) -> dict[str, Assignment]:
    """Read all reports, settle who everybody is over the whole run, and store reports and tables."""
    try:
        reports.read_all(plan.reports)
    except KeyboardInterrupt:
        if run.store.protocol.subjects:
            # Without a table people are numbered over the whole run, so half of one would number them otherwise.
            reports.store_all(run.store.assign_subjects(reports.headers))
        raise
    headers = [scan.header for scan in plan.scans if scan.header is not None]
    assignments = run.store.assign_subjects([*headers, *reports.headers, *tables.headers])
    reports.store_all(assignments)
    tables.store_all(assignments)
    return assignments


def _tables(run: Run, plan: Plan) -> TableFiles:
    """Read what [[tables]] name; a table that they do not name may still be one of DXA results."""
    known = run.store.protocol.tables
    named = [path for path in plan.tables if matching(path, known)]
    run.summary.skipped += len(plan.tables) - len(named)
    run.summary.notes += [
        Refused(path, "table-not-named", NOTES["table-not-named"])
        for path in plan.tables
        if path not in named and not path.lower().endswith(".txt")
    ]
    taken = [report for report in plan.reports if report.kind == "table" and matching(report.path, known)]
    plan.reports = [report for report in plan.reports if report not in taken]
    tables = _files(TableFiles, run)
    tables.read_all(sorted([*named, *(report.path for report in taken)]))
    return tables


def _task(
    run: Run, scan: SeenSeries, assignments: dict[str, Assignment], known: dict[str, KnownInput]
) -> ScanTask | None:
    if scan.refused or scan.header is None:
        first, more = scan.refused[0], len(scan.refused) - 1
        message = first.message + (f" (and {more} more files of the series)" if more else "")
        _refuse(run, scan, first.code, message, path=first.path)
        return None
    name = scan_id(scan.header.study_uid, scan.header.series_uid)
    assignment = assignments[name]
    if assignment.refusal is not None or assignment.subject is None:
        refusal = assignment.refusal or Problem(code="unknown-subject", severity="refusal", message="no subject")
        _refuse(run, scan, refusal.code, refusal.message, path=scan.path)
        return None
    protocol = run.store.protocol
    person = protocol.subject(assignment.subject)
    forearm = person.forearm_length_mm if person is not None else None
    return ScanTask(
        scan=scan,
        scan_id=name,
        subject=assignment.subject,
        request=ScanRequest(protocol=protocol, forearm_length_mm=forearm),
        settings=settings_hash(protocol, forearm_length_mm=forearm),
        known=known.get(name),
    )


def _refuse(run: Run, scan: SeenSeries, code: str, message: str, *, path: str) -> None:
    run.summary.refused.append(Refused(path, code, message))
    with run.listing_locked(path):
        recorded = run.store.record_refusal(
            code=code,
            message=message,
            path=Path(path),
            kind="ct-series",
            files=[Path(file.path) for file in scan.files],
            header=scan.header,
            run_id=run.run_id,
        )
        run.summary.read += recorded.changed
