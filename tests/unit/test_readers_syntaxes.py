"""Every lossless transfer syntax gives the same HU; enhanced files give the same volume as classic ones."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import imagecodecs
import numpy as np
import numpy.typing as npt
import pydicom
import pytest
from pydicom.data import get_testdata_file

from bonemetrics.errors import ReadError
from bonemetrics.readers.ct import CtReading, ReadOptions, read_ct
from bonemetrics.readers.decode import decode
from bonemetrics.readers.facts import PixelLayout
from bonemetrics.readers.identify import identify
from tests.dicom_bytes import (
    BIG_ENDIAN,
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    Slice,
    ct_slice,
    element,
    encapsulated,
    write_series,
)

PREFIX = "1.2.840.10008.1.2.4."
SHAPE = (4, 33, 47)


def stored(signed: bool) -> npt.NDArray[np.integer]:
    """Noise over the 12-bit range with a ramp, three different sizes."""
    values = np.random.default_rng(7).integers(-900, 2000, SHAPE) + np.arange(SHAPE[2])
    return values.astype(np.int16) if signed else (values + 1024).astype(np.uint16)


def rle_encode(picture: npt.NDArray[np.integer]) -> bytes:
    planes = picture.astype("<u2").view(np.uint8).reshape(-1, 2)
    segments = [imagecodecs.packbits_encode(planes[:, byte].tobytes()) for byte in (1, 0)]
    segments = [segment + b"\0" * (len(segment) % 2) for segment in segments]
    return struct.pack("<16I", 2, 64, 64 + len(segments[0]), *[0] * 13) + b"".join(segments)


def jpeg_2000(picture: npt.NDArray[np.integer]) -> bytes:
    data: bytes = imagecodecs.jpeg2k_encode(picture, level=0, reversible=True, codecformat="j2k")
    return data


ENCODERS: dict[str, Callable[[npt.NDArray[np.integer]], bytes]] = {
    "1.2.840.10008.1.2.5": rle_encode,
    "1.2.840.10008.1.2.1.98": lambda picture: picture.tobytes(),
    PREFIX + "57": lambda picture: imagecodecs.ljpeg_encode(picture, bitspersample=16),
    PREFIX + "70": lambda picture: imagecodecs.ljpeg_encode(picture, bitspersample=16),
    PREFIX + "80": lambda picture: imagecodecs.jpegls_encode(picture, level=0),
    PREFIX + "90": jpeg_2000,
    PREFIX + "91": jpeg_2000,
}


def make(values: npt.NDArray[np.integer], syntax: str) -> list[Slice]:
    slices = [ct_slice(picture, (-3.0, -4.0, 0.5 * k), k + 1) for k, picture in enumerate(values)]
    for one in slices:
        one.transfer_syntax = syntax
        one.elements[0x00282110] = ("CS", "00")
        if values.dtype.kind == "i":
            one.elements[0x00281052] = ("DS", "0")
        if syntax in ENCODERS:
            one.pixel_element = encapsulated([ENCODERS[syntax](one.stored.view(np.uint16))])
    return slices


def read(folder: Path, **options: bool) -> CtReading:
    series = identify(folder).series
    assert series is not None
    return read_ct(series, options=ReadOptions(**options))


@pytest.mark.parametrize("signed", [False, True], ids=["unsigned", "signed"])
@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG_ENDIAN, DEFLATED, *ENCODERS])
def test_lossless_transfer_syntax__gives_the_hu_that_were_written(syntax: str, signed: bool, tmp_path: Path) -> None:
    values = stored(signed)
    reading = read(write_series(tmp_path / "scan", make(values, syntax)))
    expected = values.astype(np.float32) - (0 if signed else 1024)
    np.testing.assert_array_equal(reading.volume.hu, expected)
    assert reading.header.transfer_syntax_uid == syntax


@pytest.mark.parametrize("name", ["MR_small_RLE.dcm", "MR_small_jp2klossless.dcm", "MR_small_jpeg_ls_lossless.dcm"])
def test_decode__agrees_with_the_uncompressed_original_of_real_files(name: str) -> None:
    packed = pydicom.dcmread(get_testdata_file(name))
    plain = pydicom.dcmread(get_testdata_file("MR_small.dcm"))
    layout = PixelLayout(rows=64, columns=64, bits_allocated=16, bits_stored=16, high_bit=15, signed=True)
    frame = next(pydicom.encaps.generate_frames(packed.PixelData, number_of_frames=1))
    found = decode(frame, layout, packed.file_meta.TransferSyntaxUID, allow_lossy=False)
    np.testing.assert_array_equal(found.astype(np.uint16), np.frombuffer(plain.PixelData, "<u2").reshape(64, 64))


def test_lossy_picture__is_refused_although_the_header_says_lossless(tmp_path: Path) -> None:
    slices = make(stored(False), PREFIX + "90")
    for one in slices:
        one.pixel_element = encapsulated([imagecodecs.jpeg2k_encode(one.stored, level=60, codecformat="j2k")])
    folder = write_series(tmp_path / "scan", slices)
    with pytest.raises(ReadError) as caught:
        read(folder)
    assert caught.value.code == "lossy-compression"


@pytest.mark.parametrize("syntax", ["81", "91"])
def test_allow_lossy__reads_and_leaves_a_note(syntax: str, tmp_path: Path) -> None:
    slices = make(stored(False), PREFIX + syntax)
    for one in slices:
        one.elements[0x00282110] = ("CS", "01")
        lossy = (
            imagecodecs.jpegls_encode(one.stored, level=2)
            if syntax == "81"
            else imagecodecs.jpeg2k_encode(one.stored, level=70, codecformat="j2k")
        )
        one.pixel_element = encapsulated([lossy])
    folder = write_series(tmp_path / "scan", slices)
    with pytest.raises(ReadError, match="with loss"):
        read(folder)
    reading = read(folder, allow_lossy=True)
    assert [note.code for note in reading.notes] == ["lossy-allowed"]
    # Near-lossless 2 is off by two at most; JPEG 2000 at 70 dB below 65535 by 20 on average.
    assert np.abs(reading.volume.hu - (stored(False).astype(np.float32) - 1024)).mean() < 40


def test_damaged_picture__is_refused(tmp_path: Path) -> None:
    slices = make(stored(False), PREFIX + "80")
    whole = ENCODERS[PREFIX + "80"](slices[1].stored)
    slices[1].pixel_element = encapsulated([whole[: len(whole) // 2]])
    with pytest.raises(ReadError) as caught:
        read(write_series(tmp_path / "scan", slices))
    assert caught.value.code == "decode-failed"


@pytest.mark.parametrize(
    ("vr", "syntax", "readable"), [("OW", BIG_ENDIAN, False), ("OB", BIG_ENDIAN, True), ("OW", EXPLICIT, True)]
)
def test_single_bytes__in_big_endian_words_are_refused(vr: str, syntax: str, readable: bool, tmp_path: Path) -> None:
    values = (stored(False) // 16).astype(np.uint8)[:, :, :46]
    slices = make(values, syntax)
    for one in slices:
        one.pixel_element = element(0x7FE00010, vr, one.stored.tobytes(), ">" if syntax == BIG_ENDIAN else "<")
    folder = write_series(tmp_path / "scan", slices)
    if readable:
        np.testing.assert_array_equal(read(folder).volume.hu, values.astype(np.float32) - 1024)
        return
    with pytest.raises(ReadError) as caught:
        read(folder)
    assert caught.value.code == "unsupported-pixels"


@pytest.mark.parametrize("size", [0, 33 * 47 * 2 - 2, 33 * 47 * 2 + 2])
def test_plain_picture_in_a_fragment__of_another_size_is_refused(size: int) -> None:
    layout = PixelLayout(rows=33, columns=47, bits_allocated=16, bits_stored=16, high_bit=15, signed=False)
    with pytest.raises(ReadError) as caught:
        decode(bytes(size), layout, "1.2.840.10008.1.2.1.98", allow_lossy=False)
    assert caught.value.code == "decode-failed"


@pytest.mark.parametrize("syntax", ["57", "70", "80", "90"])
def test_cut_picture__is_refused_and_not_filled_up(syntax: str) -> None:
    layout = PixelLayout(rows=33, columns=47, bits_allocated=16, bits_stored=16, high_bit=15, signed=False)
    whole = ENCODERS[PREFIX + syntax](stored(False)[0])
    for length in range(len(whole) // 2, len(whole) - 2, 97):
        with pytest.raises(ReadError) as caught:
            decode(whole[:length], layout, PREFIX + syntax, allow_lossy=False)
        assert caught.value.code == "decode-failed"


# --- enhanced files -------------------------------------------------------------------------------------------------


def enhanced(values: npt.NDArray[np.integer], *, syntax: str = EXPLICIT, heights: list[float] | None = None) -> Slice:
    """One enhanced CT file: spacing and orientation shared, position and rescale per frame, frames in any order."""
    one = ct_slice(values[0], (0.0, 0.0, 0.0))
    for tag in (0x00200032, 0x00200037, 0x00280030, 0x00281052, 0x00281053, 0x00180060, 0x00181210):
        del one.elements[tag]
    one.transfer_syntax = syntax
    one.elements[0x00080016] = ("UI", "1.2.840.10008.5.1.4.1.1.2.1")
    one.elements[0x00280008] = ("IS", len(values))
    one.elements[0x52009229] = (
        "SQ",
        [
            {
                0x00289110: ("SQ", [{0x00180050: ("DS", "9"), 0x00280030: ("DS", "0.4\\0.3")}]),
                0x00209116: ("SQ", [{0x00200037: ("DS", "1\\0\\0\\0\\1\\0")}]),
                0x00189325: ("SQ", [{0x00180060: ("DS", "60")}]),
                0x00189314: ("SQ", [{0x00181210: ("SH", "sharp")}]),
                0x00209071: ("SQ", [{0x00209072: ("CS", "L")}]),
            }
        ],
    )
    heights = heights or [0.5 * k for k in range(len(values))]
    one.elements[0x52009230] = (
        "SQ",
        [
            {
                0x00209113: ("SQ", [{0x00200032: ("DS", f"1\\2\\{height}")}]),
                0x00289145: (
                    "SQ",
                    [{0x00281052: ("DS", str(-1024 + k)), 0x00281053: ("DS", "1"), 0x00281054: ("LO", "HU")}],
                ),
            }
            for k, height in enumerate(heights)
        ],
    )
    one.stored = values
    if syntax in ENCODERS:
        one.pixel_element = encapsulated([ENCODERS[syntax](picture) for picture in values], offsets=True)
    return one


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, BIG_ENDIAN, DEFLATED, PREFIX + "80", "1.2.840.10008.1.2.5"])
def test_enhanced_file__frames_are_sorted_by_position_and_rescaled_each(syntax: str, tmp_path: Path) -> None:
    values = stored(False)
    path = tmp_path / "enhanced.dcm"
    path.write_bytes(enhanced(values, syntax=syntax, heights=[1.5, 1.0, 0.5, 0.0]).encode())
    reading = read(path)
    for k in range(4):
        np.testing.assert_array_equal(reading.volume.hu[3 - k], values[k].astype(np.float32) - 1024 + k)
    assert reading.volume.geometry.spacing_mm == pytest.approx((0.5, 0.4, 0.3))
    assert reading.volume.geometry.to_world((0, 0, 0)) == pytest.approx((1.0, 2.0, 0.0))
    assert reading.constants.kvp == 60.0
    assert reading.constants.kernel == "sharp"
    assert reading.header.laterality == "left"


def test_enhanced_file__one_voltage_in_two_spellings_is_one(tmp_path: Path) -> None:
    one = enhanced(stored(False))
    per_frame = one.elements[0x52009230][1]
    assert isinstance(per_frame, list)
    per_frame[2][0x00189325] = ("SQ", [{0x00180060: ("DS", "60.0")}])
    path = tmp_path / "enhanced.dcm"
    path.write_bytes(one.encode())
    assert read(path).constants.kvp == 60.0


@pytest.mark.parametrize("tilt", ["0", "0.0", "0.000000", "-0.00"])
@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, BIG_ENDIAN, DEFLATED])
def test_gantry_tilt__of_zero_is_text_in_every_syntax(syntax: str, tilt: str, tmp_path: Path) -> None:
    folder = tmp_path / "scan"
    folder.mkdir()
    for k, values in enumerate(stored(False)):
        one = ct_slice(values, (0.0, 0.0, 0.5 * k), k + 1)
        one.elements[0x00181120], one.transfer_syntax = ("DS", tilt), syntax
        (folder / f"{k}.dcm").write_bytes(one.encode())
    np.testing.assert_array_equal(read(folder).volume.hu, stored(False).astype(np.float32) - 1024)


def test_gantry_tilt__without_types_is_refused_where_positions_do_not_show_it(tmp_path: Path) -> None:
    folder = tmp_path / "scan"
    folder.mkdir()
    for k, values in enumerate(stored(False)):
        one = ct_slice(values, (0.0, 0.0, 0.5 * k), k + 1)
        one.elements[0x00181120], one.transfer_syntax = ("DS", "-15.0000"), IMPLICIT
        (folder / f"{k}.dcm").write_bytes(one.encode())
    with pytest.raises(ReadError) as caught:
        read(folder)
    assert caught.value.code == "gantry-tilt"


def test_enhanced_file__with_fewer_groups_than_frames_is_refused(tmp_path: Path) -> None:
    one = enhanced(stored(False))
    one.elements[0x00280008] = ("IS", 5)
    path = tmp_path / "enhanced.dcm"
    path.write_bytes(one.encode())
    with pytest.raises(ReadError) as caught:
        read(path)
    assert caught.value.code == "invalid-header-value"


def test_real_tilted_file__is_refused_and_its_signed_values_are_right() -> None:
    path = Path(str(get_testdata_file("J2K_pixelrep_mismatch.dcm")))
    found = identify(path)
    assert found.kind == "ct-series"
    with pytest.raises(ReadError) as caught:
        read(path)
    assert caught.value.code in ("single-slice", "gantry-tilt")
