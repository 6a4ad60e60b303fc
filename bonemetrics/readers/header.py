"""Scanner constants and scan header as records, from the facts of a series' files."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from bonemetrics.readers.facts import FileFacts
from bonemetrics.records import ScanHeader, ScannerConstants, Side

_SIDES: dict[str, Side] = {"L": "left", "R": "right"}


def constants_of(facts: FileFacts) -> ScannerConstants:
    """What the file says of the scanner and its own calibration."""
    scanco = facts.shared.scanner.scanco
    return ScannerConstants(
        manufacturer=facts.shared.scanner.manufacturer,
        model=facts.shared.scanner.model,
        serial=facts.shared.scanner.serial,
        software=facts.shared.software,
        kvp=facts.shared.kvp,
        kernel=facts.shared.kernel,
        mu_scaling=scanco.mu_scaling if scanco else None,
        mu_water_per_cm=scanco.mu_water_per_cm if scanco else None,
        density_slope=scanco.density_slope if scanco else None,
        density_intercept=scanco.density_intercept if scanco else None,
    )


def header_of(files: Sequence[FileFacts], digest: str, n_files: int) -> ScanHeader:
    """Identity and circumstances of the series.

    Parameters
    ----------
    files
        The files read.
    digest
        sha256 over the sorted sha256 digests of the files.
    n_files
        Number of files read.
    """
    earliest = min(files, key=lambda facts: (facts.scan_date, facts.scan_time))
    day = _date(earliest.scan_date)
    return ScanHeader(
        patient_id=earliest.shared.identity.patient_id,
        patient_birth_date=earliest.shared.identity.birth_date,
        patient_sex=earliest.shared.identity.sex,
        study_uid=earliest.shared.study_uid,
        series_uid=earliest.series_uid,
        scan_date=day,
        scan_time=_time(day, earliest.scan_time),
        body_part=earliest.shared.body_part,
        laterality=_SIDES.get(earliest.shared.laterality),
        patient_position=earliest.shared.patient_position,
        transfer_syntax_uid=earliest.transfer_syntax,
        sha256=digest,
        n_files=n_files,
    )


def _date(stated: str) -> date | None:
    digits = stated.replace(".", "")[:8]
    try:
        return datetime.strptime(digits, "%Y%m%d").date()
    except ValueError:
        return None


def _time(day: date | None, stated: str) -> datetime | None:
    """Local time of the scanner, whole seconds; the header names no time zone."""
    digits = stated.replace(":", "")[:6]
    if day is None or not digits.isdigit() or len(digits) < 4:
        return None
    try:
        clock = datetime.strptime(digits.ljust(6, "0"), "%H%M%S").time()
    except ValueError:
        return None
    return datetime.combine(day, clock)
