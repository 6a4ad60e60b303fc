from __future__ import annotations

import numpy as np
import pytest
import SimpleITK

from bonemetrics.errors import EmptyRegionError, UsageError
from bonemetrics.segmentation.editing.interpolate import interpolate_between
from bonemetrics.volume import CORTICAL, TRABECULAR, LabelVolume
from tests.round_labels import area_mm2, edited, round_bone

SHAPE = (7, 60, 90)
SPACING_MM = (0.5, 0.3, 0.2)


def ends(grid, *, outer_mm=(7.0, 5.0), inner_mm=(4.0, 3.4), centres=((0.0, 0.0), (0.0, 0.0))) -> LabelVolume:
    """Bones in slices 1 and 5, other slices empty."""
    radii = {1: (outer_mm[0], inner_mm[0], centres[0]), 5: (outer_mm[1], inner_mm[1], centres[1])}
    bone = LabelVolume(labels=np.zeros(SHAPE, dtype=np.uint8), geometry=grid(SHAPE, SPACING_MM))
    for index, (outer, inner, centre) in radii.items():
        drawn = round_bone(bone.geometry, outer_mm=outer, inner_mm=inner, centres_mm=(centre,))
        bone.labels[index] = drawn.labels[index]
    return bone


def test_interpolate_between__discs_make_a_cone(grid):
    bone = ends(grid)
    after = edited(bone, interpolate_between(bone, 1, 5))
    for index in (2, 3, 4):
        share = (index - 1) / 4
        for drawn, (first, last) in ((after > 0, (7.0, 5.0)), (after == TRABECULAR, (4.0, 3.4))):
            radius = first + share * (last - first)
            # 0.02 mm is a twelfth of a voxel.
            assert area_mm2(drawn[index : index + 1], bone.geometry) == pytest.approx(
                np.pi * radius**2, abs=0.02 * 2 * np.pi * radius
            )


def test_interpolate_between__a_bone_that_shifts_lies_half_way(grid):
    bone = ends(grid, outer_mm=(5.0, 5.0), inner_mm=(3.0, 3.0), centres=((-1.0, -0.8), (1.0, 1.2)))
    middle = edited(bone, interpolate_between(bone, 1, 5))[3] > 0
    rows, columns = np.nonzero(middle)
    # The middle of the slice is row 29.5, column 44.5; half way lies 0.2 mm or one pixel further on.
    assert rows.mean() == pytest.approx(29.5, abs=0.3)
    assert columns.mean() == pytest.approx(45.5, abs=0.3)


def test_interpolate_between__agrees_with_distance_maps_of_simpleitk(grid):
    bone = ends(grid, centres=((0.3, -0.4), (-0.2, 0.7)))
    after = edited(bone, interpolate_between(bone, 1, 5))

    def signed(mask):
        picture = SimpleITK.GetImageFromArray(mask.astype(np.uint8))
        picture.SetSpacing((SPACING_MM[2], SPACING_MM[1]))
        out = SimpleITK.SignedMaurerDistanceMap(picture, squaredDistance=False, useImageSpacing=True)
        return SimpleITK.GetArrayFromImage(out)

    maps = [signed(bone.labels[index] > 0) for index in (1, 5)]
    for index in (2, 3, 4):
        share = (index - 1) / 4
        other = (1 - share) * maps[0] + share * maps[1]
        # Its maps are zero on the outermost voxels inside, half a voxel from where ours are.
        assert (after[index] > 0)[other < -0.1].all()
        assert not (after[index] > 0)[other > 0.1 + 0.3].any()


def test_interpolate_between__replaces_bone_and_leaves_the_ends_and_other_labels(grid):
    bone = ends(grid)
    bone.labels[3, 28:32, 2:5] = CORTICAL
    bone.labels[3, 28:32, 44] = 9
    bone.labels[6, 0, 0] = CORTICAL
    after = edited(bone, interpolate_between(bone, 1, 5))
    assert not after[3, 28:32, 2:5].any()
    assert (after[3, 28:32, 44] == 9).all()
    assert (after[[0, 1, 5, 6]] == bone.labels[[0, 1, 5, 6]]).all()


def test_interpolate_between__the_marrow_stays_within_the_bone(grid):
    bone = ends(grid, outer_mm=(7.0, 5.0), inner_mm=(4.0, 4.9), centres=((0.0, 0.0), (1.0, 0.5)))
    after = edited(bone, interpolate_between(bone, 1, 5))
    outline = after > 0
    alone = LabelVolume(labels=np.where(bone.labels > 0, CORTICAL, 0).astype(np.uint8), geometry=bone.geometry)
    assert (outline == (edited(alone, interpolate_between(alone, 1, 5)) > 0)).all()


def test_interpolate_between__refuses_a_slice_without_bone_or_compartment(grid):
    bone = ends(grid)
    with pytest.raises(EmptyRegionError, match="slice 6 shows no bone"):
        interpolate_between(bone, 1, 6)
    hollow = ends(grid, inner_mm=(4.0, 0.0))
    with pytest.raises(EmptyRegionError, match="slice 5 shows no trabecular"):
        interpolate_between(hollow, 1, 5)
    bone.labels[:] = 0
    with pytest.raises(EmptyRegionError, match="neither"):
        interpolate_between(bone, 1, 5)


def test_interpolate_between__refuses_shapes_that_do_not_overlap(grid):
    bone = ends(grid, outer_mm=(2.0, 2.0), inner_mm=(1.0, 1.0), centres=((-5.0, -5.0), (5.0, 5.0)))
    with pytest.raises(EmptyRegionError, match="overlap so little"):
        interpolate_between(bone, 1, 5)


@pytest.mark.parametrize(("first", "last"), [(1, 2), (3, 3), (5, 1)])
def test_interpolate_between__refuses_slices_with_none_between(grid, first, last):
    with pytest.raises(UsageError, match="no slice lies between"):
        interpolate_between(ends(grid), first, last)


@pytest.mark.parametrize(("first", "last"), [(-1, 5), (1, 7)])
def test_interpolate_between__refuses_slices_outside_the_scan(grid, first, last):
    with pytest.raises(UsageError, match="within 0 to 6"):
        interpolate_between(ends(grid), first, last)


def test_interpolate_between__refuses_a_bone_that_fills_the_slice(grid):
    bone = ends(grid)
    bone.labels[1] = CORTICAL
    bone.labels[1, 20:40, 30:60] = TRABECULAR
    with pytest.raises(EmptyRegionError, match="no contour"):
        interpolate_between(bone, 1, 5)
