from __future__ import annotations

import math

import pytest

from bonemetrics.outcomes.wording import (
    change_text,
    count_of,
    decimals,
    interval,
    listed,
    number,
    plural,
    pretty_unit,
    with_unit,
)


@pytest.mark.parametrize(
    ("value", "places", "signed", "text"),
    [
        (-1.25, 1, False, "\u22121.2"),
        (1.26, 1, True, "+1.3"),
        (-0.04, 1, True, "0.0"),
        (0.0, 2, True, "0.00"),
        (None, 1, False, "–"),
        (math.nan, 1, False, "–"),
        (12345.6, 0, False, "12346"),
    ],
)
def test_number__has_a_true_minus_and_no_sign_at_zero(value, places, signed, text):
    assert number(value, places, signed=signed) == text


def test_interval__is_a_dash_where_an_end_is_missing():
    assert interval(-0.3, 2.7, 1, signed=True) == "\u22120.3 to +2.7"
    assert interval(None, 2.7, 1) == "–"


@pytest.mark.parametrize(
    ("values", "lsc", "places"),
    [
        ((110.2, 99.0), 3.1, 1),  # two digits of 3.1
        ((0.82, 0.91), 0.024, 3),  # two digits of 0.024
        ((800.5, 790.0), 15.0, 0),
        ((48.12, 52.0), None, 1),  # three digits of 52
        ((0.31, 0.279), None, 3),
        ((-2.7, -2.31), None, 2),
        ((3.0, 5.0, 0.0), None, 1),  # whole scores: one decimal for their means
        ((), None, 1),
        ((1e-9,), None, 4),
    ],
)
def test_decimals__follow_the_least_significant_change_or_three_digits(values, lsc, places):
    assert decimals(values, lsc) == places


def test_units__are_written_as_the_field_does():
    assert [pretty_unit(unit) for unit in ("mg/cm3", "1", "um3/um2/a", "nmol/L")] == [
        "mg/cm³",
        "",
        "µm³/µm²/year",
        "nmol/L",
    ]
    assert with_unit("3.1", "mg/cm³") == "3.1\u00a0mg/cm³"
    assert with_unit("3.1", "") == "3.1"
    assert with_unit("–", "mg/cm³") == "–"


def test_words__of_counts_and_lists():
    assert plural(1, "woman", "women") == "1 woman"
    assert plural(0, "note") == "0 notes"
    assert count_of(7, 10) == "7 of 10"
    assert count_of(0, 0) == "–"
    assert [listed(words) for words in ((), ("a",), ("a", "b"), ("a", "b", "c"))] == ["", "a", "a and b", "a, b and c"]
    assert change_text(105.0, 5.0, 1, "mg/cm³") == "105.0\u00a0mg/cm³ (+5.0)"
    assert change_text(105.0, None, 1, "") == "105.0"
