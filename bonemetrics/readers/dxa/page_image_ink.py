"""Ink on paper: a page's picture brought to one size of type, without rules, and the boxes of what is written."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy import ndimage

from bonemetrics.readers.dxa.page_image_files import Grey

Ink = npt.NDArray[np.float32]
INKED = 0.22
"""Share of full black from which a pixel belongs to a letter; less is smear of compression."""
SMALL_TYPE, LARGE_TYPE, WORKING_TYPE = 4, 13.0, 10.0
"""Heights of capital letters in pixels: below the first nothing is read, above the second the page is reduced."""
_MOST_TYPE = 120
_RULE = 6
"""A straight run longer than this many heights of type is a rule or frame, no letter."""


@dataclass(frozen=True, slots=True)
class Box:
    """Pixels `[y0:y1, x0:x1]` of a sheet."""

    x0: int
    y0: int
    x1: int
    y1: int

    @property
    def width(self) -> int:
        """Columns."""
        return self.x1 - self.x0

    @property
    def height(self) -> int:
        """Rows."""
        return self.y1 - self.y0

    @property
    def middle(self) -> float:
        """Row of the middle."""
        return (self.y0 + self.y1) / 2


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """A page ready to be read: ink from 0 (paper) to 1 (black), at the working size.

    `scale` is pixels of the picture per pixel of the sheet, `type_height` that of capital letters and digits.
    """

    ink: Ink
    scale: float
    type_height: float

    @property
    def paper(self) -> Grey:
        """As a grey picture, dark on white."""
        return self.thinned(1.0)

    def thinned(self, power: float) -> Grey:
        """The same with its half-inked pixels paler, for a power above 1."""
        return np.asarray(255.0 * (1.0 - self.ink**power), dtype=np.float32).round().astype(np.uint8)


def sheet_of(picture: Grey) -> Sheet | None:
    """Prepare a page, or give nothing where hardly anything on it looks like type.

    Parameters
    ----------
    picture
        (rows, columns), dark letters on light paper or the other way round.
    """
    grey = picture if np.median(picture) >= 110 else 255 - picture
    coarse = _type_height(ink_of(_reduced(grey, _first_reduction(grey))))
    if coarse is None:
        return None
    height = coarse * _first_reduction(grey)
    scale = height / WORKING_TYPE if height > LARGE_TYPE else 1.0
    ink = ink_of(_reduced(grey, scale))
    return Sheet(without_rules(ink, height / scale), scale, height / scale)


def ink_of(grey: Grey) -> Ink:
    """How far each pixel is from its paper to black."""
    values = grey.astype(np.float32)
    paper = np.asarray(ndimage.grey_closing(values, size=(17, 17)), dtype=np.float32)
    return np.clip((paper - values) / np.maximum(paper, 64.0), 0.0, 1.0).astype(np.float32)


def without_rules(ink: Ink, type_height: float) -> Ink:
    """Ink without long straight runs."""
    dark = ink > 0.5
    length = max(20, round(_RULE * type_height))
    across = ndimage.binary_opening(dark, np.ones((1, length)))
    down = ndimage.binary_opening(dark, np.ones((length, 1)))
    # The soft edge of a rule goes with it.
    rules = ndimage.binary_dilation(across, np.ones((3, 1))) | ndimage.binary_dilation(down, np.ones((1, 3)))
    return np.where(rules, np.float32(0.0), ink)


def tokens_of(sheet: Sheet) -> list[Box]:
    """Boxes of what stands together on a line, such as a number with its sign; blanks between words may be in it."""
    dark = sheet.ink > INKED
    gap = max(4, round(0.8 * sheet.type_height))
    joined = dark | ndimage.binary_closing(np.pad(dark, gap), np.ones((1, gap)))[gap:-gap, gap:-gap]
    labels, _ = ndimage.label(joined, np.ones((3, 3)))
    boxes = [Box(x.start, y.start, x.stop, y.stop) for y, x in ndimage.find_objects(labels)]
    boxes = [part for box in boxes for part in _lines_in(dark, box, sheet.type_height)]
    tall, low = 2.0 * sheet.type_height, 0.7 * sheet.type_height
    kept = [box for box in boxes if low <= box.height <= tall or (box.height < low and box.width <= 4 * low)]
    return [box for box in kept if box.width <= 40 * sheet.type_height]


def _lines_in(dark: npt.NDArray[np.bool_], box: Box, type_height: float) -> list[Box]:
    """Cut a box of two lines that touch, as in the narrow heads of tables, where least ink runs across."""
    if not 1.6 * type_height <= box.height <= 3.2 * type_height:
        return [box]
    across = dark[box.y0 : box.y1, box.x0 : box.x1].sum(axis=1)
    first, last = round(0.3 * box.height), round(0.7 * box.height)
    cut = first + int(across[first:last].argmin())
    if across[cut] > 0.35 * across.max():
        return [box]
    return [Box(box.x0, box.y0, box.x1, box.y0 + cut), Box(box.x0, box.y0 + cut, box.x1, box.y1)]


def has_ink(sheet: Sheet, x0: float, y0: float, x1: float, y1: float) -> bool:
    """Whether anything is written inside a box, counted in pixels of the sheet."""
    part = sheet.ink[max(0, round(y0)) : max(0, round(y1)), max(0, round(x0)) : max(0, round(x1))]
    return bool(part.size and (part > INKED).sum() >= 2)


def _reduced(grey: Grey, scale: float) -> Grey:
    if scale <= 1.0:
        return grey
    rows, columns = grey.shape
    size = (max(1, round(columns / scale)), max(1, round(rows / scale)))
    return np.asarray(
        Image.fromarray(grey).resize(size, Image.Resampling.BOX if scale > 3 else Image.Resampling.LANCZOS)
    )


def _first_reduction(grey: Grey) -> float:
    """Bound the work of the first look; type of a large scan is still large enough after it."""
    return max(1.0, math.sqrt(grey.size / 4_000_000))


def _type_height(ink: Ink) -> float | None:
    """Height of the most frequent letters; `None` where there are too few that look like letters."""
    labels, count = ndimage.label(ink > 0.4, np.ones((3, 3)))
    if count < 30:
        return None
    heights = [
        y.stop - y.start
        for y, x in ndimage.find_objects(labels)
        if SMALL_TYPE < y.stop - y.start <= _MOST_TYPE and 0.15 < (x.stop - x.start) / (y.stop - y.start) < 6
    ]
    if len(heights) < 30:
        return None
    counts: npt.NDArray[np.float64] = np.bincount(heights, minlength=_MOST_TYPE + 2).astype(np.float64)
    near = counts[:-1] + counts[1:]
    best = int(near.argmax())
    total = counts[best] * best + counts[best + 1] * (best + 1)
    return float(total) / float(near[best])
