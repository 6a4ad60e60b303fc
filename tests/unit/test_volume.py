from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bonemetrics.errors import GeometryMismatchError
from bonemetrics.quantities import Material
from bonemetrics.volume import CtVolume, DensityVolume, Geometry, LabelVolume


def test_geometry__derives_spacing_and_volume_from_the_affine(grid):
    geometry = grid(spacing_mm=(2.0, 0.5, 0.4))
    assert geometry.spacing_mm == pytest.approx((2.0, 0.5, 0.4), abs=1e-12)
    assert geometry.voxel_volume_mm3 == pytest.approx(2.0 * 0.5 * 0.4, abs=1e-12)
    assert geometry.pixel_area_mm2 == pytest.approx(0.5 * 0.4, abs=1e-12)
    assert geometry.direction.T @ geometry.direction == pytest.approx(np.eye(3), abs=1e-12)


def test_geometry__world_of_an_index_worked_by_hand():
    # Slices 3 mm apart along +z, rows 0.5 mm along +y, columns 0.25 mm along +x, first voxel at (10, 20, 30).
    affine = [[0, 0, 0.25, 10], [0, 0.5, 0, 20], [3, 0, 0, 30], [0, 0, 0, 1]]
    geometry = Geometry(shape=(4, 5, 6), affine_lps=np.array(affine, dtype=float))
    assert geometry.to_world((2, 3, 4)).tolist() == [11.0, 21.5, 36.0]
    assert geometry.to_index((11.0, 21.5, 36.0)) == pytest.approx([2, 3, 4])


def test_geometry__a_crop_keeps_every_voxel_in_its_place(grid):
    whole = grid()
    part = whole.crop((slice(1, 3), slice(0, 4), slice(2, None)))
    assert part.shape == (2, 4, 4)
    assert part.to_world((1, 2, 3)) == pytest.approx(whole.to_world((2, 2, 5)), abs=1e-12)


@pytest.mark.parametrize(
    "affine",
    [np.eye(3), np.diag([1.0, 1.0, 0.0, 1.0]), np.diag([1.0, np.nan, 1.0, 1.0])],
    ids=["3x3", "flat", "nan"],
)
def test_geometry__refuses_an_affine_that_is_none(affine):
    with pytest.raises(GeometryMismatchError, match="4×4, finite and invertible"):
        Geometry(shape=(2, 3, 4), affine_lps=affine)


def test_geometry__refuses_an_empty_axis():
    with pytest.raises(GeometryMismatchError, match="three positive sizes"):
        Geometry(shape=(2, 0, 4), affine_lps=np.eye(4))


def test_require_same_grid__accepts_less_than_a_micrometre_and_refuses_more(grid):
    one = grid()
    one.require_same_grid(grid(origin_mm=(-11.0 + 0.0009, 7.0, 23.0)))
    with pytest.raises(GeometryMismatchError, match=r"0\.0011 mm apart"):
        one.require_same_grid(grid(origin_mm=(-11.0 + 0.0011, 7.0, 23.0)))


def test_require_same_grid__sees_a_spacing_that_differs_far_from_the_origin(grid):
    # 5 columns of 0.001 mm each: the last column lies 5 µm off while the first is in place.
    with pytest.raises(GeometryMismatchError, match="mm apart"):
        grid().require_same_grid(grid(spacing_mm=(2.0, 0.5, 0.401)))


def test_require_same_grid__refuses_another_shape_and_another_frame(grid):
    with pytest.raises(GeometryMismatchError, match="shapes"):
        grid().require_same_grid(grid(shape=(4, 6, 5)))
    with pytest.raises(GeometryMismatchError, match="frames of reference"):
        replace(grid(), frame_of_reference_uid="1.2").require_same_grid(replace(grid(), frame_of_reference_uid="1.3"))


def test_volumes__are_made_whole_or_not_at_all(grid):
    with pytest.raises(GeometryMismatchError, match="does not fit"):
        CtVolume(hu=np.zeros((4, 6, 5), np.float32), geometry=grid())
    with pytest.raises(TypeError, match="float32"):
        DensityVolume(mg_per_cm3=np.zeros((4, 5, 6)), material=Material.HA, geometry=grid())
    with pytest.raises(TypeError, match="uint8 or uint16"):
        LabelVolume(labels=np.zeros((4, 5, 6), np.int16), geometry=grid())


