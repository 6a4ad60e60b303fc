"""Names of the rows of a spine table: by the digits of the page, else by looks of Tesseract that all agree."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bonemetrics.anatomy import vertebrae_of
from bonemetrics.readers.dxa.page_image_face import Face, heavier, strip_of
from bonemetrics.readers.dxa.page_image_ink import Box
from bonemetrics.readers.dxa.page_image_labels import denies, vertebra_names
from bonemetrics.readers.dxa.page_image_page import Opened
from bonemetrics.readers.dxa.page_image_tesseract import Seen, words_in
from bonemetrics.readers.dxa.page_image_type import with_bold_type

UNSURE = "?"
"""Stands for the name of a row that could not be read with certainty, so that the row is left out."""
_LETTERS = "LT12345-,"
_LOOKS = ((28.0, 2.0), (35.0, 1.0))
_LEAST_ALIKE = 3
_LEAST_NAMES = 2
_ONE = re.compile(r"(?<=[LT])[Il|!i]")
_WORD = re.compile(r"[^\W\d_]{4,}|[sS]BMD")


def labels_on(page: Opened, face: Face | None) -> list[Seen]:
    """Names of rows where a page's tables are of a spine.

    Parameters
    ----------
    page
        The page.
    face
        Digits of the document.

    Returns
    -------
    list of Seen
        A vertebra's name, or `UNSURE`, in the box of each label; nothing for tables of other sites.
    """
    boxes = _lines(page)
    matched = _matched(page, face, boxes)
    texts = [_tesseract(page, box) for box in boxes]
    known = sum(bool(name) or any(map(_name, looks)) for name, looks in zip(matched, texts, strict=True))
    if known < _LEAST_NAMES:
        return []
    open_ones = [
        place
        for place, (name, looks) in enumerate(zip(matched, texts, strict=True))
        if not name and not any(map(_WORD.search, looks))
    ]
    agreed = dict(zip(open_ones, _agreed(page, face, [boxes[n] for n in open_ones], texts, open_ones), strict=True))
    named = [(box, name or agreed.get(place, "")) for place, (box, name) in enumerate(zip(boxes, matched, strict=True))]
    return [Seen(name, box.x0, box.y0, box.x1, box.y1, 100.0) for box, name in named if name]


def _lines(page: Opened) -> list[Box]:
    """Labels, each with all its boxes."""
    lines: list[list[Box]] = []
    for box in sorted((box for box in page.boxes if page.is_label(box)), key=lambda one: one.middle):
        if lines and box.middle - lines[-1][-1].middle < 0.5 * page.sheet.type_height:
            lines[-1].append(box)
        else:
            lines.append([box])
    return [
        Box(min(b.x0 for b in line), min(b.y0 for b in line), max(b.x1 for b in line), max(b.y1 for b in line))
        for line in lines
    ]


def _matched(page: Opened, face: Face | None, boxes: Sequence[Box]) -> list[str]:
    if face is None:
        return ["" for _ in boxes]
    strips = [strip_of(page.sheet, box) for box in boxes]
    plain = vertebra_names(face, strips)
    bold = vertebra_names(with_bold_type(heavier(face)), strips) if not all(plain) else plain
    return [one or other for one, other in zip(plain, bold, strict=True)]


def _tesseract(page: Opened, label: Box) -> list[str]:
    """What two looks at the boxes of a label read."""
    inside = [place for place, box in enumerate(page.boxes) if _within(box, label)]
    inside.sort(key=lambda place: page.boxes[place].x0)
    return ["".join(word.text for place in inside for word in glance.alone[place]) for glance in page.glances]


def _agreed(
    page: Opened, face: Face | None, boxes: Sequence[Box], texts: Sequence[Sequence[str]], places: Sequence[int]
) -> list[str]:
    """The name that all looks give, if the digits of the page do not deny it."""
    sheet = page.sheet
    more = [
        words_in(sheet.thinned(power), boxes, enlarge=size / sheet.type_height, letters=_LETTERS)
        for size, power in _LOOKS
    ]
    found = []
    for box, place, *seen in zip(boxes, places, *more, strict=True):
        looks = [*texts[place], *("".join(word.text for word in words) for words in seen)]
        names = [name for name in map(_name, looks) if name]
        sure = len(names) >= _LEAST_ALIKE and len(set(names)) == 1
        if sure and face is not None:
            sure = not denies(face, strip_of(sheet, box), names[0])
        found.append(names[0] if sure else UNSURE)
    return found


def _name(text: str) -> str:
    plain = _ONE.sub("1", re.sub(r"\s", "", text).strip("'\"“”‘’|.:"))
    return plain if vertebrae_of(plain) else ""


def _within(box: Box, label: Box) -> bool:
    return label.x0 <= box.x0 and box.x1 <= label.x1 and label.y0 <= box.y0 and box.y1 <= label.y1
