from __future__ import annotations

import numpy as np
import pytest

from bonemetrics.errors import MaterialMismatchError, SegmentationError
from bonemetrics.quantities import Material
from bonemetrics.records import RegionRule
from bonemetrics.sample.phantom import Block, RodCylinder, SoftTissue
from bonemetrics.segmentation.parameters import TissueParameters
from bonemetrics.segmentation.radius import segment_radius
from bonemetrics.volume import CORTICAL, TRABECULAR, DensityVolume
from tests.segmentation_scans import area_mm2, codes, reading, scan, tube

RADIUS_AREA_MM2 = np.pi * 6.0**2
AIR = SoftTissue(half_axes_mm=(22.0, 12.0), centre_mm=(7.0, 0.0))


@pytest.fixture(scope="module")
def plain():
    one = scan(tube())
    return one, segment_radius(one.density)


def test_segment_radius__labels_are_the_signs_of_the_distances(plain):
    one, found = plain
    labels = found.labels.labels
    assert labels.shape == one.geometry.shape
    part = labels[found.box]
    assert ((part > 0) == (found.periosteal_mm < 0)).all()
    assert ((part == TRABECULAR) == ((found.periosteal_mm < 0) & (found.endosteal_mm < 0))).all()
    outside = labels.copy()
    outside[found.box] = 0
    assert not outside.any()
    assert found.periosteal_mm.dtype == found.endosteal_mm.dtype == np.float32


def test_segment_radius__knows_neither_side_nor_end_of_a_lone_bone(plain):
    _, found = plain
    assert (found.side, found.distal_end) == (None, None)
    assert codes(found) == {"side-unknown", "distal-unknown"}
    assert found.radius_source == "the only bone in the scan"


def test_segment_radius__clean_bone_has_no_finding(plain):
    one, found = plain
    assert found.card.findings == ()
    assert found.measured_slices == tuple(range(one.geometry.shape[0]))


def test_segment_radius__takes_side_and_end_that_are_given(plain):
    one, _ = plain
    found = segment_radius(one.density, side="left", side_source="Laterality", distal="last", distal_source="protocol")
    assert (found.side, found.side_source) == ("left", "Laterality")
    assert (found.distal_end, found.distal_source) == ("last", "protocol")
    assert codes(found) == set()


def test_segment_radius__region_counts_from_the_distal_end(plain):
    one, _ = plain
    rule = RegionRule(rule="slices", first=1, last=3)
    assert segment_radius(one.density, distal="last", region=rule).measured_slices == (4, 5, 6)
    with pytest.raises(SegmentationError) as caught:
        segment_radius(one.density, region=rule)
    assert caught.value.code == "distal-end-unknown"


def test_segment_radius__few_slices_are_noted(plain):
    one, _ = plain
    found = segment_radius(one.density, distal="first", region=RegionRule(rule="slices", first=0, last=1))
    assert "few-slices" in codes(found)


def test_segment_radius__distances_are_those_of_the_true_circle(plain):
    one, found = plain
    rows, columns = (np.arange(part.start, part.stop) for part in found.box[1:])
    index = np.stack(np.meshgrid([4], rows, columns, indexing="ij"), axis=-1)
    arm = one.placement.to_arm(one.geometry.to_world(index))[0]
    true = np.hypot(arm[..., 0], arm[..., 1] - 0.3) - 6.0
    near = np.abs(true) < 3.0
    # 0.03 mm is an eighth of a pixel, with noise of about 10 mg/cm³.
    assert np.abs(found.periosteal_mm[4] - true)[near].max() < 0.03
    assert np.abs(found.endosteal_mm[4] - true - 0.8)[near].max() < 0.05


