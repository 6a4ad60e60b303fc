"""Tables of the study database. Times are ISO 8601 UTC texts, records JSON texts: every engine keeps them alike."""

from __future__ import annotations

from sqlalchemy import Column, Float, ForeignKey, ForeignKeyConstraint, Index, Integer, MetaData, Table, Text

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _text(name: str, *, default: str | None = "") -> Column[str]:
    """A text that is never NULL; `default=None` means that it must be given."""
    return Column(name, Text, nullable=False, server_default=default)


SETTINGS = Table("settings", METADATA, Column("key", Text, primary_key=True), _text("value", default=None))

PROTOCOLS = Table(
    "protocols",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    _text("protocol_hash", default=None),
    _text("recorded_utc", default=None),
    _text("content", default=None),
)

SUBJECTS = Table(
    "subjects",
    METADATA,
    Column("subject", Text, primary_key=True),
    _text("source", default=None),
    _text("enrolled_utc", default=None),
)

PATIENTS = Table(
    "patients",
    METADATA,
    Column("patient_key", Text, primary_key=True),
    Column("subject", Text, ForeignKey("subjects.subject"), nullable=False),
)

SCANS = Table(
    "scans",
    METADATA,
    Column("scan_id", Text, primary_key=True),
    _text("kind", default=None),
    _text("study_uid"),
    _text("series_uid"),
    Column("subject", Text, ForeignKey("subjects.subject"), nullable=True, index=True),
    _text("patient_key"),
    _text("birth_key"),
    _text("sex_key"),
    Column("scan_date", Text, nullable=True),
    Column("current_version", Integer, nullable=False),
)

RESULTS = Table(
    "results",
    METADATA,
    Column("scan_id", Text, ForeignKey("scans.scan_id"), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    _text("status", default=None),
    _text("code"),
    _text("message"),
    _text("input_sha256"),
    _text("settings_hash"),
    _text("path", default=None),
    _text("source_files", default="[]"),
    _text("software_version", default=None),
    _text("recorded_utc", default=None),
    _text("run_id"),
    _text("digest", default=None),
    _text("content", default=None),
)

_OF_A_RESULT = ["scan_id", "version"]
_RESULT_KEY = ["results.scan_id", "results.version"]

MEASUREMENTS = Table(
    "measurements",
    METADATA,
    Column("scan_id", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    _text("quantity", default=None),
    Column("value", Float, nullable=False),
    _text("unit", default=None),
    Column("standard_uncertainty", Float, nullable=True),
    _text("site", default=None),
    _text("side"),
    _text("region", default=None),
    _text("material"),
    _text("method", default=None),
    _text("content", default=None),
    Column("superseded_by", Integer, nullable=True),
    ForeignKeyConstraint(_OF_A_RESULT, _RESULT_KEY),
    Index("ix_measurements_quantity", "quantity", "region"),
)

PROBLEMS = Table(
    "problems",
    METADATA,
    Column("scan_id", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    _text("code", default=None),
    _text("severity", default=None),
    _text("message"),
    _text("slices", default="[]"),
    ForeignKeyConstraint(_OF_A_RESULT, _RESULT_KEY),
)

LABELS = Table(
    "labels",
    METADATA,
    Column("scan_id", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    _text("file", default=None),
    _text("sha256", default=None),
    _text("source", default=None),
    _text("user", default=None),
    _text("recorded_utc", default=None),
    _text("reader"),
    _text("based_on"),
    ForeignKeyConstraint(_OF_A_RESULT, _RESULT_KEY),
)

REVIEWS = Table(
    "reviews",
    METADATA,
    Column("review_id", Integer, primary_key=True),
    Column("scan_id", Text, ForeignKey("scans.scan_id"), nullable=False, index=True),
    _text("label_sha256", default=None),
    _text("reader", default=None),
    _text("verdict", default=None),
    _text("content", default="{}"),
    _text("recorded_utc", default=None),
)

RUNS = Table(
    "runs",
    METADATA,
    Column("run_id", Text, primary_key=True),
    _text("started_utc", default=None),
    _text("finished_utc"),
    _text("user", default=None),
    _text("software_version", default=None),
    _text("protocol_hash", default=None),
    _text("overrides", default="{}"),
    Column("workers", Integer, nullable=False),
    _text("counts", default="{}"),
)

AUDIT = Table(
    "audit",
    METADATA,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    _text("utc", default=None),
    _text("user", default=None),
    _text("role", default=None),
    _text("action", default=None),
    _text("object", default=None),
    Column("old", Text, nullable=True),
    Column("new", Text, nullable=True),
    _text("reason"),
    _text("app_version", default=None),
    _text("prev_hash", default=None),
    _text("hash", default=None),
)

SHEETS = Table(
    "sheets",
    METADATA,
    Column("sheet_id", Text, primary_key=True),
    _text("kind", default=None),
    _text("entry", default=None),
    Column("current_version", Integer, nullable=False),
)

SHEET_VERSIONS = Table(
    "sheet_versions",
    METADATA,
    Column("sheet_id", Text, ForeignKey("sheets.sheet_id"), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    _text("status", default=None),
    _text("code"),
    _text("message"),
    _text("path", default=None),
    _text("form"),
    _text("sheet"),
    Column("header_line", Integer, nullable=False),
    Column("n_rows", Integer, nullable=False),
    Column("n_taken", Integer, nullable=False),
    Column("n_refused", Integer, nullable=False),
    _text("input_sha256"),
    _text("settings_hash"),
    _text("software_version", default=None),
    _text("recorded_utc", default=None),
    _text("run_id"),
    _text("digest", default=None),
)

_OF_A_SHEET = ["sheet_id", "version"]
_SHEET_KEY = ["sheet_versions.sheet_id", "sheet_versions.version"]

SHEET_ROWS = Table(
    "sheet_rows",
    METADATA,
    Column("sheet_id", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("line", Integer, nullable=False),
    _text("record", default=None),
    _text("subject", default=None),
    _text("content", default=None),
    ForeignKeyConstraint(_OF_A_SHEET, _SHEET_KEY),
)

SHEET_PROBLEMS = Table(
    "sheet_problems",
    METADATA,
    Column("sheet_id", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("line", Integer, nullable=False),
    _text("subject"),
    _text("code", default=None),
    _text("severity", default=None),
    _text("message"),
    ForeignKeyConstraint(_OF_A_SHEET, _SHEET_KEY),
)
