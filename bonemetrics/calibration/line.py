"""Straight lines through rods: ordinary least squares, its covariance, and its inversion."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Covariance = tuple[tuple[float, float], tuple[float, float]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Line:
    """y = slope × x + intercept by ordinary least squares.

    `leverage` is the diagonal of the hat matrix; `sensitivity` is 2×n, the change of (slope, intercept) per change
    of each y.
    """

    slope: float
    intercept: float
    residuals: Array
    leverage: Array
    sensitivity: Array
    r: float

    @property
    def degrees_of_freedom(self) -> int:
        """Points beyond the two that a line needs."""
        return len(self.residuals) - 2

    @property
    def residual_variance(self) -> float:
        """Variance about the line, or 0 with two points, which every line meets."""
        if self.degrees_of_freedom < 1:
            return 0.0
        return float(self.residuals @ self.residuals) / self.degrees_of_freedom

    @property
    def slope_standard_error(self) -> float:
        """Standard error of the slope from the residuals alone."""
        return math.sqrt(self.residual_variance * float(self.sensitivity[0] @ self.sensitivity[0]))

    def covariance(self, variances: Array) -> Array:
        """2×2 covariance of (slope, intercept) for independent y with these variances."""
        spread: Array = (self.sensitivity * variances) @ self.sensitivity.T
        return spread


def fit_line(x: Sequence[float] | Array, y: Sequence[float] | Array) -> Line:
    """The least-squares line of y on x.

    Raises
    ------
    ValueError
        With fewer than two points, lengths that differ, or x that are all equal.
    """
    xs, ys = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if xs.ndim != 1 or xs.shape != ys.shape or len(xs) < 2:
        raise ValueError("a line needs two or more points with one x and one y each")
    dx, dy = xs - xs.mean(), ys - ys.mean()
    sxx, syy = float(dx @ dx), float(dy @ dy)
    if sxx <= 0.0:
        raise ValueError("a line needs two different x")
    slope = float(dx @ dy) / sxx
    intercept = float(ys.mean() - slope * xs.mean())
    per_slope = dx / sxx
    return Line(
        slope=slope,
        intercept=intercept,
        residuals=ys - slope * xs - intercept,
        leverage=1.0 / len(xs) + dx * dx / sxx,
        sensitivity=np.stack([per_slope, 1.0 / len(xs) - xs.mean() * per_slope]),
        r=float(dx @ dy) / math.sqrt(sxx * syy) if syy > 0 else 0.0,
    )


def invert(slope: float, intercept: float, covariance: Array) -> tuple[float, float, Covariance]:
    """The line solved for x, x = y / slope - intercept / slope, with its covariance to first order.

    Parameters
    ----------
    slope, intercept
        Of y on x.
    covariance
        2×2 of (slope, intercept).

    Returns
    -------
    tuple
        Inverse slope, inverse intercept and their covariance.

    References
    ----------
    JCGM 100:2008 (GUM), equation 13 (law of propagation for correlated input).
    """
    turned = np.array([[-1.0 / slope**2, 0.0], [intercept / slope**2, -1.0 / slope]])
    spread = turned @ covariance @ turned.T
    return (
        1.0 / slope,
        -intercept / slope,
        (
            (float(spread[0, 0]), float(spread[0, 1])),
            (float(spread[0, 1]), float(spread[1, 1])),
        ),
    )
