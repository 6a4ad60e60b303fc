"""The tables of a Hologic database: only those, and of those only the columns, that say what was measured."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa.hologic_database_pages import Pages, RowLayout, Value, damaged

Row = Mapping[str, Value]

_CATALOGUE_PAGE = 2
_CATALOGUE = frozenset({"ID", "NAME", "TYPE"})
_LOCAL_TABLE = 1


@dataclass(frozen=True, slots=True)
class Tables:
    """Rows by table and column, both in capitals, and the tables that hold another number of rows than they say."""

    rows: Mapping[str, tuple[Row, ...]]
    miscounted: tuple[str, ...] = field(default=())

    def __contains__(self, name: str) -> bool:
        return name in self.rows

    def __getitem__(self, name: str) -> tuple[Row, ...]:
        return self.rows.get(name, ())


def read_tables(data: bytes, wanted: Mapping[str, frozenset[str]]) -> Tables:
    """Read tables out of a Jet 4 database.

    Parameters
    ----------
    data
        The file.
    wanted
        Columns by table, in capitals. Nothing else is decoded, so no name and no address is.

    Returns
    -------
    Tables
        Those of the wanted tables that the database has. A column that it lacks is missing from its rows.

    Raises
    ------
    ReadError
        See `Pages`.
    """
    try:
        return _read(Pages(data), wanted)
    except (struct.error, UnicodeDecodeError, IndexError, OverflowError, ValueError) as error:
        raise damaged("its pages do not fit together") from error


def _read(pages: Pages, wanted: Mapping[str, frozenset[str]]) -> Tables:
    homes = _homes(pages)
    rows: dict[str, tuple[Row, ...]] = {}
    miscounted: list[str] = []
    for name, columns in wanted.items():
        if name in homes:
            definition = pages.definition(homes[name])
            layout = RowLayout(definition, columns)
            rows[name] = tuple(layout.values(row) for row in pages.rows(definition))
            if len(rows[name]) != definition.claimed:
                miscounted.append(name)
    return Tables(rows, tuple(miscounted))


def _homes(pages: Pages) -> dict[str, int]:
    """Page of every table's definition, from the catalogue."""
    definition = pages.definition(_CATALOGUE_PAGE)
    layout = RowLayout(definition, _CATALOGUE)
    found: dict[str, int] = {}
    for stored in pages.rows(definition):
        entry = layout.values(stored)
        name, home = entry.get("NAME"), entry.get("ID")
        if entry.get("TYPE") != _LOCAL_TABLE or not isinstance(name, str) or not isinstance(home, int):
            continue
        if name.upper() in found:
            raise ReadError("damaged database: two tables of one name", code="malformed-document")
        found[name.upper()] = home & 0xFFFFFF
    return found
