from __future__ import annotations

import numpy as np
import pytest

from bonemetrics.errors import EmptyRegionError, UsageError
from bonemetrics.segmentation.editing.islands import fill_holes, remove_islands
from bonemetrics.volume import CORTICAL, TRABECULAR, LabelVolume
from tests.round_labels import edited

SHAPE = (4, 12, 15)
SPACING_MM = (2.0, 0.5, 0.4)
VOXEL_MM3 = 0.4  # 2.0 · 0.5 · 0.4
PIXEL_MM2 = 0.2  # 0.5 · 0.4


def square(grid, **drawn) -> LabelVolume:
    """A cortex of one pixel around 4×5 pixels of trabecular bone, in all slices."""
    labels = np.zeros(SHAPE, dtype=np.uint8)
    labels[:, 2:8, 2:9] = CORTICAL
    labels[:, 3:7, 3:8] = TRABECULAR
    return LabelVolume(labels=labels, geometry=grid(SHAPE, SPACING_MM))


def test_remove_islands__keeps_the_largest_bone_and_tells_what_went(grid):
    bone = square(grid)
    expected = bone.labels.copy()
    bone.labels[0, 10, 12:14] = TRABECULAR
    bone.labels[1:3, 11, 0] = CORTICAL
    found = remove_islands(bone)
    assert (edited(bone, found.patch) == expected).all()
    assert found.n_pieces == 2
    assert found.volume_mm3 == pytest.approx(4 * VOXEL_MM3, rel=1e-12)


def test_remove_islands__voxels_that_meet_at_a_corner_hang_together(grid):
    bone = square(grid)
    bone.labels[1, 8, 9] = CORTICAL
    assert remove_islands(bone).patch.is_empty


def test_remove_islands__keeps_pieces_of_a_stated_volume(grid):
    bone = square(grid)
    bone.labels[0, 10, 12:14] = TRABECULAR
    bone.labels[1:4, 11, 0] = CORTICAL
    found = remove_islands(bone, smallest_mm3=3 * VOXEL_MM3)
    assert (found.n_pieces, found.patch.n_changed) == (1, 2)
    assert found.patch.box[0] == slice(0, 1)


def test_remove_islands__a_piece_within_another_label_takes_that_label(grid):
    bone = square(grid)
    bone.labels[1, 5, 5] = CORTICAL
    bone.labels[3, 10, 12] = TRABECULAR
    cortex = remove_islands(bone, of=CORTICAL)
    assert edited(bone, cortex.patch)[1, 5, 5] == TRABECULAR
    assert (cortex.n_pieces, cortex.patch.n_changed) == (1, 1)
    assert edited(bone, remove_islands(bone, of=TRABECULAR).patch)[3, 10, 12] == 0


def test_remove_islands__takes_the_label_that_touches_most_faces(grid):
    labels = np.zeros(SHAPE, dtype=np.uint8)
    labels[:, 2:8, 2:9] = CORTICAL
    labels[0, 3, 5] = labels[0, 4, 4] = labels[0, 5, 5] = 7
    labels[0, 4, 5] = TRABECULAR
    labels[2, 4:6, 4:6] = TRABECULAR
    bone = LabelVolume(labels=labels, geometry=grid(SHAPE, SPACING_MM))
    # Three of the voxel's four faces in the slice touch label 7 and one cortex, as do both across the slices.
    assert edited(bone, remove_islands(bone, of=TRABECULAR).patch)[0, 4, 5] == 7


def test_remove_islands__in_plane_looks_at_each_slice_by_itself(grid):
    bone = square(grid)
    bone.labels[:, 10, 12] = CORTICAL
    bone.labels[1, 8:11, 8:13] = CORTICAL
    whole = remove_islands(bone)
    assert whole.patch.is_empty
    found = remove_islands(bone, in_plane=True)
    assert (found.n_pieces, found.patch.n_changed) == (3, 3)
    assert edited(bone, found.patch)[:, 10, 12].tolist() == [0, CORTICAL, 0, 0]


def test_remove_islands__looks_at_the_chosen_slices_alone(grid):
    bone = square(grid)
    bone.labels[:, 10, 12] = CORTICAL
    found = remove_islands(bone, slices=range(1, 3))
    assert edited(bone, found.patch)[:, 10, 12].tolist() == [CORTICAL, 0, 0, CORTICAL]
    assert found.n_pieces == 1


