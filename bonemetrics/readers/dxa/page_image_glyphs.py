"""A number read by comparing its digits with those of other cells of the page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from bonemetrics.readers.dxa.page_image_face import EDGE, FINE, THIN, Face, Glyphs, Strip, extent, window

_Floats = npt.NDArray[np.float64]
UP_DOWN = 3
_MOST_DIGITS = 7
_THICKEST = 2.6
"""Pixels of a minus sign from top to bottom, with its soft edges."""
_LOWEST, _HIGHEST = 0.3, 0.85
"""Where a minus sign stands between the top of the digits (0) and their foot (1)."""
_SAME = 0.01
"""Share of a digit's ink below which two pictures count as the same."""


@dataclass(frozen=True, slots=True)
class Matched:
    """The best reading of a cell.

    `misfit` is the worst letter's distance from what it was taken for, as a share of a digit's ink; `lead` tells how
    many times further off the next best reading of any digit, or of the point's place, is.
    """

    text: str
    misfit: float
    lead: float


@dataclass(frozen=True, slots=True, eq=False)
class Costs:
    """Distance of every letter from what stands at each height and column; `labels` name the first axis."""

    labels: tuple[str, ...]
    values: _Floats

    @property
    def least(self) -> _Floats:
        """Distance of the nearest letter."""
        return np.asarray(self.values.min(axis=0))


def match(face: Face, strip: Strip, *, owner: int = -1) -> Matched | None:
    """Read one cell.

    Parameters
    ----------
    face
        Digits of the page.
    strip
        The cell.
    owner
        Its number among the strips the face was learnt from: what was learnt from the cell itself does not count.

    Returns
    -------
    Matched or None
        `None` where the strip cannot be a number.
    """
    found = extent(strip)
    if found is None or found[1] - found[0] > _MOST_DIGITS * face.advance:
        return None
    left, right, top, bottom = found
    reach = round(0.7 * face.advance)
    around = window(
        strip,
        round((top + bottom - face.rows) / 2) - UP_DOWN,
        left - reach,
        face.rows + 2 * UP_DOWN,
        right - left + 2 * reach + 2 * face.digit_width,
    )
    digits = _costs(face.digits, around, face.rows, face.digit_width, owner)
    points = _costs(face.points, around, face.rows, face.point_width, owner)
    if digits is None:
        return None
    cell = _Cell(face, digits, points, _ink_before(around), _bar(around, face, reach), right - left, reach)
    fitted = [one for layout in _layouts(cell) if (one := _fitted(cell, layout)) is not None]
    return _best(fitted)


def digit_costs(face: Face, around: Strip) -> Costs | None:
    """Distance of every digit of the page from what stands anywhere in a strip, `UP_DOWN` samples higher and lower."""
    return _costs(face.digits, around, face.rows, face.digit_width, -1)


def _costs(glyphs: Glyphs, around: Strip, rows: int, width: int, owner: int) -> Costs | None:
    kept = glyphs.owners != owner
    if not kept.any():
        return None
    pictures, labels = glyphs.pictures[kept], glyphs.labels[kept]
    windows = sliding_window_view(around, (rows, width))[:, :, ::THIN, ::THIN]
    up_down, across = windows.shape[:2]
    seen = windows.reshape(up_down * across, -1)
    apart = (seen**2).sum(axis=1)[:, None] + (pictures**2).sum(axis=1)[None] - 2.0 * (seen @ pictures.T)
    names, starts = np.unique(labels, return_index=True)
    nearest = np.minimum.reduceat(apart, starts, axis=1).astype(np.float64)
    return Costs(tuple(map(str, names)), np.maximum(nearest, 0.0).T.reshape(len(names), up_down, across))


def _ink_before(around: Strip) -> _Floats:
    """Ink to the left of each column, in the measure of the distances."""
    power = (around.astype(np.float64) ** 2).sum(axis=0) / THIN**2
    return np.concatenate([[0.0], np.cumsum(power)])


