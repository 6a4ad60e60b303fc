"""From a study to everything its outcomes dataset is made of, each value in its place in the trial."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from bonemetrics.outcomes.gather_scans import scan_candidates
from bonemetrics.outcomes.gather_tables import gather_tables
from bonemetrics.outcomes.rows import Gathered, Participant
from bonemetrics.study.placement import PlacedScan, place_scans
from bonemetrics.study.protocol import Protocol
from bonemetrics.study.store import Store


def gather(store: Store, placed: Iterable[PlacedScan] | None = None) -> Gathered:
    """Collect values, events, label status and notes of a study.

    Parameters
    ----------
    store
        Of the study.
    placed
        Its measured scans where somebody has placed them already.

    Returns
    -------
    Gathered
        In a fixed order: scans by person and date, then tables by sheet and row.
    """
    protocol = store.protocol
    scans = list(place_scans(store.scans(status="measured"), protocol) if placed is None else placed)
    tables = gather_tables(store)
    candidates = (*(one for scan in scans for one in scan_candidates(scan, protocol)), *tables.candidates)
    days = [(one.subject, one.day) for one in candidates]
    days += [(one.subject, one.event.day) for one in tables.adverse_events]
    days += [(one.subject, one.event.day) for one in tables.fractures]
    head, last_change = store.last_change()
    kinds = {sheet.kind for sheet in store.sheets() if sheet.status == "read"}
    return Gathered(
        protocol=protocol,
        participants=_participants(protocol, days),
        candidates=candidates,
        adverse_events=tables.adverse_events,
        fractures=tables.fractures,
        labels=tables.labels,
        notes=tables.notes,
        reader_precision=tables.reader_precision,
        has_fracture_table="fractures" in kinds,
        has_event_table="adverse-events" in kinds,
        last_change=last_change,
        audit_rows=head.seq,
        audit_head=head.hash,
    )


def _participants(protocol: Protocol, days: Iterable[tuple[str, date | None]]) -> tuple[Participant, ...]:
    last: dict[str, date | None] = {subject.subject: None for subject in protocol.subjects}
    for subject, day in days:
        known = last.setdefault(subject, None)
        if day is not None and (known is None or day > known):
            last[subject] = day
    entries = {subject.subject: subject for subject in protocol.subjects}
    return tuple(
        Participant(
            subject=name,
            cohort=entries[name].cohort if name in entries else "",
            day1=entries[name].day1 if name in entries else None,
            last_day=last[name],
        )
        for name in sorted(last)
    )
