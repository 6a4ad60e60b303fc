"""Words of a PDF page from the boxes of its characters; text that nobody sees on the page is none."""

from __future__ import annotations

import ctypes
import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pypdfium2.raw as pdfium

from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa.pdf_boxes import Box, Boxes, across, around, frame_of, quarter_turns
from bonemetrics.readers.dxa.pdf_hidden import Hidden
from bonemetrics.readers.dxa.printed_page import Page, Word

MAX_PAGE_CHARACTERS = 60_000
"""A page of small print has a tenth of it."""
_WORD_GAP = 0.22
"""A gap wider than this part of the size of the type ends a word even where no blank was printed."""
_WIDEST_LETTER = 0.62
_MOST_UNMAPPED = 0.02
_UNKNOWN = re.compile("[\x00\ud800-\uf8ff\ufffd-\uffff]")
_RUN = re.compile("[^\\s\x00-\x1f\x7f\xad\ufeff]+")


def characters_of(text_page: Any) -> str:
    """All characters of a page, one for each index; those without a known meaning as U+FFFD.

    Raises
    ------
    ReadError
        `too-large` if the page holds more text than any report.
    """
    count = pdfium.FPDFText_CountChars(text_page)
    if count > MAX_PAGE_CHARACTERS:
        raise ReadError(f"a page with {count} characters, at most {MAX_PAGE_CHARACTERS} are read", code="too-large")
    buffer = (ctypes.c_ushort * (count + 1))()
    length = pdfium.FPDFText_GetText(text_page, 0, count, buffer) - 1
    text = bytes(buffer)[: 2 * count].decode("utf-16-le", errors="replace")
    if length == count == len(text) and not _UNKNOWN.search(text):
        return text
    # The text has another length where glyphs have no meaning: ask for each.
    read = pdfium.FPDFText_GetUnicode
    return "".join(map(_character, (read(text_page, index) for index in range(count))))


def _character(code: int) -> str:
    if code in (0, 0xFFFE, 0xFFFF) or 0xD800 <= code < 0xE000 or 0xE000 <= code < 0xF900 or code > 0x10FFFF:
        return "\ufffd"
    return chr(code)


def is_readable(text: str) -> bool:
    """Whether the fonts of a page say which characters its glyphs are."""
    letters = sum(map(len, text.split()))
    return letters > 0 and text.count("\ufffd") <= _MOST_UNMAPPED * letters


def is_empty(page: Any) -> bool:
    """Whether nothing at all is drawn on a page."""
    return int(pdfium.FPDFPage_CountObjects(page)) == 0


def has_visible_text(page: Any, text_page: Any, characters: str) -> bool:
    """Whether any word of a page is seen on it."""
    hidden = Hidden(page)
    return any(not hidden.holds(text_page, first) for first, _ in _runs(characters))


def words_of(page: Any, text_page: Any, characters: str, number: int) -> Page:
    """The words of a page, turned upright and with y growing downwards.

    Parameters
    ----------
    page, text_page
        Handles of pdfium.
    characters
        As `characters_of` gives them.
    number
        The page's number, from 1.
    """
    hidden_objects = Hidden(page)
    frame = frame_of(page)
    boxes = Boxes(text_page, characters)
    found: list[tuple[str, Box, int]] = []
    for first, last in _runs(characters):
        if hidden_objects.holds(text_page, first) or hidden_objects.holds(text_page, last):
            continue
        turns = quarter_turns(text_page, first)
        found += [(characters[a : b + 1], box, turns) for a, b, box in _pieces(boxes, first, last, turns)]
    most = Counter(turns for _, _, turns in found).most_common(1)
    upright = most[0][0] if most else 0
    words = [_upright(text, box, frame, upright) for text, box, turns in found if turns == upright]
    width, height = frame.right - frame.left, frame.top - frame.bottom
    if upright % 2:
        width, height = height, width
    inside = tuple(
        word
        for word in words
        if 0 <= (word.x0 + word.x1) / 2 <= width and 0 <= word.middle <= height and word.x1 > word.x0
    )
    return Page(number=number, width=width, height=height, words=inside)


def _runs(characters: str) -> Iterator[tuple[int, int]]:
    """First and last index of everything between blanks."""
    return ((found.start(), found.end() - 1) for found in _RUN.finditer(characters))


def _pieces(boxes_of: Boxes, first: int, last: int, turns: int) -> list[tuple[int, int, Box]]:
    """A run as one word, or cut where its characters stand apart although no blank was printed."""
    begin, end = boxes_of.at(first, turns), boxes_of.at(last, turns)
    size = across(begin, turns)
    whole = around(begin, end)
    long = whole.top - whole.bottom if turns % 2 else whole.right - whole.left
    narrow = long <= (_WIDEST_LETTER * (last - first + 1) + _WORD_GAP) * size
    if narrow and across(whole, turns) < 1.6 * size:
        return [(first, last, whole)]
    boxes = [boxes_of.at(index, turns) for index in range(first, last + 1)]
    pieces: list[list[int]] = [[first]]
    for index, (left, right) in enumerate(pairwise(boxes), start=first + 1):
        if _apart(left, right, turns, size):
            pieces.append([])
        pieces[-1].append(index)
    return [(piece[0], piece[-1], around(*(boxes[index - first] for index in piece))) for piece in pieces]


def _apart(left: Box, right: Box, turns: int, size: float) -> bool:
    """Whether two characters in succession belong to different words: a gap, a step back, another line."""
    if turns % 2:
        gap = max(right.bottom - left.top, left.bottom - right.top)
        shift = abs(right.left + right.right - left.left - left.right) / 2
    else:
        gap = max(right.left - left.right, left.left - right.right)
        shift = abs(right.bottom + right.top - left.bottom - left.top) / 2
    return gap > _WORD_GAP * size or shift > 0.7 * size


def _upright(text: str, box: Box, frame: Box, turns: int) -> Word:
    """A word in coordinates of the upright page."""
    left, right = box.left - frame.left, box.right - frame.left
    up, down = frame.top - box.top, frame.top - box.bottom
    wide, high = frame.right - frame.left, frame.top - frame.bottom
    x0, y0, x1, y1 = left, up, right, down
    if turns == 1:
        x0, y0, x1, y1 = up, wide - right, down, wide - left
    elif turns == 2:
        x0, y0, x1, y1 = wide - right, high - down, wide - left, high - up
    elif turns == 3:
        x0, y0, x1, y1 = high - down, left, high - up, right
    return Word(text=text, x0=x0, y0=y0, x1=x1, y1=y1)
