"""Checks of a protocol that look at more than one table."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any, get_args

from pydantic import ValidationError

from bonemetrics.anatomy import SITES, is_region
from bonemetrics.errors import ProtocolError
from bonemetrics.records import Subject
from bonemetrics.segmentation.parameters import TissueParameters
from bonemetrics.study.nearest import suggestion
from bonemetrics.study.protocol_faults import Fault, from_validation
from bonemetrics.study.protocol_tables import CohortTable, DataKind, VisitTable
from bonemetrics.study.visits import UNSCHEDULED

if TYPE_CHECKING:
    from bonemetrics.study.protocol import Protocol


def cross_faults(protocol: Protocol) -> list[Fault]:
    """Every fault between tables that are valid by themselves."""
    faults = [
        *_repeated("cohorts", "code", protocol.cohorts, lambda cohort: cohort.code),
        *_repeated("visits", "name", protocol.visits, lambda visit: visit.name),
        *_visit_names(protocol.visits),
        *_repeated("visits", "number", protocol.visits, lambda visit: visit.number),
        *_repeated("visits", "baseline", protocol.visits, lambda visit: visit.baseline or None),
        *_repeated("parameters", "paramcd", protocol.parameters, lambda parameter: parameter.paramcd),
        *_repeated("precision", "paramcd", protocol.precision, lambda entry: (entry.paramcd, entry.scanner)),
        *_repeated("phantoms", "name", protocol.phantoms, lambda phantom: (phantom.name, phantom.serial)),
        *_repeated(
            "calibrations",
            "date",
            protocol.calibrations,
            lambda entry: (entry.scanner, entry.date, entry.material, entry.kvp),
        ),
        *_repeated("references", "name", protocol.references, lambda curve: (curve.name, curve.region, curve.sex)),
        *_repeated("conversions", "unit", protocol.conversions, lambda rule: (rule.unit, rule.quantity)),
        *_repeated("tables", "file", protocol.tables, lambda table: (table.file, table.model_dump_json())),
        *_relations(protocol),
        *_overlaps(protocol.visits),
        *_unknown_paramcds(protocol),
        *_short_phantoms(protocol),
        *_references(protocol),
        *_tissue(protocol),
    ]
    inline = [(f"entry {number}", subject) for number, subject in enumerate(protocol.subjects, start=1)]
    places = {where: ("subjects", number) for number, (where, _) in enumerate(inline)}
    return [*faults, *((places[where], text) for where, text in subject_faults(inline, protocol.cohorts))]


def _repeated(table: str, key: str, entries: Sequence[Any], value_of: Callable[[Any], object]) -> Iterator[Fault]:
    seen: set[object] = set()
    for number, entry in enumerate(entries):
        value = value_of(entry)
        if value is not None and value in seen:
            shown = value[0] if isinstance(value, tuple) else value
            text = f"{key!r} {shown!r} stands twice in [[{table}]]"
            if key == "baseline":
                text = "a second baseline visit; a study has one at most"
            yield (table, number, key), text
        seen.add(value)


def _visit_names(visits: Sequence[VisitTable]) -> Iterator[Fault]:
    """Names that tables could not tell apart, and the one that is taken."""
    seen: dict[str, str] = {}
    for number, visit in enumerate(visits):
        folded = " ".join(visit.name.casefold().split())
        if folded == UNSCHEDULED.name.casefold():
            text = f"'name' {visit.name!r} is what values outside all visits are called; name the visit otherwise"
            yield ("visits", number, "name"), text
        elif seen.setdefault(folded, visit.name) != visit.name:
            text = f"'name' {visit.name!r} is {seen[folded]!r} but for capitals or blanks; write another"
            yield ("visits", number, "name"), text


def _overlaps(visits: Sequence[VisitTable]) -> Iterator[Fault]:
    for (_, first), (number, second) in combinations(enumerate(visits), 2):
        for kind in get_args(DataKind):
            one, other = first.window_for(kind), second.window_for(kind)
            if one and other and one[0] <= other[1] and other[0] <= one[1]:
                key = f"windows.{kind}" if kind in second.windows else "window"
                text = f"{key!r} {list(other)} of {second.name!r} overlaps {list(one)} of {first.name!r}"
                yield ("visits", number, *key.split(".")), f"{text}; a day must belong to one visit"
                break


def _unknown_paramcds(protocol: Protocol) -> Iterator[Fault]:
    known = [parameter.paramcd for parameter in protocol.parameters]
    for number, entry in enumerate(protocol.precision):
        if entry.paramcd not in known:
            text = f"'paramcd' {entry.paramcd!r} of [[precision]] is not in [[parameters]]"
            yield ("precision", number, "paramcd"), text + suggestion(entry.paramcd, known)


def _relations(protocol: Protocol) -> Iterator[Fault]:
    known = [parameter.paramcd for parameter in protocol.parameters]
    for pair in protocol.analysis.relations:
        for paramcd in pair:
            if paramcd not in known:
                text = f"'relations' names {paramcd!r}, which is not in [[parameters]]{suggestion(paramcd, known)}"
                yield ("analysis", "relations"), text


def _tissue(protocol: Protocol) -> list[Fault]:
    try:
        TissueParameters.model_validate_json(json.dumps(protocol.tissue))
    except ValidationError as error:
        return from_validation(error, TissueParameters, within=("tissue",))
    return []


def _short_phantoms(protocol: Protocol) -> Iterator[Fault]:
    for number, phantom in enumerate(protocol.phantoms):
        if len(phantom.rods) < 2:
            yield ("phantoms", number, "rods"), f"a line needs two rods at least, found {len(phantom.rods)} in 'rods'"


def _references(protocol: Protocol) -> Iterator[Fault]:
    for number, curve in enumerate(protocol.references):
        if not is_region(curve.site, curve.region):
            text = f"'region' {curve.region!r} is none of site {curve.site!r}; sites are {', '.join(SITES)}"
            yield ("references", number, "region"), text


def subject_faults(rows: Iterable[tuple[str, Subject]], cohorts: Sequence[CohortTable]) -> Iterator[tuple[str, str]]:
    """Faults of a subjects table as (where, text): repeated subjects and patients, unknown cohorts."""
    codes = [cohort.code for cohort in cohorts]
    subjects: dict[str, str] = {}
    patients: dict[str, str] = {}
    for where, subject in rows:
        if subject.subject in subjects:
            yield where, f"'subject' repeats that of {subjects[subject.subject]}"
        subjects.setdefault(subject.subject, where)
        if codes and subject.cohort and subject.cohort not in codes:
            yield where, f"'cohort' {subject.cohort!r} is not in [[cohorts]]{suggestion(subject.cohort, codes)}"
        for patient in subject.patient_ids or (subject.subject,):
            if patients.get(patient, where) != where:
                yield where, f"a patient ID stands also in {patients[patient]}"
            patients.setdefault(patient, where)


def refuse_subject_faults(rows: Sequence[tuple[str, Subject]], cohorts: Sequence[CohortTable]) -> None:
    """Raise where a subjects table contradicts itself or the cohorts.

    Raises
    ------
    ProtocolError
        With file, line and key.
    """
    found = [f"{where}: {text}" for where, text in subject_faults(rows, cohorts)]
    if found:
        raise ProtocolError("\n".join(found), code="invalid-protocol")
