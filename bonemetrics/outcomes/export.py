"""From a study to files for analysts: tables, their dictionary, what they were made from, and the report."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bonemetrics import __version__
from bonemetrics.atomic import write_atomic
from bonemetrics.errors import StudyError, UsageError
from bonemetrics.outcomes.agreement_table import agreement_table
from bonemetrics.outcomes.biopsy_tables import biopsy_table, precision_table
from bonemetrics.outcomes.dataset import build_dataset
from bonemetrics.outcomes.density_table import density_table, notes_table
from bonemetrics.outcomes.dictionary import dictionary_table
from bonemetrics.outcomes.dxa_table import dxa_table
from bonemetrics.outcomes.event_tables import adverse_event_table, fracture_table
from bonemetrics.outcomes.gather import gather
from bonemetrics.outcomes.long_table import long_table
from bonemetrics.outcomes.previous import stale_files
from bonemetrics.outcomes.readings import StudyReadings, study_agreement, study_readings
from bonemetrics.outcomes.rows import Dataset
from bonemetrics.outcomes.sources_table import outcome_notes_table, sources_table
from bonemetrics.outcomes.table import Table
from bonemetrics.outcomes.visit_days import table_days
from bonemetrics.outcomes.wide_table import wide_table
from bonemetrics.outcomes.writers import write_csv, write_parquet
from bonemetrics.study.layout import make_private_folder, sha256_of
from bonemetrics.study.placement import PlacedScan, place_scans
from bonemetrics.study.store import Store

MANIFEST = "export.json"
FORMATS = ("csv", "parquet", "xpt", "redcap", "dataset-json", "sdtm")
SDTM = "sdtm"
_TRIES = 3

Facts = Mapping[str, str]
Progress = Callable[[str, int, int], None]


@contextmanager
def without_cycle_search() -> Iterator[None]:
    """Leave Python's search for cycles off: millions of cells hold none, and it would walk through them again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A study at one moment: its outcomes dataset, its scans and readings, and what an export says of its origin."""

    dataset: Dataset
    placed: tuple[PlacedScan, ...]
    readings: StudyReadings | None = None

    @property
    def facts(self) -> dict[str, str]:
        """Software, protocol, head of the audit log and time of the last change."""
        gathered = self.dataset.gathered
        return {
            "software_version": __version__,
            "study_id": gathered.protocol.study.id,
            "protocol_sha256": gathered.protocol.protocol_hash,
            "audit_rows": str(gathered.audit_rows),
            "audit_head": gathered.audit_head,
            "last_change": gathered.last_change,
        }

    @property
    def makers(self) -> tuple[Callable[[], Table], ...]:
        """One call for each table but SDTM's: numbers of scans, the outcomes dataset, events, sources and notes.

        Those of a large study are made one after the other, since together they fill the memory.
        """
        gathered = self.dataset.gathered
        return (
            lambda: density_table(self.placed),
            lambda: notes_table(self.placed),
            lambda: dxa_table(self.placed, gathered.protocol),
            lambda: long_table(self.dataset),
            lambda: wide_table(self.dataset),
            lambda: adverse_event_table(gathered),
            lambda: fracture_table(gathered),
            lambda: sources_table(self.dataset),
            lambda: outcome_notes_table(self.dataset),
            lambda: biopsy_table(gathered),
            lambda: precision_table(gathered),
            lambda: agreement_table(study_agreement(self.readings)),
        )


def snapshot(store: Store) -> Snapshot:
    """Read a study in one state.

    Parameters
    ----------
    store
        Of the study.

    Returns
    -------
    Snapshot
        Whose parts all belong to the head of the audit log that it names.

    Raises
    ------
    StudyError
        `study-busy` where the study keeps changing while it is read; `records-changed` where somebody changed its
        records behind its back, so that no number of them is passed on.
    """
    store.require_untouched()
    for _ in range(_TRIES):
        before, _time = store.last_change()
        placed = tuple(place_scans(store.scans(status="measured"), store.protocol, table_days(store)))
        found = gather(store, placed)
        readings = study_readings(store)
        if (found.audit_rows, found.audit_head) == (before.seq, before.hash):
            return Snapshot(dataset=build_dataset(found), placed=placed, readings=readings)
    text = "the study changed each time it was read; wait until the run has ended and export again"
    raise StudyError(text, code="study-busy")


def export_study(
    study_dir: Path, out: Path, formats: Sequence[str] = ("csv",), *, on_progress: Progress | None = None
) -> tuple[Path, ...]:
    """Write the tables of a study in the formats that are asked for, with a dictionary and a manifest.

    `density.*`, `density_notes.*` and `dxa.*` hold numbers of scans; `outcomes_long.*` and `outcomes_wide.*` the
    outcomes dataset, `adverse_events.*` and `fractures.*` its events, `sources.*` what each SRCID leads to, and
    `outcome_notes.*` all that was said; `histomorphometry.*` everything measured in biopsies, `reader_precision.*` how
    precisely, and `reader_agreement.*` how far readers of scans agree.

    `dictionary.csv` and `define.xml` say what every column means. `export.json` names software, protocol,
    the head of the audit log and the hash of each file. The same study gives the same bytes.

    Parameters
    ----------
    study_dir
        Made by `init_study`.
    out
        Folder; made where it does not exist. Tables of an earlier export in it are replaced or, if this one does not
        write them, removed; files that somebody changed stay.
    formats
        Of `FORMATS`. `redcap` gives the wide form as an import file with its data dictionary; `sdtm` the domains in the
        folder `sdtm`, as SAS transport files with a Define-XML of their own.
    on_progress
        Is told what is done, how many steps of it are behind and how many there are.

    Returns
    -------
    tuple of Path
        Files that were written, the manifest last.

    Raises
    ------
    UsageError
        If a format is unknown, or `out` is a file.
    StudyError
        If there is no study, it keeps changing, or its records are not those that were logged.
    ExportError
        If a value cannot be written in a format without loss.
    """
    chosen = _checked(formats)
    if out.exists() and not out.is_dir():
        raise UsageError("the place for the tables is a file; name a folder")
    with without_cycle_search():
        return _exported(Store.open(study_dir), chosen, out, on_progress)


