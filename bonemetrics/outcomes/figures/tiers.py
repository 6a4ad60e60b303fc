"""Names along an axis of time: those that would meet stand on different lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bonemetrics.outcomes.figures.canvas import clamped, literal, starts_of
from bonemetrics.outcomes.figures.moments import months
from bonemetrics.outcomes.figures.style import SOFT
from bonemetrics.study.protocol import Protocol

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LETTER_POINTS, _APART_POINTS, _LINE_POINTS = 0.6, 3.0, 9.0
"""Width of a letter for each point of its size, least distance of two names, and of two lines."""
_SIZE, _FEWEST_LETTERS = 7.0, 6


def tiers(places: Sequence[float], widths: Sequence[float], apart: float) -> list[int]:
    """On which line each name stands, 0 the nearest to the axis.

    Parameters
    ----------
    places
        Middles of the names, in any unit of length.
    widths
        Of the names, in that unit.
    apart
        Least distance of two names on one line.

    Returns
    -------
    list of int
        In the order of `places`: the lowest line on which nothing is met, from left to right.
    """
    found = [0] * len(places)
    ends: list[float] = []
    for one in sorted(range(len(places)), key=lambda one: (places[one], one)):
        start = places[one] - widths[one] / 2
        line = next((line for line, end in enumerate(ends) if end + apart <= start), len(ends))
        ends[line : line + 1] = [places[one] + widths[one] / 2]
        found[one] = line
    return found


def _room(axes: Axes) -> tuple[float, float]:
    """Ends of the figure, in points from the left end of the axes."""
    wide = axes.figure.bbox.width / axes.figure.dpi * 72
    left = axes.get_position().x0 * wide
    return -left, wide - left


def _fitting(
    visits: Sequence[tuple[float, str]], low: float, points: float, room: tuple[float, float], most_lines: int
) -> list[tuple[float, str, float, int]]:
    """Month, name as it is written, shift to the side in points that keeps it on the figure, and line of each visit."""
    longest = max((len(name) for _, name in visits), default=0)
    for letters in range(max(longest, _FEWEST_LETTERS), _FEWEST_LETTERS - 1, -1):
        cut = starts_of((name for _, name in visits), letters)
        names = [cut[name] for _, name in visits]
        widths = [len(name) * _SIZE * _LETTER_POINTS for name in names]
        wanted = [(at - low) * points for at, _ in visits]
        middles = [clamped(at, width, *room) for at, width in zip(wanted, widths, strict=True)]
        lines = tiers(middles, widths, _APART_POINTS)
        if max(lines, default=0) < most_lines:
            break
    return [
        (at, name, middle - where, line)
        for (at, _), name, middle, where, line in zip(visits, names, middles, wanted, lines, strict=True)
    ]


def name_visits(
    axes: Axes,
    protocol: Protocol,
    limits: tuple[float, float],
    width_inch: float,
    *,
    infusion: bool = False,
    most_lines: int = 3,
) -> None:
    """Write the names of visits above an axis of months, at their target days.

    Parameters
    ----------
    axes
        Over months from the infusion; what is written goes above it.
    protocol
        Of the study. Visits without a target day, or outside the axis, are left out.
    limits
        First and last month of the axis.
    width_inch
        Width of the axes.
    infusion
        Whether the infusion is named too.
    most_lines
        For how many lines of names there is room; they are shortened until they fit.
    """
    visits = [(months(one.target_day), one.name) for one in protocol.visits if one.target_day is not None]
    visits = [one for one in visits if limits[0] <= one[0] <= limits[1]]
    visits += [(0.0, "infusion")] if infusion else []
    points = width_inch * 72 / (limits[1] - limits[0])
    room = _room(axes)
    for at, name, shift, line in _fitting(visits, limits[0], points, room, most_lines):
        axes.annotate(
            literal(name),
            (at, 1),
            (shift, 2 + line * _LINE_POINTS),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=_SIZE,
            color=SOFT,
        )
