"""What a reader finds again when she comes back: her place, filters, windows and shortcuts."""

from __future__ import annotations

import json

from pydantic import Field, JsonValue, ValidationError

from bonemetrics.records import Finite, Record
from bonemetrics.study.store import Store


class ReaderState(Record):
    """State of one reader's window.

    `last_key` is the task that was open last, `filter_text` and `filter_states` the list's filter, `window_preset` the
    name of the chosen bone window and `windows` her own ones, (lower, upper) in mg/cm³. `shortcuts` are keys by action.
    `tour_seen` is true after the first tour. `other` takes whatever else a window wants to find again.
    """

    last_key: str = ""
    filter_text: str = ""
    filter_states: tuple[str, ...] | None = None
    window_preset: str = ""
    windows: dict[str, tuple[Finite, Finite]] = Field(default={})
    shortcuts: dict[str, str] = Field(default={})
    tour_seen: bool = False
    other: dict[str, JsonValue] = Field(default={})


def load_state(store: Store, reader: str) -> ReaderState:
    """What was saved last; each part that this version cannot read is as new."""
    told = store.reading.state(reader)
    known = {name: value for name, value in told.items() if name in ReaderState.model_fields}
    kept: dict[str, JsonValue] = {}
    for name, value in known.items():
        try:
            # As it comes out of JSON, where a tuple is a list.
            ReaderState.model_validate_json(_json({name: value}))
        except ValidationError:
            continue
        kept[name] = value
    return ReaderState.model_validate_json(_json(kept))


def save_state(store: Store, reader: str, state: ReaderState) -> None:
    """Keep it in place of what was saved before.

    Raises
    ------
    StudyError
        `state-too-large`.
    """
    store.reading.save_state(reader, state.model_dump(mode="json"))


def _json(told: dict[str, JsonValue]) -> str:
    return json.dumps(told)
