from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bonemetrics.errors import EmptyRegionError, UsageError
from bonemetrics.segmentation.editing.contour import move_contour
from bonemetrics.segmentation.editing.smooth import smooth_contours
from bonemetrics.volume import CORTICAL, TRABECULAR
from tests.round_labels import area_mm2, distance_mm, edited, round_bone

SQUARE = ((6, 72, 76), (0.5, 0.25, 0.25))
OBLONG = ((6, 60, 90), (0.5, 0.3, 0.2))
CENTRES = ((0.0, 0.0), (0.13, -0.07), (-0.05, 0.21), (0.09, 0.11), (-0.11, -0.02), (0.04, -0.16))


def region(labels: np.ndarray, contour: str) -> np.ndarray:
    return (labels > 0) if contour == "periosteal" else (labels == TRABECULAR)


@pytest.mark.parametrize("of", [SQUARE, OBLONG])
@pytest.mark.parametrize("by_mm", [0.05, 0.1, 0.2, 0.6, -0.05, -0.1, -0.2, -0.6])
@pytest.mark.parametrize("contour", ["periosteal", "endosteal"])
def test_move_contour__a_disc_grows_by_what_was_asked(grid, of, contour, by_mm):
    bone = round_bone(grid(*of), outer_mm=7.0, inner_mm=5.0, centres_mm=CENTRES)
    radius = 7.0 if contour == "periosteal" else 5.0
    before = region(bone.labels, contour)
    after = region(edited(bone, move_contour(bone, contour=contour, by_mm=by_mm).patch), contour)
    gained = area_mm2(after, bone.geometry) - area_mm2(before, bone.geometry)
    # 0.015 mm is 6 % of a voxel's 0.25 mm; a distance map of whole voxels is off by up to half a voxel.
    tolerance = 0.015 * 2 * np.pi * radius
    assert gained == pytest.approx(np.pi * ((radius + by_mm) ** 2 - radius**2), abs=tolerance)


@pytest.mark.parametrize("step_mm", [0.1, -0.1])
def test_move_contour__ten_steps_in_a_row_go_exactly_as_far_as_one(grid, step_mm):
    bone = round_bone(grid(*SQUARE), outer_mm=6.0, inner_mm=2.0, centres_mm=CENTRES)
    whole = edited(bone, move_contour(bone, contour="periosteal", by_mm=10 * step_mm).patch)
    stepped, last = bone, None
    for _ in range(10):
        last = move_contour(stepped, contour="periosteal", by_mm=step_mm, after=last)
        stepped = replace(stepped, labels=edited(stepped, last.patch))
    assert last.total_mm == pytest.approx(10 * step_mm)
    # The sum of ten tenths may differ from 1 in its last bit, and a voxel's centre may lie right there.
    assert np.count_nonzero(stepped.labels != whole) <= 2


def test_move_contour__there_and_back_again_is_where_it_began(grid):
    bone = round_bone(grid(*SQUARE), centres_mm=CENTRES)
    for first, second in ((0.5, -0.5), (-0.5, 0.5)):
        there = move_contour(bone, contour="endosteal", by_mm=first)
        away = replace(bone, labels=edited(bone, there.patch))
        back = move_contour(away, contour="endosteal", by_mm=second, after=there)
        assert (edited(away, back.patch) == bone.labels).all()
        assert back.whole.is_empty


def test_move_contour__goes_on_only_from_the_move_that_was_made(grid):
    bone = round_bone(grid(*SQUARE), centres_mm=CENTRES)
    there = move_contour(bone, contour="periosteal", by_mm=0.5)
    away = replace(bone, labels=edited(bone, there.patch))
    with pytest.raises(UsageError, match="another contour"):
        move_contour(away, contour="endosteal", by_mm=0.1, after=there)
    with pytest.raises(UsageError, match="other slices"):
        move_contour(away, contour="periosteal", by_mm=0.1, slices=range(2), after=there)
    away.labels[2, 36, 38] = CORTICAL
    with pytest.raises(UsageError, match="changed since"):
        move_contour(away, contour="periosteal", by_mm=0.1, after=there)


