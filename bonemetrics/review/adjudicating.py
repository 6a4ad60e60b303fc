"""Settling what two readers differ on, place by place, into a mask that counts."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bonemetrics.errors import ReviewError
from bonemetrics.records import Review
from bonemetrics.review.bench import Progress
from bonemetrics.review.blinding import keyed_fraction
from bonemetrics.review.case import AdjudicationCase, Case, LabelArray
from bonemetrics.review.desk import Desk, own_copy, require_writable
from bonemetrics.review.disagreement import Choice, find_disagreement, resolve
from bonemetrics.review.saving import add_mask, settle_on
from bonemetrics.study.masks import Labels
from bonemetrics.study.reviews import StoredReview
from bonemetrics.study.standing import mask_for
from bonemetrics.volume import LabelVolume


def adjudicate(desk: Desk, case: Case) -> AdjudicationCase:
    """Lay the masks of two readers side by side; see `Session.adjudication`."""
    mask_a, mask_b = _two_masks(desk, case)
    geometry = case.density.geometry
    a = LabelVolume(labels=desk.saved_labels(mask_a, geometry), geometry=geometry)
    b = LabelVolume(labels=desk.saved_labels(mask_b, geometry), geometry=geometry)
    return AdjudicationCase(case=case, a=a, b=b, mask_a=mask_a, mask_b=mask_b, disagreement=find_disagreement(a, b))


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
    return kept


def _known_mask(desk: Desk, adjudication: AdjudicationCase, labels: LabelArray) -> Labels | None:
    """A reader's mask that the choices come to as a whole: it is chosen, and no copy of it made.

    Only where nothing was adjudicated before: a mask that an adjudicator drew counts before those of readers.
    """
    if any(one.source == "adjudicated" for one in desk.store.reading.masks(adjudication.task.scan_id)):
        return None
    pairs = ((adjudication.a, adjudication.mask_a), (adjudication.b, adjudication.mask_b))
    return next((mask for volume, mask in pairs if np.array_equal(volume.labels, labels)), None)
