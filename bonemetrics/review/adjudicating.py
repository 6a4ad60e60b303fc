"""Settling what two readers differ on, place by place, into a mask that counts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from bonemetrics.errors import ReviewError
from bonemetrics.records import Measurement, Review
from bonemetrics.review import choice_drafts
from bonemetrics.review.active_time import ActiveTime
from bonemetrics.review.bench import Progress
from bonemetrics.review.blinding import keyed_fraction
from bonemetrics.review.case import AdjudicationCase, Case, LabelArray
from bonemetrics.review.choice_drafts import ChoiceDraft, read_choices, write_choices
from bonemetrics.review.desk import Desk, own_copy, require_writable
from bonemetrics.review.disagreement import Choice, find_disagreement, resolve
from bonemetrics.review.drafts import draft_file, remove_draft, set_aside
from bonemetrics.review.place_numbers import PlaceNumbers, counted_slices, measured_difference, place_numbers
from bonemetrics.review.saving import add_mask, settle_on
from bonemetrics.review.seeing import sees_numbers
from bonemetrics.study.masks import Labels
from bonemetrics.study.reviews import StoredReview
from bonemetrics.study.standing import mask_for
from bonemetrics.volume import LabelVolume


def adjudicate(desk: Desk, case: Case) -> AdjudicationCase:
    """Lay the masks of two readers side by side; see `Session.adjudication`."""
    file = draft_file(desk.store.folder, scan_id=case.task.scan_id, reader=desk.reader, kind=choice_drafts.KIND)
    mask_a, mask_b = _two_masks(desk, case)
    draft, problem = _kept(file)
    if draft is not None and draft.is_of(mask_a.sha256, mask_b.sha256) and draft.mask_a != mask_a.sha256:
        # What the adjudicator knows as A stays A, whatever settles the order of masks now.
        mask_a, mask_b = mask_b, mask_a
    geometry = case.density.geometry
    a = LabelVolume(labels=desk.saved_labels(mask_a, geometry), geometry=geometry)
    b = LabelVolume(labels=desk.saved_labels(mask_b, geometry), geometry=geometry)
    found = AdjudicationCase(
        case=case,
        a=a,
        b=b,
        mask_a=mask_a,
        mask_b=mask_b,
        disagreement=find_disagreement(a, b),
        file=file,
        draft_problem=problem,
    )
    if draft is not None:
        _recover(desk, found, draft)
    found.numbers = numbers_of(desk, found)
    return found


def _kept(file: Path) -> tuple[ChoiceDraft | None, ReviewError | None]:
    try:
        return read_choices(file), None
    except ReviewError as error:
        return None, error


def _recover(desk: Desk, found: AdjudicationCase, draft: ChoiceDraft) -> None:
    """Put choices back that were not settled; those on other masks are set aside and said."""
    if draft.is_of(found.mask_a.sha256, found.mask_b.sha256) and draft.n_places == len(found.disagreement.components):
        found.choices = dict(draft.choices)
        found.recovered = bool(found.choices)
        if draft.active_s > found.case.active.total_s:
            found.case.active = ActiveTime(desk.clock, total_s=draft.active_s)
            found.case.active.tick()
        return
    set_aside(found.file)
    text = "a reader's mask is another one since you chose, so the choices that were not settled were set aside"
    found.draft_problem = ReviewError(text, code="draft-set-aside")


def keep_choices(found: AdjudicationCase, choices: Mapping[int, Choice]) -> None:
    """Keep choices that are not settled yet; see `Session.keep_choices`."""
    require_writable(found.case)
    with found.case.turn:
        if not choices:
            remove_draft(found.file)
            return
        draft = ChoiceDraft(
            mask_a=found.mask_a.sha256,
            mask_b=found.mask_b.sha256,
            n_places=len(found.disagreement.components),
            choices=dict(choices),
            active_s=found.case.active.total_s,
        )
        write_choices(found.file, draft)


def numbers_of(desk: Desk, found: AdjudicationCase) -> PlaceNumbers | None:
    """What hangs on each place; `None` where the protocol does not show numbers to the adjudicator now."""
    if not sees_numbers(desk.rules, found.case.judged):
        return None
    result = found.case.scan.result
    slices = counted_slices(result.measurements, found.density.geometry.shape[0])
    return PlaceNumbers(
        measured=measured_difference(
            _measured(desk, found.case, found.mask_a),
            _measured(desk, found.case, found.mask_b),
            desk.store.protocol,
            scanner=result.facts.constants.serial if result.facts is not None else "",
        ),
        by_place=place_numbers(found.density, found.a, found.b, found.disagreement, slices),
        material=found.density.material,
        slices=(slices[0], slices[-1]),
    )


def _measured(desk: Desk, case: Case, mask: Labels) -> tuple[Measurement, ...]:
    if mask.is_automatic:
        return case.scan.result.measurements
    measured = desk.store.reading.mask_result(mask)
    return () if measured is None else measured.measurements


def _two_masks(desk: Desk, case: Case) -> tuple[Labels, Labels]:
    """The masks that two readers judged last, in an order that tells neither; the automatic one where only one did."""
    reading, scan_id = desk.store.reading, case.task.scan_id
    masks = reading.masks(scan_id)
    last = {one.reader: one for one in reading.reviews(scan_id) if one.role == "reader" and not one.repeat}
    judged: list[tuple[str, Labels]] = []
    for reader, review in sorted(last.items(), key=lambda item: item[1].review_id):
        mask = mask_for(masks, reader, readings=desk.rules.readings)
        if mask is not None and mask.sha256 == review.label_sha256:
            judged.append((reader, mask))
    if not judged:
        raise ReviewError("no reader has judged the scan, so nothing is to be settled", code="not-to-adjudicate")
    if len(judged) == 1:
        judged.append(("", masks[0]))
    key = reading.reader_key(desk.reader)
    mixed = sorted(judged[:2], key=lambda one: keyed_fraction(key, f"adjudicate\n{scan_id}\n{one[0]}"))
    return mixed[0][1], mixed[1][1]


def settle(
    desk: Desk,
    adjudication: AdjudicationCase,
    choices: Mapping[int, Choice],
    progress: Progress | None,
    *,
    comment: str = "",
    confidence: int | None = None,
) -> StoredReview:
    """Join both masks as chosen and accept the result; see `Session.settle`."""
    case = adjudication.case
    require_writable(case)
    if case.is_edited:
        text = "you have an own edit that is not saved; save it, or take it back, before the choices are joined"
        raise ReviewError(text, code="unsaved-edit")
    joined = resolve(adjudication.a, adjudication.b, adjudication.disagreement, choices)
    desk.renew(case)
    case.active.tick()
    active_s = case.active.total_s
    labels = own_copy(joined.labels)
    mask = _known_mask(desk, adjudication, labels)
    if mask is None:
        case.active.pause()
        mask = add_mask(desk, case, labels, based_on=adjudication.mask_a.sha256, progress=progress)
    automatic = desk.store.reading.masks(case.task.scan_id)[0]
    kept = desk.store.reading.record_review(
        Review(
            scan_id=case.task.scan_id,
            label_sha256=mask.sha256,
            reader=desk.reader,
            role="adjudicator",
            verdict="accept" if mask.sha256 == automatic.sha256 else "accept-with-edit",
            comment=comment,
            confidence=confidence,
            active_s=active_s,
        )
    )
    case.labels.labels[...] = labels
    settle_on(desk, case, mask, labels)
    case.judged = kept
    adjudication.choices = dict(choices)
    adjudication.numbers = numbers_of(desk, adjudication)
    return kept


def _known_mask(desk: Desk, adjudication: AdjudicationCase, labels: LabelArray) -> Labels | None:
    """A reader's mask that the choices come to as a whole: it is chosen, and no copy of it made.

    Only where nothing was adjudicated before: a mask that an adjudicator drew counts before those of readers.
    """
    if any(one.source == "adjudicated" for one in desk.store.reading.masks(adjudication.task.scan_id)):
        return None
    pairs = ((adjudication.a, adjudication.mask_a), (adjudication.b, adjudication.mask_b))
    return next((mask for volume, mask in pairs if np.array_equal(volume.labels, labels)), None)
