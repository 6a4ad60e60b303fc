"""Rows of a text table: encoding, delimiter and quoted cells."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from bonemetrics.errors import ReadError
from bonemetrics.readers.files import whole_file
from bonemetrics.records import RawCell, RawRow, TableMap

MAX_TEXT_BYTES = 1024 * 2**20
_LARGEST_CELL = 1 << 16
_DELIMITERS = (",", ";", "\t", "|")
_SAMPLE_LINES = 25


def csv_text(path: Path, table: TableMap) -> str:
    """The text of a file, without the byte order mark.

    Parameters
    ----------
    path
        The file.
    table
        May state the encoding; else UTF-8, UTF-16 with its mark, or Windows-1252.

    Raises
    ------
    ReadError
        `too-large`, or `malformed-document` where it is no text.
    """
    data = whole_file(path, most_bytes=MAX_TEXT_BYTES)
    if table.encoding is not None:
        names: tuple[str, ...] = (table.encoding,)
    elif data.startswith((b"\xff\xfe", b"\xfe\xff")):
        names = ("utf-16",)
    else:
        names = ("utf-8-sig", "cp1252")
    for name in names:
        try:
            text = data.decode(name)
        except (UnicodeDecodeError, LookupError):
            continue
        if "\0" in text:
            break
        return text
    raise ReadError(f"the file is no text in {' or '.join(names)}; state 'encoding'", code="malformed-document")


def delimiter_of(text: str, table: TableMap) -> str:
    """The sign between cells: the stated one, or the one that splits the first lines into most cells alike."""
    if table.delimiter is not None:
        return "\t" if table.delimiter == "\\t" else table.delimiter
    sample = [line for line in text[: 1 << 16].splitlines() if line.strip()][:_SAMPLE_LINES]
    best = {sign: _alike(sample, sign) for sign in _DELIMITERS}
    return max(_DELIMITERS, key=lambda sign: best[sign])


def _alike(lines: list[str], sign: str) -> tuple[int, int]:
    """How many lines have the most frequent number of cells (two or more), and that number."""
    counts: dict[int, int] = {}
    try:
        for row in csv.reader(lines, delimiter=sign):
            counts[len(row)] = counts.get(len(row), 0) + 1
    except csv.Error:
        return 0, 0
    several = {cells: lines for cells, lines in counts.items() if cells > 1}
    if not several:
        return 0, 0
    cells = max(several, key=lambda one: (several[one], one))
    return several[cells], cells


def csv_rows(text: str, delimiter: str) -> Iterator[RawRow]:
    """Rows one by one; `line` is where a row starts.

    Parameters
    ----------
    text
        Of the file.
    delimiter
        Between cells.

    Yields
    ------
    RawRow
        Empty lines included, so that rows keep their numbers.

    Raises
    ------
    ReadError
        `malformed-document`, for a quote that is never closed or a cell of more than 64 KiB.
    """
    csv.field_size_limit(_LARGEST_CELL)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    while True:
        try:
            row = next(rows, None)
        except csv.Error as error:
            raise ReadError(f"line {line}: {error}", code="malformed-document") from None
        if row is None:
            return
        yield RawRow(line, tuple(RawCell(cell.strip()) for cell in row))
        line = rows.line_num + 1
