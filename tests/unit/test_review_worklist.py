"""The list of one reader: states, order, pairs, hidden repeats, and what of it may be shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from bonemetrics.records import ReviewParameters
from bonemetrics.review.blinding import CaseFacts
from bonemetrics.review.ordering import blocks_of, in_order, single, with_repeats
from bonemetrics.review.worklist import Task, Worklist, adjudicates, build_worklist, reads_scans
from bonemetrics.study.store import Store
from tests.reading_cases import edit, judge, measured, refused, with_rules
from tests.review_cases import CALIBRATION, NOON, PEOPLE, VISITS, YEAR_LATER, Arm, key_of, session_of, study_of
from tests.study_cases import header

TWO = "[review]\nreadings = 2\nreaders = ['KL', 'MN', 'OP']\nadjudicators = ['AD']\n"
BLIND = "[review]\nblind = ['subject', 'visit', 'date', 'other-readers']\n"


@pytest.fixture
def small(tmp_path: Path) -> tuple[Store, list[str]]:
    """Three scans of two people; with the hash of the automatic mask of each at hand by `mask`."""
    arms = [Arm("HOSP-8", side="right"), Arm("HOSP-7", YEAR_LATER), Arm("HOSP-7")]
    return study_of(tmp_path / "S", arms, tables=VISITS, people=PEOPLE)


def mask(store: Store, scan: str) -> str:
    return store.reading.masks(scan)[0].sha256


def states(store: Store, reader: str = "KL", **told) -> dict[tuple[str, str], str]:
    return {(one.scan_id, one.kind): one.state for one in build_worklist(store, reader, **told).tasks}


# Order and words


def test_build_worklist__goes_by_person_and_date_where_nothing_is_hidden(small):
    store, (right, later, earlier) = small
    tasks = build_worklist(store, "KL").tasks
    assert [task.scan_id for task in tasks] == [earlier, later, right]
    assert [task.title for task in tasks] == ["P-007", "P-007", "P-008"]
    assert tasks[1].subtitle == "Month 12 · 2017-04-06 · left · 2M"
    assert {task.kind for task in tasks} == {"read"}
    assert {task.state for task in tasks} == {"waiting"}


def test_build_worklist__has_a_random_order_by_seed_and_reader_where_anything_is_hidden(tmp_path):
    store, scans = study_of(tmp_path / "S", [Arm(f"H-{n}") for n in range(6)], rules=BLIND)
    order = [task.scan_id for task in build_worklist(store, "KL").tasks]
    assert sorted(order) == sorted(scans)
    assert order == [task.scan_id for task in build_worklist(with_rules(store, BLIND), "KL").tasks]
    # Six scans have 720 orders; ten seeds that all give the same one come by chance in 1 of 10^25 cases.
    others = [with_rules(store, f"{BLIND}seed = {seed}\n") for seed in range(1, 11)]
    assert any([task.scan_id for task in build_worklist(one, "KL").tasks] != order for one in others)
    readers = [[task.scan_id for task in build_worklist(store, f"R{n}").tasks] for n in range(10)]
    assert any(one != order for one in readers)


def test_build_worklist__shows_refused_scans_with_their_reason_and_goes_on(small):
    store, _ = small
    store.record_refusal(code="no-bone", message="nothing like a radius", path=Path("/in/x"), kind="ct-series",
                         header=header(9, patient="HOSP-7"), subject=None)  # fmt: skip
    listed = build_worklist(store, "KL")
    bad = [task for task in listed.tasks if task.state == "refused"]
    assert [task.reason for task in bad] == ["no-bone: nothing like a radius"]
    assert listed.progress == (0, 3)
    assert bad[0] not in listed.waiting
    assert listed.next_after(bad[0].key) is not None
    with session_of(store) as session, refused("nothing-to-judge", "nothing like a radius"):
        session.open_case(bad[0].key)


def test_build_worklist__hides_what_a_refusal_tells(tmp_path):
    store, _ = study_of(tmp_path / "S", [Arm("HOSP-7")], rules=BLIND, people=PEOPLE)
    path = Path("/archive/Jansen-1950/x")
    store.record_refusal(code="no-bone", message=f"nothing in {path}", path=path, kind="ct-series", header=header(9))
    bad = next(task for task in build_worklist(store, "KL").tasks if task.state == "refused")
    assert bad.reason.startswith("no-bone: ")
    assert "Jansen" not in f"{bad.title}{bad.subtitle}{bad.reason}"


def test_build_worklist__leaves_reports_and_tables_out(small):
    store, scans = small
    store.record_refusal(code="unknown-format", message="x", path=Path("/in/report.pdf"), kind="unknown")
    assert {task.scan_id for task in build_worklist(store, "KL").tasks} == set(scans)


# States


def test_states__follow_the_verdicts_of_the_reader(small):
    store, (first, second, third) = small
    judge(store, first, mask=mask(store, first))
    judge(store, second, mask=mask(store, second), verdict="defer", reasons=("motion",))
    found = states(store)
    assert found == {(first, "read"): "done", (second, "read"): "deferred", (third, "read"): "waiting"}
    listed = build_worklist(store, "KL")
    assert listed.progress == (1, 3)
    assert [task.scan_id for task in listed.done] == [first]
    assert {task.scan_id for task in listed.waiting} == {second, third}


def test_states__a_mask_that_changed_since_the_verdict_waits_again(small):
    store, (first, *_) = small
    judge(store, first, mask=mask(store, first))
    told = measured(calibration=CALIBRATION)
    edit(store, first, reader="MN", based_on=mask(store, first), result=told)
    assert states(store)[first, "read"] == "edited-since"
    assert "another one since your verdict" in next(
        task.reason for task in build_worklist(store, "KL").tasks if task.scan_id == first
    )


def test_states__with_one_reading_what_another_reader_has_done_is_gone_from_the_list(small):
    store, (first, second, third) = small
    judge(store, first, "MN", mask=mask(store, first))
    judge(store, second, "MN", mask=mask(store, second), verdict="defer", reasons=("motion",))
    assert states(store) == {(second, "read"): "waiting", (third, "read"): "waiting"}
    assert states(store, "MN")[first, "read"] == "done"


def test_states__with_two_readings_a_third_reader_has_nothing_to_do(small):
    store, (first, *_) = small
    store = with_rules(store, TWO)
    judge(store, first, "KL", mask=mask(store, first))
    assert (first, "read") in states(store, "MN")
    judge(store, first, "MN", mask=mask(store, first))
    assert (first, "read") not in states(store, "OP")
    assert states(store, "KL")[first, "read"] == "done"


def test_states__a_signed_record_is_signed_and_an_unsettled_one_is_settled(small):
    store, (first, *_) = small
    kept = judge(store, first, mask=mask(store, first))
    store.reading.sign(first, "KL", "I have read it", mask(store, first), kept.review_id)
    assert states(store)[first, "read"] == "signed"
    assert build_worklist(store, "KL").progress == (1, 3)


def test_states__a_claim_of_another_keeps_a_scan_until_it_ends(small):
    store, (first, *_) = small
    store.reading.claim(first, "MN", session="m" * 8, now=NOON)
    assert states(store, now=NOON)[first, "read"] == "claimed"
    task = next(task for task in build_worklist(store, "KL", now=NOON).tasks if task.scan_id == first)
    assert task.reason == "open at MN"
    assert not task.is_waiting
    assert states(store, "MN", session="m" * 8, now=NOON)[first, "read"] == "waiting"
    assert states(store, "MN", session="n" * 8, now=NOON)[first, "read"] == "claimed"
    assert states(store)[first, "read"] == "waiting"  # by today the claim has ended


def test_states__a_claim_does_not_name_another_reader_where_she_is_hidden(small):
    store, (first, *_) = small
    store = with_rules(store, BLIND)
    store.reading.claim(first, "MN", session="m" * 8, now=NOON)
    reasons = [task.reason for task in build_worklist(store, "KL", now=NOON).tasks]
    assert sorted(reasons) == ["", "", "open at somebody else"]


def test_states__only_adjudicators_have_what_two_readers_differ_on(small):
    store, (first, *_) = small
    store = with_rules(store, TWO)
    for reader, verdict, reasons in (("KL", "accept", ()), ("MN", "reject", ("leak",))):
        judge(store, first, reader, mask=mask(store, first), verdict=verdict, reasons=reasons)
    assert states(store, "AD") == {(first, "adjudicate"): "waiting"}
    assert {kind for _, kind in states(store, "KL")} == {"read"}
    judge(store, first, "AD", mask=mask(store, first), role="adjudicator")
    assert states(store, "AD") == {(first, "adjudicate"): "done"}


def test_states__a_case_left_to_the_adjudicator_waits_for_the_reader_no_more(small):
    store, (first, *_) = small
    store = with_rules(store, TWO)
    judge(store, first, "KL", mask=mask(store, first), verdict="defer", reasons=("needs-adjudication",))
    task = next(one for one in build_worklist(store, "KL").tasks if one.scan_id == first)
    assert (task.state, task.reason) == ("done", "waits for the adjudicator")
    assert states(store, "AD") == {(first, "adjudicate"): "waiting"}


@pytest.mark.parametrize(
    ("rules", "reads", "rules_on"),
    [
        (ReviewParameters(), True, True),
        (ReviewParameters(readers=("KL",)), True, False),
        (ReviewParameters(readers=("MN",), adjudicators=("KL",)), False, True),
        (ReviewParameters(adjudicators=("KL",)), False, True),
        (ReviewParameters(adjudicators=("AD",)), True, False),
    ],
)
def test_roles__are_those_of_the_protocol(rules, reads, rules_on):
    assert (reads_scans(rules, "KL"), adjudicates(rules, "KL")) == (reads, rules_on)


# Pairs and hidden repeats


def facts(number: int, subject: str = "", side: str = "left") -> CaseFacts:
    return CaseFacts(scan_id=f"{number:016x}", subject=subject or f"P{number}", side=side)


def test_blocks_of__pair_two_visits_of_one_arm_and_leave_the_third_alone():
    scans = [facts(1, "P1"), facts(2, "P1"), facts(3, "P1", "right"), facts(4, "P2"), facts(5, "P2"), facts(6, "P2")]
    blocks = blocks_of(scans, b"k", pairs=True)
    sizes = {one.scan_id: len(block.members) for block in blocks for one in block.members}
    assert sizes[scans[0].scan_id] == sizes[scans[1].scan_id] == 2
    assert sizes[scans[2].scan_id] == 1
    assert sorted(sizes[one.scan_id] for one in scans[3:]) == [1, 2, 2]
    for block in blocks:
        assert len({(one.subject, one.side) for one in block.members}) == 1
        assert [letter for _, letter in block.lettered] == (["A", "B"] if block.is_pair else [""])


def test_blocks_of__letters_and_the_one_left_alone_are_by_chance():
    scans = [facts(1, "P1"), facts(2, "P1"), facts(3, "P1")]
    found = [blocks_of(scans, bytes([seed]), pairs=True) for seed in range(40)]
    firsts = {next(block for block in blocks if block.is_pair).members[0].scan_id for blocks in found}
    alone = {next(block for block in blocks if not block.is_pair).members[0].scan_id for blocks in found}
    assert firsts == alone == {one.scan_id for one in scans}


def test_build_worklist__keeps_a_pair_together_under_one_name(tmp_path):
    rules = f"{BLIND}pairs = true\n"
    arms = [Arm("HOSP-7"), Arm("HOSP-8"), Arm("HOSP-7", YEAR_LATER), Arm("HOSP-8", YEAR_LATER)]
    store, scans = study_of(tmp_path / "S", arms, rules=rules, tables=VISITS, people=PEOPLE)
    tasks = build_worklist(store, "KL").tasks
    assert [task.letter for task in tasks] == ["A", "B", "A", "B"]
    assert tasks[0].pair == tasks[1].pair != tasks[2].pair == tasks[3].pair
    assert tasks[0].title[:-2] == tasks[1].title[:-2] != tasks[2].title[:-2]
    assert tasks[0].title[-2:] == " A"
    assert {tasks[0].scan_id, tasks[1].scan_id} in ({scans[0], scans[2]}, {scans[1], scans[3]})
    assert (tasks[0].partner_id, tasks[1].partner_id) == (tasks[1].scan_id, tasks[0].scan_id)


@pytest.mark.parametrize("seed", range(12))
def test_with_repeats__come_later_than_the_first_look_and_never_next_to_it(seed):
    key = bytes([seed])
    blocks = in_order([single("read", facts(number)) for number in range(9)], key, is_blinded=True)
    bad = blocks[3].name
    # 25 % of the 8 that can be read are 2.
    found, _ = with_repeats(blocks, key, percent=25.0, is_readable=lambda block: block.name != bad, repeated=())
    assert [block for block in found if block.kind == "read"] == blocks
    repeats = [place for place, block in enumerate(found) if block.kind == "repeat"]
    assert len(repeats) == 2
    for place in repeats:
        scan = found[place].members[0].scan_id
        first = next(n for n, block in enumerate(found) if block.kind == "read" and block.members[0].scan_id == scan)
        between = [block for block in found[first + 1 : place] if block.name != bad]
        assert place > first
        assert between
        assert found[first].name != bad


def test_with_repeats__are_chosen_and_placed_by_the_key():
    blocks = [single("read", facts(number)) for number in range(12)]
    found = [
        [block.name for block in with_repeats(blocks, bytes([seed]), percent=10, is_readable=bool, repeated=())[0]]
        for seed in range(10)
    ]
    assert len({tuple(one) for one in found}) > 5
    again, _ = with_repeats(blocks, bytes([3]), percent=10, is_readable=bool, repeated=())
    assert [block.name for block in again] == found[3]


def test_with_repeats__keep_what_was_repeated_already():
    blocks = [single("read", facts(number)) for number in range(12)]
    for number in range(12):
        scan = facts(number).scan_id
        found, _ = with_repeats(blocks, b"k", percent=5, is_readable=bool, repeated=[scan])
        assert [block.members[0].scan_id for block in found if block.kind == "repeat"] == [scan]


def test_with_repeats__of_one_scan_alone_there_is_none():
    blocks = [single("read", facts(1))]
    assert with_repeats(blocks, b"k", percent=100, is_readable=bool, repeated=()) == (blocks, ())


def test_with_repeats__bring_a_pair_again_as_a_pair():
    scans = [facts(n, f"P{n // 2}") for n in range(8)]
    blocks = blocks_of(scans, b"k", pairs=True)
    found, _ = with_repeats(blocks, b"k", percent=20, is_readable=bool, repeated=())
    repeats = [block for block in found if block.kind == "repeat"]
    assert [block.is_pair for block in repeats] == [True]
    assert len(found) == 5


def test_build_worklist__nothing_tells_a_repeat_from_a_first_look(tmp_path):
    rules = f"{BLIND}repeat_percent = 40\n"
    store, _ = study_of(tmp_path / "S", [Arm(f"H-{n}") for n in range(5)], rules=rules)
    tasks = build_worklist(store, "KL").tasks
    twice = [task for task in tasks if task.kind == "repeat"]
    assert len(twice) == 2
    assert len({task.title for task in tasks}) == len({task.key for task in tasks}) == 7
    shown = {(task.subtitle, task.reason, task.state, len(task.key), task.title[:5]) for task in tasks}
    assert shown == {("left", "", "waiting", 16, "Case ")}


def test_build_worklist__a_repeat_has_a_state_of_its_own(tmp_path):
    rules = f"{BLIND}repeat_percent = 40\n"
    store, _ = study_of(tmp_path / "S", [Arm(f"H-{n}") for n in range(5)], rules=rules)
    scan = next(task.scan_id for task in build_worklist(store, "KL").tasks if task.kind == "repeat")
    judge(store, scan, mask=mask(store, scan))
    assert (states(store)[scan, "read"], states(store)[scan, "repeat"]) == ("done", "waiting")
    judge(store, scan, mask=mask(store, scan), repeat=True)
    assert states(store)[scan, "repeat"] == "done"
    assert states(store, "MN") == {key: one for key, one in states(store, "MN").items() if key[0] != scan}


# Going through it


def task(name: str, state: str = "waiting") -> Task:
    return Task(key=name, scan_id="0", kind="read", state=state, title=f"Case {name}", subtitle="left arm")


LIST = Worklist((task("a", "done"), task("b"), task("c", "refused"), task("d", "deferred"), task("e", "edited-since")))


def key(found: Task | None) -> str | None:
    return found.key if found is not None else None


@pytest.mark.parametrize(("at", "then"), [("", "b"), ("a", "b"), ("b", "e"), ("c", "e"), ("d", "e"), ("e", "b")])
def test_next_after__goes_round_to_what_waits(at, then):
    assert key(LIST.next_after(at)) == then


def test_next_after__comes_to_what_was_put_off_when_nothing_else_is_left():
    left = Worklist((task("a", "deferred"), task("b", "done"), task("c", "deferred"), task("d", "claimed")))
    assert [key(left.next_after(at)) for at in "abcd"] == ["c", "c", "a", "a"]
    assert Worklist((task("a", "deferred"), task("b", "done"))).next_after("a") is None


def test_next_after_and_previous_before__step_line_by_line_through_all_states():
    assert [key(LIST.next_after(at, only_waiting=False)) for at in ("", *"abcde")] == [*"abcde", None]
    assert [key(LIST.previous_before(at)) for at in ("", *"abcde")] == [None, None, *"abcd"]


def test_filtered__takes_words_and_states():
    assert [one.key for one in LIST.filtered("CASE left").tasks] == list("abcde")
    assert [one.key for one in LIST.filtered("case e").tasks] == list("abcde")  # "case" holds an e as well
    assert [one.key for one in LIST.filtered("right").tasks] == []
    assert [one.key for one in LIST.filtered(states={"done", "refused"}).tasks] == ["a", "c"]
    assert LIST.find("d").state == "deferred"
    assert LIST.find("z") is None


def test_build_worklist__filter_and_keys_work_on_a_real_one(small):
    store, (right, *_) = small
    listed = build_worklist(store, "KL")
    assert [one.scan_id for one in listed.filtered("right p-008").tasks] == [right]
    with session_of(store) as session:
        assert listed.find(key_of(session, right)).scan_id == right
