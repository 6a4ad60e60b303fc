"""A session on a real series: opened and measured in guarded children that can be watched and ended."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from bonemetrics.batch.measure import settings_hash
from bonemetrics.review.session import Session
from bonemetrics.study.create import init_study
from bonemetrics.study.store import Store
from tests.review_cases import key_of
from tests.segmentation_scans import scan, tube
from tests.stored_scans import measured


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A study with one small measured series of a round bone."""
    folder = tmp_path_factory.mktemp("bench")
    one = measured(scan(tube(), n_slices=6), folder)
    init_study(folder / "S", user="ana")
    (folder / "S" / "study.toml").write_text('[study]\nid = "S"\n[review]\nconsequence = "at-once"\n')
    store = Store.open(folder / "S", user="ana")
    header = one.result.facts.header.model_copy(update={"patient_id": "HOSP-7", "patient_birth_date": "19500102"})
    subject = next(iter(store.assign_subjects([header]).values())).subject
    staging = store.folder.new_staging()
    for file in one.out.iterdir():
        shutil.copy2(file, staging)
    store.record_result(
        one.result,
        path=one.files[0].parent,
        files=one.files,
        subject=subject,
        staging=staging,
        header=header,
        settings_hash=settings_hash(store.protocol),
    )
    return store, one


def test_session__opens_edits_and_measures_a_series_in_guarded_children(study):
    store, one = study
    told: list[str] = []
    with Session.open(store.folder.root, "KL") as session:
        (task,) = session.worklist().tasks
        case = session.open_case(task.key, lambda stage, _fraction: told.append(stage))
        np.testing.assert_allclose(case.density.mg_per_cm3, one.scan.density.mg_per_cm3, atol=0.5)
        assert isinstance(case.density.mg_per_cm3.base, np.memmap)
        assert np.array_equal(case.labels.labels, one.automatic.labels)
        assert (case.side, case.distal_end) == (one.result.facts.side, one.result.facts.distal_end)
        # Half of the trabecular bone of one slice is called cortical, so that Ct.Ar grows and Tb.Ar shrinks.
        rows = np.argwhere(case.labels.labels[3] == 1)
        wrong = rows[rows[:, 0] < rows[:, 0].mean()]
        case.labels.labels[3][tuple(wrong.T)] = 2
        tried = session.preview(case)
        saved = session.save_edit(case, lambda stage, _fraction: told.append(stage))
        # The same child, files and method: not one bit may differ.
        assert saved.consequences == tried.consequences
        assert list(dict.fromkeys(told)) == ["scan", "segmentation", "writing", "measuring", "saving"]
        moved = {one.quantity: one.difference for one in saved.consequences}
        assert moved["Tb.Ar"] < 0 < moved["Ct.Ar"]
        assert {"Tt.V", "Tb.V", "Ct.V", "N.Sl"} <= set(moved)
        assert "edited-labels" in {one.code for one in store.reading.mask_result(saved.labels).problems}
        assert session.decide(case, "accept").verdict == "accept-with-edit"
    assert store.scan(task.scan_id).review_status == "accept-with-edit"
    assert store.verify_records() == ()


def test_session__ends_the_child_when_progress_raises(study):
    store, _ = study
    seen: list[str] = []

    def cancel(stage: str, _fraction: float) -> None:
        seen.append(stage)
        if len(seen) > 1:
            raise KeyboardInterrupt

    with Session.open(store.folder.root, "KL") as session:
        with pytest.raises(KeyboardInterrupt):
            session.open_case(key_of(session, store.scans()[0].scan_id), cancel)
        assert session.open_cases == ()
    # How often the first stage is told before the second depends on how long it lasts.
    assert (len(seen), seen[0]) == (2, "scan")
    assert store.reading.claims() == ()
    assert list(store.folder.scans.glob(".reading-*")) == []
