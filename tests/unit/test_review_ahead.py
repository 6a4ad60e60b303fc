"""The next scan read while the reader judges this one."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from bonemetrics.errors import ReadError, StudyError
from bonemetrics.review import ahead
from bonemetrics.review.bench import Bench
from bonemetrics.review.session import Session
from bonemetrics.study.store import Store
from tests.review_cases import QUICK, VISITS, YEAR_LATER, Arm, Clock, add_scan, key_of, open_density, study_of

ARMS = (Arm(), Arm(day=YEAR_LATER))


class Watched:
    """A bench that counts what it opens, and waits before it is done where it is told to."""

    def __init__(self) -> None:
        self.opened: list[str] = []
        self.begun = threading.Event()
        self.may_end = threading.Event()
        self.may_end.set()

    def open_density(self, scan, protocol, folder, tick):
        self.begun.set()
        while not self.may_end.is_set():
            tick()
            time.sleep(0.005)
        found = open_density(scan, protocol, folder, tick)
        self.opened.append(scan.scan_id)
        return found

    @property
    def bench(self) -> Bench:
        return Bench(open_density=self.open_density, measure=QUICK.measure)


@pytest.fixture
def study(tmp_path: Path) -> tuple[Store, list[str]]:
    """Two scans whose files are there."""
    archive = tmp_path / "archive"
    store, scans = study_of(tmp_path / "S", ARMS, tables=VISITS, archive=archive)
    for scan in store.scans():
        (file,) = scan.source_files
        Path(file).parent.mkdir(parents=True)
        Path(file).write_bytes(b"a series")
    return store, scans


@pytest.fixture
def watched() -> Watched:
    return Watched()


@pytest.fixture
def session(study, watched) -> Iterator[Session]:
    with Session.open(study[0].folder.root, "KL", now=Clock().now, bench=watched.bench) as session:
        session.worklist()
        yield session
    assert list(study[0].folder.scans.glob(".reading-*")) == []


def soon(condition) -> None:
    for _ in range(2000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("it did not come")


def read(session: Session, watched: Watched, scan: str) -> str:
    """Read a scan ahead to its end; gives the key of its task."""
    n_before = len(watched.opened)
    key = key_of(session, scan)
    session.read_ahead(key)
    soon(lambda: len(watched.opened) > n_before)
    return key


def test_read_ahead__a_scan_is_read_once_and_opened_with_all_that_belongs_to_it(study, session, watched):
    _, scans = study
    session.open_case(key_of(session, scans[0]))
    case = session.open_case(read(session, watched, scans[1]))
    assert watched.opened == scans
    # The density of `tests.review_cases` rises by 1 from voxel to voxel.
    assert case.density.mg_per_cm3[0, 1, 2] == 9 + 2
    assert (case.folder / "density.npy").is_file()
    assert (case.side, case.distal_end) == ("left", "first")
    assert np.array_equal(case.labels.labels, case.saved)


def test_read_ahead__claims_nothing_and_writes_nothing_in_the_log(study, session, watched):
    store, scans = study
    before = store.audit_rows()
    read(session, watched, scans[1])
    assert store.reading.claims(now=Clock().now()) == ()
    assert store.audit_rows() == before
    # Another reader may still take it.
    with Session.open(store.folder.root, "MN", now=Clock().now, bench=QUICK) as other:
        other.open_case(key_of(other, scans[1]))
        with pytest.raises(StudyError, match="MN has this scan open"):
            session.open_case(key_of(session, scans[1]))
    assert len(watched.opened) == 1


def test_read_ahead__an_opening_waits_for_what_is_being_read(study, session, watched):
    _, scans = study
    watched.may_end.clear()
    key = key_of(session, scans[1])
    session.read_ahead(key)
    watched.begun.wait(20)
    told: list[str] = []

    def progress(stage: str, _fraction: float) -> None:
        told.append(stage)
        watched.may_end.set()

    session.open_case(key, progress)
    assert told[0] == "scan"
    assert watched.opened == [scans[1]]


def test_read_ahead__an_opening_that_is_cancelled_leaves_nothing(study, session, watched):
    store, scans = study
    watched.may_end.clear()
    key = key_of(session, scans[1])
    session.read_ahead(key)
    watched.begun.wait(20)

    def cancel(_stage: str, _fraction: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        session.open_case(key, cancel)
    assert watched.opened == []
    assert store.reading.claims(now=Clock().now()) == ()
    assert list(store.folder.scans.glob(".reading-*")) == []


def test_read_ahead__a_scan_whose_file_was_touched_since_is_read_again(study, session, watched):
    store, scans = study
    key = read(session, watched, scans[1])
    Path(store.scan(scans[1]).source_files[0]).write_bytes(b"another series")
    session.open_case(key)
    assert watched.opened == [scans[1]] * 2


def test_read_ahead__a_file_rewritten_with_its_size_and_time_put_back_is_read_again(study, session, watched):
    store, scans = study
    file = Path(store.scan(scans[1]).source_files[0])
    before = file.stat()
    key = read(session, watched, scans[1])
    file.write_bytes(bytes(before.st_size))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (file.stat().st_size, file.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    session.open_case(key)
    assert watched.opened == [scans[1]] * 2


def test_read_ahead__a_scan_with_a_new_result_is_read_again(study, session, watched, tmp_path):
    store, scans = study
    read(session, watched, scans[1])
    add_scan(store, 2, Arm(day=YEAR_LATER, distal_end="last"), tmp_path / "archive")
    assert session.open_case(key_of(session, scans[1])).distal_end == "last"
    assert watched.opened == [scans[1]] * 2


def test_read_ahead__only_one_scan_is_kept(study, session, watched):
    store, scans = study
    read(session, watched, scans[0])
    read(session, watched, scans[1])
    soon(lambda: len(list(store.folder.scans.glob(".reading-*"))) == 1)
    session.open_case(key_of(session, scans[0]))
    assert watched.opened == [scans[0], scans[1], scans[0]]


def test_read_ahead__a_scan_that_cannot_be_read_is_refused_when_it_is_opened(study):
    store, scans = study
    asked: list[str] = []

    def fail(scan, *_told):
        asked.append(scan.scan_id)
        raise ReadError("the files are not the ones that were measured", code="input-changed")

    bench = Bench(open_density=fail, measure=QUICK.measure)
    with Session.open(store.folder.root, "KL", now=Clock().now, bench=bench) as session:
        key = key_of(session, scans[1])
        session.read_ahead(key)
        soon(lambda: asked)
        with pytest.raises(ReadError, match="not the ones"):
            session.open_case(key)
    assert asked == [scans[1]] * 2
    assert list(store.folder.scans.glob(".reading-*")) == []


def test_read_ahead__leaves_what_is_too_large_or_not_there(study, session, watched, monkeypatch):
    store, scans = study
    # 5 × 7 × 9 voxels of four bytes each.
    monkeypatch.setattr(ahead, "LARGEST_BYTES", 5 * 7 * 9 * 4 - 1)
    key = key_of(session, scans[1])
    session.read_ahead(key)
    session.open_case(key)
    assert watched.opened == [scans[1]]
    monkeypatch.undo()
    Path(store.scan(scans[0]).source_files[0]).unlink()
    session.read_ahead(key_of(session, scans[0]))
    session.open_case(key_of(session, scans[0]))
    assert watched.opened == [scans[1], scans[0]]


def test_read_ahead__nothing_happens_for_a_task_that_is_open_or_unknown(study, session, watched):
    _, scans = study
    case = session.open_case(key_of(session, scans[0]))
    session.read_ahead(case.task.key)
    session.read_ahead("no such task")
    session.close_case(case)
    session.open_case(key_of(session, scans[0]))
    assert watched.opened == [scans[0]] * 2


def test_close__stops_what_is_being_read_ahead(study, watched):
    store, scans = study
    watched.may_end.clear()
    session = Session.open(store.folder.root, "KL", now=Clock().now, bench=watched.bench)
    session.read_ahead(key_of(session, scans[1]))
    watched.begun.wait(20)
    session.close()
    assert watched.opened == []
    assert list(store.folder.scans.glob(".reading-*")) == []