def _bar(around: Strip, face: Face, start: int) -> _Floats | None:
    """Ink to the left of each column that is no part of a minus sign at the strip's left end; `None` for no sign.

    The sign is a flat bar at half height. It may touch the first digit, so its end is where the digit begins.
    """
    ahead = around[:, start : start + round(0.3 * face.advance)]
    rows = np.flatnonzero(ahead.max(axis=1) > EDGE)
    if not len(rows) or rows[-1] + 1 - rows[0] > _THICKEST * FINE:
        return None
    height = ((rows[0] + rows[-1] + 1) / 2 - UP_DOWN - FINE) / (face.rows - 2 * FINE)
    if not _LOWEST < height < _HIGHEST:
        return None
    rest = around.copy()
    rest[max(0, rows[0] - FINE) : rows[-1] + 1 + FINE] = 0.0
    return _ink_before(rest)


@dataclass(frozen=True, slots=True, eq=False)
class _Cell:
    """A strip with all that its readings are weighed by; `start` is the column of its first ink."""

    face: Face
    digits: Costs
    points: Costs | None
    ink: _Floats
    beside_bar: _Floats | None
    width: int
    start: int


@dataclass(frozen=True, slots=True)
class _Layout:
    """A sign, and digits `0` with a point among them."""

    sign: str
    kinds: str


@dataclass(frozen=True, slots=True)
class _Fitted:
    """A layout at its best place, with the nearest digits."""

    text: str
    total: float
    misfit: float
    lead: float


def _layouts(cell: _Cell) -> Iterator[_Layout]:
    """Numbers that can be as wide as the strip."""
    face = cell.face
    for count in range(1, _MOST_DIGITS + 1):
        for before in range(count if cell.points is not None else 1):
            kinds = "0" * before + "." + "0" * (count - before) if before else "0" * count
            expected = face.starts(kinds)[-1] + face.bearing
            # A 1 at an end lacks up to a third of its width.
            if -0.3 * face.advance < expected - cell.width < 0.7 * face.advance:
                yield _Layout("", kinds)
            if cell.beside_bar is not None and -1.3 * face.advance < expected - cell.width < 0.3 * face.advance:
                yield _Layout("-", kinds)


def _fitted(cell: _Cell, layout: _Layout) -> _Fitted | None:
    """Place digits and point where they fit best."""
    *starts, end = cell.face.starts(layout.kinds)
    offsets = [round(start) for start in starts]
    _, up_down, across = cell.digits.values.shape
    free = min(across - offsets[-1], len(cell.ink) - 1 - round(end))
    first = cell.start + round(0.2 * cell.face.advance) if layout.sign else 0
    if free <= first:
        return None
    columns = np.arange(first, free)
    left = cell.ink if not layout.sign or cell.beside_bar is None else cell.beside_bar
    outside = left[columns] + cell.ink[-1] - cell.ink[columns + round(end)]
    total = np.broadcast_to(outside, (up_down, len(columns))).copy()
    for kind, offset in zip(layout.kinds, offsets, strict=True):
        costs = cell.points if kind == "." and cell.points is not None else cell.digits
        total += costs.least[:, first + offset : free + offset]
    y, x = (int(place) for place in np.unravel_index(int(total.argmin()), total.shape))
    places = [first + x + offset for offset in offsets]
    return _spelled(cell, layout, places, y, float(total[y, x]), float(outside[x]))


def _spelled(cell: _Cell, layout: _Layout, places: list[int], y: int, total: float, outside: float) -> _Fitted:
    ink = float((cell.face.digits.pictures**2).sum(axis=1).mean())
    text, misfit, lead = layout.sign, outside / ink, np.inf
    for kind, x in zip(layout.kinds, places, strict=True):
        costs = cell.points if kind == "." and cell.points is not None else cell.digits
        apart = costs.values[:, y, x]
        order = np.argsort(apart)
        text += costs.labels[int(order[0])]
        misfit = max(misfit, float(apart[order[0]]) / ink)
        if kind != "." and len(order) > 1:
            lead = min(lead, float(apart[order[1]]) / max(float(apart[order[0]]), _SAME * ink))
    return _Fitted(text, total, misfit, lead)


def _best(fitted: list[_Fitted]) -> Matched | None:
    if not fitted:
        return None
    fitted.sort(key=lambda one: one.total)
    best = fitted[0]
    rival = min((one.total for one in fitted[1:] if one.text != best.text), default=np.inf)
    return Matched(best.text, best.misfit, min(best.lead, rival / max(best.total, 1e-6)))
