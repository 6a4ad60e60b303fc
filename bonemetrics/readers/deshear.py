"""Tilted or sheared stacks moved into line: each slice is shifted within its own plane, never mixed with others."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from bonemetrics.errors import ReadError
from bonemetrics.readers.limits import MAX_VOLUME_VOXELS
from bonemetrics.readers.padding import OUTSIDE_HU
from bonemetrics.readers.stack import Stack


def deshear(hu: npt.NDArray[np.float32], stack: Stack) -> tuple[npt.NDArray[np.float32], Stack]:
    """Resample a drifting stack onto a straight grid with the same planes, spacing and pixel size.

    The grid is widened so that no slice loses a part; what no slice covers is set to -1000 HU. Shifts are made with
    cubic splines, whole pixels without any interpolation.

    Parameters
    ----------
    hu
        Volume (slice, row, column) of the drifting stack.
    stack
        Its positions; `drift_mm` is not zero.

    Returns
    -------
    tuple
        The straight volume and its stack.

    Raises
    ------
    ReadError
        `too-large` where the widened grid is beyond the limit.
    """
    along_row_mm, along_column_mm = stack.drift_mm
    rows = _shifts(along_column_mm / stack.pixel_spacing_mm[0], len(hu))
    columns = _shifts(along_row_mm / stack.pixel_spacing_mm[1], len(hu))
    first_row, first_column = math.floor(rows.min()), math.floor(columns.min())
    shape = (
        len(hu),
        hu.shape[1] + math.ceil(rows.max()) - first_row,
        hu.shape[2] + math.ceil(columns.max()) - first_column,
    )
    if np.prod(shape, dtype=np.float64) > MAX_VOLUME_VOXELS:
        raise ReadError(f"the straightened stack would have {shape} voxels", code="too-large")
    straight = np.full(shape, OUTSIDE_HU, dtype=np.float32)
    for number, one in enumerate(hu):
        _place(one, rows[number] - first_row, columns[number] - first_column, straight[number])
    origin = (
        stack.origin
        + first_row * stack.pixel_spacing_mm[0] * stack.plane.along_column
        + first_column * stack.pixel_spacing_mm[1] * stack.plane.along_row
    )
    return straight, replace(stack, origin=origin, drift_mm=(0.0, 0.0), straight=True)


def _shifts(per_slice: float, count: int) -> npt.NDArray[np.float64]:
    """Shift of each slice in pixels; a rounding error of 1e-6 pixels is no reason to interpolate."""
    exact = per_slice * np.arange(count)
    whole = np.rint(exact)
    return np.where(np.abs(exact - whole) < 1e-6, whole, exact)


def _place(one: npt.NDArray[np.float32], row: float, column: float, target: npt.NDArray[np.float32]) -> None:
    """Put a slice into `target` with its pixel (0, 0) at (row, column)."""
    top, left = math.floor(row), math.floor(column)
    part = (row - top, column - left)
    moved: npt.NDArray[np.floating[Any]] = one
    if part != (0.0, 0.0):
        from scipy.ndimage import shift

        moved = shift(one.astype(np.float64), part, order=3, mode="nearest")
    # A shift by part of a pixel leaves the first row or column without data on one side: it is not invented.
    skip_rows, skip_columns = int(part[0] > 0), int(part[1] > 0)
    target[top + skip_rows : top + one.shape[0], left + skip_columns : left + one.shape[1]] = moved[
        skip_rows:, skip_columns:
    ]
