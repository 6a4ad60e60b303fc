"""What hangs on each place where two readers differ, worked by hand on a few voxels."""

from __future__ import annotations

import numpy as np
import pytest

from bonemetrics.errors import GeometryMismatchError
from bonemetrics.quantities import Material
from bonemetrics.records import Measurement, Provenance
from bonemetrics.review.disagreement import find_disagreement
from bonemetrics.review.place_numbers import counted_slices, measured_difference, place_numbers
from bonemetrics.study.protocol import Protocol
from bonemetrics.study.protocol_tables import ParameterTable, PrecisionTable
from bonemetrics.volume import CORTICAL, TRABECULAR, DensityVolume, Geometry, LabelVolume

AFFINE = np.array([[0.0, 0.0, 0.4, -11.0], [0.0, 0.5, 0.0, 7.0], [2.0, 0.0, 0.0, 23.0], [0.0, 0.0, 0.0, 1.0]])
GRID = Geometry(shape=(4, 3, 5), affine_lps=AFFINE)


def masks(*changes):
    """Mask A has four trabecular voxels of 100, 200, 300 and 400 mg/cm³ in slice 1; B differs as told."""
    density = np.zeros(GRID.shape, dtype=np.float32)
    a = np.zeros(GRID.shape, dtype=np.uint8)
    density[1, 1, :4] = (100, 200, 300, 400)
    a[1, 1, :4] = TRABECULAR
    b = a.copy()
    for index, label, value in changes:
        b[index] = label
        density[index] = value
    volume = DensityVolume(mg_per_cm3=density, material=Material.HA, geometry=GRID)
    return volume, LabelVolume(labels=a, geometry=GRID), LabelVolume(labels=b, geometry=GRID)


def test_place_numbers__tell_how_far_the_mean_moves_where_b_is_taken_at_one_place_alone():
    # B makes the voxel of 400 cortical: the mean goes from 250 to (100 + 200 + 300) / 3 = 200. Elsewhere B adds one
    # voxel of -50: (1000 - 50) / 5 = 190, 60 less than 250. Last, a voxel that neither calls trabecular moves nothing.
    changes = (((1, 1, 3), CORTICAL, 400.0), ((3, 2, 0), TRABECULAR, -50.0), ((3, 0, 4), CORTICAL, 900.0))
    density, a, b = masks(*changes)
    found = find_disagreement(a, b)
    by_index = {one.index: one.number for one in found.components}
    moved = place_numbers(density, a, b, found, range(4))
    assert {index: moved[number] for index, number in by_index.items()} == {
        (1, 1, 3): -50.0,
        (3, 2, 0): -60.0,
        (3, 0, 4): 0.0,
    }


def test_place_numbers__count_the_measured_slices_alone():
    density, a, b = masks(((1, 1, 3), CORTICAL, 400.0), ((3, 2, 0), TRABECULAR, -50.0))
    found = find_disagreement(a, b)
    moved = place_numbers(density, a, b, found, range(1, 3))
    assert sorted(moved.values()) == [-50.0, 0.0]
    # No trabecular voxel of A lies in slice 3, so nothing there has a mean that could move.
    assert set(place_numbers(density, a, b, found, range(3, 4)).values()) == {None}


def test_place_numbers__there_is_none_where_b_leaves_no_voxel():
    density, a, b = masks(*(((1, 1, column), 0, 100.0) for column in range(4)))
    assert place_numbers(density, a, b, find_disagreement(a, b), range(4)) == {1: None}


def test_place_numbers__refuse_masks_of_another_grid():
    density, a, b = masks(((3, 2, 0), TRABECULAR, -50.0))
    other = Geometry(shape=GRID.shape, affine_lps=AFFINE @ np.diag([1.1, 1.0, 1.0, 1.0]))
    moved = [LabelVolume(labels=one.labels, geometry=other) for one in (a, b)]
    with pytest.raises(GeometryMismatchError):
        place_numbers(density, *moved, find_disagreement(*moved), range(4))


def number(quantity, value, region="trabecular", **told):
    provenance = Provenance(method="m", software_version="0", parameters=told)
    return Measurement(quantity=quantity, value=value, region=region, material=Material.HA, provenance=provenance)


def test_measured_difference__is_of_the_whole_trabecular_region_with_its_least_significant_change():
    wanted = ParameterTable(paramcd="RADTBD", param="x", quantity="Tb.vBMD", site="radius", unit="mg/cm3")
    protocol = Protocol(parameters=(wanted,), precision=(PrecisionTable(paramcd="RADTBD", lsc=3.1),))
    of_a = (number("Tb.vBMD", 100.0, "central-45"), number("Tt.vBMD", 300.0, "total"), number("Tb.vBMD", 181.0))
    found = measured_difference(of_a, (number("Tb.vBMD", 185.0),), protocol, scanner="")
    assert (found.before, found.after, found.difference, found.lsc, found.exceeds) == (181.0, 185.0, 4.0, 3.1, True)
    assert measured_difference(of_a, (), protocol, scanner="") is None


@pytest.mark.parametrize(
    ("told", "slices"),
    [
        ({"slices": [2, 5, 4]}, range(2, 6)),
        ({}, range(9)),
        # Not one after the other, or not of this scan: which they are is not told.
        ({"slices": [2, 5, 3]}, range(9)),
        ({"slices": [2, 9, 8]}, range(9)),
    ],
)
def test_counted_slices__are_those_of_the_measurement_where_it_tells_them(told, slices):
    measured = (number("Tt.vBMD", 1.0, "total", slices=[0, 0, 1]), number("Tb.vBMD", 1.0, **told))
    assert counted_slices(measured, 9) == slices
