"""Differences as one computes them by hand."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bonemetrics.outcomes.changes import difference


@pytest.mark.parametrize(
    ("value", "base", "expected"),
    [
        (14.7, 17.5, -2.8),
        (0.35, 0.42, -0.07),
        (1e-9, 3e-9, -2e-9),
        (5e300, 2e300, 3e300),
        (0.0, 0.0, 0.0),
        (0.1, 0.0, 0.1),
    ],
)
def test_difference__by_hand(value, base, expected):
    assert difference(value, base) == expected


def test_difference__of_equal_values_is_zero_without_a_sign():
    assert repr(difference(0.1 + 0.2, 0.3)) == "0.0"
    assert repr(difference(0.3, 0.1 + 0.2)) == "0.0"


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_difference__is_the_exact_one_to_12_digits_of_the_larger_value(value, base):
    exact = Fraction(value) - Fraction(base)
    assert abs(Fraction(difference(value, base)) - exact) <= Fraction(1, 10**12) * max(
        abs(Fraction(value)), abs(Fraction(base))
    )
