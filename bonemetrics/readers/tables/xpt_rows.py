"""Rows of a SAS transport file."""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from bonemetrics.errors import ReadError
from bonemetrics.readers.files import whole_file
from bonemetrics.records import RawCell, RawRow

MAX_TRANSPORT_BYTES = 512 * 2**20
_EPOCH = date(1960, 1, 1)
_SECONDS_A_DAY = 86_400
_DATES = ("DATE", "YYMMDD", "MMDDYY", "DDMMYY", "E8601DA", "IS8601DA", "B8601DA")
_DATE_TIMES = ("DATETIME", "E8601DT", "IS8601DT")


def xpt_rows(path: Path) -> Iterator[RawRow]:
    """Names of the columns, then the rows; SAS counts rows from 1, and so do these lines behind the header.

    Parameters
    ----------
    path
        Of version 5 or 8, with one table.

    Yields
    ------
    RawRow
        Line 1 is the header. A number is a date only where its format says so.

    Raises
    ------
    ReadError
        `malformed-document` or `too-large`.
    """
    import pyreadstat

    data = whole_file(path, most_bytes=MAX_TRANSPORT_BYTES)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            columns, facts = pyreadstat.read_xport(
                io.BytesIO(data), output_format="dict", disable_datetime_conversion=True
            )
    except (pyreadstat.ReadstatError, UnicodeDecodeError, ValueError, OverflowError, MemoryError) as error:
        raise ReadError(
            f"not a readable SAS transport file ({type(error).__name__})", code="malformed-document"
        ) from None
    names = list(facts.column_names)
    formats = [str(facts.original_variable_types.get(name, "")).upper() for name in names]
    values = [list(columns[name]) for name in names]
    yield RawRow(1, tuple(RawCell(name) for name in names))
    for line, row in enumerate(zip(*values, strict=True), start=2):
        yield RawRow(line, tuple(_cell(value, form) for value, form in zip(row, formats, strict=True)))


def _cell(value: object, form: str) -> RawCell:
    if isinstance(value, str):
        return RawCell(value.strip())
    if not isinstance(value, float | int) or not math.isfinite(value):
        return RawCell("")
    if form.startswith(_DATE_TIMES):
        return _day(value / _SECONDS_A_DAY)
    if form.startswith(_DATES):
        return _day(value)
    return RawCell(repr(float(value)).removesuffix(".0"), number=float(value))


def _day(days: float) -> RawCell:
    try:
        found = _EPOCH + timedelta(days=math.floor(days))
    except OverflowError:
        return RawCell("a date beyond the calendar")
    return RawCell(found.isoformat(), day=found)
