"""Circumstances of a scan that the containers of a report tree state: mode, protocol, reference, scan ID."""

from __future__ import annotations

import re

from bonemetrics.readers.dxa.dicom_facts import DicomFacts
from bonemetrics.readers.dxa.dicom_sr_tree import Item
from bonemetrics.readers.dxa.dicom_text import names_person, without_person

_REFERENCE = re.compile(r"\breference\s+(?:database|population|data|set|curve)\b|\bnormative\b", re.IGNORECASE)
_SAID: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("reference", _REFERENCE),
    ("scan_mode", re.compile(r"(?:scan|acquisition)\s*mode", re.IGNORECASE)),
    ("protocol", re.compile(r"(?:analysis\s*|scan\s*)?protocol|analysis\s*mode", re.IGNORECASE)),
    ("scan_type", re.compile(r"scan\s*type|exam(?:ination)?\s*type", re.IGNORECASE)),
)
_SCAN_ID_NAME = re.compile(r"scan\s*(?:id|identifier)", re.IGNORECASE)
_SCAN_ID = re.compile(r"[A-Za-z0-9_.-]{3,32}")
SAID_NAMES = ("scan_id", *(name for name, _ in _SAID))
"""Names under which circumstances are stated."""

Said = tuple[tuple[str, str], ...]
"""Circumstances that the containers around a number state, by name, the nearest last."""


def said_by(item: Item, facts: DicomFacts) -> Said:
    """The circumstances that an item's children state; the texts of a container on the reference are its name."""
    inside = item.kind == "CONTAINER" and _REFERENCE.search(item.name.meaning) is not None
    found: list[tuple[str, str]] = []
    for child in item.children:
        stated = child.text or child.code.meaning
        text = without_person(stated, facts.person)
        if child.kind == "TEXT" and _SCAN_ID_NAME.fullmatch(child.name.meaning.strip()):
            known = _SCAN_ID.fullmatch(stated) and not names_person(stated, facts.person)
            found += [("scan_id", stated)] if known else []
        elif child.kind == "CONTAINER" and _REFERENCE.search(child.name.meaning):
            found += said_by(child, facts)
        elif child.kind in ("TEXT", "CODE") and text:
            names = [name for name, words in _SAID if words.fullmatch(child.name.meaning.strip())]
            found += [(name, text) for name in names[:1] or (["reference"] if inside else [])]
    return tuple(found)
