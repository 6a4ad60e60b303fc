"""The automatic quality card of a segmentation: figures along the stack, limits, and findings for the reviewer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from bonemetrics.records import Problem, QualityCard, note
from bonemetrics.segmentation.contours import Contours
from bonemetrics.segmentation.parameters import TissueParameters
from bonemetrics.segmentation.slabs import Flags, Floats, Places, Slabs
from bonemetrics.volume import Box, DensityVolume

UNSEEN_SHARE = 0.02
"""Share of the circumference without a cortex from which on a slice has a break. TimelapsedHRpQCT (defaults.yml,
`thin fraction`) lets as many of 96 angles be thinner than a voxel."""
MISFIT_SHARE = 0.05
"""Share of the circumference where the model misses the profiles by four times the usual (own estimate)."""
THICKNESS_P95_MM = 4.0
"""TimelapsedHRpQCT: no more than 4 mm anywhere at the distal radius; here for all but 5 % of a slice's points, so that
a shaft still passes."""
THICKNESS_CV = 0.35
"""TimelapsedHRpQCT: coefficient of variation; here that of the slice means along the stack."""
AREA_STEP = 0.03
AREA_STEP_PER_MM = 0.05
"""A bone's area changes by less than this share between neighbouring slabs, and by less than this more per mm between
them: the distal radius widens by 1 to 3 % per mm (own estimate; no published limit was found)."""
AREA_RANGE = 2.0
"""Largest by smallest area along the stack; a distal radius stack of 10 mm stays below 1.5 (own estimate)."""
LEAST_SLICES = 5
CONTRAST_TO_NOISE = 10.0
"""Twice Rose's criterion, below which an edge is not reliably seen (Rose A, 1948, J Opt Soc Am 38:196,
doi 10.1364/JOSA.38.000196), as a cortex thinner than a voxel shows half its contrast."""
BLUR_PIXELS = 2.0
"""A reconstruction is matched to its pixel at a blur of 0.5 to 1 pixel; twice that speaks of motion or a soft kernel
(own estimate)."""
_EDGE_PIXELS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StackFacts:
    """Figures of one segmentation, per slab where arrays; `slices` holds the first slice of each slab and the end."""

    slices: tuple[int, ...]
    spacing_mm: float
    area_mm2: Places
    thickness_mm: Places
    thickness_p95_mm: Places
    unseen_share: Places
    misfit_share: Places
    at_edge: Flags
    n_measured: int
    noise: float
    contrast: float
    blur_pixels: float


def stack_facts(
    contours: Contours, mask: Flags, slabs: Slabs, density: DensityVolume, box: Box, outside: Flags, n_measured: int
) -> StackFacts:
    """Gather the figures.

    Parameters
    ----------
    mask
        The filled radius on the coarse copy of the whole field.
    outside
        Voxels of `box` that hold neither this bone nor its blur; noise is read there.
    n_measured
        Slices after the region rule.
    """
    points = contours.periosteal.points_mm
    following = np.roll(points, -1, axis=1)
    area = np.abs((points[..., 0] * following[..., 1] - points[..., 1] * following[..., 0]).sum(axis=1)) / 2
    shape = mask[contours.rows]
    edge = shape[:, [0, -1]].any(axis=(1, 2)) | shape[:, :, [0, -1]].any(axis=(1, 2))
    for axis, spacing in enumerate((slabs.row_mm, slabs.column_mm)):
        index = points[..., axis] / spacing
        last = slabs.density.shape[1 + axis] - 1
        edge |= ((index < _EDGE_PIXELS) | (index > last - _EDGE_PIXELS)).any(axis=1)
    fitted = contours.cortex
    return StackFacts(
        slices=tuple(slabs.edges[contours.rows.start : contours.rows.stop + 1].tolist()),
        spacing_mm=slabs.spacing_mm,
        area_mm2=area,
        thickness_mm=contours.thickness_mm.mean(axis=1),
        thickness_p95_mm=np.percentile(contours.thickness_mm, 95, axis=1),
        unseen_share=1 - contours.valid.mean(axis=1),
        misfit_share=(contours.valid & (fitted.weight <= 0)).mean(axis=1),
        at_edge=np.asarray(edge),
        n_measured=n_measured,
        noise=_noise(density.mg_per_cm3[box], outside),
        contrast=fitted.level,
        blur_pixels=fitted.sigma_mm / slabs.pixel_mm,
    )


def _noise(values: Floats, outside: Flags) -> float:
    """Standard deviation of the noise in mg/cm³, from pixels three apart, where it is no longer correlated."""
    step = max(1, len(values) // 8)
    some, free = values[::step], outside[::step]
    both = free[:, :, 3:] & free[:, :, :-3]
    if not both.any():
        return 0.0
    change = (some[:, :, 3:] - some[:, :, :-3])[both]
    return float(1.4826 * np.median(np.abs(change)) / np.sqrt(2))


def quality_card(facts: StackFacts, parameters: TissueParameters) -> QualityCard:
    """Hold the figures against their limits.

    Parameters
    ----------
    facts
        From `stack_facts`.
    parameters
        For the range of plausible areas.

    Returns
    -------
    QualityCard
        Findings as notes with slice numbers, and the figures they rest on.
    """
    findings = [*_along_stack(facts, parameters), *_of_scan(facts)]
    return QualityCard(
        findings=tuple(findings),
        figures={
            "area_mm2": [round(float(value), 2) for value in facts.area_mm2],
            "thickness_mm": [round(float(value), 3) for value in facts.thickness_mm],
            "unseen_share": [round(float(value), 4) for value in facts.unseen_share],
            "first_slices": list(facts.slices[:-1]),
            "noise_mg_per_cm3": round(facts.noise, 1),
            "blur_pixels": round(facts.blur_pixels, 3),
            "n_measured": facts.n_measured,
        },
    )


def _along_stack(facts: StackFacts, parameters: TissueParameters) -> list[Problem]:
    low, high = parameters.smallest_area_mm2, parameters.largest_area_mm2
    area = facts.area_mm2
    typical = float(np.median(area))
    checks = (
        (
            "bone-truncated",
            facts.at_edge,
            "the bone reaches the edge of the field of view; areas and densities of these slices are not whole",
        ),
        (
            "cortical-break",
            (facts.unseen_share > UNSEEN_SHARE) & ~facts.at_edge,
            f"no cortex is seen over more than {UNSEEN_SHARE:.0%} of the circumference; the contour is carried across",
        ),
        (
            "edge-misfit",
            (facts.misfit_share > MISFIT_SHARE) & ~facts.at_edge,
            f"over more than {MISFIT_SHARE:.0%} of the circumference the profiles are not those of one cortex in soft "
            "tissue, as where two bones touch or the arm moved; the contour is carried across",
        ),
        (
            "area-jump",
            _jumps(area, facts.spacing_mm),
            "the area changes abruptly from slice to slice, as when a contour leaks into a neighbour",
        ),
        (
            "implausible-area",
            (area < low) | (area > high) | (area > AREA_RANGE * typical) | (area < typical / AREA_RANGE),
            f"an area outside {low:g} to {high:g} mm², or twice or half of the stack's",
        ),
        (
            "implausible-thickness",
            _odd_thickness(facts),
            f"a cortex of more than {THICKNESS_P95_MM:g} mm, or one that changes along the stack out of proportion",
        ),
    )
    return [note(code, message, slices=_slices(facts, where)) for code, where, message in checks if where.any()]


def _of_scan(facts: StackFacts) -> list[Problem]:
    findings = []
    if facts.n_measured < LEAST_SLICES:
        message = f"only {facts.n_measured} slices are measured; {LEAST_SLICES} or more show a fault of one of them"
        findings.append(note("few-slices", message))
    if facts.noise > 0 and facts.contrast < CONTRAST_TO_NOISE * facts.noise:
        findings.append(
            note(
                "noisy-scan",
                f"noise of {facts.noise:.0f} mg/cm³ against a cortex of {facts.contrast:.0f} mg/cm³: the contrast is "
                f"less than {CONTRAST_TO_NOISE:g} times the noise",
            )
        )
    if facts.blur_pixels > BLUR_PIXELS:
        message = f"edges are blurred over {facts.blur_pixels:.1f} pixels (standard deviation), as motion does"
        findings.append(note("blurred-edges", message))
    return findings


def _jumps(area: Places, spacing_mm: float) -> Flags:
    """Slabs on either side of a step in the area."""
    found = np.zeros(len(area), dtype=np.bool_)
    step = np.abs(np.diff(np.log(np.maximum(area, 1e-6)))) > AREA_STEP + AREA_STEP_PER_MM * spacing_mm
    found[:-1] |= step
    found[1:] |= step
    return found


def _odd_thickness(facts: StackFacts) -> Flags:
    thick = facts.thickness_p95_mm > THICKNESS_P95_MM
    mean = facts.thickness_mm
    if len(mean) < 3 or mean.std(ddof=1) <= THICKNESS_CV * mean.mean():
        return np.asarray(thick)
    away = np.abs(mean - ndimage.median_filter(mean, size=len(mean) | 1, mode="nearest"))
    return np.asarray(thick | (away > THICKNESS_CV * mean.mean()))


def _slices(facts: StackFacts, where: Flags) -> tuple[int, ...]:
    chosen = np.flatnonzero(where).tolist()
    return tuple(number for slab in chosen for number in range(facts.slices[slab], facts.slices[slab + 1]))
