from __future__ import annotations

import json

import numpy as np
import pytest
from pydantic import ValidationError

from bonemetrics.quantities import Material
from bonemetrics.segmentation import curves as curve_tools
from bonemetrics.segmentation.bones import Bone, FoundBones
from bonemetrics.segmentation.orientation import distal_from_shape
from bonemetrics.segmentation.parameters import TissueParameters
from bonemetrics.segmentation.slabs import Coarse
from bonemetrics.segmentation.smoothing import smooth_values
from bonemetrics.segmentation.split import split_touching


def coarse_grid(shape=(20, 60, 70), pixel_mm=0.5, slab_mm=0.5):
    return Coarse(
        density=np.zeros(shape, dtype=np.float32),
        row_step=1,
        column_step=1,
        row_mm=pixel_mm,
        column_mm=pixel_mm,
        slab_mm=slab_mm,
    )


def disc(shape, row, column, radius):
    rows, columns = np.indices(shape)
    return (rows - row) ** 2 + (columns - column) ** 2 <= radius**2


def stack_of(radii, column, shape=(60, 70)):
    mask = np.stack([disc(shape, 30, column, radius) for radius in radii])
    return Bone(mask=mask, mean_area_mm2=float(mask.sum(axis=(1, 2)).mean() * 0.25))


def test_parameters__other_material_needs_its_own_thresholds():
    with pytest.raises(ValidationError, match="periosteal_threshold"):
        TissueParameters(material="K2HPO4", threshold=300.0)
    own = TissueParameters(
        material="K2HPO4", threshold=300.0, periosteal_threshold=420.0, bone_threshold=230.0, cortical_level=900.0
    )
    assert own.material is Material.K2HPO4
    own.require_material(Material.K2HPO4)


@pytest.mark.parametrize(
    "wrong",
    [{"threshold": -1.0}, {"voxels": 3}, {"material": "bone"}, {"smallest_area_mm2": 950.0}, {"placement": "half"}],
)
def test_parameters__refuse_what_has_no_meaning(wrong):
    with pytest.raises(ValidationError):
        TissueParameters(**wrong)


@pytest.mark.parametrize(("growth", "end"), [(0.3, "last"), (-0.3, "first")])
def test_distal_from_shape__radius_grows_towards_distal(growth, end):
    along = np.linspace(0, 1, 20)
    bones = FoundBones(
        radius=stack_of(14 * (1 + growth * along), 20), ulna=stack_of(10 * (1 - growth * along), 55), source=""
    )
    assert distal_from_shape(bones, coarse_grid()) == end


@pytest.mark.parametrize(
    ("radius", "ulna", "slab_mm"),
    [
        (np.linspace(14, 14.2, 20), np.linspace(10, 9.8, 20), 0.5),  # next to no change
        (np.linspace(13, 16, 20), np.linspace(8, 12, 20), 0.5),  # radius grows, but less than the ulna
        (np.linspace(13, 16, 20), np.linspace(10, 8, 20), 0.1),  # 2 mm of bone
        (14 + 2 * np.sin(np.arange(20)), np.full(20, 10.0), 0.5),  # no steady trend
    ],
)
def test_distal_from_shape__does_not_guess(radius, ulna, slab_mm):
    bones = FoundBones(radius=stack_of(radius, 20), ulna=stack_of(ulna, 55), source="")
    assert distal_from_shape(bones, coarse_grid(slab_mm=slab_mm)) is None


def test_distal_from_shape__needs_both_bones():
    bones = FoundBones(radius=stack_of(np.linspace(12, 16, 20), 20), ulna=None, source="")
    assert distal_from_shape(bones, coarse_grid()) is None


def test_split_touching__parts_two_discs_with_a_bridge():
    plane = disc((60, 70), 30, 20, 14) | disc((60, 70), 30, 45, 9)
    plane[27:33, 30:40] = True
    masks = split_touching(np.repeat(plane[None], 6, axis=0), coarse_grid((6, 60, 70)))
    assert len(masks) == 2
    assert masks[0].sum() / 6 == pytest.approx(np.pi * 14**2, rel=0.1)
    assert masks[1].sum() / 6 == pytest.approx(np.pi * 9**2, rel=0.2)


def test_split_touching__leaves_a_kidney_whole():
    plane = disc((60, 70), 30, 24, 13) | disc((60, 70), 30, 40, 12)
    assert len(split_touching(np.repeat(plane[None], 6, axis=0), coarse_grid((6, 60, 70)))) == 1


def test_split_touching__leaves_a_bone_whole_that_is_thin_in_the_middle():
    mask = np.stack([disc((60, 70), 30, 30, 14 if index not in (9, 10) else 5) for index in range(20)])
    assert len(split_touching(mask, coarse_grid())) == 1


def test_curves__normals_point_outwards_and_curvature_is_that_of_a_circle():
    outline = curve_tools.trace(disc((60, 70), 30, 33, 16)[None], coarse_grid((1, 60, 70)))
    curves = curve_tools.measure(outline, smooth_mm=1.0)
    away = curves.points_mm[0] - np.array([15.0, 16.5])
    assert ((away * curves.normals[0]).sum(axis=1) > 7.0).all()
    assert np.median(curves.curvature_per_mm) == pytest.approx(1 / 8, rel=0.05)


def test_align__numbers_points_alike():
    angle = np.arange(100) * 2 * np.pi / 100
    one = np.stack([3 * np.cos(angle), 2 * np.sin(angle)], axis=1)
    stack = curve_tools.align(np.stack([one, np.roll(one, 37, axis=0)]))
    assert stack[1] == pytest.approx(stack[0])


def test_smooth_values__fills_what_is_missing_and_passes_over_outliers():
    values = np.full((6, 40), 2.0) + 0.01 * np.sin(np.arange(40))
    values[2, 5:9] = np.nan
    values[4, 20] = 50.0
    smooth = smooth_values(values, np.isfinite(values).astype(float), points=1.5, slabs=1.0)
    assert smooth == pytest.approx(np.full((6, 40), 2.0), abs=0.15)


@pytest.mark.parametrize(
    ("given", "placement"),
    [
        ({}, "model"),
        ({"threshold": 320.0}, "model"),
        ({"threshold": 300.0}, "threshold"),
        ({"periosteal_threshold": 400.0}, "threshold"),
        ({"threshold": 300.0, "placement": "model"}, "model"),
    ],
)
def test_tissue_parameters__a_changed_threshold_places_the_contour_unless_the_model_is_asked_for(given, placement):
    assert TissueParameters(**given).placement == placement
    assert TissueParameters.model_validate_json(json.dumps(given)).placement == placement
