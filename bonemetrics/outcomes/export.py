"""From a study to files for analysts: tables, their dictionary, and what they were made from."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from bonemetrics import __version__
from bonemetrics.atomic import write_atomic
from bonemetrics.errors import UsageError
from bonemetrics.outcomes.density_table import density_table, notes_table
from bonemetrics.outcomes.dictionary import dictionary_table
from bonemetrics.outcomes.dxa_table import dxa_table
from bonemetrics.outcomes.table import Table
from bonemetrics.outcomes.writers import write_csv, write_parquet
from bonemetrics.study.layout import make_private_folder, sha256_of
from bonemetrics.study.placement import place_scans
from bonemetrics.study.store import Store

MANIFEST = "export.json"
LATER_FORMATS = ("xpt", "redcap", "dataset-json")

Writer = Callable[[Table, Path, Mapping[str, str]], Path]
_WRITERS: Mapping[str, Writer] = {
    "csv": lambda table, path, _: write_csv(table, path),
    "parquet": lambda table, path, facts: write_parquet(table, path, metadata=facts),
}
FORMATS = tuple(_WRITERS)


def export_study(study_dir: Path, out: Path, formats: Sequence[str] = ("csv",)) -> tuple[Path, ...]:
    """Write the density table, its notes, the DXA table and the dictionary of all.

    `density.*` has one row per number, `density_notes.*` one per note on a scan or number, `dxa.*` one per DXA number
    with its PARAMCD and source, `dictionary.csv` the meaning of every column, PARAMCD and quantity. `export.json` names
    software, protocol, the head of the audit log and the hash of each file, so that a table can be traced, and a log
    that was cut later is seen.

    Parameters
    ----------
    study_dir
        Made by `init_study`.
    out
        Folder; made where it does not exist, older tables in it are replaced.
    formats
        `csv`, `parquet` or both.

    Returns
    -------
    tuple of Path
        Files that were written.

    Raises
    ------
    UsageError
        If a format is unknown or not in this version, or `out` is a file.
    StudyError
        If there is no study.
    """
    chosen = _checked(formats)
    if out.exists() and not out.is_dir():
        raise UsageError("the place for the tables is a file; name a folder")
    store = Store.open(study_dir)
    head = store.audit_head()
    placed = place_scans(store.scans(status="measured"), store.protocol)
    tables = (density_table(placed), notes_table(placed), dxa_table(placed, store.protocol))
    facts = {
        "software_version": __version__,
        "study_id": store.protocol.study.id,
        "protocol_sha256": store.protocol.protocol_hash,
        "audit_rows": str(head.seq),
        "audit_head": head.hash,
    }
    make_private_folder(out)
    files = [_WRITERS[name](table, out / f"{table.name}.{name}", facts) for name in chosen for table in tables]
    files.append(write_csv(dictionary_table(tables, store.protocol.parameters), out / "dictionary.csv"))
    hashes = {file.name: sha256_of(file) for file in files}
    manifest = json.dumps({**facts, "audit_rows": head.seq, "files": hashes}, indent=1, sort_keys=True)
    write_atomic(out / MANIFEST, manifest.encode())
    store.record_export(",".join(chosen), hashes)
    return *files, out / MANIFEST


def _checked(formats: Sequence[str]) -> tuple[str, ...]:
    known = " and ".join(FORMATS)
    if not formats:
        raise UsageError(f"no format is named; this version writes {known}")
    for name in formats:
        if name in LATER_FORMATS:
            raise UsageError(f"format {name!r} is not in this version, which writes {known}")
        if name not in _WRITERS:
            raise UsageError(f"unknown format {name!r}; this version writes {known}")
    return tuple(dict.fromkeys(formats))
