"""SAS transport files as columns of numbers."""

from __future__ import annotations

import io
import math
import re
import struct
import warnings
from collections.abc import Mapping, Sequence

from bonemetrics.errors import ReadError

MAX_TRANSPORT_BYTES = 256 * 2**20
MAX_ROWS = 50_000
"""The largest table of the survey has about ten thousand lines."""
_RECORD = 80
_FIRST = re.compile(rb"HEADER RECORD\*{7}(?:LIBRARY |LIBV8   )HEADER RECORD!{7}")
_MEMBER = re.compile(rb"HEADER RECORD\*{7}(?:MEMBER  |MEMBV8  )HEADER RECORD!{7}")
_NAMES_AT = 7 * _RECORD
_NAMES = re.compile(rb"HEADER RECORD\*{7}(?:NAMESTR |NAMSTV8 )HEADER RECORD!{7}000000(\d{4})")
_NAME_BYTES = 140
_SMALLEST = 16.0**-65
"""The smallest normal number of an IBM mainframe. Some programs write or read it where zero is meant."""

Columns = Mapping[str, Sequence[float | None]]


def is_transport(start: bytes) -> bool:
    """Whether these are the first bytes of a SAS transport file."""
    return _FIRST.match(start) is not None


def numeric_columns(data: bytes) -> Columns:
    """The columns of numbers of a transport file with one table.

    Parameters
    ----------
    data
        All bytes, of version 5 or 8.

    Returns
    -------
    mapping
        Column by name in capitals; every kind of missing value (`.`, `._`, `.A` to `.Z`) is `None`.

    Raises
    ------
    ReadError
        `malformed-document`, `truncated-file`, `too-large`, or `results-not-understood` for several tables in one file
        and for columns of the same name.
    """
    _check_frame(data)
    names, columns = _parsed(data)
    if not all(names):
        raise ReadError("a column of the table has no name", code="malformed-document")
    folded = [name.upper() for name in names]
    if len(set(folded)) < len(folded) or any("_DUPLICATED" in name for name in folded):
        raise ReadError("two columns of the table have the same name", code="results-not-understood")
    rows = max((len(column) for column in columns.values()), default=0)
    if rows > MAX_ROWS:
        raise ReadError(f"more than {MAX_ROWS} lines, which no table of the survey has", code="too-large")
    _check_end(data, rows)
    return {
        name.upper(): [_number(cell) for cell in column]
        for name, column in columns.items()
        if all(cell is None or isinstance(cell, float) for cell in column)
    }


def _check_frame(data: bytes) -> None:
    if not is_transport(data):
        raise ReadError("not a SAS transport file", code="malformed-document")
    if len(data) > MAX_TRANSPORT_BYTES:
        raise ReadError(f"{len(data)} bytes, which no table of the survey has", code="too-large")
    if len(data) % _RECORD:
        raise ReadError("the file ends within a record of 80 bytes", code="truncated-file")
    # A parser that meets a second table takes its header for numbers.
    members = sum(found.start() % _RECORD == 0 for found in _MEMBER.finditer(data))
    if members > 1:
        raise ReadError(f"{members} tables in one file; save them one by one", code="results-not-understood")


def _parsed(data: bytes) -> tuple[list[str], dict[str, list[object]]]:
    """Names and columns; a name that begins with a zero byte comes as `None`, whatever the types of the library say."""
    # Loads in a third of a second, and only here.
    import pyreadstat

    try:
        with warnings.catch_warnings():
            # It warns of columns of the same name, which are refused later.
            warnings.simplefilter("ignore")
            columns, description = pyreadstat.read_xport(
                io.BytesIO(data),
                output_format="dict",
                encoding="ISO-8859-1",
                disable_datetime_conversion=True,
                row_limit=MAX_ROWS + 1,
            )
    except (pyreadstat.ReadstatError, UnicodeDecodeError, ValueError, OverflowError, MemoryError) as error:
        raise ReadError(
            f"not a readable SAS transport file ({type(error).__name__})", code="malformed-document"
        ) from None
    return list(description.column_names), dict(columns)


def _check_end(data: bytes, rows: int) -> None:
    """Whether the table ends with whole lines and blanks; the format counts no lines."""
    found = _NAMES.match(data, _NAMES_AT)
    if found is None:
        return
    start = _NAMES_AT + _RECORD
    widths = [
        struct.unpack_from(">h", data, start + index * _NAME_BYTES + 4)[0]
        for index in range(int(found[1]))
        if start + index * _NAME_BYTES + 6 <= len(data)
    ]
    names_end = start + -(-int(found[1]) * _NAME_BYTES // _RECORD) * _RECORD
    tail = data[names_end + _RECORD + rows * sum(widths) :]
    if tail.strip(b" ") or len(tail) >= _RECORD:
        raise ReadError("the table ends within a line", code="truncated-file")


def _number(cell: object) -> float | None:
    if not isinstance(cell, float) or not math.isfinite(cell):
        return None
    return 0.0 if abs(cell) <= _SMALLEST else cell
