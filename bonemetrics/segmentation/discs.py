"""Homogeneous discs with a circular edge in one picture: votes of edges for centres, then a look along rays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Array = npt.NDArray[np.float64]
Picture = npt.NDArray[np.float32]

LEAST_GRADIENT_HU_PER_MM = 3.0
VOTES_INSIDE = 0.42
VOTES_AT_BORDER = 0.15
MOST_CANDIDATES = (30, 10)
"""Whole circles, and such as the field may cut."""
N_RAYS = 72
RAY_REACH = 1.5
"""Rays go this many radii out."""
EDGE_WINDOW = 0.25
EDGE_TOLERANCE = 0.07
DARK_DISC_SURROUND_LIMIT_HU = 300.0
"""A disc darker than its surround is a rod in resin, not the marrow canal within a cortex."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plane:
    """Pixel spacing (row, column) in mm of a picture, and how circles across the rods' axis look on it.

    `slope` is the axis' drift (row, column) in mm per mm along the slice normal.
    """

    pixel_mm: tuple[float, float]
    slope: tuple[float, float] = (0.0, 0.0)

    @property
    def frame(self) -> Array:
        """2×2; rows are the picture's (row, column) offsets of two unit vectors at right angles across the axis."""
        axis = np.array([1.0, *self.slope])
        axis /= np.linalg.norm(axis)
        first = np.array([0.0, 1.0, 0.0]) - axis * axis[1]
        first /= np.linalg.norm(first)
        both = np.stack([first, np.cross(axis, first)])
        slid: Array = (both - both[:, :1] / axis[0] * axis)[:, 1:]
        return slid


@dataclass(frozen=True, slots=True, kw_only=True)
class Disc:
    """A disc seen in a picture; centre (row, column) in mm from the picture's first pixel.

    `coverage` is the share of the visible circle with an edge in its place, `visible` the share of the circle inside
    the field. `step_hu` is inside less outside.
    """

    centre_mm: tuple[float, float]
    radius_mm: float
    coverage: float
    visible: float
    step_hu: float
    core_hu: float
    edge_sigma_mm: float
    votes: float = 0.0


def candidate_discs(
    picture: Picture,
    valid: npt.NDArray[np.bool_],
    plane: Plane,
    radii_mm: tuple[float, float],
    *,
    ripple: Picture | None = None,
    smoothing_mm: float = 0.0,
) -> list[tuple[float, float, float, float]]:
    """(row mm, column mm, radius mm, votes), the most voted first; each may lie partly outside the picture.

    `ripple` is a picture of noise alone, as much of it as `picture` holds; it tells what gradient is an edge.
    Edges are sought after smoothing by one pixel, or by `smoothing_mm` where that is more: faint rods need it, rods
    close to a strong edge do not bear it.
    """
    points, inward = _edges(picture, valid, plane, ripple, smoothing_mm)
    if not len(points):
        return []
    pitch = min(plane.pixel_mm)
    pad = radii_mm[1]
    shape = tuple(
        int(np.ceil((n * mm + 2 * pad) / pitch)) + 1 for n, mm in zip(picture.shape, plane.pixel_mm, strict=True)
    )
    depth = _depth_mm(valid, plane.pixel_mm)
    found: list[npt.NDArray[np.float64]] = []
    for radius in _radii(radii_mm, pitch):
        cells = np.zeros(shape[0] * shape[1], dtype=np.float32)
        for sign in (1.0, -1.0):
            at = np.rint((points + sign * radius * inward + pad) / pitch).astype(np.intp)
            keep = ((at >= 0) & (at < shape)).all(axis=1)
            cells += np.bincount(at[keep, 0] * shape[1] + at[keep, 1], minlength=len(cells))
        share = ndimage.uniform_filter(cells.reshape(shape), 3, mode="constant") * (9.0 * pitch / (2 * np.pi * radius))
        where = np.argwhere(share > VOTES_AT_BORDER)
        centre = np.asarray(where * pitch - pad, dtype=np.float64)
        votes = share[where[:, 0], where[:, 1]]
        whole = depth(centre) >= radius
        keep = votes > np.where(whole, VOTES_INSIDE, VOTES_AT_BORDER)
        found.append(np.column_stack([centre[keep], np.full(keep.sum(), radius), votes[keep], whole[keep]]))
    return _thinned(np.concatenate(found))


