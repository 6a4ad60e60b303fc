"""A REDCap project of the outcomes: import file, data dictionary, events and which form belongs to which event."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path
from string import ascii_lowercase

from bonemetrics.errors import ExportError
from bonemetrics.outcomes.formats.code_lists import code_list_of
from bonemetrics.outcomes.formats.moment import iso_time
from bonemetrics.outcomes.table import Cell, Column, ColumnType, Table
from bonemetrics.outcomes.writers import write_csv

IMPORT, DICTIONARY, EVENTS, FORMS = (f"redcap_{name}" for name in ("import", "dictionary", "events", "forms"))
WHOLE_STUDY = "Whole study"
"""Event that holds what repeats without belonging to a visit."""
RECORD = "record_id"
_PERSON, _VISIT, _VISIT_NUMBER = "USUBJID", "AVISIT", "AVISITN"
_REPEATING = {"adverse_events": "ae_", "fractures": "fx_"}
"""Forms that repeat, and what their fields begin with."""
_VISITS = "outcomes_wide"
TAKEN = (_VISITS, *_REPEATING)
"""Names of the tables that become forms."""
_LONGEST_EVENT = 18
DICTIONARY_HEADERS = (
    "Variable / Field Name",
    "Form Name",
    "Section Header",
    "Field Type",
    "Field Label",
    "Choices, Calculations, OR Slider Labels",
    "Field Note",
    "Text Validation Type OR Show Slider Number",
    "Text Validation Min",
    "Text Validation Max",
    "Identifier?",
    "Branching Logic (Show field only if...)",
    "Required Field?",
    "Custom Alignment",
    "Question Number (surveys only)",
    "Matrix Group Name",
    "Matrix Ranking?",
    "Field Annotation",
)
"""Headers of a data dictionary, in the order that REDCap demands."""
_VALIDATION: Mapping[ColumnType, str | None] = {
    "text": None,
    "number": "number",
    "integer": "integer",
    "date": "date_ymd",
}


@dataclass(frozen=True, slots=True)
class _Events:
    """Labels and unique names of the visits in their order, and of the event for what repeats."""

    visits: Mapping[str, str]
    whole: tuple[str, str]

    @property
    def every(self) -> tuple[tuple[str, str], ...]:
        return (*self.visits.items(), self.whole)


@dataclass(frozen=True, slots=True)
class _Field:
    """One field of the project and the column that it holds."""

    name: str
    form: str
    column: Column


def write_redcap(tables: Iterable[Table], out: Path, *, facts: Mapping[str, str]) -> tuple[Path, ...]:
    """Write the outcomes as files for a longitudinal REDCap project of one arm.

    `redcap_import.csv` holds one row per participant and visit, of the wide form, and one per adverse event and
    fracture, which repeat in the event *Whole study*. `redcap_dictionary.csv` is the data dictionary of 18 columns,
    `redcap_events.csv` the events, `redcap_forms.csv` which form belongs to which event.

    Parameters
    ----------
    tables
        Those named `outcomes_wide`, `adverse_events` and `fractures` are taken; an absent one has no form.
    out
        Folder that exists.
    facts
        With `study_id`, `software_version` and `last_change`, for the note on `record_id`.

    Returns
    -------
    tuple of Path
        Import file, data dictionary, events and forms.

    Raises
    ------
    ExportError
        `not-in-format` where two rows would be the same record and event.
    """
    found = {table.name: table for table in tables}
    chosen = [found[name] for name in (_VISITS, *_REPEATING) if name in found]
    fields = _fields(chosen)
    events = _events_of(found.get(_VISITS))
    return tuple(
        write_csv(table, out / f"{table.name}.csv")
        for table in (
            _import_table(chosen, fields, events),
            _dictionary_table(chosen, fields, facts),
            _events_table(events),
            _forms_table(chosen, events),
        )
    )


def unique_event_names(labels: Iterable[str]) -> dict[str, str]:
    """The names that REDCap gives to events of arm 1: `month_12_arm_1` for *Month 12*.

    Parameters
    ----------
    labels
        Names of events, each once, in their order.

    Returns
    -------
    dict
        Label to unique event name: letters, digits and underscores, at most 18 before `_arm_1`; a letter tells
        apart those that would be the same.
    """
    names: dict[str, str] = {}
    for label in labels:
        plain = re.sub(r"[^a-z0-9_ ]", "", label.strip().lower()).strip().replace(" ", "_")
        stem = plain[:_LONGEST_EVENT].rstrip("_") or "event"
        endings = ("", *ascii_lowercase)
        free = (f"{stem}_arm_1{ending}" for ending in endings if f"{stem}_arm_1{ending}" not in names.values())
        name = next(free, None)
        if name is None:
            raise ExportError("more than 27 visits have names that REDCap cannot tell apart", code="not-in-format")
        names[label] = name
    return names


def _events_of(wide: Table | None) -> _Events:
    visits: dict[str, float] = {}
    if wide is not None:
        place, number = _place(wide, _VISIT), _place(wide, _VISIT_NUMBER)
        for row in wide.rows:
            told = row[number]
            visits.setdefault(str(row[place]), float(told) if isinstance(told, (int, float)) else float("inf"))
    ordered = sorted(visits, key=lambda visit: (visits[visit], visit))
    whole = next(
        label for label in chain([WHOLE_STUDY], (f"{WHOLE_STUDY} {n}" for n in count(2))) if label not in visits
    )
    names = unique_event_names([*ordered, whole])
    return _Events({label: names[label] for label in ordered}, (whole, names[whole]))


def _place(table: Table, name: str) -> int:
    return [column.name for column in table.columns].index(name)


def _fields(tables: Sequence[Table]) -> list[_Field]:
    """Every column but the participant's becomes a field of its form."""
    fields: list[_Field] = []
    taken = {RECORD}
    for table in tables:
        prefix = _REPEATING.get(table.name, "")
        for column in table.columns:
            if column.name == _PERSON:
                continue
            own = _field_name(column.name)
            wanted = own if own.startswith(prefix.rstrip("_")) else prefix + own
            others = (f"{wanted}{number}" for number in count(2))
            name = next(one for one in chain((wanted, prefix + own), others) if one not in taken)
            taken.add(name)
            fields.append(_Field(name, _form(table), column))
    return fields


