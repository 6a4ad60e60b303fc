"""Which mask of a scan counts and how its reading stands: pure rules over masks and verdicts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from bonemetrics.records import Review
from bonemetrics.records.review import ReaderRole
from bonemetrics.study.masks import Labels

ReviewStatus = Literal["waiting", "accept", "accept-with-edit", "reject", "needs-adjudication", "not-applicable"]
WAITING: ReviewStatus = "waiting"
NEEDS_ADJUDICATION: ReviewStatus = "needs-adjudication"
NOT_APPLICABLE: ReviewStatus = "not-applicable"
"""Of a report: it has no segmentation that a reader could judge."""
OPEN = frozenset({WAITING, NEEDS_ADJUDICATION})
"""Statuses in which a verdict is still to come."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How the reading of one scan stands; `deferred` is true where somebody has put it off and nobody settled it."""

    mask: Labels | None
    status: ReviewStatus
    deferred: bool = False


def standing(masks: Sequence[Labels], reviews: Sequence[Review], *, readings: int) -> Standing:
    """Settle which mask counts and what is said of it.

    Parameters
    ----------
    masks
        Of one result, in the order of their numbers.
    reviews
        Of its scan, in the order in which they were recorded.
    readings
        How many readers judge each scan, 1 or 2.

    Returns
    -------
    Standing
        Hidden repeats count for nothing here, and a verdict counts only for the mask that it was given on. An
        adjudicator's verdict wins. With one reading the latest mask counts; with two the one that both readers
        accepted, else the automatic one.
    """
    masks = counted_masks(masks)
    if not masks:
        return Standing(None, WAITING)
    known = {mask.sha256 for mask in masks}
    counted = [one for one in reviews if not one.repeat and one.label_sha256 in known]
    found = _ruled(masks, [one for one in counted if one.role == "adjudicator"], readings=readings)
    if found is None:
        verdicts = [one for one in counted if one.role == "reader"]
        found = _of_two(masks, verdicts) if readings == 2 else _of_one(masks, verdicts)
    return found


def mask_for(masks: Sequence[Labels], reader: str, *, readings: int, role: ReaderRole = "reader") -> Labels | None:
    """The mask that one reader has before her: with two readings never the other reader's.

    Parameters
    ----------
    masks
        Of one result, in the order of their numbers.
    reader, role
        Who reads. An adjudicator has the latest adjudicated mask, else the automatic one.
    readings
        How many readers judge each scan.

    Returns
    -------
    Labels or None
        With one reading the mask that counts for everybody; `None` where there is no mask at all.
    """
    masks = counted_masks(masks)
    if not masks:
        return None
    if readings == 1:
        return _latest(masks)
    if role == "adjudicator":
        return _adjudicated(masks) or masks[0]
    own = [mask for mask in masks if mask.source == "edited" and mask.reader == reader]
    return own[-1] if own else masks[0]


def counted_masks(masks: Sequence[Labels]) -> Sequence[Labels]:
    """Masks without those of hidden repeats, which are there for the agreement of a reader with herself alone."""
    return [mask for mask in masks if mask.source != "repeat"]


def _adjudicated(masks: Sequence[Labels]) -> Labels | None:
    return next((mask for mask in reversed(masks) if mask.source == "adjudicated"), None)


def _latest(masks: Sequence[Labels]) -> Labels:
    return _adjudicated(masks) or masks[-1]


def _ruled(masks: Sequence[Labels], rulings: Sequence[Review], *, readings: int) -> Standing | None:
    """What the adjudicator made of it; `None` where nothing was adjudicated."""
    drawn = _adjudicated(masks)
    # With two readings the adjudicator may also choose one of the masks that are there already.
    fixed = drawn if drawn is not None or readings == 2 else masks[-1]
    last = next((one for one in reversed(rulings) if fixed is None or one.label_sha256 == fixed.sha256), None)
    if last is not None and last.verdict != "defer":
        return _settled(masks, last, fixed)
    if drawn is None and last is None:
        return None
    return Standing(fixed or masks[0], NEEDS_ADJUDICATION, deferred=last is not None)


def _of_one(masks: Sequence[Labels], verdicts: Sequence[Review]) -> Standing:
    mask = masks[-1]
    last = next((one for one in reversed(verdicts) if one.label_sha256 == mask.sha256), None)
    if last is None:
        return Standing(_plainest(masks, mask), WAITING)
    if last.verdict == "defer":
        return Standing(_plainest(masks, mask), _deferred([last]), deferred=True)
    return _settled(masks, last, mask)


def _of_two(masks: Sequence[Labels], verdicts: Sequence[Review]) -> Standing:
    latest: dict[str, Review] = {one.reader: one for one in verdicts}
    valid = [one for reader, one in latest.items() if one.label_sha256 == _before(masks, reader).sha256]
    put_off = [one for one in valid if one.verdict == "defer"]
    given = [one for one in valid if one.verdict != "defer"]
    if _deferred(put_off) == NEEDS_ADJUDICATION:
        return Standing(masks[0], NEEDS_ADJUDICATION, deferred=True)
    if len(given) < 2:
        return Standing(masks[0], WAITING, deferred=bool(put_off))
    if all(one.verdict == "reject" for one in given):
        return Standing(masks[0], "reject")
    if all(one.is_accepted for one in given) and len({one.label_sha256 for one in given}) == 1:
        return _settled(masks, given[-1], None)
    return Standing(masks[0], NEEDS_ADJUDICATION)


def _before(masks: Sequence[Labels], reader: str) -> Labels:
    return mask_for(masks, reader, readings=2) or masks[0]


def _deferred(put_off: Iterable[Review]) -> ReviewStatus:
    asks = any("needs-adjudication" in one.reasons for one in put_off)
    return NEEDS_ADJUDICATION if asks else WAITING


def _settled(masks: Sequence[Labels], verdict: Review, mask: Labels | None) -> Standing:
    """The verdict on its mask; one that a reader drew is accepted with an edit, whatever she called it."""
    mask = _plainest(masks, mask or next(one for one in masks if one.sha256 == verdict.label_sha256))
    if not verdict.is_accepted:
        return Standing(mask, "reject")
    return Standing(mask, "accept" if mask.is_automatic else "accept-with-edit")


def _plainest(masks: Sequence[Labels], mask: Labels) -> Labels:
    """The automatic mask where an edit was taken back to it."""
    return masks[0] if mask.sha256 == masks[0].sha256 else mask
