"""Names beside points: each where it covers neither a point nor another name."""

from __future__ import annotations

from collections.abc import Sequence

Place = tuple[float, float]
_SIDES = ((1, 0), (-1, 0), (1, 1), (-1, 1), (1, -1), (-1, -1), (0, 1), (0, -1))
"""Right, left, then the corners, above and below; the first that is free is taken."""
_DISTANCES = (1.0, 2.0, 3.2)


def beside(
    named: Sequence[Place], widths: Sequence[float], others: Sequence[Place], size: float, box: tuple[float, float]
) -> list[Place]:
    """Where the middles of names stand.

    Parameters
    ----------
    named
        Points that have a name.
    widths
        Of the names, in the same unit as the points.
    others
        Points that have none.
    size
        Height of a name; a name keeps that distance from the point it belongs to.
    box
        Width and height of the drawing, whose lower left corner is (0, 0). No name leaves it.

    Returns
    -------
    list of tuple
        In the order of `named`. Where no place is free, that with the least cover.
    """
    points = [*named, *others]
    taken: list[tuple[float, float, float]] = []
    found = []
    for (x, y), width in zip(named, widths, strict=True):
        spots = [
            (x + side * (0.75 * size * far + width / 2 * abs(side)), y + up * size * far)
            for far in _DISTANCES
            for side, up in _SIDES
        ]
        inside = [spot for spot in spots if _is_inside(spot, width, size, box)] or spots
        covers = [_cover(spot, width, size, points, taken) for spot in inside]
        best = inside[covers.index(min(covers))]
        taken.append((*best, width))
        found.append(best)
    return found


def _is_inside(spot: Place, width: float, size: float, box: tuple[float, float]) -> bool:
    return width / 2 <= spot[0] <= box[0] - width / 2 and size / 2 <= spot[1] <= box[1] - size / 2


def _cover(
    spot: Place, width: float, size: float, points: Sequence[Place], taken: Sequence[tuple[float, float, float]]
) -> int:
    """How many points and names a name at this spot would cover."""
    covered = sum(abs(spot[0] - x) < width / 2 + size / 3 and abs(spot[1] - y) < 0.8 * size for x, y in points)
    return covered + sum(abs(spot[0] - x) < (width + other) / 2 and abs(spot[1] - y) < size for x, y, other in taken)
