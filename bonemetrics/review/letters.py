"""Which way is which on a screen: letters for the edges of a picture, from the grid and from what a scan records."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bonemetrics.records import End, Side
from bonemetrics.records.review import Towards
from bonemetrics.volume import Geometry

_POSITIVE, _NEGATIVE = "LPH", "RAF"
"""Letters of DICOM's patient orientation: left, posterior, head; right, anterior, feet."""
_SEEN_FROM = 0.34
"""An edge tells a second direction from 20 degrees on: sin 20°."""
_ACROSS = 0.5
"""Least share of the palm's direction across the arm for it to name directions of the arm."""
_TOWARDS: dict[Towards, tuple[int, int, int]] = {
    "left": (1, 0, 0),
    "right": (-1, 0, 0),
    "posterior": (0, 1, 0),
    "anterior": (0, -1, 0),
    "head": (0, 0, 1),
    "feet": (0, 0, -1),
}
"""Directions of the patient in LPS."""
SLICE_AXIS = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Hand:
    """What sources say of the hand: at which end of the slice axis it lies, which one it is, where its palm faces."""

    distal_end: End | None = None
    side: Side | None = None
    palm: Towards | None = None


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


def edge_letters(geometry: Geometry, *, down: int, right: int, hand: Hand | None = None) -> EdgeLetters:
    """Letters for a picture of two axes of a grid, and the directions of the arm where sources tell them.

    Parameters
    ----------
    geometry
        Grid of the scan, axes (slice, row, column).
    down, right
        Axes whose index grows downwards and to the right on the screen.
    hand
        With its end of the slice axis that axis also says distal and proximal; with its palm the others say palmar
        and dorsal; with both of these and the arm they say radial and ulnar. What no source tells is left out.

    Returns
    -------
    EdgeLetters
        For the four edges.
    """
    named = _directions_of_the_arm(geometry, hand or Hand())
    low_down, high_down = _ends(geometry, down, named)
    low_right, high_right = _ends(geometry, right, named)
    return EdgeLetters(left=low_right, right=high_right, top=low_down, bottom=high_down)


_Named = list[tuple[str, str, npt.NDArray[np.float64]]]
"""Word, its opposite, and unit vector in LPS."""


def _directions_of_the_arm(geometry: Geometry, hand: Hand) -> _Named:
    along = np.asarray(geometry.direction[:, SLICE_AXIS], dtype=np.float64)
    found: _Named = []
    if hand.distal_end is not None:
        along = along if hand.distal_end == "last" else -along
        found.append(("distal", "proximal", along))
    if hand.palm is None:
        return found
    facing = np.asarray(_TOWARDS[hand.palm], dtype=np.float64)
    facing = facing - along * float(facing @ along)
    length = float(np.linalg.norm(facing))
    if length < _ACROSS:
        return found
    palmar = facing / length
    found.append(("palmar", "dorsal", palmar))
    if hand.distal_end is not None and hand.side is not None:
        # Right arm in the anatomical position: fingers to the feet, palm forwards, thumb to the patient's right.
        thumb = np.cross(along, palmar)
        found.append(("radial", "ulnar", thumb if hand.side == "right" else -thumb))
    return found


def _ends(geometry: Geometry, axis: int, named: _Named) -> tuple[str, str]:
    """What stands where the index is low and where it is high."""
    towards = geometry.direction[:, axis]
    low, high = [direction_letters(-towards)], [direction_letters(towards)]
    for word, opposite, direction in sorted(named, key=lambda one: -abs(float(one[2] @ towards))):
        share = float(direction @ towards)
        if abs(share) >= _SEEN_FROM:
            low.append(opposite if share > 0 else word)
            high.append(word if share > 0 else opposite)
    return " ".join(low), " ".join(high)
