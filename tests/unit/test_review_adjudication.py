"""Adjudication: two masks side by side, a choice for each place, and a mask that counts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bonemetrics.review.blinding import leaks
from bonemetrics.study.reading import Reading
from bonemetrics.study.store import Store
from tests.reading_cases import refused, with_rules
from tests.review_cases import Arm, automatic_labels, key_of, paint, session_of, study_of

TWO = """[review]
readings = 2
readers = ['KL', 'MN']
adjudicators = ['AD']
blind = ['other-readers', 'subject']
"""
KL_ONLY, MN_ONLY = (0, 6, 8), (4, 0, 0)
AUTOMATIC_VOXELS = 75


def read(store: Store, reader: str, scan: str, place: tuple[int, int, int] | None, verdict: str = "") -> None:
    """One reader's look: an edit of one voxel where a place is given, and a verdict."""
    with session_of(store, reader) as session:
        case = session.open_case(key_of(session, scan))
        if place is not None:
            paint(case, place=place)
        verdict = verdict or ("accept" if place is None else "accept-with-edit")
        session.decide(case, verdict, reasons=() if verdict.startswith("accept") else ("leak",))


@pytest.fixture
def study(tmp_path: Path) -> tuple[Store, str]:
    store, scans = study_of(tmp_path / "S", [Arm()], rules=TWO)
    return store, scans[0]


@pytest.fixture
def adjudicator(study):
    store, scan = study
    read(store, "KL", scan, KL_ONLY)
    read(store, "MN", scan, MN_ONLY)
    with session_of(store, "AD") as session:
        yield session, key_of(session, scan, "adjudicate")


def reader_of(adjudication, letter: str) -> str:
    return {"a": adjudication.mask_a, "b": adjudication.mask_b}[letter].reader


def choice(adjudication, reader: str) -> str:
    """The letter under which a reader's mask is shown."""
    return "a" if reader_of(adjudication, "a") == reader else "b"


def test_adjudication__shows_both_masks_and_where_they_differ_without_names(adjudicator):
    session, key = adjudicator
    found = session.adjudication(key)
    assert {found.mask_a.reader, found.mask_b.reader} == {"KL", "MN"}
    places = {one.index for one in found.disagreement.components}
    assert places == {KL_ONLY, MN_ONLY}
    assert found.n_open == 2
    assert np.array_equal(found.case.labels.labels, automatic_labels(1).labels)
    assert not found.a.labels.flags.writeable
    assert leaks([found.task.title, found.task.subtitle, repr(found.task.reason)], found) == ()
    assert leaks(["KL", "MN"], found) == ("other-readers: KL", "other-readers: MN")


def test_adjudication__letters_are_by_chance_and_stay(adjudicator, monkeypatch):
    session, key = adjudicator

    def opened_again():
        found = session.adjudication(key)
        session.close_case(found.case)
        return found.mask_a

    first = opened_again()
    assert opened_again() == first
    firsts = set()
    for seed in range(20):
        monkeypatch.setattr(Reading, "reader_key", lambda _self, _reader, seed=seed: bytes([seed]))
        firsts.add(opened_again().reader)
    assert firsts == {"KL", "MN"}


# Choices that are not settled


def as_left(store: Store, key: str, **more):
    """The adjudication as a later session of the adjudicator finds it."""
    with session_of(store, "AD", **more) as session:
        return session.adjudication(key)


def test_choices__come_back_after_the_case_was_left_and_are_not_decided_for_anybody(adjudicator):
    session, key = adjudicator
    found = session.adjudication(key)
    assert session.adjudication(key) is found
    chosen = {1: choice(found, "MN")}
    found.choices.update(chosen)
    session.close_case(found.case)
    again = session.adjudication(key)
    assert again is not found
    assert (again.choices, again.recovered, again.n_open) == (chosen, True, 1)
    assert session.store.scan(found.task.scan_id).review_status == "needs-adjudication"
    assert not list(session.store.folder.root.rglob("*.draft-*"))
    # What is taken back is not there the next time.
    again.choices.clear()
    session.close_case(again.case)
    assert as_left(session.store, key).choices == {}


def test_choices__kept_once_outlive_a_killed_program_with_the_time_that_they_took(adjudicator):
    session, key = adjudicator
    found = session.adjudication(key)
    found.choices[2] = "b"
    found.case.active.tick()
    clock = session._desk.clock
    clock.seconds += 12.0
    found.case.active.tick()
    assert session.keep_choices(found)
    # Nothing is closed: the program is gone, and its claim runs out.
    session._desk.release(found.task.scan_id)
    again = as_left(session.store, key)
    assert (again.choices, again.recovered) == ({2: "b"}, True)
    assert again.case.active.total_s == 12.0


