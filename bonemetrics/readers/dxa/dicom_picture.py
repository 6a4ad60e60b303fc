"""Report pictures of a DICOM file as grey pages of 8 bits, for reading their print."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from bonemetrics.errors import ReadError
from bonemetrics.readers.codestream import jpeg_2000_head, jpeg_head
from bonemetrics.readers.decode import CODINGS, PLAIN, RLE
from bonemetrics.readers.dicom_file import BIG_ENDIAN, DEFLATED, EXPLICIT, IMPLICIT, inflate, read_meta
from bonemetrics.readers.dxa.dicom_parts import DicomParts
from bonemetrics.readers.elements import Elements
from bonemetrics.readers.encapsulated import compressed_frames
from bonemetrics.readers.limits import MAX_BYTES_PER_COMPRESSED_BYTE, MAX_SIDE_PIXELS
from bonemetrics.readers.values import number, numbers, text, whole

MAX_PICTURE_PIXELS = 100_000_000
_MOST_PAGES = 64
_LARGE_PAGE = 4 << 20
_SAMPLES, _PHOTOMETRIC, _PLANAR, _FRAMES = 0x00280002, 0x00280004, 0x00280006, 0x00280008
_ROWS, _COLUMNS, _ALLOCATED, _STORED, _SIGNED = 0x00280010, 0x00280011, 0x00280100, 0x00280101, 0x00280103
_RED_TABLE, _TABLE_DATA = 0x00281101, (0x00281201, 0x00281202, 0x00281203)
_LUMINANCE = (299, 587, 114)
_YBR_422 = ("YBR_FULL_422", "YBR_PARTIAL_422")

Grey = npt.NDArray[np.uint8]
"""One page: rows and columns, 0 is black."""
Stored = npt.NDArray[np.integer[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """How one page lies in the file."""

    rows: int
    columns: int
    samples: int
    allocated: int
    stored: int
    photometric: str
    by_plane: bool

    @property
    def page_bytes(self) -> int:
        """Bytes of one page without compression; two chroma samples serve two pixels in 4:2:2."""
        samples = 2 if self.photometric in _YBR_422 else self.samples
        return self.rows * self.columns * samples * (self.allocated // 8)


def grey_pictures(parts: DicomParts, data: bytes) -> tuple[Grey, ...]:
    """The pictures of a DICOM file, in order; colour becomes its luminance (ITU-R BT.601), 16 bits their upper 8.

    Parameters
    ----------
    parts
        The file taken apart.
    data
        The whole file.

    Raises
    ------
    ReadError
        `no-pixel-data`, `too-large` above 100 million pixels or 64 pages, `unsupported-pixels`,
        `unsupported-transfer-syntax`, or where the pixels cannot be read whole.
    """
    if parts.head.pixels is None:
        raise ReadError("the file has no pixels", code="no-pixel-data")
    found = parts.elements
    layout = _layout(found)
    count = int(number(found, _FRAMES) or 1)
    if not 1 <= count <= _MOST_PAGES or layout.rows * layout.columns * count > MAX_PICTURE_PIXELS:
        raise ReadError(f"{count} pictures of {layout.rows} × {layout.columns} pixels", code="too-large")
    syntax = parts.head.transfer_syntax
    if syntax in (IMPLICIT, EXPLICIT, BIG_ENDIAN, DEFLATED):
        pages = _plain_pages(parts, data, layout, count)
    elif syntax in CODINGS and parts.head.pixels.length is None:
        packed = compressed_frames(data, parts.head.pixels.start, count)
        pages = [_unpacked(one, layout, syntax) for one in packed]
    else:
        raise ReadError("the transfer syntax is none that is read", code="unsupported-transfer-syntax")
    decoded = syntax in CODINGS and CODINGS[syntax].head is not None
    return tuple(_grey(page, layout, found, decoded=decoded) for page in pages)


def _layout(found: Elements) -> _Layout:
    allocated = whole(found, _ALLOCATED, 1, 64)
    samples = whole(found, _SAMPLES, 1, 4)
    if allocated not in (8, 16) or samples not in (1, 3) or (samples == 3 and allocated != 8):
        raise ReadError(f"pictures of {samples} samples of {allocated} bits", code="unsupported-pixels")
    if (number(found, _SIGNED, binary="H") or 0) != 0:
        raise ReadError("a picture of signed numbers is no page", code="unsupported-pixels")
    return _Layout(
        rows=whole(found, _ROWS, 1, MAX_SIDE_PIXELS),
        columns=whole(found, _COLUMNS, 1, MAX_SIDE_PIXELS),
        samples=samples,
        allocated=allocated,
        stored=whole(found, _STORED, 1, allocated) if _STORED in found.index else allocated,
        photometric=text(found, _PHOTOMETRIC).upper(),
        by_plane=samples == 3 and number(found, _PLANAR, binary="H") == 1,
    )


def _plain_pages(parts: DicomParts, data: bytes, layout: _Layout, count: int) -> list[Stored]:
    """Uncompressed pages: (rows, columns) or (rows, columns, 3); of 4:2:2 the luminance alone."""
    pixels, size = parts.head.pixels, layout.page_bytes * count
    if pixels is None or pixels.length is None or pixels.length not in (size, size + size % 2):
        raise ReadError(
            "the length of the pixels does not fit rows, columns and pictures", code="pixel-length-mismatch"
        )
    if parts.head.transfer_syntax == DEFLATED:
        data, _ = inflate(data[read_meta(data, len(data))[1] :], pixels.start + size)
    raw = data[pixels.start : pixels.start + size]
    if len(raw) < size:
        raise ReadError("the file ends within its pixel data", code="truncated-file")
    little = parts.elements.little
    if not little and layout.allocated == 8 and pixels.vr == b"OW":
        raise ReadError("8-bit pixels in big-endian words of 16 bits", code="unsupported-pixels")
    stored = np.frombuffer(raw, dtype=np.dtype(f"{'<' if little else '>'}u{layout.allocated // 8}"))
    return [_arranged(page, layout) for page in stored.reshape(count, -1)]


def _arranged(page: Stored, layout: _Layout) -> Stored:
    rows, columns = layout.rows, layout.columns
    if layout.photometric in _YBR_422:
        # Y Y Cb Cr for each two pixels.
        return page.reshape(-1, 4)[:, :2].reshape(rows, columns)
    if layout.samples == 1:
        return page.reshape(rows, columns)
    return page.reshape(3, rows, columns).transpose(1, 2, 0) if layout.by_plane else page.reshape(rows, columns, 3)


def _unpacked(packed: bytes, layout: _Layout, syntax: str) -> Stored:
    """One compressed page; the size it names itself is compared with the header's before a decoder sees it."""
    coding = CODINGS[syntax]
    size = layout.rows * layout.columns * layout.samples * (layout.allocated // 8)
    if layout.rows * layout.columns > _LARGE_PAGE and size > MAX_BYTES_PER_COMPRESSED_BYTE * len(packed):
        raise ReadError("a few bytes claim to hold a large picture", code="too-large")
    if coding is PLAIN:
        if len(packed) not in (size, size + size % 2):
            raise ReadError("a fragment does not hold the picture that the header names", code="decode-failed")
        return _arranged(np.frombuffer(packed[:size], dtype=f"<u{layout.allocated // 8}"), layout)
    if coding is RLE:
        return _run_length(packed, layout)
    head = jpeg_2000_head(packed) if coding.head is jpeg_2000_head else jpeg_head(packed)
    if (head.rows, head.columns, head.components) != (layout.rows, layout.columns, layout.samples):
        raise ReadError("a compressed picture has another size than the header names", code="codestream-mismatch")
    return _decoded(coding.decoder, packed, layout)


def _decoded(decoder: str, packed: bytes, layout: _Layout) -> Stored:
    import imagecodecs

    call: Callable[[bytes], Any] = getattr(imagecodecs, decoder)
    try:
        page: Stored = np.asarray(call(packed))
    except Exception as error:  # each decoder has error classes of its own
        raise ReadError(f"a compressed picture is damaged ({type(error).__name__})", code="decode-failed") from None
    expected = (layout.rows, layout.columns, 3)[: 2 if layout.samples == 1 else 3]
    if page.shape != expected or page.dtype.kind != "u":
        raise ReadError("a decoded picture has another size than the header names", code="codestream-mismatch")
    return page


def _run_length(packed: bytes, layout: _Layout) -> Stored:
    """RLE: one PackBits segment for each byte of each sample, the most significant first."""
    pixels, bytes_each = layout.rows * layout.columns, layout.allocated // 8
    wanted = layout.samples * bytes_each
    count, *offsets = struct.unpack_from("<16I", packed) if len(packed) >= 64 else (0,)
    starts = [*offsets[:count], len(packed)]
    if count != wanted or starts != sorted(starts) or starts[0] < 64:
        raise ReadError("run-length segments that do not fit the picture", code="decode-failed")
    planes = [_segment(packed[a:b], pixels) for a, b in pairwise(starts)]
    if bytes_each == 2:
        return (planes[0].astype(np.uint16) << 8 | planes[1]).reshape(layout.rows, layout.columns)
    stacked = np.stack(planes, axis=-1)
    return stacked.reshape(layout.rows, layout.columns, *([3] if layout.samples == 3 else []))


def _segment(packed: bytes, wanted: int) -> npt.NDArray[np.uint8]:
    import imagecodecs

    out = bytearray(wanted)
    try:
        made = imagecodecs.packbits_decode(packed, out=out)
    except Exception as error:  # imagecodecs has an error class for each codec
        raise ReadError(f"a run-length segment is damaged ({type(error).__name__})", code="decode-failed") from None
    if len(made) != wanted:
        raise ReadError("a run-length segment is too short", code="decode-failed")
    return np.frombuffer(out, dtype=np.uint8)


def _grey(page: Stored, layout: _Layout, found: Elements, *, decoded: bool) -> Grey:
    if layout.photometric == "PALETTE COLOR" and page.ndim == 2:
        return _luminance(_through_palette(page, found))
    if page.ndim == 3:
        # YBR keeps the luminance as its first sample, unless a decoder of JPEG has turned it into RGB.
        kept = layout.photometric.startswith("YBR_") and not decoded
        return np.ascontiguousarray(page[..., 0], dtype=np.uint8) if kept else _luminance(page)
    low = (page & ((1 << layout.stored) - 1)) >> max(layout.stored - 8, 0)
    grey = (low << max(8 - layout.stored, 0)).astype(np.uint8)
    return (255 - grey).astype(np.uint8) if layout.photometric == "MONOCHROME1" else grey


def _luminance(page: Stored) -> Grey:
    total = np.zeros(page.shape[:2], dtype=np.uint32)
    for sample, weight in enumerate(_LUMINANCE):
        total += page[..., sample] * np.uint32(weight)
    grey: Grey = ((total + 500) // 1000).astype(np.uint8)
    return grey


def _through_palette(page: Stored, found: Elements) -> Stored:
    """Stored values through the red, green and blue tables, to 8 bits."""
    descriptor = numbers(found, _RED_TABLE, binary="H")
    if len(descriptor) != 3 or descriptor[2] not in (8, 16):
        raise ReadError("a picture whose palette is not described", code="unsupported-pixels")
    entries, first = int(descriptor[0]) or 65_536, int(descriptor[1])
    tables = [_table(found, tag, entries) for tag in _TABLE_DATA]
    index = np.clip(page.astype(np.int64) - first, 0, entries - 1)
    return np.stack([table[index] for table in tables], axis=-1)


def _table(found: Elements, tag: int, entries: int) -> npt.NDArray[np.uint8]:
    raw = found.raw(tag) or b""
    if len(raw) in (entries, entries + entries % 2):
        return np.frombuffer(raw[:entries], dtype=np.uint8)
    if len(raw) != 2 * entries:
        raise ReadError("a palette that has another length than it states", code="unsupported-pixels")
    words = np.frombuffer(raw, dtype=f"{'<' if found.little else '>'}u2")
    # Eight-bit entries in words of 16 stand in the lower byte.
    return (words >> 8 if words.max() > 0xFF else words).astype(np.uint8)
