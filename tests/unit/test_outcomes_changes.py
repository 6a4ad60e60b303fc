"""What is compared with a baseline, and what is not: places, scales, units, and what comes first."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from bonemetrics.outcomes.dataset import build_dataset
from tests.outcome_candidates import VISITS, codes, derived, gathered, value

EQ5D = '[[parameters]]\nparamcd = "EQ5D"\nparam = "EQ-5D"\nquantity = "EQ-5D-index"\nversion = "3L"\n'
EQ5D += 'value_set = "Spain TTO"\n'
WEIGHT = '[[parameters]]\nparamcd = "WEIGHT"\nparam = "Weight"\nquantity = "Lab"\nregion = "WEIGHT"\nunit = "kg"\n'
WHOLE = '[[parameters]]\nparamcd = "RADTBD"\nparam = "Density"\nquantity = "Tb.vBMD"\nsite = "radius"\n'
NAMES = """
[[visits]]
name = "Screening"
window = [-45, -2]
baseline = true
[[visits]]
name = "Week 26"
window = [150, 215]
[[visits]]
name = "End of Treatment"
window = [330, 400]
"""


def score(number, visit, study_day, scale):
    facts = {"paramcds": ("EQ5D",), "quantity": "EQ-5D-index", "site": "patient-reported", "region": "", "unit": "1"}
    return value(number, visit, study_day, material="", kind="eq5d", scanner="", side="", scale=scale, **facts)


def weight(number, visit, study_day, **other):
    facts = {"paramcds": ("WEIGHT",), "quantity": "Lab", "site": "serum", "region": "WEIGHT", "unit": "kg"} | other
    return value(number, visit, study_day, material="", kind="laboratory", scanner="", side="", **facts)


def test_value_sets__of_two_versions_are_never_subtracted():
    _, later = derived(
        score(0.514, "Baseline", -14, "3L Spain TTO"), score(0.61, "Month 6", 180, "5L Spain VT"), parameters=EQ5D
    )
    assert (later.base, later.change, codes(later)) == (None, None, ["baseline-not-comparable"])
    _, later = derived(
        score(0.514, "Baseline", -14, "3L Spain TTO"), score(0.614, "Month 6", 180, "3L Spain TTO"), parameters=EQ5D
    )
    assert (later.change, later.percent_change) == (0.1, None)


def test_regions__of_a_parameter_that_names_none_are_never_subtracted():
    whole, part = value(280.0, "Baseline", -14, region="total"), value(115.0, "Month 6", 180, region="trabecular")
    _, later = derived(whole, part, parameters=WHOLE)
    assert (later.change, codes(later)) == (None, ["baseline-not-comparable"])


def test_units__a_value_in_another_unit_than_its_parameter_does_not_count():
    stale = weight(132.0, "Month 6", 180, unit="lb")
    rows = derived(weight(61.5, "Baseline", -3), stale, weight(60.0, "Month 6", 190), parameters=WEIGHT)
    assert [(row.value, row.unit, row.analysed) for row in rows] == [
        (61.5, "kg", True),
        (132.0, "lb", False),
        (60.0, "kg", True),
    ]
    assert (rows[1].base, rows[1].change, rows[1].percent_change) == (None, None, None)
    assert codes(rows[1]) == ["unit-not-of-parameter", "baseline-not-comparable"]
    assert rows[2].change == -1.5


def test_units__a_baseline_in_another_unit_is_none():
    rows = derived(weight(132.0, "Baseline", -3, unit="lb"), weight(60.0, "Month 6", 190), parameters=WEIGHT)
    assert (rows[1].base, rows[1].change) == (None, None)
    assert "no-baseline" in codes(rows[1])


def undated(number, visit, line):
    return weight(number, visit, None, source_id=f"sheet:{line}")


def test_without_days__visits_come_in_the_order_of_their_numbers():
    rows = derived(undated(61.5, "Baseline", 2), undated(60.0, "Month 6", 3), parameters=WEIGHT)
    assert {row.visit: row.change for row in rows} == {"Baseline": None, "Month 6": -1.5}


def test_without_days_and_numbers__visits_come_in_the_order_of_the_protocol():
    named = [undated(60.0, "Week 26", 2), undated(58.25, "End of Treatment", 3), undated(61.5, "Screening", 4)]
    rows = derived(*named, parameters=WEIGHT, visits=NAMES)
    assert {row.visit: row.change for row in rows} == {"Screening": None, "Week 26": -1.5, "End of Treatment": -3.25}


def test_without_numbers__target_days_come_before_the_order_of_the_protocol():
    turned = """
