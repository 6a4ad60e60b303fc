"""Labels beside each other: moved apart so that none covers another."""

from __future__ import annotations

from collections.abc import Sequence


def spread(places: Sequence[float], apart: float, low: float, high: float) -> list[float]:
    """Move places apart as little as it takes.

    Parameters
    ----------
    places
        Where labels would stand.
    apart
        Least distance of two.
    low, high
        Ends of the room there is. Where it is too small for all, they stand at equal distances.

    Returns
    -------
    list of float
        In the order of `places`.
    """
    n = len(places)
    if n * apart > high - low:
        apart = (high - low) / max(n, 1)
    order = sorted(range(n), key=lambda one: (places[one], one))
    # Clusters of touching labels, each centred on the mean of where its labels belong.
    clusters: list[list[int]] = []
    for one in order:
        clusters.append([one])
        while len(clusters) > 1 and _top(clusters[-2], places, apart, low, high) + apart > _bottom(
            clusters[-1], places, apart, low, high
        ):
            clusters[-2].extend(clusters.pop())
    found = [0.0] * n
    for cluster in clusters:
        bottom = _bottom(cluster, places, apart, low, high)
        for place, one in enumerate(cluster):
            found[one] = bottom + place * apart
    return found


def _bottom(cluster: Sequence[int], places: Sequence[float], apart: float, low: float, high: float) -> float:
    middle = sum(places[one] for one in cluster) / len(cluster)
    half = (len(cluster) - 1) * apart / 2
    return min(max(middle - half, low), high - 2 * half)


def _top(cluster: Sequence[int], places: Sequence[float], apart: float, low: float, high: float) -> float:
    return _bottom(cluster, places, apart, low, high) + (len(cluster) - 1) * apart
