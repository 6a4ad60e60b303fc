"""Boxes of characters on a PDF page, also where a font lies about its height."""

from __future__ import annotations

import ctypes
import math
import re
import statistics
from itertools import islice
from typing import Any, NamedTuple

import pypdfium2.raw as pdfium

from bonemetrics.errors import ReadError

_TALL = re.compile(r"[0-9A-Z]")
_SAMPLED = 24
_CAPITAL = 0.71
"""Height of a figure or capital in em."""
_TALLEST = 1.5


class Box(NamedTuple):
    """A rectangle in the coordinates of a PDF page, whose y grows upwards."""

    left: float
    bottom: float
    right: float
    top: float


class Boxes:
    """Boxes of characters: their advance wide and about one em high.

    Heights come from what a font says of itself. Where that is far from the height of its figures and capitals, boxes
    of one em are put on the base line instead.
    """

    def __init__(self, text_page: Any, characters: str) -> None:
        self._text_page = text_page
        self._stretch = 1.0
        sampled = [found.start() for found in islice(_TALL.finditer(characters), _SAMPLED)]
        ratios = [ratio for ratio in map(self._ratio, sampled) if ratio > 0]
        if ratios and statistics.median(ratios) > _TALLEST:
            self._stretch = statistics.median(ratios)

    def at(self, index: int, turns: int) -> Box:
        """The box of a character on a line turned by quarters of a circle."""
        box = self._stated(index)
        if self._stretch == 1.0 or turns > 3:
            return box
        x, y = ctypes.c_double(), ctypes.c_double()
        pdfium.FPDFText_GetCharOrigin(self._text_page, index, x, y)
        em = across(box, turns) / self._stretch
        up, down = 0.8 * em, -0.2 * em
        if turns % 2:
            sign = 1.0 if turns == 1 else -1.0
            ends = sorted((x.value + sign * up, x.value + sign * down))
            return Box(ends[0], box.bottom, ends[1], box.top)
        sign = 1.0 if turns == 0 else -1.0
        ends = sorted((y.value + sign * up, y.value + sign * down))
        return Box(box.left, ends[0], box.right, ends[1])

    def _stated(self, index: int) -> Box:
        rect = pdfium.FS_RECTF()
        pdfium.FPDFText_GetLooseCharBox(self._text_page, index, rect)
        box = Box(rect.left, rect.bottom, rect.right, rect.top)
        if not math.isfinite(sum(box)):
            raise ReadError("a glyph lies nowhere on the page", code="malformed-document")
        return box

    def _ratio(self, index: int) -> float:
        """How many em a box is high, by the height of a figure or capital itself; 0 where it has none."""
        turns = quarter_turns(self._text_page, index)
        left, right, bottom, top = (ctypes.c_double() for _ in range(4))
        pdfium.FPDFText_GetCharBox(self._text_page, index, left, right, bottom, top)
        ink = across(Box(left.value, bottom.value, right.value, top.value), turns)
        return _CAPITAL * across(self._stated(index), turns) / ink if ink > 0 else 0.0


def across(box: Box, turns: int) -> float:
    """Size of a box across the line."""
    return (box.right - box.left) if turns % 2 else (box.top - box.bottom)


def around(*boxes: Box) -> Box:
    """The rectangle around others."""
    lefts, bottoms, rights, tops = zip(*boxes, strict=True)
    return Box(min(lefts), min(bottoms), max(rights), max(tops))


def quarter_turns(text_page: Any, index: int) -> int:
    """By how many quarters of a circle a character is turned; 4 for anything between."""
    angle = pdfium.FPDFText_GetCharAngle(text_page, index) / (math.pi / 2)
    return round(angle) % 4 if abs(angle - round(angle)) < 0.05 else 4


def frame_of(page: Any) -> Box:
    """The part of a page that is shown."""
    edges = [ctypes.c_float() for _ in range(4)]
    for read in (pdfium.FPDFPage_GetCropBox, pdfium.FPDFPage_GetMediaBox):
        if read(page, *map(ctypes.byref, edges)):
            left, bottom, right, top = (edge.value for edge in edges)
            return Box(min(left, right), min(bottom, top), max(left, right), max(bottom, top))
    return Box(0.0, 0.0, pdfium.FPDF_GetPageWidthF(page), pdfium.FPDF_GetPageHeightF(page))
