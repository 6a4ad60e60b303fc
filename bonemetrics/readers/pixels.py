"""Stored values of a file's pictures, whatever the transfer syntax."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from bonemetrics.errors import ReadError
from bonemetrics.readers.decode import CODINGS, decode
from bonemetrics.readers.dicom_file import BIG_ENDIAN, DEFLATED, EXPLICIT, IMPLICIT, inflate, read_meta
from bonemetrics.readers.encapsulated import compressed_frames
from bonemetrics.readers.facts import FileFacts, PixelLayout
from bonemetrics.readers.files import open_regular, read_range, require_unchanged
from bonemetrics.readers.native import TakeFrame, read_native, require_pixel_length, stored_type
from bonemetrics.records import Problem, note

_NATIVE = frozenset({IMPLICIT, EXPLICIT, BIG_ENDIAN, DEFLATED})


def require_readable(files: Sequence[FileFacts], *, allow_lossy: bool) -> list[Problem]:
    """Refuse pixels that cannot or must not be read, before any is touched.

    Returns
    -------
    list
        A note where lossy pixels are allowed.

    Raises
    ------
    ReadError
        `unsupported-transfer-syntax`, `lossy-compression`, `pixel-length-mismatch`, `unsupported-pixels` or
        `malformed-header`.
    """
    for facts in files:
        if facts.transfer_syntax in _NATIVE:
            require_pixel_length(facts)
            _require_whole_words(facts)
        elif facts.transfer_syntax not in CODINGS:
            raise ReadError("the transfer syntax is none that is read", code="unsupported-transfer-syntax")
        elif facts.pixels.length is not None:
            raise ReadError("compressed pixels that are not in fragments", code="malformed-header")
    lossy = sum(_is_lossy(facts) for facts in files)
    if not lossy:
        return []
    if not allow_lossy:
        raise ReadError(
            f"{lossy} of {len(files)} files were compressed with loss; fetch the originals", code="lossy-compression"
        )
    return [note("lossy-allowed", f"{lossy} of {len(files)} files were compressed with loss")]


def _require_whole_words(facts: FileFacts) -> None:
    """Refuse single bytes that were written as big-endian words: neighbours stand the wrong way round."""
    if not facts.little and facts.layout.bits_allocated == 8 and facts.pixels.vr == b"OW":
        raise ReadError(
            "8-bit pixels in big-endian words of 16 bits; export without big endian", code="unsupported-pixels"
        )


def _is_lossy(facts: FileFacts) -> bool:
    """By the header: stated, or a syntax that may be lossy and is not stated to be without loss."""
    stated = facts.shared.lossy
    if stated is not None:
        return stated
    return facts.transfer_syntax in CODINGS and not CODINGS[facts.transfer_syntax].always_lossless


def read_pixels(facts: FileFacts, take: TakeFrame, *, allow_lossy: bool) -> bytes:
    """Hand each picture of a file to `take`, and return the file's sha256 digest.

    Parameters
    ----------
    facts
        The file.
    take
        Is given the number of the picture in its file and its stored values, bits above BitsStored cleared.
    allow_lossy
        Whether lossy pictures are decoded.

    Raises
    ------
    ReadError
        Where the pixels cannot be read whole.
    """

    def take_clean(frame: int, stored: npt.NDArray[np.integer[Any]]) -> None:
        take(frame, significant_bits(stored, facts.layout))

    if facts.transfer_syntax == DEFLATED:
        return _read_deflated(facts, take_clean)
    if facts.transfer_syntax in _NATIVE:
        return read_native(facts, take_clean)
    data = _whole(facts)
    pictures = compressed_frames(data, facts.pixels.start, len(facts.frames))
    for frame, picture in enumerate(pictures):
        take_clean(frame, decode(picture, facts.layout, facts.transfer_syntax, allow_lossy=allow_lossy))
    return hashlib.sha256(data).digest()


def significant_bits(stored: npt.NDArray[np.integer[Any]], layout: PixelLayout) -> npt.NDArray[np.integer[Any]]:
    """Values of the lowest BitsStored bits, signed as the header says.

    Overlays or rubbish above BitsStored are cleared, and compressed values get the header's sign.
    """
    all_bits = layout.bits_stored == 8 * stored.itemsize
    if all_bits and (stored.dtype.kind == "i") == layout.signed:
        return stored
    span = 1 << layout.bits_stored
    low, high = (-span // 2, span // 2 - 1) if layout.signed else (0, span - 1)
    if stored.min() >= low and stored.max() <= high:
        return stored
    bits = stored.astype(np.int64) & (span - 1)
    if layout.signed:
        bits -= (bits > high) * np.int64(span)
    return bits.astype(stored_type(layout, little=True))


def _whole(facts: FileFacts) -> bytes:
    with open_regular(facts.path) as (descriptor, stamp):
        data = read_range(descriptor, 0, facts.stamp.size)
        require_unchanged(descriptor, stamp)
    if stamp != facts.stamp or hashlib.sha256(data[: facts.digest_bytes]).digest() != facts.digest:
        raise ReadError("the file changed since its header was read", code="changed-while-reading")
    return data


def _read_deflated(facts: FileFacts, take: TakeFrame) -> bytes:
    data, layout, pixels = _whole(facts), facts.layout, facts.pixels
    size = layout.frame_bytes * len(facts.frames)
    inflated, _ = inflate(data[read_meta(data, len(data))[1] :], pixels.start + size)
    if len(inflated) < pixels.start + size:
        raise ReadError("the file ends within its pixel data", code="truncated-file")
    stored = np.frombuffer(inflated, dtype=stored_type(layout, little=True), offset=pixels.start, count=-1)
    frames = stored[: size // stored.itemsize].reshape(len(facts.frames), layout.rows, layout.columns)
    for number, frame in enumerate(frames):
        take(number, frame)
    return hashlib.sha256(data).digest()
