"""A clinical or histomorphometry table on its way from a file to records: raw cells, roles of columns, mapped rows."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from pydantic import Field, field_validator

from bonemetrics.records.base import Finite, Problem, Record, Side

TableKind = Literal["histomorphometry", "laboratory", "eq5d", "oswestry", "vas", "adverse-events", "fractures"]
"""What a table holds."""
DateOrder = Literal["dmy", "mdy", "ymd", "sas", "excel"]
"""Order of day, month and year; or what bare numbers count: days since 1960-01-01, or serial numbers of a sheet."""
Flaw = Literal["", "formula", "merged", "error"]


class TableMap(Record):
    """How one table is read; what a study states in [[tables]], less the names of its files.

    `columns` names, by role or by code of a quantity, the header of a column; an empty name leaves the role without
    one. `fixed` gives, by role, what holds for every row where no column says it; `tests` turns names of tests in the
    sheet into codes of quantities; `units` gives, by role or code, the unit of a column whose header does not. `where`
    gives, by header, the only contents with which a row is read, such as the flag of the records that count in a table
    of all of them.
    """

    kind: TableKind
    sheet: str | None = None
    header_row: int | None = Field(default=None, ge=1)
    delimiter: str | None = None
    encoding: str | None = None
    decimal: Literal[".", ","] | None = None
    dates: DateOrder | None = None
    columns: dict[str, str] = {}
    fixed: dict[str, str] = {}
    tests: dict[str, str] = {}
    units: dict[str, str] = {}
    where: dict[str, str | tuple[str, ...]] = {}

    @field_validator("delimiter")
    @classmethod
    def _is_one_sign(cls, text: str | None) -> str | None:
        if text is not None and text != "\\t" and (len(text) != 1 or text.isalnum() or text in "\"\r\n .-+'"):
            raise ValueError(f"{text!r} cannot stand between cells; write one sign, such as ';', or '\\t' for a tab")
        return text

    @field_validator("encoding")
    @classmethod
    def _is_known(cls, name: str | None) -> str | None:
        try:
            known = name is None or bool(codecs.lookup(name)._is_text_encoding)
        except (LookupError, ValueError):
            known = False
        if not known:
            raise ValueError(f"{name!r} is no encoding that is known, such as 'utf-8' or 'cp1252'")
        return name


class Wanted(Record):
    """A parameter that a protocol asks for, as far as a reader of tables needs to know it."""

    paramcd: str
    quantity: str
    site: str
    region: str | None = None
    side: Side | None = None
    unit: str
    version: Literal["3L", "5L"] | None = None
    value_set: str | None = None


class UnitConversion(Record):
    """An explicit rule: a value in `unit` times `factor` is one in the quantity's own unit; `source` says who says so.

    `quantity` is a code of the catalogue, or the test of a `Lab` value.
    """

    quantity: str = Field(min_length=1)
    unit: str = Field(min_length=1)
    factor: Finite = Field(gt=0)
    source: str = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class RawCell:
    """One cell as its file holds it.

    `text` is what a person sees, without the blanks around it; `number`, `day` and the `time` of that day (ISO text)
    are given where the file itself types its cells. A `formula` is not computed, `merged` stands for a cell that is
    covered by another, `error` for #REF! and the like.
    """

    text: str
    number: float | None = None
    day: date | None = None
    flaw: Flaw = ""
    time: str = ""


@dataclass(frozen=True, slots=True)
class RawRow:
    """One row; `line` counts from 1 as a spreadsheet or an editor shows it; `fault` says why its cells are unknown."""

    line: int
    cells: tuple[RawCell, ...]
    fault: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """What a column can be.

    `unit` is the one its numbers are wanted in, where the role fixes it; a header such as `B.Ar [mm2]` states its own.
    `synonyms` are headers that are taken for it without a map; capitals, blanks and underscores do not count.
    `doubtful` ones are not, where three or more of `rivals` have a header: there they mean something else. `partners`
    names for a synonym the only headers of the role `partner_of` that it belongs to: the unit of a collected result is
    none of an analysis value.

    A `flag` is true for `Y` alone, and false for an empty cell too. `limit_words` says that words such as `BLQ` are
    results of this role: below a limit, or above one.
    """

    name: str
    type: Literal["text", "number", "integer", "date", "time", "yes-no", "flag"]
    synonyms: tuple[str, ...] = ()
    required: bool = False
    unit: str = ""
    doubtful: tuple[str, ...] = ()
    rivals: tuple[tuple[str, ...], ...] = ()
    limit_words: bool = False
    partner_of: str = ""
    partners: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class GivenNumber:
    """A number as it was given: half a unit of its last digit, its text, and on which side of a limit it lies.

    `unit` is what the header of its column or the map states; empty where neither does. A word such as `BLQ` gives a
    side and no limit: `value` is then not a number.
    """

    value: float
    half_unit: float
    text: str
    censored: Literal["below", "above"] | None = None
    unit: str = ""


Given = str | bool | date | GivenNumber


@dataclass(frozen=True, slots=True)
class MappedRow:
    """A row by roles. A role that is in neither mapping was left empty; one in `problems` could not be understood.

    `times` are the times of day that stand behind dates, as ISO text.
    """

    line: int
    values: Mapping[str, Given]
    problems: Mapping[str, Problem] = field(default_factory=dict)
    times: Mapping[str, str] = field(default_factory=dict)
