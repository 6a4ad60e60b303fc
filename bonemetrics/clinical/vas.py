"""Pain on a visual analogue scale from 0 to 10."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from bonemetrics.clinical.head import (
    READER_ROLE,
    SUBJECT_ROLES,
    WHEN_ROLES,
    head_of,
    look_up,
    nothing_in,
    number_of,
    refused,
    text_of,
    unread,
    unread_head,
)
from bonemetrics.clinical.stated import STATED_ROLES, changes_of, flags_of, said_of, unread_moment
from bonemetrics.clinical.units import scale_to
from bonemetrics.clinical.value_sets import DIMENSION_NAMES
from bonemetrics.errors import TableError
from bonemetrics.quantities import canonical_code
from bonemetrics.quantities.clinical import PATIENT
from bonemetrics.records import GivenNumber, MappedRow, Observation, Role, RowOutcome, TableMap, UnitConversion, note

QUANTITY = "Pain-VAS"
_HIGHEST = 10.0
_ROLES = (
    Role(name="test", type="text", synonyms=("QSTESTCD", "PARAMCD")),
    Role(
        name="value",
        type="number",
        synonyms=("AVAL", "QSSTRESN", "vas", "pain", "pain vas", "vas pain", "vaspain", "score", "eva", "dolor"),
        doubtful=("vas", "pain", "eva", "dolor", "score"),
        rivals=DIMENSION_NAMES,
    ),
    Role(name="original_value", type="number", synonyms=("QSORRES",)),
    Role(name="unit", type="text", synonyms=("AVALU", "QSSTRESU", "units")),
    Role(name="original_unit", type="text", synonyms=("QSORRESU",)),
)


@dataclass(slots=True)
class BareScale:
    """What all rows of a sheet tell of scores of pain that state no unit: one above ten is of another scale.

    `first_above` is the row of the first such score, of an earlier look at the whole sheet or of this one.
    """

    first_above: int | None = None
    is_settled: bool = False

    def require_sure(self, line: int, value: float) -> None:
        """Refuse a score without a unit where the sheet has one that is not of 0 to 10.

        Parameters
        ----------
        line
            Of the row.
        value
            As given.

        Raises
        ------
        TableError
            `unit-unknown`.
        """
        if value > _HIGHEST:
            self.first_above = line if self.first_above is None else self.first_above
        elif self.is_settled and self.first_above is not None:
            text = (
                f"no unit is stated, and row {self.first_above} is above 10, so the scale may be one of 0 to 100; "
                "state the unit in the sheet or in [tables.units]: '1' is 0 to 10, 'mm' needs a conversion"
            )
            raise TableError(text, code="unit-unknown")

    def settled(self) -> BareScale | None:
        """What a second look at the sheet has to know; `None` where it would show nothing new."""
        return None if self.is_settled or self.first_above is None else BareScale(self.first_above, is_settled=True)


@dataclass(slots=True)
class VasInterpreter:
    """Makes observations of rows of pain scores; of a sheet of many questionnaires it takes those of pain.

    Parameters
    ----------
    table
        The study's map of the sheet; `tests` says what names of items mean.
    conversions
        Rules of the protocol; a scale in millimetres needs one.
    bare
        What the whole sheet tells of scores without a unit.
    """

    table: TableMap
    conversions: Sequence[UnitConversion]
    bare: BareScale = field(default_factory=BareScale)
    roles: tuple[Role, ...] = field(
        init=False, default=(*SUBJECT_ROLES, *WHEN_ROLES, READER_ROLE, *_ROLES, *STATED_ROLES)
    )

    def take(self, row: MappedRow) -> RowOutcome:
        """One score."""
        test = text_of(row, "test")
        if test and canonical_code(look_up(test, self.table.tests) or test) != QUANTITY:
            return RowOutcome(row.line, (), (note("test-not-wanted", f"test {test[:40]!r} is none of pain"),))
        faults = unread_head(row, "unit", "original_unit")
        given = number_of(row, "value") or number_of(row, "original_value")
        if given is None:
            faults += unread(row, ("value", "original_value"))[:1]
        if faults:
            return RowOutcome(row.line, (), tuple(dict.fromkeys(faults)))
        if given is None:
            return nothing_in(row)
        try:
            head = head_of(row)
            unit = self._unit_of(row, given)
            scale = scale_to("1", unit, names=(QUANTITY,), conversions=self.conversions, may_be_bare=True)
            value = given.value * scale.factor
            if not unit:
                self.bare.require_sure(row.line, value)
            _require_possible(given, value)
        except TableError as error:
            return refused(row, error)
        told = (note("unit-converted", f"from {unit} by the factor {scale.factor:g} ({scale.source})"),)
        return RowOutcome(
            row.line,
            (
                Observation(
                    kind="vas",
                    **said_of(head, flags_of(row)),
                    **(changes_of(row, scale.factor) if "value" in row.values else {}),
                    line=row.line,
                    quantity=QUANTITY,
                    unit="1",
                    value=value,
                    site=PATIENT,
                    given=given.text,
                    given_unit=unit,
                    parameters={"conversion_factor": scale.factor, "rule": scale.source} if scale.source else {},
                    notes=told if scale.source else (),
                ),
            ),
            unread_moment(row),
        )

    def _unit_of(self, row: MappedRow, given: GivenNumber) -> str:
        """The unit of the score; that of the original counts for a standard number that is the same."""
        own, original = number_of(row, "value"), number_of(row, "original_value")
        unit = given.unit or (text_of(row, "unit") if own is not None else "")
        if not unit and original is not None and original.value == given.value:
            unit = original.unit or text_of(row, "original_unit") or text_of(row, "unit")
        return unit or look_up("value", self.table.units) or ""

    def finish(self) -> Iterator[RowOutcome]:
        """Nothing waits for later rows."""
        return iter(())

    def second_look(self) -> VasInterpreter | None:
        """An interpreter that knows of scores above ten; `None` where a second look would show nothing new."""
        known = self.bare.settled()
        return None if known is None else VasInterpreter(self.table, self.conversions, known)


def _require_possible(given: GivenNumber, value: float) -> None:
    if given.censored is not None or not 0 <= value <= _HIGHEST:
        text = f"pain is {given.text[:30]!r}, the scale goes from 0 to 10; one of 0 to 100 mm needs a conversion"
        raise TableError(text, code="outside-hard-limits")
