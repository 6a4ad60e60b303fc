"""Which way is which on a screen: letters for the edges of a picture, from the grid and from what a scan records."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bonemetrics.records import End
from bonemetrics.volume import Geometry

_POSITIVE, _NEGATIVE = "LPH", "RAF"
"""Letters of DICOM's patient orientation: left, posterior, head; right, anterior, feet."""
_SEEN_FROM = 0.34
"""An edge tells a second direction from 20 degrees on: sin 20°."""
SLICE_AXIS = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeLetters:
    """What stands at the four edges of a picture; empty where nothing is known."""

    left: str
    right: str
    top: str
    bottom: str


def direction_letters(direction_lps: npt.ArrayLike) -> str:
    """Letters of a direction in the patient, the strongest part first, as DICOM writes a patient orientation.

    Parameters
    ----------
    direction_lps
        Vector in LPS of any length.

    Returns
    -------
    str
        One to three of L, R, A, P, H, F; parts of less than sin 20° of the length are left out.

    Raises
    ------
    ValueError
        If the vector has no length.
    """
    vector = np.asarray(direction_lps, dtype=np.float64)
    length = float(np.linalg.norm(vector))
    if not length > 0:
        raise ValueError("a direction needs a length")
    parts = vector / length
    order = sorted(range(3), key=lambda axis: -abs(float(parts[axis])))
    seen = [axis for axis in order if abs(float(parts[axis])) >= _SEEN_FROM]
    return "".join((_POSITIVE if parts[axis] > 0 else _NEGATIVE)[axis] for axis in seen)


def edge_letters(geometry: Geometry, *, down: int, right: int, distal_end: End | None = None) -> EdgeLetters:
    """Letters for a picture of two axes of a grid.

    Parameters
    ----------
    geometry
        Grid of the scan, axes (slice, row, column).
    down, right
        Axes whose index grows downwards and to the right on the screen.
    distal_end
        At which end of the slice axis the hand lies, where a source says so; that axis then also says distal and
        proximal. Radial, ulnar, palmar and dorsal have no recorded source and are left out.

    Returns
    -------
    EdgeLetters
        For the four edges.
    """
    low_down, high_down = _ends(geometry, down, distal_end)
    low_right, high_right = _ends(geometry, right, distal_end)
    return EdgeLetters(left=low_right, right=high_right, top=low_down, bottom=high_down)


def _ends(geometry: Geometry, axis: int, distal_end: End | None) -> tuple[str, str]:
    """Letters where the index is low and where it is high."""
    towards = geometry.direction[:, axis]
    low, high = direction_letters(-towards), direction_letters(towards)
    if axis != SLICE_AXIS or distal_end is None:
        return low, high
    first, last = ("distal", "proximal") if distal_end == "first" else ("proximal", "distal")
    return f"{low} {first}", f"{high} {last}"
