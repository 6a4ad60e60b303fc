"""What the quality picture shows, as plain arrays cut around the bone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from bonemetrics.errors import EmptyRegionError
from bonemetrics.volume import TRABECULAR, Box, DensityVolume, Geometry, LabelVolume

Floats = npt.NDArray[np.float32]
Extent = tuple[float, float, float, float]
_MARGIN_MM = 1.5
_MOST_PIXELS = 320
"""Sides of an image longer than this are thinned: it would be drawn smaller anyway."""
_LETTERS = (("R", "L"), ("A", "P"), ("F", "H"))


class Contours(Protocol):
    """Signed distances on a box of the scan."""

    @property
    def box(self) -> Box: ...
    @property
    def periosteal_mm(self) -> Floats: ...
    @property
    def endosteal_mm(self) -> Floats: ...
    @property
    def measured_slices(self) -> tuple[int, ...]: ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scene:
    """Density and two level fields (negative inside) on the same cut; axes (slice, row, column)."""

    density: Floats
    outer: Floats
    inner: Floats
    region: npt.NDArray[np.bool_]
    region_name: str
    geometry: Geometry
    first_slice: int
    measured: frozenset[int]

    @property
    def plane_extent_mm(self) -> Extent:
        """Left, right, bottom and top of a slice in mm, row 0 at the top."""
        _, rows, columns = self.density.shape
        _, row_mm, column_mm = self.geometry.spacing_mm
        return 0.0, columns * column_mm, rows * row_mm, 0.0

    @property
    def height_to_width(self) -> float:
        """Height of a slice over its width."""
        _, width, height, _ = self.plane_extent_mm
        return height / width

    @property
    def letters(self) -> tuple[str, str]:
        """Where the right and the lower edge of a slice lie in the patient."""
        right, bottom = (self._letter(self.geometry.direction[:, axis]) for axis in (2, 1))
        return right, bottom

    @staticmethod
    def _letter(direction: npt.NDArray[np.float64]) -> str:
        axis = int(np.abs(direction).argmax())
        return _LETTERS[axis][int(direction[axis] > 0)]

    @property
    def total_area_mm2(self) -> npt.NDArray[np.float64]:
        """Area inside the outer contour, slice by slice."""
        pixel_mm = float(np.sqrt(self.geometry.pixel_area_mm2))
        share = np.clip(0.5 - self.outer / pixel_mm, 0.0, 1.0)
        areas: npt.NDArray[np.float64] = share.sum(axis=(1, 2), dtype=np.float64) * self.geometry.pixel_area_mm2
        return areas

    @property
    def region_mean(self) -> npt.NDArray[np.float64]:
        """Voxel mean of the region, slice by slice; NaN where it is empty."""
        counts = np.count_nonzero(self.region, axis=(1, 2))
        sums = np.where(self.region, self.density, 0.0).sum(axis=(1, 2), dtype=np.float64)
        return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)

    def is_measured(self, index: int) -> bool:
        """Whether a slice of the cut is among those measured."""
        return self.first_slice + index in self.measured

    def spread(self, count: int) -> list[int]:
        """At most `count` slices of the cut, evenly spread, first and last included."""
        size = len(self.density)
        return sorted({round(place) for place in np.linspace(0, size - 1, min(count, size))})

    def slice_image(self, index: int) -> Floats:
        """One slice, thinned to what can be drawn."""
        return _thinned(self.density[index])

    def reformat(self, axis: int) -> tuple[Floats, tuple[Floats, Floats], Extent]:
        """A longitudinal cut through the middle of the bone along rows (1) or columns (2)."""
        inside = self.outer < 0
        other = 3 - axis
        weights = inside.sum(axis=(0, axis))
        middle = int(np.average(np.arange(len(weights)), weights=weights))
        image, outer, inner = (np.take(part, middle, axis=other) for part in (self.density, self.outer, self.inner))
        width = image.shape[1] * self.geometry.spacing_mm[axis]
        first = self.first_slice - 0.5
        return _thinned(image), (outer, inner), (0.0, width, first + len(image), first)


def scene_of(density: DensityVolume, labels: LabelVolume, contours: Contours | None) -> Scene:
    """Cut a scan around its bone.

    Raises
    ------
    EmptyRegionError
        If there is no labelled voxel.
    """
    box = _box_with_margin(labels, density.geometry, contours)
    part = labels.labels[box]
    inside, trabecular = part > 0, part == TRABECULAR
    if contours is None:
        outer, inner = _levels(inside), _levels(trabecular)
        measured = frozenset((box[0].start + np.flatnonzero(inside.any(axis=(1, 2)))).tolist())
    else:
        outer = _onto(box, contours.box, contours.periosteal_mm)
        inner = _onto(box, contours.box, contours.endosteal_mm)
        measured = frozenset(contours.measured_slices)
    return Scene(
        density=density.mg_per_cm3[box],
        outer=outer,
        inner=inner,
        region=trabecular if trabecular.any() else inside,
        region_name="trabecular" if trabecular.any() else "labelled",
        geometry=density.geometry.crop(box),
        first_slice=box[0].start,
        measured=measured,
    )


def _box_with_margin(labels: LabelVolume, geometry: Geometry, contours: Contours | None) -> Box:
    """The labelled voxels with a margin within the slice."""
    flags = labels.labels > 0
    if not flags.any():
        raise EmptyRegionError("there is no labelled voxel to show")
    parts = []
    for axis in range(3):
        filled = np.flatnonzero(flags.any(axis=tuple(other for other in range(3) if other != axis)))
        margin = 0 if axis == 0 else int(np.ceil(_MARGIN_MM / geometry.spacing_mm[axis]))
        parts.append(slice(max(int(filled[0]) - margin, 0), min(int(filled[-1]) + 1 + margin, flags.shape[axis])))
    if contours is not None:
        parts[0] = contours.box[0]
    return parts[0], parts[1], parts[2]


def _levels(flags: npt.NDArray[np.bool_]) -> Floats:
    """A field whose zero level runs between labelled and other voxels."""
    return np.where(flags, np.float32(-0.5), np.float32(0.5))


def _onto(box: Box, source: Box, values: Floats) -> Floats:
    """Level values on another box; far outside where the source does not reach."""
    shape = [part.stop - part.start for part in box]
    placed = np.full(shape, np.float32(99.0))
    cut, put = [], []
    for part, whole in zip(box, source, strict=True):
        first, last = max(part.start, whole.start), min(part.stop, whole.stop)
        cut.append(slice(first - whole.start, last - whole.start))
        put.append(slice(first - part.start, last - part.start))
    placed[tuple(put)] = values[tuple(cut)]
    return placed


def _thinned(image: Floats) -> Floats:
    """Block means of an image with too many pixels to be drawn."""
    step = max(1, max(image.shape) // _MOST_PIXELS)
    if step == 1:
        return image
    rows, columns = (size // step for size in image.shape)
    if min(rows, columns) == 0:
        return image
    blocks = image[: rows * step, : columns * step].reshape(rows, step, columns, step)
    means: Floats = blocks.mean(axis=(1, 3), dtype=np.float32)
    return means
