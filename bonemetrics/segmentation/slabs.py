"""The scan as slabs: neighbouring slices averaged to about a quarter of a millimetre, and a coarse copy of them.

A bone's shape hardly changes within a slab, so contours are fitted on slabs and carried back to the slices; work and
noise fall with the number of slices in a slab.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from bonemetrics.volume import DensityVolume

Floats = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]
Places = npt.NDArray[np.float64]

SLAB_MM = 0.25
COARSE_MM = 0.3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Slabs:
    """Slabs at full resolution in the plane.

    `density` is (slab, row, column) in mg/cm³; `centre_slice` the slice index of each slab's middle, `edges` the first
    slice of each slab and, last, the number of slices.
    """

    density: Floats
    centre_slice: Places
    edges: npt.NDArray[np.intp]
    slice_mm: float
    row_mm: float
    column_mm: float

    @property
    def pixel_mm(self) -> float:
        """Geometric mean of the in-plane spacings in mm."""
        return float(np.sqrt(self.row_mm * self.column_mm))

    @property
    def spacing_mm(self) -> float:
        """Mean distance between slabs in mm."""
        return self.slice_mm * float(self.edges[-1]) / len(self.centre_slice)

    @property
    def z_mm(self) -> Places:
        """Position of the slabs' middles along the slice axis, in mm from slice 0."""
        return self.centre_slice * self.slice_mm


def cut_slabs(density: DensityVolume) -> Slabs:
    """Average slices to slabs of about 0.25 mm; thicker slices stay single."""
    slice_mm, row_mm, column_mm = density.geometry.spacing_mm
    n = density.geometry.shape[0]
    count = min(n, max(1, int(np.ceil(n * slice_mm / SLAB_MM))))
    edges = np.rint(np.linspace(0, n, count + 1)).astype(np.intp)
    values = density.mg_per_cm3
    if count < n:
        values = np.stack([values[a:b].mean(axis=0) for a, b in pairwise(edges.tolist())])
    return Slabs(
        density=values,
        centre_slice=(edges[:-1] + edges[1:] - 1) / 2.0,
        edges=edges,
        slice_mm=slice_mm,
        row_mm=row_mm,
        column_mm=column_mm,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Coarse:
    """A copy of the slabs with blocks of pixels averaged; `row_step` and `column_step` are pixels per block."""

    density: Floats
    row_step: int
    column_step: int
    row_mm: float
    column_mm: float
    slab_mm: float

    @property
    def pixel_area_mm2(self) -> float:
        """Area of one coarse pixel in mm²."""
        return self.row_mm * self.column_mm

    def rows_mm(self, index: npt.ArrayLike) -> Places:
        """Position in mm, from the centre of the scan's first pixel, of coarse row indices."""
        return (np.asarray(index, dtype=np.float64) * self.row_step + (self.row_step - 1) / 2) * (
            self.row_mm / self.row_step
        )

    def columns_mm(self, index: npt.ArrayLike) -> Places:
        """Position in mm, from the centre of the scan's first pixel, of coarse column indices."""
        return (np.asarray(index, dtype=np.float64) * self.column_step + (self.column_step - 1) / 2) * (
            self.column_mm / self.column_step
        )


def coarsen(slabs: Slabs) -> Coarse:
    """Average blocks of pixels to about 0.3 mm."""
    steps = [max(1, round(COARSE_MM / mm)) for mm in (slabs.row_mm, slabs.column_mm)]
    values = slabs.density
    n, rows, columns = values.shape
    steps = [min(step, size) for step, size in zip(steps, (rows, columns), strict=True)]
    cut = values[:, : rows // steps[0] * steps[0], : columns // steps[1] * steps[1]]
    if max(steps) > 1:
        # Two passes, each along one axis: adding whole rows is several times faster than a mean over both axes.
        shape = (n, rows // steps[0], steps[0], columns // steps[1] * steps[1])
        halfway = cut.reshape(shape).mean(axis=2)
        cut = halfway.reshape(n, shape[1], columns // steps[1], steps[1]).mean(axis=3)
    return Coarse(
        density=cut,
        row_step=steps[0],
        column_step=steps[1],
        row_mm=slabs.row_mm * steps[0],
        column_mm=slabs.column_mm * steps[1],
        slab_mm=slabs.spacing_mm,
    )
