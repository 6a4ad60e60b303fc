"""Which value counts, what the baseline is, and what the change is: by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bonemetrics.outcomes.dataset import build_dataset
from bonemetrics.records import note
from tests.outcome_candidates import codes, derived, gathered, value


def test_change__is_value_less_baseline_and_per_cent_of_it():
    base, later, last = derived(
        value(112.5, "Baseline", -14), value(115.2, "Month 6", 180), value(110.7, "Month 12", 366)
    )
    assert (base.is_baseline, base.base, base.change, base.percent_change) == (True, 112.5, None, None)
    assert (later.base, later.change, later.percent_change) == (112.5, 2.7, pytest.approx(2.4))
    assert (last.change, last.percent_change) == (-1.8, pytest.approx(-1.6))
    assert [row.analysed for row in (base, later, last)] == [True, True, True]


def test_change__is_of_the_size_of_a_negative_baseline():
    base, later = derived(value(-20.0, "Baseline", -14), value(-15.0, "Month 6", 180))
    assert (later.change, later.percent_change) == (5.0, 25.0)
    assert base.is_baseline


def test_change__has_no_per_cent_of_zero():
    _, later = derived(value(0.0, "Baseline", -14), value(3.0, "Month 6", 180))
    assert (later.change, later.percent_change) == (3.0, None)
    assert "baseline-zero" in codes(later)


def test_change__of_a_score_has_no_per_cent():
    score = {"paramcds": ("ODITOT",), "quantity": "ODI", "site": "patient-reported", "region": "", "unit": "%"}
    score |= {"material": "", "kind": "oswestry", "scanner": "", "side": ""}
    parameter = '[[parameters]]\nparamcd = "ODITOT"\nparam = "ODI"\nquantity = "ODI"\nbenefit = "down"\n'
    _, later = derived(
        value(44.0, "Baseline", -14, **score), value(30.0, "Month 6", 180, **score), parameters=parameter
    )
    assert (later.change, later.percent_change) == (-14.0, None)


def test_without_a_baseline__there_is_no_change_and_it_is_said():
    (row,) = derived(value(115.2, "Month 6", 180))
    assert (row.base, row.change, row.is_baseline) == (None, None, False)
    assert "no-baseline" in codes(row)


@pytest.mark.parametrize(
    ("rule", "chosen"),
    # Target day 183; 181 and 185 are as near, of which the earlier stands.
    [("nearest", 181), ("first", 170), ("last", 200)],
)
def test_several_in_a_window__the_rule_chooses_and_all_are_noted(rule, chosen):
    days = (170, 181, 185, 200)
    rows = derived(
        value(100.0, "Baseline", -14),
        *(value(100.0 + day, "Month 6", day) for day in reversed(days)),
        more=f'[analysis]\nchoose = "{rule}"\n',
    )
    there = [row for row in rows if row.visit == "Month 6"]
    assert [row.study_day for row in there] == list(days)
    assert [row.study_day for row in there if row.analysed] == [chosen]
    assert all("several-in-window" in codes(row) for row in there)


def test_several_in_a_window__their_mean_is_a_row_of_its_own():
    rows = derived(
        value(100.0, "Baseline", -14),
        value(104.0, "Month 6", 170, standard_uncertainty=0.5),
        value(107.0, "Month 6", 190, standard_uncertainty=0.7),
        more='[analysis]\nchoose = "mean"\n',
    )
    (mean,) = [row for row in rows if row.derivation == "AVERAGE"]
    assert (mean.value, mean.change, mean.analysed) == (105.5, 5.5, True)
    # As if fully correlated: the mean of both uncertainties.
    assert mean.standard_uncertainty == pytest.approx(0.6)
    assert mean.source.source_id == "s170;s190"
    assert [row.analysed for row in rows if row.visit == "Month 6" and not row.derivation] == [False, False]


def test_two_baselines__one_is_chosen_and_said():
    rows = derived(value(100.0, "Baseline", -40), value(104.0, "Baseline", -12), value(110.0, "Month 6", 180))
    # The target day is -14.
    assert [(row.value, row.is_baseline) for row in rows] == [(100.0, False), (104.0, True), (110.0, False)]
    assert {"several-in-window", "several-baselines"} <= set(codes(rows[1]))
    assert (rows[0].change, rows[2].change) == (None, 6.0)


def test_last_before__takes_whatever_lies_on_or_before_day_1():
    values = (value(100.0, "Baseline", -40), value(104.0, "Unscheduled", -1), value(110.0, "Month 6", 180))
    rows = derived(*values, more='[analysis]\nbaseline = "last-before"\n')
    assert [row.is_baseline for row in rows] == [False, True, False]
    assert rows[2].change == 6.0
    on_day1 = derived(
        value(101.0, "Baseline", 1), value(110.0, "Month 6", 180), more='[analysis]\nbaseline = "last-before"\n'
    )
    assert on_day1[1].change == 9.0


def test_values_before_the_baseline_have_no_change():
    rows = derived(value(90.0, "Unscheduled", -60), value(100.0, "Baseline", -14))
    assert [(row.value, row.change, row.analysed) for row in rows] == [(90.0, None, False), (100.0, None, True)]


def test_unscheduled__is_kept_with_its_change_and_never_counts():
    rows = derived(value(100.0, "Baseline", -14), value(120.0, "Unscheduled", 250))
    assert (rows[1].analysed, rows[1].change) == (False, 20.0)


def test_reviewed_only__counts_what_a_reader_accepted():
    more = "[analysis]\nreviewed_only = true\n"
    values = [value(100.0 + place, "Baseline", day, review=review) for place, (day, review) in enumerate(
        ((-30, "accept"), (-14, "waiting"), (-13, "reject"))
    )]  # fmt: skip
    rows = derived(*values, more=more)
    assert [row.analysed for row in rows] == [True, False, False]
    assert [("not-reviewed" in codes(row)) for row in rows] == [False, True, True]
    marker = value(48.0, "Baseline", -14, review="not-applicable")
    assert derived(marker, more=more)[0].analysed


def test_exclude_notes__leaves_out_what_the_protocol_names():
    more = '[analysis]\nexclude_notes = ["blurred-edges"]\n'
    rows = derived(
        value(100.0, "Baseline", -14, notes=(note("blurred-edges", "x"),)), value(101.0, "Baseline", -20), more=more
    )
    assert [(row.value, row.analysed) for row in rows] == [(101.0, True), (100.0, False)]
    assert "excluded-by-note" in codes(rows[1])


def test_a_result_below_a_limit__counts_without_a_number():
    low = replace(value(None, "Month 6", 180), text="<5", censored="below")
    rows = derived(value(7.0, "Baseline", -14), low, value(8.0, "Month 12", 366))
    assert (rows[1].value, rows[1].text, rows[1].analysed, rows[1].change) == (None, "<5", True, None)
    assert rows[2].change == 1.0
    base = replace(value(None, "Baseline", -14), text="<5", censored="below")
    rows = derived(base, value(8.0, "Month 6", 180))
    assert (rows[0].is_baseline, rows[1].change) == (False, None)
    assert "no-baseline" in codes(rows[1])


def test_a_limit_among_several__there_is_no_mean():
    low = replace(value(None, "Month 6", 182), text="<5", censored="below")
    rows = derived(value(7.0, "Baseline", -14), low, value(9.0, "Month 6", 160), more='[analysis]\nchoose = "mean"\n')
    assert [(row.text, row.analysed) for row in rows if row.visit == "Month 6"] == [("", False), ("<5", True)]


def test_materials_and_sides_are_never_subtracted():
    base = value(100.0, "Baseline", -14)
    for other, code in (({"material": "K2HPO4"}, "calibrations-not-comparable"), ({"side": "right"}, "side-changed")):
        _, later = derived(base, value(110.0, "Month 6", 180, **other))
        assert (later.base, later.change, later.analysed) == (None, None, True)
        assert code in codes(later)


LSC = '[[precision]]\nparamcd = "RADTBD"\n'


@pytest.mark.parametrize(
    ("number", "first", "second"),
    # |CHG| >= 2.7: just so, just not, and the wrong way; in binary numbers 102.7 - 100 is less than 2.7.
    [(102.7, True, True), (102.69, False, False), (97.3, True, False), (97.31, False, False)],
)
def test_criteria__by_the_least_significant_change(number, first, second):
    _, later = derived(value(100.0, "Baseline", -14), value(number, "Month 6", 180), more=f"{LSC}lsc = 2.7\n")
    assert (later.lsc, later.criterion_1_met, later.criterion_2_met) == (2.7, first, second)


def test_criteria__a_benefit_may_go_down_or_nowhere():
    for benefit, second in (("down", True), (None, None)):
        parameters = (
            '[[parameters]]\nparamcd = "RADTBD"\nparam = "d"\nquantity = "Tb.vBMD"\nsite = "radius"\n'
            'region = "trabecular"\n' + (f'benefit = "{benefit}"\n' if benefit else "")
        )
        _, later = derived(
            value(100.0, "Baseline", -14),
            value(96.0, "Month 6", 180),
            parameters=parameters,
            more=f"{LSC}lsc = 2.7\n",
        )
        assert (later.criterion_1_met, later.criterion_2_met) == (True, second)


def test_lsc__in_per_cent_is_of_the_baseline():
    _, later = derived(value(80.0, "Baseline", -14), value(84.0, "Month 6", 180), more=f"{LSC}lsc_percent = 5.0\n")
    assert (later.lsc, later.criterion_1_met) == (4.0, True)


def test_lsc__from_repeats_is_2_77_times_the_rms_sd():
    # Two people, differences 2 and 4: variances 2 and 8, RMS-SD sqrt(5).
    more = f"{LSC}repeats = [[100.0, 102.0], [90.0, 94.0]]\n"
    _, later = derived(value(100.0, "Baseline", -14), value(106.0, "Month 6", 180), more=more)
    assert later.lsc == pytest.approx(2.77 * 5**0.5, rel=1e-3)
    assert "lsc-few-degrees" in codes(later)


def test_lsc__is_that_of_the_scanner_and_of_none_where_scanners_change():
    more = f'{LSC}scanner = "3012"\nlsc = 2.7\n{LSC}scanner = "CT-551"\nlsc = 4.1\n'
    _, here = derived(value(100.0, "Baseline", -14), value(103.0, "Month 6", 180), more=more)
    assert (here.lsc, here.criterion_1_met) == (2.7, True)
    other = {"scanner": "CT-551"}
    _, there = derived(value(100.0, "Baseline", -14, **other), value(103.0, "Month 6", 180, **other), more=more)
    assert (there.lsc, there.criterion_1_met) == (4.1, False)
    _, changed = derived(value(100.0, "Baseline", -14), value(103.0, "Month 6", 180, **other), more=more)
    assert (changed.lsc, changed.criterion_1_met, changed.change) == (None, None, 3.0)
    assert "lsc-other-scanner" in codes(changed)
    third = {"scanner": "9"}
    _, unknown = derived(value(100.0, "Baseline", -14, **third), value(103.0, "Month 6", 180, **third), more=more)
    assert (unknown.lsc, "lsc-unknown" in codes(unknown)) == (None, True)


def test_rows__order_of_candidates_does_not_matter_and_nothing_is_lost():
    values = [
        value(100.0, "Baseline", -14),
        value(104.0, "Month 6", 180),
        value(105.0, "Month 6", 186),
        value(99.0, "Unscheduled", 20),
        value(90.0, "Baseline", -14, subject="W-2"),
        replace(value(None, "Month 12", 366), text="<5", censored="below"),
    ]
    rows = build_dataset(gathered(*values)).rows
    assert rows == build_dataset(gathered(*reversed(values))).rows
    assert sorted(row.source.source_id for row in rows) == sorted(one.source.source_id for one in values)
