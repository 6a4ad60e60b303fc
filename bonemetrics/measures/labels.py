"""Plain voxel means, areas and volumes of a mask that a reader drew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import JsonValue
from scipy import ndimage

from bonemetrics.errors import EmptyRegionError, GeometryMismatchError
from bonemetrics.measures.numbers import PREFIX, Key, is_density, measurement
from bonemetrics.measures.uncertainty import noise_power
from bonemetrics.records import Calibration, Measurement, Provenance, Side, UncertaintyBudget
from bonemetrics.volume import CORTICAL, TRABECULAR, Box, DensityVolume, LabelVolume

Floats = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]

METHOD = "labels-voxel-mean/1"
_IN_PLANE = ndimage.generate_binary_structure(2, 1)[None]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Region:
    """Voxels of a region, the same with each of its contours moved one voxel in and out, and its slice count."""

    inside: Flags
    moved: tuple[tuple[Flags, Flags], ...]
    n_slices: int
    counts_slices: bool = True


def measure_labels(
    density: DensityVolume,
    labels: LabelVolume,
    *,
    calibration: Calibration,
    provenance: Provenance,
    side: Side | None = None,
    slices: Sequence[int] | None = None,
) -> tuple[Measurement, ...]:
    """Plain voxel means, voxel areas and volumes of every label.

    Label 1 is trabecular, 2 cortical, both together total; any other positive number n is region `label-n`. An area
    is the mean over the slices that the region touches, for the compartments over those that any of them touches.
    Every voxel of a label counts, however low its density.

    Parameters
    ----------
    density
        Calibrated volume, axes (slice, row, column).
    labels
        Mask on the grid of the density; `LabelVolume.onto` brings a smaller mask there.
    calibration
        For the uncertainty that it brings.
    provenance
        Of the scan; method and the parts of the uncertainty are added.
    side
        Body side.
    slices
        Indices of the slices to be measured; all where None.

    Returns
    -------
    tuple of Measurement
        vBMD, area and volume of each region, and one N.Sl for the compartments and for each other label.

    Raises
    ------
    GeometryMismatchError
        If the labels do not lie on the grid of the density, or a slice is outside it.
    EmptyRegionError
        If no voxel of the measured slices has a label.
    """
    density.geometry.require_same_grid(labels.geometry)
    box = _box_of(labels, slices)
    cropped = density.crop(box)
    kept = _kept_rows(box, slices)
    drawn = np.where(kept[:, None, None], labels.labels[box], 0)
    base = provenance.model_copy(update={"method": METHOD})
    found: list[Measurement] = []
    for name, region in _regions(drawn).items():
        values = _values(name, region, cropped, region.inside)
        budgets = _budgets(name, region, cropped, values, calibration)
        extra: dict[str, JsonValue] = {"n_voxels": int(np.count_nonzero(region.inside)), "n_slices": region.n_slices}
        found += [
            measurement(
                key, values[key], budgets.get(key), material=density.material, side=side, base=base, extra=extra
            )
            for key in values
        ]
    return tuple(found)


def label_means(density: DensityVolume, labels: LabelVolume, slices: Sequence[int]) -> dict[str, float]:
    """Plain voxel means in mg/cm³ of the compartments that are there, by region."""
    try:
        box = _box_of(labels, slices)
    except EmptyRegionError:
        return {}
    values = density.mg_per_cm3[box]
    drawn = np.where(_kept_rows(box, slices)[:, None, None], labels.labels[box], 0)
    masks = {"total": (drawn == TRABECULAR) | (drawn == CORTICAL)}
    masks |= {"trabecular": drawn == TRABECULAR, "cortical": drawn == CORTICAL}
    return {name: _mean(values, mask) for name, mask in masks.items() if mask.any()}


def _mean(values: Floats, inside: Flags) -> float:
    # No `> 0` filter: fatty marrow calibrates below zero and is part of the region.
    return float(values[inside].mean(dtype=np.float64))


def _box_of(labels: LabelVolume, slices: Sequence[int] | None) -> Box:
    """The smallest box of the labelled voxels with one voxel around it within the slice."""
    wanted = np.zeros(labels.geometry.shape[0], dtype=np.bool_)
    if slices is None:
        wanted[:] = True
    elif slices and (min(slices) < 0 or max(slices) >= wanted.size):
        raise GeometryMismatchError(
            f"slices {min(slices)} to {max(slices)} are asked for, the scan has 0 to {wanted.size - 1}"
        )
    else:
        wanted[list(slices)] = True
    touched = np.flatnonzero(wanted & labels.labels.any(axis=(1, 2)))
    if touched.size == 0:
        raise EmptyRegionError("no voxel of the measured slices has a label; check the mask and the region rule")
    first, last = int(touched[0]), int(touched[-1]) + 1
    flat = np.asarray(labels.labels[first:last] > 0).any(axis=0)
    box = [slice(first, last)]
    for axis in (0, 1):
        used = np.flatnonzero(np.asarray(flat).any(axis=1 - axis))
        box.append(slice(max(int(used[0]) - 1, 0), min(int(used[-1]) + 2, flat.shape[axis])))
    return box[0], box[1], box[2]


def _kept_rows(box: Box, slices: Sequence[int] | None) -> Flags:
    numbers = np.arange(box[0].start, box[0].stop)
    return np.ones(numbers.size, dtype=np.bool_) if slices is None else np.isin(numbers, list(slices))


def _regions(drawn: npt.NDArray[Any]) -> dict[str, _Region]:
    """Each region that is there, compartments first."""
    trabecular, cortical = drawn == TRABECULAR, drawn == CORTICAL
    bone = trabecular | cortical
    regions: dict[str, _Region] = {}
    n_bone = _n_slices(bone)
    if trabecular.any() and cortical.any():
        inner, outer = _moved(trabecular), _moved(bone)
        shells = (outer[0] & ~trabecular, outer[1] & ~trabecular), (bone & ~inner[0], bone & ~inner[1])
        regions["total"] = _Region(inside=bone, moved=(outer,), n_slices=n_bone)
        regions["trabecular"] = _Region(inside=trabecular, moved=(inner,), n_slices=n_bone, counts_slices=False)
        regions["cortical"] = _Region(inside=cortical, moved=shells, n_slices=n_bone, counts_slices=False)
    elif bone.any():
        name = "trabecular" if trabecular.any() else "cortical"
        regions[name] = _Region(inside=bone, moved=(_moved(bone),), n_slices=n_bone)
    for number in np.unique(drawn).tolist():
        if number not in (0, TRABECULAR, CORTICAL):
            inside = drawn == number
            regions[f"label-{number}"] = _Region(inside=inside, moved=(_moved(inside),), n_slices=_n_slices(inside))
    return regions


def _n_slices(inside: Flags) -> int:
    return int(np.count_nonzero(inside.any(axis=(1, 2))))


def _moved(inside: Flags) -> tuple[Flags, Flags]:
    """The region one voxel smaller and one larger within the slice."""
    smaller = ndimage.binary_erosion(inside, _IN_PLANE, border_value=1)
    return smaller, ndimage.binary_dilation(inside, _IN_PLANE)


def _values(name: str, region: _Region, density: DensityVolume, inside: Flags) -> dict[Key, float]:
    prefix = f"{PREFIX[name]}." if name in PREFIX else ""
    n_voxels = int(np.count_nonzero(inside))
    values: dict[Key, float] = {
        (f"{prefix}vBMD", name): _mean(density.mg_per_cm3, inside),
        (f"{prefix}Ar", name): n_voxels * density.geometry.pixel_area_mm2 / region.n_slices,
        (f"{prefix}V", name): n_voxels * density.geometry.voxel_volume_mm3,
    }
    if inside is region.inside and region.counts_slices:
        values["N.Sl", name] = float(region.n_slices)
    return values


def _budgets(
    name: str, region: _Region, density: DensityVolume, values: Mapping[Key, float], calibration: Calibration
) -> dict[Key, UncertaintyBudget]:
    """Parts of the uncertainty. Noise is read in the region itself, so its texture counts as noise: an upper bound."""
    _, row_mm, column_mm = density.geometry.spacing_mm
    power = noise_power(density.mg_per_cm3, region.inside, pixel_mm=float(np.sqrt(row_mm * column_mm)))
    n_voxels = int(np.count_nonzero(region.inside))
    if power is None:
        power = float(density.mg_per_cm3[region.inside].var(dtype=np.float64))
    budgets: dict[Key, UncertaintyBudget] = {}
    for key, value in values.items():
        if key[0] != "N.Sl":
            contours = [_contour(key, value, name, region, density, pair) for pair in region.moved]
            budgets[key] = UncertaintyBudget(
                calibration=calibration.uncertainty_at(value) if is_density(key[0]) else 0.0,
                noise=float(np.sqrt(power / n_voxels)) if is_density(key[0]) else 0.0,
                contour=float(np.sqrt(np.square(contours).sum())),
            )
    return budgets


def _contour(
    key: Key, value: float, name: str, region: _Region, density: DensityVolume, moved: tuple[Flags, Flags]
) -> float:
    """Change for ± half a voxel, over √3, from the region moved by a whole voxel each way."""
    ends = [_values(name, region, density, inside)[key] for inside in moved if inside.any()]
    # A region one voxel thick has no smaller form; the larger one alone then tells the change.
    reach = [*ends, value][:2] if len(ends) == 1 else ends
    return abs(reach[1] - reach[0]) / (2 * len(ends)) / float(np.sqrt(3))
