"""What only the rows before it can tell of a row of a table: that it is the same, or another value of the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from bonemetrics.errors import TableError
from bonemetrics.records import (
    AnyTableRecord,
    HistomorphometryEntry,
    Observation,
    Problem,
    RawRow,
    RowOutcome,
    note,
    refusal,
)
from bonemetrics.study.protocol import Protocol
from bonemetrics.study.sheet_visits import VisitFinder

_EVENTS = ("adverse-events", "fractures")
_AGGREGATED = frozenset({"test-not-wanted", "row-empty", "row-not-wanted", "column-not-used"})
"""Notes that are told once for the sheet with the number of rows, not on every row."""


@dataclass(slots=True, kw_only=True)
class JudgedRows:
    """What has been seen of a table so far: people, repetitions, and notes that are told once."""

    protocol: Protocol
    finder: VisitFinder
    n_rows: int = 0
    people: dict[str, date | None] = field(default_factory=dict)
    seen: dict[bytes, int] = field(default_factory=dict)
    keys: dict[bytes, int] = field(default_factory=dict)
    counted: dict[tuple[str, str], int] = field(default_factory=dict)

    def judged(self, outcome: RowOutcome, raw: RawRow | None = None) -> str:
        """The line of one row, with what only the rows before it can tell.

        Parameters
        ----------
        outcome
            What the row gave.
        raw
            Its cells; `None` for what several rows gave together.
        """
        problems: list[Problem] = []
        for problem in outcome.problems:
            if problem.code in _AGGREGATED:
                key = (problem.code, problem.message)
                self.counted[key] = self.counted.get(key, 0) + 1
            else:
                problems.append(problem)
        if raw is not None and outcome.records and (first := self._first_like(raw)) is not None:
            same = note("duplicate-row", f"every cell is as in row {first}; the row was left out")
            return line_of(outcome.line, "", (), (same,))
        kept: list[tuple[str, str]] = []
        subject = ""
        for record in outcome.records:
            told = self._fault_of(record)
            if told is not None:
                problems.append(told)
                if told.severity == "refusal":
                    continue
            if record.study_day == 0 and record.day is not None:
                problems.append(
                    note("study-day-differs", "the table states study day 0, which is none; the date stands")
                )
            kept.append((record.record, record.model_dump_json()))
            subject = subject or record.subject
            known = self.people.get(record.subject)
            if record.subject not in self.people or (record.day and (known is None or record.day < known)):
                self.people[record.subject] = record.day
        return line_of(outcome.line, subject, kept, dict.fromkeys(problems))

    def _first_like(self, raw: RawRow) -> int | None:
        """The earlier row with the same cells, `None` where there is none."""
        cells = repr([(cell.text, cell.number, cell.day, cell.time, cell.flaw) for cell in raw.cells])
        first = self.seen.setdefault(_short(cells), raw.line)
        return first if first != raw.line else None

    def _fault_of(self, record: AnyTableRecord) -> Problem | None:
        if not record.subject.strip():
            return refusal(TableError("the row names no subject", code="missing-cell"))
        if (fault := self._visit_fault(record)) is not None:
            return fault
        earlier = self.keys.setdefault(_short(repr(_key(record))), record.line)
        if earlier != record.line:
            what = "tells the same event" if record.kind in _EVENTS else "holds the same person, day and quantity"
            return note("row-repeated", f"row {earlier} {what}; both are kept")
        return None

    def _visit_fault(self, record: AnyTableRecord) -> Problem | None:
        if record.kind in _EVENTS:
            return None
        if record.study_day == 0 and record.day is None:
            told = TableError("no date is stated, and study day 0, which no calendar of a trial has", code="no-date")
            return refusal(told)
        if record.day is not None or record.study_day is not None:
            return None
        if not record.visit:
            return refusal(TableError("the row states neither date, study day nor visit", code="no-date"))
        visits = self.protocol.visits
        if visits and self.finder.named(record.visit) is None:
            known = ", ".join(visit.name for visit in visits)
            text = f"no date is stated, and visit {record.visit[:40]!r} is none of the protocol ({known})"
            return refusal(TableError(text, code="unknown-visit"))
        return None

    def told_once(self) -> Iterator[Problem]:
        """Notes of the table as a whole, with the number of their rows."""
        for (code, message), count in self.counted.items():
            yield note(code, f"{count} rows: {message}")


def _short(text: str) -> bytes:
    return hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=16).digest()


def _key(record: AnyTableRecord) -> tuple[object, ...]:
    """The same for records of the same; events are the same where they say the same but for their numbers."""
    when = (record.kind, record.subject, record.day, record.study_day, record.visit)
    if isinstance(record, Observation):
        return (*when, record.quantity, record.site, record.region, record.side)
    if isinstance(record, HistomorphometryEntry):
        return (*when, record.biopsy, record.envelope, record.entry, record.reader)
    return (record.kind, record.model_dump_json(exclude={"line", "instance"}))


def line_of(line: int, subject: str, records: Sequence[tuple[str, str]], problems: Iterable[Problem]) -> str:
    """One line of the file that a child writes; empty for a row that gave nothing and was told of with others.

    Parameters
    ----------
    line
        Of the row; 0 for the table as a whole.
    subject
        What the table calls the person.
    records
        Kind and JSON text.
    problems
        What was said of the row.
    """
    problems = list(problems)
    if line and not records and not problems:
        return ""
    told: Mapping[str, Any] = {
        "line": line,
        "subject": subject,
        "records": records,
        "problems": [{"code": one.code, "severity": one.severity, "message": one.message} for one in problems],
    }
    return json.dumps(told, ensure_ascii=True, allow_nan=False) + "\n"
