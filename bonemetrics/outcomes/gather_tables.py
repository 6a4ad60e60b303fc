"""Records of clinical and histomorphometry tables as values and events in their place in the trial."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from types import MappingProxyType
from typing import TypeVar

from pydantic import JsonValue

from bonemetrics.histomorphometry.repeats import StudyPrecision, study_precision
from bonemetrics.outcomes.rows import (
    Candidate,
    LabelStatus,
    PlacedAdverseEvent,
    PlacedFracture,
    RowNote,
    Source,
)
from bonemetrics.outcomes.visit_days import with_shared_numbers
from bonemetrics.records import (
    AdverseEvent,
    Fracture,
    HistomorphometryEntry,
    Observation,
    Problem,
    Subject,
    TableRecord,
    note,
)
from bonemetrics.study.biopsy_entries import READER_ENTRY, StoredEntry
from bonemetrics.study.day_notes import day_notes
from bonemetrics.study.parameters import paramcds_at
from bonemetrics.study.protocol import Protocol
from bonemetrics.study.sheet_visits import VisitFinder
from bonemetrics.study.sheets import StoredSheet
from bonemetrics.study.store import Store
from bonemetrics.study.visits import study_day

_Event = TypeVar("_Event", PlacedAdverseEvent, PlacedFracture)
_OF_THE_FILE = frozenset(("sheet", "line", "notes"))
"""What two tables may say differently of one event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableValues:
    """What the tables of a study hold, in the order of sheets and rows."""

    candidates: tuple[Candidate, ...]
    adverse_events: tuple[PlacedAdverseEvent, ...]
    fractures: tuple[PlacedFracture, ...]
    labels: tuple[LabelStatus, ...]
    notes: tuple[RowNote, ...]
    reader_precision: tuple[StudyPrecision, ...]


def gather_tables(store: Store, days: Mapping[str, Collection[date]] = MappingProxyType({})) -> TableValues:
    """Place the records of all tables of a study.

    Parameters
    ----------
    store
        Of the study.
    days
        Days by subject that are numbered where neither protocol nor table names visits, those of scans included.

    Returns
    -------
    TableValues
        Entries of biopsies, those made in the study itself among them, are solved for their indices first; notes on
        rows are kept, refusals included.
    """
    placing = _Placing(
        protocol=store.protocol,
        finder=VisitFinder(store.protocol, days),
        sheets={sheet.sheet_id: sheet for sheet in store.sheets()},
    )
    for name, record in store.sheet_records():
        placing.take(name, record)
    for stored in store.reading.entries():
        placing.take_entry(stored)
    placing.solve()
    placing.tell_repeated()
    if not store.protocol.visits:
        placing.candidates = list(with_shared_numbers(placing.candidates))
    for told in store.sheet_problems():
        sheet = placing.sheets[told.sheet_id]
        # Its kind stands for the file: names of files can name people.
        place = {"source_id": f"{told.sheet_id}:{told.line}", "file": f"{sheet.kind} table", "sheet": sheet.sheet}
        line = told.line or None
        placing.notes.append(
            RowNote(subject=told.subject, visit="", paramcd="", problem=told.problem, line=line, **place)
        )
    return TableValues(
        candidates=tuple(placing.candidates),
        adverse_events=tuple(placing.adverse_events),
        fractures=tuple(placing.fractures),
        labels=tuple(placing.labels),
        notes=tuple(placing.notes),
        reader_precision=study_precision(placing.entries),
    )


def _in_one_line(parameters: Mapping[str, JsonValue]) -> str:
    """Whatever could change a value: factors of a biopsy, rule of a conversion, value set and sections of a score."""
    told = {name: value for name, value in parameters.items() if value not in (None, "")}
    return "; ".join(f"{name}={_shown(value)}" for name, value in told.items())


def _scale(parameters: Mapping[str, JsonValue]) -> str:
    """Version and value set of a score: those of different ones are not comparable."""
    return " ".join(str(parameters[name]) for name in ("version", "value_set") if parameters.get(name))


def _factor(parameters: Mapping[str, JsonValue]) -> float:
    """By what a value was converted from the unit of its source."""
    factor = parameters.get("conversion_factor")
    return float(factor) if isinstance(factor, int | float) and factor else 1.0


