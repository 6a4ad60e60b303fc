"""One scan of a Hologic database as a report."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bonemetrics.anatomy import SPINE
from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa.hologic_database_codes import OTHER_TABLES, SITE_TABLES, TABLE_NAMES
from bonemetrics.readers.dxa.hologic_database_results import (
    drawn_rows,
    extra_cells,
    has_results,
    region_rows,
    spine_total,
    structure_cells,
    with_scores,
)
from bonemetrics.readers.dxa.hologic_database_tables import Row
from bonemetrics.readers.dxa.hologic_database_values import moment_in, number_in, text_in, whole_in
from bonemetrics.readers.dxa.hologic_scan_codes import (
    SCAN_TYPES,
    STRUCTURE_HAS_NO_UNITS,
    coded,
    number_cell,
    positive,
    roi_text,
    scan_type_name,
    side_of,
)
from bonemetrics.readers.dxa.hologic_scan_id import scan_date_problems
from bonemetrics.records import (
    DxaCell,
    DxaCircumstances,
    DxaDevice,
    DxaPatient,
    Problem,
    RawDxaReport,
)

ScanKey = tuple[str, str, str]
"""Patient key, scan ID and serial number."""

_UID = re.compile(r"[0-9][0-9.]{0,63}")


@dataclass(frozen=True, slots=True)
class Scan:
    """One scan: its newest analysis, and its rows in the tables of results."""

    key: ScanKey
    analysis: Row
    results: Mapping[str, list[Row]]
    repeated: tuple[Problem, ...]

    def row(self, table: str) -> Row | None:
        """The scan's row of a table; equal copies are one.

        Raises
        ------
        ReadError
            `results-not-understood` where two rows differ: no column says which analysis they are of.
        """
        rows = self.results.get(table, [])
        if any(row != rows[0] for row in rows):
            raise ReadError(
                f"a scan has two different rows in table {TABLE_NAMES[table]}; which one is valid cannot be told",
                code="results-not-understood",
            )
        return rows[0] if rows else None


def site_of_scan(scan: Scan) -> str:
    """The site whose table holds the scan's results; empty where none does.

    Raises
    ------
    ReadError
        `results-not-understood` where tables of several sites do, and the scan type does not settle it.
    """
    rows = {site: scan.row(table) for site, table in SITE_TABLES.items()}
    sites = [site for site, row in rows.items() if row is not None and has_results(row)]
    stated = SCAN_TYPES.get(whole_in(scan.analysis, "SCAN_TYPE") or 0)
    if len(sites) > 1 and stated is not None and stated.site in sites:
        return stated.site
    if len(sites) > 1:
        raise ReadError("a scan has results of several sites", code="results-not-understood")
    return sites[0] if sites else ""


def report_of_scan(scan: Scan, site: str, patient: Row) -> RawDxaReport:
    """The report of one scan.

    Parameters
    ----------
    scan
        With results of `site`.
    site
        Of `anatomy.SITES`.
    patient
        Row of the table `PATIENT`, empty where the database has none.

    Raises
    ------
    ReadError
        `results-not-understood`.
    """
    analysis, table = scan.analysis, SITE_TABLES[site]
    row = scan.row(table) or {}
    side, problems = side_of(whole_in(analysis, "SCAN_TYPE"), site)
    rows = region_rows(site, row, side)
    included: tuple[str, ...] = ()
    if site == SPINE:
        included, total, found = spine_total(row, rows)
        rows, problems = (*rows, *total), (*problems, *found)
    drawn, found = drawn_rows(site, scan.row("SUBREGIONBONE") or {}, side, rows)
    rows, reference, scores = with_scores((*rows, *drawn), site, scan.results.get("REFERENCERESULTS", []))
    structure = structure_cells(scan.row("HIPHSA") or {})
    _patient, scan_id, serial = (key.strip() for key in scan.key)
    scanned, analysed = moment_in(analysis, "SCAN_DATE"), moment_in(analysis, "ANALYSIS_DATE")
    scan_day = scanned.date() if scanned else None
    uid = text_in(analysis, "WL_STUDY_INST_UID")
    return RawDxaReport(
        route="hologic-database",
        key=f"{serial}/{scan_id}" if serial and scan_id else "",
        study_uid=uid if _UID.fullmatch(uid) else "",
        scan_id=scan_id,
        site=site,
        side=side,
        device=_device(analysis, serial),
        patient=_patient_of(patient, analysis),
        scan_date=scan_day,
        analysis_date=analysed.date() if analysed else None,
        circumstances=_circumstances(analysis, row, reference),
        included=included,
        rows=rows,
        structure={**structure, **_thickness(analysis), **extra_cells(site, row)},
        others=_others(scan, site, has_structure=bool(structure)),
        problems=(*problems, *found, *scores, *scan.repeated, *scan_date_problems(scan_day, scan_id)),
    )


def _others(scan: Scan, site: str, *, has_structure: bool) -> tuple[str, ...]:
    names = [name for table, name in OTHER_TABLES.items() if table in scan.results]
    names += [TABLE_NAMES[table] for other, table in SITE_TABLES.items() if other != site and table in scan.results]
    if any(has_results(row) for row in scan.results.get("SUBREGIONBONE", [])):
        names.append(TABLE_NAMES["SUBREGIONBONE"])
    return (STRUCTURE_HAS_NO_UNITS, *names) if has_structure else tuple(names)


def _thickness(analysis: Row) -> dict[str, DxaCell]:
    number = positive(number_in(analysis, "THICKNESS"))
    return {} if number is None else {"thickness": number_cell(number, unit="", place="ScanAnalysis.THICKNESS")}


def _device(analysis: Row, serial: str) -> DxaDevice:
    return DxaDevice(
        manufacturer="Hologic",
        serial=serial,
        software=text_in(analysis, "SW_VERSION"),
        analysis_version=text_in(analysis, "ANAL_VERSION"),
        hardware=text_in(analysis, "HW_VERSION"),
    )


def _patient_of(patient: Row, analysis: Row) -> DxaPatient:
    """The person, with weight and height of the day of the scan where they were taken."""
    sex, born = text_in(patient, "SEX"), moment_in(patient, "BIRTHDATE")
    sizes = {}
    for column in ("HEIGHT", "WEIGHT"):
        sizes[column] = positive(number_in(analysis, column)) or positive(number_in(patient, column))
    return DxaPatient(
        patient_id=text_in(patient, "IDENTIFIER1"),
        birth_date=f"{born:%Y%m%d}" if born else "",
        sex=sex if sex in ("F", "M", "O") else "",
        ethnicity=text_in(patient, "ETHNICITY"),
        height_cm=sizes["HEIGHT"],
        weight_kg=sizes["WEIGHT"],
        menopause_age=_menopause_age(number_in(patient, "MENOPAUSE_YEAR"), born),
    )


def _menopause_age(stored: float | None, born: datetime | None) -> float | None:
    """Age at menopause, from an age or from a calendar year; the column's name and its use differ."""
    number = positive(stored)
    if number is None or number < 150:
        return number
    return positive(number - born.year) if born else None


def _circumstances(analysis: Row, row: Row, reference: str) -> DxaCircumstances:
    return DxaCircumstances(
        scan_type=scan_type_name(whole_in(analysis, "SCAN_TYPE")),
        scan_mode=coded("SCAN_MODE", whole_in(analysis, "SCAN_MODE")),
        protocol=coded("PROTOCOL", whole_in(analysis, "PROTOCOL")),
        roi=roi_text(
            whole_in(row, "ROI_TYPE"), positive(number_in(row, "ROI_WIDTH")), positive(number_in(row, "ROI_HEIGHT"))
        ),
        reference=reference,
        acf=positive(number_in(analysis, "ACF")),
        bcf=positive(number_in(analysis, "BCF")),
        k=positive(number_in(analysis, "K")),
        d0=positive(number_in(analysis, "D0")),
    )
