"""Edits on their way into the study: drafts, new versions of a mask with their numbers, and what these say."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bonemetrics.errors import ReviewError
from bonemetrics.pipeline.consequence import Consequence, consequence
from bonemetrics.records import Measurement, ScanResult
from bonemetrics.review.bench import Progress, watched
from bonemetrics.review.case import Case, LabelArray, SavedEdit
from bonemetrics.review.desk import Desk, own_copy, require_open, require_writable
from bonemetrics.review.drafts import Draft, remove_draft, write_draft
from bonemetrics.review.seeing import sees_numbers
from bonemetrics.study.masks import Labels
from bonemetrics.volume import LabelVolume

LABELS_FILE = "labels.nii.gz"


def autosave(case: Case) -> bool:
    """Keep the unsaved edit of a case as its draft; see `Session.autosave`."""
    require_writable(case)
    with case.turn:
        draft = Draft.between(case.saved, case.labels.labels, based_on=case.mask.sha256, active_s=case.active.total_s)
        if draft.voxels.size == 0:
            remove_draft(case.draft)
            return False
        write_draft(case.draft, draft)
    return True


def save_edit(desk: Desk, case: Case, progress: Progress | None) -> SavedEdit:
    """Make the edit of a case a new version; see `Session.save_edit`."""
    require_writable(case)
    # Painting may go on while the child measures; what is saved is what was there when it began.
    labels = own_copy(case.labels.labels)
    if not autosave(case):
        raise ReviewError("the labels are those of the mask, so there is no edit to save", code="nothing-edited")
    desk.renew(case)
    case.active.pause()
    mask = add_mask(desk, case, labels, based_on=case.mask.sha256, progress=progress)
    settle_on(desk, case, mask, labels)
    return SavedEdit(labels=mask, consequences=consequences(desk, case))


def add_mask(desk: Desk, case: Case, labels: LabelArray, *, based_on: str, progress: Progress | None) -> Labels:
    """Write labels, measure them in a guarded child, and keep both as the next version of the scan's mask."""
    with desk.scratch() as folder:
        result = measured_labels(desk, case, labels, folder, progress)
        watched(progress, "saving", 0.9)()
        return desk.store.reading.add_mask(
            case.task.scan_id,
            file=folder / LABELS_FILE,
            result=result,
            reader=desk.reader,
            source=case.source,
            based_on=based_on,
            version=case.scan.version,
        )


def measured_labels(desk: Desk, case: Case, labels: LabelArray, folder: Path, progress: Progress | None) -> ScanResult:
    """Write labels into a folder as `LABELS_FILE`, and measure them as the next version of the scan's mask."""
    from bonemetrics.readers.labels import write_labels

    file = folder / LABELS_FILE
    watched(progress, "writing", 0.0)()
    write_labels(LabelVolume(labels=labels, geometry=case.density.geometry), file)
    number = len(desk.store.reading.masks(case.task.scan_id)) + 1
    return desk.bench.measure(case.scan, desk.store.protocol, file, number, watched(progress, "measuring", 0.2))


def settle_on(desk: Desk, case: Case, mask: Labels, labels: LabelArray) -> None:
    """The case goes on from a mask that is in the study now; a draft is kept of what was painted meanwhile alone."""
    labels.setflags(write=False)
    findings = desk.findings_on(case.scan, mask)
    with case.turn:
        case.rest_on(mask, labels, findings)
        autosave(case)


def consequences(desk: Desk, case: Case) -> tuple[Consequence, ...]:
    """What the saved edit does to the numbers; see `Session.consequences`."""
    require_open(case)
    if case.mask.is_automatic or not sees_numbers(desk.rules, case.judged):
        return ()
    measured = desk.store.reading.mask_result(case.mask)
    return () if measured is None else compared(desk, case, measured.measurements)


def compared(desk: Desk, case: Case, measured: Sequence[Measurement]) -> tuple[Consequence, ...]:
    """Numbers of other labels against those of the automatic segmentation."""
    result = case.scan.result
    if result.facts is None:
        return ()
    return consequence(result.measurements, measured, desk.store.protocol, scanner=result.facts.constants.serial)
