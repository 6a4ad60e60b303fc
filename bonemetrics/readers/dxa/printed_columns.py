"""What the head of a printed column means: the cell it holds and the unit it states."""

from __future__ import annotations

import re

REGION_WORDS = frozenset({"region", "región", "région", "regione", "região", "regio", "bereich"})
_NAMES = {
    "bmd": "bmd",
    "dmo": "bmd",
    "sbmd": "sbmd",
    "bmc": "bmc",
    "cmo": "bmc",
    "area": "area",
    "área": "area",
    "aire": "area",
    "fläche": "area",
    "flache": "area",
    "superficie": "area",
    "surface": "area",
    "width": "width",
    "breite": "width",
    "ancho": "width",
    "anchura": "width",
    "largeur": "width",
    "height": "height",
    "höhe": "height",
    "altura": "height",
    "hauteur": "height",
    "length": "length",
    "länge": "length",
    "longitud": "length",
    "longueur": "length",
    "stchange": "short_term_change",
    "ltchange": "long_term_change",
    "cv": "cv",
}
_SCORE = re.compile(
    r"(?P<group>.*?)(?:(?P<first>[tz])(?:score|scores|wert|werte)"
    r"|(?:score|puntuación|puntuacion|puntaje|valor)(?:de)?(?P<last>[tz]))"
)
_YOUNG = re.compile(r"ya|pr|aj|young.*|jung.*|adulto?joven|adultejeune")
_AGE = re.compile(r"am|ea|age.*|alter.*|edad.*|âge.*|ajustado.*")
_WORDS = re.compile(
    r"[tz]|score|scores|wert|werte|puntuación|puntuacion|puntaje|valor|de|ya|am|pr|aj|ea|young|adult|adults|jung|junge|"
    r"erwachsene|age|matched|match|ref|reference|alter|altersgleich|adulto|joven|adulte|jeune|edad|âge|ajustado|st|lt|"
    r"change|yr|youngadult|agematched|tscore|zscore|twert|zwert"
)
_BRACKETS = re.compile(r"[(\[{]([^()\[\]{}]{0,12})[)\]}]?")
_IN_BRACKETS = re.compile(r"\([^()]{0,16}\)")
_MARKS = re.compile(r"(?<=[a-zà-ü%)²])[\d,¹³⁴-⁹*†]+$")


def is_header_word(text: str) -> bool:
    """Whether a word can stand in the head of a results table."""
    plain = _MARKS.sub("", _BRACKETS.sub("", text.casefold())).strip(".:,")
    if plain in ("", "-", "–", "−", "=", "%", "¹", "²", "³"):
        return True
    bare = re.sub(r"[-–−\s/]", "", plain)
    return bare in _NAMES or _WORDS.fullmatch(bare) is not None


def header_tokens(text: str) -> list[str]:
    """Words of a phrase; what stands in brackets is one, even where a raised 2 was printed as a word of its own."""
    return _IN_BRACKETS.sub(lambda found: "".join(found[0].split()), text).split()


def is_named(text: str) -> bool:
    """Whether a phrase of a table's head holds more than a unit or marks."""
    return bool(re.sub(r"[\W\d_]", "", _BRACKETS.sub("", text)))


def column_name(text: str) -> str:
    """Name of the cells of a column from all words of its head; empty where they are not known.

    Parameters
    ----------
    text
        Such as `Area (cm²)`, `T - score`, `YA (%)`, `Young-Adult T-score`.
    """
    folded = text.casefold()
    bare = re.sub(r"[^a-zà-ÿ]", "", _BRACKETS.sub("", folded))
    if bare in _NAMES:
        name = _NAMES[bare]
        return f"{name}_per_year" if "/yr" in folded and name.endswith("change") else name
    if found := _SCORE.fullmatch(bare):
        letter = found["first"] or found["last"]
        group = found["group"]
        wrong = _AGE if letter == "t" else _YOUNG
        return "" if group and wrong.fullmatch(group) else f"{letter}_score"
    if "%" in folded:
        if _YOUNG.fullmatch(bare):
            return "percent_young"
        if _AGE.fullmatch(bare):
            return "percent_age"
    return ""


def stated_unit(text: str, name: str) -> str:
    """Unit in UCUM that the head of a column states; empty where it states none that is known."""
    if name in ("t_score", "z_score"):
        return "1"
    found = _BRACKETS.search(text)
    return unit_of(found[1], area=name == "area") if found else ""


def unit_of(text: str, *, area: bool = False) -> str:
    """A printed unit in UCUM; empty where it is not known.

    Parameters
    ----------
    text
        Such as `g/cm²`, `cm^2`, `mg/cm2`, `%`; a raised 2 that was printed or read as another sign is understood
        after `g/cm`, where nothing else can stand.
    area
        Whether it is the unit of an area, so that a lost raised 2 is understood after `cm` as well.
    """
    plain = re.sub(r"<[^>]*>|\s", "", text.casefold())
    if found := re.fullmatch(r"(m?g)/(cm|mm)\W?[2²]?\W?", plain):
        return f"{found[1]}/{found[2]}2"
    if found := re.fullmatch(r"(cm|mm)(\W?)(2|²|\W?)", plain):
        return f"{found[1]}2" if area or found[3] in ("2", "²") else found[1]
    if plain in ("g", "mg", "%"):
        return plain
    return "%/a" if plain in ("%/yr", "%/year", "%/jahr") else ""
