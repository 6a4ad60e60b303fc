"""Report pictures in DICOM files as grey pages."""

from __future__ import annotations

import struct

import imagecodecs
import numpy as np
import pytest

from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa.dicom_parts import parts_of
from bonemetrics.readers.dxa.dicom_picture import grey_pictures
from tests.dicom_bytes import BIG_ENDIAN, DEFLATED, EXPLICIT, IMPLICIT, Slice, Value, encapsulated

GREY = np.arange(15, dtype=np.uint8).reshape(3, 5) * 11
RLE, JPEG_LOSSLESS, JPEG, J2K = (f"1.2.840.10008.1.2.{end}" for end in ("5", "4.70", "4.50", "4.90"))


def file_of(
    stored: np.ndarray, changed: dict[int, Value] | None = None, syntax: str = EXPLICIT, pixels: bytes | None = None
) -> bytes:
    bits = 8 * stored.dtype.itemsize
    elements: dict[int, Value] = {
        0x00280002: ("US", 1),
        0x00280004: ("CS", "MONOCHROME2"),
        0x00280010: ("US", 3),
        0x00280011: ("US", 5),
        0x00280100: ("US", bits),
        0x00280101: ("US", bits),
        0x00280102: ("US", bits - 1),
        0x00280103: ("US", 0),
        **(changed or {}),
    }
    return Slice(stored=stored, elements=elements, transfer_syntax=syntax, pixel_element=pixels).encode()


def grey(data: bytes) -> list[list[list[int]]]:
    return [page.tolist() for page in grey_pictures(parts_of(data), data)]


def rgb(planar: int = 0, photometric: str = "RGB") -> dict[int, Value]:
    return {0x00280002: ("US", 3), 0x00280004: ("CS", photometric), 0x00280006: ("US", planar)}


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, DEFLATED])
def test_grey_pictures__gives_grey_bytes_as_they_are(syntax):
    data = file_of(np.append(GREY, 0).astype(np.uint8), syntax=syntax)
    assert grey(data) == [GREY.tolist()]


def test_grey_pictures__turns_monochrome1_around():
    data = file_of(np.append(GREY, 0).astype(np.uint8), {0x00280004: ("CS", "MONOCHROME1")})
    assert grey(data)[0][0] == [255, 244, 233, 222, 211]


@pytest.mark.parametrize("syntax", [EXPLICIT, BIG_ENDIAN])
def test_grey_pictures__takes_the_upper_eight_of_twelve_bits(syntax):
    stored = np.array([[0x0FFF, 0x0010, 0xF7F0, 0x0000, 0x0800]] * 3, dtype=np.uint16)
    # Bits above the twelve stored ones (0xF...) are an overlay and do not count.
    data = file_of(stored, {0x00280101: ("US", 12), 0x00280102: ("US", 11)}, syntax)
    assert grey(data)[0][2] == [255, 1, 0x7F, 0, 0x80]


@pytest.mark.parametrize("planar", [0, 1])
def test_grey_pictures__weighs_colours_by_their_luminance(planar):
    page = np.zeros((3, 5, 3), np.uint8)
    page[0, 0], page[0, 1], page[0, 2], page[2, 4] = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)
    stored = page.transpose(2, 0, 1) if planar else page
    found = grey(file_of(np.append(stored.reshape(-1), 0).astype(np.uint8), rgb(planar)))[0]
    # 0.299, 0.587 and 0.114 of 255, rounded.
    assert (found[0], found[2][4]) == ([76, 150, 29, 0, 0], 255)


def test_grey_pictures__takes_the_first_sample_of_luminance_and_chroma():
    page = np.full((3, 5, 3), 128, np.uint8)
    page[..., 0] = GREY
    assert grey(file_of(np.append(page.reshape(-1), 0).astype(np.uint8), rgb(0, "YBR_FULL"))) == [GREY.tolist()]
    wide = GREY[:, [0, 1, 2, 3]].reshape(3, 2, 2)
    packed = np.concatenate([wide, np.full((3, 2, 2), 99, np.uint8)], axis=2)
    changed = {**rgb(0, "YBR_FULL_422"), 0x00280011: ("US", 4)}
    assert grey(file_of(packed, changed)) == [GREY[:, :4].tolist()]


def test_grey_pictures__looks_up_a_palette():
    table = struct.pack("<4H", 0x0000, 0x4000, 0x8000, 0xFF00)
    palette: dict[int, Value] = {
        0x00280004: ("CS", "PALETTE COLOR"),
        0x00281101: ("US", struct.pack("<3H", 4, 2, 16)),
        **dict.fromkeys((0x00281201, 0x00281202, 0x00281203), ("OW", table)),
    }
    stored = np.array([[1, 2, 3, 4, 5]] * 3, dtype=np.uint8)
    found = grey(file_of(np.append(stored, 0).astype(np.uint8), palette))
    assert found[0][1] == [0, 0, 0x40, 0x80, 0xFF]
    palette[0x00281202] = ("OW", table[:6])
    assert code_of(file_of(np.append(stored, 0).astype(np.uint8), palette)) == "unsupported-pixels"
    del palette[0x00281101]
    assert code_of(file_of(np.append(stored, 0).astype(np.uint8), palette)) == "unsupported-pixels"


def test_grey_pictures__gives_every_page():
    both = np.concatenate([GREY.reshape(-1), 255 - GREY.reshape(-1)]).astype(np.uint8)
    assert grey(file_of(both, {0x00280008: ("IS", 2)})) == [GREY.tolist(), (255 - GREY).tolist()]


