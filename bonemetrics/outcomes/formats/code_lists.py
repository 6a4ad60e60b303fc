"""Columns whose texts are of a short list: the choices of REDCap and the code lists of Define-XML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeListEntry:
    """A list of codes with their meanings."""

    name: str
    title: str
    codes: Mapping[str, str]


YES = CodeListEntry(name="Y", title="Yes or missing", codes={"Y": "Yes"})
YES_NO = CodeListEntry(name="NY", title="No Yes Response", codes={"Y": "Yes", "N": "No"})
SIDE = CodeListEntry(name="SIDE", title="Side", codes={"left": "Left", "right": "Right"})
ENVELOPE = CodeListEntry(
    name="ENVELOPE",
    title="Envelope of a Biopsy",
    codes={
        "cancellous": "Cancellous",
        "endocortical": "Endocortical",
        "intracortical": "Intracortical",
        "periosteal": "Periosteal",
    },
)
LABELS = CodeListEntry(
    name="LABELS",
    title="Label Status of a Biopsy",
    codes={"double": "Double label", "single": "Single label only", "none": "No label", "unknown": "Not known"},
)
SEVERITY = CodeListEntry(
    name="SEVERITY", title="Severity of a Note", codes={"note": "The value stands", "refusal": "It does not"}
)

_COLUMNS: Mapping[tuple[str, str], CodeListEntry] = {
    ("outcomes_long", "ABLFL"): YES,
    ("outcomes_long", "ANL01FL"): YES,
    ("outcomes_long", "CRIT1FL"): YES_NO,
    ("outcomes_long", "CRIT2FL"): YES_NO,
    ("adverse_events", "AESER"): YES_NO,
    ("fractures", "FXLAT"): SIDE,
    ("fractures", "LOWIMPFL"): YES_NO,
    ("fractures", "CONFFL"): YES_NO,
    ("fractures", "NEWFL"): YES_NO,
    ("histomorphometry", "ENVELOPE"): ENVELOPE,
    ("histomorphometry", "ENTERED"): YES_NO,
    ("histomorphometry", "LABELS"): LABELS,
    ("outcome_notes", "SEVERITY"): SEVERITY,
    ("ae", "AESER"): YES_NO,
}


def code_list_of(table: str, column: str) -> CodeListEntry | None:
    """The list that the texts of a column are of, or `None` where they are free.

    Parameters
    ----------
    table
        Name of the table.
    column
        Name of the column.
    """
    return _COLUMNS.get((table, column))
