"""The fifteen combinations of four lumbar vertebrae, in the order in which scanners print them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

LEVELS = ("L1", "L2", "L3", "L4")


def combinations_of(levels: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Single vertebrae first, then pairs and so on, each group from above."""
    return tuple(found for size in range(1, len(levels) + 1) for found in combinations(levels, size))


COMBINATIONS = combinations_of(LEVELS)