def _field_name(name: str) -> str:
    """In lower case letters, digits and single underscores, a letter first."""
    plain = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    return plain if re.match(r"[a-z]", plain) else f"x_{plain}".rstrip("_")


def _form(table: Table) -> str:
    return "outcomes" if table.name == _VISITS else table.name


def _import_table(tables: Sequence[Table], fields: Sequence[_Field], events: _Events) -> Table:
    head = (
        _text(RECORD, "Study ID of the participant"),
        _text("redcap_event_name", "Unique name of the event"),
        _text("redcap_repeat_instrument", "Form that repeats"),
        Column(name="redcap_repeat_instance", type="integer", label="Number of the repeat", definition="From 1"),
    )
    columns = tuple(
        Column(name=one.name, type=one.column.type, label=one.column.label, definition=one.column.definition)
        for one in fields
    )
    rows = [row for table in tables for row in _import_rows(table, fields, events)]
    return Table(name=IMPORT, columns=(*head, *columns), rows=rows)


def _import_rows(table: Table, fields: Sequence[_Field], events: _Events) -> Iterator[tuple[Cell, ...]]:
    """Rows of one form; cells of the other forms are empty."""
    person = _place(table, _PERSON)
    own = [place for place in range(len(table.columns)) if place != person]
    before = next((number for number, field in enumerate(fields) if field.form == _form(table)), 0)
    left, right = (None,) * before, (None,) * (len(fields) - before - len(own))
    seen: dict[tuple[Cell, str], int] = {}
    for row in table.rows:
        repeats = table.name in _REPEATING
        event = events.whole[1] if repeats else events.visits[str(row[_place(table, _VISIT)])]
        number = seen[row[person], event] = seen.get((row[person], event), 0) + 1
        if number > 1 and not repeats:
            raise ExportError(f"two rows of {table.name} are of one person and visit", code="not-in-format")
        place = (table.name, number) if repeats else (None, None)
        yield (row[person], event, *place, *left, *(row[one] for one in own), *right)


def _dictionary_table(tables: Sequence[Table], fields: Sequence[_Field], facts: Mapping[str, str]) -> Table:
    columns = tuple(_text(header, "Of REDCap's data dictionary") for header in DICTIONARY_HEADERS)
    first = _form(tables[0]) if tables else "outcomes"
    made = f"bonemetrics {facts['software_version']}, study {facts['study_id']} as of {iso_time(facts)}"
    rows = [_described(RECORD, first, "text", "Study ID of the participant", note=made)]
    by_form = {_form(table): table.name for table in tables}
    for field in fields:
        column, codes = field.column, code_list_of(by_form[field.form], field.column.name)
        choices = " | ".join(f"{code}, {meaning}" for code, meaning in codes.codes.items()) if codes else None
        kind = "radio" if codes else "text"
        note = f"{column.definition} [{column.unit}]" if column.unit else column.definition
        rows.append(_described(field.name, field.form, kind, column.label, choices, note, _VALIDATION[column.type]))
    return Table(name=DICTIONARY, columns=columns, rows=rows)


def _described(
    name: str,
    form: str,
    kind: str,
    label: str,
    choices: str | None = None,
    note: str | None = None,
    validation: str | None = None,
) -> tuple[Cell, ...]:
    told: tuple[Cell, ...] = (name, form, None, kind, label, choices, note, validation)
    return (*told, *(None for _ in DICTIONARY_HEADERS[len(told) :]))


def _events_table(events: _Events) -> Table:
    columns = tuple(_text(name, "Of REDCap's events") for name in ("event_name", "arm_num", "unique_event_name"))
    return Table(name=EVENTS, columns=columns, rows=[(label, "1", name) for label, name in events.every])


def _forms_table(tables: Sequence[Table], events: _Events) -> Table:
    columns = tuple(_text(name, "Of REDCap's forms") for name in ("arm_num", "unique_event_name", "form"))
    rows: list[tuple[Cell, ...]] = []
    for table in tables:
        own = [events.whole[1]] if table.name in _REPEATING else events.visits.values()
        rows.extend(("1", name, _form(table)) for name in own)
    return Table(name=FORMS, columns=columns, rows=rows)


def _text(name: str, definition: str) -> Column:
    return Column(name=name, type="text", label=name, definition=definition)
