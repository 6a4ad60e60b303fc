"""The reading of segmentations: numbers of edited masks, claims, signatures, biopsy entries and readers' states."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_KEPT = ("labels", "reviews", "mask_numbers", "signatures", "unlocks", "biopsy_entries")
"""Tables whose rows are only ever added."""


def upgrade() -> None:
    """Make the tables of the reading and the guards of all that readers said and drew."""
    for name in ("reader", "based_on"):
        op.add_column("labels", _text(name))
    _masks()
    _signatures()
    op.create_table(
        "claims",
        *(_must("scan_id"), _must("reader"), _must("session"), _must("claimed_utc"), _must("expires_utc")),
        _key("claims", "scan_id", "reader"),
        _points("claims", ["scan_id"], "scans", ["scan_id"]),
    )
    op.create_table(
        "biopsy_entries",
        *(_must("entry_id"), _number("version"), _must("subject"), _must("state"), _must("content")),
        *(_text("drawings", "[]"), _must("user"), _must("software_version"), _must("recorded_utc")),
        _key("biopsy_entries", "entry_id", "version"),
    )
    op.create_table(
        "reader_states", _must("reader"), _must("content"), _must("saved_utc"), _key("reader_states", "reader")
    )
    guards = {"sqlite": _sqlite_guards, "postgresql": _postgres_guards}[op.get_bind().dialect.name]
    for statement in guards():
        op.execute(statement)


def _masks() -> None:
    of_a_mask = ["scan_id", "version", "number"]
    op.create_table(
        "mask_numbers",
        *(_must("scan_id"), _number("version"), _number("number"), _must("content"), _must("digest")),
        _key("mask_numbers", *of_a_mask),
        _points("mask_numbers", of_a_mask, "labels", of_a_mask),
    )


def _signatures() -> None:
    op.create_table(
        "signatures",
        *(_number("signature_id"), _must("scan_id"), _number("version"), _must("reader"), _must("meaning")),
        *(_must("label_sha256"), _number("review_id"), _must("numbers_sha256"), _must("reviews_sha256")),
        _must("signed_utc"),
        _key("signatures", "signature_id"),
        _points("signatures", ["scan_id"], "scans", ["scan_id"]),
        _points("signatures", ["review_id"], "reviews", ["review_id"]),
    )
    op.create_index("ix_signatures_scan_id", "signatures", ["scan_id"])
    op.create_table(
        "unlocks",
        *(_number("signature_id"), _must("reason"), _must("user"), _must("unlocked_utc")),
        _key("unlocks", "signature_id"),
        _points("unlocks", ["signature_id"], "signatures", ["signature_id"]),
    )


def _sqlite_guards() -> list[str]:
    return [
        f"""CREATE TRIGGER {table}_{name} BEFORE {event} ON {table}
            BEGIN SELECT RAISE(ABORT, '{table} rows cannot be changed or removed'); END"""
        for table in _KEPT
        for name, event in (("keeps_rows", "DELETE"), ("keeps_content", "UPDATE"))
    ]


def _postgres_guards() -> list[str]:
    made = [
        """CREATE FUNCTION reading_refuse() RETURNS trigger LANGUAGE plpgsql AS
           $$ BEGIN RAISE EXCEPTION '% rows cannot be changed or removed', TG_TABLE_NAME; END $$"""
    ]
    for table in _KEPT:
        made += [
            f"""CREATE TRIGGER {table}_keeps_rows BEFORE UPDATE OR DELETE ON {table}
                FOR EACH ROW EXECUTE FUNCTION reading_refuse()""",
            f"""CREATE TRIGGER {table}_keeps_all BEFORE TRUNCATE ON {table}
                FOR EACH STATEMENT EXECUTE FUNCTION reading_refuse()""",
        ]
    return made


def _text(name: str, default: str | None = "") -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False, server_default=default)


def _must(name: str) -> sa.Column[str]:
    return _text(name, None)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False, autoincrement=False)


def _key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=f"pk_{table}")


def _points(table: str, columns: list[str], to: str, there: list[str]) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_{columns[0]}_{to}"
    return sa.ForeignKeyConstraint(columns, [f"{to}.{column}" for column in there], name=name)
