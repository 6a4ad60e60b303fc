"""SAS transport files, version 5, as regulators and SAS take them."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bonemetrics.atomic import write_atomic
from bonemetrics.errors import ExportError
from bonemetrics.outcomes.formats.moment import last_change
from bonemetrics.outcomes.formats.names import free_name, xpt_names, xpt_table_name
from bonemetrics.outcomes.formats.normalise import BLANKS
from bonemetrics.outcomes.formats.titles import title_of
from bonemetrics.outcomes.formats.xpt_rows import CARD, Cells, Numbers, Texts, row_bytes
from bonemetrics.outcomes.table import Cell, Column, Table

__all__ = ["write_xpt", "xpt_names", "xpt_table_name"]

MAX_TEXT, MAX_LABEL = 200, 40
"""Bytes of a text, and of a label."""
LONGEST = 2000
"""Bytes that a text may have over all its columns; each of them makes every row of the table longer."""
SMALLEST, LARGEST = 2.0**-260, 2.0**249
"""Sizes that a number lies between. The smallest is 16**-65, as which pandas reads zero; from the largest on, ReadStat
writes another number, though IBM doubles go up to 16**63: what reads such a file could not write it again."""
_LARGEST_INTEGER = 2**53
_SAS_EPOCH = date(1960, 1, 1).toordinal()
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_TIMES = tuple(
    slice(card * CARD + first, card * CARD + first + 16) for card, first in ((1, 64), (2, 0), (5, 64), (6, 0))
)
"""Where created and modified stand, of the library and of its one table."""


@dataclass(frozen=True, slots=True, eq=False)
class _Variable:
    name: str
    label: str
    cells: Cells
    format: str = ""


def write_xpt(table: Table, path: Path, *, facts: Mapping[str, str]) -> Path:
    """Write a table as SAS transport file, version 5.

    Columns have the names of `xpt_names`; a label is the column's, cut to 40 bytes and then ending in `...`, with the
    full name before it where that was cut. Numbers and integers are IBM doubles: their mantissa of 56 bits holds the 53
    bits of an IEEE double at every exponent of 16, so each number in range comes back the same. Dates are days since
    1 January 1960 with format `DATE9.`. Missing is `.` or blank. Text is UTF-8 without blanks at its end. A text of
    more than 200 bytes goes on in columns named like its own with 1, 2 … at the end, cut at characters and never after
    a blank, so that joining the columns gives the text again.

    Parameters
    ----------
    table
        What to write.
    path
        File to make or replace.
    facts
        With `last_change`, the time in the file's header.

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    ExportError
        `too-long-for-format` for a text of more than 2000 bytes. `not-in-format` for a number that is not zero and not
        between 5.4e-79 and 9.0e74; for an integer that is no IEEE double; for text that holds NUL, is no Unicode, or is
        long and has 200 blanks in a row; for a table of text alone whose last row is empty, which a reader would take
        for the end of the file.

    Notes
    -----
    The format does not count its rows: it ends in blanks up to 80 bytes. Rows of at most 80 bytes would leave it open
    whether the last of them are data, so a column of text is widened until a row has more.
    """
    variables = _told_from_the_end(_variables(table), table.name)
    with tempfile.TemporaryDirectory(prefix=f".{path.name}-", dir=path.parent) as folder:
        head = bytearray(_head(variables, table, Path(folder) / "head.xpt"))
    when = _sas_time(last_change(facts))
    for place in _TIMES:
        head[place] = when
    write_atomic(path, b"".join((head, row_bytes((one.cells for one in variables), len(table.rows)).data)))
    return path


def _head(variables: Sequence[_Variable], table: Table, path: Path) -> bytes:
    """What stands before the rows, as ReadStat writes it for one row of texts as wide as the table's widest."""
    import pandas as pd
    import pyreadstat

    rows = table.rows[:1]
    columns = {
        one.name: pd.Series(["x" * one.cells.width for _ in rows], dtype=object)
        if isinstance(one.cells, Texts)
        else pd.Series([0.0 for _ in rows], dtype=np.float64)
        for one in variables
    }
    pyreadstat.write_xport(
        pd.DataFrame(columns),
        path,
        file_label=_cut(title_of(table.name).title),
        column_labels=[one.label for one in variables],
        table_name=xpt_table_name(table.name),
        file_format_version=5,
        variable_format={one.name: one.format for one in variables if one.format},
    )
    data = path.read_bytes()
    cards = math.ceil(len(rows) * sum(one.cells.width for one in variables) / CARD)
    return data[: len(data) - cards * CARD]


def _sas_time(when: datetime) -> bytes:
    return f"{when:%d}{_MONTHS[when.month - 1]}{when:%y:%H:%M:%S}".encode("ascii")