def test_move_contour__changes_exactly_the_voxels_that_the_contour_passes(grid):
    bone = round_bone(grid(*SQUARE), centres_mm=((0.0, 0.0),))
    after = edited(bone, move_contour(bone, contour="periosteal", by_mm=0.3).patch)
    away = distance_mm(bone.geometry)
    # The contour of the mask itself is known to about a third of a voxel.
    assert (after[:, away < 6.3 - 0.08] > 0).all()
    assert not after[:, away > 6.3 + 0.08].any()


def test_move_contour__outwards_adds_cortex_and_leaves_the_marrow(grid):
    bone = round_bone(grid(*SQUARE))
    found = move_contour(bone, contour="periosteal", by_mm=0.4)
    after = edited(bone, found.patch)
    assert (after[bone.labels == 0] != TRABECULAR).all()
    assert (after[bone.labels > 0] == bone.labels[bone.labels > 0]).all()
    assert found.n_met == 0


def test_move_contour__the_periosteal_one_takes_the_endosteal_one_along(grid):
    bone = round_bone(grid(*SQUARE), outer_mm=6.0, inner_mm=5.8)
    found = move_contour(bone, contour="periosteal", by_mm=-0.6)
    after = edited(bone, found.patch)
    assert area_mm2(after > 0, bone.geometry) == pytest.approx(np.pi * 5.4**2, rel=0.01)
    lost = (bone.labels == TRABECULAR) & (after == 0)
    assert found.n_met == np.count_nonzero(lost) > 0
    assert (after[after > 0] == bone.labels[after > 0]).all()


def test_move_contour__the_endosteal_one_stops_at_the_periosteal_one(grid):
    bone = round_bone(grid(*SQUARE), outer_mm=6.0, inner_mm=5.5)
    found = move_contour(bone, contour="endosteal", by_mm=1.0)
    after = edited(bone, found.patch)
    assert ((after > 0) == (bone.labels > 0)).all()
    assert not (after == CORTICAL).any()
    # The endosteal disc of 6.5 mm less the bone of 6 mm, 16 voxels to a mm², over 6 slices.
    assert found.n_met == pytest.approx(np.pi * (6.5**2 - 6.0**2) * 16 * 6, rel=0.06)


def test_move_contour__leaves_holes_islands_and_other_labels(grid):
    bone = round_bone(grid(*SQUARE), centres_mm=((0.0, 0.0),))
    away = distance_mm(bone.geometry)
    bone.labels[:, 35:38, 36:39] = CORTICAL
    bone.labels[:, 40, 40] = 0
    bone.labels[:, (away > 6.3) & (away < 6.6)] = 9
    found = move_contour(bone, contour="periosteal", by_mm=0.5)
    after = edited(bone, found.patch)
    assert (after[:, 40, 40] == 0).all()
    assert ((after == 9) == (bone.labels == 9)).all()
    assert found.n_met > 0
    inner = edited(bone, move_contour(bone, contour="endosteal", by_mm=-0.5).patch)
    assert (inner[:, 35:38, 36:39] == CORTICAL).all()
    assert (inner[:, 34, 36:39] == TRABECULAR).all()
    assert (inner[:, 40, 40] == 0).all()


def test_move_contour__the_border_of_the_scan_is_no_contour(grid):
    geometry = grid((2, 30, 60), (0.5, 0.25, 0.25))
    bone = round_bone(geometry, outer_mm=6.0, inner_mm=4.0, centres_mm=((4.0, 0.0),))
    after = edited(bone, move_contour(bone, contour="periosteal", by_mm=-0.5).patch)
    # The bone is cut open at the last row, where the disc reaches 5.99 mm to both sides of its middle.
    assert (after[:, -1, 20:40] > 0).all()
    assert (after[:, -1, 6:8] == 0).all()


def test_move_contour__changes_the_chosen_slices_alone(grid):
    bone = round_bone(grid(*SQUARE))
    patch = move_contour(bone, contour="periosteal", by_mm=0.3, slices=range(2, 4)).patch
    assert patch.box[0] == slice(2, 4)


