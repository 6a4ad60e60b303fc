"""Stated slope and intercept, and the command line's text for them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bonemetrics.calibration.apply import density_slices, to_density
from bonemetrics.calibration.given import from_values, material_named, parse_calibration_option
from bonemetrics.errors import CalibrationError, UsageError
from bonemetrics.quantities import Material
from bonemetrics.records import Calibration
from bonemetrics.volume import CtVolume


def codes(calibration: Calibration) -> list[str]:
    return [problem.code for problem in calibration.notes]


def test_from_values__keeps_line_material_and_covariance():
    calibration = from_values(0.75, -3.5, "k2hpo4", covariance=[[1e-4, -2e-3], [-2e-3, 0.25]], source="certificate")
    assert (calibration.slope, calibration.intercept) == (0.75, -3.5)
    assert calibration.material is Material.K2HPO4
    assert calibration.covariance == ((1e-4, -2e-3), (-2e-3, 0.25))
    assert calibration.parameters == {"source": "certificate"}
    assert codes(calibration) == []


def test_from_values__notes_an_unknown_uncertainty():
    assert codes(from_values(0.75, -3.5, Material.HA)) == ["calibration-uncertainty-unknown"]


@pytest.mark.parametrize(("slope", "intercept"), [(1.0, 0.0), (0.75, -1000.0), (0.4, 180.0)])
def test_from_values__notes_what_puts_water_off_the_scale(slope, intercept):
    assert "calibration-implausible" in codes(from_values(slope, intercept, Material.HA))


@pytest.mark.parametrize(
    ("slope", "intercept", "material", "covariance"),
    [
        (0.0, 0.0, "HA", None),
        (-0.7, 0.0, "HA", None),
        (math.nan, 0.0, "HA", None),
        (0.7, math.inf, "HA", None),
        (0.7, 0.0, "HU", None),
        (0.7, 0.0, "HA", [[1.0, 0.0]]),
        (0.7, 0.0, "HA", [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]),
        (0.7, 0.0, "HA", [[1.0, 0.5], [0.4, 1.0]]),
        (0.7, 0.0, "HA", [[-1.0, 0.0], [0.0, 1.0]]),
        (0.7, 0.0, "HA", [[1.0, 0.0], [0.0, -1.0]]),
        (0.7, 0.0, "HA", [[1.0, 1.5], [1.5, 1.0]]),
        (0.7, 0.0, "HA", [[math.nan, 0.0], [0.0, 1.0]]),
    ],
)
def test_from_values__refuses_what_is_no_calibration(slope, intercept, material, covariance):
    with pytest.raises(CalibrationError) as caught:
        from_values(slope, intercept, material, covariance=covariance)
    assert caught.value.code == "invalid-calibration"


def test_material_named__knows_cha_as_ha():
    assert material_named(" CHA ") is Material.HA
    assert material_named("stratec") is Material.STRATEC


def test_parse__the_four_forms():
    assert parse_calibration_option("scanner").kind == "scanner"
    assert parse_calibration_option("phantom") == parse_calibration_option(" phantom ")
    named = parse_calibration_option("phantom=QRM-BDC 3-rod")
    assert (named.kind, named.phantom) == ("phantom", "QRM-BDC 3-rod")
    given = parse_calibration_option("slope=0.75, intercept=-3.5, material=HA")
    assert given.kind == "given"
    assert given.given is not None
    assert (given.given.slope, given.given.intercept, given.given.material) == (0.75, -3.5, Material.HA)
    assert given.given.parameters["source"] == "--calibration"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not understood"),
        ("scaner", "not understood"),
        ("phantom=", "not understood"),
        ("slope=0.75,intercept=1", "lacks material"),
        ("slope=0.75,intercept=,material=HA", "lacks intercept"),
        ("slope=0.75,offset=1,material=HA", "'offset' not understood"),
        ("slope=0.75,slope=0.8,intercept=1,material=HA", "twice"),
        ("slope=abc,intercept=1,material=HA", "no number"),
        ("slope=0.75,intercept=1,material=water", "unknown material"),
        ("slope=-0.75,intercept=1,material=HA", "slope above 0"),
        ("slope=nan,intercept=1,material=HA", "finite"),
    ],
)
def test_parse__says_what_it_did_not_understand(text, says):
    with pytest.raises(UsageError, match=says):
        parse_calibration_option(text)


def test_to_density__by_hand_without_clipping(grid):
    # 0.75 * (-1000, 0, 100) - 3.5 = -753.5, -3.5, 71.5
    hu = np.zeros((4, 5, 6), dtype=np.float32)
    hu[1, 2, 3], hu[3, 4, 5] = -1000.0, 100.0
    density = to_density(CtVolume(hu=hu, geometry=grid()), from_values(0.75, -3.5, "K2HPO4"))
    assert density.material is Material.K2HPO4
    assert density.mg_per_cm3.dtype == np.float32
    assert density.mg_per_cm3[1, 2, 3] == -753.5
    assert density.mg_per_cm3[0, 0, 0] == -3.5
    assert density.mg_per_cm3[3, 4, 5] == 71.5
    assert hu[1, 2, 3] == -1000.0


def test_density_slices__are_those_of_the_line_and_each_is_overwritten_by_the_next(grid):
    hu = np.arange(4 * 5 * 6, dtype=np.float32).reshape(4, 5, 6)
    volume = CtVolume(hu=hu, geometry=grid())
    line = Calibration(method="given", slope=0.8, intercept=-8.0, material=Material.HA)
    slices = density_slices(volume, line)
    # By hand: the first voxel of slice k has 30 k HU, so 24 k - 8 mg/cm³.
    assert [float(one[0, 0]) for one in slices] == [-8.0, 16.0, 40.0, 64.0]
    slices = density_slices(volume, line)
    assert next(slices) is next(slices)


def test_to_density__refuses_a_calibration_without_hu(grid):
    hu = np.zeros((4, 5, 6), dtype=np.float32)
    line = Calibration(method="scanner", slope=None, intercept=None, material=Material.HA)
    with pytest.raises(CalibrationError) as caught:
        to_density(CtVolume(hu=hu, geometry=grid()), line)
    assert caught.value.code == "no-hu"
