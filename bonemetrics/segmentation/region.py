"""The region rule: which slices are measured, counted from the distal end."""

from __future__ import annotations

import numpy as np

from bonemetrics.errors import SegmentationError
from bonemetrics.records import End, RegionRule

_ENDS_IN_SCAN_MM = 1.0
"""A bone whose last slice lies further than this from the end of the scan ends within the scan."""


def measured_slices(
    rule: RegionRule,
    *,
    n_slices: int,
    slice_mm: float,
    bone: tuple[int, int],
    distal_end: End | None,
    forearm_length_mm: float | None = None,
) -> tuple[int, ...]:
    """Slice numbers to be measured, ascending.

    Parameters
    ----------
    rule
        Rule of the protocol. Slice 0 of `slices` is the most distal slice of the scan. Lengths are measured
        between slice faces, so a length of n spacings holds n slices; the plane lies at the outer face of the
        scan's (`scan-end`) or the bone's (`bone-end`) most distal slice.
    n_slices, slice_mm
        Slices of the scan and their spacing.
    bone
        First and last slice in which the radius is seen.
    distal_end
        Which end of the slice index is distal.
    forearm_length_mm
        Needed by `percent`.

    Raises
    ------
    SegmentationError
        `distal-end-unknown` where a rule counts from an end that is not known; `forearm-length-unknown`;
        `bone-end-not-seen` where the reference is the bone's end and it lies outside the scan;
        `region-outside-scan` where slices of the region are not in the scan or do not show the radius.
    """
    if rule.rule == "whole":
        return tuple(range(bone[0], bone[1] + 1))
    if distal_end is None:
        raise SegmentationError(
            f"the region rule {rule.rule!r} counts from the distal end, and neither tags nor the protocol nor the "
            "bones tell which end that is; give the distal end",
            code="distal-end-unknown",
        )
    first, last = _counted_from_distal(rule, n_slices, slice_mm, bone, distal_end, forearm_length_mm)
    if distal_end == "last":
        first, last = n_slices - 1 - last, n_slices - 1 - first
    if first < bone[0] or last > bone[1]:
        raise SegmentationError(
            f"the region covers slices {first} to {last}, the scan shows the radius in {bone[0]} to {bone[1]} of "
            f"0 to {n_slices - 1}; check offset, length and distal end",
            code="region-outside-scan",
        )
    return tuple(range(first, last + 1))


def _counted_from_distal(
    rule: RegionRule,
    n_slices: int,
    slice_mm: float,
    bone: tuple[int, int],
    distal_end: End,
    forearm_length_mm: float | None,
) -> tuple[int, int]:
    """First and last slice, numbered from the distal end of the scan."""
    if rule.first is not None and rule.last is not None:
        return rule.first, rule.last
    start_mm = rule.offset_mm
    if rule.percent is not None:
        if forearm_length_mm is None:
            raise SegmentationError(
                "the region is a per cent of the forearm's length, which the subjects table does not give",
                code="forearm-length-unknown",
            )
        start_mm = rule.percent / 100 * forearm_length_mm
    if start_mm is None or rule.length_mm is None:
        raise ValueError("a region rule in mm needs a start and a length")
    if rule.reference == "bone-end":
        start_mm += _beyond_bone(n_slices, slice_mm, bone, distal_end)
    first = int(np.rint(start_mm / slice_mm))
    return first, first + max(1, int(np.rint(rule.length_mm / slice_mm))) - 1


def _beyond_bone(n_slices: int, slice_mm: float, bone: tuple[int, int], distal_end: End) -> float:
    """Length in mm between the distal end of the scan and that of the bone."""
    beyond = bone[0] if distal_end == "first" else n_slices - 1 - bone[1]
    if beyond * slice_mm < _ENDS_IN_SCAN_MM:
        raise SegmentationError(
            "the region counts from the distal end of the radius, which lies outside the scan; "
            "use reference = 'scan-end'",
            code="bone-end-not-seen",
        )
    return beyond * slice_mm
