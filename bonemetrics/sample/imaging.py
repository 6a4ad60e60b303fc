"""What a scanner sees of a phantom: blur, slices, noise and Hounsfield units on any grid.

A voxel's value is the object averaged over the slice (a box of one slice spacing) and blurred in the plane by a
Gaussian, at the voxel's centre. Edges are drawn on a finer grid by the area they cover.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import convolve1d

from bonemetrics.quantities import Material
from bonemetrics.records import ScannerConstants
from bonemetrics.sample.phantom import Placement, RadiusPhantom, RodCylinder
from bonemetrics.sample.raster import BoneMap, FinePlane, Pixels, texture_on
from bonemetrics.sample.shapes import Bone, Floats
from bonemetrics.volume import CORTICAL, TRABECULAR, CtVolume, DensityVolume, Geometry, LabelVolume

_THICKEST_SUBSLICE_MM = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanner:
    """How density becomes HU: density = slope × HU + intercept in mg/cm³ of `material`."""

    slope: float
    intercept: float
    material: Material = Material.HA

    @classmethod
    def from_constants(cls, constants: ScannerConstants) -> Scanner:
        """The chain of a Scanco file: density = (HU + 1000) · mu_water / 1000 · slope + intercept."""
        water, slope, intercept = constants.mu_water_per_cm, constants.density_slope, constants.density_intercept
        if water is None or slope is None or intercept is None:
            raise ValueError("the constants hold no full conversion to density")
        return cls(slope=water * slope / 1000.0, intercept=water * slope + intercept)

    def to_hu(self, density_mg_per_cm3: npt.ArrayLike) -> Floats:
        """HU of a density."""
        return (np.asarray(density_mg_per_cm3, dtype=np.float64) - self.intercept) / self.slope

    def to_density(self, hu: npt.ArrayLike) -> Floats:
        """Density in mg/cm³ of HU."""
        return self.slope * np.asarray(hu, dtype=np.float64) + self.intercept


SCANCO_XCT2 = ScannerConstants(
    manufacturer="SCANCO Medical",
    model="XtremeCT II",
    serial="3012",
    software="sample",
    kvp=68.0,
    kernel="0.8",
    mu_scaling=8192.0,
    mu_water_per_cm=0.2409,
    density_slope=1603.51904,
    density_intercept=-391.209015,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Imaging:
    """Blur and noise. Lengths in mm, noise in HU.

    `noise_sigma_voxels` is the Gaussian that correlates white noise along every axis; `noise_sd_hu` is the standard
    deviation after it. `psf_sigma_mm` is the in-plane blur.
    """

    psf_sigma_mm: float
    noise_sd_hu: float = 0.0
    noise_sigma_voxels: float = 0.6
    seed: int = 0

    @classmethod
    def for_voxel(cls, voxel_mm: float, *, noise_sd_hu: float = 0.0, seed: int = 0) -> Imaging:
        """Blur of 0.75 voxel, as a reconstruction matched to its voxel has."""
        return cls(psf_sigma_mm=0.75 * voxel_mm, noise_sd_hu=noise_sd_hu, seed=seed)


def render(
    phantom: RadiusPhantom, geometry: Geometry, placement: Placement, *, imaging: Imaging, scanner: Scanner
) -> CtVolume:
    """The phantom as a CT volume in HU.

    Parameters
    ----------
    phantom, placement
        What lies where.
    geometry
        Any grid whose slices are perpendicular to the arm's z axis: spacing, order, turn and mirroring are free.
    imaging
        Blur and noise.
    scanner
        The density scale of bone and rods.

    Returns
    -------
    CtVolume
        HU, float32, equal for equal input.

    Raises
    ------
    ValueError
        If the slices are oblique to the arm's axis.
    """
    plane = FinePlane.of(geometry, placement, imaging.psf_sigma_mm)
    hu = np.empty(geometry.shape, dtype=np.float32)
    z_mm = placement.slice_z_mm(geometry, np.arange(geometry.shape[0], dtype=np.float64))
    around = _tissue_and_blocks(phantom, plane)
    for index, z in enumerate(z_mm.tolist()):
        hu[index] = plane.blur(_slab(phantom, plane, around, (z, geometry.spacing_mm[0]), scanner))
    if imaging.noise_sd_hu > 0:
        hu += correlated_noise(geometry.shape, imaging)
    return CtVolume(hu=hu, geometry=geometry)


def to_density(volume: CtVolume, scanner: Scanner) -> DensityVolume:
    """The volume in mg/cm³ by the scanner's own, true scale."""
    values = np.float32(scanner.slope) * volume.hu + np.float32(scanner.intercept)
    return DensityVolume(mg_per_cm3=values, material=scanner.material, geometry=volume.geometry)


def true_labels(phantom: RadiusPhantom, geometry: Geometry, placement: Placement) -> LabelVolume:
    """The radius' compartments by voxel centre (1 trabecular, 2 cortical), at the slices' middles."""
    labels = np.zeros(geometry.shape, dtype=np.uint8)
    plane = FinePlane.of(geometry, placement, None)
    z_mm = placement.slice_z_mm(geometry, np.arange(geometry.shape[0], dtype=np.float64))
    for index, z in enumerate(z_mm.tolist()):
        periosteal, endosteal, _ = BoneMap(phantom.radius, z).distances(plane)
        labels[index][periosteal < 0] = CORTICAL
        labels[index][endosteal < 0] = TRABECULAR
    return LabelVolume(labels=labels, geometry=geometry)


