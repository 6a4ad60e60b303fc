"""Verdicts and signatures of a reader on an open case."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from bonemetrics.errors import ReviewError, StudyError
from bonemetrics.records import Review, Verdict
from bonemetrics.records.review import Finding, Place, Reason
from bonemetrics.review.bench import Progress
from bonemetrics.review.case import Case
from bonemetrics.review.desk import Desk, require_open, require_writable
from bonemetrics.review.drafts import remove_draft
from bonemetrics.review.opening import starting_mask
from bonemetrics.review.saving import autosave, save_edit
from bonemetrics.study.reviews import StoredReview
from bonemetrics.study.signatures import Signature


def decide(
    desk: Desk,
    case: Case,
    verdict: Verdict,
    *,
    reasons: Sequence[Reason] = (),
    findings: Sequence[Finding] = (),
    comment: str = "",
    place: Place | None = None,
    confidence: int | None = None,
    progress: Progress | None = None,
) -> StoredReview:
    """Record a verdict; see `Session.decide`."""
    require_writable(case)
    case.active.tick()
    told = {"reasons": tuple(reasons), "findings": tuple(findings), "comment": comment}
    review = _review(desk, case, verdict, place=place, confidence=confidence, **told)
    is_edited = case.is_edited
    if is_edited and verdict in ("accept", "reject"):
        text = f"a verdict '{verdict}' would be about the mask without your edit; save the edit or take it back first"
        raise ReviewError(text, code="unsaved-edit")
    if verdict == "accept-with-edit" and is_edited:
        save_edit(desk, case, progress)
    is_own = _is_own_drawing(desk, case)
    if verdict == "accept-with-edit" and not is_own:
        raise ReviewError("you have changed nothing, so there is no edit to accept; accept it", code="nothing-edited")
    if verdict == "defer":
        autosave(case)
    else:
        desk.renew(case)
    said: Verdict = "accept-with-edit" if verdict == "accept" and is_own else verdict
    kept = desk.store.reading.record_review(
        review.model_copy(update={"verdict": said, "label_sha256": case.mask.sha256})
    )
    case.judged = kept
    case.active.restart()
    case.active.tick()
    return kept


def _review(desk: Desk, case: Case, verdict: Verdict, **told: Any) -> Review:
    try:
        return Review(
            scan_id=case.task.scan_id,
            label_sha256=case.mask.sha256,
            reader=desk.reader,
            role=case.role,
            repeat=case.task.kind == "repeat",
            verdict=verdict,
            active_s=case.active.total_s,
            **told,
        )
    except ValidationError as error:
        found = error.errors()[0]
        where = ".".join(str(part) for part in found["loc"])
        said = str(found["msg"]).removeprefix("Value error, ")
        raise ReviewError(f"{where}: {said}" if where else said, code="invalid-verdict") from None


def _is_own_drawing(desk: Desk, case: Case) -> bool:
    """Whether the mask is one that this reader drew, and not the automatic one again."""
    automatic = desk.store.reading.masks(case.task.scan_id)[0]
    return case.mask.reader == desk.reader and case.mask.sha256 != automatic.sha256


def sign(desk: Desk, case: Case, meaning: str) -> Signature:
    """Sign the record of the scan; see `Session.sign`."""
    require_writable(case)
    if case.is_edited:
        text = "the edit is not saved, so the signature would not be about it; save it or take it back first"
        raise ReviewError(text, code="unsaved-edit")
    own = [one for one in desk.store.reading.reviews(case.task.scan_id) if one.reader == desk.reader and not one.repeat]
    if not own:
        raise StudyError("there is no verdict of yours that could be signed; judge first", code="unknown-review")
    last = own[-1]
    signature = desk.store.reading.sign(
        case.task.scan_id, desk.reader, meaning, last.label_sha256, last.review_id, version=case.scan.version
    )
    case.set_lock(signature)
    remove_draft(case.draft)
    return signature


def unlock(desk: Desk, case: Case, reason: str) -> Signature:
    """Void the signature; see `Session.unlock`."""
    require_open(case)
    voided = desk.store.reading.unlock(case.task.scan_id, reason)
    case.set_lock(None)
    mask = starting_mask(desk, case.task, None)
    if mask.sha256 != case.mask.sha256:
        # What was signed need not be what this reader edits from.
        labels = desk.saved_labels(mask, case.density.geometry)
        case.rest_on(mask, labels, desk.findings_on(case.scan, mask))
        case.take_back()
    desk.claim(case.task.scan_id)
    return voided
