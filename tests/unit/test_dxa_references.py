"""Reference curves: scores by L, M and S, rounding, and which curve a report names."""

from __future__ import annotations

import math

import pytest

from bonemetrics.dxa.reference_match import matching, own_curve, population
from bonemetrics.dxa.references import REFERENCES, SELECTABLE, reference, rounded, t_score, z_score
from bonemetrics.errors import DxaError
from bonemetrics.records import CurvePoint, DxaCircumstances, DxaDevice, DxaPatient, RawDxaReport, ReferenceCurve
from tests.dxa_rows import report, row

GE_NAME = "USA (Combined NHANES/Lunar)"
GE_FOOTNOTE = (
    "T-score: USA (Combined NHANES (ages 20-30) / Lunar (ages 20-40)) AP Spine, Female, White Reference Population "
    "(v113); Z-score: Matched for Age, Sex, Weight (females 25-100 kg), Ethnic"
)


def curve(*points: tuple[float, float, float, float], young: float | None = None, **more) -> ReferenceCurve:
    made = tuple(CurvePoint(age_years=age, mean=mean, sd=sd, power=power) for age, mean, sd, power in points)
    defaults = {"name": "invented", "source": "test", "site": "hip", "region": "neck", "age_young": young}
    return ReferenceCurve(**{**defaults, "points": made, **more})


def test_t_score__normal_curve_is_distance_in_sd():
    # (0.77 - 0.89) / 0.12 = -1
    assert t_score(curve((25, 0.89, 0.12, 1.0)), 0.77) == pytest.approx(-1.0)


def test_t_score__power_two_worked_by_hand():
    # 0.8 * ((1.0 / 0.8)**2 - 1) / (2 * 0.1) = 0.8 * 0.5625 / 0.2 = 2.25
    assert t_score(curve((25, 0.8, 0.1, 2.0)), 1.0) == pytest.approx(2.25)


def test_t_score__power_minus_one_worked_by_hand():
    # 0.8 * (0.8 / 1.0 - 1) / (-1 * 0.1) = 0.8 * -0.2 / -0.1 = 1.6
    assert t_score(curve((25, 0.8, 0.1, -1.0)), 1.0) == pytest.approx(1.6)


@pytest.mark.parametrize("power", [0.0, 1e-9, -1e-9, 1e-300, 5e-324])
def test_t_score__power_zero_is_the_logarithm(power):
    # 0.8 * ln(1.25) / 0.1
    assert t_score(curve((25, 0.8, 0.1, power)), 1.0) == pytest.approx(8 * math.log(1.25), rel=1e-7)


def test_t_score__is_taken_at_the_young_age_of_the_curve():
    # At 30, half way: mean 0.85, SD 0.11.
    found = t_score(curve((20, 0.9, 0.12, 1.0), (40, 0.8, 0.10, 1.0), young=30), 0.74)
    assert found == pytest.approx(-1.0)


def test_t_score__refuses_a_curve_that_does_not_say_what_is_young():
    with pytest.raises(DxaError, match="does not say which is young") as refused:
        t_score(curve((20, 0.9, 0.12, 1.0), (40, 0.8, 0.10, 1.0)), 0.74)
    assert refused.value.code == "unknown-reference"


def test_z_score__interpolates_median_sd_and_power_in_age():
    # At 65 of 60 to 80, a quarter: M 0.775, S 0.095, L 0.5; 0.775 * ((0.62 / 0.775)**0.5 - 1) / (0.5 * 0.095)
    lms = curve((60, 0.8, 0.10, 0.0), (80, 0.7, 0.08, 2.0))
    assert z_score(lms, 0.62, 65.0) == pytest.approx(0.775 * (math.sqrt(0.8) - 1) / 0.0475)
    assert z_score(lms, 0.8, 60.0) == pytest.approx(0.0)


@pytest.mark.parametrize("age", [59.99, 80.01, math.nan])
def test_z_score__refuses_ages_outside_the_curve(age):
    with pytest.raises(DxaError, match="reaches from 60 to 80 years"):
        z_score(curve((60, 0.8, 0.10, 1.0), (80, 0.7, 0.08, 1.0)), 0.62, age)


def test_z_score__refuses_a_curve_of_one_age():
    with pytest.raises(DxaError, match="one age only"):
        z_score(curve((25, 0.8, 0.10, 1.0)), 0.62, 25.0)


@pytest.mark.parametrize(("bmd", "power"), [(0.0, 1.0), (-0.1, 2.0), (1.6, 1e6)])
def test_t_score__refuses_what_has_no_finite_score(bmd, power):
    with pytest.raises(DxaError, match="no score for this BMD"):
        t_score(curve((25, 0.8, 0.1, power)), bmd)


@pytest.mark.parametrize(
    ("score", "printed"),
    [(-1.15, "-1.2"), (1.15, "1.2"), (-2.45, "-2.5"), (-0.04, "0.0"), (0.05, "0.1"), (-1.149, "-1.1")],
)
def test_rounded__halves_go_away_from_zero_and_there_is_no_minus_zero(score, printed):
    assert f"{rounded(score):.1f}" == printed


