"""A fixed part of the accuracy study of docs/accuracy.md: bias and intervals of Tb.vBMD over whole measurements."""

from __future__ import annotations

import numpy as np
import pytest

from bonemetrics.sample.imaging import SCANCO_XCT2, Scanner
from tests.benchmarks.accuracy import LIMITS, QUANTITIES, Result, run, simulated_calibration, summarise

PARTS = {0.061: 2, 0.082: 3, 0.25: 8, 0.5: 11}
TRABECULAR = QUANTITIES[0]


@pytest.fixture(scope="module")
def results() -> list[Result]:
    return run([(5000 + number, voxel) for voxel, n in PARTS.items() for number in range(n)], workers=1)


@pytest.mark.parametrize("voxel_mm", PARTS)
def test_tb_vbmd__bias_keeps_its_limit(results, voxel_mm):
    line = summarise(results, TRABECULAR, voxel_mm)
    # The calibration's own error is taken out; what chance adds to the mean of so few is allowed for.
    allowed = LIMITS[voxel_mm] + 3 * line.method_sd / np.sqrt(line.n)
    assert abs(line.method_bias) < allowed
    assert line.plain_bias > 4 * abs(line.method_bias)


def test_tb_vbmd__interval_holds_the_truth(results):
    hits = round(summarise(results, TRABECULAR, None).covered * len(results))
    # With a coverage of 95 %, fewer than 20 of 24 would come less than once in a hundred studies.
    assert hits >= 20


@pytest.mark.parametrize("voxel_mm", PARTS)
def test_areas__of_the_whole_chain_keep_two_per_cent(results, voxel_mm):
    line = summarise(results, "Tt.Ar total", voxel_mm)
    area = np.mean([one.truth["Tt.Ar total"] for one in results if one.voxel_mm == voxel_mm])
    assert abs(line.bias) < 0.02 * area


def test_simulated_calibration__scatters_as_its_covariance_says():
    scanner = Scanner.from_constants(SCANCO_XCT2)
    rng = np.random.default_rng(3)
    ratios = []
    for _ in range(400):
        calibration = simulated_calibration(rng, scanner, 30.0)
        at = float(scanner.to_hu(150.0))
        found = calibration.slope * at + calibration.intercept
        ratios.append((found - 150.0) / calibration.uncertainty_at(found))
    # 400 draws know a standard deviation to 3.5 %; three times that, and the scatter about the line adds a little.
    assert 0.85 < np.std(ratios) < 1.1
    assert abs(np.mean(ratios)) < 0.15
