"""The mixed model against its closed form for complete data, and relations by hand."""

from __future__ import annotations

import warnings
from dataclasses import replace

import pytest
from statsmodels.regression.mixed_linear_model import MixedLM
from statsmodels.tools.sm_exceptions import ConvergenceWarning

from bonemetrics.errors import AnalysisError
from bonemetrics.outcomes.analysis.models import MISSING_AT_RANDOM, SMALL, mixed_model
from bonemetrics.outcomes.analysis.relations import relation, relations
from bonemetrics.outcomes.analysis.select import Selection
from bonemetrics.outcomes.rows import Dataset
from tests.outcome_datasets import trial_dataset

VALUES = {
    "W-01": (10.0, 13.0, 15.0),
    "W-02": (20.0, 21.0, 26.0),
    "W-03": (14.0, 19.0, 18.0),
    "W-05": (31.0, 30.0, 37.0),
    "W-06": (25.0, 29.0, 33.0),
    "W-08": (18.0, 24.0, 21.0),
}
VISITS = ("Baseline", "Month 6", "Month 12")
NOBODY_SEES = "4 of 10 women have no value with a number and are in no estimate"


def dataset(values, *, scale=1.0, paramcd="P1NP") -> Dataset:
    """The rows of one parameter replaced by a table of women and visits."""
    made = trial_dataset()
    rows = []
    for row in made.rows:
        numbers = values.get(row.subject)
        if row.paramcd != paramcd or numbers is None or row.visit not in VISITS:
            continue
        value = numbers[VISITS.index(row.visit)] if VISITS.index(row.visit) < len(numbers) else None
        if value is None:
            continue
        change = None if row.is_baseline else scale * (value - numbers[0])
        rows.append(replace(row, value=scale * value, base=scale * numbers[0], change=change))
    if paramcd == "P1NP" and "W-05" in values and len(values["W-05"]) > 2:
        # She missed month 12 in the trial; here she came.
        like = next(row for row in made.rows if (row.subject, row.paramcd, row.visit) == ("W-06", paramcd, "Month 12"))
        first, _, last = values["W-05"]
        rows.append(
            replace(like, subject="W-05", value=scale * last, base=scale * first, change=scale * (last - first))
        )
    return replace(made, rows=tuple(rows))


def anova():
    """Two-way analysis of variance without interaction, by sums of squares."""
    women, visits = len(VALUES), len(VISITS)
    every = [value for row in VALUES.values() for value in row]
    mean = sum(every) / len(every)
    of_women = [sum(row) / visits for row in VALUES.values()]
    of_visits = [sum(row[place] for row in VALUES.values()) / women for place in range(visits)]
    between = visits * sum((one - mean) ** 2 for one in of_women) / (women - 1)
    total = sum((value - mean) ** 2 for value in every)
    rest = total - between * (women - 1) - women * sum((one - mean) ** 2 for one in of_visits)
    error = rest / ((women - 1) * (visits - 1))
    return of_visits, between, error


def test_mixed_model__complete_data_have_a_closed_form():
    means, between, error = anova()
    found = mixed_model(Selection(dataset(VALUES)), "P1NP")
    assert (found.n_women, found.n_values) == (6, 18)
    assert found.baseline == pytest.approx(means[0], rel=1e-4)
    assert [one.visit for one in found.effects] == ["Month 6", "Month 12"]
    for one, mean in zip(found.effects, means[1:], strict=True):
        assert one.change == pytest.approx(mean - means[0], rel=1e-4)
        assert one.standard_error == pytest.approx((2 * error / 6) ** 0.5, rel=1e-3)
        # Student's t with (6 - 1)(3 - 1) = 10 degrees of freedom.
        assert one.interval[1] - one.change == pytest.approx(2.228139 * (2 * error / 6) ** 0.5, rel=1e-3)
    assert found.within_sd == pytest.approx(error**0.5, rel=1e-3)
    assert found.between_sd == pytest.approx(((between - error) / 3) ** 0.5, rel=1e-3)
    # The trial has ten women, of whom the table names six.
    assert (found.n_limits, found.n_without) == (0, 4)
    assert found.cautions == (NOBODY_SEES, SMALL)


