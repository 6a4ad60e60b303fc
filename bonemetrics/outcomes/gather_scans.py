"""Numbers of scans and reports as values that may count for parameters."""

from __future__ import annotations

from collections.abc import Iterator

from bonemetrics.outcomes.rows import Candidate, Source
from bonemetrics.records import Calibration, Measurement
from bonemetrics.study.parameters import paramcds_of
from bonemetrics.study.placement import KIND_OF_DATA, PlacedScan
from bonemetrics.study.protocol import Protocol


def scan_candidates(placed: PlacedScan, protocol: Protocol) -> Iterator[Candidate]:
    """Every number of one scan or report that stands.

    Parameters
    ----------
    placed
        With its visit.
    protocol
        Whose parameters the numbers may belong to.

    Yields
    ------
    Candidate
        With the notes of the scan, of its place and of the number.
    """
    for number in placed.measurements:
        yield Candidate(
            subject=placed.subject,
            cohort=placed.cohort,
            visit=placed.visit,
            day=placed.scan.scan_date,
            study_day=placed.study_day,
            kind=_kind(placed),
            paramcds=paramcds_of(number, protocol),
            quantity=number.quantity,
            site=number.site,
            region=number.region,
            side=number.side or "",
            value=number.value,
            unit=number.unit,
            standard_uncertainty=number.standard_uncertainty,
            material="" if number.material is None else str(number.material),
            scanner=_scanner(placed),
            review=placed.scan.review_status,
            source=_source(placed, number),
            notes=tuple(dict.fromkeys((*placed.all_notes, *placed.scan.card.findings, *number.provenance.notes))),
        )


def _kind(placed: PlacedScan) -> str:
    result = placed.scan.result
    return "dxa" if result.report is not None else KIND_OF_DATA.get(result.kind, result.kind)


def _scanner(placed: PlacedScan) -> str:
    result = placed.scan.result
    if result.report is not None:
        return result.report.device.serial
    return result.facts.constants.serial if result.facts is not None else ""


def _source(placed: PlacedScan, number: Measurement) -> Source:
    scan = placed.scan
    return Source(
        source_id=scan.scan_id,
        kind=_kind(placed),
        input_sha256=scan.input_sha256,
        series_uid=number.provenance.series_uid or scan.series_uid,
        calibration=_calibration(scan.result.calibration),
        scanner=_scanner(placed),
        software_version=number.provenance.software_version,
        # What a densitometer printed and what the file says of a number differ by region, so the method names the form.
        method=number.provenance.method,
        reader="" if scan.labels is None else scan.labels.reader,
        review=scan.review_status,
        mask_sha256="" if scan.labels is None else scan.labels.sha256,
    )


def _calibration(found: Calibration | None) -> str:
    if found is None:
        return ""
    slope = "" if found.slope is None else f"; slope {found.slope:.6g}, intercept {found.intercept:.6g}"
    return f"{found.method}; {found.material}{slope}"
