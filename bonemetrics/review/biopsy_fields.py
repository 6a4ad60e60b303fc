"""What the form of a biopsy asks for: fields made from the catalogue, and how what is typed into one is understood."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from bonemetrics.errors import TableError
from bonemetrics.histomorphometry.catalogue import MEASUREMENTS, Measured
from bonemetrics.histomorphometry.columns import EXPLAINED
from bonemetrics.histomorphometry.unusual import unusual
from bonemetrics.quantities import CATALOGUE
from bonemetrics.readers.tables.cells import date_of, number_of
from bonemetrics.records import (
    ENVELOPES,
    Envelope,
    GivenNumber,
    HistomorphometryEntry,
    HistomorphometryParameters,
    Problem,
    RawCell,
    refusal,
)

FieldKind = Literal["number", "count", "date", "choice", "text"]
Level = Literal["ok", "unusual", "impossible"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field: `key` is the code of a measurement or the name of a fact, as in the sheet of biopsies.

    `usual` is the range in cancellous iliac bone beyond which a value is unusual, in `unit`.
    """

    key: str
    label: str
    help: str
    kind: FieldKind
    unit: str = ""
    choices: tuple[str, ...] = ()
    usual: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Fields that stand together."""

    title: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """Whether a value is possible and usual, and in words why not."""

    level: Level
    text: str = ""


DEFAULTS = HistomorphometryParameters()
_YES_NO = ("yes", "no")
CHOICES: Mapping[str, tuple[str, ...]] = {
    "side": ("left", "right"),
    "envelope": ENVELOPES,
    "referent": ("TV", "CV"),
    "factor": ("isotropic", "iliac", "stated"),
    "osteoid_perimeter": ("one-sided", "outline"),
    **dict.fromkeys(("blinded", "core_broken", "labelling_confirmed"), _YES_NO),
}
_DATES = ("biopsy_date", "label1_start", "label1_end", "label2_start", "label2_end")
_NUMBERS = ("width_to_thickness", "perimeter_to_surface")
_LABELS = {
    "biopsy_date": "Date of biopsy",
    "entry": "Entry number",
    "referent": "T.Ar is",
    "factor": "Section factor",
    "width_to_thickness": "Width to thickness",
    "perimeter_to_surface": "Perimeter to surface",
    "osteoid_perimeter": "O.Pm is",
    "erosion_definition": "Eroded means",
    "label1_start": "Label 1 from",
    "label1_end": "Label 1 to",
    "label2_start": "Label 2 from",
    "label2_end": "Label 2 to",
    "labelling_confirmed": "Labels were taken",
    "sections": "Sections measured",
    "core_broken": "Core is broken",
}
_FACTS: Mapping[str, tuple[str, ...]] = {
    "Biopsy": ("subject", "visit", "biopsy_date", "biopsy", "side", "entry", "reader", "blinded"),
    "Section": ("envelope", "referent", "sections", "core_broken", "osteoid_perimeter", "erosion_definition"),
    "From section to space": ("factor", *_NUMBERS),
    "Labels": ("label1_start", "label1_end", "label2_start", "label2_end", "labelling_confirmed"),
}
_ROLES = {"Areas": "area", "Perimeters": "length", "Widths": "distance", "Counts": "number"}
FACT_KEYS = tuple(key for keys in (*_FACTS.values(), ("comment",)) for key in keys)
CODES = tuple(code for code, entry in MEASUREMENTS.items() if entry.is_primary)
"""Measurements of the section, all of them fields; indices are never typed."""


def sections() -> tuple[Section, ...]:
    """The whole form in reading order."""
    facts = [Section(title=title, fields=tuple(map(_fact, keys))) for title, keys in _FACTS.items()]
    facts[-1] = Section(title="Labels", fields=(*facts[-1].fields, _measurement(MEASUREMENTS["Ir.L.t"])))
    numbers = [
        Section(title=title, fields=tuple(_measurement(one) for one in MEASUREMENTS.values() if one.role == role))
        for title, role in _ROLES.items()
    ]
    return (*facts, *numbers, Section(title="Remarks", fields=(_fact("comment"),)))


def _fact(key: str) -> Field:
    label = _LABELS.get(key, key.replace("_", " ").capitalize())
    kind: FieldKind = "text"
    if key in CHOICES:
        kind = "choice"
    elif key in _DATES:
        kind = "date"
    elif key in _NUMBERS:
        kind = "number"
    elif key == "sections":
        kind = "count"
    return Field(key=key, label=label, help=EXPLAINED[key], kind=kind, choices=CHOICES.get(key, ()))


def _measurement(entry: Measured) -> Field:
    name = CATALOGUE[entry.code]
    three = f" ({entry.name_3d} in space)" if entry.name_3d else ""
    return Field(
        key=entry.code,
        label=entry.code,
        help=f"{name.name}{three}: {name.definition}. {_limits(entry)}",
        kind="number",
        unit="" if entry.unit == "1" else entry.unit,
        usual=entry.soft,
    )


def _limits(entry: Measured) -> str:
    least = f"Above {entry.low:g}" if entry.low_open else f"At least {entry.low:g}"
    return least if entry.high is None else f"{least}, at most {entry.high:g}"


def parse(text: str) -> GivenNumber | Problem | None:
    """What a text in the field of a number says.

    Parameters
    ----------
    text
        With a decimal point or comma, and no unit.

    Returns
    -------
    GivenNumber, Problem or None
        The number with half a unit of its last digit; why it is none; `None` where the field is blank, which is
        missing and never 0.
    """
    plain = text.strip()
    if not plain:
        return None
    try:
        number, _ = number_of(RawCell(text=plain))
    except TableError as error:
        return _explained(plain, error)
    if number.unit or number.censored is not None:
        return refusal(TableError(f"{plain[:30]!r} is not a number alone", code="not-a-number"))
    return number


def _explained(text: str, error: TableError) -> Problem:
    if error.code == "decimal-ambiguous":
        shown = text[:30]
        told = f"{shown!r} can be read in two ways; write it with one decimal sign and nothing that groups thousands"
        return refusal(TableError(told, code="decimal-ambiguous"))
    return refusal(TableError(f"{text[:30]!r} is not a number", code="not-a-number"))


def parse_count(text: str) -> int | Problem | None:
    """A whole number that is not below zero; blank is missing."""
    plain = text.strip()
    if not plain:
        return None
    if not re.fullmatch(r"\d{1,9}", plain, re.ASCII):
        return refusal(TableError(f"{plain[:30]!r} is not a whole number", code="not-a-number"))
    return int(plain)


def parse_date(text: str) -> date | Problem | None:
    """A day, best as 2016-04-03; blank is missing, and a day whose month is not certain is a problem."""
    plain = text.strip()
    if not plain:
        return None
    try:
        return date_of(RawCell(text=plain))
    except TableError as error:
        return refusal(TableError(f"{plain[:30]!r} is no certain day; write it as 2016-04-03", code=error.code))


def parse_choice(key: str, text: str) -> str | Problem | None:
    """One of the choices of a field; blank is missing."""
    plain = text.strip()
    if not plain:
        return None
    if plain not in CHOICES[key]:
        told = f"{plain[:30]!r}; known are {', '.join(CHOICES[key])}"
        return refusal(TableError(told, code="invalid-state"))
    return plain


def judge(
    code: str,
    value: float,
    envelope: Envelope | None,
    parameters: HistomorphometryParameters = DEFAULTS,
) -> Judged:
    """Judge one value by itself.

    Parameters
    ----------
    code, value
        A measurement or index in the catalogue's unit.
    envelope
        Soft ranges of the catalogue are for cancellous bone.
    parameters
        `[histomorphometry]` of the protocol; its `limits` stand in place of the soft ranges.
    """
    entry = MEASUREMENTS[code]
    unit = "" if entry.unit == "1" else f" {entry.unit}"
    if not (math.isfinite(value) and entry.holds(value)):
        return Judged("impossible", f"{code} cannot be {value:g}{unit}. {_limits(entry)}")
    if envelope is not None and envelope not in entry.envelopes:
        return Judged("impossible", f"{code} is of {', '.join(entry.envelopes)} bone, the envelope is {envelope}")
    stub = HistomorphometryEntry(kind="histomorphometry", subject="", envelope=envelope)
    told = [problem.message for problem in unusual(stub, {code: value}, parameters)]
    return Judged("unusual", "; ".join(told)) if told else Judged("ok")


def number_text(value: float, half_unit: float = 0.0) -> str:
    """A number as it stands in a field, without exponent: with the digits it was given with, or with all it has."""
    if half_unit > 0:
        digits = max(0, round(-math.log10(2 * half_unit)))
        as_given = f"{value:.{digits}f}"
        if float(as_given) == value:
            return as_given
    return format(Decimal(repr(value)).normalize(), "f")


def drawn_text(value: float) -> str:
    """A number that was measured by drawing, to six digits: a hand draws no finer."""
    return format(Decimal(f"{value:.6g}").normalize(), "f")
