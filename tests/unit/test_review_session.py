"""A reader at work: opening, drafts, saving, verdicts, consequences, signing, and another visit beside."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from bonemetrics.errors import GeometryMismatchError, ReadError
from bonemetrics.records import HIDDEN, ScanResult
from bonemetrics.records.review import Finding, Place
from bonemetrics.review import presence as presence_module
from bonemetrics.review.bench import Bench
from bonemetrics.review.beside import Ruler, rulers
from bonemetrics.review.drafts import read_draft
from bonemetrics.review.resume import ReaderState
from bonemetrics.review.session import Session
from bonemetrics.study.store import Store
from tests.reading_cases import refused, tamper, with_rules
from tests.review_cases import (
    CALIBRATION,
    PEOPLE,
    QUICK,
    SHAPE,
    VISITS,
    YEAR_LATER,
    Arm,
    Clock,
    automatic_labels,
    key_of,
    open_density,
    paint,
    session_of,
    study_of,
)

BLIND = "[review]\nblind = ['subject', 'visit', 'date', 'other-readers']\n"
TWO = "[review]\nreadings = 2\nreaders = ['KL', 'MN']\nadjudicators = ['AD']\n"
# The automatic mask of the first scan: 3 slices × 5 rows × 5 columns = 75 voxels (see `automatic_labels`).
AUTOMATIC_VOXELS = 75


@pytest.fixture
def study(tmp_path: Path) -> tuple[Store, list[str]]:
    return study_of(tmp_path / "S", [Arm(), Arm(day=YEAR_LATER)], tables=VISITS, people=PEOPLE)


@pytest.fixture
def opened(study):
    store, scans = study
    clock = Clock()
    session = session_of(store, clock=clock)
    yield session, session.open_case(key_of(session, scans[0])), clock
    session.close()


def bench(**told) -> Bench:
    return Bench(**({"open_density": QUICK.open_density, "measure": QUICK.measure} | told))


# Opening


def test_open__refuses_a_reader_that_the_protocol_does_not_list(study):
    store, _ = study
    with refused("unknown-reader"):
        session_of(with_rules(store, TWO), "ZZ")
    session_of(with_rules(store, TWO), "AD").close()


def test_open__refuses_another_spelling_of_a_reader_whom_the_study_knows(study):
    store, scans = study
    with session_of(store, "Müller") as session:
        session.decide(session.open_case(key_of(session, scans[0])), "accept")
    for other in ("müller", "MÜLLER", "Mu\u0308ller"):
        with refused("unknown-reader", match="knows you as Müller"):
            session_of(store, other)
    session_of(store, "Müller").close()
    session_of(store, "Muller").close()
    with refused("unknown-reader", match="at most 100"):
        session_of(store, "a" * 101)


def test_open_case__claims_the_scan_and_shows_the_automatic_mask(opened):
    session, case, _ = opened
    assert np.array_equal(case.labels.labels, automatic_labels(1).labels)
    assert case.labels.labels.flags.writeable
    assert not case.density.mg_per_cm3.flags.writeable
    assert case.density.geometry.shape == SHAPE
    assert (case.side, case.distal_end, case.lock, case.recovered) == ("left", "first", None, False)
    assert [(one.code, one.slices) for one in case.findings] == [("area-jump", (1, 2))]
    assert case.started_sha256 == session.store.reading.masks(case.task.scan_id)[0].sha256
    assert (case.is_edited, case.changed_voxels()) == (False, 0)
    assert [one.reader for one in session.store.reading.claims(now=Clock().now())] == ["KL"]
    assert session.open_case(case.task.key) is case


def test_open_case__refuses_what_another_reader_has_and_what_is_in_no_list(opened):
    session, case, clock = opened
    with session_of(session.store, "MN", clock) as other:
        task = next(one for one in other.worklist().tasks if one.scan_id == case.task.scan_id)
        assert task.state == "claimed"
        with refused("claimed", "KL has this scan open"):
            other.open_case(task.key)
        with refused("unknown-task"):
            other.open_case("0" * 16)


def test_open_case__another_window_of_the_same_reader_may_take_over(opened):
    session, case, clock = opened
    with session_of(session.store, "KL", clock) as other:
        with refused("claimed", "another window"):
            other.open_case(case.task.key)
        taken = other.open_case(case.task.key, take_over=True)
        paint(case)
        with refused("claimed"):
            session.save_edit(case)
        assert read_draft(case.draft) is not None
        other.close_case(taken)


def test_open_case__a_window_that_was_killed_keeps_nothing(opened):
    session, case, clock = opened
    os.close(session._presence._handle)  # what the operating system does when a process ends
    session._presence._handle = None
    with session_of(session.store, "KL", clock) as other:
        task = next(one for one in other.worklist().tasks if one.scan_id == case.task.scan_id)
        assert task.state == "waiting"
        assert other.open_case(case.task.key).task.scan_id == case.task.scan_id
    sessions = session.store.folder.root / "sessions"
    assert not any(sessions.iterdir())


def test_is_gone__is_not_said_of_windows_that_left_no_sign(study):
    store, _ = study
    assert not presence_module.is_gone(store.folder, "a" * 32)
    assert not presence_module.is_gone(store.folder, "../../etc")


def test_open__sweeps_the_signs_of_killed_windows_that_claim_nothing(opened):
    session, case, clock = opened
    gone = [presence_module.Presence(session.store.folder) for _ in range(2)]
    session.store.reading.claim(
        key_scan := session.worklist().tasks[1].scan_id, "MN", session=gone[0].session, now=clock.now()
    )
    for one in gone:
        os.close(one._handle)
    with session_of(session.store, "OP", clock) as other:
        left = {file.stem for file in (session.store.folder.root / "sessions").iterdir()}
        assert gone[0].session in left
        assert gone[1].session not in left
        assert case.task.scan_id != key_scan
        other.open_case(key_of(other, key_scan))
        left = {file.stem for file in (session.store.folder.root / "sessions").iterdir()}
        assert gone[0].session not in left


def test_open_case__gives_the_scan_back_where_it_cannot_be_opened(study):
    store, scans = study

    def fail(*_told):
        raise ReadError("the files are not the ones that were measured", code="input-changed")

    with Session.open(store.folder.root, "KL", bench=bench(open_density=fail)) as session:
        with refused("input-changed"):
            session.open_case(key_of(session, scans[0]))
        assert session.store.reading.claims() == ()
        assert session.open_cases == ()
    assert list(store.folder.scans.glob(".reading-*")) == []


def test_open_case__tells_progress_and_is_cancelled_by_raising_in_it(study):
    store, scans = study
    told: list[tuple[str, float]] = []

    def cancel(stage: str, _fraction: float) -> None:
        if stage == "segmentation":
            raise KeyboardInterrupt

    with session_of(store) as session:
        with pytest.raises(KeyboardInterrupt):
            session.open_case(key_of(session, scans[0]), cancel)
        assert session.store.reading.claims(now=Clock().now()) == ()
        session.open_case(key_of(session, scans[0]), lambda stage, fraction: told.append((stage, fraction)))
    assert told == [("scan", 0.1), ("segmentation", 0.8)]


def test_open_case__refuses_a_mask_that_was_changed_behind_its_back(study):
    store, scans = study
    mask = store.reading.masks(scans[0])[0]
    store.reading.path_of(mask).write_bytes(b"other")
    with session_of(store) as session, refused("input-changed", "not the one that was recorded"):
        session.open_case(key_of(session, scans[0]))


def test_open_case__refuses_a_mask_of_another_grid(study):
    store, scans = study

    def elsewhere(scan, protocol, folder, tick):
        density, opened = open_density(scan, protocol, folder, tick)
        shifted = density.geometry.affine_lps.copy()
        shifted[0, 3] += 0.17
        moved = type(density.geometry)(shape=SHAPE, affine_lps=shifted)
        return type(density)(mg_per_cm3=density.mg_per_cm3, material=density.material, geometry=moved), opened

    with (
        Session.open(store.folder.root, "KL", bench=bench(open_density=elsewhere)) as session,
        pytest.raises(GeometryMismatchError),
    ):
        session.open_case(key_of(session, scans[0]))


# Drafts


def test_autosave__is_found_again_with_the_time_and_gone_once_saved(opened):
    session, case, clock = opened
    case.active.tick()
    clock.seconds += 20
    case.active.tick()
    paint(case)
    assert session.autosave(case)
    session.close_case(case, force=True)
    again = session.open_case(case.task.key)
    assert again.recovered
    assert again.changed_voxels() == 1
    assert again.labels.labels[0, 6, 8] == 2
    assert again.active.total_s == 20.0
    session.save_edit(again)
    assert read_draft(again.draft) is None
    assert not session.autosave(again)


def test_autosave__of_what_was_taken_back_removes_the_draft(opened):
    session, case, _ = opened
    paint(case)
    session.autosave(case)
    paint(case, label=0)
    assert not session.autosave(case)
    assert read_draft(case.draft) is None


def test_discard_draft__makes_the_labels_those_of_the_mask_again(opened):
    session, case, _ = opened
    paint(case)
    session.autosave(case)
    session.discard_draft(case)
    assert not case.is_edited
    assert case.undo.n_undo == 0
    assert read_draft(case.draft) is None
    session.close_case(case)


def test_open_case__sets_a_draft_of_an_older_mask_aside_and_says_so(opened):
    session, case, clock = opened
    paint(case)
    session.autosave(case)
    session.close_case(case, force=True)
    with session_of(session.store, "MN", clock) as other:
        edited = other.open_case(key_of(other, case.task.scan_id))
        paint(edited, place=(4, 0, 0))
        other.save_edit(edited)
    again = session.open_case(case.task.key)
    assert (again.recovered, again.is_edited) == (False, False)
    assert again.draft_problem.code == "draft-set-aside"
    assert again.draft.with_suffix(".aside-1").is_file()


def test_open_case__a_draft_that_was_saved_before_the_kill_is_no_edit_any_more(opened, monkeypatch):
    session, case, _ = opened
    paint(case)
    monkeypatch.setattr("bonemetrics.review.saving.settle_on", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        session.save_edit(case)
    monkeypatch.undo()
    assert read_draft(case.draft) is not None
    session._open.clear()
    again = session.open_case(case.task.key, take_over=True)
    assert (again.recovered, again.is_edited, again.draft_problem) == (False, False, None)
    assert again.labels.labels[0, 6, 8] == 2
    assert read_draft(again.draft) is None


def test_open_case__a_damaged_draft_is_said_and_keeps_nobody_from_reading(opened):
    session, case, _ = opened
    session.close_case(case)
    case.draft.parent.mkdir(exist_ok=True)
    case.draft.write_bytes(b"damaged")
    again = session.open_case(case.task.key)
    assert again.draft_problem.code == "draft-set-aside"
    assert not again.is_edited


# Saving and verdicts


def test_save_edit__is_a_new_version_with_its_own_numbers(opened):
    session, case, _ = opened
    first = case.mask
    paint(case)
    saved = session.save_edit(case)
    kept = session.store.reading.masks(case.task.scan_id)[-1]
    assert saved.labels == case.mask == kept
    assert (kept.number, kept.reader, kept.source, kept.based_on) == (2, "KL", "edited", first.sha256)
    result = session.store.reading.mask_result(kept)
    assert [one.value for one in result.measurements] == [AUTOMATIC_VOXELS + 1]
    assert not case.is_edited
    assert [one.slices for one in case.findings] == [(3,)]
    assert session.store.verify_records() == ()
    assert list(session.store.folder.scans.glob(".reading-*")) == [case.folder]


def test_save_edit__keeps_what_is_painted_while_the_child_measures(study):
    store, scans = study
    clock = Clock()
    cases = []

    def slow(scan, protocol, labels, number, tick):
        paint(cases[0], place=(4, 0, 0))
        return QUICK.measure(scan, protocol, labels, number, tick)

    with Session.open(store.folder.root, "KL", now=clock.now, clock=clock, bench=bench(measure=slow)) as session:
        case = session.open_case(key_of(session, scans[0]))
        cases.append(case)
        paint(case)
        session.save_edit(case)
        assert case.changed_voxels() == 1
        assert read_draft(case.draft).based_on == case.mask.sha256
        session.close_case(case, force=True)
        assert session.open_case(case.task.key).labels.labels[4, 0, 0] == 2


def test_save_edit__refuses_no_edit_and_one_that_cannot_be_measured_and_keeps_the_draft(study):
    store, scans = study

    def refuse(_scan, _protocol, _labels, _number, _tick):
        problem = {"code": "empty-region", "severity": "refusal", "message": "no voxel is labelled 1"}
        return ScanResult(kind="ct-series", calibration=CALIBRATION, problems=(problem,))

    clock = Clock()
    with Session.open(store.folder.root, "KL", now=clock.now, clock=clock, bench=bench(measure=refuse)) as session:
        case = session.open_case(key_of(session, scans[0]))
        with refused("nothing-edited"):
            session.save_edit(case)
        paint(case)
        with refused("mask-not-measured", "no voxel is labelled 1"):
            session.save_edit(case)
        assert case.is_edited
        assert read_draft(case.draft) is not None
        assert len(store.reading.masks(scans[0])) == 1


def test_save_edit__after_a_claim_ended_never_passes_over_what_another_reader_saved(study):
    store, scans = study
    clock = Clock()
    slow, quick = session_of(store, "KL", clock), session_of(store, "MN", clock)
    mine = slow.open_case(key_of(slow, scans[0]))
    paint(mine)
    clock.seconds += 3600
    theirs = quick.open_case(key_of(quick, scans[0]))
    paint(theirs, place=(0, 5, 7))
    quick.decide(theirs, "accept-with-edit")
    quick.close_case(theirs)
    with refused("stale-mask", match="another mask was saved"):
        slow.save_edit(mine)
    assert store.reading.standing(scans[0]).mask.reader == "MN"
    assert mine.is_edited
    assert read_draft(mine.draft) is not None
    slow.close()
    quick.close()


def test_save_edit__beside_numbers_that_were_measured_anew_meanwhile_is_refused(opened, study):
    session, case, _ = opened
    store, _ = study
    paint(case)
    again = store.scan(case.task.scan_id)
    labels = store.reading.path_of(again.labels)
    staging = store.folder.new_staging()
    (staging / labels.name).write_bytes(labels.read_bytes())
    number = again.result.measurements[0].model_copy(update={"value": 99.0})
    store.record_result(
        again.result.model_copy(update={"measurements": (number,)}),
        path=Path(again.path),
        files=[Path(one) for one in again.source_files],
        subject=again.subject,
        staging=staging,
    )
    assert store.scan(case.task.scan_id).version == 2
    with refused("stale-mask", match="measured again"):
        session.save_edit(case)
    assert [one.version for one in store.reading.masks(case.task.scan_id)] == [2]


def test_decide__records_all_that_was_said_with_the_active_time(opened):
    session, case, clock = opened
    for step in (10.0, 29.0, 31.0):
        clock.seconds += step
        case.active.tick()
    finding = Finding(kind="motion", place=Place(slice=1, row=2, column=3))
    kept = session.decide(
        case,
        "reject",
        reasons=("motion", "other"),
        findings=(finding,),
        comment="moved twice",
        place=Place(slice=1, row=2, column=3),
        confidence=4,
    )
    assert session.store.reading.reviews(case.task.scan_id) == (kept,)
    assert (kept.verdict, kept.reader, kept.role, kept.repeat) == ("reject", "KL", "reader", False)
    assert (kept.reasons, kept.findings, kept.confidence) == (("motion", "other"), (finding,), 4)
    assert kept.label_sha256 == case.mask.sha256
    assert kept.active_s == 39.0
    clock.seconds += 3
    assert session.decide(case, "accept").active_s == 3.0


@pytest.mark.parametrize("verdict", ["accept", "reject"])
def test_decide__refuses_a_verdict_past_an_unsaved_edit(opened, verdict):
    session, case, _ = opened
    paint(case)
    with refused("unsaved-edit"):
        session.decide(case, verdict, reasons=() if verdict == "accept" else ("leak",))
    assert session.store.reading.reviews() == ()


def test_decide__accept_with_edit_saves_first(opened):
    session, case, _ = opened
    paint(case)
    kept = session.decide(case, "accept-with-edit")
    assert kept.label_sha256 == case.mask.sha256
    assert case.mask.number == 2
    stored = session.store.scan(case.task.scan_id)
    assert stored.review_status == "accept-with-edit"
    assert [one.value for one in stored.measurements] == [AUTOMATIC_VOXELS + 1]


def test_decide__refuses_accept_with_edit_without_one(opened):
    session, case, _ = opened
    with refused("nothing-edited"):
        session.decide(case, "accept-with-edit")
    assert session.store.reading.reviews() == ()


def test_decide__calls_an_accepted_edit_by_its_name(opened):
    session, case, _ = opened
    paint(case)
    session.save_edit(case)
    assert session.decide(case, "accept").verdict == "accept-with-edit"
    # Painted back: the mask is the automatic one again.
    paint(case, label=0)
    session.save_edit(case)
    assert session.decide(case, "accept").verdict == "accept"


@pytest.mark.parametrize(
    ("verdict", "told", "match"),
    [
        ("reject", {}, "at least one reason"),
        ("defer", {"reasons": ("other",)}, "needs a comment"),
        ("accept", {"confidence": 6}, "confidence"),
        ("maybe", {}, "verdict"),
    ],
)
def test_decide__refuses_an_impossible_verdict_and_saves_nothing(opened, verdict, told, match):
    session, case, _ = opened
    with refused("invalid-verdict", match):
        session.decide(case, verdict, **told)
    assert session.store.reading.reviews() == ()


def test_decide__an_edit_is_not_saved_for_a_verdict_that_is_refused(opened):
    session, case, _ = opened
    paint(case)
    with refused("invalid-verdict"):
        session.decide(case, "accept-with-edit", confidence=9)
    assert len(session.store.reading.masks(case.task.scan_id)) == 1


def test_decide__a_deferred_edit_is_kept_for_later(opened):
    session, case, _ = opened
    paint(case)
    session.decide(case, "defer", reasons=("motion",))
    session.close_case(case)
    assert session.worklist().find(case.task.key).state == "deferred"
    assert session.open_case(case.task.key).recovered


def test_close_case__refuses_to_lose_an_edit(opened):
    session, case, _ = opened
    paint(case)
    with refused("unsaved-edit"):
        session.close_case(case)
    session.close_case(case, force=True)
    session.close_case(case)
    assert session.store.reading.claims(now=Clock().now()) == ()
    assert not case.folder.exists()
    for act in (session.autosave, session.save_edit, session.renew, session.consequences):
        with refused("case-closed"):
            act(case)
    with refused("case-closed"):
        session.decide(case, "accept")


def test_close__keeps_unsaved_edits_as_drafts(study):
    store, scans = study
    with session_of(store) as session:
        case = session.open_case(key_of(session, scans[0]))
        paint(case)
    with session_of(store) as session:
        assert session.open_case(case.task.key).recovered


def test_renew__keeps_the_claim_for_longer(opened):
    session, case, clock = opened
    clock.seconds = 29 * 60
    session.renew(case)
    clock.seconds = 50 * 60
    assert [one.reader for one in session.store.reading.claims(now=clock.now())] == ["KL"]


# Consequences


@pytest.mark.parametrize(("when", "before", "after"), [("at-once", 1, 1), ("after-verdict", 0, 1), ("never", 0, 0)])
def test_consequences__are_shown_when_the_protocol_says(study, when, before, after):
    store, scans = study
    store = with_rules(store, f"[review]\nconsequence = '{when}'\n")
    with session_of(store) as session:
        case = session.open_case(key_of(session, scans[0]))
        assert session.consequences(case) == ()
        paint(case)
        saved = session.save_edit(case)
        assert len(saved.consequences) == len(session.consequences(case)) == before
        session.decide(case, "defer", reasons=("motion",))
        assert len(session.consequences(case)) == before
        session.decide(case, "accept")
        shown = session.consequences(case)
        assert len(shown) == after
        assert all((one.before, one.after, one.difference) == (75.0, 76.0, 1.0) for one in shown)
        session.close_case(case)
        assert session.consequences(session.open_case(case.task.key)) == shown


# Signing


def test_sign__locks_the_labels_and_unlocking_opens_them(opened):
    session, case, _ = opened
    with refused("unknown-review"):
        session.sign(case, "I have read it")
    session.decide(case, "accept")
    paint(case)
    with refused("unsaved-edit"):
        session.sign(case, "I have read it")
    session.discard_draft(case)
    signature = session.sign(case, "I have read it")
    assert case.lock == signature
    with pytest.raises(ValueError, match="read-only"):
        paint(case)
    for act in (session.autosave, session.save_edit):
        with refused("locked"):
            act(case)
    with refused("locked"):
        session.decide(case, "accept")
    session.close_case(case)
    again = session.open_case(case.task.key)
    assert again.lock == signature
    assert session.worklist().find(case.task.key).state == "signed"
    assert not again.labels.labels.flags.writeable
    with refused("reason-missing"):
        session.unlock(again, " ")
    assert session.unlock(again, "a typing error") == signature
    assert not again.is_locked
    paint(again)
    assert session.save_edit(again).labels.number == 2
    assert session.store.verify_records() == ()


def test_open_case__refuses_a_signed_record_whose_mask_does_not_fit(opened):
    session, case, _ = opened
    session.decide(case, "accept")
    session.sign(case, "I have read it")
    session.close_case(case)
    tamper(session.store, "UPDATE labels SET sha256 = 'x' || sha256")
    with refused("input-changed", "signed"):
        session.open_case(case.task.key)
    tamper(session.store, "UPDATE labels SET sha256 = substr(sha256, 2)")
    session.store.reading.path_of(case.mask).write_bytes(b"painted behind its back")
    with refused("input-changed", "recorded"):
        session.open_case(case.task.key)


# Hidden repeats


@pytest.fixture
def repeated(tmp_path):
    rules = f"{BLIND}repeat_percent = 30\n"
    store, _ = study_of(tmp_path / "S", [Arm(f"H-{n}") for n in range(3)], rules=rules)
    with session_of(store) as session:
        yield session, next(task.scan_id for task in session.worklist().tasks if task.kind == "repeat")


def test_repeat__begins_from_the_automatic_mask_and_counts_for_nothing(repeated):
    session, scan = repeated
    first = session.open_case(key_of(session, scan))
    paint(first)
    session.decide(first, "accept-with-edit")
    session.close_case(first)
    numbers = session.store.scan(scan).measurements
    second = session.open_case(key_of(session, scan, "repeat"))
    assert second.mask.is_automatic
    assert not second.is_edited
    assert [one.code for one in second.findings] == ["area-jump"]
    paint(second, place=(4, 0, 0))
    kept = session.decide(second, "accept-with-edit")
    assert (kept.repeat, kept.label_sha256) == (True, second.mask.sha256)
    assert second.mask.source == "repeat"
    stored = session.store.scan(scan)
    assert (stored.labels, stored.review_status) == (first.mask, "accept-with-edit")
    assert stored.measurements == numbers
    assert session.store.reading.mask_for(scan, "KL") == first.mask
    assert {(one.kind, one.state) for one in session.worklist().tasks if one.scan_id == scan} == {
        ("read", "done"),
        ("repeat", "done"),
    }
    session.close_case(second)
    assert session.open_case(key_of(session, scan, "repeat")).mask == second.mask
    assert session.store.verify_records() == ()


def test_repeat__is_read_after_the_record_was_signed_and_then_shut_with_it(repeated):
    session, scan = repeated
    first = session.open_case(key_of(session, scan))
    session.decide(first, "accept")
    session.sign(first, "I have read it")
    session.close_case(first)
    key = key_of(session, scan, "repeat")
    assert session.worklist().find(key).state == "waiting"
    second = session.open_case(key)
    assert not second.is_locked
    paint(second)
    session.decide(second, "accept-with-edit")
    session.close_case(second)
    assert session.worklist().find(key).state == "signed"
    assert session.open_case(key).is_locked
    assert session.store.verify_records() == ()


def test_grid_of__tells_the_grid_that_a_case_will_come_on_and_makes_no_list_of_its_own(study, monkeypatch):
    store, scans = study
    with session_of(store) as session:
        key = key_of(session, scans[0])
        monkeypatch.setattr(type(session), "worklist", None)
        grid = session.grid_of(key)
        assert session.grid_of("of no task") is None
        monkeypatch.undo()
        case = session.open_case(key)
        assert grid.shape == case.density.geometry.shape
        assert np.array_equal(grid.affine_lps, case.density.geometry.affine_lps)


# Another visit


def test_previous_visit__is_the_one_before_at_the_same_distance_from_the_distal_end(study):
    store, scans = study
    with session_of(store) as session:
        later = session.open_case(key_of(session, scans[1]))
        beside = session.previous_visit(later)
        assert (beside.title, beside.subtitle) == ("P-007", "Baseline · 2016-04-03 · left · 2M")
        assert beside.matched_by == "same distance in mm from the distal end of the scan"
        assert [beside.slice_for(index) for index in range(5)] == [0, 1, 2, 3, 4]
        assert np.array_equal(beside.labels.labels, automatic_labels(1).labels)
        assert not beside.labels.labels.flags.writeable
        assert session.previous_visit(later) is beside
        folder = beside.folder
        session.close_case(later)
        assert not folder.exists()
        assert session.previous_visit(session.open_case(key_of(session, scans[0]))) is None


@pytest.mark.parametrize(
    ("distal_end", "matching", "slices"),
    [
        ("last", "distal-end-of-scan", [4, 3, 2, 1, 0]),
        (None, "first-slice", [0, 1, 2, 3, 4]),
    ],
)
def test_previous_visit__knows_scans_that_lie_the_other_way_round(tmp_path, distal_end, matching, slices):
    arms = [Arm(distal_end=distal_end), Arm(day=YEAR_LATER)]
    store, scans = study_of(tmp_path / "S", arms, tables=VISITS, people=PEOPLE)
    with session_of(store) as session:
        beside = session.previous_visit(session.open_case(key_of(session, scans[1])))
        assert beside.matching == matching
        assert [beside.slice_for(index) for index in range(5)] == slices


def test_previous_visit__counts_from_the_bone_where_the_region_does(tmp_path):
    region = "[region]\nrule = 'offset-mm'\noffset_mm = 2.0\nlength_mm = 4.0\nreference = 'bone-end'\n"
    store, scans = study_of(tmp_path / "S", [Arm(), Arm(day=YEAR_LATER)], tables=VISITS + region, people=PEOPLE)
    with session_of(store) as session:
        beside = session.previous_visit(session.open_case(key_of(session, scans[1])))
        assert beside.matched_by == "same distance in mm from the distal end of the labelled bone"


def test_rulers__lie_at_the_distal_end_of_the_bone():
    own, there = (automatic_labels() for _ in range(2))
    own.labels[0] = own.labels[1]  # from slice 0 to 3, distal end first
    there.labels[3] = 0  # from slice 1 to 2, distal end last
    matching, here, other = rulers(own, "first", there, "last", from_bone=True)
    assert matching == "distal-end-of-bone"
    # Slice 0 here is slice 2 there, and so on towards slice 0; slice 3 lies beyond.
    assert [other.nearest(here.to_mm(index)) for index in range(5)] == [2, 1, 0, None, None]
    there.labels[:] = 0
    assert rulers(own, "first", there, "last", from_bone=True)[0] == "distal-end-of-scan"


def test_ruler__meets_the_nearest_slice_of_another_spacing():
    thick, thin = Ruler(n_slices=5, slice_mm=2.0), Ruler(n_slices=9, slice_mm=0.5, zero=8, step=-1)
    # Slice 1 lies 2 mm from the end: 4 slices of 0.5 mm before slice 8.
    assert [thin.nearest(thick.to_mm(index)) for index in range(5)] == [8, 4, 0, None, None]
    assert thick.nearest(thin.to_mm(3)) == 1  # 2.5 mm from its end lies nearer to slice 1 (2 mm) than to slice 2


def test_previous_visit__takes_no_other_arm_and_no_other_person(tmp_path):
    arms = [Arm(side="right"), Arm("HOSP-8"), Arm(day=YEAR_LATER)]
    store, scans = study_of(tmp_path / "S", arms, tables=VISITS, people=PEOPLE)
    with session_of(store) as session:
        assert session.previous_visit(session.open_case(key_of(session, scans[2]))) is None


@pytest.mark.parametrize(("hidden", "there"), [("visit", False), ("date", False), ("subject", True)])
def test_previous_visit__is_hidden_with_visit_or_date(study, hidden, there):
    store, scans = study
    store = with_rules(store, f"[review]\nblind = ['{hidden}']\n")
    with session_of(store) as session:
        found = session.previous_visit(session.open_case(key_of(session, scans[1])))
        assert (found is not None) == there
        assert found is None or found.title == "earlier visit"


def test_previous_visit__of_a_pair_is_the_other_one_whichever_comes_first(tmp_path):
    rules = f"[review]\nblind = {list(HIDDEN)}\npairs = true\n"
    arms = [Arm(), Arm(day=YEAR_LATER)]
    store, scans = study_of(tmp_path / "S", arms, rules=rules, tables=VISITS, people=PEOPLE)
    with session_of(store) as session:
        for own, other in (scans, reversed(scans)):
            case = session.open_case(key_of(session, own))
            beside = session.previous_visit(case)
            assert beside.title == session.worklist().find(key_of(session, other)).title
            assert beside.subtitle == "left"
            session.close_case(case)


# The window


def test_state__comes_back_and_forgives_what_it_does_not_know(study):
    store, _ = study
    with session_of(store) as session:
        assert session.state() == ReaderState()
        kept = ReaderState(last_key="abc", filter_states=("waiting",), windows={"bone": (0.0, 900.0)}, tour_seen=True)
        session.save_state(kept)
        assert session.state() == kept
        told = kept.model_dump(mode="json") | {"from_later": 1, "windows": "broken"}
        store.reading.save_state("KL", told)
        assert session.state() == kept.model_copy(update={"windows": {}})
        with refused("state-too-large"):
            session.save_state(ReaderState(other={"x": "y" * 300_000}))


def test_visible_error__hides_what_a_message_tells(tmp_path):
    store, scans = study_of(tmp_path / "S", [Arm()], rules=BLIND, people=PEOPLE)
    with session_of(store) as session:
        with refused("unknown-scan") as caught:
            store.scan("f" * 16)
        assert session.visible_error(caught.value).startswith("unknown-scan: the study has no scan ffff")
        leaking = ReadError(f"the slices of {scans[0]} overlap", code="uneven-spacing")
        assert session.visible_error(leaking) == "uneven-spacing: slices are not evenly spaced"
