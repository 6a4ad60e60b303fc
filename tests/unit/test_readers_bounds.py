"""Bounds and odd layouts: limits hold before anything is allocated, fragments are told to their pictures."""

from __future__ import annotations

import pickle
import struct
import time
from pathlib import Path

import numpy as np
import pytest

from bonemetrics.errors import ReadError
from bonemetrics.readers import deshear as deshear_module
from bonemetrics.readers import elements as elements_module
from bonemetrics.readers import fill as fill_module
from bonemetrics.readers import identify as identify_module
from bonemetrics.readers.ct import ReadOptions, read_ct
from bonemetrics.readers.dicom_file import read_meta
from bonemetrics.readers.encapsulated import compressed_frames
from bonemetrics.readers.facts import FileFacts
from bonemetrics.readers.identify import identify
from bonemetrics.readers.series import SeriesFiles
from bonemetrics.readers.stack import common_plane, even_stack
from tests.dicom_bytes import IMPLICIT, UNDEFINED, element, encapsulated, reference_series, write_series
from tests.unit.test_readers_syntaxes import enhanced, stored

RLE = "1.2.840.10008.1.2.5"


def series_of(folder: Path) -> SeriesFiles:
    series = identify(folder).series
    assert series is not None
    return series


def code_of(folder: Path) -> str:
    with pytest.raises(ReadError) as caught:
        read_ct(series_of(folder), options=ReadOptions(deshear=True))
    return caught.value.code


def test_volume__beyond_the_limit_is_refused_before_memory_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fill_module, "MAX_VOLUME_VOXELS", 12 * 64 * 64 - 1)
    assert code_of(write_series(tmp_path / "scan", reference_series())) == "too-large"


def test_deshear__a_grid_beyond_the_limit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deshear_module, "MAX_VOLUME_VOXELS", 12 * 64 * 64)
    slices = reference_series()
    for k, one in enumerate(slices):
        one.elements[0x00200032] = ("DS", f"{-16 + 0.3 * k:.3f}\\-16\\{k}")
    assert code_of(write_series(tmp_path / "scan", slices)) == "too-large"


def test_header__with_too_many_elements_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elements_module, "MAX_ELEMENTS", 20)
    path = tmp_path / "one.dcm"
    path.write_bytes(reference_series()[0].encode())
    assert identify(path).problems[0].code == "too-large"


def test_header__with_a_huge_private_element_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elements_module, "MAX_HEADER_BYTES", 5000)
    one = reference_series()[0]
    one.elements[0x00291010] = ("OB", bytes(6000))
    path = tmp_path / "one.dcm"
    path.write_bytes(one.encode())
    assert identify(path).problems[0].code == "too-large"


def test_folder__with_too_many_files_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identify_module, "MAX_FILES", 11)
    with pytest.raises(ReadError) as caught:
        identify(write_series(tmp_path / "scan", reference_series()))
    assert caught.value.code == "too-large"


def test_folder__deeper_than_the_limit_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identify_module, "MAX_FOLDER_DEPTH", 2)
    write_series(tmp_path / "1" / "2" / "3", reference_series())
    assert identify(tmp_path).items == ()


def fragments(parts: list[bytes], table: bytes = b"") -> bytes:
    items = b"".join(struct.pack("<HHI", 0xFFFE, 0xE000, len(part)) + part for part in [table, *parts])
    return items + struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)


def test_fragments__are_joined_by_the_offset_table() -> None:
    parts = [b"aa", b"bbbb", b"cc", b"dd"]
    # Offsets of the first and the third fragment: two heads of eight bytes and six bytes of content lie between.
    data = b"head" + fragments(parts, struct.pack("<II", 0, 22))
    assert compressed_frames(data, 4, 2) == [b"aabbbb", b"ccdd"]
    assert compressed_frames(data, 4, 1) == [b"aabbbbccdd"]
    assert compressed_frames(data, 4, 4) == parts


@pytest.mark.parametrize(
    ("data", "count", "code"),
    [
        (fragments([b"aa", b"bb", b"cc"]), 2, "decode-failed"),
        (fragments([b"aa", b"bb", b"cc"], struct.pack("<II", 0, 3)), 2, "decode-failed"),
        (fragments([b"aa", b"bb"])[:-10], 2, "truncated-file"),
        (fragments([]), 1, "decode-failed"),
        (element(0x00080060, "CS", "CT"), 1, "malformed-header"),
        (struct.pack("<HHI", 0xFFFE, 0xE000, UNDEFINED), 1, "malformed-header"),
    ],
    ids=["no table", "wrong table", "cut", "no picture", "no item", "no length"],
)
def test_fragments__that_cannot_be_told_apart_are_refused(data: bytes, count: int, code: str) -> None:
    with pytest.raises(ReadError) as caught:
        compressed_frames(data, 0, count)
    assert caught.value.code == code


def test_compressed_pixels__in_one_piece_are_refused(tmp_path: Path) -> None:
    slices = reference_series()[:2]
    for one in slices:
        one.transfer_syntax = RLE
    assert code_of(write_series(tmp_path / "scan", slices)) == "malformed-header"


def test_transfer_syntax__of_a_film_is_refused(tmp_path: Path) -> None:
    slices = reference_series()[:2]
    for one in slices:
        one.transfer_syntax, one.pixel_element = "1.2.840.10008.1.2.4.102", encapsulated([bytes(8)])
    assert code_of(write_series(tmp_path / "scan", slices)) == "unsupported-transfer-syntax"


