"""The cortex of one scan: blur and level from its thick places, then both edges everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from bonemetrics.segmentation.curves import Curves
from bonemetrics.segmentation.edges import (
    CORTEX,
    LOG_SIGMA,
    LOG_THICKNESS,
    PERIOSTEAL,
    SLOPE,
    SOFT,
    TRABECULAR,
    Fit,
    Prior,
    fit_edges,
)
from bonemetrics.segmentation.guess import Edges
from bonemetrics.segmentation.parameters import TissueParameters
from bonemetrics.segmentation.profiles import Profiles
from bonemetrics.segmentation.slabs import Flags, Places, Slabs

THICK_SIGMAS = 3.0
"""From this thickness on, in blur σ, level and thickness of the cortex are told apart."""
THIN_SIGMAS = 2.5
NODE_MM = 0.5
_LEAST_THICK = 20
_SIGMA_PER_PIXEL = 0.75
_CORRELATED_MM = 0.2
_LEVEL_SD = 100.0
_EFFECTIVE_PROFILES = 12.0
"""So many profiles' information is trusted in all: neighbours overlap, and what the model lacks is common to all."""
_LEAST_SIGMA_PER_GUESS = 0.8
_NEAR_BONE_MG_PER_CM3 = 120.0
_POOL_ROUNDS = 5
_POOL_STEP = np.array([80.0, 0.1])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CortexFit:
    """Edges on every point of the curves, (slab, point), in mm; `weight` is 0 where no cortex was seen.

    `sigma_mm` is the scan's blur, `level` the cortex' density where it is thick, `level_known` whether it was found
    in this scan, `thin_share` the share of places thinner than 2.5 σ, `residual` the typical misfit in mg/cm³.
    """

    periosteal_mm: Places
    thickness_mm: Places
    weight: Places
    sigma_mm: float
    level: float
    level_known: bool
    thin_share: float
    residual: float

    @classmethod
    def of_crossings(cls, edges: Edges, *, sigma_mm: float) -> Self:
        """The fit's stand-in where contours lie on thresholds."""
        thickness = edges.endosteal_mm - edges.periosteal_mm
        valid = edges.valid & (thickness > 0)
        return cls(
            periosteal_mm=edges.periosteal_mm,
            thickness_mm=thickness,
            weight=valid.astype(np.float64),
            sigma_mm=sigma_mm,
            level=float(np.median(edges.peak[valid])) if valid.any() else 0.0,
            level_known=True,
            thin_share=float(np.mean(thickness[valid] < THIN_SIGMAS * sigma_mm)) if valid.any() else 1.0,
            residual=0.0,
        )


def fit_cortex(
    profiles: Profiles, edges: Edges, curves: Curves, slabs: Slabs, parameters: TissueParameters
) -> CortexFit:
    """Fit the model of the blurred cortex around the whole bone.

    Profiles were averaged over about a millimetre, so every second point and slab half a millimetre apart carry all.
    """
    chosen = _nodes(edges.valid.shape, curves, slabs)
    picked = _Nodes.of(profiles, edges, chosen)
    sigma_guess = parameters.blur_sigma_mm or _SIGMA_PER_PIXEL * slabs.pixel_mm
    noise = _noise(picked)
    free = 0.02 if parameters.blur_sigma_mm else 0.35
    first = picked.fit(sigma=(sigma_guess, free), level=(parameters.cortical_level, 200.0), noise=noise)
    good = picked.valid & (first.residual < 3 * np.median(first.residual[picked.valid])) & picked.free_outside()
    # Noise makes single fits sharper than the scan can be; those would pass for thick.
    blur = np.maximum(first.sigma_mm, _LEAST_SIGMA_PER_GUESS * sigma_guess)
    thick = good & (first.thickness_mm > THICK_SIGMAS * blur)
    level_known = np.count_nonzero(thick) >= max(_LEAST_THICK, 0.03 * np.count_nonzero(good))
    if level_known:
        level = float(np.median(first.parameters[thick, CORTEX]))
        sigma = float(np.median(first.sigma_mm[thick]))
    else:
        level, sigma = _pooled(picked, good, level=parameters.cortical_level, sigma=(sigma_guess, free), noise=noise)
    second = picked.fit(sigma=(sigma, 0.03), level=(level, 60.0), noise=noise)
    curvature = curves.curvature_per_mm[chosen].ravel()
    periosteal, thickness = _straightened(second, curvature)
    ok = picked.valid & (second.residual < 4 * np.median(second.residual[picked.valid]))
    shape = edges.valid[chosen].shape
    thin = second.thickness_mm < THIN_SIGMAS * sigma
    return CortexFit(
        periosteal_mm=_spread(np.where(ok, periosteal, np.nan).reshape(shape), chosen, edges.valid.shape),
        thickness_mm=_spread(np.where(ok, thickness, np.nan).reshape(shape), chosen, edges.valid.shape),
        weight=_spread(ok.astype(np.float64).reshape(shape), chosen, edges.valid.shape, fill=0.0),
        sigma_mm=sigma,
        level=level,
        level_known=bool(level_known),
        thin_share=float(np.mean(thin[ok])) if ok.any() else 1.0,
        residual=float(np.median(second.residual[picked.valid])),
    )


