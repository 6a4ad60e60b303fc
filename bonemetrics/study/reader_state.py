"""What a reader's window remembers between sessions: filters, place in the list, shortcuts.

It is not in the audit log, since it says nothing of the study, and what stood before is not kept.
"""

from __future__ import annotations

import json

from pydantic import JsonValue
from sqlalchemy import Connection, delete, insert, select

from bonemetrics.errors import StudyError
from bonemetrics.study.audit import canonical_json, utc_now
from bonemetrics.study.schema_reading import READER_STATES

MOST_BYTES = 256 * 1024


def state(connection: Connection, reader: str) -> dict[str, JsonValue]:
    """What was saved last; empty for a reader who is new."""
    content = connection.scalar(select(READER_STATES.c.content).where(READER_STATES.c.reader == reader))
    found: dict[str, JsonValue] = {} if content is None else json.loads(content)
    return found


def save_state(connection: Connection, reader: str, told: dict[str, JsonValue]) -> None:
    """Keep it in place of what was saved before, inside the caller's write transaction.

    Raises
    ------
    StudyError
        `state-too-large` above 256 KiB of JSON.
    """
    content = canonical_json(told)
    if len(content) > MOST_BYTES:
        text = f"the state of a reader has {len(content)} bytes, at most {MOST_BYTES} are kept"
        raise StudyError(text, code="state-too-large")
    connection.execute(delete(READER_STATES).where(READER_STATES.c.reader == reader))
    connection.execute(insert(READER_STATES).values(reader=reader, content=content, saved_utc=utc_now()))
