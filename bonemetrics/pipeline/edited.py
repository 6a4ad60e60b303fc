"""A stored scan measured with the labels that a reader edited, so that its numbers compare with the automatic ones.

The same input, calibration, segmentation and measures as before; only the contours follow the reader's labels where he
changed them (`segmentation.edited`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from bonemetrics.errors import BonemetricsError, EmptyRegionError, ReadError, SegmentationError, UsageError
from bonemetrics.pipeline.opening import density_again, required_record
from bonemetrics.pipeline.orientation import Told, what_is_told
from bonemetrics.records import Problem, Provenance, QualityCard, ScanFacts, ScanResult, note, refusal
from bonemetrics.study.layout import sha256_of
from bonemetrics.volume import CORTICAL, TRABECULAR

if TYPE_CHECKING:
    from pydantic import JsonValue

    from bonemetrics.readers.ct import CtReading
    from bonemetrics.readers.series import SeriesFiles
    from bonemetrics.segmentation.edited import EditedContours
    from bonemetrics.segmentation.radius import RadiusSegmentation
    from bonemetrics.study.protocol import Protocol
    from bonemetrics.volume import DensityVolume, Geometry, LabelVolume

_OF_AN_EDIT = frozenset({"edited-labels", "contours-from-labels"})
_BLUR_PIXELS = 0.75
"""Blur of a reconstruction matched to its pixel, where the scan could not tell it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EditedRequest:
    """How one stored scan is to be measured with edited labels.

    `recorded` is its stored result, whose calibration, input hash and notes stand; `labels` the label file with its
    sha256 and its running number among the versions of the segmentation (1 is the automatic one).
    """

    protocol: Protocol
    recorded: ScanResult
    labels: Path
    labels_sha256: str
    number: int
    forearm_length_mm: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scan:
    """The scan as read again, the reader's labels on its grid, and the automatic segmentation or why there is none."""

    reading: CtReading
    density: DensityVolume
    labels: LabelVolume
    told: Told
    automatic: RadiusSegmentation | None
    failure: SegmentationError | None


def measure_edited(series: SeriesFiles, request: EditedRequest) -> ScanResult:
    """Measure a stored scan with edited labels. Made to run in a guarded child.

    Labels that nobody changed give the stored numbers, bit for bit. Where the automatic segmentation refuses the scan,
    the contours come from the labels alone, and a note says so.

    Parameters
    ----------
    series
        The files, from `identify`.
    request
        The stored result and the edited labels.

    Returns
    -------
    ScanResult
        Quantities and method as of `measure_scan`; the parameter `labels` of every number's provenance tells source,
        number and hash of the labels, and how many voxels and which slices differ from the automatic segmentation.
        Or the refusal and no number: `input-changed`, `unknown-label`, `empty-region`, `geometry-mismatch`,
        `invalid-labels`, `no-calibration`, or what the reader or the region rule refuses.

    Raises
    ------
    UsageError
        Where a key or value of `[tissue]` does not fit.
    """
    try:
        return _measured(_read(series, request), request)
    except UsageError:
        raise
    except BonemetricsError as error:
        return ScanResult(
            kind="ct-series",
            facts=request.recorded.facts,
            calibration=request.recorded.calibration,
            problems=(refusal(error), *_standing_notes(request.recorded)),
        )


def _read(series: SeriesFiles, request: EditedRequest) -> _Scan:
    from bonemetrics.pipeline.scan import segmented
    from bonemetrics.segmentation.rods import find_rods

    facts, calibration = required_record(request.recorded)
    protocol = request.protocol
    reading, density = density_again(series, facts=facts, calibration=calibration, protocol=protocol)
    labels = _drawn(request, density.geometry)
    told = what_is_told(reading.header, protocol.region, density.geometry)
    automatic: RadiusSegmentation | None = None
    failure: SegmentationError | None = None
    try:
        rods = find_rods(reading.volume).readings
        automatic = segmented(density, told, rods, protocol=protocol, forearm_length_mm=request.forearm_length_mm)
    except SegmentationError as error:
        failure = error
    return _Scan(reading=reading, density=density, labels=labels, told=told, automatic=automatic, failure=failure)


def _drawn(request: EditedRequest, geometry: Geometry) -> LabelVolume:
    from bonemetrics.readers.labels import read_labels

    labels = read_labels(request.labels).onto(geometry)
    if sha256_of(request.labels) != request.labels_sha256:
        raise ReadError("the label file is not the one that was recorded; open the scan again", code="input-changed")
    return labels


def _measured(scan: _Scan, request: EditedRequest) -> ScanResult:
    from bonemetrics.measures.density import measure_compartments
    from bonemetrics.pipeline.scan import noted_result, with_orientation
    from bonemetrics.segmentation.edited import follow_labels

    facts, calibration = required_record(request.recorded)
    automatic = scan.automatic
    contours = follow_labels(scan.labels, automatic)
    measurements = measure_compartments(
        scan.density,
        labels=scan.labels,
        periosteal_mm=contours.periosteal_mm,
        endosteal_mm=contours.endosteal_mm,
        box=contours.box,
        slices=_slices(scan, contours, request),
        blur_sigma_mm=automatic.blur_sigma_mm if automatic else _assumed_blur_mm(scan.density, request.protocol),
        calibration=calibration,
        provenance=_provenance(scan, contours, request),
        side=automatic.side if automatic else scan.told.side,
        parameters=request.protocol.density,
    )
    facts = with_orientation(facts, automatic) if automatic else _told_orientation(facts, scan.told)
    return noted_result(
        facts,
        calibration,
        measurements,
        automatic.card if automatic else QualityCard(),
        (*_standing_notes(request.recorded), *_notes(scan, contours)),
    )


