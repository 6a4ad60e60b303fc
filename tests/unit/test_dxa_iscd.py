from __future__ import annotations

import json

import pytest

from bonemetrics.dxa.evaluable import as_printed, evaluable_vertebrae
from bonemetrics.dxa.iscd import Assessment, JudgedRegion, assess, category, lowest, range_for_age, score_for
from bonemetrics.records import DxaCircumstances, DxaRegion, DxaReport

WOMAN = {"sex": "F", "age_years": 63.0, "postmenopausal": True}


def spine(scores: dict[str, float | None], **totals: float | None) -> DxaReport:
    rows = [DxaRegion(region=level, t_score=t) for level, t in scores.items()]
    rows += [DxaRegion(region=name.replace("_", "-"), t_score=t) for name, t in totals.items()]
    return DxaReport(route="csv", site="lumbar-spine", regions=tuple(rows))


def codes(found) -> list[str]:
    return [problem.code for problem in found.notes]


def t_of(*scores: float | None) -> dict[str, float | None]:
    return dict(zip(("L1", "L2", "L3", "L4"), scores, strict=False))


@pytest.mark.parametrize(
    ("score", "printed"),
    [(-2.449, -2.4), (-2.45, -2.5), (-2.4499999999999997, -2.5), (-0.04, 0.0), (1.25, 1.3), (-1.05, -1.1)],
)
def test_as_printed__rounds_halves_away_from_zero(score, printed):
    assert as_printed(score) == printed


def test_as_printed__has_no_negative_zero():
    assert str(as_printed(-0.04)) == "0.0"


@pytest.mark.parametrize(
    ("t_score", "expected"),
    [
        (-1.0, "normal"),
        (-1.04, "normal"),
        (-1.1, "low-bone-mass"),
        (-2.4, "low-bone-mass"),
        (-2.449, "low-bone-mass"),
        (-2.46, "osteoporosis"),
        (-2.5, "osteoporosis"),
        (2.0, "normal"),
    ],
)
def test_category__follows_the_printed_score(t_score, expected):
    assert category(t_score) == expected


def test_category__a_fracture_makes_osteoporosis_severe_and_nothing_else():
    assert category(-2.5, fragility_fracture=True) == "severe-osteoporosis"
    assert category(-2.4, fragility_fracture=True) == "low-bone-mass"


def test_range_for_age__minus_two_is_below():
    assert range_for_age(-2.0) == "below-expected-range-for-age"
    assert range_for_age(-1.9) == "within-expected-range-for-age"


@pytest.mark.parametrize(
    ("sex", "age", "postmenopausal", "expected"),
    [
        ("F", 41.0, True, "T"),
        ("F", 52.0, False, "Z"),
        ("F", 71.0, None, None),
        ("F", None, True, "T"),
        ("M", 50.0, None, "T"),
        ("M", 49.9, None, "Z"),
        ("M", None, None, None),
        ("O", 60.0, None, None),
        ("", 60.0, True, None),
    ],
)
def test_score_for__never_guesses(sex, age, postmenopausal, expected):
    score, why = score_for(sex=sex, age_years=age, postmenopausal=postmenopausal)
    assert score == expected
    assert why


def test_evaluable__a_difference_of_exactly_one_stays():
    found = evaluable_vertebrae(t_of(-1.4, -0.4, -1.3, -0.3))
    assert found.levels == ("L1", "L2", "L3", "L4")
    assert found.region == "L1-L4"
    assert found.notes == ()


def test_evaluable__differences_are_those_of_printed_scores():
    # -1.44 and -0.36 are 1.08 apart, printed -1.4 and -0.4 are 1.0 apart.
    assert evaluable_vertebrae(t_of(-1.44, -0.36, -0.4, -0.5)).excluded == {}


@pytest.mark.parametrize(
    ("scores", "gone", "region"),
    [
        ((-2.0, -2.1, -0.5, -2.2), ("L3",), "L1-L2,L4"),  # the middle one stands out
        ((-2.0, -1.8, -1.5, -0.2), ("L4",), "L1-L3"),  # the last one, as arthrosis does it
        ((-0.9, -2.5, -2.4, -2.6), ("L1",), "L2-L4"),  # the first: leaving out L2 would leave L1 beside L3, 1.5 apart
        ((1.5, -2.5, 0.0, -2.4), ("L1", "L3"), "L2,L4"),  # two stand out; two that do not touch are allowed
    ],
)
def test_evaluable__leaves_out_the_vertebra_that_differs(scores, gone, region):
    found = evaluable_vertebrae(t_of(*scores))
    assert tuple(found.excluded) == gone
    assert found.region == region
    assert codes(found) == ["vertebra-excluded"] * len(gone)
    assert found.undecided == ()


