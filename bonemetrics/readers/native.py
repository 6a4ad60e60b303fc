"""Uncompressed pictures, read one after the other while the file's sha256 is taken, through one small buffer."""

from __future__ import annotations

import hashlib
import io
import os
import threading
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from bonemetrics.errors import ReadError
from bonemetrics.readers.facts import FileFacts, PixelLayout
from bonemetrics.readers.files import open_regular, require_unchanged

TakeFrame = Callable[[int, npt.NDArray[np.integer]], None]
"""Called with the number of a frame in its file and its stored values (rows, columns), valid only in the call."""

_CHUNK = 1 << 20


def stored_type(layout: PixelLayout, *, little: bool) -> np.dtype[np.integer]:
    """The numpy type of stored values as they lie in a file."""
    letter = "i" if layout.signed else "u"
    return np.dtype(f"{'<' if little else '>'}{letter}{layout.bits_allocated // 8}")


_own = threading.local()


def _buffer(size: int) -> bytearray:
    """The thread's own buffer for one picture; kept from file to file, since fresh memory costs more than reading."""
    if len(getattr(_own, "buffer", b"")) != size:
        _own.buffer = bytearray(size)
    buffer: bytearray = _own.buffer
    return buffer


def read_native(facts: FileFacts, take: TakeFrame) -> bytes:
    """Read an uncompressed file once, hand each picture to `take`, and return the file's sha256 digest.

    Raises
    ------
    ReadError
        `changed-while-reading`, `pixel-length-mismatch` or `truncated-file`.
    """
    require_pixel_length(facts)
    layout = facts.layout
    buffer = _buffer(layout.frame_bytes)
    stored = np.frombuffer(buffer, dtype=stored_type(layout, little=facts.little)).reshape(layout.rows, layout.columns)
    with open_regular(facts.path) as (descriptor, stamp):
        digest = hash_head(descriptor, facts)
        if stamp != facts.stamp:
            raise ReadError("the file changed since its header was read", code="changed-while-reading")
        for frame in range(len(facts.frames)):
            fill(descriptor, memoryview(buffer))
            digest.update(buffer)
            take(frame, stored)
        hash_rest(descriptor, digest)
        require_unchanged(descriptor, facts.stamp)
    return digest.digest()


def require_pixel_length(facts: FileFacts) -> None:
    """Refuse pixel data whose length does not fit the header; one byte of padding is legal.

    Raises
    ------
    ReadError
        `pixel-length-mismatch`.
    """
    expected = facts.layout.frame_bytes * len(facts.frames)
    found = facts.pixels.length
    if found is None or found not in (expected, expected + expected % 2):
        raise ReadError(
            f"{found} bytes of pixels, but rows, columns, frames and bits make {expected}",
            code="pixel-length-mismatch",
        )


def hash_head(descriptor: int, facts: FileFacts) -> hashlib._Hash:
    """The sha256 so far of an open file whose header is still the one that `facts` came from.

    Raises
    ------
    ReadError
        `changed-while-reading`.
    """
    head = bytearray(facts.digest_bytes)
    fill(descriptor, memoryview(head))
    digest = hashlib.sha256(head)
    if digest.digest() != facts.digest:
        raise ReadError("the file's header changed since it was read", code="changed-while-reading")
    return digest


def hash_rest(descriptor: int, digest: hashlib._Hash) -> None:
    """Take the rest of an open file into `digest`."""
    while piece := os.read(descriptor, _CHUNK):
        digest.update(piece)


def fill(descriptor: int, buffer: memoryview) -> None:
    """Read until `buffer` is full.

    Raises
    ------
    ReadError
        `truncated-file`.
    """
    raw, done = io.FileIO(descriptor, closefd=False), 0
    while done < len(buffer):
        count = raw.readinto(buffer[done:])
        if not count:
            raise ReadError("the file ends within its pixel data", code="truncated-file")
        done += count
