"""The one time that a file may hold: the study's last change, so that the same study gives the same bytes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

_NO_CHANGE = datetime(1960, 1, 1, tzinfo=UTC)
"""Stands in headers that need a time where a study has no change yet: the first moment that SAS counts."""


def last_change(facts: Mapping[str, str]) -> datetime:
    """Time of the study's last change, whole seconds in UTC.

    Parameters
    ----------
    facts
        With `last_change` as ISO 8601; it may be empty.

    Returns
    -------
    datetime
        1 January 1960 where nothing has changed yet.
    """
    told = facts.get("last_change", "")
    return datetime.fromisoformat(told).astimezone(UTC).replace(microsecond=0) if told else _NO_CHANGE


def iso_time(facts: Mapping[str, str]) -> str:
    """`last_change` as ISO 8601 with whole seconds and `Z`."""
    return last_change(facts).strftime("%Y-%m-%dT%H:%M:%SZ")
