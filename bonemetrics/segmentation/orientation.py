"""Body side and distal end: from what is given, or from the shape of the two bones; never guessed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bonemetrics.records import End, Problem, Side, note
from bonemetrics.segmentation.bones import FoundBones
from bonemetrics.segmentation.slabs import Coarse, Places

LEAST_CHANGE = 0.10
"""The radius must grow by this share over the stack, and its area relative to the ulna's too."""
_LEAST_STEADY = 0.9
_LEAST_LENGTH_MM = 5.0

Given = tuple[Side | None, str, End | None, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Orientation:
    """Side and distal end with their sources; `None` with a note where they cannot be known."""

    side: Side | None
    side_source: str
    distal_end: End | None
    distal_source: str
    notes: tuple[Problem, ...]


def settle_orientation(bones: FoundBones, coarse: Coarse, *, given: Given) -> Orientation:
    """Take what tags or protocol say; else look for the distal end in the shape of both bones.

    The body side cannot be had from a scan of one forearm alone: turning the palm changes the picture as a change of
    side does. Nor does patient orientation tell the distal end: a raised arm points the other way.

    Parameters
    ----------
    given
        Side, its source, distal end, its source.
    """
    side, side_source, distal, distal_source = given
    notes = []
    if side is None:
        side_source = ""
        notes.append(note("side-unknown", "neither tags nor the protocol tell whether this is a left or right arm"))
    if distal is None:
        distal, distal_source = distal_from_shape(bones, coarse), "shape of radius and ulna"
    if distal is None:
        distal_source = ""
        notes.append(
            note(
                "distal-unknown", "neither tags nor the protocol nor the two bones tell which end of the scan is distal"
            )
        )
    return Orientation(
        side=side,
        side_source=side_source or ("" if side is None else "given"),
        distal_end=distal,
        distal_source=distal_source or ("" if distal is None else "given"),
        notes=tuple(notes),
    )


def distal_from_shape(bones: FoundBones, coarse: Coarse) -> End | None:
    """The end towards which the radius grows, alone and against the ulna, steadily and by at least a tenth.

    None where only one bone is seen, the stack is shorter than 5 mm, or the two signs do not agree.
    """
    if bones.ulna is None:
        return None
    radius, ulna = bones.radius.areas_mm2(coarse), bones.ulna.areas_mm2(coarse)
    both = (radius > 0) & (ulna > 0)
    if np.count_nonzero(both) * coarse.slab_mm < _LEAST_LENGTH_MM:
        return None
    alone, against = (
        _growth(np.log(values[both].astype(np.float64))) for values in (radius, radius / np.maximum(ulna, 1))
    )
    if alone is None or against is None or alone * against < 0:
        return None
    return "last" if alone > 0 else "first"


def _growth(log_area: Places) -> float | None:
    """Change of a logarithm over the stack along its trend; None where it is small or not steady."""
    index = np.arange(len(log_area), dtype=np.float64)
    slope = float(np.polyfit(index, log_area, 1)[0])
    change = slope * (len(log_area) - 1)
    steady = abs(float(np.corrcoef(index, log_area)[0, 1])) if np.ptp(log_area) > 0 else 0.0
    return change if abs(change) >= np.log1p(LEAST_CHANGE) and steady >= _LEAST_STEADY else None
