"""Laboratory values: one result a row as SDTM LB and ADaM have it, or one column for each test."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from bonemetrics.clinical.head import (
    READER_ROLE,
    SUBJECT_ROLES,
    WHEN_ROLES,
    Head,
    head_of,
    letters,
    look_up,
    nothing_in,
    number_of,
    refused,
    text_of,
    unread_head,
)
from bonemetrics.clinical.results import RESULT_ROLES, STANDARD, Result, doubts_of, limit_of, results_of
from bonemetrics.clinical.specimens import require_blood
from bonemetrics.clinical.stated import STATED_ROLES, changes_of, flags_of, said_of, unread_moment
from bonemetrics.clinical.tests_asked import OPEN, Target, column_role, require_possible, targets_of, unit_in
from bonemetrics.clinical.units import Scale, same_unit, scale_to
from bonemetrics.clinical.vas import QUANTITY as PAIN
from bonemetrics.clinical.vas import BareScale
from bonemetrics.errors import TableError
from bonemetrics.quantities import canonical_code
from bonemetrics.quantities.clinical import PATIENT
from bonemetrics.records import (
    MappedRow,
    Observation,
    Problem,
    Role,
    RowOutcome,
    TableMap,
    UnitConversion,
    Wanted,
    note,
    refusal,
)

_RESULTS = frozenset({"value", "standard_value", "text_value", "standard_text"})
"""Roles that hold the result of the one test of a row."""
_STATED_OF_COLUMNS = (
    "BASE, CHG and PCHG stand beside columns of tests, so that nothing says which test they are of; they are not "
    "compared. Where they are of one of them, name its column 'value' and its test in fixed.test"
)


@dataclass(slots=True)
class LaboratoryInterpreter:
    """Makes observations of rows of laboratory values.

    Parameters
    ----------
    table
        The study's map of the sheet; its `tests` say what names of tests mean, `units` the unit of a test or column.
    wanted
        Parameters of the protocol. The markers of the catalogue are taken whether they are asked for or not; any other
        quantity that needs no calibration material goes by its PARAMCD.
    conversions
        Rules of the protocol.
    bare_pain
        What the whole sheet tells of scores of pain without a unit.
    """

    table: TableMap
    wanted: Sequence[Wanted]
    conversions: Sequence[UnitConversion]
    bare_pain: BareScale = field(default_factory=BareScale)
    roles: tuple[Role, ...] = field(init=False)
    _targets: dict[str, Target] = field(init=False)
    _known: dict[str, Target | None] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._targets = {target.role: target for target in targets_of(self.wanted)}
        columns = tuple(column_role(target, self.wanted) for target in self._targets.values())
        self.roles = (*SUBJECT_ROLES, *WHEN_ROLES, READER_ROLE, *RESULT_ROLES, *columns, *STATED_ROLES)

    def take(self, row: MappedRow) -> RowOutcome:
        """One observation for each result of the row."""
        test = text_of(row, "test") or text_of(row, "test_name")
        tests: list[tuple[Target, str]] = []
        if test:
            target = self._target_of(test, text_of(row, "test_name"))
            if target is None:
                told = note("test-not-wanted", f"test {test[:40]!r} is none that the protocol asks for")
                return RowOutcome(row.line, (), (told,))
            tests.append((target, "value"))
        filled = [name for name in self._targets if name in row.values or name in row.problems]
        tests += [(self._targets[name], name) for name in filled]
        if faults := unread_head(row):
            return RowOutcome(row.line, (), tuple(faults))
        if not tests:
            return self._without_test(row)
        try:
            _require_one_result_each(row, tests)
            head = head_of(row)
        except TableError as error:
            return refused(row, error)
        records: list[Observation] = []
        problems: list[Problem] = [*unread_moment(row), *_unplaced_changes(row, tests)]
        for target, role in tests:
            try:
                found = self._observation(row, head, target, role, test)
            except TableError as error:
                problems.append(refusal(TableError(f"{target.names[0]}: {error.message}", code=error.code)))
                continue
            if isinstance(found, Observation):
                records.append(found)
            else:
                problems.append(found)
        return RowOutcome(row.line, tuple(records), tuple(problems))

    def finish(self) -> Iterator[RowOutcome]:
        """Nothing waits for later rows."""
        return iter(())

    def second_look(self) -> LaboratoryInterpreter | None:
        """An interpreter that knows of scores of pain above ten; `None` where a second look would show nothing new."""
        known = self.bare_pain.settled()
        return None if known is None else LaboratoryInterpreter(self.table, self.wanted, self.conversions, known)

    def _without_test(self, row: MappedRow) -> RowOutcome:
        if not _RESULTS & (row.values.keys() | row.problems.keys()):
            return nothing_in(row)
        text = "the row has a result and no test; name the column of tests in [tables.columns], or fixed.test"
        return refused(row, TableError(text, code="missing-cell"))

    def _target_of(self, test: str, name: str) -> Target | None:
        key = f"{test}\n{name}"
        if key not in self._known:
            self._known[key] = next((found for one in (test, name) if one and (found := self._look_up(one))), None)
        return self._known[key]

    def _look_up(self, test: str) -> Target | None:
        text = look_up(test, self.table.tests) or test
        code = canonical_code(text)
        for target in self._targets.values():
            if target.is_marker and target.quantity == code:
                return target
            own = {letters(target.role)} | ({letters(target.region)} if target.quantity in OPEN else set())
            if letters(text) in own - {""}:
                return target
        return None

    def _observation(self, row: MappedRow, head: Head, target: Target, role: str, test: str) -> Observation | Problem:
        results = self._results(row, role, test, target)
        if not results:
            return note("row-empty", "rows without any value were passed over")
        notes = [] if role != "value" or results[0].given.censored or target.site == PATIENT else doubts_of(row)
        if target.is_marker:
            name = text_of(row, "test_name") if role == "value" else ""
            require_blood(target.quantity, text_of(row, "specimen"), name)
        if same_unit(results[0].unit) == "%" and target.quantity == "NTX":
            target = self._percentage()
        result, scale = self._scaled(results, target)
        value = result.given.value * scale.factor
        if target.quantity == PAIN and not result.unit:
            self.bare_pain.require_sure(row.line, value)
        limit = self._limit(row, result, target, value)
        for one in (limit,) if result.given.censored else (value,):
            if one is not None:
                require_possible(target, one)
        notes += _told(target, text_of(row, "derivation"), result, scale)
        side = result.given.censored
        return Observation(
            kind="laboratory",
            **said_of(head, flags_of(row)),
            **(changes_of(row, scale.factor) if role == "value" and result.role not in STANDARD else {}),
            line=row.line,
            quantity=target.quantity,
            side=target.side,
            unit=target.unit,
            value=None if side else value,
            site=target.site,
            region=target.region,
            text="" if side is None else _beyond(side, limit, result.given.text),
            censored=side,
            limit=limit,
            given=result.given.text,
            given_unit=result.unit,
            derivation=text_of(row, "derivation"),
            parameters={"conversion_factor": scale.factor, "rule": scale.source} if scale.source else {},
            notes=tuple(notes),
        )

    def _results(self, row: MappedRow, role: str, test: str, target: Target) -> list[Result]:
        """The numbers of a test with their units; where one is a limit, limits alone."""
        if role == "value":
            own = (
                text_of(row, "unit")
                or self._stated_unit(target, test)
                or unit_in(text_of(row, "test_name"), wanted=target.unit)
            )
            return results_of(row, own)
        given = number_of(row, role)
        if role in row.problems:
            raise TableError(row.problems[role].message, code=row.problems[role].code)
        return [] if given is None else [Result(given, given.unit or self._stated_unit(target, test), role)]

    def _scaled(self, told: Sequence[Result], target: Target) -> tuple[Result, Scale]:
        """The first number whose unit is the wanted one; else the first that a rule converts."""
        same = [one for one in told if same_unit(one.unit) == same_unit(target.unit)]
        faults: list[TableError] = []
        for one in (*same, *told):
            if one.is_word and target.site == PATIENT:
                raise TableError(f"{one.given.text[:30]!r} is not one number", code="not-a-number")
            bare = target.unit == "1" or one.is_word
            try:
                names, rules = target.names, self.conversions
                scale = scale_to(target.unit, one.unit, names=names, conversions=rules, may_be_bare=bare)
            except TableError as error:
                faults.append(_naming_the_limit(error, one) if one.given.censored else error)
                continue
            return one, scale
        raise faults[0]

    def _limit(self, row: MappedRow, result: Result, target: Target, value: float) -> float | None:
        if result.given.censored is None:
            return None
        if not result.is_word:
            return value
        return limit_of(row, result, target.unit, names=target.names, conversions=self.conversions)

    def _stated_unit(self, target: Target, test: str) -> str:
        for name in (test, target.role, *target.names):
            if name and (found := look_up(name, self.table.units)):
                return found
        return ""

    def _percentage(self) -> Target:
        found = next((one for one in self._targets.values() if one.quantity == "NTX%"), None)
        if found is None or not any(one.quantity == "NTX%" for one in self.wanted):
            text = (
                "the sheet gives NTX as a percentage, which is no concentration; a parameter with unit = '%' takes it "
                "as the percentage it is"
            )
            raise TableError(text, code="unit-not-convertible")
        return found


def _beyond(side: Literal["below", "above"], limit: float | None, text: str) -> str:
    """What stands in the place of a number: the limit, or the word of the source where it states none."""
    return text if limit is None else f"{'<' if side == 'below' else '>'}{limit:.6g}"


def _unplaced_changes(row: MappedRow, tests: Sequence[tuple[Target, str]]) -> Iterator[Problem]:
    """A note where the row states changes and has its tests in columns."""
    if all(role != "value" for _, role in tests) and changes_of(row, 1.0):
        yield note("column-not-used", _STATED_OF_COLUMNS)


def _naming_the_limit(error: TableError, limit: Result) -> TableError:
    """An error of a limit's unit that says which cell it is of: beside it stands a number with a unit of its own."""
    text = (
        f"{error.message}; this is of the limit {limit.given.text[:20]!r} in {limit.role!r}, beside which no number is "
        f"taken; [tables.columns] {limit.role} = '' leaves it out"
    )
    return TableError(text, code=error.code)


