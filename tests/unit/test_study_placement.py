"""Names of visits for the worklist, which needs no notes."""

from __future__ import annotations

from datetime import date

from bonemetrics.records import Review
from bonemetrics.study.placement import named_visits, place_scans
from tests.review_cases import DAY1, PEOPLE, VISITS, YEAR_LATER, Arm, study_of


def test_named_visits__are_those_that_placing_gives(tmp_path):
    arms = [Arm(day=DAY1), Arm(day=YEAR_LATER), Arm(day=date(2016, 9, 9)), Arm(patient="HOSP-8", day=YEAR_LATER)]
    store, scans = study_of(tmp_path / "S", arms, tables=VISITS, people=PEOPLE)
    found = named_visits(store.scans(), store.protocol)
    # Day 1 is 3 April 2016: 6 April 2017 is day 369, within 320 to 410; 9 September 2016 is day 160, in no window.
    assert [found[name] for name in scans] == [
        ("Baseline", "2M"),
        ("Month 12", "2M"),
        ("Unscheduled", "2M"),
        ("Month 12", "2M"),
    ]
    placed = place_scans(store.scans(), store.protocol)
    assert found == {one.scan.scan_id: (one.visit.name, one.cohort) for one in placed}


def test_every_reader__names_who_gave_a_verdict(tmp_path):
    store, scans = study_of(tmp_path / "S", [Arm()], tables=VISITS, people=PEOPLE)
    assert store.reading.every_reader() == frozenset()
    mask = store.reading.masks(scans[0])[0]
    store.reading.record_review(Review(scan_id=scans[0], label_sha256=mask.sha256, reader="MN", verdict="accept"))
    assert store.reading.every_reader() == {"MN"}
