"""Bias and limits of agreement by hand, and where there are none."""

from __future__ import annotations

import math

import pytest

from bonemetrics.errors import AgreementError
from bonemetrics.review.bland_altman import bland_altman

# Differences 1, 2, 3, 6: mean 3, squares 4 + 1 + 0 + 9 = 14, SD sqrt(14/3).
PAIRS = [(100.0, 101.0), (120.0, 122.0), (150.0, 153.0), (200.0, 206.0)]
# Student's t and its printed tables: 0.975 with 3 and 2 degrees of freedom.
T3, T2 = 3.18245, 4.30265


def test_bland_altman__bias_and_limits_by_hand():
    found = bland_altman(PAIRS)
    sd = math.sqrt(14 / 3)
    assert found.n == 4
    assert found.differences == (1.0, 2.0, 3.0, 6.0)
    assert found.means == (100.5, 121.0, 151.5, 203.0)
    assert found.bias == pytest.approx(3.0)
    assert found.sd == pytest.approx(sd)
    assert found.bias_interval == pytest.approx((3 - T3 * sd / 2, 3 + T3 * sd / 2), rel=1e-5)
    assert (found.lower, found.upper) == pytest.approx((3 - 1.96 * sd, 3 + 1.96 * sd))


def test_bland_altman__intervals_of_the_limits_hold_them_and_mirror_each_other():
    found = bland_altman(PAIRS)
    assert found.lower_interval[0] < found.lower < found.lower_interval[1]
    assert found.upper_interval[0] < found.upper < found.upper_interval[1]
    assert [found.bias - end for end in found.lower_interval] == pytest.approx(
        [end - found.bias for end in reversed(found.upper_interval)]
    )


def test_bland_altman__proportional_bias_by_hand():
    # Means 1, 2, 3, 4 (mean 2.5) and differences 0, 1, 1, 2 (mean 1): Sxy = 1.5 + 0 + 0 + 1.5 = 3, Sxx = 5, slope 0.6.
    # Residuals of 1 + 0.6 (x - 2.5): -0.1, 0.3, -0.3, 0.1; squares 0.2; SE = sqrt(0.2/2/5) = sqrt(0.02).
    found = bland_altman([(1.0, 1.0), (1.5, 2.5), (2.5, 3.5), (3.0, 5.0)])
    assert found.slope == pytest.approx(0.6)
    assert found.slope_interval == pytest.approx((0.6 - T2 * math.sqrt(0.02), 0.6 + T2 * math.sqrt(0.02)), abs=2e-6)


def test_bland_altman__points_on_one_line_give_no_interval_of_the_slope():
    # Differences 1, 2, 3, 4 at means 10, 12, 14, 16.
    found = bland_altman([(9.5, 10.5), (11.0, 13.0), (12.5, 15.5), (14.0, 18.0)])
    assert found.slope == pytest.approx(0.5)
    assert found.slope_interval is None


def test_bland_altman__two_pairs_have_a_bias_but_no_limits():
    found = bland_altman(PAIRS[:2])
    # Differences 1 and 2: SD sqrt(0.5), t with one degree of freedom 12.706.
    assert found.bias == pytest.approx(1.5)
    assert found.bias_interval == pytest.approx((1.5 - 12.7062 * 0.5, 1.5 + 12.7062 * 0.5), rel=1e-5)
    assert (found.lower, found.upper, found.lower_interval, found.upper_interval) == (None,) * 4
    assert (found.slope, found.slope_interval) == (None, None)


def test_bland_altman__one_pair_has_a_bias_alone():
    found = bland_altman(PAIRS[:1])
    assert (found.n, found.bias) == (1, 1.0)
    assert (found.sd, found.bias_interval, found.lower, found.upper) == (None,) * 4


def test_bland_altman__no_pair_has_nothing():
    found = bland_altman([])
    assert (found.n, found.bias, found.sd, found.slope, found.means) == (0, None, None, None, ())


@pytest.mark.parametrize("shift", [0.0, 0.1])
def test_bland_altman__of_copies_has_no_limits_and_no_slope(shift):
    # 0.1 more each: the differences are the same but for the rounding of the values.
    found = bland_altman([(one, one + shift) for one in (101.3, 155.7, 190.9, 233.1)])
    assert found.bias == pytest.approx(shift)
    assert (found.bias_interval, found.lower, found.upper, found.lower_interval, found.upper_interval) == (None,) * 5
    assert (found.slope, found.slope_interval) == (None, None)


def test_bland_altman__has_no_slope_where_no_mean_varies():
    found = bland_altman([(10.0, 12.0), (9.0, 13.0), (11.0, 11.0)])
    assert (found.slope, found.slope_interval) == (None, None)
    assert found.lower is not None


def test_bland_altman__keeps_zero_and_negative_values():
    found = bland_altman([(0.0, 0.0), (-5.0, -4.0), (3.0, 5.0)])
    assert found.n == 3
    assert found.bias == pytest.approx(1.0)


@pytest.mark.parametrize("wrong", [float("nan"), float("inf")])
def test_bland_altman__refuses_what_is_no_number(wrong):
    with pytest.raises(AgreementError) as caught:
        bland_altman([*PAIRS, (1.0, wrong)])
    assert caught.value.code == "invalid-readings"


@pytest.mark.parametrize("confidence", [0.0, 1.0, 95.0])
def test_bland_altman__refuses_an_impossible_confidence(confidence):
    with pytest.raises(AgreementError, match="confidence"):
        bland_altman(PAIRS, confidence=confidence)
