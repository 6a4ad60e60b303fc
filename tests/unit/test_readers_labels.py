"""Label files: the grid is the file's own, values are whole, and nothing is inflated unseen."""

from __future__ import annotations

import gzip
import struct
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from bonemetrics.errors import ReadError
from bonemetrics.readers.labels import read_labels, write_labels
from bonemetrics.volume import Geometry, LabelVolume

RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])


def labelled(geometry: Geometry) -> LabelVolume:
    labels = np.arange(np.prod(geometry.shape), dtype=np.uint8).reshape(geometry.shape) % 5
    return LabelVolume(labels=labels, geometry=geometry)


def nifti(path: Path, array: np.ndarray, affine: np.ndarray | None = None) -> Path:
    image = nib.Nifti1Image(array, np.diag([0.4, 0.5, 2.0, 1.0]) if affine is None else affine)
    image.set_sform(image.affine, code=1)
    nib.save(image, path)
    return path


def code_of(path: Path) -> str:
    with pytest.raises(ReadError) as caught:
        read_labels(path)
    return caught.value.code


def test_write_then_read__keeps_labels_and_oblique_grid(grid: Callable[..., Geometry], tmp_path: Path) -> None:
    labels = labelled(grid())
    write_labels(labels, tmp_path / "labels.nii.gz")
    again = read_labels(tmp_path / "labels.nii.gz").onto(labels.geometry)
    np.testing.assert_array_equal(again.labels, labels.labels)
    assert [path.name for path in tmp_path.iterdir()] == ["labels.nii.gz"]


def test_write_labels__same_labels_make_the_same_bytes(grid: Callable[..., Geometry], tmp_path: Path) -> None:
    for name in ("a.nii.gz", "b.nii.gz"):
        write_labels(labelled(grid()), tmp_path / name)
    assert (tmp_path / "a.nii.gz").read_bytes() == (tmp_path / "b.nii.gz").read_bytes()


@pytest.mark.parametrize("dtype", [np.int16, np.float32, np.float64, np.uint16])
@pytest.mark.parametrize("name", ["labels.nii", "labels.nii.gz"])
def test_read_labels__permuted_and_flipped_axes_land_on_the_scan(
    dtype: type, name: str, grid: Callable[..., Geometry], tmp_path: Path
) -> None:
    labels = labelled(grid())
    # The file runs (row, slice, column) with the row axis turned round.
    turned = labels.labels.transpose(1, 0, 2)[::-1]
    steps = labels.geometry.affine_lps[:, [1, 0, 2, 3]].copy()
    steps[:3, 3] += steps[:3, 0] * (turned.shape[0] - 1)
    steps[:3, 0] *= -1
    path = nifti(tmp_path / name, turned.astype(dtype), RAS_TO_LPS @ steps)
    np.testing.assert_array_equal(read_labels(path).onto(labels.geometry).labels, labels.labels)


def test_read_labels__scaled_integers_are_read_by_their_meaning(tmp_path: Path) -> None:
    path = nifti(tmp_path / "labels.nii", np.full((3, 4, 5), 2, dtype=np.int16))
    raw = bytearray(path.read_bytes())
    raw[112:120] = struct.pack("<ff", 2.0, 0.0)
    path.write_bytes(raw)
    assert set(np.unique(read_labels(path).labels)) == {4}


@pytest.mark.parametrize("values", [0.5, -1.0, np.nan, 70000.0], ids=["half", "negative", "not a number", "too high"])
def test_read_labels__refuses_values_that_are_no_labels(values: float, tmp_path: Path) -> None:
    array = np.zeros((3, 4, 5), np.float32)
    array[1, 2, 3] = values
    assert code_of(nifti(tmp_path / "labels.nii.gz", array)) == "invalid-labels"


def test_read_labels__refuses_a_file_without_a_grid(tmp_path: Path) -> None:
    image = nib.Nifti1Image(np.zeros((3, 4, 5), np.uint8), None)
    nib.save(image, tmp_path / "labels.nii")
    assert code_of(tmp_path / "labels.nii") == "invalid-labels"


def test_read_labels__refuses_a_sheared_grid(tmp_path: Path) -> None:
    sheared = np.diag([0.4, 0.5, 2.0, 1.0])
    sheared[0, 2] = 0.3
    assert code_of(nifti(tmp_path / "labels.nii", np.zeros((3, 4, 5), np.uint8), sheared)) == "invalid-labels"


def test_read_labels__refuses_four_dimensions(tmp_path: Path) -> None:
    assert code_of(nifti(tmp_path / "labels.nii", np.zeros((3, 4, 5, 2), np.uint8))) == "invalid-labels"


@pytest.mark.parametrize("keep", [0, 10, 200, 400])
def test_read_labels__refuses_cut_files(keep: int, tmp_path: Path) -> None:
    path = nifti(tmp_path / "labels.nii", np.zeros((9, 10, 11), np.uint8))
    path.write_bytes(path.read_bytes()[:keep])
    assert code_of(path) == "invalid-labels"


def test_read_labels__refuses_a_damaged_gzip(tmp_path: Path) -> None:
    path = nifti(tmp_path / "labels.nii.gz", np.random.default_rng(1).integers(0, 3, (9, 10, 11)).astype(np.uint8))
    raw = path.read_bytes()
    path.write_bytes(raw[: len(raw) // 2])
    assert code_of(path) == "invalid-labels"


def test_read_labels__refuses_a_claim_of_many_gib_before_inflating(tmp_path: Path) -> None:
    raw = bytearray(nifti(tmp_path / "labels.nii", np.zeros((3, 4, 5), np.uint8)).read_bytes())
    raw[42:48] = struct.pack("<3h", 20000, 20000, 20000)
    path = tmp_path / "labels.nii.gz"
    path.write_bytes(gzip.compress(bytes(raw) + bytes(64 << 20)))
    tracemalloc.start()
    start = time.process_time()
    assert code_of(path) == "too-large"
    assert time.process_time() - start < 1.0
    assert tracemalloc.get_traced_memory()[1] < 8 << 20
    tracemalloc.stop()


def test_read_labels__inflates_no_more_than_the_header_names(tmp_path: Path) -> None:
    raw = nifti(tmp_path / "labels.nii", np.ones((3, 4, 5), np.uint8)).read_bytes()
    path = tmp_path / "labels.nii.gz"
    path.write_bytes(gzip.compress(raw + bytes(64 << 20)))
    tracemalloc.start()
    assert read_labels(path).labels.sum() == 60
    assert tracemalloc.get_traced_memory()[1] < 8 << 20
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("place", "form", "value"),
    [(108, "<f", 0.0), (108, "<f", 344.0), (108, "<f", float("nan")), (42, "<h", -9)],
    ids=["voxels at the header's first byte", "voxels at its last bytes", "voxels nowhere", "a negative side"],
)
def test_read_labels__refuses_headers_whose_voxels_would_be_other_bytes(place, form, value, tmp_path: Path) -> None:
    # vox_offset lies at byte 108 of the header and must be 352 or more in one file; dim[1] lies at byte 42.
    path = nifti(tmp_path / "labels.nii", np.ones((9, 10, 11), np.uint8))
    raw = bytearray(path.read_bytes())
    struct.pack_into(form, raw, place, value)
    for name, content in (("bad.nii", bytes(raw)), ("bad.nii.gz", gzip.compress(bytes(raw)))):
        (tmp_path / name).write_bytes(content)
        assert code_of(tmp_path / name) == "invalid-labels"
