"""The one door of the room: a calibrated scan in, a segmented radius out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bonemetrics.records import End, Problem, QualityCard, RegionRule, RodReading, Side, note
from bonemetrics.segmentation.bones import find_bones
from bonemetrics.segmentation.contours import find_contours
from bonemetrics.segmentation.distance import box_around, signed_distances
from bonemetrics.segmentation.orientation import settle_orientation
from bonemetrics.segmentation.parameters import TissueParameters
from bonemetrics.segmentation.quality import quality_card, stack_facts
from bonemetrics.segmentation.region import measured_slices
from bonemetrics.segmentation.slabs import Floats, coarsen, cut_slabs
from bonemetrics.volume import CORTICAL, TRABECULAR, Box, DensityVolume, Geometry, LabelVolume

_WHOLE = RegionRule()
_NOTED_THIN_SHARE = 0.05


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RadiusSegmentation:
    """The radius and its compartments.

    `labels` covers the whole grid of the scan (1 trabecular, 2 cortical). `periosteal_mm` and `endosteal_mm` are
    signed distances within the slice on `box`, negative inside, zero on the contour, which lies below the voxel; a
    voxel is labelled by their sign at its centre. `blur_sigma_mm` is the scan's blur within the slice.
    `measured_slices` are slice numbers of the scan after the region rule.
    """

    labels: LabelVolume
    box: Box
    periosteal_mm: Floats
    endosteal_mm: Floats
    blur_sigma_mm: float
    cortical_level: float
    side: Side | None
    side_source: str
    distal_end: End | None
    distal_source: str
    radius_source: str
    measured_slices: tuple[int, ...]
    card: QualityCard
    notes: tuple[Problem, ...]


def segment_radius(
    density: DensityVolume,
    *,
    parameters: TissueParameters | None = None,
    rods: Sequence[RodReading] = (),
    side: Side | None = None,
    distal: End | None = None,
    side_source: str = "",
    distal_source: str = "",
    region: RegionRule = _WHOLE,
    forearm_length_mm: float | None = None,
) -> RadiusSegmentation:
    """Find the radius and place its periosteal and endosteal contours below the voxel.

    Parameters
    ----------
    density
        Calibrated scan, axes (slice, row, column), in mg/cm³ of the material of the thresholds.
    parameters
        Thresholds and lengths; `TissueParameters()` where not given.
    rods
        Calibration rods in the scan, which are no bones.
    side, distal, side_source, distal_source
        What tags or the protocol say of body side and distal end, and where that comes from.
    region, forearm_length_mm
        Which slices are measured, and the length that a rule in per cent needs.

    Returns
    -------
    RadiusSegmentation
        Labels, distances, quality card and notes.

    Raises
    ------
    MaterialMismatchError
        If the thresholds are stated in another material than the scan.
    SegmentationError
        If there is no radius, it cannot be told from the ulna, or the region cannot be measured.

    References
    ----------
    Buie HR et al. 2007, doi 10.1016/j.bone.2007.07.007 (dual threshold); Treece GM et al. 2010,
    doi 10.1016/j.media.2010.01.003 (edges of a blurred cortex).
    """
    chosen = parameters or TissueParameters()
    chosen.require_material(density.material)
    slabs = cut_slabs(density)
    coarse = coarsen(slabs)
    bones = find_bones(coarse, slabs, density.geometry, parameters=chosen, rods=rods)
    ends = settle_orientation(bones, coarse, given=(side, side_source, distal, distal_source))
    contours = find_contours(slabs, coarse, bones.radius.mask, chosen)
    box = box_around(contours, slabs)
    slices = measured_slices(
        region,
        n_slices=density.geometry.shape[0],
        slice_mm=slabs.slice_mm,
        bone=(box[0].start, box[0].stop - 1),
        distal_end=ends.distal_end,
        forearm_length_mm=forearm_length_mm,
    )
    periosteal, endosteal = signed_distances(contours, slabs, box)
    fitted = contours.cortex
    # Well outside this bone, yet no other bone: noise is read there.
    outside = (periosteal > 3 * fitted.sigma_mm) & (density.mg_per_cm3[box] < chosen.bone_threshold)
    card = quality_card(stack_facts(contours, bones.radius.mask, slabs, density, box, outside, len(slices)), chosen)
    notes = [*ends.notes, *_missing(box, density.geometry), *card.findings]
    if fitted.thin_share > _NOTED_THIN_SHARE:
        notes.append(
            note("partial-volume", _thin(fitted.thin_share, fitted.sigma_mm, fitted.level, fitted.level_known))
        )
    return RadiusSegmentation(
        labels=_labels(density.geometry, box, periosteal, endosteal),
        box=box,
        periosteal_mm=periosteal,
        endosteal_mm=endosteal,
        blur_sigma_mm=fitted.sigma_mm,
        cortical_level=fitted.level,
        side=ends.side,
        side_source=ends.side_source,
        distal_end=ends.distal_end,
        distal_source=ends.distal_source,
        radius_source=bones.source,
        measured_slices=slices,
        card=card,
        notes=tuple(notes),
    )


def _missing(box: Box, geometry: Geometry) -> list[Problem]:
    n = geometry.shape[0]
    without = (*range(box[0].start), *range(box[0].stop, n))
    if not without:
        return []
    message = f"the radius is seen in slices {box[0].start} to {box[0].stop - 1} of 0 to {n - 1} only"
    return [note("radius-in-part-of-stack", message, slices=without)]


def _labels(geometry: Geometry, box: Box, periosteal: Floats, endosteal: Floats) -> LabelVolume:
    labels = np.zeros(geometry.shape, dtype=np.uint8)
    part = labels[box]
    part[periosteal < 0] = CORTICAL
    part[(periosteal < 0) & (endosteal < 0)] = TRABECULAR
    return LabelVolume(labels=labels, geometry=geometry)


def _thin(share: float, sigma_mm: float, level: float, known: bool) -> str:
    origin = "found where it is thick" if known else "assumed, since it is nowhere thick enough to be seen"
    return (
        f"{share:.0%} of the cortex is thinner than 2.5 times the blur ({sigma_mm:.2f} mm); there its density was "
        f"taken as {level:.0f} mg/cm³ ({origin})"
    )