def test_move_contour__by_nothing_changes_nothing(grid):
    bone = round_bone(grid(*SQUARE))
    assert move_contour(bone, contour="periosteal", by_mm=0.0).patch.is_empty


@pytest.mark.parametrize("by_mm", [0.02, -0.02])
def test_move_contour__a_single_voxel_is_a_bone_with_a_contour_too(grid, by_mm):
    bone = round_bone(grid(*SQUARE), outer_mm=0.1, inner_mm=0.0, centres_mm=((-0.125, -0.125),))
    assert np.count_nonzero(bone.labels) == 6
    # Its contour lies just around the centre, so that moving it in makes it vanish.
    if by_mm > 0:
        assert move_contour(bone, contour="periosteal", by_mm=by_mm).patch.is_empty
    else:
        with pytest.raises(EmptyRegionError, match="leaves nothing"):
            move_contour(bone, contour="periosteal", by_mm=by_mm)


def test_move_contour__refuses_to_make_a_compartment_vanish(grid):
    bone = round_bone(grid(*SQUARE), inner_mm=(4.0, 1.0))
    with pytest.raises(EmptyRegionError, match="in slice 1;"):
        move_contour(bone, contour="endosteal", by_mm=-1.5)


def test_move_contour__refuses_slices_without_bone(grid):
    bone = round_bone(grid(*SQUARE), outer_mm=(0.0, 6.0), inner_mm=(0.0, 4.0))
    with pytest.raises(EmptyRegionError, match="shows bone"):
        move_contour(bone, contour="periosteal", by_mm=0.1, slices=range(0, 6, 2))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"by_mm": np.nan}, "length in mm"),
        ({"contour": "cortex"}, "periosteal or endosteal"),
        ({"slices": range(4, 9)}, "within 0 to 5"),
    ],
)
def test_move_contour__refuses_wrong_arguments(grid, options, words):
    with pytest.raises(UsageError, match=words):
        move_contour(round_bone(grid(*SQUARE)), **{"contour": "periosteal", "by_mm": 0.1, **options})


def test_move_contour__refuses_a_grid_whose_rows_and_columns_are_oblique_to_each_other(grid):
    bone = round_bone(grid(*SQUARE))
    affine = bone.geometry.affine_lps.copy()
    affine[:3, 1] += 0.1 * affine[:3, 2]
    with pytest.raises(UsageError, match="right angle"):
        move_contour(replace(bone, geometry=replace(bone.geometry, affine_lps=affine)), contour="periosteal", by_mm=0.1)


@pytest.mark.parametrize("of", [SQUARE, OBLONG])
@pytest.mark.parametrize(("outer_mm", "inner_mm", "length_mm"), [(7.0, 5.0, 0.3), (7.0, 5.0, 1.0), (4.0, 3.0, 0.8)])
def test_smooth_contours__does_not_shrink_a_disc(grid, of, outer_mm, inner_mm, length_mm):
    bone = round_bone(grid(*of), outer_mm=outer_mm, inner_mm=inner_mm, centres_mm=CENTRES)
    after = edited(bone, smooth_contours(bone, length_mm=length_mm).patch)
    # A plain Gaussian takes σ²/r² of the area: 7 % of the smallest disc here.
    for drawn, radius in ((after > 0, outer_mm), (after == TRABECULAR, inner_mm)):
        assert area_mm2(drawn, bone.geometry) == pytest.approx(np.pi * radius**2, rel=0.01)


def rippled(grid, wavelength_mm: float, height_mm: float = 0.5, radius_mm: float = 6.0):
    """A disc whose radius goes up and down along the contour, finely drawn."""
    geometry = grid((1, 200, 220), (0.5, 0.075, 0.075))
    rows = (np.arange(200) - 99.5)[:, None] * 0.075
    columns = (np.arange(220) - 109.5) * 0.075
    n = round(2 * np.pi * radius_mm / wavelength_mm)
    angle = np.arctan2(rows, columns)
    bone = round_bone(geometry, outer_mm=0.0, inner_mm=0.0)
    bone.labels[0, np.hypot(rows, columns) < radius_mm + height_mm * np.cos(n * angle)] = CORTICAL
    return bone, n, angle, np.hypot(rows, columns)


