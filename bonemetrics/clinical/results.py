"""The result of a row: as collected, standardised or analysed, as a number or a text, and which of them counts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from bonemetrics.clinical.head import number_of, text_of
from bonemetrics.clinical.units import scale_to
from bonemetrics.errors import TableError
from bonemetrics.records import GivenNumber, MappedRow, Problem, Role, UnitConversion, note

RESULT_ROLES = (
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
    Role(
        name="value",
        type="number",
        limit_words=True,
        synonyms=("AVAL", "LBORRES", "QSORRES", "VSORRES", "result", "resultado"),
    ),
    Role(
        name="unit",
        type="text",
        synonyms=("AVALU", "LBORRESU", "QSORRESU", "VSORRESU", "units", "unidad"),
        partner_of="value",
        partners=(
            ("AVALU", ("AVAL",)),
            ("LBORRESU", ("LBORRES",)),
            ("QSORRESU", ("QSORRES",)),
            ("VSORRESU", ("VSORRES",)),
            ("LBSTRESU", ("LBSTRESN", "LBSTRESC")),
            ("QSSTRESU", ("QSSTRESN", "QSSTRESC")),
            ("VSSTRESU", ("VSSTRESN", "VSSTRESC")),
        ),
    ),
    Role(name="standard_value", type="number", limit_words=True, synonyms=("LBSTRESN", "QSSTRESN", "VSSTRESN")),
    Role(name="standard_unit", type="text", synonyms=("LBSTRESU", "QSSTRESU", "VSSTRESU")),
    Role(name="derivation", type="text", synonyms=("DTYPE",)),
    Role(name="text_value", type="number", limit_words=True, synonyms=("AVALC",)),
    Role(name="standard_text", type="number", limit_words=True, synonyms=("LBSTRESC", "QSSTRESC", "VSSTRESC")),
    Role(name="collected_value", type="number", limit_words=True, synonyms=("LBORRES", "QSORRES", "VSORRES")),
    Role(name="collected_unit", type="text", synonyms=("LBORRESU", "QSORRESU", "VSORRESU")),
    Role(name="specimen", type="text", synonyms=("LBSPEC", "specimen type", "sample type")),
    Role(name="lower_limit", type="number", synonyms=("LBLLOQ", "LLOQ", "LLOD", "lower limit of quantification")),
    Role(name="upper_limit", type="number", synonyms=("LBULOQ", "ULOQ", "upper limit of quantification")),
)
"""`collected_value` is what stands beside an analysis value, where a table has both."""
STANDARD = ("standard_value", "standard_text")
"""Roles that are in the unit of SDTM's standard results."""
_TEXTS = ("value", "collected_value", "standard_text", "text_value")


@dataclass(frozen=True, slots=True)
class Result:
    """A number or a limit, its unit, and the role that it is from."""

    given: GivenNumber
    unit: str
    role: str

    @property
    def is_word(self) -> bool:
        """Whether it is a word such as `BLQ`, which states no limit."""
        return math.isnan(self.given.value)


def results_of(row: MappedRow, own_unit: str) -> list[Result]:
    """What a row with one test gives, the first that counts before the others.

    Parameters
    ----------
    row
        By roles.
    own_unit
        Unit of `value`, from the row, the map or the name of the test.

    Returns
    -------
    list of Result
        Where any of them is a limit or a word such as `BLQ`, a number beside it is an imputed one: only limits are
        there then. Empty for a row without a result.

    Raises
    ------
    TableError
        Where no result can be read.
    """
    standard = text_of(row, "standard_unit")
    collected = text_of(row, "collected_unit")
    units = {"value": own_unit, "standard_value": standard, "text_value": own_unit, "standard_text": standard}
    units["collected_value"] = collected
    found = [
        Result(given, given.unit or unit, role)
        for role, unit in units.items()
        if (given := number_of(row, role)) is not None
    ]
    if limits := [one for one in found if one.given.censored is not None]:
        return sorted(limits, key=lambda one: one.is_word)
    left_out = {"collected_value"}
    if not own_unit and number_of(row, "value") is not None:
        # An analysis value without a unit is not the collected one that stands beside it with a unit.
        left_out.update(STANDARD)
    found = [one for one in found if one.role not in left_out]
    for role in (*_TEXTS, "standard_value"):
        if not found and role in row.problems:
            raise TableError(row.problems[role].message, code=row.problems[role].code)
    return found


def doubts_of(row: MappedRow) -> list[Problem]:
    """Notes on texts of a result that cannot be read beside a number that can.

    Raises
    ------
    TableError
        `not-a-number` for a text that is no number at all: the number beside it may stand for anything.
    """
    told = []
    for role in _TEXTS:
        problem = row.problems.get(role)
        if problem is None:
            continue
        if problem.code == "not-a-number":
            text = (
                f"{problem.message}, so the number beside it may be made up; an empty name in [tables.columns] leaves"
            )
            raise TableError(f"{text} {role!r} out", code="not-a-number")
        told.append(note("cell-refused", f"{problem.message}; the number beside it was taken"))
    return told


def limit_of(
    row: MappedRow, result: Result, wanted: str, *, names: Sequence[str], conversions: Sequence[UnitConversion]
) -> float | None:
    """The limit that a column of its own states for a word such as `BLQ`.

    Parameters
    ----------
    row
        By roles.
    result
        A word, and on which side of the limit the result lies.
    wanted
        Unit of the quantity.
    names
        What a rule may be stated for.
    conversions
        Rules of the protocol.

    Returns
    -------
    float or None
        In `wanted`; `None` where no limit is stated, or none in a unit that is known. SDTM states it in the standard
        unit.
    """
    stated = number_of(row, "lower_limit" if result.given.censored == "below" else "upper_limit")
    if stated is None or stated.censored is not None:
        return None
    unit = stated.unit or text_of(row, "standard_unit") or result.unit
    try:
        return stated.value * scale_to(wanted, unit, names=names, conversions=conversions).factor
    except TableError:
        return None
