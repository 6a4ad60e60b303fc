"""Overlap and surface distance beside those of SimpleITK (ITK 5.4), with the same definition of a surface.

Recipe: `LabelContourImageFilter` (FullyConnected off) draws the surface voxels of masks padded by one voxel, so that
the edge of the grid is an outside; `LabelOverlapMeasuresImageFilter` gives Dice, `HausdorffDistanceImageFilter` on both
surfaces the largest distance, and `SignedMaurerDistanceMap` of one surface, read at the voxels of the other, the rest.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from bonemetrics.review.overlap import compare_labels, surface_distance
from bonemetrics.volume import LabelVolume

SimpleITK = pytest.importorskip("SimpleITK")
SHAPE, SPACING = (9, 26, 31), (1.7, 0.6, 0.35)


def tube(middle, radii, first, last):
    """A bone with a cortex of about two voxels; middle and radii in voxels of (row, column)."""
    _, row, column = np.indices(SHAPE)
    labels = np.zeros(SHAPE, dtype=np.uint8)
    for label, shrink in ((2, 0), (1, 2)):
        inside = ((row - middle[0]) / (radii[0] - shrink)) ** 2 + ((column - middle[1]) / (radii[1] - shrink)) ** 2 <= 1
        labels[inside] = label
    labels[:first] = labels[last:] = 0
    return labels


@pytest.fixture
def masks(grid):
    first = tube((12, 14), (8, 9), 1, 8)
    second = tube((13, 15), (8, 10), 2, 9)
    second[5, 3:5, 27:29] = 1  # an island
    second[4, 12, 14] = 0  # a hole
    return first, second, grid(shape=SHAPE, spacing_mm=SPACING)


def image(mask):
    """A mask as SimpleITK holds it, with one voxel of background around it."""
    made = SimpleITK.GetImageFromArray(np.pad(mask, 1).astype(np.uint8))
    made.SetSpacing(SPACING[::-1])
    return made


def surfaces_by_simpleitk(a, b):
    contour = SimpleITK.LabelContourImageFilter()
    contour.SetFullyConnected(False)
    return contour.Execute(image(a)), contour.Execute(image(b))


def distances(of, to):
    distance = SimpleITK.SignedMaurerDistanceMap(
        to, squaredDistance=False, useImageSpacing=True, insideIsPositive=False
    )
    return np.maximum(SimpleITK.GetArrayFromImage(distance), 0)[SimpleITK.GetArrayFromImage(of) > 0]


REGIONS = [("total", (1, 2)), ("trabecular", (1,)), ("cortical", (2,))]


@pytest.mark.parametrize(("region", "labels"), REGIONS)
def test_compare_labels__gives_the_dice_of_simpleitk(masks, region, labels):
    a, b, geometry = masks
    overlap = SimpleITK.LabelOverlapMeasuresImageFilter()
    overlap.Execute(image(np.isin(a, labels)), image(np.isin(b, labels)))
    volumes = [LabelVolume(labels=one, geometry=geometry) for one in (a, b)]
    found = {one.region: one for one in compare_labels(*volumes)}[region]
    assert 0.4 < found.dice < 0.95
    assert found.dice == pytest.approx(overlap.GetDiceCoefficient(1), abs=1e-12)


@pytest.mark.parametrize(("region", "labels"), REGIONS)
def test_surface_distance__gives_the_distances_of_simpleitk(masks, region, labels):
    a, b, geometry = masks
    one, other = np.isin(a, labels), np.isin(b, labels)
    found = surface_distance(one, other, geometry, surface="faces")
    surfaces = surfaces_by_simpleitk(one, other)
    hausdorff = SimpleITK.HausdorffDistanceImageFilter()
    hausdorff.Execute(*surfaces)
    there, back = distances(*surfaces), distances(*surfaces[::-1])
    # Maurer's map is of 32-bit floats.
    assert found.hausdorff_mm == pytest.approx(hausdorff.GetHausdorffDistance(), rel=1e-6)
    assert found.mean_mm == pytest.approx((there.sum() + back.sum()) / (there.size + back.size), rel=1e-6)
    assert found.hausdorff95_mm == pytest.approx(max(np.percentile(there, 95), np.percentile(back, 95)), rel=1e-6)


def test_surface_distance__of_outlines_is_that_of_a_distance_transform(masks):
    a, b, geometry = masks
    outlines = []
    for mask in (a > 0, b > 0):
        # A neighbour one row or one column off is outside.
        padded = np.pad(mask, 1)
        enclosed = padded[1:-1, :-2, 1:-1] & padded[1:-1, 2:, 1:-1] & padded[1:-1, 1:-1, :-2] & padded[1:-1, 1:-1, 2:]
        outlines.append(mask & ~enclosed)
    one, other = outlines
    there = ndimage.distance_transform_edt(~other, sampling=SPACING)[one]
    back = ndimage.distance_transform_edt(~one, sampling=SPACING)[other]
    found = surface_distance(a > 0, b > 0, geometry)
    assert found.mean_mm == pytest.approx((there.sum() + back.sum()) / (there.size + back.size))
    assert found.hausdorff95_mm == pytest.approx(max(np.percentile(there, 95), np.percentile(back, 95)))
    assert found.hausdorff_mm == pytest.approx(max(there.max(), back.max()))
