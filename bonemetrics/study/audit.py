"""The audit log: rows that are only ever added, each bound to the one before by a hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import JsonValue
from sqlalchemy import Connection, insert, select

from bonemetrics import __version__
from bonemetrics.errors import UsageError
from bonemetrics.records import Record
from bonemetrics.study.schema import AUDIT

FIRST_PREV_HASH = "0" * 64
"""What the first row has in the place of the hash of the row before."""
_SCHEME = "bonemetrics-audit-1"

Action = Literal[
    "study-created",
    "protocol-recorded",
    "protocol-changed",
    "run-started",
    "run-finished",
    "subject-enrolled",
    "subject-changed",
    "scan-measured",
    "scan-refused",
    "scan-failed",
    "scan-resolved",
    "source-moved",
    "result-superseded",
    "labels-added",
    "review-recorded",
    "record-signed",
    "record-unlocked",
    "entry-recorded",
    "entry-unlocked",
    "sheet-read",
    "sheet-refused",
    "sheet-failed",
    "sheet-superseded",
    "sheet-moved",
    "export-written",
]


class AuditRow(Record):
    """One row. `old` and `new` are JSON texts or `None`."""

    seq: int
    utc: str
    user: str
    role: str
    action: str
    object: str
    old: str | None
    new: str | None
    reason: str
    app_version: str
    prev_hash: str
    hash: str

    def expected_hash(self) -> str:
        """Sha256 (hex) over every other field, in one canonical form."""
        content = [_SCHEME, *(getattr(self, name) for name in AuditRow.model_fields if name != "hash")]
        return hashlib.sha256(canonical_json(content).encode()).hexdigest()


class AuditHead(Record):
    """Length and last hash of the log: the anchor that shows a cut tail when it is kept elsewhere."""

    seq: int
    hash: str


def head_told_in(path: Path) -> AuditHead:
    """The head of the log that an export wrote down.

    Parameters
    ----------
    path
        Its `export.json` or `report.json`.

    Raises
    ------
    UsageError
        If the file tells of none.
    """
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        return AuditHead(seq=int(told["audit_rows"]), hash=str(told["audit_head"]))
    except (OSError, ValueError, KeyError, TypeError):
        raise UsageError("the file tells no head of an audit log; name an export.json or report.json") from None


class ChainFault(Record):
    """One place where the log is not what was written."""

    seq: int
    kind: Literal["changed", "missing", "not-linked", "cut"]
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who acts, as the log names them."""

    user: str
    role: str = "operator"


def canonical_json(value: Any) -> str:
    """The one JSON text of a value: sorted keys, no blanks, ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def utc_now() -> str:
    """Current time as ISO 8601 text in UTC with microseconds."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def append(
    connection: Connection,
    author: Author,
    action: Action,
    target: str,
    *,
    old: JsonValue = None,
    new: JsonValue = None,
    reason: str = "",
) -> AuditRow:
    """Add one row inside the caller's transaction, so that a change and its row are stored together or not at all.

    Parameters
    ----------
    connection
        Inside a write transaction.
    author
        Who acts.
    action, target
        What was done to what; `target` holds no identity.
    old, new
        Values before and after, or `None`.
    reason
        Why, where somebody gave a reason.

    Returns
    -------
    AuditRow
        As stored.
    """
    last = head(connection)
    row = AuditRow(
        seq=last.seq + 1,
        utc=utc_now(),
        user=author.user,
        role=author.role,
        action=action,
        object=target,
        old=None if old is None else canonical_json(old),
        new=None if new is None else canonical_json(new),
        reason=reason,
        app_version=__version__,
        prev_hash=last.hash,
        hash="",
    )
    row = row.model_copy(update={"hash": row.expected_hash()})
    connection.execute(insert(AUDIT).values(**row.model_dump()))
    return row


def head(connection: Connection) -> AuditHead:
    """Last row's number and hash; number 0 where there is no row."""
    found = connection.execute(select(AUDIT.c.seq, AUDIT.c.hash).order_by(AUDIT.c.seq.desc()).limit(1)).first()
    return AuditHead(seq=found.seq, hash=found.hash) if found else AuditHead(seq=0, hash=FIRST_PREV_HASH)


def last_change(connection: Connection) -> tuple[AuditHead, str]:
    """Number, hash and time of the last row that is no export: an export tells of a study and does not change it."""
    query = select(AUDIT.c.seq, AUDIT.c.hash, AUDIT.c.utc).where(AUDIT.c.action != "export-written")
    found = connection.execute(query.order_by(AUDIT.c.seq.desc()).limit(1)).first()
    return (AuditHead(seq=found.seq, hash=found.hash), found.utc) if found else (head(connection), "")


def rows(connection: Connection) -> tuple[AuditRow, ...]:
    """Every row in order."""
    found = connection.execute(select(AUDIT).order_by(AUDIT.c.seq))
    return tuple(_row({name: _as_stored(value) for name, value in row.items()}) for row in found.mappings())


def _row(values: dict[str, Any]) -> AuditRow:
    # Unchecked: a row that somebody has spoilt must still be shown.
    return AuditRow.model_construct(None, **values)


def _as_stored(value: object) -> object:
    """Text, number or nothing as it is; whatever else somebody put there as a text that fits no hash."""
    return value if value is None or isinstance(value, str | int) else repr(value)


def verify(log: Iterable[AuditRow], anchor: AuditHead | None = None) -> tuple[ChainFault, ...]:
    """Find every row that was changed, removed, put in or moved; a log without any row is no log.

    Parameters
    ----------
    log
        Rows in the order of `seq`.
    anchor
        Head that was written down elsewhere, for example in an export. Without it a cut tail cannot be seen, since
        what is left is a whole log.

    Returns
    -------
    tuple of ChainFault
        Empty where the log is whole.
    """
    faults: list[ChainFault] = []
    seq, previous, anchored = 0, FIRST_PREV_HASH, anchor is None or anchor.seq == 0
    for row in log:
        if row.seq != seq + 1:
            message = f"rows {seq + 1} to {row.seq - 1} are missing" if row.seq > seq + 1 else "the order is broken"
            faults.append(ChainFault(seq=row.seq, kind="missing", message=message))
        elif row.prev_hash != previous:
            faults.append(ChainFault(seq=row.seq, kind="not-linked", message="does not follow from the row before"))
        if row.hash != row.expected_hash():
            faults.append(ChainFault(seq=row.seq, kind="changed", message="the content does not fit its hash"))
        anchored = anchored or (anchor is not None and (row.seq, row.hash) == (anchor.seq, anchor.hash))
        seq, previous = row.seq, row.hash
    if seq == 0:
        faults.append(ChainFault(seq=1, kind="missing", message="the log is empty; a study's log never is"))
    if not anchored and anchor is not None:
        message = f"row {anchor.seq} with the hash written down elsewhere is not in the log"
        faults.append(ChainFault(seq=anchor.seq, kind="cut", message=message))
    return tuple(faults)