def test_mixed_model__small_numbers_give_the_same_and_no_false_alarm():
    large = mixed_model(Selection(dataset(VALUES)), "P1NP")
    small = mixed_model(Selection(dataset(VALUES, scale=1e-3)), "P1NP")
    assert small.cautions == large.cautions
    assert small.effects[0].standard_error == pytest.approx(1e-3 * large.effects[0].standard_error, rel=1e-6)
    assert small.between_sd == pytest.approx(1e-3 * large.between_sd, rel=1e-6)


def test_mixed_model__those_who_left_are_named_as_an_assumption():
    found = mixed_model(Selection(dataset({**VALUES, "W-06": (25.0, 29.0)})), "P1NP")
    assert MISSING_AT_RANDOM in found.cautions
    assert [one.n for one in found.effects] == [6, 5]


def below_limit(made, *places):
    """Results of P1NP at these women and visits known only as `<12`, and what followed from them gone."""
    return replace(
        made,
        rows=tuple(
            replace(row, value=None, text="<12", base=None, change=None, percent_change=None, is_baseline=False)
            if (row.subject, row.visit) in places
            else row
            for row in made.rows
        ),
    )


def test_mixed_model__counts_results_below_a_limit_and_says_what_they_do():
    made = below_limit(dataset(VALUES), ("W-01", "Month 6"), ("W-02", "Month 12"), ("W-03", "Month 12"))
    found = mixed_model(Selection(made), "P1NP")
    assert (found.n_values, found.n_limits) == (15, 3)
    assert [(one.visit, one.n, one.n_limits) for one in found.effects] == [("Month 6", 5, 1), ("Month 12", 4, 2)]
    said = "3 results below or above a limit are left out: not missing at random, changes are biased"
    assert found.cautions == (said, NOBODY_SEES, SMALL, MISSING_AT_RANDOM)
    assert "left or have no number" in MISSING_AT_RANDOM


def test_mixed_model__one_result_below_a_limit_is_told_too():
    found = mixed_model(Selection(below_limit(dataset(VALUES), ("W-01", "Baseline"))), "P1NP")
    assert found.n_limits == 1
    assert any(one.startswith("1 result below or above a limit is left out") for one in found.cautions)


def test_mixed_model__where_every_result_is_a_limit_the_reason_says_so():
    made = dataset(VALUES)
    made = below_limit(made, *((row.subject, row.visit) for row in made.rows))
    with pytest.raises(AnalysisError, match="no baseline value with a number is there; 18 results are known only as a"):
        mixed_model(Selection(made), "P1NP")


def test_mixed_model__a_visit_of_limits_only_is_none_of_its_visits():
    made = below_limit(dataset(VALUES), *((who, "Month 12") for who in VALUES))
    found = mixed_model(Selection(made), "P1NP")
    assert ([one.visit for one in found.effects], found.n_limits) == (["Month 6"], 6)


def test_mixed_model__says_when_women_do_not_differ():
    flat = {who: (10.0 + place % 2, 12.0 - place % 2, 11.0) for place, who in enumerate(VALUES)}
    found = mixed_model(Selection(dataset(flat)), "P1NP")
    assert any("boundary" in one for one in found.cautions)


@pytest.mark.parametrize(("message", "said"), [("", ""), ("Retrying MixedLM", "a further one did")])
def test_mixed_model__a_second_search_is_told(monkeypatch, message, said):
    def fit(self, *arguments, **named):
        if message:
            warnings.warn(message, ConvergenceWarning, stacklevel=1)
        return real(self, *arguments, **named)

    real = MixedLM.fit
    monkeypatch.setattr(MixedLM, "fit", fit)
    cautions = mixed_model(Selection(dataset(VALUES)), "P1NP").cautions
    searched = (f"the first search for a solution did not converge, {said}",) if said else ()
    assert cautions == (*searched, NOBODY_SEES, SMALL)


def test_mixed_model__is_refused_where_no_search_converges(monkeypatch):
    def fit(self, *arguments, **named):
        found = real(self, *arguments, **named)
        found.converged = False
        return found

    real = MixedLM.fit
    monkeypatch.setattr(MixedLM, "fit", fit)
    with pytest.raises(AnalysisError, match="did not converge") as caught:
        mixed_model(Selection(dataset(VALUES)), "P1NP")
    assert caught.value.code == "not-estimable"


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({who: VALUES[who] for who in ("W-01", "W-02", "W-03", "W-05")}, "too-few-subjects"),
        ({who: row[:1] for who, row in VALUES.items()}, "too-few-subjects"),
        (dict.fromkeys(VALUES, (7.0, 7.0, 7.0)), "not-estimable"),
        ({who: (row[0],) * 3 for who, row in VALUES.items()}, "not-estimable"),
    ],
)
def test_mixed_model__is_refused_with_a_reason(values, code):
    with pytest.raises(AnalysisError) as caught:
        mixed_model(Selection(dataset(values)), "P1NP")
    assert caught.value.code == code


