"""Questionnaires that come one item a row, as SDTM QS has them: items are put together by person and day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from bonemetrics.clinical.head import Head, head_of, number_of, text_of
from bonemetrics.clinical.stated import Flags, flags_of, flags_of_all
from bonemetrics.errors import TableError
from bonemetrics.records import GivenNumber, MappedRow, Problem, Role, refusal

ITEM_ROLES = (
    Role(name="test", type="text", synonyms=("QSTESTCD", "PARAMCD")),
    Role(name="value", type="number", synonyms=("AVAL", "QSSTRESN")),
    Role(name="original_value", type="number", synonyms=("QSORRES",)),
)
"""One item of a questionnaire a row; the standardised number counts before the original."""


def item_of(row: MappedRow) -> GivenNumber | None:
    """The number of the row's item; `None` where it was not answered.

    Raises
    ------
    TableError
        If neither number can be read.
    """
    found = number_of(row, "value") or number_of(row, "original_value")
    if found is None:
        for name in ("value", "original_value"):
            if name in row.problems:
                raise TableError(row.problems[name].message, code=row.problems[name].code)
    return found


@dataclass(slots=True)
class Sitting:
    """What one person answered on one day, by name of item; `line` is that of the first row."""

    head: Head
    line: int
    items: dict[str, GivenNumber] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)
    flagged: set[Flags] = field(default_factory=set)

    @property
    def flags(self) -> Flags:
        """Those that all rows of the sitting have."""
        return flags_of_all(self.flagged)


@dataclass(slots=True)
class Sittings:
    """All sittings of a sheet."""

    found: dict[tuple[str, ...], Sitting] = field(default_factory=dict)

    def add(self, row: MappedRow, name: str) -> Problem | None:
        """Put the item of a row into its sitting.

        Parameters
        ----------
        row
            With a test and a value.
        name
            What the item is called here.

        Returns
        -------
        Problem or None
            Why the row could not be taken, such as an item that was answered twice in different ways.

        Raises
        ------
        TableError
            Without a subject, or where the number cannot be read.
        """
        head = head_of(row)
        key = (*head.key, head.reader)
        if key not in self.found:
            # Numbers of rows tell items apart, not sittings.
            self.found[key] = Sitting(replace(head, sequence=""), row.line)
        sitting = self.found[key]
        sitting.flagged.add(flags_of(row))
        value = item_of(row)
        earlier = sitting.items.get(name)
        sitting.asked.add(name)
        if value is None:
            return None
        if earlier is not None and earlier.value != value.value:
            text = (
                f"{text_of(row, 'test')} is {value.text[:20]!r}, an earlier row of the same day says {earlier.text!r}"
            )
            # Nothing tells which of the two is right, so neither counts.
            sitting.items[name] = GivenNumber(float("nan"), 0.0, "contradicted")
            return refusal(TableError(text, code="contradicting-row"))
        sitting.items[name] = value
        return None

    def __iter__(self) -> Iterator[Sitting]:
        return iter(self.found.values())
