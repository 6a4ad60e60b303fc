"""What a page of GE Lunar (enCORE) says around its tables."""

from __future__ import annotations

import re

from bonemetrics.readers.dxa.printed_header import ANALYZED, MEASURED, PATIENT_ID, Facts, Sheet
from bonemetrics.records import DxaCircumstances, DxaDevice

MARKS = re.compile(
    r"GE Healthcare|\bGE Medical|\benCORE\b|ANCILLARY RESULTS|Densitometry\s?:|\bLunar\b|\bNHANES/Lunar|"
    r"\bYA\b[\s\S]{0,80}\bAM\b"
)
ID_NAMES = PATIENT_ID
NOT_COMPARABLE = re.compile(r"(?!)")
SPINE_ORDER = (*("T12", "L1", "L2", "L3", "L4", "L5", "L1-L2", "L1-L3", "L1-L4", "L2-L3", "L2-L4", "L3-L4"),)
_MODEL = re.compile(r"(?:^|\t)((?:GE )?Lunar (?:i?DXA|Prodigy|DPX|Expert|Aria|Duo)[^\t\n]*)", re.MULTILINE)
_SERIAL = re.compile(r"(?<![\w+])([A-Z]{2}\+?\d{4,8}[A-Z]{0,3})(?=\t|$)", re.MULTILINE)
_STAMP = re.compile(r"\(\s*(\d+(?:\.\d+)*\s*(?:\[[^\]]*\])?)\s*\)")
_TITLES = (
    re.compile(r"ANCILLARY RESULTS\s?:?\s*\[?\s*([^\t\n\]]+)", re.IGNORECASE),
    re.compile(r"(?:^|\t)([^\t\n]{3,30}?) Bone Density(?=\t|$)", re.MULTILINE),
    re.compile(r"Filename:[^;]*;\s*([A-Z][A-Za-z ]{3,24});"),
)
_REFERENCE = re.compile(r"T-score:\s*(.{1,300}?Reference\s+Population\s*(?:\([^)]*\))?)")
_PRINTED = re.compile(r"Densitometry\s?:\s*([^\t\n]+)")
_TOTAL = re.compile(r"\bAP Spine\s?:\s*([TL]\d{1,2}-L\d(?: ?\([^)]*\))?)\s*\(?BMD", re.IGNORECASE)


def facts_of(sheet: Sheet) -> Facts:
    """Scan, device and circumstances of a page."""
    text = sheet.text
    model, serial = _MODEL.search(text), _SERIAL.findall(text)
    measured, analyzed = sheet.value(MEASURED), sheet.value(ANALYZED)
    kind = next((found[1].strip() for title in _TITLES if (found := title.search(text))), "")
    mode = re.search(r"Scan\s+Mode:\s*([^;\d\t\n]+)", text)
    total = _TOTAL.search(text)
    return Facts(
        manufacturer="GE Healthcare",
        device=DxaDevice(
            manufacturer="GE Healthcare",
            model=model[1].strip() if model else "",
            serial=serial[-1] if model and len(set(serial)) == 1 else "",
            software=_stamp(measured),
            analysis_version=_stamp(analyzed),
        ),
        circumstances=DxaCircumstances(
            scan_type=kind, scan_mode=mode[1].strip() if mode else "", reference=_reference(sheet)
        ),
        scan_kind=kind,
        scan_dates=(measured,) if measured else (),
        analysis_dates=(analyzed,) if analyzed else (),
        printed_total=total[1] if total else "",
        others=("trend table",) if re.search(r"Measured\s+(?:\S+\s+)?(?:Date|Age)", text) else (),
    )


def _stamp(text: str) -> str:
    found = _STAMP.search(text)
    return " ".join(found[1].split()) if found else ""


def _reference(sheet: Sheet) -> str:
    if found := _REFERENCE.search(sheet.paragraph(r"T-score:")):
        return found[1].strip()
    printed = _PRINTED.search(sheet.text)
    return printed[1].strip() if printed else ""
