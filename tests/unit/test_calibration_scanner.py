"""Calibration from a scanner's own constants: the chain and each of its traps."""

from __future__ import annotations

import pytest

from bonemetrics.calibration.scanner import from_scanner
from bonemetrics.errors import CalibrationError
from bonemetrics.quantities import Material
from bonemetrics.records import ScannerConstants

# Constants of two real XtremeCT II and of a micro-CT whose header is public.
XCT2 = {"mu_water_per_cm": 0.2409, "density_slope": 1603.51904, "density_intercept": -391.209015, "mu_scaling": 8192.0}
MICRO = {"mu_water_per_cm": 0.7033, "density_slope": 165.997, "density_intercept": -129.681, "mu_scaling": 4096.0}


def constants(**changes: float | None) -> ScannerConstants:
    return ScannerConstants(**{**XCT2, **changes})


def test_from_scanner__worked_by_hand():
    # 0.2409 / 1000 * 1603.51904 = 0.386287736736; 0.2409 * 1603.51904 - 391.209015 = -4.921278264
    calibration = from_scanner(constants())
    assert calibration.slope == pytest.approx(0.386287736736, rel=1e-12)
    assert calibration.intercept == pytest.approx(-4.921278264, abs=1e-9)
    assert calibration.material is Material.HA
    assert calibration.method == "scanner"
    assert calibration.parameters["density_slope"] == 1603.51904


def test_from_scanner__equals_the_native_chain():
    # native 5000: mu = 5000 / 8192 = 0.6103515625 1/cm; density = mu * 1603.51904 - 391.209015 = 587.5013365;
    # HU = mu * 1000 / 0.2409 - 1000 = 1533.630397...
    calibration = from_scanner(constants())
    mu = 5000 / 8192
    hu = mu * 1000 / 0.2409 - 1000
    assert calibration.slope * hu + calibration.intercept == pytest.approx(mu * 1603.51904 - 391.209015, abs=1e-9)


def test_from_scanner__micro_ct_water_lands_at_minus_13():
    # 0.7033 * 165.997 - 129.681 = -12.93530990
    assert from_scanner(ScannerConstants(**MICRO)).intercept == pytest.approx(-12.9353099, abs=1e-6)


@pytest.mark.parametrize("name", sorted(XCT2))
def test_from_scanner__refuses_a_missing_constant(name):
    with pytest.raises(CalibrationError, match=name) as caught:
        from_scanner(constants(**{name: None}))
    assert caught.value.code == "no-calibration"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({**MICRO, "density_slope": 1.0, "density_intercept": 0.0}, "default-constants"),
        ({"density_slope": 1.0, "density_intercept": 0.0}, "default-constants"),
        ({"density_slope": 0.0, "density_intercept": 0.0}, "default-constants"),
        ({"density_slope": 0.5055, "density_intercept": -1000.0}, "hu-constants"),
        ({"density_slope": 1000 / 0.2409, "density_intercept": -1000.0}, "hu-constants"),
        ({"density_slope": 1000 / 0.2409, "density_intercept": -999.0}, "hu-constants"),
        ({"density_slope": 1000 / (8192 * 0.2409), "density_intercept": -998.0}, "hu-constants"),
        ({"density_slope": 1603.51904 / 8192}, "implausible-constants"),
        ({"density_slope": -1603.51904}, "implausible-constants"),
        ({"density_intercept": -320.0}, "implausible-constants"),
        ({"density_intercept": 391.209015}, "implausible-constants"),
        ({"mu_water_per_cm": 1603.51904}, "implausible-constants"),
        ({"mu_water_per_cm": 0.0}, "implausible-constants"),
        ({"mu_scaling": 0.0}, "implausible-constants"),
    ],
)  # fmt: skip
def test_from_scanner__refuses_what_is_no_density_scale(changes, code):
    with pytest.raises(CalibrationError) as caught:
        from_scanner(constants(**changes))
    assert caught.value.code == code


def test_from_scanner__notes_that_the_file_states_no_uncertainty():
    calibration = from_scanner(constants())
    assert [problem.code for problem in calibration.notes] == ["calibration-uncertainty-unknown"]
    assert calibration.uncertainty_at(200.0) == 0.0


def test_from_scanner__takes_the_sites_uncertainty():
    # At 200 mg/cm3: 1 % of 200 + 4.921278264 is 2.04921278; with 1.5 at water sqrt(2.0492² + 1.5²) = 2.53952
    calibration = from_scanner(constants(), slope_relative_uncertainty=0.01, water_uncertainty_mg_per_cm3=1.5)
    assert calibration.notes == ()
    assert calibration.uncertainty_at(200.0) == pytest.approx(2.53952, abs=1e-4)
