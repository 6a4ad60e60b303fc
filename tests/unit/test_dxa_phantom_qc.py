from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from bonemetrics.dxa.phantom_qc import PhantomScan, TabularCusum, phantom_qc
from bonemetrics.dxa.qc_series import of_scanner, read_series
from bonemetrics.errors import DxaError

START = date(2021, 1, 4)
# Mean 1.000 g/cm²; SD = sqrt(10 × 0.002² / 9) = 0.00210819; the last one lies above the mean, by 0.949 SD.
BASELINE = (0.998, 1.002) * 5


def scans(*values: float, start: date = START, **facts) -> list[PhantomScan]:
    return [PhantomScan(day=start + timedelta(days=7 * n), bmd_g_cm2=v, **facts) for n, v in enumerate(values)]


def rules_after_baseline(*values: float, **options) -> list[tuple[str, ...]]:
    found = phantom_qc(scans(*BASELINE, *values), baseline_scans=10, **options)
    assert not any(point.rules for point in found.points[:10])
    return [point.rules for point in found.points[10:]]


def test_baseline__by_hand():
    (baseline,) = phantom_qc(scans(*BASELINE, 1.2), baseline_scans=10).baselines
    assert baseline is not None
    assert baseline.mean == pytest.approx(1.0)
    assert baseline.sd == pytest.approx(0.00210819, abs=1e-8)
    assert (baseline.low, baseline.high) == pytest.approx((0.985, 1.015))
    assert (baseline.n, baseline.short, baseline.first_day) == (10, False, START)


def test_limits__are_the_ones_of_the_textbook():
    # Bonnick: a mean of 1.177 g/cm² gives 0.018 on either side, 1.159 to 1.195.
    (baseline,) = phantom_qc(scans(*[1.176, 1.178] * 12, 1.177)).baselines
    assert baseline is not None
    assert (round(baseline.low, 3), round(baseline.high, 3)) == (1.159, 1.195)
    assert baseline.n == 25


def test_limit__the_limit_itself_is_within():
    assert rules_after_baseline(1.015) == [("3sd",)]
    assert rules_after_baseline(0.985) == [("3sd",)]
    assert rules_after_baseline(1.0151) == [("limit", "3sd")]
    assert rules_after_baseline(0.9849) == [("limit", "3sd")]


def test_limit__can_be_another():
    assert rules_after_baseline(1.015, limit_percent=1.0) == [("limit", "3sd")]


def test_3sd__3_sd_are_0_00632():
    assert rules_after_baseline(1.0063, 0.9936) == [(), ("3sd",)]


def test_2of3__on_one_side_only():
    # 2 SD are 0.00422.
    assert rules_after_baseline(1.005, 1.000, 1.005) == [(), (), ("2of3-2sd",)]
    assert rules_after_baseline(1.005, 1.000, 0.995) == [(), (), ()]
    assert rules_after_baseline(0.995, 1.000, 1.000, 0.995) == [(), (), (), ()]


def test_2of3__names_the_scan_that_lies_out_not_the_one_after_it():
    assert rules_after_baseline(1.005, 1.005, 1.000) == [(), ("2of3-2sd",), ()]


def test_4of5__by_hand():
    # 1 SD is 0.00211; the last of the baseline, 1.002, is no fourth.
    assert rules_after_baseline(1.003, 1.003, 0.999, 1.003, 1.003) == [(), (), (), (), ("4of5-1sd",)]
    assert rules_after_baseline(1.003, 1.003, 0.999, 0.999, 1.003, 1.003)[-1] == ()


def test_10_same_side__counts_the_run_and_a_scan_on_the_mean_ends_it():
    # The last scan of the baseline lies above, so the ninth of these is the tenth in a row.
    assert rules_after_baseline(*[1.001] * 10) == [()] * 8 + [("10-same-side",)] * 2
    assert rules_after_baseline(*[1.001] * 8, 1.000, *[1.001] * 9) == [()] * 18


def test_cusum__is_the_running_sum_of_deviations():
    found = phantom_qc(scans(*BASELINE, 1.004, 1.004, 0.998), baseline_scans=10)
    assert [point.cusum for point in found.points[9:]] == pytest.approx([0.0, 0.004, 0.008, 0.006])
    assert [point.percent for point in found.points[-2:]] == pytest.approx([0.4, -0.2])


