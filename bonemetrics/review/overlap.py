"""How far the masks of two readers agree: overlap of volumes and distance of surfaces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.spatial import cKDTree

from bonemetrics.volume import CORTICAL, TRABECULAR, Box, Geometry, LabelVolume

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Surface = Literal["outline", "faces"]
"""Which voxels of a mask are its surface: those with a face neighbour outside it, `outline` within the slice alone."""

REGIONS: dict[str, tuple[int, ...]] = {
    "total": (TRABECULAR, CORTICAL),
    "trabecular": (TRABECULAR,),
    "cortical": (CORTICAL,),
}
"""Labels of each compartment."""
_FACES = {
    "outline": ndimage.generate_binary_structure(2, 1)[None],
    "faces": ndimage.generate_binary_structure(3, 1),
}
_HAUSDORFF_PERCENT = 95.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SurfaceDistance:
    """Distances in mm between the surfaces of two masks, from every surface voxel of each to the nearest of the other.

    `mean_mm` is the average symmetric surface distance: the mean of the distances of both directions together, in which
    every surface voxel counts alike, whatever the area of surface that it stands for.
    `hausdorff_mm` is the largest of them; `hausdorff95_mm` is the larger of the 95th percentiles of both directions.
    """

    mean_mm: float
    hausdorff95_mm: float
    hausdorff_mm: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """Two masks of one compartment.

    `dice` is `None` where both masks are empty: nothing was there to agree on, which is not full agreement. It is 0
    where one is empty. `distance` is `None` where either is empty.
    """

    region: str
    volume_a_mm3: float
    volume_b_mm3: float
    dice: float | None
    distance: SurfaceDistance | None


def compare_labels(a: LabelVolume, b: LabelVolume, *, surface: Surface = "outline") -> tuple[Overlap, ...]:
    """Overlap and surface distance of each compartment.

    Parameters
    ----------
    a, b
        Masks on one grid, axes (slice, row, column). Labels 1 and 2 together are total bone, 1 is trabecular, 2
        cortical; others are no compartment and do not count.
    surface
        As `surface_distance` takes it.

    Returns
    -------
    tuple of Overlap
        Total, trabecular, cortical. Memory grows with the box of the labelled voxels, not with the scan.

    Raises
    ------
    GeometryMismatchError
        If the masks do not lie on one grid.

    References
    ----------
    Dice LR 1945, doi 10.2307/1932409.
    """
    a.geometry.require_same_grid(b.geometry)
    box = _union_box(a, b)
    if box is None:
        return tuple(_overlap(name, *_NOTHING, a.geometry, surface) for name in REGIONS)
    geometry = a.geometry.crop(box)
    drawn_a, drawn_b = a.labels[box], b.labels[box]
    return tuple(
        _overlap(name, _inside(drawn_a, labels), _inside(drawn_b, labels), geometry, surface)
        for name, labels in REGIONS.items()
    )


_NOTHING = (np.zeros((1, 1, 1), dtype=np.bool_), np.zeros((1, 1, 1), dtype=np.bool_))


def _inside(drawn: npt.NDArray[Any], labels: tuple[int, ...]) -> Flags:
    mask = np.zeros(drawn.shape, dtype=np.bool_)
    for label in labels:
        mask |= drawn == label
    return mask


def _overlap(region: str, a: Flags, b: Flags, geometry: Geometry, surface: Surface) -> Overlap:
    return Overlap(
        region=region,
        volume_a_mm3=int(np.count_nonzero(a)) * geometry.voxel_volume_mm3,
        volume_b_mm3=int(np.count_nonzero(b)) * geometry.voxel_volume_mm3,
        dice=dice(a, b),
        distance=surface_distance(a, b, geometry, surface=surface),
    )


def dice(a: Flags, b: Flags) -> float | None:
    """Twice the common voxels over the sum of both; `None` where both are empty, for which it is not defined."""
    both = int(np.count_nonzero(a)) + int(np.count_nonzero(b))
    return 2 * int(np.count_nonzero(a & b)) / both if both else None


def surface_distance(a: Flags, b: Flags, geometry: Geometry, *, surface: Surface = "outline") -> SurfaceDistance | None:
    """Distances between the surfaces of two masks, as voxel centres in the patient.

    Parameters
    ----------
    a, b
        Masks on `geometry`, axes (slice, row, column).
    geometry
        Any grid: spacings may differ, axes may be oblique.
    surface
        `outline`: a voxel of the mask is surface where one of its four face neighbours within the slice is outside the
        mask. `faces`: where one of its six is. What lies beyond the grid is outside. A mask of a long bone ends where
        the region rule cuts it, at the same slices for every reader; with `faces` these two ends count as surface on
        which all agree, and the mean distance comes out too small. Distances are in space in both cases.

    Returns
    -------
    SurfaceDistance or None
        In mm; `None` where a mask is empty.

    Notes
    -----
    Distances are looked up in a tree of the surface voxels: exact on any grid, with memory for surfaces alone. On an
    orthogonal grid they are those of a Euclidean distance transform with the spacing as sampling.
    """
    if not a.any() or not b.any():
        return None
    surface_a, surface_b = _surface(a, surface), _surface(b, surface)
    from_a, from_b = _nearest_mm(surface_a, surface_b, geometry), _nearest_mm(surface_b, surface_a, geometry)
    return SurfaceDistance(
        mean_mm=float((from_a.sum() + from_b.sum()) / (from_a.size + from_b.size)),
        hausdorff95_mm=float(max(np.percentile(one, _HAUSDORFF_PERCENT) for one in (from_a, from_b))),
        hausdorff_mm=float(max(from_a.max(), from_b.max())),
    )


def _nearest_mm(of: Flags, to: Flags, geometry: Geometry) -> Floats:
    """Distance from every voxel of one surface to the nearest of the other."""
    distances = np.zeros(int(np.count_nonzero(of)), dtype=np.float64)
    # Voxels of both surfaces are at distance zero; readers who edit leave most of a mask as it was.
    own = np.argwhere(of & ~to)
    if own.size:
        # How the tree is built changes how long it takes, not what it finds.
        tree = cKDTree(geometry.to_world(np.argwhere(to)), compact_nodes=False, balanced_tree=False)
        distances[: len(own)] = tree.query(geometry.to_world(own))[0]
    return distances


def _surface(mask: Flags, surface: Surface) -> Flags:
    inner: Flags = ndimage.binary_erosion(mask, _FACES[surface], border_value=0)
    return mask & ~inner


def _union_box(a: LabelVolume, b: LabelVolume) -> Box | None:
    """The smallest box that holds every voxel of a compartment in either mask."""
    ends = [_ends(volume.labels) for volume in (a, b)]
    found = [one for one in ends if one is not None]
    if not found:
        return None
    low = np.min([one[0] for one in found], axis=0).tolist()
    high = np.max([one[1] for one in found], axis=0).tolist()
    return slice(low[0], high[0]), slice(low[1], high[1]), slice(low[2], high[2])


def _ends(labels: npt.NDArray[Any]) -> tuple[list[int], list[int]] | None:
    """First index of each axis with bone, and the one after its last; slice by slice, to keep memory low."""
    flat = np.zeros(labels.shape[1:], dtype=np.bool_)
    slices = np.zeros(labels.shape[0], dtype=np.bool_)
    for place, one in enumerate(labels):
        bone = (one == TRABECULAR) | (one == CORTICAL)
        slices[place] = bone.any()
        flat |= bone
    if not slices.any():
        return None
    used = [np.flatnonzero(axis) for axis in (slices, flat.any(axis=1), flat.any(axis=0))]
    return [int(one[0]) for one in used], [int(one[-1]) + 1 for one in used]