def _pooled(
    picked: _Nodes, good: Flags, *, level: float, sigma: tuple[float, float], noise: float
) -> tuple[float, float]:
    """Cortical level and blur that all thin places together speak for, drawn to what is usual.

    A single thin place hardly tells level from thickness; hundreds with different thickness do.
    """
    usual = np.array([level, np.log(sigma[0])])
    trust = np.diag(np.array([_LEVEL_SD, sigma[1]]) ** -2.0)
    found = usual
    share = _EFFECTIVE_PROFILES / max(1, int(np.count_nonzero(good)))
    for _ in range(_POOL_ROUNDS):
        # Level and blur are held for all profiles alike: estimates of their own would weigh by their own errors.
        fit = picked.fit(sigma=(float(np.exp(found[1])), 0.002), level=(float(found[0]), 0.5), noise=noise)
        score = fit.score[good].sum(axis=0) * share + trust @ (usual - found)
        change = np.linalg.solve(fit.information[good].sum(axis=0) * share + trust, score)
        found = found + np.clip(change, -_POOL_STEP, _POOL_STEP)
    return float(found[0]), float(np.exp(found[1]))


def _straightened(fit: Fit, curvature: Places) -> tuple[Places, Places]:
    """Depths corrected for the bend of the edges.

    Blur pulls a convex edge of curvature κ inwards by σ²κ/2 (Taylor expansion of a Gaussian-blurred disc).
    """
    half = fit.sigma_mm**2 / 2
    periosteal = fit.periosteal_mm
    endosteal = periosteal + fit.thickness_mm
    inner_curvature = curvature / np.maximum(1 - curvature * endosteal, 0.3)
    outer = periosteal - half * curvature
    return outer, np.maximum(endosteal - half * inner_curvature - outer, 0.0)


def _nodes(shape: tuple[int, ...], curves: Curves, slabs: Slabs) -> tuple[slice, slice]:
    along = max(1, round(NODE_MM / float(curves.step_mm.mean())))
    while shape[1] % along:
        along -= 1
    return slice(0, None, max(1, int(NODE_MM / slabs.spacing_mm))), slice(0, None, along)


def _spread(values: Places, chosen: tuple[slice, slice], shape: tuple[int, ...], *, fill: float = np.nan) -> Places:
    """Values at the nodes to all points, linearly; NaN (or `fill`) around nodes that have none."""
    known = np.where(np.isnan(values), 0.0, values)
    load = np.isfinite(values).astype(np.float64)
    for axis, size in enumerate(shape):
        index = np.arange(size)
        nodes = index[chosen[axis]]
        known, load = (_interpolate(part, nodes, size, axis) for part in (known, load))
    return np.where(load > 0.999, known / np.maximum(load, 1e-9), fill)


