"""Numbers, regions and units as files write them."""

from __future__ import annotations

import pytest

from bonemetrics.anatomy import HIP, SPINE, WHOLE_BODY
from bonemetrics.readers.dxa.numbers import decimal_mark, number_with
from bonemetrics.readers.dxa.region_names import place_of
from bonemetrics.readers.dxa.unit_words import ucum


@pytest.mark.parametrize(
    ("texts", "small", "mark"),
    [
        (["0.812"], [], "."),
        (["12,5", "1.234"], [], ","),
        (["1,234.5"], [], "."),
        (["1.234", "2,345"], [], ""),
        (["1.234"], ["1.234"], "."),
        (["0.8", "0,8"], [], ""),
        (["1234.567"], [], "."),
        (["", "x", "7"], [], ""),
    ],
)
def test_decimal_mark__is_told_by_what_no_group_of_thousands_can_be(texts, small, mark):
    assert decimal_mark(texts, small=small) == mark


@pytest.mark.parametrize(
    ("text", "mark", "value"),
    [
        ("1.234", ".", 1.234),
        ("1.234", ",", 1234.0),
        ("1.234", "", None),
        ("0,812", ".", None),
        ("-2'345,6", ",", -2345.6),
        ("1\u00a0234,5", ",", 1234.5),
        ("1,23,4.5", ".", None),
        ("12.5", "", 12.5),
        ("7", "", 7.0),
        ("1.234.567", ".", None),
        ("abc", ".", None),
    ],
)
def test_number_with__reads_by_the_mark_of_the_document(text, mark, value):
    found = number_with(text, mark)
    assert (found.value if found else None) == value


@pytest.mark.parametrize(
    ("printed", "site", "region", "side"),
    [
        ("L Spine", WHOLE_BODY, "body-lumbar-spine", None),
        ("T Spine", WHOLE_BODY, "thoracic-spine", None),
        ("L Arm", WHOLE_BODY, "arm", "left"),
        ("Total Left", WHOLE_BODY, "whole-body", "left"),
        ("TBLH", WHOLE_BODY, "subtotal", None),
        ("Total Femur", HIP, "total-hip", None),
    ],
)
def test_place_of__does_not_take_a_letter_or_a_half_for_something_else(printed, site, region, side):
    place = place_of(printed, site)
    assert place is not None
    assert (place.region, place.side) == (region, side)


def test_place_of__does_not_guess_what_levels_in_brackets_mean():
    assert place_of("L1-L4 (L3)", SPINE) is None


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("g/cm²", "g/cm2"),
        (" g / cm^2", "g/cm2"),
        ("MG/CM2", "mg/cm2"),
        ("lbs", "[lb_av]"),
        ("sq. in.", "[in_i]2"),
        ("{T-Score}", "1"),
    ],
)
def test_ucum__knows_the_spellings_of_reports(text, unit):
    assert ucum(text) == unit


@pytest.mark.parametrize("text", ["", "stone", "g/cm-2", "g/cm3"])
def test_ucum__knows_no_unit_where_none_is_meant(text):
    assert ucum(text) is None