def _require_one_result_each(row: MappedRow, tests: Sequence[tuple[Target, str]]) -> None:
    """Refuse a row that gives a test twice: as its result, and in a column of the test.

    Raises
    ------
    TableError
        `column-ambiguous`: the two may be of different days, such as a value and its baseline.
    """
    (first, role), *others = tests
    if role != "value" or not _RESULTS & (row.values.keys() | row.problems.keys()):
        return
    twice = next((own for target, own in others if target == first), None)
    if twice is not None:
        text = (
            f"{first.names[0]} stands in this row twice: as its result and in a column of its own; [tables.columns] "
            f"{twice} = '' leaves that column out"
        )
        raise TableError(text, code="column-ambiguous")


def _told(target: Target, derivation: str, result: Result, scale: Scale) -> Iterator[Problem]:
    """What is to be said of a value."""
    if derivation:
        yield note("derived-by-source", f"the source derived the value ({derivation[:20]})")
    if scale.source:
        yield note("unit-converted", f"from {result.unit} by the factor {scale.factor:g} ({scale.source})")
    if target.quantity in ("ODI", "EQ-5D-index"):
        yield note("score-from-total", "the score was taken as stated; its items are not known")
    if target.quantity == "NTX%":
        yield note("percent-already", "the source reports a percentage; a change of it is in percentage points")
    if result.given.censored is not None:
        code = "below-detection" if result.given.censored == "below" else "above-range"
        yield note(code, f"the source gives {result.given.text[:30]}")