def test_remove_islands__keeps_both_of_two_equal_pieces(grid):
    labels = np.zeros(SHAPE, dtype=np.uint8)
    labels[0, 2, 2:4] = labels[2, 5, 5:7] = TRABECULAR
    labels[3, 9, 9] = TRABECULAR
    bone = LabelVolume(labels=labels, geometry=grid(SHAPE, SPACING_MM))
    found = remove_islands(bone)
    assert found.n_pieces == 1
    assert edited(bone, found.patch)[3, 9, 9] == 0


def test_remove_islands__leaves_other_labels(grid):
    bone = square(grid)
    bone.labels[0, 10, 12] = 9
    assert remove_islands(bone).patch.is_empty


def test_remove_islands__refuses_where_nothing_is_or_nothing_would_be_left(grid):
    bone = square(grid)
    with pytest.raises(EmptyRegionError, match="label 7"):
        remove_islands(bone, of=7)
    with pytest.raises(EmptyRegionError, match="nothing would be left"):
        remove_islands(bone, smallest_mm3=1000.0)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"smallest_mm3": 0.0}, "above 0"),
        ({"of": 0}, "label above 0"),
        ({"of": "cortex"}, "label above 0"),
        ({"slices": range(2, 5)}, "within 0 to 3"),
        ({"slices": range(2, 2)}, "within 0 to 3"),
        ({"slices": range(0, 4, 2)}, "without gaps"),
    ],
)
def test_remove_islands__refuses_wrong_arguments(grid, options, words):
    with pytest.raises(UsageError, match=words):
        remove_islands(square(grid), **options)


def test_fill_holes__fills_background_that_bone_encloses_in_the_slice(grid):
    bone = square(grid)
    bone.labels[1, 4:6, 4] = 0
    bone.labels[2, 2, 5] = 0
    found = fill_holes(bone)
    after = edited(bone, found.patch)
    assert after[1, 4:6, 4].tolist() == [TRABECULAR, TRABECULAR]
    # A notch in the cortex opens to the outside.
    assert after[2, 2, 5] == 0
    assert found.n_pieces == 1
    assert found.volume_mm3 == pytest.approx(2 * VOXEL_MM3, rel=1e-12)


def test_fill_holes__does_not_leak_over_a_corner(grid):
    bone = square(grid)
    # The hole and the notch meet at a corner alone.
    bone.labels[1, 3, 4] = 0
    bone.labels[1, 2, 5] = 0
    assert edited(bone, fill_holes(bone).patch)[1, 2:4, 4:6].tolist() == [[CORTICAL, 0], [TRABECULAR, TRABECULAR]]


def test_fill_holes__can_take_the_label_around_the_hole(grid):
    bone = square(grid)
    bone.labels[1, 3:7, 3:8] = CORTICAL
    bone.labels[1, 4, 4] = 0
    bone.labels[2, 5, 5] = 0
    after = edited(bone, fill_holes(bone, label=None).patch)
    assert (after[1, 4, 4], after[2, 5, 5]) == (CORTICAL, TRABECULAR)


def test_fill_holes__fills_up_to_a_stated_area(grid):
    bone = square(grid)
    bone.labels[1, 4, 4:6] = 0
    bone.labels[2, 4, 4:7] = 0
    found = fill_holes(bone, largest_mm2=2 * PIXEL_MM2)
    assert (found.n_pieces, found.patch.box[0]) == (1, slice(1, 2))


def test_fill_holes__background_at_the_border_of_the_scan_is_no_hole(grid):
    labels = np.full(SHAPE, CORTICAL, dtype=np.uint8)
    labels[:, 0, 4] = 0
    labels[0, 5, 5] = 0
    bone = LabelVolume(labels=labels, geometry=grid(SHAPE, SPACING_MM))
    found = fill_holes(bone)
    assert np.argwhere(edited(bone, found.patch) == TRABECULAR).tolist() == [[0, 5, 5]]


def test_fill_holes__another_label_in_a_hole_stays(grid):
    bone = square(grid)
    bone.labels[1, 4, 4:6] = (0, 9)
    found = fill_holes(bone)
    assert edited(bone, found.patch)[1, 4, 4:6].tolist() == [TRABECULAR, 9]
    assert found.patch.n_changed == 1


def test_fill_holes__refuses_slices_without_bone(grid):
    bone = square(grid)
    bone.labels[0] = 0
    with pytest.raises(EmptyRegionError, match="no voxel of bone"):
        fill_holes(bone, slices=range(1))


@pytest.mark.parametrize(
    ("options", "words"),
    [({"largest_mm2": -1.0}, "above 0"), ({"label": 0}, "label above 0"), ({"label": 300}, "label above 0")],
)
def test_fill_holes__refuses_wrong_arguments(grid, options, words):
    with pytest.raises(UsageError, match=words):
        fill_holes(square(grid), **options)
