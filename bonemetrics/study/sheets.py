"""Tables of clinical data in the study: one sheet is one file read by one of the protocol's [[tables]]."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter
from sqlalchemy import Connection, RowMapping, insert, select, update

from bonemetrics import __version__
from bonemetrics.records import AnyTableRecord, Problem, Record
from bonemetrics.study import audit
from bonemetrics.study.audit import Author, canonical_json, utc_now
from bonemetrics.study.protocol_tables import ClinicalTable
from bonemetrics.study.recording import stored_text
from bonemetrics.study.schema import SHEET_PROBLEMS, SHEET_ROWS, SHEET_VERSIONS, SHEETS

SheetStatus = Literal["read", "refused", "failed"]
_ACTIONS: dict[SheetStatus, audit.Action] = {
    "read": "sheet-read",
    "refused": "sheet-refused",
    "failed": "sheet-failed",
}
_CHUNK = 5000
RECORDS: TypeAdapter[AnyTableRecord] = TypeAdapter(AnyTableRecord)


@dataclass(frozen=True, slots=True)
class SheetLine:
    """What one row of a sheet gave: records as JSON text with the study ID in place, and what was said of the row.

    `line` is 0 for what concerns the sheet as a whole.
    """

    line: int
    subject: str = ""
    records: tuple[tuple[str, str], ...] = ()
    """Kind of record and its JSON text."""
    problems: tuple[Problem, ...] = ()


class SheetFacts(Record):
    """What is known of a sheet besides its rows."""

    kind: str
    entry: str
    path: str
    form: str = ""
    sheet: str = ""
    header_line: int = 0
    n_rows: int = 0
    input_sha256: str = ""
    settings_hash: str = ""
    run_id: str = ""


class StoredSheet(SheetFacts):
    """The current version of a sheet."""

    sheet_id: str
    version: int
    status: SheetStatus
    code: str
    message: str
    n_taken: int
    n_refused: int
    software_version: str
    recorded_utc: str
    digest: str


class SheetProblem(Record):
    """A note or refusal on a row of a sheet; `line` 0 is the sheet as a whole."""

    sheet_id: str
    line: int
    subject: str
    problem: Problem


def entry_key(table: ClinicalTable, tables: Sequence[ClinicalTable]) -> str:
    """What tells one of [[tables]] from another: its kind, its sheet and its pattern of files.

    Parameters
    ----------
    table
        One of them.
    tables
        All of the protocol. Those that have kind, sheet and pattern in common, as where each has its own `where`, are
        told apart by their order; what else an entry states may change without making another sheet of its files.
    """
    named = [table.kind, table.sheet, table.file]
    alike = [one for one in tables if [one.kind, one.sheet, one.file] == named]
    turn = alike.index(table) if table in alike else 0
    text = canonical_json([*named, turn + 1] if turn else named)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def sheet_id(path: Path, entry: str) -> str:
    """Short hash of path and key of the entry; `t` tells it from a scan."""
    text = canonical_json([stored_text(path.absolute()), entry])
    return "t" + hashlib.sha256(text.encode()).hexdigest()[:11]


class _Digest:
    """Sha256 over records and problems, each in their order: the same from a file and from the database."""

    def __init__(self) -> None:
        self._records, self._problems = hashlib.sha256(), hashlib.sha256()

    def add_record(self, *told: str | int) -> None:
        self._records.update((canonical_json(told) + "\n").encode())

    def add_problem(self, *told: str | int) -> None:
        self._problems.update((canonical_json(told) + "\n").encode())

    def hexdigest(self) -> str:
        return hashlib.sha256(self._records.digest() + self._problems.digest()).hexdigest()


def digest_of_lines(lines: Iterable[SheetLine]) -> tuple[str, int, int]:
    """Sha256 (hex) of all a sheet gave, and how many of its rows were taken and refused."""
    content = _Digest()
    taken = refused = 0
    for line in lines:
        for record, text in line.records:
            content.add_record(line.line, line.subject, record, text)
        for problem in line.problems:
            content.add_problem(line.line, line.subject, problem.severity, problem.code, problem.message)
        taken += bool(line.records)
        refused += any(problem.severity == "refusal" for problem in line.problems)
    return content.hexdigest(), taken, refused


def stored_digest(connection: Connection, name: str, version: int) -> str:
    """The same digest from what stands in the database."""
    content = _Digest()
    for table, add, columns in (
        (SHEET_ROWS, content.add_record, ("line", "subject", "record", "content")),
        (SHEET_PROBLEMS, content.add_problem, ("line", "subject", "severity", "code", "message")),
    ):
        query = select(*(table.c[column] for column in columns))
        query = query.where(table.c.sheet_id == name, table.c.version == version).order_by(table.c.position)
        for row in connection.execute(query):
            add(*row)
    return content.hexdigest()


def record_sheet(
    connection: Connection,
    author: Author,
    name: str,
    facts: SheetFacts,
    lines: Iterable[SheetLine],
    refusal: Problem | None,
    *,
    failed: bool = False,
) -> bool:
    """Keep what a sheet gave as a new version; true where it says something new.

    Parameters
    ----------
    connection
        Inside a write transaction.
    author
        Who acts.
    name
        From `sheet_id`.
    facts
        Of the sheet.
    lines
        Can be gone through twice.
    refusal
        Why the sheet as a whole gave nothing.
    failed
        Whether that was a failure of the process that read it.
    """
    digest, taken, refused = digest_of_lines(lines)
    status: SheetStatus = "read" if refusal is None else "failed" if failed else "refused"
    known = current_sheet(connection, name)
    told = facts.model_dump(exclude={"kind", "entry", "run_id"})
    told |= {"status": status, "code": refusal.code if refusal else "", "message": refusal.message if refusal else ""}
    told |= {"n_taken": taken, "n_refused": refused, "digest": digest, "software_version": __version__}
    if known is not None and all(getattr(known, key) == value for key, value in told.items()):
        return False
    version = 1 if known is None else known.version + 1
    if known is None:
        values = {"sheet_id": name, "kind": facts.kind, "entry": facts.entry, "current_version": version}
        connection.execute(insert(SHEETS).values(**values))
    else:
        connection.execute(update(SHEETS).where(SHEETS.c.sheet_id == name).values(current_version=version))
    key: dict[str, object] = {"sheet_id": name, "version": version}
    connection.execute(insert(SHEET_VERSIONS).values(**key, **told, recorded_utc=utc_now(), run_id=facts.run_id))
    _put_lines(connection, key, lines)
    new = {"version": version, "input_sha256": facts.input_sha256, "digest": digest, "code": told["code"]}
    if known is not None:
        old = {name: getattr(known, name) for name in ("version", "input_sha256", "digest", "code")}
        audit.append(connection, author, "sheet-superseded", f"sheet {name}", old=old, new=new)
    audit.append(connection, author, _ACTIONS[status], f"sheet {name}", new={**new, "taken": taken, "refused": refused})
    return True


def _put_lines(connection: Connection, key: dict[str, object], lines: Iterable[SheetLine]) -> None:
    rows: list[dict[str, object]] = []
    problems: list[dict[str, object]] = []
    n_rows = n_problems = 0
    for line in lines:
        for record, content in line.records:
            place = {"position": n_rows, "line": line.line, "record": record, "subject": line.subject}
            rows.append({**key, **place, "content": content})
            n_rows += 1
        for problem in line.problems:
            place = {"position": n_problems, "line": line.line, "subject": line.subject}
            told = {"code": problem.code, "severity": problem.severity, "message": problem.message}
            problems.append({**key, **place, **told})
            n_problems += 1
        if len(rows) >= _CHUNK:
            connection.execute(insert(SHEET_ROWS), rows)
            rows = []
        if len(problems) >= _CHUNK:
            connection.execute(insert(SHEET_PROBLEMS), problems)
            problems = []
    if rows:
        connection.execute(insert(SHEET_ROWS), rows)
    if problems:
        connection.execute(insert(SHEET_PROBLEMS), problems)


def move_sheet(connection: Connection, author: Author, name: str, path: Path) -> None:
    """Note where the unchanged file of a sheet lies now."""
    known = current_sheet(connection, name)
    if known is None or known.path == stored_text(path):
        return
    this = (SHEET_VERSIONS.c.sheet_id == name) & (SHEET_VERSIONS.c.version == known.version)
    connection.execute(update(SHEET_VERSIONS).where(this).values(path=stored_text(path)))
    audit.append(connection, author, "sheet-moved", f"sheet {name}", new={"version": known.version})


_CURRENT = (SHEETS.c.sheet_id == SHEET_VERSIONS.c.sheet_id) & (SHEETS.c.current_version == SHEET_VERSIONS.c.version)


def current_sheet(connection: Connection, name: str) -> StoredSheet | None:
    """One sheet, `None` where the study does not have it."""
    return next((sheet for sheet in sheets(connection) if sheet.sheet_id == name), None)


def sheets(connection: Connection) -> tuple[StoredSheet, ...]:
    """Current versions, ordered by ID."""
    query = select(SHEETS.c.kind, SHEETS.c.entry, SHEET_VERSIONS).join(SHEETS, _CURRENT).order_by(SHEETS.c.sheet_id)
    return tuple(StoredSheet.model_validate(dict(row)) for row in connection.execute(query).mappings())


def sheet_records(connection: Connection) -> Iterator[tuple[str, AnyTableRecord]]:
    """Records of all current versions with the ID of their sheet, in the order of sheets and rows."""
    query = (
        select(SHEET_ROWS.c.sheet_id, SHEET_ROWS.c.content)
        .join(SHEETS, (SHEETS.c.sheet_id == SHEET_ROWS.c.sheet_id) & (SHEETS.c.current_version == SHEET_ROWS.c.version))
        .order_by(SHEET_ROWS.c.sheet_id, SHEET_ROWS.c.position)
    )
    validate = RECORDS.validator.validate_json
    for rows in connection.execute(query).partitions(_CHUNK):
        for name, content in rows:
            yield name, validate(content)


def sheet_problems(connection: Connection) -> tuple[SheetProblem, ...]:
    """What was said of rows of all current versions, in the order of sheets and rows."""
    table = SHEET_PROBLEMS
    query = (
        select(table)
        .join(SHEETS, (SHEETS.c.sheet_id == table.c.sheet_id) & (SHEETS.c.current_version == table.c.version))
        .order_by(table.c.sheet_id, table.c.position)
    )
    return tuple(_problem(row) for row in connection.execute(query).mappings())


def _problem(row: RowMapping) -> SheetProblem:
    problem = Problem.model_construct(code=row["code"], severity=row["severity"], message=row["message"], slices=())
    return SheetProblem.model_construct(
        sheet_id=row["sheet_id"], line=row["line"], subject=row["subject"], problem=problem
    )


def loads(text: str) -> SheetLine:
    """A line that a child wrote."""
    told = json.loads(text)
    problems = tuple(Problem.model_validate(problem | {"slices": ()}) for problem in told["problems"])
    return SheetLine(
        told["line"], told["subject"], tuple((kind, content) for kind, content in told["records"]), problems
    )