def _depth_mm(valid: npt.NDArray[np.bool_], pixel_mm: tuple[float, float]) -> Callable[[Array], Array]:
    """How far inside the field points (row, column) in mm lie, negative outside the picture."""
    last = [(n - 1) * mm for n, mm in zip(valid.shape, pixel_mm, strict=True)]
    field = None if valid.all() else ndimage.distance_transform_edt(valid, sampling=pixel_mm)

    def depth(points: Array) -> Array:
        to_border = np.minimum(points, np.array(last) - points).min(axis=1)
        if field is None:
            return np.asarray(to_border)
        at = np.clip(np.rint(points / np.array(pixel_mm)).astype(np.intp), 0, np.array(valid.shape) - 1)
        return np.asarray(np.minimum(to_border, field[at[:, 0], at[:, 1]]))

    return depth


def _radii(radii_mm: tuple[float, float], pitch: float) -> list[float]:
    radii = [radii_mm[0]]
    while radii[-1] < radii_mm[1]:
        radii.append(radii[-1] + max(0.7 * pitch, 0.05 * radii[-1]))
    return radii


def _edges(
    picture: Picture, valid: npt.NDArray[np.bool_], plane: Plane, ripple: Picture | None, smoothing_mm: float
) -> tuple[Array, Array]:
    """Thin edge points (row, column) in mm and the unit gradient at each."""
    sigmas = [max(1.0, smoothing_mm / mm) for mm in plane.pixel_mm]
    smooth = ndimage.gaussian_filter(np.clip(picture, -300.0, 2500.0), sigmas)
    rise = np.stack(np.gradient(smooth, *plane.pixel_mm))
    size = np.sqrt((rise**2).sum(axis=0))
    soft = valid & (smooth > -250.0)
    if not soft.any():
        return np.empty((0, 2)), np.empty((0, 2))
    if ripple is None:
        # The quietest fifth of the picture is noise alone, whose gradient follows Rayleigh's law.
        noise = float(np.quantile(size[soft], 0.2)) / 0.668
    else:
        wave = np.stack(np.gradient(ndimage.gaussian_filter(ripple, sigmas), *plane.pixel_mm))
        noise = float(np.median(np.sqrt((wave**2).sum(axis=0))[soft])) / 1.177
    strong = size > max(2.5 * noise, LEAST_GRADIENT_HU_PER_MM)
    strong &= ndimage.binary_erosion(valid, iterations=2, border_value=1)
    at = np.argwhere(strong)
    unit = (rise[:, strong] / size[strong]).T
    # Along the gradient, one pixel to either side: only the crest of an edge votes.
    step = unit / np.abs(unit).max(axis=1, keepdims=True)
    here = size[strong]
    crest = np.ones(len(at), dtype=bool)
    for side in (1.0, -1.0):
        crest &= here >= ndimage.map_coordinates(size, (at + side * step).T, order=1, mode="nearest")
    return at[crest] * np.array(plane.pixel_mm), unit[crest]


def _thinned(found: Array) -> list[tuple[float, float, float, float]]:
    """The most voted of each heap of neighbours."""
    kept: list[tuple[float, float, float, float]] = []
    for whole, most in zip((1.0, 0.0), MOST_CANDIDATES, strict=True):
        group = found[found[:, 4] == whole]
        group = group[np.argsort(-group[:, 3], kind="stable")]
        n = 0
        while len(group) and n < most:
            row, column, radius, votes = (float(value) for value in group[0, :4])
            kept.append((row, column, radius, votes))
            n += 1
            apart = np.hypot(group[:, 0] - row, group[:, 1] - column)
            group = group[(apart > 0.35 * radius) | (np.abs(group[:, 2] - radius) > 0.35 * radius)]
    return kept


def look_at_disc(
    picture: Picture,
    valid: npt.NDArray[np.bool_],
    plane: Plane,
    centre_mm: tuple[float, float],
    radius_mm: float,
    *,
    noise_hu: float,
    least_coverage: float,
) -> Disc | None:
    """The disc near a centre, placed between pixels, or `None` where there is no homogeneous disc.

    Rays from the centre find the edge; a circle is fitted to the edges and the rays are cast anew from its centre.
    """
    disc = _settle(picture, valid, plane, (centre_mm, radius_mm), noise_hu)
    return disc if disc is not None and disc.coverage >= least_coverage else None


