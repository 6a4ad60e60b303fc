"""Which columns are derived, so that Define-XML states their method and not a mere comment."""

from __future__ import annotations

from collections.abc import Mapping

from bonemetrics.outcomes.table import Column
from bonemetrics.outcomes.wide_table import CHANGE, PERCENT

_DERIVED: Mapping[str, frozenset[str]] = {
    "outcomes_long": frozenset(
        {"AVISIT", "AVISITN", "ADY", "BASE", "CHG", "PCHG", "ABLFL", "ANL01FL", "LSC", "CRIT1FL", "CRIT2FL"}
    ),
    "outcomes_wide": frozenset({"AVISIT", "AVISITN", "ADT"}),
    "adverse_events": frozenset({"ASTDY", "AENDY"}),
    "fractures": frozenset({"ADY", "NEWFL"}),
    "histomorphometry": frozenset({"AVISIT", "ADY", "STDUNC", "ENTERED", "LABELS"}),
    "reader_precision": frozenset({"BIOPSIES", "DF", "RMSSD", "RMSCV"}),
    "reader_agreement": frozenset({"NSCANS", "VALUE", "LOWER", "UPPER"}),
}
_DERIVED_ENDINGS: Mapping[str, tuple[str, ...]] = {
    "outcomes_wide": (CHANGE, PERCENT),
    **dict.fromkeys(("mk", "lb", "qs", "ae"), ("SEQ", "DY", "STRESC", "STRESN", "STRESU")),
}


def is_derived(table: str, column: Column) -> bool:
    """Whether bonemetrics computes the column from others, as its definition says.

    Parameters
    ----------
    table
        Name of the table.
    column
        One of its columns.
    """
    endings = _DERIVED_ENDINGS.get(table, ())
    return column.name in _DERIVED.get(table, ()) or (bool(endings) and column.name.endswith(endings))


def meaning(column: Column) -> str:
    """Definition, unit and source of a column in one text."""
    unit = f" Unit: {column.unit}." if column.unit else ""
    return f"{column.definition}.{unit} Source: {column.source}."
