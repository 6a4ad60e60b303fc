"""What reading promises for any input: headers as pydicom reads them, and nothing but `ReadError` escapes."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pydicom
import pytest

from bonemetrics.errors import ReadError
from bonemetrics.readers.ct import ReadOptions, read_ct
from bonemetrics.readers.dicom_file import DicomHead, read_head
from bonemetrics.readers.identify import identify
from bonemetrics.readers.values import number, text
from tests.dicom_bytes import BIG_ENDIAN, DEFLATED, EXPLICIT, IMPLICIT, reference_series, write_series

TEST_FILES = sorted((Path(pydicom.__file__).parent / "data" / "test_files").glob("*.dcm"))
TEXTS = (0x00080016, 0x00080018, 0x00080060, 0x0020000D, 0x0020000E, 0x00180060, 0x00281053, 0x00200032)
WHOLES = (0x00280010, 0x00280011, 0x00280100, 0x00280103)


@pytest.mark.parametrize("path", TEST_FILES, ids=lambda path: path.name)
def test_head__agrees_with_pydicom_or_is_refused(path: Path) -> None:
    try:
        head = read_head(path)
    except ReadError:
        return
    if not isinstance(head, DicomHead) or head.problem is not None:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = pydicom.dcmread(path, stop_before_pixels=True)
    for tag in TEXTS:
        raw = theirs.get_item(tag)
        value = b"" if raw is None or raw.value is None else raw.value
        expected = value.decode("latin-1") if isinstance(value, bytes) else str(value)
        assert text(head.elements, tag) == expected.strip(" \0")
    for tag in WHOLES:
        assert number(head.elements, tag, binary="H") == (theirs[tag].value if tag in theirs else None)


def outcome(folder: Path) -> object:
    """A reading or a code; anything else escapes and fails the test."""
    try:
        found = identify(folder)
        series = [item.series for item in found.items if item.series is not None]
        return [read_ct(one, options=ReadOptions(deshear=True)) for one in series]
    except ReadError as error:
        return error.code


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG_ENDIAN, DEFLATED])
def test_damaged_bytes__end_in_a_reading_or_a_code(syntax: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(20260101)
    series = reference_series()[:3]
    for one in series:
        one.transfer_syntax, one.stored = syntax, one.stored[:9, :8]
        one.elements[0x00280010], one.elements[0x00280011] = ("US", 9), ("US", 8)
        one.elements[0x00081140] = ("SQ", [{0x00081150: ("UI", "1.2")}, {0x00081155: ("UI", "1.3")}])
    folder = write_series(tmp_path / "scan", series)
    whole = series[1].encode()
    assert isinstance(outcome(folder), list)
    for number_of_round in range(150):
        raw = bytearray(whole)
        for _ in range(1 + number_of_round % 4):
            raw[int(rng.integers(132, len(raw)))] = int(rng.integers(0, 256))
        if number_of_round % 5 == 0:
            del raw[int(rng.integers(132, len(raw))) :]
        (folder / "001.dcm").write_bytes(raw)
        outcome(folder)


def test_messages__never_hold_what_identifies_a_person(tmp_path: Path) -> None:
    for change in (0x00100010, 0x00100020, 0x0020000D, 0x00181000):
        series = reference_series()
        for number_of_slice, one in enumerate(series):
            one.elements[0x00100010] = ("PN", "CANARY^NAME")
            one.elements[0x00100020] = ("LO", "CANARY-ID")
            if number_of_slice > 5:
                one.elements[change] = (one.elements.get(change, ("LO",))[0], "CANARY-OTHER")
        found = identify(write_series(tmp_path / f"{change:08x}", series))
        assert "CANARY" not in repr(found)
        assert found.series is not None
        with pytest.raises(ReadError) as caught:
            read_ct(found.series)
        assert "CANARY" not in str(caught.value)
