"""Another visit of the same arm beside an open case, slice for slice at the same anatomical place."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

from bonemetrics.records import End, Side
from bonemetrics.records.review import Towards
from bonemetrics.review.blinding import Secrets
from bonemetrics.review.letters import Hand
from bonemetrics.volume import DensityVolume, LabelVolume

Matching = Literal["distal-end-of-bone", "distal-end-of-scan", "first-slice"]
MATCHING: dict[Matching, str] = {
    "distal-end-of-bone": "same distance in mm from the distal end of the labelled bone",
    "distal-end-of-scan": "same distance in mm from the distal end of the scan",
    "first-slice": "same distance in mm from the first slice, since nothing tells which end is distal",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruler:
    """Slices of one scan and where its zero lies: the index of the slice there and the direction that counts up."""

    n_slices: int
    slice_mm: float
    zero: int = 0
    step: Literal[1, -1] = 1

    def to_mm(self, index: float) -> float:
        """Distance of a slice from zero in mm."""
        return (index - self.zero) * self.step * self.slice_mm

    def nearest(self, distance_mm: float) -> int | None:
        """The slice at a distance; `None` where the scan does not reach there by more than half a slice."""
        index = round(self.zero + self.step * distance_mm / self.slice_mm)
        return index if 0 <= index < self.n_slices else None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VisitBeside:
    """A read-only look at another visit; `density` and `labels` cannot be written.

    `matching` tells by what the two scans are laid side by side, `matched_by` says it in words.
    """

    title: str
    subtitle: str
    density: DensityVolume
    labels: LabelVolume
    side: Side | None
    distal_end: End | None
    palm: Towards | None
    matching: Matching
    secrets: Secrets
    own: Ruler = field(repr=False)
    there: Ruler = field(repr=False)
    folder: Path = field(repr=False)

    @property
    def hand(self) -> Hand:
        """What sources say of the hand, for the letters beside a picture."""
        return Hand(distal_end=self.distal_end, side=self.side, palm=self.palm)

    @property
    def matched_by(self) -> str:
        """How slices of the two scans were matched, in words."""
        return MATCHING[self.matching]

    def slice_for(self, index: int) -> int | None:
        """The slice here that lies at the place of a slice of the open case; `None` outside this scan."""
        return self.there.nearest(self.own.to_mm(index))


def rulers(
    own: LabelVolume, own_distal: End | None, there: LabelVolume, there_distal: End | None, *, from_bone: bool
) -> tuple[Matching, Ruler, Ruler]:
    """Lay two scans side by side.

    Parameters
    ----------
    own, there
        Labels of the two scans, each on the grid of its scan.
    own_distal, there_distal
        Which end of each is distal, as recorded.
    from_bone
        Count from the distal end of the labelled bone, as a region rule does whose reference is the bone's end; from
        that of the scan otherwise, and where one of them holds no label.
    """
    if own_distal is None or there_distal is None:
        return "first-slice", _ruler(own, "first", False), _ruler(there, "first", False)
    bone = from_bone and bool(own.labels.any()) and bool(there.labels.any())
    matching: Matching = "distal-end-of-bone" if bone else "distal-end-of-scan"
    return matching, _ruler(own, own_distal, bone), _ruler(there, there_distal, bone)


def _ruler(labels: LabelVolume, distal: End, from_bone: bool) -> Ruler:
    n_slices = labels.geometry.shape[0]
    ends = np.flatnonzero(labels.labels.any(axis=(1, 2))) if from_bone else np.array([0, n_slices - 1])
    zero = int(ends[0] if distal == "first" else ends[-1])
    slice_mm = labels.geometry.spacing_mm[0]
    return Ruler(n_slices=n_slices, slice_mm=slice_mm, zero=zero, step=1 if distal == "first" else -1)
