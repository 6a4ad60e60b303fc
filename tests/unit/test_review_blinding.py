"""Blinding: pseudonyms that tell nothing, titles without what is hidden, and the search for leaks."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from datetime import date

import pytest

from bonemetrics.records import HIDDEN, ReviewParameters
from bonemetrics.review.blinding import CaseFacts, Secrets, leaks, pseudonyms, secrets_of, task_key, visible_text
from tests.review_cases import PEOPLE, VISITS, YEAR_LATER, Arm, key_of, session_of, study_of

FACTS = CaseFacts(
    scan_id="2da64e2b9b1329cf",
    subject="P-007",
    visit="Month 12",
    day=date(2017, 4, 6),
    cohort="2M",
    side="left",
    paths=("/archive/Jansen-1950/series-3",),
    uids=("1.2.3.7",),
    others=("MN",),
)
ALL = ReviewParameters(blind=HIDDEN)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("the scan of P-007", "subject"),
        ("P-007_contours", "subject"),
        ("month 12, left", "visit"),
        ("2017-04-06", "date"),
        ("seen on 6 April 2017", "date"),
        ("06.04.2017", "date"),
        ("4/6/2017", "date"),
        ("20170406T0815", None),
        ("20170406", "date"),
        ("arm 2M", "arm"),
        ("12M voxels", None),
        ("2m away", None),
        ("/archive/Jansen-1950/series-3/a.dcm", "path"),
        ("JANSEN-1950", "path"),
        ("series-3", "path"),
        ("uid 1.2.3.7", "uid"),
        ("2da64e2b9b1329cf [labels]", "scan"),
        ("read by MN", "other-readers"),
        ("min, MNO and mn", None),
        ("Case 0417 · left", None),
        ("density [mg/cm3], slice 7 of 12", None),
    ],
)
def test_leaks__finds_what_is_hidden_as_a_word_of_its_own(text, kind):
    found = leaks(["Case 1", text], secrets_of(FACTS, ALL))
    assert {line.partition(":")[0] for line in found} == (set() if kind is None else {kind})


def test_leaks__looks_for_nothing_where_nothing_is_hidden():
    assert leaks(["P-007 Month 12 /archive/Jansen-1950/series-3"], secrets_of(FACTS, ReviewParameters())) == ()


def test_leaks__looks_for_files_and_uids_whatever_is_hidden_and_for_the_rest_as_named():
    secrets = secrets_of(FACTS, ReviewParameters(blind=("arm",)))
    assert leaks(["P-007, Month 12, 2017-04-06, MN"], secrets) == ()
    assert leaks(["2M"], secrets) == ("arm: 2M",)
    assert leaks(["1.2.3.7"], secrets) == ("uid: 1.2.3.7",)


def test_leaks__takes_a_subject_of_one_character_only_behind_what_it_is():
    secrets = secrets_of(replace(FACTS, subject="7", cohort="B"), ALL)
    assert leaks(["slice 7", "7 voxels", "contour B"], secrets) == ()
    assert leaks(["Subject 7", "arm B"], secrets) == ("subject: Subject 7", "arm: arm B")


def test_secrets__do_not_show_themselves():
    assert "P-007" not in repr(secrets_of(FACTS, ALL))
    assert leaks(["anything"], Secrets()) == ()


@pytest.mark.parametrize("hidden", HIDDEN)
def test_visible_text__leaves_out_what_is_hidden_and_shows_the_rest(hidden):
    rules = ReviewParameters(blind=(hidden,))
    title, subtitle = visible_text(FACTS, rules, pseudonym="Case 0417")
    shown = {"subject": "P-007" in title, "visit": "Month 12" in subtitle, "date": "2017-04-06" in subtitle}
    shown["arm"] = "2M" in subtitle
    assert shown == {name: name != hidden for name in shown}
    assert "Case 0417" in title
    assert "left" in subtitle
    assert leaks([title, subtitle], secrets_of(FACTS, rules)) == ()


def test_visible_text__of_an_open_reading_has_everything_and_no_pseudonym():
    assert visible_text(FACTS, ReviewParameters(), pseudonym="Case 0417", letter="B") == (
        "P-007 B",
        "Month 12 · 2017-04-06 · left · 2M",
    )


def test_visible_text__of_a_hidden_pair_is_pseudonym_and_letter():
    assert visible_text(FACTS, ALL, pseudonym="Case 0417", letter="A") == ("Case 0417 A", "left")


def test_pseudonyms__are_the_same_again_and_others_under_another_key():
    labels = [f"read {number}" for number in range(40)]
    own = pseudonyms(b"k" * 32, labels)
    assert own == pseudonyms(b"k" * 32, reversed(labels))
    assert len(set(own.values())) == 40
    assert all(re.fullmatch(r"Case \d{4,}", name) for name in own.values())
    other = pseudonyms(b"l" * 32, labels)
    assert sum(own[label] == other[label] for label in labels) <= 2


def test_pseudonyms__are_told_apart_by_more_digits_and_stay_when_more_come():
    few = pseudonyms(b"k" * 32, [f"read {number}" for number in range(100)])
    # Of 10 000 names with four digits, 2000 labels share some for certain.
    many = pseudonyms(b"k" * 32, [f"read {number}" for number in range(2000)])
    assert len(set(many.values())) == 2000
    assert all(many[label].startswith(name) for label, name in few.items())
    assert max(len(name) for name in many.values()) > len("Case 0000")


def test_pseudonyms_and_keys__cannot_be_worked_out_from_the_scan(tmp_path):
    one, scans = study_of(tmp_path / "A", [Arm()], rules="[review]\nblind = ['subject']\n")
    two, same = study_of(tmp_path / "B", [Arm()], rules="[review]\nblind = ['subject']\n")
    assert scans == same  # the same series in two studies, each with a secret of its own
    first, second = (session_of(store).worklist().tasks[0] for store in (one, two))
    assert first.key != second.key
    assert first.key != hashlib.sha256(scans[0].encode()).hexdigest()[:16]


def test_task_key__differs_by_kind_and_scan():
    keys = {task_key(b"k", kind=kind, scan_id=scan) for kind in ("read", "repeat") for scan in ("a1", "b2")}
    assert len(keys) == 4


def test_reader_key__hangs_on_reader_and_seed(tmp_path):
    store, _ = study_of(tmp_path / "S", [Arm()], rules="[review]\nseed = 4\n")
    other, _ = study_of(tmp_path / "T", [Arm()], rules="[review]\nseed = 4\n")
    assert store.reading.reader_key("KL") == store.reading.reader_key("KL")
    keys = {store.reading.reader_key("KL"), store.reading.reader_key("MN"), other.reading.reader_key("KL")}
    store.folder.protocol.write_text('[study]\nid = "S"\n[review]\nseed = 5\n')
    again = type(store).open(store.folder.root, user="ana")
    keys.add(again.reading.reader_key("KL"))
    assert len(keys) == 4


def test_session__shows_nothing_of_a_blinded_study(tmp_path):
    rules = f"[review]\nblind = {list(HIDDEN)}\nreadings = 2\nreaders = ['KL', 'MN']\npairs = true\n"
    arms = [Arm(), Arm(day=YEAR_LATER)]
    store, scans = study_of(tmp_path / "S", arms, rules=rules, tables=VISITS, people=PEOPLE)
    with session_of(store) as session:
        tasks = session.worklist().tasks
        texts = [text for task in tasks for text in (task.key, task.title, task.subtitle, task.reason)]
        assert leaks(texts, session) == ()
        assert sorted(task.letter for task in tasks) == ["A", "B"]
        case = session.open_case(key_of(session, scans[0]))
        beside = session.previous_visit(case)
        assert leaks([beside.title, beside.subtitle, beside.matched_by], case) == ()
        told = leaks(["P-007", "Baseline", "Month 12", "2016-04-03", "2M", "MN", "/archive/HOSP-7/series-1"], case)
        assert [line.partition(":")[0] for line in told] == [
            *("subject", "visit", "visit", "date", "arm", "other-readers", "path"),
        ]
