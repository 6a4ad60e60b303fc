"""DXA results in DICOM files: each payload goes to its reader, and the header says whose and when."""

from __future__ import annotations

from functools import partial

from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa.dicom_facts import DicomFacts, region_of_image
from bonemetrics.readers.dxa.dicom_parts import DicomParts, Payload, parts_of
from bonemetrics.readers.dxa.source import Source
from bonemetrics.records import DxaDevice, DxaPatient, DxaReading, Problem, RawDxaReport, note

_SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
_MINE = frozenset({"no-dxa-results", "unknown-format"})


def read_dicom(source: Source) -> DxaReading:
    """Read every payload of a DICOM file; its pixels only where nothing better is there.

    Parameters
    ----------
    source
        The whole file.

    Returns
    -------
    DxaReading
        One report per payload and scan; the patient is the header's, since a header that was de-identified means it.

    Raises
    ------
    ReadError
        `no-dxa-results` for an image or document without results, or why the results cannot be read.
    """
    parts = parts_of(source.data)
    readings: list[DxaReading] = []
    failures: list[tuple[Payload, ReadError]] = []
    for payload in parts.payloads:
        if payload.route == "page-image" and any(reading.reports for reading in readings):
            continue
        try:
            readings.append(_read(payload, parts, source))
        except ReadError as error:
            failures.append((payload, error))
    notes = tuple(_unread(payload, error) for payload, error in failures if error.code not in _MINE)
    reports = tuple(_with_facts(report, parts, notes) for reading in readings for report in reading.reports)
    if not reports:
        raise _why_none(parts.facts, [error for _, error in failures])
    problems = (*parts.problems, *(problem for reading in readings for problem in reading.problems))
    return DxaReading(reports=reports, problems=problems)


def _read(payload: Payload, parts: DicomParts, source: Source) -> DxaReading:
    from bonemetrics.readers.dxa import (
        dicom_sr,
        hologic_image_analysis,
        hologic_scan,
        hologic_xml,
        page_image,
        pdf,
        xps,
    )
    from bonemetrics.readers.dxa.dicom_picture import grey_pictures

    inner = Source(data=payload.data, dates=source.dates)
    if payload.route == "dicom-sr":
        return DxaReading(reports=dicom_sr.read_content(parts.elements, parts.facts))
    if payload.route == "page-image":
        return page_image.read_pages(grey_pictures(parts, source.data), dates=source.dates)
    facts = parts.facts
    if payload.route == "hologic-xml":
        told = hologic_xml.read_text(
            payload.data,
            dates=source.dates,
            place=payload.place,
            site=facts.site,
            side=facts.side,
            person=facts.person,
        )
        return DxaReading(reports=(told,))
    if payload.route == "hologic-image-analysis":
        told = hologic_image_analysis.read_text(payload.data, place=payload.place, site=facts.site, side=facts.side)
        return DxaReading(reports=(told,))
    if payload.route == "pdf":
        return pdf.read(inner, by_pictures=partial(page_image.read_pages, dates=source.dates))
    return xps.read(inner) if payload.route == "xps" else hologic_scan.read(inner)


def _unread(payload: Payload, error: ReadError) -> Problem:
    return note("payload-unreadable", f"{payload.route} at {payload.place}: {error.code}: {error.message}")


def _why_none(facts: DicomFacts, errors: list[ReadError]) -> ReadError:
    told = next((error for error in errors if error.code not in _MINE), None)
    if told is not None and (told.code != "ocr-unavailable" or facts.sop_class.startswith(_SECONDARY_CAPTURE)):
        return told
    region = region_of_image(facts)
    what = f"a DXA image of {region}" if region else "a DXA image or document"
    return ReadError(f"{what} without results; look for the report beside it", code="no-dxa-results")


def _with_facts(report: RawDxaReport, parts: DicomParts, notes: tuple[Problem, ...]) -> RawDxaReport:
    facts = parts.facts
    dates = _dates_note(report, facts)
    return report.model_copy(
        update={
            "study_uid": facts.study_uid,
            "series_uid": facts.series_uid,
            "instance_uid": facts.instance_uid,
            "site": report.site or facts.site,
            "side": report.side or facts.side,
            "device": _device(report.device, facts.device),
            "patient": _patient(report.patient, facts.patient),
            "scan_date": report.scan_date or facts.scan_date,
            "others": (*report.others, *parts.others),
            "problems": (*report.problems, *notes, *dates),
        }
    )


def _dates_note(report: RawDxaReport, facts: DicomFacts) -> tuple[Problem, ...]:
    if report.scan_date is None or facts.scan_date in (None, report.scan_date):
        return ()
    text = f"the results say {report.scan_date.isoformat()}, the file's header {facts.scan_date}; the results stand"
    return (note("dates-disagree", text),)


def _device(own: DxaDevice, header: DxaDevice) -> DxaDevice:
    told = {name: getattr(own, name) or getattr(header, name) for name in DxaDevice.model_fields}
    return DxaDevice(**told)


def _patient(own: DxaPatient, header: DxaPatient) -> DxaPatient:
    """Who it is says the header alone; what a score needs may come from the payload."""
    told = {name: getattr(header, name) for name in ("patient_id", "birth_date")}
    for name in ("sex", "age_years", "ethnicity", "height_cm", "weight_kg", "menopause_age"):
        value = getattr(header, name)
        told[name] = value if value not in ("", None) else getattr(own, name)
    return DxaPatient(**told)
