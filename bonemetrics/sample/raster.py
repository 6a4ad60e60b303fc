"""The fine grid under a scan's voxels, and where a bone's contours lie on it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from bonemetrics.sample.phantom import Placement
from bonemetrics.sample.shapes import Bone, Floats, Section, Texture, smooth_fall
from bonemetrics.sample.truth import polar_rim
from bonemetrics.volume import Geometry

Pixels = npt.NDArray[np.float32]
_TABLE = 2048
_SECTION_POINTS = 1024
_FINE_PER_SIGMA = 1.8
_COARSEST_FINE_MM = 0.11
_REACH_SIGMAS = 4.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FinePlane:
    """The fine in-plane grid under a scan's voxels, in arm coordinates: x = x0 + u·dx + v·dy for sample (v, u)."""

    u_mm: Floats
    v_mm: Floats
    u_arm: Floats
    v_arm: Floats
    origin_arm: Floats
    step_mm: float
    blur_rows: Pixels | None
    blur_columns: Pixels | None

    @classmethod
    def of(cls, geometry: Geometry, placement: Placement, psf_sigma_mm: float | None) -> FinePlane:
        """Voxel centres themselves without a blur; else enough samples for its blur, and a margin for it."""
        _, row_mm, column_mm = geometry.spacing_mm
        u, rows = _axis(geometry.shape[2], column_mm, psf_sigma_mm)
        v, columns = _axis(geometry.shape[1], row_mm, psf_sigma_mm)
        return cls(
            u_mm=u,
            v_mm=v,
            u_arm=(placement.axes_lps.T @ geometry.direction[:, 2])[:2],
            v_arm=(placement.axes_lps.T @ geometry.direction[:, 1])[:2],
            origin_arm=placement.to_arm(geometry.affine_lps[:3, 3])[:2],
            step_mm=float(max(u[1] - u[0], v[1] - v[0])) if min(len(u), len(v)) > 1 else row_mm,
            blur_rows=columns,
            blur_columns=rows,
        )

    def relative(self, centre_mm: Floats) -> tuple[Pixels, Pixels]:
        """Arm x and y of every sample minus `centre_mm`."""
        start = self.origin_arm - centre_mm
        x = start[0] + self.u_mm * self.u_arm[0] + (self.v_mm * self.v_arm[0])[:, None]
        y = start[1] + self.u_mm * self.u_arm[1] + (self.v_mm * self.v_arm[1])[:, None]
        return x.astype(np.float32), y.astype(np.float32)

    def window(self, centre_mm: Floats, reach_mm: float) -> tuple[FinePlane, tuple[slice, slice]]:
        """The part of the plane within `reach_mm` of a centre, and where it lies in the whole."""
        at = centre_mm - self.origin_arm
        u = np.searchsorted(self.u_mm, float(at @ self.u_arm) + np.array([-reach_mm, reach_mm]))
        v = np.searchsorted(self.v_mm, float(at @ self.v_arm) + np.array([-reach_mm, reach_mm]))
        box = slice(int(v[0]), int(v[1])), slice(int(u[0]), int(u[1]))
        part = replace(self, u_mm=self.u_mm[box[1]], v_mm=self.v_mm[box[0]], blur_rows=None, blur_columns=None)
        return part, box

    def blur(self, fine: Pixels) -> Pixels:
        """The fine image blurred and sampled at the voxel centres."""
        if self.blur_rows is None or self.blur_columns is None:
            return fine
        blurred: Pixels = self.blur_rows @ (fine @ self.blur_columns.T)
        return blurred

    def cover(self, distance: Pixels) -> Pixels:
        """Share of each sample's square cell on the inner side of an edge, from the signed distance to it.

        The edge is taken as straight within a cell, with its true direction: a cell then spans
        step · (|cos| + |sin|) across it, and cells tile the plane without gap or overlap.
        """
        covered = (distance < 0).astype(np.float32)
        rows, columns = np.nonzero(np.abs(distance) < np.float32(0.75 * self.step_mm))
        last_row, last_column = distance.shape[0] - 1, distance.shape[1] - 1
        across = distance[rows, np.minimum(columns + 1, last_column)] - distance[rows, np.maximum(columns - 1, 0)]
        along = distance[np.minimum(rows + 1, last_row), columns] - distance[np.maximum(rows - 1, 0), columns]
        length = np.maximum(np.hypot(across, along), np.float32(1e-9))
        a, b = self.step_mm * np.abs(across) / length, self.step_mm * np.abs(along) / length
        covered[rows, columns] = _half_plane_share(distance[rows, columns], np.maximum(a, b), np.minimum(a, b))
        return covered


