"""Lines through rods against published numbers and against work by hand."""

from __future__ import annotations

import math

import pytest

from bonemetrics.calibration.line import fit_line
from bonemetrics.calibration.phantom import from_phantom
from bonemetrics.quantities import Material
from bonemetrics.records import Phantom, Rod, RodReading

# Ogo, archive/tests-OLD/calibration/test_standard_calibration.py at commit a7e74fc: density regressed on HU.
HU = [490.28414063, 200.31946153, 68.02660165, -77.60183361, -77.74668932]
DENSITY = [375.83, 157.05, 58.88, -53.4, -51.83]


def reading(hu: float, *, x_mm: float = 0.0, error_hu: float = 0.0, diameter_mm: float = 11.0) -> RodReading:
    return RodReading(
        centre_lps_mm=(x_mm, 0.0, 0.0),
        axis_lps=(0.0, 0.0, 1.0),
        diameter_mm=diameter_mm,
        mean_hu=hu,
        sd_hu=9.0,
        standard_error_hu=error_hu,
        n_voxels=4000,
        n_slices=40,
    )


def test_fit_line__equals_the_published_linear_oracle():
    line = fit_line(HU, DENSITY)
    assert line.slope == pytest.approx(0.7539727523297295, abs=1e-9)
    assert line.intercept == pytest.approx(6.334410127001945, abs=1e-9)
    assert line.r == pytest.approx(0.9999866268559224, abs=1e-9)
    assert line.slope_standard_error == pytest.approx(0.0022512884297108417, abs=1e-9)
    predicted = [line.slope * hu + line.intercept for hu in HU]
    assert predicted == pytest.approx([375.99529306, 157.36982588, 57.62461421, -52.17525794, -52.28447521], abs=1e-7)


def test_from_phantom__regresses_hu_on_density_and_inverts():
    # The inverse of the line of HU on density has the slope of density on HU divided by r².
    # Places keep the two last rods apart, whose HU lie the other way round than their densities.
    places = (0.0, 20.0, 45.0, 75.0, 110.0)
    rods = tuple(
        Rod(name=str(x_mm), density=density, x_mm=x_mm, y_mm=0.0) for x_mm, density in zip(places, DENSITY, strict=True)
    )
    phantom = Phantom(name="five", material=Material.K2HPO4, rods=rods)
    found = from_phantom([reading(hu, x_mm=x_mm) for x_mm, hu in zip(places, HU, strict=True)], [phantom])
    slope = 0.7539727523297295 / 0.9999866268559224**2
    assert found.slope == pytest.approx(slope, abs=1e-9)
    # Both lines pass through the mean of the rods: HU 120.6563760760, density 97.306.
    assert found.intercept == pytest.approx(97.306 - slope * math.fsum(HU) / 5, abs=1e-9)
    assert found.r2 == pytest.approx(0.9999866268559224**2, abs=1e-9)


def test_from_phantom__mindways_worked_by_hand():
    # HU = water + 1.5 density - 1002 for each rod of the Model 3 CT:
    #   A 1012.25 -  77.745 - 1002 = -67.495     B 1056.95 -  80.100 - 1002 = -25.150
    #   C 1103.57 +  88.320 - 1002 = 189.890     D 1119.52 + 235.575 - 1002 = 353.095
    #   E  923.20 + 563.745 - 1002 = 484.945
    # sigma 1.5 - 0.2174 = 1.2826; beta -1002 + 999.6 = -2.4; slope 1 / 1.2826; intercept 2.4 / 1.2826.
    found = from_phantom(
        [reading(hu) for hu in (353.095, -67.495, 484.945, -25.150, 189.890)], name="Mindways Model 3 CT"
    )
    assert found.slope == pytest.approx(0.7796663028224, abs=1e-9)
    assert found.intercept == pytest.approx(1.8711991267738, abs=1e-9)
    assert found.material is Material.K2HPO4
    assert found.parameters["hu_on_density_slope"] == pytest.approx(1.5, abs=1e-9)
    assert found.parameters["hu_on_density_intercept"] == pytest.approx(-1002.0, abs=1e-9)
    assert [rod["mean_hu"] for rod in found.parameters["rods"]] == [-67.495, -25.150, 189.890, 353.095, 484.945]


