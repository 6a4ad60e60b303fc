"""Which SDTM domain and which term a value has."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bonemetrics.outcomes.rows import Candidate
from bonemetrics.quantities import CATALOGUE

_MK = {
    "aBMD": ("BMD", "Bone Mineral Density"),
    "T-score": ("BMDT", "Bone Mineral Density T-Score"),
    "Z-score": ("BMDZ", "Bone Mineral Density Z-Score"),
    "BMC": ("BMC", "Bone Mineral Content"),
}
_LB = {
    "NTX": ("NTXI", "N-telopeptide"),
    "NTX%": ("NTXI", "N-telopeptide"),
    "OC": ("OSTEOC", "Osteocalcin"),
    "BALP": ("ALPBS", "Bone Specific Alkaline Phosphatase"),
    "P1NP": ("P1NP", "Procollagen 1 N-Terminal Propeptide"),
    "OPG": ("OPG", "Osteoprotegerin"),
    "RANKL": ("RANKL", "Receptor Activator Nuc Kappa-B Ligand"),
}
_EQ5D_VAS = {"3L": "EQ5D0106", "5L": "EQ5D0206"}
_UNITS = {"mg/cm3": "g/L", "1": ""}
"""Units of the catalogue whose term is another one of the same size."""
_LOCATIONS = {
    "lumbar-spine": "LUMBAR SPINE",
    "hip": "HIP JOINT",
    "forearm": "FOREARM",
    "whole-body": "BODY",
    "radius": "RADIUS",
    "iliac-crest": "ILIAC CREST",
    "skeleton": "SKELETON",
}
_METHODS = {"dxa": "DXA SCAN", "qct": "CT SCAN", "histomorphometry": "HISTOMORPHOMETRY"}
_CATEGORIES = {"ODI": "ODI V2.1A", "Pain-VAS": "PAIN VAS"}
"""Questionnaires of one version; the codelist has no category of a single pain scale."""
NAMED_BY_THE_PROTOCOL = ("Lab", "Score")
"""Quantities whose test is named by the protocol."""
_LONGEST = 40
"""Letters that SDTM allows the name of a test; only one that a protocol names can be longer."""
_DOMAINS = {"laboratory": "LB", "vas": "QS", "oswestry": "QS", "eq5d": "QS"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """Domain, test, category and place of one value; `is_extended` where the codelist has no such term."""

    domain: str
    testcd: str
    test: str
    category: str
    location: str
    laterality: str
    method: str
    is_extended: bool


def term_of(found: Candidate, version: str) -> Term:
    """The term of a value.

    Parameters
    ----------
    found
        The value.
    version
        Of EQ-5D in this study, `3L` or `5L`; empty where it is not stated.

    Returns
    -------
    Term
        A quantity that no codelist has is under the study's PARAMCD, or under its letters.
    """
    domain = _DOMAINS.get(found.kind, "MK")
    published = _published(found, domain, version)
    own = found.paramcds[0] if found.paramcds else _letters(found.quantity, found.region)
    name = found.region if found.quantity in NAMED_BY_THE_PROTOCOL else CATALOGUE[found.quantity].name
    testcd, test = published or (own, name)
    return Term(
        domain=domain,
        testcd=testcd,
        test=test[:_LONGEST],
        category=_category(found.quantity, version),
        location=_LOCATIONS.get(found.site, "") if domain == "MK" else "",
        laterality=found.side.upper() if found.side in ("left", "right") else "",
        method=_METHODS.get(found.kind, ""),
        is_extended=published is None,
    )


def _published(found: Candidate, domain: str, version: str) -> tuple[str, str] | None:
    if found.quantity in ("Tb.vBMD", "Tt.vBMD", "Ct.vBMD", "vBMD"):
        return _MK["aBMD"]
    if found.quantity == "EQ-VAS" and version:
        return _EQ5D_VAS[version], f"EQ5D0{1 + (version == '5L')}-EQ VAS Score"
    return {"LB": _LB, "MK": _MK}.get(domain, {}).get(found.quantity)


def _category(quantity: str, version: str) -> str:
    if quantity in _CATEGORIES:
        return _CATEGORIES[quantity]
    return f"EQ-5D-{version}" if version and quantity in ("EQ-5D-index", "EQ-VAS") else ""


def unit_term(unit: str) -> str:
    """The unit as SDTM has it: mg/cm3 is g/L, and a number without unit has none."""
    return _UNITS.get(unit, unit)


def _letters(quantity: str, region: str) -> str:
    """At most eight capitals and digits; a quantity that the protocol does not ask for has no code of its own."""
    text = quantity if quantity not in NAMED_BY_THE_PROTOCOL else region
    letters = re.sub(r"[^A-Z0-9]", "", text.upper())[:8]
    return letters if letters[:1].isalpha() else ("X" + letters)[:8]
