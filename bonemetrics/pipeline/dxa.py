"""From one file of DXA results to numbers with their provenance: read, judge, assess."""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from bonemetrics import __version__
from bonemetrics.errors import BonemetricsError, ReadError
from bonemetrics.records import (
    NUMBERS,
    QUANTITIES,
    DxaRegion,
    DxaReport,
    DxaRow,
    Measurement,
    Problem,
    Provenance,
    RawDxaReport,
    ReferenceCurve,
    ScanHeader,
    ScanResult,
    Subject,
    refusal,
)

if TYPE_CHECKING:
    from pydantic import JsonValue

    from bonemetrics.dxa.judge import Judged
    from bonemetrics.study.protocol import Protocol

_FIELDS = {"area": "area_cm2", "bmc": "bmc_g", "bmd": "bmd_g_cm2", "t_score": "t_score", "z_score": "z_score"}


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredReport:
    """One report of a file: whose and which it is, its numbers, and pictures of cells for the reviewer, by name."""

    header: ScanHeader
    result: ScanResult
    pictures: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredFile:
    """All reports of a file. `problems` are of the file as a whole; with a refusal there is no report.

    `sha256` is the hash of the file's bytes.
    """

    kind: str
    sha256: str = ""
    reports: tuple[MeasuredReport, ...] = ()
    problems: tuple[Problem, ...] = ()
    is_up_to_date: bool = False


def measure_reports(path: Path, protocol: Protocol, *, kind: str = "", up_to_date: Container[str] = ()) -> MeasuredFile:
    """Read a file of DXA results and judge every number in it. Runs in a guarded child.

    Parameters
    ----------
    path
        Of any form that `readers.dxa` knows.
    protocol
        Its `[dxa]` rules and `[[references]]`.
    kind
        What `identify` said of the file.
    up_to_date
        Hashes of contents that need not be read again.

    Returns
    -------
    MeasuredFile
        Each report with numbers and notes, or with the reason why it has none.
    """
    from bonemetrics.readers.dxa.door import read_dxa
    from bonemetrics.readers.dxa.source import MAX_DXA_BYTES
    from bonemetrics.readers.files import whole_file

    digest = ""
    try:
        data = whole_file(path, most_bytes=MAX_DXA_BYTES)
        digest = hashlib.sha256(data).hexdigest()
        if digest in up_to_date:
            return MeasuredFile(kind=kind, sha256=digest, is_up_to_date=True)
        reading = read_dxa(data, path, dates=protocol.dxa.dates or "")
    except BonemetricsError as error:
        return MeasuredFile(kind=_kind_without(kind, path, error.code), sha256=digest, problems=(refusal(error),))
    people = {patient: subject for subject in protocol.subjects for patient in _ids(subject)}
    reports = tuple(
        _measured(raw, protocol, reading.curves, _Origin(kind=kind, sha256=digest, number=number, people=people))
        for number, raw in enumerate(reading.reports)
    )
    told = "dxa-report" if kind == "dxa-image" and reports else kind
    return MeasuredFile(kind=told, sha256=digest, reports=reports, problems=reading.problems)


def _kind_without(kind: str, path: Path, code: str) -> str:
    """What a file is that gave no result: a picture or document that is no report is nothing of ours."""
    foreign = code in ("no-dxa-results", "unknown-format") and not _is_dicom_file(path)
    return "unknown" if foreign and kind in ("dxa-image", "dxa-report") else kind


def _is_dicom_file(path: Path) -> bool:
    from bonemetrics.readers.dicom_file import is_dicom
    from bonemetrics.readers.files import open_regular, read_range

    with open_regular(path) as (descriptor, _):
        return is_dicom(read_range(descriptor, 0, 256))


def _ids(subject: Subject) -> tuple[str, ...]:
    return subject.patient_ids or (subject.subject,)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Origin:
    """Which report of which file, and who is who."""

    kind: str
    sha256: str
    number: int
    people: Mapping[str, Subject]


def _measured(
    raw: RawDxaReport, protocol: Protocol, source_curves: tuple[ReferenceCurve, ...], origin: _Origin
) -> MeasuredReport:
    from bonemetrics.dxa.judge import judge

    judged = judge(raw, curves=(*protocol.references, *source_curves), source_curves=source_curves)
    report = report_of(judged.report)
    person = origin.people.get(raw.patient.patient_id)
    report, found = _assessed(report, judged.report, protocol, person)
    problems = _once((*raw.problems, *judged.problems, *found))
    measurements = tuple(_measurements(judged, origin.sha256))
    if not measurements:
        why = "not one number of the report could be taken with certainty; its notes say why"
        nothing = ReadError(why, code="no-certain-number")
        problems = (refusal(nothing), *problems)
    result = ScanResult(kind=origin.kind, report=report, measurements=measurements, problems=problems)
    kept = {cell.picture for row in judged.report.rows for cell in row.cells.values() if cell.value is None}
    pictures = {name: content for name, content in judged.report.pictures.items() if name in kept}
    return MeasuredReport(header=_header(raw, origin), result=result, pictures=pictures)