def test_tabular_cusum__by_hand():
    # In SD of 0.00210819, k 0.5: the baseline goes -0.9487, +0.9487, …; its upper sum ends at 0.4487. Then +1.8974
    # each: 0.4487 + 1.3974 = 1.8461, 3.2434, 4.6408, 6.0381. The lower sum falls to 0.
    found = phantom_qc(
        scans(*BASELINE, 1.004, 1.004, 1.004, 1.004), baseline_scans=10, tabular=TabularCusum(k=0.5, h=5.0)
    )
    assert [point.above for point in found.points[9:]] == pytest.approx(
        [0.4487, 1.8461, 3.2434, 4.6408, 6.0381], abs=2e-4
    )
    assert found.points[-1].below == 0.0
    assert "tabular-cusum" in found.points[-1].rules
    assert "tabular-cusum" not in found.points[-2].rules


def test_tabular_cusum__has_no_default():
    found = phantom_qc(scans(*BASELINE, 1.004), baseline_scans=10)
    assert found.points[-1].above is None
    with pytest.raises(ValidationError):
        TabularCusum(k=0.5)  # type: ignore[call-arg]


def test_moving_average__only_where_asked_and_only_when_full():
    values = [*BASELINE, 1.010]
    assert {point.moving_average for point in phantom_qc(scans(*values)).points} == {None}
    found = phantom_qc(scans(*values), moving_average=3)
    assert [point.moving_average for point in found.points[:2]] == [None, None]
    # (0.998 + 1.002 + 1.010) / 3
    assert found.points[-1].moving_average == pytest.approx(1.0033333)


def test_service__begins_a_new_baseline():
    after = START + timedelta(days=7 * 12)
    values = [*BASELINE, 1.001, 0.999, *[value + 0.05 for value in BASELINE], 1.0514]
    found = phantom_qc(scans(*values), services=[after], baseline_scans=10)
    assert [point.segment for point in found.points] == [0] * 12 + [1] * 11
    assert found.baselines[1] is not None
    assert found.baselines[1].mean == pytest.approx(1.05)
    assert found.baselines[1].first_day == after
    assert found.violations == ()
    # The sum begins anew: after 12 scans it was 0, after the last one it is the last deviation.
    assert found.points[-1].cusum == pytest.approx(0.0014)
    without = phantom_qc(scans(*values), baseline_scans=10)
    assert len(without.violations) == 11


def test_service__can_be_marked_on_the_scan():
    marked = [*scans(*BASELINE), *scans(*BASELINE, start=date(2022, 1, 3))]
    marked[10] = marked[10].model_copy(update={"service": True})
    assert [point.segment for point in phantom_qc(marked).points] == [0] * 10 + [1] * 10


def test_service__before_the_first_scan_or_after_the_last_changes_nothing():
    found = phantom_qc(scans(*BASELINE), services=[date(2020, 1, 1), date(2030, 1, 1)])
    assert len(found.baselines) == 1


def test_a_segment_with_too_few_scans__is_not_judged():
    found = phantom_qc(scans(*BASELINE, 1.5, 1.5), services=[START + timedelta(days=70)], moving_average=1)
    assert found.baselines[1] is None
    assert [(point.percent, point.cusum, point.rules) for point in found.points[10:]] == [(None, None, ())] * 2


def test_a_short_baseline__is_told():
    (baseline,) = phantom_qc(scans(*BASELINE, 1.001)).baselines
    assert baseline is not None
    assert (baseline.n, baseline.short) == (11, True)


def test_scans_all_alike__have_no_sd_and_only_rules_without_it():
    found = phantom_qc(scans(*[1.1] * 10, 1.11, 1.13), baseline_scans=10, tabular=TabularCusum(k=0.5, h=5.0))
    assert [point.rules for point in found.points[-2:]] == [(), ("limit",)]
    assert found.points[-1].z is None
    assert found.points[-1].above is None


def test_zero_and_negative_values__are_judged():
    assert rules_after_baseline(0.0, -0.001)[1][:2] == ("limit", "3sd")


def test_order__is_that_of_time():
    given = scans(*BASELINE, 1.05)
    assert phantom_qc(given[::-1], baseline_scans=10).points[-1].scan.bmd_g_cm2 == 1.05