def test_reference__finds_by_name_and_refuses_others():
    found = reference("nhanes 2005-2008 male 21-30 total-hip")
    assert (found.points[0].mean, found.points[0].sd, found.sex) == (1.067, 0.12, "M")
    with pytest.raises(DxaError, match="known are GE Lunar USA female spine L1"):
        reference("NHANES III")


def test_references__hold_no_unverified_numbers():
    assert {built.region for built in REFERENCES} == {"L1", "L2", "L3", "L4", "L1-L4", "L2-L4"}
    assert all(not chosen.printed and "NHANES 2005-2008" in chosen.name for chosen in SELECTABLE)


def ge(text: str = GE_NAME, *, model: str = "Lunar Prodigy", version: str = "16 [SP 2]", **patient) -> RawDxaReport:
    return report(
        row("L1-L4", "1.055", names=("bmd",)),
        device=DxaDevice(manufacturer="GE Healthcare", model=model, analysis_version=version),
        circumstances=DxaCircumstances(reference=text),
        patient=DxaPatient(**{"sex": "F", "ethnicity": "White", **patient}),
    )


@pytest.mark.parametrize("text", [GE_NAME, "usa (combined nhanes / lunar)", GE_FOOTNOTE])
def test_matching__knows_the_lunar_reference_by_its_printed_names(text):
    found = matching(ge(text), "L1-L4", REFERENCES)
    assert found is not None
    assert found.points[0].mean == 1.18


@pytest.mark.parametrize(
    ("other", "region"),
    [
        (ge(model="Lunar iDXA"), "L1-L4"),
        (ge(model="Lunar iDXA Prodigy"), "L1-L4"),
        (ge(model=""), "L1-L4"),
        (ge(version="17 [SP 4]"), "L1-L4"),
        (ge(version=""), "L1-L4"),
        (ge("Germany (Lunar)"), "L1-L4"),
        (ge(sex="M"), "L1-L4"),
        (ge(sex=""), "L1-L4"),
        (ge(ethnicity="Black"), "L1-L4"),
        (ge(GE_FOOTNOTE.replace("Female", "Male")), "L1-L4"),
        (ge(), "L1-L3"),
        (ge(), "neck"),
    ],
)
def test_matching__of_another_device_version_name_group_or_region_is_none(other, region):
    assert matching(other, region, REFERENCES) is None


def test_matching__the_printed_group_goes_before_the_patients():
    assert matching(ge(GE_FOOTNOTE, sex="M", ethnicity="Black"), "L1-L4", REFERENCES) is not None


def test_matching__the_lunar_reference_has_no_z_score():
    assert matching(ge(), "L1-L4", REFERENCES, "z_score") is None


def test_matching__a_reference_without_printed_names_serves_every_report_unless_another_is_named():
    stated = curve((25, 1.05, 0.11, 1.0), name="hospital", site="lumbar-spine", region="L1-L4")
    assert matching(ge("anything"), "L1-L4", (stated, *REFERENCES)) == stated
    found = matching(ge(), "L1-L4", (stated, *REFERENCES))
    assert found is not None
    assert found.name == "GE Lunar USA female spine L1-L4"


def test_matching__two_equally_good_ones_are_none():
    one, two = (curve((25, mean, 0.11, 1.0), site="lumbar-spine", region="L1-L4") for mean in (1.05, 1.06))
    assert matching(ge("anything"), "L1-L4", (one, two)) is None
    assert matching(ge("anything"), "L1-L4", (one, one)) == one


def test_population__reads_t_and_z_apart():
    text = "T-score vs. White Female. Source: invented. Z-score vs. Black Male. Source: invented."
    named = ge(text, sex="O", ethnicity="")
    women = curve(
        (20, 1.05, 0.11, 1.0), (80, 0.9, 0.1, 1.0), name="w", sex="F", ethnicity="White", region="L1-L4", site=""
    )
    men = curve(
        (20, 1.15, 0.12, 1.0), (80, 1.0, 0.1, 1.0), name="m", sex="M", ethnicity="Black", region="L1-L4", site=""
    )
    assert matching(named, "L1-L4", (women, men), "t_score") == women
    assert matching(named, "L1-L4", (women, men), "z_score") == men
    assert population(named, "White and Black women") == ("F", "")


def test_own_curve__falls_back_to_the_curve_for_all_groups_but_not_for_the_other_sex():
    points = ((20, 0.9, 0.1, 1.0), (80, 0.7, 0.1, 1.0))
    curves = (
        curve(*points, name="F all", sex="F"),
        curve(*points, name="F black", sex="F", ethnicity="B"),
        curve(*points, name="F method", sex="F", method="x"),
    )
    assert own_curve(curves, "neck", sex="F", ethnicity="B").name == "F black"
    assert own_curve(curves, "neck", sex="F", ethnicity="H").name == "F all"
    assert own_curve(curves, "neck", sex="M") is None
    assert own_curve(curves, "ulna-ud", sex="F") is None
