from __future__ import annotations

import nibabel as nib
import numpy as np
import pytest

from bonemetrics.quantities import Material
from bonemetrics.readers.preview import write_preview
from bonemetrics.volume import DensityVolume


def test_preview__block_means_lie_where_the_blocks_lie(grid, tmp_path):
    geometry = grid(shape=(4, 12, 15), spacing_mm=(2.0, 0.5, 0.4))
    rows = np.arange(12, dtype=np.float32)[None, :, None]
    density = np.broadcast_to(100.0 * rows, geometry.shape).astype(np.float32)
    volume = DensityVolume(mg_per_cm3=density, material=Material.K2HPO4, geometry=geometry)
    write_preview(volume, tmp_path / "p.nii.gz", at_most_voxels=200)
    image = nib.load(tmp_path / "p.nii.gz")
    values = np.asarray(image.dataobj).transpose()
    # Blocks of 1 × 2 × 2 voxels: rows 0 and 1 average to 50, rows 2 and 3 to 250.
    assert values.shape == (4, 6, 7)
    assert values[0, :2, 0].tolist() == [50, 250]
    # The first block's centre lies half a voxel into rows and columns; RAS turns the signs of x and y.
    centre = geometry.to_world((0, 0.5, 0.5)) * [-1, -1, 1]
    assert image.affine[:3, 3] == pytest.approx(centre, abs=1e-4)
    assert "K2HPO4" in image.header["descrip"].item().decode()


def test_preview__keeps_every_voxel_where_there_is_room(grid, tmp_path):
    geometry = grid()
    values = np.arange(120, dtype=np.float32).reshape(geometry.shape)
    write_preview(
        DensityVolume(mg_per_cm3=values, material=Material.HA, geometry=geometry),
        tmp_path / "p.nii.gz",
        at_most_voxels=120,
    )
    assert np.array_equal(np.asarray(nib.load(tmp_path / "p.nii.gz").dataobj).transpose(), values)
