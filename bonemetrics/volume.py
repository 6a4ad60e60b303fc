"""Grids and the three volume types. Only this module converts between axis conventions.

Axes are (slice, row, column), world is DICOM LPS in mm. The slice index grows along
cross(row direction, column direction) of ImageOrientationPatient.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from bonemetrics.errors import GeometryMismatchError
from bonemetrics.quantities import Material

TRABECULAR = 1
CORTICAL = 2
SAME_GRID_TOLERANCE_MM = 0.001
_LATTICE_TOLERANCE_VOXELS = 0.02
_RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])

Affine = npt.NDArray[np.float64]
Box = tuple[slice, slice, slice]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Geometry:
    """A voxel grid in the patient.

    `affine_lps` is 4×4 and maps the index (slice, row, column) of a voxel's centre to LPS mm. Spacing, direction
    and voxel volume are derived from it.
    """

    shape: tuple[int, int, int]
    affine_lps: Affine
    frame_of_reference_uid: str = ""

    def __post_init__(self) -> None:
        affine = np.array(self.affine_lps, dtype=np.float64)
        if affine.shape != (4, 4) or not np.isfinite(affine).all() or abs(np.linalg.det(affine)) < 1e-12:
            raise GeometryMismatchError("the affine must be 4×4, finite and invertible")
        if len(self.shape) != 3 or min(self.shape) < 1:
            raise GeometryMismatchError(f"a grid needs three positive sizes, found {self.shape}")
        affine.setflags(write=False)
        object.__setattr__(self, "affine_lps", affine)
        object.__setattr__(self, "shape", tuple(int(n) for n in self.shape))

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Distance between neighbours along (slice, row, column) in mm."""
        slice_mm, row_mm, column_mm = np.linalg.norm(self.affine_lps[:3, :3], axis=0).tolist()
        return slice_mm, row_mm, column_mm

    @property
    def direction(self) -> npt.NDArray[np.float64]:
        """3×3, unit LPS vectors of the (slice, row, column) index axes as columns."""
        steps: npt.NDArray[np.float64] = self.affine_lps[:3, :3]
        unit: npt.NDArray[np.float64] = steps / np.linalg.norm(steps, axis=0)
        return unit

    @property
    def voxel_volume_mm3(self) -> float:
        """Volume of one voxel in mm³."""
        return float(abs(np.linalg.det(self.affine_lps[:3, :3])))

    @property
    def pixel_area_mm2(self) -> float:
        """Area of one pixel within its slice in mm²."""
        row, column = self.affine_lps[:3, 1], self.affine_lps[:3, 2]
        return float(np.linalg.norm(np.cross(row, column)))

    def to_world(self, index: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """LPS mm of voxel indices.

        Parameters
        ----------
        index
            (..., 3), order (slice, row, column), fractions allowed.
        """
        points = np.asarray(index, dtype=np.float64)
        return points @ self.affine_lps[:3, :3].T + self.affine_lps[:3, 3]

    def to_index(self, world_mm: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Voxel indices (..., 3) of LPS points in mm, as fractions."""
        points = np.asarray(world_mm, dtype=np.float64) - self.affine_lps[:3, 3]
        return points @ np.linalg.inv(self.affine_lps[:3, :3]).T

    def crop(self, box: Box) -> Geometry:
        """The grid of `array[box]`; every slice of `box` has step 1 and lies inside the grid."""
        starts = [part.indices(size)[0] for part, size in zip(box, self.shape, strict=True)]
        stops = [part.indices(size)[1] for part, size in zip(box, self.shape, strict=True)]
        affine = self.affine_lps.copy()
        affine[:3, 3] = self.to_world(starts)
        sizes = [stop - start for start, stop in zip(starts, stops, strict=True)]
        return Geometry(
            shape=(sizes[0], sizes[1], sizes[2]),
            affine_lps=affine,
            frame_of_reference_uid=self.frame_of_reference_uid,
        )

    def distance_mm(self, other: Geometry) -> float:
        """Largest distance in mm between equal corner indices of the two grids."""
        last = np.array(self.shape) - 1
        corners = np.array(np.meshgrid(*[[0, n] for n in last], indexing="ij")).reshape(3, -1).T
        return float(np.linalg.norm(self.to_world(corners) - other.to_world(corners), axis=1).max())

    def require_same_grid(self, other: Geometry) -> None:
        """Refuse two grids that are not one.

        Raises
        ------
        GeometryMismatchError
            If the shapes differ, the frames of reference are known and differ, or a corner is off by more than
            0.001 mm.
        """
        if self.shape != other.shape:
            raise GeometryMismatchError(f"grids have shapes {self.shape} and {other.shape}; resample one of them first")
        frames = {self.frame_of_reference_uid, other.frame_of_reference_uid} - {""}
        if len(frames) > 1:
            raise GeometryMismatchError("grids lie in different frames of reference; register the volumes first")
        apart = self.distance_mm(other)
        if apart > SAME_GRID_TOLERANCE_MM:
            raise GeometryMismatchError(
                f"grids are up to {apart:.3g} mm apart (tolerance {SAME_GRID_TOLERANCE_MM} mm); "
                "resample one of them first"
            )


def _require_shape(array: npt.NDArray[Any], dtype: npt.DTypeLike, geometry: Geometry) -> None:
    if array.shape != geometry.shape:
        raise GeometryMismatchError(f"array shape {array.shape} does not fit the grid {geometry.shape}")
    if array.dtype != dtype:
        raise TypeError(f"expected {np.dtype(dtype)}, found {array.dtype}")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CtVolume:
    """A CT volume in HU, float32."""

    hu: npt.NDArray[np.float32]
    geometry: Geometry

    def __post_init__(self) -> None:
        _require_shape(self.hu, np.float32, self.geometry)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DensityVolume:
    """A calibrated volume in mg/cm³ of `material`, float32."""

    mg_per_cm3: npt.NDArray[np.float32]
    material: Material
    geometry: Geometry

    def __post_init__(self) -> None:
        _require_shape(self.mg_per_cm3, np.float32, self.geometry)

    def crop(self, box: Box) -> DensityVolume:
        """The part inside `box`, a view."""
        return DensityVolume(mg_per_cm3=self.mg_per_cm3[box], material=self.material, geometry=self.geometry.crop(box))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LabelVolume:
    """A segmentation, uint8 or uint16; 0 is background, 1 trabecular, 2 cortical."""

    labels: npt.NDArray[np.unsignedinteger[Any]]
    geometry: Geometry

    def __post_init__(self) -> None:
        if self.labels.dtype not in (np.uint8, np.uint16):
            raise TypeError(f"labels are uint8 or uint16, found {self.labels.dtype}")
        _require_shape(self.labels, self.labels.dtype, self.geometry)

    @classmethod
    def from_ras(cls, labels: npt.NDArray[np.unsignedinteger[Any]], affine_ras: npt.ArrayLike) -> Self:
        """Labels of a file whose affine maps its own (i, j, k) to RAS mm, as NIfTI does.

        The slice axis is put first; `onto` settles permutation and flips against a scan's grid.
        """
        affine = _RAS_TO_LPS @ np.asarray(affine_ras, dtype=np.float64)
        order = [2, 1, 0]
        affine = affine[:, [*order, 3]]
        array = np.ascontiguousarray(labels.transpose(order))
        shape = (array.shape[0], array.shape[1], array.shape[2])
        return cls(labels=array, geometry=Geometry(shape=shape, affine_lps=affine))

    def affine_ras(self) -> Affine:
        """The affine that maps (column, row, slice) to RAS mm, for writing `labels.transpose()` to NIfTI."""
        affine: Affine = _RAS_TO_LPS @ self.geometry.affine_lps[:, [2, 1, 0, 3]]
        return affine

    def onto(self, geometry: Geometry) -> LabelVolume:
        """The same labels on the whole grid of a scan.

        The labels may cover a smaller or larger box and have their axes in another order or direction, but their
        voxel centres must fall on those of the scan: nothing is resampled.

        Raises
        ------
        GeometryMismatchError
            If the voxel centres do not coincide within 0.02 voxels, the frames differ, or no labelled voxel lies
            inside the scan, or one lies outside it.
        """
        frames = {self.geometry.frame_of_reference_uid, geometry.frame_of_reference_uid} - {""}
        if len(frames) > 1:
            raise GeometryMismatchError("labels and scan lie in different frames of reference; register them first")
        step = np.linalg.inv(geometry.affine_lps) @ self.geometry.affine_lps
        whole = np.rint(step)
        reach = np.abs((step - whole)[:3]) @ np.array([*self.geometry.shape, 1.0])
        if reach.max() > _LATTICE_TOLERANCE_VOXELS or not _is_signed_permutation(whole[:3, :3]):
            raise GeometryMismatchError(
                f"label voxels are up to {reach.max():.3g} voxels off the scan's grid "
                f"(tolerance {_LATTICE_TOLERANCE_VOXELS}); draw or resample the labels on the scan's own voxels"
            )
        placed = np.zeros(geometry.shape, dtype=self.labels.dtype)
        source, target = _overlap(self.labels, whole.astype(np.int64), geometry.shape)
        if np.count_nonzero(source) < np.count_nonzero(self.labels):
            raise GeometryMismatchError("labelled voxels lie outside the scan; choose the labels of this scan")
        placed[target] = source
        return LabelVolume(labels=placed, geometry=geometry)


def _overlap(
    labels: npt.NDArray[np.unsignedinteger[Any]], step: npt.NDArray[np.int64], shape: tuple[int, int, int]
) -> tuple[npt.NDArray[np.unsignedinteger[Any]], Box]:
    """The labels turned to the target's axes and cut to it, and the box of the target that they fill."""
    turned = labels.transpose(np.abs(step[:3, :3]).argmax(axis=1).tolist())
    cut, box = [], []
    for axis, sign in enumerate(step[:3, :3].sum(axis=1).tolist()):
        size, start = turned.shape[axis], int(step[axis, 3])
        if sign < 0:
            turned = np.flip(turned, axis=axis)
            start -= size - 1
        first, last = max(start, 0), min(start + size, shape[axis])
        cut.append(slice(first - start, max(last - start, first - start)))
        box.append(slice(first, max(last, first)))
    return turned[cut[0], cut[1], cut[2]], (box[0], box[1], box[2])


def _is_signed_permutation(matrix: npt.NDArray[np.float64]) -> bool:
    size = np.abs(matrix)
    return bool((size.sum(axis=0) == 1).all() and (size.sum(axis=1) == 1).all())
