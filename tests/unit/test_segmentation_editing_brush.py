from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from bonemetrics.errors import GeometryMismatchError, UsageError
from bonemetrics.quantities import Material
from bonemetrics.segmentation.editing.brush import DensityLimit, paint
from bonemetrics.volume import CORTICAL, TRABECULAR, DensityVolume, Geometry, LabelVolume
from tests.round_labels import edited

SHAPE = (7, 18, 23)
SPACING_MM = (1.1, 0.5, 0.4)


@pytest.fixture
def empty(grid):
    return LabelVolume(labels=np.zeros(SHAPE, dtype=np.uint8), geometry=grid(SHAPE, SPACING_MM))


def away_mm(geometry: Geometry, point) -> np.ndarray:
    """Distance of every voxel's centre from a point, in the patient's own millimetres."""
    index = np.stack(np.meshgrid(*[np.arange(n) for n in geometry.shape], indexing="ij"), axis=-1)
    return np.linalg.norm(geometry.to_world(index) - geometry.to_world(point), axis=-1)


def test_paint__a_ball_takes_the_voxels_within_its_radius_in_the_patient(empty):
    centre = (3.2, 8.3, 11.6)
    patch = paint(empty, centre, label=CORTICAL, radius_mm=1.7, shape="ball")
    assert ((edited(empty, patch) == CORTICAL) == (away_mm(empty.geometry, centre) <= 1.7)).all()
    assert patch.n_changed > 20


def test_paint__a_ball_is_round_on_a_sheared_grid_too(empty):
    affine = empty.geometry.affine_lps.copy()
    affine[:3, 0] += 0.6 * affine[:3, 2]
    affine[:3, 1] += 0.4 * affine[:3, 2]
    sheared = replace(empty, geometry=replace(empty.geometry, affine_lps=affine))
    centre = (3.0, 9.0, 11.0)
    patch = paint(sheared, centre, label=1, radius_mm=2.03, shape="ball")
    assert ((edited(sheared, patch) == 1) == (away_mm(sheared.geometry, centre) <= 2.03)).all()


def test_paint__a_disc_stays_in_the_nearest_slice(empty):
    patch = paint(empty, (1.6, 8.3, 11.6), label=TRABECULAR, radius_mm=1.7)
    expected = away_mm(empty.geometry, (2.0, 8.3, 11.6)) <= 1.7
    expected[[0, 1, 3, 4, 5, 6]] = False
    assert ((edited(empty, patch) == TRABECULAR) == expected).all()


@pytest.mark.parametrize("shape", ["disc", "ball"])
def test_paint__a_stroke_sweeps_over_all_between_its_points(empty, shape):
    stroke = np.array([(3.0, 3.0, 2.0), (3.0, 13.0, 9.0), (3.0, 4.0, 20.5)])
    patch = paint(empty, stroke, label=1, radius_mm=0.9, shape=shape)
    # Many points so near to each other that the brush moves by 0.002 mm between them.
    dense = np.concatenate([np.linspace(a, b, 3000) for a, b in pairwise(stroke)])
    index = np.stack(np.meshgrid(*[np.arange(n) for n in SHAPE], indexing="ij"), axis=-1).reshape(-1, 3)
    world = empty.geometry.to_world(dense)
    nearest = np.array([np.linalg.norm(world - point, axis=1).min() for point in empty.geometry.to_world(index)])
    nearest = nearest.reshape(SHAPE)
    if shape == "disc":
        nearest[[0, 1, 2, 4, 5, 6]] = np.inf
    painted = edited(empty, patch) == 1
    assert painted[nearest < 0.9 - 0.002].all()
    assert not painted[nearest > 0.9].any()


def test_paint__erases_with_label_zero(empty):
    full = replace(empty, labels=np.full(SHAPE, CORTICAL, dtype=np.uint8))
    after = edited(full, paint(full, (3, 8, 11), label=0, radius_mm=0.45))
    # Radius 0.45 mm: the voxel itself and its neighbours along the columns at 0.4 mm; rows lie 0.5 mm apart.
    assert np.argwhere(after == 0).tolist() == [[3, 8, 10], [3, 8, 11], [3, 8, 12]]


