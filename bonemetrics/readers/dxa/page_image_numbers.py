"""Numbers on the pages of a document: what Tesseract reads in each at several sizes, and their digits matched."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bonemetrics.readers.dxa.page_image_cells import Look, Token, is_part, is_sure
from bonemetrics.readers.dxa.page_image_face import Face, Strip, heavier, learn, strip_of
from bonemetrics.readers.dxa.page_image_glyphs import Matched, match
from bonemetrics.readers.dxa.page_image_ink import INKED, Box, Sheet
from bonemetrics.readers.dxa.page_image_page import Opened
from bonemetrics.readers.dxa.page_image_tesseract import NUMBERS, Seen, words_in
from bonemetrics.readers.dxa.page_image_type import checked, with_bold_type

_LOOKS = ((21.0, 1.0), (28.0, 1.0), (35.0, 1.0), (21.0, 2.0), (28.0, 2.0))
"""Looks at every number: the height in pixels to which digits are enlarged, and the power that thins the ink.

Thinning opens the small counters of bold digits, which Tesseract otherwise takes for one another.
"""
_LONGEST_NUMBER = 8
"""Heights of type that a box with a number is wide at most."""
_MARK = re.compile(r"(?<=\d)[.,](?=\d)")
_IN_TEXT = re.compile(r"\d{1,3}[.,]\d{1,4}")


@dataclass(frozen=True, slots=True, eq=False)
class Numbers:
    """Boxes of a page that may hold numbers, with Tesseract's readings of each, and their ink."""

    boxes: tuple[Box, ...]
    looks: tuple[tuple[str, ...], ...]
    strips: tuple[Strip, ...]


def numbers_on(page: Opened) -> Numbers:
    """Read all that may be a number on a page by itself, at three sizes.

    Parameters
    ----------
    page
        The page.

    Returns
    -------
    Numbers
    """
    sheet = page.sheet
    near = _LONGEST_NUMBER * sheet.type_height
    boxes: list[Box] = []
    for box, *words in zip(page.boxes, *(glance.alone for glance in page.glances), strict=True):
        seen = [word for look in words for word in look]
        has_digit = any(letter.isdigit() for word in seen for letter in word.text)
        if box.width <= near and not page.is_label(box) and (has_digit or page.is_in_table(box)):
            boxes.append(box)
        boxes += [found for word in words[0] if len(words[0]) > 1 and (found := _number_in_text(sheet, word))]
    looks = [
        [
            _joined(words)
            for words in words_in(sheet.thinned(power), boxes, enlarge=size / sheet.type_height, letters=NUMBERS)
        ]
        for size, power in _LOOKS
    ]
    own = {box: [_joined(glance.alone[place]) for glance in page.glances] for place, box in enumerate(page.boxes)}
    return Numbers(
        tuple(boxes),
        _with_one_mark([(*seen, *own.get(box, ())) for box, *seen in zip(boxes, *looks, strict=True)]),
        tuple(strip_of(sheet, box) for box in boxes),
    )


def face_of(numbers: Sequence[Numbers]) -> tuple[Face | None, list[Matched | None]]:
    """The digits of a document, and every number of it matched with those of the others.

    They are learnt first from the numbers that are read alike at all three sizes, then also from those that these
    digits explain, which brings in what Tesseract stumbles over. Bolder digits are tried for the rest.

    Parameters
    ----------
    numbers
        Of all pages.

    Returns
    -------
    tuple of Face, list of Matched
        No face where there are too few numbers to learn from.
    """
    strips = [strip for one in numbers for strip in one.strips]
    texts = [_read_alike(look[: len(_LOOKS)]) for one in numbers for look in one.looks]
    face = learn(strips, texts)
    if face is None:
        return None, [None] * len(strips)
    seen = _matched(checked(face), strips, [None] * len(strips))
    again = learn(strips, [found.text if found is not None and is_sure(found) else "" for found in seen])
    face = checked(face if again is None else again)
    bolder = heavier(face)
    return face, _matched(with_bold_type(bolder), strips, _matched(bolder, strips, seen))


def _matched(face: Face, strips: Sequence[Strip], known: Sequence[Matched | None]) -> list[Matched | None]:
    """Match what is not known for sure."""
    found: list[Matched | None] = []
    for owner, (strip, before) in enumerate(zip(strips, known, strict=True)):
        if before is not None and is_sure(before):
            found.append(before)
            continue
        now = match(face, strip, owner=owner)
        found.append(now if now is not None and (before is None or now.misfit < before.misfit) else before)
    return found


def looks_at(pages: Sequence[Opened], numbers: Sequence[Numbers], matched: Sequence[Matched | None]) -> dict[int, Look]:
    """All that is known of the numbers of each page, by its number.

    Parameters
    ----------
    pages, numbers
        Of the document.
    matched
        Of all numbers in that order.

    Returns
    -------
    dict
        The pages.
    """
    rest = iter(matched)
    return {
        page.number: Look(
            page.picture,
            page.sheet,
            tuple(Token(box, looks, next(rest)) for box, looks in zip(one.boxes, one.looks, strict=True)),
        )
        for page, one in zip(pages, numbers, strict=True)
    }


def _with_one_mark(looks: Sequence[tuple[str, ...]]) -> tuple[tuple[str, ...], ...]:
    """Readings with the decimal mark that most of the page's numbers have: no page has both, and they look alike."""
    marks = Counter(mark for look in looks for text in look for mark in _MARK.findall(text))
    most = "," if marks[","] > marks["."] else "."
    return tuple(tuple(_MARK.sub(most, text) for text in look) for look in looks)


def _read_alike(looks: Sequence[str]) -> str:
    """What all looks but one read, where that one only lost a part; empty elsewhere."""
    text, count = Counter(looks).most_common(1)[0]
    return text if count >= len(looks) - 1 and all(look == text or is_part(look, text) for look in looks) else ""


def _joined(words: Sequence[Seen]) -> str:
    return "".join(word.text for word in words)


def _number_in_text(sheet: Sheet, word: Seen) -> Box | None:
    """The box of a number that stands among words; it teaches what digits look like."""
    if not _IN_TEXT.fullmatch(word.text):
        return None
    y0, x0 = max(0, round(word.y0) - 1), max(0, round(word.x0) - 1)
    part = sheet.ink[y0 : round(word.y1) + 1, x0 : round(word.x1) + 1] > INKED
    rows, columns = np.flatnonzero(part.any(axis=1)), np.flatnonzero(part.any(axis=0))
    if not len(rows):
        return None
    return Box(x0 + int(columns[0]), y0 + int(rows[0]), x0 + int(columns[-1]) + 1, y0 + int(rows[-1]) + 1)
