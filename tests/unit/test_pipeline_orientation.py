from __future__ import annotations

import numpy as np
import pytest

from bonemetrics.pipeline.orientation import what_is_told
from bonemetrics.records import RegionRule, ScanHeader
from bonemetrics.volume import Geometry


def header(side=None) -> ScanHeader:
    return ScanHeader(study_uid="1.2", series_uid="1.3", laterality=side)


def stack(normal: tuple[float, float, float]) -> Geometry:
    """Slices 0.8 mm apart along `normal`, rows and columns of 0.3 and 0.2 mm across it."""
    n = np.array(normal) / np.linalg.norm(normal)
    row = np.cross(n, [0.36, 0.48, 0.8])
    row /= np.linalg.norm(row)
    affine = np.eye(4)
    affine[:3, :3] = np.stack([0.8 * n, 0.3 * row, 0.2 * np.cross(row, n)], axis=1)
    return Geometry(shape=(4, 5, 6), affine_lps=affine)


@pytest.mark.parametrize(
    ("normal", "distal", "end"),
    [
        ((0.1, 0.2, 1.0), "feet", "first"),
        ((0.1, 0.2, 1.0), "head", "last"),
        ((0.1, 0.2, -1.0), "feet", "last"),
        ((0.1, 0.2, -1.0), "head", "first"),
        ((1.0, 0.2, 0.3), "feet", None),
        ((0.1, 0.2, 1.0), None, None),
    ],
)
def test_what_is_told__the_distal_end_follows_the_slice_direction(normal, distal, end):
    told = what_is_told(header(), RegionRule(distal=distal), stack(normal))
    assert (told.distal, told.distal_source) == (end, "protocol" if end else "")


@pytest.mark.parametrize(
    ("tags", "protocol", "side", "source", "codes"),
    [
        ("left", None, "left", "tags", []),
        (None, "right", "right", "protocol", []),
        ("left", "left", "left", "tags", []),
        ("left", "right", "left", "tags", ["side-differs"]),
        (None, None, None, "", []),
    ],
)
def test_what_is_told__tags_come_before_the_protocol_and_a_difference_is_noted(tags, protocol, side, source, codes):
    told = what_is_told(header(tags), RegionRule(side=protocol), stack((0.1, 0.2, 1.0)))
    assert (told.side, told.side_source) == (side, source)
    assert [problem.code for problem in told.notes] == codes
