"""Printed scores against the named reference, and scores that a database leaves to its curves."""

from __future__ import annotations

from datetime import date

import pytest

from bonemetrics.dxa.cells import Number
from bonemetrics.dxa.scores import age_bounds, agrees, check_scores, score_bounds, with_computed_scores
from bonemetrics.errors import DxaError
from bonemetrics.records import CurvePoint, DxaCell, DxaCircumstances, DxaPatient, DxaRow, ReferenceCurve
from tests.dxa_rows import codes, exact, report, row

NAMES = ("bmd", "t_score", "z_score")


def stated(region: str = "neck", **more) -> ReferenceCurve:
    # M 0.85 and S 0.12 at 25, M 0.65 and S 0.10 at 75: 0.69 and 0.104 at 65.
    points = (CurvePoint(age_years=25.0, mean=0.85, sd=0.12), CurvePoint(age_years=75.0, mean=0.65, sd=0.10))
    defaults = {"name": "invented", "source": "test", "site": "hip", "region": region, "age_young": 25.0}
    return ReferenceCurve(**{**defaults, "points": points, **more})


def test_age_bounds__birth_and_scan_date_go_before_the_stated_age():
    patient = DxaPatient(birth_date="19500301", age_years=12.0)
    low, high = age_bounds(report(patient=patient, scan_date=date(2015, 3, 1)))
    assert low == high == pytest.approx(65.0, abs=0.003)


def test_age_bounds__whole_years_are_those_of_the_last_birthday():
    assert age_bounds(report(patient=DxaPatient(age_years=36.0))) == (36.0, 37.0)
    assert age_bounds(report(patient=DxaPatient(age_years=76.7))) == pytest.approx((76.65, 76.75))
    assert age_bounds(report()) is None
    assert age_bounds(report(patient=DxaPatient(age_years=-1.0))) is None


def test_age_bounds__a_birth_after_the_scan_or_on_no_day_is_none():
    for born in ("20190301", "19501399"):
        assert age_bounds(report(patient=DxaPatient(birth_date=born), scan_date=date(2015, 3, 1))) is None


def test_agrees__allows_for_the_rounding_of_bmd_and_score():
    # BMD 0.720 ± 0.0005: T between -1.0875 and -1.07917, printed -1.1 alone; with 0.7265 it is -1.0333 to -1.025.
    bounds = score_bounds(stated(), Number(0.72, 0.0005), "t_score", None)
    assert bounds == pytest.approx((-1.0875, -1.0791667))
    assert agrees(Number(-1.1, 0.05), bounds)
    assert not agrees(Number(-1.0, 0.05), bounds)
    assert not agrees(Number(1.1, 0.05), bounds)
    # T of 0.724 ± 0.0005 spans -1.0542 to -1.0458: both neighbours can be printed.
    both = score_bounds(stated(), Number(0.724, 0.0005), "t_score", None)
    assert agrees(Number(-1.1, 0.05), both)
    assert agrees(Number(-1.0, 0.05), both)


def test_score_bounds__z_needs_an_age():
    with pytest.raises(DxaError, match="needs the patient's age"):
        score_bounds(stated(), Number(0.72, 0.0005), "z_score", None)


def test_check_scores__says_nothing_where_all_agree():
    # T (0.72 - 0.85) / 0.12 = -1.083; Z at 65: (0.72 - 0.69) / 0.104 = 0.288.
    whole = report(row("neck", "0.720", "-1.1", "0.3", names=NAMES), patient=DxaPatient(age_years=65.02))
    assert check_scores(whole, (stated(),)) == ()


def test_check_scores__names_the_reference_and_what_it_gives():
    whole = report(row("neck", "0.720", "1.1", "0.3", names=NAMES), patient=DxaPatient(age_years=65.02))
    ((found, spots),) = check_scores(whole, (stated(),))
    assert (found.code, spots) == ("score-disagrees", ((0, "t_score"),))
    assert found.message == "neck T-score is 1.1, but invented gives -1.09 to -1.08"


def test_check_scores__exchanged_t_and_z_show():
    whole = report(row("neck", "0.720", "0.3", "-1.1", names=NAMES), patient=DxaPatient(age_years=65.02))
    assert codes(check_scores(whole, (stated(),))) == ["score-disagrees", "score-disagrees"]


def test_check_scores__one_note_over_all_that_nothing_checks():
    rows = (row("neck", "0.720", "-1.1", "0.3", names=NAMES), row("wards", "0.611", "-1.4", ".", names=NAMES))
    ((found, spots),) = check_scores(report(*rows))
    assert (found.code, spots) == ("reference-unknown", ((0, "t_score"), (0, "z_score"), (1, "t_score")))


