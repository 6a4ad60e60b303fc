"""Phantoms to order: simple ones for hand calculation, random ones with fixed seeds for studies of accuracy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from bonemetrics.records import Side
from bonemetrics.sample.imaging import SCANCO_XCT2, Imaging, Scanner, render
from bonemetrics.sample.phantom import Placement, RadiusPhantom, SoftTissue
from bonemetrics.sample.shapes import Bone, Outline, Shell, Texture
from bonemetrics.sample.truth import Truth
from bonemetrics.volume import CtVolume, Geometry


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PhantomScan:
    """A phantom and the scan to be made of it."""

    phantom: RadiusPhantom
    placement: Placement
    geometry: Geometry
    imaging: Imaging
    scanner: Scanner

    def render(self) -> CtVolume:
        """The scan in HU."""
        return render(self.phantom, self.geometry, self.placement, imaging=self.imaging, scanner=self.scanner)

    def truth(self) -> Truth:
        """True values of the radius over all slices."""
        return self.phantom.truth_on(self.geometry, self.placement)


def cylinder(
    *, radius_mm: float, shell_mm: float, cortical: float = 950.0, core: float = 120.0, rise: float = 0.0
) -> Bone:
    """A straight tube, the simplest bone: areas are π·r², densities mg/cm³ without texture."""
    return Bone(
        outline=Outline(radius_mm=radius_mm),
        shell=Shell(mean_mm=shell_mm),
        cortical_mg_per_cm3=cortical,
        core_mg_per_cm3=core,
        rise_mg_per_cm3=rise,
    )


def kidney(rng: np.random.Generator, *, radius_mm: float, seed: int) -> Bone:
    """A random distal radius: wider than deep, flat or hollow on the palm side, lopsided, within the stated ranges."""
    low, high = np.sort(rng.uniform(0.4, 1.2, 2))
    return Bone(
        outline=Outline(
            radius_mm=radius_mm,
            waves=(
                (2, rng.uniform(0.06, 0.13), rng.uniform(-0.25, 0.25)),
                (3, rng.uniform(0.01, 0.03), rng.uniform(-np.pi, np.pi)),
            ),
            dent=rng.uniform(0.02, 0.12),
            dent_angle=-np.pi / 2 + rng.uniform(-0.4, 0.4),
            dent_sharpness=rng.uniform(2.0, 4.0),
        ),
        shell=Shell(
            mean_mm=(low + high) / 2,
            swing_mm=(high - low) / 2,
            waves=((1, 0.4, rng.uniform(-np.pi, np.pi)), (2, 0.3, rng.uniform(-np.pi, np.pi))),
            distal_weight=0.3,
        ),
        cortical_mg_per_cm3=rng.uniform(850.0, 1100.0),
        core_mg_per_cm3=rng.uniform(60.0, 200.0),
        rise_mg_per_cm3=rng.uniform(100.0, 160.0),
        texture=Texture(seed=seed, sd_mg_per_cm3=rng.uniform(25.0, 60.0)),
        widening_per_mm=rng.uniform(0.01, 0.025),
        turn_deg_per_mm=rng.uniform(-1.0, 1.0),
        drift_per_mm=(rng.uniform(-0.04, 0.04), rng.uniform(-0.04, 0.04)),
    )


def ulna_beside(rng: np.random.Generator, radius: Bone, *, gap_mm: float, seed: int) -> Bone:
    """A smaller, rounder bone on the medial side that narrows distally."""
    size = radius.outline.radius_mm * rng.uniform(0.5, 0.6)
    x = radius.centre_mm[0] + 1.15 * radius.outline.radius_mm + gap_mm + 1.1 * size
    return Bone(
        outline=Outline(radius_mm=size, waves=((2, rng.uniform(0.02, 0.06), rng.uniform(-np.pi, np.pi)),)),
        shell=Shell(mean_mm=0.9, swing_mm=0.2, waves=((1, 1.0, rng.uniform(-np.pi, np.pi)),)),
        centre_mm=(x, radius.centre_mm[1] + rng.uniform(0.0, 2.5)),
        cortical_mg_per_cm3=radius.cortical_mg_per_cm3,
        core_mg_per_cm3=radius.core_mg_per_cm3,
        rise_mg_per_cm3=radius.rise_mg_per_cm3,
        texture=Texture(seed=seed + 7919, sd_mg_per_cm3=30.0, n_waves=32),
        widening_per_mm=-rng.uniform(0.008, 0.016),
    )


def forearm(seed: int, *, radius_mm: float = 9.0) -> RadiusPhantom:
    """A whole distal forearm: radius about 20 × 17 mm by default, ulna, and the arm in air."""
    rng = np.random.default_rng(seed)
    radius = kidney(rng, radius_mm=radius_mm, seed=seed)
    ulna = ulna_beside(rng, radius, gap_mm=rng.uniform(2.0, 4.0), seed=seed)
    middle = ulna.centre_mm[0] / 2 - 1.0
    half = middle + 1.15 * radius_mm + 9.0
    return RadiusPhantom(
        radius=radius, ulna=ulna, tissue=SoftTissue(half_axes_mm=(half, 2.1 * radius_mm), centre_mm=(middle, 0.0))
    )


def random_phantom(seed: int, voxel_mm: float, *, with_ulna: bool = False) -> PhantomScan:
    """A small random radius and a scan of it with voxels of `voxel_mm`, the same for the same seed.

    Bones are 9 to 13 mm wide so that hundreds can be measured; side, turn, obliqueness, slice order, place within a
    voxel, blur of 0.75 voxel and correlated noise vary.

    Parameters
    ----------
    seed
        Names the phantom; the bone is the same at every voxel size.
    voxel_mm
        Edge of the cubic voxels.
    with_ulna
        Widen the field and put an ulna beside the radius.
    """
    rng = np.random.default_rng(seed)
    radius = kidney(rng, radius_mm=rng.uniform(4.7, 5.8), seed=seed)
    ulna = ulna_beside(rng, radius, gap_mm=2.0, seed=seed) if with_ulna else None
    side: Side = "left" if rng.random() < 0.5 else "right"
    rotation = Rotation.from_rotvec(rng.uniform(-0.3, 0.3, 3)).as_matrix()
    placement = Placement.hanging(side, rotation=rotation, origin_lps_mm=tuple(rng.uniform(-60.0, 60.0, 3).tolist()))
    field_mm = (16.0, 17.0 if ulna is None else 28.0)
    n_slices = int(rng.integers(8, 13))
    shift = rng.uniform(-0.5, 0.5, 3) * voxel_mm
    geometry = placement.grid(
        (n_slices, round(field_mm[0] / voxel_mm), round(field_mm[1] / voxel_mm)),
        (voxel_mm, voxel_mm, voxel_mm),
        centre_arm_mm=np.array([0.0 if ulna is None else ulna.centre_mm[0] / 2, 0.0, 0.0]) + shift,
        in_plane_deg=rng.uniform(-15.0, 15.0) if ulna is None else rng.uniform(-5.0, 5.0),
        first="proximal" if rng.random() < 0.5 else "distal",
    )
    noise = rng.uniform(40.0, 100.0) if voxel_mm < 0.1 else rng.uniform(15.0, 40.0)
    return PhantomScan(
        phantom=RadiusPhantom(radius=radius, ulna=ulna),
        placement=placement,
        geometry=geometry,
        imaging=Imaging.for_voxel(voxel_mm, noise_sd_hu=noise, seed=seed),
        scanner=Scanner.from_constants(SCANCO_XCT2),
    )
