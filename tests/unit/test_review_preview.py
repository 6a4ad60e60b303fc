"""What an unsaved edit would do: the numbers that saving gives, only where the protocol shows them, kept nowhere."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bonemetrics.errors import SegmentationError
from bonemetrics.quantities import Material
from bonemetrics.records import ScanResult, refusal
from bonemetrics.review.session import Session
from tests.reading_cases import refused, with_rules
from tests.review_cases import CALIBRATION, QUICK, Arm, Clock, key_of, measure, number_of, paint, study_of

AT_ONCE = "[review]\nconsequence = 'at-once'\n"


@pytest.fixture
def study(tmp_path):
    return study_of(tmp_path / "S", [Arm()], rules=AT_ONCE)


def opened(store, scan, bench=QUICK):
    clock = Clock()
    session = Session.open(store.folder.root, "KL", now=clock.now, clock=clock, bench=bench)
    return session, session.open_case(key_of(session, scan))


def files(store) -> dict[str, bytes]:
    """Everything that lies in the study, its database aside, whose journal changes by being read."""
    every = (path for path in Path(store.folder.root).rglob("*") if path.is_file() and ".db" not in path.name)
    return {str(path): path.read_bytes() for path in every}


def thirds(scan, protocol, labels, number, tick):
    """Numbers with as many binary digits as there are: what is rounded on the way through the study shows."""
    result = measure(scan, protocol, labels, number, tick)
    (count,) = result.measurements
    density = count.model_copy(
        update={"quantity": "Tb.vBMD", "region": "trabecular", "value": count.value / 3, "material": Material.HA}
    )
    thickness = count.model_copy(update={"quantity": "Tb.Th", "region": "trabecular", "value": np.pi * count.value})
    return result.model_copy(update={"measurements": (count, density, thickness)})


def test_preview__tells_bit_for_bit_what_saving_the_edit_gives(study):
    store, (scan,) = study
    session, case = opened(store, scan, replace(QUICK, measure=thirds))
    with session:
        paint(case)
        found = session.preview(case)
        assert found.is_of(case)
        by = {one.quantity: one for one in found.consequences}
        assert (by["Tt.Ar"].before, by["Tt.Ar"].after, by["Tb.vBMD"].after) == (75.0, 76.0, 76 / 3)
        saved = session.save_edit(case)
        assert [one.model_dump_json() for one in saved.consequences] == [
            one.model_dump_json() for one in found.consequences
        ]
        assert saved.consequences == found.consequences == session.consequences(case)


def test_preview__keeps_nothing(study):
    store, (scan,) = study
    session, case = opened(store, scan)
    with session:
        paint(case)
        session.autosave(case)
        before = (files(store), store.audit_rows(), store.reading.every_mask(), store.scan(scan))
        session.preview(case)
        assert (files(store), store.audit_rows(), store.reading.every_mask(), store.scan(scan)) == before
        assert session.consequences(case) == ()
        assert case.is_edited


def test_preview__is_of_the_labels_as_they_were_and_of_no_others(study):
    store, (scan,) = study
    session, case = opened(store, scan)
    with session:
        paint(case)
        found = session.preview(case)
        paint(case, place=(0, 0, 0))
        assert not found.is_of(case)
        case.labels.labels[0, 0, 0] = 0
        assert found.is_of(case)
        session.save_edit(case)
        # Saved, they have numbers of their own.
        assert not found.is_of(case)
        paint(case, place=(0, 0, 1))
        again = session.preview(case)
        session.close_case(case, force=True)
        assert not again.is_of(case)


def test_preview__what_is_painted_meanwhile_is_not_in_it(study):
    store, (scan,) = study

    def busy(*given):
        paint(case, place=(0, 0, 0))
        return measure(*given)

    session, case = opened(store, scan, replace(QUICK, measure=busy))
    with session:
        paint(case)
        found = session.preview(case)
        assert [one.after for one in found.consequences] == [76.0]
        assert not found.is_of(case)


@pytest.mark.parametrize("when", ["after-verdict", "never"])
def test_preview__is_refused_where_numbers_come_after_the_verdict_or_never(study, when):
    store, (scan,) = study
    measured = []

    def watched(*given):
        measured.append(given)
        return measure(*given)

    store = with_rules(store, f"[review]\nconsequence = '{when}'\n")
    session, case = opened(store, scan, replace(QUICK, measure=watched))
    with session:
        paint(case)
        with refused("numbers-hidden", "before the verdict"):
            session.preview(case)
        assert measured == []
        # A verdict on one mask does not show the numbers of the next edit, which it says nothing of.
        session.decide(case, "accept-with-edit")
        paint(case, place=(0, 0, 0))
        with refused("numbers-hidden"):
            session.preview(case)
        assert len(measured) == 1


def test_preview__needs_an_edit_and_an_open_case(study):
    store, (scan,) = study
    session, case = opened(store, scan)
    with session:
        with refused("nothing-edited"):
            session.preview(case)
        session.decide(case, "accept")
        session.sign(case, "I have read it")
        with refused("locked"):
            session.preview(case)
        session.close_case(case)
        with refused("case-closed"):
            session.preview(case)


def no_bone(*_given):
    return ScanResult(kind="ct-series", problems=(refusal(SegmentationError("no cortex", code="no-bone")),))


def other_scale(*_given):
    calibration = CALIBRATION.model_copy(update={"slope": 0.81})
    return ScanResult(kind="ct-series", measurements=(number_of(76),), calibration=calibration)


@pytest.mark.parametrize(("bad", "why"), [(no_bone, "no cortex"), (other_scale, "another calibration")])
def test_preview__is_refused_for_the_reason_that_saving_would_be(study, bad, why):
    store, (scan,) = study
    session, case = opened(store, scan, replace(QUICK, measure=bad))
    with session:
        paint(case)
        for act in (session.preview, session.save_edit):
            with refused("mask-not-measured", why):
                act(case)
        assert case.is_edited


def test_preview__ends_where_progress_raises_and_leaves_nothing_behind(study):
    store, (scan,) = study
    session, case = opened(store, scan)

    class StoppedError(Exception):
        pass

    def stop(stage, _fraction):
        if stage == "measuring":
            raise StoppedError

    with session:
        paint(case)
        before = files(store)
        with pytest.raises(StoppedError):
            session.preview(case, stop)
        assert files(store) == before
