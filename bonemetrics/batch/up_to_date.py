"""Which scans of a run are new or changed, and which were answered before or are closed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bonemetrics.batch.child_context import MANY_SCANS
from bonemetrics.batch.guard import start_guarded
from bonemetrics.batch.look import digest_of
from bonemetrics.batch.many import run_many
from bonemetrics.batch.run import Run, ScanTask
from bonemetrics.batch.seen_before import Memory
from bonemetrics.batch.summary import Refused
from bonemetrics.errors import BonemetricsError
from bonemetrics.study.stored import KnownInput


def new_or_changed(run: Run, tasks: Sequence[ScanTask]) -> list[ScanTask]:
    """Leave out what is up to date: the same files, the same software and settings, and an answer last time.

    Parameters
    ----------
    run
        At work; its summary, memory and store are written to.
    tasks
        Scans that have a person.

    Returns
    -------
    list of ScanTask
        Those to be measured, in the order of `tasks`.
    """
    todo: list[ScanTask] = []
    doubtful: list[ScanTask] = []
    for task in tasks:
        known, memory = task.known, run.memory.get(task.scan_id)
        if known is None or known.status in ("failed", "resolved") or known.settings_hash != task.settings:
            todo.append(task)
        elif memory is not None and memory.version == known.version and memory.stamp == task.scan.stamp:
            _leave(run, task, known, memory.digest)
        else:
            doubtful.append(task)
    changed: list[ScanTask] = []
    compared = 0

    def compare(task: ScanTask, outcome: str | BonemetricsError) -> None:
        nonlocal compared
        _compare(run, changed, task, outcome)
        compared += 1
        run.on_progress("checking", compared, len(doubtful))

    run_many(
        doubtful,
        lambda task: start_guarded(digest_of, task.paths, limits=run.limits, preload=MANY_SCANS),
        compare,
        workers=run.workers,
    )
    order = {task.scan_id: place for place, task in enumerate(tasks)}
    return sorted(_open(run, todo + changed), key=lambda task: order[task.scan_id])


def _open(run: Run, tasks: Sequence[ScanTask]) -> list[ScanTask]:
    """Leave out scans whose records were signed: they are listed, and their numbers stay."""
    locks = run.store.reading.locks()
    for task in tasks:
        if task.scan_id in locks:
            when = locks[task.scan_id].signed_utc
            text = f"its input or settings changed, but its record was signed at {when}; unlock it with a reason first"
            run.summary.refused.append(Refused(task.scan.path, "locked", text))
    return [task for task in tasks if task.scan_id not in locks]


def _compare(run: Run, changed: list[ScanTask], task: ScanTask, outcome: str | BonemetricsError) -> None:
    memory = run.memory.get(task.scan_id)
    same_as = {memory.digest} if memory else set()
    if task.known is not None and outcome in same_as | {task.known.input_sha256}:
        files = [Path(path) for path in task.paths]
        run.store.record_move(task.scan_id, path=Path(task.scan.path), files=files)
        _leave(run, task, task.known, str(outcome))
    else:
        changed.append(task)


def _leave(run: Run, task: ScanTask, known: KnownInput, digest: str) -> None:
    run.memory[task.scan_id] = Memory(version=known.version, stamp=task.scan.stamp, digest=digest)
    run.summary.skipped += 1
    if known.status == "refused":
        refusal = run.store.scan(task.scan_id).result.refusal
        message = refusal.message if refusal is not None else ""
        run.summary.refused.append(Refused(task.scan.path, known.code, message))
    else:
        run.summary.up_to_date += 1
