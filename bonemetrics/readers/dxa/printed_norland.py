"""What a Norland (Illuminatus) page says around its table."""

from __future__ import annotations

import re

from bonemetrics.readers.dxa.printed_header import PATIENT_ID, Facts, Sheet
from bonemetrics.records import DxaCircumstances, DxaDevice

MARKS = re.compile(r"\bNORLAND\b|\bNorland\b|STD CVs|\bsBMD\b|Bone image not for diagnosis", re.IGNORECASE)
ID_NAMES = rf"ID|{PATIENT_ID}"
SPINE_ORDER = ("L2-L4", "L1-L4", "L1", "L2", "L3", "L4")
NOT_COMPARABLE = re.compile(r"(?:dist|prox)\b.*|r\s*\+\s*u", re.IGNORECASE)
"""Forearm rows whose place on the bones no source tells in terms of the other makes."""
_SCAN = re.compile(r"(?:^|\t)([A-Za-z][A-Za-z ]{3,24}) on:\s*([^\t\n]+)", re.MULTILINE)
_VERSION = re.compile(r"\bRev\.\s*([\d./]+)")
_SERIAL = re.compile(r"\bS/N:?\s*(\w+)")
_MODE = re.compile(r"([\d.]+ ?mm [xX] [\d.]+ ?mm,\s*[\d.]+ ?mm/s)")
_REFERENCE = re.compile(r"(?:^|\t)(?:[TL]\d ?- ?L\d[ \t]+)?(Norland \d[\w./]*)(?=\t|\s|$)", re.MULTILINE)


def facts_of(sheet: Sheet) -> Facts:
    """Scan, device and circumstances of a page."""
    text = sheet.text
    scan = _SCAN.search(text)
    version, serial = _VERSION.search(text), _SERIAL.search(text)
    mode, reference = _MODE.search(text), _REFERENCE.search(text)
    return Facts(
        manufacturer="Norland",
        device=DxaDevice(
            manufacturer="Norland", serial=serial[1] if serial else "", software=version[1] if version else ""
        ),
        circumstances=DxaCircumstances(
            scan_type=scan[1] if scan else "",
            scan_mode=mode[1] if mode else "",
            reference=reference[1] if reference else "",
        ),
        scan_kind=scan[1] if scan else "",
        scan_dates=(scan[2],) if scan else (),
    )
