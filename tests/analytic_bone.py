"""A round bone whose densities, contours and means are known from geometry, for tests of measures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from bonemetrics.quantities import Material
from bonemetrics.records import Calibration, Provenance
from bonemetrics.volume import DensityVolume, Geometry, LabelVolume

PROVENANCE = Provenance(method="test", software_version="0", input_sha256="ab")
CALIBRATION = Calibration(
    method="given", slope=0.8, intercept=-8.0, material=Material.HA, covariance=((1e-6, 0.0), (0.0, 4.0))
)


@dataclass(frozen=True, kw_only=True)
class RoundBone:
    """Concentric tube: soft tissue, cortex, and trabecular bone that rises towards the cortex; all in mm, mg/cm³."""

    outer_mm: float = 8.0
    thickness_mm: float = 0.8
    soft: float = 40.0
    cortex: float = 1000.0
    centre_density: float = 90.0
    rise: float = 120.0
    rise_mm: float = 3.0
    profile: str = "linear"

    @property
    def inner_mm(self) -> float:
        return self.outer_mm - self.thickness_mm

    def density(self, radius_mm: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Density at a distance from the axis."""
        depth = self.inner_mm - radius_mm
        fall = np.clip(1.0 - depth / self.rise_mm, 0.0, 1.0)
        shapes = {
            "linear": fall,
            "quadratic": fall**2,
            "s-shaped": fall**2 * (3.0 - 2.0 * fall),
            "exponential": np.exp(-np.clip(depth, 0.0, None) / (0.4 * self.rise_mm)),
            "flat": 0.0 * fall,
        }
        spongy = self.centre_density + self.rise * shapes[self.profile]
        return np.where(radius_mm < self.inner_mm, spongy, np.where(radius_mm < self.outer_mm, self.cortex, self.soft))

    def mean(self, start_mm: float, stop_mm: float) -> float:
        """Mean density between two distances from the axis."""
        edges = np.linspace(start_mm, stop_mm, 20001)
        middle = (edges[1:] + edges[:-1]) / 2
        return float((self.density(middle) * middle).sum() / middle.sum())


@dataclass(frozen=True, kw_only=True)
class Scan:
    """A bone as scanned, with its true contours."""

    density: DensityVolume
    labels: LabelVolume
    periosteal_mm: npt.NDArray[np.float32]
    endosteal_mm: npt.NDArray[np.float32]
    sigma_mm: float
    box: tuple[slice, slice, slice]


def scan_bone(
    bone: RoundBone,
    *,
    pixel_mm: float,
    n_slices: int = 3,
    slice_mm: float = 0.5,
    sigma_mm: float | None = None,
    noise: float = 0.0,
    margin_mm: float = 4.0,
    offset_mm: tuple[float, float] = (0.13, -0.07),
    seed: int = 1,
) -> Scan:
    """Sample a bone: blur of `sigma_mm` (three quarters of a pixel where None), pixels averaged over their area."""
    sigma = 0.75 * pixel_mm if sigma_mm is None else sigma_mm
    over = max(int(np.ceil(pixel_mm / 0.04)), 2)
    fine = pixel_mm / over
    size = [2 * int(np.ceil((bone.outer_mm + margin_mm) / pixel_mm)) + extra for extra in (0, 3)]
    axes = [(np.arange(n * over) + 0.5) * fine - n * pixel_mm / 2 for n in size]
    radius = np.hypot(axes[0][:, None] - offset_mm[0], axes[1][None, :] - offset_mm[1])
    # The pixel's own area blurs by h/√12; `sigma` is the whole blur, as an edge in the image shows it.
    own = np.sqrt(max(sigma**2 - pixel_mm**2 / 12, 0.0))
    image = ndimage.gaussian_filter(bone.density(radius), own / fine, mode="nearest")
    image = image.reshape(size[0], over, size[1], over).mean(axis=(1, 3))
    centres = [(np.arange(n) + 0.5) * pixel_mm - n * pixel_mm / 2 for n in size]
    distance = np.hypot(centres[0][:, None] - offset_mm[0], centres[1][None, :] - offset_mm[1])
    shape = (n_slices, size[0], size[1])
    stack = np.broadcast_to(image, shape) + np.random.default_rng(seed).normal(0.0, noise, shape) * (noise > 0)
    geometry = Geometry(shape=shape, affine_lps=np.diag([slice_mm, pixel_mm, pixel_mm, 1.0]))
    outer = np.ascontiguousarray(np.broadcast_to(distance - bone.outer_mm, shape), dtype=np.float32)
    inner = np.ascontiguousarray(np.broadcast_to(distance - bone.inner_mm, shape), dtype=np.float32)
    labels = np.where(inner < 0, 1, np.where(outer < 0, 2, 0)).astype(np.uint8)
    return Scan(
        density=DensityVolume(mg_per_cm3=stack.astype(np.float32), material=Material.HA, geometry=geometry),
        labels=LabelVolume(labels=labels, geometry=geometry),
        periosteal_mm=outer,
        endosteal_mm=inner,
        sigma_mm=sigma,
        box=(slice(0, n_slices), slice(0, size[0]), slice(0, size[1])),
    )
