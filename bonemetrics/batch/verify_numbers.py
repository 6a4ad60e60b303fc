"""Whether stored numbers come out again: how they are compared, and those of edited masks measured anew."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass

from bonemetrics.batch.edited import MeasureEdit, start_measuring
from bonemetrics.batch.guard import GuardedTask, Limits
from bonemetrics.batch.many import run_many
from bonemetrics.batch.measure import settings_hash
from bonemetrics.errors import BonemetricsError, UsageError
from bonemetrics.records import Measurement, ScanResult
from bonemetrics.study.layout import sha256_of
from bonemetrics.study.masks import Labels, MaskResult
from bonemetrics.study.protocol import Protocol
from bonemetrics.study.store import Store
from bonemetrics.study.stored import StoredScan

Fault = tuple[str, str]


def changed_numbers(stored: Iterable[Measurement], again: Iterable[Measurement]) -> tuple[str, ...]:
    """Compare numbers by their place, bit for bit.

    Parameters
    ----------
    stored, again
        As they are in the study, and as they were measured now.

    Returns
    -------
    tuple of str
        Quantity, site, side and region of every number that is another one, is gone or is new.
    """
    before = {_place(found): found.value for found in stored}
    after = {_place(found): found.value for found in again}
    changed = sorted(place for place in before if place not in after or after[place] != before[place])
    return tuple(" ".join(place) for place in (*changed, *sorted(after.keys() - before.keys())))


def _place(found: Measurement) -> tuple[str, ...]:
    return tuple(str(getattr(found, name) or "") for name in ("quantity", "site", "side", "region"))


def is_of_today(scan: StoredScan, protocol: Protocol) -> bool:
    """Whether a scan was measured with the settings and the software of today, so that it can be measured again."""
    return settings_hash(protocol, forearm_length_mm=forearm_of(scan, protocol)) == scan.settings_hash


def forearm_of(scan: StoredScan, protocol: Protocol) -> float | None:
    """Length of the forearm of a scan's person in mm, where the protocol knows it."""
    person = protocol.subject(scan.subject) if scan.subject else None
    return person.forearm_length_mm if person is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Edit:
    """One mask that a reader drew, and what it measured."""

    scan: StoredScan
    mask: Labels
    measured: MaskResult


def edit_faults(
    store: Store,
    scans: Sequence[StoredScan],
    *,
    limits: Limits,
    workers: int,
    measure: MeasureEdit,
    without: Container[str],
) -> list[Fault]:
    """Measure every mask again that a reader drew, where its scan was measured with the settings and software of today.

    Parameters
    ----------
    store
        Of the study; nothing in it is changed.
    scans
        Measured scans, with their current results.
    limits
        Memory and time of each child.
    workers
        Masks measured at a time.
    measure
        What a child does with one of them.
    without
        IDs of scans whose input is not what it was, which is told elsewhere. So are masks that are missing or changed.

    Returns
    -------
    list
        ID of the scan and what does not agree.
    """
    faults: list[Fault] = []

    def start(edit: _Edit) -> GuardedTask:
        return start_measuring(
            edit.scan,
            store.protocol,
            store.reading.path_of(edit.mask),
            number=edit.mask.number,
            labels_sha256=edit.mask.sha256,
            limits=limits,
            measure=measure,
        )

    def take(edit: _Edit, outcome: ScanResult | BonemetricsError) -> None:
        if isinstance(outcome, UsageError):
            raise outcome
        text = _difference(edit, outcome)
        if text:
            faults.append((edit.scan.scan_id, f"scan {edit.scan.scan_id}: {text}"))

    asked = [scan for scan in scans if scan.scan_id not in without and is_of_today(scan, store.protocol)]
    run_many(_edits(store, asked), start, take, workers=workers)
    return faults


def _edits(store: Store, scans: Sequence[StoredScan]) -> list[_Edit]:
    found = []
    for scan in scans:
        for mask in store.reading.masks(scan.scan_id):
            measured = None if mask.is_automatic else store.reading.mask_result(mask)
            path = store.reading.path_of(mask)
            if measured is not None and path.is_file() and sha256_of(path) == mask.sha256:
                found.append(_Edit(scan=scan, mask=mask, measured=measured))
    return found


def _difference(edit: _Edit, outcome: ScanResult | BonemetricsError) -> str:
    error = outcome if isinstance(outcome, BonemetricsError) else outcome.refusal
    if error is not None or isinstance(outcome, BonemetricsError):
        why = "" if error is None else f": {error.code}: {error.message}"
        return f"{edit.mask.file} cannot be measured again{why}"
    changed = changed_numbers(edit.measured.measurements, outcome.measurements)
    what = f"{len(changed)} numbers of {edit.mask.file} do not come out again"
    return f"{what}: {', '.join(changed)}" if changed else ""