def _exported(store: Store, chosen: Sequence[str], out: Path, on_progress: Progress | None) -> tuple[Path, ...]:
    found = snapshot(store)
    make_private_folder(out)
    files: list[Path] = []
    total = len(found.makers) + (SDTM in chosen) + 1
    for done, written in enumerate(_written(found, chosen, out), start=1):
        files += written
        if on_progress is not None:
            on_progress("writing tables", done, total)
    return _sealed(store, found, out, ",".join(chosen), files)


def report_study(study_dir: Path, out: Path, *, workers: int = 1) -> tuple[Path, ...]:
    """Write the report of a study: one HTML page, its figures as files, and the manifest.

    Parameters
    ----------
    study_dir
        Made by `init_study`.
    out
        Folder; made where it does not exist.
    workers
        Processes that draw; page and figures do not depend on it.

    Returns
    -------
    tuple of Path
        The page first, the manifest last.

    Raises
    ------
    UsageError
        If `out` is a file.
    StudyError
        If there is no study, it keeps changing, or its records are not those that were logged.
    """
    from bonemetrics.outcomes.report.build import write_report

    if out.exists() and not out.is_dir():
        raise UsageError("the place for the report is a file; name a folder")
    store = Store.open(study_dir)
    found = snapshot(store)
    return _sealed(
        store,
        found,
        out,
        "report",
        write_report(found.dataset, out, study_agreement(found.readings), workers=workers),
        manifest="report.json",
    )


def _written(found: Snapshot, chosen: Sequence[str], out: Path) -> Iterator[list[Path]]:
    """Write one table after the other in every format, then what describes them all."""
    from bonemetrics.outcomes.formats.define_xml import write_define
    from bonemetrics.outcomes.formats.redcap import TAKEN, write_redcap

    facts, parameters = found.facts, found.dataset.gathered.protocol.parameters
    if SDTM in chosen:
        yield _write_sdtm(found, out / SDTM)
    outlines: list[Table] = []
    forms: list[Table] = []
    for make in found.makers:
        table = make()
        yield [_write(form, table, out, facts) for form in chosen if form in _WRITERS]
        outlines.append(table.outline())
        if table.name in TAKEN:
            forms.append(table)
        del table
    files = list(write_redcap(forms, out, facts=facts)) if "redcap" in chosen else []
    files.append(write_csv(dictionary_table(outlines, parameters), out / "dictionary.csv"))
    ending = next((_WRITERS[form][0] for form in ("xpt", "dataset-json", "parquet", "csv") if form in chosen), "csv")
    yield [*files, write_define(outlines, parameters, out / "define.xml", facts=facts, ending=ending)]


def _write(form: str, table: Table, out: Path, facts: Facts) -> Path:
    ending, write = _WRITERS[form]
    return write(table, out / f"{table.name}.{ending}", facts)


def _write_sdtm(found: Snapshot, folder: Path) -> list[Path]:
    from bonemetrics.outcomes.formats.define_xml import write_define
    from bonemetrics.outcomes.sdtm import sdtm_tables

    make_private_folder(folder)
    files: list[Path] = []
    outlines: list[Table] = []
    for table in sdtm_tables(found.dataset.gathered):
        files.append(_write("xpt", table, folder, found.facts))
        outlines.append(table.outline())
        del table
    parameters = found.dataset.gathered.protocol.parameters
    return [*files, write_define(outlines, parameters, folder / "define.xml", facts=found.facts)]


def _write_xpt(table: Table, path: Path, facts: Facts) -> Path:
    from bonemetrics.outcomes.formats.xpt import write_xpt

    return write_xpt(table, path, facts=facts)


def _write_dataset_json(table: Table, path: Path, facts: Facts) -> Path:
    from bonemetrics.outcomes.formats.dataset_json import write_dataset_json

    return write_dataset_json(table, path, facts=facts)


_WRITERS: Mapping[str, tuple[str, Callable[[Table, Path, Facts], Path]]] = {
    "csv": ("csv", lambda table, path, _: write_csv(table, path)),
    "parquet": ("parquet", lambda table, path, facts: write_parquet(table, path, metadata=facts)),
    "xpt": ("xpt", _write_xpt),
    "dataset-json": ("json", _write_dataset_json),
}
"""Ending and writer of the formats that have one file for each table."""


def _sealed(
    store: Store, found: Snapshot, out: Path, what: str, files: Sequence[Path], *, manifest: str = MANIFEST
) -> tuple[Path, ...]:
    """Write the manifest, take away what the one before it names and this one does not, and log the export."""
    hashes = {file.relative_to(out).as_posix(): sha256_of(file) for file in files}
    told = {**found.facts, "audit_rows": int(found.facts["audit_rows"]), "files": hashes}
    stale = stale_files(out, manifest, hashes)
    write_atomic(out / manifest, json.dumps(told, indent=1, sort_keys=True).encode())
    for file in stale:
        file.unlink()
    store.record_export(what, hashes)
    return *files, out / manifest


def _checked(formats: Sequence[str]) -> tuple[str, ...]:
    known = ", ".join(FORMATS)
    if not formats:
        raise UsageError(f"no format is named; known are {known}")
    for name in formats:
        if name not in FORMATS:
            raise UsageError(f"unknown format {name!r}; known are {known}")
    return tuple(dict.fromkeys(formats))