def test_segment_radius__tells_the_radius_from_the_ulna_and_its_distal_end():
    one = scan(
        tube(6.0, growth=0.02),
        ulna=tube(4.5, x=13.0, growth=-0.02),
        n_slices=16,
        field_mm=(26.0, 38.0),
        centre_mm=(7.0, 0.0, 0.0),
        tissue=AIR,
    )
    found = segment_radius(one.density)
    assert area_mm2(found, one.geometry) == pytest.approx(RADIUS_AREA_MM2, rel=0.02)
    assert found.radius_source == "the larger bone"
    assert (found.distal_end, found.distal_source) == ("last", "shape of radius and ulna")
    assert codes(found) == {"side-unknown"}


def test_segment_radius__refuses_to_choose_between_equal_bones():
    one = scan(tube(6.0), ulna=tube(5.8, x=14.0), field_mm=(18.0, 34.0), centre_mm=(7.0, 0.0, 0.0), n_slices=4)
    with pytest.raises(SegmentationError) as caught:
        segment_radius(one.density)
    assert caught.value.code == "radius-ambiguous"
    found = segment_radius(one.density, parameters=TissueParameters(bone="largest"))
    assert area_mm2(found, one.geometry) == pytest.approx(RADIUS_AREA_MM2, rel=0.02)
    assert found.radius_source == "the largest bone, by option"


def test_segment_radius__parts_bones_that_touch_after_blur():
    one = scan(
        tube(6.0),
        ulna=tube(4.5, x=11.0),
        voxel_mm=0.5,
        slice_mm=1.0,
        n_slices=6,
        field_mm=(20.0, 34.0),
        centre_mm=(5.0, 0.0, 0.0),
    )
    found = segment_radius(one.density)
    assert found.radius_source == "the larger bone"
    # Half a millimetre of soft tissue between two shells leaves no edge to see at this blur.
    assert area_mm2(found, one.geometry) == pytest.approx(RADIUS_AREA_MM2, rel=0.05)


def test_segment_radius__slices_without_the_bone_are_noted():
    one = scan(tube(6.0), n_slices=8)
    values = one.density.mg_per_cm3.copy()
    values[5:] = 40.0
    found = segment_radius(DensityVolume(mg_per_cm3=values, material=Material.HA, geometry=one.geometry))
    missing = next(note for note in found.notes if note.code == "radius-in-part-of-stack")
    assert missing.slices == (5, 6, 7)
    assert found.measured_slices == (0, 1, 2, 3, 4)


def test_segment_radius__passes_over_rods_and_the_body_of_a_phantom():
    rods = tuple(
        RodCylinder(centre_mm=(x, -13.0), diameter_mm=9.0, density_mg_per_cm3=level)
        for x, level in ((-8.0, 400.0), (2.0, 800.0), (12.0, 0.0))
    )
    one = scan(
        tube(5.0),
        rods=rods,
        blocks=(Block(centre_mm=(2.0, -13.0), size_mm=(34.0, 11.0), hu=40.0),),
        voxel_mm=0.4,
        slice_mm=1.0,
        n_slices=5,
        field_mm=(40.0, 42.0),
        centre_mm=(1.0, -5.0, 0.0),
        tissue=AIR,
    )
    for told in ((), tuple(reading(rod, one.placement) for rod in rods)):
        found = segment_radius(one.density, rods=told)
        assert area_mm2(found, one.geometry) == pytest.approx(np.pi * 5.0**2, rel=0.02)


def test_segment_radius__a_rod_that_was_found_is_no_bone():
    # A hollow rod would pass for a bone; only its reading tells.
    one = scan(tube(6.0), n_slices=4)
    rod = RodCylinder(centre_mm=(0.0, 0.3), diameter_mm=12.0, density_mg_per_cm3=900.0)
    with pytest.raises(SegmentationError) as caught:
        segment_radius(one.density, rods=[reading(rod, one.placement)])
    assert caught.value.code == "no-bone"


