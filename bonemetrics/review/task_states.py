"""How a scan stands before one reader: whether it waits for her, what she made of it, or why it cannot be read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeVar

from bonemetrics.errors import StudyError
from bonemetrics.records import ReviewParameters
from bonemetrics.review.presence import is_gone
from bonemetrics.study.claims import Claim
from bonemetrics.study.masks import Labels
from bonemetrics.study.reviews import StoredReview
from bonemetrics.study.signatures import Signature
from bonemetrics.study.standing import NEEDS_ADJUDICATION, OPEN, mask_for
from bonemetrics.study.store import Store
from bonemetrics.study.stored import StoredScan

TaskKind = Literal["read", "repeat", "adjudicate"]
TaskState = Literal["waiting", "deferred", "done", "signed", "refused", "claimed", "edited-since"]
State = tuple[TaskState, str]
"""A state and its reason in words, empty where it needs none."""
T = TypeVar("T", Labels, StoredReview, Claim)
_WAITING: State = ("waiting", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingState:
    """Everything that was read, drawn, signed and claimed in a study, as one reader's list needs it.

    `masks` are those of the current results. Claims of this session, and of windows that are gone, are left out.
    """

    reader: str
    rules: ReviewParameters
    masks: Mapping[str, Sequence[Labels]]
    reviews: Mapping[str, Sequence[StoredReview]]
    locks: Mapping[str, Signature]
    claims: Mapping[str, Sequence[Claim]] = field(default_factory=dict)

    @classmethod
    def of(
        cls, store: Store, scans: Iterable[StoredScan], reader: str, *, session: str, now: datetime | None
    ) -> ReadingState:
        """Ask the store once for all scans."""
        versions = {scan.scan_id: scan.version for scan in scans}
        reading = store.reading
        masks = [mask for mask in reading.every_mask() if versions.get(mask.scan_id) == mask.version]
        claims = [one for one in reading.claims(now=now) if one.session != session]
        gone = {name for name in {one.session for one in claims} if is_gone(store.folder, name)}
        return cls(
            reader=reader,
            rules=reading.rules,
            masks=_by_scan(masks),
            reviews=_by_scan(reading.reviews()),
            locks=reading.locks(),
            claims=_by_scan(one for one in claims if one.session not in gone),
        )

    def read_state(self, scan: StoredScan) -> State | None:
        """State of the first look at a scan; `None` where it is no work of this reader."""
        refused = self._refused(scan)
        if refused is not None:
            return refused
        own = self._last(scan, role="reader")
        if own is None:
            is_open = scan.review_status in OPEN and scan.review_status != NEEDS_ADJUDICATION
            enough = len(self._given(scan)) >= self.rules.readings
            return self._unless_claimed(scan, _WAITING) if is_open and not enough else None
        if scan.scan_id in self.locks:
            return "signed", ""
        return self._judged(scan, own)

    def repeat_state(self, scan: StoredScan) -> State:
        """State of a hidden second look; a signature on the scan does not end it."""
        own = [one for one in self.reviews.get(scan.scan_id, ()) if one.repeat and one.reader == self.reader]
        mask = repeat_mask(self.masks[scan.scan_id], self.reader)
        if not own:
            return self._unless_claimed(scan, _WAITING)
        if own[-1].label_sha256 != mask.sha256:
            return "edited-since", "you saved an edit after your verdict"
        if own[-1].verdict == "defer":
            return "deferred", ""
        return ("signed", "") if scan.scan_id in self.locks else ("done", "")

    def adjudication_state(self, scan: StoredScan) -> State | None:
        """State of an adjudication; `None` where nothing is to be adjudicated."""
        own = self._last(scan, role="adjudicator")
        if scan.status != "measured" or not self.masks.get(scan.scan_id):
            return None
        if scan.review_status == NEEDS_ADJUDICATION:
            has_read = self._last(scan, role="reader") is not None
            if has_read and self.reader in self.rules.readers:
                return None
            put_off = own is not None and own.verdict == "defer"
            return self._unless_claimed(scan, ("deferred", "") if put_off else _WAITING)
        if own is None:
            return None
        return ("signed", "") if scan.scan_id in self.locks else ("done", "")

    def is_repeated(self, scan_id: str) -> bool:
        """Whether this reader has had her second look already."""
        return any(one.repeat and one.reader == self.reader for one in self.reviews.get(scan_id, ()))

    def has_judged(self, scan_id: str) -> bool:
        """Whether this reader has given a verdict in a first look, a deferral included."""
        found = self.reviews.get(scan_id, ())
        return any(one.role == "reader" and not one.repeat and one.reader == self.reader for one in found)

    def _refused(self, scan: StoredScan) -> State | None:
        if scan.status != "measured":
            refusal = scan.result.refusal
            return "refused", f"{refusal.code}: {refusal.message}" if refusal is not None else "no reason is stored"
        if not self.masks.get(scan.scan_id):
            return "refused", f"nothing-to-judge: {StudyError.codes['nothing-to-judge']}"
        return None

    def _last(self, scan: StoredScan, *, role: str) -> StoredReview | None:
        found = self.reviews.get(scan.scan_id, ())
        own = [one for one in found if one.reader == self.reader and one.role == role and not one.repeat]
        return own[-1] if own else None

    def _given(self, scan: StoredScan) -> set[str]:
        """Other readers whose last verdict is on the mask that they have before them."""
        masks = self.masks[scan.scan_id]
        last = {
            one.reader: one for one in self.reviews.get(scan.scan_id, ()) if one.role == "reader" and not one.repeat
        }
        return {
            name
            for name, one in last.items()
            if name != self.reader and one.verdict != "defer" and one.label_sha256 == self._before(masks, name)
        }

    def _before(self, masks: Sequence[Labels], reader: str) -> str:
        mask = mask_for(masks, reader, readings=self.rules.readings)
        return mask.sha256 if mask is not None else ""

    def _judged(self, scan: StoredScan, own: StoredReview) -> State:
        if scan.review_status not in OPEN:
            return "done", ""
        if own.label_sha256 != self._before(self.masks[scan.scan_id], self.reader):
            return self._unless_claimed(scan, ("edited-since", "the mask is another one since your verdict"))
        if own.verdict != "defer":
            return "done", ""
        if scan.review_status == NEEDS_ADJUDICATION:
            return "done", "waits for the adjudicator"
        return self._unless_claimed(scan, ("deferred", ", ".join(own.reasons)))

    def _unless_claimed(self, scan: StoredScan, state: State) -> State:
        claims = self.claims.get(scan.scan_id, ())
        own = [one for one in claims if one.reader == self.reader]
        if own:
            return "claimed", "open in another window of yours"
        if len(claims) < self.rules.readings:
            return state
        name = "somebody else" if "other-readers" in self.rules.blind else claims[0].reader
        return "claimed", f"open at {name}"


def repeat_mask(masks: Sequence[Labels], reader: str) -> Labels:
    """The mask of a reader's second look: what she drew in it, else the automatic one, from which the first began."""
    own = [mask for mask in masks if mask.source == "repeat" and mask.reader == reader]
    return own[-1] if own else masks[0]


def _by_scan(found: Iterable[T]) -> dict[str, list[T]]:
    by_scan: dict[str, list[T]] = {}
    for one in found:
        by_scan.setdefault(one.scan_id, []).append(one)
    return by_scan
