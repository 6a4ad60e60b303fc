"""DICOM RLE: PackBits segments, one per byte of a pixel, most significant first; bounded by the picture's size."""

from __future__ import annotations

import struct

import numpy as np
import numpy.typing as npt

from bonemetrics.errors import ReadError
from bonemetrics.readers.facts import PixelLayout

_HEAD = 64


def decode_rle(data: bytes, layout: PixelLayout) -> npt.NDArray[np.unsignedinteger]:
    """Decode one picture (rows, columns).

    Raises
    ------
    ReadError
        `decode-failed` where the segments do not make exactly one picture.
    """
    if len(data) < _HEAD:
        raise ReadError("a run-length coded picture has no head", code="decode-failed")
    count, *offsets = struct.unpack_from("<16I", data)
    size = layout.bits_allocated // 8
    starts = [*offsets[:count], len(data)] if count == size else []
    if len(starts) != size + 1 or starts != sorted(starts) or starts[0] < _HEAD:
        raise ReadError(f"{count} run-length segments for {size} bytes a pixel", code="decode-failed")
    pixels = layout.rows * layout.columns
    planes = np.empty((pixels, size), dtype=np.uint8)
    for number in range(size):
        planes[:, size - 1 - number] = _unpack(data[starts[number] : starts[number + 1]], pixels)
    return planes.view(f"<u{size}").reshape(layout.rows, layout.columns)


def _unpack(packed: bytes, wanted: int) -> npt.NDArray[np.uint8]:
    """PackBits, at most `wanted` bytes; what follows a full segment may only be one byte of padding."""
    pieces: list[bytes] = []
    position = made = 0
    while made < wanted and position < len(packed):
        control = packed[position]
        if control < 128:
            piece = packed[position + 1 : position + 2 + control]
            position += 2 + control
        elif control > 128:
            piece = packed[position + 1 : position + 2] * (257 - control)
            position += 2
        else:
            piece = b""
            position += 1
        pieces.append(piece)
        made += len(piece)
    if made != wanted or len(packed) - position > 1:
        raise ReadError(
            f"a run-length segment makes {'more' if made >= wanted else 'fewer'} than {wanted} bytes",
            code="decode-failed",
        )
    return np.frombuffer(b"".join(pieces), dtype=np.uint8)
