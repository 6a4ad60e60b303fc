"""What chance settles for a reader stays when scans are added: pairs, letters, hidden repeats and their places."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from bonemetrics.review.blinding import CaseFacts
from bonemetrics.review.ordering import NOTHING_DRAWN, blocks_of, in_order, members_of, pairs_drawn, with_repeats
from bonemetrics.review.worklist import build_worklist
from bonemetrics.study.drawn_order import DrawnOrder
from bonemetrics.study.store import Store
from tests.reading_cases import with_rules
from tests.review_cases import DAY1, PEOPLE, VISITS, YEAR_LATER, Arm, add_scan, study_of

BLIND = "[review]\nblind = ['subject', 'visit', 'date', 'other-readers']\n"


def facts(number: int, subject: str = "", side: str = "left") -> CaseFacts:
    return CaseFacts(scan_id=f"{number:016x}", subject=subject or f"P{number}", side=side)


def drawn_from(scans, key, *, percent, drawn=NOTHING_DRAWN, judged=()):
    """Blocks with their repeats, and what is to be kept of them, as a list makes it."""
    blocks = blocks_of(scans, key, pairs=True, drawn=drawn, has_judged=lambda name: name in judged)
    first = in_order(blocks, key, is_blinded=True)
    listed, repeats = with_repeats(first, key, percent=percent, is_readable=bool, repeated=(), drawn=drawn.repeats)
    alone = tuple(name for block in blocks if not block.is_pair for name in members_of(block))
    kept = DrawnOrder(pairs=pairs_drawn(blocks, drawn), alone=alone, repeats=repeats, repeat_percent=percent)
    return listed, kept


def looks(listed):
    """Every look at a pair, in order, with its letter."""
    return [(block.kind, one.scan_id, letter) for block in listed if block.is_pair for one, letter in block.lettered]


def remain(earlier, later):
    """Those of later looks that were there before; more scans have more of them come twice."""
    assert all(kind == "repeat" for kind, name, _ in set(later) - set(earlier) if name in {one[1] for one in earlier})
    return [one for one in later if one in earlier]


def visits(n, subject):
    return [facts(1000 * subject + number, f"P{subject}") for number in range(n)]


def test_drawn__pairs_letters_and_repeats_stay_whatever_scans_are_added_later():
    begin = [one for subject in range(1, 6) for one in visits(2, subject)]
    more = [visits(3, 2)[2], *visits(2, 6), visits(4, 2)[3], facts(9, "P9"), visits(3, 5)[2], *visits(3, 7)]
    moved = 0
    for seed in range(40):
        key, scans = bytes([seed]), list(begin)
        listed, drawn = drawn_from(scans, key, percent=30)
        # 30 % of 10 are 3, and a pair comes as a pair.
        assert sum(kind == "repeat" for kind, _, _ in looks(listed)) == 4
        for one in more:
            earlier = looks(listed)
            scans.append(one)
            listed, drawn = drawn_from(scans, key, percent=30, drawn=drawn)
            assert remain(earlier, looks(listed)) == earlier
            anew = looks(drawn_from(scans, key, percent=30)[0])
            moved += [each for each in anew if each in earlier] != earlier
    # Drawn anew each time, many of them would be other ones.
    assert moved > 40 * len(more) / 4


def test_drawn__repeats_stay_later_than_their_first_look_and_never_next_to_it_when_scans_are_added():
    for seed in range(40):
        key, scans, drawn = bytes([seed]), [one for subject in range(1, 5) for one in visits(2, subject)], NOTHING_DRAWN
        for subject in range(5, 9):
            listed, drawn = drawn_from(scans, key, percent=50, drawn=drawn)
            scans += visits(2, subject)
        places = {(block.kind, members_of(block)): place for place, block in enumerate(listed)}
        for (kind, members), place in places.items():
            if kind == "repeat":
                between = listed[places["read", members] + 1 : place]
                assert any(block.kind == "read" for block in between)


def test_drawn__a_scan_that_waits_alone_gets_a_partner_and_one_that_was_judged_alone_stays_alone():
    first, second = visits(2, 1)
    _, drawn = drawn_from([first], b"k", percent=0)
    (pair,) = blocks_of([first, second], b"k", pairs=True, drawn=drawn)
    assert pair.is_pair
    # A of a pair that is done while B waits would be known as the visit that was there first.
    apart = blocks_of([first, second], b"k", pairs=True, drawn=drawn, has_judged=lambda name: name == first.scan_id)
    assert [block.is_pair for block in apart] == [False, False]
    # Two that come later are each other's.
    three = blocks_of(visits(3, 1), b"k", pairs=True, drawn=drawn, has_judged=lambda name: name == first.scan_id)
    assert sorted(members_of(block) for block in three) == [
        (first.scan_id,),
        (second.scan_id, visits(3, 1)[2].scan_id),
    ]


def test_drawn__a_partner_that_cannot_be_read_for_now_comes_back_as_the_partner():
    one, other, third = visits(3, 1)
    _, drawn = drawn_from([one, other], b"k", percent=0)
    blocks = blocks_of([one, third], b"k", pairs=True, drawn=drawn)
    assert sorted(members_of(block) for block in blocks) == [(one.scan_id,), (third.scan_id,)]
    _, drawn = drawn_from([one, third], b"k", percent=0, drawn=drawn)
    again = blocks_of([one, other, third], b"k", pairs=True, drawn=drawn)
    assert {members_of(block) for block in again} == {(one.scan_id, other.scan_id), (third.scan_id,)}


def test_drawn__two_scans_are_no_pair_any_more_once_they_are_of_two_arms():
    one, other = visits(2, 1)
    _, drawn = drawn_from([one, other], b"k", percent=0)
    blocks = blocks_of([one, replace(other, side="right")], b"k", pairs=True, drawn=drawn)
    assert [block.is_pair for block in blocks] == [False, False]
    assert pairs_drawn(blocks, drawn) == ()


THREE_VISITS = f"""{VISITS}
[[visits]]
name = "Month 24"
number = 24
target_day = 731
window = [680, 780]
"""


def told_of(listed):
    return [(one.title, one.letter, one.kind, one.partner_id) for one in listed.tasks if one.letter]


@pytest.mark.parametrize("seed", range(4))
def test_build_worklist__keeps_pairs_names_and_repeats_when_a_scan_is_added_between_two_sessions(tmp_path, seed):
    rules = f"{BLIND}pairs = true\nrepeat_percent = 30\nseed = {seed}\n"
    arms = [Arm(f"HOSP-{n}", day) for n in (7, 8, 9) for day in (DAY1, YEAR_LATER)]
    people = PEOPLE + "P-009,2M,2016-04-03,HOSP-9\n"
    store, scans = study_of(tmp_path / "S", arms, rules=rules, tables=THREE_VISITS, people=people)
    before = {reader: told_of(build_worklist(store, reader)) for reader in ("KL", "MN")}
    assert len([one for one in before["KL"] if one[2] == "repeat"]) == 2
    for number, patient in ((7, "HOSP-8"), (8, "HOSP-7"), (9, "HOSP-7")):
        add_scan(store, number, Arm(patient, date(2018, 4, number)))
        # A new session, and in it the same.
        again = Store.open(store.folder.root, user="ana")
        for reader, earlier in before.items():
            now = told_of(build_worklist(again, reader))
            assert [one for one in now if one in earlier] == earlier
            before[reader] = now
    assert len(build_worklist(store, "KL").tasks) >= len(scans) + 3 + 2
    # Another seed is another order, whatever was drawn before.
    anew = with_rules(store, rules.replace(f"seed = {seed}", f"seed = {seed + 90}") + THREE_VISITS)
    assert told_of(build_worklist(anew, "KL")) != before["KL"]


def test_keep_drawn__what_another_window_has_drawn_meanwhile_stands(tmp_path):
    store, _ = study_of(tmp_path / "S", [Arm()])
    one, other = (DrawnOrder(key_digest=name) for name in ("first", "second"))
    reading = store.reading
    assert reading.keep_drawn("KL", NOTHING_DRAWN, one) == one
    assert reading.keep_drawn("KL", NOTHING_DRAWN, other) == one
    assert reading.drawn_order("KL") == one
    assert reading.drawn_order("MN") == NOTHING_DRAWN
    assert reading.keep_drawn("KL", one, other) == other


def test_build_worklist__keeps_nothing_where_nothing_is_drawn_and_for_those_who_do_not_read(tmp_path):
    store, _ = study_of(tmp_path / "S", [Arm(), Arm(day=YEAR_LATER)], rules=BLIND, tables=VISITS, people=PEOPLE)
    build_worklist(store, "KL")
    assert store.reading.drawn_order("KL") == NOTHING_DRAWN
    store = with_rules(store, f"{BLIND}pairs = true\nreaders = ['KL']\nadjudicators = ['AD']\n")
    for reader in ("KL", "AD"):
        build_worklist(store, reader)
    assert len(store.reading.drawn_order("KL").pairs) == 1
    assert store.reading.drawn_order("AD") == NOTHING_DRAWN
