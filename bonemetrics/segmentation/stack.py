"""A scan shrunk to about half a millimetre in the slice and two along it, and straightened along any axis."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from bonemetrics.volume import CtVolume, Geometry

Array = npt.NDArray[np.float64]
Picture = npt.NDArray[np.float32]

SLAB_MM = 2.0
MOST_SLABS = 48
MOST_PIXELS_ACROSS = 256
PIXEL_LIMITS_MM = (0.3, 1.0)
PADDING_HU = -1500.0
"""Below this a scanner wrote no measurement: the corners outside a round field."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stack:
    """Slab means of a scan.

    `pictures` are (slab, row, column) in HU, `valid` marks pixels inside the field in every slice of a slab.
    `slab_mm` is the place of each slab's middle along the slice normal, 0 at the scan's middle slice, `bounds` its
    first and past-last slice. The first pixel's centre lies at `origin_mm` (row, column) from that of the scan.
    `shear` is how far (row, column) the slices run off their normal, per mm.
    """

    pictures: Picture
    valid: npt.NDArray[np.bool_]
    slab_mm: Array
    bounds: tuple[tuple[int, int], ...]
    pixel_mm: tuple[float, float]
    origin_mm: tuple[float, float]
    shear: tuple[float, float]
    height_mm: float

    def straightened(self, drift: tuple[float, float], slabs: npt.NDArray[np.intp]) -> tuple[Picture, Array]:
        """The mean of some slabs, each slid by `drift` (row, column; mm per mm) to the middle of the scan.

        Returns
        -------
        tuple
            The mean picture, and the share of the slices that see each pixel.
        """
        total = np.zeros(self.pictures.shape[1:], dtype=np.float32)
        share = np.zeros(self.pictures.shape[1:], dtype=np.float32)
        weight = 0.0
        for index in slabs:
            thick = float(self.bounds[index][1] - self.bounds[index][0])
            slide = [-drift[axis] * self.slab_mm[index] / self.pixel_mm[axis] for axis in (0, 1)]
            picture = self.pictures[index]
            if max(map(abs, slide)) > 1e-3:
                picture = ndimage.shift(picture, slide, order=1, mode="nearest")
            total += thick * picture
            share += thick * self._seen(int(index), slide)
            weight += thick
        return total / weight, np.asarray(share / weight, dtype=np.float64)

    def ripple(self, index: int) -> Picture | None:
        """A slab's difference to its neighbour, scaled to the noise of one slab."""
        if len(self.pictures) < 2:
            return None
        other = index + 1 if index + 1 < len(self.pictures) else index - 1
        return np.asarray((self.pictures[index] - self.pictures[other]) / np.float32(np.sqrt(2.0)))

    def _seen(self, index: int, slide: list[float]) -> Picture:
        """1 where a slid slab still lies inside the field."""
        if self.valid[index].all():
            rows, columns = self.valid.shape[1], self.valid.shape[2]
            seen = np.zeros((rows, columns), dtype=np.float32)
            first = [int(np.ceil(max(by, 0.0))) for by in slide]
            last = [int(np.ceil(max(-by, 0.0))) for by in slide]
            seen[first[0] : rows - last[0], first[1] : columns - last[1]] = 1.0
            return seen
        moved = ndimage.shift(self.valid[index].astype(np.float32), slide, order=1, mode="constant", cval=0.0)
        return np.asarray(moved > 0.99, dtype=np.float32)


def stack_geometry(geometry: Geometry) -> tuple[float, tuple[float, float]]:
    """Distance of the slices along their normal in mm, and their shear (row, column; mm per mm)."""
    step, row, column = geometry.affine_lps[:3, :3].T
    row, column = row / np.linalg.norm(row), column / np.linalg.norm(column)
    normal = np.cross(column, row)
    normal /= np.linalg.norm(normal)
    height = float(step @ normal)
    return abs(height), (float(step @ row) / abs(height), float(step @ column) / abs(height))


def shrink(volume: CtVolume) -> Stack:
    """The slab means of a scan."""
    height_mm, shear = stack_geometry(volume.geometry)
    depth = volume.geometry.shape[0]
    thick = max(1, round(SLAB_MM / height_mm), -(-depth // MOST_SLABS))
    edges = np.linspace(0, depth, max(1, round(depth / thick)) + 1).round().astype(int)
    bounds = tuple((int(first), int(stop)) for first, stop in pairwise(edges))
    factors = [_factor(n, mm) for n, mm in zip(volume.geometry.shape[1:], volume.geometry.spacing_mm[1:], strict=True)]
    pictures = np.stack([_slab(volume.hu[first:stop], factors) for first, stop in bounds])
    valid = pictures > PADDING_HU
    spacing = volume.geometry.spacing_mm
    pixel_mm = (factors[0] * spacing[1], factors[1] * spacing[2])
    origin_mm = ((factors[0] - 1) / 2 * spacing[1], (factors[1] - 1) / 2 * spacing[2])
    middle = (depth - 1) / 2
    return Stack(
        pictures=pictures,
        valid=valid,
        slab_mm=np.array([((first + stop - 1) / 2 - middle) * height_mm for first, stop in bounds]),
        bounds=bounds,
        pixel_mm=pixel_mm,
        origin_mm=origin_mm,
        shear=shear,
        height_mm=height_mm,
    )


def _factor(n: int, spacing_mm: float) -> int:
    lowest, highest = PIXEL_LIMITS_MM
    wanted = min(max(n * spacing_mm / MOST_PIXELS_ACROSS, lowest), highest)
    return max(1, min(round(wanted / spacing_mm), n // 8))


def _slab(slices: npt.NDArray[np.float32], factors: list[int]) -> Picture:
    rows, columns = (n // factor for n, factor in zip(slices.shape[1:], factors, strict=True))
    mean = slices.mean(axis=0, dtype=np.float32)[: rows * factors[0], : columns * factors[1]]
    blocks = mean.reshape(rows, factors[0], columns, factors[1])
    return np.asarray(blocks.mean(axis=(1, 3), dtype=np.float32))
