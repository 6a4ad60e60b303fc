"""From the files of one series to its numbers, with their provenance: every step, in order."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from bonemetrics import __version__
from bonemetrics.errors import BonemetricsError, UsageError
from bonemetrics.pipeline.orientation import what_is_told
from bonemetrics.records import (
    Calibration,
    GridFacts,
    Measurement,
    Problem,
    Provenance,
    QualityCard,
    RodReading,
    ScanFacts,
    ScanResult,
    refusal,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pydantic import JsonValue

    from bonemetrics.pipeline.orientation import Told
    from bonemetrics.readers.ct import CtReading
    from bonemetrics.readers.series import SeriesFiles
    from bonemetrics.segmentation.parameters import TissueParameters
    from bonemetrics.segmentation.radius import RadiusSegmentation
    from bonemetrics.segmentation.rods import RodSearch
    from bonemetrics.study.protocol import Protocol
    from bonemetrics.volume import DensityVolume, Geometry, LabelVolume


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanRequest:
    """How one series is to be measured.

    `out` is the folder that takes labels, picture and provenance; without it nothing is written. `labels` is a
    segmentation that is measured instead of ours. `calibration` is the option of the command line.
    """

    protocol: Protocol
    out: Path | None = None
    labels: Path | None = None
    calibration: str | None = None
    forearm_length_mm: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Steps:
    """What the steps of one scan have given so far."""

    reading: CtReading
    calibration: Calibration
    density: DensityVolume
    provenance: Provenance
    notes: tuple[Problem, ...]


def measure_scan(series: SeriesFiles, request: ScanRequest) -> ScanResult:
    """Read, calibrate, segment and measure one series.

    Parameters
    ----------
    series
        The files, from `identify`.
    request
        Protocol and options.

    Returns
    -------
    ScanResult
        Numbers with notes; or the refusal and no number, with whatever was known by then.
    """
    from bonemetrics.readers.ct import read_ct
    from bonemetrics.segmentation.rods import find_rods

    try:
        reading = read_ct(series, options=request.protocol.reading)
    except BonemetricsError as error:
        return ScanResult(kind="ct-series", problems=(refusal(error), *series.notes))
    facts = ScanFacts(header=reading.header, constants=reading.constants, grid=grid_facts(reading.volume.geometry))
    steps: _Steps | None = None
    try:
        rods = find_rods(reading.volume)
        steps = _calibrated(reading, rods, request)
        if request.labels is not None:
            return _with_given_labels(steps, facts, request, request.labels)
        return _with_own_labels(steps, facts, request, rods)
    except UsageError:
        raise
    except BonemetricsError as error:
        return ScanResult(
            kind="ct-series",
            facts=facts,
            calibration=steps.calibration if steps else None,
            problems=(refusal(error), *(steps.notes if steps else reading.notes)),
        )


def _calibrated(reading: CtReading, rods: RodSearch, request: ScanRequest) -> _Steps:
    from bonemetrics.calibration.apply import to_density
    from bonemetrics.pipeline.calibrate import calibrate

    calibration, notes = calibrate(reading, rods, request.protocol, request.calibration)
    return _Steps(
        reading=reading,
        calibration=calibration,
        density=to_density(reading.volume, calibration),
        provenance=provenance_of(reading, calibration, request.protocol),
        notes=(*reading.notes, *notes),
    )


def _with_own_labels(steps: _Steps, facts: ScanFacts, request: ScanRequest, rods: RodSearch) -> ScanResult:
    from bonemetrics.measures.density import measure_compartments
    from bonemetrics.pipeline.outputs import write_outputs

    told = what_is_told(steps.reading.header, request.protocol.region, steps.density.geometry)
    radius = segmented(
        steps.density, told, rods.readings, protocol=request.protocol, forearm_length_mm=request.forearm_length_mm
    )
    measurements = measure_compartments(
        steps.density,
        labels=radius.labels,
        periosteal_mm=radius.periosteal_mm,
        endosteal_mm=radius.endosteal_mm,
        box=radius.box,
        slices=radius.measured_slices,
        blur_sigma_mm=radius.blur_sigma_mm,
        calibration=steps.calibration,
        provenance=with_segmentation(steps.provenance, radius, request.protocol),
        side=radius.side,
        parameters=request.protocol.density,
    )
    facts = with_orientation(facts, radius)
    result = _result(steps, facts, measurements, radius.card, (*told.notes, *radius.notes))
    return write_outputs(result, steps.density, radius.labels, request.out, radius=radius)


def _with_given_labels(steps: _Steps, facts: ScanFacts, request: ScanRequest, path: Path) -> ScanResult:
    from bonemetrics.measures.density import measure_labels
    from bonemetrics.pipeline.outputs import write_outputs
    from bonemetrics.readers.labels import read_labels

    labels: LabelVolume = read_labels(path).onto(steps.density.geometry)
    told = what_is_told(steps.reading.header, request.protocol.region, steps.density.geometry)
    measurements = measure_labels(
        steps.density, labels, calibration=steps.calibration, provenance=steps.provenance, side=told.side
    )
    facts = facts.model_copy(update={"side": told.side, "side_source": told.side_source})
    result = _result(steps, facts, measurements, QualityCard(), told.notes)
    return write_outputs(result, steps.density, labels, request.out)


def segmented(
    density: DensityVolume,
    told: Told,
    rods: Sequence[RodReading],
    *,
    protocol: Protocol,
    forearm_length_mm: float | None = None,
) -> RadiusSegmentation:
    """The automatic segmentation of a scan by a protocol; the same scan always gives the same one.

    Parameters
    ----------
    density
        Calibrated scan.
    told
        What tags and protocol say of side and distal end.
    rods
        Calibration rods found in the scan.
    protocol
        Its `[tissue]` and `[region]`.
    forearm_length_mm
        Of the scan's person, where the region is a part of the forearm.

    Raises
    ------
    SegmentationError, MaterialMismatchError, UsageError
        As `segment_radius` and `tissue_parameters` say.
    """
    from bonemetrics.segmentation.radius import segment_radius

    return segment_radius(
        density,
        parameters=tissue_parameters(protocol),
        rods=rods,
        side=told.side,
        side_source=told.side_source,
        distal=told.distal,
        distal_source=told.distal_source,
        region=protocol.region,
        forearm_length_mm=forearm_length_mm,
    )


def with_orientation(facts: ScanFacts, radius: RadiusSegmentation) -> ScanFacts:
    """The facts with side and distal end as the segmentation settled them."""
    return facts.model_copy(
        update={
            "side": radius.side,
            "side_source": radius.side_source,
            "distal_end": radius.distal_end,
            "distal_source": radius.distal_source,
        }
    )


def _result(
    steps: _Steps,
    facts: ScanFacts,
    measurements: tuple[Measurement, ...],
    card: QualityCard,
    notes: tuple[Problem, ...],
) -> ScanResult:
    return noted_result(facts, steps.calibration, measurements, card, (*steps.notes, *notes))


def noted_result(
    facts: ScanFacts,
    calibration: Calibration,
    measurements: tuple[Measurement, ...],
    card: QualityCard,
    notes: Iterable[Problem],
) -> ScanResult:
    """The result of a measured scan; every note stands on it and on every number, once."""
    told: dict[tuple[str, str], Problem] = {}
    for problem in (*notes, *card.findings):
        told.setdefault((problem.code, problem.message), problem)
    problems = tuple(told.values())
    return ScanResult(
        kind="ct-series",
        facts=facts,
        calibration=calibration,
        measurements=tuple(_with_notes(measurement, problems) for measurement in measurements),
        card=card,
        problems=problems,
    )


def _with_notes(measurement: Measurement, notes: tuple[Problem, ...]) -> Measurement:
    provenance = measurement.provenance.model_copy(update={"notes": (*measurement.provenance.notes, *notes)})
    return measurement.model_copy(update={"provenance": provenance})


def tissue_parameters(protocol: Protocol) -> TissueParameters:
    """The segmentation's parameters with what the protocol's [tissue] changes.

    Raises
    ------
    UsageError
        Where a key or value of [tissue] does not fit.
    """
    from bonemetrics.segmentation.parameters import TissueParameters

    try:
        return TissueParameters.model_validate_json(json.dumps(protocol.tissue))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"[tissue] {key}: {first['msg']}") from None


def provenance_of(reading: CtReading, calibration: Calibration, protocol: Protocol) -> Provenance:
    """Where the numbers of a scan come from; the method is added by what measures."""
    parameters: dict[str, JsonValue] = {
        "calibration": calibration.model_dump(mode="json", exclude={"notes"}),
        "protocol_sha256": protocol.protocol_hash,
    }
    if protocol.overrides:
        parameters["overrides"] = dict(protocol.overrides)
    return Provenance(
        method="",
        parameters=parameters,
        software_version=__version__,
        input_sha256=reading.header.sha256,
        study_uid=reading.header.study_uid,
        series_uid=reading.header.series_uid,
    )


def with_segmentation(provenance: Provenance, radius: RadiusSegmentation, protocol: Protocol) -> Provenance:
    """Provenance with the parameters of the automatic segmentation and what it settled."""
    told: dict[str, JsonValue] = {
        "segmentation": tissue_parameters(protocol).model_dump(mode="json"),
        "distal_end": radius.distal_end,
        "distal_source": radius.distal_source,
        "side_source": radius.side_source,
    }
    return provenance.model_copy(update={"parameters": {**provenance.parameters, **told}})


def grid_facts(geometry: Geometry) -> GridFacts:
    """A grid as records and JSON show it."""
    affine = geometry.affine_lps.tolist()
    return GridFacts(
        shape=geometry.shape,
        spacing_mm=geometry.spacing_mm,
        affine_lps=tuple((row[0], row[1], row[2], row[3]) for row in affine),
        frame_of_reference_uid=geometry.frame_of_reference_uid,
    )
