"""Whether the values of a volume can be HU of a limb at all: wrong signs, wrong scales, densities read as HU."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from bonemetrics.errors import ReadError

_LIMITS_HU = (-20_000.0, 40_000.0)
_LOOK_PIXELS = 1 << 20
_FEWEST_SLICES, _MOST_SLICES = 3, 16
_BLOCK = 8
_JUMP = 0.75
_JUMPS_ALLOWED = 5e-4
_SOFTEST_HU = 1500.0
_AIR_HU = -850.0
_AIR_SHARE = 1e-3
_NEITHER_AIR_NOR_TISSUE_HU = (-850.0, -300.0)
_FLAT_HU = 60.0
_FLAT_SHARE = 0.05


def require_plausible(hu: npt.NDArray[np.float32], extremes_hu: tuple[float, float], full_scale_hu: float) -> None:
    """Refuse values that cannot be HU of a limb.

    The checks are made so that a stack cropped to bone and marrow, without any air, passes: nothing is demanded to be
    present. Refused are values beyond any scanner's scale; neighbours that jump by almost the whole scale of stored
    values again and again, as a wrong sign makes them; a volume without anything softer than 1500 HU; and a flat
    background between -850 and -300 HU with nothing below it, which is how air looks in densities (about
    -390 mg/cm³ on Scanco scanners).

    Parameters
    ----------
    hu
        Volume (slice, row, column) in HU.
    extremes_hu
        Lowest and highest value of the volume, padding left out.
    full_scale_hu
        What the whole range of stored values spans in HU.

    Raises
    ------
    ReadError
        `implausible-hu`.
    """
    low, high = extremes_hu
    if low < _LIMITS_HU[0] or high > _LIMITS_HU[1]:
        raise _refusal(f"values reach from {low:.0f} to {high:.0f} HU; the sign of stored values may be wrong")
    count = min(max(_LOOK_PIXELS // hu[0].size, _FEWEST_SLICES), _MOST_SLICES)
    chosen = hu[np.unique(np.linspace(0, len(hu) - 1, count).round().astype(int))]
    if _share_of_jumps(chosen, full_scale_hu) > _JUMPS_ALLOWED:
        raise _refusal("neighbours jump by the whole scale; the sign of stored values is wrong")
    blocks = np.sort(_block_means(chosen), axis=None)
    low_end = float(blocks[len(blocks) // 20])
    if low_end > _SOFTEST_HU:
        raise _refusal(f"nothing is softer than {low_end:.0f} HU")
    plain = float(blocks[len(blocks) // 50])
    flat = float(np.mean(np.abs(blocks - plain) < _FLAT_HU))
    between = _NEITHER_AIR_NOR_TISSUE_HU[0] < plain < _NEITHER_AIR_NOR_TISSUE_HU[1]
    if between and flat > _FLAT_SHARE and float(np.mean(chosen < _AIR_HU)) < _AIR_SHARE:
        raise _refusal(f"the background lies at {plain:.0f} HU, where neither air nor tissue does; these are densities")


def _share_of_jumps(hu: npt.NDArray[np.float32], full_scale_hu: float) -> float:
    limit = _JUMP * full_scale_hu
    if float(np.ptp(hu)) < limit or hu.shape[2] < 2:
        return 0.0
    return float(np.mean(np.abs(np.diff(hu, axis=2)) >= limit))


def _block_means(hu: npt.NDArray[np.float32]) -> npt.NDArray[Any]:
    """Means over 8 × 8 pixels, in which noise is an eighth; single pixels where slices are smaller."""
    rows, columns = hu.shape[1] // _BLOCK, hu.shape[2] // _BLOCK
    if rows == 0 or columns == 0:
        return hu
    cut = hu[:, : rows * _BLOCK, : columns * _BLOCK]
    means: npt.NDArray[Any] = cut.reshape(len(hu), rows, _BLOCK, columns, _BLOCK).mean(axis=(2, 4))
    return means


def _refusal(message: str) -> ReadError:
    return ReadError(message, code="implausible-hu")
