"""Adverse events and new fractures: none is lost for a date or a word that cannot be read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date

from bonemetrics.clinical.head import (
    MOMENT_ROLES,
    SUBJECT_ROLES,
    Head,
    head_of,
    letters,
    nothing_in,
    refused,
    text_of,
)
from bonemetrics.errors import TableError
from bonemetrics.records import AdverseEvent, Fracture, MappedRow, Problem, Role, RowOutcome, Side, note

_VISIT = Role(name="visit", type="text", synonyms=("redcap_event_name",))
_EVENT_ROLES = (
    _VISIT,
    Role(name="term", type="text", synonyms=("AETERM", "adverse event", "event", "ae", "description", "evento")),
    Role(name="date", type="date", synonyms=("AESTDTC", "onset", "onset date", "start date", "start", "fecha")),
    Role(name="study_day", type="integer", synonyms=("AESTDY", "onset day")),
    Role(name="end_date", type="date", synonyms=("AEENDTC", "end", "end date", "resolved")),
    Role(name="preferred_term", type="text", synonyms=("AEDECOD", "pt")),
    Role(name="system_organ_class", type="text", synonyms=("AESOC", "soc")),
    Role(name="body_system", type="text", synonyms=("AEBODSYS",)),
    Role(name="serious", type="yes-no", synonyms=("AESER", "sae", "grave")),
    Role(name="severity", type="text", synonyms=("AESEV", "AETOXGR", "grade", "intensity")),
    Role(name="related", type="text", synonyms=("AEREL", "relation", "relationship", "causality")),
    Role(name="outcome", type="text", synonyms=("AEOUT",)),
)
_INSTANCE_ROLES = (
    *(role for role in MOMENT_ROLES if role.name in ("repeat", "sequence")),
    Role(name="sponsor_id", type="text", synonyms=("AESPID", "CESPID", "FASPID")),
)
_FRACTURE_ROLES = (
    _VISIT,
    Role(name="site", type="text", synonyms=("fracture site", "location", "bone", "CELOC", "FALOC", "localizacion")),
    Role(name="date", type="date", synonyms=("CESTDTC", "fracture date", "date of fracture", "onset", "fecha")),
    Role(name="study_day", type="integer", synonyms=("CESTDY", "day")),
    Role(name="side", type="text", synonyms=("CELAT", "laterality", "lado")),
    Role(
        name="low_impact",
        type="yes-no",
        synonyms=("low trauma", "low energy", "fragility", "fragility fracture", "low-impact", "low-trauma"),
    ),
    Role(name="confirmed", type="yes-no", synonyms=("radiographically confirmed", "adjudicated")),
)
_SIDES: dict[str, Side] = {"left": "left", "l": "left", "izquierda": "left", "izquierdo": "left"}
_SIDES |= {"right": "right", "r": "right", "derecha": "right", "derecho": "right"}
_NEITHER = ("both", "bilateral", "midline", "notapplicable", "unknown")


@dataclass(slots=True)
class AdverseEventInterpreter:
    """Makes adverse events of rows. Terms are kept as they are coded; relation and severity in the sheet's words."""

    roles: tuple[Role, ...] = field(init=False, default=(*SUBJECT_ROLES, *_EVENT_ROLES, *_INSTANCE_ROLES))

    def take(self, row: MappedRow) -> RowOutcome:
        """One event."""
        try:
            head = _head(row, _EVENT_ROLES)
            if head is None:
                return nothing_in(row)
            term = _named(text_of(row, "term") or text_of(row, "preferred_term"), "the event has no term")
        except TableError as error:
            return refused(row, error)
        head, problems = _dated(row, head)
        end = row.values.get("end_date")
        end_day = end if isinstance(end, date) else None
        if end_day is not None and head.day is not None and end_day < head.day:
            problems.append(note("end-before-onset", f"{term[:40]!r} ends on {end_day}, before its onset {head.day}"))
        event = AdverseEvent(
            kind="adverse-events",
            **head.common,
            line=row.line,
            instance=_instance(row),
            term=term,
            preferred_term=text_of(row, "preferred_term"),
            system_organ_class=text_of(row, "system_organ_class") or text_of(row, "body_system"),
            serious=_yes_no(row, "serious"),
            severity=text_of(row, "severity"),
            related=text_of(row, "related"),
            outcome=text_of(row, "outcome"),
            end_day=end_day,
        )
        return RowOutcome(row.line, (event,), tuple(problems))

    def finish(self) -> Iterator[RowOutcome]:
        """Nothing waits for later rows."""
        return iter(())


@dataclass(slots=True)
class FractureInterpreter:
    """Makes fractures of rows."""

    roles: tuple[Role, ...] = field(init=False, default=(*SUBJECT_ROLES, *_FRACTURE_ROLES, *_INSTANCE_ROLES))

    def take(self, row: MappedRow) -> RowOutcome:
        """One fracture."""
        try:
            head = _head(row, _FRACTURE_ROLES)
            if head is None:
                return nothing_in(row)
            site = _named(text_of(row, "site"), "the fracture has no site")
        except TableError as error:
            return refused(row, error)
        head, problems = _dated(row, head)
        told = letters(text_of(row, "side"))
        if told and told not in _SIDES and told not in _NEITHER:
            problems.append(note("cell-refused", f"side {text_of(row, 'side')[:20]!r} is neither left nor right"))
        fracture = Fracture(
            kind="fractures",
            **head.common,
            line=row.line,
            instance=_instance(row),
            site=site,
            side=_SIDES.get(told),
            low_impact=_yes_no(row, "low_impact"),
            confirmed=_yes_no(row, "confirmed"),
        )
        return RowOutcome(row.line, (fracture,), tuple(problems))

    def finish(self) -> Iterator[RowOutcome]:
        """Nothing waits for later rows."""
        return iter(())


def _head(row: MappedRow, roles: tuple[Role, ...]) -> Head | None:
    """The head of an event; `None` where the row says no more than whose it is.

    Raises
    ------
    TableError
        If the row as a whole, or its subject, cannot be read.
    """
    for name in ("", "subject", "record"):
        if name in row.problems:
            raise TableError(row.problems[name].message, code=row.problems[name].code)
    told = {role.name for role in roles} - {"visit"}
    if not told & (row.values.keys() | row.problems.keys()):
        return None
    return head_of(row)


def _named(text: str, fault: str) -> str:
    if not text:
        raise TableError(fault, code="term-missing")
    return text


def _unread_cells(row: MappedRow) -> list[Problem]:
    """Cells that could not be read: the event stays, without them, and says so."""
    return [
        note("cell-refused", f"{problem.message}; the event stands without it")
        for name, problem in row.problems.items()
        if name not in ("", "subject", "record")
    ]


def _dated(row: MappedRow, head: Head) -> tuple[Head, list[Problem]]:
    """The head without a study day that no calendar has, and what is to be said of the row."""
    problems = _unread_cells(row)
    if head.study_day == 0 and head.day is None:
        problems.append(note("cell-refused", "there is no study day 0; the event stands without it"))
        head = replace(head, study_day=None)
    return head, problems


def _instance(row: MappedRow) -> str:
    names = ("repeat", "sequence", "sponsor_id")
    return " ".join(text for name in names if (text := text_of(row, name)))


def _yes_no(row: MappedRow, name: str) -> bool | None:
    value = row.values.get(name)
    return value if isinstance(value, bool) else None
