"""Small scans of analytic bones for tests of the segmentation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bonemetrics.records import RodReading
from bonemetrics.sample.imaging import SCANCO_XCT2, Imaging, Scanner, render, to_density
from bonemetrics.sample.phantom import Block, Placement, RadiusPhantom, RodCylinder, SoftTissue
from bonemetrics.sample.shapes import Bone, Outline, Shell
from bonemetrics.segmentation.radius import RadiusSegmentation
from bonemetrics.volume import DensityVolume, Geometry

SCANNER = Scanner.from_constants(SCANCO_XCT2)


def tube(
    radius_mm: float = 6.0, *, shell_mm: float = 0.8, level: float = 950.0, growth: float = 0.0, x: float = 0.0
) -> Bone:
    """A round bone with trabecular bone of 120 mg/cm³ that rises by 120 towards the shell."""
    return Bone(
        outline=Outline(radius_mm=radius_mm),
        shell=Shell(mean_mm=shell_mm),
        cortical_mg_per_cm3=level,
        centre_mm=(x, 0.3),
        widening_per_mm=growth,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Scan:
    phantom: RadiusPhantom
    placement: Placement
    geometry: Geometry
    density: DensityVolume


def scan(
    radius: Bone,
    *,
    voxel_mm: float = 0.25,
    slice_mm: float = 0.5,
    n_slices: int = 8,
    field_mm: tuple[float, float] = (18.0, 19.0),
    ulna: Bone | None = None,
    rods: tuple[RodCylinder, ...] = (),
    blocks: tuple[Block, ...] = (),
    centre_mm: tuple[float, float, float] = (0.1, 0.2, 0.0),
    noise_hu: float = 25.0,
    tissue: SoftTissue | None = None,
) -> Scan:
    phantom = RadiusPhantom(radius=radius, ulna=ulna, rods=rods, blocks=blocks, tissue=tissue or SoftTissue())
    placement = Placement.hanging("left")
    shape = (n_slices, round(field_mm[0] / voxel_mm), round(field_mm[1] / voxel_mm))
    geometry = placement.grid(shape, (slice_mm, voxel_mm, voxel_mm), centre_arm_mm=centre_mm, in_plane_deg=17.0)
    imaging = Imaging.for_voxel(voxel_mm, noise_sd_hu=noise_hu, seed=5)
    density = to_density(render(phantom, geometry, placement, imaging=imaging, scanner=SCANNER), SCANNER)
    return Scan(phantom=phantom, placement=placement, geometry=geometry, density=density)


def reading(rod: RodCylinder, placement: Placement) -> RodReading:
    """The rod as a rod finder would report it."""
    centre = placement.to_world(np.array([*rod.centre_mm, 0.0]))
    axis = placement.axes_lps[:, 2]
    return RodReading(
        centre_lps_mm=(float(centre[0]), float(centre[1]), float(centre[2])),
        axis_lps=(float(axis[0]), float(axis[1]), float(axis[2])),
        diameter_mm=rod.diameter_mm,
        mean_hu=100.0,
        sd_hu=5.0,
        standard_error_hu=0.1,
        n_voxels=500,
        n_slices=8,
    )


def area_mm2(found: RadiusSegmentation, geometry: Geometry, which: str = "periosteal") -> float:
    """Mean area per slice from the contour's coverage of each pixel."""
    distance = found.periosteal_mm if which == "periosteal" else found.endosteal_mm
    pixel = geometry.pixel_area_mm2
    covered = np.clip(0.5 - distance / np.sqrt(pixel), 0, 1)
    return float(covered.sum(axis=(1, 2)).mean() * pixel)


def codes(found: RadiusSegmentation) -> set[str]:
    return {one.code for one in found.notes}
