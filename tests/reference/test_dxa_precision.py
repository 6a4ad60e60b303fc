"""Precision worked by hand; chi-square quantiles are those of printed tables (three decimals)."""

from __future__ import annotations

import math

import pytest

from bonemetrics.dxa.precision import precision_study

# Printed tables: chi-square with 0.025 and 0.975 below it.
CHI2_5 = (0.831, 12.833)
CHI2_30 = (16.791, 46.979)
# 27 degrees of freedom, 0.05 below.
CHI2_27_05 = 16.151


def test_precision__30_people_twice():
    # 15 pairs 0.010 apart: SD² = 0.010²/2 = 0.00005; 15 pairs 0.020 apart: 0.0002. Mean 0.000125; root 0.0111803.
    repeats = {f"P{n:02}": (0.70 + 0.02 * n, 0.70 + 0.02 * n + (0.010 if n % 2 else 0.020)) for n in range(30)}
    found = precision_study(repeats)
    assert found.degrees_of_freedom == 30
    assert found.rms_sd == pytest.approx(0.0111803, abs=5e-8)
    assert found.lsc == pytest.approx(0.0309695, abs=5e-8)  # × 2.77
    low, high = math.sqrt(30 / CHI2_30[1]), math.sqrt(30 / CHI2_30[0])
    assert found.rms_sd_ci == pytest.approx((0.0111803 * low, 0.0111803 * high), rel=1e-4)
    assert found.lsc_ci == pytest.approx((0.02475, 0.04140), rel=3e-4)


def test_precision__15_people_three_times():
    # Every person b, b + 0.009, b + 0.018: SD 0.009.
    repeats = {f"P{n:02}": (0.9 + 0.03 * n, 0.909 + 0.03 * n, 0.918 + 0.03 * n) for n in range(15)}
    found = precision_study(repeats)
    assert (found.degrees_of_freedom, found.n_measurements) == (30, 45)
    assert found.rms_sd == pytest.approx(0.009, abs=1e-12)
    assert found.lsc == pytest.approx(0.02493, abs=1e-9)


def test_precision__unequal_numbers_of_repeats_weigh_by_degrees_of_freedom():
    # A 0.900 0.906 0.912: SD² 36e-6, 2 df. B 1.000 1.000 1.012: mean 1.004, SD² (16 + 16 + 64)e-6 / 2 = 48e-6, 2 df.
    # C 0.800 0.810: SD² 50e-6, 1 df. (2 × 36 + 2 × 48 + 50)e-6 / 5 = 43.6e-6; root 0.00660303.
    repeats = {"A": (0.900, 0.906, 0.912), "B": (1.000, 1.000, 1.012), "C": (0.800, 0.810)}
    found = precision_study(repeats, allow_fewer=True)
    assert found.rms_sd == pytest.approx(0.00660303, abs=5e-9)
    assert found.rms_sd_ci[0] == pytest.approx(0.00660303 * math.sqrt(5 / CHI2_5[1]), rel=1e-3)
    assert found.rms_sd_ci[1] == pytest.approx(0.00660303 * math.sqrt(5 / CHI2_5[0]), rel=1e-3)
    # Relative variances: 36e-6/0.906² = 43.858e-6, 48e-6/1.004² = 47.618e-6, 50e-6/0.805² = 77.157e-6;
    # (2 × 43.858 + 2 × 47.618 + 77.157)e-6 / 5 = 52.022e-6; root 0.0072126, in per cent 0.72126.
    assert found.rms_cv_percent == pytest.approx(0.72126, abs=1e-5)
    assert found.lsc_percent == pytest.approx(1.99789, abs=5e-5)


def test_precision__27_degrees_of_freedom_bound_the_error_by_30_per_cent():
    # Glüer 1995 (abstract): "27 degrees of freedom result in an upper 90 % confidence limit of +30 %".
    repeats = {f"P{n:02}": (0.800, 0.804 + 0.001 * (n % 5)) for n in range(27)}
    found = precision_study(repeats, confidence=0.90, allow_fewer=True)
    assert found.rms_sd_ci[1] / found.rms_sd == pytest.approx(math.sqrt(27 / CHI2_27_05), rel=1e-4)
    assert found.rms_sd_ci[1] / found.rms_sd == pytest.approx(1.30, abs=0.01)
