"""From stored values to HU: what slope and intercept mean, and whether they may be used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bonemetrics.errors import ReadError
from bonemetrics.readers.frames import FrameFacts
from bonemetrics.readers.scanco import ScancoValues
from bonemetrics.records import Problem, note

_AGREEMENT = 1e-3
_HU_TYPES = frozenset({"", "HU", "US"})
_DENSITY_TYPES = frozenset({"MGML", "MG/ML", "MG/CCM", "MG/CM3", "MG/CC", "MG HA/CCM", "MGHA/CCM", "BMD", "DENSITY"})
_AIR_HU = -1000.0
_SCANCO_HU_BELOW = -900.0
"""Scanco's native 0 is air: -1000 HU (-1024 where another program moved it), or about -150 to -600 as a density."""
_EXACT_IN_FLOAT32 = 1 << 23
_BLOCK_PIXELS = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Rescale:
    """HU = slope × stored + intercept for each slice in order, and what was noted on the way."""

    slopes: tuple[float, ...]
    intercepts: tuple[float, ...]
    notes: tuple[Problem, ...] = ()


def rescale_to_hu(frames: Sequence[FrameFacts], scanco: ScancoValues | None) -> Rescale:
    """Settle how each slice's stored values become HU.

    Parameters
    ----------
    frames
        Slices in order.
    scanco
        The scanner's private values, where the file holds them.

    Raises
    ------
    ReadError
        `missing-rescale`, `invalid-rescale`, `rescale-meaning-unknown` or `density-not-hu`.
    """
    _require_rescale(frames)
    slopes = tuple(frame.slope or 0.0 for frame in frames)
    intercepts = tuple(frame.intercept or 0.0 for frame in frames)
    kind = frames[0].rescale_type
    if scanco is not None and scanco.complete:
        return _from_scanco(slopes, intercepts, scanco)
    if scanco is not None and max(intercepts) > _SCANCO_HU_BELOW and kind != "HU":
        raise ReadError(
            "the scanner's own constants are not all there, so whether the values are HU or density cannot be checked",
            code="rescale-meaning-unknown",
        )
    if kind in _DENSITY_TYPES:
        raise ReadError(
            "the file holds densities and not the constants to get back to HU; export it with HU or native values",
            code="density-not-hu",
        )
    if kind not in _HU_TYPES:
        raise ReadError("RescaleType names neither HU nor a density", code="rescale-meaning-unknown")
    return Rescale(slopes=slopes, intercepts=intercepts)


def _require_rescale(frames: Sequence[FrameFacts]) -> None:
    without = [frame for frame in frames if frame.slope is None or frame.intercept is None]
    if without:
        raise ReadError(
            f"{len(without)} of {len(frames)} slices have no RescaleSlope and RescaleIntercept", code="missing-rescale"
        )
    if any(frame.slope is None or frame.slope <= 0 for frame in frames):
        raise ReadError("RescaleSlope is zero or negative", code="invalid-rescale")


def _from_scanco(slopes: tuple[float, ...], intercepts: tuple[float, ...], scanco: ScancoValues) -> Rescale:
    scaling, water = scanco.mu_scaling or 0.0, scanco.mu_water_per_cm or 0.0
    slope, intercept = scanco.density_slope or 0.0, scanco.density_intercept or 0.0
    if scaling <= 0 or water <= 0:
        raise ReadError("the scanner's mu scaling or mu of water is not positive", code="invalid-rescale")
    to_hu = 1000.0 / (scaling * water)
    means_hu = _agree(slopes, to_hu) and _agree(intercepts, _AIR_HU)
    means_density = _agree(slopes, slope / scaling) and _agree(intercepts, intercept)
    if not means_hu and not means_density:
        raise ReadError(
            "slope and intercept fit neither HU nor density by the scanner's own constants within 0.1 %",
            code="rescale-meaning-unknown",
        )
    notes = () if means_hu else (note("rescale-gives-density", "HU computed from native values and mu of water"),)
    count = len(slopes)
    return Rescale(slopes=(to_hu,) * count, intercepts=(_AIR_HU,) * count, notes=notes)


def _agree(found: tuple[float, ...], expected: float) -> bool:
    return bool(np.allclose(found, expected, rtol=_AGREEMENT, atol=0))


def to_hu(stored: npt.NDArray[np.integer], slope: float, intercept: float, target: npt.NDArray[np.float32]) -> None:
    """Fill `target` with slope × stored + intercept, computed in float64 and rounded once to float32."""
    if slope == 1.0 and intercept.is_integer() and abs(intercept) < _EXACT_IN_FLOAT32 and stored.itemsize <= 2:
        # All numbers involved are whole and below 2^24, so float32 is exact and no wider step is needed.
        np.add(stored, np.float32(intercept), out=target, dtype=np.float32)
        return
    rows = max(1, _BLOCK_PIXELS // stored.shape[1])
    block = np.empty((rows, stored.shape[1]), dtype=np.float64)
    for first in range(0, stored.shape[0], rows):
        part = stored[first : first + rows]
        exact = block[: len(part)]
        np.multiply(part, slope, out=exact)
        np.add(exact, intercept, out=target[first : first + rows], casting="same_kind")
