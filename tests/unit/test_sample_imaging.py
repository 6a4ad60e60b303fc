"""What the imaging of a phantom keeps: mass, place, blur and noise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from bonemetrics.sample.cases import cylinder, forearm, random_phantom
from bonemetrics.sample.imaging import Imaging, Scanner, correlated_noise, render, to_density, true_labels
from bonemetrics.sample.phantom import Block, Placement, RadiusPhantom, RodCylinder, SoftTissue

SCANNER = Scanner(slope=0.8, intercept=-6.0)
MUSCLE = 0.8 * 55.0 - 6.0


def centroid(volume, background_hu):
    """LPS centre of mass of what stands out of the background."""
    weight = (volume.hu.astype(np.float64) - background_hu).ravel()
    index = np.indices(volume.geometry.shape).reshape(3, -1).T
    return weight @ volume.geometry.to_world(index) / weight.sum()


@pytest.mark.parametrize("voxel_mm", [0.061, 0.082, 0.25, 0.5])
def test_render__conserves_mass_at_every_voxel_size(voxel_mm):
    scan = random_phantom(21, voxel_mm)
    scan = replace(scan, imaging=replace(scan.imaging, noise_sd_hu=0.0), scanner=SCANNER)
    density = to_density(scan.render(), SCANNER).mg_per_cm3.astype(np.float64)
    truth = scan.truth()
    excess = (density - MUSCLE).sum() * scan.geometry.voxel_volume_mm3
    assert excess == pytest.approx((truth.tt_vbmd - MUSCLE) * truth.tt_v, rel=3e-4)


def test_render__conserves_mass_in_lopsided_voxels_and_thick_slices():
    scan = random_phantom(22, 0.25)
    geometry = scan.placement.grid((4, 70, 52), (1.3, 0.22, 0.33), in_plane_deg=9.0, first="distal")
    scan = replace(scan, geometry=geometry, imaging=Imaging(psf_sigma_mm=0.2), scanner=SCANNER)
    density = to_density(scan.render(), SCANNER).mg_per_cm3.astype(np.float64)
    truth = scan.truth()
    assert truth.tt_v == pytest.approx(truth.tt_ar * 4 * 1.3, rel=1e-12)
    excess = (density - MUSCLE).sum() * geometry.voxel_volume_mm3
    assert excess == pytest.approx((truth.tt_vbmd - MUSCLE) * truth.tt_v, rel=1e-3)


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("first", ["proximal", "distal"])
def test_render__bone_lies_where_the_hand_says(side, first):
    # Arm point (4, 2.5, 0) of an arm at (-30, 12, 7): towards the ulna is -x in a left arm and +x in a right one,
    # dorsal is +y, and the arm is then turned by 25° about the patient's y axis.
    turn = Rotation.from_rotvec([0.0, np.deg2rad(25.0), 0.0]).as_matrix()
    placement = Placement.hanging(side, origin_lps_mm=(-30.0, 12.0, 7.0), rotation=turn)
    bone = replace(cylinder(radius_mm=5.0, shell_mm=0.7), centre_mm=(4.0, 2.5))
    geometry = placement.grid(
        (6, 57, 66), (0.6, 0.3, 0.25), centre_arm_mm=(4.4, 2.1, 0.0), in_plane_deg=-20.0, first=first
    )
    volume = render(RadiusPhantom(radius=bone), geometry, placement, imaging=Imaging(psf_sigma_mm=0.2), scanner=SCANNER)
    medial = 4.0 if side == "right" else -4.0
    c, s = np.cos(np.deg2rad(25.0)), np.sin(np.deg2rad(25.0))
    expected = (-30.0 + c * medial, 12.0 + 2.5, 7.0 - s * medial)
    np.testing.assert_allclose(centroid(volume, 55.0), expected, atol=2e-3)
    # Right-handed image axes, whatever the side: the slice index grows along row direction × column direction.
    normal, row, column = geometry.direction.T
    np.testing.assert_allclose(np.cross(column, row), normal, atol=1e-12)
    distal = placement.axes_lps[:, 2] @ normal
    assert distal == pytest.approx(1.0 if first == "proximal" else -1.0)


def test_render__left_and_right_are_mirror_images():
    phantom = forearm(4, radius_mm=5.0)
    images = []
    for side, sign in (("left", -1.0), ("right", 1.0)):
        placement = Placement.hanging(side)
        axes = placement.grid((2, 40, 60), (0.5, 0.5, 0.5), centre_arm_mm=(6.0, 0.0, 0.0), first="distal")
        assert axes.direction[:, 2] @ [sign, 0, 0] == pytest.approx(1.0)
        images.append(render(phantom, axes, placement, imaging=Imaging(psf_sigma_mm=0.4), scanner=SCANNER).hu)
    # Both are seen with columns towards the ulna; the image's rows then run the other way round.
    np.testing.assert_allclose(images[0][:, ::-1], images[1], atol=0.2)


def test_render__edge_of_a_tube_has_the_gaussian_profile():
    # Half-way along the edge of a very thick tube the value is the mean of both sides, and at one sigma outside
    # the normal distribution leaves 15.87 % (curvature adds below 1 %).
    bone = cylinder(radius_mm=40.0, shell_mm=8.0, cortical=1000.0)
    placement = Placement.hanging("right")
    geometry = placement.grid((1, 1, 41), (0.5, 0.1, 0.1), centre_arm_mm=(40.0, 0.0, 0.0))
    volume = render(RadiusPhantom(radius=bone), geometry, placement, imaging=Imaging(psf_sigma_mm=0.5), scanner=SCANNER)
    inside = (1000.0 + 6.0) / 0.8
    share = (volume.hu[0, 0].astype(np.float64) - 55.0) / (inside - 55.0)
    x = 40.0 + (np.arange(41) - 20) * 0.1
    assert np.interp(40.0, x, share) == pytest.approx(0.5, abs=0.006)
    assert np.interp(40.5, x, share) == pytest.approx(0.1587, abs=0.006)
    assert np.interp(39.5, x, share) == pytest.approx(0.8413, abs=0.006)


def test_render__rods_and_tissue_have_their_values():
    phantom = RadiusPhantom(
        radius=cylinder(radius_mm=4.0, shell_mm=0.8),
        tissue=SoftTissue(half_axes_mm=(14.0, 12.0), skin_mm=1.5, fat_mm=3.0),
        blocks=(Block(centre_mm=(0.0, 17.0), size_mm=(30.0, 8.0), hu=30.0),),
        rods=(RodCylinder(centre_mm=(-8.0, 17.0), diameter_mm=6.0, density_mg_per_cm3=400.0),),
    )
    placement = Placement.hanging("left")
    geometry = placement.grid((2, 81, 81), (1.0, 0.5, 0.5), centre_arm_mm=(0.0, 4.0, 0.0))
    volume = render(phantom, geometry, placement, imaging=Imaging(psf_sigma_mm=0.25), scanner=SCANNER)

    def at(x, y):
        point = geometry.to_index(placement.to_world(np.array([x, y, 0.0])))
        return volume.hu[0, round(point[1]), round(point[2])]

    assert at(-8.0, 17.0) == pytest.approx((400.0 + 6.0) / 0.8, abs=0.5)
    assert at(8.0, 17.0) == pytest.approx(30.0, abs=0.5)
    assert at(0.0, 0.0) == pytest.approx((120.0 + 6.0) / 0.8, abs=0.5)
    assert at(6.5, 0.0) == pytest.approx(55.0, abs=0.5)
    assert at(11.0, 0.0) == pytest.approx(-95.0, abs=1.0)
    assert at(17.0, -8.0) == pytest.approx(-1000.0, abs=0.5)


def test_correlated_noise__has_the_stated_sd_and_correlation():
    imaging = Imaging(psf_sigma_mm=0.1, noise_sd_hu=37.0, noise_sigma_voxels=0.6, seed=3)
    noise = correlated_noise((24, 120, 140), imaging).astype(np.float64)
    assert noise.std() == pytest.approx(37.0, rel=0.01)
    # White noise through weights w has the correlation of w with itself: for w = exp(-k²/0.72), k = -3 … 3,
    # sum(w_k w_k+1)/sum(w_k²) = 0.50 by hand: (2·0.2494 + 2·0.2494·0.00387 + …)/(1 + 2·0.0622 + …) = 0.4446.
    for axis in range(3):
        a, b = np.moveaxis(noise, axis, 0)[1:], np.moveaxis(noise, axis, 0)[:-1]
        assert np.corrcoef(a.ravel(), b.ravel())[0, 1] == pytest.approx(0.4446, abs=0.012)
    assert np.array_equal(correlated_noise((4, 5, 6), imaging), correlated_noise((4, 5, 6), imaging))


def test_correlated_noise__may_be_white():
    imaging = Imaging(psf_sigma_mm=0.1, noise_sd_hu=20.0, noise_sigma_voxels=0.0, seed=8)
    noise = correlated_noise((9, 80, 90), imaging).astype(np.float64)
    assert noise.std() == pytest.approx(20.0, rel=0.02)
    assert abs(np.corrcoef(noise[:, :, 1:].ravel(), noise[:, :, :-1].ravel())[0, 1]) < 0.015


def test_true_labels__count_the_true_volumes():
    scan = random_phantom(8, 0.082, with_ulna=True)
    labels = true_labels(scan.phantom, scan.geometry, scan.placement).labels
    truth = scan.truth()
    voxel = scan.geometry.voxel_volume_mm3
    assert (labels == 1).sum() * voxel == pytest.approx(truth.tb_v, rel=2e-3)
    assert (labels > 0).sum() * voxel == pytest.approx(truth.tt_v, rel=2e-3)


def test_truth_on__slices_count_from_the_index_given():
    # Radius 8 · (1 + 0.02 z), slices of 1.5 mm centred on z = -3, -1.5, 0, 1.5, 3 when the first is proximal.
    bone = replace(cylinder(radius_mm=8.0, shell_mm=0.9), widening_per_mm=0.02)
    phantom, placement = RadiusPhantom(radius=bone), Placement.hanging("left")
    for first, index in (("proximal", 4), ("distal", 0)):
        geometry = placement.grid((5, 9, 7), (1.5, 0.3, 0.4), first=first)
        truth = phantom.truth_on(geometry, placement, slices=(index, index))
        # int_2.25^3.75 pi·64·(1 + 0.02 z)² dz / 1.5 = 201.06193 · (1.06² + 0.0004 · 1.5²/12)
        assert truth.tt_ar == pytest.approx(225.92826, abs=1e-4)
        assert truth.n_slices == 1


def test_placement__refuses_a_wrong_hand_and_oblique_slices():
    with pytest.raises(ValueError, match="left-handed"):
        Placement(side="right", axes_lps=np.eye(3), origin_lps_mm=np.zeros(3))
    tilted = Placement.hanging("left", rotation=Rotation.from_rotvec([0.1, 0.0, 0.0]).as_matrix())
    geometry = Placement.hanging("left").grid((3, 4, 5), (1.0, 0.3, 0.4))
    with pytest.raises(ValueError, match="perpendicular"):
        tilted.slice_z_mm(geometry, np.arange(3.0))
