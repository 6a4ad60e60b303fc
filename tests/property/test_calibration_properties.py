"""What must hold for every calibration by rods."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bonemetrics.calibration.line import fit_line, invert
from bonemetrics.calibration.phantom import from_phantom
from bonemetrics.quantities import Material
from bonemetrics.records import Calibration, Phantom, Rod, RodReading

DENSITIES = (0.0, 110.0, 260.0, 540.0)
PLACES = (0.0, 21.0 + 4.0j, 47.0 - 3.0j, 80.0 + 1.0j)

slopes = st.floats(0.4, 1.2)
intercepts = st.floats(-30.0, 30.0)
shifts = st.floats(-200.0, 200.0)


def readings(slope: float, intercept: float, *, turn: complex = 1.0, shift: complex = 0.0, mirror: bool = False):
    found = []
    for density, place in zip(DENSITIES, PLACES, strict=True):
        at = (place.conjugate() if mirror else place) * turn + shift
        found.append(
            RodReading(
                centre_lps_mm=(at.real, at.imag, 0.0),
                axis_lps=(0.0, 0.0, 1.0),
                diameter_mm=10.0,
                mean_hu=(density - intercept) / slope,
                sd_hu=20.0,
                standard_error_hu=1.5,
                n_voxels=1000,
                n_slices=20,
            )
        )
    return found


def phantom(*, placed: bool) -> Phantom:
    rods = tuple(
        Rod(
            name=str(index),
            density=density,
            x_mm=place.real if placed else None,
            y_mm=complex(place).imag if placed else None,
        )
        for index, (density, place) in enumerate(zip(DENSITIES, PLACES, strict=True))
    )
    return Phantom(name="P", material=Material.HA, rods=rods)


@given(
    slope=slopes,
    intercept=intercepts,
    angle=st.floats(-math.pi, math.pi),
    x=shifts,
    y=shifts,
    mirror=st.booleans(),
    order=st.permutations(range(4)),
    placed=st.booleans(),
)
@settings(deadline=None)
def test_from_phantom__gives_the_line_back_however_the_phantom_lies(
    slope, intercept, angle, x, y, mirror, order, placed
):
    turn = complex(math.cos(angle), math.sin(angle))
    found = readings(slope, intercept, turn=turn, shift=complex(x, y), mirror=mirror)
    calibration = from_phantom([found[index] for index in order], [phantom(placed=placed)])
    assert calibration.slope == pytest.approx(slope, rel=1e-9)
    assert calibration.intercept == pytest.approx(intercept, abs=1e-7)


@given(slope=slopes, intercept=intercepts, offset=st.floats(-20.0, 20.0))
@settings(deadline=None)
def test_from_phantom__an_offset_of_all_hu_moves_the_intercept_alone(slope, intercept, offset):
    plain = from_phantom(readings(slope, intercept), [phantom(placed=True)])
    raised = [
        reading.model_copy(update={"mean_hu": reading.mean_hu + offset}) for reading in readings(slope, intercept)
    ]
    moved = from_phantom(raised, [phantom(placed=True)])
    assert moved.slope == pytest.approx(plain.slope, rel=1e-9)
    assert moved.intercept == pytest.approx(plain.intercept - slope * offset, abs=1e-7)


@given(
    slope=st.floats(0.5, 3.0),
    intercept=st.floats(-50.0, 50.0),
    ss=st.floats(0.0, 1e-3),
    ii=st.floats(0.0, 4.0),
    rho=st.floats(-1.0, 1.0),
)
def test_invert__twice_is_the_start(slope, intercept, ss, ii, rho):
    covariance = np.array([[ss, rho * math.sqrt(ss * ii)], [rho * math.sqrt(ss * ii), ii]])
    once = invert(slope, intercept, covariance)
    back = invert(once[0], once[1], np.array(once[2]))
    assert back[0] == pytest.approx(slope, rel=1e-12)
    assert back[1] == pytest.approx(intercept, rel=1e-9, abs=1e-9)
    assert np.allclose(back[2], covariance, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("density", [0.0, 150.0, 540.0])
def test_from_phantom__the_stated_uncertainty_is_what_repeats_show(density):
    # 4000 repeats with noise of 1.5 HU on each rod: the spread of the density at fixed HU is the stated uncertainty.
    rng = np.random.default_rng(5)
    hu = (np.array(DENSITIES) + 4.0) / 0.8
    at = (density + 4.0) / 0.8
    values = []
    for _ in range(4000):
        line = fit_line(np.array(DENSITIES), hu + rng.normal(0.0, 1.5, 4))
        values.append((at - line.intercept) / line.slope)
    stated: Calibration = from_phantom(readings(0.8, -4.0), [phantom(placed=True)])
    # 4000 repeats know a spread to 1.1 %; 4 % is three and a half of that.
    assert stated.uncertainty_at(density) == pytest.approx(np.std(values), rel=0.04)
