"""HU to density by a calibration: the one place where the line is applied."""

from __future__ import annotations

import numpy as np

from bonemetrics.errors import CalibrationError
from bonemetrics.records import Calibration
from bonemetrics.volume import CtVolume, DensityVolume


def to_density(volume: CtVolume, calibration: Calibration) -> DensityVolume:
    """Density of every voxel, unclipped: fat and air stay below zero.

    Parameters
    ----------
    volume
        In HU.
    calibration
        A line from HU to mg/cm³.

    Returns
    -------
    DensityVolume
        float32 in mg/cm³ of the calibration's material, computed in float64 slice by slice.

    Raises
    ------
    CalibrationError
        `no-hu` where the calibration is one of a file that holds densities.
    """
    if calibration.slope is None or calibration.intercept is None:
        raise CalibrationError("this calibration is no line from HU to density; use the file's densities", code="no-hu")
    density = np.empty_like(volume.hu)
    for source, target in zip(volume.hu, density, strict=True):
        line = source.astype(np.float64)
        line *= calibration.slope
        line += calibration.intercept
        target[...] = line
    return DensityVolume(mg_per_cm3=density, material=calibration.material, geometry=volume.geometry)