def test_choices__a_stays_a_although_the_order_of_masks_would_be_drawn_otherwise_now(adjudicator, monkeypatch):
    session, key = adjudicator
    found = session.adjudication(key)
    found.choices[1] = "a"
    session.close_case(found.case)
    for seed in range(20):
        monkeypatch.setattr(Reading, "reader_key", lambda _self, _reader, seed=seed: bytes([seed]))
        again = session.adjudication(key)
        assert (again.mask_a.reader, again.mask_b.reader) == (found.mask_a.reader, found.mask_b.reader)
        assert (again.a.labels == found.a.labels).all()
        assert again.choices == {1: "a"}
        session.close_case(again.case)


def test_choices__on_a_mask_that_a_reader_has_changed_since_are_set_aside_and_said(adjudicator):
    session, key = adjudicator
    found = session.adjudication(key)
    found.choices[1] = "a"
    session.close_case(found.case)
    with session_of(session.store, "MN") as reading:
        case = reading.open_case(key_of(reading, found.task.scan_id))
        paint(case, place=(0, 0, 0))
        reading.decide(case, "accept-with-edit")
    again = as_left(session.store, key)
    assert (again.choices, again.recovered) == ({}, False)
    assert again.draft_problem.code == "draft-set-aside"
    assert again.file.with_suffix(".aside-1").is_file()


def test_choices__a_damaged_file_is_set_aside_and_said(adjudicator):
    session, key = adjudicator
    found = session.adjudication(key)
    found.choices[1] = "a"
    session.close_case(found.case)
    data = found.file.read_bytes()
    found.file.write_bytes(data.replace(b'"a"', b'"b"'))
    again = as_left(session.store, key)
    assert again.choices == {}
    assert again.draft_problem.code == "draft-set-aside"


@pytest.mark.parametrize("how", ["settle", "reject"])
def test_choices__are_gone_once_the_scan_is_settled_by_them_or_otherwise(adjudicator, how):
    session, key = adjudicator
    found = session.adjudication(key)
    found.choices.update({1: "a", 2: "b"})
    session.keep_choices(found)
    assert found.file.is_file()
    if how == "settle":
        session.settle(found)
    else:
        session.decide(found.case, "reject", reasons=("leak",))
    assert not found.file.exists()
    assert not session.keep_choices(found)
    session.close_case(found.case)
    assert not found.file.exists()


def test_choices__a_case_that_is_put_off_keeps_them(adjudicator):
    session, key = adjudicator
    found = session.adjudication(key)
    found.choices[1] = "b"
    session.decide(found.case, "defer", reasons=("motion",))
    session.close_case(found.case)
    assert as_left(session.store, key).choices == {1: "b"}


# Numbers beside the places


@pytest.mark.parametrize(("when", "before", "after"), [("at-once", 1, 1), ("after-verdict", 0, 1), ("never", 0, 0)])
def test_numbers__are_there_for_an_adjudicator_when_the_protocol_says(tmp_path, when, before, after):
    store, (scan,) = study_of(tmp_path / "S", [Arm()], rules=f"{TWO}consequence = '{when}'\n")
    read(store, "KL", scan, KL_ONLY)
    read(store, "MN", scan, MN_ONLY)
    with session_of(store, "AD") as session:
        found = session.adjudication(key_of(session, scan, "adjudicate"))
        assert (found.numbers is not None) == bool(before)
        session.settle(found, {1: "a", 2: "a"})
        assert (found.numbers is not None) == bool(after)


def test_settle__joins_the_choices_into_a_mask_that_counts(adjudicator):
    session, key = adjudicator
    found = session.adjudication(key)
    by_place = {one.index: one.number for one in found.disagreement.components}
    # Both readers' additions: KL's voxel from KL and MN's from MN.
    found.choices[by_place[KL_ONLY]] = choice(found, "KL")
    with refused("unresolved-components"):
        session.settle(found)
    found.choices[by_place[MN_ONLY]] = choice(found, "MN")
    kept = session.settle(found, comment="both are right", confidence=5)
    scan = found.task.scan_id
    mask = session.store.reading.masks(scan)[-1]
    assert (mask.source, mask.reader, mask.number) == ("adjudicated", "AD", 4)
    assert (kept.role, kept.verdict, kept.label_sha256, kept.comment) == (
        "adjudicator",
        "accept-with-edit",
        mask.sha256,
        "both are right",
    )
    stored = session.store.scan(scan)
    assert (stored.labels, stored.review_status) == (mask, "accept-with-edit")
    assert [one.value for one in stored.measurements] == [AUTOMATIC_VOXELS + 2]
    assert session.worklist().find(key).state == "done"
    assert not found.case.is_edited
    assert found.case.judged == kept
    assert session.store.verify_records() == ()
    session.close_case(found.case)


def test_settle__one_readers_mask_as_a_whole_is_chosen_and_not_copied(adjudicator):
    session, key = adjudicator
    found = session.adjudication(key)
    kept = session.settle(found, {one.number: choice(found, "MN") for one in found.disagreement.components})
    scan = found.task.scan_id
    assert len(session.store.reading.masks(scan)) == 3
    stored = session.store.scan(scan)
    assert stored.labels.reader == "MN"
    assert kept.label_sha256 == stored.labels.sha256
    assert stored.review_status == "accept-with-edit"


