"""FHIR bundles as a hospital system gives them: a panel for each scan, one observation for each number."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from bonemetrics.anatomy import HIP, SPINE
from bonemetrics.sample.dxa.exam import Exam, Report
from bonemetrics.sample.dxa.numbers import Row

Resource = dict[str, Any]

CODES: Mapping[tuple[str, str], tuple[str, str, str]] = {
    ("L1-L4", "bmd"): ("24966-4", "DXA Lumbar spine ArMass BMD", "Lumbar spine L1-L4"),
    ("L1-L4", "t_score"): ("38267-1", "DXA Lumbar spine T-score BMD", "Lumbar spine L1-L4"),
    ("neck", "bmd"): ("80954-1", "DXA Femur-L ArMass BMD", "Left femoral neck"),
    ("neck", "t_score"): ("80948-3", "DXA Femur-L T-score BMD", "Left femoral neck"),
    ("neck", "z_score"): ("80940-0", "DXA Femur-L Z-score BMD", "Left femoral neck"),
    ("total-hip", "bmd"): ("46278-8", "DXA Hip-L ArMass BMD", "Left total hip"),
    ("total-hip", "t_score"): ("80946-7", "DXA Hip-L T-score BMD", "Left total hip"),
    ("total-hip", "z_score"): ("80938-4", "DXA Hip-L Z-score BMD", "Left total hip"),
}
"""LOINC code, display and body site of what a bundle holds, by region and cell: BMC and areas have no code."""
_LOINC, _UCUM = "http://loinc.org", "http://unitsofmeasure.org"


def bundle(report: Report) -> str:
    """A collection of the person, a report for each scan, and its observations.

    Parameters
    ----------
    report
        Scans of a spine or of a left hip.
    """
    first = report.exams[0]
    entries = [_patient(first)]
    for exam in report.exams:
        found = list(_observations(exam))
        entries += [_panel(exam, found), *found]
    name = f"{first.woman.subject}-{first.visit.folder}".lower()
    whole = {
        "resourceType": "Bundle",
        "id": name,
        "type": "collection",
        "entry": [{"fullUrl": f"https://sample.invalid/{_link(one)}", "resource": one} for one in entries],
    }
    return json.dumps(whole, indent=1) + "\n"


def _patient(exam: Exam) -> Resource:
    surname, _, given = exam.woman.name.partition("^")
    return {
        "resourceType": "Patient",
        "id": exam.patient_id.lower(),
        "identifier": [{"system": "https://sample.invalid/patients", "value": exam.patient_id}],
        "name": [{"family": surname, "given": [given]}],
        "gender": "female",
        "birthDate": exam.woman.born.isoformat(),
    }


def _panel(exam: Exam, observations: list[Resource]) -> Resource:
    return {
        "resourceType": "DiagnosticReport",
        "id": _name(exam),
        "status": "final",
        "code": {
            "coding": [
                {
                    "system": _LOINC,
                    "code": "83311-1",
                    "display": "Bone density quantitative measurement by DXA panel",
                }
            ]
        },
        "subject": {"reference": f"Patient/{exam.patient_id.lower()}"},
        "effectiveDateTime": _when(exam),
        "result": [{"reference": _link(one)} for one in observations],
    }


def _observations(exam: Exam) -> Iterator[Resource]:
    for row in exam.rows:
        for name in ("bmd", "t_score", "z_score"):
            if (row.region, name) in CODES:
                yield _observation(exam, row, name)


def _observation(exam: Exam, row: Row, name: str) -> Resource:
    code, display, site = CODES[row.region, name]
    unit = "g/cm2" if name == "bmd" else "1"
    value = {"value": float(row.text(name)), "unit": unit, "system": _UCUM, "code": unit}
    return {
        "resourceType": "Observation",
        "id": f"{_name(exam)}-{row.region.lower()}-{name.replace('_', '-')}",
        "status": "final",
        "code": {"coding": [{"system": _LOINC, "code": code, "display": display}], "text": display},
        "subject": {"reference": f"Patient/{exam.patient_id.lower()}"},
        "effectiveDateTime": _when(exam),
        "bodySite": {"text": site},
        "valueQuantity": value,
    }


def _name(exam: Exam) -> str:
    site = {SPINE: "spine", HIP: "hip"}[exam.site]
    return f"{exam.woman.subject}-{exam.visit.folder}-{site}".lower()


def _link(resource: Resource) -> str:
    return f"{resource['resourceType']}/{resource['id']}"


def _when(exam: Exam) -> str:
    return f"{exam.scanned:%Y-%m-%dT%H:%M:%S}+01:00"
