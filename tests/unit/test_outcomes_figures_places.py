"""Where names stand on figures, worked out by hand."""

from __future__ import annotations

import pytest

from bonemetrics.outcomes.figures.beside import beside
from bonemetrics.outcomes.figures.canvas import clamped, ends_of, shortened, starts_of
from bonemetrics.outcomes.figures.spread import spread
from bonemetrics.outcomes.figures.tiers import tiers


def test_tiers__names_that_would_meet_go_up():
    # 10 wide at 0 and 12: from -5 to 5 and from 7 to 17, 2 apart. At 20: from 15, which meets the second.
    assert tiers([0, 12, 20], [10, 10, 10], apart=2) == [0, 0, 1]
    assert tiers([0, 11, 20], [10, 10, 10], apart=2) == [0, 1, 0]


def test_tiers__keeps_the_order_of_what_was_given():
    assert tiers([20, 0, 12], [10, 10, 10], apart=2) == [1, 0, 0]
    assert tiers([3, 3, 3], [1, 1, 1], apart=0) == [0, 1, 2]
    assert tiers([], [], apart=1) == []


def test_spread__moves_as_little_as_it_takes():
    # Two at 4 and 5, 2 apart, about their middle 4.5; the third is far.
    assert spread([4.0, 9.0, 5.0], 2.0, 0.0, 10.0) == pytest.approx([3.5, 9.0, 5.5])


def test_spread__stays_inside():
    assert spread([0.0, 0.0], 2.0, 0.0, 10.0) == pytest.approx([0.0, 2.0])
    assert spread([10.0, 10.0], 2.0, 0.0, 10.0) == pytest.approx([8.0, 10.0])


def test_spread__too_many_for_the_room_stand_closer():
    found = spread([5.0] * 5, 4.0, 0.0, 10.0)
    assert found == pytest.approx([1.0, 3.0, 5.0, 7.0, 9.0])


def test_beside__right_of_its_point_where_that_is_free():
    # Size 4: the gap is 3, and half of the width 10 is 5.
    assert beside([(20.0, 20.0)], [10.0], [], 4.0, (100.0, 100.0)) == [(28.0, 20.0)]


def test_beside__left_where_a_point_is_in_the_way_or_the_edge_is():
    assert beside([(20.0, 20.0)], [10.0], [(28.0, 20.0)], 4.0, (100.0, 100.0)) == [(12.0, 20.0)]
    assert beside([(95.0, 20.0)], [10.0], [], 4.0, (100.0, 100.0)) == [(87.0, 20.0)]


def test_beside__two_names_at_one_point_keep_apart():
    (ax, ay), (bx, by) = beside([(50.0, 50.0), (50.0, 50.0)], [10.0, 10.0], [], 4.0, (100.0, 100.0))
    assert abs(ax - bx) >= 10.0 or abs(ay - by) >= 4.0


def test_beside__without_a_free_place_takes_the_least_cover():
    crowd = [(x / 2, y / 2) for x in range(200) for y in range(200)]
    (place,) = beside([(50.0, 50.0)], [10.0], crowd, 4.0, (100.0, 100.0))
    assert 5.0 <= place[0] <= 95.0


def test_shortened__says_that_it_cut():
    assert shortened("Serum P1NP", 10) == "Serum P1NP"
    assert shortened("Serum P1NP in fasting blood", 10) == "Serum P1N…"
    assert shortened("Serum P1NP", 7) == "Serum…"


def test_ends_of__cuts_what_all_share_and_nothing_that_tells_apart():
    assert ends_of(["W-01", "W-02"], 6) == {"W-01": "W-01", "W-02": "W-02"}
    assert ends_of(["TRIAL-W-01", "TRIAL-W-02"], 6) == {"TRIAL-W-01": "…-W-01", "TRIAL-W-02": "…-W-02"}
    # The ends are the same, the beginnings are not; and where either are, both together tell them apart.
    assert ends_of(["AAAA-W-01", "BBBB-W-01"], 6) == {"AAAA-W-01": "AAAA-…", "BBBB-W-01": "BBBB-…"}
    three = ["AAAA-W-01", "BBBB-W-01", "AAAA-W-02"]
    assert ends_of(three, 6) == {"AAAA-W-01": "AAA…01", "BBBB-W-01": "BBB…01", "AAAA-W-02": "AAA…02"}
    # What all begin and end with is left out on both sides: of six letters four are from before "-ZZZZ".
    assert ends_of(["AAAA-W-01-ZZZZ", "AAAA-W-02-ZZZZ"], 6) == {
        "AAAA-W-01-ZZZZ": "…W-01…",
        "AAAA-W-02-ZZZZ": "…W-02…",
    }
    same = ["AAA1-----AAAAA-----AAA1", "AAA1-----BAAAA-----AAA1", "AAA1-----AAAAA-----AAA2"]
    assert ends_of(same, 6) == dict(zip(same, same, strict=True))


def test_starts_of__keeps_the_beginning_unless_only_the_end_tells_apart():
    visits = ["Screening visit", "Treatment", "Month 6"]
    assert starts_of(visits, 10) == {"Screening visit": "Screening…", "Treatment": "Treatment", "Month 6": "Month 6"}
    assert starts_of(["Follow-up month 4", "Follow-up month 6"], 9) == {
        "Follow-up month 4": "… month 4",
        "Follow-up month 6": "… month 6",
    }


def test_clamped__keeps_a_name_on_the_figure():
    # 10 wide in a room from 0 to 100: its middle stands between 5 and 95.
    assert [clamped(at, 10, 0, 100) for at in (-3, 5, 50, 99)] == [5, 5, 50, 95]
    assert clamped(3, 120, 0, 100) == 50
