"""Overlap and surface distance of two masks, by hand and by geometry."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bonemetrics.errors import GeometryMismatchError
from bonemetrics.review.overlap import compare_labels, dice, surface_distance
from bonemetrics.volume import Geometry, LabelVolume


def by_region(a, b, geometry, **options):
    volumes = [LabelVolume(labels=one.astype(np.uint8), geometry=geometry) for one in (a, b)]
    return {one.region: one for one in compare_labels(*volumes, **options)}


def plates(grid, rows, other_rows, shape=(4, 9, 7)):
    """Masks of label 1 that fill the given rows, all slices and columns 1 to 4."""
    masks = []
    for first, last in (rows, other_rows):
        mask = np.zeros(shape, dtype=np.uint8)
        mask[:, first:last, 1:5] = 1
        masks.append(mask)
    return *masks, grid(shape=shape)


def test_dice__of_each_compartment_by_hand(grid):
    # Rows 1-4 and 2-5 of four columns in four slices: 48 voxels each (3 rows), 32 in common; 2·32/96 = 2/3.
    a, b, geometry = plates(grid, (1, 4), (2, 5))
    # One column of each becomes cortex: trabecular 36 and 36 with 24 in common, cortical 12 and 12 with 8 in common,
    # where A's is column 1 and B's too; all 2/3. Then B alone loses the cortex of slice 0: 12 and 9, 6 in common.
    a[:, 1:4, 1] = 2
    b[:, 2:5, 1] = 2
    b[0, 2:5, 1] = 0
    found = by_region(a, b, geometry)
    assert found["trabecular"].dice == pytest.approx(2 / 3)
    assert found["cortical"].dice == pytest.approx(2 * 6 / 21)
    assert found["total"].dice == pytest.approx(2 * 30 / 93)
    # 2.0 × 0.5 × 0.4 mm are 0.4 mm³.
    assert found["cortical"].volume_a_mm3 == pytest.approx(12 * 0.4)
    assert found["cortical"].volume_b_mm3 == pytest.approx(9 * 0.4)


def test_dice__of_two_empty_masks_is_not_defined(grid):
    empty = np.zeros((4, 5, 6), dtype=np.uint8)
    found = by_region(empty, empty, grid())
    assert [one.region for one in found.values()] == ["total", "trabecular", "cortical"]
    assert all(one.dice is None and one.distance is None for one in found.values())


def test_dice__is_zero_where_one_reader_drew_nothing(grid):
    empty = np.zeros((4, 5, 6), dtype=np.uint8)
    drawn = empty.copy()
    drawn[1:3, 2, 2:4] = 1
    found = by_region(empty, drawn, grid())
    assert found["trabecular"].dice == 0.0
    assert found["trabecular"].distance is None
    assert found["cortical"].dice is None
    assert found["total"].volume_b_mm3 == pytest.approx(4 * 0.4)


def test_dice__takes_rods_and_other_labels_for_no_bone(grid):
    a, b, geometry = plates(grid, (1, 4), (1, 4))
    a[:, 6:8, 1:5] = 3
    assert by_region(a, b, geometry)["total"].dice == 1.0
    assert dice(a > 0, b > 0) < 1.0


def test_compare_labels__refuses_masks_of_another_grid(grid):
    labels = np.ones((4, 5, 6), dtype=np.uint8)
    a = LabelVolume(labels=labels, geometry=grid())
    b = LabelVolume(labels=labels, geometry=grid(origin_mm=(-11.0, 7.0, 23.1)))
    with pytest.raises(GeometryMismatchError, match="mm apart"):
        compare_labels(a, b)


@pytest.mark.parametrize("surface", ["outline", "faces"])
def test_surface_distance__of_one_voxel_each_is_their_distance(grid, surface):
    geometry = grid()
    a, b = (np.zeros(geometry.shape, dtype=bool) for _ in range(2))
    a[1, 1, 1] = True
    b[2, 4, 3] = True
    # One slice, three rows, two columns: 2.0, 1.5 and 0.8 mm at right angles.
    expected = math.sqrt(2.0**2 + 1.5**2 + 0.8**2)
    found = surface_distance(a, b, geometry, surface=surface)
    assert found.mean_mm == pytest.approx(expected)
    assert found.hausdorff95_mm == pytest.approx(expected)
    assert found.hausdorff_mm == pytest.approx(expected)


def test_surface_distance__of_a_sheared_grid_is_that_in_space():
    # Slices 2 mm apart, each moved by 1.5 mm along the columns: straight below is another index.
    affine = np.diag([0.0, 0.0, 0.0, 1.0])
    affine[:3, 0] = (1.5, 0.0, 2.0)
    affine[:3, 1] = (0.0, 0.5, 0.0)
    affine[:3, 2] = (0.5, 0.0, 0.0)
    geometry = Geometry(shape=(2, 3, 8), affine_lps=affine)
    a, b = (np.zeros(geometry.shape, dtype=bool) for _ in range(2))
    a[0, 1, 5] = True
    b[1, 1, 2] = True
    assert surface_distance(a, b, geometry).hausdorff_mm == pytest.approx(2.0)


def test_surface_distance__mean_and_percentile_by_hand(grid):
    # A: a line of 40 voxels in one slice, each its own surface. B: the same, but its last voxel lies 3 rows off.
    geometry = grid(shape=(2, 6, 40))
    a, b = (np.zeros(geometry.shape, dtype=bool) for _ in range(2))
    a[1, 1, :] = True
    b[1, 1, :39] = True
    b[1, 4, 39] = True
    found = surface_distance(a, b, geometry)
    # From A: 39 zeros, and 0.4 mm from its last to B's 39th. From B: 39 zeros, and 1.5 mm from its last to A's.
    assert found.mean_mm == pytest.approx((0.4 + 1.5) / 80)
    assert found.hausdorff_mm == pytest.approx(1.5)
    # Place 0.95 × 39 = 37.05 of 0 to 39 is among the zeros in both directions.
    assert found.hausdorff95_mm == 0.0
    b[1, 1, 36:39] = False
    b[1, 4, 36:39] = True
    found = surface_distance(a, b, geometry)
    # From A now 0.4, 0.8, 1.2 and 1.5 (straight up is nearer than 1.6); from B four times 1.5. The place is in both
    # directions 37.05; sorted, B's places 36 to 39 are 1.5 mm, A's 37 and 38 are 0.8 and 1.2.
    assert found.hausdorff95_mm == pytest.approx(1.5)
    assert found.mean_mm == pytest.approx((0.4 + 0.8 + 1.2 + 1.5 + 4 * 1.5) / 80)


def test_surface_distance__is_not_flattered_by_the_ends_that_all_share(grid):
    # Plates of 3 × 4 voxels, moved by one row: each slice is the same, so the outline's mean is that of one slice.
    a, b, geometry = plates(grid, (1, 4), (2, 5))
    outline = by_region(a, b, geometry)["total"].distance
    one_slice = grid(shape=(1, 9, 7))
    alone = by_region(a[:1], b[:1], one_slice)["total"].distance
    assert outline.mean_mm == pytest.approx(alone.mean_mm)
    assert outline.hausdorff95_mm == pytest.approx(alone.hausdorff95_mm)
    # With faces, the first and last slice are surface as a whole, and their inner voxels add zeros.
    assert by_region(a, b, geometry, surface="faces")["total"].distance.mean_mm < outline.mean_mm


def test_surface_distance__counts_a_slice_that_one_reader_alone_labelled(grid):
    a, b, geometry = plates(grid, (1, 4), (1, 4))
    b[3] = 0
    found = by_region(a, b, geometry)["total"]
    # 10 of the 12 voxels of a slice are its outline; those of A's last slice are 2.0 mm from B's last.
    assert found.distance.hausdorff_mm == pytest.approx(2.0)
    assert found.distance.mean_mm == pytest.approx(10 * 2.0 / 70)


def disc(shape, spacing_mm, middle_mm, radius_mm):
    places = np.meshgrid(*(np.arange(n) * mm for n, mm in zip(shape, spacing_mm, strict=True)), indexing="ij")
    return sum((place - mid) ** 2 for place, mid in zip(places[1:], middle_mm, strict=True)) <= radius_mm**2


def test_surface_distance__of_shifted_discs_is_that_of_circles(grid):
    spacing = (1.3, 0.1, 0.08)
    shape = (2, 90, 115)
    geometry = grid(shape=shape, spacing_mm=spacing)
    a = disc(shape, spacing, (4.0, 4.0), 3.0)
    b = disc(shape, spacing, (4.0, 5.0), 3.0)
    found = surface_distance(a, b, geometry)
    # Two circles of one radius r shifted by d: the distance from the point at angle t to the other circle is
    # | |p - m| - r | with |p - m|² = r² + d² - 2 r d cos t; its mean over t by the midpoint rule, its largest value d.
    t = (np.arange(3600) + 0.5) * np.pi / 1800
    away = np.abs(np.sqrt(9 + 1 - 6 * np.cos(t)) - 3)
    # A line has one voxel for each row or each column that it crosses, whichever are more: so many on a piece of arc.
    weight = np.maximum(np.abs(np.sin(t)) / 0.08, np.abs(np.cos(t)) / 0.1)
    # The line of voxels is jagged and its nearest voxel nearer than the circle, by up to half a voxel.
    assert found.mean_mm == pytest.approx(np.average(away, weights=weight), abs=0.05)
    order = np.argsort(away)
    share = np.cumsum(weight[order]) / weight.sum()
    assert found.hausdorff95_mm == pytest.approx(away[order][np.searchsorted(share, 0.95)], abs=0.05)
    assert found.hausdorff_mm == pytest.approx(1.0, abs=0.1)
    # Overlap of the discs: 2 r² acos(d/2r) - d/2 sqrt(4r² - d²), over the area π r² of each.
    lens = 2 * 9 * math.acos(1 / 6) - 0.5 * math.sqrt(36 - 1)
    assert dice(a, b) == pytest.approx(lens / (9 * math.pi), abs=0.005)


def on_a_sphere(n):
    """Points spread evenly over the unit sphere: equal steps of height, turned by the golden angle."""
    height, turn = 1 - (2 * np.arange(n) + 1) / n, np.arange(n) * math.pi * (3 - math.sqrt(5))
    around = np.sqrt(1 - height**2)
    return np.stack([height, around * np.cos(turn), around * np.sin(turn)], axis=1)


def test_surface_distance__of_shifted_spheres_is_the_shift():
    spacing = (0.3, 0.2, 0.15)
    shape = (34, 48, 74)
    geometry = Geometry(shape=shape, affine_lps=np.diag([*spacing, 1.0]))
    places = np.stack(np.meshgrid(*(np.arange(n) * mm for n, mm in zip(shape, spacing, strict=True)), indexing="ij"))
    middles = ((5, 5, 5), (5, 4.6, 6.2))
    a, b = (((places - np.array(mid).reshape(3, 1, 1, 1)) ** 2).sum(axis=0) <= 16.0 for mid in middles)
    found = surface_distance(a, b, geometry, surface="faces")
    shift = math.hypot(0.4, 1.2)
    # The farthest point lies along the shift.
    assert found.hausdorff_mm == pytest.approx(shift, abs=0.15)
    # As for circles; a plane has one voxel for each line of the grid that it crosses, whichever are most.
    normal = on_a_sphere(4000)
    away = np.abs(np.linalg.norm(4 * normal - np.array((0, -0.4, 1.2)), axis=1) - 4)
    weight = np.max(np.abs(normal) / (0.2 * 0.15, 0.3 * 0.15, 0.3 * 0.2), axis=1)
    assert found.mean_mm == pytest.approx(np.average(away, weights=weight), abs=0.05)
    # A cap of each: 1 - 3d/4R + d³/16R³ of the volume is common.
    assert dice(a, b) == pytest.approx(1 - 3 * shift / 16 + shift**3 / (16 * 64), abs=0.01)
