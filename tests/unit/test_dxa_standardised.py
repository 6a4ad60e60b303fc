from __future__ import annotations

import pytest
from pydantic import ValidationError

from bonemetrics.dxa.standardised import genant_spine, hui_spine, make_of, standardised_hip
from bonemetrics.errors import DxaError
from bonemetrics.records import DxaDevice


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        ("hologic", 967.64),  # 1.0550 (0.900 - 0.972) + 1.0436 = -0.07596 + 1.0436 g/cm²
        ("lunar", 849.94),  # 0.9683 (0.900 - 1.100) + 1.0436 = -0.19366 + 1.0436
        ("norland", 976.3733),  # 0.9743 (0.900 - 0.969) + 1.0436 = -0.0672267 + 1.0436
    ],
)
def test_hui_spine__by_hand(make, expected):
    found = hui_spine(0.900, make=make)
    assert found.value == pytest.approx(expected, abs=1e-9)
    assert found.unit == "mg/cm2"


def test_hui_spine__the_means_of_the_makes_meet():
    # 0.972, 1.100 and 0.969 g/cm² are the same patients on three makes.
    same = [("hologic", 0.972), ("lunar", 1.100), ("norland", 0.969)]
    assert [hui_spine(bmd, make=make).value for make, bmd in same] == pytest.approx([1043.6] * 3)


@pytest.mark.parametrize(
    ("region", "make", "expected"),
    [
        ("neck", "hologic", 779.9),  # 19 + 1087 × 0.7 = 19 + 760.9
        ("neck", "lunar", 634.3),  # -23 + 657.3
        ("neck", "norland", 695.5),  # 6 + 689.5
        ("trochanter", "hologic", 756.5),  # -17 + 773.5
        ("trochanter", "lunar", 622.3),  # -42 + 664.3
        ("trochanter", "norland", 729.7),  # 57 + 672.7
        ("total-hip", "hologic", 711.6),  # 6 + 705.6
        ("total-hip", "lunar", 654.3),  # -31 + 685.3
        ("total-hip", "norland", 734.4),  # 26 + 708.4
    ],
)
def test_standardised_hip__by_hand_for_a_bmd_of_0700(region, make, expected):
    assert standardised_hip(0.700, make=make, region=region).value == pytest.approx(expected, abs=1e-9)


def test_standardised_hip__refuses_wards_triangle():
    with pytest.raises(DxaError, match="wards") as refused:
        standardised_hip(0.5, make="lunar", region="wards")
    assert refused.value.code == "constant-not-given"


def test_genant_spine__norland_by_hand():
    # 1076.1 × 0.850
    assert genant_spine(0.850, make="norland", region="L2-L4").value == pytest.approx(914.685, abs=1e-9)


@pytest.mark.parametrize("make", ["hologic", "lunar"])
def test_genant_spine__asks_for_digits_nobody_checked(make):
    with pytest.raises(DxaError, match="state it") as refused:
        genant_spine(0.850, make=make, region="L2-L4")
    assert refused.value.code == "constant-not-given"
    stated = genant_spine(0.850, make=make, region="L2-L4", factor=1000.0)
    assert stated.value == pytest.approx(850.0)
    assert "stated by the caller" in stated.equation


def test_genant_spine__is_for_l2_to_l4():
    with pytest.raises(DxaError, match="L2-L4"):
        genant_spine(0.850, make="norland", region="L1-L4")


def test_every_result__says_what_it_is_not_for():
    for found in (hui_spine(1.0, make="lunar"), genant_spine(1.0, make="norland", region="L2-L4")):
        assert "never for following one person" in found.note


def test_no_number__no_result():
    with pytest.raises(ValidationError):
        hui_spine(float("nan"), make="hologic")


@pytest.mark.parametrize(
    ("manufacturer", "model", "make"),
    [
        ("HOLOGIC, Inc.", "Horizon W", "hologic"),
        ("GE MEDICAL SYSTEMS", "Prodigy", "lunar"),
        ("", "Lunar iDXA", "lunar"),
        ("Norland, a CooperSurgical Company", "", "norland"),
        ("DMS", "Stratos", None),
        ("Hologic", "reading of a Lunar phantom", None),
    ],
)
def test_make_of__only_where_it_is_told(manufacturer, model, make):
    assert make_of(DxaDevice(manufacturer=manufacturer, model=model)) == make
