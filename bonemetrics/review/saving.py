"""Edits on their way into the study: drafts, new versions of a mask with their numbers, and what these say."""

from __future__ import annotations

from bonemetrics.errors import ReviewError
from bonemetrics.pipeline.consequence import Consequence, consequence
from bonemetrics.review.bench import Progress, watched
from bonemetrics.review.case import Case, LabelArray, SavedEdit
from bonemetrics.review.desk import Desk, own_copy, require_open, require_writable
from bonemetrics.review.drafts import Draft, remove_draft, write_draft
from bonemetrics.study.masks import Labels
from bonemetrics.volume import LabelVolume


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
    from bonemetrics.readers.labels import write_labels

    reading = desk.store.reading
    with desk.scratch() as folder:
        file = folder / "labels.nii.gz"
        watched(progress, "writing", 0.0)()
        write_labels(LabelVolume(labels=labels, geometry=case.density.geometry), file)
        number = len(reading.masks(case.task.scan_id)) + 1
        tick = watched(progress, "measuring", 0.2)
        result = desk.bench.measure(case.scan, desk.store.protocol, file, number, tick)
        watched(progress, "saving", 0.9)()
        return reading.add_mask(
            case.task.scan_id,
            file=file,
            result=result,
            reader=desk.reader,
            source=case.source,
            based_on=based_on,
        )


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
    when = desk.rules.consequence
    is_judged = case.judged is not None and case.judged.verdict != "defer"
    if case.mask.is_automatic or when == "never" or (when == "after-verdict" and not is_judged):
        return ()
    measured = desk.store.reading.mask_result(case.mask)
    facts = case.scan.result.facts
    if measured is None or facts is None:
        return ()
    return consequence(
        case.scan.result.measurements,
        measured.measurements,
        desk.store.protocol,
        scanner=facts.constants.serial,
    )
