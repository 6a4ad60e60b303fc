"""The JSON of `--json`: one object on stdout, its keys a contract."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bonemetrics.records import Calibration, GridFacts, Measurement, Problem, ScanResult


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


def scan_json(result: ScanResult) -> dict[str, Any]:
    """What `measure` says of one scan."""
    return {
        "kind": result.kind,
        "geometry": geometry_json(result.facts.grid if result.facts else None),
        "calibration": calibration_json(result.calibration),
        "measurements": [measurement_json(measurement) for measurement in result.measurements],
        "problems": [problem_json(problem) for problem in result.problems],
    }


def scans_json(results: Sequence[ScanResult]) -> dict[str, Any]:
    """One scan as itself, several under `scans`."""
    if len(results) == 1:
        return scan_json(results[0])
    return {"scans": [scan_json(result) for result in results]}


def dumps(shown: dict[str, Any]) -> str:
    """Strict JSON in ASCII: a number that is none is an error, never `NaN`; a file name need not be valid text."""
    return json.dumps(shown, indent=2, allow_nan=False)
