"""Adverse events and fractures, one row each."""

from __future__ import annotations

from datetime import date

from bonemetrics.outcomes.rows import Gathered, PlacedAdverseEvent, PlacedFracture
from bonemetrics.outcomes.table import Cell, Column, ColumnType, Table

_SDTM = "CDISC SDTM Implementation Guide 3.3"
_DAY = "Study day: the infusion is day 1; there is no day 0"


def _column(name: str, label: str, definition: str, type_: ColumnType = "text", source: str = _SDTM) -> Column:
    return Column(name=name, type=type_, label=label, definition=definition, source=source)


_HEAD = (
    _column("STUDYID", "Study Identifier", "ID of the study"),
    _column("USUBJID", "Unique Subject Identifier", "Study ID of the participant"),
    _column("COHORT", "Cohort", "Code of the participant's cohort", source="bonemetrics"),
)
_SOURCE = _column("SRCID", "Source Identifier", "Row of the table of sources", source="bonemetrics")
ADVERSE_EVENT_COLUMNS = (
    *_HEAD,
    _column("AETERM", "Reported Term for the Adverse Event", "As reported"),
    _column("AEDECOD", "Dictionary-Derived Term", "Preferred term where the source is coded"),
    _column("AESOC", "Primary System Organ Class", "As the source has it"),
    _column("AESER", "Serious Event", "Y or N; empty where the source does not say"),
    _column("AESEV", "Severity/Intensity", "As the source has it"),
    _column("AEREL", "Causality", "Relation to the treatment as the source has it"),
    _column("AEOUT", "Outcome of Adverse Event", "As the source has it"),
    _column("ASTDT", "Analysis Start Date", "Onset", "date"),
    _column("ASTDY", "Analysis Start Relative Day", _DAY, "integer"),
    _column("AENDT", "Analysis End Date", "End", "date"),
    _column("AENDY", "Analysis End Relative Day", _DAY, "integer"),
    _SOURCE,
)
FRACTURE_COLUMNS = (
    *_HEAD,
    _column("FXSITE", "Site of Fracture", "Bone or part of the body"),
    _column("FXLAT", "Side of Fracture", "left or right; empty where there is none to know"),
    _column("LOWIMPFL", "Low-Impact Fracture Flag", "Y or N as judged; empty where nobody said"),
    _column("CONFFL", "Confirmed Fracture Flag", "Y or N; empty where nobody said"),
    _column("NEWFL", "New Fracture Flag", "Y on or after the day of infusion, N before; empty without a date"),
    _column("ADT", "Analysis Date", "When it happened or was found", "date"),
    _column("ADY", "Analysis Relative Day", _DAY, "integer"),
    _SOURCE,
)


def adverse_event_table(gathered: Gathered) -> Table:
    """One row per adverse event.

    Parameters
    ----------
    gathered
        Of a study.

    Returns
    -------
    Table
        Named `adverse_events`, sorted by person, onset and term.
    """
    study = gathered.protocol.study.id
    events = sorted(gathered.adverse_events, key=lambda one: (one.subject, one.event.day or date.max, one.event.term))
    return Table(
        name="adverse_events", columns=ADVERSE_EVENT_COLUMNS, rows=[_adverse_event(study, one) for one in events]
    )


def fracture_table(gathered: Gathered) -> Table:
    """One row per fracture.

    Parameters
    ----------
    gathered
        Of a study.

    Returns
    -------
    Table
        Named `fractures`, sorted by person, day and site.
    """
    study = gathered.protocol.study.id
    events = sorted(gathered.fractures, key=lambda one: (one.subject, one.event.day or date.max, one.event.site))
    return Table(name="fractures", columns=FRACTURE_COLUMNS, rows=[_fracture(study, one) for one in events])


def _flag(told: bool | None) -> str | None:
    return None if told is None else "Y" if told else "N"


def _adverse_event(study: str, one: PlacedAdverseEvent) -> tuple[Cell, ...]:
    event = one.event
    return (
        *(study, one.subject, one.cohort or None, event.term),
        *(event.preferred_term or None, event.system_organ_class or None, _flag(event.serious)),
        *(event.severity or None, event.related or None, event.outcome or None),
        *(event.day, one.study_day, event.end_day, one.end_study_day, one.source.source_id),
    )


def _fracture(study: str, one: PlacedFracture) -> tuple[Cell, ...]:
    event = one.event
    flags = (_flag(event.low_impact), _flag(event.confirmed), _flag(one.is_new))
    where = (study, one.subject, one.cohort or None, event.site, event.side)
    return (*where, *flags, event.day, one.study_day, one.source.source_id)
