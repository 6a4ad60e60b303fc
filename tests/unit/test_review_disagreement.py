"""Places where two readers differ, and the labels that follow from decisions."""

from __future__ import annotations

import numpy as np
import pytest

from bonemetrics.errors import AgreementError, GeometryMismatchError
from bonemetrics.review.disagreement import LabelPair, find_disagreement, resolve
from bonemetrics.volume import LabelVolume

SHAPE = (5, 8, 9)


@pytest.fixture
def readers(grid):
    """Two masks that differ in an L of five voxels, a bar of three, and two single ones that meet by an edge only."""
    geometry = grid(shape=SHAPE)
    a = np.zeros(SHAPE, dtype=np.uint8)
    a[:, 1:7, 1:8] = 1
    a[:, 1, 1:8] = 2
    b = a.copy()
    b[1, 2:5, 2] = 2  # the L: trabecular for A, cortical for B …
    b[1, 4, 3:5] = 0  # … and background in its foot
    b[2:5, 1, 7] = 1  # the bar, over three slices: cortical for A, trabecular for B
    b[4, 7, 1] = 1  # single voxels, one above and beside the other
    b[3, 7, 2] = 1
    return LabelVolume(labels=a, geometry=geometry), LabelVolume(labels=b, geometry=geometry)


def test_find_disagreement__lists_the_largest_place_first(readers):
    found = find_disagreement(*readers)
    assert [one.n_voxels for one in found.components] == [5, 3, 1, 1]
    assert [one.number for one in found.components] == [1, 2, 3, 4]
    # 2.0 × 0.5 × 0.4 mm
    assert [one.volume_mm3 for one in found.components] == pytest.approx([2.0, 1.2, 0.4, 0.4])
    # The single ones meet by an edge, which joins nothing; of equal ones the one with the lower slice comes first.
    assert [one.index for one in found.components[2:]] == [(3, 7, 2), (4, 7, 1)]
    assert (found.left_out, found.left_out_mm3) == (0, 0.0)


def test_find_disagreement__says_where_a_place_is_and_what_each_reader_says(readers):
    first, bar = find_disagreement(*readers).components[:2]
    assert first.box == (slice(1, 2), slice(2, 5), slice(2, 5))
    assert first.slices == (1, 1)
    assert first.pairs == (LabelPair(a=1, b=2, n_voxels=3), LabelPair(a=1, b=0, n_voxels=2))
    # Rows 2 3 4 4 4, columns 2 2 2 3 4: centroid (3.4, 2.6). In mm, with 0.5 and 0.4: voxel (3, 2) is 0.2 and 0.24
    # away, (4, 3) is 0.3 and 0.16, (4, 2) is 0.3 and 0.24; squares 0.0976, 0.1156, 0.1476.
    assert first.index == (1, 3, 2)
    assert first.world_lps_mm == pytest.approx(tuple(readers[0].geometry.to_world((1, 3, 2))))
    assert bar.slices == (2, 4)
    assert bar.index == (3, 1, 7)
    assert bar.pairs == (LabelPair(a=2, b=1, n_voxels=3),)


def test_find_disagreement__jumps_to_a_voxel_of_a_ring_not_into_its_hole(grid):
    a = np.zeros((3, 7, 8), dtype=np.uint8)
    b = a.copy()
    b[1, 1:6, 1:6] = 1
    b[1, 2:5, 2:5] = 0
    geometry = grid(shape=a.shape)
    (ring,) = find_disagreement(*(LabelVolume(labels=one, geometry=geometry) for one in (a, b))).components
    # The middle of the ring is (3, 3); its sides are 2 voxels off, 0.8 mm along columns and 1.0 mm along rows. Left and
    # right are as near, and left comes first.
    assert ring.index == (1, 3, 1)
    assert b[ring.index] != a[ring.index]


def test_find_disagreement__joins_by_faces_across_slices_and_label_pairs(readers):
    a, b = readers
    # The L's voxels are of two pairs, yet one place; a corner in the next slice does not belong to it.
    changed = b.labels.copy()
    changed[2, 5, 3] = 0
    found = find_disagreement(a, LabelVolume(labels=changed, geometry=b.geometry))
    assert [one.n_voxels for one in found.components] == [5, 3, 1, 1, 1]
    changed[2, 4, 3] = 0
    found = find_disagreement(a, LabelVolume(labels=changed, geometry=b.geometry))
    assert [one.n_voxels for one in found.components] == [7, 3, 1, 1]


def test_find_disagreement__counts_what_is_below_the_least_volume(readers):
    found = find_disagreement(*readers, minimum_mm3=1.2)
    assert [one.n_voxels for one in found.components] == [5, 3]  # a place of exactly the least volume is kept
    assert found.left_out == 2
    assert found.left_out_mm3 == pytest.approx(0.8)
    assert sorted(found.left_out_voxels.tolist()) == sorted(
        int(np.ravel_multi_index(index, SHAPE)) for index in ((3, 7, 2), (4, 7, 1))
    )


