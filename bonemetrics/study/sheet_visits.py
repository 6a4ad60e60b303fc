"""The visit that a record of a table belongs to: by its date, by its study day, or by the visit's name."""

from __future__ import annotations

from bonemetrics.records import Problem, Subject, TableRecord, Visit, note
from bonemetrics.study.protocol import Protocol
from bonemetrics.study.visits import UNSCHEDULED, Dated, VisitAssignment, assign_visits, study_day


def visit_named(name: str, protocol: Protocol) -> Visit | None:
    """The protocol's visit of this name or number; blanks, signs and capitals do not count.

    Parameters
    ----------
    name
        As a table has it: `Month 6`, `month_6_arm_1`, `6`.
    protocol
        With its visits.

    Returns
    -------
    Visit or None
        `None` where the protocol has no such visit.
    """
    wanted = _letters(name)
    for text in (wanted, wanted.removesuffix("arm1")):
        for visit in protocol.visits:
            number = "" if visit.number is None else f"{visit.number:g}"
            if text and text in (_letters(visit.name), number):
                return Visit(name=visit.name, number=visit.number)
    return None


def _letters(text: str) -> str:
    return "".join(sign for sign in text.casefold() if sign.isalnum() or sign == ".").removesuffix(".0")


def place_record(record: TableRecord, subject: Subject | None, protocol: Protocol) -> VisitAssignment:
    """Give a record its visit and study day.

    Parameters
    ----------
    record
        Of a table.
    subject
        The person's entry of the subjects table, which has the day of infusion; `None` where she enrolled herself.
    protocol
        With its visits. Without any, the table's own name of the visit stands.

    Returns
    -------
    VisitAssignment
        The date decides where it and the day of infusion are known, then a stated study day, then the visit's name.
    """
    day1 = subject.day1 if subject is not None else None
    day = record.study_day
    if record.day is not None and day1 is not None:
        day = study_day(record.day, day1)
    named = visit_named(record.visit, protocol)
    if not protocol.visits:
        visit = Visit(name=record.visit) if record.visit else UNSCHEDULED
        return VisitAssignment(visit=visit, study_day=day)
    if day is not None:
        return _by_day(record, day, named, protocol)
    if named is not None:
        told = note("visit-by-name", "neither date nor day of infusion is known; the visit was taken by its name")
        return VisitAssignment(visit=named, study_day=None, notes=(told,))
    return assign_visits([Dated(key="", kind=record.kind, day=record.day)], subject=subject, visits=protocol.visits)[""]


def _by_day(record: TableRecord, day: int, named: Visit | None, protocol: Protocol) -> VisitAssignment:
    for visit in protocol.visits:
        window = visit.window_for(record.kind)
        if window is not None and window[0] <= day <= window[1]:
            found = Visit(name=visit.name, number=visit.number)
            return VisitAssignment(visit=found, study_day=day, notes=_differs(record, found, named))
    text = f"study day {day} lies in no visit window of the protocol for {record.kind}"
    if record.visit:
        text += f"; the table calls the visit {record.visit[:40]!r}"
    return VisitAssignment(visit=UNSCHEDULED, study_day=day, notes=(note("unscheduled-visit", text),))


def _differs(record: TableRecord, found: Visit, named: Visit | None) -> tuple[Problem, ...]:
    if not record.visit or named == found:
        return ()
    text = f"the table calls the visit {record.visit[:40]!r}; its date lies in the window of {found.name!r}"
    return (note("visit-differs", text),)
