"""A run: everything new under the inputs is measured in guarded children and stored as it ends."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from bonemetrics.batch import seen_before
from bonemetrics.batch.child_context import MANY_SCANS
from bonemetrics.batch.guard import Limits
from bonemetrics.batch.lock import only_run
from bonemetrics.batch.many import cores
from bonemetrics.batch.measure import Measure, measure_files
from bonemetrics.batch.measuring import measure_all
from bonemetrics.batch.plan import make_plan
from bonemetrics.batch.run import Progress, Run
from bonemetrics.batch.settle import take_plan
from bonemetrics.batch.summary import Refused, RunSummary, StudyStatus, place_of
from bonemetrics.batch.tables import refused_tables
from bonemetrics.batch.up_to_date import new_or_changed
from bonemetrics.pipeline.scan import tissue_parameters
from bonemetrics.study.layout import StudyFolder
from bonemetrics.study.store import Store

_DEFAULTS = Limits()


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
        run = Run(
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
            measure_all(run, new_or_changed(run, take_plan(run, plan)))
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
