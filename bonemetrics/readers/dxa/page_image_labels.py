"""Names of vertebrae in the first column of a table, read by the digits of the page and the marks between them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from bonemetrics.anatomy import vertebrae_of
from bonemetrics.readers.dxa.page_image_face import EDGE, FINE, Face, Strip, extent, window
from bonemetrics.readers.dxa.page_image_glyphs import UP_DOWN, Costs, digit_costs

_MISFIT, _LEAD = 0.11, 1.8
_MOST_LEVELS = 3
_DENIED = 1.1


def vertebra_names(face: Face, strips: Sequence[Strip]) -> list[str]:
    """Read the labels of rows as vertebrae.

    A label is a letter L with a digit, or T12, and such pairs joined by hyphens or commas. Its digits look like those
    of the numbers of the page; where they stand tells how many pairs there are.

    Parameters
    ----------
    face
        Digits of the page.
    strips
        The labels of one table.

    Returns
    -------
    list of str
        As `anatomy` spells them; empty for a label that is none, or that cannot be read with certainty.
    """
    widths = [0 if (found := extent(strip)) is None else found[1] - found[0] for strip in strips]
    single = [width for width in widths if 1.5 * face.advance < width < 2.8 * face.advance]
    if not single:
        return ["" for _ in strips]
    return [_name(face, strip, float(np.median(single))) for strip in strips]


def denies(face: Face, strip: Strip, name: str) -> bool:
    """Whether the digits of a page speak against a name that was read otherwise.

    Parameters
    ----------
    face
        Digits of the page.
    strip
        The label.
    name
        Such as `L2-L4`; its last digit stands where the ink ends.

    Returns
    -------
    bool
        True where another digit looks more like the last one.
    """
    view = _view(face, strip)
    return view is not None and view.denies_last(name[-1])


def _name(face: Face, strip: Strip, single: float) -> str:
    view = _view(face, strip)
    text = "" if view is None else view.pairs(single)
    return text if text and vertebrae_of(text) else ""


def _view(face: Face, strip: Strip) -> _View | None:
    found = extent(strip)
    if found is None:
        return None
    left, right, top, bottom = found
    reach = face.digit_width
    around = window(
        strip,
        round((top + bottom - face.rows) / 2) - UP_DOWN,
        left - reach,
        face.rows + 2 * UP_DOWN,
        right - left + 3 * reach,
    )
    costs = digit_costs(face, around)
    return None if costs is None else _View(face, around, costs, reach, right - left + reach)


class _View:
    """A label under the digits of the page; `start` and `end` are the columns of its ink."""

    def __init__(self, face: Face, around: Strip, costs: Costs, start: int, end: int) -> None:
        self.face, self.around, self.costs, self.start, self.end = face, around, costs, start, end
        self.ink = float((face.digits.pictures**2).sum(axis=1).mean())
        # All digits of a label share one height: that of the last one.
        self.up_down = 0

    def pairs(self, single: float) -> str:
        """The whole label, from its end to its start."""
        advance, letter = self.face.advance, single - self.face.advance
        last = self._digit(self.end - 1.15 * advance, self.end - 0.6 * advance, fix_height=True)
        if last is None:
            return ""
        digit, x = last
        if x - self.start > 1.6 * advance + letter:
            return self._longer(digit, x, letter)
        if x - self.start < 0.5 * letter + 0.2 * advance:
            return ""
        if x - self.start <= letter + 0.5 * advance:
            return f"L{digit}" if self._is_l(x) else ""
        before = self._digit(x - 1.15 * advance, x - 0.85 * advance)
        return f"T{before[0]}{digit}" if before is not None and digit == "2" and before[0] == "1" else ""

    def denies_last(self, digit: str) -> bool:
        """Whether another digit stands at the end."""
        first, last = round(self.end - 1.15 * self.face.advance), round(self.end - 0.6 * self.face.advance)
        part = self.costs.values[:, :, max(0, first) : last + 1]
        if not part.size or digit not in self.costs.labels:
            return False
        best = part.reshape(len(self.costs.labels), -1).min(axis=1)
        return bool(best[self.costs.labels.index(digit)] > best.min() * _DENIED)

    def _longer(self, digit: str, x: int, letter: float) -> str:
        advance = self.face.advance
        text = f"L{digit}"
        for _ in range(_MOST_LEVELS):
            here = x - letter
            before = self._digit(here - 3.4 * advance, here - 1.1 * advance)
            if before is None:
                return ""
            mark = self._mark(round(before[1] + advance), round(here - 0.22 * advance))
            text = f"L{before[0]}{mark}{text}"
            x = before[1]
            if x - self.start <= letter + 0.6 * advance:
                return text if mark and self._is_l(x) else ""
        return ""

    def _digit(self, first: float, last: float, *, fix_height: bool = False) -> tuple[str, int] | None:
        """The surest digit that starts between two columns."""
        a, b = max(0, round(first)), min(self.costs.values.shape[2], round(last) + 1)
        if a >= b:
            return None
        part: npt.NDArray[np.float64] = self.costs.values[:, :, a:b]
        if not fix_height:
            part = part[:, max(0, self.up_down - 1) : self.up_down + 2]
        kind, y, x = (int(place) for place in np.unravel_index(int(part.argmin()), part.shape))
        here = np.sort(part[:, y, x])
        if here[0] > _MISFIT * self.ink or (len(here) > 1 and here[1] < _LEAD * here[0]):
            return None
        if fix_height:
            self.up_down = y
        return self.costs.labels[kind], a + x

    def _is_l(self, digit: int) -> bool:
        """Whether the letter before a digit has ink at the left and the foot, and none above the foot at the right."""
        rows, width = self.face.rows, digit - self.start
        part = self.around[self.up_down + FINE : self.up_down + rows - FINE, self.start : digit]
        high = part.shape[0]
        upper = part[: round(0.55 * high), round(0.55 * width) : round(0.95 * width)]
        foot = part[round(0.7 * high) :, round(0.35 * width) : round(0.8 * width)]
        stem = part[:, : round(0.5 * width)].max(axis=1)
        return bool(
            upper.size and foot.size and upper.mean() < 0.13 and foot.max() > EDGE and (stem > 0.8 * EDGE).mean() > 0.8
        )

    def _mark(self, first: int, last: int) -> str:
        """Hyphen, comma, or nothing that is known."""
        rows = self.face.rows
        part = self.around[self.up_down + FINE : self.up_down + rows + FINE, first + 1 : last]
        if part.shape[1] < 2:
            return ""
        columns = part.max(axis=1)
        inked = np.flatnonzero(columns > EDGE)
        if not len(inked):
            return ""
        share = (inked[0] + inked[-1] + 1) / 2 / (rows - 2 * FINE)
        if inked[-1] + 1 - inked[0] <= 2.6 * FINE and 0.35 < share < 0.8:
            return "-"
        return "," if share > 0.8 and inked[0] > 0.6 * (rows - 2 * FINE) else ""
