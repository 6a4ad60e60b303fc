"""What a phantom's numbers truly are: integrals of its known formulas, without any voxel.

Areas come from the boundary (Green's theorem; the trapezoid rule on a smooth closed curve converges faster than any
power of the step). The radial part of the trabecular density is integrated by Gauss-Legendre rules that break
where the formula does; the texture, a sum of plane waves, by the divergence theorem along the boundary; z by
Gauss-Legendre panels of 0.6 mm.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.polynomial.legendre import leggauss
from scipy.interpolate import CubicSpline

from bonemetrics.sample.shapes import Bone, Floats, Section, Texture, cross, smooth_fall

CENTRAL_FRACTION = 0.45
PANEL_MM = 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class Nodes:
    """How finely the integrals are taken: points around, along a ray, and along z per panel."""

    around: int = 384
    ray: int = 10
    panel: int = 7

    def finer(self) -> Nodes:
        """Twice as many of each."""
        return Nodes(around=2 * self.around, ray=2 * self.ray, panel=2 * self.panel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """True values over a stack of slices: areas in mm² (mean per slice), volumes in mm³, densities in mg/cm³."""

    tt_ar: float
    tb_ar: float
    ct_ar: float
    central_ar: float
    tt_v: float
    tb_v: float
    ct_v: float
    central_v: float
    tt_vbmd: float
    tb_vbmd: float
    ct_vbmd: float
    central_vbmd: float
    n_slices: int

    def rows(self) -> tuple[tuple[str, str, float], ...]:
        """(quantity, region, value) as they stand in a density table."""
        return (
            ("Tt.vBMD", "total", self.tt_vbmd),
            ("Tb.vBMD", "trabecular", self.tb_vbmd),
            ("Ct.vBMD", "cortical", self.ct_vbmd),
            ("vBMD", "central-45", self.central_vbmd),
            ("Tt.Ar", "total", self.tt_ar),
            ("Tb.Ar", "trabecular", self.tb_ar),
            ("Ct.Ar", "cortical", self.ct_ar),
            ("Tt.V", "total", self.tt_v),
            ("Tb.V", "trabecular", self.tb_v),
            ("Ct.V", "cortical", self.ct_v),
            ("N.Sl", "total", float(self.n_slices)),
        )


def bone_truth(bone: Bone, z_mm: tuple[float, float], *, n_slices: int, nodes: Nodes | None = None) -> Truth:
    """True values of a bone between two z.

    Parameters
    ----------
    bone
        The bone; its cortical density is uniform.
    z_mm
        Ends of the slab, mm along the bone: the outer faces of the first and the last slice.
    n_slices
        Slices in the slab, reported as N.Sl.
    nodes
        Fineness of the integrals; the default errs by less than 0.001 mg/cm³ on bones of a distal radius' size.

    Returns
    -------
    Truth
        Slice means weight every slice alike, densities are mass by volume.

    Raises
    ------
    ValueError
        If the slab is empty, or the peel to the central 45 % would fold or reach into the shell.
    """
    nodes = nodes or Nodes()
    z, weight = _along_z(z_mm, nodes.panel)
    sums = np.zeros(5)
    for at, share in zip(z.tolist(), weight.tolist(), strict=True):
        sums += share * _integrate_section(bone, at, nodes)
    total, trabecular, trabecular_mass, central, central_mass = sums.tolist()
    length = z_mm[1] - z_mm[0]
    cortical = total - trabecular
    return Truth(
        tt_ar=total / length,
        tb_ar=trabecular / length,
        ct_ar=cortical / length,
        central_ar=central / length,
        tt_v=total,
        tb_v=trabecular,
        ct_v=cortical,
        central_v=central,
        tt_vbmd=(trabecular_mass + bone.cortical_mg_per_cm3 * cortical) / total,
        tb_vbmd=trabecular_mass / trabecular,
        ct_vbmd=bone.cortical_mg_per_cm3,
        central_vbmd=central_mass / central,
        n_slices=n_slices,
    )


def integration_error(bone: Bone, z_mm: tuple[float, float], *, nodes: Nodes | None = None) -> float:
    """Largest change in mg/cm³ of a true density when every integral is taken twice as finely."""
    nodes = nodes or Nodes()
    coarse = bone_truth(bone, z_mm, n_slices=1, nodes=nodes)
    fine = bone_truth(bone, z_mm, n_slices=1, nodes=nodes.finer())
    return max(
        abs(coarse.tb_vbmd - fine.tb_vbmd),
        abs(coarse.tt_vbmd - fine.tt_vbmd),
        abs(coarse.central_vbmd - fine.central_vbmd),
    )


@cache
def _rule(n: int) -> tuple[Floats, Floats]:
    x, w = leggauss(n)
    return x, w


def _along_z(z_mm: tuple[float, float], n: int) -> tuple[Floats, Floats]:
    first, last = z_mm
    if not last > first:
        raise ValueError(f"a slab needs some thickness, found {first} to {last} mm")
    panels = max(1, math.ceil((last - first) / PANEL_MM))
    edges = np.linspace(first, last, panels + 1)
    x, w = _rule(n)
    half = np.diff(edges)[:, None] / 2
    return ((edges[:-1, None] + half) + half * x).ravel(), (half * w).ravel()


def _integrate_section(bone: Bone, z_mm: float, nodes: Nodes) -> Floats:
    """Total area, trabecular area, trabecular mass, central area, central mass at one z (mm², mg·mm²/cm³)."""
    section = bone.section(z_mm, nodes.around)
    step = 2 * np.pi / nodes.around
    total = _area(section.periosteal, section.periosteal_step)
    inside = section.endosteal, section.endosteal_step
    central = section.peeled(_central_depth(section, total, step))
    values = [total]
    rim = _Rim(section, bone.rise_depth_mm)
    for curve, derivative in (inside, central):
        area = _area(curve, derivative)
        mass = bone.core_mg_per_cm3 * area + bone.rise_mg_per_cm3 * rim.integral(curve, derivative, nodes.ray)
        if bone.texture is not None:
            mass += _texture_integral(bone.texture, curve + section.centre_mm, derivative, z_mm)
        values += [area, mass]
    return np.array(values)


def _area(curve: Floats, derivative: Floats) -> float:
    return float(cross(curve, derivative).sum() * np.pi / len(curve))


def _central_depth(section: Section, area: float, step: float) -> float:
    """Depth in mm at which the peeled curve encloses 45 % of the area: A(s) = A − L·s + π·s² (Steiner)."""
    speed = np.hypot(section.periosteal_step[:, 0], section.periosteal_step[:, 1])
    length = float(speed.sum() * step)
    root = length**2 - 4 * np.pi * (1 - CENTRAL_FRACTION) * area
    depth = (length - math.sqrt(root)) / (2 * np.pi)
    shell = np.hypot(*(section.periosteal - section.endosteal).T).max()
    if (depth * section.curvature_per_mm).max() >= 0.98 or depth <= shell:
        raise ValueError("the peel to the central 45 % folds or meets the shell; make the outline rounder or larger")
    return depth


class _Rim:
    """The rise of density towards the endosteal contour, as a function of the polar angle at one z."""

    def __init__(self, section: Section, depth_mm: float) -> None:
        phi, reach, support = polar_rim(section)
        self._reach = CubicSpline(phi, reach, bc_type="periodic")
        self._support = CubicSpline(phi, support, bc_type="periodic")
        self._depth_mm = depth_mm

    def integral(self, curve: Floats, derivative: Floats, n: int) -> float:
        """∫ fall(depth / rise_depth) dA inside a curve that lies within the endosteal contour, in mm²."""
        phi = np.arctan2(curve[:, 1], curve[:, 0])
        ratio = np.hypot(curve[:, 0], curve[:, 1]) / self._reach(phi)
        support = self._support(phi)
        # On the ray to the curve, at the fraction λ of it, depth = (1 − λ·ratio)·support.
        start = np.clip((1 - self._depth_mm / support) / ratio, 0.0, 1.0)
        x, w = _rule(n)
        half = (1 - start[:, None]) / 2
        along = start[:, None] + half * (1 + x)
        depth = (1 - along * ratio[:, None]) * support[:, None]
        radial = (half * w * along * smooth_fall(depth / self._depth_mm)).sum(axis=1)
        return float((cross(curve, derivative) * radial).sum() * 2 * np.pi / len(curve))


def polar_rim(section: Section, *, endosteal: bool = True) -> tuple[Floats, Floats, Floats]:
    """Polar form of a contour about the centre, closed: angle, radius, distance of the centre to the tangent (mm).

    Raises
    ------
    ValueError
        If the contour cannot be seen whole from the centre.
    """
    curve, derivative = section.periosteal, section.periosteal_step
    if endosteal:
        curve, derivative = section.endosteal, section.endosteal_step
    phi = np.unwrap(np.arctan2(curve[:, 1], curve[:, 0]))
    if (np.diff(phi) <= 0).any():
        raise ValueError("a contour must be seen whole from the bone's centre; make the dent milder")
    reach = np.hypot(curve[:, 0], curve[:, 1])
    support = cross(curve, derivative) / np.hypot(derivative[:, 0], derivative[:, 1])
    closed = np.append(phi, phi[0] + 2 * np.pi)
    return closed, np.append(reach, reach[0]), np.append(support, support[0])


def _texture_integral(texture: Texture, curve: Floats, derivative: Floats, z_mm: float) -> float:
    """∫ Σ a·cos(k·x + φ) dA inside a curve by ∮ Σ a·sin(k·x + φ)/|k|² (k·n) ds, k in the plane."""
    vectors, amplitudes, phases = texture.waves()
    flat = vectors[:, :2]
    normal = np.stack([derivative[:, 1], -derivative[:, 0]], axis=1)
    sine = np.sin(curve @ flat.T + (phases + vectors[:, 2] * z_mm))
    flux = (sine * (normal @ flat.T)).sum(axis=0) / (flat**2).sum(axis=1)
    return float(flux @ amplitudes * 2 * np.pi / len(curve))
