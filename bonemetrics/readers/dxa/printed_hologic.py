"""What a Hologic page (APEX, `DXA Results Summary`) says around its table."""

from __future__ import annotations

import re

from bonemetrics.readers.dxa.printed_header import PATIENT_ID, SCAN_DATE, Facts, Sheet, number_in
from bonemetrics.records import DxaCircumstances, DxaDevice

MARKS = re.compile(
    r"DXA Results Summary|Scan Information\s?:|\bHOLOGIC\b|BMDCS/NHANES|\bk\s?=\s?\d[.,]\d+,\s?d0\s?=|"
    r"Zusammenfassung der DXA|DXA-Ergebnis|Resumen de (?:los )?resultados (?:de )?DXA|Résumé des résultats DXA",
)
ID_NAMES = PATIENT_ID
NOT_COMPARABLE = re.compile(r"(?!)")
SPINE_ORDER = (
    *("L1", "L2", "L3", "L4", "L1-L2", "L1,L3", "L1,L4", "L2-L3", "L2,L4", "L3-L4"),
    *("L1-L3", "L1-L2,L4", "L1,L3-L4", "L2-L4", "L1-L4"),
)
_SCAN_ID = r"[A-Z]\d{6}[0-9A-Z]{2}"
_CAPTION = re.compile(
    r"(?:^|\t)(\w{1,2} (?:Left|Right|L\.|R\.) \w+|\w{1,2} Lumbar Spine) (\d[\d/.-]{7,9})(?=\t|$)", re.MULTILINE
)
_FOOT = re.compile(
    rf"(?:Left|Right) - Scan Id:\s?({_SCAN_ID})\s?\(S/N (\w+)\) "
    r"Analysis:\s?(.{8,40}?\d\d?:\d\d) (\w+) V:\s?(\d[\d.]+)"
)
_ROI = re.compile(r"(?:^|\t)(\d{2,3} x \d{2,3}(?: [A-Z]+: ?\d+ x \d+)?)(?=\t|$)", re.MULTILINE)


def facts_of(sheet: Sheet) -> Facts:
    """Scan, device and circumstances of a page."""
    text = sheet.text
    captions, feet = _CAPTION.findall(text), _FOOT.findall(text)
    stated = sheet.value(SCAN_DATE)
    analysis = re.search(r"Analys(?:is|e):\s*([^\t\n]+)", text) if not feet else None
    version, protocol = _version(analysis[1] if analysis else "", sheet, feet)
    ids = sorted({foot[0] for foot in feet}) or re.findall(
        rf"(?:^|[\t ])ID:\s*({_SCAN_ID})(?=\s|$)", text, re.MULTILINE
    )
    kind = sheet.value("Scan Type|Scan-?Typ|Tipo de exploración|Type d'examen")
    return Facts(
        manufacturer="Hologic",
        device=_device(text, {foot[1] for foot in feet}, version),
        circumstances=DxaCircumstances(
            scan_type=kind or " / ".join(caption[0] for caption in captions),
            protocol=protocol,
            roi=" / ".join(_ROI.findall(text)),
            reference=_reference(sheet),
            acf=number_in(r"\bACF\s?=\s?(\d+[.,]\d+)", text),
            bcf=number_in(r"\bBCF\s?=\s?(\d+[.,]\d+)", text),
            k=number_in(r"\bk\s?=\s?(\d+[.,]\d+)", text),
            d0=number_in(r"\bd0\s?=\s?(\d+[.,]\d+)", text),
        ),
        scan_id="+".join(ids) if len(set(ids)) == len(ids) <= 2 else "",
        scan_kind=kind or " / ".join(caption[0] for caption in captions),
        scan_dates=(stated,) if stated else tuple(caption[1] for caption in captions),
        analysis_dates=tuple(foot[2] for foot in feet) or ((analysis[1],) if analysis else ()),
    )


def _version(analysis: str, sheet: Sheet, feet: list[tuple[str, ...]]) -> tuple[str, str]:
    """Version and protocol of the analysis; the protocol may stand on the line below."""
    if feet:
        versions, protocols = {foot[4] for foot in feet}, {foot[3] for foot in feet}
        return (versions.pop() if len(versions) == 1 else ""), (protocols.pop() if len(protocols) == 1 else "")
    found = re.search(r"Version\s?:?\s*(\d[\d.]*)\s*(.*)", analysis)
    if found is None:
        return "", ""
    below = next((later for line, later in zip(sheet.fields, sheet.fields[1:], strict=False) if analysis in line), "")
    field = below.split("\t")[-1] if ":" not in below else ""
    return found[1], found[2].strip() or field


def _device(text: str, serials: set[str], version: str) -> DxaDevice:
    model = re.search(r"(?:Model|Modell|Modelo|Modèle)\s?:\s*([^\t\n(]+?)\s*\(S/N\s*(\w+)\)", text)
    serial = model[2] if model else serials.pop() if len(serials) == 1 else ""
    return DxaDevice(manufacturer="Hologic", model=model[1] if model else "", serial=serial, analysis_version=version)


def _reference(sheet: Sheet) -> str:
    """What T and, where it says so, Z are scored against: the two may be different populations."""
    text = sheet.paragraph(r"T-?score vs")
    found = re.match(r"T-?score vs\.? .{1,80}?Source:.{1,120}?(?=\s*Z-?score vs|$)", text)
    if found is None:
        return ""
    age_matched = re.match(r"\s*Z-?score vs\.? .{1,80}?Source:[^.\n]{1,120}\.?", text[found.end() :])
    return f"{found[0].strip()} {age_matched[0].strip()}" if age_matched else found[0].strip()
