from __future__ import annotations

import pytest

from bonemetrics.dxa.precision import (
    combined_bmd,
    is_acceptable,
    is_significant,
    lsc_between_devices,
    precision_study,
    vertebra_precision,
    vertebra_subsets,
)
from bonemetrics.errors import DxaError


def pairs(number: int, difference: float = 0.010) -> dict[str, tuple[float, ...]]:
    return {f"P{n}": (0.800 + 0.01 * n, 0.800 + 0.01 * n + difference) for n in range(number)}


def test_precision_study__refuses_fewer_than_30_degrees_of_freedom():
    with pytest.raises(DxaError, match="29 degrees of freedom") as refused:
        precision_study(pairs(29))
    assert refused.value.code == "too-few-degrees-of-freedom"
    assert precision_study(pairs(30)).enough


def test_precision_study__fewer_are_flagged_where_allowed():
    found = precision_study(pairs(4), allow_fewer=True)
    assert not found.enough
    assert found.degrees_of_freedom == 4


def test_precision_study__single_measurements_tell_nothing_and_are_counted():
    found = precision_study({**pairs(30), "one": (0.5,), "none": ()})
    assert (found.n_people, found.n_measurements, found.n_single) == (30, 60, 2)
    with pytest.raises(DxaError, match="0 degrees of freedom"):
        precision_study({"one": (0.5,)}, allow_fewer=True)


def test_precision_study__refuses_copies():
    with pytest.raises(DxaError, match="copies") as refused:
        precision_study(pairs(30, difference=0.0))
    assert refused.value.code == "invalid-series"


def test_precision_study__refuses_what_is_no_number():
    with pytest.raises(DxaError, match="not a number"):
        precision_study({**pairs(30), "X": (0.7, float("nan"))})


def test_precision_study__refuses_a_confidence_of_95():
    with pytest.raises(DxaError, match="between 0 and 1"):
        precision_study(pairs(30), confidence=95)


def test_precision_study__zero_and_negative_values_count_and_have_no_per_cent():
    found = precision_study({**pairs(30), "X": (-0.010, 0.0)})
    assert found.n_people == 31
    assert found.rms_cv_percent is None
    assert found.lsc_percent_ci is None
    assert not is_acceptable(found, maximum_percent=99.0)


def test_vertebra_subsets__two_to_four_with_gaps():
    found = vertebra_subsets()
    assert len(found) == 11
    assert found[0] == ("L1", "L2", "L3", "L4")
    assert ("L1", "L4") in found
    assert all(len(subset) > 1 for subset in found)
    assert vertebra_subsets(("L3", "L2", "L5")) == [("L2", "L3")]


def test_combined_bmd__is_bmc_over_area_and_no_mean_of_bmds():
    # (9.0 + 20.0) / (10.0 + 25.0) = 0.828571…; the mean of 0.9 and 0.8 would be 0.85.
    scans = {"A": [{"L1": (9.0, 10.0), "L3": (20.0, 25.0)}, {"L1": (9.2, 10.1)}], "B": [{"L2": (1.0, 2.0)}]}
    assert combined_bmd(scans, ("L1", "L3")) == {"A": [pytest.approx(29.0 / 35.0)]}


def test_combined_bmd__refuses_a_single_vertebra():
    with pytest.raises(DxaError, match="single vertebra") as refused:
        combined_bmd({}, ("L2",))
    assert refused.value.code == "single-vertebra"


@pytest.mark.parametrize("part", [(0.0, 12.0), (11.0, -1.0), (11.0, float("inf"))])
def test_combined_bmd__refuses_impossible_parts(part):
    with pytest.raises(DxaError, match="not above zero") as refused:
        combined_bmd({"A": [{"L1": (9.0, 10.0), "L2": part}]}, ("L1", "L2"))
    assert refused.value.code == "invalid-series"


def test_vertebra_precision__every_combination_has_its_own():
    # L1 repeats badly, L2 to L4 well: what holds L1 must be worse, the more so the fewer vertebrae dilute it.
    scans = {}
    for n in range(30):
        first = {"L1": (9.0, 11.0), "L2": (11.0, 12.0), "L3": (13.0, 14.0), "L4": (15.0, 16.5 + n / 100)}
        second = {level: (bmc + (0.4 if level == "L1" else 0.02), area) for level, (bmc, area) in first.items()}
        scans[f"P{n}"] = [first, second]
    found = vertebra_precision(scans)
    assert len(found) == 11
    assert found["L1-L2"].lsc > found["L1-L3"].lsc > found["L1-L4"].lsc > found["L2-L4"].lsc
    # L1-L2: 20.0/23 and 20.42/23 g/cm² for everybody, so the RMS-SD is 0.42/23/√2.
    assert found["L1-L2"].rms_sd == pytest.approx(0.42 / 23 / 2**0.5)
    assert found["L2,L4"].n_people == 30


def test_vertebra_precision__refuses_a_combination_too_few_people_have():
    scans = {f"P{n}": [{"L1": (9.0, 11.0), "L2": (11.0, 12.0)}, {"L1": (9.1, 11.0), "L2": (11.1, 12.0)}]
             for n in range(12)}  # fmt: skip
    with pytest.raises(DxaError, match="12 degrees"):
        vertebra_precision(scans)
    assert not vertebra_precision(scans, allow_fewer=True)["L1-L2"].enough


@pytest.mark.parametrize(
    ("change", "significant"), [(0.830 - 0.800, True), (0.800 - 0.830, True), (0.0299, False), (-0.0299, False)]
)
def test_is_significant__a_change_that_equals_the_lsc_counts(change, significant):
    assert is_significant(change, 0.03) is significant


@pytest.mark.parametrize(("change", "lsc"), [(0.1, 0.0), (0.1, -0.02), (0.1, float("nan")), (float("inf"), 0.03)])
def test_is_significant__refuses_an_lsc_that_is_none(change, lsc):
    with pytest.raises(DxaError, match="above zero"):
        is_significant(change, lsc)


def test_lsc_between_devices__by_hand():
    # sqrt(0.016² + (0.9 × 0.010)² + 0.012²) = sqrt(0.000256 + 0.000081 + 0.000144) = sqrt(0.000481) = 0.0219317
    found = lsc_between_devices(0.010, 0.016, slope=0.9, calibration_uncertainty=0.012)
    assert found == pytest.approx(2.77 / 2**0.5 * 0.0219317, rel=1e-5)


def test_lsc_between_devices__like_devices_give_the_plain_formula():
    # 2.77 sqrt((0.010² + 0.014²) / 2) = 2.77 × sqrt(0.000148) = 2.77 × 0.01216553
    assert lsc_between_devices(0.010, 0.014, slope=1.0, calibration_uncertainty=0.0) == pytest.approx(
        0.0336985, rel=1e-5
    )


@pytest.mark.parametrize("bad", [{"slope": 0.0}, {"slope": -1.0}, {"calibration_uncertainty": -0.1}])
def test_lsc_between_devices__refuses_impossible_inputs(bad):
    with pytest.raises(DxaError, match="none below zero"):
        lsc_between_devices(0.01, 0.01, **{"slope": 1.0, "calibration_uncertainty": 0.0, **bad})


def test_is_acceptable__against_a_stated_figure():
    # Pairs 0.010 apart around 0.945: about 0.75 %.
    found = precision_study(pairs(30))
    assert is_acceptable(found, maximum_percent=0.8)
    assert not is_acceptable(found, maximum_percent=0.7)
