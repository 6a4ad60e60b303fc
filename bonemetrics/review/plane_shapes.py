"""Polygons and lines in a plane: areas, lengths, and whether their edges cross, so that no area is counted wrongly."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]
"""Vertices, axes (vertex, coordinate); coordinates are (row, column)."""
_AT_ONCE = 512
"""Edges that are compared with all others in one step, so that memory stays bounded."""


def without_repeats(points: npt.ArrayLike, *, closed: bool) -> Points:
    """Vertices without those that repeat the one before; a closed outline does not repeat its first at its end."""
    found = np.asarray(points, dtype=np.float64).reshape(-1, 2)
    if len(found) > 1:
        moved = np.any(found[1:] != found[:-1], axis=1)
        found = found[np.concatenate(([True], moved))]
    if closed and len(found) > 1 and np.array_equal(found[0], found[-1]):
        found = found[:-1]
    return found


def area(points: Points) -> float:
    """Area of a polygon that does not cross itself, by the shoelace formula, in the square of its unit."""
    # About its own first vertex: far from the origin the products would cancel badly.
    row, column = (points - points[0]).T
    return abs(float(np.sum(row * np.roll(column, -1) - np.roll(row, -1) * column))) / 2


def length(points: Points, *, closed: bool) -> float:
    """Length of a line through all vertices, back to the first where it is closed."""
    steps = np.diff(np.vstack((points, points[:1])) if closed else points, axis=0)
    return float(np.sum(np.hypot(steps[:, 0], steps[:, 1])))


def crosses_itself(points: Points) -> bool:
    """Whether edges of a closed polygon cross, touch or fold back onto each other.

    Parameters
    ----------
    points
        Without repeats, at least three.
    """
    n = len(points)
    start, end = points, np.roll(points, -1, axis=0)
    step = end - start
    following = np.roll(step, -1, axis=0)
    if np.any((_cross(step, following) == 0) & (np.sum(step * following, axis=1) < 0)):
        return True
    for first in range(0, n, _AT_ONCE):
        rows = np.arange(first, min(first + _AT_ONCE, n))
        met = _meet(start[rows, None], end[rows, None], start[None], end[None])
        apart = np.abs(rows[:, None] - np.arange(n)[None])
        # An edge meets itself and its two neighbours at their common vertices.
        if np.any(met & (apart > 1) & (apart < n - 1)):
            return True
    return False


def outlines_meet(one: Points, other: Points) -> bool:
    """Whether edges of two closed polygons cross or touch."""
    start, end = other, np.roll(other, -1, axis=0)
    last = np.roll(one, -1, axis=0)
    return any(
        bool(np.any(_meet(one[i : i + _AT_ONCE, None], last[i : i + _AT_ONCE, None], start[None], end[None])))
        for i in range(0, len(one), _AT_ONCE)
    )


def holds(polygon: Points, point: npt.ArrayLike) -> bool:
    """Whether a point lies inside a polygon that does not cross itself, counted by the edges beyond it."""
    row, column = np.asarray(point, dtype=np.float64)
    start, end = polygon, np.roll(polygon, -1, axis=0)
    spans = (start[:, 0] > row) != (end[:, 0] > row)
    a, b = start[spans], end[spans]
    at = a[:, 1] + (row - a[:, 0]) / (b[:, 0] - a[:, 0]) * (b[:, 1] - a[:, 1])
    return bool(np.count_nonzero(at > column) % 2)


def _cross(a: Points, b: Points) -> npt.NDArray[np.float64]:
    found: npt.NDArray[np.float64] = a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]
    return found


def _meet(a: Points, b: Points, c: Points, d: Points) -> npt.NDArray[np.bool_]:
    """Whether the edge from a to b and the one from c to d have a point in common; axes before the last are paired."""
    low, high = np.minimum(a, b), np.maximum(a, b)
    other_low, other_high = np.minimum(c, d), np.maximum(c, d)
    near = np.all((low <= other_high) & (other_low <= high), axis=-1)
    left, right = _cross(b - a, c - a), _cross(b - a, d - a)
    below, above = _cross(d - c, a - c), _cross(d - c, b - c)
    between = (np.sign(left) * np.sign(right) <= 0) & (np.sign(below) * np.sign(above) <= 0)
    met: npt.NDArray[np.bool_] = near & between
    return met
