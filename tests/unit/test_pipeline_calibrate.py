from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from bonemetrics.errors import CalibrationError, UsageError
from bonemetrics.pipeline.calibrate import calibrate
from bonemetrics.quantities import Material
from bonemetrics.readers.ct import CtReading
from bonemetrics.records import CalibrationEntry, Phantom, Rod, RodReading, ScanHeader, ScannerConstants
from bonemetrics.segmentation.rods import RodSearch
from bonemetrics.study.protocol import Protocol
from bonemetrics.volume import CtVolume

# 8192, 0.2409, 1603.52, -391.21 give slope 0.2409 · 1603.52 / 1000 = 0.386288 and intercept 0.2409 · 1603.52 - 391.21.
SCANCO = ScannerConstants(
    manufacturer="SCANCO Medical", serial="3012", mu_scaling=8192.0, mu_water_per_cm=0.2409, density_slope=1603.52,
    density_intercept=-391.21,
)  # fmt: skip
PLAIN = ScannerConstants(manufacturer="Maker", serial="7")
NO_RODS = RodSearch(readings=(), truncated=0, figures={})
ENTRY = CalibrationEntry(
    scanner="7", date=date(2020, 1, 10), slope=0.8, intercept=-4.0, material=Material.HA, valid_days=30,
    covariance=((1e-6, 0.0), (0.0, 0.25)),
)  # fmt: skip
THREE = Phantom(
    name="Three", material=Material.HA,
    rods=tuple(Rod(name=str(d), density=float(d), density_uncertainty=0.5) for d in (0, 200, 500)),
)  # fmt: skip


def reading(grid, constants: ScannerConstants) -> CtReading:
    header = ScanHeader(study_uid="1.2", series_uid="1.3", scan_date=date(2020, 1, 20))
    volume = CtVolume(hu=np.zeros((4, 5, 6), np.float32), geometry=grid())
    return CtReading(volume=volume, constants=constants, header=header)


def rods(slope: float, intercept: float) -> RodSearch:
    """Rods of 0, 200 and 500 mg/cm³ as a scanner with density = slope · HU + intercept sees them."""
    readings = tuple(
        RodReading(
            centre_lps_mm=(20.0 * k, 0.0, 0.0), axis_lps=(0.0, 0.0, 1.0), diameter_mm=18.0,
            mean_hu=(density - intercept) / slope, sd_hu=10.0, standard_error_hu=0.3, n_voxels=900, n_slices=9,
        )
        for k, density in enumerate((0.0, 200.0, 500.0))
    )  # fmt: skip
    return RodSearch(readings=readings, truncated=0, figures={})


def test_calibrate__the_scanner_comes_first_and_an_agreeing_phantom_is_silent(grid):
    slope, intercept = 0.2409 * 1603.52 / 1000, 0.2409 * 1603.52 - 391.21
    used, notes = calibrate(reading(grid, SCANCO), rods(slope, intercept), Protocol(phantoms=(THREE,)))
    assert (used.method, used.slope, used.intercept) == ("scanner", pytest.approx(slope), pytest.approx(intercept))
    assert [problem.code for problem in notes] == ["calibration-uncertainty-unknown"]


def test_calibrate__a_phantom_that_disagrees_is_a_note(grid):
    used, notes = calibrate(reading(grid, SCANCO), rods(0.45, -5.0), Protocol(phantoms=(THREE,)))
    assert used.method == "scanner"
    assert "calibrations-disagree" in [problem.code for problem in notes]


def test_calibrate__a_phantom_comes_before_an_entry(grid):
    used, notes = calibrate(reading(grid, PLAIN), rods(0.8, -4.0), Protocol(phantoms=(THREE,), calibrations=(ENTRY,)))
    assert (used.method, used.slope) == ("phantom", pytest.approx(0.8, abs=1e-3))
    assert "calibrations-disagree" not in [problem.code for problem in notes]


def test_calibrate__an_entry_serves_where_there_is_nothing_else(grid):
    used, _ = calibrate(reading(grid, PLAIN), NO_RODS, Protocol(calibrations=(ENTRY,)))
    assert (used.method, used.slope, used.intercept) == ("asynchronous", 0.8, -4.0)


def test_calibrate__refused_scanner_constants_stay_known_when_a_phantom_steps_in(grid):
    defaults = SCANCO.model_copy(update={"mu_water_per_cm": 0.7033, "density_slope": 1.0, "density_intercept": 0.0})
    used, notes = calibrate(reading(grid, defaults), rods(0.8, -4.0), Protocol(phantoms=(THREE,)))
    assert used.method == "phantom"
    assert "scanner-constants-refused" in [problem.code for problem in notes]


def test_calibrate__without_any_way_the_scan_is_refused(grid):
    with pytest.raises(CalibrationError, match="no phantom") as refused:
        calibrate(reading(grid, PLAIN), NO_RODS, Protocol())
    assert refused.value.code == "no-calibration"


def test_calibrate__an_entry_of_another_scanner_is_refused_with_its_own_code(grid):
    other = ENTRY.model_copy(update={"scanner": "8"})
    with pytest.raises(CalibrationError) as refused:
        calibrate(reading(grid, PLAIN), NO_RODS, Protocol(calibrations=(other,)))
    assert refused.value.code == "calibration-other-scanner"


def test_calibrate__what_is_asked_for_is_used_or_refused_never_replaced(grid):
    protocol = Protocol(phantoms=(THREE,), calibrations=(ENTRY,))
    assert calibrate(reading(grid, SCANCO), rods(0.8, -4.0), protocol, "phantom")[0].method == "phantom"
    given, _ = calibrate(reading(grid, SCANCO), NO_RODS, protocol, "slope=0.7,intercept=1,material=HA")
    assert (given.method, given.slope, given.intercept) == ("given", 0.7, 1.0)
    with pytest.raises(CalibrationError):
        calibrate(reading(grid, PLAIN), NO_RODS, protocol, "scanner")
    with pytest.raises(CalibrationError):
        calibrate(reading(grid, SCANCO), NO_RODS, protocol, "phantom=Three")
    with pytest.raises(UsageError, match="slope=S"):
        calibrate(reading(grid, SCANCO), NO_RODS, protocol, "phntom")
