"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables of subjects, scans, results, reviews and runs, and the audit log with its guards."""
    _people()
    _scans()
    _numbers()
    _readings()
    _audit()
    guards = {"sqlite": _SQLITE_GUARDS, "postgresql": _POSTGRES_GUARDS}[op.get_bind().dialect.name]
    for statement in guards:
        op.execute(statement)


def _text(name: str, default: str | None = "") -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False, server_default=default)


def _must(name: str) -> sa.Column[str]:
    return _text(name, None)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False)


def _key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=f"pk_{table}")


def _points(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{to}.{column}"], name=f"fk_{table}_{column}_{to}")


def _of_a_result(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["scan_id", "version"], ["results.scan_id", "results.version"], name=f"fk_{table}_scan_id_results"
    )


def _people() -> None:
    op.create_table("settings", _must("key"), _must("value"), _key("settings", "key"))
    op.create_table(
        "protocols",
        _number("number"),
        _must("protocol_hash"),
        _must("recorded_utc"),
        _must("content"),
        _key("protocols", "number"),
    )
    op.create_table("subjects", _must("subject"), _must("source"), _must("enrolled_utc"), _key("subjects", "subject"))
    op.create_table(
        "patients",
        _must("patient_key"),
        _must("subject"),
        _key("patients", "patient_key"),
        _points("patients", "subject", "subjects"),
    )


def _scans() -> None:
    op.create_table(
        "scans",
        _must("scan_id"),
        _must("kind"),
        _text("study_uid"),
        _text("series_uid"),
        sa.Column("subject", sa.Text, nullable=True),
        _text("patient_key"),
        _text("birth_key"),
        _text("sex_key"),
        sa.Column("scan_date", sa.Text, nullable=True),
        _number("current_version"),
        _key("scans", "scan_id"),
        _points("scans", "subject", "subjects"),
    )
    op.create_index("ix_scans_subject", "scans", ["subject"])
    op.create_table(
        "results",
        _must("scan_id"),
        _number("version"),
        _must("status"),
        _text("code"),
        _text("message"),
        _text("input_sha256"),
        _text("settings_hash"),
        _must("path"),
        _text("source_files", "[]"),
        _must("software_version"),
        _must("recorded_utc"),
        _text("run_id"),
        _must("digest"),
        _must("content"),
        _key("results", "scan_id", "version"),
        _points("results", "scan_id", "scans"),
    )


def _numbers() -> None:
    op.create_table(
        "measurements",
        _must("scan_id"),
        _number("version"),
        _number("position"),
        _must("quantity"),
        sa.Column("value", sa.Float, nullable=False),
        _must("unit"),
        sa.Column("standard_uncertainty", sa.Float, nullable=True),
        _must("site"),
        _text("side"),
        _must("region"),
        _text("material"),
        _must("method"),
        _must("content"),
        sa.Column("superseded_by", sa.Integer, nullable=True),
        _key("measurements", "scan_id", "version", "position"),
        _of_a_result("measurements"),
    )
    op.create_index("ix_measurements_quantity", "measurements", ["quantity", "region"])
    op.create_table(
        "problems",
        _must("scan_id"),
        _number("version"),
        _number("position"),
        _must("code"),
        _must("severity"),
        _text("message"),
        _text("slices", "[]"),
        _key("problems", "scan_id", "version", "position"),
        _of_a_result("problems"),
    )


def _readings() -> None:
    op.create_table(
        "labels",
        _must("scan_id"),
        _number("version"),
        _number("number"),
        _must("file"),
        _must("sha256"),
        _must("source"),
        _must("user"),
        _must("recorded_utc"),
        _key("labels", "scan_id", "version", "number"),
        _of_a_result("labels"),
    )
    op.create_table(
        "reviews",
        sa.Column("review_id", sa.Integer, nullable=False, autoincrement=True),
        _must("scan_id"),
        _must("label_sha256"),
        _must("reader"),
        _must("verdict"),
        _text("content", "{}"),
        _must("recorded_utc"),
        _key("reviews", "review_id"),
        _points("reviews", "scan_id", "scans"),
    )
    op.create_index("ix_reviews_scan_id", "reviews", ["scan_id"])
    op.create_table(
        "runs",
        _must("run_id"),
        _must("started_utc"),
        _text("finished_utc"),
        _must("user"),
        _must("software_version"),
        _must("protocol_hash"),
        _text("overrides", "{}"),
        _number("workers"),
        _text("counts", "{}"),
        _key("runs", "run_id"),
    )


def _audit() -> None:
    op.create_table(
        "audit",
        _number("seq"),
        _must("utc"),
        _must("user"),
        _must("role"),
        _must("action"),
        _must("object"),
        sa.Column("old", sa.Text, nullable=True),
        sa.Column("new", sa.Text, nullable=True),
        _text("reason"),
        _must("app_version"),
        _must("prev_hash"),
        _must("hash"),
        _key("audit", "seq"),
    )


_SQLITE_GUARDS = (
    """CREATE TRIGGER audit_keeps_rows BEFORE DELETE ON audit
       BEGIN SELECT RAISE(ABORT, 'audit rows cannot be removed'); END""",
    """CREATE TRIGGER audit_keeps_content BEFORE UPDATE ON audit
       BEGIN SELECT RAISE(ABORT, 'audit rows cannot be changed'); END""",
    # INSERT OR REPLACE removes rows without the trigger on DELETE; it is caught by the number.
    """CREATE TRIGGER audit_grows_at_the_end BEFORE INSERT ON audit
       WHEN NEW.seq <> (SELECT COALESCE(MAX(seq), 0) + 1 FROM audit)
       BEGIN SELECT RAISE(ABORT, 'audit rows are added at the end'); END""",
)

_POSTGRES_GUARDS = (
    """CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN RAISE EXCEPTION 'audit rows cannot be changed or removed'; END $$""",
    """CREATE TRIGGER audit_keeps_rows BEFORE UPDATE OR DELETE ON audit
       FOR EACH ROW EXECUTE FUNCTION audit_refuse()""",
    """CREATE TRIGGER audit_keeps_all BEFORE TRUNCATE ON audit
       FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()""",
)