def correlated_noise(shape: tuple[int, int, int], imaging: Imaging) -> Pixels:
    """White noise through a Gaussian of `noise_sigma_voxels` along each axis, scaled to `noise_sd_hu`."""
    rng = np.random.default_rng(imaging.seed)
    radius = max(1, math.ceil(4 * imaging.noise_sigma_voxels)) if imaging.noise_sigma_voxels > 0 else 0
    wide = tuple(n + 2 * radius for n in shape)
    noise = rng.standard_normal(wide, dtype=np.float32)
    if radius:
        offsets = np.arange(-radius, radius + 1)
        kernel = np.exp(-0.5 * (offsets / imaging.noise_sigma_voxels) ** 2)
        kernel /= np.sqrt((kernel**2).sum())
        for axis in range(3):
            keep = [slice(None)] * 3
            keep[axis] = slice(radius, -radius)
            noise = convolve1d(noise, kernel.astype(np.float32), axis=axis)[tuple(keep)]
    scaled: Pixels = noise * np.float32(imaging.noise_sd_hu)
    return scaled


def _slab(
    phantom: RadiusPhantom, plane: FinePlane, around: Pixels, slab_mm: tuple[float, float], scanner: Scanner
) -> Pixels:
    """The sharp object averaged over one slice (middle, thickness), in HU, on the fine grid."""
    z_mm, thickness_mm = slab_mm
    parts = max(1, math.ceil(thickness_mm / _THICKEST_SUBSLICE_MM))
    part_mm = thickness_mm / parts
    total = np.zeros_like(around)
    for part in range(parts):
        z = z_mm - thickness_mm / 2 + (part + 0.5) * part_mm
        image = around.copy()
        for rod in phantom.rods:
            _paint_rod(image, rod, plane, z, scanner)
        for bone in (phantom.ulna, phantom.radius):
            if bone is not None:
                _paint_bone(image, bone, plane, (z, part_mm), scanner)
        total += image
    return total / np.float32(parts)


def _tissue_and_blocks(phantom: RadiusPhantom, plane: FinePlane) -> Pixels:
    """All that does not change along z."""
    tissue = phantom.tissue
    shape = (len(plane.v_mm), len(plane.u_mm))
    image = np.full(shape, tissue.muscle_hu, dtype=np.float32)
    if tissue.half_axes_mm is not None:
        image.fill(tissue.air_hu)
        x, y = plane.relative(np.array(tissue.centre_mm))
        under_fat = tissue.skin_mm + tissue.fat_mm
        for inset, hu in ((0.0, tissue.skin_hu), (tissue.skin_mm, tissue.fat_hu), (under_fat, tissue.muscle_hu)):
            a, b = (np.float32(half - inset) for half in tissue.half_axes_mm)
            scaled = np.sqrt((x / a) ** 2 + (y / b) ** 2)
            slope = np.sqrt((x / (a * a)) ** 2 + (y / (b * b)) ** 2) / np.maximum(scaled, np.float32(1e-6))
            distance = ((scaled - 1) / np.maximum(slope, np.float32(1e-6))).astype(np.float32)
            _mix(image, plane.cover(distance), hu)
    for block in phantom.blocks:
        x, y = plane.relative(np.array(block.centre_mm))
        half_x, half_y = np.float32(block.size_mm[0] / 2), np.float32(block.size_mm[1] / 2)
        across: Pixels = np.abs(x) - half_x
        along: Pixels = np.abs(y) - half_y
        _mix(image, plane.cover(across) * plane.cover(along), block.hu)
    return image


def _paint_rod(image: Pixels, rod: RodCylinder, plane: FinePlane, z_mm: float, scanner: Scanner) -> None:
    centre = np.array(rod.centre_mm) + z_mm * np.array(rod.drift_per_mm)
    part, box = plane.window(centre, rod.diameter_mm / 2 + plane.step_mm)
    distance = np.hypot(*part.relative(centre)) - np.float32(rod.diameter_mm / 2)
    _mix(image[box], part.cover(distance), float(scanner.to_hu(rod.density_mg_per_cm3)))


def _mix(image: Pixels, share: Pixels, value: float | Pixels) -> None:
    image += share * (value - image)


def _paint_bone(image: Pixels, bone: Bone, plane: FinePlane, slab_mm: tuple[float, float], scanner: Scanner) -> None:
    z_mm, part_mm = slab_mm
    bone_map = BoneMap(bone, z_mm)
    part, box = plane.window(bone_map.centre_mm, bone_map.reach_mm + plane.step_mm)
    periosteal, endosteal, fall = bone_map.distances(part)
    view = image[box]
    _mix(view, part.cover(periosteal), float(scanner.to_hu(bone.cortical_mg_per_cm3)))
    inside = np.float32(bone.core_mg_per_cm3) + np.float32(bone.rise_mg_per_cm3) * fall
    if bone.texture is not None:
        inside += texture_on(bone.texture, part, z_mm, part_mm)
    marrow = (inside - np.float32(scanner.intercept)) / np.float32(scanner.slope)
    _mix(view, part.cover(endosteal), marrow)
