"""The radius on the coarse copy: bones as filled shapes, told from rods, casts and each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from bonemetrics.errors import SegmentationError
from bonemetrics.records import RodReading
from bonemetrics.segmentation.parameters import TissueParameters
from bonemetrics.segmentation.slabs import Coarse, Flags, Floats, Slabs
from bonemetrics.segmentation.split import split_touching
from bonemetrics.volume import Geometry

ROD_MARGIN_MM = 1.0
LARGER_BY = 1.25
"""How much larger than any other bone the radius must be to be told from it by size."""
_SOLID_CONTRAST = 0.25
_RIM_MM = 1.5
_CLOSINGS = (1.0, 2.0, 4.0, 6.0)
_FILLED = 0.67
_SHORTEST_MM = 1.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bone:
    """A filled bone on the coarse copy, axes (slab, row, column)."""

    mask: Flags
    mean_area_mm2: float

    def areas_mm2(self, coarse: Coarse) -> Floats:
        """Area in every slab in mm²."""
        return np.asarray(np.count_nonzero(self.mask, axis=(1, 2)) * coarse.pixel_area_mm2, dtype=np.float32)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FoundBones:
    """The radius and, where it is seen, the ulna."""

    radius: Bone
    ulna: Bone | None
    source: str


def find_bones(
    coarse: Coarse, slabs: Slabs, geometry: Geometry, *, parameters: TissueParameters, rods: Sequence[RodReading]
) -> FoundBones:
    """Find the radius on the coarse copy.

    Raises
    ------
    SegmentationError
        `no-bone` where nothing has the size, length and inside of a radius; `radius-ambiguous` where two bones are
        so alike in size that the radius cannot be told from the ulna.
    """
    dense = coarse.density > parameters.bone_threshold
    _erase_rods(dense, coarse, slabs, geometry, rods)
    bones: list[Bone] = []
    for part in _components(dense, coarse, parameters):
        bones += _bones_of(part, coarse, parameters)
    bones.sort(key=lambda bone: bone.mean_area_mm2, reverse=True)
    if not bones:
        raise SegmentationError(
            f"nothing above {parameters.bone_threshold:g} mg/cm³ has the cross-section "
            f"({parameters.smallest_area_mm2:g} to {parameters.largest_area_mm2:g} mm²) and the hollow inside of a "
            "radius; check the calibration and that the scan shows the forearm",
            code="no-bone",
        )
    if len(bones) == 1:
        return FoundBones(radius=bones[0], ulna=None, source="the only bone in the scan")
    first, second = bones[:2]
    if parameters.bone == "largest":
        return FoundBones(radius=first, ulna=second, source="the largest bone, by option")
    if first.mean_area_mm2 < LARGER_BY * second.mean_area_mm2:
        raise SegmentationError(
            f"two bones of {first.mean_area_mm2:.0f} and {second.mean_area_mm2:.0f} mm² are too alike to tell the "
            "radius from the ulna; give the labels of the radius, or set tissue.bone to 'largest'",
            code="radius-ambiguous",
        )
    return FoundBones(radius=first, ulna=second, source="the larger bone")


def _erase_rods(dense: Flags, coarse: Coarse, slabs: Slabs, geometry: Geometry, rods: Sequence[RodReading]) -> None:
    """Clear the rods with a margin; they may run obliquely through the stack."""
    rows = coarse.rows_mm(np.arange(dense.shape[1]))[:, None]
    columns = coarse.columns_mm(np.arange(dense.shape[2]))[None, :]
    steps = np.array([slabs.slice_mm, slabs.row_mm, slabs.column_mm])
    for rod in rods:
        centre = geometry.to_index(rod.centre_lps_mm) * steps
        axis = geometry.direction.T @ np.asarray(rod.axis_lps)
        if abs(axis[0]) < 0.1:
            continue
        reach = rod.diameter_mm / 2 + ROD_MARGIN_MM
        for index, z in enumerate(slabs.z_mm.tolist()):
            row, column = (centre + axis * ((z - centre[0]) / axis[0]))[1:]
            dense[index] &= (rows - row) ** 2 + (columns - column) ** 2 > reach**2


def _components(dense: Flags, coarse: Coarse, parameters: TissueParameters) -> list[tuple[slice, Flags]]:
    """Connected dense parts that are large enough to be the shell of a bone, in whole-plane boxes with their slabs."""
    labelled, _ = ndimage.label(dense)
    sizes = np.bincount(labelled.ravel())
    boxes = ndimage.find_objects(labelled)
    # A shell of a third of a millimetre around the smallest bone, over the shortest length.
    around = 2 * np.sqrt(np.pi * parameters.smallest_area_mm2)
    enough = 0.3 * around * _SHORTEST_MM / (coarse.pixel_area_mm2 * coarse.slab_mm)
    order = [label for label in np.argsort(sizes)[::-1].tolist() if label and sizes[label] >= enough][:12]
    parts = []
    for label in order:
        box = boxes[label - 1]
        part = np.zeros(dense.shape, dtype=np.bool_)
        part[box] = labelled[box] == label
        parts.append((box[0], part))
    return parts


def _bones_of(part: tuple[slice, Flags], coarse: Coarse, parameters: TissueParameters) -> list[Bone]:
    """The bones in one connected dense part: none for a cast or a rod, two where radius and ulna touch."""
    filled = fill(part[1], coarse, parameters)
    found = []
    for mask in split_touching(filled, coarse):
        bone = _as_bone(mask, coarse)
        if bone is not None and _is_plausible(bone, coarse, parameters):
            found.append(bone)
    return found


def _as_bone(mask: Flags, coarse: Coarse) -> Bone | None:
    """The longest run of slabs that hold the bone, slabs with only the tip of it left out."""
    areas = np.count_nonzero(mask, axis=(1, 2)) * coarse.pixel_area_mm2
    if not areas.any():
        return None
    there = areas > 0.3 * np.median(areas[areas > 0])
    runs, n = ndimage.label(there)
    longest = int(np.bincount(runs[runs > 0]).argmax()) if n else 0
    kept = mask & (runs == longest)[:, None, None]
    return Bone(mask=kept, mean_area_mm2=float(areas[runs == longest].mean()))


def _is_plausible(bone: Bone, coarse: Coarse, parameters: TissueParameters) -> bool:
    present = bone.mask.any(axis=(1, 2))
    if not parameters.smallest_area_mm2 <= bone.mean_area_mm2 <= parameters.largest_area_mm2:
        return False
    if np.count_nonzero(present) * coarse.slab_mm < min(_SHORTEST_MM, bone.mask.shape[0] * coarse.slab_mm):
        return False
    return not _is_solid(bone.mask, coarse)


def _is_solid(mask: Flags, coarse: Coarse) -> bool:
    """A rod or a block is as dense inside as at its rim; a bone is not."""
    present = np.flatnonzero(mask.any(axis=(1, 2)))
    tested = present[:: max(1, len(present) // 8)]
    rim, core = [], []
    for index in tested.tolist():
        depth = ndimage.distance_transform_edt(mask[index], sampling=(coarse.row_mm, coarse.column_mm))
        values = coarse.density[index]
        outer, inner = values[(depth > 0) & (depth < _RIM_MM)], values[depth > max(_RIM_MM, 0.5 * depth.max())]
        if outer.size and inner.size:
            rim.append(np.percentile(outer, 75))
            core.append(inner.mean())
    return bool(rim) and float(np.mean(core)) > (1 - _SOLID_CONTRAST) * float(np.mean(rim))


def fill(dense: Flags, coarse: Coarse, parameters: TissueParameters) -> Flags:
    """Close gaps of the shell within each slab and fill it; spurs are cut off.

    A closed shell hardly grows by a wider closing, an open one is filled by it: the narrowest closing that fills is
    taken.
    """
    radius = parameters.periosteal_closing_mm / 2
    return np.stack([_fill_enough(plane, coarse, radius) if plane.any() else plane for plane in dense])


def _fill_enough(plane: Flags, coarse: Coarse, radius_mm: float) -> Flags:
    shapes = [_fill_slab(plane, coarse, factor * radius_mm) for factor in _CLOSINGS]
    areas = [int(np.count_nonzero(shape)) for shape in shapes]
    chosen = 0
    for index in range(1, len(shapes)):
        if areas[chosen] < _FILLED * areas[index]:
            chosen = index
    return shapes[chosen]


def _walled(plane: Flags) -> Flags:
    """A shell that the field's edge cuts open is closed along that edge, so that it can be filled."""
    walled = plane.copy()
    for edge in (walled[0], walled[-1], walled[:, 0], walled[:, -1]):
        touching = np.flatnonzero(edge)
        if touching.size:
            edge[touching[0] : touching[-1]] = True
    return walled


def _fill_slab(plane: Flags, coarse: Coarse, radius_mm: float) -> Flags:
    if not plane.any():
        return plane
    box = ndimage.find_objects(plane.astype(np.uint8))[0]
    margin = int(np.ceil(radius_mm / min(coarse.row_mm, coarse.column_mm))) + 2
    small = np.pad(_walled(plane)[box], margin)
    spacing = (coarse.row_mm, coarse.column_mm)
    near = ndimage.distance_transform_edt(~small, sampling=spacing) <= radius_mm
    shape = ndimage.binary_fill_holes(near)
    shape = ndimage.distance_transform_edt(shape, sampling=spacing) > radius_mm
    # Opening by a millimetre takes off spurs and noise that hang on the shell.
    kept = ndimage.distance_transform_edt(shape, sampling=spacing) > 1.0
    opened = (ndimage.distance_transform_edt(~kept, sampling=spacing) <= 1.0) & shape if kept.any() else kept
    out = np.zeros_like(plane)
    out[box] = opened[margin:-margin, margin:-margin]
    return out