def test_settle__neither_edit_is_a_new_mask_although_it_is_the_automatic_one(adjudicator):
    session, key = adjudicator
    found = session.adjudication(key)
    other = {"a": "b", "b": "a"}
    by_place = {one.index: one.number for one in found.disagreement.components}
    choices = {
        by_place[KL_ONLY]: other[choice(found, "KL")],
        by_place[MN_ONLY]: other[choice(found, "MN")],
    }
    session.settle(found, choices)
    stored = session.store.scan(found.task.scan_id)
    assert stored.review_status == "accept"
    assert [one.value for one in stored.measurements] == [AUTOMATIC_VOXELS]


def test_settle__can_be_made_again(adjudicator):
    session, key = adjudicator
    found = session.adjudication(key)
    by_place = {one.index: one.number for one in found.disagreement.components}
    session.settle(found, {by_place[KL_ONLY]: choice(found, "KL"), by_place[MN_ONLY]: choice(found, "MN")})
    session.close_case(found.case)
    again = session.adjudication(key)
    session.settle(again, {one.number: choice(again, "KL") for one in again.disagreement.components})
    stored = session.store.scan(found.task.scan_id)
    assert stored.labels.source == "adjudicated"
    assert [one.value for one in stored.measurements] == [AUTOMATIC_VOXELS + 1]


def test_settle__refuses_to_pass_over_an_own_edit(adjudicator):
    session, key = adjudicator
    found = session.adjudication(key)
    paint(found.case, place=(0, 0, 0))
    with refused("unsaved-edit"):
        session.settle(found, {one.number: "a" for one in found.disagreement.components})


def test_adjudication__an_own_edit_of_the_adjudicator_counts(adjudicator):
    session, key = adjudicator
    case = session.adjudication(key).case
    paint(case, place=(0, 0, 0))
    kept = session.decide(case, "accept-with-edit")
    assert kept.role == "adjudicator"
    assert session.store.scan(case.task.scan_id).labels.source == "adjudicated"


def test_adjudication__may_end_in_a_rejection(adjudicator):
    session, key = adjudicator
    found = session.adjudication(key)
    session.decide(found.case, "reject", reasons=("leak",))
    assert session.store.scan(found.task.scan_id).review_status == "reject"


def test_adjudication__of_one_mask_that_one_accepts_and_one_rejects_has_no_places(study):
    store, scan = study
    read(store, "KL", scan, None)
    read(store, "MN", scan, None, "reject")
    with session_of(store, "AD") as session:
        found = session.adjudication(key_of(session, scan, "adjudicate"))
        assert found.disagreement.components == ()
        session.settle(found)
        assert store.scan(scan).review_status == "accept"


def test_adjudication__of_a_scan_that_one_reader_passed_on_is_against_the_automatic_mask(study):
    store, scan = study
    with session_of(store, "KL") as session:
        case = session.open_case(key_of(session, scan))
        paint(case, place=KL_ONLY)
        session.save_edit(case)
        session.decide(case, "defer", reasons=("needs-adjudication",))
    with session_of(store, "AD") as session:
        found = session.adjudication(key_of(session, scan, "adjudicate"))
        assert {found.mask_a.reader, found.mask_b.reader} == {"KL", ""}
        assert [one.index for one in found.disagreement.components] == [KL_ONLY]


def test_adjudication__with_one_reading_confirms_what_was_passed_on(tmp_path):
    store, (scan,) = study_of(tmp_path / "S", [Arm()], rules="[review]\nreaders = ['KL']\nadjudicators = ['AD']\n")
    with session_of(store, "KL") as session:
        session.decide(session.open_case(key_of(session, scan)), "defer", reasons=("needs-adjudication",))
    with session_of(store, "AD") as session:
        session.settle(session.adjudication(key_of(session, scan, "adjudicate")))
    assert store.scan(scan).review_status == "accept"


def test_adjudication__is_refused_for_a_task_that_is_read(study):
    store, scan = study
    with session_of(store, "KL") as session, refused("not-to-adjudicate"):
        session.adjudication(key_of(session, scan))


def test_adjudication__is_refused_once_the_readers_masks_are_gone(adjudicator):
    session, key = adjudicator
    tasks = session.worklist()
    assert tasks.find(key).state == "waiting"
    store = with_rules(session.store, TWO)
    # Both readers draw again and judge nothing, so that no verdict is on a mask that they have before them.
    for reader, place in (("KL", (0, 0, 0)), ("MN", (0, 0, 1))):
        with session_of(store, reader) as reading:
            case = reading.open_case(key_of(reading, tasks.find(key).scan_id))
            paint(case, place=place)
            reading.save_edit(case)
    with refused("not-to-adjudicate"):
        session.adjudication(key)
    assert session.open_cases == ()
