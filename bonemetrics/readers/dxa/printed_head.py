"""The head of a results table: words on one to three lines, brought to columns by where they stand."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa.printed_columns import (
    REGION_WORDS,
    column_name,
    header_tokens,
    is_header_word,
    is_named,
    stated_unit,
)
from bonemetrics.readers.dxa.printed_page import NEXT_WORD, Line, Word, lines_of, phrases_of, type_height
from bonemetrics.records import NUMBERS, UNITS, Trust

_REACH = 2.9
"""How many heights of type above and below the word Region the head of a table can reach."""
_WIDEST_GAP = 18.0
_MOST_HEADS = 60
_FOOTNOTES = ":.,*0123456789¹²³⁴⁵⁶⁷⁸⁹"
_MOST_WORDS = 300
_MARGIN = 1.0
_SLACK = 0.8
_GARBLED_SCORE = re.compile(r"s.?[co]?ore|scor")
_SHARE = 0.25
"""A word belongs to every column that holds more than this part of its width."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `name` is empty where the head is not known; `key` tells it from others even so."""

    key: str
    name: str
    unit: str
    text: str
    x0: float
    x1: float

    def overlap(self, word: Word) -> float:
        """How much of a word's width lies in the column."""
        return min(self.x1, word.x1) - max(self.x0, word.x0)


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a table, and the strip of the page in which its rows stand."""

    columns: tuple[Column, ...]
    words: frozenset[Word]
    left: float
    right: float
    y0: float
    y1: float
    height: float

    def columns_of(self, word: Word) -> tuple[Column, ...]:
        """The column a word stands in; none, or several where it runs over their borders."""
        least = _SHARE * (word.x1 - word.x0)
        return tuple(column for column in self.columns if column.overlap(word) > least)


def anchors_in(words: Sequence[Word]) -> tuple[Word, ...]:
    """The words by which the head of a table is found: `Region`, standing by itself.

    Raises
    ------
    ReadError
        If there are more of them than a page can hold.
    """
    named = [word for word in words if word.text.casefold().rstrip(_FOOTNOTES) in REGION_WORDS]
    if len(named) > _MOST_HEADS:
        raise ReadError("a page with more results tables than a page can hold", code="too-large")
    return tuple(word for word in named if _is_anchor(word, words))


def _is_anchor(word: Word, words: Sequence[Word]) -> bool:
    height = word.y1 - word.y0
    beside = [
        other
        for other in words
        if other is not word and abs(other.middle - word.middle) < 0.5 * height and other.text.strip("|_-.:")
    ]
    # In a sentence the word Region has neighbours; at the head of a table it has not.
    return not any(
        -0.2 * height < word.x0 - other.x1 < NEXT_WORD * height or -0.2 * height < other.x0 - word.x1 < 0.5 * height
        for other in beside
    )


def _type_around(anchor: Word, words: Sequence[Word]) -> float:
    """Height of the type of a table; a page may be full of small print."""
    own = anchor.y1 - anchor.y0
    return type_height(
        [word for word in words if abs(word.middle - anchor.middle) < 7 * own and word.x0 > anchor.x0 - own]
    )


def head_at(anchor: Word, words: Sequence[Word], trust: Trust) -> Head | None:
    """The head of a results table around the word Region; `None` where it heads no table of densities.

    Raises
    ------
    ReadError
        If two columns claim the same meaning.
    """
    height = _type_around(anchor, words)
    near = [word for word in words if word.x0 > anchor.x1 and abs(word.middle - anchor.middle) < _REACH * height]
    if len(near) > _MOST_WORDS:
        return None
    phrases = [phrase for line in lines_of(near, 0.5 * height) for phrase in phrases_of(line, height)]
    heads = [part for phrase in phrases if _is_known(phrase) for part in _split_names(phrase)]
    heads = _connected(anchor, heads, height)
    heads += [phrase for phrase in phrases if _is_among(phrase, heads, height)]
    columns = _columns(heads, height)
    if trust == "ocr":
        columns = mended(columns)
    names = [column.name for column in columns if column.name]
    if "bmd" not in names or len(names) < 2:
        return None
    twice = {name for name in names if names.count(name) > 1}
    if twice & set(NUMBERS):
        raise ReadError("two columns of a results table claim the same meaning", code="results-not-understood")
    columns = tuple(
        replace(column, name="", key=f"column {place}") if column.name in twice else column
        for place, column in enumerate(columns)
    )
    used = frozenset(word for phrase in heads for word in phrase.words) | {anchor}
    return Head(
        columns,
        used,
        left=anchor.x0 - _MARGIN * height,
        right=columns[-1].x1 + _MARGIN * height,
        y0=min(word.y0 for word in used),
        y1=max(word.middle for word in used) + 0.3 * height,
        height=height,
    )


def _is_known(phrase: Line) -> bool:
    return _has_letters(phrase) and all(map(is_header_word, header_tokens(phrase.text)))


def _is_among(phrase: Line, heads: Sequence[Line], height: float) -> bool:
    """Whether an unknown phrase heads a column of its own, between and beside known ones."""
    if _is_known(phrase) or not _has_letters(phrase) or any(word.text.isdigit() for word in phrase.words):
        return False
    beside = [head for head in heads if abs(head.middle - phrase.middle) < 0.3 * height]
    right = max((head.words[-1].x1 for head in heads), default=0.0)
    return bool(beside) and phrase.words[-1].x1 <= right + 0.5 * height


def _has_letters(phrase: Line) -> bool:
    return any(letter.isalpha() or letter == "%" for letter in phrase.text)


def _split_names(phrase: Line) -> list[Line]:
    """Cut heads of two columns that stand a mere blank apart: each whole name begins its own."""
    cuts: list[list[Word]] = [[]]
    for word in phrase.words:
        now = " ".join(found.text for found in cuts[-1])
        if column_name(now) and column_name(word.text):
            cuts.append([])
        cuts[-1].append(word)
    return [Line(tuple(cut)) for cut in cuts]


def _connected(anchor: Word, phrases: Sequence[Line], height: float) -> list[Line]:
    """Drop what stands so far to the right that it belongs to something else on the page."""
    kept: list[Line] = []
    reach = anchor.x1
    for phrase in sorted(phrases, key=lambda found: found.words[0].x0):
        if phrase.words[0].x0 - reach > _WIDEST_GAP * height:
            break
        kept.append(phrase)
        reach = max(reach, phrase.words[-1].x1)
    return kept


def _columns(phrases: Sequence[Line], height: float) -> tuple[Column, ...]:
    """Stack phrases that stand above each other; a wide one above several names each of them."""
    feet = [
        phrase
        for phrase in phrases
        if not any(other.middle > phrase.middle + 0.3 * height and _stacked(other, phrase) for other in phrases)
    ]
    stacks: list[tuple[float, float, str]] = []
    for foot in feet:
        stack = sorted(
            (other for other in phrases if other is foot or (other.middle < foot.middle and _stacked(other, foot))),
            key=lambda other: other.middle,
        )
        narrow = [part for part in stack if part is foot or sum(_stacked(part, each) for each in feet) == 1]
        stacks.append(
            (
                min(part.words[0].x0 for part in narrow),
                max(part.words[-1].x1 for part in narrow),
                " ".join(part.text for part in stack),
            )
        )
    return _with_groups(_spread(_with_units(sorted(stacks), height), height))


def _stacked(one: Line, other: Line) -> bool:
    """Whether the middle of the narrower of two phrases lies within the other."""
    narrow, wide = sorted((one, other), key=lambda phrase: phrase.words[-1].x1 - phrase.words[0].x0)
    middle = (narrow.words[0].x0 + narrow.words[-1].x1) / 2
    return wide.words[0].x0 <= middle <= wide.words[-1].x1


def _with_units(stacks: Sequence[tuple[float, float, str]], height: float) -> list[tuple[float, float, str]]:
    """Give a unit that stands beside its name, with more than a blank between, to that name."""
    kept: list[tuple[float, float, str]] = []
    for x0, x1, text in stacks:
        if kept and not is_named(text) and "%" not in text and x0 - kept[-1][1] < 1.5 * height:
            kept[-1] = (kept[-1][0], x1, f"{kept[-1][2]} {text}")
        else:
            kept.append((x0, x1, text))
    return kept


def _spread(stacks: Sequence[tuple[float, float, str]], height: float) -> tuple[Column, ...]:
    """Widen each column towards its neighbours, halfway at most."""
    columns = []
    gaps = [right[0] - left[1] for left, right in pairwise(stacks)]
    for place, (x0, x1, text) in enumerate(stacks):
        before = gaps[place - 1] / 2 if place else _SLACK * height
        after = gaps[place] / 2 if place < len(gaps) else _SLACK * height
        name = column_name(text)
        columns.append(
            Column(
                key=name or f"column {place + 1}",
                name=name,
                unit=stated_unit(text, name),
                text=text,
                x0=x0 - max(0.0, min(_SLACK * height, before)),
                x1=x1 + max(0.0, min(_SLACK * height, after)),
            )
        )
    return tuple(columns)


def _with_groups(columns: Sequence[Column]) -> tuple[Column, ...]:
    """Name a column of mere per cents by the score to its right, where one name stands above both."""
    named = list(columns)
    for place, (column, right) in enumerate(pairwise(columns)):
        group = {"t_score": "percent_young", "z_score": "percent_age"}.get(right.name)
        if group and not column.name and not is_named(column.text) and "%" in column.text:
            named[place] = replace(column, key=group, name=group)
    return tuple(named)


def mended(columns: Sequence[Column]) -> tuple[Column, ...]:
    """Heads that a reader of pictures garbled: units that it lost, and the letters of the two scores.

    Every known layout prints g/cm², g and cm², and the T-score to the left of the Z-score.
    """
    scores = [place for place, column in enumerate(columns) if _GARBLED_SCORE.search(column.text.casefold())]
    names = {place: columns[place].name for place in scores}
    if len(scores) == 2 and set(names.values()) <= {"", "t_score", "z_score"}:
        names = dict(zip(scores, ("t_score", "z_score"), strict=True))
    return tuple(
        replace(
            column,
            key=names.get(place) or column.key,
            name=names.get(place) or column.name,
            unit=column.unit or UNITS.get(names.get(place) or column.name, ""),
        )
        for place, column in enumerate(columns)
    )
