"""Summaries, intervals, responders, labels and limits, with numbers by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bonemetrics.outcomes.analysis.intervals import median_interval, proportion_interval, rate_interval, t_interval
from bonemetrics.outcomes.analysis.labels import STATES, label_counts
from bonemetrics.outcomes.analysis.limits import limited_means
from bonemetrics.outcomes.analysis.responders import responders
from bonemetrics.outcomes.analysis.select import Selection, groups
from bonemetrics.outcomes.analysis.summaries import summarise, visit_summaries
from tests.outcome_datasets import MISSED, WOMEN, trial_dataset, trial_value
from tests.report_cases import small_dataset


def test_t_interval__by_hand():
    # Mean 5, SD 2 (n - 1), n = 4: 5 ± 3.182446 × 2/2; the quantile is that of Student's t with 3 degrees of freedom.
    values = [5 - 3**0.5, 5 + 3**0.5, 5 - 3**0.5, 5 + 3**0.5]
    assert t_interval(values) == pytest.approx((5 - 3.182446, 5 + 3.182446), abs=1e-5)


@pytest.mark.parametrize("values", [[], [3.0], [3.0, 3.0], [0.2, 0.1 + 0.1, 0.3 - 0.1]])
def test_t_interval__none_where_no_spread_is_known(values):
    assert t_interval(values) is None


def test_median_interval__needs_six():
    # 1 - 2/2^5 = 93.75 % is too little, 1 - 2/2^6 = 96.9 % is enough.
    assert median_interval([4.0, 1.0, 3.0, 2.0, 5.0]) is None
    assert median_interval([4.0, 1.0, 9.0, 2.0, 5.0, 3.0]) == (1.0, 9.0)


def test_median_interval__of_ten_are_the_second_and_the_ninth():
    # 1 - 2 (1 + 10)/2^10 = 97.9 %; the third and the eighth would cover 89.1 %.
    assert median_interval([10.0, 1.0, 7.0, 3.0, 5.0, 2.0, 6.0, 4.0, 9.0, 8.0]) == (2.0, 9.0)


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    # 1 - 0.025^(1/10); Clopper and Pearson's table for 3 of 7; 1 of 1: 0.025.
    [(0, 10, 0.0, 0.308497), (10, 10, 0.691503, 1.0), (3, 7, 0.098988, 0.815948), (1, 1, 0.025, 1.0)],
)
def test_proportion_interval__by_tables(part, whole, low, high):
    assert proportion_interval(part, whole) == pytest.approx((low, high), abs=2e-6)


def test_proportion_interval__of_nobody():
    assert proportion_interval(0, 0) is None


@pytest.mark.parametrize(
    ("events", "time", "low", "high"),
    # Garwood 1936, limits of the mean of a Poisson count: 0 to -ln 0.025 = 3.68888 for none, 0.61867 to 8.76727 for 3,
    # 4.79539 to 18.39036 for 10; divided by the time.
    [(0, 1.0, 0.0, 3.68888), (3, 1.0, 0.61867, 8.76727), (3, 4.0, 0.154668, 2.191818), (10, 2.0, 2.397695, 9.19518)],
)
def test_rate_interval__by_tables(events, time, low, high):
    assert rate_interval(events, time) == pytest.approx((low, high), abs=6e-6)


def test_rate_interval__of_nobody_observed():
    assert rate_interval(0, 0.0) is None


def test_summarise__by_hand_and_without_missing_ones():
    found = summarise([2.0, None, 9.0, 4.0])
    assert (found.n, found.mean, found.median, found.minimum, found.maximum) == (3, 5.0, 4.0, 2.0, 9.0)
    # Deviations -3, 4, -1: 26/2.
    assert found.sd == pytest.approx(13**0.5)
    empty = summarise([None])
    assert (empty.n, empty.mean, empty.sd, empty.median, empty.mean_interval) == (0, None, None, None, None)
    assert summarise([4.0]).sd is None


def test_groups__all_women_only_where_there_are_several_cohorts():
    assert [(one.label, len(one.women)) for one in groups(trial_dataset())] == [("2M", 4), ("5M", 6), ("All", 10)]
    dataset = small_dataset()
    people = tuple(replace(one, cohort="LOW") for one in dataset.gathered.participants)
    one_cohort = replace(dataset, gathered=replace(dataset.gathered, participants=people))
    assert [(one.label, len(one.women)) for one in groups(one_cohort)] == [("LOW", 3)]


def test_visit_summaries__count_whom_they_should():
    found = {(one.group.label, one.visit): one for one in visit_summaries(Selection(trial_dataset()), "RADTBD")}
    counts = {key: one.values.n for key, one in found.items()}
    assert counts["All", "Baseline"] == 10
    # W-07 left after month 6, W-10 after month 12, W-05 missed month 12.
    assert (counts["5M", "Month 6"], counts["5M", "Month 12"], counts["5M", "Month 24"]) == (6, 4, 4)
    changes = [
        trial_value("RADTBD", who, 12) - trial_value("RADTBD", who, 0)
        for who, cohort in WOMEN.items()
        if cohort == "5M" and who not in (MISSED[0], "W-07")
    ]
    assert found["5M", "Month 12"].changes.mean == pytest.approx(sum(changes) / 4)
    assert found["5M", "Baseline"].changes.n == 0


def test_visit_summaries__results_below_a_limit_are_counted_apart():
    every = visit_summaries(Selection(trial_dataset()), "RANKL")
    (base,) = [one for one in every if (one.group.label, one.visit) == ("All", "Baseline")]
    below = [who for who in WOMEN if trial_value("RANKL", who, 0) < 0.12]
    assert below
    assert (base.values.n, base.n_limits) == (10 - len(below), len(below))


def limited(dataset, *places):
    """P1NP at these women and visits known only as `<9`, and what followed from it gone."""
    base = {who for who, visit in places if visit == "Baseline"}
    rows = []
    for row in dataset.rows:
        if row.paramcd == "P1NP" and (row.subject, row.visit) in places:
            row = replace(row, value=None, text="<9", is_baseline=False)
        if row.paramcd == "P1NP" and ((row.subject, row.visit) in places or row.subject in base):
            row = replace(row, base=None, change=None, percent_change=None)
        rows.append(row)
    return replace(dataset, rows=tuple(rows))


def test_visit_summaries__changes_that_a_limit_hides_are_counted():
    # W-01 is below the limit at month 12, W-02 at baseline; W-03 has no P1NP at all.
    made = limited(small_dataset(), ("W-01", "Month 12"), ("W-02", "Baseline"))
    found = {(one.group.label, one.visit): one for one in visit_summaries(Selection(made), "P1NP")}
    counts = {key: (one.changes.n, one.n_hidden_changes, one.n_limits) for key, one in found.items()}
    assert counts == {
        ("LOW", "Baseline"): (0, 0, 0),
        ("LOW", "Month 12"): (0, 1, 1),
        ("HIGH", "Baseline"): (0, 0, 1),
        ("HIGH", "Month 12"): (0, 1, 0),
        ("All", "Baseline"): (0, 0, 1),
        ("All", "Month 12"): (0, 2, 1),
    }
    assert Selection(made).change_visits("P1NP") == ("Month 12",)
    assert Selection(made).follow_up("P1NP") == ()


def test_visit_summaries__a_cohort_without_values_stands_with_none():
    dataset = small_dataset()
    rows = tuple(row for row in dataset.rows if row.cohort == "LOW")
    selection = Selection(replace(dataset, rows=rows))
    found = {(one.group.label, one.visit): one.values.n for one in visit_summaries(selection, "RADTBD")}
    assert found["HIGH", "Month 12"] == 0
    # All women would repeat the low cohort, so they are not shown.
    assert [one.label for one in selection.groups("RADTBD")] == ["LOW", "HIGH"]
    assert [one.label for one in Selection(dataset).groups("RADTBD")] == ["LOW", "HIGH", "All"]


def test_responders__a_cohort_of_which_nothing_can_be_told_has_none_of_none():
    dataset = small_dataset()
    rows = tuple(row for row in dataset.rows if row.cohort == "LOW")
    found = responders(Selection(replace(dataset, rows=rows)), "RADTBD")
    either = [one for one in found if one.criterion == "at least LSC, either way"]
    assert [(one.group.label, one.part, one.whole) for one in either] == [("LOW", 1, 1), ("HIGH", 0, 0)]
    assert either[1].interval is None


def test_scores_have_no_per_cent_change():
    found = visit_summaries(Selection(trial_dataset()), "LSBMDT")
    assert {one.percent_changes.n for one in found} == {0}
    assert max(one.changes.n for one in found) == 10


def test_responders__both_ways_and_towards_benefit():
    selection = Selection(trial_dataset())
    found = {(one.criterion, one.group.label, one.visit): one for one in responders(selection, "RADTBD")}
    moved = {
        who: trial_value("RADTBD", who, 24) - trial_value("RADTBD", who, 0)
        for who in WOMEN
        if who not in ("W-07", "W-10")
    }
    either = found["at least LSC, either way", "All", "Month 24"]
    towards = found["at least LSC, towards benefit", "All", "Month 24"]
    assert (either.part, either.whole) == (sum(abs(one) >= 3.1 for one in moved.values()), 8)
    assert (towards.part, towards.whole) == (sum(one >= 3.1 for one in moved.values()), 8)
    assert either.part > towards.part > 0


def test_responders__without_a_least_significant_change_nobody_is_counted():
    assert responders(Selection(trial_dataset()), "VASPAIN") == ()


@pytest.mark.parametrize(("benefit", "expected"), [("up", (1, 2)), ("down", (1, 2))])
def test_responders__the_per_cent_of_the_protocol(benefit, expected):
    # W-01 goes from 40 to 52 (+30 %), W-02 from 60 to 54 (-10 %).
    dataset = small_dataset()
    protocol = dataset.gathered.protocol
    parameters = tuple(
        one.model_copy(update={"benefit": benefit}) if one.paramcd == "P1NP" else one for one in protocol.parameters
    )
    rules = protocol.analysis.model_copy(update={"responder_percent": 10.0})
    protocol = protocol.model_copy(update={"parameters": parameters, "analysis": rules})
    dataset = replace(dataset, gathered=replace(dataset.gathered, protocol=protocol))
    found = {one.group.label: one for one in responders(Selection(dataset), "P1NP")}
    assert (found["All"].part, found["All"].whole) == expected
    assert found["All"].criterion == "at least 10 %, towards benefit"
    assert (found["LOW"].part, found["HIGH"].part) == ((1, 0) if benefit == "up" else (0, 1))


def test_label_counts__by_cohort_and_visit():
    found = {
        (one.group.label, one.visit): dict(zip(STATES, one.counts, strict=True))
        for one in label_counts(trial_dataset())
    }
    assert found["2M", "Baseline"] == {"double": 3, "single": 1, "none": 0, "unknown": 0}
    assert found["5M", "Month 4"] == {"double": 5, "single": 0, "none": 1, "unknown": 0}
    assert found["All", "Baseline"] == {"double": 8, "single": 1, "none": 1, "unknown": 0}


def test_limited_means__take_limits_for_what_they_are():
    found = limited_means(Selection(trial_dataset()), "RANKL")
    (base,) = [one for one in found if (one.group.label, one.visit) == ("All", "Baseline")]
    observed = [value for who in WOMEN if (value := trial_value("RANKL", who, 0)) >= 0.12]
    assert (base.n_observed, base.n_below) == (len(observed), 10 - len(observed))
    # The mean with censored results lies below that of the measured ones and above that with zeros in their place.
    assert sum(observed) / 10 < base.found.mean < sum(observed) / len(observed)
    assert limited_means(Selection(trial_dataset()), "P1NP") == ()


def test_limited_means__say_why_there_is_none():
    dataset = trial_dataset()
    rows = tuple(
        replace(row, value=None, text=">9") if row.paramcd == "RANKL" and row.subject == "W-01" else row
        for row in dataset.rows
    )
    found = limited_means(Selection(replace(dataset, rows=rows)), "RANKL")
    told = {(one.group.label, one.visit): one for one in found}
    assert told["All", "Baseline"].why == "a result lies above a limit"
    few = [one for one in found if one.n_observed < 3]
    assert all(one.found is None and "needs 3" in one.why for one in few if one.group.label == "5M")