def test_relation__matches_a_biopsy_with_the_nearest_sample():
    found = relation(Selection(trial_dataset()), "HACF", "P1NP")
    visits = {pair.visit for pair in found.pairs}
    # The biopsy of month 4 lies 61 days before the sample of month 6 and 136 after that of the baseline.
    assert visits == {"Baseline", "Month 4 with Month 6"}
    assert found.rho is not None
    assert found.n_women == 10


def test_relation__by_hand():
    # Ranks 1 2 3 4 5 against 1 3 2 4 5: 1 - 6 × 2/(5 × 24) = 0.9.
    ys = dict(zip(("W-01", "W-02", "W-03", "W-05", "W-06"), (3.0, 5.0, 4.0, 8.0, 9.0), strict=True))
    made = dataset({who: (value,) for who, value in ys.items()})
    xs = dict(zip(ys, (1.0, 2.0, 3.0, 4.0, 5.0), strict=True))
    rows = [
        replace(row, value=xs[row.subject])
        for row in trial_dataset().rows
        if row.paramcd == "HBVTV" and row.visit == "Baseline" and row.subject in xs
    ]
    found = relation(Selection(replace(made, rows=(*made.rows, *rows))), "HBVTV", "P1NP")
    assert found.rho == pytest.approx(0.9)
    # Slopes of all ten pairs: median of 2, 0.5, 5/3, 1.5, -1, 1.5, 4/3, 4, 2.5, 1 is 1.5.
    assert found.slope == pytest.approx(1.5)


def test_relation__finds_the_sample_that_was_mixed_up():
    made = trial_dataset()
    rows = tuple(
        replace(row, value=5.0 * row.value)
        if (row.subject, row.paramcd, row.visit) == ("W-08", "P1NP", "Baseline")
        else row
        for row in made.rows
    )
    found = relation(Selection(replace(made, rows=rows)), "HACF", "P1NP")
    outliers = {(pair.subject, pair.visit) for pair in found.pairs if pair.is_outlier}
    # W-09 had no label, so that her activation frequency of zero lies off the line too.
    assert {one for one in outliers if one[0] != "W-09"} == {("W-08", "Baseline")}


def test_relation__one_off_a_perfect_line_is_named():
    ys = {"W-01": 2.0, "W-02": 4.0, "W-03": 6.0, "W-05": 8.0, "W-06": 40.0, "W-08": 12.0}
    made = dataset({who: (value,) for who, value in ys.items()})
    xs = dict(zip(ys, (1.0, 2.0, 3.0, 4.0, 5.0, 6.0), strict=True))
    rows = [
        replace(row, value=xs[row.subject])
        for row in trial_dataset().rows
        if row.paramcd == "HBVTV" and row.visit == "Baseline" and row.subject in xs
    ]
    found = relation(Selection(replace(made, rows=(*made.rows, *rows))), "HBVTV", "P1NP")
    assert [pair.subject for pair in found.pairs if pair.is_outlier] == ["W-06"]


def test_relation__fewer_than_five_pairs_have_no_line():
    made = dataset({"W-01": (3.0,), "W-02": (5.0,)})
    rows = [row for row in trial_dataset().rows if row.paramcd == "HBVTV"]
    found = relation(Selection(replace(made, rows=(*made.rows, *rows))), "HBVTV", "P1NP")
    assert (found.rho, found.slope) == (None, None)
    assert not any(pair.is_outlier for pair in found.pairs)


def test_relations__without_a_word_of_the_protocol_the_known_ones_are_looked_at():
    made = trial_dataset()
    protocol = made.gathered.protocol
    rules = protocol.analysis.model_copy(update={"relations": ()})
    protocol = protocol.model_copy(update={"analysis": rules})
    made = replace(made, gathered=replace(made.gathered, protocol=protocol))
    assert [(one.x, one.y) for one in relations(Selection(made))] == [("HACF", "P1NP"), ("HBVTV", "RADTBD")]
