"""A forearm whose every number is known: radius, ulna, soft tissue and calibration rods as closed formulas."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from bonemetrics.records import Side
from bonemetrics.sample.shapes import Bone, Floats
from bonemetrics.sample.truth import Nodes, Truth, bone_truth
from bonemetrics.volume import Geometry

_PARALLEL = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class SoftTissue:
    """The arm around the bones: an ellipse of skin, a ring of fat and muscle, in HU; all around it is air.

    `half_axes_mm` is that of the outer skin (x, y); `None` fills all with muscle.
    """

    half_axes_mm: tuple[float, float] | None = None
    centre_mm: tuple[float, float] = (0.0, 0.0)
    skin_mm: float = 1.2
    fat_mm: float = 4.0
    muscle_hu: float = 55.0
    fat_hu: float = -95.0
    skin_hu: float = 70.0
    air_hu: float = -1000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RodCylinder:
    """A calibration rod, parallel to z but for `drift_per_mm`; density in mg/cm³ of the image's material."""

    centre_mm: tuple[float, float]
    diameter_mm: float
    density_mg_per_cm3: float
    drift_per_mm: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A rectangular bar along z: the body of a rod phantom, or a table."""

    centre_mm: tuple[float, float]
    size_mm: tuple[float, float]
    hu: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RadiusPhantom:
    """A forearm in its own coordinates, mm: x towards the ulna, y dorsal, z distal.

    Painted in this order: air, soft tissue, blocks, rods, ulna, radius.
    """

    radius: Bone
    ulna: Bone | None = None
    tissue: SoftTissue = SoftTissue()
    blocks: tuple[Block, ...] = ()
    rods: tuple[RodCylinder, ...] = ()

    def truth(self, z_mm: tuple[float, float], *, n_slices: int, nodes: Nodes | None = None) -> Truth:
        """True values of the radius between two z (outer faces of the first and last slice), mm."""
        return bone_truth(self.radius, z_mm, n_slices=n_slices, nodes=nodes)

    def truth_on(self, geometry: Geometry, placement: Placement, *, slices: tuple[int, int] | None = None) -> Truth:
        """True values over the slices `first … last` (both included; all by default) of a scan.

        A slice reaches half a slice spacing to either side of its centre, so the slices tile the slab.
        """
        first, last = slices or (0, geometry.shape[0] - 1)
        ends = placement.slice_z_mm(geometry, np.array([first, last], dtype=np.float64))
        half = geometry.spacing_mm[0] / 2
        z_mm = (float(ends.min()) - half, float(ends.max()) + half)
        return self.truth(z_mm, n_slices=last - first + 1)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Placement:
    """Where the arm lies in the patient: `axes_lps` holds the LPS directions of x, y and z as columns.

    The arm's axes (towards the ulna, dorsal, distal) are right-handed in a left arm and left-handed in a right
    arm, so the determinant is +1 for left and −1 for right.
    """

    side: Side
    axes_lps: Floats
    origin_lps_mm: Floats

    def __post_init__(self) -> None:
        axes = np.array(self.axes_lps, dtype=np.float64)
        origin = np.array(self.origin_lps_mm, dtype=np.float64)
        expected = 1.0 if self.side == "left" else -1.0
        if not np.allclose(axes.T @ axes, np.eye(3), atol=1e-9) or np.linalg.det(axes) * expected < 0:
            raise ValueError("axes must be orthonormal, right-handed for a left arm and left-handed for a right one")
        axes.setflags(write=False)
        origin.setflags(write=False)
        object.__setattr__(self, "axes_lps", axes)
        object.__setattr__(self, "origin_lps_mm", origin)

    @classmethod
    def hanging(
        cls,
        side: Side,
        *,
        origin_lps_mm: tuple[float, float, float] = (0.0, 0.0, 0.0),
        rotation: Floats | None = None,
    ) -> Placement:
        """An arm beside the body, palm forward: distal is inferior, dorsal posterior; then turned by `rotation`."""
        medial = -1.0 if side == "left" else 1.0
        axes = np.diag([medial, 1.0, -1.0])
        turned = axes if rotation is None else np.asarray(rotation, dtype=np.float64) @ axes
        return cls(side=side, axes_lps=turned, origin_lps_mm=np.array(origin_lps_mm))

    def to_arm(self, world_mm: Floats) -> Floats:
        """Arm coordinates of LPS points, (..., 3)."""
        points: Floats = (world_mm - self.origin_lps_mm) @ self.axes_lps
        return points

    def to_world(self, arm_mm: Floats) -> Floats:
        """LPS coordinates of arm points, (..., 3)."""
        points: Floats = arm_mm @ self.axes_lps.T + self.origin_lps_mm
        return points

    def slice_z_mm(self, geometry: Geometry, index: Floats) -> Floats:
        """Arm z of slice centres.

        Raises
        ------
        ValueError
            If the slices are not perpendicular to the arm's z axis, where truth per slice would have no meaning.
        """
        in_plane = self.axes_lps.T @ geometry.affine_lps[:3, 1:3]
        if np.abs(in_plane[2]).max() > _PARALLEL * np.abs(in_plane).max():
            raise ValueError("slices must be perpendicular to the arm's z axis; turn the placement with the grid")
        corners = np.stack([index, np.zeros_like(index), np.zeros_like(index)], axis=-1)
        z: Floats = self.to_arm(geometry.to_world(corners))[..., 2]
        return z

    def grid(
        self,
        shape: tuple[int, int, int],
        spacing_mm: tuple[float, float, float],
        *,
        centre_arm_mm: tuple[float, float, float] | Floats = (0.0, 0.0, 0.0),
        in_plane_deg: float = 0.0,
        first: Literal["proximal", "distal"] = "proximal",
        frame_of_reference_uid: str = "",
    ) -> Geometry:
        """A grid perpendicular to the arm's z axis, centred on an arm point.

        Rows and columns are turned by `in_plane_deg` about the axis; slice 0 lies at the `first` end. The row
        direction is chosen so that the slice index grows along cross(row direction, column direction).
        """
        a = np.deg2rad(in_plane_deg)
        along_column_index = self.axes_lps @ np.array([np.cos(a), np.sin(a), 0.0])
        normal = self.axes_lps[:, 2] * (1.0 if first == "proximal" else -1.0)
        along_row_index = np.cross(normal, along_column_index)
        affine = np.eye(4)
        steps = np.stack([normal, along_row_index, along_column_index], axis=1)
        affine[:3, :3] = steps * np.array(spacing_mm)
        middle = (np.array(shape) - 1) / 2.0
        affine[:3, 3] = self.to_world(np.array(centre_arm_mm)) - affine[:3, :3] @ middle
        return Geometry(shape=shape, affine_lps=affine, frame_of_reference_uid=frame_of_reference_uid)
