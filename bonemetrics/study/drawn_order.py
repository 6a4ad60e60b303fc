"""What chance has settled for one reader: pairs and hidden repeats, kept so that a scan that comes later moves none.

It is not in the audit log, since it says nothing of the study that is not in its verdicts.
"""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert, select

from bonemetrics.records import Finite, Record
from bonemetrics.study.audit import canonical_json
from bonemetrics.study.schema import SETTINGS

Members = tuple[str, ...]
"""Scans that are read together, sorted."""


class DrawnRepeat(Record):
    """A second look at `members`, which comes right after the first look at `after`; empty at the end of the list."""

    members: Members
    after: Members


class DrawnOrder(Record):
    """Pairs and repeats in the order in which they were drawn.

    `key_digest` stands for the secret and the seed that they were drawn by: under others they count for nothing.
    `alone` are scans that had no partner when the list was made last; `repeat_percent` is what the protocol asked for.
    """

    key_digest: str = ""
    pairs: tuple[tuple[str, str], ...] = ()
    alone: Members = ()
    repeats: tuple[DrawnRepeat, ...] = ()
    repeat_percent: Finite = 0.0


def drawn_order(connection: Connection, reader: str) -> DrawnOrder:
    """What was drawn for a reader; nothing for one who is new."""
    content = connection.scalar(select(SETTINGS.c.value).where(SETTINGS.c.key == _key(reader)))
    return DrawnOrder() if content is None else DrawnOrder.model_validate_json(content)


def keep_drawn(connection: Connection, reader: str, before: DrawnOrder, after: DrawnOrder) -> DrawnOrder:
    """Keep what was drawn on top of `before`, inside the caller's write transaction.

    Returns
    -------
    DrawnOrder
        What stands now: `after`, or what another window of the reader has drawn meanwhile.
    """
    stands = drawn_order(connection, reader)
    if stands != before:
        return stands
    connection.execute(delete(SETTINGS).where(SETTINGS.c.key == _key(reader)))
    connection.execute(insert(SETTINGS).values(key=_key(reader), value=canonical_json(after.model_dump(mode="json"))))
    return after


def _key(reader: str) -> str:
    return f"drawn order of {reader}"
