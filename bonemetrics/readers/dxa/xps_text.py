"""Words of an XPS page: exact text at exact origins, with widths from its advances or, without, estimated."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa.printed_page import Page, Word
from bonemetrics.readers.dxa.safe_xml import local_name

MAX_RUN = 4000
_POINTS = 0.75
"""XPS counts in 96ths of an inch."""
_ASCENT, _DESCENT = 0.75, 0.2
_NARROW, _MIDDLE, _WIDE = 0.28, 0.54, 0.85
_COVERING = 0.25
_INDEX = re.compile(r"(?:\((\d{1,4})(?::(\d{1,4}))?\))?\d*(?:,([+-]?[\d.]*))?[^;]*")

Matrix = tuple[float, float, float, float, float, float]
_IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class _Placed:
    """A word along its own base line, with the matrix that brings it to the page."""

    text: str
    x0: float
    x1: float
    y: float
    size: float
    matrix: Matrix
    order: int

    @property
    def turns(self) -> int:
        """Quarters of a circle by which it is turned on the page; 4 for anything between."""
        turn = math.atan2(self.matrix[1], self.matrix[0]) / (math.pi / 2)
        return round(turn) % 4 if abs(turn - round(turn)) < 0.05 else 4

    def corners(self) -> tuple[float, float, float, float]:
        """The box on the page."""
        points = [
            _moved(self.matrix, x, y)
            for x in (self.x0, self.x1)
            for y in (self.y - _ASCENT * self.size, self.y + _DESCENT * self.size)
        ]
        xs, ys = [point[0] for point in points], [point[1] for point in points]
        return min(xs), min(ys), max(xs), max(ys)


def page_of(root: Element, number: int) -> tuple[Page, bool]:
    """A page, and whether anything at all is drawn on it.

    Raises
    ------
    ReadError
        `malformed-document` where a number of the page is none.
    """
    width, height = _number(root.get("Width", "")), _number(root.get("Height", ""))
    if not 0 < width * height < 1e12:
        raise ReadError(f"page {number} has no size", code="malformed-document")
    placed: list[_Placed] = []
    covers: list[tuple[int, tuple[float, float, float, float]]] = []
    drawn = 0
    for order, (element, matrix) in enumerate(_drawn(root, _IDENTITY)):
        drawn += 1
        if local_name(element) == "Glyphs":
            placed += _words(element, matrix, order)
        elif (box := _picture(element, matrix)) and _area(box) > _COVERING * width * height:
            covers.append((order, box))
    seen = [word for word in placed if not _is_covered(word, covers)]
    most = Counter(word.turns for word in seen).most_common(1)
    turns = most[0][0] if most else 0
    boxes = [(word.text, _turned(word.corners(), turns, width, height)) for word in seen if word.turns == turns]
    if turns % 2:
        width, height = height, width
    words = tuple(
        Word(text=text, **dict(zip(("x0", "y0", "x1", "y1"), (_POINTS * edge for edge in box), strict=True)))
        for text, box in boxes
        if 0 <= (box[0] + box[2]) / 2 <= width and 0 <= (box[1] + box[3]) / 2 <= height
    )
    return Page(number=number, width=_POINTS * width, height=_POINTS * height, words=words), drawn > 0


def _drawn(element: Element, matrix: Matrix) -> Iterator[tuple[Element, Matrix]]:
    """Glyphs and paths in the order of drawing, with the matrix of the canvases around them."""
    for child in element:
        name = local_name(child)
        if name in ("Canvas", "Glyphs", "Path") and not _is_clear(child):
            inner = _times(_transform(child, name), matrix)
            if name == "Canvas":
                yield from _drawn(child, inner)
            else:
                yield child, inner


def _is_clear(element: Element) -> bool:
    """Whether an element leaves no ink."""
    fill = element.get("Fill", "")
    clear = re.fullmatch(r"#0[0-7][0-9a-fA-F]{6}|Transparent", fill) is not None
    opacity = element.get("Opacity", "1")
    return clear or (opacity.replace(".", "", 1).isdigit() and float(opacity) < 0.03)


def _transform(element: Element, name: str) -> Matrix:
    text = element.get("RenderTransform", "")
    for child in element:
        if local_name(child) == f"{name}.RenderTransform":
            text = next((inner.get("Matrix", "") for inner in child if local_name(inner) == "MatrixTransform"), text)
    if not text:
        return _IDENTITY
    numbers = [_number(part) for part in re.split(r"[\s,]+", text.strip())]
    if len(numbers) != 6:
        raise ReadError("a transformation of the page is not six numbers", code="malformed-document")
    return (numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5])


def _words(element: Element, matrix: Matrix, order: int) -> list[_Placed]:
    text = element.get("UnicodeString", "").removeprefix("{}")
    size = _number(element.get("FontRenderingEmSize", ""))
    x, y = _number(element.get("OriginX", "")), _number(element.get("OriginY", ""))
    if element.get("IsSideways", "").casefold() == "true" or element.get("BidiLevel", "0") not in ("", "0"):
        return []
    if len(text) > MAX_RUN:
        raise ReadError("a line of text longer than any page is wide", code="too-large")
    words: list[_Placed] = []
    start, begin = None, 0.0
    for index, (letter, (width, advance)) in enumerate(zip(text, _advances(text, element, size), strict=True)):
        if not letter.isspace() and start is None:
            start, begin = index, x
        if start is not None and letter.isspace():
            words.append(_Placed(text[start:index], begin, x, y, size, matrix, order))
            start = None
        elif start is not None and (advance > width + 0.5 * size or index == len(text) - 1):
            words.append(_Placed(text[start : index + 1], begin, x + min(width, advance), y, size, matrix, order))
            start = None
        x += advance
    return words


def _advances(text: str, element: Element, size: float) -> list[tuple[float, float]]:
    """For every character its own width and how far the next one stands."""
    natural = [size * _width(letter) for letter in text]
    stated: list[float | None] = [None] * len(text)
    index, glyphs, total = 0, 0, 0.0
    indices = element.get("Indices", "")
    for entry in indices.split(";")[: len(text)] if indices else ():
        found = _INDEX.fullmatch(entry)
        if found is None or index >= len(text):
            break
        if found[1] and glyphs == 0:
            # A cluster stands for several characters; its advance counts at the first of them.
            for inner in range(index + 1, min(index + int(found[1]), len(text))):
                stated[inner] = 0.0
            glyphs, total = int(found[2] or 1), 0.0
        if found[3]:
            total += _number(found[3]) * size / 100.0
            stated[index] = total
        glyphs = max(0, glyphs - 1)
        if glyphs == 0:
            index += 1
            while index < len(text) and stated[index] == 0.0:
                index += 1
            total = 0.0
    return [(wide, wide if told is None else told) for wide, told in zip(natural, stated, strict=True)]


def _width(letter: str) -> float:
    """Share of the em that a letter of a sans-serif font takes; digits take a little more than half."""
    if letter in " .,:;'|!()[]ijlftI-/":
        return _NARROW
    return _WIDE if letter in "mwMW%@" else _MIDDLE


def _picture(element: Element, matrix: Matrix) -> tuple[float, float, float, float] | None:
    """Where a path shows a picture."""
    brush = next((inner for inner in element.iter() if local_name(inner) == "ImageBrush"), None)
    if brush is None:
        return None
    numbers = [_number(part) for part in re.split(r"[\s,]+", brush.get("Viewport", "").strip())]
    if len(numbers) != 4:
        return None
    x, y, wide, high = numbers
    points = [_moved(matrix, *point) for point in ((x, y), (x + wide, y + high))]
    xs, ys = [point[0] for point in points], [point[1] for point in points]
    return min(xs), min(ys), max(xs), max(ys)


def _is_covered(word: _Placed, covers: list[tuple[int, tuple[float, float, float, float]]]) -> bool:
    """Whether a picture drawn later hides a word, as where a program has laid its reading beneath a scan."""
    x0, y0, x1, y1 = word.corners()
    return any(
        order > word.order and box[0] <= x0 and x1 <= box[2] and box[1] <= y0 and y1 <= box[3] for order, box in covers
    )


def _area(box: tuple[float, float, float, float]) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _moved(matrix: Matrix, x: float, y: float) -> tuple[float, float]:
    a, b, c, d, e, f = matrix
    return a * x + c * y + e, b * x + d * y + f


def _times(inner: Matrix, outer: Matrix) -> Matrix:
    """The matrix that applies the inner one first."""
    a, b, c, d, e, f = inner
    g, h, i, j, k, m = outer
    return (a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j, e * g + f * i + k, e * h + f * j + m)


def _turned(
    box: tuple[float, float, float, float], turns: int, width: float, height: float
) -> tuple[float, float, float, float]:
    """A box on the page turned back, so that its text runs from left to right."""
    x0, y0, x1, y1 = box
    if turns == 1:
        return y0, width - x1, y1, width - x0
    if turns == 2:
        return width - x1, height - y1, width - x0, height - y0
    if turns == 3:
        return height - y1, x0, height - y0, x1
    return box


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or abs(value) > 1e7:
        raise ReadError("a number of the page is none", code="malformed-document")
    return value