def _settle(
    picture: Picture,
    valid: npt.NDArray[np.bool_],
    plane: Plane,
    guess: tuple[tuple[float, float], float],
    noise_hu: float,
) -> Disc | None:
    """The circle that the edges near a guess settle on, or `None`."""
    (row, column), radius = guess
    frame = plane.frame
    angles = np.arange(N_RAYS) * (2 * np.pi / N_RAYS)
    turn = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    sign = 0.0
    for _ in range(5):
        reach, values, inside = _rays(picture, valid, plane, (row, column), radius, turn @ frame)
        sign = sign or _sign(reach, values, inside, radius)
        edge, _, seen = _edge_on_rays(reach, values, inside, radius, sign)
        near = seen & _near(edge, seen, radius, plane)
        if near.sum() < max(8.0, 0.4 * seen.sum()):
            return None
        design = np.column_stack([np.ones(near.sum()), turn[near]])
        change = np.linalg.solve(design.T @ design + 1e-9 * np.eye(3), design.T @ edge[near])
        moved = change[1:] @ frame
        settled = abs(change[0] - radius) + np.abs(moved).sum() < 0.05 * min(plane.pixel_mm)
        radius, row, column = float(change[0]), row + float(moved[0]), column + float(moved[1])
        if not 0.6 * guess[1] < radius < 1.6 * guess[1]:
            return None
        if settled:
            break
    return _seen_disc(picture, valid, plane, ((row, column), radius, sign), noise_hu)


def _seen_disc(
    picture: Picture,
    valid: npt.NDArray[np.bool_],
    plane: Plane,
    circle: tuple[tuple[float, float], float, float],
    noise_hu: float,
) -> Disc | None:
    """What a settled circle holds, or `None` where it is no flat disc."""
    centre, radius, sign = circle
    angles = np.arange(N_RAYS) * (2 * np.pi / N_RAYS)
    directions = np.stack([np.cos(angles), np.sin(angles)], axis=1) @ plane.frame
    reach, values, inside = _rays(picture, valid, plane, centre, radius, directions)
    edge, strength, seen = _edge_on_rays(reach, values, inside, radius, sign)
    if seen.sum() < N_RAYS // 5:
        return None
    near = seen & (np.abs(edge - radius) <= max(0.6 * min(plane.pixel_mm), EDGE_TOLERANCE * radius))
    near &= strength > 0.25 * np.median(strength[seen])
    found = _judge(reach, values, inside, near, radius, sign, noise_hu)
    if found is None:
        return None
    step, core, sigma = found
    return Disc(
        centre_mm=centre,
        radius_mm=radius,
        coverage=float(near.sum() / seen.sum()),
        visible=float(inside[:, reach <= 1.1 * radius].all(axis=1).mean()),
        step_hu=step,
        core_hu=core,
        edge_sigma_mm=sigma,
    )


def _sign(reach: Array, values: Array, inside: npt.NDArray[np.bool_], radius: float) -> float:
    """1 for a disc brighter than its surround, -1 for a darker one, by the majority of the rays."""
    core = (reach >= 0.4 * radius) & (reach <= 0.8 * radius)
    surround = (reach >= 1.15 * radius) & (reach <= 1.4 * radius)
    whole = inside[:, surround].all(axis=1) & inside[:, core].all(axis=1)
    steps = values[:, core].mean(axis=1) - values[:, surround].mean(axis=1)
    return -1.0 if whole.any() and np.median(steps[whole]) < 0 else 1.0


def _near(edge: Array, seen: npt.NDArray[np.bool_], radius: float, plane: Plane) -> npt.NDArray[np.bool_]:
    """Edges close to one circle whose centre may be a little off."""
    if not seen.any():
        return seen
    near: npt.NDArray[np.bool_] = np.abs(edge - np.median(edge[seen])) <= max(1.2 * min(plane.pixel_mm), 0.12 * radius)
    return near


def _rays(
    picture: Picture,
    valid: npt.NDArray[np.bool_],
    plane: Plane,
    centre_mm: tuple[float, float],
    radius: float,
    directions: Array,
) -> tuple[Array, Array, npt.NDArray[np.bool_]]:
    """Distances (samples), values and whether inside the field (rays, samples)."""
    pitch = 0.5 * min(plane.pixel_mm)
    reach = np.arange(0.0, RAY_REACH * radius + pitch, pitch)
    at = np.array(centre_mm)[:, None, None] + directions.T[:, :, None] * reach
    at /= np.array(plane.pixel_mm)[:, None, None]
    values = ndimage.map_coordinates(picture, at, order=1, mode="nearest")
    whole = np.rint(at).astype(np.intp)
    last = np.array(picture.shape)[:, None, None] - 1
    within = ((at >= 0) & (at <= last)).all(axis=0)
    whole = np.clip(whole, 0, last)
    inside: npt.NDArray[np.bool_] = within & valid[whole[0], whole[1]]
    return reach, np.asarray(values, dtype=np.float64), inside


