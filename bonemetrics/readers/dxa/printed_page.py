"""A printed page as words in their places, and the lines they form."""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from typing import Literal

SAME_LINE = 0.5
"""Two words share a line where their middles differ by less than this part of the height of the type."""
NEXT_WORD = 0.62
"""A gap narrower than this part of the height of the type is a blank between two words of one phrase."""
COLUMN_GAP = 1.3
"""A wider one separates two fields of one line."""
_NOISE = re.compile(r"[|_\\¦‖~`'\"“”‘’]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A word and its box, in units of the page; y grows downwards."""

    text: str
    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def middle(self) -> float:
        """Height of the middle of the word on the page."""
        return (self.y0 + self.y1) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page; `number` counts from 1, `unit` says what its coordinates are in."""

    number: int
    width: float
    height: float
    words: tuple[Word, ...]
    unit: Literal["pt", "px"] = "pt"


@dataclass(frozen=True)
class Line:
    """Words of one line from left to right."""

    words: tuple[Word, ...]

    @cached_property
    def middle(self) -> float:
        """Height of the middle of the line on the page."""
        return sum(word.y0 + word.y1 for word in self.words) / (2 * len(self.words))

    @cached_property
    def text(self) -> str:
        """The words, joined by blanks."""
        return " ".join(word.text for word in self.words)

    def fields(self, height: float) -> str:
        """The words joined by blanks, or by a tabulator where a gap separates two fields."""
        parts = [self.words[0].text]
        for left, right in zip(self.words, self.words[1:], strict=False):
            # Small print has small gaps; signs and points are lower than the type they belong to.
            own = max(left.y1 - left.y0, right.y1 - right.y0)
            gap = COLUMN_GAP * min(max(own, 0.6 * height), 1.6 * height)
            parts += ["\t" if right.x0 - left.x1 > gap else " ", right.text]
        return "".join(parts)


def type_height(words: Sequence[Word]) -> float:
    """Typical height of the words; signs and points, which are lower, do not count."""
    heights = [word.y1 - word.y0 for word in words if any(letter.isalnum() for letter in word.text)]
    return statistics.median(heights) if heights else 0.0


def lines_of(words: Iterable[Word], height: float) -> tuple[Line, ...]:
    """Group words into lines from top to bottom; `height` is that of the type."""
    rows: list[list[Word]] = []
    middle = 0.0
    for word in sorted(words, key=_middle):
        here = _middle(word)
        if rows and here - middle < SAME_LINE * height:
            rows[-1].append(word)
            middle += (here - middle) / len(rows[-1])
        else:
            rows.append([word])
            middle = here
    return tuple(Line(tuple(sorted(row, key=attrgetter("x0")))) for row in rows)


def _middle(word: Word) -> float:
    return (word.y0 + word.y1) / 2


def phrases_of(line: Line, height: float) -> tuple[Line, ...]:
    """Cut a line wherever the gap is wider than a blank between words."""
    cuts: list[list[Word]] = []
    for word in line.words:
        if cuts and word.x0 - cuts[-1][-1].x1 < NEXT_WORD * height:
            cuts[-1].append(word)
        else:
            cuts.append([word])
    return tuple(Line(tuple(cut)) for cut in cuts)


def is_noise(text: str) -> bool:
    """Whether a word is nothing but marks that a reader of pictures makes of rules and frames."""
    return _NOISE.fullmatch(text) is not None
