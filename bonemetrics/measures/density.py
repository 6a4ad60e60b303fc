"""Densities, areas and volumes of the compartments of a radius, each with its standard uncertainty."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from pydantic import JsonValue

from bonemetrics.errors import EmptyRegionError, GeometryMismatchError
from bonemetrics.measures.compartments import REACH_SIGMA, Values, Voxels, evaluate, gather
from bonemetrics.measures.edge import CONTOUR_SD_MM, PROFILE_SD, READ_FROM_SIGMA, SMOOTH_OVER_MM, TEXTURE_POWER
from bonemetrics.measures.labels import label_means, measure_labels
from bonemetrics.measures.numbers import PREFIX, Key, is_density, measurement
from bonemetrics.measures.uncertainty import StackNoise, contour_part, stack_noise
from bonemetrics.records import Calibration, DensityParameters, Measurement, Provenance, Side, UncertaintyBudget
from bonemetrics.volume import Box, DensityVolume, LabelVolume

__all__ = ["DensityParameters", "measure_compartments", "measure_labels"]

Floats = npt.NDArray[np.float32]

METHOD = "compartments-{edge}/1"
_CONTOUR_SLICES = 24
"""Slices on which contours are moved; what that changes differs little along a stack."""


def measure_compartments(
    density: DensityVolume,
    *,
    labels: LabelVolume,
    periosteal_mm: Floats,
    endosteal_mm: Floats,
    box: Box,
    slices: Sequence[int],
    blur_sigma_mm: float,
    calibration: Calibration,
    provenance: Provenance,
    side: Side | None = None,
    parameters: DensityParameters | None = None,
) -> tuple[Measurement, ...]:
    """Densities, areas and volumes of a segmented radius below the voxel.

    Tt.vBMD brings back the mass that blur carried over the periosteal contour, Tb.vBMD takes the zone that the cortex
    spills into from the trend below it, Ct.vBMD is what remains, so that Tt.vBMD · Tt.Ar = Tb.vBMD · Tb.Ar +
    Ct.vBMD · Ct.Ar. Areas count a partly covered voxel with the part that is covered.

    Parameters
    ----------
    density
        Calibrated volume, axes (slice, row, column).
    labels
        The same segmentation as voxels (1 trabecular, 2 cortical), for the plain means in provenance.
    periosteal_mm, endosteal_mm
        Signed distance within the slice in mm on `box`, negative inside the bone and on the trabecular side.
    box
        Part of the scan that the distances cover.
    slices
        Indices in the scan of the slices to be measured.
    blur_sigma_mm
        Standard deviation of the blur within the slice in mm.
    calibration
        For the uncertainty that it brings.
    provenance
        Of the scan; method, parameters and the parts of the uncertainty are added.
    side
        Body side.
    parameters
        Defaults to `DensityParameters()`.

    Returns
    -------
    tuple of Measurement
        Tt.vBMD, Tb.vBMD, Ct.vBMD, vBMD (central-45), Tt.Ar, Tb.Ar, Ct.Ar, Tt.V, Tb.V, Ct.V, N.Sl.

    Raises
    ------
    GeometryMismatchError
        If labels, distances, box or slices do not fit the grid of the density.
    EmptyRegionError
        If there is no slice to measure, or a compartment is empty in all of them.
    """
    chosen = parameters or DensityParameters()
    density.geometry.require_same_grid(labels.geometry)
    rows = _require_stack(density, (periosteal_mm, endosteal_mm), box, slices)
    extrapolate = chosen.edge == "extrapolated"
    voxels = gather(density, periosteal_mm, endosteal_mm, box, rows, blur_sigma_mm)
    values = evaluate(voxels, extrapolate=extrapolate)
    noise = stack_noise(density, periosteal_mm, endosteal_mm, box, rows, blur_sigma_mm)
    parts = _budgets(voxels, values, noise, calibration, extrapolate=extrapolate)
    told: dict[str, JsonValue] = {
        "edge": chosen.edge,
        "edge_corrected": values.corrected,
        "blur_sigma_mm": float(blur_sigma_mm),
        "read_from_sigma": READ_FROM_SIGMA,
        "smooth_over_mm": SMOOTH_OVER_MM,
        "profile_sd_mg_per_cm3": PROFILE_SD,
        "texture_power": TEXTURE_POWER,
        "contour_sd_mm": CONTOUR_SD_MM,
        "reach_sigma": REACH_SIGMA,
        "slices": [min(slices), max(slices), len(slices)],
        "noise_source": noise.source,
    }
    base = provenance.model_copy(
        update={"method": METHOD.format(edge=chosen.edge), "parameters": {**provenance.parameters, **told}}
    )
    means = label_means(density, labels, slices)
    plain: dict[str, dict[str, JsonValue]] = {
        region: {"plain_mean": value, "voxel_mean": means.get(region)} for region, value in values.plain.items()
    }
    found = _values_by_quantity(values, voxels)
    return tuple(
        measurement(
            key,
            found[key],
            parts.get(key),
            material=density.material,
            side=side,
            base=base,
            extra=plain.get(key[1], {}) if is_density(key[0]) else {},
        )
        for key in found
    )


def _require_stack(
    density: DensityVolume, distances: tuple[Floats, Floats], box: Box, slices: Sequence[int]
) -> list[int]:
    """The measured slices counted from the start of the box."""
    shape = density.geometry.crop(box).shape
    for distance in distances:
        if distance.shape != shape:
            raise GeometryMismatchError(
                f"distances have shape {distance.shape}, their box has {shape}; give their own box"
            )
    if not slices:
        raise EmptyRegionError("no slice is to be measured; widen the region rule")
    start = box[0].indices(density.geometry.shape[0])[0]
    rows = sorted({int(number) - start for number in slices})
    if min(rows) < 0 or max(rows) >= shape[0]:
        raise GeometryMismatchError(
            f"slices {min(slices)} to {max(slices)} are asked for, the contours cover {start} to {start + shape[0] - 1}"
        )
    return rows


def _values_by_quantity(values: Values, voxels: Voxels) -> dict[Key, float]:
    """Every value by its quantity and region, in the order of the table; `voxels` tell the length of the stack."""
    length_mm = voxels.n_slices * voxels.slice_mm
    found = {(f"{prefix}.vBMD", region): values.density[region] for region, prefix in PREFIX.items()}
    found["vBMD", "central-45"] = values.density["central-45"]
    found |= {(f"{prefix}.Ar", region): values.area[region] for region, prefix in PREFIX.items()}
    found |= {(f"{prefix}.V", region): values.area[region] * length_mm for region, prefix in PREFIX.items()}
    found["N.Sl", "total"] = float(voxels.n_slices)
    return found


def _budgets(
    voxels: Voxels, values: Values, noise: StackNoise, calibration: Calibration, *, extrapolate: bool
) -> dict[Key, UncertaintyBudget]:
    """The parts of each standard uncertainty; slice counts have none."""
    half, some = voxels.pixel_mm / 2, voxels.some(_CONTOUR_SLICES)
    moves = [[{f"{contour}_mm": sign * half} for sign in (-1, 1)] for contour in ("periosteal", "endosteal")]
    ends = [
        [_values_by_quantity(evaluate(some.displaced(**move), extrapolate=extrapolate), voxels) for move in pair]
        for pair in moves
    ]
    budgets: dict[Key, UncertaintyBudget] = {}
    for key, value in _values_by_quantity(values, voxels).items():
        if key[0] == "N.Sl":
            continue
        contour = math.hypot(*[contour_part(pair[0][key], pair[1][key]) for pair in ends])
        budgets[key] = UncertaintyBudget(
            calibration=calibration.uncertainty_at(value) if is_density(key[0]) else 0.0,
            noise=_noise_part(values, key[1], noise) if is_density(key[0]) else 0.0,
            contour=contour,
        )
    return budgets


def _noise_part(values: Values, region: str, noise: StackNoise) -> float:
    """Image noise through the region's weights, and the texture that the trend in the edge zone stands for."""
    lever = {"trabecular": 1.0, "cortical": values.area["trabecular"] / values.area["cortical"]}.get(region, 0.0)
    return math.sqrt(noise.image * values.squares[region] + lever**2 * noise.trabecular * values.texture)
