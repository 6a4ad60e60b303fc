"""T-scores of printed GE rows, worked by hand from the reference's own constants.

Recipe: T = (BMD - M) / 0.120 with M 1.130 for L1, 1.200 for L2, L3, L4 and L2-L4, 1.180 for L1-L4 (g/cm²), then one
decimal with halves away from zero. The BMD are invented.
"""

from __future__ import annotations

import pytest

from bonemetrics.dxa.cells import Number
from bonemetrics.dxa.judge import judge
from bonemetrics.dxa.reference_match import matching
from bonemetrics.dxa.references import REFERENCES, rounded, t_score
from bonemetrics.dxa.scores import agrees, score_bounds
from bonemetrics.records import CurvePoint, DxaCircumstances, DxaDevice, DxaPatient, ReferenceCurve
from tests.dxa_rows import codes, report, row

WORKED = [
    # region, BMD, T by hand, as printed
    ("L1", "0.907", -1.858333, "-1.9"),  # -0.223 / 0.12
    ("L1", "1.171", 0.341667, "0.3"),  # 0.041 / 0.12
    ("L2", "1.023", -1.475, "-1.5"),  # -0.177 / 0.12
    ("L2", "0.899", -2.508333, "-2.5"),  # -0.301 / 0.12
    ("L3", "1.199", -0.008333, "0.0"),  # -0.001 / 0.12
    ("L3", "1.384", 1.533333, "1.5"),  # 0.184 / 0.12
    ("L4", "0.758", -3.683333, "-3.7"),  # -0.442 / 0.12
    ("L4", "1.062", -1.15, "-1.2"),  # -0.138 / 0.12: a half, away from zero
    ("L1-L4", "0.877", -2.525, "-2.5"),  # -0.303 / 0.12
    ("L1-L4", "1.063", -0.975, "-1.0"),  # -0.117 / 0.12
    ("L2-L4", "0.961", -1.991667, "-2.0"),  # -0.239 / 0.12
    ("L2-L4", "1.243", 0.358333, "0.4"),  # 0.043 / 0.12
]


def page(*rows):
    return report(
        *rows,
        device=DxaDevice(manufacturer="GE Healthcare", model="Lunar Prodigy", analysis_version="16 [SP 2]"),
        patient=DxaPatient(sex="F", ethnicity="White"),
        circumstances=DxaCircumstances(reference="USA (Combined NHANES/Lunar)"),
    )


@pytest.mark.parametrize(("region", "bmd", "by_hand", "printed"), WORKED)
def test_t_score__ge_spine_rows_by_hand(region, bmd, by_hand, printed):
    curve = matching(page(), region, REFERENCES)
    assert curve is not None
    found = t_score(curve, float(bmd))
    assert found == pytest.approx(by_hand, abs=1e-6)
    assert f"{rounded(found):.1f}" == printed
    assert agrees(Number(float(printed), 0.05), score_bounds(curve, Number(float(bmd), 0.0005), "t_score", None))


def test_judge__a_ge_table_with_these_scores_has_nothing_to_be_said_of():
    # One row of each region, with areas and BMC of which the BMD are true ratios within print: none given here.
    rows = {region: row(region, bmd, printed, names=("bmd", "t_score")) for region, bmd, _, printed in WORKED}
    assert judge(page(*rows.values())).problems == ()


@pytest.mark.parametrize(("region", "bmd", "by_hand", "printed"), WORKED)
def test_judge__one_digit_more_or_less_disagrees(region, bmd, by_hand, printed):
    for step in (-0.2, 0.2):
        wrong = row(region, bmd, f"{float(printed) + step:.1f}", names=("bmd", "t_score"))
        assert codes(judge(page(wrong)).problems) == ["score-disagrees"]


def test_t_score__lms_worked_with_other_software():
    # R: M <- 1.047; L <- -0.38; S <- 0.11; X <- 0.805; M * ((X/M)^L - 1) / (L * S)
    # (0.805/1.047)^-0.38 = exp(0.38 * 0.262844) = exp(0.0998808) = 1.105039; 1.047 * 0.105039 / -0.0418 = -2.63099
    point = CurvePoint(age_years=30.0, mean=1.047, sd=0.11, power=-0.38)
    curve = ReferenceCurve(name="invented", source="test", site="lumbar-spine", region="L1-L4", points=(point,))
    assert t_score(curve, 0.805) == pytest.approx(-2.631, abs=5e-4)
