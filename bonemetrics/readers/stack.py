"""Slices in space: their order, their even spacing, and the grid they make, from position and orientation alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bonemetrics.errors import ReadError
from bonemetrics.readers.frames import FrameFacts

JITTER = 0.02
"""Positions may lie this fraction of the spacing off an even row without harm."""
_SAME_COSINE = 1e-3
_SAME_POSITION_MM = 0.001
_STRAIGHT_PIXELS = 0.25
_TILT_DEGREES = 0.5
_EXACT_FIT_SLICES = 2000

Vector = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plane:
    """The common orientation of all slices: unit vectors in LPS, `normal` = cross(row, column)."""

    along_row: Vector
    along_column: Vector
    normal: Vector


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """An even stack of slices. `drift_mm` is the shift per slice along (row direction, column direction)."""

    plane: Plane
    origin: Vector
    step_mm: float
    drift_mm: tuple[float, float]
    pixel_spacing_mm: tuple[float, float]
    straight: bool

    def affine(self) -> npt.NDArray[np.float64]:
        """4×4, (slice, row, column) to LPS mm, of the stack without drift."""
        affine = np.eye(4)
        affine[:3, 0] = self.plane.normal * self.step_mm
        affine[:3, 1] = self.plane.along_column * self.pixel_spacing_mm[0]
        affine[:3, 2] = self.plane.along_row * self.pixel_spacing_mm[1]
        affine[:3, 3] = self.origin
        return affine


def common_plane(frames: Sequence[FrameFacts]) -> Plane:
    """The orientation that all slices share.

    Raises
    ------
    ReadError
        `missing-position`, `invalid-geometry` or `mixed-orientation`.
    """
    without = [index for index, frame in enumerate(frames) if not frame.position or not frame.orientation]
    if without:
        raise ReadError(
            f"{len(without)} of {len(frames)} slices have no position or orientation in the patient; "
            "the order of files or instance numbers is no substitute",
            code="missing-position",
        )
    cosines = np.array([frame.orientation for frame in frames])
    lengths = np.linalg.norm(cosines.reshape(-1, 2, 3), axis=2)
    skew = np.abs((cosines[:, :3] * cosines[:, 3:]).sum(axis=1))
    if np.abs(lengths - 1).max() > _SAME_COSINE or skew.max() > _SAME_COSINE:
        raise ReadError(
            "the row and column directions are not two unit vectors at right angles", code="invalid-geometry"
        )
    off = np.abs(cosines - np.median(cosines, axis=0)).max(axis=1)
    if off.max() > _SAME_COSINE:
        raise ReadError(
            f"{int((off > _SAME_COSINE).sum())} of {len(frames)} slices are turned against the others",
            code="mixed-orientation",
        )
    along_row = cosines[0, :3] / lengths[0, 0]
    normal = np.cross(along_row, cosines[0, 3:])
    normal /= np.linalg.norm(normal)
    return Plane(along_row=along_row, along_column=np.cross(normal, along_row), normal=normal)


def order_of(frames: Sequence[FrameFacts], plane: Plane) -> npt.NDArray[np.intp]:
    """Indices of `frames` in the order of their position along the slice normal."""
    heights = np.array([frame.position for frame in frames]) @ plane.normal
    return np.argsort(heights, kind="stable")


def same_position(one: FrameFacts, other: FrameFacts, plane: Plane) -> bool:
    """Whether two pictures lie at one height, within 0.001 mm along the normal."""
    apart = (np.array(one.position) - np.array(other.position)) @ plane.normal
    return bool(abs(apart) < _SAME_POSITION_MM)


def even_stack(frames: Sequence[FrameFacts], plane: Plane, tilt_degrees: float) -> Stack:
    """The stack that ordered slices make.

    Parameters
    ----------
    frames
        Slices in order, each at its own height.
    plane
        Their orientation.
    tilt_degrees
        What the file says of the gantry.

    Returns
    -------
    Stack
        `straight` is false where the slices drift sideways.

    Raises
    ------
    ReadError
        `single-slice`, `missing-slice`, `uneven-spacing`, or `gantry-tilt` where the file names a tilt that the
        positions do not show.
    """
    if len(frames) < 2:
        raise ReadError("one slice alone has no slice spacing, so it is no volume", code="single-slice")
    positions = np.array([frame.position for frame in frames])
    heights = positions @ plane.normal
    _require_even(heights)
    step = _slope(heights)
    sideways = (positions - positions[0]) @ np.stack([plane.along_row, plane.along_column], axis=1)
    spacing = frames[0].spacing
    tolerances = [max(JITTER * step, _STRAIGHT_PIXELS * size) for size in (spacing[1], spacing[0])]
    straight = bool((np.ptp(sideways, axis=0) <= 2 * np.array(tolerances)).all())
    if straight and abs(tilt_degrees) >= _TILT_DEGREES:
        raise ReadError(
            f"the header names a gantry tilt of {tilt_degrees:g}° that slice positions do not show, "
            "so they cannot be trusted",
            code="gantry-tilt",
        )
    if not straight and not all(_on_a_line(sideways[:, axis], JITTER * step) for axis in (0, 1)):
        raise ReadError("slices are shifted sideways by uneven amounts", code="uneven-spacing")
    drift = sideways[-1] / (len(frames) - 1)
    return Stack(
        plane=plane,
        origin=positions[0],
        step_mm=step,
        drift_mm=(0.0, 0.0) if straight else (float(drift[0]), float(drift[1])),
        pixel_spacing_mm=spacing,
        straight=straight,
    )


def _require_even(heights: Vector) -> None:
    if _in_an_even_row(heights):
        return
    gaps = np.diff(heights)
    usual = float(np.median(gaps))
    multiples = gaps / usual
    whole = np.rint(multiples)
    wide = whole >= 2
    near = np.abs(multiples - whole) < 0.1
    # Gaps of whole multiples are missing slices only where the usual gap is the rule, not one of two spacings.
    if wide.any() and near.all() and wide.mean() < 1 / 4:
        after = np.flatnonzero(wide).tolist()
        missing = int((whole[wide] - 1).sum())
        raise ReadError(
            f"{missing} slice(s) missing: wider than {usual:.4g} mm after slice {_listed(after)} of {len(heights)}",
            code="missing-slice",
        )
    raise ReadError(
        f"slices are {gaps.min():.4g} to {gaps.max():.4g} mm apart; "
        f"positions may be {JITTER:.0%} of the spacing off an even row",
        code="uneven-spacing",
    )


def _slope(values: Vector) -> float:
    """Least-squares step from value to value: jitter of the two ends counts no more than that of the others."""
    count = np.arange(len(values), dtype=np.float64)
    count -= count.mean()
    return float(count @ (values - values[0]) / (count @ count))


def _in_an_even_row(heights: Vector) -> bool:
    """Whether for some spacing all heights lie within `JITTER` of it, and 0.1 µm for rounding, of an even row.

    A pair `run` places and `rise` mm apart bounds that spacing to rise / (run ± 2 JITTER), since both ends may be off.
    """
    if len(heights) > _EXACT_FIT_SLICES:
        return _on_a_line(heights, JITTER * float(heights[-1] - heights[0]) / (len(heights) - 1))
    first, second = np.triu_indices(len(heights), 1)
    rise, run = heights[second] - heights[first], (second - first).astype(np.float64)
    low, high = (rise - 2e-4) / (run + 2 * JITTER), (rise + 2e-4) / (run - 2 * JITTER)
    return bool(low.max() <= high.min() * (1 + 1e-9))


def _on_a_line(values: Vector, tolerance: float) -> bool:
    """Whether some straight line passes all values, taken at equal steps, within `tolerance`.

    Each pair of points bounds the line's slope; a line exists just where all bounds overlap.
    """
    tolerance = max(tolerance, 1e-4) * (1 + 1e-6)
    count = np.arange(len(values), dtype=np.float64)
    if len(values) > _EXACT_FIT_SLICES:
        fit = np.polynomial.Polynomial.fit(count, values, 1)
        return bool(np.abs(values - fit(count)).max() <= tolerance)
    first, second = np.triu_indices(len(values), 1)
    rise, run = values[second] - values[first], count[second] - count[first]
    return bool(((rise - 2 * tolerance) / run).max() <= ((rise + 2 * tolerance) / run).min())


def _listed(indices: list[int]) -> str:
    shown = ", ".join(str(index) for index in indices[:5])
    return shown + (" …" if len(indices) > 5 else "")
