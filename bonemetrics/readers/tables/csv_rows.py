"""Rows of a text table: encoding, delimiter and quoted cells."""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bonemetrics.errors import ReadError
from bonemetrics.readers.files import whole_file
from bonemetrics.records import RawCell, RawRow, TableMap

MAX_TEXT_BYTES = 1024 * 2**20
_LARGEST_CELL = 1 << 16
_LONGEST_LINE = 1 << 23
_MOST_SWALLOWING = 1000
_DELIMITERS = (",", ";", "\t", "|")
_SAMPLE_LINES = 25


@dataclass(frozen=True, slots=True)
class Text:
    """A file as text without the byte order mark, and the encoding it was read in."""

    text: str
    encoding: str


def csv_text(path: Path, table: TableMap) -> Text:
    """The text of a file.

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
    found = _decoded(data, table.encoding)
    if (place := found.text.find("\0")) >= 0:
        line = found.text.count("\n", 0, place) + 1
        raise ReadError(f"line {line} holds a null character; the file is no text", code="malformed-document")
    return found


def _decoded(data: bytes, stated: str | None) -> Text:
    names: tuple[str, ...] = ("utf-8", "cp1252")
    if stated is not None:
        names = (stated,)
    elif data.startswith((b"\xff\xfe", b"\xfe\xff")):
        names = ("utf-16",)
    for name in names:
        try:
            text = data.decode(name)
        except (UnicodeError, LookupError, ValueError):
            if name == "utf-8" and stated is None:
                _require_no_mixture(data)
            continue
        return Text(text.removeprefix("\ufeff"), name)
    raise ReadError(f"the file is no text in {' or '.join(names)}; state 'encoding'", code="malformed-document")


def _require_no_mixture(data: bytes) -> None:
    """Refuse UTF-8 with a damaged sign: as Windows-1252 all its other signs would come out wrong."""
    text = data.decode("utf-8", "surrogateescape")
    damaged = len(re.findall("[\udc80-\udcff]+", text))
    whole = len(re.findall("[^\x00-\x7f\udc80-\udcff]+", text))
    if whole > damaged:
        place = text.count("\n", 0, re.search("[\udc80-\udcff]", text).start()) + 1  # type: ignore[union-attr]  # damaged
        told = f"line {place} is not in UTF-8, but the rest of the file is; save it anew or state 'encoding'"
        raise ReadError(told, code="malformed-document")


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
        Empty lines included, so that rows keep their numbers. A line whose quotes do not close, or that seems to
        swallow the rows behind it, has a `fault` and no cells; reading goes on with the line behind it.

    Raises
    ------
    ReadError
        `malformed-document` where more than a thousand lines have quotes that swallow others.
    """
    source = _Source(_lines(text))
    rows = csv.reader(source, delimiter=delimiter, strict=True)
    line = 1
    swallowing = 0
    while True:
        try:
            row = next(rows, None)
            if row is None:
                return
            fault = source.fault_of(row, delimiter)
        except csv.Error as error:
            row, fault = [], f"the row cannot be split into cells ({error})"
        if fault:
            swallowing += len(source.row) > 1
            if swallowing > _MOST_SWALLOWING:
                raise ReadError(f"line {line}: quotes of too many rows do not close", code="malformed-document")
            source.go_back()
            rows = csv.reader(source, delimiter=delimiter, strict=True)
        yield RawRow(line, () if fault else tuple(RawCell(cell.strip()) for cell in row), fault)
        line += len(source.row)
        source.row.clear()


class _Source:
    """Lines for the parser; it remembers those of the row at hand, so that reading can go on behind its first one."""

    def __init__(self, lines: Iterator[str]) -> None:
        self.row: list[str] = []
        self._lines = lines
        self._again: deque[str] = deque()

    def __iter__(self) -> _Source:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines)
        self.row.append(line)
        if len(line) > _LONGEST_LINE:
            raise csv.Error(f"a line of {len(line)} characters")
        return line

    def go_back(self) -> None:
        """Give all lines of the row but its first once more."""
        self._again.extendleft(reversed(self.row[1:]))
        del self.row[1:]

    def fault_of(self, row: list[str], delimiter: str) -> str:
        """Why a row that could be split is none."""
        if len(self.row) == 1 and len(self.row[0]) <= _LARGEST_CELL:
            return ""
        if any(len(cell) > _LARGEST_CELL for cell in row):
            return "a cell of the row is longer than 64 KiB"
        if len(row) > 2 and any(line.count(delimiter) >= len(row) - 1 for line in self.row[1:]):
            return "a quote that is opened here seems to swallow the rows behind it"
        return ""


def _lines(text: str) -> Iterator[str]:
    """Lines with their ends; carriage returns alone count where there is no other line end."""
    end = "\n" if "\n" in text else "\r"
    start = 0
    while (stop := text.find(end, start)) >= 0:
        yield text[start : stop + 1]
        start = stop + 1
    if start < len(text):
        yield text[start:]
