"""The plan finds each series by its UID, and one bad file costs one row."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest

from bonemetrics.batch.guard import GIB, Limits
from bonemetrics.batch.look import digest_of, look_at, series_of
from bonemetrics.batch.plan import make_plan
from bonemetrics.errors import ReadError
from tests import guard_targets as targets
from tests.dicom_bytes import Slice, reference_series, write_series

LIMITS = Limits(seconds=60.0, memory_bytes=GIB)


def series(uid: str, *, day: str = "20110405", patient: str = "ID-7") -> list[Slice]:
    slices = reference_series()[:4]
    for number, one in enumerate(slices):
        one.elements[0x00080018] = ("UI", f"{uid}.{number}")
        one.elements[0x0020000E] = ("UI", uid)
        one.elements[0x00080020] = ("DA", day)
        one.elements[0x00100020] = ("LO", patient)
    return slices


def test_make_plan__orders_scans_by_date_then_uid(tmp_path):
    write_series(tmp_path / "a", series("1.9", day="20120101"))
    write_series(tmp_path / "b", series("1.10"))
    write_series(tmp_path / "c", series("1.2"))
    plan = make_plan([tmp_path], limits=LIMITS)
    assert [(scan.series_uid, scan.scan_date) for scan in plan.scans] == [
        ("1.10", date(2011, 4, 5)),
        ("1.2", date(2011, 4, 5)),
        ("1.9", date(2012, 1, 1)),
    ]
    header = plan.scans[0].header
    assert header is not None
    assert (header.patient_id, header.study_uid, header.series_uid) == ("ID-7", "1.2.3", "1.10")
    assert "ID-7" not in repr(plan)
    assert (plan.refused, plan.failed, plan.skipped) == ([], [], 0)


def test_make_plan__joins_a_series_that_lies_in_several_folders(tmp_path, monkeypatch):
    monkeypatch.setattr("bonemetrics.batch.plan._BUNDLE", 3)
    slices = series("1.2")
    write_series(tmp_path / "one", slices[:2])
    write_series(tmp_path / "two", slices[2:])
    write_series(tmp_path / "two" / "deep", series("1.3"))
    plan = make_plan([tmp_path], limits=LIMITS, workers=2)
    assert [(scan.series_uid, len(scan.files)) for scan in plan.scans] == [("1.2", 4), ("1.3", 4)]
    assert plan.scans[0].path == str(tmp_path / "one")


def test_make_plan__a_file_named_twice_is_read_once(tmp_path):
    folder = write_series(tmp_path / "scan", series("1.2"))
    plan = make_plan([folder, tmp_path, folder / "000.dcm"], limits=LIMITS)
    assert [len(scan.files) for scan in plan.scans] == [4]


def test_make_plan__what_is_none_of_ours_is_skipped(tmp_path):
    write_series(tmp_path / "scan", series("1.2"))
    (tmp_path / "readme.txt").write_text("hello")
    (tmp_path / "letter.pdf").write_bytes(b"%PDF-1.4")
    (tmp_path / "list.csv").write_text("a,b\n1,2\n")
    (tmp_path / ".hidden").write_text("x")
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "link").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    magnetic = series("1.5")
    for one in magnetic:
        one.elements[0x00080060] = ("CS", "MR")
        one.elements[0x00080016] = ("UI", "1.2.840.10008.5.1.4.1.1.4")
    write_series(tmp_path / "mr", magnetic)
    plan = make_plan([tmp_path], limits=LIMITS)
    assert [scan.series_uid for scan in plan.scans] == ["1.2"]
    assert (plan.refused, plan.failed) == ([], [])
    assert [Path(file.path).name for file in plan.reports] == ["letter.pdf"]
    # Whether a text file is a table of the study is for its protocol to say.
    assert [Path(file).name for file in plan.tables] == ["list.csv", "readme.txt"]
    assert plan.skipped == 6 + 2


def test_make_plan__formats_of_bone_scanners_that_are_not_read_yet_are_refused(tmp_path):
    (tmp_path / "scan.isq").write_bytes(b"CTDATA-HEADER_V1".ljust(1024, b"\0"))
    plan = make_plan([tmp_path], limits=LIMITS)
    assert [(entry.path, entry.code) for entry in plan.refused] == [(str(tmp_path / "scan.isq"), "unsupported-format")]


def test_make_plan__missing_input_is_refused(tmp_path):
    plan = make_plan([tmp_path / "nowhere"], limits=LIMITS)
    assert [(entry.path, entry.code) for entry in plan.refused] == [(str(tmp_path / "nowhere"), "not-found")]


def test_make_plan__study_folder_is_not_searched(tmp_path):
    write_series(tmp_path / "scan", series("1.2"))
    write_series(tmp_path / "study" / "scans", series("1.3"))
    plan = make_plan([tmp_path], limits=LIMITS, leave_out=tmp_path / "study")
    assert [scan.series_uid for scan in plan.scans] == ["1.2"]


def test_make_plan__damaged_file_of_a_series_stays_with_its_series(tmp_path):
    slices = series("1.2")
    slices[2].elements[0x00280004] = ("CS", "RGB")
    folder = write_series(tmp_path / "scan", slices)
    (scan,) = make_plan([tmp_path], limits=LIMITS).scans
    assert len(scan.files) == 4
    assert [file.size for file in scan.files] == [(folder / f"{number:03d}.dcm").stat().st_size for number in range(4)]
    assert [(entry.path, entry.code) for entry in scan.refused] == [(str(folder / "002.dcm"), "unsupported-pixels")]


@pytest.mark.parametrize("workers", [1, 2])
def test_make_plan__finds_the_files_that_end_their_child(tmp_path, workers):
    write_series(tmp_path / "a", series("1.2"))
    write_series(tmp_path / "c", series("1.3"))
    for name in ("crash.dcm", "panic.dcm"):
        (tmp_path / name).write_bytes(b"x")
    seen = []
    plan = make_plan(
        [tmp_path],
        limits=LIMITS,
        workers=workers,
        look=targets.look_with_traps,
        on_progress=lambda done, total: seen.append((done, total)),
    )
    assert [(Path(entry.path).name, entry.code) for entry in plan.failed] == [
        ("crash.dcm", "crashed"),
        ("panic.dcm", "unexpected-error"),
    ]
    assert [(scan.series_uid, len(scan.files)) for scan in plan.scans] == [("1.2", 4), ("1.3", 4)]
    assert seen[-1] == (10, 10)


def test_make_plan__finds_the_file_that_hangs(tmp_path, monkeypatch):
    monkeypatch.setattr("bonemetrics.batch.plan._BUNDLE", 1)
    folder = write_series(tmp_path, series("1.2")[:1])
    (folder / "hang.dcm").write_bytes(b"x")
    plan = make_plan([tmp_path], limits=Limits(seconds=4.0), workers=2, look=targets.look_with_traps)
    assert [(Path(entry.path).name, entry.code) for entry in plan.failed] == [("hang.dcm", "timeout")]
    assert [scan.series_uid for scan in plan.scans] == ["1.2"]


def test_stamp__changes_when_a_file_is_written_to(tmp_path):
    folder = write_series(tmp_path / "scan", series("1.2"))
    paths = tuple(str(path) for path in sorted(folder.iterdir()))
    before = look_at(paths).series[0].stamp
    assert look_at(paths[::-1]).series[0].stamp == before
    os.utime(paths[1], ns=(1, 1))
    assert look_at(paths).series[0].stamp != before


def test_digest_of__tells_content_and_neither_name_nor_order(tmp_path):
    # Worked with sha256sum: the digests of "" and "abc" (e3b0c442…, ba7816bf…), sorted, joined and hashed again.
    (tmp_path / "b").write_bytes(b"")
    (tmp_path / "a").write_bytes(b"abc")
    (tmp_path / "c").write_bytes(b"abd")
    digest = digest_of([str(tmp_path / "a"), str(tmp_path / "b")])
    assert digest == digest_of([str(tmp_path / "b"), str(tmp_path / "a")])
    assert digest != digest_of([str(tmp_path / "b"), str(tmp_path / "c")])
    assert digest == "6f1290896ee81a0349174d19f4473d267a10289c40480861d5c42affffbd79f9"


def test_series_of__gives_the_series_and_refuses_a_changed_one(tmp_path):
    folder = write_series(tmp_path / "scan", series("1.2"))
    paths = [str(path) for path in sorted(folder.iterdir())]
    assert [str(path) for path in series_of(paths).paths] == paths
    (folder / "001.dcm").write_text("no longer DICOM")
    with pytest.raises(ReadError) as caught:
        series_of(paths)
    assert caught.value.code == "changed-while-reading"


def test_series_of__notes_what_lies_beside_the_series_and_could_be_a_slice_of_it(tmp_path):
    folder = write_series(tmp_path / "scan", series("1.2"))
    write_series(tmp_path / "scan" / "deeper", series("1.3"))
    paths = [str(path) for path in sorted(folder.glob("*.dcm"))]
    (folder / "readme.txt").write_text("none of ours")
    assert series_of(paths).notes == ()
    (folder / "099.dcm").write_bytes(bytes(4000))
    (folder / "100.dcm").symlink_to(paths[0])
    assert [problem.code for problem in series_of(paths).notes] == ["damaged-neighbour", "links-skipped"]
