"""Values of FHIR observations as cells."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from bonemetrics.readers.dxa.fhir_json import Literal, Resource, text_of
from bonemetrics.readers.dxa.numbers import is_undefined, printed_number
from bonemetrics.readers.dxa.unit_words import ucum
from bonemetrics.records import DxaCell, Problem, note

UCUM = ("http://unitsofmeasure.org", "https://unitsofmeasure.org", "urn:oid:2.16.840.1.113883.6.8")
_DENSITIES = ("g/cm2", "mg/cm2", "kg/m2")
_ANNOTATION = re.compile(r"\{[^{}]{0,20}\}")
_LONGEST = 40


@dataclass(frozen=True, slots=True)
class Value:
    """A cell and what is to be said of it."""

    cell: DxaCell
    problems: tuple[Problem, ...] = ()


def value_of(result: Resource, measure: str, place: str) -> Value:
    """The value of an observation or of one of its components.

    Parameters
    ----------
    result
        With `valueQuantity`, `valueString`, `valueInteger`, or none.
    measure
        Name of the cell.
    place
        Where it stands, for the cell and for notes.
    """
    empty = DxaCell(place=place, unit="" if measure == "bmd" else "1")
    kinds = [name for name in result if re.fullmatch(r"value[A-Z]\w*", name)]
    if not kinds:
        return Value(empty)
    if len(kinds) > 1 or kinds[0] not in ("valueQuantity", "valueString", "valueInteger"):
        return _refused(empty, "a value of another kind than a number")
    if kinds[0] == "valueQuantity":
        quantity = result["valueQuantity"]
        return _quantity(quantity, measure, empty) if isinstance(quantity, dict) else _refused(empty, "no quantity")
    return _number(result[kinds[0]], empty)


def _quantity(quantity: Resource, measure: str, empty: DxaCell) -> Value:
    if "value" not in quantity:
        return Value(empty)
    if isinstance(quantity["value"], Literal):
        empty = empty.model_copy(update={"raw": quantity["value"][:_LONGEST]})
    if "comparator" in quantity:
        return _refused(empty, "a bound (<, >), not a value")
    unit, problems = _unit(quantity, measure, empty.place)
    if unit is None:
        return _refused(empty, "the unit is none of this measure")
    value = _number(quantity["value"], empty.model_copy(update={"unit": unit}))
    return Value(value.cell, (*problems, *value.problems))


def _unit(quantity: Resource, measure: str, place: str) -> tuple[str | None, tuple[Problem, ...]]:
    """The unit by its UCUM code, else by its text; `None` for one that is not of the measure."""
    code, text = text_of(quantity.get("code")), text_of(quantity.get("unit"))
    stated = code if code and text_of(quantity.get("system")) in UCUM else text or code
    unit = _known(stated, measure)
    problems: list[Problem] = []
    if stated == "g/cm-2":
        problems.append(note("unit-suspect", f"{place}: the unit g/cm-2 would be g.cm2 in UCUM; read as g/cm2"))
    other = _known(text, measure)
    if text and stated == code and other is not None and other != unit:
        problems.append(note("unit-suspect", f"{place}: code and text of the unit differ; the code was taken"))
    if not stated:
        return ("" if measure == "bmd" else "1"), ()
    fits = unit in _DENSITIES if measure == "bmd" else unit == "1"
    return (unit if fits else None), tuple(problems)


def _known(text: str, measure: str) -> str | None:
    if text in ("g/cm-2", "g.cm-2"):
        return "g/cm2"
    if measure != "bmd" and _ANNOTATION.fullmatch(text):
        return "1"
    return ucum(text)


def _number(value: object, cell: DxaCell) -> Value:
    """A number of JSON, or a text that is exactly one printed number."""
    if isinstance(value, Literal):
        return _literal(value, cell)
    raw = text_of(value)
    if not isinstance(value, str) or (raw and not is_undefined(raw) and printed_number(raw) is None):
        return _refused(cell, "a text that is no number")
    printed = printed_number(raw)
    if printed is None:
        return Value(cell.model_copy(update={"raw": raw}))
    update = {"raw": raw, "value": printed.value, "decimals": printed.decimals}
    return Value(cell.model_copy(update=update))


def _literal(literal: Literal, cell: DxaCell) -> Value:
    try:
        number = Decimal(literal) if len(literal) <= _LONGEST else Decimal("NaN")
    except InvalidOperation:
        return _refused(cell, "no number")
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or not math.isfinite(float(number)):
        return _refused(cell, "a number beyond all bounds")
    update = {"raw": str(literal), "value": float(number), "decimals": max(0, -exponent)}
    return Value(cell.model_copy(update=update))


def _refused(cell: DxaCell, why: str) -> Value:
    return Value(cell, (note("cell-refused", f"{cell.place}: {why}"),))
