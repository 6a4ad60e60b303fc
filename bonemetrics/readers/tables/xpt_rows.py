"""Rows of a SAS transport file."""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, cast

from bonemetrics.errors import ReadError
from bonemetrics.readers.files import whole_file
from bonemetrics.readers.tables.clock import clock
from bonemetrics.records import RawCell, RawRow, TableMap

MAX_TRANSPORT_BYTES = 512 * 2**20
_EPOCH = date(1960, 1, 1)
_SECONDS_A_DAY = 86_400
_RECORD = 80
_MEMBER = b"HEADER RECORD*******MEMB"
_ROWS = b"HEADER RECORD*******OBS"
_DATES = ("DATE", "YYMMDD", "MMDDYY", "DDMMYY", "E8601DA", "IS8601DA", "B8601DA")
_TIMES = ("TIME", "E8601TM", "IS8601TM", "HHMM", "TOD")
_DATE_TIMES = ("DATETIME", "E8601DT", "IS8601DT")


def xpt_rows(path: Path, table: TableMap) -> Iterator[RawRow]:
    """Names of the columns, then the rows; SAS counts rows from 1, and so do these lines behind the header.

    Parameters
    ----------
    path
        Of version 5 or 8, with one table.
    table
        May state the encoding; else UTF-8 or Windows-1252.

    Yields
    ------
    RawRow
        Line 1 is the header. A number is a date only where its format says so; SAS's missing codes are empty cells.

    Raises
    ------
    ReadError
        `malformed-document`, `truncated-file`, `unsupported-format` for a file of several tables, or `too-large`.
    """
    data = whole_file(path, most_bytes=MAX_TRANSPORT_BYTES)
    _require_one_table(data)
    columns, facts = _parsed(data, table)
    _require_whole_rows(data, sum(facts.variable_storage_width.values()))
    names = list(facts.column_names)
    if not all(names):
        raise ReadError("a column of the table has no name", code="malformed-document")
    formats = [str(facts.original_variable_types.get(name, "")).upper() for name in names]
    values = [list(columns[name]) for name in names]
    yield RawRow(1, tuple(RawCell(name) for name in names))
    for line, row in enumerate(zip(*values, strict=True), start=2):
        yield RawRow(line, tuple(_cell(value, form) for value, form in zip(row, formats, strict=True)))


def _parsed(data: bytes, table: TableMap) -> tuple[Any, Any]:
    import pyreadstat

    names = ("utf-8", "cp1252") if table.encoding is None else (table.encoding,)
    for name in names:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return cast(
                    tuple[Any, Any],
                    pyreadstat.read_xport(
                        io.BytesIO(data), output_format="dict", disable_datetime_conversion=True, encoding=name
                    ),
                )
        except (UnicodeDecodeError, pyreadstat.ReadstatError) as error:
            fault: Exception = error
        except (ValueError, TypeError, OverflowError, MemoryError) as error:
            fault = error
            break
    told = f"not a readable SAS transport file with texts in {' or '.join(names)} ({type(fault).__name__})"
    raise ReadError(told, code="malformed-document")


def _require_one_table(data: bytes) -> None:
    """The library reads on from one table into the next as if it were rows."""
    if len(data) % _RECORD:
        raise ReadError("the file ends within a record of 80 bytes", code="truncated-file")
    count, place = 0, data.find(_MEMBER)
    while place >= 0:
        count += place % _RECORD == 0
        place = data.find(_MEMBER, place + 1)
    if count > 1:
        raise ReadError(f"{count} tables in one transport file; write each to its own", code="unsupported-format")


def _require_whole_rows(data: bytes, width: int) -> None:
    """Behind the last whole row there may be blanks and nothing else."""
    place = data.find(_ROWS)
    while place >= 0 and place % _RECORD:
        place = data.find(_ROWS, place + 1)
    rows = data[place + _RECORD :] if place >= 0 else b""
    if width <= 0 or (len(rows) % width and rows[-(len(rows) % width) :].strip(b" ")):
        raise ReadError("the file ends within a row", code="truncated-file")


def _cell(value: object, form: str) -> RawCell:
    if isinstance(value, str):
        return RawCell(value.strip())
    if not isinstance(value, float | int) or not math.isfinite(value):
        return RawCell("")
    if form.startswith(_DATE_TIMES):
        return replace(_day(value / _SECONDS_A_DAY), time=clock(value))
    if form.startswith(_DATES):
        return _day(value)
    if form.startswith(_TIMES):
        return RawCell(clock(value))
    return RawCell(repr(float(value)).removesuffix(".0"), number=float(value))


def _day(days: float) -> RawCell:
    try:
        found = _EPOCH + timedelta(days=math.floor(days))
    except OverflowError:
        return RawCell("a date beyond the calendar")
    return RawCell(found.isoformat(), day=found)
