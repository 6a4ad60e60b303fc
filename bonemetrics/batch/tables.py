"""Tables of clinical data in a run: each is read in a guarded child, each row stored with its person."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bonemetrics import __version__
from bonemetrics.batch.child_context import EVERYDAY
from bonemetrics.batch.guard import GuardedTask, Limits, start_guarded
from bonemetrics.batch.many import run_many
from bonemetrics.batch.summary import Refused, RunSummary
from bonemetrics.errors import BonemetricsError, GuardError, StudyError
from bonemetrics.pipeline.interpreters import wanted_of
from bonemetrics.pipeline.table_files import matching
from bonemetrics.pipeline.tables import MeasuredTable, measure_table
from bonemetrics.records import Problem, ScanHeader, refusal
from bonemetrics.study.layout import scan_id
from bonemetrics.study.locked_entries import LinesWithLocked
from bonemetrics.study.protocol import Protocol
from bonemetrics.study.protocol_tables import ClinicalTable
from bonemetrics.study.recording import stored_text
from bonemetrics.study.sheets import RECORDS, SheetFacts, SheetLine, StoredSheet, entry_key, loads, sheet_id
from bonemetrics.study.store import Store
from bonemetrics.study.subjects import Assignment

_MOST_LISTED = 200
"""Refused rows of one table that a run lists one by one; all are stored."""
_NO_SUBJECT = "the person of this row is not in the subjects table; add her and run again"


@dataclass(frozen=True, slots=True, kw_only=True)
class TableTask:
    """One file that is read by one of [[tables]]."""

    path: str
    table: ClinicalTable
    name: str
    known: StoredSheet | None
    out: str


def table_settings(table: ClinicalTable, protocol: Protocol, path: str) -> str:
    """Hash of all that makes a record of a row besides its file.

    Parameters
    ----------
    table
        Entry of [[tables]].
    protocol
        With the overrides of the call applied.
    path
        Of the file: other entries that read it too are looked at for columns that both take.

    Returns
    -------
    str
        sha256, hexadecimal. People count, since a row goes in only where its person is known.
    """
    content = {
        "software_version": __version__,
        "table": table.model_dump(mode="json"),
        "wanted": [one.model_dump(mode="json") for one in wanted_of(protocol)],
        "visits": [(visit.name, visit.number) for visit in protocol.visits],
        "subjects": [(subject.subject, subject.patient_ids) for subject in protocol.subjects],
        **protocol.model_dump(mode="json", include={"conversions", "clinical", "histomorphometry"}),
    }
    if others := [one.model_dump(mode="json") for one in matching(path, protocol.tables) if one != table]:
        content["others"] = others
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(slots=True, kw_only=True)
class TableFiles:
    """The tables of one run. This process alone writes to the store."""

    store: Store
    limits: Limits
    workers: int
    run_id: str
    summary: RunSummary
    on_progress: Callable[[str, int, int], None]
    folder: tempfile.TemporaryDirectory[str] | None = None
    known: dict[str, StoredSheet] = field(default_factory=dict)
    read: list[tuple[TableTask, MeasuredTable]] = field(default_factory=list)
    problems: dict[str, list[tuple[int, Problem]]] | None = None
    contents: dict[tuple[str, str], str] = field(default_factory=dict)
    """Sheet that gave each content, by entry and hash, so that a copy of a file does not count twice."""

    def read_all(self, files: Sequence[str]) -> None:
        """Read what is new or changed; nothing is stored yet: subjects are assigned over the whole run."""
        self.folder = tempfile.TemporaryDirectory(prefix="bonemetrics-tables-")
        self.known = {sheet.sheet_id: sheet for sheet in self.store.sheets()}
        tasks = list(self._tasks(files))
        outcomes: dict[str, MeasuredTable | BonemetricsError] = {}

        def take(task: TableTask, outcome: MeasuredTable | BonemetricsError) -> None:
            outcomes[task.name] = outcome
            self.on_progress("tables", len(outcomes), len(tasks))

        try:
            run_many(tasks, self._start, take, workers=self.workers)
        except BaseException:
            self.close()
            raise
        for task in tasks:
            self._sort(task, outcomes[task.name])

    def close(self) -> None:
        """Remove what the children wrote."""
        if self.folder is not None:
            self.folder.cleanup()

    def _tasks(self, files: Sequence[str]) -> Iterator[TableTask]:
        folder = Path(self.folder.name) if self.folder is not None else Path()
        for path in files:
            for table in matching(path, self.store.protocol.tables):
                name = self._name_of(path, table)
                out = str(folder / f"{name}.jsonl")
                yield TableTask(path=path, table=table, name=name, known=self.known.get(name), out=out)

    def _name_of(self, path: str, table: ClinicalTable) -> str:
        """The sheet that lies at this path, wherever it lay first; a new one where that sheet has moved away."""
        place, entry = stored_text(Path(path)), self._entry(table)
        at_place = (one.sheet_id for one in self.known.values() if one.path == place and one.entry == entry)
        found = next(at_place, None)
        if found is not None:
            return found
        name, turn = sheet_id(Path(path), entry), 1
        while name in self.known:
            turn += 1
            name = sheet_id(Path(path) / f"after {turn}", entry)
        return name

    def _start(self, task: TableTask) -> GuardedTask:
        settled = task.known is not None and task.known.settings_hash == self._settings(task)
        return start_guarded(
            measure_table,
            Path(task.path),
            task.table,
            self.store.protocol,
            Path(task.out),
            up_to_date=task.known.input_sha256 if settled and task.known is not None else "",
            limits=self.limits,
            preload=EVERYDAY,
        )

    def _settings(self, task: TableTask) -> str:
        return table_settings(task.table, self.store.protocol, task.path)

    def _entry(self, table: ClinicalTable) -> str:
        return entry_key(table, self.store.protocol.tables)

    def _sort(self, task: TableTask, outcome: MeasuredTable | BonemetricsError) -> None:
        if isinstance(outcome, BonemetricsError):
            found = MeasuredTable(kind=task.table.kind, problems=(refusal(outcome),))
            self.read.append((task, found))
            return
        content = (self._entry(task.table), outcome.sha256)
        first = self.contents.setdefault(content, task.name)
        if outcome.is_up_to_date and task.known is not None:
            self._leave(task, task.known)
        elif first != task.name:
            self.summary.skipped += 1
        elif not self._is_elsewhere(task, outcome.sha256):
            self.read.append((task, outcome))

    def _is_elsewhere(self, task: TableTask, digest: str) -> bool:
        """Whether the study has this content from another file that is still there; a moved file is noted as such."""
        for sheet in self.known.values():
            same = sheet.entry == self._entry(task.table) and sheet.input_sha256 == digest and sheet.status == "read"
            if not same or sheet.sheet_id == task.name or sheet.settings_hash != self._settings(task):
                continue
            if Path(sheet.path).exists():
                self.summary.skipped += 1
            else:
                self.store.move_sheet(sheet.sheet_id, Path(task.path))
                self.known[sheet.sheet_id] = sheet.model_copy(update={"path": stored_text(Path(task.path))})
                self._leave(task, sheet)
            return True
        return False

    def _leave(self, task: TableTask, known: StoredSheet) -> None:
        self.summary.skipped += 1
        if known.status == "read":
            self.summary.up_to_date += 1
            self.summary.refused += listed(task.path, self._told(known.sheet_id))
        else:
            self.summary.refused.append(Refused(task.path, known.code, known.message))

    def _told(self, name: str) -> Sequence[tuple[int, Problem]]:
        """Problems of the rows of a sheet that was read earlier."""
        if self.problems is None:
            self.problems = {}
            for one in self.store.sheet_problems():
                self.problems.setdefault(one.sheet_id, []).append((one.line, one.problem))
        return self.problems.get(name, ())

    @property
    def headers(self) -> list[ScanHeader]:
        """People of the tables that a study without a subjects table has to enrol."""
        if self.store.protocol.lists_subjects:
            return []
        enrolled = set(self.store.subjects())
        # One header for each table that she is in: every table looks her up under its own name, and her earliest day
        # may stand in any of them.
        return [
            _header(task.name, name).model_copy(update={"scan_date": day})
            for task, table in self.read
            for name, day in table.people.items()
            if name not in enrolled
        ]

    def store_all(self, assignments: Mapping[str, Assignment]) -> None:
        """Store every table that was read."""
        for task, table in self.read:
            self._store(task, table, self._people(task, table, assignments))

    def _people(
        self, task: TableTask, table: MeasuredTable, assignments: Mapping[str, Assignment]
    ) -> dict[str, str | None]:
        """Study ID by the table's name of a person; `None` for a stranger."""
        if self.store.protocol.lists_subjects:
            return people_of(table, self.store.protocol)
        enrolled = set(self.store.subjects())
        found: dict[str, str | None] = {}
        for name in table.people:
            header = _header(task.name, name)
            assignment = assignments.get(scan_id(header.study_uid, header.series_uid))
            found[name] = name if name in enrolled else assignment.subject if assignment else None
        return found

    def _store(self, task: TableTask, table: MeasuredTable, people: Mapping[str, str | None]) -> None:
        facts = SheetFacts(
            kind=table.kind,
            entry=self._entry(task.table),
            path=task.path,
            form=table.form,
            sheet=table.sheet,
            header_line=table.header_line,
            n_rows=table.n_rows,
            input_sha256=table.sha256,
            settings_hash=self._settings(task),
            run_id=self.run_id,
        )
        told = table.refusal
        failed = told is not None and told.code in GuardError.codes
        lines = lines_of(None if told is not None else Path(task.out), people)
        if table.kind == "histomorphometry" and told is None:
            lines = LinesWithLocked(lines, self.store.locked_entries(task.name))
        changed = self.store.record_sheet(task.name, facts, lines, told, failed=failed)
        self.summary.read += changed
        if told is not None:
            entry = Refused(task.path, told.code, told.message)
            (self.summary.failed if failed else self.summary.refused).append(entry)
            return
        self.summary.tables += 1
        self.summary.refused += listed(task.path, ((line.line, one) for line in lines for one in line.problems))