def ripple_mm(labels: np.ndarray, n: int, angle: np.ndarray, away: np.ndarray, radius_mm: float = 6.0) -> float:
    """Height of the n-th harmonic of the radius, from the area that lies beyond and lacks within the disc."""
    excess = (labels[0] > 0).astype(float) - (away < radius_mm)
    # ∫ excess · cos(nφ) dA = r · a · π for r(φ) = r + a · cos(nφ), to first order in a.
    return float((excess * np.cos(n * angle)).sum() * 0.075**2 / (np.pi * radius_mm))


@pytest.mark.parametrize("wavelength_mm", [1.2, 2.4, 6.3])
def test_smooth_contours__ripples_keep_the_stated_share(grid, wavelength_mm):
    bone, n, angle, away = rippled(grid, wavelength_mm, height_mm=0.15)
    length = 0.6
    after = edited(bone, smooth_contours(bone, length_mm=length).patch)
    g = np.exp(-2 * (np.pi * length * n / (2 * np.pi * 6.0)) ** 2)
    start = ripple_mm(bone.labels, n, angle, away)
    assert start == pytest.approx(0.15, abs=0.01)
    # 0.02 mm is a quarter of a voxel, and the ripple is small, but not infinitely so.
    assert ripple_mm(after, n, angle, away) == pytest.approx((2 * g - g**2) * start, abs=0.02)


def test_smooth_contours__takes_off_a_spur_and_nothing_else(grid):
    bone = round_bone(grid(*SQUARE), centres_mm=((0.0, 0.0),))
    clean = bone.labels.copy()
    bone.labels[:, 36, 60:72] = CORTICAL
    after = edited(bone, smooth_contours(bone, length_mm=0.5, contour="periosteal").patch)
    assert not after[:, 36, 64:].any()
    assert (after[:, :, :40] > 0).sum() == pytest.approx((clean[:, :, :40] > 0).sum(), rel=0.002)


def test_smooth_contours__keeps_the_marrow_within_the_bone(grid):
    bone = round_bone(grid(*SQUARE), outer_mm=6.0, inner_mm=5.9, centres_mm=CENTRES)
    bone.labels[:, 36, 58:66] = TRABECULAR
    after = edited(bone, smooth_contours(bone, length_mm=0.4, contour="endosteal").patch)
    assert ((after > 0) == (bone.labels > 0)).all()
    both = edited(bone, smooth_contours(bone, length_mm=0.4).patch)
    assert set(np.unique(both)) == {0, TRABECULAR, CORTICAL}


def test_smooth_contours__one_contour_leaves_the_other(grid):
    bone = round_bone(grid(*SQUARE))
    bone.labels[:, 36, 50:54] = TRABECULAR
    after = edited(bone, smooth_contours(bone, length_mm=0.5, contour="periosteal").patch)
    assert ((after == TRABECULAR) == (bone.labels == TRABECULAR)).all()


def test_smooth_contours__leaves_and_names_slices_where_a_compartment_would_vanish(grid):
    bone = round_bone(grid(*SQUARE), inner_mm=(4.0, 0.3, 4.0))
    bone.labels[:, 36, 60:72] = CORTICAL
    found = smooth_contours(bone, length_mm=0.8)
    after = edited(bone, found.patch)
    assert found.slices_left == (1, 4)
    assert (after[[1, 4]] == bone.labels[[1, 4]]).all()
    assert (after[0] != bone.labels[0]).any()


@pytest.mark.parametrize(
    ("options", "words"),
    [({"length_mm": 0.0}, "above 0 mm"), ({"contour": "inner"}, "or both"), ({"slices": range(-1, 2)}, "within 0")],
)
def test_smooth_contours__refuses_wrong_arguments(grid, options, words):
    with pytest.raises(UsageError, match=words):
        smooth_contours(round_bone(grid(*SQUARE)), **{"length_mm": 0.5, **options})


def test_smooth_contours__refuses_labels_without_bone(grid):
    with pytest.raises(EmptyRegionError, match="shows bone"):
        smooth_contours(round_bone(grid(*SQUARE), outer_mm=0.0, inner_mm=0.0), length_mm=0.5)
