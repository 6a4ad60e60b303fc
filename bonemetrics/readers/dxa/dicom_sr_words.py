"""What the concepts of a bone densitometry report mean, by their words and by the codes that are known.

The private codes of the vendors are not public, so the meaning that each code carries decides.
"""

from __future__ import annotations

import re

from bonemetrics.readers.dxa.dicom_sr_tree import Code
from bonemetrics.readers.dxa.unit_words import ucum

_T, _Z = r"t[\s-]*score", r"z[\s-]*score"
_YOUNG, _AGE = r"(?:young[\s-]*(?:adult|normal)|ya|peak[\s-]*reference|pr)", r"(?:age[\s-]*matched|am)"
_DENSITY = r"(?:areal[\s-]*)?(?:a?bmd|bone[\s-]*(?:mineral[\s-]*)?density)(?:\s*\(a?bmd\))?"
_CELLS: tuple[tuple[str, str], ...] = (
    (
        "percent_young",
        rf"%\s*(?:of\s+)?{_YOUNG}|{_YOUNG}\s*\(?\s*(?:%|percent)\s*\)?|percent\s+(?:of\s+)?{_YOUNG}|%\s*young",
    ),
    ("percent_age", rf"%\s*(?:of\s+)?{_AGE}|{_AGE}\s*\(?\s*(?:%|percent)\s*\)?|percent\s+(?:of\s+)?{_AGE}"),
    ("t_score", rf"(?:{_DENSITY}\s+)?(?:{_YOUNG}\s+)?{_T}(?:\s+(?:of\s+|for\s+)?{_DENSITY})?"),
    ("z_score", rf"(?:{_DENSITY}\s+)?(?:{_AGE}\s+)?{_Z}(?:\s+(?:of\s+|for\s+)?{_DENSITY})?"),
    ("bmd", _DENSITY),
    ("bmc", r"bmc|bone[\s-]*mineral[\s-]*content(?:\s*\(bmc\))?"),
    ("area", r"(?:projected[\s-]*)?(?:bone[\s-]*)?area"),
    ("percent_fat", r"%\s*fat|fat\s*\(?%\)?|percent(?:age)?\s+fat|fat\s+percent(?:age)?"),
    ("fat_mass", r"fat(?:\s+mass)?"),
    ("lean_mass", r"lean(?:\s+(?:body\s+)?mass)?"),
    ("width", r"(?:average\s+)?width"),
    ("height", r"(?:average\s+)?height"),
    ("young", _YOUNG),
    ("age", r"age[\s-]*matched"),
)
_PATTERNS = tuple((cell, re.compile(rf"(?<![\w%])(?:{words})(?![\w%])", re.IGNORECASE)) for cell, words in _CELLS)
_BY_UNIT = {
    ("young", "%"): "percent_young",
    ("young", "1"): "t_score",
    ("age", "%"): "percent_age",
    ("age", "1"): "z_score",
}
_LOINC = {
    "80954-1": "bmd",
    "80948-3": "t_score",
    "80940-0": "z_score",
    "46278-8": "bmd",
    "80946-7": "t_score",
    "80938-4": "z_score",
    "24701-5": "bmd",
}
"""Only codes that published examples show; they tell the quantity, not the region within the bone."""
_DERIVED = re.compile(
    r"\b(?:change|previous|prior|baseline|lsc|precision|cv|sd|std|deviation|errors?|rate|uncertainty|confidence|limit|"
    r"reference|expected|predicted|threshold|volumetric|per\s+year|trend|weight|adjusted|standardi[sz]ed|sbmd)\b",
    re.IGNORECASE,
)
_OF_PERSON = re.compile(r"\b(?:patient|subject|body|standing|sitting|arm\s+span)(?:'s)?\b", re.IGNORECASE)
_UNIT_IN_NAME = re.compile(r"\s*[\[(]\s*(?:m?g(?:/(?:cm|mm)\^?2)?|(?:cm|mm)\^?2?)\s*[\])]\s*$", re.IGNORECASE)
_JOINING = re.compile(r"^(?:of|for|at|in|the|-|:|,|/|\s)+\b|[\s:,/-]+(?:of|for|at|in)?$", re.IGNORECASE)

_IN_WORDS = {
    **dict.fromkeys(
        (
            *("gramspersquarecentimeter", "grampersquarecentimeter", "gramspersquarecentimetre"),
            *("grampersquarecentimetre", "gm/sqcm", "grams/cm2", "gram/cm2"),
        ),
        "g/cm2",
    ),
    **dict.fromkeys(("squarecentimeter", "squarecentimeters", "squarecentimetre", "squarecentimetres"), "cm2"),
    **dict.fromkeys(("nounits", "unitless", "none", "standarddeviation", "standarddeviations", "ratio"), "1"),
    "percent": "%",
}
"""Spellings that occur as the meaning of a unit's code, beside those that other files use."""
_LONGEST_UNIT = 32


def unit_of(code: Code | None) -> str:
    """The unit in UCUM; where its spelling is none that is known, as the report states it, for others to refuse.

    Before version 11.1 enCORE wrote units of other schemes than UCUM, some of them with a superscript.
    """
    if code is None:
        return ""
    for stated in (code.value, code.meaning):
        plain = re.sub(r"[\s^*]", "", stated.replace("²", "2")).casefold()
        if known := ucum(stated) or _IN_WORDS.get(plain):
            return known
        if re.fullmatch(r"\{[^{}]*\}", plain):
            return "1"
    return (code.value or code.meaning)[:_LONGEST_UNIT]


def quantity_of(name: Code, unit: str) -> tuple[str, str] | None:
    """The cell that a concept name means, and the rest of the name, which may tell the region.

    Parameters
    ----------
    name
        Concept name of a number.
    unit
        Its unit in UCUM; decides where a column is named by its reference only, such as `Young-Adult`.

    Returns
    -------
    tuple or None
        `None` for another quantity, or one derived from it, such as a change or a precision.
    """
    text = _UNIT_IN_NAME.sub("", " ".join(name.meaning.replace("_", " ").replace("²", "2").split()))
    found = next(((cell, match) for cell, words in _PATTERNS if (match := words.search(text))), None)
    if found is None:
        return (_LOINC[name.value], "") if name.value in _LOINC else None
    cell, match = found
    rest = f"{text[: match.start()]} {text[match.end() :]}"
    if _DERIVED.search(rest) or (cell in ("height", "width") and _OF_PERSON.search(rest)):
        return None
    cell = _BY_UNIT.get((cell, unit), cell)
    return None if cell in ("young", "age") else (cell, trimmed(rest))


def trimmed(text: str) -> str:
    """A text without the small words and signs that joined it to what was cut off."""
    before, after = "", " ".join(text.split())
    while before != after:
        before, after = after, _JOINING.sub("", after).strip()
    return after


def unit_of_text(text: str) -> str:
    """The unit that stands behind a number in a text."""
    return unit_of(Code(value=text.strip("()[] "))) if text.strip("()[] ") else ""