def listed(path: str, problems: Iterable[tuple[int, Problem]]) -> Iterator[Refused]:
    """Refused rows of one table for a person: the first ones, then how many more there are."""
    more, last = 0, ""
    for number, (line, problem) in enumerate(one for one in problems if one[1].severity == "refusal"):
        if number < _MOST_LISTED:
            yield Refused(path, problem.code, f"row {line}: {problem.message}")
        else:
            more, last = more + 1, problem.code
    if more:
        yield Refused(path, last, f"and {more} more rows; the table outcome_notes of an export lists all")


def refused_tables(store: Store) -> list[Refused]:
    """Tables of a study that its protocol names, and rows of them, that were not taken."""
    problems: dict[str, list[tuple[int, Problem]]] = {}
    for one in store.sheet_problems():
        problems.setdefault(one.sheet_id, []).append((one.line, one.problem))
    found: list[Refused] = []
    for sheet in store.sheets_in_force():
        if sheet.status != "read":
            found.append(Refused(sheet.path, sheet.code, sheet.message))
        found += listed(sheet.path, problems.get(sheet.sheet_id, ()))
    return found


def _header(sheet: str, name: str) -> ScanHeader:
    return ScanHeader(patient_id=name, study_uid=f"table {sheet}", series_uid=name, modality="TABLE")


