"""What stands around the tables of a printed report: the person, the scan and its dates."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from bonemetrics.readers.dxa.dates import Written, written_date
from bonemetrics.readers.dxa.numbers import printed_number
from bonemetrics.readers.dxa.printed_page import COLUMN_GAP, Line, Page, Word, is_noise, lines_of, type_height
from bonemetrics.records import DxaCircumstances, DxaDevice, DxaPatient, Problem, note

PATIENT_ID = r"Patient(?:en)?[ -]?ID|Pat\.?-?ID|Patientennummer|ID (?:del? )?paciente|ID patient|ID du patient"
BIRTH = (
    r"DOB|D\.O\.B\.|Birth ?date|Date of birth|Geburtsdatum|Geb\.?-?Datum|Fecha de nacimiento|F\. ?nac\.?|"
    r"Date de naissance|Data di nascita"
)
SEX = r"Sex|Gender|Geschlecht|Sexo|Sexe|Sesso"
AGE = r"Age|Alter|Edad|Âge"
ETHNICITY = r"Ethnicity|Ethnic|Ethnische Gruppe|Ethnie|Etnia|Grupo étnico|Race|Raza"
HEIGHT = r"Height|Größe|Talla|Altura|Estatura|Taille"
WEIGHT = r"Weight|Gewicht|Peso|Poids"
MEASURED = r"Measured|Gemessen|Medido|Medición|Mesuré"
ANALYZED = r"Analy[sz]ed|Analysiert|Analizado|Analysé"
SCAN_DATE = r"Scan ?Date|Scan-?Datum|Fecha de (?:la )?exploración|Date (?:de l'|d')examen"
_LABEL = (
    rf"(?:{PATIENT_ID}|{BIRTH}|{SEX}|{AGE}|{ETHNICITY}|{HEIGHT}|{WEIGHT}|{MEASURED}|{ANALYZED}|{SCAN_DATE}"
    r"|Name|Patient|Referring Physician|Menopause Age|ID|Physician|Operator|Comment)\s?[:;]"
)
_NEXT_LABEL = re.compile(rf"\s*\b{_LABEL}.*", re.IGNORECASE)
_DATE = re.compile(r"(?<![\d/.-])\d{1,2}[-/]\d{1,2}[-/](?:\d{4}|\d{2})(?![\d/-])")
_SHORT_YEAR = re.compile(r"\d{1,2}[-/.]\s?\d{1,2}[-/.]\d{2}(?!\d).*")
_FEMALE = frozenset(("f", "w", "female", "weiblich", "frau", "mujer", "femenino", "femme", "féminin", "femmina"))
_MALE = frozenset(("m", "male", "männlich", "mann", "hombre", "varón", "masculino", "homme", "masculin", "maschio"))
_FEET = re.compile(r"(\d)\s?['’′]\s?(\d{1,2}(?:\.\d)?)?\s?(?:[\"”″]|'')?")
_AMOUNT = re.compile(r"([\d.,]+)\s?([a-z]+)\.?", re.IGNORECASE)
_CM = {"cm": 1.0, "in": 2.54, "m": 100.0}
_KG = {"kg": 1.0, "lb": 0.45359237, "lbs": 0.45359237}


@dataclass(frozen=True)
class Sheet:
    """A page with its words in lines, for whoever looks for texts on it."""

    page: Page

    @cached_property
    def height(self) -> float:
        """Height of the type."""
        return type_height(self.page.words)

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """All lines from top to bottom."""
        return lines_of((word for word in self.page.words if not is_noise(word.text)), self.height)

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """The text of every line, with tabulators between its fields."""
        return tuple(line.fields(self.height) for line in self.lines)

    @cached_property
    def text(self) -> str:
        """All lines."""
        return "\n".join(self.fields)

    def value(self, names: str) -> str:
        """What stands behind a label such as `Sex:`; empty where there is no such label or nothing behind it."""
        wanted = re.compile(rf"(?:^|[\t ])(?:{names})\s?[:;]\s*([^\t]*)", re.IGNORECASE)
        for line in self.fields:
            if found := wanted.search(line):
                text = _NEXT_LABEL.sub("", found[1]).strip()
                return "" if text.endswith(":") else text
        return ""

    def paragraph(self, start: str) -> str:
        """The running text from the words `start` on, over the lines that begin at the same edge."""
        wanted = re.compile(start, re.IGNORECASE)
        for place, line in enumerate(self.lines):
            if found := wanted.search(line.text):
                text = self._below(place, _phrase_edge(line, found.start(), self.height))
                again = wanted.search(text)
                return text[again.start() :] if again else ""
        return ""

    def _below(self, first: int, edge: float) -> str:
        parts: list[str] = []
        last = self.lines[first].middle
        for line in self.lines[first : first + 12]:
            words = _from_edge(line, edge, self.height)
            if not words.words or line.middle - last > 2.2 * self.height:
                continue
            parts.append(words.text)
            last = line.middle
        return " ".join(parts)


def _phrase_edge(line: Line, offset: int, height: float) -> float:
    """Left edge of the field of a line that holds a letter of its text."""
    edge, passed = line.words[0].x0, 0
    for place, word in enumerate(line.words):
        if place and word.x0 - line.words[place - 1].x1 > COLUMN_GAP * height:
            edge = word.x0
        passed += len(word.text) + 1
        if passed > offset:
            break
    return edge


def _from_edge(line: Line, edge: float, height: float) -> Line:
    """The field of a line that begins at an edge."""
    kept: list[Word] = []
    for word in line.words:
        if not kept and abs(word.x0 - edge) > 1.5 * height:
            continue
        if kept and word.x0 - kept[-1].x1 > 2 * COLUMN_GAP * height:
            break
        kept.append(word)
    return Line(tuple(kept))


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a page says around its tables; dates are still as printed."""

    manufacturer: str
    device: DxaDevice = field(default_factory=DxaDevice)
    circumstances: DxaCircumstances = field(default_factory=DxaCircumstances)
    scan_id: str = ""
    scan_kind: str = ""
    """How the page names the scan: `a Lumbar Spine`, `Left Femur`."""
    scan_dates: tuple[str, ...] = ()
    analysis_dates: tuple[str, ...] = ()
    printed_total: str = ""
    """The vertebrae that the page names as its total."""
    others: tuple[str, ...] = ()


