"""Contours against analytic geometry, across voxel sizes, and overlap with a phantom of resolved trabeculae."""

from __future__ import annotations

import numpy as np
import pytest

from bonemetrics.sample.cases import random_phantom
from bonemetrics.sample.imaging import to_density
from bonemetrics.segmentation.radius import segment_radius
from bonemetrics.volume import CORTICAL
from tests.benchmarks.phantom_m import dice, make_phantom
from tests.segmentation_scans import area_mm2, scan, tube

# Area of the periosteal contour within 1 %, the endosteal contour within a share of the targets in mm.
TARGETS = {0.0607: 0.01, 0.082: 0.01, 0.25: 0.02, 0.5: 0.08}


@pytest.mark.parametrize("voxel_mm", TARGETS)
def test_segment_radius__same_tube_has_the_same_area_at_every_voxel_size(voxel_mm):
    slice_mm = min(2 * voxel_mm, 0.6)
    one = scan(tube(6.0, shell_mm=0.8), voxel_mm=voxel_mm, slice_mm=slice_mm, n_slices=6, field_mm=(17.0, 18.0))
    found = segment_radius(one.density)
    assert area_mm2(found, one.geometry) == pytest.approx(np.pi * 6.0**2, rel=0.01)
    inner_mm = np.sqrt(area_mm2(found, one.geometry, "endosteal") / np.pi)
    assert inner_mm == pytest.approx(5.2, abs=TARGETS[voxel_mm])


@pytest.mark.parametrize(("voxel_mm", "seed"), [(0.082, 1), (0.25, 2), (0.25, 5), (0.5, 3), (0.5, 7)])
def test_segment_radius__random_oblique_bones_have_their_true_areas(voxel_mm, seed):
    case = random_phantom(seed, voxel_mm)
    found = segment_radius(to_density(case.render(), case.scanner))
    truth = case.truth()
    assert area_mm2(found, case.geometry) == pytest.approx(truth.tt_ar, rel=0.02)
    assert area_mm2(found, case.geometry, "endosteal") == pytest.approx(truth.tb_ar, rel=0.03)
    assert found.blur_sigma_mm == pytest.approx(0.75 * voxel_mm, rel=0.1)


def test_segment_radius__overlaps_with_the_truth_of_resolved_trabeculae():
    phantom = make_phantom("S")
    found = segment_radius(phantom.density).labels.labels
    assert dice(found > 0, phantom.labels > 0) >= 0.996
    assert dice(found == CORTICAL, phantom.labels == CORTICAL) >= 0.96