def test_from_phantom__two_rods_worked_by_hand():
    # Rods 0 and 200 mg/cm3 seen at 10 ± 1 and 260 ± 2 HU: HU = 1.25 density + 10, so slope 0.8 and intercept -8.
    # var b = (1 + 4) / 200² = 1.25e-4, var a = 1, cov(a, b) = -1 / 200 = -0.005.
    # m = 1/b: dm/db = -0.64; c = -a/b: dc/da = -0.8, dc/db = a/b² = 6.4.
    # var m = 0.4096 * 1.25e-4 = 5.12e-5
    # cov(m, c) = -0.64 * (6.4 * 1.25e-4 - 0.8 * -0.005) = -0.64 * 0.0048 = -3.072e-3
    # var c = 0.64 * 1 + 40.96 * 1.25e-4 - 2 * 0.8 * 6.4 * -0.005 = 0.64 + 0.00512 + 0.0512 = 0.69632
    rods = (Rod(name="bone", density=200.0), Rod(name="water", density=0.0))
    phantom = Phantom(name="two", material=Material.HA, rods=rods)
    found = from_phantom([reading(10.0, error_hu=1.0), reading(260.0, error_hu=2.0)], [phantom])
    assert found.slope == pytest.approx(0.8, abs=1e-12)
    assert found.intercept == pytest.approx(-8.0, abs=1e-12)
    assert found.covariance[0] == pytest.approx((5.12e-5, -3.072e-3), rel=1e-9)
    assert found.covariance[1] == pytest.approx((-3.072e-3, 0.69632), rel=1e-9)
    # At the rods themselves the density is as uncertain as their HU times the slope: 0.8 * 1 and 0.8 * 2.
    assert found.uncertainty_at(0.0) == pytest.approx(0.8, rel=1e-9)
    assert found.uncertainty_at(200.0) == pytest.approx(1.6, rel=1e-9)


def test_from_phantom__the_certificate_counts_like_noise():
    # ± 3 mg/cm3 on the 200 rod is ± 3.75 HU at 1.25 HU per mg/cm3: together with 2 HU, sqrt(4 + 14.0625) * 0.8 = 3.4.
    rods = (Rod(name="water", density=0.0), Rod(name="bone", density=200.0, density_uncertainty=3.0))
    phantom = Phantom(name="two", material=Material.HA, rods=rods)
    found = from_phantom([reading(10.0, error_hu=1.0), reading(260.0, error_hu=2.0)], [phantom])
    assert found.uncertainty_at(200.0) == pytest.approx(3.4, rel=1e-9)


def test_from_phantom__leave_one_out_worked_by_hand():
    # Rods 0, 100, 300 at 0, 130, 375 HU. Without the middle one the line is 1.25 HU per mg/cm3, so 130 HU reads 104.
    # Without the last: 1.3 per mg, 375 / 1.3 = 288.46; the residual over the common slope gives 375 - 390 = -15 HU.
    # Common line: dx -133.33, -33.33, 166.67; Sxx 46666.7; Sxy = 130 * -33.333 + 375 * 166.667 = 58166.7;
    # slope 1.2464286; left-out error of rod i = (HU - line of the others) / 1.2464286.
    rods = (Rod(name="a", density=0.0), Rod(name="b", density=100.0), Rod(name="c", density=300.0))
    found = from_phantom(
        [reading(375.0), reading(0.0), reading(130.0)], [Phantom(name="three", material=Material.HA, rods=rods)]
    )
    left_out = [rod["left_out_mg_per_cm3"] for rod in found.parameters["rods"]]
    slope = 58166.0 + 2.0 / 3.0
    slope /= 46666.0 + 2.0 / 3.0
    # Others of a: slope 1.225, at 0: 7.5, so -7.5 HU; of b: 125, so +5; of c: 390, so -15.
    assert left_out == pytest.approx([-7.5 / slope, 5.0 / slope, -15.0 / slope], rel=1e-9)
