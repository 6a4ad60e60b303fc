"""From a table of clinical data to records: opened, mapped to roles, interpreted, each row by itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import ValidationError

from bonemetrics.errors import BonemetricsError, TableError
from bonemetrics.records import (
    AnyTableRecord,
    HistomorphometryEntry,
    MappedRow,
    Observation,
    Problem,
    Role,
    RowOutcome,
    Wanted,
    note,
    refusal,
)
from bonemetrics.study.sheet_visits import VisitFinder

if TYPE_CHECKING:
    from bonemetrics.readers.files import Stamp
    from bonemetrics.readers.tables.columns import ColumnMap
    from bonemetrics.study.protocol import Protocol as StudyProtocol
    from bonemetrics.study.protocol_tables import ClinicalTable

MAX_TABLE_BYTES = 2 * 2**30
_EVENTS = ("adverse-events", "fractures")
NO_RESULTS = frozenset({"subject", "record", "visit", "date", "study_day", "reader", "version"})
NO_RESULTS |= {"test", "test_name", "unit", "standard_unit"}
"""Roles that say whose a row is, when and of what, but no result."""
_AGGREGATED = frozenset({"test-not-wanted", "row-empty", "row-not-wanted"})
"""Notes that are told once for the sheet with the number of rows, not on every row."""


def _left_out(line: int) -> RowOutcome:
    return RowOutcome(line, (), (note("row-not-wanted", "left out by [tables.where]"),))


class Interpreter(Protocol):
    """Makes records of mapped rows."""

    @property
    def roles(self) -> tuple[Role, ...]: ...

    def take(self, row: MappedRow) -> RowOutcome: ...

    def finish(self) -> Iterable[RowOutcome]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredTable:
    """What reading a table gave; the rows themselves lie in the file that was asked for.

    `people` are the names the table has for its people, each with the earliest date.
    """

    kind: str
    sha256: str = ""
    form: str = ""
    sheet: str = ""
    header: tuple[str, ...] = ()
    header_line: int = 0
    n_rows: int = 0
    people: Mapping[str, date | None] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    is_up_to_date: bool = False

    @property
    def refusal(self) -> Problem | None:
        """Why the table as a whole gave nothing."""
        return next((problem for problem in self.problems if problem.severity == "refusal"), None)


def wanted_of(protocol: StudyProtocol) -> tuple[Wanted, ...]:
    """The protocol's parameters as a reader of tables needs them."""
    return tuple(
        Wanted(
            paramcd=one.paramcd,
            quantity=one.quantity,
            site=one.site,
            region=one.region,
            side=one.side if one.side in ("left", "right") else None,
            unit=one.own_unit,
            version=one.version,
            value_set=one.value_set,
        )
        for one in protocol.parameters
    )


def interpreter_of(table: ClinicalTable, protocol: StudyProtocol) -> Interpreter:
    """Who makes records of the rows of one of [[tables]]."""
    if table.kind == "histomorphometry":
        from bonemetrics.histomorphometry import entries

        return entries.interpreter(table, protocol.histomorphometry)
    from bonemetrics.clinical import door

    return door.interpreter(table, wanted_of(protocol), protocol.conversions, protocol.clinical)


def measure_table(
    path: Path, table: ClinicalTable, protocol: StudyProtocol, out: Path, *, up_to_date: str = ""
) -> MeasuredTable:
    """Read one table and write what each row gave. Runs in a guarded child.

    Parameters
    ----------
    path
        CSV, XLSX or SAS transport file.
    table
        Entry of [[tables]] that it is read by.
    protocol
        With its parameters, conversions and rules.
    out
        File to write: one JSON object per row with `line`, `subject`, `records` (kind and JSON text) and `problems`.
        Line 0 is the table as a whole.
    up_to_date
        Hash of a content that need not be read again.

    Returns
    -------
    MeasuredTable
        With a refusal where the table as a whole cannot be read; then `out` is not written.
    """
    from bonemetrics.readers.tables.columns import map_columns
    from bonemetrics.readers.tables.open import open_table

    digest = ""
    try:
        digest, stamp = _sha256(path)
        if digest == up_to_date:
            return MeasuredTable(kind=table.kind, sha256=digest, is_up_to_date=True)
        raw = open_table(path, table)
        who = interpreter_of(table, protocol)
        columns = map_columns(raw.header, who.roles, table)
        _require_results(columns)
        rows = _Rows(protocol=protocol, finder=VisitFinder(protocol))
        with out.open("w", encoding="utf-8", newline="\n") as file:
            for row in raw.rows:
                rows.n_rows += 1
                taken = _taken(who, columns.row(row)) if columns.wants(row) else _left_out(row.line)
                file.write(rows.judged(taken))
            for outcome in who.finish():
                file.write(rows.judged(outcome))
            _require_same(path, stamp)
            problems = (*raw.problems, *columns.problems, *unused_columns(columns.unused), *rows.told_once())
            file.write(_as_line(0, "", (), problems))
    except BonemetricsError as error:
        out.unlink(missing_ok=True)
        return MeasuredTable(kind=table.kind, sha256=digest, problems=(refusal(error),))
    return MeasuredTable(
        kind=table.kind,
        sha256=digest,
        form=raw.form,
        sheet=raw.sheet,
        header=tuple(raw.header),
        header_line=raw.header_line,
        n_rows=rows.n_rows,
        people=rows.people,
        problems=problems,
    )