@pytest.mark.parametrize(
    ("given", "options", "message"),
    [
        (scans(*BASELINE[:9]), {}, "at least 10"),
        ([], {}, "0 phantom scans"),
        (scans(*BASELINE), {"services": [START + timedelta(days=20)]}, "7 phantom scans"),
        (scans(*BASELINE, serial="A") + scans(1.0, serial="B"), {}, "2 scanners"),
        (scans(*[-1.0, 1.0] * 5), {}, "above 0"),
        (scans(*BASELINE), {"baseline_scans": 9}, "10 to 25"),
        (scans(*BASELINE), {"baseline_scans": 26}, "10 to 25"),
        (scans(*BASELINE), {"limit_percent": 0.0}, "above 0 %"),
        (scans(*BASELINE), {"moving_average": 0}, "at least one"),
    ],
)
def test_what_cannot_be_judged__is_refused(given, options, message):
    with pytest.raises(DxaError, match=message) as refused:
        phantom_qc(given, **options)
    assert refused.value.code == "invalid-series"


@pytest.mark.parametrize("bound", ["MOST_SCANS", "MOST_SEGMENTS"])
def test_far_too_many_scans_or_services__are_refused(monkeypatch, bound):
    given = scans(*BASELINE, 1.0)
    given[-1] = given[-1].model_copy(update={"service": True})
    monkeypatch.setattr(f"bonemetrics.dxa.phantom_qc.{bound}", 1)
    with pytest.raises(DxaError, match="11 scans and 1 services"):
        phantom_qc(given)


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "series.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    return path


def test_read_series__takes_columns_by_name(tmp_path):
    text = (
        "\ufeffBMD,Date,event,serial\n0.991,2021-01-04,,SN7\n\n"
        "-0.5 ,2021-01-05,Service: tube replaced,SN7\n1,2021-01-06,remark,SN8\n"
    )
    found = read_series(written(tmp_path, text))
    assert found == (
        PhantomScan(day=date(2021, 1, 4), bmd_g_cm2=0.991, serial="SN7"),
        PhantomScan(day=date(2021, 1, 5), bmd_g_cm2=-0.5, serial="SN7", service=True, remark="tube replaced"),
        PhantomScan(day=date(2021, 1, 6), bmd_g_cm2=1.0, serial="SN8"),
    )
    assert len(of_scanner(found, "SN7")) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("date,serial,bmd\n04/01/2021,7,1.0\n", "line 2: date"),
        ("date,serial,bmd\n2021-02-30,7,1.0\n", "line 2: date"),
        ("date,serial,bmd\n2021-01-04,7,1.0\n2021-01-05,7,0,99\n", "line 3: 4 cells"),
        ("date;serial;bmd\n2021-01-04;7;0,99\n", "no column date"),
        ("date,serial,bmd\n2021-01-04,7,n/a\n", "line 2: bmd"),
        ("date,serial,bmd\n2021-01-04,7,nan\n", "line 2: bmd"),
        ("date,serial,bmd\n2021-01-04,7,\n", "line 2: bmd is empty"),
        ("date,serial,bmd\n2021-01-04,7,991.0\n", "mg/cm2"),
        ("date,serial,bmd\n2021-01-04,,1.0\n", "serial is empty"),
        ("date,serial,bmd,event\n2021-01-04,7,1.0,sevice\n", "line 2: event"),
        ("date,serial,bmd,evnet\n2021-01-04,7,1.0,service\n", "none of date"),
        ("date,serial,bmd,bmd\n2021-01-04,7,1.0,1.0\n", "twice"),
        ("date,serial,bmd\n", "no line below"),
        ("", "no column"),
        ('date,serial,bmd\n2021-01-04,"7,1.0\n', "quotation marks"),
        (f"date,serial,bmd\n2021-01-04,{'7' * 300},1.0\n", "200 characters"),
        (b"date,serial,bmd\n2021-01-04,\xff\xfe,1.0\n", "UTF-8"),
        ("date,serial,bmd\n2021-01-04,7\0,1.0\n", "zero bytes"),
    ],
)
def test_read_series__refuses_what_it_could_misread(tmp_path, text, message):
    with pytest.raises(DxaError, match=message) as refused:
        read_series(written(tmp_path, text))
    assert refused.value.code == "invalid-series"


def test_read_series__refuses_a_table_larger_than_any_series(tmp_path, monkeypatch):
    monkeypatch.setattr("bonemetrics.dxa.csv_table.LARGEST_BYTES", 20)
    with pytest.raises(DxaError, match="larger than"):
        read_series(written(tmp_path, "date,serial,bmd\n2021-01-04,7,1.0\n"))


def test_of_scanner__asks_which_one():
    both = [*scans(1.0, serial="A"), *scans(1.1, serial="B")]
    with pytest.raises(DxaError, match="A, B"):
        of_scanner(both, None)
    with pytest.raises(DxaError, match="no scan of this serial"):
        of_scanner(both, "C")
    assert len(of_scanner(both[:1], None)) == 1
