"""Text of a PDF page that nobody sees on it."""

from __future__ import annotations

import ctypes
from typing import Any

import pypdfium2.raw as pdfium

from bonemetrics.readers.dxa.pdf_boxes import Box, frame_of

_COVERING = 0.25
"""A picture is looked at as a cover of text if it takes this part of the page."""
_INVISIBLE = (pdfium.FPDF_TEXTRENDERMODE_INVISIBLE, pdfium.FPDF_TEXTRENDERMODE_CLIP)


class Hidden:
    """Which text objects of a page are not seen: drawn without ink, or beneath a picture drawn later.

    Programs that make scanned pages searchable lay the text they have read under or invisibly over the picture.
    Nobody has compared such text with the picture, so it counts as absent.
    """

    def __init__(self, page: Any) -> None:
        self._known: dict[int, bool] = {}
        self._covers, self._order = _covers(page)

    def holds(self, text_page: Any, index: int) -> bool:
        handle = pdfium.FPDFText_GetTextObject(text_page, index)
        if not handle:
            return False
        address = ctypes.addressof(handle.contents)
        if address not in self._known:
            self._known[address] = self._is_hidden(handle, address)
        return self._known[address]

    def _is_hidden(self, handle: Any, address: int) -> bool:
        if pdfium.FPDFTextObj_GetTextRenderMode(handle) in _INVISIBLE:
            return True
        red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
        if pdfium.FPDFPageObj_GetFillColor(handle, red, green, blue, alpha) and alpha.value < 8:
            return True
        place = self._order.get(address)
        if place is None or not self._covers:
            return False
        box = _bounds(handle)
        return any(
            later > place
            and cover.left <= box.left
            and box.right <= cover.right
            and cover.bottom <= box.bottom
            and box.top <= cover.top
            for later, cover in self._covers
        )


def _covers(page: Any) -> tuple[list[tuple[int, Box]], dict[int, int]]:
    """Large pictures with their place in the order of drawing, and that place for every text object."""
    frame = frame_of(page)
    area = (frame.right - frame.left) * (frame.top - frame.bottom)
    covers: list[tuple[int, Box]] = []
    order: dict[int, int] = {}
    for place in range(pdfium.FPDFPage_CountObjects(page)):
        handle = pdfium.FPDFPage_GetObject(page, place)
        kind = pdfium.FPDFPageObj_GetType(handle)
        if kind == pdfium.FPDF_PAGEOBJ_TEXT:
            order[ctypes.addressof(handle.contents)] = place
        elif kind == pdfium.FPDF_PAGEOBJ_IMAGE:
            box = _bounds(handle)
            if (box.right - box.left) * (box.top - box.bottom) > _COVERING * area:
                covers.append((place, box))
    return covers, order


def _bounds(handle: Any) -> Box:
    edges = [ctypes.c_float() for _ in range(4)]
    pdfium.FPDFPageObj_GetBounds(handle, *map(ctypes.byref, edges))
    return Box(*(edge.value for edge in edges))