@pytest.mark.parametrize(
    ("group", "tag", "value", "code"),
    [
        (0x00189325, 0x00180060, ("DS", "80"), "mixed-kvp"),
        (0x00189314, 0x00181210, ("SH", "soft"), "mixed-kernel"),
        (0x00189304, 0x00181120, ("DS", "3.0"), "gantry-tilt"),
        (0x00209071, 0x00209072, ("CS", "R"), "mixed-orientation"),
        (0x00289110, 0x00280030, ("DS", "0.5\\0.5"), "mixed-pixel-spacing"),
    ],
    ids=["kVp", "kernel", "tilt", "side", "spacing"],
)
def test_enhanced_file__that_changes_within_is_refused(
    group: int, tag: int, value: tuple[str, object], code: str, tmp_path: Path
) -> None:
    one = enhanced(stored(False))
    per_frame = one.elements[0x52009230][1]
    assert isinstance(per_frame, list)
    per_frame[2][group] = ("SQ", [{tag: value}])
    path = tmp_path / "enhanced.dcm"
    path.write_bytes(one.encode())
    assert code_of(path) == code


def test_enhanced_file__shared_groups_cost_once_however_many_frames(tmp_path: Path) -> None:
    # 4000 frames that share a group of 40 000 elements would be 160 million looks.
    one = enhanced(np.zeros((4000, 1, 2), dtype=np.uint16))
    shared = one.elements[0x52009229][1]
    assert isinstance(shared, list)
    shared[0][0x00289110][1][0].update({0x30011000 + (k // 4000 << 17) + k % 4000: ("LO", "x") for k in range(40_000)})
    path = tmp_path / "enhanced.dcm"
    path.write_bytes(one.encode())
    begin = time.process_time()
    assert len(series_of(path).files[0].frames) == 4000
    assert time.process_time() - begin < 5


def test_header_value__of_many_bytes_is_refused_before_it_is_copied(tmp_path: Path) -> None:
    slices = reference_series()
    for one in slices:
        one.transfer_syntax = IMPLICIT
        one.elements[0x00181210] = ("SH", "B" * 20_000)
    assert code_of(write_series(tmp_path / "scan", slices)) == "invalid-header-value"


def test_enhanced_file__with_two_frames_at_one_place_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "enhanced.dcm"
    path.write_bytes(enhanced(stored(False), heights=[0.0, 0.5, 0.5, 1.0]).encode())
    assert code_of(path) == "duplicate-position"


def test_classic_file__that_claims_two_frames_is_refused(tmp_path: Path) -> None:
    slices = reference_series()
    slices[3].elements[0x00280008] = ("IS", 2)
    assert code_of(write_series(tmp_path / "scan", slices)) == "invalid-header-value"


@pytest.mark.parametrize(
    ("tag", "value", "code"),
    [
        (0x00280102, ("US", 14), "unsupported-pixels"),
        (0x00280100, ("US", 12), "unsupported-pixels"),
        (0x00283000, ("SQ", [{0x00283003: ("LO", "x")}]), "invalid-rescale"),
        (0x00200060, ("CS", "L"), "invalid-header-value"),
    ],
    ids=["high bit", "12 bits allocated", "look-up table", "both sides"],
)
def test_odd_header__is_refused(tag: int, value: tuple[str, object], code: str, tmp_path: Path) -> None:
    slices = reference_series()
    for one in slices:
        one.elements[0x00200062] = ("CS", "R")
        one.elements[tag] = value
    assert code_of(write_series(tmp_path / "scan", slices)) == code


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (bytes(132), "truncated-file"),
        (bytes(132) + element(0x00020003, "UI", "1.2") + bytes(8), "missing-header-value"),
        (bytes(132) + 2 * element(0x00020010, "UI", "1.2") + bytes(8), "duplicate-element"),
        (bytes(132) + element(0x00020010, "UI", "1.2")[:-2], "truncated-file"),
    ],
    ids=["nothing", "no syntax", "two syntaxes", "cut"],
)
def test_meta_header__that_is_broken_is_refused(raw: bytes, code: str) -> None:
    with pytest.raises(ReadError) as caught:
        read_meta(raw, len(raw))
    assert caught.value.code == code


def test_stack__of_many_thousand_slices_is_checked_by_a_fit(tmp_path: Path) -> None:
    facts: FileFacts = series_of(write_series(tmp_path / "scan", reference_series()[:2])).files[0]
    frame = facts.frames[0]
    rng = np.random.default_rng(5)
    from dataclasses import replace

    frames = [replace(frame, position=(0.0, 0.0, k + float(rng.uniform(-0.015, 0.015)))) for k in range(2500)]
    plane = common_plane(frames)
    assert even_stack(frames, plane, 0.0).step_mm == pytest.approx(1.0, abs=1e-4)
    frames[1200] = replace(frame, position=(0.0, 0.0, 1200.3))
    with pytest.raises(ReadError) as caught:
        even_stack(frames, plane, 0.0)
    assert caught.value.code == "uneven-spacing"


def test_found_and_reading__cross_a_process_border(tmp_path: Path) -> None:
    found = pickle.loads(pickle.dumps(identify(write_series(tmp_path / "scan", reference_series()))))  # noqa: S301
    assert found.series is not None
    reading = pickle.loads(pickle.dumps(read_ct(found.series)))  # noqa: S301
    assert reading.volume.hu[:, 16:48, 16:48].mean() == pytest.approx(355.0)
    assert len(reading.header.sha256) == 64


def test_sha256__is_that_of_the_sorted_files(tmp_path: Path) -> None:
    import hashlib

    folder = write_series(tmp_path / "scan", reference_series())
    digests = sorted(hashlib.sha256(path.read_bytes()).digest() for path in folder.iterdir())
    assert read_ct(series_of(folder)).header.sha256 == hashlib.sha256(b"".join(digests)).hexdigest()
