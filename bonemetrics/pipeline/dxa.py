"""From one file of DXA results to numbers with their provenance: read, judge, assess."""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from bonemetrics import __version__
from bonemetrics.errors import BonemetricsError, ReadError
from bonemetrics.records import (
    NUMBERS,
    QUANTITIES,
    DxaReading,
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

MAX_NUMBERS = 150_000
"""Of one file at once: some 50 MiB on their way home from the child, and some thousand scans of a database."""
_BLANK = " \t\r\n\0"
_FIELDS = {"area": "area_cm2", "bmc": "bmc_g", "bmd": "bmd_g_cm2", "t_score": "t_score", "z_score": "z_score"}


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredReport:
    """One report of a file: whose and which it is, its numbers, and pictures of cells for the reviewer, by name.

    `is_strangers` tells one of somebody outside the study, whose numbers were not kept.
    """

    header: ScanHeader
    result: ScanResult
    is_strangers: bool = False
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


def measure_reports(
    path: Path, protocol: Protocol, *, kind: str = "", up_to_date: Container[str] = (), only_subjects: bool = False
) -> MeasuredFile:
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
    only_subjects
        Keep no number of people who are not in the protocol's subjects table, where it has one: the database of a
        clinic holds thousands of them.

    Returns
    -------
    MeasuredFile
        Each report with numbers and notes, or with the reason why it has none. Refused as `too-large` where the
        numbers are more than one child can hand over.
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
        people = {patient.strip(_BLANK): subject for subject in protocol.subjects for patient in _ids(subject)}
        origin = _Origin(kind=kind, sha256=digest, people=people, only_people=only_subjects and bool(people))
        reports = tuple(_bounded(_all_measured(reading, protocol, origin)))
    except BonemetricsError as error:
        return MeasuredFile(kind=_kind_without(kind, path, error.code), sha256=digest, problems=(refusal(error),))
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
    """Of which file a report is, and who is who."""

    kind: str
    sha256: str
    people: Mapping[str, Subject]
    only_people: bool


def _all_measured(reading: DxaReading, protocol: Protocol, origin: _Origin) -> Iterator[MeasuredReport]:
    for number, raw in enumerate(reading.reports):
        person = origin.people.get(raw.patient.patient_id.strip(_BLANK))
        if person is None and origin.only_people:
            report = DxaReport(
                route=raw.route, scan_id=raw.scan_id, site=raw.site, side=raw.side, scan_date=raw.scan_date
            )
            result = ScanResult(kind=origin.kind, report=report)
            yield MeasuredReport(header=_header(raw, origin, number), result=result, is_strangers=True)
            continue
        result, pictures = _measured(raw, protocol, reading.curves, origin, person)
        yield MeasuredReport(header=_header(raw, origin, number), result=result, pictures=pictures)


def _bounded(reports: Iterable[MeasuredReport]) -> Iterator[MeasuredReport]:
    """The reports, as long as their numbers are not more than can be handed over."""
    numbers = 0
    for report in reports:
        numbers += len(report.result.measurements)
        if numbers > MAX_NUMBERS:
            text = f"results of more than {MAX_NUMBERS} numbers; run it in a study, whose subjects table picks people"
            raise ReadError(text, code="too-large")
        yield report


def _measured(
    raw: RawDxaReport,
    protocol: Protocol,
    source_curves: tuple[ReferenceCurve, ...],
    origin: _Origin,
    person: Subject | None,
) -> tuple[ScanResult, Mapping[str, bytes]]:
    from bonemetrics.dxa.judge import judge

    judged = judge(raw, curves=(*protocol.references, *source_curves), source_curves=source_curves)
    report = report_of(judged.report)
    report, found = _assessed(report, judged.report, protocol, person)
    problems = _once((*raw.problems, *judged.problems, *found))
    measurements = tuple(_measurements(judged, origin.sha256))
    if not measurements:
        why = "not one number of the report could be taken with certainty; its notes say why"
        nothing = ReadError(why, code="no-certain-number")
        problems = (refusal(nothing), *problems)
    result = ScanResult(kind=origin.kind, report=report, measurements=measurements, problems=problems)
    kept = {cell.picture for row in judged.report.rows for cell in row.cells.values() if cell.value is None}
    return result, {name: content for name, content in judged.report.pictures.items() if name in kept}


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
    from bonemetrics.dxa.cells import site_of_report

    return DxaReport(
        route=raw.route,
        scan_id=raw.scan_id,
        site=site_of_report(raw),
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
    from bonemetrics.dxa.cells import numbers_of, site_of_report

    raw = judged.report
    site = site_of_report(raw)
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
                site=site,
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


def _header(raw: RawDxaReport, origin: _Origin, number: int) -> ScanHeader:
    # A misread birth date would make every other scan of the person ambiguous, a misread ID a person of its own.
    printed = raw.route != "page-image"
    return ScanHeader(
        patient_id=raw.patient.patient_id,
        patient_birth_date=raw.patient.birth_date if printed else "",
        patient_sex=raw.patient.sex if printed else "",
        may_enrol=printed,
        study_uid=raw.study_uid,
        series_uid=_identity(raw, origin, number),
        modality="DXA",
        scan_date=raw.scan_date,
        body_part=raw.site,
        laterality=raw.side if raw.side in ("left", "right") else None,
        sha256=origin.sha256,
    )


def _identity(raw: RawDxaReport, origin: _Origin, number: int) -> str:
    """What stays the same when the same report is read again: its UID, its key on the scanner, or its place in a file.

    Hashed, since a scanner's key may hold what identifies a person.
    """
    if raw.instance_uid:
        told = f"{raw.instance_uid}/{raw.route}/{raw.key}/{raw.site}/{raw.side}"
    elif raw.key:
        told = f"{raw.key}/{raw.route}/{raw.site}/{raw.side}"
    else:
        told = f"{origin.sha256}/{raw.route}/{number}"
    return "dxa-" + hashlib.sha256(told.encode()).hexdigest()[:32]


def _once(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    return tuple(dict.fromkeys(problems))