def _edge_on_rays(
    reach: Array, values: Array, inside: npt.NDArray[np.bool_], radius: float, sign: float
) -> tuple[Array, Array, npt.NDArray[np.bool_]]:
    """Where each ray falls steepest near the radius, how steep, and whether the ray is seen there."""
    pitch = reach[1] - reach[0]
    smooth = ndimage.gaussian_filter1d(values, 1.5, axis=1)
    # Neighbouring rays see the same edge: a little smoothing around the circle lifts it out of the noise.
    smooth = ndimage.gaussian_filter1d(smooth, 1.0, axis=0, mode="wrap")
    fall = -sign * np.gradient(smooth, pitch, axis=1)
    window = np.flatnonzero(np.abs(reach - radius) <= max(EDGE_WINDOW * radius, 2.0 * pitch))
    part = fall[:, window]
    best = part.argmax(axis=1)
    rows = np.arange(len(part))
    strength = part[rows, best]
    left, right = part[rows, np.maximum(best - 1, 0)], part[rows, np.minimum(best + 1, len(window) - 1)]
    bend = left - 2 * strength + right
    inner = (best > 0) & (best < len(window) - 1) & (bend < 0)
    offset = np.where(inner, 0.5 * (left - right) / np.where(inner, bend, -1.0), 0.0)
    edge = reach[window[best]] + np.clip(offset, -0.5, 0.5) * pitch
    seen = inside[:, window].all(axis=1) & (strength > 0)
    return edge, strength, seen


def _judge(
    reach: Array,
    values: Array,
    inside: npt.NDArray[np.bool_],
    near: npt.NDArray[np.bool_],
    radius: float,
    sign: float,
    noise_hu: float,
) -> tuple[float, float, float] | None:
    """Step, core value and edge width of a flat disc, or `None`: bones have a shell, vessels and tendons a texture."""
    if near.sum() < 5:
        return None
    profile = np.where(inside & near[:, None], values, np.nan)
    pitch = reach[1] - reach[0]
    n_seen = np.isfinite(profile).sum(axis=0)
    mean = np.divide(np.nansum(profile, axis=0), n_seen, out=np.full(len(reach), np.nan), where=n_seen > 0)
    core = reach <= max(0.65 * radius, 2 * pitch)
    level = float(np.nanmedian(values[:, core][inside[:, core]])) if inside[:, core].any() else float(np.nanmean(mean))
    out = (reach >= 1.2 * radius) & (reach <= 1.4 * radius)
    if not np.isfinite(mean[out]).any():
        return None
    step = level - float(np.nanmean(mean[out]))
    noise = noise_hu / np.sqrt(max(near.sum() / 3.0, 1.0))
    if step * sign < max(6.0, 3.0 * noise) or not -300.0 < level < 2500.0:
        return None
    if sign < 0 and level - step > DARK_DISC_SURROUND_LIMIT_HU:
        return None
    slack = 8.0 + 0.12 * abs(step) + 4.0 * noise
    body = mean[reach <= 0.9 * radius]
    if np.nanmax(np.abs(body - level) * (sign * (body - level) > 0), initial=0.0) > slack:
        return None
    if not _is_flat(values, inside, reach, radius, level, 8.0 + 0.06 * abs(step), noise_hu):
        return None
    fall = -np.gradient(mean, pitch)[(reach > 0.5 * radius) & (reach < RAY_REACH * radius)] * sign
    steepest = float(np.nanmax(fall, initial=0.0))
    return step, level, abs(step) / (np.sqrt(2 * np.pi) * steepest) if steepest > 0 else pitch


def _is_flat(
    values: Array,
    inside: npt.NDArray[np.bool_],
    reach: Array,
    radius: float,
    level: float,
    slack: float,
    noise_hu: float,
) -> bool:
    """Whether eight sectors and three rings of the inner disc read the same but for noise."""
    parts = []
    for low, high in ((0.0, 0.35), (0.35, 0.6), (0.6, 0.72)):
        ring = (reach >= low * radius) & (reach <= high * radius)
        if not ring.any():
            continue
        for sector in np.array_split(np.arange(N_RAYS), 1 if low == 0.0 else 8):
            use = inside[np.ix_(sector, np.flatnonzero(ring))]
            if use.mean() > 0.7:
                parts.append((float(values[np.ix_(sector, np.flatnonzero(ring))][use].mean()), len(sector)))
    if not parts:
        return False
    off = np.array([abs(value - level) for value, _ in parts])
    return bool(np.quantile(off, 0.9) <= slack + 2.5 * noise_hu and off.max() <= 2 * slack + 4.0 * noise_hu)
