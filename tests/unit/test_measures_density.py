"""Guards, balance and provenance of the measured compartments."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bonemetrics.errors import EmptyRegionError, GeometryMismatchError
from bonemetrics.measures.density import measure_compartments, measure_labels
from bonemetrics.quantities import Material
from bonemetrics.records import Calibration, DensityParameters
from bonemetrics.volume import DensityVolume, LabelVolume
from tests.analytic_bone import CALIBRATION, PROVENANCE, RoundBone, Scan, scan_bone


@pytest.fixture(scope="module")
def scan() -> Scan:
    return scan_bone(RoundBone(), pixel_mm=0.25, n_slices=4, noise=25.0)


def measure(scan: Scan, **changes):
    given = {
        "labels": scan.labels,
        "periosteal_mm": scan.periosteal_mm,
        "endosteal_mm": scan.endosteal_mm,
        "box": scan.box,
        "slices": range(4),
        "blur_sigma_mm": scan.sigma_mm,
        "calibration": CALIBRATION,
        "provenance": PROVENANCE,
    }
    return {(m.quantity, m.region): m for m in measure_compartments(scan.density, **{**given, **changes})}


@pytest.mark.parametrize("edge", ["extrapolated", "plain"])
def test_measure_compartments__mass_of_the_parts_is_that_of_the_whole(scan, edge):
    found = measure(scan, parameters=DensityParameters(edge=edge))
    total = found["Tt.vBMD", "total"].value * found["Tt.Ar", "total"].value
    parts = found["Tb.vBMD", "trabecular"].value * found["Tb.Ar", "trabecular"].value
    parts += found["Ct.vBMD", "cortical"].value * found["Ct.Ar", "cortical"].value
    assert parts == pytest.approx(total, rel=1e-9)


def test_measure_compartments__names_method_parameters_and_parts_of_the_uncertainty(scan):
    found = measure(scan, side="left")["Tb.vBMD", "trabecular"]
    told = found.provenance.parameters
    assert found.provenance.method == "compartments-extrapolated/1"
    assert found.provenance.input_sha256 == "ab"
    assert (found.side, found.material) == ("left", Material.HA)
    assert told["edge"] == "extrapolated"
    assert told["edge_corrected"] is True
    assert told["slices"] == [0, 3, 4]
    assert told["noise_source"] == "soft tissue"
    assert told["plain_mean"] > found.value + 10
    assert told["voxel_mean"] == pytest.approx(told["plain_mean"], abs=3.0)
    parts = told["uncertainty"]
    assert found.standard_uncertainty == pytest.approx(np.sqrt(sum(part**2 for part in parts.values())))
    assert min(parts.values()) > 0


def test_measure_compartments__plain_is_switched_on_by_name(scan):
    found = measure(scan, parameters=DensityParameters(edge="plain"))["Tb.vBMD", "trabecular"]
    assert found.provenance.method == "compartments-plain/1"
    assert found.value == pytest.approx(found.provenance.parameters["plain_mean"])


def test_measure_compartments__areas_have_no_material_and_only_a_contour_part(scan):
    found = measure(scan)
    area = found["Ct.Ar", "cortical"]
    assert area.material is None
    assert area.provenance.parameters["uncertainty"]["calibration"] == 0.0
    assert area.provenance.parameters["uncertainty"]["noise"] == 0.0
    assert found["N.Sl", "total"].standard_uncertainty is None


def test_measure_compartments__measures_the_asked_slices_alone(scan):
    values = scan.density.mg_per_cm3.copy()
    values[[0, 3]] = 5000.0
    spoiled = replace(scan, density=replace(scan.density, mg_per_cm3=values))
    inner = measure(spoiled, slices=[1, 2])
    assert inner["Tt.vBMD", "total"].value < 400
    assert inner["N.Sl", "total"].value == 2.0
    assert inner["Tt.V", "total"].value == pytest.approx(inner["Tt.Ar", "total"].value * 2 * 0.5)


def test_measure_compartments__another_bone_beside_it_does_not_lend_its_mass():
    bone, pixel_mm = RoundBone(), 0.5
    alone = scan_bone(bone, pixel_mm=pixel_mm, margin_mm=6.0)
    values = alone.density.mg_per_cm3.copy()
    # A second bone whose blurred edge begins 1.5 mm beside the first.
    values[(alone.periosteal_mm > 1.5) & (alone.periosteal_mm < 4.0) & (np.indices(values.shape)[2] > 40)] = 900.0
    beside = replace(alone, density=replace(alone.density, mg_per_cm3=values))
    given = {"slices": range(3)}
    apart, near = measure(alone, **given), measure(beside, **given)
    assert near["Tt.vBMD", "total"].value == pytest.approx(apart["Tt.vBMD", "total"].value, abs=1.5)


def test_measure_compartments__reads_noise_in_the_bone_where_no_soft_tissue_is_seen(scan):
    bare = replace(scan, density=replace(scan.density, mg_per_cm3=scan.density.mg_per_cm3 + np.float32(2000)))
    found = measure(bare)["Tb.vBMD", "trabecular"]
    assert found.provenance.parameters["noise_source"] == "trabecular compartment"


def test_measure_compartments__leaves_a_compartment_thinner_than_the_blur_uncorrected():
    thin = scan_bone(RoundBone(outer_mm=3.0, thickness_mm=2.2), pixel_mm=0.25, n_slices=4)
    found = measure(thin, blur_sigma_mm=0.5)["Tb.vBMD", "trabecular"]
    assert found.provenance.parameters["edge_corrected"] is False
    assert found.value == pytest.approx(found.provenance.parameters["plain_mean"])


def test_measure_compartments__refuses_labels_of_another_grid(scan, grid):
    other = LabelVolume(labels=np.ones((4, 5, 6), dtype=np.uint8), geometry=grid())
    with pytest.raises(GeometryMismatchError):
        measure(scan, labels=other)


def test_measure_compartments__refuses_distances_that_do_not_fill_their_box(scan):
    with pytest.raises(GeometryMismatchError, match="box"):
        measure(scan, endosteal_mm=scan.endosteal_mm[:, 1:])


@pytest.mark.parametrize("slices", [[-1, 0], [3, 4]])
def test_measure_compartments__refuses_slices_that_the_contours_do_not_cover(scan, slices):
    with pytest.raises(GeometryMismatchError, match="cover 0 to 3"):
        measure(scan, slices=slices)


def test_measure_compartments__refuses_to_measure_no_slice(scan):
    with pytest.raises(EmptyRegionError, match="no slice"):
        measure(scan, slices=[])


@pytest.mark.parametrize(
    ("outside", "region"), [("periosteal_mm", "total"), ("endosteal_mm", "trabecular"), (None, "cortical")]
)
def test_measure_compartments__refuses_an_empty_compartment(scan, outside, region):
    far = np.full_like(scan.periosteal_mm, 5.0)
    changes = {outside: far} if outside else {"endosteal_mm": scan.periosteal_mm}
    with pytest.raises(EmptyRegionError, match=region):
        measure(scan, **changes)


def labelled(drawn: np.ndarray, geometry) -> tuple[DensityVolume, LabelVolume]:
    values = np.linspace(-50.0, 500.0, drawn.size, dtype=np.float32).reshape(drawn.shape)
    return (
        DensityVolume(mg_per_cm3=values, material=Material.K2HPO4, geometry=geometry),
        LabelVolume(labels=drawn, geometry=geometry),
    )


def test_measure_labels__refuses_labels_of_another_grid(grid):
    density, labels = labelled(np.ones((4, 5, 6), dtype=np.uint8), grid())
    moved = replace(labels, geometry=grid(spacing_mm=(2.0, 0.5, 0.6)))
    with pytest.raises(GeometryMismatchError, match="mm apart"):
        measure_labels(density, moved, calibration=CALIBRATION, provenance=PROVENANCE)


def test_measure_labels__refuses_an_empty_mask(grid):
    density, labels = labelled(np.zeros((4, 5, 6), dtype=np.uint8), grid())
    with pytest.raises(EmptyRegionError):
        measure_labels(density, labels, calibration=CALIBRATION, provenance=PROVENANCE)


@pytest.mark.parametrize("slices", [[0, 4], [-1]])
def test_measure_labels__refuses_slices_outside_the_scan(grid, slices):
    density, labels = labelled(np.ones((4, 5, 6), dtype=np.uint8), grid())
    with pytest.raises(GeometryMismatchError, match="0 to 3"):
        measure_labels(density, labels, calibration=CALIBRATION, provenance=PROVENANCE, slices=slices)


def test_measure_labels__refuses_slices_without_a_label(grid):
    drawn = np.zeros((4, 5, 6), dtype=np.uint8)
    drawn[1] = 1
    density, labels = labelled(drawn, grid())
    with pytest.raises(EmptyRegionError):
        measure_labels(density, labels, calibration=CALIBRATION, provenance=PROVENANCE, slices=[0, 2])


@pytest.mark.parametrize(
    ("number", "region", "prefix"), [(1, "trabecular", "Tb."), (2, "cortical", "Ct."), (5, "label-5", "")]
)
def test_measure_labels__of_one_label_alone_gives_no_total(grid, number, region, prefix):
    drawn = np.zeros((4, 5, 6), dtype=np.uint16)
    drawn[1:3, 2:4, 2:5] = number
    density, labels = labelled(drawn, grid())
    found = measure_labels(density, labels, calibration=CALIBRATION, provenance=PROVENANCE, side="right")
    assert [(m.quantity, m.region) for m in found] == [
        (f"{prefix}vBMD", region),
        (f"{prefix}Ar", region),
        (f"{prefix}V", region),
        ("N.Sl", region),
    ]
    assert {m.side for m in found} == {"right"}
    assert found[0].material is Material.K2HPO4
    assert found[0].provenance.method == "labels-voxel-mean/1"


def test_measure_labels__measures_the_asked_slices_alone(grid):
    drawn = np.ones((4, 5, 6), dtype=np.uint8)
    density, labels = labelled(drawn, grid())
    found = measure_labels(density, labels, calibration=CALIBRATION, provenance=PROVENANCE, slices=[0, 2])
    assert found[0].value == pytest.approx(float(density.mg_per_cm3[[0, 2]].mean()))
    assert found[-1].value == 2.0


def test_measure_labels__of_a_line_one_voxel_thick_still_has_a_contour_part(grid):
    drawn = np.zeros((4, 5, 6), dtype=np.uint8)
    drawn[1, 2, 1:5] = 4
    density, labels = labelled(drawn, grid())
    found = measure_labels(density, labels, calibration=CALIBRATION, provenance=PROVENANCE)
    # 4 pixels, 14 with a face's neighbour: 10 pixels of 0.2 mm² for a whole voxel, half of them for half a voxel.
    assert found[1].standard_uncertainty == pytest.approx(10 * 0.2 / 2 / np.sqrt(3))


def test_measure_labels__without_hu_has_no_calibration_part(grid):
    density, labels = labelled(np.ones((4, 5, 6), dtype=np.uint8), grid())
    stored = Calibration(method="given", slope=None, intercept=None, material=Material.K2HPO4)
    found = measure_labels(density, labels, calibration=stored, provenance=PROVENANCE)[0]
    assert found.provenance.parameters["uncertainty"]["calibration"] == 0.0
