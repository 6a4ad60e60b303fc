"""Findings: MK (bone), LB (blood) and QS (questionnaires), one row per value as it was collected."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from bonemetrics.outcomes.rows import Candidate, Gathered
from bonemetrics.outcomes.sdtm.answers import with_answers
from bonemetrics.outcomes.sdtm.supplement import Qualifier, supplement
from bonemetrics.outcomes.sdtm.terms import NAMED_BY_THE_PROTOCOL, Term, term_of, unit_term
from bonemetrics.outcomes.table import Cell, Column, ColumnType, Table

_TITLES = {"MK": "Musculoskeletal Findings", "LB": "Laboratory Test Results", "QS": "Questionnaires"}
_SDTM = "CDISC SDTM Implementation Guide 3.3"


def findings(gathered: Gathered) -> Iterator[Table]:
    """The domains `mk`, `lb` and `qs`, each followed by its supplement.

    Parameters
    ----------
    gathered
        Of a study.

    Yields
    ------
    Table
        Sorted by person, day, test and place.
    """
    study = gathered.protocol.study.id
    versions = {one.version for one in gathered.protocol.parameters if one.version}
    known: dict[tuple[object, ...], Term] = {}
    terms: list[tuple[Term, Candidate]] = []
    for one in gathered.candidates:
        key = (one.kind, one.quantity, one.site, one.side, one.region, one.scale, one.paramcds)
        version = _version(one, versions)
        if key not in known:
            known[key] = term_of(one, version)
        terms += with_answers(known[key], one, version)
    for domain in _TITLES:
        of_domain = sorted(((term, one) for term, one in terms if term.domain == domain), key=_order)
        yield from _domain(domain, of_domain, study)


def _version(one: Candidate, versions: Collection[str]) -> str:
    """Of EQ-5D: what the value was scored by, else the protocol's where it has one; empty where it cannot be told."""
    own = one.scale.partition(" ")[0]
    return own if own in ("3L", "5L") else next(iter(versions), "") if len(versions) == 1 else ""


def _order(pair: tuple[Term, Candidate]) -> tuple[object, ...]:
    term, one = pair
    day = "" if one.day is None else one.day.isoformat()
    return one.subject, day, one.visit.name, term.testcd, one.site, one.side, one.region, one.source.source_id


def _domain(domain: str, values: Sequence[tuple[Term, Candidate]], study: str) -> Iterator[Table]:
    numbers: list[int] = []
    last: dict[str, int] = {}
    for _, one in values:
        last[one.subject] = last.get(one.subject, 0) + 1
        numbers.append(last[one.subject])
    numbered = [(number, term, one) for number, (term, one) in zip(numbers, values, strict=True)]
    yield Table(
        name=domain.lower(),
        columns=_columns(domain),
        rows=[_row(domain, study, number, term, one) for number, term, one in numbered],
    )
    qualifiers = (told for number, term, one in numbered for told in _qualifiers(term, one, number))
    yield supplement(domain, study, qualifiers)


def _row(domain: str, study: str, number: int, term: Term, one: Candidate) -> tuple[Cell, ...]:
    result = one.text or _plain(one.value)
    head = (study, domain, one.subject, number, term.testcd, term.test, term.category or None)
    part = (one.region or None,) if domain == "MK" else ()
    unit = unit_term(one.unit) or None
    given = (one.given or result or None, (one.given_unit if one.given else "") or unit)
    standard = (result or None, one.value, unit)
    place = (term.location or None, term.laterality or None, term.method or None) if domain == "MK" else ()
    day = None if one.day is None else one.day.isoformat()
    return (*head, *part, *given, *standard, *place, one.visit.number, one.visit.name, day, one.study_day)


def _plain(value: float | None) -> str:
    return "" if value is None else repr(float(value)).removesuffix(".0")


def _qualifiers(term: Term, one: Candidate, number: int) -> Iterator[Qualifier]:
    told = (
        ("SRCID", "Source Identifier", one.source.source_id),
        ("MATERIAL", "Calibration Material", one.material),
        ("QUANTITY", "Quantity of the Catalogue", "" if one.quantity in NAMED_BY_THE_PROTOCOL else one.quantity),
        ("STDUNC", "Standard Uncertainty", _plain(one.standard_uncertainty)),
        ("SCANNER", "Serial Number of the Device", one.scanner),
        ("REVIEW", "Review Status", "" if one.review == "not-applicable" else one.review),
        ("DTYPE", "Derivation Type", one.derivation),
        ("EXTENDED", "Term Is a Sponsor Extension", "Y" if term.is_extended else ""),
    )
    return (Qualifier(one.subject, number, name, label, value) for name, label, value in told if value)


def _columns(domain: str) -> tuple[Column, ...]:
    def column(name: str, label: str, definition: str, type_: ColumnType = "text", *, prefix: bool = True) -> Column:
        whole = domain + name if prefix else name
        return Column(name=whole, type=type_, label=label, definition=definition, source=_SDTM)

    part = (column("SCAT", "Subcategory", "Region within the location: vertebrae, region of a hip, compartment"),)
    place = (
        column("LOC", "Location Used for the Measurement", "Part of the body"),
        column("LAT", "Laterality", "LEFT or RIGHT"),
        column("METHOD", "Method of Test", "How it was measured"),
    )
    return (
        column("STUDYID", "Study Identifier", "ID of the study", prefix=False),
        column("DOMAIN", "Domain Abbreviation", _TITLES[domain], prefix=False),
        column("USUBJID", "Unique Subject Identifier", "Study ID of the participant", prefix=False),
        column("SEQ", "Sequence Number", "Number of the row among those of the participant", "integer"),
        column("TESTCD", "Test Short Name", "Term of the codelist, or the study's PARAMCD as its extension"),
        column("TEST", "Test Name", "Name of the test"),
        column("CAT", "Category", "Questionnaire or group of tests"),
        *(part if domain == "MK" else ()),
        column("ORRES", "Result in Original Units", "As the source has it"),
        column("ORRESU", "Original Units", "Unit of the source"),
        column("STRESC", "Character Result in Std Format", "Result as text, such as <0.5"),
        column("STRESN", "Numeric Result in Standard Units", "Result as number; empty where it is a text", "number"),
        column("STRESU", "Standard Units", "Unit of the catalogue; mg/cm3 is written g/L"),
        *(place if domain == "MK" else ()),
        column("VISITNUM", "Visit Number", "Number of the visit in the protocol", "number", prefix=False),
        column("VISIT", "Visit Name", "Visit whose window holds the date", prefix=False),
        column("DTC", "Date of Collection", "ISO 8601"),
        column("DY", "Study Day of Collection", "Day of infusion is day 1; there is no day 0", "integer"),
    )
