"""Whether a study still is what it says: its log, its files, its inputs and its numbers."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bonemetrics.batch.child_context import MANY_SCANS
from bonemetrics.batch.edited import MeasureEdit, measure_edited_files
from bonemetrics.batch.guard import GuardedTask, Limits, start_guarded
from bonemetrics.batch.look import digest_of, series_of
from bonemetrics.batch.many import cores, run_many
from bonemetrics.batch.measure import Measure, measure_files
from bonemetrics.batch.reports import report_settings
from bonemetrics.batch.verify_numbers import changed_numbers, edit_faults, forearm_of, is_of_today
from bonemetrics.batch.verify_tables import table_faults
from bonemetrics.errors import BonemetricsError, UsageError
from bonemetrics.pipeline.dxa import measure_reports
from bonemetrics.pipeline.scan import ScanRequest
from bonemetrics.readers.ct import read_ct
from bonemetrics.readers.dxa.source import MAX_DXA_BYTES
from bonemetrics.readers.files import whole_file
from bonemetrics.records import ScanResult
from bonemetrics.study.audit import AuditHead
from bonemetrics.study.biopsy_entries import StoredEntry
from bonemetrics.study.layout import scan_id, sha256_of
from bonemetrics.study.masks import Labels
from bonemetrics.study.protocol import Protocol
from bonemetrics.study.store import Store
from bonemetrics.study.stored import StoredScan
from bonemetrics.study.verify import UNREADABLE

_DEFAULTS = Limits()
_OTHER_INPUT = "the input is not the one that was measured"

Group = tuple[StoredScan, ...]
"""Scans that are checked together."""


def verify_study(
    study_dir: Path,
    *,
    workers: int | None = None,
    limits: Limits = _DEFAULTS,
    measure: Measure = measure_files,
    measure_edit: MeasureEdit = measure_edited_files,
    anchor: AuditHead | None = None,
) -> tuple[str, ...]:
    """Check the audit chain, the files of every measured scan, its input, and that its numbers come out again.

    Every mask that a scan ever had, and what was drawn for biopsies, must be the file that was recorded.
    Tables of clinical data are read again too. A scan is measured again, in a guarded child, where it was measured with
    the settings and the software of today, and so is every mask of it that a reader drew; of the others the log, the
    files and the input are checked.

    Parameters
    ----------
    study_dir
        Made by `init_study`. Nothing in it is changed.
    workers
        Scans checked at a time; the number of cores where left out.
    limits
        Memory and time of each child.
    measure
        What a child does with the files of one scan.
    measure_edit
        What a child does with them and a mask that a reader drew.
    anchor
        Head of the log as an earlier export tells it; without it a study that was put back to an older state, or a log
        that lost its last rows with what they tell of, is a whole one.

    Returns
    -------
    tuple of str
        One line per fault, in the order of scans; empty where all is well.

    Raises
    ------
    StudyError
        If there is no study.
    """
    store = Store.open(study_dir)
    check = _Check(store=store, limits=limits, measure=measure)
    for fault in store.verify_chain(anchor):
        check.faults.append(("", f"audit row {fault.seq}: {fault.message}"))
    try:
        check.stored()
        check.again(workers or cores(), measure_edit)
    except UNREADABLE as error:
        text = f"what is stored cannot be read whole ({type(error).__name__}), so not everything was checked"
        check.faults.append(("", text))
    return tuple(text for _, text in sorted(set(check.faults)))


def _groups(scans: Sequence[StoredScan]) -> list[Group]:
    """What is checked by one child: one series, or all reports of one file, so that a database is read once."""
    groups: dict[tuple[str, ...], list[StoredScan]] = {}
    for scan in scans:
        file = (scan.source_files[0], scan.input_sha256, scan.settings_hash) if scan.result.report is not None else ()
        groups.setdefault(file or (scan.scan_id,), []).append(scan)
    return [tuple(group) for group in groups.values()]


@dataclass(slots=True, kw_only=True)
class _Check:
    """One verification at work."""

    store: Store
    limits: Limits
    measure: Measure
    faults: list[tuple[str, str]] = field(default_factory=list)
    without_input: set[str] = field(default_factory=set)

    def stored(self) -> None:
        """The records are those that were logged, and every file that they name is there."""
        for changed in self.store.verify_records():
            self.faults.append((changed.scan_id, f"scan {changed.scan_id}: {changed.message}"))
        for scan in self.store.scans(status="measured"):
            self.files_of(scan)
        for mask in self.store.reading.every_mask():
            self.mask(mask)
        for entry in self.store.reading.every_entry():
            self.drawings_of(entry)

    def again(self, workers: int, measure_edit: MeasureEdit) -> None:
        """Tables, scans and edited masks give again what is stored."""
        self.faults += table_faults(self.store, limits=self.limits, workers=workers)
        scans = self.store.scans(status="measured")
        run_many(_groups(scans), self.start, self.take, workers=workers)
        self.faults += edit_faults(
            self.store,
            scans,
            limits=self.limits,
            workers=workers,
            measure=measure_edit,
            without=self.without_input,
        )

    def files_of(self, scan: StoredScan) -> None:
        """Every file of the result is there; masks are checked by `mask`."""
        folder = self.store.folder.scan(scan.scan_id)
        masks = {mask.file for mask in self.store.reading.masks(scan.scan_id)}
        missing = [name for name in scan.result.files if name not in masks and not (folder / name).is_file()]
        self._add(scan, *(f"the file {name} is missing" for name in missing))

    def mask(self, mask: Labels) -> None:
        """Every mask that a scan ever had is the one that was recorded, those of superseded results too."""
        path = self.store.reading.path_of(mask)
        name = mask.file if path.parent == self.store.folder.scan(mask.scan_id) else f"{path.parent.name}/{mask.file}"
        self._file(mask.scan_id, f"scan {mask.scan_id}", path, name, mask.sha256)

    def drawings_of(self, entry: StoredEntry) -> None:
        """What was drawn for an entry of a biopsy is what was recorded."""
        folder = self.store.folder.biopsy(entry.entry_id)
        for one in entry.drawings:
            self._file(entry.entry_id, f"entry {entry.entry_id}", folder / one.file, one.file, one.sha256)

    def _file(self, key: str, what: str, path: Path, name: str, sha256: str) -> None:
        if not path.is_file():
            self.faults.append((key, f"{what}: the file {name} is missing"))
        elif sha256_of(path) != sha256:
            self.faults.append((key, f"{what}: the file {name} is not the one that was recorded"))

    def start(self, group: Group) -> GuardedTask:
        scan, protocol = group[0], self.store.protocol
        if scan.result.report is not None:
            again = protocol if report_settings(protocol) == scan.settings_hash else None
            return start_guarded(
                report_faults_of,
                scan.source_files[0],
                scan.input_sha256,
                {one.scan_id: one.result for one in group},
                again,
                limits=self.limits,
                preload=MANY_SCANS,
            )
        request = None
        if is_of_today(scan, protocol):
            request = ScanRequest(protocol=protocol, forearm_length_mm=forearm_of(scan, protocol))
        return start_guarded(
            faults_of,
            scan.source_files,
            scan.input_sha256,
            scan.result,
            request,
            self.measure,
            limits=self.limits,
            preload=MANY_SCANS,
        )

    def take(self, group: Group, outcome: tuple[str, ...] | Mapping[str, tuple[str, ...]] | BonemetricsError) -> None:
        if isinstance(outcome, UsageError):
            raise outcome
        for scan in group:
            if isinstance(outcome, BonemetricsError):
                told: tuple[str, ...] = (f"the input cannot be checked: {outcome.code}: {outcome.message}",)
            else:
                told = outcome[scan.scan_id] if isinstance(outcome, Mapping) else outcome
            if isinstance(outcome, BonemetricsError) or _OTHER_INPUT in told:
                self.without_input.add(scan.scan_id)
            self._add(scan, *told)

    def _add(self, scan: StoredScan, *texts: str) -> None:
        self.faults += [(scan.scan_id, f"scan {scan.scan_id}: {text}") for text in texts]


def faults_of(
    paths: Sequence[str], input_sha256: str, stored: ScanResult, request: ScanRequest | None, measure: Measure
) -> tuple[str, ...]:
    """Compare one stored result with its input. Runs in a guarded child.

    Parameters
    ----------
    paths
        Files of the series.
    input_sha256
        Recorded hash of their content.
    stored
        The recorded result.
    request
        How to measure again; `None` only compares the input.
    measure
        Measures again.

    Returns
    -------
    tuple of str
        What does not agree.
    """
    if not _is_same_input(paths, input_sha256):
        return (_OTHER_INPUT,)
    if request is None:
        return ()
    return _changed(stored, measure(paths, request).result)


def report_faults_of(
    path: str, input_sha256: str, stored: Mapping[str, ScanResult], protocol: Protocol | None
) -> dict[str, tuple[str, ...]]:
    """Compare the stored DXA reports of one file with it. Runs in a guarded child.

    Parameters
    ----------
    path
        The file.
    input_sha256
        Recorded hash of its bytes.
    stored
        The recorded results by the reports' scan IDs.
    protocol
        How to judge again; `None` only compares the file.

    Returns
    -------
    dict
        By scan ID, what does not agree.

    Raises
    ------
    ReadError
        Where the file cannot be read.
    """
    data = whole_file(Path(path), most_bytes=MAX_DXA_BYTES)
    if hashlib.sha256(data).hexdigest() != input_sha256:
        return dict.fromkeys(stored, (_OTHER_INPUT,))
    if protocol is None:
        return dict.fromkeys(stored, ())
    kind = next(iter(stored.values())).kind
    again = measure_reports(Path(path), protocol, kind=kind, only_subjects=True)
    results = {scan_id(one.header.study_uid, one.header.series_uid): one.result for one in again.reports}
    return {name: _changed(result, results.get(name, ScanResult(kind=kind))) for name, result in stored.items()}


def _changed(stored: ScanResult, measured: ScanResult) -> tuple[str, ...]:
    changed = changed_numbers(stored.measurements, measured.measurements)
    return (f"{len(changed)} numbers do not come out again: {', '.join(changed)}",) if changed else ()


def _is_same_input(paths: Sequence[str], input_sha256: str) -> bool:
    if digest_of(paths) == input_sha256:
        return True
    # A reader that left out copies and localizers hashed what it used.
    return read_ct(series_of(paths)).header.sha256 == input_sha256
