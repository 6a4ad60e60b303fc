"""From a study to everything its outcomes dataset is made of, each value in its place in the trial."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date

from bonemetrics.outcomes.gather_scans import scan_candidates
from bonemetrics.outcomes.gather_tables import gather_tables
from bonemetrics.outcomes.rows import Gathered, Participant, Source
from bonemetrics.outcomes.visit_days import table_days
from bonemetrics.study.placement import PlacedScan, place_scans
from bonemetrics.study.protocol import Protocol
from bonemetrics.study.sheets import StoredSheet
from bonemetrics.study.store import Store


def gather(store: Store, placed: Iterable[PlacedScan] | None = None) -> Gathered:
    """Collect values, events, label status and notes of a study.

    Parameters
    ----------
    store
        Of the study.
    placed
        Its measured scans where somebody has placed them already, with the days of `table_days`.

    Returns
    -------
    Gathered
        In a fixed order: scans by person and date, then tables by sheet and row.
    """
    protocol = store.protocol
    own_days = table_days(store)
    scans = list(place_scans(store.scans(status="measured"), protocol, own_days) if placed is None else placed)
    tables = gather_tables(store, _with_days_of(scans, own_days))
    candidates = (*(one for scan in scans for one in scan_candidates(scan, protocol)), *tables.candidates)
    days = [(one.subject, one.day) for one in candidates]
    days += [(one.subject, one.event.day) for one in tables.adverse_events]
    days += [(one.subject, one.event.day) for one in tables.fractures]
    head, last_change = store.last_change()
    sheets = store.sheets_in_force()
    kinds = {sheet.kind for sheet in sheets if sheet.status == "read"}
    of_fractures = [sheet for sheet in sheets if sheet.kind == "fractures"]
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
        sheets=tuple(_whole(sheet) for sheet in sheets),
        fracture_sheets=tuple(_whole(sheet) for sheet in of_fractures if sheet.status == "read"),
        n_unread_fracture_sheets=sum(sheet.status != "read" for sheet in of_fractures),
        last_change=last_change,
        audit_rows=head.seq,
        audit_head=head.hash,
    )


def _with_days_of(scans: Iterable[PlacedScan], days: Mapping[str, Collection[date]]) -> Mapping[str, Collection[date]]:
    """Days of tables and of scans together, as `place_scans` has numbered them."""
    every = {subject: set(own) for subject, own in days.items()}
    for scan in scans:
        if scan.scan.scan_date is not None:
            every.setdefault(scan.subject, set()).add(scan.scan.scan_date)
    return every


def _whole(sheet: StoredSheet) -> Source:
    """The source of what a sheet tells as a whole, such as that something did not happen."""
    return Source(
        source_id=sheet.sheet_id,
        kind=sheet.kind,
        input_sha256=sheet.input_sha256,
        sheet=sheet.sheet,
        software_version=sheet.software_version,
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
