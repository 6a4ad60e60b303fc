"""The trabecular mean without cortical spill, on profiles whose blur is an integral."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtr

from bonemetrics.measures.edge import corrected_weights, plain_weights

SIGMA, STEP = 0.2, 0.05


def slab(length_mm: float = 6.0, copies: int = 400) -> np.ndarray:
    """Depths of voxels below a flat contour."""
    depth = np.arange(-0.5, length_mm, STEP) + STEP / 2
    return np.repeat(depth, copies).astype(np.float32)


def weigh(depth: np.ndarray, soft: float = 0.0):
    covered = (depth > 0).astype(np.float32)
    return corrected_weights(
        covered,
        depth_mm=depth,
        outside_mm=-depth - np.float32(0.9),
        soft_tissue=np.full(depth.shape, soft, dtype=np.float32),
        sigma_mm=SIGMA,
        voxel_mm3=0.02,
    )


def mean(found, depth: np.ndarray, values: np.ndarray) -> float:
    return float(found.weights.astype(np.float64) @ values + found.offset) / float((depth > 0).sum())


def seen(depth: np.ndarray, *, marrow: float, cortex: float, soft: float) -> np.ndarray:
    """Flat marrow, 0.9 mm of cortex and soft tissue behind it, through the blur."""
    d = depth.astype(np.float64)
    inside, outside = ndtr(d / SIGMA), ndtr(-(d + 0.9) / SIGMA)
    return marrow * inside + soft * outside + cortex * (1 - inside - outside)


@pytest.mark.parametrize(("marrow", "cortex"), [(150.0, 1000.0), (-60.0, 700.0), (80.0, 80.0)])
def test_corrected_weights__find_flat_marrow_behind_any_cortex(marrow, cortex):
    depth = slab()
    found = weigh(depth, soft=40.0)
    value = mean(found, depth, seen(depth, marrow=marrow, cortex=cortex, soft=40.0))
    # Voxels that share a bin differ in depth by up to 0.067 mm, over which the spill bends.
    assert found.corrected
    assert value == pytest.approx(marrow, abs=0.002 * abs(cortex - marrow) + 0.01)


def test_corrected_weights__plain_mean_takes_the_spill_in():
    depth = slab()
    found = plain_weights((depth > 0).astype(np.float32))
    value = mean(found, depth, seen(depth, marrow=150, cortex=1000, soft=40))
    # Contrast · σ / √(2π) per mm of contour, over a depth of 6 mm.
    assert value - 150.0 == pytest.approx(850.0 * SIGMA / np.sqrt(2 * np.pi) / 6.0, rel=0.02)


def test_corrected_weights__of_a_level_everywhere_is_that_level():
    depth = slab()
    found = weigh(depth, soft=77.0)
    assert mean(found, depth, np.full(depth.shape, 77.0)) == pytest.approx(77.0, abs=1e-4)


def test_corrected_weights__follow_a_rise_towards_the_cortex():
    depth = slab()
    d = depth.astype(np.float64)
    fine = np.linspace(0, 6, 6001)
    rise = 120.0 * np.clip(1 - fine / 3.0, 0, 1)
    kernel = np.exp(-0.5 * ((np.arange(-0.5, 6, STEP) + STEP / 2)[:, None] - fine) ** 2 / SIGMA**2)
    blurred = (kernel @ rise) * (fine[1] - fine[0]) / (SIGMA * np.sqrt(2 * np.pi))
    values = (
        np.repeat(blurred, 400) + 90.0 * ndtr(d / SIGMA) + 1000.0 * (1 - ndtr(d / SIGMA) - ndtr(-(d + 0.9) / SIGMA))
    )
    found = weigh(depth)
    truth = 90.0 + 120.0 * 1.5 / 6.0
    assert mean(found, depth, values) == pytest.approx(truth, abs=0.5)


def test_corrected_weights__leave_a_compartment_alone_that_is_thinner_than_the_blur():
    depth = np.repeat(np.arange(-0.2, 0.4, STEP), 50).astype(np.float32)
    found = weigh(depth)
    assert not found.corrected
    np.testing.assert_allclose(found.weights, plain_weights((depth > 0).astype(np.float32)).weights)