def test_segment_radius__a_cast_around_the_arm_is_no_bone():
    one = scan(tube(5.0), voxel_mm=0.5, slice_mm=1.0, n_slices=5, field_mm=(50.0, 52.0), tissue=AIR)
    place = np.indices(one.geometry.shape[1:])
    away = np.hypot(place[0] - 50, place[1] - 52) * 0.5
    values = one.density.mg_per_cm3.copy()
    values[:, (away > 20) & (away < 23)] = 700.0
    cast = DensityVolume(mg_per_cm3=values, material=Material.HA, geometry=one.geometry)
    found = segment_radius(cast)
    assert area_mm2(found, one.geometry) == pytest.approx(np.pi * 5.0**2, rel=0.02)


def test_segment_radius__thin_cortex_is_noted():
    one = scan(tube(6.0, shell_mm=0.5), voxel_mm=0.5, slice_mm=1.0, n_slices=6, field_mm=(22.0, 23.0))
    found = segment_radius(one.density)
    assert "partial-volume" in codes(found)
    assert area_mm2(found, one.geometry) == pytest.approx(RADIUS_AREA_MM2, rel=0.02)


def test_segment_radius__truncation_is_noted():
    one = scan(tube(6.0), centre_mm=(6.0, 0.0, 0.0))
    assert "bone-truncated" in codes(segment_radius(one.density))


def test_segment_radius__gap_in_the_cortex_is_bridged_and_noted():
    one = scan(tube(6.0), voxel_mm=0.2, n_slices=6)
    place = np.stack(np.meshgrid(*[np.arange(n) for n in one.geometry.shape], indexing="ij"), axis=-1)
    arm = one.placement.to_arm(one.geometry.to_world(place))
    values = one.density.mg_per_cm3.copy()
    gap = (np.abs(arm[..., 1] - 0.3) < 1.5) & (arm[..., 0] > 3.0) & (np.arange(6) >= 2)[:, None, None]
    values[gap] = 40.0
    broken = DensityVolume(mg_per_cm3=values, material=Material.HA, geometry=one.geometry)
    found = segment_radius(broken)
    finding = next(one for one in found.card.findings if one.code == "cortical-break")
    assert set(finding.slices) >= {3, 4, 5}
    assert area_mm2(found, one.geometry) == pytest.approx(RADIUS_AREA_MM2, rel=0.03)


def test_segment_radius__noise_against_the_cortex_is_noted():
    one = scan(tube(6.0), voxel_mm=0.4, slice_mm=1.0, n_slices=5, noise_hu=320.0)
    assert "noisy-scan" in codes(segment_radius(one.density))


def test_segment_radius__threshold_placement_lies_on_the_threshold():
    # At half of (40 + 950) mg/cm³ both placements agree; a lower threshold lies further out.
    one = scan(tube(6.0), n_slices=4, noise_hu=5.0)
    areas = [
        area_mm2(
            segment_radius(one.density, parameters=TissueParameters(placement="threshold", periosteal_threshold=level)),
            one.geometry,
        )
        for level in (300.0, 450.0, 700.0)
    ]
    assert areas[0] > areas[1] > areas[2]
    assert areas[1] == pytest.approx(RADIUS_AREA_MM2, rel=0.02)


def test_segment_radius__refuses_densities_of_another_material(grid):
    geometry = grid(shape=(4, 20, 30))
    density = DensityVolume(
        mg_per_cm3=np.zeros(geometry.shape, dtype=np.float32), material=Material.K2HPO4, geometry=geometry
    )
    with pytest.raises(MaterialMismatchError, match="K2HPO4"):
        segment_radius(density)


def test_segment_radius__refuses_a_scan_without_bone(grid):
    geometry = grid(shape=(4, 20, 30))
    density = DensityVolume(
        mg_per_cm3=np.full(geometry.shape, 50, dtype=np.float32), material=Material.HA, geometry=geometry
    )
    with pytest.raises(SegmentationError) as caught:
        segment_radius(density)
    assert caught.value.code == "no-bone"


def test_segment_radius__cortex_is_the_dense_ring(plain):
    one, found = plain
    values, labels = one.density.mg_per_cm3, found.labels.labels
    assert values[labels == CORTICAL].mean() > 600 > 300 > values[labels == TRABECULAR].mean()
