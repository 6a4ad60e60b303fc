"""HU to density by a calibration: the one place where the line is applied."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

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
    slices = density_slices(volume, calibration)
    density = np.empty_like(volume.hu)
    for source, target in zip(slices, density, strict=True):
        target[...] = source
    return DensityVolume(mg_per_cm3=density, material=calibration.material, geometry=volume.geometry)


def density_slices(volume: CtVolume, calibration: Calibration) -> Iterator[npt.NDArray[np.float32]]:
    """The slices of `to_density` one after the other, for whoever needs no second volume in memory.

    Each is overwritten by the next. Parameters and errors are those of `to_density`, before the first slice.
    """
    slope, intercept = calibration.slope, calibration.intercept
    if slope is None or intercept is None:
        raise CalibrationError("this calibration is no line from HU to density; use the file's densities", code="no-hu")
    return _slices(volume, slope, intercept)


def _slices(volume: CtVolume, slope: float, intercept: float) -> Iterator[npt.NDArray[np.float32]]:
    line = np.empty(volume.hu.shape[1:], dtype=np.float64)
    rounded = np.empty(volume.hu.shape[1:], dtype=np.float32)
    for source in volume.hu:
        np.multiply(source, slope, out=line, dtype=np.float64)
        line += intercept
        rounded[...] = line
        yield rounded
