"""Results tables on a printed page: which words stand in which column and row, by their places alone."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from bonemetrics.readers.dxa.printed_head import Column, Head, anchors_in, head_at
from bonemetrics.readers.dxa.printed_page import NEXT_WORD, Line, Page, Word, is_noise, lines_of
from bonemetrics.records import Trust

_FIRST_STEP, _LONGEST_STEP = 6.0, 4.0
"""Rows further apart than this many heights of type do not belong to one table."""
_LETTERS = re.compile(r"[^\W\d_]{2,}")
_DIGITS = re.compile(r"\d")
_SIGNS = ("-", "\u2212", "\u2013", "+")


@dataclass(frozen=True, slots=True)
class Cell:
    """The words of one cell and where it lies: its own box, or that of its empty place."""

    words: tuple[Word, ...]
    x0: float
    y0: float
    x1: float
    y1: float
    shared: bool = False
    """Whether a word of it runs over into another column."""

    @property
    def text(self) -> str:
        """The words, joined by blanks."""
        return " ".join(word.text for word in self.words)

    def joined(self, height: float) -> str | None:
        """The words as one number where they are the pieces of one, `None` where they are not."""
        if self.shared:
            return None
        text = self.words[0].text if self.words else ""
        for left, right in pairwise(self.words):
            gap = right.x0 - left.x1
            sign = text in _SIGNS and gap < 1.5 * height
            point = gap < NEXT_WORD * height and (left.text[-1:] in ".," or right.text[:1] in ".,")
            if not (sign or point or right.text in ("%", "*")):
                return None
            text += right.text
        return text


@dataclass(frozen=True, slots=True)
class TableRow:
    """One line of a table: what stands in front, and its cells by the name of the column."""

    label: str
    cells: dict[str, Cell]
    middle: float

    @property
    def is_heading(self) -> bool:
        """Whether it names rows below it and holds no cell of its own."""
        return bool(self.label) and not any(cell.words for cell in self.cells.values())


@dataclass(frozen=True, slots=True)
class Table:
    """A results table of one page.

    `strays` counts numbers that stand under no column, `apart` are rows of numbers below the end of the table.
    """

    page: int
    head: Head
    rows: tuple[TableRow, ...]
    strays: int
    apart: tuple[TableRow, ...]
    height: float

    @property
    def columns(self) -> tuple[Column, ...]:
        """Columns from left to right."""
        return self.head.columns


def find_tables(page: Page, *, trust: Trust = "text") -> tuple[Table, ...]:
    """All results tables of a page, in the order of their heads.

    Raises
    ------
    ReadError
        If the head of a table is there, but two of its columns claim the same meaning.
    """
    words = tuple(word for word in page.words if not is_noise(word.text))
    anchors = anchors_in(words)
    heads = [head for head in (head_at(anchor, words, trust) for anchor in anchors) if head is not None]
    return tuple(_table(page, head, words, anchors) for head in sorted(heads, key=lambda head: head.y0))


def _table(page: Page, head: Head, words: Sequence[Word], anchors: Sequence[Word]) -> Table:
    height = head.height
    below = _end(head, anchors)
    inside = [
        word
        for word in words
        if head.y1 < word.middle < below and head.left < word.x1 and word.x0 < head.right and word not in head.words
    ]
    rows: list[TableRow] = []
    strays = 0
    last = head.y1
    lines = lines_of(inside, height)
    for line in lines:
        step = _LONGEST_STEP if rows else _FIRST_STEP
        if line.middle - last > step * height or _is_prose(line, head, height):
            break
        row, lost = _row(line, head, height)
        rows.append(row)
        strays += lost
        last = line.middle
    numbers = [line for line in lines[len(rows) :] if sum(map(_has_digits, line.words)) > 1]
    later = [_row(line, head, height)[0] for line in numbers if not _is_prose(line, head, height)]
    apart = tuple(row for row in later if sum(any(map(_has_digits, cell.words)) for cell in row.cells.values()) > 1)
    return Table(page.number, head, _with_split_labels(rows, height), strays, apart, height)


def _has_digits(word: Word) -> bool:
    return _DIGITS.search(word.text) is not None


def _end(head: Head, anchors: Sequence[Word]) -> float:
    """Where the next table begins at the latest; its own head may reach a little above the word Region."""
    below = [
        anchor.y0 - 2.5 * head.height
        for anchor in anchors
        if anchor.y0 > head.y1 + head.height and anchor.x0 < head.right and head.left < anchor.x1
    ]
    return min(below, default=math.inf)


def _is_prose(line: Line, head: Head, height: float) -> bool:
    """A sentence below a table: no gap is wider than a blank, though its words run on under the columns."""
    left = head.columns[0].x0
    under = [word for word in line.words if word.x1 > left and any(column.overlap(word) > 0 for column in head.columns)]
    if not under or len(line.words) < 2:
        return False
    if all(right.x0 - left.x1 < NEXT_WORD * height for left, right in pairwise(line.words)):
        return True
    letters = sum(_LETTERS.search(word.text) is not None for word in under)
    return letters > sum(map(_has_digits, under))


def _row(line: Line, head: Head, height: float) -> tuple[TableRow, int]:
    label: list[Word] = []
    found: dict[str, list[Word]] = {column.key: [] for column in head.columns}
    shared: set[str] = set()
    strays = 0
    for word in line.words:
        runs_on = bool(label) and word.x0 - label[-1].x1 < NEXT_WORD * height and not any(found.values())
        columns = head.columns_of(word)
        if (runs_on and _LETTERS.search(word.text)) or (not columns and (runs_on or word.x1 < head.columns[0].x1)):
            label.append(word)
        elif not columns:
            strays += _DIGITS.search(word.text) is not None
        for column in columns if word not in label else ():
            found[column.key].append(word)
            shared |= {column.key} if len(columns) > 1 else set()
    y0, y1 = line.middle - height / 2, line.middle + height / 2
    cells = {column.key: _cell(found[column.key], column, y0, y1, column.key in shared) for column in head.columns}
    return TableRow(" ".join(word.text for word in label), cells, line.middle), strays


def _cell(words: Sequence[Word], column: Column, y0: float, y1: float, shared: bool) -> Cell:
    if not words:
        return Cell((), column.x0, y0, column.x1, y1)
    return Cell(
        tuple(words),
        min(word.x0 for word in words),
        min(word.y0 for word in words),
        max(word.x1 for word in words),
        max(word.y1 for word in words),
        shared,
    )


def _with_split_labels(rows: Sequence[TableRow], height: float) -> tuple[TableRow, ...]:
    """Give a row without a label the label that was broken into a line above and one below it."""
    kept: list[TableRow] = []
    for place, row in enumerate(rows):
        if row.label or not kept:
            kept.append(row)
            continue
        parts = []
        above, below = kept[-1], rows[place + 1] if place + 1 < len(rows) else None
        if above.is_heading and row.middle - above.middle < 1.4 * height:
            parts.append(above.label)
            kept.pop()
        if below is not None and below.is_heading and below.middle - row.middle < 1.4 * height:
            parts.append(below.label)
        kept.append(TableRow(" ".join(parts), row.cells, row.middle))
    labels = [row.label for row in kept if not row.is_heading]
    # The second half of a broken label is no heading of the rows below it.
    return tuple(row for row in kept if not (row.is_heading and any(f" {row.label}" in label for label in labels)))
