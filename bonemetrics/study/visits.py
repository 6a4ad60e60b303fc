"""Study days and visits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from bonemetrics.records import Problem, Subject, Visit, note
from bonemetrics.study.protocol_tables import VisitTable

UNSCHEDULED = Visit(name="Unscheduled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dated:
    """Something of one person that happened on a day: a scan, a report, a blood sample."""

    key: str
    kind: str
    day: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitAssignment:
    """The visit something belongs to, its study day where the day of infusion is known, and what is to be said."""

    visit: Visit
    study_day: int | None = None
    notes: tuple[Problem, ...] = ()


def study_day(day: date, day1: date) -> int:
    """CDISC study day: the day of infusion is day 1, the day before it day -1; there is no day 0.

    Parameters
    ----------
    day
        The day asked for.
    day1
        The day of infusion.

    Returns
    -------
    int
        Never 0.

    References
    ----------
    CDISC Study Data Tabulation Model Implementation Guide 3.3, section 4.4.4 (use of the study day variables).
    """
    difference = (day - day1).days
    return difference + 1 if difference >= 0 else difference


def numbered_days(days: Iterable[date | None]) -> Mapping[date, int]:
    """Numbers of the days on which something of one person happened, from 1, in their order."""
    return {day: number for number, day in enumerate(sorted({day for day in days if day is not None}), start=1)}


def numbered_visit(number: float) -> Visit:
    """The visit of this number where the protocol names none."""
    return Visit(name=f"Visit {number:g}", number=float(number))


def assign_visits(
    events: Iterable[Dated], *, subject: Subject | None, visits: Sequence[VisitTable]
) -> Mapping[str, VisitAssignment]:
    """Give each event of one person its visit.

    Parameters
    ----------
    events
        All dated things of one person; keys are unique.
    subject
        Her entry of the subjects table, which has the day of infusion; `None` where she enrolled herself by a scan.
    visits
        Of the protocol. Where it has none, the days on which something happened are numbered: Visit 1, Visit 2 …

    Returns
    -------
    mapping
        Assignment by key. Several events may fall into one visit.
    """
    known = list(events)
    day1 = subject.day1 if subject is not None else None
    if not visits:
        numbers = numbered_days(event.day for event in known)
        return {event.key: _numbered(event, numbers, day1) for event in known}
    return {event.key: _scheduled(event, day1, visits) for event in known}


def _undated() -> VisitAssignment:
    return VisitAssignment(
        visit=UNSCHEDULED, notes=(note("scan-date-unknown", "no date is stated, so no visit can be told"),)
    )


def _numbered(event: Dated, numbers: Mapping[date, int], day1: date | None) -> VisitAssignment:
    if event.day is None:
        return _undated()
    day = study_day(event.day, day1) if day1 is not None else None
    return VisitAssignment(visit=numbered_visit(numbers[event.day]), study_day=day)


def _scheduled(event: Dated, day1: date | None, visits: Sequence[VisitTable]) -> VisitAssignment:
    if event.day is None:
        return _undated()
    if day1 is None:
        text = "the subjects table states no day1 (day of infusion) for this person, so no visit window can be applied"
        return VisitAssignment(visit=UNSCHEDULED, notes=(note("day1-unknown", text),))
    day = study_day(event.day, day1)
    for visit in visits:
        window = visit.window_for(event.kind)
        if window is not None and window[0] <= day <= window[1]:
            return VisitAssignment(visit=Visit(name=visit.name, number=visit.number), study_day=day)
    text = f"study day {day} lies in no visit window of the protocol for {event.kind}"
    return VisitAssignment(visit=UNSCHEDULED, study_day=day, notes=(note("unscheduled-visit", text),))
