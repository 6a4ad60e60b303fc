"""Text files as densitometers, spreadsheets and editors write them: their encoding, their lines, their size."""

from __future__ import annotations

import codecs
import re

from bonemetrics.errors import ReadError
from bonemetrics.records import Problem, note

MAX_TEXT_BYTES = 64 * 2**20
"""No table of results is larger."""
MAX_LINES = 200_000
_LINE_END = re.compile(r"\r\n|\n|\r")


def decoded(data: bytes) -> str:
    """The text of a file in UTF-16 (with mark, or plainly of this kind), UTF-32 (with mark), UTF-8 or Windows-1252.

    Parameters
    ----------
    data
        All bytes of the file.

    Returns
    -------
    str
        Without the byte order mark.

    Raises
    ------
    ReadError
        `too-large`; `truncated-file` if UTF-16 or UTF-32 ends within a character; `malformed-document` if it is no
        text.
    """
    if len(data) > MAX_TEXT_BYTES:
        raise ReadError(f"{len(data)} bytes of text; tables of results end at {MAX_TEXT_BYTES}", code="too-large")
    for encoding in _encodings(data):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError as error:
            if encoding.startswith(("utf-16", "utf-32")) and error.end >= len(data) - 1:
                raise ReadError("the text ends within a character", code="truncated-file") from None
            continue
        if "\0" in text:
            break
        return text
    raise ReadError("the file is no text in UTF-8, UTF-16 or Windows-1252", code="malformed-document")


def opening(start: bytes) -> str:
    """The first bytes of a file as text, as far as they are text."""
    text = start.decode(_encodings(start)[0], errors="replace")
    # What follows a first line of ours may be damaged; the reader says so.
    return text.partition("\0")[0].removeprefix("\ufeff")


def lines_of(text: str) -> list[str]:
    """The lines of a text by line feed and carriage return alone; a form feed within a cell ends no line.

    Raises
    ------
    ReadError
        `too-large` beyond 200,000 lines.
    """
    count = max(text.count("\n"), text.count("\r"))
    if count > MAX_LINES:
        raise ReadError(f"{count} lines; tables of results end at {MAX_LINES}", code="too-large")
    return _LINE_END.split(text)


def end_notes(text: str, *, cells: int, columns: int) -> tuple[Problem, ...]:
    """What is to be said of a table that ends without a line end: a file that was cut looks like this.

    Parameters
    ----------
    text
        The whole table.
    cells
        How many cells its last line has.
    columns
        How many its header has.

    Raises
    ------
    ReadError
        `truncated-file` where the last line is short as well.
    """
    if text.rstrip(" \t")[-1:] in ("\n", "\r"):
        return ()
    if cells < columns:
        message = f"the last line has {cells} of {columns} cells and no line end; if it is whole, give it one"
        raise ReadError(message, code="truncated-file")
    return (note("last-line-open", "the file ends without a line end; give it one if its last cell is whole"),)


def _encodings(data: bytes) -> tuple[str, ...]:
    if data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return ("utf-32",)
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return ("utf-16",)
    # Some programs drop the mark when they copy: every second byte of plain letters is then zero.
    head = data[:64]
    if len(head) >= 4 and not any(head[1::2]) and all(head[: len(head) // 2 * 2 : 2]):
        return ("utf-16-le",)
    if len(head) >= 4 and not any(head[: len(head) // 2 * 2 : 2]) and all(head[1::2]):
        return ("utf-16-be",)
    return ("utf-8-sig", "cp1252")
