"""Whether two calibrations of one scan agree, and conversion between materials."""

from __future__ import annotations

import math

import pytest

from bonemetrics.calibration.choose import agreement
from bonemetrics.calibration.convert import CONVERSIONS, convert
from bonemetrics.calibration.given import from_values
from bonemetrics.errors import CalibrationError
from bonemetrics.quantities import Material
from bonemetrics.records import Calibration

NONE = ((0.0, 0.0), (0.0, 0.0))


def line(slope, intercept, material="HA", covariance=NONE):
    return from_values(slope, intercept, material, covariance=covariance)


def test_agreement__two_equal_lines_agree():
    assert agreement(line(0.8, -8.0), line(0.8, -8.0)) is None


def test_agreement__rounding_is_no_disagreement():
    # At 1000 mg/cm3 the HU are 1260, so 0.0007 more slope is 0.88 mg/cm3: below 1.
    assert agreement(line(0.8, -8.0), line(0.8007, -8.0)) is None


def test_agreement__says_where_and_by_how_much_they_differ():
    # At 1000 mg/cm3 the HU are 1260: 0.82 * 1260 - 8 = 1025.2.
    found = agreement(line(0.8, -8.0), line(0.82, -8.0))
    assert found is not None
    assert found.code == "calibrations-disagree"
    assert "at 1000 mg HA/cm3" in found.message
    assert "+25.2 mg/cm3" in found.message


@pytest.mark.parametrize(("sd_slope", "agrees"), [(0.0102, False), (0.0103, True)])
def test_agreement__the_combined_uncertainty_decides(sd_slope, agrees):
    # 0.02 of slope against 1.96 times the standard uncertainty: the limit is 0.02 / 1.96 = 0.010204.
    other = line(0.82, -8.0, covariance=((sd_slope**2, 0.0), (0.0, 0.0)))
    assert (agreement(line(0.8, -8.0), other) is None) is agrees


def test_agreement__different_materials_cannot_be_compared():
    found = agreement(line(0.8, -8.0), line(0.8, -8.0, "K2HPO4"))
    assert found is not None
    assert found.code == "calibrations-not-comparable"


def test_agreement__has_nothing_to_say_without_hu():
    none = Calibration(method="scanner", slope=None, intercept=None, material=Material.HA)
    assert agreement(none, line(0.8, -8.0)) is None
    assert agreement(line(0.8, -8.0), none) is None


def test_convert__by_the_published_ratio_at_80_kvp():
    # K2HPO4 = 0.86 HA: slope 0.5 -> 0.43, intercept 10 -> 8.6; variance of the intercept 0.25 * 0.7396 + 2².
    start = line(0.5, 10.0, covariance=((1e-4, 1e-3), (1e-3, 0.25)))
    found = convert(start, Material.K2HPO4, method="goodsitt-1992-80kvp", kvp=80.0)
    assert found.slope == pytest.approx(0.43, rel=1e-12)
    assert found.intercept == pytest.approx(8.6, rel=1e-12)
    assert found.material is Material.K2HPO4
    assert found.covariance[0] == pytest.approx((0.7396e-4, 0.7396e-3), rel=1e-9)
    assert found.covariance[1] == pytest.approx((0.7396e-3, 4.1849), rel=1e-9)
    assert [problem.code for problem in found.notes] == ["material-converted"]
    assert found.parameters["conversion"]["method"] == "goodsitt-1992-80kvp"
    assert start.material is Material.HA


def test_convert__there_and_back_is_the_start():
    there = convert(line(0.5, 10.0), Material.K2HPO4, method="goodsitt-1992-140kvp", kvp=140.0)
    back = convert(there, Material.HA, method="goodsitt-1992-140kvp", kvp=140.0)
    assert there.slope == pytest.approx(0.405, rel=1e-12)
    assert math.isclose(back.slope, 0.5)
    assert math.isclose(back.intercept, 10.0)


@pytest.mark.parametrize(
    ("material", "target", "method", "kvp", "code"),
    [
        ("HA", Material.K2HPO4, "goodsitt-1992-80kvp", 120.0, "calibration-other-kvp"),
        ("HA", Material.K2HPO4, "goodsitt-1992-80kvp", None, "calibration-other-kvp"),
        ("HA", Material.K2HPO4, "by-feel", 80.0, "unknown-conversion"),
        ("HA", Material.HA, "goodsitt-1992-80kvp", 80.0, "unknown-conversion"),
        ("Stratec", Material.HA, "goodsitt-1992-80kvp", 80.0, "unknown-conversion"),
    ],
)
def test_convert__refuses_what_its_source_does_not_cover(material, target, method, kvp, code):
    with pytest.raises(CalibrationError) as caught:
        convert(line(0.5, 10.0, material), target, method=method, kvp=kvp)
    assert caught.value.code == code


def test_convert__refuses_a_calibration_without_hu():
    none = Calibration(method="scanner", slope=None, intercept=None, material=Material.HA)
    with pytest.raises(CalibrationError) as caught:
        convert(none, Material.K2HPO4, method="goodsitt-1992-80kvp", kvp=80.0)
    assert caught.value.code == "no-hu"


def test_conversions__none_touches_the_stratec_scale_and_each_has_a_source():
    for (_, source, target), conversion in CONVERSIONS.items():
        assert Material.STRATEC not in (source, target)
        assert "Bone Miner 19:145" in conversion.citation
