"""The Oswestry Disability Index: ten sections of 0 to 5, by number alone, to a percentage.

100 × sum / (5 × answered sections): Fairbank JC, Pynsent PB 2000, Spine 25:2940, doi 10.1097/00007632-200011150-00017.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from bonemetrics.clinical.coding import Coding
from bonemetrics.clinical.head import (
    READER_ROLE,
    SUBJECT_ROLES,
    WHEN_ROLES,
    Head,
    head_of,
    look_up,
    nothing_in,
    number_of,
    refused,
    text_of,
    unread_head,
)
from bonemetrics.clinical.sittings import ITEM_ROLES, Sittings
from bonemetrics.clinical.stated import STATED_ROLES, Flags, flags_of, said_of, unread_moment
from bonemetrics.clinical.units import same_unit
from bonemetrics.errors import TableError
from bonemetrics.quantities.clinical import PATIENT
from bonemetrics.records import (
    ClinicalParameters,
    GivenNumber,
    MappedRow,
    Observation,
    Problem,
    Role,
    RowOutcome,
    TableMap,
    note,
    refusal,
)

QUANTITY = "ODI"
SECTIONS = tuple(f"odi{number}" for number in range(1, 11))
_MOST = 5
_TOTAL = "total"
_FROM_ONE = "1 to 6, with a 6 and nowhere a 0"
_TESTS = re.compile(r"(?:odi01|odi|oswestry|section|item)[ _]?0*([1-9]|10)", re.IGNORECASE)


def oswestry_index(scores: Mapping[str, int], *, most_missing: int) -> float:
    """Score the questionnaire.

    Parameters
    ----------
    scores
        By section, from 0 to 5 each; those that were not answered, or do not apply, are left out.
    most_missing
        How many of the ten may be missing.

    Returns
    -------
    float
        Percentage from 0 to 100.

    Raises
    ------
    TableError
        `invalid-state` for a score outside 0 to 5, `items-missing` where too many are.
    """
    for section, score in scores.items():
        if not 0 <= score <= _MOST:
            raise TableError(f"section {section.removeprefix('odi')} is {score}, expected 0 to 5", code="invalid-state")
    missing = len(SECTIONS) - len(scores)
    if missing > most_missing or not scores:
        text = f"{missing} of ten sections are missing, the protocol allows {most_missing}"
        raise TableError(text, code="items-missing")
    return 100 * sum(scores.values()) / (_MOST * len(scores))


@dataclass(slots=True)
class OswestryInterpreter:
    """Makes scores of rows with ten sections or a total, or of rows with one section each.

    Parameters
    ----------
    table
        The study's map of the sheet. `units.total` says whether totals are `%` or `points` of fifty.
    parameters
        `[clinical]` of the protocol.
    coding
        What the whole sheet tells of its answers: those of 1 to 6 would give scores of their own.
    """

    table: TableMap
    parameters: ClinicalParameters
    coding: Coding = field(
        default_factory=lambda: Coding(elsewhere=frozenset({6}), proof=frozenset({0}), told=_FROM_ONE)
    )
    roles: tuple[Role, ...] = field(init=False)
    _sittings: Sittings = field(init=False, default_factory=Sittings)

    def __post_init__(self) -> None:
        sections = tuple(
            Role(name=name, type="integer", synonyms=(f"item {n}", f"section {n}", f"odi{n:02d}", f"oswestry {n}"))
            for n, name in enumerate(SECTIONS, start=1)
        )
        names = ("odi", "oswestry", "odi total", "oswestry total", "odi score", "oswestry score", "oditot", "score")
        total = Role(name=_TOTAL, type="number", synonyms=names)
        self.roles = (*SUBJECT_ROLES, *WHEN_ROLES, READER_ROLE, *sections, total, *ITEM_ROLES, *STATED_ROLES)

    def take(self, row: MappedRow) -> RowOutcome:
        """The score of the row, or nothing where the row is one section among others."""
        if faults := unread_head(row, *SECTIONS, _TOTAL):
            return RowOutcome(row.line, (), tuple(faults))
        try:
            if text_of(row, "test"):
                return self._one_item(row)
            if not {*SECTIONS, _TOTAL} & (row.values.keys() | row.problems.keys()):
                return nothing_in(row)
            head = head_of(row)
            items = {name: given for name in SECTIONS if (given := number_of(row, name)) is not None}
            score = self._score(head, flags_of(row), row.line, items, number_of(row, _TOTAL))
            return RowOutcome(row.line, (score,), unread_moment(row))
        except TableError as error:
            return refused(row, error)

    def finish(self) -> Iterator[RowOutcome]:
        """Scores of sittings that came one section a row."""
        for sitting in self._sittings:
            try:
                total = sitting.items.pop(_TOTAL, None)
                if sitting.items or total is not None:
                    score = self._score(sitting.head, sitting.flags, sitting.line, sitting.items, total)
                    yield RowOutcome(sitting.line, (score,))
            except TableError as error:
                yield RowOutcome(sitting.line, (), (refusal(error),))

    def second_look(self) -> OswestryInterpreter | None:
        """An interpreter that knows how the sheet is coded; `None` where a second look would show nothing new."""
        known = self.coding.settled()
        return None if known is None else OswestryInterpreter(self.table, self.parameters, known)

    def _one_item(self, row: MappedRow) -> RowOutcome:
        test = text_of(row, "test")
        name = look_up(test, self.table.tests) or test
        found = _TESTS.fullmatch(name.strip())
        item = f"odi{int(found[1])}" if found else _TOTAL if name.casefold() in ("odi", "oditot", "total") else None
        if item is None:
            told = note("test-not-wanted", f"test {test[:40]!r} is no section of the Oswestry questionnaire")
            return RowOutcome(row.line, (), (told,))
        fault = self._sittings.add(row, item)
        return RowOutcome(row.line, (), (fault,) if fault is not None else ())

    def _score(
        self, head: Head, flags: Flags, line: int, items: Mapping[str, GivenNumber], total: GivenNumber | None
    ) -> Observation:
        notes: list[Problem] = []
        self.coding.see(line, (given.value for given in items.values()))
        most_missing = self.parameters.oswestry_most_missing
        if items:
            value = oswestry_index(
                {name: _whole(name, given) for name, given in items.items()}, most_missing=most_missing
            )
            if len(items) < len(SECTIONS):
                notes.append(note("items-missing-allowed", f"{len(items)} of ten sections were answered"))
            if total is not None:
                _require_same(value, items, total)
            self.coding.require_sure()
        elif total is not None:
            value, told = self._percentage(total)
            notes.append(told)
        else:
            raise TableError("neither sections nor a total are given", code="items-missing")
        return Observation(
            kind="oswestry",
            **said_of(head, flags),
            line=line,
            quantity=QUANTITY,
            unit="%",
            value=value,
            site=PATIENT,
            given="" if total is None else total.text,
            given_unit="" if total is None else self._unit_of(total),
            method="sections" if items else "total",
            parameters={"sections": {name: given.value for name, given in items.items()}, "most_missing": most_missing}
            if items
            else {},
            notes=tuple(notes),
        )

    def _unit_of(self, total: GivenNumber) -> str:
        return total.unit or look_up(_TOTAL, self.table.units) or ""

    def _percentage(self, total: GivenNumber) -> tuple[float, Problem]:
        unit = self._unit_of(total)
        highest = {"%": 100.0, "": 100.0, "1": 50.0, "points": 50.0, "/50": 50.0}.get(same_unit(unit))
        if highest is None:
            text = f"the unit of the total is {unit[:20]!r}, expected '%' or 'points' (of fifty)"
            raise TableError(text, code="unit-not-convertible")
        if total.censored is not None or not 0 <= total.value <= highest:
            text = f"the total is {total.text[:20]!r}, expected 0 to {highest:g}"
            raise TableError(text, code="outside-hard-limits")
        said = "" if unit else "; no unit is stated, so it was taken as the percentage"
        return total.value * 100 / highest, note("score-from-total", f"the total {total.text[:20]} was taken{said}")


def _whole(name: str, given: GivenNumber) -> int:
    if given.censored is not None or given.value != given.value or given.value != round(given.value):
        text = f"section {name.removeprefix('odi')} is {given.text[:20]!r}, expected a whole number from 0 to 5"
        raise TableError(text, code="invalid-state")
    return round(given.value)


def _require_same(value: float, items: Mapping[str, GivenNumber], total: GivenNumber) -> None:
    """A stated total is the percentage, or the sum of the sections."""
    room = total.half_unit + 1e-9
    points = sum(given.value for given in items.values())
    if abs(total.value - value) > room and abs(total.value - points) > room:
        text = f"the stated total is {total.text[:20]!r}, the sections give {points:g} points, which are {value:.4g} %"
        raise TableError(text, code="score-contradicts-items")
