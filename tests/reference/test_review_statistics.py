"""Statistics of agreement beside papers, printed tables and first principles."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate, stats

from bonemetrics.review.bland_altman import bland_altman, limit_factors
from bonemetrics.review.kappa import cohens_kappa

NAMES = ("1", "2", "3")


def pairs(table):
    return [
        (NAMES[row], NAMES[column])
        for row, counts in enumerate(table)
        for column, count in enumerate(counts)
        for _ in range(count)
    ]


def test_cohens_kappa__of_the_paper_of_fleiss_cohen_and_everitt():
    # Fleiss JL, Cohen J, Everitt BS 1969, table of 200 observations: kappa 0.429 with a standard error of 0.054.
    found = cohens_kappa(pairs([[106, 10, 4], [22, 28, 10], [2, 12, 6]]), NAMES)
    assert found.kappa == pytest.approx(0.429, abs=5e-4)
    assert found.standard_error == pytest.approx(0.054, abs=5e-4)
    assert found.interval == pytest.approx((0.429 - 1.96 * 0.0537, 0.429 + 1.96 * 0.0537), abs=1e-3)


def kappa_of(shares, distance):
    expected = np.outer(shares.sum(axis=1), shares.sum(axis=0))
    return 1 - (distance * shares).sum() / (distance * expected).sum()


@pytest.mark.parametrize(("weights", "power"), [("none", 0), ("linear", 1), ("quadratic", 2)])
def test_cohens_kappa__standard_error_is_that_of_the_delta_method(weights, power):
    # First principles: cells are multinomial, so var(kappa) = g'(diag(p) - pp')g / n with g the gradient of kappa,
    # taken by central differences of the definition of kappa; no formula of the paper is used.
    table = np.array([[31, 9, 2], [6, 22, 11], [3, 5, 18]])
    n = table.sum()
    shares = table / n
    steps = np.abs(np.subtract.outer(np.arange(3), np.arange(3)))
    distance = (steps > 0) * (steps / 2.0) ** power
    gradient = np.zeros(9)
    for cell in range(9):
        step = np.zeros(9)
        step[cell] = 1e-6
        up, down = ((shares.ravel() + sign * step).reshape(3, 3) for sign in (1, -1))
        gradient[cell] = (kappa_of(up / up.sum(), distance) - kappa_of(down / down.sum(), distance)) / 2e-6
    p = shares.ravel()
    variance = gradient @ (np.diag(p) - np.outer(p, p)) @ gradient / n
    found = cohens_kappa(pairs(table.tolist()), NAMES, weights=weights)
    assert found.kappa == pytest.approx(kappa_of(shares, distance))
    assert found.standard_error == pytest.approx(math.sqrt(variance), rel=1e-6)


@pytest.mark.parametrize(("n", "printed"), [(5, 4.203), (10, 2.911), (20, 2.396), (30, 2.220)])
def test_limit_factors__are_the_printed_one_sided_tolerance_factors(n, printed):
    # One-sided tolerance factors of the normal distribution for 95 % of the population with 95 % confidence, as in
    # Natrella MG 1963, NBS Handbook 91, table A-7. The upper end of a two-sided 90 % interval has 95 % below it.
    assert limit_factors(n, limit_sd=1.6449, confidence=0.90)[1] == pytest.approx(printed, abs=1e-3)


@pytest.mark.parametrize("n", [3, 8, 40])
def test_limit_factors__cover_the_limit_as_often_as_they_say(n):
    # First principles: with mean m ~ N(0, 1/n) and (n-1) s² ~ chi-square, the end lies above 1.96 where m + k s > 1.96.
    # Its probability is integrated over s, without the noncentral t.
    near, far = limit_factors(n)

    def above(k):
        def at(s):
            return (
                stats.norm.sf((1.96 - k * s) * math.sqrt(n)) * stats.chi2.pdf((n - 1) * s**2, n - 1) * 2 * s * (n - 1)
            )

        return integrate.quad(at, 0, 8, limit=200)[0]

    assert above(far) == pytest.approx(0.975, abs=1e-6)
    assert above(near) == pytest.approx(0.025, abs=1e-6)


def test_bland_altman__of_the_summary_that_the_paper_of_1986_prints():
    # Bland JM, Altman DG 1986 (Lancet, peak flow): 17 people, mean difference -2.1 l/min, SD 38.8; standard error of
    # the mean 9.4, t (16 df) 2.12, 95 % interval -22.0 to 17.8. The differences here are made up to have that mean and
    # SD.
    raw = np.linspace(-1.0, 1.0, 17) ** 3
    differences = -2.1 + 38.8 * (raw - raw.mean()) / raw.std(ddof=1)
    found = bland_altman([(400.0 + 10 * place, 400.0 + 10 * place + one) for place, one in enumerate(differences)])
    assert found.bias == pytest.approx(-2.1)
    assert found.sd == pytest.approx(38.8)
    assert found.bias_interval == pytest.approx((-22.0, 17.8), abs=0.1)
    assert (found.lower, found.upper) == pytest.approx((-2.1 - 1.96 * 38.8, -2.1 + 1.96 * 38.8))
    # The paper's approximate interval of the lower limit, -114.3 to -45.1 with 2 SD, is too near to the bias at its
    # outer end; the exact one reaches farther out.
    assert found.lower_interval[0] < -2.1 - 1.96 * 38.8 - 2.12 * 38.8 * math.sqrt(3 / 17)
