"""From a table of clinical data to records: opened, mapped to roles, interpreted, each row by itself."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from bonemetrics.errors import BonemetricsError, TableError
from bonemetrics.pipeline.interpreters import NO_RESULTS, Interpreter, LooksTwice, interpreter_of
from bonemetrics.pipeline.table_files import shared_columns
from bonemetrics.pipeline.table_rows import JudgedRows, line_of
from bonemetrics.records import MappedRow, Problem, RowOutcome, note, refusal
from bonemetrics.study.sheet_visits import VisitFinder

if TYPE_CHECKING:
    from bonemetrics.readers.files import Stamp
    from bonemetrics.readers.tables.columns import ColumnMap
    from bonemetrics.readers.tables.open import RawTable
    from bonemetrics.study.protocol import Protocol as StudyProtocol
    from bonemetrics.study.protocol_tables import ClinicalTable

MAX_TABLE_BYTES = 2 * 2**30


def _left_out(line: int) -> RowOutcome:
    return RowOutcome(line, (), (note("row-not-wanted", "left out by [tables.where]"),))


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
        who: Interpreter | None = interpreter_of(table, protocol)
        while who is not None:
            raw = open_table(path, table)
            columns = map_columns(raw.header, who.roles, table)
            _require_results(columns)
            rows = JudgedRows(protocol=protocol, finder=VisitFinder(protocol))
            with out.open("w", encoding="utf-8", newline="\n") as file:
                file.writelines(_lines(raw, columns, who, rows))
                shared = tuple(shared_columns(str(path), raw.header, columns, table, protocol))
                problems = (*raw.problems, *columns.problems, *shared, *unused_columns(columns.unused))
                problems = (*problems, *rows.told_once())
                file.write(line_of(0, "", (), problems))
            who = who.second_look() if isinstance(who, LooksTwice) else None
        _require_same(path, stamp)
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


def _lines(raw: RawTable, columns: ColumnMap, who: Interpreter, rows: JudgedRows) -> Iterator[str]:
    """What each row gave, and then what only all of them together did."""
    for row in raw.rows:
        rows.n_rows += 1
        taken = _taken(who, columns.row(row)) if columns.wants(row) else _left_out(row.line)
        yield rows.judged(taken, row)
    for outcome in who.finish():
        yield rows.judged(outcome)


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