[[visits]]
name = "Late"
target_day = 183
window = [150, 215]
[[visits]]
name = "Early"
target_day = -10
window = [-45, 1]
baseline = true
"""
    rows = derived(undated(60.0, "Late", 2), undated(61.5, "Early", 3), parameters=WEIGHT, visits=turned)
    assert {row.visit: row.change for row in rows} == {"Early": None, "Late": -1.5}


def test_without_days_and_visit__nothing_is_subtracted_and_it_is_said():
    rows = derived(weight(61.5, "Baseline", -3), undated(60.0, "Unscheduled", 7), parameters=WEIGHT)
    assert [(row.visit, row.change) for row in rows] == [("Baseline", None), ("Unscheduled", None)]
    assert codes(rows[1]) == ["order-unknown"]


def test_a_repeated_scan_of_the_baseline_visit_has_no_change():
    rows = derived(value(100.0, "Baseline", -14), value(101.0, "Baseline", -11), value(99.0, "Month 6", 180))
    assert [(row.is_baseline, row.change) for row in rows] == [(True, None), (False, None), (False, -1.0)]


@pytest.mark.parametrize(
    ("other", "why"),
    [({"side": "right"}, "sides"), ({"scanner": "CT-551"}, "scanners"), ({"material": "K2HPO4"}, "materials")],
)
def test_mean__is_not_made_of_values_that_are_not_alike(other, why):
    rows = derived(
        value(100.0, "Baseline", -14),
        value(104.0, "Month 6", 170),
        value(108.0, "Month 6", 184, **other),
        more='[analysis]\nchoose = "mean"\n',
    )
    assert [row.derivation for row in rows] == ["", "", ""]
    # Day 184 is the nearest to the target day, 183.
    assert [row.analysed for row in rows] == [True, False, True]
    told = [note for note in rows[1].notes if note.code == "not-averaged"]
    assert why in told[0].message


def test_mean__of_baselines_counts_the_measured_values_only():
    rows = derived(
        value(100.0, "Baseline", -20),
        value(103.0, "Baseline", -10),
        value(105.0, "Month 6", 184),
        more='[analysis]\nchoose = "mean"\n',
    )
    (base,) = [row for row in rows if row.is_baseline]
    assert (base.value, base.derivation, rows[-1].change) == (101.5, "AVERAGE", 3.5)
    (told,) = [note.message for note in base.notes if note.code == "several-baselines"]
    assert told.startswith("2 values")


MEAN_BEFORE = '[analysis]\nchoose = "mean"\nbaseline = "last-before"\n'


def test_last_before__of_means_is_the_mean_that_counts_at_its_visit():
    rows = derived(
        value(100.0, "Baseline", -20), value(103.0, "Baseline", -10), value(105.0, "Month 6", 184), more=MEAN_BEFORE
    )
    (base,) = [row for row in rows if row.is_baseline]
    # (100 + 103) / 2; 105 - 101.5.
    assert (base.value, base.derivation, base.analysed, rows[-1].change) == (101.5, "AVERAGE", True, 3.5)
    assert "baseline-not-analysed" not in codes(base)


def test_last_before__is_no_mean_with_values_after_the_infusion():
    late = VISITS.replace("window = [-45, 1]", "window = [-45, 20]")
    rows = derived(
        value(100.0, "Baseline", -20),
        value(103.0, "Baseline", 15),
        value(105.0, "Month 6", 184),
        more=MEAN_BEFORE,
        visits=late,
    )
    (base,) = [row for row in rows if row.is_baseline]
    assert (base.value, base.derivation, base.analysed, rows[-1].change) == (100.0, "", False, 5.0)
    assert "baseline-not-analysed" in codes(base)


def test_first__of_one_day_is_the_upper_row_of_the_sheet_as_a_number():
    def row(number, line):
        return weight(number, "Baseline", -3, source_id=f"sheet:{line}")

    upper, lower = row(61.5, 9), row(62.5, 10)
    upper = replace(upper, source=replace(upper.source, line=9))
    lower = replace(lower, source=replace(lower.source, line=10))
    rows = derived(lower, upper, parameters=WEIGHT, more='[analysis]\nchoose = "first"\n')
    assert [(one.value, one.analysed) for one in rows] == [(61.5, True), (62.5, False)]


def test_both_sides_on_one_day__every_visit_takes_the_same_side():
    rows = derived(
        value(100.0, "Baseline", -14, side="right", source_id="a"),
        value(90.0, "Baseline", -14, side="left", source_id="b"),
        value(94.0, "Month 6", 180, side="left", source_id="c"),
        value(107.0, "Month 6", 180, side="right", source_id="d"),
    )
    assert [(row.value, row.change) for row in rows if row.analysed] == [(90.0, None), (94.0, 4.0)]


def test_order__of_values_that_differ_in_nothing_but_themselves_does_not_matter():
    same = [value(number, "Month 6", 180, source_id="one") for number in (104.0, 102.0, 103.0)]
    first = build_dataset(gathered(value(100.0, "Baseline", -14), *same))
    for turned in itertools.permutations(same):
        assert build_dataset(gathered(*turned, value(100.0, "Baseline", -14))).rows == first.rows


@pytest.mark.parametrize("other", [{"material": "K2HPO4"}, {"side": "right"}, {"region": "cortical"}])
def test_base__is_empty_on_every_row_that_cannot_be_compared(other):
    rows = derived(
        value(90.0, "Unscheduled", -60, **other), value(95.0, "Unscheduled", -50), value(100.0, "Baseline", -14)
    )
    assert [row.base for row in rows] == [None, 100.0, 100.0]


def test_last_before__known_only_as_a_limit_leaves_no_baseline():
    low = replace(value(None, "Baseline", -3), text="<5", censored="below")
    rows = derived(
        value(100.0, "Baseline", -30),
        low,
        value(110.0, "Month 6", 180),
        more='[analysis]\nbaseline = "last-before"\n',
    )
    assert [(row.is_baseline, row.base, row.change) for row in rows] == [(False, None, None)] * 3
    (text,) = [note.message for note in rows[2].notes if note.code == "no-baseline"]
    assert "the last value on or before day 1 is known only as a limit" in text


def test_last_before__another_than_the_one_that_counts_is_noted():
    rows = derived(
        value(100.0, "Baseline", -14),
        value(104.0, "Baseline", -2),
        value(110.0, "Month 6", 180),
        more='[analysis]\nbaseline = "last-before"\n',
    )
    assert [(row.is_baseline, row.analysed) for row in rows[:2]] == [(False, True), (True, False)]
    assert ["baseline-not-analysed" in codes(row) for row in rows] == [False, True, False]


def test_per_cent_change__of_a_laboratory_value_in_per_cent_has_no_meaning():
    share = WEIGHT.replace("WEIGHT", "HBA1C").replace('"kg"', '"%"')
    facts = {"paramcds": ("HBA1C",), "region": "HBA1C", "unit": "%"}
    rows = derived(weight(8.0, "Baseline", -3, **facts), weight(6.0, "Month 6", 180, **facts), parameters=share)
    assert (rows[1].change, rows[1].percent_change, codes(rows[1])) == (-2.0, None, ["percent-already"])


def test_per_cent_change__of_a_quantity_that_is_a_ratio_by_itself_stands():
    volume = '[[parameters]]\nparamcd = "HBVTV"\nparam = "BV/TV"\nquantity = "BV/TV"\nregion = "cancellous"\n'
    facts = {"paramcds": ("HBVTV",), "quantity": "BV/TV", "site": "iliac-crest", "region": "cancellous", "unit": "%"}
    facts |= {"material": "", "kind": "histomorphometry", "scanner": "", "side": ""}
    rows = derived(value(16.0, "Baseline", -14, **facts), value(20.0, "Month 6", 180, **facts), parameters=volume)
    assert (rows[1].change, rows[1].percent_change) == (4.0, 25.0)


@pytest.mark.parametrize(
    ("precision", "base"), [("lsc_percent = 5.0", 0.0), ("repeats = [[1.0, 1.0], [2.0, 2.0]]", 2.0)]
)
def test_lsc__of_zero_is_none(precision, base):
    rows = derived(
        value(base, "Baseline", -14),
        value(base + 3, "Month 6", 180),
        more=f'[[precision]]\nparamcd = "RADTBD"\n{precision}\n',
    )
    assert (rows[1].lsc, rows[1].criterion_1_met, rows[1].criterion_2_met) == (None, None, None)
    assert "lsc-unknown" in codes(rows[1])


@pytest.mark.parametrize(("kind", "noted"), [("qct", True), ("dxa", True), ("laboratory", False)])
def test_lsc__of_scans_without_a_scanner_stands_with_a_note(kind, noted):
    facts = {"scanner": "", "kind": kind}
    rows = derived(
        value(100.0, "Baseline", -14, **facts),
        value(103.0, "Month 6", 180, **facts),
        more='[[precision]]\nparamcd = "RADTBD"\nlsc = 2.7\n',
    )
    assert (rows[1].lsc, rows[1].criterion_1_met) == (2.7, True)
    assert ("scanner-unknown" in codes(rows[1])) is noted


def item(number, visit, study_day, **stated):
    facts = {"paramcds": ("ITEM",), "quantity": "Score", "site": "patient-reported", "region": "ITEM", "unit": "1"}
    return value(number, visit, study_day, material="", kind="laboratory", scanner="", side="", **facts, **stated)


def test_percent_change__of_a_score_only_where_the_study_says_that_it_has_one():
    # (17 - 25) / 25 = -32 %.
    plain = '[[parameters]]\nparamcd = "ITEM"\nparam = "Item"\nquantity = "Score"\nregion = "ITEM"\nunit = "1"\n'
    values = item(25.0, "Baseline", -3), item(17.0, "Month 6", 190, stated_percent_change=-32.0)
    _, later = derived(*values, parameters=plain)
    assert (later.change, later.percent_change, codes(later)) == (-8.0, None, ["change-contradicts-source"])
    assert "percent_change" in later.notes[-1].message
    _, later = derived(*values, parameters=plain + "percent_change = true\n")
    assert (later.percent_change, codes(later)) == (-32.0, [])


def test_percent_change__of_a_laboratory_value_in_percent_and_of_one_that_has_none():
    # (6.3 - 8.4) / 8.4 = -25 %.
    share = WEIGHT.replace('"kg"', '"%"')
    values = weight(8.4, "Baseline", -3, unit="%"), weight(6.3, "Month 6", 190, unit="%")
    assert derived(*values, parameters=share)[1].percent_change is None
    assert derived(*values, parameters=share + "percent_change = true\n")[1].percent_change == pytest.approx(-25.0)
    values = weight(36.2, "Baseline", -3), weight(37.1, "Month 6", 190)
    assert derived(*values, parameters=WEIGHT + "percent_change = false\n")[1].percent_change is None


def test_time_points__of_baseline_and_value_that_differ_are_said():
    base = weight(61.5, "Baseline", -3, instance="LYING 7")
    later = [weight(60.0, "Month 6", 190, instance=text) for text in ("STANDING 8", "LYING 9", "12", "")]
    rows = derived(base, *later, parameters=WEIGHT)[1:]
    assert {row.change for row in rows} == {-1.5}
    assert sum("time-point-differs" in codes(row) for row in rows) == 1
    (told,) = [one for row in rows for one in row.notes if one.code == "time-point-differs"]
    assert told.message == "the baseline is of time point 'LYING', this value of 'STANDING'"
