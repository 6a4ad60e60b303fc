"""The visit that a record of a table belongs to: by its date, by its study day, or by the visit's name."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date
from types import MappingProxyType

from bonemetrics.records import Problem, Subject, TableRecord, Visit, note
from bonemetrics.study.day_notes import day_notes
from bonemetrics.study.protocol import Protocol
from bonemetrics.study.visits import (
    UNSCHEDULED,
    Dated,
    VisitAssignment,
    assign_visits,
    numbered_days,
    numbered_visit,
    study_day,
)

_NUMBERED = re.compile(r"visit ([1-9][0-9]{0,3})", re.IGNORECASE)


class VisitFinder:
    """Finds the visits of one protocol's records.

    Parameters
    ----------
    protocol
        With its visits. Without any, the table's own name and number of a visit stand.
    days
        Days by subject that are numbered where neither protocol nor table names visits, those of scans included.
    """

    def __init__(self, protocol: Protocol, days: Mapping[str, Collection[date]] = MappingProxyType({})) -> None:
        self._tables = protocol.visits
        self._numbers = {subject: numbered_days(own) for subject, own in days.items()}
        self._visits = {table.name: Visit(name=table.name, number=table.number) for table in protocol.visits}
        self._windows: dict[str, list[tuple[int, int, Visit]]] = {}
        self._named: dict[str, Visit | None] = {}

    def named(self, name: str) -> Visit | None:
        """The visit of this name or number; blanks, signs and capitals do not count.

        Parameters
        ----------
        name
            As a table has it: `Month 6`, `month_6_arm_1`, `6`.

        Returns
        -------
        Visit or None
            `None` where the protocol has no such visit.
        """
        if name not in self._named:
            self._named[name] = self._look_up(name)
        return self._named[name]

    def _look_up(self, name: str) -> Visit | None:
        wanted = _letters(name)
        for text in (wanted, wanted.removesuffix("arm1")):
            for table in self._tables:
                number = "" if table.number is None else f"{table.number:g}"
                if text and text in (_letters(table.name), number):
                    return self._visits[table.name]
        return None

    def place(self, record: TableRecord, subject: Subject | None) -> VisitAssignment:
        """Give a record its visit and study day.

        Parameters
        ----------
        record
            Of a table.
        subject
            The person's entry of the subjects table, which has the day of infusion; `None` where she enrolled herself.

        Returns
        -------
        VisitAssignment
            The date decides where it and the day of infusion are known, then a stated study day, then the visit's name.
            A value that its source derived for a visit, as by carrying an earlier one forward, belongs to that visit
            whatever its date. A stated study day that is not that of the date is noted.
        """
        found = self._placed(record, subject)
        told = day_notes(record, subject)
        return replace(found, notes=(*found.notes, *told)) if told else found

    def _placed(self, record: TableRecord, subject: Subject | None) -> VisitAssignment:
        day1 = subject.day1 if subject is not None else None
        day = record.study_day
        if record.day is not None and day1 is not None:
            day = study_day(record.day, day1)
        if not self._tables:
            visit, notes = self._without_protocol(record)
            return VisitAssignment(visit=visit, study_day=day, notes=notes)
        named = self.named(record.visit)
        if day is not None and named is not None and any(told.code == "derived-by-source" for told in record.notes):
            return VisitAssignment(visit=named, study_day=day)
        if day is not None:
            return self._by_day(record, day, named)
        if named is not None:
            told = note("visit-by-name", "neither date nor day of infusion is known; the visit was taken by its name")
            return VisitAssignment(visit=named, study_day=None, notes=(told,))
        return assign_visits([Dated(key="", kind=record.kind, day=record.day)], subject=subject, visits=self._tables)[
            ""
        ]

    def _without_protocol(self, record: TableRecord) -> tuple[Visit, tuple[Problem, ...]]:
        numbers = self._numbers.get(record.subject, {})
        named = _NUMBERED.fullmatch(record.visit.strip())
        if record.visit and not named:
            if record.visit.strip().casefold() != UNSCHEDULED.name.casefold():
                return Visit(name=record.visit, number=record.visit_number), ()
            return UNSCHEDULED, (note("unscheduled-visit", "the table calls the visit unscheduled"),)
        number = record.visit_number if named is None else float(named[1])
        if number is None and record.day is not None and record.day in numbers:
            return numbered_visit(numbers[record.day]), ()
        if number is None:
            text = "neither protocol nor table names a visit for the value"
            return UNSCHEDULED, (note("unscheduled-visit", text),)
        if named and record.visit_number is not None and not self._numbers:
            return numbered_visit(number).model_copy(update={"number": record.visit_number}), ()
        found = numbered_visit(number)
        if record.day is None or number not in numbers.values() or numbers.get(record.day) == number:
            return found, ()
        text = f"the table calls the visit {found.name!r}; scans or other tables have it on another day"
        return found, (note("visit-differs", text),)

    def _by_day(self, record: TableRecord, day: int, named: Visit | None) -> VisitAssignment:
        if record.kind not in self._windows:
            windows = [(table.window_for(record.kind), self._visits[table.name]) for table in self._tables]
            self._windows[record.kind] = [(*window, visit) for window, visit in windows if window is not None]
        for first, last, visit in self._windows[record.kind]:
            if first <= day <= last:
                return VisitAssignment(visit=visit, study_day=day, notes=_differs(record, visit, named))
        text = f"study day {day} lies in no visit window of the protocol for {record.kind}"
        if record.visit:
            text += f"; the table calls the visit {record.visit[:40]!r}"
        return VisitAssignment(visit=UNSCHEDULED, study_day=day, notes=(note("unscheduled-visit", text),))


def _letters(text: str) -> str:
    return "".join(sign for sign in text.casefold() if sign.isalnum() or sign == ".").removesuffix(".0")


def _differs(record: TableRecord, found: Visit, named: Visit | None) -> tuple[Problem, ...]:
    if not record.visit or named is found:
        return ()
    text = f"the table calls the visit {record.visit[:40]!r}; its date lies in the window of {found.name!r}"
    return (note("visit-differs", text),)
