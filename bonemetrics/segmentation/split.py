"""Bones that touch after blur: parted at a neck that is narrow against both sides of it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from bonemetrics.segmentation.slabs import Coarse, Flags, Floats

Labels = npt.NDArray[np.int32]

NECK_TO_LOBE = 0.8
"""A neck narrower than this share of the smaller lobe's width parts two bones; a kidney's waist is wider."""
_STEP_MM = 0.3
_LEAST_LOBE_MM = 2.0
_SHARED_SLABS = 0.3


def split_touching(filled: Flags, coarse: Coarse) -> list[Flags]:
    """Part a filled shape into bones.

    Parameters
    ----------
    filled
        Filled shape, axes (slab, row, column).

    Returns
    -------
    list of ndarray
        One mask per bone, the largest first; a single one where there is no narrow neck.
    """
    if not filled.any():
        return []
    box = ndimage.find_objects(filled.astype(np.uint8))[0]
    shape = filled[box]
    depth = np.stack(
        [
            ndimage.distance_transform_edt(np.pad(plane, 1), sampling=(coarse.row_mm, coarse.column_mm))[1:-1, 1:-1]
            for plane in shape
        ]
    )
    seeds = _seeds(depth)
    parts = [shape] if seeds is None else _share_out(shape, *seeds, coarse)
    masks = []
    for part in parts:
        mask = np.zeros_like(filled)
        mask[box] = part
        masks.append(mask)
    return sorted(masks, key=np.count_nonzero, reverse=True)


def _seeds(depth: Floats) -> tuple[Labels, float] | None:
    """Labelled cores of two or more bones and half the width of the neck in mm, or None where the shape is one bone."""
    deepest = float(depth.max())
    for level in np.arange(_STEP_MM, deepest, _STEP_MM):
        labelled, n = ndimage.label(depth > level, structure=np.ones((3, 3, 3)))
        if n < 2:
            continue
        width = ndimage.maximum(depth, labelled, np.arange(1, n + 1))
        sizes = np.bincount(labelled.ravel())[1:]
        large = (width >= _LEAST_LOBE_MM) & (level < NECK_TO_LOBE * width) & (sizes > 0.02 * sizes.sum())
        labelled[~np.isin(labelled, 1 + np.flatnonzero(large))] = 0
        if np.count_nonzero(large) >= 2 and _lie_side_by_side(labelled):
            return np.asarray(labelled), float(level)
    return None


def _lie_side_by_side(labelled: Labels) -> bool:
    """Whether two cores share slabs; cores one behind the other are one bone that is thin in between."""
    present = np.stack([(labelled == label).any(axis=(1, 2)) for label in np.unique(labelled[labelled > 0]).tolist()])
    together = np.count_nonzero(present.sum(axis=0) >= 2)
    return bool(together >= _SHARED_SLABS * np.sort(present.sum(axis=1))[-2])


def _share_out(shape: Flags, seeds: Labels, neck_mm: float, coarse: Coarse) -> list[Flags]:
    """Give every voxel to the nearest core; what is no wider than the neck is none of the bones."""
    spacing = (coarse.slab_mm, coarse.row_mm, coarse.column_mm)
    place = ndimage.distance_transform_edt(seeds == 0, sampling=spacing, return_distances=False, return_indices=True)
    owner = seeds[tuple(place)]
    parts = [np.asarray(shape & (owner == label)) for label in np.unique(seeds[seeds > 0]).tolist()]
    return [np.stack([_opened(plane, neck_mm, coarse) for plane in part]) for part in parts]


def _opened(plane: Flags, radius_mm: float, coarse: Coarse) -> Flags:
    spacing = (coarse.row_mm, coarse.column_mm)
    core = ndimage.distance_transform_edt(np.pad(plane, 1), sampling=spacing)[1:-1, 1:-1] > radius_mm
    if not core.any():
        return np.asarray(core)
    return np.asarray(plane & (ndimage.distance_transform_edt(~core, sampling=spacing) <= radius_mm))
