"""Claims: who has which scan open, so that two readers do not do one work.

Claims are not in the audit log. They say nothing of a scan, end by themselves, and are renewed every few minutes: rows
of them would hide those that count. No right to write hangs on a claim either; that is what the refusals of stale masks
and locked records are for.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from bonemetrics.errors import StudyError
from bonemetrics.records import Record, ReviewParameters
from bonemetrics.study.masks import current_version
from bonemetrics.study.schema_reading import CLAIMS


class Claim(Record):
    """A scan in the hands of one reader until `expires_utc` (ISO 8601 UTC); `session` names her window."""

    scan_id: str
    reader: str
    session: str
    claimed_utc: str
    expires_utc: str


def claim(
    connection: Connection, rules: ReviewParameters, scan_id: str, reader: str, *, session: str, now: datetime | None
) -> Claim:
    """Take a scan, or keep it, inside the caller's write transaction.

    Parameters
    ----------
    connection
        Of the study.
    rules
        `[review]` of the protocol.
    scan_id, reader, session
        What, who, and in which window.
    now
        Time with its zone; the computer's where left out.

    Raises
    ------
    StudyError
        `unknown-scan`, or `claimed` where another session holds it. With two readings two readers may have it open,
        each in one session.
    """
    current_version(connection, scan_id)
    time = _now(now)
    others = [one for one in claims(connection, now=time) if one.scan_id == scan_id and one.session != session]
    own = [one for one in others if one.reader == reader]
    blocking = own or (others if len(others) >= rules.readings else [])
    if blocking:
        raise _claimed(blocking[0], rules, reader)
    connection.execute(delete(CLAIMS).where(_this(scan_id, reader)))
    made = Claim(
        scan_id=scan_id,
        reader=reader,
        session=session,
        claimed_utc=_text(time),
        expires_utc=_text(time + timedelta(minutes=rules.claim_minutes)),
    )
    connection.execute(insert(CLAIMS).values(**made.model_dump()))
    return made


def renew(
    connection: Connection, rules: ReviewParameters, scan_id: str, reader: str, *, session: str, now: datetime | None
) -> Claim:
    """Keep a claim for longer; one that has ended is taken again where nobody else has the scan by now.

    Raises
    ------
    StudyError
        `claimed` as `claim` says; `claim-lost` where the claim was released.
    """
    query = select(CLAIMS).where(_this(scan_id, reader))
    known = connection.execute(query).mappings().first()
    if known is None:
        raise StudyError("the claim on this scan was given back; claim it again", code="claim-lost")
    made = claim(connection, rules, scan_id, reader, session=session, now=now)
    kept = made.model_copy(update={"claimed_utc": known["claimed_utc"]}) if known["session"] == session else made
    connection.execute(update(CLAIMS).where(_this(scan_id, reader)).values(claimed_utc=kept.claimed_utc))
    return kept


def release(connection: Connection, scan_id: str, reader: str, *, session: str) -> None:
    """Give a scan back; nothing happens where this session does not have it."""
    connection.execute(delete(CLAIMS).where(_this(scan_id, reader) & (CLAIMS.c.session == session)))


def claims(connection: Connection, *, now: datetime | None = None) -> tuple[Claim, ...]:
    """Claims that have not ended, by scan and reader."""
    query = select(CLAIMS).where(CLAIMS.c.expires_utc > _text(_now(now)))
    query = query.order_by(CLAIMS.c.scan_id, CLAIMS.c.reader)
    return tuple(Claim.model_validate(dict(row)) for row in connection.execute(query).mappings())


def _this(scan_id: str, reader: str) -> ColumnElement[bool]:
    return (CLAIMS.c.scan_id == scan_id) & (CLAIMS.c.reader == reader)


def _now(now: datetime | None) -> datetime:
    return datetime.now(UTC) if now is None else now.astimezone(UTC)


def _text(time: datetime) -> str:
    return time.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _claimed(held: Claim, rules: ReviewParameters, reader: str) -> StudyError:
    until = held.expires_utc[:16].replace("T", " ")
    if held.reader == reader:
        who = "you have this scan open in another window"
    elif "other-readers" in rules.blind:
        who = "somebody else has this scan open"
    else:
        who = f"{held.reader} has this scan open"
    return StudyError(f"{who}, until {until} UTC unless renewed; take another one", code="claimed")
