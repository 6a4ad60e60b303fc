"""The content tree of a DICOM Structured Report, read whole within bounds and without any template in mind."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa.dates import written_date
from bonemetrics.readers.dxa.dicom_text import encoding_of, worded
from bonemetrics.readers.elements import Elements, items

MAX_CONTENT_BYTES = 2 << 20
MAX_ITEMS = 20_000
MAX_DEPTH = 16
MAX_WALKED_BYTES = 8 << 20
"""Sum over all levels: where lengths are undefined, finding the end of a sequence walks through all levels below."""
_CONTENT, _VALUE_TYPE, _RELATION, _NAME, _REFERENCE = 0x0040A730, 0x0040A040, 0x0040A010, 0x0040A043, 0x0040DB73
_MEASURED, _NUMERIC, _UNITS, _QUALIFIER = 0x0040A300, 0x0040A30A, 0x004008EA, 0x0040A301
_FLOAT, _NUMERATOR, _DENOMINATOR = 0x0040A161, 0x0040A162, 0x0040A163
_TEXT, _CONCEPT, _DATE, _DATE_TIME, _OBSERVED = 0x0040A160, 0x0040A168, 0x0040A121, 0x0040A120, 0x0040A032
_CODE_VALUES, _SCHEME, _MEANING = (0x00080100, 0x00080119, 0x00080120), 0x00080102, 0x00080104
_LONGEST_VALUE = 64


@dataclass(frozen=True, slots=True)
class Code:
    """A coded concept; empty where there is none."""

    value: str = ""
    scheme: str = ""
    meaning: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A measured value as it stands: the decimal text, and the exact value where the file gives one beside it."""

    text: str
    exact: float | None
    unit: Code | None
    is_qualified: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One content item. `place` counts items from 1 on each level, as DICOM does for references: `1.2.3`."""

    kind: str
    relation: str
    name: Code
    place: str
    number: Number | None = None
    text: str = field(default="", repr=False)
    code: Code = Code()
    day: date | None = None
    observed: date | None = None
    children: tuple[Item, ...] = ()


@dataclass(slots=True)
class _Budget:
    items: int = MAX_ITEMS
    walked: int = MAX_WALKED_BYTES


def read_tree(found: Elements) -> Item:
    """The root of the content tree with all items below it; items by reference are passed over.

    Parameters
    ----------
    found
        The data set of the report.

    Raises
    ------
    ReadError
        `too-large` above 2 MiB, 8 MiB summed over all levels, or 20,000 items; `sequence-too-deep` above 16 levels; or
        where a sequence is malformed.
    """
    place = found.index.get(_CONTENT)
    if place is not None and place.length > MAX_CONTENT_BYTES:
        raise ReadError(f"a report content of {place.length} bytes", code="too-large")
    return _item(found, "1", encoding_of(found), _Budget())


def _item(found: Elements, place: str, encoding: str, budget: _Budget) -> Item:
    kind = worded(found, _VALUE_TYPE, encoding).upper()
    return Item(
        kind=kind,
        relation=worded(found, _RELATION, encoding).upper(),
        name=_code(found, _NAME, encoding) or Code(),
        place=place,
        number=_number(found, encoding) if kind == "NUM" else None,
        text=worded(found, _TEXT, encoding) if kind == "TEXT" else "",
        code=(_code(found, _CONCEPT, encoding) or Code()) if kind == "CODE" else Code(),
        day=_day(found, _DATE if kind == "DATE" else _DATE_TIME) if kind in ("DATE", "DATETIME") else None,
        observed=_day(found, _OBSERVED),
        children=_children(found, place, encoding, budget),
    )


def _children(found: Elements, place: str, encoding: str, budget: _Budget) -> tuple[Item, ...]:
    content = found.index.get(_CONTENT)
    budget.walked -= 0 if content is None else content.length
    if budget.walked < 0:
        raise ReadError("report content of more bytes on more levels than any report has", code="too-large")
    below = items(found, _CONTENT, limit=budget.items)
    budget.items -= len(below)
    if below and place.count(".") + 1 >= MAX_DEPTH:
        raise ReadError(f"report content nested deeper than {MAX_DEPTH} levels", code="sequence-too-deep")
    numbered = ((f"{place}.{count}", item) for count, item in enumerate(below, start=1))
    return tuple(_item(item, where, encoding, budget) for where, item in numbered if _REFERENCE not in item.index)


def _code(found: Elements, tag: int, encoding: str) -> Code | None:
    first = next(iter(items(found, tag, limit=16)), None)
    if first is None:
        return None
    values = (worded(first, value, encoding) for value in _CODE_VALUES)
    return Code(
        next((value for value in values if value), ""),
        worded(first, _SCHEME, encoding),
        worded(first, _MEANING, encoding),
    )


def _number(found: Elements, encoding: str) -> Number | None:
    """The measured value; `None` where the item has none, or has several and does not say which one is meant."""
    measured = items(found, _MEASURED, limit=16)
    if len(measured) != 1:
        return None
    own = measured[0]
    return Number(
        text=worded(own, _NUMERIC, encoding)[:_LONGEST_VALUE],
        exact=_exact(own),
        unit=_code(own, _UNITS, encoding),
        is_qualified=bool(items(found, _QUALIFIER, limit=16)),
    )


def _exact(own: Elements) -> float | None:
    order = "<" if own.little else ">"
    raw = own.raw(_FLOAT) or b""
    if len(raw) == 8:
        return float(struct.unpack(f"{order}d", raw)[0])
    above, below = own.raw(_NUMERATOR) or b"", own.raw(_DENOMINATOR) or b""
    if len(above) == len(below) == 4:
        numerator, denominator = struct.unpack(f"{order}iI", above + below)
        return float(Fraction(numerator, denominator)) if denominator else None
    return None


def _day(found: Elements, tag: int) -> date | None:
    written = written_date(worded(found, tag, "latin-1")[:8])
    return None if written is None else written.day
