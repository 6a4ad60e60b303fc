"""Scans in their place in the trial: cohort, visit and what is to be said of them beside others."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from types import MappingProxyType

from bonemetrics.dxa.comparability import comparability_notes as report_notes
from bonemetrics.records import Measurement, Problem, Record, Visit, note
from bonemetrics.study.comparability import Comparable, comparability_notes
from bonemetrics.study.completeness import Given, completeness
from bonemetrics.study.protocol import Protocol
from bonemetrics.study.routes import standing_numbers, with_notes
from bonemetrics.study.standing import OPEN
from bonemetrics.study.stored import StoredScan
from bonemetrics.study.visits import Dated, assign_visits

KIND_OF_DATA = {"ct-series": "qct", "isq": "qct", "aim": "qct", "stratec": "qct"}
"""Which visit windows a kind of file goes by."""


class PlacedScan(Record):
    """A measured scan or report with cohort, visit, study day, and notes that only its place among others gives.

    `measurements` are the numbers that stand: those of a report, less what came by a more exact route as well.
    """

    scan: StoredScan
    subject: str
    cohort: str
    visit: Visit
    study_day: int | None
    measurements: tuple[Measurement, ...]
    notes: tuple[Problem, ...]

    @property
    def all_notes(self) -> tuple[Problem, ...]:
        """Notes of the scan and of the mask that counts, then those of its place."""
        return (*(found for found in self.scan.problems if found.severity == "note"), *self.notes)


def place_scans(
    scans: Iterable[StoredScan], protocol: Protocol, other_days: Mapping[str, Collection[date]] = MappingProxyType({})
) -> tuple[PlacedScan, ...]:
    """Give measured scans their visits and comparability notes, always from all scans that are there now.

    Parameters
    ----------
    scans
        Of a whole study (`Store.scans`); what is not measured is left out.
    protocol
        Of the study.
    other_days
        Days of other data by subject, which are numbered with those of scans where the protocol has no visits.

    Returns
    -------
    tuple of PlacedScan
        In the order of subject, date, kind and scan ID.
    """
    people = _people(scans)
    placed = [
        found
        for subject in sorted(people)
        for found in _place_person(subject, people[subject], protocol, other_days.get(subject, ()))
    ]
    return tuple(placed)


def named_visits(scans: Iterable[StoredScan], protocol: Protocol) -> dict[str, tuple[str, str]]:
    """Names of visit and cohort that `place_scans` gives, by scan ID, without the notes, which cost the most."""
    found: dict[str, tuple[str, str]] = {}
    for subject, of_one in _people(scans).items():
        person = protocol.subject(subject)
        visits = assign_visits(_events(of_one), subject=person, visits=protocol.visits)
        cohort = person.cohort if person is not None else ""
        found |= {scan.scan_id: (visits[scan.scan_id].visit.name, cohort) for scan in of_one}
    return found


def _people(scans: Iterable[StoredScan]) -> dict[str, list[StoredScan]]:
    people: dict[str, list[StoredScan]] = {}
    for scan in scans:
        if scan.status == "measured" and scan.subject is not None:
            people.setdefault(scan.subject, []).append(scan)
    return people


def _events(scans: Iterable[StoredScan]) -> list[Dated]:
    return [Dated(key=scan.scan_id, kind=_kind(scan), day=scan.scan_date) for scan in scans]


def _place_person(
    subject: str, scans: Sequence[StoredScan], protocol: Protocol, other_days: Iterable[date]
) -> list[PlacedScan]:
    person = protocol.subject(subject)
    visits = assign_visits(
        [*_events(scans), *(Dated(key=f"day {day}", kind="", day=day) for day in other_days)],
        subject=person,
        visits=protocol.visits,
    )
    changes = comparability_notes(
        Comparable(scan_id=scan.scan_id, kind=_kind(scan), facts=scan.result.facts)
        for scan in scans
        if scan.result.facts is not None
    )
    reports = [(scan.scan_id, scan.scan_date, scan.result.report) for scan in scans if scan.result.report is not None]
    changes |= report_notes((name, day, report) for name, day, report in reports if report is not None)
    standing = standing_numbers([scan for scan in scans if scan.result.report is not None])
    ordered = sorted(scans, key=lambda scan: (scan.scan_date or date.max, scan.result.kind, scan.scan_id))
    placed = [
        PlacedScan(
            scan=scan,
            subject=subject,
            cohort=person.cohort if person is not None else "",
            visit=visits[scan.scan_id].visit,
            study_day=visits[scan.scan_id].study_day,
            measurements=standing[scan.scan_id].measurements if scan.scan_id in standing else scan.measurements,
            notes=(
                *visits[scan.scan_id].notes,
                *changes.get(scan.scan_id, ()),
                *(standing[scan.scan_id].notes if scan.scan_id in standing else ()),
                *_edit_notes(scan),
            ),
        )
        for scan in ordered
    ]
    return _with_completeness(placed, protocol)


def _edit_notes(scan: StoredScan) -> tuple[Problem, ...]:
    if scan.edit is None or scan.review_status not in OPEN:
        return ()
    text = f"the numbers are of mask {scan.edit.number}, which a reader drew and nobody has judged yet"
    return (note("edit-not-judged", text),)


def _with_completeness(placed: Sequence[PlacedScan], protocol: Protocol) -> list[PlacedScan]:
    found = completeness(
        (
            Given(
                scan_id=one.scan.scan_id,
                visit=one.visit.name,
                day=one.scan.scan_date,
                report=one.scan.result.report,
                numbers=one.measurements,
            )
            for one in placed
            if one.scan.result.report is not None
        ),
        protocol,
    )
    return [
        one.model_copy(
            update={
                "notes": (*one.notes, *found.missing.get(one.scan.scan_id, ())),
                "measurements": tuple(
                    with_notes(number, found.repeated.get((one.scan.scan_id, place), ()))
                    for place, number in enumerate(one.measurements)
                ),
            }
        )
        for one in placed
    ]


def _kind(scan: StoredScan) -> str:
    if scan.result.report is not None:
        return "dxa"
    return KIND_OF_DATA.get(scan.result.kind, scan.result.kind)
