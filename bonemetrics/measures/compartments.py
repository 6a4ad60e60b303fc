"""Areas of the compartments and their densities as weighted sums of voxels, below the voxel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from bonemetrics.errors import EmptyRegionError
from bonemetrics.measures.coverage import coverage, level_of_area
from bonemetrics.measures.edge import EdgeWeights, corrected_weights, plain_weights
from bonemetrics.measures.soft_tissue import near_other_bone, soft_tissue_level
from bonemetrics.volume import Box, DensityVolume

Floats = npt.NDArray[np.float32]

CENTRAL_SHARE = 0.45
_NO_VOXEL = 1e-6
_TOGETHER = 16
REACH_SIGMA = 3.0
"""How far outside the periosteal contour mass is brought back, in blur σ."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Voxels:
    """The voxels that take part, one entry each, slice by slice; lengths in mm, densities in mg/cm³.

    `soft_tissue` is what would be there without the bone; `leak` says where the excess over it is the bone's
    and no other bone is too near to tell.
    """

    density: Floats
    soft_tissue: Floats
    leak: npt.NDArray[np.bool_]
    periosteal_mm: Floats
    endosteal_mm: Floats
    slice_number: npt.NDArray[np.integer[Any]]
    n_slices: int
    pixel_mm: float
    pixel_area_mm2: float
    slice_mm: float
    sigma_mm: float

    def some(self, count: int) -> Voxels:
        """The voxels of at most `count` slices, evenly spread."""
        if count >= self.n_slices:
            return self
        numbers = np.unique(np.linspace(0, self.n_slices - 1, count).round().astype(np.intp))
        kept = np.isin(self.slice_number, numbers)
        return replace(
            self,
            density=self.density[kept],
            soft_tissue=self.soft_tissue[kept],
            leak=self.leak[kept],
            periosteal_mm=self.periosteal_mm[kept],
            endosteal_mm=self.endosteal_mm[kept],
            slice_number=np.searchsorted(numbers, self.slice_number[kept]),
            n_slices=len(numbers),
        )

    def displaced(self, *, periosteal_mm: float = 0.0, endosteal_mm: float = 0.0) -> Voxels:
        """The same voxels with a contour moved outwards by so much."""
        return replace(
            self,
            periosteal_mm=self.periosteal_mm - np.float32(periosteal_mm),
            endosteal_mm=self.endosteal_mm - np.float32(endosteal_mm),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Values:
    """Mean areas per slice in mm² and mean densities by region.

    `plain` holds the mean of every voxel by the share of it in the region. `squares` is the sum of the squared
    weights of a density, which image noise goes with; `texture` that of the weights' departure from even ones, which
    trabecular texture goes with.
    """

    area: dict[str, float]
    density: dict[str, float]
    plain: dict[str, float]
    squares: dict[str, float]
    texture: float
    corrected: bool


def gather(
    density: DensityVolume,
    periosteal_mm: Floats,
    endosteal_mm: Floats,
    box: Box,
    rows: Sequence[int],
    sigma_mm: float,
) -> Voxels:
    """Pick the voxels of the measured slices that lie in the bone or within reach of its blur.

    `rows` are the measured slices counted from the start of `box`. Few slices are looked at together, so that no copy
    of the whole box is made.
    """
    slice_mm, row_mm, column_mm = density.geometry.spacing_mm
    pixel_mm = float(np.sqrt(row_mm * column_mm))
    reach, spacing = REACH_SIGMA * sigma_mm, (row_mm, column_mm)
    stack = density.mg_per_cm3[box]
    parts: list[tuple[npt.NDArray[Any], ...]] = []
    for start in range(0, len(rows), _TOGETHER):
        chosen = np.asarray(rows[start : start + _TOGETHER], dtype=np.intp)
        values, periosteal = stack[chosen], periosteal_mm[chosen]
        soft = soft_tissue_level(values, periosteal, from_mm=reach, spacing_mm=spacing)
        other = near_other_bone(values, periosteal, reach_mm=reach, spacing_mm=spacing)
        kept = periosteal < reach + pixel_mm
        number = (start + np.nonzero(kept)[0]).astype(np.int32)
        parts.append((values[kept], soft[kept], ~other[kept], periosteal[kept], endosteal_mm[chosen][kept], number))
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    return Voxels(
        density=columns[0],
        soft_tissue=columns[1],
        leak=columns[2],
        periosteal_mm=columns[3],
        endosteal_mm=columns[4],
        slice_number=columns[5],
        n_slices=len(rows),
        pixel_mm=pixel_mm,
        pixel_area_mm2=density.geometry.pixel_area_mm2,
        slice_mm=slice_mm,
        sigma_mm=float(sigma_mm),
    )


def evaluate(voxels: Voxels, *, extrapolate: bool) -> Values:
    """Areas and densities of total, trabecular, cortical and central-45.

    Raises
    ------
    EmptyRegionError
        If there is no bone, or no trabecular or no cortical compartment.
    """
    total = coverage(voxels.periosteal_mm, voxels.pixel_mm)
    trabecular = np.minimum(coverage(voxels.endosteal_mm, voxels.pixel_mm), total)
    amount = {"total": _sum(total), "trabecular": _sum(trabecular)}
    amount["cortical"] = amount["total"] - amount["trabecular"]
    for region, size in amount.items():
        if size <= _NO_VOXEL:
            raise EmptyRegionError(f"the {region} region holds no voxel in the measured slices; check the contours")
    plain = {"total": _sum(total * voxels.density), "trabecular": _sum(trabecular * voxels.density)}
    outer, inner = plain_weights(total), plain_weights(trabecular)
    if extrapolate:
        outer = _with_leaked_mass(voxels, total)
        inner = corrected_weights(
            trabecular,
            depth_mm=-voxels.endosteal_mm,
            outside_mm=voxels.periosteal_mm,
            soft_tissue=voxels.soft_tissue,
            sigma_mm=voxels.sigma_mm,
            voxel_mm3=voxels.pixel_area_mm2 * voxels.slice_mm,
        )
    mass = {
        "total": _sum(outer.weights * voxels.density) + outer.offset,
        "trabecular": _sum(inner.weights * voxels.density) + inner.offset,
    }
    squares = {
        "total": _sum(np.square(outer.weights)),
        "trabecular": _sum(np.square(inner.weights)),
        "cortical": _sum(np.square(outer.weights - inner.weights)),
    }
    for sums in (mass, plain):
        sums["cortical"] = sums["total"] - sums["trabecular"]
    central = _central(voxels, total)
    amount["central-45"] = squares["central-45"] = _sum(central)
    mass["central-45"] = plain["central-45"] = _sum(central * voxels.density)
    per_slice = voxels.pixel_area_mm2 / voxels.n_slices
    return Values(
        area={region: size * per_slice for region, size in amount.items()},
        density={region: mass[region] / size for region, size in amount.items()},
        plain={region: plain[region] / size for region, size in amount.items()},
        squares={region: squares[region] / size**2 for region, size in amount.items()},
        texture=_sum(np.square(inner.weights - trabecular)) / amount["trabecular"] ** 2,
        corrected=inner.corrected,
    )


def _sum(values: Floats) -> float:
    return float(values.sum(dtype=np.float64))


def _with_leaked_mass(voxels: Voxels, total: Floats) -> EdgeWeights:
    """The total with the excess over soft tissue outside the contour."""
    outside = (np.float32(1.0) - total) * (voxels.periosteal_mm < REACH_SIGMA * voxels.sigma_mm)
    expected = outside * ndtr(-voxels.periosteal_mm / np.float32(voxels.sigma_mm))
    seen = _sum(expected * voxels.leak)
    # Where another bone hides the blur, the rest of the contour stands for it.
    share = _sum(expected) / seen if seen > 0 else 0.0
    leaked = outside * voxels.leak * np.float32(share)
    return EdgeWeights(weights=total + leaked, offset=-_sum(leaked * voxels.soft_tissue), corrected=True)


def _central(voxels: Voxels, total: Floats) -> Floats:
    """Coverage of the central 45 % of each slice's area, peeled concentrically from the periosteal contour."""
    inside = total > 0
    levels = level_of_area(
        voxels.periosteal_mm[inside], voxels.slice_number[inside], CENTRAL_SHARE, voxels.pixel_mm, voxels.n_slices
    )
    return coverage(voxels.periosteal_mm - levels[voxels.slice_number], voxels.pixel_mm)