def _require_results(columns: ColumnMap) -> None:
    """Refuse a table that says whose and when, and nothing else: its results stand in columns that nobody knows."""
    if columns.names - NO_RESULTS:
        return
    shown = ", ".join(repr(name[:40]) for name in columns.unused[:20])
    told = f"no column of results is known; name it in [tables.columns]. Columns that no role takes: {shown or 'none'}"
    raise TableError(told, code="column-missing")


def _taken(who: Interpreter, row: MappedRow) -> RowOutcome:
    """What one row gave; whatever is wrong with it concerns no other row."""
    if not row.values and not row.problems:
        return RowOutcome(row.line, (), (note("row-empty", "rows without any value were passed over"),))
    try:
        return who.take(row)
    except BonemetricsError as error:
        return RowOutcome(row.line, (), (refusal(error),))
    except ValidationError as error:
        names = ", ".join(dict.fromkeys(str(one["loc"][0]) for one in error.errors() if one["loc"]))
        told = TableError(f"the row holds what no record can ({names or 'row'})", code="outside-hard-limits")
        return RowOutcome(row.line, (), (refusal(told),))


def _require_same(path: Path, stamp: Stamp) -> None:
    from bonemetrics.readers.files import open_regular, require_unchanged

    with open_regular(path) as (descriptor, _):
        require_unchanged(descriptor, stamp)


def _sha256(path: Path) -> tuple[str, Stamp]:
    from bonemetrics.readers.files import open_regular, read_range, require_unchanged

    content = hashlib.sha256()
    with open_regular(path) as (descriptor, stamp):
        for start in range(0, stamp.size, 1 << 20):
            content.update(read_range(descriptor, start, min(start + (1 << 20), stamp.size)))
        require_unchanged(descriptor, stamp)
        return content.hexdigest(), stamp


def unused_columns(headers: Iterable[str]) -> Iterator[Problem]:
    """A note on the columns that no role takes."""
    names = list(headers)
    if names:
        shown = ", ".join(repr(name[:40]) for name in names[:20]) + (" …" if len(names) > 20 else "")
        yield note("column-not-used", f"{len(names)} columns were left alone: {shown}")


@dataclass(slots=True, kw_only=True)
class _Rows:
    """What has been seen of a table so far: people, repetitions, and notes that are told once."""

    protocol: StudyProtocol
    finder: VisitFinder
    n_rows: int = 0
    people: dict[str, date | None] = field(default_factory=dict)
    seen: dict[bytes, int] = field(default_factory=dict)
    keys: dict[bytes, int] = field(default_factory=dict)
    counted: dict[tuple[str, str], int] = field(default_factory=dict)

    def judged(self, outcome: RowOutcome) -> str:
        """The line of one row, with what only the rows before it can tell."""
        problems: list[Problem] = []
        for problem in outcome.problems:
            if problem.code in _AGGREGATED:
                key = (problem.code, problem.message)
                self.counted[key] = self.counted.get(key, 0) + 1
            else:
                problems.append(problem)
        kept: list[tuple[str, str]] = []
        subject = ""
        for record in outcome.records:
            text = record.model_dump_json()
            told = self._fault_of(record, text)
            if told is not None:
                problems.append(told)
                if told.severity == "refusal" or told.code == "duplicate-row":
                    continue
            kept.append((record.record, text))
            subject = subject or record.subject
            known = self.people.get(record.subject)
            if record.subject not in self.people or (record.day and (known is None or record.day < known)):
                self.people[record.subject] = record.day
        return _as_line(outcome.line, subject, kept, dict.fromkeys(problems))

    def _fault_of(self, record: AnyTableRecord, text: str) -> Problem | None:
        if not record.subject.strip():
            return refusal(TableError("the row names no subject", code="missing-cell"))
        if (fault := self._visit_fault(record)) is not None:
            return fault
        # Quotes inside texts are escaped, so the first such place is the record's own line.
        same = text.replace(f'"line":{record.line},', "", 1)
        content = hashlib.blake2b(same.encode(), digest_size=16).digest()
        first = self.seen.setdefault(content, record.line)
        if first != record.line:
            return note("duplicate-row", f"says the same as row {first} and was left out")
        key = hashlib.blake2b(repr(_key(record)).encode(), digest_size=16).digest()
        earlier = self.keys.setdefault(key, record.line)
        if earlier != record.line and record.kind not in _EVENTS:
            return note("row-repeated", f"row {earlier} has another value of the same; both are kept")
        return None

    def _visit_fault(self, record: AnyTableRecord) -> Problem | None:
        if record.day is not None or record.study_day is not None or record.kind in _EVENTS:
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


def _key(record: AnyTableRecord) -> tuple[object, ...]:
    when = (record.kind, record.subject, record.day, record.study_day, record.visit)
    if isinstance(record, Observation):
        return (*when, record.quantity, record.site, record.region, record.side)
    if isinstance(record, HistomorphometryEntry):
        return (*when, record.biopsy, record.envelope, record.entry, record.reader)
    return (*when, record.line)


def _as_line(line: int, subject: str, records: Sequence[tuple[str, str]], problems: Iterable[Problem]) -> str:
    """One line of the file; empty for a row that gave nothing and was told of with others."""
    problems = list(problems)
    if line and not records and not problems:
        return ""
    told: dict[str, Any] = {
        "line": line,
        "subject": subject,
        "records": records,
        "problems": [{"code": one.code, "severity": one.severity, "message": one.message} for one in problems],
    }
    return json.dumps(told, ensure_ascii=True, allow_nan=False) + "\n"
