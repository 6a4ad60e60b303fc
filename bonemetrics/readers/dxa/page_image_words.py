"""Words of a page from several looks at it, for the readers of printed layouts."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bonemetrics.readers.dxa.page_image_ink import Box
from bonemetrics.readers.dxa.page_image_tesseract import Seen

_HEADS = (
    *("Region", "Area", "T-score", "Z-score", "score", "Score", "Densitometry", "ANCILLARY", "RESULTS", "Results"),
    *("Summary", "HOLOGIC", "Lunar", "Norland", "NORLAND"),
)
_SURE = re.compile(r"[\W_]*")
_UNITS = ((1.7, 2.9, "(g)"), (3.5, 5.1, "(cm)"), (5.3, 8.6, "(g/cm2)"))
"""Widths of printed units in digits, from the brackets and letters of usual type, bold or not."""
_KNOWN_UNIT = re.compile(r"\((?:m?g(?:/cm.{0,2})?|[cm]m.{0,2}|%|%/\w+)\)")
_MILLI = re.compile(r".?(?:m|rn|nn|ni)")
_IN_BRACKETS = re.compile(r"[(\[{€@f<].{0,9}|.{0,9}[)\]}]")
_SHORT = 14
"""A box that is fewer times as wide as high is better read by itself than on its line."""


def pixel_words(whole: Sequence[Seen], boxes: Sequence[Box], alone: Sequence[Sequence[Seen]]) -> list[Seen]:
    """Join a look at the whole page with one at each short box by itself, which is the better one.

    Parameters
    ----------
    whole
        Words of the whole page.
    boxes
        Boxes that were read by themselves.
    alone
        Words of each.

    Returns
    -------
    list of Seen
        With heads of tables mended where one letter was misread.
    """
    better = [
        (box, words) for box, words in zip(boxes, alone, strict=True) if words and box.width < _SHORT * box.height
    ]
    kept = [word for word in whole if not any(_within(word, box) for box, _ in better)]
    return [_mended(word) for word in (*kept, *(word for _, words in better for word in words))]


def with_units(words: Sequence[Seen], digit_width: float) -> list[Seen]:
    """Mend units in brackets below `BMD`, `BMC` and `Area` by how wide they are.

    Their small raised 2 and slash are what is misread most; they are much alike in all type.
    """
    mended = []
    for word in words:
        text = word.text
        # Nothing that could be milligrams is taken for grams.
        unknown = _IN_BRACKETS.fullmatch(text) and not (_KNOWN_UNIT.fullmatch(text) or _MILLI.match(text))
        if unknown and _is_below_head(word, words):
            text = next((unit for a, b, unit in _UNITS if a <= (word.x1 - word.x0) / digit_width <= b), text)
        mended.append(Seen(text, word.x0, word.y0, word.x1, word.y1, word.sure))
    return mended


def _is_below_head(word: Seen, words: Sequence[Seen]) -> bool:
    height = word.y1 - word.y0
    return any(
        head.text in ("BMD", "BMC", "Area")
        and head.x0 < word.x1
        and word.x0 < head.x1
        and -0.5 * height < word.y0 - head.y1 < 1.5 * height
        for head in words
    )


def _within(word: Seen, box: Box) -> bool:
    x, y = (word.x0 + word.x1) / 2, (word.y0 + word.y1) / 2
    return box.x0 - 1 <= x <= box.x1 + 1 and box.y0 - 1 <= y <= box.y1 + 1


def _mended(word: Seen) -> Seen:
    core = word.text.strip(".,:;|'\"`_-–—[]{}")
    if len(core) < 4 or core in _HEADS:
        return word
    near = [head for head in _HEADS if len(head) >= 4 and _one_apart(core, head)]
    if len(near) != 1:
        return word
    return Seen(word.text.replace(core, near[0]), word.x0, word.y0, word.x1, word.y1, word.sure)


def _one_apart(one: str, other: str) -> bool:
    """Whether one letter is another, or missing, or too many."""
    if abs(len(one) - len(other)) > 1 or one == other:
        return False
    same = 0
    while same < min(len(one), len(other)) and one[same] == other[same]:
        same += 1
    rest, wanted = one[same:], other[same:]
    return rest[1:] == wanted[1:] or rest[1:] == wanted or rest == wanted[1:]
