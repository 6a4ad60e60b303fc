"""Drafts: only what differs is kept, whole or not at all, and never applied to another mask."""

from __future__ import annotations

import os
import stat

import numpy as np
import pytest

from bonemetrics.review.drafts import (
    Draft,
    draft_file,
    read_draft,
    remove_draft,
    set_aside,
    sweep_half_written,
    write_draft,
)
from bonemetrics.study.layout import StudyFolder
from tests.reading_cases import refused

SHAPE = (4, 5, 6)


@pytest.fixture
def path(tmp_path):
    return draft_file(StudyFolder(tmp_path), scan_id="2da64e2b9b1329cf", reader="KL", kind="read")


def pair(dtype=np.uint8):
    """A mask and the same with three voxels changed: flat indices 0, 61 and 119 of 120."""
    base = (np.arange(120) % 3).astype(dtype).reshape(SHAPE)
    labels = base.copy()
    labels[0, 0, 0], labels[2, 0, 1], labels[3, 4, 5] = 7, 8, 9
    return base, labels


def test_draft__holds_the_changed_voxels_alone():
    draft = Draft.between(*pair(), based_on="b" * 64)
    assert draft.voxels.tolist() == [0, 61, 119]
    assert draft.values.tolist() == [7, 8, 9]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_write_draft__comes_back_as_it_was(path, dtype):
    base, labels = pair(dtype)
    write_draft(path, Draft.between(base, labels, based_on="b" * 64, active_s=12.5))
    found = read_draft(path)
    assert (found.based_on, found.shape, found.active_s) == ("b" * 64, SHAPE, 12.5)
    assert found.fits(base)
    found.apply(base)
    assert np.array_equal(base, labels)


def test_write_draft__takes_the_place_of_the_one_before_and_leaves_nothing_beside_it(path):
    base, labels = pair()
    write_draft(path, Draft.between(base, labels, based_on="b" * 64))
    write_draft(path, Draft.between(base, base, based_on="b" * 64))
    assert read_draft(path).voxels.size == 0
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_write_draft__is_small_and_readable_by_its_owner_alone(path):
    base = np.zeros((20, 100, 100), dtype=np.uint8)
    labels = base.copy()
    labels[3, 10:30, 10:30] = 1
    write_draft(path, Draft.between(base, labels, based_on="b" * 64))
    # 400 voxels of 200 000; 9 bytes each before they are packed.
    assert path.stat().st_size < 1000
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_write_draft__keeps_the_old_one_when_it_is_stopped_before_its_end(path, monkeypatch):
    base, labels = pair()
    write_draft(path, Draft.between(base, labels, based_on="b" * 64))

    def fail(_handle):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(KeyboardInterrupt):
        write_draft(path, Draft.between(base, base, based_on="b" * 64))
    assert read_draft(path).voxels.tolist() == [0, 61, 119]


def test_read_draft__sets_a_damaged_one_aside(path):
    write_draft(path, Draft.between(*pair(), based_on="b" * 64))
    whole = path.read_bytes()
    for data in (whole[:-1], whole[:60] + b"\0" + whole[61:], b"", b"something else"):
        path.write_bytes(data)
        with refused("draft-set-aside", "damaged"):
            read_draft(path)
        assert read_draft(path) is None
    kept = sorted(file.name for file in path.parent.iterdir())
    assert kept == [path.with_suffix(f".aside-{number}").name for number in (1, 2, 3, 4)]
    assert path.with_suffix(".aside-1").read_bytes() == whole[:-1]


def test_fits__only_a_mask_of_the_same_grid_and_type():
    base, labels = pair()
    draft = Draft.between(base, labels, based_on="b" * 64)
    assert not draft.fits(base.astype(np.uint16))
    assert not draft.fits(base[:3])


def test_draft_file__tells_neither_scan_nor_reader(tmp_path):
    folder = StudyFolder(tmp_path)
    told = [
        draft_file(folder, scan_id=scan, reader=reader, kind=kind).name
        for scan in ("2da64e2b9b1329cf", "62e82c8edee1abc0")
        for reader in ("KL", "MN")
        for kind in ("read", "repeat")
    ]
    assert len(set(told)) == 8
    assert not any("KL" in name or "2da6" in name for name in told)


def test_remove_draft__does_nothing_where_there_is_none(path):
    remove_draft(path)
    write_draft(path, Draft.between(*pair(), based_on="b" * 64))
    remove_draft(path)
    assert read_draft(path) is None


def test_set_aside__keeps_what_was_set_aside_before(path):
    for content in (b"one", b"two"):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        set_aside(path)
    assert [path.with_suffix(f".aside-{n}").read_bytes() for n in (1, 2)] == [b"one", b"two"]


def test_sweep_half_written__removes_old_remains_and_no_draft(path, tmp_path):
    write_draft(path, Draft.between(*pair(), based_on="b" * 64))
    for name, age_s in (("old", 90_000), ("new", 100)):
        left = path.with_name(f".{path.name}-{name}")
        left.write_bytes(b"half")
        os.utime(left, (left.stat().st_atime, left.stat().st_mtime - age_s))
    os.utime(path, (0, 0))
    sweep_half_written(StudyFolder(tmp_path))
    assert {file.name for file in path.parent.iterdir()} == {path.name, f".{path.name}-new"}
