"""One page of a picture: the looks taken at it, the numbers on it, and its words for the readers of layouts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bonemetrics.readers.dxa.page_image_cells import Look, Token, is_part, is_sure
from bonemetrics.readers.dxa.page_image_face import FINE, Face, Strip, heavier, learn, strip_of
from bonemetrics.readers.dxa.page_image_files import MIN_SIDE, Grey
from bonemetrics.readers.dxa.page_image_glyphs import Matched, match
from bonemetrics.readers.dxa.page_image_ink import INKED, Box, Sheet, sheet_of, tokens_of
from bonemetrics.readers.dxa.page_image_labels import vertebra_names
from bonemetrics.readers.dxa.page_image_tesseract import NUMBERS, Seen, program, words_in, words_on
from bonemetrics.readers.dxa.page_image_type import checked
from bonemetrics.readers.dxa.page_image_words import pixel_words, with_units
from bonemetrics.readers.dxa.printed_page import Page, Word

_LOOKS = ((21.0, 1.0), (28.0, 1.0), (35.0, 1.0), (21.0, 2.0), (28.0, 2.0))
"""Looks at every number: the height in pixels to which digits are enlarged, and the power that thins the ink.

Thinning opens the small counters of bold digits, which Tesseract otherwise takes for one another.
"""
_WHOLE, _ALONE = (21.0, 14.0), (21.0, 28.0)
"""Heights of type for two looks at the whole page, and at each of its boxes alone."""
_MOST_BOXES = 900
_LONGEST_NUMBER = 8
"""Heights of type that a box with a number is wide at most."""
_DXA_WORDS = re.compile(
    r"BMD|BMC|DXA|DMO|CMO|Densitom|[TZ]-?\s?score|Region|HOLOGIC|NORLAND|Lunar|Osteop|Ancillary", re.IGNORECASE
)
_LEAST_WORDS = 2
_IN_TEXT = re.compile(r"\d{1,3}[.,]\d{1,4}")


@dataclass(frozen=True, slots=True, eq=False)
class Glance:
    """A look at the words of a page: as a whole, and box by box."""

    whole: tuple[Seen, ...]
    alone: tuple[tuple[Seen, ...], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """A page of a report, brought to the working size, with two looks at its words."""

    number: int
    picture: Grey
    sheet: Sheet
    boxes: tuple[Box, ...]
    glances: tuple[Glance, Glance]
    regions: tuple[Seen, ...]
    """The word Region at the head of its tables."""

    def is_written(self, text: str) -> bool:
        """Whether each of the four looks at the page's words holds this text, letter by letter."""
        looks = [(*glance.whole,) for glance in self.glances]
        looks += [tuple(word for words in glance.alone for word in words) for glance in self.glances]
        return all(any(text == word.text.strip(".,;:()|") for word in look) for look in looks)

    def is_label(self, box: Box) -> bool:
        """Whether a box stands in the first column of a table."""
        height = self.sheet.type_height
        middle = (box.x0 + box.x1) / 2
        return any(
            head.y1 - 1 < box.middle and head.x0 - 3 * height < box.x0 and middle < head.x1 + height
            for head in self.regions
        )

    def is_in_zone(self, box: Box) -> bool:
        """Whether a box stands in a table or its head."""
        reach = 4 * self.sheet.type_height
        return any(head.y0 - reach < box.middle and head.x0 - reach < box.x0 for head in self.regions)

    def is_in_table(self, box: Box) -> bool:
        """Whether a box stands where numbers of a table do."""
        return any(head.y1 - 1 < box.middle and head.x1 < box.x0 for head in self.regions)


@dataclass(frozen=True, slots=True, eq=False)
class Numbers:
    """Boxes of a page that may hold numbers, with Tesseract's readings of each, and their ink."""

    boxes: tuple[Box, ...]
    looks: tuple[tuple[str, ...], ...]
    strips: tuple[Strip, ...]


