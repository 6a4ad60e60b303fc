"""Values on a stack of closed curves, (slab, point): filled, freed from outliers and smoothed along both."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from bonemetrics.segmentation.slabs import Places

_TUKEY = 4.0
_ROUNDS = 2


def smooth_values(values: Places, weight: Places, *, points: float, slabs: float) -> Places:
    """Weighted Gaussian smoothing that passes over outliers and fills places of weight 0 from around them.

    Parameters
    ----------
    values, weight
        (slab, point); values of weight 0 may be NaN.
    points, slabs
        Standard deviations in points and slabs.

    Returns
    -------
    ndarray
        Finite everywhere, unless all weights are 0.
    """
    load = np.where(np.isfinite(values), weight, 0.0)
    known = np.where(load > 0, values, 0.0)
    result = _filled(known, load, points, slabs)
    for _ in range(_ROUNDS):
        away = np.abs(known - result)
        scale = 1.4826 * np.median(away[load > 0]) if (load > 0).any() else 0.0
        if scale <= 0:
            break
        trust = np.clip(1 - (away / (_TUKEY * scale)) ** 2, 0.02, 1) ** 2
        result = _filled(known, load * trust, points, slabs)
    return result


def _filled(known: Places, load: Places, points: float, slabs: float) -> Places:
    """Normalised convolution; where nothing is near, ever wider ones."""
    result = np.full(known.shape, np.nan)
    for wider in (1.0, 3.0, 9.0, 50.0):
        total = _blur(load, points * wider, slabs * wider)
        mean = _blur(known * load, points * wider, slabs * wider) / np.maximum(total, 1e-12)
        enough = total > 0.02 * max(float(load.max()), 1e-12)
        result = np.where(np.isnan(result) & enough, mean, result)
        if not np.isnan(result).any():
            break
    return result


def _blur(values: Places, points: float, slabs: float) -> Places:
    wrapped = ndimage.gaussian_filter1d(values, points, axis=1, mode="wrap", truncate=3.0)
    if values.shape[0] == 1 or slabs <= 0:
        return np.asarray(wrapped)
    return np.asarray(ndimage.gaussian_filter1d(wrapped, slabs, axis=0, mode="nearest", truncate=3.0))
