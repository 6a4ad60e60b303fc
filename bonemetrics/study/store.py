"""The store: everything a study knows, behind records. No database object leaves this room."""

from __future__ import annotations

import getpass
import os
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from pydantic import JsonValue
from sqlalchemy import insert, select, update

from bonemetrics import __version__
from bonemetrics.errors import StudyError
from bonemetrics.records import AnyTableRecord, Problem, ScanHeader, ScanResult
from bonemetrics.study import audit, enrolment, locked_entries, recording, sheets, stored, verify
from bonemetrics.study.audit import AuditHead, AuditRow, Author, ChainFault, canonical_json, utc_now
from bonemetrics.study.database import Database, open_database
from bonemetrics.study.layout import StudyFolder
from bonemetrics.study.locked_entries import Locked
from bonemetrics.study.protocol import Protocol, load_protocol
from bonemetrics.study.reading import Reading
from bonemetrics.study.reading_faults import reading_faults
from bonemetrics.study.recording import Recorded
from bonemetrics.study.schema import RUNS, SUBJECTS
from bonemetrics.study.sheet_faults import sheet_faults
from bonemetrics.study.sheets import SheetFacts, SheetLine, SheetProblem, StoredSheet
from bonemetrics.study.stored import Counts, Failure, KnownInput, Status, StoredMeasurement, StoredScan
from bonemetrics.study.subjects import Assignment, Identity, identity_of
from bonemetrics.study.verify import RecordFault

_NOBODY = Identity(patient_key="", birth_key="", sex_key="")