def test_find_disagreement__finds_nothing_in_equal_masks(readers):
    a, _ = readers
    found = find_disagreement(a, a)
    assert found.components == ()
    assert found.left_out == 0
    assert (resolve(a, a, found, {}).labels == a.labels).all()


@pytest.mark.parametrize("minimum", [-1.0, float("nan"), float("inf")])
def test_find_disagreement__refuses_an_impossible_least_volume(readers, minimum):
    with pytest.raises(AgreementError, match="least volume") as caught:
        find_disagreement(*readers, minimum_mm3=minimum)
    assert caught.value.code == "invalid-readings"


def test_find_disagreement__refuses_masks_of_another_grid(readers, grid):
    a, b = readers
    other = LabelVolume(labels=b.labels, geometry=grid(shape=SHAPE, spacing_mm=(2.0, 0.5, 0.5)))
    with pytest.raises(GeometryMismatchError):
        find_disagreement(a, other)
    with pytest.raises(GeometryMismatchError):
        resolve(a, other, find_disagreement(a, b), {1: "a", 2: "a", 3: "a", 4: "a"})


def test_resolve__takes_each_place_from_the_reader_chosen(readers):
    a, b = readers
    joined = resolve(a, b, find_disagreement(a, b), {1: "b", 2: "a", 3: "b", 4: "a"})
    expected = a.labels.copy()
    expected[1, 2:5, 2] = 2
    expected[1, 4, 3:5] = 0
    expected[3, 7, 2] = 1
    assert (joined.labels == expected).all()
    assert joined.geometry is a.geometry
    assert not np.shares_memory(joined.labels, a.labels)


def test_resolve__takes_small_places_from_one_reader(readers):
    a, b = readers
    found = find_disagreement(a, b, minimum_mm3=1.0)
    joined = resolve(a, b, found, {1: "a", 2: "a"}, left_out="b")
    expected = a.labels.copy()
    expected[4, 7, 1] = expected[3, 7, 2] = 1
    assert (joined.labels == expected).all()
    assert (resolve(a, b, found, {1: "b", 2: "b"}, left_out="b").labels == b.labels).all()
    assert (resolve(a, b, found, {1: "a", 2: "a"}, left_out="a").labels == a.labels).all()


def test_resolve__keeps_labels_that_only_the_larger_type_holds(readers):
    a, b = readers
    wide = b.labels.astype(np.uint16)
    wide[0, 7, 8] = 300
    b = LabelVolume(labels=wide, geometry=b.geometry)
    found = find_disagreement(a, b)
    joined = resolve(a, b, found, {one.number: "b" for one in found.components})
    assert joined.labels[0, 7, 8] == 300


def test_resolve__makes_no_decision_itself(readers):
    found = find_disagreement(*readers)
    with pytest.raises(AgreementError, match="2 of 4 components") as caught:
        resolve(*readers, found, {1: "a", 4: "b"})
    assert caught.value.code == "unresolved-components"


def test_resolve__makes_no_decision_on_small_places_either(readers):
    found = find_disagreement(*readers, minimum_mm3=1.0)
    with pytest.raises(AgreementError, match="0 of 2 components and 2 below 1 mm³") as caught:
        resolve(*readers, found, {1: "a", 2: "b"})
    assert caught.value.code == "unresolved-components"


@pytest.mark.parametrize(
    ("choices", "left_out"),
    [
        ({1: "a", 2: "a", 3: "a", 4: "a", 5: "a"}, None),
        ({1: "a", 2: "a", 3: "a", 4: "neither"}, None),
        ({1: "a", 2: "a", 3: "a", 4: None}, None),
        ({1: "a", 2: "a", 3: "a", 4: "b"}, "both"),
    ],
)
def test_resolve__refuses_a_choice_that_is_none(readers, choices, left_out):
    with pytest.raises(AgreementError) as caught:
        resolve(*readers, find_disagreement(*readers), choices, left_out=left_out)
    assert caught.value.code == "invalid-choice"


@pytest.mark.parametrize("place", [(0, 7, 8), (1, 3, 2)])
def test_resolve__refuses_a_list_of_masks_that_were_changed_since(readers, place):
    a, b = readers
    found = find_disagreement(a, b)
    changed = b.labels.copy()
    # One new difference, or one that is gone while another came.
    changed[place] = a.labels[place] if place == (1, 3, 2) else 7
    if place == (1, 3, 2):
        changed[0, 7, 8] = 7
    with pytest.raises(AgreementError, match="changed since") as caught:
        resolve(a, LabelVolume(labels=changed, geometry=b.geometry), found, {1: "a", 2: "a", 3: "a", 4: "b"})
    assert caught.value.code == "stale-disagreement"
