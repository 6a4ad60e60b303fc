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
)
from bonemetrics.clinical.units import scale_to
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
    ),
    Role(name="original_value", type="number", synonyms=("QSORRES",)),
    Role(name="unit", type="text", synonyms=("AVALU", "QSSTRESU", "units")),
)


@dataclass(slots=True)
class VasInterpreter:
    """Makes observations of rows of pain scores; of a sheet of many questionnaires it takes those of pain.

    Parameters
    ----------
    table
        The study's map of the sheet; `tests` says what names of items mean.
    conversions
        Rules of the protocol; a scale in millimetres needs one.
    """

    table: TableMap
    conversions: Sequence[UnitConversion]
    roles: tuple[Role, ...] = field(init=False, default=(*SUBJECT_ROLES, *WHEN_ROLES, READER_ROLE, *_ROLES))

    def take(self, row: MappedRow) -> RowOutcome:
        """One score."""
        test = text_of(row, "test")
        if test and canonical_code(look_up(test, self.table.tests) or test) != QUANTITY:
            return RowOutcome(row.line, (), (note("test-not-wanted", f"test {test[:40]!r} is none of pain"),))
        faults = unread(row, ("subject", "visit", "date", "study_day", "unit"))
        given = number_of(row, "value") or number_of(row, "original_value")
        if given is None:
            faults += unread(row, ("value", "original_value"))[:1]
        if faults:
            return RowOutcome(row.line, (), tuple(dict.fromkeys(faults)))
        if given is None:
            return nothing_in(row)
        try:
            head = head_of(row)
            unit = given.unit or text_of(row, "unit") or look_up("value", self.table.units) or ""
            scale = scale_to("1", unit, names=(QUANTITY,), conversions=self.conversions, may_be_bare=True)
            value = given.value * scale.factor
            _require_possible(given, value)
        except TableError as error:
            return refused(row, error)
        told = (note("unit-converted", f"from {unit} by the factor {scale.factor:g} ({scale.source})"),)
        return RowOutcome(
            row.line,
            (
                Observation(
                    kind="vas",
                    subject=head.subject,
                    visit=head.visit,
                    day=head.day,
                    study_day=head.study_day,
                    reader=head.reader,
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
        )

    def finish(self) -> Iterator[RowOutcome]:
        """Nothing waits for later rows."""
        return iter(())


def _require_possible(given: GivenNumber, value: float) -> None:
    if given.censored is not None or not 0 <= value <= _HIGHEST:
        text = f"pain is {given.text[:30]!r}, the scale goes from 0 to 10; one of 0 to 100 mm needs a conversion"
        raise TableError(text, code="outside-hard-limits")
