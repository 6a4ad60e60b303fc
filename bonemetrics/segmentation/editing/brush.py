"""Paint or erase along a stroke, with a disc in one slice or a ball, within a range of densities."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt

from bonemetrics.errors import UsageError
from bonemetrics.segmentation.editing.patch import LabelPatch, inner
from bonemetrics.segmentation.editing.planes import Flags, require_length
from bonemetrics.volume import Box, DensityVolume, Geometry, LabelVolume

Places = npt.NDArray[np.float64]
_PIECE_RADII = 3.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DensityLimit:
    """The densities that may be painted, both ends included, in mg/cm³ of the material of `density`.

    An open end is ±infinity.
    """

    density: DensityVolume
    low_mg_per_cm3: float
    high_mg_per_cm3: float

    def __post_init__(self) -> None:
        # `not <=` refuses NaN as well.
        if not self.low_mg_per_cm3 <= self.high_mg_per_cm3:
            raise UsageError(
                f"a density range runs from low to high, found {self.low_mg_per_cm3} to {self.high_mg_per_cm3} mg/cm³"
            )

    def holds(self, box: Box) -> Flags:
        """Which voxels of a box lie in the range."""
        values = self.density.mg_per_cm3[box]
        return np.asarray((values >= self.low_mg_per_cm3) & (values <= self.high_mg_per_cm3))


def paint(
    labels: LabelVolume,
    points: npt.ArrayLike,
    *,
    label: int,
    radius_mm: float,
    shape: Literal["disc", "ball"] = "disc",
    limit: DensityLimit | None = None,
    over: Collection[int] | None = None,
) -> LabelPatch:
    """Give a label to the voxels whose centre lies within reach of a stroke.

    Parameters
    ----------
    labels
        Axes (slice, row, column).
    points
        One point or a stroke (n, 3) in index coordinates (slice, row, column), fractions allowed. Parts outside the
        grid paint nothing.
    label
        The label to paint; 0 erases.
    radius_mm
        Radius of the brush.
    shape
        `disc` paints in the slice nearest to the points, `ball` in all slices within the radius.
    limit
        Range of densities outside of which nothing is painted.
    over
        Labels that may be painted over; all where None.

    Returns
    -------
    LabelPatch
        The change, not applied; empty where the stroke reaches no voxel that may change.

    Raises
    ------
    GeometryMismatchError
        If the density of `limit` lies on another grid.
    UsageError
        If the radius is not above zero, a point is not finite, the points of a disc lie in several slices, or the
        label does not fit the labels' type.
    """
    require_length("radius_mm", radius_mm)
    stroke = _stroke(points, shape)
    if not 0 <= label <= np.iinfo(labels.labels.dtype).max:
        raise UsageError(f"label {label} does not fit labels of type {labels.labels.dtype}")
    if limit is not None:
        limit.density.geometry.require_same_grid(labels.geometry)
    box, reached = _swept(labels.geometry, stroke, radius_mm, flat=shape == "disc")
    before = labels.labels[box]
    if limit is not None:
        reached &= limit.holds(box)
    if over is not None:
        reached &= np.isin(before, list(over))
    after = before.copy()
    after[reached] = label
    return LabelPatch.between(box, before, after)


def _stroke(points: npt.ArrayLike, shape: str) -> Places:
    stroke = np.atleast_2d(np.asarray(points, dtype=np.float64))
    if stroke.ndim != 2 or stroke.shape[1] != 3 or len(stroke) == 0 or not np.isfinite(stroke).all():
        raise UsageError("a stroke is one or more finite points (slice, row, column)")
    if shape not in ("disc", "ball"):
        raise UsageError(f"a brush is a disc or a ball, found {shape!r}")
    if shape == "disc":
        stroke = stroke.copy()
        stroke[:, 0] = np.rint(stroke[:, 0])
        if np.ptp(stroke[:, 0]) > 0:
            raise UsageError("the points of a disc lie in several slices; paint slice by slice, or with a ball")
    return stroke


def _swept(geometry: Geometry, stroke: Places, radius_mm: float, *, flat: bool) -> tuple[Box, Flags]:
    """The box around a stroke, and which of its voxels the brush sweeps over."""
    steps = geometry.affine_lps[:3, :3]
    # A ball of radius r reaches r·√(G⁻¹)ₖₖ voxels along index axis k, with the metric G of the grid.
    reach = radius_mm * np.sqrt(np.diag(np.linalg.inv(steps.T @ steps)))
    if flat:
        plane = steps[:, 1:]
        reach = np.array([0.0, *(radius_mm * np.sqrt(np.diag(np.linalg.inv(plane.T @ plane))))])
    box = _around(stroke, reach, geometry.shape)
    swept = np.zeros([part.stop - part.start for part in box], dtype=np.bool_)
    for first, last in _pieces(stroke, steps, radius_mm):
        part = _around(np.stack([first, last]), reach, geometry.shape)
        near = _within(part, first, last, steps, radius_mm)
        swept[inner(part, box)] |= near
    return box, swept


def _around(points: Places, reach: Places, shape: tuple[int, int, int]) -> Box:
    low, high = np.ceil(points.min(axis=0) - reach), np.floor(points.max(axis=0) + reach) + 1
    parts = []
    for start, stop, size in zip(low.tolist(), high.tolist(), shape, strict=True):
        first = int(min(max(start, 0), size))
        parts.append(slice(first, int(max(min(stop, size), first))))
    return parts[0], parts[1], parts[2]


def _pieces(stroke: Places, steps: Places, radius_mm: float) -> list[tuple[Places, Places]]:
    """The stroke in straight pieces, short enough that little but the brush lies in the box around one."""
    if len(stroke) == 1:
        return [(stroke[0], stroke[0])]
    pieces = []
    for first, last in pairwise(stroke):
        n = max(1, int(np.ceil(np.linalg.norm(steps @ (last - first)) / (_PIECE_RADII * radius_mm))))
        ends = first + (last - first) * np.linspace(0.0, 1.0, n + 1)[:, None]
        pieces += list(pairwise(ends))
    return pieces


def _within(part: Box, first: Places, last: Places, steps: Places, radius_mm: float) -> Flags:
    """Voxels of a box within the radius of a straight piece, by the grid's own metric."""
    axes = [np.arange(one.start, one.stop) - start for one, start in zip(part, first.tolist(), strict=True)]
    offset = [axis.reshape([-1 if k == n else 1 for n in range(3)]) for k, axis in enumerate(axes)]
    along = steps @ (last - first)
    length, reach = float(along @ along), radius_mm**2 * (1 + 1e-9)
    metric, pull = steps.T @ steps, steps.T @ along
    squared = sum(metric[k, k] * offset[k] ** 2 for k in range(3))
    # Nothing but rounding stands here where the axes cross at right angles.
    for a, b in ((0, 1), (0, 2), (1, 2)):
        if abs(metric[a, b]) > 1e-9 * np.sqrt(metric[a, a] * metric[b, b]):
            squared = squared + 2 * metric[a, b] * offset[a] * offset[b]
    if length == 0:
        return np.asarray(squared <= reach)
    dot = sum(pull[k] * offset[k] for k in range(3))
    share = np.clip(dot / length, 0.0, 1.0)
    return np.asarray(squared + share * (share * length - 2 * dot) <= reach)
