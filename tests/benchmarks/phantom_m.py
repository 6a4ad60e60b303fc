"""A distal radius with resolved trabeculae at 0.0607 mm, deterministic, with its true labels.

Outline: ellipse times 1 + 0.05 cos(2θ + 0.6) + 0.03 cos 3θ − 0.18 exp(−((θ − π/2)/0.45)²), size ±3 % along z.
Cortex: (0.75 + 0.35 cos(θ − 0.8) + 0.15 cos 3θ) mm, shrinking by 25 % along z, never under 0.35 mm.
Trabeculae: band-pass Gaussian random field thresholded to BV/TV 0.18.
Imaging: Gaussian of 0.75 voxel, noise SD 55 mg HA/cm³, then Gaussian of 0.35 voxel.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from bonemetrics.quantities import Material
from bonemetrics.volume import CORTICAL, TRABECULAR, DensityVolume, Geometry

VOXEL_MM = 0.0607
MARROW, MUSCLE, FAT, AIR, CORTEX, TRABECULA = -50.0, 40.0, -90.0, -391.0, 1000.0, 880.0
BV_TV = 0.18


@dataclass(frozen=True, kw_only=True)
class PhantomM:
    density: DensityVolume
    labels: npt.NDArray[np.uint8]


def make_phantom(size: str = "S") -> PhantomM:
    """S: 64 × 256 × 256 voxels; M: 168 × 512 × 512."""
    shape, (half_y, half_x) = {"S": ((64, 256, 256), (82, 112)), "M": ((168, 512, 512), (152, 226))}[size]
    rng = np.random.default_rng(1)
    labels = np.zeros(shape, dtype=np.uint8)
    image = np.empty(shape, dtype=np.float32)
    y, x = np.meshgrid(*[np.arange(n) - (n - 1) / 2 for n in shape[1:]], indexing="ij")
    theta = np.arctan2(y / half_y, x / half_x)
    level = np.hypot(y / half_y, x / half_x)
    bump = np.angle(np.exp(1j * (theta - np.pi / 2)))
    outline = 1 + 0.05 * np.cos(2 * theta + 0.6) + 0.03 * np.cos(3 * theta) - 0.18 * np.exp(-((bump / 0.45) ** 2))
    shell = 0.75 + 0.35 * np.cos(theta - 0.8) + 0.15 * np.cos(3 * theta)
    skin = np.hypot(y / (shape[1] * 0.49), x / (shape[2] * 0.495))
    soft = np.where(skin < 0.93, MUSCLE, np.where(skin < 1, FAT, AIR))
    field = rng.standard_normal(shape, dtype=np.float32)
    field = ndimage.gaussian_filter(field, 2.7) - 0.95 * ndimage.gaussian_filter(field, 2.7 * 1.35)
    cut = np.quantile(field[::4, ::4, ::4], 1 - BV_TV)
    for z in range(shape[0]):
        along = z / (shape[0] - 1)
        inside = level < outline * (1 + 0.03 * (2 * along - 1))
        thickness = np.maximum(shell * (1 - 0.25 * along), 0.35)
        depth = ndimage.distance_transform_edt(inside) * VOXEL_MM
        # A voxel's centre lies half a voxel nearer to the edge than to the next voxel's centre.
        core = depth - VOXEL_MM / 2 > thickness
        labels[z][inside] = CORTICAL
        labels[z][core] = TRABECULAR
        image[z] = np.where(inside, CORTEX, soft)
        image[z][core] = np.where(field[z][core] > cut, TRABECULA, MARROW)
    image = ndimage.gaussian_filter(image, 0.75)
    image += 55 * rng.standard_normal(shape, dtype=np.float32)
    image = ndimage.gaussian_filter(image, 0.35)
    affine = np.diag([VOXEL_MM, VOXEL_MM, VOXEL_MM, 1.0])[[2, 1, 0, 3]]
    geometry = Geometry(shape=shape, affine_lps=affine)
    return PhantomM(density=DensityVolume(mg_per_cm3=image, material=Material.HA, geometry=geometry), labels=labels)


def dice(a: npt.NDArray[np.bool_], b: npt.NDArray[np.bool_]) -> float:
    """Twice the overlap over the sum of sizes."""
    return 2 * float(np.count_nonzero(a & b)) / float(np.count_nonzero(a) + np.count_nonzero(b))
