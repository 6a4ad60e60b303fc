"""Phantoms to order: the same for the same seed, and shaped as a distal forearm is."""

from __future__ import annotations

import numpy as np
import pytest

from bonemetrics.sample.cases import forearm, random_phantom
from bonemetrics.sample.imaging import SCANCO_XCT2, Scanner
from bonemetrics.sample.truth import bone_truth


def test_random_phantom__is_the_same_for_a_seed_and_another_for_the_next():
    first, again, other = (random_phantom(seed, 0.25) for seed in (3, 3, 4))
    assert np.array_equal(first.render().hu, again.render().hu)
    assert first.phantom == again.phantom
    assert first.phantom != other.phantom


def test_random_phantom__keeps_its_bone_at_every_voxel_size():
    bones = {random_phantom(12, voxel_mm).phantom.radius.outline for voxel_mm in (0.061, 0.082, 0.25, 0.5)}
    assert len(bones) == 1


def test_random_phantom__whole_bone_lies_inside_its_field():
    for seed in range(0, 40, 3):
        scan = random_phantom(seed, 0.25, with_ulna=bool(seed % 2))
        z_mm = scan.placement.slice_z_mm(scan.geometry, np.array([0.0, scan.geometry.shape[0] - 1.0]))
        for z in z_mm.tolist():
            section = scan.phantom.radius.section(z, 90)
            points = np.column_stack([section.periosteal + section.centre_mm, np.full(90, z)])
            index = scan.geometry.to_index(scan.placement.to_world(points))[:, 1:]
            assert (index > 1.0).all()
            assert (index < np.array(scan.geometry.shape[1:]) - 2.0).all()


def test_random_phantom__varies_side_slice_order_and_direction():
    scans = [random_phantom(seed, 0.5) for seed in range(24)]
    assert {scan.placement.side for scan in scans} == {"left", "right"}
    orders = {np.sign(scan.geometry.direction[:, 0] @ scan.placement.axes_lps[:, 2]) for scan in scans}
    assert orders == {-1.0, 1.0}
    assert min(np.abs(scan.geometry.direction[2, 0]) for scan in scans) < 0.99


@pytest.mark.parametrize("seed", [2, 30])
def test_forearm__radius_widens_distally_and_the_ulna_narrows(seed):
    arm = forearm(seed)
    proximal, distal = (-4.0, -3.0), (3.0, 4.0)
    radius = [bone_truth(arm.radius, z, n_slices=1).tt_ar for z in (proximal, distal)]
    ulna = [bone_truth(arm.ulna, z, n_slices=1).tt_ar for z in (proximal, distal)]
    assert radius[1] > 1.1 * radius[0]
    assert ulna[1] < 0.97 * ulna[0]
    assert ulna[0] < 0.6 * radius[0]
    assert 180 < np.mean(radius) < 350


def test_scanner__from_constants_by_hand():
    # mu_water · slope / 1000 = 0.2409 · 1.60351904 and water at 0.2409 · 1603.51904 - 391.209015.
    scanner = Scanner.from_constants(SCANCO_XCT2)
    assert scanner.slope == pytest.approx(0.3862877367, abs=1e-9)
    assert scanner.intercept == pytest.approx(-4.921278264, abs=1e-8)
    assert scanner.to_hu(scanner.to_density(317.0)) == pytest.approx(317.0)
    with pytest.raises(ValueError, match="full conversion"):
        Scanner.from_constants(SCANCO_XCT2.model_copy(update={"density_slope": None}))
