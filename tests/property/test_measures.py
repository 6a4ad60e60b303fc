"""What no measure may depend on: the way the grid runs, how much is around the bone, the unit of density."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bonemetrics.measures.density import measure_compartments, measure_labels
from bonemetrics.records import DensityParameters
from bonemetrics.volume import LabelVolume
from tests.analytic_bone import CALIBRATION, PROVENANCE, RoundBone, Scan, scan_bone

SCAN = scan_bone(RoundBone(outer_mm=6.0), pixel_mm=0.3, n_slices=3, noise=30.0, margin_mm=5.0)
EDGES = st.sampled_from(["extrapolated", "plain"])


def densities(scan: Scan, edge: str, box=None) -> dict[tuple[str, str], float]:
    measured = measure_compartments(
        scan.density,
        labels=scan.labels,
        periosteal_mm=scan.periosteal_mm,
        endosteal_mm=scan.endosteal_mm,
        box=box or scan.box,
        slices=range(scan.density.geometry.shape[0]),
        blur_sigma_mm=scan.sigma_mm,
        calibration=CALIBRATION,
        provenance=PROVENANCE,
        parameters=DensityParameters(edge=edge),
    )
    return {(m.quantity, m.region): m.value for m in measured}


def on_flipped_grid(scan: Scan, axes: tuple[int, ...]) -> Scan:
    geometry = scan.density.geometry
    affine = geometry.affine_lps.copy()
    for axis in axes:
        affine[:3, 3] += affine[:3, axis] * (geometry.shape[axis] - 1)
        affine[:3, axis] *= -1
    flipped = replace(geometry, affine_lps=affine)

    def turn(array):
        return np.ascontiguousarray(np.flip(array, axes))

    return replace(
        scan,
        density=replace(scan.density, mg_per_cm3=turn(scan.density.mg_per_cm3), geometry=flipped),
        labels=LabelVolume(labels=turn(scan.labels.labels), geometry=flipped),
        periosteal_mm=turn(scan.periosteal_mm),
        endosteal_mm=turn(scan.endosteal_mm),
    )


@settings(max_examples=6, deadline=None)
@given(axes=st.sets(st.integers(0, 2), min_size=1).map(tuple), edge=EDGES)
def test_measures__do_not_depend_on_the_way_the_grid_runs(axes, edge):
    straight, turned = densities(SCAN, edge), densities(on_flipped_grid(SCAN, axes), edge)
    for key, value in straight.items():
        assert turned[key] == pytest.approx(value, rel=1e-5), key


@settings(max_examples=6, deadline=None)
@given(cut=st.lists(st.integers(0, 4), min_size=4, max_size=4), edge=EDGES)
def test_measures__do_not_depend_on_how_much_is_around_the_bone(cut, edge):
    shape = SCAN.density.geometry.shape
    box = (slice(0, shape[0]), slice(cut[0], shape[1] - cut[1]), slice(cut[2], shape[2] - cut[3]))
    cropped = replace(SCAN, periosteal_mm=SCAN.periosteal_mm[box], endosteal_mm=SCAN.endosteal_mm[box])
    whole, part = densities(SCAN, edge), densities(cropped, edge, box)
    for key, value in whole.items():
        # The soft tissue's level is smoothed over a ring that a tight cut narrows.
        assert part[key] == pytest.approx(value, rel=2e-3), key


@settings(max_examples=6, deadline=None)
@given(scale=st.floats(0.7, 1.2), shift=st.floats(-30.0, 30.0), edge=EDGES)
def test_measures__follow_the_density_scale(scale, shift, edge):
    values = (SCAN.density.mg_per_cm3 * np.float32(scale) + np.float32(shift)).astype(np.float32)
    other = densities(replace(SCAN, density=replace(SCAN.density, mg_per_cm3=values)), edge)
    for key, value in densities(SCAN, edge).items():
        expected = scale * value + shift if "vBMD" in key[0] else value
        assert other[key] == pytest.approx(expected, abs=2e-3 * max(abs(value), 1.0)), key


@settings(max_examples=10, deadline=None)
@given(numbers=st.permutations([1, 2, 3, 4]), padding=st.tuples(*[st.integers(0, 3)] * 3))
def test_measure_labels__do_not_depend_on_the_size_of_the_mask(numbers, padding):
    geometry = SCAN.density.geometry
    drawn = np.zeros(geometry.shape, dtype=np.uint8)
    for place, number in enumerate(numbers):
        drawn[1:, 5 + 4 * place : 9 + 4 * place, 10:17] = number
    box = (slice(1, None), slice(5 - padding[1], 21 + padding[1]), slice(10 - padding[2], 17 + padding[2]))
    small = LabelVolume(labels=drawn[box].copy(), geometry=geometry.crop(box))
    whole = measure_labels(
        SCAN.density, LabelVolume(labels=drawn, geometry=geometry), calibration=CALIBRATION, provenance=PROVENANCE
    )
    part = measure_labels(SCAN.density, small.onto(geometry), calibration=CALIBRATION, provenance=PROVENANCE)
    assert [(m.quantity, m.region, m.value, m.standard_uncertainty) for m in part] == [
        (m.quantity, m.region, m.value, m.standard_uncertainty) for m in whole
    ]
