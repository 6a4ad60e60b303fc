"""Names along an axis of time: those that would meet stand on different lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bonemetrics.outcomes.figures.canvas import literal
from bonemetrics.outcomes.figures.moments import months
from bonemetrics.outcomes.figures.style import SOFT
from bonemetrics.study.protocol import Protocol

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LETTER_POINTS, _APART_POINTS, _LINE_POINTS = 0.6, 3.0, 9.0
"""Width of a letter for each point of its size, least distance of two names, and of two lines."""
_SIZE = 7.0


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


def name_visits(
    axes: Axes, protocol: Protocol, limits: tuple[float, float], width_inch: float, *, infusion: bool = False
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
    """
    visits = [(months(one.target_day), one.name) for one in protocol.visits if one.target_day is not None]
    visits = [one for one in visits if limits[0] <= one[0] <= limits[1]]
    visits += [(0.0, "infusion")] if infusion else []
    points = width_inch * 72 / (limits[1] - limits[0])
    lines = tiers(
        [at * points for at, _ in visits], [len(name) * _SIZE * _LETTER_POINTS for _, name in visits], _APART_POINTS
    )
    for (at, name), line in zip(visits, lines, strict=True):
        axes.annotate(
            literal(name),
            (at, 1),
            (0, 2 + line * _LINE_POINTS),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=_SIZE,
            color=SOFT,
        )