def dates_in(sheets: Iterable[Sheet]) -> list[str]:
    """All dates in digits, for telling the order of day and month."""
    return [found for sheet in sheets for found in _DATE.findall(sheet.text)]


def patient_of(sheet: Sheet, *, id_names: str, order: str) -> tuple[DxaPatient, tuple[Problem, ...]]:
    """The person a page is about, without the name."""
    born = sheet.value(BIRTH)
    written = written_date(born, order=order) if born else None
    problems: tuple[Problem, ...] = ()
    birth = ""
    if written is not None and written.day is not None and not _SHORT_YEAR.fullmatch(born):
        birth = written.day.strftime("%Y%m%d")
    elif born and (written is not None or _SHORT_YEAR.fullmatch(born)):
        problems = (note("date-ambiguous", "the birth date can be read in two ways and is left out"),)
    patient = DxaPatient(
        patient_id=sheet.value(id_names),
        birth_date=birth,
        sex=_sex(sheet.value(SEX)),
        age_years=_number(sheet.value(AGE).split(" ")[0]),
        ethnicity=sheet.value(ETHNICITY),
        height_cm=_height(sheet.value(HEIGHT)),
        weight_kg=_amount(sheet.value(WEIGHT), _KG),
    )
    return patient, problems


def first_date(texts: Iterable[str], order: str) -> Written | None:
    """The one day that all texts agree on; two readings, or two days, are ambiguous; `None` without any date."""
    found = [written for written in (written_date(text, order=order) for text in texts) if written is not None]
    if not found:
        return None
    if len({written.day for written in found}) == 1:
        return found[0]
    return Written(None, tuple({day for written in found for day in written.readings or (written.day,) if day}))


def number_in(pattern: str, text: str) -> float | None:
    """The number in the first group of a pattern, if all its matches agree."""
    found = set(re.findall(pattern, text))
    return _number(found.pop()) if len(found) == 1 else None


def _number(text: str) -> float | None:
    number = printed_number(text.rstrip(".,;"))
    return None if number is None else number.value


def _sex(text: str) -> str:
    word = text.casefold().strip(". ")
    return "F" if word in _FEMALE else "M" if word in _MALE else ""


def _height(text: str) -> float | None:
    if found := _FEET.fullmatch(text.strip()):
        return round(30.48 * int(found[1]) + 2.54 * float(found[2] or 0), 2)
    return _amount(text, _CM)


def _amount(text: str, factors: dict[str, float]) -> float | None:
    """A number with its unit, as a person's height or weight; without a unit it says nothing."""
    found = _AMOUNT.fullmatch(text.strip())
    if found is None or found[2].casefold() not in factors:
        return None
    number = _number(found[1])
    return None if number is None else round(number * factors[found[2].casefold()], 4)
