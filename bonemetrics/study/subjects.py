"""Whose scan it is: from what a header says of the patient to a study ID, or a refusal."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from bonemetrics.records import Problem, ScanHeader, Subject
from bonemetrics.study.layout import scan_id

_ENROLLED = re.compile(r"P(\d{3,})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What tells one person from another, as keyed hashes: the database holds no name, number or birth date.

    An empty text stands for what the file does not say.
    """

    patient_key: str
    birth_key: str
    sex_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One scan that looks for its subject."""

    scan_id: str
    series_uid: str
    scan_date: date | None
    identity: Identity
    may_enrol: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """The study ID of a scan's person, or the reason why there is none."""

    scan_id: str
    subject: str | None
    refusal: Problem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """Assignments by scan ID, and the patients that were enrolled to make them."""

    assignments: Mapping[str, Assignment]
    enrolled: Mapping[str, str] = field(default_factory=dict)
    """Study ID by patient key."""


def identity_of(header: ScanHeader, *, key: bytes) -> Identity:
    """Hash what a header says of the patient; blanks around it do not count.

    Parameters
    ----------
    header
        Of one series.
    key
        The study's own secret, so that hashes of two studies cannot be compared.

    Returns
    -------
    Identity
        Keyed hashes (HMAC-SHA256).
    """
    return Identity(
        patient_key=hashed(header.patient_id, key=key),
        birth_key=hashed(header.patient_birth_date, key=key),
        sex_key=hashed(header.patient_sex.upper(), key=key),
    )


def hashed(text: str, *, key: bytes) -> str:
    """HMAC-SHA256 (hex) of a text without the blanks and NULs around it; empty for an empty one."""
    plain = text.strip(" \t\r\n\0")
    return hmac.new(key, plain.encode(), hashlib.sha256).hexdigest() if plain else ""


def candidate(header: ScanHeader, *, key: bytes) -> Candidate:
    """Make the candidate of one series."""
    return Candidate(
        scan_id=scan_id(header.study_uid, header.series_uid),
        series_uid=header.series_uid,
        scan_date=header.scan_date,
        identity=identity_of(header, key=key),
        may_enrol=header.may_enrol,
    )


def patients_of(table: Iterable[Subject], *, key: bytes) -> dict[str, str]:
    """Study ID by patient key for a subjects table; who has no patient_ids is found by the study ID itself."""
    return {
        hashed(patient, key=key): subject.subject
        for subject in table
        for patient in (subject.patient_ids or (subject.subject,))
    }


def resolve(
    candidates: Sequence[Candidate],
    *,
    stored: Sequence[Candidate] = (),
    known: Mapping[str, str],
    may_enrol: bool,
    taken: Iterable[str] = (),
) -> Resolution:
    """Find the subject of every scan; the order of the candidates does not matter.

    Parameters
    ----------
    candidates
        All scans of this run.
    stored
        Scans that the study has already; one that is also among the candidates counts as the candidate says.
    known
        Study ID by patient key: the subjects table, or who has been enrolled before.
    may_enrol
        Whether the study has no subjects table and enrols by itself.
    taken
        Study IDs that are in use.

    Returns
    -------
    Resolution
        One assignment for every scan, stored ones included, since a new scan can make an old one ambiguous.
    """
    scans = {**{scan.scan_id: scan for scan in stored}, **{scan.scan_id: scan for scan in candidates}}
    ambiguous = _ambiguous(scans.values())
    new = [
        scan
        for scan in scans.values()
        if scan.may_enrol
        and scan.identity.patient_key not in known
        and scan.identity.patient_key
        and scan.identity.patient_key not in ambiguous
    ]
    enrolled = _enrol(new, [*known.values(), *taken]) if may_enrol else {}
    people = {**known, **enrolled}
    return Resolution(
        assignments={name: _assign(scan, people, ambiguous) for name, scan in scans.items()}, enrolled=enrolled
    )


def _ambiguous(scans: Iterable[Candidate]) -> dict[str, str]:
    """What contradicts itself, by patient key."""
    births: dict[str, set[str]] = {}
    sexes: dict[str, set[str]] = {}
    for scan in scans:
        births.setdefault(scan.identity.patient_key, set()).add(scan.identity.birth_key)
        sexes.setdefault(scan.identity.patient_key, set()).add(scan.identity.sex_key)
    found: dict[str, str] = {}
    for what, values in (("sexes", sexes), ("birth dates", births)):
        found.update({patient: what for patient, seen in values.items() if len(seen - {""}) > 1})
    return found


def _enrol(scans: Iterable[Candidate], taken: Iterable[str]) -> dict[str, str]:
    first: dict[str, tuple[date, str]] = {}
    for scan in scans:
        rank = (scan.scan_date or date.max, scan.series_uid)
        patient = scan.identity.patient_key
        first[patient] = min(first.get(patient, rank), rank)
    numbers = [int(found[1]) for code in taken if (found := _ENROLLED.fullmatch(code))]
    start = max(numbers, default=0) + 1
    ordered = sorted(first, key=lambda patient: first[patient])
    return {patient: f"P{number:03d}" for number, patient in enumerate(ordered, start=start)}


def _assign(scan: Candidate, people: Mapping[str, str], ambiguous: Mapping[str, str]) -> Assignment:
    patient = scan.identity.patient_key
    if not patient:
        return _refused(scan, "ambiguous-patient", "the PatientID is empty, so nobody can say whose scan this is")
    if patient in ambiguous:
        message = (
            f"scans with the PatientID of this one state two {ambiguous[patient]}; correct or remove the wrong ones"
        )
        return _refused(scan, "ambiguous-patient", message)
    if patient not in people:
        message = "the PatientID of this scan is not among patient_ids of the subjects table; add it and run again"
        if not scan.may_enrol:
            message = "the ID read off this picture is no known person's; name it in patient_ids of a subjects table"
        return _refused(scan, "unknown-subject", message)
    return Assignment(scan_id=scan.scan_id, subject=people[patient])


def _refused(scan: Candidate, code: str, message: str) -> Assignment:
    return Assignment(
        scan_id=scan.scan_id, subject=None, refusal=Problem(code=code, severity="refusal", message=message)
    )