def test_evaluable__says_whose_score_is_too_far_from_whose():
    (only,) = evaluable_vertebrae(t_of(-2.0, -2.1, -0.5, -2.2)).notes
    assert only.message == "L3 left out: its T-score -0.5 is more than 1 from -2.1 of L2 and -2.2 of L4"


@pytest.mark.parametrize(
    ("scores", "between"),
    [
        ((-1.0, -2.1, -1.6, -1.5), ("L1", "L2")),  # without L1 or without L2, the rest agrees
        ((-2.5, -2.0, -0.9, -0.4), ("L1", "L2", "L3", "L4")),  # two above, two below
    ],
)
def test_evaluable__leaves_none_out_where_nothing_tells_which(scores, between):
    found = evaluable_vertebrae(t_of(*scores))
    assert found.levels == ("L1", "L2", "L3", "L4")
    assert found.excluded == {}
    assert found.undecided == between
    assert codes(found) == ["vertebrae-undecided"]


def test_evaluable__a_reader_settles_what_no_rule_does():
    found = evaluable_vertebrae(t_of(-1.0, -2.1, -1.6, -1.5), excluded={"L1": "osteophyte"})
    assert found.levels == ("L2", "L3", "L4")
    assert found.excluded == {"L1": "osteophyte"}
    assert [problem.message for problem in found.notes] == ["L1 left out: osteophyte"]


def test_evaluable__neighbours_of_one_left_out_by_the_reader_are_compared():
    # -1.0 of L1 and -2.4 of L3 become neighbours; so do -1.0 and the rest.
    found = evaluable_vertebrae(t_of(-1.0, -1.7, -2.4, -2.3), excluded={"L2": "fracture"})
    assert found.levels == ("L3", "L4")
    assert tuple(found.excluded) == ("L2", "L1")


@pytest.mark.parametrize("scores", [(-3.0, -1.5, 0.0, 1.5), (-2.0, -0.5)])
def test_evaluable__no_single_vertebra_where_no_two_agree(scores):
    found = evaluable_vertebrae(t_of(*scores))
    assert found.levels == ()
    assert found.region is None
    assert codes(found)[-1] == "too-few-vertebrae"


def test_evaluable__one_vertebra_left_by_the_reader_is_too_few():
    found = evaluable_vertebrae(t_of(-1.0, -1.1, -1.2, -1.3), excluded=dict.fromkeys(("L1", "L2", "L4"), "cement"))
    assert found.levels == ("L3",)
    assert found.region is None
    assert codes(found) == ["vertebra-excluded"] * 3 + ["too-few-vertebrae"]


def test_evaluable__without_t_nothing_is_left_out_and_it_says_so():
    found = evaluable_vertebrae(t_of(None, -2.0, None, 0.5))
    assert found.levels == ("L1", "L2", "L3", "L4")
    (only,) = found.notes
    assert only.code == "values-missing"
    assert "L1, L3" in only.message


def test_evaluable__t12_and_l5_do_not_count():
    found = evaluable_vertebrae({"T12": -4.0, **t_of(-1.0, -1.1, -1.2, -1.3), "L5": 3.0})
    assert found.levels == ("L1", "L2", "L3", "L4")


def test_evaluable__another_difference_can_be_asked_for():
    assert evaluable_vertebrae(t_of(-1.0, -1.7, -1.0, -1.1), t_difference=0.5).region == "L1,L3-L4"


def test_assess__uses_the_row_of_exactly_the_vertebrae_that_count():
    report = spine(t_of(-2.0, -2.1, -0.5, -2.2), L1_L4=-1.7, L1_L3=-1.5)
    found = assess(report, **WOMAN)
    assert found.decisive is None
    assert codes(found) == ["vertebra-excluded", "values-missing"]
    assert "L1-L2,L4" in found.notes[-1].message
    with_row = report.model_copy(
        update={"regions": (*report.regions, DxaRegion(region="L1-L2,L4", t_score=-2.1, z_score=-0.4))}
    )
    assert assess(with_row, **WOMAN).decisive == JudgedRegion(
        region="L1-L2,L4", side=None, score="T", value=-2.1, category="low-bone-mass"
    )


def test_assess__what_the_scanner_did_not_count_is_not_evaluable():
    report = spine(t_of(-1.9, -2.0, -2.1, -2.2), L2_L4=-2.1).model_copy(update={"included": ("L2", "L3", "L4")})
    found = assess(report, **WOMAN)
    assert found.vertebrae is not None
    assert found.vertebrae.region == "L2-L4"
    assert found.vertebrae.excluded == {"L1": "not counted into the total at the scanner"}
    assert found.decisive is not None
    assert found.decisive.region == "L2-L4"


def test_assess__a_total_without_its_levels_counts_with_a_note():
    found = assess(spine({}, L1_L4=-2.6), **WOMAN)
    assert found.decisive is not None
    assert found.decisive.category == "osteoporosis"
    assert codes(found) == ["values-missing"]