def _numbered(geometry: Geometry) -> LabelVolume:
    count = int(np.prod(geometry.shape))
    return LabelVolume(labels=np.arange(1, count + 1, dtype=np.uint16).reshape(geometry.shape), geometry=geometry)


def test_onto__places_a_smaller_box_to_the_voxel(grid):
    whole = grid()
    box = (slice(1, 3), slice(2, 5), slice(1, 5))
    placed = _numbered(whole.crop(box)).onto(whole)
    expected = np.zeros(whole.shape, np.uint16)
    expected[1:3, 2:5, 1:5] = np.arange(1, 25).reshape(2, 3, 4)
    assert np.array_equal(placed.labels, expected)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (0, 2, 1)])
@pytest.mark.parametrize("flips", [(False, False, False), (True, False, False), (False, True, True)])
def test_onto__honours_permuted_and_mirrored_axes(grid, order, flips):
    # The same labelled voxels, stored with their axes in another order and direction.
    whole = grid()
    labels = _numbered(whole)
    affine, array = whole.affine_lps.copy(), labels.labels
    for axis, flip in enumerate(flips):
        if flip:
            affine[:3, 3] += affine[:3, axis] * (whole.shape[axis] - 1)
            affine[:3, axis] *= -1
            array = np.flip(array, axis)
    array = np.ascontiguousarray(array.transpose(order))
    affine = affine[:, [*order, 3]]
    stored = LabelVolume(labels=array, geometry=Geometry(shape=array.shape, affine_lps=affine))
    assert np.array_equal(stored.onto(whole).labels, labels.labels)


def test_onto__refuses_half_a_voxel(grid):
    whole = grid()
    affine = whole.affine_lps.copy()
    affine[:3, 3] += 0.5 * affine[:3, 2]
    with pytest.raises(GeometryMismatchError, match=r"up to 0\.5 voxels off"):
        _numbered(Geometry(shape=whole.shape, affine_lps=affine)).onto(whole)


def test_onto__refuses_another_spacing_and_labels_outside_the_scan(grid):
    with pytest.raises(GeometryMismatchError, match="voxels off"):
        _numbered(grid(spacing_mm=(2.0, 0.5, 0.6))).onto(grid())
    outside = grid(shape=(5, 5, 6))
    with pytest.raises(GeometryMismatchError, match="outside the scan"):
        _numbered(outside).onto(grid())


def test_onto__lets_an_empty_margin_hang_over_the_edge(grid):
    larger = grid(shape=(5, 5, 6))
    labels = np.zeros(larger.shape, np.uint8)
    labels[2, 3, 4] = 7
    placed = LabelVolume(labels=labels, geometry=larger).onto(grid())
    assert placed.labels[2, 3, 4] == 7
    assert placed.labels.sum() == 7


def test_onto__refuses_another_frame_of_reference(grid):
    labels = _numbered(replace(grid(), frame_of_reference_uid="1.2"))
    with pytest.raises(GeometryMismatchError, match="frames of reference"):
        labels.onto(replace(grid(), frame_of_reference_uid="1.3"))


def test_from_ras__world_position_worked_by_hand():
    # NIfTI: i to the left (-x in RAS) 0.2 mm, j to posterior 0.3 mm, k up 0.5 mm, from RAS (1, 2, 3).
    affine_ras = np.array([[-0.2, 0, 0, 1], [0, -0.3, 0, 2], [0, 0, 0.5, 3], [0, 0, 0, 1.0]])
    array = np.zeros((4, 5, 6), np.uint8)
    array[1, 2, 3] = 1
    volume = LabelVolume.from_ras(array, affine_ras)
    (found,) = np.argwhere(volume.labels)
    # RAS of (1, 2, 3): (0.8, 1.4, 4.5), so LPS (-0.8, -1.4, 4.5).
    assert volume.geometry.to_world(found) == pytest.approx([-0.8, -1.4, 4.5])
    assert volume.affine_ras() == pytest.approx(affine_ras)
