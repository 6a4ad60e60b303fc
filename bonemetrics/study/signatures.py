"""Signed readings: a signature locks a scan's record, and only an unlocking with a reason voids it.

Made with 21 CFR Part 11 in mind: a signature holds who signed, when, what it means, and hashes of what was signed.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from pydantic import JsonValue
from sqlalchemy import Connection, Select, func, insert, select

from bonemetrics.errors import StudyError
from bonemetrics.records import Record, ReviewParameters
from bonemetrics.study import audit
from bonemetrics.study.audit import Author, canonical_json, utc_now
from bonemetrics.study.masks import current_masks, current_version, require_mask, require_version
from bonemetrics.study.reviews import StoredReview, require_reader, review_digest, review_rows, reviews
from bonemetrics.study.schema import RESULTS
from bonemetrics.study.schema_reading import MASK_NUMBERS, SIGNATURES, UNLOCKS
from bonemetrics.study.standing import OPEN, standing


class Signature(Record):
    """One signature on one scan's record.

    `meaning` is what the reader says by it, `signed_utc` an ISO 8601 time. `label_sha256` is the hash of the mask,
    `numbers_sha256` that of its numbers and `reviews_sha256` that of all verdicts on the scan until then.
    """

    signature_id: int
    scan_id: str
    version: int
    reader: str
    meaning: str
    label_sha256: str
    review_id: int
    numbers_sha256: str
    reviews_sha256: str
    signed_utc: str

    @property
    def digest(self) -> str:
        """Sha256 (hex) over everything it says; it stands in the audit log."""
        return hashlib.sha256(canonical_json(list(self.model_dump().values())).encode()).hexdigest()


def sign(
    connection: Connection,
    author: Author,
    rules: ReviewParameters,
    *,
    scan_id: str,
    reader: str,
    meaning: str,
    label_sha256: str,
    review_id: int,
    version: int | None = None,
) -> Signature:
    """Sign and lock the record of one scan, inside the caller's write transaction.

    Raises
    ------
    StudyError
        `unknown-scan`; `locked` where it is signed already; `reason-missing` without a meaning; `unknown-review` where
        the verdict is none of this reader on this mask, or not her last; `reading-open` while a verdict is still to
        come, since a lock would keep it out; `stale-mask` where the mask is not the one that counts,
        or `version` is given and not that of the current result, whose numbers nobody saw.
    """
    version = require_version(connection, scan_id, version)
    require_open(connection, scan_id)
    if not meaning.strip():
        raise StudyError("a signature says what it means", code="reason-missing")
    verdict = _verdict(connection, scan_id, reader, label_sha256, review_id)
    require_reader(rules, reader, verdict.role)
    masks = current_masks(connection, scan_id)
    number = require_mask(masks, label_sha256).number
    found = standing(masks, reviews(connection, scan_id), readings=rules.readings)
    if found.status in OPEN:
        text = f"the reading is not finished ({found.status}); a signature would keep the verdict out that is to come"
        raise StudyError(text, code="reading-open")
    if found.status != "reject" and (found.mask is None or found.mask.sha256 != label_sha256):
        raise StudyError("another mask counts for this scan; sign that one", code="stale-mask")
    last = connection.scalar(select(func.max(SIGNATURES.c.signature_id)))
    made = Signature(
        signature_id=(last or 0) + 1,
        scan_id=scan_id,
        version=version,
        reader=reader,
        meaning=meaning,
        label_sha256=label_sha256,
        review_id=review_id,
        numbers_sha256=_numbers_digest(connection, scan_id, version, number),
        reviews_sha256=reviews_digest(connection, scan_id),
        signed_utc=utc_now(),
    )
    connection.execute(insert(SIGNATURES).values(**made.model_dump()))
    new = {**made.model_dump(exclude={"scan_id"}), "digest": made.digest}
    audit.append(connection, author, "record-signed", f"scan {scan_id}", new=new)
    return made


def _verdict(connection: Connection, scan_id: str, reader: str, label_sha256: str, review_id: int) -> StoredReview:
    own = [one for one in reviews(connection, scan_id) if one.reader == reader and not one.repeat]
    if not own or (own[-1].review_id, own[-1].label_sha256) != (review_id, label_sha256):
        text = "a reader signs her own last verdict on the mask that she judged; this is another one"
        raise StudyError(text, code="unknown-review")
    return own[-1]


def unlock(connection: Connection, author: Author, scan_id: str, reason: str) -> Signature:
    """Void the signature of one scan, inside the caller's write transaction; gives the voided one.

    Raises
    ------
    StudyError
        `unknown-scan`, `not-locked`, or `reason-missing`.
    """
    current_version(connection, scan_id)
    signature = lock_of(connection, scan_id)
    if signature is None:
        raise StudyError("nobody has signed this scan, so there is nothing to unlock", code="not-locked")
    if not reason.strip():
        raise StudyError("a signed record is unlocked with a reason", code="reason-missing")
    values = {"reason": reason, "user": author.user, "unlocked_utc": utc_now()}
    connection.execute(insert(UNLOCKS).values(signature_id=signature.signature_id, **values))
    told: dict[str, JsonValue] = {"signature_id": signature.signature_id}
    old: JsonValue = {**told, "reader": signature.reader, "digest": signature.digest}
    audit.append(
        connection, author, "record-unlocked", f"scan {scan_id}", old=old, new={**told, **values}, reason=reason
    )
    return signature


def void(connection: Connection, author: Author, scan_id: str, reason: str) -> None:
    """Void the signature of a scan where there is one."""
    if lock_of(connection, scan_id) is not None:
        unlock(connection, author, scan_id, reason)


def lock_of(connection: Connection, scan_id: str) -> Signature | None:
    """The signature that locks a scan; `None` where it is open."""
    return locks(connection, scan_id).get(scan_id)


def locks(connection: Connection, scan_id: str | None = None) -> dict[str, Signature]:
    """Signatures that lock, by scan."""
    query = _locking() if scan_id is None else _locking().where(SIGNATURES.c.scan_id == scan_id)
    return {row["scan_id"]: Signature.model_validate(dict(row)) for row in connection.execute(query).mappings()}


def _locking() -> Select[Any]:
    query = select(SIGNATURES).outerjoin(UNLOCKS, UNLOCKS.c.signature_id == SIGNATURES.c.signature_id)
    return query.where(UNLOCKS.c.signature_id.is_(None)).order_by(SIGNATURES.c.signature_id)


def require_open(connection: Connection, scan_id: str) -> None:
    """Refuse what would change a signed record.

    Raises
    ------
    StudyError
        `locked`.
    """
    signature = lock_of(connection, scan_id)
    if signature is not None:
        text = f"the record of this scan was signed at {signature.signed_utc}; unlock it with a reason first"
        raise StudyError(text, code="locked")


def reviews_digest(connection: Connection, scan_id: str) -> str:
    """Sha256 (hex) over all verdicts on one scan; hidden repeats are no part of its record."""
    rows = [row for row in review_rows(connection, scan_id) if not json.loads(row["content"]).get("repeat", False)]
    digests = [review_digest(row) for row in rows]
    return hashlib.sha256(canonical_json(digests).encode()).hexdigest()


def _numbers_digest(connection: Connection, scan_id: str, version: int, number: int) -> str:
    of_edit = (MASK_NUMBERS.c.scan_id == scan_id) & (MASK_NUMBERS.c.version == version)
    found = connection.scalar(select(MASK_NUMBERS.c.digest).where(of_edit & (MASK_NUMBERS.c.number == number)))
    of_result = (RESULTS.c.scan_id == scan_id) & (RESULTS.c.version == version)
    return str(found or connection.execute(select(RESULTS.c.digest).where(of_result)).scalar_one())
