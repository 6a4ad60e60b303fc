from __future__ import annotations

from datetime import date, timedelta

import pytest

from bonemetrics.records import Subject
from bonemetrics.study.comparability import Comparable, comparability_notes
from bonemetrics.study.protocol_tables import VisitTable
from bonemetrics.study.visits import UNSCHEDULED, Dated, assign_visits, study_day
from tests.study_cases import facts, header

DAY1 = date(2016, 2, 28)
VISITS = (
    VisitTable(name="Baseline", number=0.0, window=(-45, 1), baseline=True),
    VisitTable(name="Month 12", number=12.0, target_day=366, window=(320, 410), windows={"dxa": (300, 430)}),
    VisitTable(name="Phone", number=1.0, windows={"vas": (2, 9)}),
)
PERSON = Subject(subject="S01", day1=DAY1)


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2016, 2, 28), 1),
        (date(2016, 2, 29), 2),
        (date(2016, 3, 1), 3),  # 2016 is a leap year
        (date(2016, 2, 27), -1),
        (date(2016, 1, 14), -45),
        (date(2017, 2, 27), 366),
    ],
)
def test_study_day__counts_as_cdisc_does(day, expected):
    assert study_day(day, DAY1) == expected


def visit_on(study_days_from_day1: int, kind: str = "qct", person: Subject | None = PERSON):
    event = Dated(key="x", kind=kind, day=DAY1 + timedelta(days=study_days_from_day1))
    return assign_visits([event], subject=person, visits=VISITS)["x"]


@pytest.mark.parametrize(
    ("days_from_day1", "kind", "name"),
    [
        (-45, "qct", "Baseline"),
        (-46, "qct", "Unscheduled"),
        (0, "qct", "Baseline"),
        (1, "qct", "Unscheduled"),
        (318, "qct", "Unscheduled"),
        (319, "qct", "Month 12"),
        (409, "qct", "Month 12"),
        (410, "qct", "Unscheduled"),
        (410, "dxa", "Month 12"),
        (299, "dxa", "Month 12"),
        (3, "qct", "Unscheduled"),
        (3, "vas", "Phone"),
    ],
)
def test_assign_visits__holds_both_ends_of_the_window_of_the_kind(days_from_day1, kind, name):
    found = visit_on(days_from_day1, kind)
    assert found.visit.name == name
    assert [note.code for note in found.notes] == (["unscheduled-visit"] if name == "Unscheduled" else [])


def test_assign_visits__tells_study_day_and_number():
    found = visit_on(365)
    assert (found.visit.number, found.study_day) == (12.0, 366)
    outside = visit_on(1)
    assert outside.study_day == 2
    assert outside.notes[0].message == "study day 2 lies in no visit window of the protocol for qct"


@pytest.mark.parametrize("person", [None, Subject(subject="S02")])
def test_assign_visits__without_day1_no_window_applies(person):
    found = visit_on(0, person=person)
    assert found.visit == UNSCHEDULED
    assert [note.code for note in found.notes] == ["day1-unknown"]


def test_assign_visits__without_a_date_there_is_no_visit():
    event = Dated(key="x", kind="qct", day=None)
    for visits in (VISITS, ()):
        found = assign_visits([event], subject=PERSON, visits=visits)["x"]
        assert found.visit == UNSCHEDULED
        assert [note.code for note in found.notes] == ["scan-date-unknown"]


def test_assign_visits__without_a_protocol_days_are_numbered():
    days = {"late": date(2018, 1, 1), "first": date(2016, 2, 1), "repeat": date(2016, 2, 1), "middle": DAY1}
    events = [Dated(key=key, kind="qct", day=day) for key, day in days.items()]
    found = assign_visits(events, subject=None, visits=())
    assert {key: one.visit.name for key, one in found.items()} == {
        "first": "Visit 1",
        "repeat": "Visit 1",
        "middle": "Visit 2",
        "late": "Visit 3",
    }
    assert found["late"].visit.number == 3.0
    assert found["late"].study_day is None
    assert assign_visits(events, subject=PERSON, visits=())["middle"].study_day == 1


def test_assign_visits__several_scans_may_fall_into_one_visit():
    events = [Dated(key=str(n), kind="qct", day=DAY1 - timedelta(days=n)) for n in range(3)]
    found = assign_visits(events, subject=PERSON, visits=VISITS)
    assert {one.visit.name for one in found.values()} == {"Baseline"}


# Comparability


def compared(*scans: tuple[int, dict[str, object]], kind: str = "qct") -> dict[int, list[str]]:
    """Codes of the notes on scans given as (day of January 2016, facts)."""
    made = [
        Comparable(
            scan_id=str(number),
            kind=kind,
            facts=facts(header(number, day=date(2016, 1, day)), **what),  # type: ignore[arg-type]
        )
        for number, (day, what) in enumerate(scans)
    ]
    notes = comparability_notes(made)
    return {int(scan): [note.code for note in found] for scan, found in notes.items()}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"serial": "3099"}, "scanner-changed"),
        ({"model": "XtremeCT", "serial": ""}, "scanner-changed"),
        ({"kvp": 60.0}, "kvp-changed"),
        ({"kernel": "B30"}, "kernel-changed"),
        ({"spacing_mm": (0.5, 0.25, 0.25)}, "spacing-changed"),
    ],
)
def test_comparability__a_change_between_days_is_a_note_on_both(change, code):
    assert compared((1, {}), (2, change)) == {0: [code], 1: [code]}


@pytest.mark.parametrize(
    "same",
    [
        {},
        {"serial": "", "model": ""},
        {"serial": " 3012 "},
        {"kvp": None},
        {"kvp": 68.4},
        {"kernel": ""},
        {"kernel": "b70"},
        {"spacing_mm": (0.5, 0.25, 0.2009)},
    ],
)
def test_comparability__what_is_alike_or_not_stated_is_no_change(same):
    assert compared((1, {}), (2, same)) == {0: [], 1: []}


def test_comparability__scans_of_one_day_are_not_compared():
    assert compared((1, {}), (1, {"kernel": "B30"})) == {0: [], 1: []}


def test_comparability__two_reconstructions_on_every_day_have_their_counterparts():
    soft = {"kernel": "B30"}
    assert compared((1, {}), (1, soft), (2, {}), (2, soft)) == {0: [], 1: [], 2: [], 3: []}
    assert compared((1, {}), (2, {}), (2, soft)) == {0: [], 1: [], 2: ["kernel-changed"]}


def test_comparability__says_what_is_where():
    made = [
        Comparable(scan_id=str(day), kind="qct", facts=facts(header(day, day=date(2016, 1, day)), kvp=kvp))
        for day, kvp in ((1, 68.0), (2, 68.0), (3, 60.0))
    ]
    text = comparability_notes(made)["3"][0].message
    assert text.startswith("tube voltage 60 kVp here, 68 kVp on 2 of 2 other days of this person")


def test_comparability__other_kinds_of_scan_are_left_alone():
    one = Comparable(scan_id="a", kind="qct", facts=facts(header(1, day=date(2016, 1, 1))))
    other = Comparable(scan_id="b", kind="stratec", facts=facts(header(2, day=date(2016, 1, 2)), serial="9"))
    assert comparability_notes([one, other]) == {"a": (), "b": ()}


def test_comparability__without_dates_sittings_are_told_by_the_study():
    made = [Comparable(scan_id=str(n), kind="qct", facts=facts(header(n, day=None), kvp=60.0 + n * 8)) for n in (0, 1)]
    assert [note.code for found in comparability_notes(made).values() for note in found] == ["kvp-changed"] * 2
