"""What each table is, in words: its title, one row of it, and its class among the structures of CDISC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bonemetrics.outcomes.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Title:
    """Title of a table, what a row is, which columns tell rows apart, and its CDISC class."""

    title: str
    structure: str
    keys: tuple[str, ...] = ()
    cdisc_class: str = "ADAM OTHER"


_FINDINGS, _EVENTS, _RELATION = "FINDINGS", "EVENTS", "RELATIONSHIP"
_TITLES: Mapping[str, Title] = {
    "outcomes_long": Title(
        title="Outcomes, Long Form",
        structure="One record per participant, parameter, visit and value",
        keys=("STUDYID", "USUBJID", "PARAMCD", "AVISITN", "ADT", "SRCID"),
        cdisc_class="BASIC DATA STRUCTURE",
    ),
    "outcomes_wide": Title(
        title="Outcomes, Wide Form",
        structure="One record per participant and visit",
        keys=("STUDYID", "USUBJID", "AVISITN"),
    ),
    "adverse_events": Title(
        title="Adverse Events",
        structure="One record per adverse event",
        keys=("STUDYID", "USUBJID", "ASTDT", "AETERM"),
        cdisc_class="OCCURRENCE DATA STRUCTURE",
    ),
    "fractures": Title(
        title="Fractures",
        structure="One record per fracture",
        keys=("STUDYID", "USUBJID", "ADT", "FXSITE"),
        cdisc_class="OCCURRENCE DATA STRUCTURE",
    ),
    "density": Title(title="Numbers of Scans", structure="One record per scan and number"),
    "density_notes": Title(title="Notes on Scans", structure="One record per note on a scan or number"),
    "dxa": Title(title="Numbers of DXA Reports", structure="One record per DXA report and number"),
    "histomorphometry": Title(
        title="Histomorphometry",
        structure="One record per biopsy, envelope and measurement",
        keys=("STUDYID", "USUBJID", "ADT", "ENVELOPE", "CODE"),
    ),
    "reader_precision": Title(
        title="Precision of Readers", structure="One record per kind of repeat and measurement", keys=("KIND", "CODE")
    ),
    "reader_agreement": Title(
        title="Agreement of Readers",
        structure="One record per two readings, measure and compartment",
        keys=("KIND", "READER1", "READER2", "MEASURE", "REGION"),
    ),
    "sources": Title(title="Sources of Values", structure="One record per source and method", keys=("SRCID", "METHOD")),
    "outcome_notes": Title(title="Notes on Outcomes", structure="One record per note on a row, value or person"),
    "mk": Title(
        title="Musculoskeletal System Findings",
        structure="One record per finding",
        keys=("STUDYID", "USUBJID", "MKSEQ"),
        cdisc_class=_FINDINGS,
    ),
    "lb": Title(
        title="Laboratory Test Results",
        structure="One record per test",
        keys=("STUDYID", "USUBJID", "LBSEQ"),
        cdisc_class=_FINDINGS,
    ),
    "qs": Title(
        title="Questionnaires",
        structure="One record per question or score",
        keys=("STUDYID", "USUBJID", "QSSEQ"),
        cdisc_class=_FINDINGS,
    ),
    "ae": Title(
        title="Adverse Events",
        structure="One record per adverse event",
        keys=("STUDYID", "USUBJID", "AESEQ"),
        cdisc_class=_EVENTS,
    ),
}


def title_of(name: str) -> Title:
    """Title, structure, keys and class of a table.

    Parameters
    ----------
    name
        Name of the table; of one that has none here, its name stands as title.
    """
    if name.startswith("supp") and name not in _TITLES:
        return Title(
            title=f"Supplemental Qualifiers for {name.removeprefix('supp').upper()}",
            structure="One record per supplemental qualifier",
            keys=("STUDYID", "RDOMAIN", "USUBJID", "IDVAR", "IDVARVAL", "QNAM"),
            cdisc_class=_RELATION,
        )
    return _TITLES.get(name) or Title(title=name, structure="One record per row")


def keys_of(table: Table) -> tuple[str, ...]:
    """Columns that tell its rows apart, as far as the table has them.

    Parameters
    ----------
    table
        To be described.
    """
    own = {column.name for column in table.columns}
    return tuple(key for key in title_of(table.name).keys if key in own)
