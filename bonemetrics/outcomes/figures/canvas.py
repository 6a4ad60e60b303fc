"""Empty figures, and words that are safe on them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

_LEAST_POINTS, _LETTER_WIDTH, _WIDEST_NAMES_INCH = 4.0, 0.66, 2.4

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
    return min(0.15 + longest * points * _LETTER_WIDTH / 72, _WIDEST_NAMES_INCH)


def ends_of(names: Iterable[str], letters: int) -> dict[str, str]:
    """Study IDs by their last letters, where they are long and their ends still tell them apart."""
    every = dict.fromkeys(names)
    cut = {name: name if len(name) <= letters else f"…{name[1 - letters :]}" for name in every}
    return cut if len(set(cut.values())) == len(every) else {name: name for name in every}


def shortened(text: str, letters: int) -> str:
    """Text that is cut, and says so, where it has more letters than there is room for."""
    return text if len(text) <= letters else f"{text[: letters - 1].rstrip()}…"


def literal(text: str) -> str:
    """Text of a study as it stands: matplotlib would take a pair of `$` for mathematics, and refuse most of it."""
    return text.replace("$", r"\$")