def _answers(record: Observation) -> tuple[int | None, ...]:
    """What a score was computed from: five levels of the EQ-5D, ten sections of Oswestry."""
    if record.quantity == "EQ-5D-index" and record.method == "levels":
        return tuple(int(level) for level in record.given)
    sections = record.parameters.get("sections")
    if record.quantity != "ODI" or not isinstance(sections, dict):
        return ()
    found = [sections.get(f"odi{number}") for number in range(1, 11)]
    return tuple(int(one) if isinstance(one, int | float) else None for one in found)


def _shown(value: JsonValue) -> str:
    if isinstance(value, dict):
        return " ".join(f"{name}:{_shown(one)}" for name, one in value.items())
    return f"{value:.10g}" if isinstance(value, float) else str(value)


@dataclass(slots=True, kw_only=True)
class _Placing:
    protocol: Protocol
    sheets: dict[str, StoredSheet]
    finder: VisitFinder
    candidates: list[Candidate] = field(default_factory=list)
    adverse_events: list[PlacedAdverseEvent] = field(default_factory=list)
    fractures: list[PlacedFracture] = field(default_factory=list)
    labels: list[LabelStatus] = field(default_factory=list)
    notes: list[RowNote] = field(default_factory=list)
    entries: list[HistomorphometryEntry] = field(default_factory=list)
    by_readers: dict[str, StoredEntry] = field(default_factory=dict)
    people: dict[str, Subject] = field(default_factory=dict)
    paramcds: dict[tuple[str, str, str, str | None], tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.people = {subject.subject: subject for subject in self.protocol.subjects}

    def take(self, name: str, record: TableRecord) -> None:
        if isinstance(record, Observation):
            self.candidates.append(self._candidate(record, self._source(name, record), ()))
        elif isinstance(record, AdverseEvent):
            self.adverse_events.append(self._adverse_event(name, record))
            self._tell_day(name, record)
        elif isinstance(record, Fracture):
            self.fractures.append(self._fracture(name, record))
            self._tell_day(name, record)
        elif isinstance(record, HistomorphometryEntry):
            # The sheet travels with the entry, since its values come back as observations.
            self.entries.append(record.model_copy(update={"sheet": name}))

    def take_entry(self, stored: StoredEntry) -> None:
        """An entry that was made in the study itself counts like a row of a sheet; its version stands for the line."""
        self.by_readers[stored.entry_id] = stored
        self.entries.append(stored.entry.model_copy(update={"sheet": stored.entry_id, "line": stored.version}))

    def solve(self) -> None:
        """Compute the indices of all biopsies."""
        if not self.entries:
            return
        from bonemetrics.histomorphometry.measured import measured_entries

        found = measured_entries(self.entries, self.protocol.histomorphometry)
        for value in found.observations:
            self.candidates.append(self._candidate(value, self._source(value.sheet, value), ()))
        for entry, status in found.labels:
            place = self.finder.place(entry, self.people.get(entry.subject))
            self.labels.append(
                LabelStatus(
                    subject=entry.subject,
                    visit=place.visit.name,
                    day=entry.day,
                    envelope=entry.envelope or "",
                    status=status,
                )
            )
        self.notes += self._entry_notes(found.notes)

    def _entry_notes(self, notes: Iterable[tuple[HistomorphometryEntry, Problem]]) -> Iterator[RowNote]:
        for entry, problem in notes:
            place = self.finder.place(entry, self.people.get(entry.subject))
            entered = entry.sheet in self.by_readers
            yield RowNote(
                subject=entry.subject,
                visit=place.visit.name,
                paramcd="",
                problem=problem,
                source_id=f"{entry.sheet}:{entry.line}",
                file=READER_ENTRY if entered else f"{entry.kind} table",
                sheet=READER_ENTRY if entered else self.sheets[entry.sheet].sheet,
                line=None if entered else entry.line,
            )

    def tell_repeated(self) -> None:
        """Mark events that an earlier sheet tells word by word, as where a site sends its whole list each time."""
        self.adverse_events = self._told_once(self.adverse_events)
        self.fractures = self._told_once(self.fractures)

    def _told_once(self, events: Sequence[_Event]) -> list[_Event]:
        first: dict[str, str] = {}
        told: list[_Event] = []
        for one in events:
            sheet = one.source.source_id.removesuffix(f":{one.source.line}")
            # One sheet may hold two events alike; its own rows that say the same were left out when it was read.
            if first.setdefault(one.event.model_dump_json(exclude=set(_OF_THE_FILE)), sheet) == sheet:
                told.append(one)
                continue
            told.append(replace(one, is_repeated=True))
            text = "another table tells the same event; it is listed and not counted again"
            place = {"source_id": one.source.source_id, "file": f"{one.event.kind} table", "sheet": one.source.sheet}
            problem, line = note("event-repeated", text), one.source.line
            self.notes.append(RowNote(subject=one.subject, visit="", paramcd="", problem=problem, line=line, **place))
        return told

    def _candidate(self, record: Observation, source: Source, notes: tuple[Problem, ...]) -> Candidate:
        person = self.people.get(record.subject)
        place = self.finder.place(record, person)
        key = (record.quantity, record.site, record.region, record.side)
        if key not in self.paramcds:
            self.paramcds[key] = paramcds_at(self.protocol, *key)
        return Candidate(
            subject=record.subject,
            cohort=person.cohort if person is not None else "",
            visit=place.visit,
            day=record.day,
            study_day=place.study_day,
            kind=record.kind,
            paramcds=self.paramcds[key],
            quantity=record.quantity,
            site=record.site,
            region=record.region,
            side=record.side or "",
            value=record.value,
            unit=record.unit,
            text=record.text,
            censored=record.censored or "",
            standard_uncertainty=record.standard_uncertainty,
            scale=_scale(record.parameters),
            derivation=record.derivation,
            source=source,
            given=record.given,
            given_unit=record.given_unit,
            answers=_answers(record),
            time=record.time,
            instance=record.instance,
            baseline_flag=record.baseline_flag,
            analysis_flag=record.analysis_flag,
            stated_baseline=record.stated_baseline,
            stated_change=record.stated_change,
            stated_percent_change=record.stated_percent_change,
            factor=_factor(record.parameters),
            notes=(*record.notes, *place.notes, *notes),
        )

    def _source(self, name: str, record: TableRecord) -> Source:
        entered = self.by_readers.get(name)
        origin = entered if entered is not None else self.sheets[name]
        return Source(
            source_id=f"{name}:{record.line}",
            kind=record.kind,
            input_sha256=origin.digest if isinstance(origin, StoredEntry) else origin.input_sha256,
            sheet=READER_ENTRY if isinstance(origin, StoredEntry) else origin.sheet,
            line=record.line if entered is None else None,
            reader=record.reader,
            software_version=origin.software_version,
            method=record.method if isinstance(record, Observation) else "",
            calibration=_in_one_line(record.parameters) if isinstance(record, Observation) else "",
        )

    def _tell_day(self, name: str, event: AdverseEvent | Fracture) -> None:
        place = {"source_id": f"{name}:{event.line}", "file": f"{event.kind} table", "sheet": self.sheets[name].sheet}
        for problem in day_notes(event, self.people.get(event.subject)):
            told = RowNote(subject=event.subject, visit="", paramcd="", problem=problem, line=event.line, **place)
            self.notes.append(told)

    def _day(self, subject: str, day: date | None) -> int | None:
        person = self.people.get(subject)
        return study_day(day, person.day1) if day is not None and person is not None and person.day1 else None

    def _adverse_event(self, name: str, event: AdverseEvent) -> PlacedAdverseEvent:
        person = self.people.get(event.subject)
        told = self._day(event.subject, event.day)
        return PlacedAdverseEvent(
            event=event,
            subject=event.subject,
            cohort=person.cohort if person is not None else "",
            study_day=event.study_day if told is None else told,
            end_study_day=self._day(event.subject, event.end_day),
            source=self._source(name, event),
        )

    def _fracture(self, name: str, event: Fracture) -> PlacedFracture:
        person = self.people.get(event.subject)
        told = self._day(event.subject, event.day)
        day = event.study_day if told is None else told
        return PlacedFracture(
            event=event,
            subject=event.subject,
            cohort=person.cohort if person is not None else "",
            study_day=day,
            is_new=None if day is None else day >= 1,
            source=self._source(name, event),
        )