def report_of(raw: RawDxaReport) -> DxaReport:
    """The report as a study keeps it: judged numbers by region, and nothing of the person.

    Parameters
    ----------
    raw
        Judged, so that every cell is in `records.UNITS`.

    Returns
    -------
    DxaReport
        Rows of differences between left and right are left out.
    """
    return DxaReport(
        route=raw.route,
        scan_id=raw.scan_id,
        site=raw.site,
        side=raw.side,
        device=raw.device,
        scan_date=raw.scan_date,
        analysis_date=raw.analysis_date,
        circumstances=raw.circumstances,
        included=raw.included,
        regions=tuple(_region(row) for row in raw.rows if row.statistic != "difference"),
        structure=raw.structure,
        others=raw.others,
    )


def _region(row: DxaRow) -> DxaRegion:
    return DxaRegion(
        region=row.region,
        side=row.side,
        **{field: row.value(name) for name, field in _FIELDS.items()},
    )


def _assessed(
    report: DxaReport, raw: RawDxaReport, protocol: Protocol, person: Subject | None
) -> tuple[DxaReport, tuple[Problem, ...]]:
    from bonemetrics.dxa.iscd import assess

    excluded = protocol.dxa.excluded_vertebrae.get(person.subject, ()) if person is not None else ()
    assessment = assess(
        report,
        sex=raw.patient.sex,
        age_years=raw.patient.age_years,
        postmenopausal=protocol.dxa.postmenopausal,
        excluded=dict.fromkeys(excluded, "left out by a reader"),
        t_difference=protocol.dxa.vertebra_t_difference,
    )
    return report.model_copy(update={"assessment": assessment.as_dict()}), assessment.notes


def _measurements(judged: Judged, sha256: str) -> Iterable[Measurement]:
    from bonemetrics.dxa.cells import numbers_of

    raw = judged.report
    shared, numbers = _shared_parameters(raw), numbers_of(raw.rows)
    for place, row in enumerate(raw.rows):
        if row.statistic == "difference":
            continue
        for name in NUMBERS:
            cell = row.cells.get(name)
            if cell is None or cell.value is None:
                continue
            parameters: dict[str, JsonValue] = {**shared, "raw": cell.raw, "place": cell.place, "trust": cell.trust}
            parameters["half_unit"] = numbers[place, name].half
            if cell.readings:
                parameters["readings"] = list(cell.readings)
            yield Measurement(
                quantity=QUANTITIES[name],
                value=cell.value,
                site=raw.site,
                side=row.side,
                region=row.region,
                provenance=Provenance(
                    method=f"DXA, {raw.route}",
                    parameters=parameters,
                    software_version=__version__,
                    input_sha256=sha256,
                    study_uid=raw.study_uid,
                    series_uid=raw.series_uid,
                    notes=tuple(judged.cell_notes.get((row.region, row.side, name), ())),
                ),
            )


def _shared_parameters(raw: RawDxaReport) -> dict[str, JsonValue]:
    told = {
        "route": raw.route,
        "instance_uid": raw.instance_uid,
        "scan_id": raw.scan_id,
        "manufacturer": raw.device.manufacturer,
        "model": raw.device.model,
        "serial": raw.device.serial,
        "analysis_version": raw.device.analysis_version,
        "scan_mode": raw.circumstances.scan_mode,
        "reference": raw.circumstances.reference,
    }
    return {name: value for name, value in told.items() if value}


def _header(raw: RawDxaReport, origin: _Origin) -> ScanHeader:
    return ScanHeader(
        patient_id=raw.patient.patient_id,
        patient_birth_date=raw.patient.birth_date,
        patient_sex=raw.patient.sex,
        study_uid=raw.study_uid,
        series_uid=_identity(raw, origin),
        modality="DXA",
        scan_date=raw.scan_date,
        body_part=raw.site,
        laterality=raw.side if raw.side in ("left", "right") else None,
        sha256=origin.sha256,
    )


def _identity(raw: RawDxaReport, origin: _Origin) -> str:
    """What stays the same when the same report is read again: its UID, its key on the scanner, or its place in a file.

    Hashed, since a scanner's key may hold what identifies a person.
    """
    if raw.instance_uid:
        told = f"{raw.instance_uid}/{raw.route}/{raw.key}/{raw.site}/{raw.side}"
    elif raw.key:
        told = f"{raw.key}/{raw.route}/{raw.site}/{raw.side}"
    else:
        told = f"{origin.sha256}/{raw.route}/{origin.number}"
    return "dxa-" + hashlib.sha256(told.encode()).hexdigest()[:32]


def _once(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    return tuple(dict.fromkeys(problems))
