"""The table of DXA numbers: those of the density table, with their PARAMCD and what the source printed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from bonemetrics.outcomes.table import Cell, Column, Table
from bonemetrics.quantities import CATALOGUE
from bonemetrics.records import DxaReport, Measurement
from bonemetrics.study.parameters import paramcds_of
from bonemetrics.study.placement import PlacedScan
from bonemetrics.study.protocol import Protocol


def _text(name: str, label: str, definition: str, source: str = "bonemetrics") -> Column:
    return Column(name=name, type="text", label=label, definition=definition, source=source)


_ISCD = "ISCD Official Positions, Adult, 2023; WHO classes"

DXA_COLUMNS: tuple[Column, ...] = (
    _text("subject", "Subject", "Study ID of the participant"),
    _text("cohort", "Cohort", "Cohort of the participant"),
    _text("visit", "Visit", "Visit of the protocol whose window for DXA holds the scan date"),
    Column(name="scan_date", type="date", label="Date of scan", definition="As the report states it, ISO 8601"),
    _text("paramcd", "Parameter", "PARAMCD of the protocol for this number, several split by ';'; empty: none"),
    _text("site", "Site", "lumbar-spine, hip, forearm or whole-body"),
    _text("side", "Side", "left, right, or mean of both as the scanner prints it; empty where there is only one"),
    _text("region", "Region", "Region of the site; vertebrae as L1-L4 or L1,L3-L4"),
    _text("quantity", "Quantity", "aBMD, BMC, Area, T-score or Z-score; defined below"),
    Column(name="value", type="number", label="Value", definition="The number, in the unit beside it"),
    _text("unit", "Unit", "Unit of value", "UCUM"),
    _text("raw", "As in the source", "Text of the cell exactly as the source has it"),
    _text("place", "Place in the source", "Tag, database column, record, or page and box"),
    _text("trust", "Kind of reading", "exact: binary number; text: characters; ocr: read from a picture"),
    _text("route", "Route", "How the result left its scanner"),
    _text("device", "Device", "Manufacturer and model of the densitometer"),
    _text("serial", "Serial", "Serial number of the densitometer"),
    _text("analysis_version", "Analysis version", "Version of the software that analysed the scan"),
    _text("scan_mode", "Scan mode", "As the source writes it"),
    _text("reference", "Reference", "Reference population as the source names it"),
    _text("vertebrae", "Vertebrae counted", "Vertebrae that the scanner counted into its total"),
    _text("evaluable", "Evaluable vertebrae", "Region of the vertebrae that count; of the spine only", _ISCD),
    _text("score", "Score that counts", "T or Z by sex, age and menopause; empty where that cannot be told", _ISCD),
    _text("category", "Category", "By the lowest score of the report's regions that count for diagnosis", _ISCD),
    _text("device_scan_id", "Scan ID of the device", "Scan ID as the scanner gave it"),
    _text("notes", "Notes", "Codes of the notes on this number, split by ';'"),
    _text("scan_id", "Report", "Names the report in this study"),
    _text("software_version", "Software version", "bonemetrics that read it"),
)


def dxa_table(scans: Iterable[PlacedScan], protocol: Protocol) -> Table:
    """Lay out every DXA number as one row.

    Parameters
    ----------
    scans
        Measured scans and reports in their place in the trial, in any order; what is no DXA report is left out.
    protocol
        Whose `[[parameters]]` give the PARAMCDs.

    Returns
    -------
    Table
        Named `dxa`, sorted by subject, date, site, side, region and quantity.
    """
    rows: list[tuple[tuple[object, ...], tuple[Cell, ...]]] = []
    for scan in scans:
        report = scan.scan.result.report
        if report is not None:
            rows += [(_order(scan, found), _row(scan, report, found, protocol)) for found in scan.measurements]
    return Table(name="dxa", columns=DXA_COLUMNS, rows=[row for _, row in sorted(rows, key=lambda pair: pair[0])])


def _order(scan: PlacedScan, found: Measurement) -> tuple[object, ...]:
    place = (found.site, found.side or "", found.region, list(CATALOGUE).index(found.quantity))
    return (scan.subject, scan.scan.scan_date or date.max, *place, scan.scan.scan_id)


def _row(scan: PlacedScan, report: DxaReport, found: Measurement, protocol: Protocol) -> tuple[Cell, ...]:
    told = found.provenance.parameters
    device = " ".join(part for part in (report.device.manufacturer, report.device.model) if part)
    return (
        scan.subject,
        scan.cohort or None,
        scan.visit.name,
        scan.scan.scan_date,
        ";".join(paramcds_of(found, protocol)) or None,
        found.site,
        found.side,
        found.region,
        found.quantity,
        found.value,
        found.unit,
        *(str(told.get(name, "")) or None for name in ("raw", "place", "trust")),
        report.route,
        device or None,
        report.device.serial or None,
        report.device.analysis_version or None,
        report.circumstances.scan_mode or None,
        report.circumstances.reference or None,
        " ".join(report.included) or None,
        *(str(report.assessment.get(name) or "") or None for name in ("vertebrae_region", "score", "category")),
        report.scan_id or None,
        ";".join(sorted({problem.code for problem in found.provenance.notes})) or None,
        scan.scan.scan_id,
        found.provenance.software_version,
    )
