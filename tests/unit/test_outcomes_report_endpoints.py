"""The report's tables of endpoints, models and relations, as their readers see them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bonemetrics.outcomes.analysis.select import Selection
from bonemetrics.outcomes.report.biopsies import biopsies
from bonemetrics.outcomes.report.endpoints import endpoints
from bonemetrics.outcomes.report.exploration import across_modalities, models
from bonemetrics.outcomes.report.overview import overview
from bonemetrics.outcomes.report.page import Listing, Text
from bonemetrics.outcomes.report.tables import ReportTable, batched
from tests.outcome_datasets import trial_dataset
from tests.report_cases import small_dataset


@pytest.fixture(scope="module")
def trial():
    return Selection(trial_dataset())


@pytest.fixture(scope="module")
def pages(trial):
    """Parts of the endpoints of the trial by PARAMCD, drawn once."""
    return {one.subtitle: one for one in endpoints(trial).parts}


def tables(section):
    return {one.caption: one for one in section.blocks if isinstance(one, ReportTable)}


def part(selection, paramcd):
    return next(one for one in endpoints(selection).parts if one.subtitle == paramcd)


def said(section):
    return [one.text for one in section.blocks if isinstance(one, Text)]


def test_endpoints__values_by_hand():
    found = tables(part(Selection(small_dataset()), "RADTBD"))["Values (mg/cm³)"]
    # HIGH at baseline: 90 and 120; mean 105, SD sqrt(450) = 21.2, half of the interval 12.706 × 21.213/sqrt(2) = 190.6.
    rows = {(row.cells[0], row.cells[1]): row.cells[2:] for row in found.rows}
    assert rows["HIGH", "Baseline"] == ("2", "105.0", "21.2", "105.0", "90.0", "120.0", "\u221285.6 to 295.6")
    assert rows["LOW", "Baseline"] == ("1", "100.0", "–", "100.0", "100.0", "100.0", "–")


def test_endpoints__changes_by_hand():
    found = tables(part(Selection(small_dataset()), "RADTBD"))["Change from baseline"]
    # All: +5.0 and -1.5, so 1.75 ± 12.706 × 4.596/sqrt(2) = 41.3; +5.00 % and -1.67 %, so 1.67 ± 42.4.
    assert found.rows[-1].cells[:7] == (
        "All",
        "Month 12",
        "2",
        "+1.8",
        "\u221239.5 to +43.0",
        "+1.7",
        "\u221240.7 to +44.0",
    )
    assert found.rows[-1].cells[7:] == ("+1.7", "–")


def test_endpoints__a_baseline_of_zero_has_a_change_but_no_per_cent(pages):
    found = tables(pages["HACF"])["Change from baseline"]
    heads = [(column.group, column.label) for column in found.columns]
    # W-02 has no baseline: nine changes. That of W-09 is from zero: eight per cent changes.
    everyone = next(row for row in found.rows if row.cells[0] == "All").cells
    assert everyone[2] == "9"
    assert everyone[heads.index(("Per cent change", "n"))] == "8"
    other = tables(pages["P1NP"])["Change from baseline"]
    assert ("Per cent change", "n") not in [(column.group, column.label) for column in other.columns]


def test_endpoints__scores_have_no_per_cent(pages):
    found = tables(pages["LSBMDT"])["Change from baseline"]
    assert {column.group for column in found.columns} == {"", "Change"}


def test_endpoints__no_p_value_anywhere(trial, pages):
    every = [*pages.values(), overview(trial), models(trial)]
    heads = [column.label for one in every for table in tables(one).values() for column in table.columns]
    assert heads
    assert not [label for label in heads if label.lower().startswith(("p ", "p-", "pr(")) or label.lower() == "p"]


def test_endpoints__say_where_there_is_no_follow_up():
    dataset = small_dataset()
    section = part(Selection(replace(dataset, rows=tuple(row for row in dataset.rows if row.is_baseline))), "RADTBD")
    assert said(section) == ["Nobody has both a baseline and a later value, so there is no change."]
    assert not list(section.pictures)


def test_endpoints__say_where_there_is_no_value():
    section = endpoints(Selection(replace(small_dataset(), rows=())))
    assert said(section) == ["No parameter of the protocol has a value that counts."]


def test_models__show_the_digits_that_the_precision_allows(trial):
    rows = tables(models(trial))["Estimated mean change from baseline"].rows
    radius = next(row for row in rows if row.cells[0] == "Radius trabecular density").cells
    # An LSC of 3.1 mg/cm3 has its second digit at the first decimal.
    assert all(len(cell.split(".")[1]) == 1 for cell in (radius[3], radius[4], radius[6], radius[7]))


def test_models__name_cautions_and_parameters_without_a_model(trial):
    section = models(trial)
    listings = [one for one in section.blocks if isinstance(one, Listing)]
    assert any("no p-value is given (all parameters)" in line for line in listings[0].items)
    assert listings[1].items == ("Biopsy mineral apposition rate: no woman's values change.",)
    assert said(section)[1:] == ["Cautions", "No model"]


def test_relations__are_called_exploratory_and_name_outliers(trial):
    section = across_modalities(trial)
    assert said(section)[0].startswith("Exploratory:")
    captions = [one.caption for one in section.pictures]
    assert "W-09 at Baseline" in captions[0]
    assert captions[0].startswith("19 pairs of 10 women; Spearman's ρ ")


def test_relations__say_where_there_are_none():
    section = across_modalities(Selection(small_dataset()))
    assert said(section)[1:] == ["No two parameters of the protocol can be looked at together."]


def test_biopsies__labels_stand_beside(trial):
    found = tables(biopsies(trial))["Labels"]
    rows = {row.cells[1:3]: row.cells[3:] for row in found.rows}
    # W-02 (2M) has single labels at baseline; W-09 (5M) none, twice.
    assert rows["2M", "Baseline"] == ("4", "3", "1", "0", "0")
    assert rows["5M", "Baseline"] == ("6", "5", "0", "1", "0")
    assert rows["All", "Baseline"] == ("10", "8", "1", "1", "0")


def test_biopsies__say_where_there_is_none():
    assert said(biopsies(Selection(small_dataset(labels=())))) == ["There is no biopsy."]


def limited_p1np():
    """W-01 below a limit at month 12, W-02 with numbers, W-03 without any."""
    dataset = small_dataset()
    return replace(
        dataset,
        rows=tuple(
            replace(row, value=None, text="<9", change=None, percent_change=None)
            if (row.subject, row.paramcd, row.visit) == ("W-01", "P1NP", "Month 12")
            else row
            for row in dataset.rows
        ),
    )


def test_endpoints__a_result_below_a_limit_is_counted_beside_the_changes():
    found = tables(part(Selection(limited_p1np()), "P1NP"))
    changes = {(row.cells[0], row.cells[1]): row.cells[2] for row in found["Change from baseline"].rows}
    assert changes == {("LOW", "Month 12"): "0 (+1)", ("HIGH", "Month 12"): "1", ("All", "Month 12"): "1 (+1)"}
    assert "biases" in found["Change from baseline"].remark
    assert found["Values (ng/mL)"].rows[-1].cells[2] == "1 (+1)"


def test_overview__counts_results_below_a_limit_beside_n():
    section = overview(Selection(limited_p1np()))
    (everyone, *_) = [one for one in section.blocks if isinstance(one, ReportTable)]
    assert {row.cells[0]: row.cells[2] for row in everyone.rows} == {
        "Radius trabecular density": "2",
        "Serum P1NP": "1 (+1)",
    }
    assert any("biased" in text for text in said(section))


def test_overview__where_all_results_are_limits_it_counts_them():
    dataset = small_dataset()
    rows = tuple(
        replace(row, value=None, text="<9", base=None, change=None, percent_change=None, is_baseline=False)
        for row in dataset.rows
        if row.paramcd == "P1NP"
    )
    selection = Selection(replace(dataset, rows=rows))
    (everyone, *_) = [one for one in overview(selection).blocks if isinstance(one, ReportTable)]
    assert [row.cells[2:] for row in everyone.rows] == [("0 (+2)", "–", "–")]
    assert tables(part(selection, "P1NP"))["Change from baseline"].rows[-1].cells[2] == "0 (+2)"


def test_models__count_limits_beside_n_and_women_without_a_value(trial):
    section = models(trial)
    (table,) = tables(section).values()
    ranks = next(place for place, row in enumerate(table.rows) if row.cells[0] == "Serum RANKL")
    below = [row for row in trial.limits("RANKL") if row.visit == "Month 6"]
    there = trial.rows("RANKL", "Month 6")
    assert below
    assert table.rows[ranks].cells[1:3] == ("Month 6", f"{len(there) - len(below)} (+{len(below)})")
    (cautions, *_) = [one for one in section.blocks if isinstance(one, Listing)]
    assert any("left out: not missing at random, changes are biased (RANKL)" in line for line in cautions.items)


def test_endpoints__a_cohort_without_values_is_shown_and_all_women_do_not_repeat_the_other():
    dataset = small_dataset()
    selection = Selection(replace(dataset, rows=tuple(row for row in dataset.rows if row.cohort == "LOW")))
    found = tables(part(selection, "RADTBD"))
    assert [(row.cells[0], row.cells[2]) for row in found["Values (mg/cm³)"].rows] == [
        ("LOW", "1"),
        ("", "1"),
        ("HIGH", "0"),
        ("", "0"),
    ]
    assert found["Change from baseline"].rows[-1].cells[:4] == ("HIGH", "Month 12", "0", "–")
    captions = list(tables(overview(selection)))
    assert captions == [
        "Change from baseline at Month 12, LOW (n = 1)",
        "Change from baseline at Month 12, HIGH (n = 2)",
    ]


def test_overview__all_women_first_and_by_cohort(trial):
    captions = list(tables(overview(trial)))
    assert captions[0] == "Change from baseline at Month 6, Month 12 and Month 24, all women (n = 10)"
    assert captions[1] == "Change from baseline at Month 4, all women (n = 10)"
    assert captions[-1].endswith("5M (n = 6)")


def test_overview__says_where_nothing_has_changed_yet():
    dataset = small_dataset()
    rows = tuple(row for row in dataset.rows if row.is_baseline)
    assert said(overview(Selection(replace(dataset, rows=rows)))) == ["No parameter has a change from baseline yet."]


@pytest.mark.parametrize(
    ("baseline", "later", "changes", "values"),
    [
        # Values in whole units, changes of about 1: one decimal more.
        ((250.0, 262.4), (251.3, 261.0), 1, 0),
        # Changes as large as the values need no more.
        ((25.0, 26.2), (51.3, 61.0), 1, 1),
    ],
)
def test_selection__changes_have_a_decimal_more_where_they_are_small(baseline, later, changes, values):
    dataset = small_dataset()
    numbers = dict(zip(("W-01", "W-02"), zip(baseline, later, strict=True), strict=True))
    rows = tuple(
        replace(row, value=numbers[row.subject][not row.is_baseline], change=None)
        if row.is_baseline
        else replace(row, value=numbers[row.subject][1], change=numbers[row.subject][1] - numbers[row.subject][0])
        for row in dataset.rows
        if row.paramcd == "P1NP"
    )
    selection = Selection(replace(dataset, rows=rows))
    assert (selection.decimals("P1NP"), selection.change_decimals("P1NP")) == (values, changes)


def test_selection__a_stated_precision_decides_for_changes_too():
    selection = Selection(small_dataset())
    assert (selection.decimals("RADTBD"), selection.change_decimals("RADTBD")) == (1, 1)


@pytest.mark.parametrize(("count", "sizes"), [(0, []), (1, [1]), (3, [3]), (4, [2, 2]), (5, [2, 3]), (7, [2, 2, 3])])
def test_batched__few_groups_of_like_size(count, sizes):
    words = [f"Month {number}" for number in range(count)]
    found = batched(words, 3)
    assert [len(one) for one in found] == sizes
    assert [word for one in found for word in one] == words


def test_tables__many_visits_are_set_in_several_that_fit_a_sheet():
    dataset = small_dataset()
    visits = [f"Month {number}" for number in (1, 3, 6, 9, 12, 18, 24)]
    later = [row for row in dataset.rows if row.paramcd == "RADTBD" and not row.is_baseline]
    rows = tuple(row for row in dataset.rows if row.is_baseline) + tuple(
        replace(row, visit=visit, visit_number=float(place + 1)) for place, visit in enumerate(visits) for row in later
    )
    first = dataset.gathered.protocol.visits[0]
    named = (first, *(first.model_copy(update={"name": visit, "baseline": False}) for visit in visits))
    protocol = dataset.gathered.protocol.model_copy(update={"visits": named})
    selection = Selection(replace(dataset, rows=rows, gathered=replace(dataset.gathered, protocol=protocol)))
    shown = [one for one in overview(selection).blocks if isinstance(one, ReportTable)]
    everyone = [one for one in shown if one.caption.endswith("all women (n = 3)")]
    assert [group for one in everyone for group, _ in one.groups if group] == visits
    assert max(len(one.columns) for one in shown) <= 11
    who = [one for one in part(selection, "RADTBD").blocks if isinstance(one, ReportTable) and "err" in one.caption]
    assert [group for one in who for group, _ in one.groups if group] == visits
    assert max(len(one.columns) for one in who) <= 10
