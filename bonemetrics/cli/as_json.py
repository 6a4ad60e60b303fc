"""The JSON of `--json`: one object on stdout, its keys a contract."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bonemetrics.records import Calibration, DxaRegion, DxaReport, GridFacts, Measurement, Problem, ScanResult


def problem_json(problem: Problem) -> dict[str, Any]:
    """Code, severity and message; the slices where there are any."""
    shown: dict[str, Any] = {"code": problem.code, "severity": problem.severity, "message": problem.message}
    if problem.slices:
        shown["slices"] = list(problem.slices)
    return shown


def geometry_json(grid: GridFacts | None) -> dict[str, Any] | None:
    """Shape, spacing and affine of a grid."""
    if grid is None:
        return None
    return {
        "shape": list(grid.shape),
        "spacing_mm": list(grid.spacing_mm),
        "affine_lps": [list(row) for row in grid.affine_lps],
    }


def calibration_json(calibration: Calibration | None) -> dict[str, Any] | None:
    """What turned HU into density."""
    if calibration is None:
        return None
    return {
        "method": calibration.method,
        "slope": calibration.slope,
        "intercept": calibration.intercept,
        "material": str(calibration.material),
        "r2": calibration.r2,
    }


def measurement_json(measurement: Measurement) -> dict[str, Any]:
    """One number with its unit, material, place and uncertainty."""
    return {
        "code": measurement.quantity,
        "value": measurement.value,
        "unit": measurement.unit,
        "material": None if measurement.material is None else str(measurement.material),
        "site": measurement.site,
        "side": measurement.side,
        "region": measurement.region,
        "standard_uncertainty": measurement.standard_uncertainty,
    }


def region_json(region: DxaRegion) -> dict[str, Any]:
    """One region of a report; a missing value is null."""
    return {
        "region": region.region,
        "side": region.side,
        "area_cm2": region.area_cm2,
        "bmc_g": region.bmc_g,
        "bmd_g_cm2": region.bmd_g_cm2,
        "t_score": region.t_score,
        "z_score": region.z_score,
    }


def report_json(report: DxaReport) -> dict[str, Any]:
    """A report as its scanner meant it."""
    device = report.device
    return {
        "scan_id": report.scan_id or None,
        "device": " ".join(part for part in (device.manufacturer, device.model, device.serial) if part) or None,
        "software": device.software or device.analysis_version or None,
        "scan_date": report.scan_date.isoformat() if report.scan_date else None,
        "site": report.site or None,
        "side": report.side,
        "route": report.route,
        "reference": report.circumstances.reference or None,
        "included": list(report.included),
        "regions": [region_json(region) for region in report.regions],
        "assessment": report.assessment,
    }


def report_file_json(kind: str, results: Sequence[ScanResult], problems: Sequence[Problem]) -> dict[str, Any]:
    """What `measure` says of a file of DXA results: `report` for one, `reports` for several."""
    reports = [report_json(result.report) for result in results if result.report is not None]
    every = dict.fromkeys([*problems, *(problem for result in results for problem in result.problems)])
    shown: dict[str, Any] = {
        "kind": kind,
        "geometry": None,
        "calibration": None,
        "measurements": [_of_report(result, number) for result in results for number in result.measurements],
        "problems": [problem_json(problem) for problem in every],
    }
    if len(reports) == 1:
        return {**shown, "report": reports[0]}
    return {**shown, "reports": reports} if reports else shown


def _of_report(result: ScanResult, measurement: Measurement) -> dict[str, Any]:
    shown = measurement_json(measurement)
    return {**shown, "scan_id": result.report.scan_id or None} if result.report is not None else shown


def scan_json(result: ScanResult) -> dict[str, Any]:
    """What `measure` says of one scan."""
    return {
        "kind": result.kind,
        "geometry": geometry_json(result.facts.grid if result.facts else None),
        "calibration": calibration_json(result.calibration),
        "measurements": [measurement_json(measurement) for measurement in result.measurements],
        "problems": [problem_json(problem) for problem in result.problems],
    }


def several_json(shown: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """One scan or report file as itself, several under `scans`."""
    return shown[0] if len(shown) == 1 else {"scans": list(shown)}


def dumps(shown: dict[str, Any]) -> str:
    """Strict JSON in ASCII: a number that is none is an error, never `NaN`; a file name need not be valid text."""
    return json.dumps(shown, indent=2, allow_nan=False)
