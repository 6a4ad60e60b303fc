"""The scans of a run are measured in guarded children and stored as they end."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from bonemetrics.batch.child_context import MANY_SCANS
from bonemetrics.batch.guard import GuardedTask, start_guarded
from bonemetrics.batch.many import run_many
from bonemetrics.batch.measure import Receipt
from bonemetrics.batch.run import Run, ScanTask
from bonemetrics.batch.seen_before import Memory
from bonemetrics.batch.summary import Refused
from bonemetrics.errors import BonemetricsError, GuardError, UsageError
from bonemetrics.pipeline.scan import ScanRequest
from bonemetrics.records import Problem, ScanResult


def measure_all(run: Run, tasks: Sequence[ScanTask]) -> None:
    """Measure scans side by side; each is stored as it ends.

    Parameters
    ----------
    run
        At work; its summary, memory and store are written to.
    tasks
        What is to be measured, in this order.
    """
    done = 0
    run.on_progress("measuring", 0, len(tasks))

    def take(task: ScanTask, outcome: Receipt | BonemetricsError) -> None:
        nonlocal done
        _store(run, task, outcome)
        done += 1
        run.on_progress("measuring", done, len(tasks))

    run_many(tasks, partial(start, run), take, workers=run.workers)


def start(run: Run, task: ScanTask) -> GuardedTask:
    """Start the guarded child of one scan, with a folder of its own for its files."""
    task.staging = run.store.folder.new_staging()
    request = ScanRequest(
        protocol=task.request.protocol, out=task.staging, forearm_length_mm=task.request.forearm_length_mm
    )
    return start_guarded(run.measure, task.paths, request, limits=run.limits, preload=MANY_SCANS)


def _store(run: Run, task: ScanTask, outcome: Receipt | BonemetricsError) -> None:
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
    with run.listing_locked(task.scan.path):
        recorded = run.store.record_result(
            outcome.result,
            path=Path(task.scan.path),
            files=[Path(path) for path in task.paths],
            subject=task.subject,
            staging=task.staging,
            header=task.scan.header,
            input_sha256=outcome.input_sha256,
            settings_hash=task.settings,
            run_id=run.run_id,
        )
        stamp = task.scan.stamp
        run.memory[task.scan_id] = Memory(version=recorded.version, stamp=stamp, digest=outcome.input_sha256)
        _count(run, task, refusal)


def _count(run: Run, task: ScanTask, refusal: Problem | None) -> None:
    run.summary.read += 1
    if refusal is None:
        run.summary.measured += 1
        return
    entry = Refused(task.scan.path, refusal.code, refusal.message)
    (run.summary.failed if refusal.code in GuardError.codes else run.summary.refused).append(entry)
