"""What it means for the trabecular density whether one reader is followed or the other, place by place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bonemetrics.pipeline.consequence import Consequence, consequence
from bonemetrics.quantities import Material
from bonemetrics.records import Measurement
from bonemetrics.review.disagreement import Component, Disagreement
from bonemetrics.study.protocol import Protocol
from bonemetrics.volume import TRABECULAR, DensityVolume, LabelVolume

QUANTITY = "Tb.vBMD"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceNumbers:
    """Tb.vBMD of two masks.

    `measured` is what the whole mask A (before) and the whole mask B (after) measure, with the least significant
    change; `None` where one of them has no such number. `by_place` are differences in mg/cm³ of `material`, by the
    number of the place: how far the mean density of the voxels labelled trabecular in `slices` (first and last) moves
    where B alone is taken there and A everywhere else. They are `None` where no voxel is left. No blur is corrected in
    them, and every place is taken by itself, so their sum is not the difference of `measured`.
    """

    measured: Consequence | None
    by_place: Mapping[int, float | None]
    material: Material
    slices: tuple[int, int]


def place_numbers(
    density: DensityVolume, a: LabelVolume, b: LabelVolume, found: Disagreement, slices: range
) -> dict[int, float | None]:
    """How far the mean trabecular density of A moves at each place where B is taken; see `PlaceNumbers.by_place`.

    Parameters
    ----------
    density
        Of the scan, axes (slice, row, column).
    a, b
        Both masks on its grid.
    found
        Where they differ.
    slices
        Slices that count.

    Raises
    ------
    GeometryMismatchError
        If a mask does not lie on the grid of the density.
    """
    for labels in (a, b):
        density.geometry.require_same_grid(labels.geometry)
    total, count = 0.0, 0
    for number in slices:
        inside = a.labels[number] == TRABECULAR
        total += float(density.mg_per_cm3[number][inside].sum(dtype=np.float64))
        count += int(np.count_nonzero(inside))
    return {one.number: _moved(density, a, b, one, slices, total, count) for one in found.components}


def _moved(
    density: DensityVolume,
    a: LabelVolume,
    b: LabelVolume,
    place: Component,
    slices: range,
    total: float,
    count: int,
) -> float | None:
    voxels = np.unravel_index(place.voxels, density.geometry.shape)
    counted = (voxels[0] >= slices.start) & (voxels[0] < slices.stop)
    at = tuple(axis[counted] for axis in voxels)
    values = density.mg_per_cm3[at].astype(np.float64)
    lost, won = a.labels[at] == TRABECULAR, b.labels[at] == TRABECULAR
    n_after = count - int(np.count_nonzero(lost)) + int(np.count_nonzero(won))
    if not count or not n_after:
        return None
    return float((total - values[lost].sum() + values[won].sum()) / n_after - total / count)


def measured_difference(
    of_a: Sequence[Measurement], of_b: Sequence[Measurement], protocol: Protocol, *, scanner: str
) -> Consequence | None:
    """Tb.vBMD of the trabecular region of both masks as they were measured, A before and B after."""
    own = [[one for one in found if (one.quantity, one.region) == (QUANTITY, "trabecular")] for found in (of_a, of_b)]
    rows = consequence(own[0], own[1], protocol, scanner=scanner)
    return next((one for one in rows if one.difference is not None), None)


def counted_slices(measured: Sequence[Measurement], n_slices: int) -> range:
    """The slices that Tb.vBMD was measured in, as its provenance tells; all of them where it does not."""
    for one in measured:
        told = one.provenance.parameters.get("slices")
        if one.quantity == QUANTITY and isinstance(told, list) and len(told) == 3:
            first, last, count = (int(str(part)) for part in told)
            if 0 <= first <= last < n_slices and count == last - first + 1:
                return range(first, last + 1)
    return range(n_slices)
