"""The states of an entry: draft, complete, locked. What cannot be true is never locked; a lock opens with a reason."""

from __future__ import annotations

from collections.abc import Mapping

from bonemetrics.errors import TableError
from bonemetrics.histomorphometry.checks import hard_violations, missing_facts
from bonemetrics.records import HistomorphometryEntry, HistomorphometryParameters


def complete(entry: HistomorphometryEntry, parameters: HistomorphometryParameters) -> HistomorphometryEntry:
    """An entry that its reader has finished.

    Raises
    ------
    TableError
        `entry-locked`, `entry-incomplete` or `hard-violation`.
    """
    _require_open(entry)
    _require_sound(entry, parameters)
    return entry.model_copy(update={"state": "complete"})


def lock(entry: HistomorphometryEntry, parameters: HistomorphometryParameters) -> HistomorphometryEntry:
    """An entry that nobody changes any more.

    Raises
    ------
    TableError
        `entry-incomplete` or `hard-violation`.
    """
    _require_sound(entry, parameters)
    return entry.model_copy(update={"state": "locked"})


def unlock(entry: HistomorphometryEntry, reason: str) -> HistomorphometryEntry:
    """A locked entry opened again; the caller logs the reason.

    Raises
    ------
    TableError
        `entry-incomplete` without a reason.
    """
    if not reason.strip():
        raise TableError("an entry is unlocked with a reason", code="entry-incomplete")
    return entry.model_copy(update={"state": "complete"})


def edit(entry: HistomorphometryEntry, changes: Mapping[str, object]) -> HistomorphometryEntry:
    """An entry with other content; it is a draft again.

    Raises
    ------
    TableError
        `entry-locked`.
    """
    _require_open(entry)
    content = {**entry.model_dump(), **changes, "state": "draft"}
    return HistomorphometryEntry.model_validate(content)


def _require_open(entry: HistomorphometryEntry) -> None:
    if entry.state == "locked":
        raise TableError("the entry is locked; unlock it with a reason first", code="entry-locked")


def _require_sound(entry: HistomorphometryEntry, parameters: HistomorphometryParameters) -> None:
    missing = missing_facts(entry, parameters)
    if missing:
        raise TableError(f"without {', '.join(missing)} the entry is ambiguous", code="entry-incomplete")
    violations = hard_violations(entry, parameters)
    if violations:
        raise TableError("; ".join(violations), code="hard-violation")