def test_assess__a_report_without_any_vertebra_has_too_few():
    assert codes(assess(spine({}), **WOMAN)) == ["too-few-vertebrae"]


def hip(**scores: float | None) -> DxaReport:
    """Keyword `left_total_hip=-1.2`; Z is half of T."""
    rows = []
    for name, t in scores.items():
        side, region = name.split("_", 1)
        z = None if t is None else t / 2
        rows.append(DxaRegion(region=region.replace("_", "-"), side=side, t_score=t, z_score=z))
    circumstances = DxaCircumstances(reference="An invented population")
    return DxaReport(route="csv", site="hip", regions=tuple(rows), circumstances=circumstances)


def test_assess__the_lower_of_neck_and_total_of_either_hip_decides():
    report = hip(left_neck=-1.2, left_total_hip=-1.9, right_neck=-2.3, right_total_hip=-0.8, right_wards=-3.9)
    found = assess(report, **WOMAN)
    assert found.decisive is not None
    assert (found.decisive.region, found.decisive.side) == ("neck", "right")
    assert len(found.regions) == 4


def test_assess__wards_trochanter_and_the_mean_hip_never_count():
    report = hip(left_wards=-4.0, left_trochanter=-3.5, mean_neck=-3.0, mean_total_hip=-2.9, left_total_hip=-1.0)
    found = assess(report, **WOMAN)
    assert [region.region for region in found.regions] == ["total-hip"]
    assert found.as_dict()["category"] == "normal"


def test_assess__before_menopause_z_and_no_who_class():
    found = assess(hip(left_neck=-4.2), sex="F", age_years=33.0, postmenopausal=False)
    assert found.decisive is not None
    assert (found.decisive.value, found.decisive.category) == (-2.1, "below-expected-range-for-age")


def test_assess__where_t_or_z_is_open_nothing_is_judged():
    found = assess(hip(left_neck=-4.2), sex="F", age_years=48.0, postmenopausal=None)
    assert found.score is None
    assert found.regions == ()
    assert found.as_dict()["category"] is None
    assert "postmenopausal" in found.why


def test_assess__a_missing_score_of_a_region_that_counts_is_told():
    found = assess(hip(left_neck=None, left_total_hip=-1.4), **WOMAN)
    assert codes(found) == ["values-missing"]
    assert "left neck" in found.notes[0].message


def forearm(side: str | None) -> DxaReport:
    rows = (DxaRegion(region="radius-33", side=side, t_score=-2.7), DxaRegion(region="radius-ud", t_score=-3.6))
    return DxaReport(route="csv", site="forearm", regions=rows)


def test_assess__the_one_third_radius_counts_only_for_a_reason():
    assert assess(forearm("left"), **WOMAN).regions == ()
    found = assess(forearm("left"), **WOMAN, forearm="hyperparathyroidism")
    assert [region.region for region in found.regions] == ["radius-33"]


@pytest.mark.parametrize(("side", "counts"), [("left", True), ("right", False), (None, True)])
def test_assess__only_the_nondominant_arm_counts_where_it_is_known(side, counts):
    found = assess(forearm(side), **WOMAN, forearm="hip-or-spine-not-possible", nondominant="left")
    assert bool(found.regions) is counts


def test_as_dict__is_json_and_names_the_reference():
    report = spine(t_of(-2.0, -2.1, -0.5, -2.2), L1_L4=-1.7)
    shown = assess(report, **WOMAN, excluded={"L4": "sclerosis"}).as_dict()
    assert json.loads(json.dumps(shown)) == shown
    assert shown["vertebrae"] == ["L1", "L2"]
    assert shown["vertebrae_excluded"] == {
        "L4": "sclerosis",
        "L3": "its T-score -0.5 is more than 1 from -2.1 of L2",
    }
    assert assess(hip(left_neck=-1.0), **WOMAN).as_dict()["reference"] == "An invented population"


def test_lowest__over_sites_but_never_over_t_and_z():
    low = assess(hip(left_neck=-2.6), **WOMAN)
    high = assess(spine({}, L1_L4=-1.2), **WOMAN)
    by_z = assess(hip(left_neck=-2.6), sex="F", age_years=30.0, postmenopausal=False)
    found = lowest([high, low, Assessment(score=None, why="open")])
    assert found is not None
    assert found.region == "neck"
    assert lowest([low, by_z]) is None
    assert lowest([]) is None


def test_assess__missing_scores_of_a_report_share_one_note():
    found = assess(hip(left_neck=None, left_total_hip=None), **WOMAN)
    assert [problem.message for problem in found.notes] == [
        "no T-score for left neck, left total-hip, which count for diagnosis"
    ]
