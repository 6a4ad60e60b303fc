from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from bonemetrics.errors import EmptyRegionError, GeometryMismatchError, SegmentationError
from bonemetrics.records import QualityCard
from bonemetrics.segmentation.edited import follow_labels
from bonemetrics.segmentation.radius import RadiusSegmentation
from bonemetrics.volume import CORTICAL, TRABECULAR, Geometry, LabelVolume

ROW_MM, COLUMN_MM = 0.3, 0.2
SHAPE = (4, 60, 84)
CENTRE_MM = (9.1, 8.3)
OUTER_MM, INNER_MM = 5.0, 4.1
BOX = (slice(0, 4), slice(5, 57), slice(3, 82))
GRID = Geometry(
    shape=SHAPE,
    affine_lps=np.array([[0.0, 0.18, 0.16, 4.0], [0.0, 0.24, -0.12, -7.0], [-0.8, 0.0, 0.0, 31.0], [0, 0, 0, 1.0]]),
)
"""Slices 0.8 mm apart; rows and columns of 0.3 and 0.2 mm, turned within the slice."""


def from_centre() -> np.ndarray:
    """Distance in mm of the pixels of a slice from the axis of the bone."""
    rows, columns = np.mgrid[: SHAPE[1], : SHAPE[2]]
    return np.hypot(rows * ROW_MM - CENTRE_MM[0], columns * COLUMN_MM - CENTRE_MM[1])


def tube() -> RadiusSegmentation:
    """An automatic segmentation of a round tube whose distances are those of two circles."""
    away = np.broadcast_to(from_centre(), SHAPE)[BOX]
    periosteal, endosteal = (away - OUTER_MM).astype(np.float32), (away - INNER_MM).astype(np.float32)
    labels = np.zeros(SHAPE, dtype=np.uint8)
    labels[BOX] = np.where(endosteal < 0, TRABECULAR, np.where(periosteal < 0, CORTICAL, 0))
    return RadiusSegmentation(
        labels=LabelVolume(labels=labels, geometry=GRID),
        box=BOX,
        periosteal_mm=periosteal,
        endosteal_mm=endosteal,
        blur_sigma_mm=0.2,
        cortical_level=950.0,
        side=None,
        side_source="",
        distal_end=None,
        distal_source="",
        radius_source="",
        measured_slices=(0, 1, 2, 3),
        card=QualityCard(),
        notes=(),
    )


AUTOMATIC = tube()


def edited(change) -> LabelVolume:
    labels = AUTOMATIC.labels.labels.copy()
    change(labels)
    return LabelVolume(labels=labels, geometry=GRID)


def area_mm2(distance_mm: np.ndarray) -> float:
    pixel = ROW_MM * COLUMN_MM
    return float(np.clip(0.5 - distance_mm / np.sqrt(pixel), 0, 1).sum() * pixel)


def require_signs(found, labels: np.ndarray) -> None:
    part = labels[found.box]
    assert ((found.periosteal_mm < 0) == (part > 0)).all()
    assert (((found.periosteal_mm < 0) & (found.endosteal_mm < 0)) == (part == TRABECULAR)).all()
    assert np.isfinite(found.periosteal_mm).all()
    assert np.isfinite(found.endosteal_mm).all()


def test_grid__is_the_one_that_the_fixture_states():
    assert GRID.spacing_mm == pytest.approx((0.8, ROW_MM, COLUMN_MM))


def test_follow_labels__unedited_labels_keep_every_distance_bit_for_bit():
    found = follow_labels(AUTOMATIC.labels, AUTOMATIC)
    assert found.box == BOX
    np.testing.assert_array_equal(found.periosteal_mm, AUTOMATIC.periosteal_mm)
    np.testing.assert_array_equal(found.endosteal_mm, AUTOMATIC.endosteal_mm)
    assert (found.edited_slices, found.edited_voxels) == ((), 0)


@settings(max_examples=15, derandomize=True, deadline=None)
@given(
    strokes=st.lists(
        st.tuples(
            st.integers(0, 3), st.integers(0, 59), st.integers(0, 83), st.integers(1, 7), st.sampled_from([0, 1, 2])
        ),
        min_size=1,
        max_size=5,
    )
)
def test_follow_labels__every_centre_lies_on_the_side_of_its_label_whatever_is_painted(strokes):
    def paint(labels):
        for number, row, column, size, label in strokes:
            labels[number, row : row + size, column : column + 2 * size] = label

    labels = edited(paint)
    found = follow_labels(labels, AUTOMATIC)
    require_signs(found, labels.labels)
    differs = (labels.labels != AUTOMATIC.labels.labels).any(axis=(1, 2))
    assert found.edited_slices == tuple(np.flatnonzero(differs).tolist())
    require_signs(follow_labels(labels, None), labels.labels)


def test_follow_labels__an_edit_of_one_slice_changes_no_other_and_only_the_contour_that_was_moved():
    def thicken(labels):
        labels[2][(from_centre() >= 3.5) & (labels[2] == TRABECULAR)] = CORTICAL

    labels = edited(thicken)
    found = follow_labels(labels, AUTOMATIC)
    assert found.edited_slices == (2,)
    assert found.edited_voxels == np.count_nonzero(labels.labels != AUTOMATIC.labels.labels)
    np.testing.assert_array_equal(found.periosteal_mm, AUTOMATIC.periosteal_mm)
    for other in (0, 1, 3):
        np.testing.assert_array_equal(found.endosteal_mm[other], AUTOMATIC.endosteal_mm[other])


