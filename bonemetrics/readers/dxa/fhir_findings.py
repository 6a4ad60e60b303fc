"""Numbers of densitometry out of FHIR observations, each with its region, side, day and person."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from bonemetrics.readers.dxa.fhir_codes import (
    LONGEST_WORDS,
    CodeError,
    Meaning,
    is_other_bone,
    meaning_of,
    region_of,
    side_of,
)
from bonemetrics.readers.dxa.fhir_context import Context
from bonemetrics.readers.dxa.fhir_json import Entry, Resource, object_of, objects_of, text_of
from bonemetrics.readers.dxa.fhir_values import Value, value_of
from bonemetrics.records import DxaDevice, DxaPatient, ReportSide

LeftOut = Counter[tuple[str, str]]
"""How many were left out, by the note's code (empty: nothing of densitometry) and the reason."""
_SIDE_CODES: dict[str, ReportSide] = {"7771000": "left", "24028007": "right"}
_FINAL = ("final", "amended", "corrected", "appended")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One number, or an empty cell, of one region."""

    person: str
    patient: DxaPatient
    day: date | None
    moment: str
    meaning: Meaning
    region: str
    side: ReportSide | None
    printed: str
    value: Value
    device: DxaDevice
    key: str
    place: str
    is_final: bool


@dataclass(frozen=True, slots=True)
class _Named:
    place: str
    part: Resource
    meaning: Meaning
    region: str
    side: ReportSide | None


def findings_of(found: list[Entry], context: Context) -> tuple[list[Finding], LeftOut]:
    """All numbers of densitometry of a file, and how many results were left out for which reason."""
    findings: list[Finding] = []
    left_out: LeftOut = Counter()
    number = 0
    seen: dict[str, Resource] = {}
    for entry in found:
        if entry.kind != "Observation":
            continue
        number += 1
        name = entry.url or entry.key
        first = seen.setdefault(name, entry.resource) if name else entry.resource
        if first is not entry.resource and first == entry.resource:
            # Bundles repeat what several reports refer to.
            continue
        named = list(_named(entry, f"Observation {number}", left_out))
        if named:
            findings += _findings(entry, named, context, left_out)
    return findings, left_out


def _parts(entry: Entry, place: str) -> Iterator[tuple[str, Resource]]:
    yield place, entry.resource
    for number, component in enumerate(objects_of(entry.resource.get("component")), start=1):
        yield f"{place}, component {number}", component


def _named(entry: Entry, place: str, left_out: LeftOut) -> Iterator[_Named]:
    """The parts of an observation that are densitometry, with what their codes and words mean."""
    for where, part in _parts(entry, place):
        concept = object_of(part.get("code"))
        try:
            meaning = meaning_of(concept)
            if meaning is None:
                _count_other(part, concept, left_out)
                continue
            words = _words(entry.resource, part)
            yield _Named(where, part, meaning, region_of(words, meaning), _side(entry.resource, meaning, words))
        except CodeError as error:
            left_out[(error.kind, error.message)] += 1


def _findings(entry: Entry, named: list[_Named], context: Context, left_out: LeftOut) -> Iterator[Finding]:
    reason = _unusable(entry, context)
    if reason is not None:
        left_out[reason] += len(named)
        return
    person, patient = context.subject(entry)
    day, moment = context.day(entry)
    device = context.device(entry)
    for one in named:
        yield Finding(
            person=person,
            patient=patient,
            day=day,
            moment=moment,
            meaning=one.meaning,
            region=one.region,
            side=one.side,
            printed=_shown(object_of(one.part.get("code"))),
            value=value_of(one.part, one.meaning.measure, one.place),
            device=device,
            key=entry.key,
            place=one.place,
            is_final=text_of(entry.resource.get("status")) in _FINAL,
        )


def _count_other(part: Resource, concept: Resource, left_out: LeftOut) -> None:
    if is_other_bone(concept):
        left_out[("unknown-region", "densitometry of other bones")] += 1
    elif any(name.startswith("value") for name in part):
        left_out[("", "results that are no densitometry")] += 1


def _unusable(entry: Entry, context: Context) -> tuple[str, str] | None:
    if context.is_withdrawn(entry):
        return "result-withdrawn", "results or their reports are cancelled or entered in error"
    if entry.resource.get("modifierExtension"):
        return "cell-refused", "results whose meaning is changed by an extension that is not known here"
    return None


def _words(resource: Resource, part: Resource) -> list[str]:
    """Texts that may name a region: the code's and the body site's."""
    found = []
    for concept in (object_of(part.get("code")), *objects_of(resource.get("bodySite"))):
        found += [text_of(coding.get("display")) for coding in objects_of(concept.get("coding"))]
        found.append(text_of(concept.get("text")))
    return [text for text in found if 0 < len(text) <= LONGEST_WORDS]


def _side(resource: Resource, meaning: Meaning, words: list[str]) -> ReportSide | None:
    sides = {side for text in words if (side := side_of(text)) is not None}
    for concept in objects_of(resource.get("bodySite")):
        for coding in objects_of(concept.get("coding")):
            numbers = re.findall(r"\d+", text_of(coding.get("code")))
            sides |= {_SIDE_CODES[number] for number in numbers if number in _SIDE_CODES}
    if meaning.side is not None:
        sides.add(meaning.side)
    if len(sides) > 1:
        raise CodeError("code-disagrees", "code and body site name different sides")
    return sides.pop() if sides else None


def _shown(concept: Resource) -> str:
    """The LOINC code, which names nobody, unlike a text that a hospital may fill."""
    codes = [text_of(coding.get("code")) for coding in objects_of(concept.get("coding"))]
    return next((code for code in codes if re.fullmatch(r"\d{1,7}-\d", code)), "")