def _slices(scan: _Scan, contours: EditedContours, request: EditedRequest) -> tuple[int, ...]:
    """The slices that the region rule asks for on the bone as the reader drew it, each with a label."""
    from bonemetrics.segmentation.region import measured_slices

    present: npt.NDArray[np.bool_] = np.any(scan.labels.labels > 0, axis=(1, 2))
    if scan.automatic is not None:
        kept = np.zeros_like(present)
        kept[scan.automatic.box[0]] = True
        kept[list(contours.edited_slices)] = False
        present |= kept
    shown = np.flatnonzero(present)
    slices = measured_slices(
        request.protocol.region,
        n_slices=present.size,
        slice_mm=scan.density.geometry.spacing_mm[0],
        bone=(int(shown[0]), int(shown[-1])),
        distal_end=scan.automatic.distal_end if scan.automatic else scan.told.distal,
        forearm_length_mm=request.forearm_length_mm,
    )
    empty = [number for number in slices if not present[number]]
    if empty:
        raise EmptyRegionError(
            f"{len(empty)} of the measured slices hold no label, the first is {empty[0]}; draw the bone in all of them"
        )
    drawn = scan.labels.labels[list(slices)]
    for label, name in ((TRABECULAR, "trabecular"), (CORTICAL, "cortical")):
        if not (drawn == label).any():
            raise EmptyRegionError(f"no voxel of the measured slices is labelled {label} ({name}); draw it first")
    return slices


def _assumed_blur_mm(density: DensityVolume, protocol: Protocol) -> float:
    from bonemetrics.pipeline.scan import tissue_parameters

    return tissue_parameters(protocol).blur_sigma_mm or _BLUR_PIXELS * float(np.sqrt(density.geometry.pixel_area_mm2))


def _provenance(scan: _Scan, contours: EditedContours, request: EditedRequest) -> Provenance:
    from bonemetrics.pipeline.scan import provenance_of, with_segmentation

    _, calibration = required_record(request.recorded)
    provenance = provenance_of(scan.reading, calibration, request.protocol)
    if scan.automatic is not None:
        provenance = with_segmentation(provenance, scan.automatic, request.protocol)
    labels: dict[str, JsonValue] = {
        "source": "edited",
        "sha256": request.labels_sha256,
        "number": request.number,
        "edited_voxels": contours.edited_voxels,
        "edited_slices": list(contours.edited_slices),
        "automatic_refused": scan.failure.code if scan.failure else None,
    }
    return provenance.model_copy(update={"parameters": {**provenance.parameters, "labels": labels}})


def _standing_notes(recorded: ScanResult) -> tuple[Problem, ...]:
    """What was said of the scan, without what was said of an earlier edit."""
    return tuple(one for one in recorded.problems if one.severity == "note" and one.code not in _OF_AN_EDIT)


def _notes(scan: _Scan, contours: EditedContours) -> tuple[Problem, ...]:
    found = [*scan.reading.notes, *scan.told.notes]
    if scan.automatic is not None:
        found += scan.automatic.notes
        if contours.edited_voxels:
            text = f"{contours.edited_voxels} voxels differ from the automatic segmentation"
            found.append(note("edited-labels", text, slices=contours.edited_slices))
    else:
        found += _notes_without_automatic(scan)
    # Where the labels are the automatic ones, the quality card has said it already.
    edited = list(contours.edited_slices)
    drawn = scan.labels.labels[edited]
    cut = np.flatnonzero(drawn[:, [0, -1]].any(axis=(1, 2)) | drawn[:, :, [0, -1]].any(axis=(1, 2)))
    if cut.size:
        text = "the labels reach the edge of the field of view; areas and densities of these slices are not whole"
        found.append(note("bone-truncated", text, slices=tuple(edited[row] for row in cut.tolist())))
    return tuple(found)


def _notes_without_automatic(scan: _Scan) -> list[Problem]:
    reason = f"{scan.failure.code}: {scan.failure.message}" if scan.failure else "no reason"
    found = [note("contours-from-labels", f"{reason}; all contours are those of the labels, the blur is assumed")]
    if scan.told.side is None:
        found.append(note("side-unknown", "neither tags nor the protocol tell whether this is a left or right arm"))
    if scan.told.distal is None:
        found.append(note("distal-unknown", "neither tags nor the protocol tell which end of the scan is distal"))
    return found


def _told_orientation(facts: ScanFacts, told: Told) -> ScanFacts:
    return facts.model_copy(
        update={
            "side": told.side,
            "side_source": told.side_source,
            "distal_end": told.distal,
            "distal_source": told.distal_source,
        }
    )