def test_follow_labels__a_moved_circle_has_its_own_area_and_distances():
    def thicken(labels):
        labels[1][(from_centre() >= 3.5) & (labels[1] == TRABECULAR)] = CORTICAL

    found = follow_labels(edited(thicken), AUTOMATIC)
    # Pixels of 0.06 mm²: about 88 on the rim of the circle scatter its area by √88 · 0.06 · 0.3 = 0.17 mm².
    assert area_mm2(found.endosteal_mm[1]) == pytest.approx(np.pi * 3.5**2, abs=0.35)
    true = from_centre()[BOX[1:]] - 3.5
    # Labels know the contour to half a pixel of 0.3 mm, within reach of the contour and deep below it.
    assert np.abs(found.endosteal_mm[1] - true)[np.abs(true) < 1.4].max() < 0.15
    assert np.abs(found.endosteal_mm[1] - true)[true > -3.2].max() < 0.2


def test_follow_labels__the_contour_is_kept_four_voxels_from_a_changed_one():
    place = (1, 30, 20)  # in the cortex, on the side of low columns
    assert AUTOMATIC.labels.labels[place] == CORTICAL

    def dent(labels):
        labels[place] = TRABECULAR

    found = follow_labels(edited(dent), AUTOMATIC)
    changed = np.ones(SHAPE[1:], dtype=bool)
    changed[place[1:]] = False
    away = ndimage.distance_transform_edt(changed)[BOX[1:]]
    before, after = AUTOMATIC.endosteal_mm[1], found.endosteal_mm[1]
    at_contour = np.abs(before) < 0.2
    far = at_contour & (away >= 6)
    np.testing.assert_array_equal(after[far], before[far])
    near = at_contour & (away <= 1.5)
    assert (after[near] != before[near]).all()
    # The half opposite is nearest to the unchanged contour, however deep.
    np.testing.assert_array_equal(after[:, 45:], before[:, 45:])


def test_follow_labels__the_contour_lies_half_way_between_long_and_short_pixels():
    labels = np.zeros(SHAPE, dtype=np.uint8)
    labels[1, 20:40, 30:60] = CORTICAL
    labels[1, 24:36, 36:54] = TRABECULAR
    found = follow_labels(LabelVolume(labels=labels, geometry=GRID), None)
    row, column = 30 - found.box[1].start, 45 - found.box[2].start
    # By hand: from the middle of a straight side outwards, half a pixel and one and a half.
    down = found.periosteal_mm[1 - found.box[0].start, :, column]
    first = 40 - found.box[1].start
    np.testing.assert_allclose(down[first - 2 : first + 2], [-0.45, -0.15, 0.15, 0.45], atol=1e-6)
    across = found.endosteal_mm[1 - found.box[0].start, row]
    first = 54 - found.box[2].start
    np.testing.assert_allclose(across[first - 2 : first + 2], [-0.3, -0.1, 0.1, 0.3], atol=1e-6)
    assert found.box[0] == slice(1, 2)
    assert found.edited_voxels == 20 * 30


def test_follow_labels__bone_drawn_beyond_the_automatic_box_widens_it_and_keeps_the_rest():
    def spill(labels):
        labels[3, 28:34, 0:21] = CORTICAL

    labels = edited(spill)
    found = follow_labels(labels, AUTOMATIC)
    assert found.box == (slice(0, 4), slice(5, 57), slice(0, 82))
    require_signs(found, labels.labels)
    inner = (slice(0, 3), slice(None), slice(3, 82))
    np.testing.assert_array_equal(found.periosteal_mm[inner], AUTOMATIC.periosteal_mm[:3])
    # By hand: above the middle of the spill its rim lies half a row of 0.3 mm from the last row of voxels.
    np.testing.assert_allclose(found.periosteal_mm[3, 33 - 5 : 36 - 5, 6], [-0.15, 0.15, 0.45], atol=1e-6)


def test_follow_labels__bone_drawn_in_a_slice_without_an_automatic_contour_is_taken_from_the_labels():
    short = replace(
        AUTOMATIC,
        box=(slice(0, 3), *BOX[1:]),
        periosteal_mm=AUTOMATIC.periosteal_mm[:3],
        endosteal_mm=AUTOMATIC.endosteal_mm[:3],
        labels=edited(lambda labels: labels[3].fill(0)),
    )
    found = follow_labels(AUTOMATIC.labels, short)
    assert found.edited_slices == (3,)
    require_signs(found, AUTOMATIC.labels.labels)
    assert area_mm2(found.periosteal_mm[3]) == pytest.approx(np.pi * OUTER_MM**2, abs=0.5)


def test_follow_labels__refuses_what_it_cannot_measure():
    with pytest.raises(SegmentationError, match="label 3") as caught:
        follow_labels(edited(lambda labels: labels[0].fill(3)), AUTOMATIC)
    assert caught.value.code == "unknown-label"
    with pytest.raises(EmptyRegionError, match="no voxel"):
        follow_labels(edited(lambda labels: labels.fill(0)), AUTOMATIC)
    moved = GRID.affine_lps.copy()
    moved[0, 3] += 0.2
    other = LabelVolume(labels=AUTOMATIC.labels.labels, geometry=Geometry(shape=SHAPE, affine_lps=moved))
    with pytest.raises(GeometryMismatchError, match="mm apart"):
        follow_labels(other, AUTOMATIC)
