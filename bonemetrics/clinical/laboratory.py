"""Laboratory values: one result a row as SDTM LB and ADaM have it, or one column for each test."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

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
    unread,
)
from bonemetrics.clinical.tests_asked import OPEN, Target, column_role, require_possible, targets_of, unit_in
from bonemetrics.clinical.units import Scale, same_unit, scale_to
from bonemetrics.errors import TableError
from bonemetrics.quantities import canonical_code
from bonemetrics.records import (
    GivenNumber,
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

_RESULT_ROLES = (
    Role(
        name="test",
        type="text",
        synonyms=(
            "LBTESTCD",
            "QSTESTCD",
            "VSTESTCD",
            "PARAMCD",
            "analyte",
            "assay",
            "marker",
            "parameter",
            "test code",
        ),
    ),
    Role(name="test_name", type="text", synonyms=("LBTEST", "QSTEST", "VSTEST", "PARAM", "test name")),
    Role(name="value", type="number", synonyms=("AVAL", "LBORRES", "QSORRES", "VSORRES", "result", "resultado")),
    Role(name="unit", type="text", synonyms=("AVALU", "LBORRESU", "QSORRESU", "VSORRESU", "units", "unidad")),
    Role(name="standard_value", type="number", synonyms=("LBSTRESN", "QSSTRESN", "VSSTRESN")),
    Role(name="standard_unit", type="text", synonyms=("LBSTRESU", "QSSTRESU", "VSSTRESU")),
    Role(name="derivation", type="text", synonyms=("DTYPE",)),
    Role(name="text_value", type="number", synonyms=("AVALC", "LBSTRESC")),
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
    """

    table: TableMap
    wanted: Sequence[Wanted]
    conversions: Sequence[UnitConversion]
    roles: tuple[Role, ...] = field(init=False)
    _targets: dict[str, Target] = field(init=False)
    _known: dict[str, Target | None] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._targets = {target.role: target for target in targets_of(self.wanted)}
        columns = tuple(column_role(target, self.wanted) for target in self._targets.values())
        self.roles = (*SUBJECT_ROLES, *WHEN_ROLES, READER_ROLE, *_RESULT_ROLES, *columns)

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
        if faults := unread(row, ("subject", "visit", "date", "study_day")):
            return RowOutcome(row.line, (), tuple(faults))
        if not tests:
            return self._without_test(row)
        try:
            head = head_of(row)
        except TableError as error:
            return refused(row, error)
        records: list[Observation] = []
        problems: list[Problem] = []
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

    def _without_test(self, row: MappedRow) -> RowOutcome:
        if not {"value", "standard_value"} & (row.values.keys() | row.problems.keys()):
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
        if same_unit(results[0][1]) == "%" and target.quantity == "NTX":
            target = self._percentage()
        given, unit, scale = self._scaled(results, target)
        value = given.value * scale.factor
        require_possible(target, value)
        notes: list[Problem] = []
        derivation = text_of(row, "derivation")
        if derivation:
            notes.append(note("derived-by-source", f"the source derived the value ({derivation[:20]})"))
        if scale.source:
            notes.append(note("unit-converted", f"from {unit} by the factor {scale.factor:g} ({scale.source})"))
        if target.quantity in ("ODI", "EQ-5D-index"):
            notes.append(note("score-from-total", "the score was taken as stated; its items are not known"))
        if target.quantity == "NTX%":
            told = "the source reports a percentage; a change of it is in percentage points"
            notes.append(note("percent-already", told))
        text = ""
        if given.censored is not None:
            text = f"{'<' if given.censored == 'below' else '>'}{value:.6g}"
            code = "below-detection" if given.censored == "below" else "above-range"
            notes.append(note(code, f"the source gives {given.text[:30]}"))
        return Observation(
            kind="laboratory",
            subject=head.subject,
            visit=head.visit,
            day=head.day,
            study_day=head.study_day,
            reader=head.reader,
            line=row.line,
            quantity=target.quantity,
            side=target.side,
            unit=target.unit,
            value=None if given.censored else value,
            site=target.site,
            region=target.region,
            text=text,
            censored=given.censored,
            limit=value if given.censored else None,
            given=given.text,
            given_unit=unit,
            derivation=derivation,
            parameters={"conversion_factor": scale.factor, "rule": scale.source} if scale.source else {},
            notes=tuple(notes),
        )

    def _results(self, row: MappedRow, role: str, test: str, target: Target) -> list[tuple[GivenNumber, str]]:
        """The numbers of a test with their units, the one as measured first, a limit before all others."""
        if role != "value":
            given = number_of(row, role)
            if role in row.problems:
                raise TableError(row.problems[role].message, code=row.problems[role].code)
            return [] if given is None else [(given, given.unit or self._stated_unit(target, test))]
        own = text_of(row, "unit") or self._stated_unit(target, test) or unit_in(text_of(row, "test_name"))
        units = {"value": own, "standard_value": text_of(row, "standard_unit"), "text_value": own}
        if not own and number_of(row, "value") is not None:
            # An analysis value without a unit is not the collected one that stands beside it with a unit.
            units.pop("standard_value")
        found = [(given, given.unit or unit) for name, unit in units.items() if (given := number_of(row, name))]
        for name in ("value", "standard_value"):
            if not found and name in row.problems:
                raise TableError(row.problems[name].message, code=row.problems[name].code)
        return sorted(found, key=lambda one: one[0].censored is None)

    def _scaled(self, told: Sequence[tuple[GivenNumber, str]], target: Target) -> tuple[GivenNumber, str, Scale]:
        """The first number whose unit is the wanted one; else the first that a rule converts."""
        bare = target.unit == "1"
        same = [one for one in told if same_unit(one[1]) == same_unit(target.unit)]
        faults: list[TableError] = []
        for given, unit in (*same, *told):
            try:
                scale = scale_to(target.unit, unit, names=target.names, conversions=self.conversions, may_be_bare=bare)
            except TableError as error:
                faults.append(error)
                continue
            return given, unit, scale
        raise faults[0]

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