def _half_plane_share(distance: Pixels, wide: Pixels, narrow: Pixels) -> Pixels:
    """Share of a square on the inner side of a line; the square's shadow on the normal is two boxes convolved."""
    outside = np.abs(distance)
    corner = np.clip((wide + narrow) / 2 - outside, 0, None) ** 2 / np.maximum(2 * wide * narrow, np.float32(1e-12))
    beyond = np.where(outside > (wide - narrow) / 2, corner, np.float32(0.5) - outside / wide)
    share: Pixels = np.where(distance > 0, beyond, 1 - beyond)
    return share


def _axis(n: int, voxel_mm: float, psf_sigma_mm: float | None) -> tuple[Floats, Pixels | None]:
    """Sample positions in mm from the first voxel's centre, and the matrix that blurs them onto the voxels."""
    centres: Floats = np.arange(n, dtype=np.float64) * voxel_mm
    if psf_sigma_mm is None:
        return centres, None
    sigma = psf_sigma_mm
    step = min(sigma / _FINE_PER_SIGMA, _COARSEST_FINE_MM)
    reach = (_REACH_SIGMAS + 0.5) * sigma
    middle = centres[-1] / 2
    half = math.ceil((middle + reach) / step)
    fine: Floats = middle + np.arange(-half, half + 1, dtype=np.float64) * step
    # The cell over which edges are averaged is a box that already blurs by step²/12.
    left = math.sqrt(sigma**2 - step**2 / 12)
    weights = np.exp(-0.5 * ((centres[:, None] - fine) / left) ** 2)
    weights[np.abs(centres[:, None] - fine) > _REACH_SIGMAS * sigma] = 0
    weights /= weights.sum(axis=1, keepdims=True)
    return fine, weights.astype(np.float32)


class BoneMap:
    """Signed distances to a bone's two contours at one z, by tables over the polar angle."""

    def __init__(self, bone: Bone, z_mm: float) -> None:
        section = bone.section(z_mm, _SECTION_POINTS)
        self.centre_mm = section.centre_mm
        self._depth_mm = bone.rise_depth_mm
        self.reach_mm = float(np.hypot(*section.periosteal.T).max())
        self._outer, self._outer_tilt, _ = _polar_table(section, endosteal=False)
        self._inner, self._inner_tilt, self._support = _polar_table(section, endosteal=True)

    def distances(self, plane: FinePlane) -> tuple[Pixels, Pixels, Pixels]:
        """Distance to the periosteal and endosteal contour (mm, negative inside, to first order), and the fall."""
        x, y = plane.relative(self.centre_mm)
        r = np.hypot(x, y)
        place = (np.arctan2(y, x) + np.float32(np.pi)) * np.float32(_TABLE / (2 * np.pi))
        index = place.astype(np.int32)
        np.clip(index, 0, _TABLE - 1, out=index)
        part = place - index
        outer = (r - _look_up(self._outer, index, part)) * self._outer_tilt[index]
        reach = _look_up(self._inner, index, part)
        inner = (r - reach) * self._inner_tilt[index]
        depth = (1 - r / reach) * self._support[index]
        fall = smooth_fall(depth / np.float32(self._depth_mm))
        return outer, inner, fall.astype(np.float32, copy=False)


def _look_up(table: Pixels, index: npt.NDArray[np.int32], part: Pixels) -> Pixels:
    low = table[index]
    value: Pixels = low + part * (table[index + 1] - low)
    return value


def _polar_table(section: Section, *, endosteal: bool) -> tuple[Pixels, Pixels, Pixels]:
    """Radius, cosine between the ray and the normal, and tangent distance, on equal steps of the angle."""
    phi, reach, support = polar_rim(section, endosteal=endosteal)
    angle = np.linspace(-np.pi, np.pi, _TABLE + 1)
    radius = np.interp(angle, phi, reach, period=2 * np.pi)
    tangent = np.interp(angle, phi, support, period=2 * np.pi)
    return radius.astype(np.float32), (tangent / radius).astype(np.float32), tangent.astype(np.float32)


def texture_on(texture: Texture, plane: FinePlane, z_mm: float, part_mm: float) -> Pixels:
    """The field on the fine grid, averaged along z over `part_mm`: an outer product per wave."""
    vectors, amplitudes, phases = texture.waves()
    mean_along_z = np.sinc(vectors[:, 2] * part_mm / (2 * np.pi))
    u = np.outer(plane.u_mm, vectors[:, :2] @ plane.u_arm)
    start = phases + vectors[:, 2] * z_mm + vectors[:, :2] @ plane.origin_arm
    v = np.outer(plane.v_mm, vectors[:, :2] @ plane.v_arm) + start
    height = amplitudes * mean_along_z
    left = np.concatenate([np.cos(v) * height, -np.sin(v) * height], axis=1).astype(np.float32)
    right = np.concatenate([np.cos(u), np.sin(u)], axis=1).astype(np.float32)
    field: Pixels = left @ right.T
    return field