def people_of(table: MeasuredTable, protocol: Protocol) -> dict[str, str | None]:
    """Study ID by the table's name of a person, from the subjects table; `None` for a stranger."""
    known = {name: one.subject for one in protocol.subjects for name in (*one.patient_ids, one.subject)}
    return {name: known.get(name.strip()) for name in table.people}


def lines_of(file: Path | None, people: Mapping[str, str | None]) -> Iterable[SheetLine]:
    """The rows that a child wrote, with study IDs in place of the table's names; read anew whenever gone through."""
    return _Lines(file, people)


class _Lines:
    def __init__(self, file: Path | None, people: Mapping[str, str | None]) -> None:
        self._file, self._people = file, people

    def __iter__(self) -> Iterator[SheetLine]:
        if self._file is None:
            return
        with self._file.open(encoding="utf-8") as file:
            for text in file:
                yield self._placed(loads(text))

    def _placed(self, line: SheetLine) -> SheetLine:
        if not line.records:
            return SheetLine(line.line, self._people.get(line.subject) or "", (), line.problems)
        subject = self._people.get(line.subject)
        if subject is None:
            told = refusal(StudyError(_NO_SUBJECT, code="unknown-subject"))
            return SheetLine(line.line, "", (), (*line.problems, told))
        if subject == line.subject:
            return line
        records = tuple((kind, _of_subject(content, subject)) for kind, content in line.records)
        return SheetLine(line.line, subject, records, line.problems)


def _of_subject(content: str, subject: str) -> str:
    return RECORDS.validate_json(content).model_copy(update={"subject": subject}).model_dump_json()
