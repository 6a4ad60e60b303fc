"""Empty figures, and words that are safe on them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING

_LEAST_POINTS, _LETTER_WIDTH, _WIDEST_NAMES_INCH, _NAMES_APART_INCH = 4.0, 0.66, 2.4, 0.15

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def blank_figure(width_inch: float, height_inch: float) -> Figure:
    """A white figure that belongs to no window and to no global state."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width_inch, height_inch), facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def lane_inch(count: int, wanted: float, most: float) -> float:
    """Height of one of many lanes below each other: the wanted one, or less where all would not fit on a sheet."""
    return min(wanted, most / max(count, 1))


def letter_points(lane: float) -> float:
    """Size of letters in a lane; 0 where it is too low to be read."""
    points = min(8.0, lane * 72 * 0.8)
    return points if points >= _LEAST_POINTS else 0.0


def names_inch(names: Iterable[str], points: float) -> float:
    """Room that names beside an axis need, at most a third of a sheet."""
    longest = max((len(name) for name in names), default=0)
    return min(_NAMES_APART_INCH + longest * points * _LETTER_WIDTH / 72, _WIDEST_NAMES_INCH)


def ends_of(names: Iterable[str], letters: int) -> dict[str, str]:
    """Study IDs that are long by the part that still tells them apart: last letters, first, those between, or both."""
    every = list(dict.fromkeys(names))
    end, start, *others = _ways(every, letters)
    return _cut(every, letters, (end, start, *others))


def starts_of(names: Iterable[str], letters: int) -> dict[str, str]:
    """Names of visits that are long by their first letters, or else by the part that still tells them apart."""
    every = list(dict.fromkeys(names))
    end, start, *others = _ways(every, letters)
    return _cut(every, letters, (start, end, *others))


def _ways(names: Sequence[str], letters: int) -> tuple[Callable[[str], str], ...]:
    """Ways to cut a name: to its end, its start, what stands before the end that all share, or start and end."""
    half = letters // 2
    tail = sum(
        1 for _ in takewhile(lambda same: len(set(same)) == 1, zip(*(name[::-1] for name in names), strict=False))
    )
    return (
        lambda name: f"…{name[1 - letters :]}",
        lambda name: shortened(name, letters),
        lambda name: f"…{name[: len(name) - tail][2 - letters :]}…",
        lambda name: f"{name[:half]}…{name[1 + half - letters :]}",
    )


def _cut(names: Sequence[str], letters: int, ways: Iterable[Callable[[str], str]]) -> dict[str, str]:
    """Long names by the first way that tells all apart; as they are where none does."""
    for way in ways:
        cut = {name: name if len(name) <= letters else way(name) for name in names}
        if len(set(cut.values())) == len(names):
            return cut
    return {name: name for name in names}


def letters_beside(points: float) -> int:
    """How many letters a name beside an axis may have."""
    return int((_WIDEST_NAMES_INCH - _NAMES_APART_INCH) * 72 / (max(points, _LEAST_POINTS) * _LETTER_WIDTH))


def clamped(middle: float, width: float, low: float, high: float) -> float:
    """Where the middle of a text stands so that it leaves neither end of the room, or the room's own middle."""
    if width > high - low:
        return (low + high) / 2
    return min(max(middle, low + width / 2), high - width / 2)


def shortened(text: str, letters: int) -> str:
    """Text that is cut, and says so, where it has more letters than there is room for."""
    return text if len(text) <= letters else f"{text[: letters - 1].rstrip()}…"


def literal(text: str) -> str:
    """Text of a study as it stands: matplotlib would take a pair of `$` for mathematics, and refuse most of it."""
    return text.replace("$", r"\$")
