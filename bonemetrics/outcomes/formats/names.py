"""Short names for SAS transport files, whose names hold eight characters, and OIDs for the metadata."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from itertools import count

from bonemetrics.errors import ExportError
from bonemetrics.outcomes.table import Column

SHORT = 8
_TABLES = {
    "outcomes_long": "OUTLONG",
    "outcomes_wide": "OUTWIDE",
    "outcome_notes": "OUTNOTES",
    "adverse_events": "ADVEVENT",
    "fractures": "FRACTURE",
    "density": "DENSITY",
    "density_notes": "DENNOTES",
    "dxa": "DXA",
    "sources": "SOURCES",
    "histomorphometry": "HISTOMOR",
    "reader_precision": "PRECISIO",
    "reader_agreement": "AGREEMNT",
    "dictionary": "DICTIONA",
}
_ENDINGS: Mapping[str, str] = {"_PCHG": "_P", "_CHG": "_C", "_TXT": "_T"}
"""What becomes of the endings of the wide form."""


def xpt_table_name(name: str) -> str:
    """Name of a table in a SAS transport file: at most 8 capitals, digits and underscores, a letter first.

    Parameters
    ----------
    name
        Name of the table.

    Returns
    -------
    str
        For example `OUTLONG` for `outcomes_long`; of an unknown table the first 8 characters.
    """
    return _TABLES.get(name) or _sas(name)[:SHORT]


def xpt_names(columns: Iterable[Column]) -> dict[str, str]:
    """Names of columns in a SAS transport file: at most 8 capitals, digits and underscores, each once.

    A name that fits stays, in capitals. Of a longer one the first 8 characters stay; `_CHG`, `_PCHG` and `_TXT` at its
    end become `_C`, `_P` and `_T` after the first 6. Where that name is taken, a number stands before its ending:
    `RADTBD_PCHG` is `RADTBD_P`, and `STANDARD1` would be `STANDAR1` beside `STANDARD`.

    Parameters
    ----------
    columns
        Of one table, in order; names that fit are given first.

    Returns
    -------
    dict
        Name of the column to its short name.

    Raises
    ------
    ExportError
        `not-in-format` where two columns have one name, such as the change of `NTX` and a parameter `NTX_CHG`.
    """
    names = [column.name for column in columns]
    for name in names:
        if names.count(name) > 1:
            text = f"two columns are named {name}; give the parameter another PARAMCD in study.toml"
            raise ExportError(text, code="not-in-format")
    short: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        if len(name) <= SHORT and name == _sas(name):
            short[name] = name
            taken.add(name)
    for name in names:
        if name not in short:
            stem, ending = _split(_sas(name))
            short[name] = free_name(stem, ending, taken)
            taken.add(short[name])
    return {name: short[name] for name in names}


def free_name(stem: str, ending: str, taken: Collection[str], *, start: int = 0) -> str:
    """A name of at most 8 characters that is not taken: stem, a number unless it is 0, and the ending."""
    tails = (f"{number or ''}{ending}" for number in count(start))
    return next(name for name in (stem[: SHORT - len(tail)] + tail for tail in tails) if name not in taken)


def group_oid(table: str) -> str:
    """OID of a table in Define-XML and Dataset-JSON."""
    return f"IG.{_sas(table)}"


def item_oid(table: str, column: str) -> str:
    """OID of a column in Define-XML and Dataset-JSON."""
    return f"IT.{_sas(table)}.{column}"


def study_oid(study_id: str) -> str:
    """OID of the study in Define-XML and Dataset-JSON."""
    return f"ST.{study_id}"


def metadata_oid(study_id: str) -> str:
    """OID of the metadata of the study in Define-XML and Dataset-JSON."""
    return f"MDV.{study_id}"


def _sas(name: str) -> str:
    """In capitals, digits and underscores, with a letter first."""
    plain = re.sub(r"[^A-Z0-9_]", "_", name.upper())
    return plain if re.match(r"[A-Z]", plain) else f"X{plain}"


def _split(name: str) -> tuple[str, str]:
    for ending, short in _ENDINGS.items():
        if len(name) > SHORT and name.endswith(ending):
            return name.removesuffix(ending), short
    return name, ""