def open_page(picture: Grey, number: int) -> Opened | None:
    """Look at a page; `None` where it is plainly no report, which costs little to see.

    Parameters
    ----------
    picture
        The page.
    number
        Its number in the document.
    """
    program()
    if min(picture.shape) < MIN_SIDE or (sheet := sheet_of(picture)) is None:
        return None
    boxes = tuple(tokens_of(sheet))
    if not 10 <= len(boxes) <= _MOST_BOXES:
        return None
    first = tuple(words_on(sheet.paper, enlarge=_WHOLE[0] / sheet.type_height))
    if len({found.casefold() for word in first for found in _DXA_WORDS.findall(word.text)}) < _LEAST_WORDS:
        return None
    second = tuple(words_on(sheet.paper, enlarge=_WHOLE[1] / sheet.type_height))
    glances = [
        Glance(whole, tuple(map(tuple, words_in(sheet.paper, boxes, enlarge=size / sheet.type_height))))
        for whole, size in zip((first, second), _ALONE, strict=True)
    ]
    regions = [
        word for glance in glances for word in pixel_words(glance.whole, boxes, glance.alone) if _is_region(word)
    ]
    return Opened(number, picture, sheet, boxes, (glances[0], glances[1]), tuple(regions))


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
        tuple((*seen, *own.get(box, ())) for box, *seen in zip(boxes, *looks, strict=True)),
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
    return face, _matched(heavier(face), strips, seen)


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


def labels_on(page: Opened, face: Face | None) -> list[Seen]:
    """Names of vertebrae in the first column of the page's tables."""
    if face is None:
        return []
    lines: list[list[Box]] = []
    for box in sorted((box for box in page.boxes if page.is_label(box)), key=lambda one: one.middle):
        if lines and box.middle - lines[-1][-1].middle < 0.5 * page.sheet.type_height:
            lines[-1].append(box)
        else:
            lines.append([box])
    wholes = [
        Box(min(b.x0 for b in line), min(b.y0 for b in line), max(b.x1 for b in line), max(b.y1 for b in line))
        for line in lines
    ]
    names = vertebra_names(face, [strip_of(page.sheet, box) for box in wholes])
    return [Seen(name, box.x0, box.y0, box.x1, box.y1, 100.0) for name, box in zip(names, wholes, strict=True) if name]


def page_of(page: Opened, glance: Glance, look: Look, labels: Sequence[Seen], face: Face | None) -> Page:
    """A page as the readers of layouts take it, in pixels of the picture.

    Parameters
    ----------
    page
        The page.
    glance
        The look that gives its words.
    look
        Numbers, which stand in place of the words in their boxes.
    labels
        Names of vertebrae, likewise.
    face
        Digits of the document, by whose width units are known.

    Returns
    -------
    Page
    """
    sheet = page.sheet
    in_zone = [place for place, box in enumerate(page.boxes) if page.is_in_zone(box)]
    words = pixel_words(glance.whole, [page.boxes[n] for n in in_zone], [glance.alone[n] for n in in_zone])
    words = with_units(words, face.advance / FINE if face is not None else 0.75 * sheet.type_height)
    better = list(labels)
    for token in look.tokens:
        if not page.is_in_table(token.box):
            continue
        if token.text:
            better.append(Seen(token.text, token.box.x0, token.box.y0, token.box.x1, token.box.y1, 100.0))
        else:
            # Ink that nobody can read must not look like an empty cell.
            better.append(Seen("?", token.box.x0, token.box.y0, token.box.x1, token.box.y1, 0.0))
    kept = [word for word in words if not any(_covers(one, word) for one in better)] + better
    rows, columns = page.picture.shape
    return Page(
        number=page.number,
        width=float(columns),
        height=float(rows),
        words=tuple(
            Word(
                text=word.text,
                x0=word.x0 * sheet.scale,
                y0=word.y0 * sheet.scale,
                x1=word.x1 * sheet.scale,
                y1=word.y1 * sheet.scale,
            )
            for word in kept
        ),
        unit="px",
    )


def _is_region(word: Seen) -> bool:
    return word.text.strip(":.|") == "Region"


def _read_alike(looks: Sequence[str]) -> str:
    """What all looks but one read, where that one only lost a part; empty elsewhere."""
    text, count = Counter(looks).most_common(1)[0]
    return text if count >= len(looks) - 1 and all(look == text or is_part(look, text) for look in looks) else ""


def _joined(words: Sequence[Seen]) -> str:
    return "".join(word.text for word in words)


def _covers(one: Seen, word: Seen) -> bool:
    x, y = (word.x0 + word.x1) / 2, (word.y0 + word.y1) / 2
    return one.x0 - 1 <= x <= one.x1 + 1 and one.y0 - 1 <= y <= one.y1 + 1


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
