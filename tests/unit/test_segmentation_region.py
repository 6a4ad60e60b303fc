from __future__ import annotations

import pytest

from bonemetrics.errors import SegmentationError
from bonemetrics.records import RegionRule
from bonemetrics.segmentation.region import measured_slices

WHERE = {"n_slices": 40, "slice_mm": 0.5, "bone": (4, 39)}


def test_measured_slices__whole_needs_no_end():
    assert measured_slices(RegionRule(), distal_end=None, **WHERE) == tuple(range(4, 40))


@pytest.mark.parametrize(("end", "expected"), [("first", range(5, 8)), ("last", range(32, 35))])
def test_measured_slices__numbers_count_from_the_distal_end(end, expected):
    rule = RegionRule(rule="slices", first=5, last=7)
    assert measured_slices(rule, distal_end=end, **WHERE) == tuple(expected)


def test_measured_slices__offset_and_length_are_between_slice_faces():
    # 3 mm are 6 slices of 0.5 mm from the distal face; 2 mm hold 4 slices.
    rule = RegionRule(rule="offset-mm", offset_mm=3.0, length_mm=2.0)
    assert measured_slices(rule, distal_end="first", **WHERE) == (6, 7, 8, 9)
    assert measured_slices(rule, distal_end="last", **WHERE) == (30, 31, 32, 33)


def test_measured_slices__offset_from_the_bones_own_end():
    # The bone begins at slice 4, 2 mm into the scan.
    rule = RegionRule(rule="offset-mm", offset_mm=3.0, length_mm=1.0, reference="bone-end")
    assert measured_slices(rule, distal_end="first", **WHERE) == (10, 11)


def test_measured_slices__per_cent_of_the_forearm():
    # 4 % of 250 mm are 10 mm, 20 slices.
    rule = RegionRule(rule="percent", percent=4.0, length_mm=1.0)
    assert measured_slices(rule, distal_end="first", forearm_length_mm=250.0, **WHERE) == (20, 21)


@pytest.mark.parametrize(
    ("rule", "end", "code"),
    [
        (RegionRule(rule="slices", first=5, last=7), None, "distal-end-unknown"),
        (RegionRule(rule="slices", first=2, last=7), "first", "region-outside-scan"),
        (RegionRule(rule="slices", first=5, last=40), "last", "region-outside-scan"),
        (RegionRule(rule="offset-mm", offset_mm=19.0, length_mm=9.0), "last", "region-outside-scan"),
        (RegionRule(rule="percent", percent=4.0, length_mm=2.0), "first", "forearm-length-unknown"),
        (RegionRule(rule="offset-mm", offset_mm=1, length_mm=2, reference="bone-end"), "last", "bone-end-not-seen"),
    ],
)
def test_measured_slices__refuses_what_cannot_be_known(rule, end, code):
    with pytest.raises(SegmentationError) as caught:
        measured_slices(rule, distal_end=end, **WHERE)
    assert caught.value.code == code
