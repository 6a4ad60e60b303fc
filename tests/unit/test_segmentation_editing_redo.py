from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bonemetrics.errors import EmptyRegionError, GeometryMismatchError, MaterialMismatchError, UsageError
from bonemetrics.quantities import Material
from bonemetrics.segmentation.editing.redo import redo_in_box
from bonemetrics.segmentation.parameters import TissueParameters
from bonemetrics.segmentation.radius import segment_radius
from tests.round_labels import edited
from tests.segmentation_scans import scan, tube

OTHER = TissueParameters(threshold=800.0, periosteal_threshold=250.0)


@pytest.fixture(scope="module")
def case():
    one = scan(tube(), n_slices=4)
    return one.density, segment_radius(one.density).labels, segment_radius(one.density, parameters=OTHER).labels.labels


def box_of(labels) -> tuple[slice, slice, slice]:
    """Inner slices, and the half of the bone with the higher rows."""
    rows, columns = (np.flatnonzero(labels.labels.any(axis=(0, other))) for other in (2, 1))
    middle = int(rows.mean())
    return slice(1, 3), slice(middle, int(rows[-1]) + 3), slice(int(columns[0]) - 2, int(columns[-1]) + 3)


def test_redo_in_box__takes_the_new_labels_inside_and_none_outside(case):
    density, labels, new = case
    box = box_of(labels)
    found = redo_in_box(labels, density, box=box, parameters=OTHER)
    expected = labels.labels.copy()
    expected[box] = new[box]
    assert (edited(labels, found.patch) == expected).all()
    assert found.n_changed == np.count_nonzero(expected != labels.labels) > 100


def test_redo_in_box__counts_the_changed_voxels_at_the_seam(case):
    density, labels, new = case
    box = box_of(labels)
    found = redo_in_box(labels, density, box=box, parameters=OTHER)
    changed = (new != labels.labels)[box]
    # Two slices: both lie at a face. All changed voxels are at the seam.
    assert found.n_seam == np.count_nonzero(changed)
    wide = (slice(0, 4), *box[1:])
    found = redo_in_box(labels, density, box=wide, parameters=OTHER)
    # Now the box ends with the scan, and only its first row cuts through the bone.
    assert found.n_seam == np.count_nonzero((new != labels.labels)[wide][:, 0]) > 0
    assert found.n_seam < found.n_changed


def test_redo_in_box__leaves_other_labels(case):
    density, labels, _ = case
    marked = replace(labels, labels=labels.labels.copy())
    box = box_of(labels)
    marked.labels[1, box[1].start + 1, box[2].start : box[2].stop] = 9
    after = edited(marked, redo_in_box(marked, density, box=box, parameters=OTHER).patch)
    assert ((after == 9) == (marked.labels == 9)).all()


def test_redo_in_box__hands_on_what_the_segmentation_notes(case):
    density, labels, _ = case
    found = redo_in_box(labels, density, box=box_of(labels), parameters=OTHER)
    assert {"side-unknown", "distal-unknown"} <= {one.code for one in found.notes}


def test_redo_in_box__refuses_a_box_beside_the_bone(case):
    density, labels, _ = case
    with pytest.raises(EmptyRegionError, match="nothing of the bone"):
        redo_in_box(labels, density, box=(slice(0, 4), slice(0, 3), slice(0, 3)), parameters=OTHER)


def test_redo_in_box__refuses_a_scan_on_another_grid(case):
    density, labels, _ = case
    affine = labels.geometry.affine_lps.copy()
    affine[0, 3] += 0.5
    moved = replace(labels, geometry=replace(labels.geometry, affine_lps=affine))
    with pytest.raises(GeometryMismatchError, match="mm apart"):
        redo_in_box(moved, density, box=box_of(labels), parameters=OTHER)


def test_redo_in_box__refuses_thresholds_of_another_material(case):
    density, labels, _ = case
    other = replace(density, material=Material.K2HPO4)
    with pytest.raises(MaterialMismatchError):
        redo_in_box(labels, other, box=box_of(labels), parameters=OTHER)


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (slice(None, 3), "first and a last index"),
        (slice(0, 4, 2), "first and a last index"),
        (slice(2, 2), "where the grid has 0 to 4"),
        (slice(0, 5), "where the grid has 0 to 4"),
        (slice(-2, 3), "where the grid has 0 to 4"),
    ],
)
def test_redo_in_box__refuses_what_is_no_box(case, part, words):
    density, labels, _ = case
    with pytest.raises(UsageError, match=words):
        redo_in_box(labels, density, box=(part, *box_of(labels)[1:]), parameters=OTHER)
