"""Densities, areas and volumes small enough to be worked by hand, and a round bone whose means are integrals."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bonemetrics.measures.density import measure_compartments, measure_labels
from bonemetrics.quantities import Material
from bonemetrics.records import Calibration, DensityParameters, Measurement
from bonemetrics.volume import DensityVolume, LabelVolume
from tests.analytic_bone import CALIBRATION, PROVENANCE, RoundBone, Scan, scan_bone


def by_key(measurements: tuple[Measurement, ...]) -> dict[tuple[str, str], Measurement]:
    return {(found.quantity, found.region): found for found in measurements}


def measured(scan: Scan, edge: str = "extrapolated", **changes) -> dict[tuple[str, str], Measurement]:
    given = {
        "labels": scan.labels,
        "periosteal_mm": scan.periosteal_mm,
        "endosteal_mm": scan.endosteal_mm,
        "box": scan.box,
        "slices": range(scan.density.geometry.shape[0]),
        "blur_sigma_mm": scan.sigma_mm,
        "calibration": CALIBRATION,
        "provenance": PROVENANCE,
        "parameters": DensityParameters(edge=edge),
    }
    return by_key(measure_compartments(scan.density, **{**given, **changes}))


def test_measure_labels__three_slices_worked_by_hand(grid):
    # Pixels of 0.5 × 0.4 mm = 0.2 mm², voxels of 2 mm × 0.2 mm² = 0.4 mm³.
    # Trabecular: 4 voxels of -20, 0, 100, 140 in slice 0 and 2 of 80, 90 in slice 1: mean 390 / 6 = 65.
    # Cortical: 1 voxel of 900 in slice 0 and 1 of 700 in slice 1: mean 800. Total: 1990 / 8 = 248.75.
    # Label 7: 3 voxels of 10, 20, 60 in slice 2 alone: mean 30, area 3 · 0.2 mm² over the one slice it touches.
    values = np.full((4, 5, 6), -1000.0, dtype=np.float32)
    drawn = np.zeros((4, 5, 6), dtype=np.uint8)
    values[0, 1, 1:5] = (-20.0, 0.0, 100.0, 140.0)
    drawn[0, 1, 1:5] = 1
    values[1, 2, 2:4] = (80.0, 90.0)
    drawn[1, 2, 2:4] = 1
    values[0, 2, 1], values[1, 3, 2] = 900.0, 700.0
    drawn[0, 2, 1] = drawn[1, 3, 2] = 2
    values[2, 0, 3:6] = (10.0, 20.0, 60.0)
    drawn[2, 0, 3:6] = 7
    geometry = grid()
    density = DensityVolume(mg_per_cm3=values, material=Material.HA, geometry=geometry)
    found = by_key(
        measure_labels(
            density, LabelVolume(labels=drawn, geometry=geometry), calibration=CALIBRATION, provenance=PROVENANCE
        )
    )
    expected = {
        ("Tt.vBMD", "total"): 248.75,
        ("Tb.vBMD", "trabecular"): 65.0,
        ("Ct.vBMD", "cortical"): 800.0,
        ("vBMD", "label-7"): 30.0,
        ("Tt.Ar", "total"): 8 * 0.2 / 2,
        ("Tb.Ar", "trabecular"): 6 * 0.2 / 2,
        ("Ct.Ar", "cortical"): 2 * 0.2 / 2,
        ("Ar", "label-7"): 3 * 0.2,
        ("Tt.V", "total"): 8 * 0.4,
        ("Tb.V", "trabecular"): 6 * 0.4,
        ("Ct.V", "cortical"): 2 * 0.4,
        ("V", "label-7"): 3 * 0.4,
        ("N.Sl", "total"): 2.0,
        ("N.Sl", "label-7"): 1.0,
    }
    assert set(found) == set(expected)
    for key, value in expected.items():
        assert found[key].value == pytest.approx(value, rel=1e-6), key


def test_measure_labels__calibration_part_worked_by_hand(grid):
    # Density = 0.5 · HU + 10; variances 1e-4 (slope), 4 (intercept), covariance -0.01. A mean of 110 is 200 HU:
    # u² = 200² · 1e-4 + 2 · 200 · (-0.01) + 4 = 4 - 4 + 4 = 4, u = 2.
    calibration = Calibration(
        method="given", slope=0.5, intercept=10.0, material=Material.HA, covariance=((1e-4, -0.01), (-0.01, 4.0))
    )
    geometry = grid()
    density = DensityVolume(
        mg_per_cm3=np.full((4, 5, 6), 110.0, dtype=np.float32), material=Material.HA, geometry=geometry
    )
    labels = LabelVolume(labels=np.ones((4, 5, 6), dtype=np.uint8), geometry=geometry)
    found = by_key(measure_labels(density, labels, calibration=calibration, provenance=PROVENANCE))
    mean = found["Tb.vBMD", "trabecular"]
    assert mean.provenance.parameters["uncertainty"] == {
        "calibration": pytest.approx(2.0),
        "noise": pytest.approx(0.0, abs=1e-6),
        "contour": pytest.approx(0.0, abs=1e-6),
    }
    assert mean.standard_uncertainty == pytest.approx(2.0)


def test_measure_labels__contour_part_of_a_square_worked_by_hand(grid):
    # A square of 6 × 6 pixels of 1 mm², 200 inside, 80 outside. One voxel larger by faces: 36 + 24 = 60 pixels, mean
    # (36 · 200 + 24 · 80) / 60 = 152; one smaller: 16 pixels, mean 200. The change over two voxels is 48, so that for
    # ± half a voxel 24; its half over √3: 12 / √3. Area: (60 - 16) / 4 / √3 = 11 / √3.
    geometry = grid(shape=(1, 12, 11), spacing_mm=(2.0, 1.0, 1.0))
    drawn = np.zeros((1, 12, 11), dtype=np.uint8)
    drawn[0, 3:9, 2:8] = 9
    values = np.where(drawn == 9, 200.0, 80.0).astype(np.float32)
    density = DensityVolume(mg_per_cm3=values, material=Material.HA, geometry=geometry)
    labels = LabelVolume(labels=drawn, geometry=geometry)
    found = by_key(measure_labels(density, labels, calibration=CALIBRATION, provenance=PROVENANCE))
    parts = found["vBMD", "label-9"].provenance.parameters["uncertainty"]
    assert parts["contour"] == pytest.approx(12 / math.sqrt(3))
    assert found["Ar", "label-9"].standard_uncertainty == pytest.approx(11 / math.sqrt(3))


@pytest.mark.parametrize(("pixel_mm", "allowed"), [(0.061, 0.2), (0.082, 0.3), (0.25, 0.7), (0.5, 2.0)])
@pytest.mark.parametrize("thickness_mm", [0.5, 1.1])
def test_measure_compartments__round_bone_without_noise(pixel_mm, allowed, thickness_mm):
    bone = RoundBone(thickness_mm=thickness_mm)
    found = measured(scan_bone(bone, pixel_mm=pixel_mm))
    assert found["Tb.vBMD", "trabecular"].value == pytest.approx(bone.mean(0.0, bone.inner_mm), abs=allowed)
    # Total mass comes back whole; what is left is the soft tissue's level under the blur.
    assert found["Tt.vBMD", "total"].value == pytest.approx(bone.mean(0.0, bone.outer_mm), abs=0.5 * allowed + 0.2)
    central = bone.mean(0.0, math.sqrt(0.45) * bone.outer_mm)
    assert found["vBMD", "central-45"].value == pytest.approx(central, abs=allowed + 0.3)
    assert found["Tt.Ar", "total"].value == pytest.approx(math.pi * bone.outer_mm**2, rel=1e-3)
    assert found["Tb.Ar", "trabecular"].value == pytest.approx(math.pi * bone.inner_mm**2, rel=1e-3)
    # 3 slices of 0.5 mm.
    assert found["Tt.V", "total"].value == pytest.approx(math.pi * bone.outer_mm**2 * 1.5, rel=1e-3)
    assert found["N.Sl", "total"].value == 3.0


@pytest.mark.parametrize(("pixel_mm", "allowed"), [(0.082, 0.6), (0.25, 1.5), (0.5, 3.0)])
@pytest.mark.parametrize("profile", ["linear", "quadratic", "s-shaped", "exponential", "flat"])
def test_measure_compartments__small_bone_with_any_profile_of_density(pixel_mm, allowed, profile):
    # 10 mm wide: perimeter over area, and with it the spill, is twice that of a patient's radius.
    bone = RoundBone(outer_mm=5.2, thickness_mm=0.6, profile=profile)
    found = measured(scan_bone(bone, pixel_mm=pixel_mm, n_slices=10, slice_mm=pixel_mm))["Tb.vBMD", "trabecular"]
    truth = bone.mean(0.0, bone.inner_mm)
    assert found.value == pytest.approx(truth, abs=allowed)
    assert found.provenance.parameters["plain_mean"] > truth + 9 * allowed


def test_measure_compartments__plain_mean_holds_the_spill_that_theory_predicts():
    # Straight edge: contrast · σ / √(2π) per length; 1000 mg/cm³ against 210 at the edge, σ 0.375 mm, circumference
    # over area 2 / 7.2 mm: 790 · 0.375 / 2.507 · 0.278 = 32.8 mg/cm³, less what the marrow loses (120 / 3 per mm).
    bone = RoundBone()
    found = measured(scan_bone(bone, pixel_mm=0.5), edge="plain")
    spill = found["Tb.vBMD", "trabecular"].value - bone.mean(0.0, bone.inner_mm)
    assert spill == pytest.approx(32.8, abs=4.0)


def test_measure_compartments__contour_part_of_an_area_is_its_circumference():
    # Half a voxel over √3 of a circle of 8 mm radius: 2 π · 8 · 0.125 / √3 mm².
    found = measured(scan_bone(RoundBone(), pixel_mm=0.25))
    assert found["Tt.Ar", "total"].standard_uncertainty == pytest.approx(
        2 * math.pi * 8 * 0.125 / math.sqrt(3), rel=0.01
    )


def test_measure_compartments__noise_part_is_the_spread_over_repeated_scans():
    bone = RoundBone(rise=0.0)
    scans = [scan_bone(bone, pixel_mm=0.25, n_slices=4, noise=60.0, seed=seed, margin_mm=7.0) for seed in range(24)]
    found = [measured(scan)["Tb.vBMD", "trabecular"] for scan in scans]
    spread = np.std([one.value for one in found], ddof=1)
    stated = np.mean([one.provenance.parameters["uncertainty"]["noise"] for one in found])
    # The spread of 24 repeats is known to 15 %; twice that is allowed.
    assert stated == pytest.approx(spread, rel=0.3)