def test_paint__keeps_within_the_density_range_ends_included(empty):
    values = np.full(SHAPE, 100.0, dtype=np.float32)
    values[3, 8, 10:13] = (299.0, 300.0, 800.0)
    values[3, 8, 13] = np.nan
    density = DensityVolume(mg_per_cm3=values, material=Material.HA, geometry=empty.geometry)
    limit = DensityLimit(density=density, low_mg_per_cm3=300.0, high_mg_per_cm3=800.0)
    after = edited(empty, paint(empty, (3, 8, 11), label=1, radius_mm=2.0, limit=limit))
    assert np.argwhere(after).tolist() == [[3, 8, 11], [3, 8, 12]]


def test_paint__paints_over_the_given_labels_alone(empty):
    labels = empty.labels.copy()
    labels[3, 8, 10:13] = (0, TRABECULAR, CORTICAL)
    start = replace(empty, labels=labels)
    after = edited(start, paint(start, (3, 8, 11), label=5, radius_mm=0.45, over=(0, CORTICAL)))
    assert after[3, 8, 10:13].tolist() == [5, TRABECULAR, 5]


def test_paint__changes_no_label_before_the_patch_is_applied(empty):
    paint(empty, (3, 8, 11), label=1, radius_mm=2.0)
    assert not empty.labels.any()


@pytest.mark.parametrize("point", [(3, -40, 11), (9, 8, 11), (3, 8, 90)])
def test_paint__outside_the_grid_paints_nothing(empty, point):
    for shape in ("disc", "ball"):
        assert paint(empty, point, label=1, radius_mm=1.0, shape=shape).is_empty


def test_paint__at_the_border_paints_what_lies_inside(empty):
    patch = paint(empty, (0, -0.6, 22.0), label=1, radius_mm=1.0, shape="ball")
    assert ((edited(empty, patch) == 1) == (away_mm(empty.geometry, (0, -0.6, 22.0)) <= 1.0)).all()
    assert not patch.is_empty


def test_paint__refuses_a_density_of_another_grid(empty, grid):
    other = grid(SHAPE, (1.1, 0.5, 0.6))
    density = DensityVolume(mg_per_cm3=np.zeros(SHAPE, dtype=np.float32), material=Material.HA, geometry=other)
    with pytest.raises(GeometryMismatchError, match="mm apart"):
        paint(
            empty,
            (3, 8, 11),
            label=1,
            radius_mm=1.0,
            limit=DensityLimit(density=density, low_mg_per_cm3=0.0, high_mg_per_cm3=1.0),
        )


@pytest.mark.parametrize(("low", "high"), [(2.0, 1.0), (np.nan, 1.0), (0.0, np.nan)])
def test_density_limit__refuses_a_range_that_holds_nothing(empty, low, high):
    density = DensityVolume(mg_per_cm3=np.zeros(SHAPE, dtype=np.float32), material=Material.HA, geometry=empty.geometry)
    with pytest.raises(UsageError, match="low to high"):
        DensityLimit(density=density, low_mg_per_cm3=low, high_mg_per_cm3=high)


@pytest.mark.parametrize(
    ("points", "changed", "words"),
    [
        ((3, 8, 11), {"radius_mm": 0.0}, "above 0 mm"),
        ((3, 8, 11), {"radius_mm": np.inf}, "above 0 mm"),
        ((3, np.nan, 11), {}, "finite points"),
        (np.empty((0, 3)), {}, "finite points"),
        ((3, 8), {}, "finite points"),
        (((3, 8, 11), (4, 8, 11)), {}, "several slices"),
        ((3, 8, 11), {"label": 256}, "does not fit"),
        ((3, 8, 11), {"label": -1}, "does not fit"),
        ((3, 8, 11), {"shape": "square"}, "disc or a ball"),
    ],
)
def test_paint__refuses_what_is_no_brush_stroke(empty, points, changed, words):
    with pytest.raises(UsageError, match=words):
        paint(empty, points, **{"label": 1, "radius_mm": 1.0, **changed})
