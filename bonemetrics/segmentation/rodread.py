"""Read one rod whose axis is known: mean HU of its core, noise, and diameter, at the scan's own voxels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bonemetrics.records import RodReading
from bonemetrics.segmentation.stack import stack_geometry
from bonemetrics.volume import CtVolume

Array = npt.NDArray[np.float64]

CORE_FRACTION = 0.75
LEAST_CORE_FRACTION = 0.4
CORE_MARGIN_SIGMAS = 2.5
"""The core keeps this many standard deviations of the edge's blur away from the edge: 0.6 % of the step is left."""
BLOCKS = 12
LEAST_BLOCK_MM = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RodAxis:
    """A rod's axis: place (row, column) in mm from the first voxel at the middle slice, drift per mm of the normal."""

    row_mm: float
    column_mm: float
    drift: tuple[float, float]
    radius_mm: float
    edge_sigma_mm: float


def read_rod(volume: CtVolume, axis: RodAxis, *, slices: tuple[int, int]) -> RodReading:
    """Mean, noise and standard error of a rod over slices first to stop.

    The standard error comes from means of blocks of at least 1 mm along the rod, so correlated noise counts in full.
    """
    height_mm, shear = stack_geometry(volume.geometry)
    depth = volume.geometry.shape[0]
    margin = max(CORE_MARGIN_SIGMAS * axis.edge_sigma_mm, 1.5 * max(volume.geometry.spacing_mm[1:]))
    core_mm = max(min(CORE_FRACTION * axis.radius_mm, axis.radius_mm - margin), LEAST_CORE_FRACTION * axis.radius_mm)
    direction = np.array([1.0, axis.drift[0] + shear[0], axis.drift[1] + shear[1]])
    direction /= np.linalg.norm(direction)
    sums = np.zeros((slices[1] - slices[0], 3))
    for row, index in zip(sums, range(*slices), strict=True):
        z = (index - (depth - 1) / 2) * height_mm
        centre = (axis.row_mm + axis.drift[0] * z, axis.column_mm + axis.drift[1] * z)
        values = _core(volume, index, centre, core_mm, direction)
        row[:] = len(values), values.sum(), values @ values
    return _reading(volume, axis, sums, height_mm)


def _core(volume: CtVolume, index: int, centre: tuple[float, float], core_mm: float, direction: Array) -> Array:
    """Values of the voxels of one slice whose centres lie within `core_mm` of the axis."""
    spacing = volume.geometry.spacing_mm[1:]
    reach = core_mm / direction[0]
    box = []
    for middle, mm, n in zip(centre, spacing, volume.geometry.shape[1:], strict=True):
        box.append((max(int(np.ceil((middle - reach) / mm)), 0), min(int((middle + reach) / mm) + 1, n)))
    rows = np.arange(*box[0])[:, None] * spacing[0] - centre[0]
    columns = np.arange(*box[1])[None, :] * spacing[1] - centre[1]
    along = rows * direction[1] + columns * direction[2]
    inside = rows**2 + columns**2 - along**2 <= core_mm**2
    part = volume.hu[index, box[0][0] : box[0][1], box[1][0] : box[1][1]]
    return np.asarray(part[inside], dtype=np.float64)


def _reading(volume: CtVolume, axis: RodAxis, sums: Array, height_mm: float) -> RodReading:
    sums = sums[sums[:, 0] > 0]
    n, total, squares = sums.sum(axis=0)
    mean = total / n
    sd = float(np.sqrt(max((squares - n * mean * mean) / max(n - 1, 1), 0.0)))
    middle = (volume.geometry.shape[0] - 1) / 2
    spacing = volume.geometry.spacing_mm
    at = [middle, axis.row_mm / spacing[1], axis.column_mm / spacing[2]]
    ahead = [
        middle + 1.0,
        (axis.row_mm + axis.drift[0] * height_mm) / spacing[1],
        (axis.column_mm + axis.drift[1] * height_mm) / spacing[2],
    ]
    start, end = volume.geometry.to_world([at, ahead])
    direction = (end - start) / np.linalg.norm(end - start)
    return RodReading(
        centre_lps_mm=(float(start[0]), float(start[1]), float(start[2])),
        axis_lps=(float(direction[0]), float(direction[1]), float(direction[2])),
        diameter_mm=2.0 * axis.radius_mm,
        mean_hu=float(mean),
        sd_hu=sd,
        standard_error_hu=_standard_error(sums, sd, height_mm),
        n_voxels=int(n),
        n_slices=len(sums),
    )


def _standard_error(sums: Array, sd: float, height_mm: float) -> float:
    """The larger of two estimates that count correlated noise in full; with few slices, 50 voxels count as one.

    One is the spread of the means of blocks, the other the spread of the means of slices, widened by what slices up to
    three apart (or 1 mm) have in common.
    """
    per_block = max(int(np.ceil(LEAST_BLOCK_MM / height_mm)), -(-len(sums) // BLOCKS))
    n_blocks = len(sums) // per_block
    if n_blocks < 4:
        return sd / float(np.sqrt(max(sums[:, 0].sum() / 50.0, 1.0)))
    means = [part[:, 1].sum() / part[:, 0].sum() for part in np.array_split(sums, n_blocks)]
    of_blocks = np.std(means, ddof=1) / np.sqrt(n_blocks)
    off = sums[:, 1] / sums[:, 0] - sums[:, 1].sum() / sums[:, 0].sum()
    n, reach = len(off), max(3, int(np.ceil(LEAST_BLOCK_MM / height_mm)))
    lags = min(reach, n // 4)
    own = float(off @ off)
    shared = own + 2.0 * sum(float(off[lag:] @ off[:-lag]) for lag in range(1, lags + 1))
    # Each lag's sum is short of the variance of the mean, for the mean was taken off: solved for that variance.
    of_slices = np.sqrt(max(shared / (n - 1 - 2 * lags), own / (n - 1)) / n)
    return float(max(of_blocks, of_slices))