def test_check_scores__what_was_not_checked_is_counted_rather_than_listed():
    levels = ("L1", "L2", "L3", "L4", "L1-L4", "L2-L4")
    rows = tuple(row(region, "0.720", "-1.1", "0.3", names=NAMES) for region in levels)
    ((found, spots),) = check_scores(report(*rows))
    assert len(spots) == 12
    assert found.message == (
        "not checked, since the report names no reference population: T-score and Z-score of 6 regions "
        "(L1, L2, L3, L4 and others)"
    )


@pytest.mark.parametrize(
    ("reference", "texts", "age", "reasons"),
    [
        ("T-score vs. White Female. Source: elsewhere", ("0.720", "-1.1", "0.3"), 65.02, ["no reference", "the other"]),
        ("invented", ("0.720", "-1.1", "0.3"), None, ["the age is not known"]),
        ("invented", (".", "-1.1", "0.3"), 65.02, ["there is no BMD"]),
    ],
)
def test_check_scores__says_why_a_score_was_not_checked(reference, texts, age, reasons):
    patient = DxaPatient(sex="F", age_years=age)
    told = DxaCircumstances(reference=reference)
    whole = report(row("neck", *texts, names=NAMES), patient=patient, circumstances=told)
    curve = stated().model_copy(update={"printed": ("invented",)})
    found = [problem.message for problem, _ in check_scores(whole, (curve,)) if problem.code == "reference-unknown"]
    assert len(found) == len(reasons)
    assert all(reason in message for reason, message in zip(reasons, found, strict=True))


def test_check_scores__a_partial_spine_is_never_scored_against_the_whole():
    rows = (row("L1,L3-L4", "1.049", "-1.1", names=("bmd", "t_score")),)
    patient = DxaPatient(sex="F", ethnicity="White")
    whole = report(*rows, patient=patient, circumstances=DxaCircumstances(reference="USA (Combined NHANES/Lunar)"))
    assert codes(check_scores(whole, (stated("L1-L4", site="lumbar-spine"),))) == ["reference-unknown"]


def test_check_scores__a_report_without_scores_needs_no_reference():
    assert check_scores(report(row("neck", "0.720", names=("bmd",)))) == ()


def scan(**patient) -> object:
    bmd = {"bmd": exact(0.7234567891, "g/cm2")}
    rows = (DxaRow(region="neck", side="left", cells=bmd), DxaRow(region="wards", side="left", cells=bmd))
    return report(
        *rows,
        route="hologic-database",
        scan_date=date(2015, 3, 1),
        patient=DxaPatient(**{"birth_date": "19500301", "sex": "M", **patient}),
    )


OWN = (
    stated(name="women", sex="F"),
    stated(
        name="men",
        sex="M",
        points=(CurvePoint(age_years=25, mean=0.95, sd=0.14), CurvePoint(age_years=75, mean=0.75, sd=0.12)),
    ),
)


def test_with_computed_scores__t_from_the_women_and_z_from_the_patients_own_sex():
    step = with_computed_scores(scan(), OWN)
    cells = step.report.rows[0].cells
    # T (0.7234567891 - 0.85) / 0.12; Z at 65 years and a hundredth: M 0.79, S 0.124.
    assert cells["t_score"].value == pytest.approx(-1.05452676, abs=1e-8)
    assert cells["z_score"].value == pytest.approx((0.7234567891 - 0.79) / 0.124, abs=1e-3)
    assert (cells["t_score"].place, cells["z_score"].place) == ("computed from women", "computed from men")
    assert cells["t_score"].unit == "1"
    assert codes(step.notes) == ["scores-recomputed", "reference-unknown"]
    assert step.notes[1][1] == ((1, "t_score"), (1, "z_score"))
    assert "t_score" not in step.report.rows[1].cells


def test_with_computed_scores__nothing_without_curves_of_the_source():
    whole = scan()
    assert with_computed_scores(whole, ()).report is whole


def test_with_computed_scores__not_for_printed_numbers_and_not_over_what_is_there():
    printed = report(row("neck", "0.720", names=("bmd",)))
    assert with_computed_scores(printed, OWN).report == printed
    there = {"bmd": exact(0.7234567891, "g/cm2"), "t_score": DxaCell(raw="*****"), "z_score": exact(0.31, "1")}
    whole = report(DxaRow(region="neck", cells=there))
    assert with_computed_scores(whole, OWN).report == whole


def test_with_computed_scores__no_z_score_from_a_whole_number_of_years_or_outside_the_curve():
    for patient in ({"birth_date": "", "age_years": 65.0}, {"birth_date": "19200301"}, {"sex": ""}):
        assert set(with_computed_scores(scan(**patient), OWN).report.rows[0].cells) == {"bmd", "t_score"}
