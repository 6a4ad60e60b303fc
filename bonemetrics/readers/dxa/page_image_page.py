"""One page of a picture: the looks taken at it, the numbers on it, and its words for the readers of layouts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bonemetrics.readers.dxa.page_image_cells import Look
from bonemetrics.readers.dxa.page_image_face import FINE, Face
from bonemetrics.readers.dxa.page_image_files import MIN_SIDE, Grey
from bonemetrics.readers.dxa.page_image_ink import Box, Sheet, sheet_of, tokens_of
from bonemetrics.readers.dxa.page_image_tesseract import Seen, program, words_in, words_on
from bonemetrics.readers.dxa.page_image_words import pixel_words, with_units
from bonemetrics.readers.dxa.printed_page import Page, Word

_WHOLE, _ALONE = (21.0, 14.0), (21.0, 28.0)
"""Heights of type for two looks at the whole page, and at each of its boxes alone."""
_MOST_BOXES = 900
_DXA_WORDS = re.compile(
    r"BMD|BMC|DXA|DMO|CMO|Densitom|[TZ]-?\s?score|Region|HOLOGIC|NORLAND|Lunar|Osteop|Ancillary", re.IGNORECASE
)
_LEAST_WORDS = 2


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


def _covers(one: Seen, word: Seen) -> bool:
    x, y = (word.x0 + word.x1) / 2, (word.y0 + word.y1) / 2
    return one.x0 - 1 <= x <= one.x1 + 1 and one.y0 - 1 <= y <= one.y1 + 1
