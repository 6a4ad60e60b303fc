"""Round bones as labels, for tests of the edit tools: areas and volumes follow from geometry."""

from __future__ import annotations

import numpy as np

from bonemetrics.volume import CORTICAL, TRABECULAR, Geometry, LabelVolume


def distance_mm(geometry: Geometry, centre_mm: tuple[float, float] = (0.0, 0.0)) -> np.ndarray:
    """In-plane distance of every pixel of a slice from a point, itself given from the slice's middle."""
    _, rows, columns = geometry.shape
    _, row_mm, column_mm = geometry.spacing_mm
    row = (np.arange(rows) - (rows - 1) / 2) * row_mm - centre_mm[0]
    column = (np.arange(columns) - (columns - 1) / 2) * column_mm - centre_mm[1]
    return np.hypot(row[:, None], column)


def round_bone(
    geometry: Geometry,
    *,
    outer_mm: float | tuple[float, ...] = 6.0,
    inner_mm: float | tuple[float, ...] = 4.0,
    centres_mm: tuple[tuple[float, float], ...] = ((0.0, 0.0), (0.13, -0.07), (-0.05, 0.21)),
) -> LabelVolume:
    """A disc of trabecular bone in a ring of cortex; radii and centres per slice, taken in turn."""
    labels = np.zeros(geometry.shape, dtype=np.uint8)
    outer = outer_mm if isinstance(outer_mm, tuple) else (outer_mm,)
    inner = inner_mm if isinstance(inner_mm, tuple) else (inner_mm,)
    for index, plane in enumerate(labels):
        away = distance_mm(geometry, centres_mm[index % len(centres_mm)])
        plane[away < outer[index % len(outer)]] = CORTICAL
        plane[away < inner[index % len(inner)]] = TRABECULAR
    return LabelVolume(labels=labels, geometry=geometry)


def edited(labels: LabelVolume, patch) -> np.ndarray:
    """A copy of the labels with the patch applied."""
    copy = labels.labels.copy()
    patch.apply(copy)
    return copy


def area_mm2(mask: np.ndarray, geometry: Geometry) -> float:
    """Mean area per slice."""
    return float(np.count_nonzero(mask) * geometry.pixel_area_mm2 / mask.shape[0])
