"""Text of a PDF page that nobody sees on it."""

from __future__ import annotations

import ctypes
from typing import Any

import pypdfium2.raw as pdfium

from bonemetrics.readers.dxa.pdf_boxes import Box, frame_of

_COVERING = 0.02
"""A picture counts as a cover of text if it takes this part of the page; a scan may come in strips."""
_DEEPEST = 8
_INVISIBLE = (pdfium.FPDF_TEXTRENDERMODE_INVISIBLE, pdfium.FPDF_TEXTRENDERMODE_CLIP)


class Hidden:
    """Which text objects of a page are not seen: drawn without ink, or beneath a picture drawn later.

    Programs that make scanned pages searchable lay the text they have read under or invisibly over the picture.
    Nobody has compared such text with the picture, so it counts as absent.
    """

    def __init__(self, page: Any) -> None:
        self._known: dict[int, bool] = {}
        self._covers: list[tuple[int, Box]] = []
        self._order: dict[int, int] = {}
        frame = frame_of(page)
        least = _COVERING * (frame.right - frame.left) * (frame.top - frame.bottom)
        without_ink = False
        for place in range(pdfium.FPDFPage_CountObjects(page)):
            handle = pdfium.FPDFPage_GetObject(page, place)
            without_ink |= self._add(handle, place, least, depth=0)
        self._all_seen = not self._covers and not without_ink

    def holds(self, text_page: Any, index: int) -> bool:
        """Whether the character is of a text object that is not seen."""
        if self._all_seen:
            return False
        handle = pdfium.FPDFText_GetTextObject(text_page, index)
        if not handle:
            return False
        address = ctypes.addressof(handle.contents)
        if address not in self._known:
            self._known[address] = _is_without_ink(handle) or self._is_covered(handle, self._order.get(address))
        return self._known[address]

    def _add(self, handle: Any, place: int, least: float, *, depth: int) -> bool:
        """Note where an object stands in the order of drawing; whether it is text without ink."""
        kind = pdfium.FPDFPageObj_GetType(handle)
        if kind == pdfium.FPDF_PAGEOBJ_TEXT:
            self._order[ctypes.addressof(handle.contents)] = place
            return _is_without_ink(handle)
        if kind == pdfium.FPDF_PAGEOBJ_IMAGE and depth == 0:
            box = _bounds(handle)
            if (box.right - box.left) * (box.top - box.bottom) > least:
                self._covers.append((place, box))
        elif kind == pdfium.FPDF_PAGEOBJ_FORM and depth < _DEEPEST:
            count = pdfium.FPDFFormObj_CountObjects(handle)
            inner = [pdfium.FPDFFormObj_GetObject(handle, index) for index in range(count)]
            # Every child must be noted, so nothing here may stop at the first.
            return True in [self._add(child, place, least, depth=depth + 1) for child in inner]
        # Nobody looks deeper than that, so what lies there is looked at one by one.
        return bool(kind == pdfium.FPDF_PAGEOBJ_FORM)

    def _is_covered(self, handle: Any, place: int | None) -> bool:
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


def _is_without_ink(handle: Any) -> bool:
    if pdfium.FPDFTextObj_GetTextRenderMode(handle) in _INVISIBLE:
        return True
    red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
    return bool(pdfium.FPDFPageObj_GetFillColor(handle, red, green, blue, alpha)) and alpha.value < 8


def _bounds(handle: Any) -> Box:
    edges = [ctypes.c_float() for _ in range(4)]
    pdfium.FPDFPageObj_GetBounds(handle, *map(ctypes.byref, edges))
    return Box(*(edge.value for edge in edges))
