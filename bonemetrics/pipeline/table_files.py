"""Which entries of [[tables]] read a file, and which of its columns two of them would both take for results."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from pathlib import PurePath
from typing import TYPE_CHECKING

from bonemetrics.errors import BonemetricsError
from bonemetrics.pipeline.interpreters import NO_RESULTS, interpreter_of
from bonemetrics.records import Problem, note

if TYPE_CHECKING:
    from bonemetrics.readers.tables.columns import ColumnMap
    from bonemetrics.study.protocol import Protocol
    from bonemetrics.study.protocol_tables import ClinicalTable


def matching(path: str, tables: Sequence[ClinicalTable]) -> tuple[ClinicalTable, ...]:
    """The entries of [[tables]] whose pattern fits a file's name or the end of its path; capitals do not count."""
    parts = PurePath(path).parts
    ends = ["/".join(parts[start:]).casefold() for start in range(len(parts))]
    return tuple(table for table in tables if any(fnmatch(end, table.file.casefold()) for end in ends))


def shared_columns(
    path: str, header: Sequence[str], columns: ColumnMap, table: ClinicalTable, protocol: Protocol
) -> Iterator[Problem]:
    """Notes on numbers of a file that another entry of [[tables]] takes for something too.

    Parameters
    ----------
    path
        Of the file.
    header
        Of the table.
    columns
        As this entry takes them.
    table
        This entry.
    protocol
        With all entries. Rows that are told apart by a test or by `where` are no shared ones.
    """
    from bonemetrics.readers.tables.columns import map_columns

    own = _numbers(columns)
    for other in matching(path, protocol.tables):
        if other == table or not own or _is_apart(table, other):
            continue
        try:
            found = map_columns(header, interpreter_of(other, protocol).roles, other)
        except BonemetricsError:
            continue
        if "test" in columns.names & found.names:
            continue
        for index, role in _numbers(found).items():
            if index in own:
                text = f"column {header[index][:40]!r} is {own[index]!r} here, and {role!r} of the entry of kind"
                yield note("column-shared", f"{text} {other.kind!r}; both take it")


def _is_apart(one: ClinicalTable, other: ClinicalTable) -> bool:
    sheets = one.sheet != other.sheet and one.sheet is not None and other.sheet is not None
    return sheets or one.where != other.where or one.header_row != other.header_row


def _numbers(columns: ColumnMap) -> dict[int, str]:
    return {
        index: role.name
        for index, role in columns.by_index.items()
        if role.type in ("number", "integer") and role.name not in NO_RESULTS
    }
