"""Events: AE, adverse events with their supplement."""

from __future__ import annotations

from collections.abc import Iterator

from bonemetrics.outcomes.rows import Gathered, PlacedAdverseEvent
from bonemetrics.outcomes.sdtm.supplement import Qualifier, supplement
from bonemetrics.outcomes.table import Cell, Column, ColumnType, Table

_SDTM = "CDISC SDTM Implementation Guide 3.3"


def ae_table(gathered: Gathered) -> Iterator[Table]:
    """The domain `ae` and its supplement.

    Parameters
    ----------
    gathered
        Of a study.

    Yields
    ------
    Table
        Sorted by person, onset and term.
    """
    study = gathered.protocol.study.id
    rows: list[tuple[Cell, ...]] = []
    extra: list[Qualifier] = []
    numbers: dict[str, int] = {}
    for one in sorted(gathered.adverse_events, key=_order):
        numbers[one.subject] = number = numbers.get(one.subject, 0) + 1
        rows.append(_row(study, number, one))
        source = one.source.source_id
        extra.append(
            Qualifier(subject=one.subject, number=number, name="SRCID", label="Source Identifier", value=source)
        )
    yield Table(name="ae", columns=_COLUMNS, rows=rows)
    yield supplement("AE", study, extra)


def _order(one: PlacedAdverseEvent) -> tuple[str, str, str, str]:
    return one.subject, one.event.day.isoformat() if one.event.day else "9", one.event.term, one.source.source_id


def _row(study: str, number: int, one: PlacedAdverseEvent) -> tuple[Cell, ...]:
    event = one.event
    told = (event.preferred_term, event.system_organ_class, event.severity)
    serious = None if event.serious is None else "Y" if event.serious else "N"
    return (
        *(study, "AE", one.subject, number, event.term),
        *(text or None for text in told),
        serious,
        *(text or None for text in (event.related, event.outcome)),
        event.day.isoformat() if event.day else None,
        event.end_day.isoformat() if event.end_day else None,
        one.study_day,
        one.end_study_day,
    )


def _column(name: str, label: str, definition: str, type_: ColumnType = "text") -> Column:
    return Column(name=name, type=type_, label=label, definition=definition, source=_SDTM)


_COLUMNS = (
    _column("STUDYID", "Study Identifier", "ID of the study"),
    _column("DOMAIN", "Domain Abbreviation", "Adverse Events"),
    _column("USUBJID", "Unique Subject Identifier", "Study ID of the participant"),
    _column("AESEQ", "Sequence Number", "Number of the row among those of the participant", "integer"),
    _column("AETERM", "Reported Term for the Adverse Event", "As reported"),
    _column("AEDECOD", "Dictionary-Derived Term", "Preferred term where the source is coded"),
    _column("AESOC", "Primary System Organ Class", "As the source has it"),
    _column("AESEV", "Severity/Intensity", "As the source has it"),
    _column("AESER", "Serious Event", "Y or N; empty where the source does not say"),
    _column("AEREL", "Causality", "Relation to the treatment as the source has it"),
    _column("AEOUT", "Outcome of Adverse Event", "As the source has it"),
    _column("AESTDTC", "Start Date/Time of Adverse Event", "ISO 8601"),
    _column("AEENDTC", "End Date/Time of Adverse Event", "ISO 8601"),
    _column("AESTDY", "Study Day of Start of Adverse Event", "Day of infusion is day 1; there is no day 0", "integer"),
    _column("AEENDY", "Study Day of End of Adverse Event", "Day of infusion is day 1; there is no day 0", "integer"),
)