@pytest.mark.parametrize(
    ("syntax", "encode"),
    [
        (JPEG_LOSSLESS, lambda page: imagecodecs.ljpeg_encode(page)),
        (J2K, lambda page: imagecodecs.jpeg2k_encode(page, codecformat="j2k", level=0, reversible=True)),
        ("1.2.840.10008.1.2.4.80", imagecodecs.jpegls_encode),
        ("1.2.840.10008.1.2.1.98", lambda page: page.tobytes()),
    ],
)
def test_grey_pictures__decodes_compressed_pages(syntax, encode):
    assert grey(file_of(GREY, syntax=syntax, pixels=encapsulated([encode(GREY)]))) == [GREY.tolist()]


def run_length(*planes: np.ndarray) -> bytes:
    """Literal runs: a count less one, then the bytes."""
    parts = [bytes([plane.size - 1]) + plane.tobytes() for plane in planes]
    starts = [64 + sum(map(len, parts[:k])) for k in range(len(parts))]
    return struct.pack("<16I", len(parts), *starts, *[0] * (15 - len(parts))) + b"".join(parts)


def test_grey_pictures__decodes_run_lengths_of_grey_and_colour():
    assert grey(file_of(GREY, syntax=RLE, pixels=encapsulated([run_length(GREY)]))) == [GREY.tolist()]
    red, black = np.full((3, 5), 255, np.uint8), np.zeros((3, 5), np.uint8)
    data = file_of(GREY, rgb(), RLE, encapsulated([run_length(red, black, black)]))
    assert grey(data)[0][1] == [76] * 5
    high, low = GREY, np.full((3, 5), 7, np.uint8)
    wide = file_of(GREY.astype(np.uint16), syntax=RLE, pixels=encapsulated([run_length(high, low)]))
    assert grey(wide) == [GREY.tolist()]
    for broken in (b"short", run_length(GREY, GREY), run_length(GREY[:2]), run_length(GREY)[:-4]):
        assert code_of(file_of(GREY, syntax=RLE, pixels=encapsulated([broken]))) == "decode-failed"


def test_grey_pictures__decodes_colour_jpeg_to_its_luminance():
    flat = np.full((3, 5, 3), (200, 100, 50), np.uint8)
    packed = imagecodecs.jpeg8_encode(flat, level=100)
    found = grey(file_of(GREY, rgb(0, "YBR_FULL_422"), JPEG, encapsulated([packed])))
    # 0.299 * 200 + 0.587 * 100 + 0.114 * 50 = 124.2; JPEG may be off by one or two.
    assert abs(found[0][1][1] - 124) <= 2


def code_of(data: bytes) -> str:
    with pytest.raises(ReadError) as caught:
        grey(data)
    return caught.value.code


PADDED = np.append(GREY, 0).astype(np.uint8)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({0x00280010: ("US", 4)}, "pixel-length-mismatch"),
        ({0x00280011: ("US", 0)}, "invalid-header-value"),
        ({0x00280008: ("IS", 65)}, "too-large"),
        ({0x00280010: ("US", 16000), 0x00280011: ("US", 16000)}, "too-large"),
        ({0x00280100: ("US", 32)}, "unsupported-pixels"),
        ({0x00280002: ("US", 2)}, "unsupported-pixels"),
        ({0x00280103: ("US", 1)}, "unsupported-pixels"),
    ],
)
def test_grey_pictures__refuses_a_layout_that_is_no_page(changed, code):
    assert code_of(file_of(PADDED, changed)) == code


def test_grey_pictures__refuses_what_cannot_be_decoded():
    assert code_of(file_of(PADDED, syntax="1.2.840.10008.1.2.4.100")) == "unsupported-transfer-syntax"
    assert code_of(file_of(PADDED, syntax=RLE)) == "unsupported-transfer-syntax"
    ljpeg = imagecodecs.ljpeg_encode(GREY)
    for cut in (40, len(ljpeg) - 5):  # within the head, and within the picture
        assert code_of(file_of(GREY, syntax=JPEG_LOSSLESS, pixels=encapsulated([ljpeg[:cut]]))) == "decode-failed"
    signed = imagecodecs.jpeg2k_encode(GREY.astype(np.int8), codecformat="j2k", level=0, reversible=True)
    assert code_of(file_of(GREY, syntax=J2K, pixels=encapsulated([signed]))) == "codestream-mismatch"
    other = imagecodecs.ljpeg_encode(GREY[:2].copy())
    assert code_of(file_of(GREY, syntax=JPEG_LOSSLESS, pixels=encapsulated([other]))) == "codestream-mismatch"
    large = {0x00280010: ("US", 9000), 0x00280011: ("US", 9000)}
    assert code_of(file_of(GREY, large, RLE, encapsulated([run_length(GREY)]))) == "too-large"
    plain = "1.2.840.10008.1.2.1.98"
    assert code_of(file_of(GREY, syntax=plain, pixels=encapsulated([b"\1" * 8]))) == "decode-failed"
    swapped = file_of(PADDED, syntax=BIG_ENDIAN)
    assert code_of(swapped) == "unsupported-pixels"
    nothing = parts_of(file_of(PADDED, pixels=b""))
    with pytest.raises(ReadError, match="no pixels"):
        grey_pictures(nothing, b"")
    whole = file_of(PADDED)
    with pytest.raises(ReadError, match="ends within its pixel data"):
        grey_pictures(parts_of(whole), whole[:-7])