class Store:
    """One open study. Safe to use from several processes at once, each with a `Store` of its own.

    Every method is one short transaction. Nothing needs to be closed. `reading` is what readers do in the study.
    """

    def __init__(self, folder: StudyFolder, protocol: Protocol, database: Database, author: Author) -> None:
        self.folder = folder
        self.protocol = protocol
        self.author = author
        self._database = database
        self._readings = protocol.review.readings
        self.reading = Reading(folder, protocol, database, author)

    @classmethod
    def open(
        cls, folder: Path, *, user: str | None = None, role: str = "operator", protocol: Protocol | None = None
    ) -> Self:
        """Open a study.

        Parameters
        ----------
        folder
            With `study.toml` and, where the study uses SQLite, `study.db`.
        user
            Who acts, as the audit log names them; the operating system's user where left out.
        role
            In which role.
        protocol
            Stands instead of `study.toml`, for example with overrides.

        Returns
        -------
        Store
            With tables of the newest schema.

        Raises
        ------
        StudyError
            `not-a-study`, `network-filesystem`, `newer-database`, `damaged-database` or `database-unavailable`.
        ProtocolError
            If `study.toml` is not valid.
        """
        place = StudyFolder(folder)
        if not place.protocol.is_file():
            raise StudyError("the folder holds no study.toml; `bonemetrics init` makes a study", code="not-a-study")
        protocol = protocol if protocol is not None else load_protocol(place.protocol)
        database = open_database(place, protocol.study.database)
        store = cls(place, protocol, database, Author(user=user or current_user(), role=role))
        store._require_study()
        return store

    def _require_study(self) -> None:
        with self._database.read() as connection:
            if not enrolment.is_a_study(connection):
                raise StudyError("the database holds no study; `bonemetrics init` makes one", code="not-a-study")

    @contextmanager
    def together(self) -> Iterator[None]:
        """Store all that is recorded inside at once, or nothing of it."""
        with self._database.together():
            yield

    # Runs

    def record_protocol(self) -> bool:
        """Keep the protocol where it is not the one kept last; true where it was not."""
        with self._database.write() as connection:
            return enrolment.record_protocol(connection, self.author, self.protocol)

    def start_run(self, *, workers: int, inputs: int = 0) -> str:
        """Note that a run begins, and the protocol where it has changed; gives the run's ID."""
        run_id = uuid.uuid4().hex[:12]
        self.folder.sweep_staging()
        with self._database.write() as connection:
            enrolment.record_protocol(connection, self.author, self.protocol)
            values = {
                "run_id": run_id,
                "started_utc": utc_now(),
                "user": self.author.user,
                "software_version": __version__,
                "protocol_hash": self.protocol.protocol_hash,
                "overrides": canonical_json(self.protocol.overrides),
                "workers": workers,
            }
            connection.execute(insert(RUNS).values(**values))
            new: JsonValue = {"overrides": dict(self.protocol.overrides), "workers": workers, "inputs": inputs}
            audit.append(connection, self.author, "run-started", f"run {run_id}", new=new)
        return run_id

    def finish_run(self, run_id: str, counts: Mapping[str, int]) -> None:
        """Note how a run ended; a run that was killed has no such note."""
        with self._database.write() as connection:
            values = {"finished_utc": utc_now(), "counts": canonical_json(dict(counts))}
            connection.execute(update(RUNS).where(RUNS.c.run_id == run_id).values(**values))
            audit.append(connection, self.author, "run-finished", f"run {run_id}", new=dict(counts))

    # Subjects

    def assign_subjects(self, headers: Sequence[ScanHeader]) -> dict[str, Assignment]:
        """Find whose the scans of a run are; new people are enrolled where the study has no subjects table.

        Parameters
        ----------
        headers
            Of all series of the run, known ones too, so that numbers follow the scan dates.

        Returns
        -------
        dict
            Assignment by scan ID (`layout.scan_id`). A stored scan that the new ones make ambiguous loses its numbers
            and keeps its history.
        """
        with self._database.write() as connection:
            return enrolment.assign_subjects(connection, self.folder, self.author, self.protocol, headers)

    def subjects(self) -> tuple[str, ...]:
        """Study IDs of everybody who has a scan or was enrolled."""
        with self._database.read() as connection:
            return tuple(connection.execute(select(SUBJECTS.c.subject).order_by(SUBJECTS.c.subject)).scalars())

    # Scans

    def record_result(
        self,
        result: ScanResult,
        *,
        path: Path,
        files: Sequence[Path] = (),
        subject: str | None = None,
        staging: Path | None = None,
        header: ScanHeader | None = None,
        input_sha256: str = "",
        settings_hash: str = "",
        run_id: str = "",
    ) -> Recorded:
        """Keep what one scan gave, as a new version where it says something new.

        Parameters
        ----------
        result
            Numbers or a refusal.
        path, files
            Where the input lies: the file or folder that a person would name, and every file of it.
        subject
            Study ID from `assign_subjects`; needed where there are numbers.
        staging
            Folder from `StudyFolder.new_staging` with the scan's files; they are moved to the scan's folder.
        header
            Header of a refused scan whose result holds no facts.
        input_sha256
            Hash of the input where no header holds it.
        settings_hash
            Hash of what the scan was measured with, for example `Protocol.protocol_hash`.
        run_id
            From `start_run`.

        Returns
        -------
        Recorded
            The same call made twice changes nothing the second time.

        Raises
        ------
        StudyError
            `unknown-subject`; `locked` where it would take the place of a signed result; or the database cannot be
            used.
        """
        header = result.facts.header if result.facts is not None else header
        with self._database.write() as connection:
            identity = identity_of(header, key=enrolment.identity_key(connection)) if header else _NOBODY
            entry = recording.Entry(
                result=result,
                header=header,
                identity=identity,
                path=path,
                files=files,
                subject=subject,
                staging=staging,
                run_id=run_id,
                settings_hash=settings_hash,
                input_sha256=(header.sha256 if header else "") or input_sha256,
            )
            return recording.record(connection, self.folder, self.author, entry)

    def record_refusal(
        self,
        *,
        code: str,
        message: str,
        path: Path,
        kind: str = "unknown",
        files: Sequence[Path] = (),
        header: ScanHeader | None = None,
        subject: str | None = None,
        input_sha256: str = "",
        settings_hash: str = "",
        run_id: str = "",
    ) -> Recorded:
        """Keep why an input gave no number; codes of the guard count as failures. See `record_result`."""
        problem = Problem(code=code, severity="refusal", message=message)
        return self.record_result(
            ScanResult(kind=kind, problems=(problem,)),
            path=path,
            files=files,
            header=header,
            subject=subject,
            input_sha256=input_sha256,
            settings_hash=settings_hash,
            run_id=run_id,
        )

    def withdraw(self, scan_id: str, why: Problem) -> None:
        """Take a stored result out of the tables, since its file no longer says it; its history stays."""
        with self._database.write() as connection:
            enrolment.withdraw(connection, self.folder, self.author, scan_id, why)

    def record_move(self, scan_id: str, *, path: Path, files: Sequence[Path]) -> None:
        """Keep where the unchanged input of a scan lies now; nothing happens where it still lies there."""
        with self._database.write() as connection:
            recording.move(connection, self.author, scan_id, path, files)

    def known_inputs(self) -> dict[str, KnownInput]:
        """Every scan by its ID, with what a run must know to leave it alone (`KnownInput.is_settled`)."""
        with self._database.read() as connection:
            return stored.known_inputs(connection)

    def scans(self, *, status: Status | None = None) -> tuple[StoredScan, ...]:
        """Scans with their current results, ordered by scan ID."""
        with self._database.read() as connection:
            return stored.scans(connection, readings=self._readings, status=status)

    def scan(self, scan_id: str) -> StoredScan:
        """One scan with its current result.

        Raises
        ------
        StudyError
            `unknown-scan`.
        """
        with self._database.read() as connection:
            found = stored.scans(connection, readings=self._readings, scan_id=scan_id)
        if not found:
            raise StudyError(f"the study has no scan {scan_id}", code="unknown-scan")
        return found[0]

    def history(self, scan_id: str) -> tuple[StoredScan, ...]:
        """Every result a scan ever had, the oldest first."""
        with self._database.read() as connection:
            return stored.scans(connection, readings=self._readings, scan_id=scan_id, history=True)

    def current_measurements(self) -> tuple[StoredMeasurement, ...]:
        """Numbers of the current results, of edited masks where those count."""
        with self._database.read() as connection:
            return stored.current_measurements(connection, readings=self._readings)

    def failures(self) -> tuple[Failure, ...]:
        """Inputs without numbers, with path, code and message."""
        with self._database.read() as connection:
            return stored.failures(connection)

    def counts(self) -> Counts:
        """Count what is in the study."""
        with self._database.read() as connection:
            return stored.counts(connection, readings=self._readings)

    # Tables

    def record_sheet(
        self,
        name: str,
        facts: SheetFacts,
        lines: Iterable[SheetLine],
        refusal: Problem | None = None,
        *,
        failed: bool = False,
    ) -> bool:
        """Keep what one table gave, as a new version where it says something new; see `sheets.record_sheet`."""
        with self._database.write() as connection:
            return sheets.record_sheet(connection, self.author, name, facts, lines, refusal, failed=failed)

    def locked_entries(self, name: str, *, before: int | None = None) -> Locked:
        """Locked entries of biopsies of a sheet; see `locked_entries.locked_entries`."""
        with self._database.read() as connection:
            return locked_entries.locked_entries(connection, name, before=before)

    def move_sheet(self, name: str, path: Path) -> None:
        """Keep where the unchanged file of a table lies now."""
        with self._database.write() as connection:
            sheets.move_sheet(connection, self.author, name, path)

    def sheets(self) -> tuple[StoredSheet, ...]:
        """Current versions of all tables, ordered by ID."""
        with self._database.read() as connection:
            return sheets.sheets(connection)

    def sheets_in_force(self) -> tuple[StoredSheet, ...]:
        """Those of them that an entry of [[tables]] still names; the rows of any other no longer count."""
        tables = self.protocol.tables
        keys = {sheets.entry_key(table, tables) for table in tables}
        return tuple(sheet for sheet in self.sheets() if sheet.entry in keys)

    def sheet_records(self) -> Iterator[tuple[str, AnyTableRecord]]:
        """Records of all tables in force with the ID of their sheet; one transaction lasts until all are taken."""
        names = {sheet.sheet_id for sheet in self.sheets_in_force()}
        with self._database.read() as connection:
            for name, record in sheets.sheet_records(connection):
                if name in names:
                    yield name, record

    def sheet_problems(self) -> tuple[SheetProblem, ...]:
        """What was said of the rows of all tables in force."""
        names = {sheet.sheet_id for sheet in self.sheets_in_force()}
        with self._database.read() as connection:
            return tuple(told for told in sheets.sheet_problems(connection) if told.sheet_id in names)

    # Audit

    def record_export(self, target: str, files: Mapping[str, str]) -> AuditHead:
        """Log an export: file names with their sha256. Gives the head from before, which belongs into the export."""
        with self._database.write() as connection:
            before = audit.head(connection)
            audit.append(connection, self.author, "export-written", target, new=dict(files))
            return before

    def audit_head(self) -> AuditHead:
        """Number and hash of the last audit row."""
        with self._database.read() as connection:
            return audit.head(connection)

    def last_change(self) -> tuple[AuditHead, str]:
        """Head of the log and time (ISO 8601 UTC) when the study was changed last; exports change nothing."""
        with self._database.read() as connection:
            return audit.last_change(connection)

    def audit_rows(self) -> tuple[AuditRow, ...]:
        """The whole log."""
        with self._database.read() as connection:
            return audit.rows(connection)

    def verify_chain(self, anchor: AuditHead | None = None) -> tuple[ChainFault, ...]:
        """Every place where the log was tampered with; see `audit.verify`."""
        return audit.verify(self.audit_rows(), anchor)

    def verify_records(self) -> tuple[RecordFault, ...]:
        """Every result, number, mask, verdict, signature or entry that is not what the log was told.

        See `verify.record_faults`, `sheet_faults` and `reading_faults`.
        """
        with self._database.read() as connection:
            log = audit.rows(connection)
            faults = (*verify.record_faults(connection, log), *sheet_faults(connection, log))
            return (*faults, *reading_faults(connection, log))

    def require_untouched(self) -> None:
        """Refuse a study whose log or records somebody changed, before a number of them is passed on.

        Raises
        ------
        StudyError
            `records-changed`.
        """
        try:
            faults = [*(fault.message for fault in self.verify_chain())]
            faults += [f"{fault.scan_id}: {fault.message}" for fault in self.verify_records()]
        except verify.UNREADABLE:
            faults = ["a record cannot be read"]
        if faults:
            text = "the study is not what its audit log was told of; `bonemetrics verify` names what was changed"
            raise StudyError(f"{text} (first of {len(faults)}: {faults[0]})", code="records-changed")


def current_user() -> str:
    """Name of the operating system's user, or its number where it has no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid-{os.getuid()}" if hasattr(os, "getuid") else "unknown"
