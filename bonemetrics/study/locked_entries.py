"""Locked entries of biopsies stay as they are when their sheet is read again and says otherwise without a reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from bonemetrics.errors import TableError
from bonemetrics.records import HistomorphometryEntry, Problem, note, refusal
from bonemetrics.study.schema import SHEET_ROWS, SHEET_VERSIONS
from bonemetrics.study.sheets import SheetLine

_RECORD = "histomorphometry"
_FREE = {"line", "sheet", "notes", "comment", "change_reason", "state"}
"""What may change in a locked entry, beside its state, which is judged by itself."""
_FAULTS = frozenset({"hard-violation", "entry-incomplete"})

Locked = Mapping[Hashable, HistomorphometryEntry]


def locked_entries(connection: Connection, name: str, *, before: int | None = None) -> Locked:
    """The locked entries of a sheet as it was last read.

    Parameters
    ----------
    connection
        To the database of the study.
    name
        ID of the sheet.
    before
        Version that is left out with all later ones.

    Returns
    -------
    dict
        By what tells one entry from another, and how many of that kind came before it.
    """
    version = SHEET_VERSIONS.c.version
    query = select(func.max(version)).where(SHEET_VERSIONS.c.sheet_id == name, SHEET_VERSIONS.c.status == "read")
    last = connection.execute(query if before is None else query.where(version < before)).scalar()
    rows = select(SHEET_ROWS.c.content).where(
        SHEET_ROWS.c.sheet_id == name, SHEET_ROWS.c.version == last, SHEET_ROWS.c.record == _RECORD
    )
    keys = _Keys()
    entries = (
        HistomorphometryEntry.model_validate_json(row[0]) for row in connection.execute(rows.order_by("position"))
    )
    found = {keys.of(entry): entry for entry in entries}
    return {key: entry for key, entry in found.items() if entry.state == "locked"}


class _Keys:
    """What tells entries of one sheet from each other; the same again is told by its turn."""

    def __init__(self) -> None:
        self._seen: Counter[Hashable] = Counter()

    def of(self, entry: HistomorphometryEntry) -> Hashable:
        when = (entry.day, entry.study_day, entry.visit, entry.biopsy)
        key = (entry.subject, *when, entry.envelope, entry.entry, entry.reader)
        self._seen[key] += 1
        return *key, self._seen[key]


@dataclass(frozen=True, slots=True)
class LinesWithLocked:
    """The lines of a sheet in which locked entries stand as they were; can be gone through again.

    A row that says something else of a locked entry is refused (`entry-locked`) unless it states a `change_reason`
    that it did not state before; so is the loss of its row. The locked entry is kept.
    """

    lines: Iterable[SheetLine]
    locked: Locked

    def __iter__(self) -> Iterator[SheetLine]:
        if not self.locked:
            yield from self.lines
            return
        keys, left = _Keys(), dict(self.locked)
        for line in self.lines:
            yield self._judged(line, keys, left)
        for entry in left.values():
            kept = entry.model_copy(update={"line": 0})
            text = "the row of a locked entry is gone; the entry was kept. Before it is taken out, its row states a "
            told = _refused(text + "change_reason and another state than locked")
            yield SheetLine(0, entry.subject, ((_RECORD, kept.model_dump_json()),), (told,))

    def _judged(self, line: SheetLine, keys: _Keys, left: dict[Hashable, HistomorphometryEntry]) -> SheetLine:
        records: list[tuple[str, str]] = []
        problems = list(line.problems)
        for kind, content in line.records:
            kept, told = content, None
            if kind == _RECORD:
                entry = HistomorphometryEntry.model_validate_json(content)
                before = left.pop(keys.of(entry), None)
                if before is not None:
                    kept, told = _settled(before, entry, content, line.problems)
            records.append((kind, kept))
            problems += [told] if told is not None else []
        return SheetLine(line.line, line.subject, tuple(records), tuple(problems))


def _settled(
    before: HistomorphometryEntry, now: HistomorphometryEntry, content: str, problems: Iterable[Problem]
) -> tuple[str, Problem | None]:
    """The content that stands, and what is said of it."""
    same = before.model_dump(exclude=_FREE) == now.model_dump(exclude=_FREE)
    # Stricter checks than those it was locked under open an entry that nobody changed.
    opened = now.state == "locked" or any(problem.code in _FAULTS for problem in problems)
    if same and opened:
        return content, None
    reason = now.change_reason.strip()
    if reason and reason != before.change_reason.strip():
        return content, note("locked-entry-changed", "a locked entry was changed; its row states why")
    kept = before.model_copy(update={"line": now.line})
    text = "the entry is locked, and the row says something else than before; what was locked was kept. State why in "
    return kept.model_dump_json(), _refused(text + "the column change_reason to change it")


def _refused(text: str) -> Problem:
    return refusal(TableError(text, code="entry-locked"))
