"""A scan of a study measured with edited labels, in a guarded child."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from bonemetrics.batch.guard import GuardedTask, Limits, start_guarded
from bonemetrics.batch.look import series_of
from bonemetrics.batch.measure import settings_hash
from bonemetrics.batch.opening import READING
from bonemetrics.errors import ReadError, StudyError
from bonemetrics.pipeline.edited import EditedRequest, measure_edited
from bonemetrics.records import ScanResult, refusal
from bonemetrics.study.layout import sha256_of
from bonemetrics.study.protocol import Protocol
from bonemetrics.study.stored import StoredScan

_DEFAULTS = Limits()
MeasureEdit = Callable[[Sequence[str], EditedRequest], ScanResult]
"""What a child does with the files of one scan and the labels that a reader edited."""


def measure_edited_scan(
    scan: StoredScan,
    protocol: Protocol,
    labels: Path,
    *,
    number: int,
    labels_sha256: str | None = None,
    limits: Limits = _DEFAULTS,
) -> ScanResult:
    """Measure a scan of a study with labels that a reader edited.

    Parameters
    ----------
    scan
        From the store, as it was measured.
    protocol
        Of the study.
    labels
        Label file (`.nii.gz`) on the scan's grid, a draft or a version of the study.
    number
        The version's number.
    labels_sha256
        Recorded hash of the file; that of the file as it lies where left out.
    limits
        Memory and time of the child.

    Returns
    -------
    ScanResult
        Numbers that compare with those of `scan`, or a refusal; see `pipeline.edited.measure_edited`.

    Raises
    ------
    StudyError
        `settings-changed` where the scan was measured with other settings or another version of the program.
    GuardError
        Where the child does not come back.
    """
    task = start_measuring(scan, protocol, labels, number=number, labels_sha256=labels_sha256, limits=limits)
    try:
        result: ScanResult = task.result()
    except BaseException:
        task.cancel()
        raise
    return result


def start_measuring(
    scan: StoredScan,
    protocol: Protocol,
    labels: Path,
    *,
    number: int,
    labels_sha256: str | None = None,
    limits: Limits = _DEFAULTS,
    measure: MeasureEdit | None = None,
) -> GuardedTask:
    """Begin to measure and return at once; the task's result is that of `measure_edited_scan`, and can be cancelled.

    `measure` is what the child does, `measure_edited_files` where left out.
    """
    person = protocol.subject(scan.subject) if scan.subject else None
    forearm = person.forearm_length_mm if person is not None else None
    if settings_hash(protocol, forearm_length_mm=forearm) != scan.settings_hash:
        raise StudyError(
            "the scan was measured with other settings or another version of the program, so the numbers before and "
            "after an edit would not compare; run the study again first",
            code="settings-changed",
        )
    request = EditedRequest(
        protocol=protocol,
        recorded=scan.result,
        labels=labels,
        labels_sha256=labels_sha256 or sha256_of(labels),
        number=number,
        forearm_length_mm=forearm,
    )
    return start_guarded(measure or measure_edited_files, scan.source_files, request, limits=limits, preload=READING)


def measure_edited_files(paths: Sequence[str], request: EditedRequest) -> ScanResult:
    """Measure the series that lies in these files with edited labels. Runs in a guarded child."""
    try:
        series = series_of(paths)
    except ReadError as error:
        recorded = request.recorded
        return ScanResult(
            kind="ct-series", facts=recorded.facts, calibration=recorded.calibration, problems=(refusal(error),)
        )
    return measure_edited(series, request)
