"""Compressed streams of a PDF: none may be damaged, and none may unfold without bound."""

from __future__ import annotations

import re
import zlib

from bonemetrics.errors import ReadError

MAX_STREAM_BYTES = 256 << 20
"""Unfolded size that no page, picture or font of a report comes near."""
MAX_CHECKED_BYTES = 1 << 30
_CHUNK = 1 << 20
_STREAM = re.compile(rb">>\s{0,4}stream\r?\n(?=[\x08\x18\x28\x38\x48\x58\x68\x78])")
_FLATE = rb"/(?:Flate|LZW|Fl\b|RunLength|RL\b)"
_TWICE = re.compile(rb"/F(?:ilter)?\s{0,8}\[[^\[\]]{0,200}" + _FLATE + rb"[^\[\]]{0,200}" + _FLATE)


def check_streams(data: bytes) -> None:
    """Unfold every zlib stream of a PDF once, for its own checksum.

    The library that draws pages takes what it can get of a damaged stream, so that digits could change unseen.

    Raises
    ------
    ReadError
        `malformed-document` for a damaged stream, `unsafe-document` for one that unfolds beyond any report.
    """
    if b"/Encrypt" in data:
        return
    if _TWICE.search(data):
        raise ReadError("a stream of the document is packed more than once", code="unsafe-document")
    total = 0
    for found in _STREAM.finditer(data):
        start = found.end()
        if int.from_bytes(data[start : start + 2], "big") % 31:
            continue
        total += _unfolded(data, start)
        if total > MAX_CHECKED_BYTES:
            raise ReadError("the streams of the document unfold beyond any report", code="unsafe-document")


def _unfolded(data: bytes, start: int) -> int:
    unfold = zlib.decompressobj()
    size, place = 0, start
    try:
        while not unfold.eof and place < len(data):
            size += len(unfold.decompress(unfold.unconsumed_tail or data[place : place + _CHUNK], _CHUNK))
            if not unfold.unconsumed_tail:
                place += _CHUNK
            if size > MAX_STREAM_BYTES:
                raise ReadError("a stream of the document unfolds beyond any report", code="unsafe-document")
    except zlib.error:
        raise ReadError("a compressed stream of the document is damaged", code="malformed-document") from None
    return size
