"""A small density volume to look at: block means in mg/cm³ as int16 NIfTI, never to be measured."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bonemetrics.atomic import write_atomic
from bonemetrics.volume import DensityVolume, Geometry, LabelVolume


def write_preview(density: DensityVolume, path: Path, *, at_most_voxels: int) -> None:
    """Write block means of a density volume, atomically.

    Parameters
    ----------
    density
        Calibrated scan.
    path
        A `.nii.gz`.
    at_most_voxels
        The blocks are made as large as this needs, with sides as equal in mm as whole voxels allow.
    """
    from nibabel.nifti1 import Nifti1Image

    steps = _steps(density.geometry, at_most_voxels)
    means = _block_means(density.mg_per_cm3, steps)
    values = np.clip(np.rint(means), -32768, 32767).astype(np.int16)
    affine = density.geometry.affine_lps.copy()
    affine[:3, 3] = density.geometry.to_world([(step - 1) / 2 for step in steps])
    affine[:3, :3] *= steps
    shape = (values.shape[0], values.shape[1], values.shape[2])
    place = LabelVolume(labels=np.zeros(shape, np.uint8), geometry=Geometry(shape=shape, affine_lps=affine))
    make: Any = Nifti1Image
    image = make(values.transpose(), place.affine_ras())
    image.header.set_xyzt_units("mm")
    image.header["descrip"] = f"preview, mg/cm3 {density.material}"
    write_atomic(path, gzip.compress(image.to_bytes(), compresslevel=1, mtime=0))


def _steps(geometry: Geometry, at_most_voxels: int) -> tuple[int, int, int]:
    """Voxels per block along each axis."""
    side_mm = min(geometry.spacing_mm)
    while True:
        steps = [max(1, round(side_mm / step)) for step in geometry.spacing_mm]
        steps = [min(step, size) for step, size in zip(steps, geometry.shape, strict=True)]
        blocks = [size // step for size, step in zip(geometry.shape, steps, strict=True)]
        if np.prod(blocks, dtype=np.int64) <= at_most_voxels:
            return steps[0], steps[1], steps[2]
        side_mm *= 1.25


def _block_means(values: npt.NDArray[np.float32], steps: tuple[int, int, int]) -> npt.NDArray[np.float32]:
    blocks = [size // step for size, step in zip(values.shape, steps, strict=True)]
    cut = values[tuple(slice(0, block * step) for block, step in zip(blocks, steps, strict=True))]
    parts = cut.reshape(blocks[0], steps[0], blocks[1], steps[1], blocks[2], steps[2])
    means: npt.NDArray[np.float32] = parts.mean(axis=(1, 3, 5), dtype=np.float32)
    return means