def _variables(table: Table) -> list[_Variable]:
    names = xpt_names(table.columns)
    taken = set(names.values())
    found: list[_Variable] = []
    for place, column in enumerate(table.columns):
        cells = table.cells(place)
        name, label = names[column.name], _label(column, names[column.name])
        if column.type == "text":
            for number, part in enumerate(_text_parts(cells, f"column {column.name} of {table.name}")):
                own = name if number == 0 else free_name(name, "", taken, start=number)
                taken.add(own)
                found.append(_Variable(own, label if number == 0 else _cut(f"{name} continued: {column.label}"), part))
        elif column.type == "date":
            found.append(_Variable(name, label, Numbers(_days(cells)), "DATE9."))
        else:
            found.append(_Variable(name, label, Numbers(_numbers(cells, column, table.name))))
    return found


def _told_from_the_end(variables: Sequence[_Variable], table: str) -> Sequence[_Variable]:
    """The variables, one of them widened where rows would be so short that a reader cannot tell where they end."""
    texts = [one.cells for one in variables if isinstance(one.cells, Texts)]
    if not texts or not len(texts[0]):
        return variables
    if len(texts) == len(variables) and not any(one.encoded[one.cells[-1]] for one in texts):
        text = f"the last row of {table} is empty, which SAS would take for the end of the file"
        raise ExportError(text, code="not-in-format")
    missing = CARD + 1 - sum(one.cells.width for one in variables)
    if missing <= 0:
        return variables
    first = next(place for place, one in enumerate(variables) if one.cells is texts[0])
    wide = replace(variables[first], cells=replace(texts[0], width=texts[0].width + missing))
    return [*variables[:first], wide, *variables[first + 1 :]]


def _label(column: Column, short: str) -> str:
    return _cut(column.label if column.name.upper() == short else f"{column.name}: {column.label}")


def _cut(label: str) -> str:
    """At most 40 bytes; a label that was cut says so."""
    if len(label.encode()) <= MAX_LABEL:
        return label
    return label.encode()[: MAX_LABEL - 3].decode("utf-8", errors="ignore") + "..."


def _days(cells: Sequence[Cell]) -> npt.NDArray[np.float64]:
    return np.array([cell.toordinal() - _SAS_EPOCH if isinstance(cell, date) else np.nan for cell in cells], np.float64)


def _numbers(cells: Sequence[Any], column: Column, table: str) -> npt.NDArray[np.float64]:
    numbers = np.array(cells, dtype=np.float64)
    where = f"column {column.name} of {table}"
    if np.count_nonzero(~np.isfinite(numbers)) != cells.count(None):
        raise TypeError(f"{where} holds a number that is not finite; a missing one is empty")
    size = np.abs(numbers)
    outside = np.flatnonzero(((size <= SMALLEST) & (size > 0)) | (size >= LARGEST))
    if outside.size:
        text = (
            f"{where}, row {outside[0] + 1}, holds a number that a SAS transport file cannot hold (5.4e-79 to 9.0e74)"
        )
        raise ExportError(f"{text}; take another format", code="not-in-format")
    for row in np.flatnonzero(size >= _LARGEST_INTEGER).tolist():
        if isinstance(cells[row], int) and int(float(cells[row])) != cells[row]:
            text = f"{where}, row {row + 1}, holds an integer that SAS would round; take another format"
            raise ExportError(text, code="not-in-format")
    return numbers


def _text_parts(cells: Sequence[Any], where: str) -> list[Texts]:
    """The texts, and what of them goes on in further columns."""
    # Each text once, in the order in which they stand: columns repeat few of them many times.
    texts = {cell: "" if cell is None else cell.rstrip(BLANKS) for cell in dict.fromkeys(cells)}
    _require_text("".join(texts.values()), where)
    parts = {cell: _split(text, where) for cell, text in texts.items()}
    return [_texts(cells, parts, number) for number in range(max(map(len, parts.values()), default=1))]


def _texts(cells: Sequence[Cell], parts: Mapping[Cell, Sequence[bytes]], number: int) -> Texts:
    encoded = {cell: own[number] if number < len(own) else b"" for cell, own in parts.items()}
    return Texts(cells, encoded, max(1, *map(len, encoded.values())) if encoded else 1)


def _require_text(text: str, where: str) -> None:
    if "\0" in text:
        raise ExportError(f"{where} holds a NUL character, at which SAS ends a text", code="not-in-format")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise ExportError(f"{where} holds text that is no Unicode", code="not-in-format") from None


def _split(text: str, where: str) -> list[bytes]:
    left = text.encode()
    if len(text) * 4 <= MAX_TEXT:
        return [left]
    if len(left) > LONGEST:
        told = f"{where} holds a text of more than {LONGEST} bytes; shorten it or take another format"
        raise ExportError(told, code="too-long-for-format")
    parts: list[bytes] = []
    while len(left) > MAX_TEXT:
        part = left[:MAX_TEXT].decode("utf-8", errors="ignore").rstrip(BLANKS).encode()
        if not part:
            raise ExportError(f"{where} holds a text with 200 blanks in a row", code="not-in-format")
        parts.append(part)
        left = left[len(part) :]
    return [*parts, left]