def _interpolate(values: Places, nodes: npt.NDArray[np.intp], size: int, axis: int) -> Places:
    """Linear along one axis; closed along the points (axis 1), constant beyond the ends along the slabs."""
    if len(nodes) == size:
        return values
    index = np.arange(size)
    step = int(nodes[1] - nodes[0]) if len(nodes) > 1 else 1
    low = np.minimum(index // step, len(nodes) - 1)
    share = (index - nodes[low]) / step
    high = (low + 1) % len(nodes) if axis == 1 else np.minimum(low + 1, len(nodes) - 1)
    shape = [1, 1]
    shape[axis] = size
    part = share.reshape(shape)
    result: Places = np.take(values, low, axis) * (1 - part) + np.take(values, high, axis) * part
    return result


def _noise(picked: _Nodes) -> float:
    """Misfit to be expected of an averaged sample, from the change between neighbouring samples, in mg/cm³."""
    step = float(picked.depth_mm[1] - picked.depth_mm[0])
    # Samples closer than the grain of noise and trabeculae repeat each other.
    return 12.0 * float(np.sqrt(max(1.0, _CORRELATED_MM / step)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Nodes:
    """The averaged profiles to be fitted, one row each."""

    depth_mm: Places
    density: Places
    weight: Places
    outer: Places
    inner: Places
    outside: Places
    inside: Places
    valid: Flags

    @classmethod
    def of(cls, profiles: Profiles, edges: Edges, chosen: tuple[slice, slice]) -> Self:
        def rows(values: npt.NDArray[Any]) -> Places:
            return values[chosen].astype(np.float64).reshape(-1, *values.shape[2:])

        valid = edges.valid[chosen].ravel()
        outer, inner = rows(edges.periosteal_mm), rows(edges.endosteal_mm)
        typical = float(np.median((inner - outer)[valid])) if valid.any() else 1.0
        outer = np.where(valid, outer, 0.0)
        return cls(
            depth_mm=profiles.depth_mm,
            density=rows(profiles.density),
            weight=rows(profiles.weight),
            outer=outer,
            inner=np.where(valid, inner, outer + typical),
            outside=rows(edges.outside),
            inside=rows(edges.inside),
            valid=valid,
        )

    def fit(self, *, sigma: tuple[float, float], level: tuple[float, float], noise: float) -> Fit:
        """Fit with blur (mm, relative standard deviation) and cortical level (mg/cm³, its standard deviation)."""
        thickness = np.clip(self.inner - self.outer, 0.15, None)
        start = np.empty((len(self.outer), 7))
        start[:, PERIOSTEAL], start[:, LOG_THICKNESS] = self.outer, np.log(thickness)
        start[:, SOFT], start[:, CORTEX], start[:, TRABECULAR] = self.outside, level[0], self.inside + 80
        start[:, SLOPE], start[:, LOG_SIGMA] = -30.0, np.log(sigma[0])
        sd = np.empty(7)
        sd[[PERIOSTEAL, LOG_THICKNESS, SOFT, CORTEX, TRABECULAR, SLOPE, LOG_SIGMA]] = (
            3.0, 10.0, 300.0, level[1], 400.0, 150.0, sigma[1]
        )  # fmt: skip
        return fit_edges(
            self.depth_mm,
            self.density,
            self._window(sigma[0]),
            start=start,
            prior=Prior(mean=start.copy(), sd=sd),
            noise=noise,
        )

    def _window(self, sigma_mm: float) -> Places:
        """Weights of the samples: from a ring of soft tissue to trabecular bone beyond the blur of the cortex."""
        depth = self.depth_mm
        outer, inner = self.outer[:, None], self.inner[:, None]
        near = (depth > outer - max(0.8, 3.5 * sigma_mm)) & (depth < inner + max(0.8, 3 * sigma_mm + 0.4))
        return self.weight * (near & ~self._beyond_soft_tissue())

    def free_outside(self) -> Flags:
        """Profiles that reach soft tissue; where another bone touches, two shells would pass for one thick one."""
        usual = float(np.median(self.outside[self.valid])) if self.valid.any() else 0.0
        return np.asarray(self.outside < usual + _NEAR_BONE_MG_PER_CM3)

    def _beyond_soft_tissue(self) -> Flags:
        """Samples outside from where on the profile rises again: another bone, or skin beyond fat."""
        outside = self.depth_mm < self.outer[:, None]
        outwards = np.where(outside, self.density, np.inf)[:, ::-1]
        lowest = np.minimum.accumulate(outwards, axis=1)
        contrast = (self.density.max(axis=1) - self.outside)[:, None]
        rises = np.where(np.isfinite(outwards), outwards > lowest + np.maximum(0.12 * contrast, 60.0), False)
        return np.asarray(np.logical_or.accumulate(rises, axis=1)[:, ::-1])
