"""Sub-voxel coverage and concentric peeling against circles."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bonemetrics.measures.coverage import coverage, level_of_area


def distance_to_circle(radius_mm: float, pixel_mm: float, *, half_mm: float = 12.0) -> np.ndarray:
    axis = np.arange(-half_mm, half_mm, pixel_mm) + 0.37 * pixel_mm
    return (np.hypot(axis[:, None], axis[None, :]) - radius_mm).astype(np.float32)


@pytest.mark.parametrize("pixel_mm", [0.061, 0.25, 0.5])
def test_coverage__sums_to_the_area_of_a_circle(pixel_mm):
    area = coverage(distance_to_circle(7.3, pixel_mm), pixel_mm).sum(dtype=np.float64) * pixel_mm**2
    # The second-order error of a ramp across the grid is below a thousandth even with 15 pixels across the radius.
    assert area == pytest.approx(math.pi * 7.3**2, rel=1e-3)


def test_coverage__is_exact_for_an_edge_along_the_grid():
    # The contour passes a quarter of a 0.4 mm pixel beside its centre: three quarters and a quarter are covered.
    distance = np.array([-0.9, -0.1, 0.1, 0.7], dtype=np.float32)
    np.testing.assert_allclose(coverage(distance, 0.4), [1.0, 0.75, 0.25, 0.0], atol=1e-6)


@pytest.mark.parametrize("share", [0.2, 0.45, 0.8])
def test_level_of_area__peels_a_circle_to_the_root_of_the_share(share):
    pixel_mm = 0.25
    large, small = distance_to_circle(9.0, pixel_mm), distance_to_circle(5.0, pixel_mm)
    distance = np.concatenate([large.ravel(), small.ravel()])
    number = np.repeat([0, 1], large.size)
    levels = level_of_area(distance, number, share, pixel_mm, 2)
    # A circle with `share` of the area has √share of the radius; a pixel of 0.25 mm places it to a hundredth of a mm.
    np.testing.assert_allclose(levels, [(math.sqrt(share) - 1) * 9.0, (math.sqrt(share) - 1) * 5.0], atol=0.01)


def test_level_of_area__encloses_the_share_that_coverage_counts():
    pixel_mm = 0.5
    distance = distance_to_circle(6.0, pixel_mm).ravel()
    level = level_of_area(distance, np.zeros(distance.size, dtype=np.intp), 0.45, pixel_mm, 1)[0]
    peeled = coverage(distance - level, pixel_mm).sum()
    assert peeled == pytest.approx(0.45 * coverage(distance, pixel_mm).sum(), rel=2e-3)
