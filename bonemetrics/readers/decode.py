"""Compressed pictures to stored values: what each transfer syntax is, and the decoder that reads it.

The head of each compressed picture is compared with the file's header before a decoder is called, so that no decoder
allocates for a size that the header does not name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bonemetrics.errors import ReadError
from bonemetrics.readers.codestream import Codestream, jpeg_2000_head, jpeg_head
from bonemetrics.readers.facts import PixelLayout
from bonemetrics.readers.limits import MAX_BYTES_PER_COMPRESSED_BYTE
from bonemetrics.readers.rle import decode_rle

_LARGE_PICTURE = 4 << 20
_END_OF_PICTURE = b"\xff\xd9"
Picture = npt.NDArray[np.integer]


@dataclass(frozen=True, slots=True)
class Coding:
    """A compressed transfer syntax: how to read the head of a picture, which decoder, and whether it may be lossy."""

    head: Callable[[bytes], Codestream] | None
    decoder: str
    always_lossless: bool


_P = "1.2.840.10008.1.2."
RLE = Coding(None, "", always_lossless=True)
PLAIN = Coding(None, "", always_lossless=True)
CODINGS: dict[str, Coding] = {
    _P + "5": RLE,
    _P + "1.98": PLAIN,
    _P + "4.57": Coding(jpeg_head, "jpegsof3_decode", always_lossless=True),
    _P + "4.70": Coding(jpeg_head, "jpegsof3_decode", always_lossless=True),
    _P + "4.80": Coding(jpeg_head, "jpegls_decode", always_lossless=True),
    _P + "4.90": Coding(jpeg_2000_head, "jpeg2k_decode", always_lossless=True),
    _P + "4.201": Coding(jpeg_2000_head, "jpeg2k_decode", always_lossless=True),
    _P + "4.202": Coding(jpeg_2000_head, "jpeg2k_decode", always_lossless=True),
    _P + "4.50": Coding(jpeg_head, "jpeg8_decode", always_lossless=False),
    _P + "4.51": Coding(jpeg_head, "jpeg8_decode", always_lossless=False),
    _P + "4.81": Coding(jpeg_head, "jpegls_decode", always_lossless=False),
    _P + "4.91": Coding(jpeg_2000_head, "jpeg2k_decode", always_lossless=False),
    _P + "4.203": Coding(jpeg_2000_head, "jpeg2k_decode", always_lossless=False),
}
"""Compressed transfer syntaxes that are read; a lossy one only by option."""


def decode(data: bytes, layout: PixelLayout, transfer_syntax: str, *, allow_lossy: bool) -> Picture:
    """Decode one picture (rows, columns); the values still carry the bits as coded.

    Raises
    ------
    ReadError
        `decode-failed`, `codestream-mismatch`, `lossy-compression` or `too-large`.
    """
    coding = CODINGS[transfer_syntax]
    pixels = layout.rows * layout.columns
    if pixels > _LARGE_PICTURE and layout.frame_bytes > MAX_BYTES_PER_COMPRESSED_BYTE * len(data):
        raise ReadError(
            f"{len(data)} bytes claim to hold a picture of {layout.rows} × {layout.columns}", code="too-large"
        )
    if coding is PLAIN:
        return _plain(data, layout)
    if coding.head is None:
        return decode_rle(data, layout)
    head = coding.head(data)
    _require_agreement(head, layout)
    if not head.lossless and not allow_lossy:
        raise ReadError("the pictures were compressed with loss, whatever the header says", code="lossy-compression")
    # Decoders fill up what a cut stream lacks, or search for its end for seconds.
    if not data.rstrip(b"\0").endswith(_END_OF_PICTURE):
        raise ReadError("a compressed picture is cut off before its end mark", code="decode-failed")
    decoded = _call(coding.decoder, data)
    if decoded.shape != (layout.rows, layout.columns) or decoded.dtype.kind not in "iu":
        raise ReadError("the decoded picture has another size than the header names", code="codestream-mismatch")
    return decoded


def _plain(data: bytes, layout: PixelLayout) -> Picture:
    """A picture that lies in a fragment as it is, little endian; one byte of padding is legal."""
    size = layout.frame_bytes
    if len(data) not in (size, size + size % 2):
        raise ReadError(f"{len(data)} bytes in a fragment for a picture of {size}", code="decode-failed")
    letter = "i" if layout.signed else "u"
    stored = np.frombuffer(data, dtype=f"<{letter}{layout.bits_allocated // 8}", count=layout.rows * layout.columns)
    return stored.reshape(layout.rows, layout.columns)


def _call(decoder: str, data: bytes) -> Picture:
    import imagecodecs

    call: Callable[[bytes], Any] = getattr(imagecodecs, decoder)
    try:
        return np.asarray(call(data))
    except Exception as error:  # each decoder has error classes of its own
        raise ReadError(f"a compressed picture is damaged ({type(error).__name__})", code="decode-failed") from None


def _require_agreement(head: Codestream, layout: PixelLayout) -> None:
    same_size = (head.rows, head.columns, head.components) == (layout.rows, layout.columns, 1)
    # A signed header over fewer, unsigned bits leaves open which bit is the sign.
    sign_is_known = head.signed or not layout.signed or head.bits >= layout.bits_stored
    if not same_size or head.bits > layout.bits_allocated or not sign_is_known:
        raise ReadError(
            f"the compressed picture is {head.rows} × {head.columns} of {head.bits} bits, "
            f"the header says {layout.rows} × {layout.columns} of {layout.bits_stored} bits",
            code="codestream-mismatch",
        )
