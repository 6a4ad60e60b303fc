"""Active time: what counts between two signs of life, and what is a pause."""

from __future__ import annotations

import pytest

from bonemetrics.review.active_time import ActiveTime
from tests.review_cases import Clock


def test_active_time__sums_intervals_and_leaves_pauses_out():
    clock = Clock()
    active = ActiveTime(clock)
    # Ticks at 0, 5, 34.9 (29.9 s later), 64.9 (30 s: a pause), 67 s: 5 + 29.9 + 2.1 = 37 s.
    for at in (0.0, 5.0, 34.9, 64.9, 67.0):
        clock.seconds = at
        active.tick()
    assert active.total_s == pytest.approx(37.0, abs=1e-9)


def test_active_time__takes_another_length_of_a_pause():
    clock = Clock()
    active = ActiveTime(clock, idle_after_s=4.0)
    for at in (0.0, 3.0, 8.0):
        clock.seconds = at
        active.tick()
    assert active.total_s == 3.0


def test_active_time__does_not_count_until_the_next_tick_after_a_pause():
    clock = Clock()
    active = ActiveTime(clock)
    active.tick()
    clock.seconds = 7.0
    active.tick()
    active.pause()
    clock.seconds = 12.0
    active.tick()
    clock.seconds = 14.0
    active.tick()
    assert active.total_s == 9.0


def test_active_time__goes_on_from_a_draft_and_begins_anew_after_a_verdict():
    clock = Clock()
    active = ActiveTime(clock, total_s=100.0)
    active.tick()
    clock.seconds = 6.0
    active.tick()
    assert active.total_s == 106.0
    active.restart()
    assert active.total_s == 0.0
    clock.seconds = 8.0
    active.tick()
    assert active.total_s == 0.0


def test_active_time__never_shrinks_when_the_clock_is_set_back():
    clock = Clock(seconds=50.0)
    active = ActiveTime(clock, total_s=3.0)
    active.tick()
    clock.seconds = 20.0
    active.tick()
    clock.seconds = 22.0
    active.tick()
    assert active.total_s == 5.0


@pytest.mark.parametrize("told", [{"idle_after_s": 0.0}, {"total_s": -1.0}, {"total_s": float("inf")}])
def test_active_time__refuses_impossible_times(told):
    with pytest.raises(ValueError, match="not possible"):
        ActiveTime(Clock(), **told)
