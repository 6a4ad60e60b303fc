"""Pixels that a file marks as lying outside its picture."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from bonemetrics.readers.facts import PixelLayout

OUTSIDE_HU = -1000.0
_LOWEST_MEANT_HU = -1024.0
_HIGHEST_MEANT_HU = 40_000.0


def padding_range(
    padding: tuple[float, ...], layout: PixelLayout, slope: float, intercept: float
) -> tuple[int, int] | None:
    """The stored values that mark padding, or `None` where there are none that could not also be a real HU.

    A padding value that maps to a possible HU (0 with an intercept of -1024 is common) is left as it is: it cannot be
    told from a real pixel.
    """
    if not padding:
        return None
    span = 1 << layout.bits_stored
    low, high = -span // 2 if layout.signed else 0, span // 2 - 1 if layout.signed else span - 1
    # Writers confuse the type of this element; both spellings of one bit pattern mean the same value.
    ends = sorted(int(end) - span if end > high else int(end) + span if end < low else int(end) for end in padding)
    hu = [slope * end + intercept for end in ends]
    if max(hu) < _LOWEST_MEANT_HU or min(hu) > _HIGHEST_MEANT_HU:
        return ends[0], ends[-1]
    return None


def replace_padding(stored: npt.NDArray[np.integer[Any]], ends: tuple[int, int], hu: npt.NDArray[np.float32]) -> int:
    """Set padding pixels of one slice to -1000 HU (air); their number."""
    outside = (stored >= ends[0]) & (stored <= ends[1])
    hu[outside] = OUTSIDE_HU
    return int(np.count_nonzero(outside))
