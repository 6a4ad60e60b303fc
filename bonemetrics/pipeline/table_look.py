"""A look at one table without a study: what its columns could be, and every problem found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from bonemetrics.errors import BonemetricsError, TableError
from bonemetrics.pipeline.interpreters import NO_RESULTS, interpreter_of
from bonemetrics.pipeline.tables import unused_columns
from bonemetrics.records import MappedRow, Problem, RawRow, TableKind, TableMap, note, refusal

if TYPE_CHECKING:
    from bonemetrics.readers.tables.columns import ColumnMap
    from bonemetrics.readers.tables.open import RawTable

_ANY = TableMap(kind="laboratory")
_WHOSE = frozenset({"subject", "record"})


@dataclass(frozen=True, slots=True)
class SeenColumn:
    """A column by its header; `role` and `unit` are what `run` would take it for, empty where it would not know."""

    name: str
    role: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableLook:
    """What was seen of one table. `guess` is the kind of [[tables]] that fits its columns best, if one does."""

    form: str = ""
    sheet: str = ""
    sheets: tuple[str, ...] = ()
    encoding: str = ""
    delimiter: str = ""
    header_line: int = 0
    n_rows: int = 0
    guess: str = ""
    columns: tuple[SeenColumn, ...] = ()
    problems: tuple[Problem, ...] = ()


def look_at_tables(path: Path) -> tuple[TableLook, ...]:
    """Read a file of clinical data with every check that needs no study. Runs in a guarded child.

    Parameters
    ----------
    path
        CSV, XLSX or SAS transport file.

    Returns
    -------
    tuple of TableLook
        One, or one for each visible sheet with a table. A file that cannot be read has one with a refusal.
    """
    try:
        return (_look(path, _ANY),)
    except TableError as error:
        if error.code == "sheet-not-found" and (found := tuple(_sheets(path))):
            told = note("several-sheets", "several sheets hold tables; name the one to read as 'sheet' in [[tables]]")
            return (replace(found[0], problems=(told, *found[0].problems)), *found[1:])
        return (TableLook(problems=(refusal(error),)),)
    except BonemetricsError as error:
        return (TableLook(problems=(refusal(error),)),)


def _sheets(path: Path) -> Iterator[TableLook]:
    from bonemetrics.readers.tables.xlsx_rows import visible_sheets

    for name in visible_sheets(path):
        try:
            yield _look(path, _ANY.model_copy(update={"sheet": name}))
        except TableError:
            # A sheet of remarks.
            continue


def _look(path: Path, table: TableMap) -> TableLook:
    from bonemetrics.readers.tables.open import open_table

    raw = open_table(path, table)
    columns = _guessed(raw)
    counted = _Counted()
    n_rows = 0
    for row in raw.rows:
        n_rows += 1
        counted.take(_judged(row, columns, len(raw.header)))
    problems = (*raw.problems, *counted.problems())
    if columns is not None:
        problems = (*problems, *columns.problems, *unused_columns(columns.unused))
    return TableLook(
        form=raw.form,
        sheet=raw.sheet,
        sheets=raw.sheets,
        encoding=raw.encoding,
        delimiter=raw.delimiter,
        header_line=raw.header_line,
        n_rows=n_rows,
        guess=columns.table.kind if columns is not None else "",
        columns=tuple(_seen(raw.header, columns)),
        problems=problems,
    )


def _guessed(raw: RawTable) -> ColumnMap | None:
    """The kind that knows most columns, among them whose the row is and a result."""
    from bonemetrics.readers.tables.columns import map_columns
    from bonemetrics.study.protocol import Protocol
    from bonemetrics.study.protocol_tables import ClinicalTable

    found: list[ColumnMap] = []
    for kind in get_args(TableKind):
        table = ClinicalTable(file="*", kind=kind)
        try:
            columns = map_columns(raw.header, interpreter_of(table, Protocol()).roles, table)
        except BonemetricsError:
            continue
        if columns.names & _WHOSE and _has_results(columns):
            found.append(columns)
    return max(found, key=lambda columns: len(columns.names), default=None)


def _has_results(columns: ColumnMap) -> bool:
    if columns.table.kind == "histomorphometry":
        return any(role.type == "number" for role in columns.by_index.values())
    return bool(columns.names - NO_RESULTS)


def _judged(row: RawRow, columns: ColumnMap | None, width: int) -> MappedRow:
    from bonemetrics.readers.tables.cells import require_sound
    from bonemetrics.readers.tables.columns import row_fault

    if columns is not None:
        return columns.row(row)
    fault = row_fault(row, width)
    if fault is not None:
        return MappedRow(row.line, {}, {"": fault})
    problems: dict[str, Problem] = {}
    for number, cell in enumerate(row.cells, start=1):
        try:
            require_sound(cell)
        except TableError as error:
            problems[f"column {number}"] = refusal(error)
    return MappedRow(row.line, {}, problems)


def _seen(header: tuple[str, ...], columns: ColumnMap | None) -> Iterator[SeenColumn]:
    from bonemetrics.readers.tables.columns import split_unit

    roles = columns.by_index if columns is not None else {}
    for index, name in enumerate(header):
        role = roles.get(index)
        yield SeenColumn(name, role.name if role else "", split_unit(name)[1] or (role.unit if role else ""))


@dataclass(slots=True)
class _Counted:
    """Problems of rows, told once each with their number and the first of them."""

    found: dict[tuple[str, str], tuple[int, int, str]] = field(default_factory=dict)

    def take(self, row: MappedRow) -> None:
        for role, problem in row.problems.items():
            count, first, text = self.found.get((role, problem.code), (0, row.line, problem.message))
            self.found[role, problem.code] = (count + 1, first, text)

    def problems(self) -> Iterator[Problem]:
        for (_, code), (count, first, text) in self.found.items():
            rows = f"row {first}" if count == 1 else f"{count} rows, the first is row {first}"
            yield Problem(code=code, severity="refusal", message=f"{rows}: {text}")
