"""Whether the stored rows of tables are still those that the audit log was told of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlalchemy import Connection, select

from bonemetrics.study.audit import AuditRow
from bonemetrics.study.schema import SHEET_VERSIONS, SHEETS
from bonemetrics.study.sheets import stored_digest
from bonemetrics.study.verify import RecordFault, told_in

_TOLD = ("sheet-read", "sheet-refused", "sheet-failed")


def sheet_faults(connection: Connection, log: Iterable[AuditRow]) -> tuple[RecordFault, ...]:
    """Compare every version of every table with the audit log.

    Parameters
    ----------
    connection
        Of the study.
    log
        The audit log, itself already verified.

    Returns
    -------
    tuple of RecordFault
        Empty where the rows are what was logged; `scan_id` is the ID of the sheet.
    """
    logged = {
        (row.object.partition(" ")[2], told["version"]): str(told["digest"])
        for row in log
        if row.action in _TOLD and (told := told_in(row))
    }
    return tuple(_faults(connection, logged))


def _faults(connection: Connection, logged: dict[tuple[str, int], str]) -> Iterator[RecordFault]:
    versions = connection.execute(select(SHEET_VERSIONS.c.sheet_id, SHEET_VERSIONS.c.version, SHEET_VERSIONS.c.digest))
    stored = {(row.sheet_id, row.version): row.digest for row in versions}
    for name, version in sorted(logged.keys() | stored.keys()):
        fault = RecordFault(scan_id=name, version=version, kind="missing", message="")
        if (name, version) not in stored:
            yield fault.model_copy(update={"message": "the log tells of a table that is not there"})
        elif (name, version) not in logged:
            yield fault.model_copy(update={"kind": "not-logged", "message": "the log tells nothing of this table"})
        elif stored_digest(connection, name, version) != logged[name, version]:
            message = "the rows of the table are not those that were logged"
            yield fault.model_copy(update={"kind": "changed", "message": message})
    for row in connection.execute(select(SHEETS.c.sheet_id, SHEETS.c.current_version)):
        latest = max((version for name, version in stored if name == row.sheet_id), default=0)
        if row.current_version != latest:
            message = "the current version of the table is not the latest one"
            yield RecordFault(scan_id=row.sheet_id, version=row.current_version, kind="changed", message=message)
