"""Areas of the compartments and their densities as weighted sums of voxels, below the voxel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from bonemetrics.errors import EmptyRegionError
from bonemetrics.measures.coverage import coverage, level_of_area
from bonemetrics.measures.edge import EdgeWeights, corrected_weights, plain_weights
from bonemetrics.measures.soft_tissue import near_other_bone, soft_tissue_level
from bonemetrics.volume import Box, DensityVolume

Floats = npt.NDArray[np.float32]
Weights = npt.NDArray[np.float64]

CENTRAL_SHARE = 0.45
REACH_SIGMA = 3.0
"""How far outside the periosteal contour mass is brought back, in blur σ."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Voxels:
    """The voxels that take part, one entry each, slice by slice; lengths in mm, densities in mg/cm³.

    `soft_tissue` is what would be there without the bone; `leak` is 1 where the excess over it is the bone's, 0
    where another bone is too near to tell.
    """

    density: Floats
    soft_tissue: Floats
    leak: Floats
    periosteal_mm: Floats
    endosteal_mm: Floats
    slice_number: npt.NDArray[np.intp]
    n_slices: int
    pixel_mm: float
    pixel_area_mm2: float
    slice_mm: float
    sigma_mm: float

    def displaced(self, *, periosteal_mm: float = 0.0, endosteal_mm: float = 0.0) -> Voxels:
        """The same voxels with a contour moved outwards by so much."""
        return replace(
            self,
            periosteal_mm=self.periosteal_mm - np.float32(periosteal_mm),
            endosteal_mm=self.endosteal_mm - np.float32(endosteal_mm),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Values:
    """Mean areas per slice in mm² and mean densities by region, with the weights that make the densities.

    A density is `weights · voxels + offset`; `trabecular` also tells how the edge zone was treated. `plain` holds
    the mean of every voxel by the share of it in the region.
    """

    area: dict[str, float]
    density: dict[str, float]
    plain: dict[str, float]
    weights: dict[str, Weights]
    trabecular: EdgeWeights
    trabecular_plain: Weights


def gather(
    density: DensityVolume,
    periosteal_mm: Floats,
    endosteal_mm: Floats,
    box: Box,
    rows: Sequence[int],
    sigma_mm: float,
) -> Voxels:
    """Pick the voxels of the measured slices that lie in the bone or within reach of its blur.

    `rows` are the measured slices counted from the start of `box`.
    """
    slice_mm, row_mm, column_mm = density.geometry.spacing_mm
    pixel_mm = float(np.sqrt(row_mm * column_mm))
    chosen = np.asarray(rows)
    stack = density.mg_per_cm3[box][chosen]
    periosteal, endosteal = periosteal_mm[chosen], endosteal_mm[chosen]
    reach = REACH_SIGMA * sigma_mm
    spacing = (row_mm, column_mm)
    soft = soft_tissue_level(stack, periosteal, from_mm=reach, spacing_mm=spacing)
    other = near_other_bone(stack, periosteal, reach_mm=reach, spacing_mm=spacing)
    kept = periosteal < reach + pixel_mm
    return Voxels(
        density=stack[kept],
        soft_tissue=soft[kept],
        leak=(~other[kept]).astype(np.float32),
        periosteal_mm=periosteal[kept],
        endosteal_mm=endosteal[kept],
        slice_number=np.nonzero(kept)[0],
        n_slices=len(chosen),
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
    cortical = total - trabecular
    sums = {"total": total, "trabecular": trabecular, "cortical": cortical}
    amount = {region: float(part.sum(dtype=np.float64)) for region, part in sums.items()}
    for region, size in amount.items():
        if size <= 0:
            raise EmptyRegionError(f"the {region} region holds no voxel in the measured slices; check the contours")
    even = plain_weights(trabecular)
    inner, weights, offset = even, {"total": plain_weights(total).weights}, 0.0
    if extrapolate:
        inner = corrected_weights(
            trabecular,
            depth_mm=-voxels.endosteal_mm,
            outside_mm=voxels.periosteal_mm,
            soft_tissue=voxels.soft_tissue,
            sigma_mm=voxels.sigma_mm,
            voxel_mm3=voxels.pixel_area_mm2 * voxels.slice_mm,
        )
        weights["total"], offset = _with_leaked_mass(voxels, total, amount["total"])
    weights["trabecular"] = inner.weights
    weights["cortical"] = (weights["total"] * amount["total"] - weights["trabecular"] * amount["trabecular"]) / amount[
        "cortical"
    ]
    weights["central-45"] = _central(voxels, total)
    density = {region: float(weight @ voxels.density) for region, weight in weights.items()}
    density["total"] += offset
    density["trabecular"] += inner.offset
    leaked = offset * amount["total"] - inner.offset * amount["trabecular"]
    density["cortical"] += leaked / amount["cortical"]
    per_slice = voxels.pixel_area_mm2 / voxels.n_slices
    plain = {region: float(plain_weights(part).weights @ voxels.density) for region, part in sums.items()}
    return Values(
        area={region: size * per_slice for region, size in amount.items()},
        density=density,
        plain={**plain, "central-45": density["central-45"]},
        weights=weights,
        trabecular=inner,
        trabecular_plain=even.weights,
    )


def _with_leaked_mass(voxels: Voxels, total: Floats, amount: float) -> tuple[Weights, float]:
    """Weights of the total with the excess over soft tissue outside the contour, and the soft tissue taken off."""
    outside = (1.0 - total) * (voxels.periosteal_mm < REACH_SIGMA * voxels.sigma_mm)
    expected = outside * ndtr(-voxels.periosteal_mm / voxels.sigma_mm)
    seen = float((expected * voxels.leak).sum(dtype=np.float64))
    # Where another bone hides the blur, the rest of the contour stands for it.
    share = float(expected.sum(dtype=np.float64)) / seen if seen > 0 else 0.0
    leaked = (outside * voxels.leak).astype(np.float64) * share
    return (total + leaked) / amount, -float(leaked @ voxels.soft_tissue) / amount


def _central(voxels: Voxels, total: Floats) -> Weights:
    """Plain weights of the central 45 % of each slice's area, peeled concentrically from the periosteal contour."""
    inside = total > 0
    levels = level_of_area(
        voxels.periosteal_mm[inside], voxels.slice_number[inside], CENTRAL_SHARE, voxels.pixel_mm, voxels.n_slices
    )
    distance = voxels.periosteal_mm - levels[voxels.slice_number]
    return plain_weights(coverage(distance, voxels.pixel_mm)).weights
