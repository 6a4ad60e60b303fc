"""From a scan with a phantom to densities: the line that made the scan comes back within its stated uncertainty."""

from __future__ import annotations

import numpy as np
import pytest

from bonemetrics.calibration.apply import to_density
from bonemetrics.calibration.phantom import from_phantom
from bonemetrics.errors import CalibrationError
from bonemetrics.quantities import Material
from bonemetrics.records import Phantom, Rod
from bonemetrics.segmentation.rods import find_rods
from tests.rod_scans import Cylinder, Scan

SLOPE, INTERCEPT = 0.78, -6.0


def phantom() -> Phantom:
    # Places along the phantom's own x, lopsided.
    rods = tuple(
        Rod(name=name, density=density, x_mm=x_mm, y_mm=0.0, diameter_mm=12.0)
        for name, density, x_mm in zip("abc", (400.0, 100.0, 800.0), (0.0, 19.0, 45.0), strict=True)
    )
    return Phantom(name="Three", material=Material.HA, rods=rods)


def scan(shift_mm: float = 0.0) -> Scan:
    slope = (0.1, 0.06)
    rods = tuple(
        Cylinder(
            row_mm=88.0,
            column_mm=28.0 + x_mm + shift_mm,
            diameter_mm=12.0,
            hu=(density - INTERCEPT) / SLOPE,
            slope=slope,
        )
        for density, x_mm in ((400.0, 0.0), (100.0, 19.0), (800.0, 45.0))
    )
    return Scan(
        shape=(40, 190, 230),
        spacing_mm=(0.9, 0.6, 0.5),
        rods=rods,
        bars=((88.0, 52.0 + shift_mm, 22.0, 78.0, 10.0), (108.0, 57.0, 6.0, 100.0, -150.0)),
        bar_slope=slope,
        arm=(42.0, 60.0, 26.0, 38.0),
        bones=((42.0, 45.0, 9.0), (40.0, 78.0, 5.5)),
        noise_hu=30.0,
        seed=4,
    )


def test_scan_to_density__comes_back_within_its_uncertainty():
    volume = scan().volume()
    search = find_rods(volume)
    found = from_phantom(search.readings, [phantom()], truncated=search.truncated)
    for density in (0.0, 150.0, 400.0, 900.0):
        hu = (density - INTERCEPT) / SLOPE
        off = found.slope * hu + found.intercept - density
        # Three standard uncertainties, of which each is below 4 mg/cm3 even beyond the last rod.
        assert abs(off) < 3.0 * found.uncertainty_at(density)
        assert found.uncertainty_at(density) < 4.0
    density_volume = to_density(volume, found)
    assert density_volume.material is Material.HA
    assert float(density_volume.mg_per_cm3[0, 0, :4].mean()) == pytest.approx(
        SLOPE * float(volume.hu[0, 0, :4].mean()) + INTERCEPT, abs=12.0
    )
    assert np.isfinite(density_volume.mg_per_cm3).all()


def test_scan_to_density__refuses_a_phantom_that_the_field_cuts():
    search = find_rods(scan(shift_mm=-26.0).volume())
    with pytest.raises(CalibrationError) as caught:
        from_phantom(search.readings, [phantom()], truncated=search.truncated)
    assert caught.value.code == "phantom-truncated"
