"""Verdicts of readers in the study: rows that are only ever added; a later verdict of a reader stands for her."""

from __future__ import annotations

import hashlib
import json

from pydantic import JsonValue
from sqlalchemy import Connection, RowMapping, func, insert, select

from bonemetrics.errors import StudyError
from bonemetrics.records import Review, ReviewParameters
from bonemetrics.records.review import ReaderRole, is_plain_name
from bonemetrics.study import audit
from bonemetrics.study.audit import Author, canonical_json, utc_now
from bonemetrics.study.masks import Labels, current_masks, require_mask
from bonemetrics.study.schema import REVIEWS
from bonemetrics.study.standing import mask_for

_COLUMNS = ("review_id", "scan_id", "label_sha256", "reader", "verdict", "content", "recorded_utc")


class StoredReview(Review):
    """A verdict with its number and time (ISO 8601 UTC)."""

    review_id: int
    recorded_utc: str


def require_reader(rules: ReviewParameters, reader: str, role: ReaderRole) -> None:
    """Refuse a name that the protocol does not list for a role; anybody may read where it lists no readers.

    Raises
    ------
    StudyError
        `unknown-reader`.
    """
    anybody = not rules.readers and not (role == "adjudicator" and rules.adjudicators)
    listed = rules.readers if role == "reader" else rules.adjudicators
    if not is_plain_name(reader):
        text = "the name of a reader has at most 100 characters, no blanks at its ends and none that nobody sees"
        raise StudyError(text, code="unknown-reader")
    if not reader.strip() or not (anybody or reader in listed):
        raise StudyError(f"[review] of the protocol lists no {role} of this name", code="unknown-reader")


def role_of(rules: ReviewParameters, reader: str) -> ReaderRole:
    """The role that the protocol gives a name."""
    return "adjudicator" if reader in rules.adjudicators and reader not in rules.readers else "reader"


def record_review(connection: Connection, author: Author, rules: ReviewParameters, review: Review) -> StoredReview:
    """Add one verdict, inside the caller's write transaction.

    Raises
    ------
    StudyError
        `unknown-reader`; `unknown-scan`; `nothing-to-judge` where the scan has no mask; `stale-mask` where the mask is
        none of its current result, or is no longer the one that this reader has before her, so that the verdict would
        count for nothing.
    """
    require_reader(rules, review.reader, review.role)
    masks = current_masks(connection, review.scan_id)
    if not masks:
        raise StudyError("the scan has no segmentation that could be judged", code="nothing-to-judge")
    require_mask(masks, review.label_sha256)
    if not review.repeat:
        _require_the_one_before_her(masks, rules, review)
    last = connection.scalar(select(func.max(REVIEWS.c.review_id)))
    content = Review.model_validate(review.model_dump(include=set(Review.model_fields)))
    kept = StoredReview(review_id=(last or 0) + 1, recorded_utc=utc_now(), **dict(content))
    values = {
        **{name: getattr(kept, name) for name in _COLUMNS if name != "content"},
        "content": canonical_json(content.model_dump(mode="json")),
    }
    connection.execute(insert(REVIEWS).values(**values))
    new: JsonValue = {
        "review_id": kept.review_id,
        "digest": review_digest(values),
        "content": content.model_dump(mode="json"),
    }
    audit.append(connection, author, "review-recorded", f"scan {review.scan_id}", new=new)
    return kept


def _require_the_one_before_her(masks: tuple[Labels, ...], rules: ReviewParameters, review: Review) -> None:
    wanted = mask_for(masks, review.reader, readings=rules.readings, role=review.role)
    chooses = review.role == "adjudicator" and rules.readings == 2 and wanted == masks[0]
    if wanted is not None and wanted.sha256 != review.label_sha256 and not chooses:
        text = "the scan has a newer mask than the one that was judged; open the scan again and look at that one"
        raise StudyError(text, code="stale-mask")


def review_digest(row: RowMapping | dict[str, object]) -> str:
    """Sha256 (hex) over everything a stored verdict says; it stands in the audit log."""
    return hashlib.sha256(canonical_json([row[name] for name in _COLUMNS]).encode()).hexdigest()


def reviews(connection: Connection, scan_id: str | None = None) -> tuple[StoredReview, ...]:
    """Verdicts in the order in which they were recorded, hidden repeats included."""
    return tuple(_stored(row) for row in review_rows(connection, scan_id))


def review_rows(connection: Connection, scan_id: str | None = None) -> list[RowMapping]:
    """The same as they stand in the database."""
    query = select(REVIEWS).order_by(REVIEWS.c.review_id)
    if scan_id is not None:
        query = query.where(REVIEWS.c.scan_id == scan_id)
    return list(connection.execute(query).mappings())


def _stored(row: RowMapping) -> StoredReview:
    told = {name: row[name] for name in ("review_id", "recorded_utc")}
    return StoredReview.model_validate_json(canonical_json({**json.loads(row["content"]), **told}))
