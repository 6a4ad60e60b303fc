"""Colours as people see them, with all cones or without one kind: how far apart, how much contrast."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
from skimage.color import deltaE_ciede2000, rgb2lab

SEEN_BY = {
    "all cones": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.01182, 0.04294, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.3039)),
}
"""On linear RGB, severity 1.0: Machado, Oliveira, Fernandes 2009, doi 10.1109/TVCG.2009.113, table 1."""
GREYS = tuple(f"#{value:02x}{value:02x}{value:02x}" for value in range(256))
Values = npt.NDArray[np.float64]


def linear(color: str) -> Values:
    """Linear RGB of `#rrggbb` (IEC 61966-2-1)."""
    srgb = np.array([int(color[start : start + 2], 16) for start in (1, 3, 5)]) / 255
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def lab_seen(color: str, seen_by: str) -> Values:
    """CIELAB (D65) of a colour as it looks to somebody."""
    seen = np.clip(np.array(SEEN_BY[seen_by]) @ linear(color), 0.0, 1.0)
    srgb = np.where(seen <= 0.0031308, 12.92 * seen, 1.055 * seen ** (1 / 2.4) - 0.055)
    return np.asarray(rgb2lab(srgb[np.newaxis])[0], dtype=np.float64)


def difference(one: str, other: str, seen_by: str) -> float:
    """CIEDE2000 between two colours as they look to somebody."""
    return float(deltaE_ciede2000(lab_seen(one, seen_by), lab_seen(other, seen_by)))


def least_difference(color: str, others: Iterable[str], seen_by: str) -> float:
    """CIEDE2000 to the nearest of several colours."""
    return min(difference(color, other, seen_by) for other in others)


def contrast(one: str, other: str) -> float:
    """Contrast ratio of luminances, 1 to 21 (WCAG 2.1)."""
    light, dark = sorted((float(linear(color) @ (0.2126, 0.7152, 0.0722)) for color in (one, other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)
