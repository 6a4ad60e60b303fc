"""Whether the tables of a study still are what was read, and give the same records again."""

from __future__ import annotations

import tempfile
from pathlib import Path

from bonemetrics import __version__
from bonemetrics.batch.child_context import EVERYDAY
from bonemetrics.batch.guard import GuardedTask, Limits, start_guarded
from bonemetrics.batch.many import run_many
from bonemetrics.batch.tables import lines_of, people_of, table_settings
from bonemetrics.errors import BonemetricsError
from bonemetrics.pipeline.tables import MeasuredTable, measure_table
from bonemetrics.study.locked_entries import LinesWithLocked
from bonemetrics.study.protocol_tables import ClinicalTable
from bonemetrics.study.sheets import StoredSheet, digest_of_lines, entry_key
from bonemetrics.study.store import Store

Fault = tuple[str, str]


def table_faults(store: Store, *, limits: Limits, workers: int) -> list[Fault]:
    """Read every table again that was read with the settings and the software of today; of others compare the file.

    Parameters
    ----------
    store
        Of the study; nothing in it is changed.
    limits
        Memory and time of each child.
    workers
        Tables read at a time.

    Returns
    -------
    list
        ID of the sheet and what does not agree.
    """
    tables = {entry_key(table, store.protocol.tables): table for table in store.protocol.tables}
    sheets = [sheet for sheet in store.sheets() if sheet.status == "read"]
    orphans = (sheet for sheet in sheets if sheet.entry not in tables)
    faults = [_fault(sheet, "no entry of [[tables]] reads this file any more") for sheet in orphans]
    known = [sheet for sheet in sheets if sheet.entry in tables]
    with tempfile.TemporaryDirectory(prefix="bonemetrics-verify-") as folder:

        def start(sheet: StoredSheet) -> GuardedTask:
            table = tables[sheet.entry]
            again = _is_of_today(sheet, table, store)
            return start_guarded(
                measure_table,
                Path(sheet.path),
                table,
                store.protocol,
                Path(folder) / f"{sheet.sheet_id}.jsonl",
                up_to_date="" if again else sheet.input_sha256,
                limits=limits,
                preload=EVERYDAY,
            )

        def take(sheet: StoredSheet, outcome: MeasuredTable | BonemetricsError) -> None:
            text = _difference(store, sheet, outcome, Path(folder) / f"{sheet.sheet_id}.jsonl")
            if text:
                faults.append(_fault(sheet, text))

        run_many(known, start, take, workers=workers)
    return faults


def _fault(sheet: StoredSheet, text: str) -> Fault:
    return sheet.sheet_id, f"table {sheet.sheet_id}: {text}"


def _is_of_today(sheet: StoredSheet, table: ClinicalTable, store: Store) -> bool:
    settings = table_settings(table, store.protocol, sheet.path)
    return sheet.software_version == __version__ and sheet.settings_hash == settings


def _difference(store: Store, sheet: StoredSheet, outcome: MeasuredTable | BonemetricsError, file: Path) -> str:
    if isinstance(outcome, BonemetricsError):
        return f"the file cannot be checked: {outcome.code}: {outcome.message}"
    if outcome.sha256 != sheet.input_sha256:
        told = outcome.refusal
        return f"the file cannot be read: {told.message}" if told and not outcome.sha256 else "the file has changed"
    if outcome.is_up_to_date:
        return ""
    if outcome.refusal is not None:
        return f"the file is refused now: {outcome.refusal.message}"
    if not store.protocol.lists_subjects:
        # Whose rows they are is known to the study alone, and the log holds the digest with study IDs in place.
        return ""
    lines = lines_of(file, people_of(outcome, store.protocol))
    if sheet.kind == "histomorphometry":
        lines = LinesWithLocked(lines, store.locked_entries(sheet.sheet_id, before=sheet.version))
    digest, _, _ = digest_of_lines(lines)
    return "" if digest == sheet.digest else "the rows do not come out again"
