"""A FHIR bundle of an invented woman: two hips and a spine under LOINC codes."""

from __future__ import annotations

import json
from typing import Any

from tests.dxa_cases import DxaCase

Json = dict[str, Any]
UCUM = "http://unitsofmeasure.org"
WHO = {"reference": "Patient/px-771", "display": "Tusnelda Birnbaum"}


def quantity(value: float, unit: str = "g/cm2", **more: Any) -> Json:
    """A value with its unit as UCUM code and as text."""
    return {"value": value, "unit": unit, "system": UCUM, "code": unit, **more}


def concept(code: str, text: str = "", **more: Any) -> Json:
    """A LOINC code; `text` stands as its display too."""
    return {"coding": [{"system": "http://loinc.org", "code": code, **({"display": text} if text else {})}], **more}


def observation(number: str, code: str | Json, value: Json | None, *, region: str = "", **more: Any) -> Json:
    """An observation of the woman of 2021-06-17."""
    found: Json = {
        "resourceType": "Observation",
        "id": number,
        "status": "final",
        "code": concept(code) if isinstance(code, str) else code,
        "subject": WHO,
        "effectiveDateTime": "2021-06-17T09:20:00+02:00",
        **({"bodySite": {"text": region}} if region else {}),
        **({"valueQuantity": value} if value else {}),
    }
    return {name: item for name, item in (found | more).items() if item is not None}


PATIENT: Json = {
    "resourceType": "Patient",
    "id": "px-771",
    "identifier": [
        {"type": {"coding": [{"code": "MR"}]}, "value": "MRN-40817"},
        {"type": {"coding": [{"code": "SS"}]}, "value": "999-88-7766"},
    ],
    "name": [{"family": "Birnbaum", "given": ["Tusnelda"]}],
    "birthDate": "1948-12-30",
    "gender": "female",
}
DEVICE: Json = {
    "resourceType": "Device",
    "id": "dx1",
    "manufacturer": "HOLOGIC",
    "modelNumber": "Horizon W",
    "serialNumber": "300912M",
    "version": [{"value": "5.6.1.2"}],
}
ON = {"device": {"reference": "Device/dx1"}}
RESULTS = [
    observation("o1", "46278-8", quantity(0.713), region="Left femoral neck", **ON),
    observation("o2", "80946-7", quantity(-1.8, "{T-score}"), region="Left femoral neck", **ON),
    observation("o3", "46278-8", quantity(0.822), region="Total hip, left", **ON),
    observation("o4", "46279-6", quantity(0.731), region="Right femoral neck", **ON),
    observation("o5", "24966-4", quantity(0.951), region="Lumbar spine L1-L4", **ON),
    observation("o6", "85394-5", quantity(0.4, "1"), region="Lumbar spine L1-L4", **ON),
]


def bundle(*resources: Json) -> bytes:
    """A collection of resources."""
    entries = [
        {"fullUrl": f"https://hospital.example/fhir/{one['resourceType']}/{one.get('id')}", "resource": one}
        for one in resources
    ]
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}).encode()


def make() -> bytes:
    """The whole bundle."""
    return bundle(PATIENT, DEVICE, *RESULTS)


CASE = DxaCase(
    route="fhir",
    module="bonemetrics.readers.dxa.fhir",
    file_name="bundle.json",
    make=make,
    secrets=("Birnbaum", "Tusnelda", "MRN-40817", "px-771", "999-88-7766", "1948-12-30", "19481230"),
    numbers={
        ("neck", "left", "bmd"): 0.713,
        ("neck", "left", "t_score"): -1.8,
        ("neck", "right", "bmd"): 0.731,
        ("total-hip", "left", "bmd"): 0.822,
        ("L1-L4", "", "z_score"): 0.4,
    },
)
