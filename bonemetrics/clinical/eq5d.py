"""EQ-5D: five levels to an index by a stated value set, and the scale from 0 to 100 beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bonemetrics.clinical.coding import Coding
from bonemetrics.clinical.head import (
    READER_ROLE,
    SUBJECT_ROLES,
    WHEN_ROLES,
    head_of,
    look_up,
    nothing_in,
    number_of,
    text_of,
    unread_head,
)
from bonemetrics.clinical.sittings import ITEM_ROLES, Sittings
from bonemetrics.clinical.stated import STATED_ROLES, flags_of, said_of, unread_moment
from bonemetrics.clinical.value_sets import DIMENSION_NAMES, ValueSet, index_of, value_set
from bonemetrics.errors import TableError
from bonemetrics.quantities.clinical import PATIENT
from bonemetrics.records import (
    GivenNumber,
    MappedRow,
    Observation,
    Problem,
    Role,
    RowOutcome,
    TableMap,
    Wanted,
    note,
    refusal,
)

INDEX, SCALE = "EQ-5D-index", "EQ-VAS"
_DIMENSION_ROLES = tuple(Role(name=names[0], type="integer", synonyms=names[1:]) for names in DIMENSION_NAMES)
_ITEMS = tuple(role.name for role in _DIMENSION_ROLES)
_VAS, _STATE, _STATED = "eq_vas", "state", "index"
_OTHER_ROLES = (
    Role(name=_VAS, type="number", synonyms=("eqvas", "eq-vas", "vas", "eq5d vas", "health today")),
    Role(name=_STATE, type="text", synonyms=("health state", "profile", "eq5d state", "eq5d profile")),
    Role(name=_STATED, type="number", synonyms=("eq5d index", "eq-5d index", "utility")),
    Role(name="version", type="text", synonyms=("eq5d version",)),
)
_ROLES = (
    *(*SUBJECT_ROLES, *WHEN_ROLES, READER_ROLE),
    *(*_DIMENSION_ROLES, *_OTHER_ROLES, *ITEM_ROLES, *STATED_ROLES),
)
_SDTM = re.compile(r"EQ5D0([12])0([1-6])")


@dataclass(slots=True)
class Eq5dInterpreter:
    """Makes indices and scale values of rows of EQ-5D answers.

    Parameters
    ----------
    table
        The study's map of the sheet.
    wanted
        Parameters of the protocol: that of the index states version and value set.
    coding
        What the whole sheet tells of its levels: those of the other version, or from 0, would give other indices.

    Raises
    ------
    TableError
        `value-set-unknown`, or `version-not-stated` where two parameters want different value sets.
    """

    table: TableMap
    wanted: Sequence[Wanted]
    coding: Coding | None = None
    roles: tuple[Role, ...] = field(init=False, default=_ROLES)
    _values: ValueSet | TableError = field(init=False)
    _sittings: Sittings = field(init=False, default_factory=Sittings)
    _coding: Coding = field(init=False)

    def __post_init__(self) -> None:
        sets = {(one.version, one.value_set) for one in self.wanted if one.quantity == INDEX}
        if len(sets) > 1:
            told = "two parameters want the EQ-5D index by different value sets; one column cannot hold both"
            raise TableError(told, code="version-not-stated")
        try:
            self._values = value_set(*next(iter(sets), (None, None)))
        except TableError as error:
            if error.code == "value-set-unknown":
                raise
            self._values = error
        self._coding = self.coding or _coding_of(self._values)

    def take(self, row: MappedRow) -> RowOutcome:
        """Index and scale value of the row, or nothing where the row is one item among others."""
        if faults := unread_head(row, "version"):
            return RowOutcome(row.line, (), tuple(faults))
        try:
            if text_of(row, "test"):
                return self._one_item(row)
            if not {*_ITEMS, _VAS, _STATE, _STATED} & (row.values.keys() | row.problems.keys()):
                return nothing_in(row)
            head = head_of(row)
        except TableError as error:
            return RowOutcome(row.line, (), (refusal(error),))
        items = {name: given for name in (*_ITEMS, _VAS, _STATED) if (given := number_of(row, name)) is not None}
        unreadable = {name: row.problems[name] for name in (*_ITEMS, _VAS, _STATED, _STATE) if name in row.problems}
        state = text_of(row, _STATE)
        said, version = said_of(head, flags_of(row)), text_of(row, "version")
        found = self._answers(said, row.line, items, unreadable, state=state, version=version)
        return RowOutcome(row.line, found.records, (*found.problems, *unread_moment(row)))

    def finish(self) -> Iterator[RowOutcome]:
        """Indices of sittings that came one item a row."""
        for sitting in self._sittings:
            versions = {name.split(":")[0] for name in sitting.asked}
            items = {name.split(":")[1]: given for name, given in sitting.items.items()}
            if len(versions) > 1:
                text = "items of 3L and of 5L stand beside each other on one day"
                yield RowOutcome(sitting.line, (), (refusal(TableError(text, code="invalid-state")),))
            elif items:
                said = said_of(sitting.head, sitting.flags)
                yield self._answers(said, sitting.line, items, {}, state="", version=versions.pop())

    def second_look(self) -> Eq5dInterpreter | None:
        """An interpreter that knows how the sheet is coded; `None` where a second look would show nothing new."""
        known = self._coding.settled()
        return None if known is None else Eq5dInterpreter(self.table, self.wanted, known)

    def _one_item(self, row: MappedRow) -> RowOutcome:
        test = text_of(row, "test")
        found = _SDTM.fullmatch((look_up(test, self.table.tests) or test).upper())
        if found is None:
            told = note("test-not-wanted", f"test {test[:40]!r} is no item of the EQ-5D")
            return RowOutcome(row.line, (), (told,))
        version = "3L" if found[1] == "1" else "5L"
        fault = self._sittings.add(row, f"{version}:{(*_ITEMS, _VAS)[int(found[2]) - 1]}")
        return RowOutcome(row.line, (), (fault,) if fault is not None else ())

    def _answers(
        self,
        said: Mapping[str, Any],
        line: int,
        items: Mapping[str, GivenNumber],
        unreadable: Mapping[str, Problem],
        *,
        state: str,
        version: str,
    ) -> RowOutcome:
        records: list[Observation] = []
        problems = list(unreadable.values())
        if not unreadable.keys() - {_VAS}:
            try:
                index = self._index(said, line, items, state=state, version=version)
                records += [index] if index is not None else []
            except TableError as error:
                problems.append(refusal(error))
        if _VAS in items:
            try:
                records.append(_scale(said, line, items[_VAS]))
            except TableError as error:
                problems.append(refusal(error))
        return RowOutcome(line, tuple(records), tuple(problems))

    def _index(
        self, said: Mapping[str, Any], line: int, items: Mapping[str, GivenNumber], *, state: str, version: str
    ) -> Observation | None:
        levels = _levels(items, state)
        stated = items.get(_STATED)
        if levels is None and stated is None:
            return None
        if isinstance(self._values, TableError):
            raise self._values
        values = self._values
        if version and version.upper().removeprefix("EQ-5D-") != values.version:
            text = f"the sheet states version {version[:12]!r}, the protocol {values.version}"
            raise TableError(text, code="version-not-stated")
        parameters = {"version": values.version, "value_set": values.name, "source": values.source}
        if levels is None:
            return self._as_stated(said, line, stated)
        self._coding.see(line, levels)
        index = index_of(levels, values)
        if stated is not None and abs(stated.value - index) > stated.half_unit + 1e-9:
            text = f"the stated index is {stated.text[:20]!r}, state {_joined(levels)} gives {index:g} by {values.name}"
            raise TableError(text, code="score-contradicts-items")
        self._coding.require_sure()
        return _observation(
            said, line, INDEX, index, given=_joined(levels), method="levels", parameters=parameters, notes=()
        )

    def _as_stated(self, said: Mapping[str, Any], line: int, stated: GivenNumber | None) -> Observation | None:
        values = self._values
        if stated is None or isinstance(values, TableError):
            return None
        lowest = index_of((values.levels,) * len(_ITEMS), values)
        if stated.censored is not None or not lowest - stated.half_unit <= stated.value <= 1:
            text = f"the index is {stated.text[:20]!r}, {values.name} goes from {lowest:g} to 1"
            raise TableError(text, code="outside-hard-limits")
        told = note("score-from-total", f"the index was taken as stated; that it is by {values.name} says the protocol")
        parameters = {"version": values.version, "value_set": values.name, "source": values.source}
        return _observation(
            said, line, INDEX, stated.value, given=stated.text, method="total", parameters=parameters, notes=(told,)
        )


def _coding_of(values: ValueSet | TableError) -> Coding:
    """Levels of 0, and beside 3L those of 5L: a 9 stands for an answer that is missing."""
    if isinstance(values, TableError) or values.version == "5L":
        return Coding(elsewhere=frozenset({0}), told="levels from 0")
    return Coding(elsewhere=frozenset({0, 4, 5}), told="levels from 0, or the five of 5L")


def _levels(items: Mapping[str, GivenNumber], state: str) -> tuple[int, ...] | None:
    """The five levels; `None` where none was answered.

    Raises
    ------
    TableError
        `items-missing`, `invalid-state`, or `score-contradicts-items` where the state says other levels.
    """
    given = {name: items[name] for name in _ITEMS if name in items}
    for name, one in given.items():
        if one.censored is not None or one.value != one.value or one.value != round(one.value):
            raise TableError(f"{name} is {one.text[:20]!r}, expected a level", code="invalid-state")
    levels = tuple(round(one.value) for one in given.values())
    if state:
        digits = state.strip().removesuffix(".0")
        if not re.fullmatch(r"[0-9]{5}", digits):
            raise TableError(f"{state[:20]!r} is no state: five digits, such as 11223", code="invalid-state")
        written = tuple(int(digit) for digit in digits)
        if levels and any(round(one.value) != written[_ITEMS.index(name)] for name, one in given.items()):
            text = f"the levels are {_joined(levels)}, the state says {digits}"
            raise TableError(text, code="score-contradicts-items")
        return written
    if not levels:
        return None
    if len(levels) < len(_ITEMS):
        missing = ", ".join(name for name in _ITEMS if name not in given)
        raise TableError(f"{missing}: not answered, so there is no index", code="items-missing")
    return levels


def _joined(levels: Sequence[int]) -> str:
    return "".join(str(level) for level in levels)


def _scale(said: Mapping[str, Any], line: int, given: GivenNumber) -> Observation:
    if given.censored is not None or not 0 <= given.value <= 100:
        text = f"the EQ VAS is {given.text[:20]!r}, expected 0 to 100"
        raise TableError(text, code="outside-hard-limits")
    return _observation(said, line, SCALE, given.value, given=given.text, method="scale", parameters={}, notes=())


def _observation(
    said: Mapping[str, Any],
    line: int,
    quantity: str,
    value: float,
    *,
    given: str,
    method: str,
    parameters: Mapping[str, str],
    notes: tuple[Problem, ...],
) -> Observation:
    return Observation(
        kind="eq5d",
        **said,
        line=line,
        quantity=quantity,
        unit="1",
        value=value,
        site=PATIENT,
        given=given,
        method=method,
        parameters=dict(parameters),
        notes=notes,
    )
