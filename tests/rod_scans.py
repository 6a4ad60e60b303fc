"""Scans with rods made from formulas: cylinders along any axis, phantom body, arm with two bones, table, noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from scipy.special import ndtr

from bonemetrics.volume import CtVolume, Geometry


@dataclass(frozen=True, kw_only=True)
class Cylinder:
    """A straight cylinder; places in mm of row and column at the middle slice, slopes in mm per mm along the stack."""

    row_mm: float
    column_mm: float
    diameter_mm: float
    hu: float
    slope: tuple[float, float] = (0.0, 0.0)
    first_mm: float = -1e9
    last_mm: float = 1e9


@dataclass(frozen=True, kw_only=True)
class Scan:
    """What is in the picture, painted in this order: body bars, arm, bones, rods."""

    shape: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    rods: tuple[Cylinder, ...] = ()
    bars: tuple[tuple[float, float, float, float, float], ...] = ()  # row, column, height, width in mm, HU
    bar_slope: tuple[float, float] = (0.0, 0.0)
    arm: tuple[float, float, float, float] | None = None  # row, column, half height, half width in mm
    bones: tuple[tuple[float, float, float], ...] = ()  # row, column, radius in mm
    blur_mm: float = 0.5
    noise_hu: float = 0.0
    grain_voxels: float = 0.7
    seed: int = 1

    def geometry(self) -> Geometry:
        """An oblique grid: 30° about x after 20° about z."""
        a, b = np.deg2rad(30.0), np.deg2rad(20.0)
        about_x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
        about_z = np.array([[np.cos(b), -np.sin(b), 0], [np.sin(b), np.cos(b), 0], [0, 0, 1]])
        column, row, normal = (about_x @ about_z).T
        affine = np.eye(4)
        affine[:3, :3] = np.stack([normal, row, column], axis=1) * np.array(self.spacing_mm)
        affine[:3, 3] = (-31.0, 17.0, 203.0)
        return Geometry(shape=self.shape, affine_lps=affine)

    def volume(self) -> CtVolume:
        """The scan, with voxels that see the edge blurred by a Gaussian of `blur_mm`."""
        depth, height, width = self.shape
        z = (np.arange(depth) - (depth - 1) / 2)[:, None, None] * self.spacing_mm[0]
        y = np.arange(height)[None, :, None] * self.spacing_mm[1]
        x = np.arange(width)[None, None, :] * self.spacing_mm[2]
        hu = np.full(self.shape, -1000.0)
        rng = np.random.default_rng(self.seed)
        for row, column, tall, wide, value in self.bars:
            dy = np.abs(y - row - self.bar_slope[0] * z) - tall / 2
            dx = np.abs(x - column - self.bar_slope[1] * z) - wide / 2
            hu = self._paint(hu, np.maximum(dy, dx), value)
        if self.arm is not None:
            row, column, tall, wide = self.arm
            size = np.sqrt(((y - row) / tall) ** 2 + ((x - column) / wide) ** 2)
            outside = np.broadcast_to((size - 1.0) * min(tall, wide), self.shape)
            hu = self._paint(hu, outside, -95.0)
            hu = self._paint(hu, outside + 5.0, 55.0)
        for row, column, radius in self.bones:
            tapering = radius * (1.0 + 0.012 * z)
            bend = 0.03 * z
            off = np.sqrt((y - row - bend) ** 2 + (x - column) ** 2) - tapering
            texture = ndimage.gaussian_filter(rng.normal(0.0, 1.0, self.shape), 1.2)
            marrow = 60.0 + 180.0 * texture / texture.std()
            hu = self._paint(hu, off, 1200.0)
            hu = self._paint(hu, off + 1.2, marrow)
        for rod in self.rods:
            dy, dx = y - rod.row_mm - rod.slope[0] * z, x - rod.column_mm - rod.slope[1] * z
            axis = np.array([1.0, *rod.slope]) / np.linalg.norm([1.0, *rod.slope])
            along = dy * axis[1] + dx * axis[2]
            off = np.sqrt(dy**2 + dx**2 - along**2) - rod.diameter_mm / 2
            off = np.maximum(off, np.maximum(rod.first_mm - z, z - rod.last_mm))
            hu = self._paint(hu, off, rod.hu)
        if self.noise_hu:
            noise = ndimage.gaussian_filter(rng.normal(0.0, 1.0, self.shape), self.grain_voxels)
            hu = hu + noise * (self.noise_hu / noise.std())
        return CtVolume(hu=hu.astype(np.float32), geometry=self.geometry())

    def axis_lps(self, slope: tuple[float, float]) -> np.ndarray:
        """Unit LPS direction of a cylinder with this slope."""
        axis = self.geometry().direction @ np.array([1.0, *slope])
        return axis / np.linalg.norm(axis)

    def centre_lps_mm(self, rod: Cylinder) -> np.ndarray:
        """Where a rod's axis pierces the middle slice."""
        index = [(self.shape[0] - 1) / 2, rod.row_mm / self.spacing_mm[1], rod.column_mm / self.spacing_mm[2]]
        return self.geometry().to_world(index)

    def _paint(self, hu: np.ndarray, outside_mm: np.ndarray, value: np.ndarray | float) -> np.ndarray:
        share = ndtr(-outside_mm / self.blur_mm)
        return hu + share * (value - hu)
