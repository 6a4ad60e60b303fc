"""Tables of clinical data: sheets, their versions, the records of their rows and what was said of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_OF_A_SHEET = (["sheet_id", "version"], ["sheet_versions.sheet_id", "sheet_versions.version"])


def upgrade() -> None:
    """Make the tables of sheets."""
    op.create_table(
        "sheets", _must("sheet_id"), _must("kind"), _must("entry"), _number("current_version"), _key("sheets")
    )
    op.create_table(
        "sheet_versions",
        *(_must("sheet_id"), _number("version"), _must("status"), _text("code"), _text("message"), _must("path")),
        *(_text("form"), _text("sheet"), _number("header_line")),
        *(_number("n_rows"), _number("n_taken"), _number("n_refused")),
        *(_text("input_sha256"), _text("settings_hash"), _must("software_version"), _must("recorded_utc")),
        *(_text("run_id"), _must("digest")),
        _key("sheet_versions", "version"),
        sa.ForeignKeyConstraint(["sheet_id"], ["sheets.sheet_id"], name="fk_sheet_versions_sheet_id_sheets"),
    )
    op.create_table(
        "sheet_rows",
        *(_must("sheet_id"), _number("version"), _number("position"), _number("line")),
        *(_must("record"), _must("subject"), _must("content")),
        _key("sheet_rows", "version", "position"),
        sa.ForeignKeyConstraint(*_OF_A_SHEET, name="fk_sheet_rows_sheet_id_sheet_versions"),
    )
    op.create_table(
        "sheet_problems",
        *(_must("sheet_id"), _number("version"), _number("position"), _number("line")),
        *(_text("subject"), _must("code"), _must("severity"), _text("message")),
        _key("sheet_problems", "version", "position"),
        sa.ForeignKeyConstraint(*_OF_A_SHEET, name="fk_sheet_problems_sheet_id_sheet_versions"),
    )


def _text(name: str, default: str | None = "") -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False, server_default=default)


def _must(name: str) -> sa.Column[str]:
    return _text(name, None)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False)


def _key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint("sheet_id", *columns, name=f"pk_{table}")
