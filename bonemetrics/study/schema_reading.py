"""Tables of the reading of segmentations; rows of all but claims and readers' states are only ever added."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, ForeignKeyConstraint, Integer, Table, Text

from bonemetrics.study.schema import METADATA


def _text(name: str, *, default: str | None = None) -> Column[str]:
    return Column(name, Text, nullable=False, server_default=default)


def _number(name: str, *, key: bool = False) -> Column[int]:
    return Column(name, Integer, primary_key=key, nullable=False, autoincrement=False)


MASK_NUMBERS = Table(
    "mask_numbers",
    METADATA,
    Column("scan_id", Text, primary_key=True),
    _number("version", key=True),
    _number("number", key=True),
    _text("content"),
    _text("digest"),
    ForeignKeyConstraint(["scan_id", "version", "number"], ["labels.scan_id", "labels.version", "labels.number"]),
)

CLAIMS = Table(
    "claims",
    METADATA,
    Column("scan_id", Text, ForeignKey("scans.scan_id"), primary_key=True),
    Column("reader", Text, primary_key=True),
    _text("session"),
    _text("claimed_utc"),
    _text("expires_utc"),
)

SIGNATURES = Table(
    "signatures",
    METADATA,
    _number("signature_id", key=True),
    Column("scan_id", Text, ForeignKey("scans.scan_id"), nullable=False, index=True),
    _number("version"),
    _text("reader"),
    _text("meaning"),
    _text("label_sha256"),
    Column("review_id", Integer, ForeignKey("reviews.review_id"), nullable=False),
    _text("numbers_sha256"),
    _text("reviews_sha256"),
    _text("signed_utc"),
)

UNLOCKS = Table(
    "unlocks",
    METADATA,
    Column("signature_id", Integer, ForeignKey("signatures.signature_id"), primary_key=True, autoincrement=False),
    _text("reason"),
    _text("user"),
    _text("unlocked_utc"),
)

BIOPSY_ENTRIES = Table(
    "biopsy_entries",
    METADATA,
    Column("entry_id", Text, primary_key=True),
    _number("version", key=True),
    _text("subject"),
    _text("state"),
    _text("content"),
    _text("drawings", default="[]"),
    _text("user"),
    _text("software_version"),
    _text("recorded_utc"),
)

READER_STATES = Table(
    "reader_states",
    METADATA,
    Column("reader", Text, primary_key=True),
    _text("content"),
    _text("saved_utc"),
)
