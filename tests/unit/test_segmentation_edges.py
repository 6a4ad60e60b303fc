from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from bonemetrics.segmentation.edges import Prior, fit_edges

DEPTH = np.arange(-1.5, 3.0, 0.1)
TRUE = {"outer": 0.13, "thickness": 0.9, "soft": 40.0, "cortex": 950.0, "inside": 260.0, "slope": -40.0}


def blurred(sigma: float, **changed: float) -> np.ndarray:
    """The tissue drawn on a grid of a micrometre scale and blurred numerically, read at DEPTH."""
    tissue = {**TRUE, **changed}
    step = 0.002
    fine = np.arange(-4.0, 6.0, step)
    inner = tissue["outer"] + tissue["thickness"]
    trabecular = tissue["inside"] + tissue["slope"] * (fine - inner)
    values = np.where(fine < tissue["outer"], tissue["soft"], np.where(fine < inner, tissue["cortex"], trabecular))
    return np.interp(DEPTH, fine, gaussian_filter1d(values, sigma / step, mode="nearest", truncate=6))


def fit(profiles, *, sigma, sigma_sd=0.3, level=950.0, level_sd=200.0):
    start = np.tile([0.0, np.log(0.7), 0.0, level, 150.0, 0.0, np.log(sigma)], (len(profiles), 1))
    sd = np.array([3.0, 10.0, 300.0, level_sd, 400.0, 150.0, sigma_sd])
    return fit_edges(
        DEPTH, profiles, np.ones_like(profiles), start=start, prior=Prior(mean=start.copy(), sd=sd), noise=2.0
    )


def test_fit_edges__finds_both_edges_and_the_blur_of_a_thick_cortex():
    found = fit(np.stack([blurred(0.15), blurred(0.25)]), sigma=0.2)
    assert found.periosteal_mm == pytest.approx([0.13, 0.13], abs=0.005)
    assert found.thickness_mm == pytest.approx([0.9, 0.9], abs=0.01)
    assert found.sigma_mm == pytest.approx([0.15, 0.25], rel=0.02)
    assert found.residual.max() < 1.0


def test_fit_edges__a_thin_cortex_needs_its_level():
    # 0.4 mm behind a blur of 0.375 mm: right with the level held, off by the level's own error without.
    profile = blurred(0.375, thickness=0.4)[None]
    held = fit(profile, sigma=0.375, sigma_sd=0.01, level=950.0, level_sd=1.0)
    wrong = fit(profile, sigma=0.375, sigma_sd=0.01, level=1150.0, level_sd=1.0)
    assert held.thickness_mm[0] == pytest.approx(0.4, abs=0.01)
    assert wrong.thickness_mm[0] < 0.37


def test_fit_edges__samples_of_no_weight_do_not_count():
    profile = blurred(0.2)
    spoiled = np.where(DEPTH > 2.0, 900.0, profile)[None]
    weight = (DEPTH <= 2.0).astype(float)[None]
    start = np.array([[0.0, np.log(0.7), 0.0, 950.0, 150.0, 0.0, np.log(0.2)]])
    prior = Prior(mean=start.copy(), sd=np.array([3.0, 10.0, 300.0, 200.0, 400.0, 150.0, 0.3]))
    found = fit_edges(DEPTH, spoiled, weight, start=start, prior=prior, noise=2.0)
    assert found.thickness_mm[0] == pytest.approx(0.9, abs=0.01)
