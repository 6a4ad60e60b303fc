"""Whether the directory of a TIFF is whole: a file that was cut off would else open as fewer pages than it had."""

from __future__ import annotations

import struct
from typing import BinaryIO

from bonemetrics.errors import ReadError

_PRIVATE = 32_768
"""Tags from here on are of vendors; what these point to is not read."""
_TYPE_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}


def require_whole_directory(file: BinaryIO, size: int, most_pages: int) -> None:
    """Follow the pages of a classic or Big TIFF by their offsets.

    Parameters
    ----------
    file, size
        Open file, whose position is put back to its beginning, and its bytes.
    most_pages
        More are not followed.

    Raises
    ------
    ReadError
        `truncated-file` where a page or the value of one of its tags lies beyond the end of the file;
        `malformed-header` where pages follow each other in a circle.
    """
    head = _read(file, size, 0, 16)
    order = "<" if head[:2] == b"II" else ">"
    is_big = struct.unpack(f"{order}H", head[2:4])[0] == 43
    offset = struct.unpack(f"{order}{'Q' if is_big else 'I'}", head[8:16] if is_big else head[4:8])[0]
    seen: set[int] = set()
    while offset and len(seen) <= most_pages:
        if offset in seen:
            raise ReadError("pages of the TIFF follow each other in a circle", code="malformed-header")
        seen.add(offset)
        offset = _next_page(file, size, offset, order, is_big)


def _next_page(file: BinaryIO, size: int, offset: int, order: str, is_big: bool) -> int:
    count_bytes, entry_bytes, inside = (8, 20, 8) if is_big else (2, 12, 4)
    count = struct.unpack(f"{order}{'Q' if is_big else 'H'}", _read(file, size, offset, count_bytes))[0]
    first = offset + count_bytes
    entries = _read(file, size, first, min(count, 4096) * entry_bytes)
    form = f"{order}HH{'QQ' if is_big else 'II'}"
    for tag, kind, number, value in struct.iter_unpack(form, entries):
        length = number * _TYPE_BYTES.get(kind, 1)
        if tag < _PRIVATE and length > inside and value + length > size:
            raise ReadError("the TIFF ends before its description does", code="truncated-file")
    last = _read(file, size, first + count * entry_bytes, inside)
    return int(struct.unpack(f"{order}{'Q' if is_big else 'I'}", last)[0])


def _read(file: BinaryIO, size: int, offset: int, length: int) -> bytes:
    if offset + length > size:
        raise ReadError("the TIFF ends before its last page does", code="truncated-file")
    file.seek(offset)
    data = file.read(length)
    file.seek(0)
    return data
