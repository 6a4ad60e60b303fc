"""Visits of a study whose protocol has none: days of tables that are numbered with scans, and numbers by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date

from bonemetrics.outcomes.rows import Candidate
from bonemetrics.records import HistomorphometryEntry, Observation, Visit
from bonemetrics.study.store import Store


def table_days(store: Store) -> Mapping[str, frozenset[date]]:
    """Days of values of tables that name no visit in any of their rows, by subject.

    Where a table names visits, a row without one is unscheduled and its day is none of the numbered ones.

    Parameters
    ----------
    store
        Of a study.

    Returns
    -------
    mapping
        Empty where the protocol has visits.
    """
    if store.protocol.visits:
        return {}
    naming: set[str] = set()
    found: list[tuple[str, str, date]] = []
    for sheet, record in store.sheet_records():
        if not isinstance(record, Observation | HistomorphometryEntry):
            continue
        if record.visit or record.visit_number is not None:
            naming.add(sheet)
        elif record.day is not None:
            found.append((sheet, record.subject, record.day))
    days: dict[str, set[date]] = {}
    for sheet, subject, day in found:
        if sheet not in naming:
            days.setdefault(subject, set()).add(day)
    return {subject: frozenset(own) for subject, own in days.items()}


def with_shared_numbers(values: Sequence[Candidate]) -> Iterable[Candidate]:
    """Values whose visit has a name and no number get the number that others of the name have, if it is only one."""
    numbers: dict[str, set[float]] = {}
    for one in values:
        if one.visit.number is not None:
            numbers.setdefault(one.visit.name, set()).add(one.visit.number)
    known = {name: Visit(name=name, number=own.pop()) for name, own in numbers.items() if len(own) == 1}
    for one in values:
        shared = known.get(one.visit.name) if one.visit.number is None else None
        yield one if shared is None else replace(one, visit=shared)
