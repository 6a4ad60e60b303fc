"""What the head of a compressed picture says of itself, read before any decoder sees it."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from bonemetrics.errors import ReadError

_SOI, _SOS, _EOI = 0xFFD8, 0xFFDA, 0xFFD9
_SOF_JPEG = frozenset({0xFFC0, 0xFFC1, 0xFFC2, 0xFFC3})
_SOF_LOSSLESS, _SOF_JPEG_LS = 0xFFC3, 0xFFF7
_SOC, _SIZ, _COD, _SOT = 0xFF4F, 0xFF51, 0xFF52, 0xFF90
_REVERSIBLE = 1
_MOST_TILES = 65_535


@dataclass(frozen=True, slots=True, kw_only=True)
class Codestream:
    """Size and kind of one compressed picture."""

    rows: int
    columns: int
    components: int
    bits: int
    signed: bool
    lossless: bool


def jpeg_head(data: bytes) -> Codestream:
    """The head of a JPEG, JPEG lossless or JPEG-LS picture.

    Raises
    ------
    ReadError
        `decode-failed` where it is none.
    """
    if len(data) < 4 or struct.unpack_from(">H", data)[0] != _SOI:
        raise _broken()
    position, frame, marker_of_frame = 2, None, 0
    while position + 4 <= len(data):
        marker, length = struct.unpack_from(">HH", data, position)
        body = data[position + 4 : position + 2 + length]
        if marker in _SOF_JPEG or marker == _SOF_JPEG_LS:
            if len(body) < 6:
                break
            frame, marker_of_frame = struct.unpack_from(">BHHB", body), marker
        elif marker == _SOS and frame is not None and len(body) >= 4:
            bits, rows, columns, components = frame
            near = body[1 + 2 * body[0]] if len(body) > 1 + 2 * body[0] else 0
            lossless = marker_of_frame == _SOF_LOSSLESS or (marker_of_frame == _SOF_JPEG_LS and near == 0)
            return Codestream(
                rows=rows, columns=columns, components=components, bits=bits, signed=False, lossless=lossless
            )
        elif marker < 0xFF00 or marker == _EOI or length < 2:
            break
        position += 2 + length
    raise _broken()


def jpeg_2000_head(data: bytes) -> Codestream:
    """The main header of a JPEG 2000 codestream.

    Raises
    ------
    ReadError
        `decode-failed` where it is none, or has more tiles than the standard allows.
    """
    if len(data) < 42 or struct.unpack_from(">HH", data) != (_SOC, _SIZ):
        raise _broken()
    (_, width, height, left, top, tile_width, tile_height, _, _, components) = struct.unpack_from(
        ">HIIIIIIIIH", data, 6
    )
    depth = data[42] if len(data) > 42 else 0
    if not tile_width or not tile_height or left >= width or top >= height or components < 1:
        raise _broken()
    if -(-width // tile_width) * -(-height // tile_height) > _MOST_TILES:
        raise _broken()
    return Codestream(
        rows=height - top,
        columns=width - left,
        components=components,
        bits=(depth & 0x7F) + 1,
        signed=bool(depth & 0x80),
        lossless=_wavelet(data) == _REVERSIBLE,
    )


def _wavelet(data: bytes) -> int:
    """The transformation that the COD marker names: 1 is the reversible 5-3, 0 the irreversible 9-7."""
    position = 2
    while position + 4 <= len(data):
        marker, length = struct.unpack_from(">HH", data, position)
        if marker == _COD and position + 13 < len(data):
            return data[position + 13]
        if marker == _SOT or length < 2:
            break
        position += 2 + length
    raise _broken()


def _broken() -> ReadError:
    return ReadError("a compressed picture has no valid head", code="decode-failed")
