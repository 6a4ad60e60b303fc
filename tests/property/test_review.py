"""What agreement may not depend on: who comes first, how the grid runs, how much is around the bone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from bonemetrics.review.bland_altman import bland_altman
from bonemetrics.review.disagreement import find_disagreement, resolve
from bonemetrics.review.kappa import cohens_kappa
from bonemetrics.review.overlap import compare_labels
from bonemetrics.volume import Geometry, LabelVolume

SHAPE = (3, 5, 4)
AFFINE = np.array([[0.2, 0.3, 0.35, 5.0], [1.9, -0.1, 0.05, -7.0], [0.3, 0.4, -0.2, 30.0], [0, 0, 0, 1]])
MASKS = arrays.arrays(np.uint8, SHAPE, elements=st.integers(0, 3))
FEW = settings(max_examples=25, deadline=None, derandomize=True)


def volume(labels, affine=AFFINE):
    return LabelVolume(labels=labels, geometry=Geometry(shape=labels.shape, affine_lps=affine))


def flipped(labels, axis):
    affine = AFFINE.copy()
    affine[:3, 3] += affine[:3, axis] * (SHAPE[axis] - 1)
    affine[:3, axis] *= -1
    return volume(np.ascontiguousarray(np.flip(labels, axis)), affine)


def surrounded(labels):
    affine = AFFINE.copy()
    affine[:3, 3] -= affine[:3, :3] @ np.array([1, 2, 1])
    return volume(np.pad(labels, ((1, 1), (2, 1), (1, 3))), affine)


def numbers(found):
    return [
        (
            one.dice,
            *((one.distance.mean_mm, one.distance.hausdorff95_mm, one.distance.hausdorff_mm) if one.distance else ()),
        )
        for one in found
    ]


def close(found, expected):
    return [one == pytest.approx(other, abs=1e-9) for one, other in zip(numbers(found), numbers(expected), strict=True)]


@FEW
@given(a=MASKS, b=MASKS, axis=st.integers(0, 2), surface=st.sampled_from(["outline", "faces"]))
def test_compare_labels__do_not_depend_on_order_direction_or_surroundings(a, b, axis, surface):
    straight = compare_labels(volume(a), volume(b), surface=surface)
    assert all(close(compare_labels(volume(b), volume(a), surface=surface), straight))
    assert all(close(compare_labels(flipped(a, axis), flipped(b, axis), surface=surface), straight))
    assert all(close(compare_labels(surrounded(a), surrounded(b), surface=surface), straight))
    for one in straight:
        if one.distance is not None:
            assert 0 <= one.distance.hausdorff95_mm <= one.distance.hausdorff_mm
            assert one.distance.mean_mm <= one.distance.hausdorff_mm


@FEW
@given(a=MASKS, b=MASKS, minimum=st.sampled_from([0.0, 0.3, 1.0]))
def test_find_disagreement__names_every_difference_once_and_resolves_to_either_reader(a, b, minimum):
    first, second = volume(a), volume(b)
    found = find_disagreement(first, second, minimum_mm3=minimum)
    every = np.concatenate([*(one.voxels for one in found.components), found.left_out_voxels])
    assert sorted(every.tolist()) == np.flatnonzero(a != b).tolist()
    for one in found.components:
        assert np.ravel_multi_index(one.index, SHAPE) in one.voxels
        assert sum(pair.n_voxels for pair in one.pairs) == one.n_voxels
    for choice, expected in (("a", a), ("b", b)):
        choices = {one.number: choice for one in found.components}
        assert (resolve(first, second, found, choices, left_out=choice).labels == expected).all()


@FEW
@given(
    pairs=st.lists(st.tuples(*[st.sampled_from("123")] * 2), max_size=40),
    weights=st.sampled_from(["none", "linear", "quadratic"]),
)
def test_cohens_kappa__does_not_depend_on_who_comes_first(pairs, weights):
    found = cohens_kappa(pairs, "123", weights=weights)
    turned = cohens_kappa([(other, one) for one, other in pairs], "123", weights=weights)
    assert found.kappa == pytest.approx(turned.kappa, abs=1e-12)
    assert (found.interval is None) == (turned.interval is None)
    if found.kappa is not None:
        assert -1 - 1e-12 <= found.kappa <= 1 + 1e-12


VALUES = st.floats(-300, 900).map(lambda value: round(value, 1))


@FEW
@given(pairs=st.lists(st.tuples(VALUES, VALUES), min_size=3, max_size=12), shift=st.floats(-50, 50))
def test_bland_altman__moves_with_a_shift_of_one_reader(pairs, shift):
    found = bland_altman(pairs)
    moved = bland_altman([(one, other + shift) for one, other in pairs])
    ends = (found.bias_interval, found.lower_interval, found.upper_interval, found.slope_interval)
    assert all(one[0] <= one[1] for one in ends if one is not None)
    assert moved.bias == pytest.approx(found.bias + shift, abs=1e-9)
    if found.lower is not None and moved.lower is not None:
        assert moved.upper - moved.lower == pytest.approx(found.upper - found.lower, abs=1e-8)
