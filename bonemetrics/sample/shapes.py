"""Curves and fields of the phantom, each a closed formula with its derivatives.

Coordinates are the arm's own, in mm: x towards the ulna (medial), y dorsal, z distal.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Wave = tuple[int, float, float]
"""Order around the contour, amplitude, phase in radians."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """A smooth closed curve in polar form: r(θ) = radius × g(θ).

    g(θ) = 1 + Σ amplitude · cos(order · (θ − phase)) − dent · exp(sharpness · (cos(θ − dent angle) − 1)).
    Without waves and dent it is a circle; with a dent that is deep enough, a kidney.
    """

    radius_mm: float
    waves: tuple[Wave, ...] = ()
    dent: float = 0.0
    dent_angle: float = 0.0
    dent_sharpness: float = 4.0

    def shape(self, theta: Floats) -> tuple[Floats, Floats, Floats]:
        """Return g and its first and second derivative at `theta` (radians)."""
        value, first, second = np.ones_like(theta), np.zeros_like(theta), np.zeros_like(theta)
        for order, amplitude, phase in self.waves:
            angle = order * (theta - phase)
            value += amplitude * np.cos(angle)
            first -= amplitude * order * np.sin(angle)
            second -= amplitude * order**2 * np.cos(angle)
        if self.dent:
            k, angle = self.dent_sharpness, theta - self.dent_angle
            bump = self.dent * np.exp(k * (np.cos(angle) - 1.0))
            value -= bump
            first += bump * k * np.sin(angle)
            second += bump * k * (np.cos(angle) - k * np.sin(angle) ** 2)
        return value, first, second


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """Cortical thickness in mm around the contour and along z.

    t(θ, z) = mean + swing · (Σ weight · cos(order · (θ − phase)) − distal_weight · tanh(z / 8 mm)). The weights sum
    to at most 1 in size, so t stays within mean ± swing.
    """

    mean_mm: float
    swing_mm: float = 0.0
    waves: tuple[Wave, ...] = ()
    distal_weight: float = 0.0

    def __post_init__(self) -> None:
        total = sum(abs(weight) for _, weight, _ in self.waves) + abs(self.distal_weight)
        if total > 1.0 + 1e-9 or self.swing_mm < 0 or self.mean_mm <= self.swing_mm:
            raise ValueError(f"a shell needs weights of at most 1 (found {total:.3g}) and a mean above its swing")

    def thickness(self, theta: Floats, z_mm: float) -> tuple[Floats, Floats]:
        """Thickness in mm and its derivative to θ."""
        value = np.full_like(theta, -self.distal_weight * np.tanh(z_mm / 8.0))
        first = np.zeros_like(theta)
        for order, weight, phase in self.waves:
            angle = order * (theta - phase)
            value += weight * np.cos(angle)
            first -= weight * order * np.sin(angle)
        return self.mean_mm + self.swing_mm * value, self.swing_mm * first


@dataclass(frozen=True, slots=True, kw_only=True)
class Texture:
    """A smooth random field: a sum of plane waves, isotropic, wavelengths log-uniform between two ends.

    Its mean over space is 0 and its standard deviation `sd_mg_per_cm3`; its integral over a region is known from
    the region's boundary alone.
    """

    seed: int
    sd_mg_per_cm3: float
    shortest_mm: float = 0.3
    longest_mm: float = 1.5
    n_waves: int = 72

    def waves(self) -> tuple[Floats, Floats, Floats]:
        """Wave vectors (n, 3) in rad/mm, amplitudes (n,) in mg/cm³ and phases (n,) in radians."""
        return _waves(self)


@lru_cache(maxsize=64)
def _waves(texture: Texture) -> tuple[Floats, Floats, Floats]:
    rng = np.random.default_rng(texture.seed)
    n = texture.n_waves
    ends = np.log([texture.shortest_mm, texture.longest_mm])
    length = np.exp(rng.uniform(ends[0], ends[1], n))
    # |cos| below 0.98 keeps every wave oblique to the z axis, as the boundary integral divides by its in-plane part.
    along_z = rng.uniform(-0.98, 0.98, n)
    around = rng.uniform(0.0, 2 * np.pi, n)
    across = np.sqrt(1.0 - along_z**2)
    direction = np.stack([across * np.cos(around), across * np.sin(around), along_z], axis=1)
    vectors = 2 * np.pi / length[:, None] * direction
    amplitudes = np.full(n, texture.sd_mg_per_cm3 * np.sqrt(2.0 / n)) if n else np.zeros(0)
    return vectors, amplitudes, rng.uniform(0.0, 2 * np.pi, n)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Section:
    """A bone cut at one z: points on equal steps of θ, (n, 2) in mm relative to `centre_mm`."""

    centre_mm: Floats
    periosteal: Floats
    periosteal_step: Floats
    endosteal: Floats
    endosteal_step: Floats
    normal: Floats
    curvature_per_mm: Floats

    def peeled(self, depth_mm: float) -> tuple[Floats, Floats]:
        """The curve `depth_mm` inside the periosteal contour, and its derivative to θ."""
        return (
            self.periosteal - depth_mm * self.normal,
            (1.0 - depth_mm * self.curvature_per_mm)[:, None] * self.periosteal_step,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Bone:
    """A long bone: outline, cortical shell and trabecular filling, all smooth in z.

    The outline grows by `widening_per_mm` (fraction per mm towards distal), turns and drifts along z. Trabecular
    density is core + rise · (1 − smoothstep(depth / rise_depth)) + texture, where depth is the distance to the
    endosteal contour to first order: (1 − r / r_e(φ)) · (distance of the centre from the tangent at φ).
    """

    outline: Outline
    shell: Shell
    centre_mm: tuple[float, float] = (0.0, 0.0)
    cortical_mg_per_cm3: float = 950.0
    core_mg_per_cm3: float = 120.0
    rise_mg_per_cm3: float = 120.0
    rise_depth_mm: float = 3.0
    texture: Texture | None = None
    widening_per_mm: float = 0.0
    turn_deg_per_mm: float = 0.0
    drift_per_mm: tuple[float, float] = (0.0, 0.0)

    def size_mm(self, z_mm: float) -> float:
        """Radius of the outline at z, in mm."""
        return self.outline.radius_mm * (1.0 + self.widening_per_mm * z_mm)

    def section(self, z_mm: float, n: int) -> Section:
        """Cut the bone at `z_mm` with `n` points around.

        Raises
        ------
        ValueError
            If the shell is thicker than the contour's radius of curvature, where the endosteal contour would fold.
        """
        theta: Floats = np.arange(n, dtype=np.float64) * (2 * np.pi / n)
        size = self.size_mm(z_mm)
        g, g1, g2 = self.outline.shape(theta)
        angle = theta + np.deg2rad(self.turn_deg_per_mm * z_mm)
        outward = np.stack([np.cos(angle), np.sin(angle)], axis=1)
        around = np.stack([-np.sin(angle), np.cos(angle)], axis=1)
        step = size * (g1[:, None] * outward + g[:, None] * around)
        speed = np.hypot(step[:, 0], step[:, 1])
        normal = np.stack([step[:, 1], -step[:, 0]], axis=1) / speed[:, None]
        curvature = (g**2 + 2 * g1**2 - g * g2) / (size * (g**2 + g1**2) ** 1.5)
        thick, thick1 = self.shell.thickness(theta, z_mm)
        if (thick * curvature).max() >= 0.95:
            raise ValueError("the shell is too thick for the contour's sharpest bend; make one of them milder")
        periosteal = size * g[:, None] * outward
        return Section(
            centre_mm=np.array(self.centre_mm) + z_mm * np.array(self.drift_per_mm),
            periosteal=periosteal,
            periosteal_step=step,
            endosteal=periosteal - thick[:, None] * normal,
            endosteal_step=(1.0 - thick * curvature)[:, None] * step - thick1[:, None] * normal,
            normal=normal,
            curvature_per_mm=curvature,
        )


def cross(a: Floats, b: Floats) -> Floats:
    """The z component of a × b for (n, 2) vectors."""
    product: Floats = a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
    return product


def smooth_fall(u: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """1 at u = 0, 0 from u = 1 on, with two continuous derivatives: 1 − (6u⁵ − 15u⁴ + 10u³)."""
    t = np.clip(u, 0.0, 1.0)
    fall: npt.NDArray[Any] = 1.0 - t * t * t * (10.0 + t * (6.0 * t - 15.0))
    return fall
