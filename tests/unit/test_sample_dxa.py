"""DXA of the synthetic trial: true values, identities, who has what, and truth."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from bonemetrics.anatomy import FOREARM, HIP, SPINE, is_region, vertebrae_of
from bonemetrics.sample.dxa import numbers, reference
from bonemetrics.sample.dxa.bones import Part, gain, measured_parts, true_parts
from bonemetrics.sample.dxa.exam import OTHER_HORIZON, Exam
from bonemetrics.sample.dxa.files import truth_rows
from bonemetrics.sample.dxa.plan import reports
from bonemetrics.sample.people import MOVED, VISITS, WOMEN
from bonemetrics.sample.tables import TRUTH_COLUMNS

ALL = [(woman, visit, report) for woman in WOMEN for visit in VISITS for report in reports(woman, visit)]


def exams() -> list[Exam]:
    return [exam for _, _, report in ALL for exam in report.exams]


def test_gain__spine_follows_the_radius_the_hip_by_half_and_the_forearm_ages():
    seven, four = WOMEN[6], WOMEN[3]
    assert gain(seven, SPINE, 24) == pytest.approx(0.04)
    assert gain(seven, HIP, 12) == pytest.approx(0.01)
    assert gain(seven, FOREARM, 24) == pytest.approx(-0.012)
    # She does not respond: the whole loss of the radius shows everywhere but at the forearm, which only ages.
    assert [gain(four, site, 24) for site in (SPINE, HIP, FOREARM)] == pytest.approx([-0.02, -0.02, -0.012])


def test_true_parts__grow_by_the_gain_and_keep_their_area():
    before, after = (true_parts(WOMEN[6], SPINE, months) for months in (0, 24))
    for level in ("L1", "L4"):
        assert after[level].bmd / before[level].bmd == pytest.approx(1.04)
        assert after[level].area == before[level].area


def test_measured_parts__differ_from_the_truth_by_the_precision_of_a_scanner():
    ratios = [
        measured_parts(woman, HIP, visit.months)["neck"].bmd / true_parts(woman, HIP, visit.months)["neck"].bmd - 1
        for woman in WOMEN
        for visit in VISITS
    ]
    spread = (sum(ratio**2 for ratio in ratios) / len(ratios)) ** 0.5
    # 40 draws of SD 0.9 %: their root mean square lies within 30 % of it with more than 99 % probability.
    assert spread == pytest.approx(0.009, rel=0.3)


def test_every_woman__has_osteoporosis_at_spine_or_hip_before_treatment():
    for woman in WOMEN:
        rows = [row for report in reports(woman, VISITS[0]) for exam in report.exams for row in exam.rows]
        spine = [row for row in rows if vertebrae_of(row.region) and len(vertebrae_of(row.region)) > 2]
        whole = max(spine, key=lambda row: len(vertebrae_of(row.region)))
        hips = [row for row in rows if row.region in ("neck", "total-hip")]
        assert min(row.t_score for row in (whole, *hips)) <= Decimal("-2.5")
        age = next(report.exams[0].age for report in reports(woman, VISITS[0]))
        assert 50 <= age <= 70


def test_spine_rows__are_fifteen_sums_in_the_order_of_a_page():
    parts = {"L1": Part(12.0, 9.0), "L2": Part(13.5, 11.0), "L3": Part(15.0, 13.5), "L4": Part(16.25, 13.0)}
    rows = numbers.spine_rows(parts, ("L1", "L2", "L3", "L4"))
    assert [row.region for row in rows] == [
        *("L1", "L2", "L3", "L4", "L1-L2", "L1,L3", "L1,L4", "L2-L3", "L2,L4", "L3-L4"),
        *("L1-L3", "L1-L2,L4", "L1,L3-L4", "L2-L4", "L1-L4"),
    ]
    whole = rows[-1]
    # 9 + 11 + 13.5 + 13 = 46.5 g over 12 + 13.5 + 15 + 16.25 = 56.75 cm²; 46.5 / 56.75 = 0.81938.
    assert (whole.text("bmc"), whole.text("area"), whole.text("bmd")) == ("46.50", "56.75", "0.819")
    # Mean of L1-L4 by the weights: (0.940·12 + 1.020·13 + 1.060·15 + 1.090·16) / 56 = 1.0336, to three digits 1.034;
    # (0.819 − 1.034) / 0.11 = −1.9545 and (0.819 − 0.884) / 0.13 = −0.5 exactly.
    assert (whole.text("t_score"), whole.text("z_score")) == ("-2.0", "-0.5")


def test_hip_rows__total_leaves_wards_out_and_the_mean_is_of_densities():
    def parts(scale: float) -> dict[str, Part]:
        return {
            "neck": Part(5.0, 3.0 * scale),
            "trochanter": Part(10.0, 5.0),
            "intertrochanter": Part(18.0 * scale, 14.0),
            "wards": Part(1.2, 0.5),
        }

    left = numbers.hip_rows(parts(1.0), "left")
    assert [row.region for row in left] == ["neck", "trochanter", "intertrochanter", "total-hip", "wards"]
    total = left[3]
    assert (total.area, total.bmc) == (33.0, 22.0)
    both = numbers.dual_hip_rows(left, numbers.hip_rows(parts(1.1), "right"))
    assert [(row.region, row.side) for row in both] == [
        (region, side) for region in ("neck", "total-hip") for side in ("left", "right", "mean")
    ]
    # Necks of 3.0/5 = 0.600 and 3.3/5 = 0.660.
    assert both[2].text("bmd") == "0.630"


def test_forearm_rows__total_is_the_sum_of_three_parts():
    parts = {f"{bone}-{name}": Part(area, area / 2) for bone in ("radius", "ulna") for name, area in
             (("ud", 3.5), ("mid", 6.25), ("33", 2.5))}  # fmt: skip
    rows = {row.region: row for row in numbers.forearm_rows(parts, "right")}
    assert len(rows) == 12
    assert rows["radius-total"].text("area") == "12.25"
    assert rows["radius+ulna-33"].text("bmc") == "2.50"
    assert all(is_region(FOREARM, region) for region in rows)


def test_lunar_scores__are_those_of_the_printed_reference():
    # (0.886 − 1.130) / 0.120 = −2.033; combinations whose reference no source gives have no score.
    assert reference.lunar_scores("L1", Decimal("0.886"))[0] == Decimal("-2.0")
    assert reference.lunar_scores("L2-L4", Decimal("1.059"))[0] == Decimal("-1.2")
    assert reference.lunar_scores("L1-L2", Decimal("0.977")) is None


@pytest.mark.parametrize("region", list(reference.SAMPLE_CURVES))
def test_sample_curves__never_put_the_score_of_a_printed_density_on_an_edge(region):
    mean, sd, later, later_sd = reference.SAMPLE_CURVES[region]
    for young, spread in ((mean, sd), (later, later_sd)):
        for thousandth in range(200, 1400):
            tenths = abs(Decimal(thousandth) / 1000 - Decimal(str(young))) / Decimal(str(spread)) * 10
            assert tenths % 1 != Decimal("0.5")


def test_curves__are_level_after_fifty_and_name_what_pages_print():
    curves = reference.curves()
    assert len({curve.region for curve in curves}) == len(curves) == 15 + 6 + 12
    for curve in curves:
        assert is_region(curve.site, curve.region)
        assert curve.points[1].mean == curve.points[2].mean
        assert curve.printed == ("INVENTED reference 1",)


def test_reports__come_in_eleven_forms_and_every_visit_has_all_sites():
    assert len({report.form for _, _, report in ALL}) == 11
    for woman in WOMEN:
        for visit in VISITS:
            sites = {exam.site for report in reports(woman, visit) for exam in report.exams}
            assert sites == {SPINE, HIP, FOREARM}


def test_reports__all_lie_within_their_visit_on_one_day():
    for woman, visit, report in ALL:
        days = {exam.scanned.date() for exam in report.exams}
        assert len(days) == 1
        days_after = (days.pop() - woman.day1).days
        study_day = days_after + 1 if days_after >= 0 else days_after
        assert visit.window[0] <= study_day <= visit.window[1]


def test_scan_ids__hold_the_day():
    exam = next(exam for exam in exams() if exam.scanned.date() == date(2015, 10, 27))
    assert exam.scan_id.startswith("A102715")
    # 2015 = 1·36² + 19·36 + 35 is 1JZ in base 36; October is A.
    assert exam.long_scan_id.startswith("A1JZA27")
    assert (len(exam.scan_id), len(exam.long_scan_id)) == (9, 13)


def test_reports__one_woman_for_each_difficulty():
    fractured = {exam.levels for exam in exams() if exam.woman.subject == "CSM-03" and exam.site == SPINE}
    assert fractured == {("L1", "L3", "L4")}
    replaced = {visit.name for woman, visit, report in ALL if report.exams[0].densitometer == OTHER_HORIZON}
    assert replaced == {"Month 24"}
    assert {woman.subject for woman, _, r in ALL if r.exams[0].densitometer == OTHER_HORIZON} == {f"CSM-{MOVED:02d}"}
    assert [(w.subject, v.name) for w, v, report in ALL if report.stain] == [("CSM-04", "Month 6")]
    assert [(w.subject, v.name) for w, v, report in ALL if report.comma] == [("CSM-09", "Month 12")]
    assert [(w.subject, v.name) for w, v, report in ALL if report.slip] == [("CSM-05", "Month 12")]
    assert [(w.subject, v.name) for w, v, report in ALL if report.form == "dicom-image"] == [("CSM-10", "Baseline")]


def test_truth__every_number_stands_once_and_follows_the_identities():
    rows = [row for _, _, report in ALL for row in truth_rows(report)]
    table = {row[:7]: Decimal(row[7]) for row in rows}
    assert len(table) == len(rows) > 5000
    assert all(len(row) == len(TRUTH_COLUMNS) for row in rows)
    for (*key, quantity), bmd in table.items():
        if quantity != "aBMD" or (*key, "Area") not in table or key[3] == "mean":
            continue
        area, bmc = table[*key, "Area"], table[*key, "BMC"]
        half = Decimal("0.005")
        allowed = Decimal("0.0006") + bmd * (half / bmc + half / area)
        assert abs(bmd - bmc / area) <= allowed


def test_truth__of_a_doubly_routed_scan_is_that_of_the_exact_route():
    rows = [row for woman, visit, report in ALL if woman.subject == "CSM-05" for row in truth_rows(report)]
    neck = [row for row in rows if row[5:7] == ("neck", "aBMD") and row[1] == "Month 12"]
    (exam,) = {e.key: e for w, v, r in ALL if (w.subject, v.name) == ("CSM-05", "Month 12") for e in r.exams
               if e.site == HIP}.values()  # fmt: skip
    assert [float(row[7]) for row in neck] == [exam.rows[0].bmc / exam.rows[0].area]
    # P files hold no scores, so those of the other route count.
    scores = [row[1] for row in rows if row[5:7] == ("neck", "T-score")]
    assert scores == ["Month 12"]


def test_truth__leaves_out_what_the_stain_hides():
    rows = [row for w, v, r in ALL if (w.subject, v.name) == ("CSM-04", "Month 6") for row in truth_rows(r)]
    assert {row[6] for row in rows if row[5] == "L3"} == {"Area", "BMC"}
    assert len({row[6] for row in rows if row[5] == "L2"}) == 5
