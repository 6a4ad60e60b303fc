"""Compressed pixel data: one byte string per picture, from the fragments of the file."""

from __future__ import annotations

import struct

from bonemetrics.errors import ReadError
from bonemetrics.readers.elements import ITEM, SEQUENCE_END, UNDEFINED

_MOST_FRAGMENTS = 1_000_000


def compressed_frames(data: bytes, start: int, count: int) -> list[bytes]:
    """The compressed pictures of a file.

    Parameters
    ----------
    data
        The whole file.
    start
        Where the value of the pixel data begins.
    count
        Number of pictures by the header.

    Raises
    ------
    ReadError
        `truncated-file`, `malformed-header`, or `decode-failed` where fragments cannot be told to pictures.
    """
    table, *fragments = _fragments(data, start)
    if count == 1:
        return [b"".join(data[first:last] for first, last in fragments)]
    if len(fragments) == count:
        return [data[first:last] for first, last in fragments]
    offsets = list(struct.unpack(f"<{(table[1] - table[0]) // 4}I", data[table[0] : table[1] & ~3]))
    return _by_offsets(data, fragments, offsets, count)


def breaks_off(data: bytes, start: int) -> bool:
    """Whether a file ends within a fragment of its compressed pixel data.

    A file that ends behind a whole fragment, without the end mark, does not: some writers leave the mark out.

    Parameters
    ----------
    data
        The whole file.
    start
        Where the value of the pixel data begins.
    """
    position = start
    for _ in range(_MOST_FRAGMENTS):
        if position == len(data):
            return False
        if position + 8 > len(data):
            return True
        group, number, length = struct.unpack_from("<HHI", data, position)
        if group << 16 | number != ITEM or length == UNDEFINED:
            return False
        position += 8 + length
        if position > len(data):
            return True
    return False


def _fragments(data: bytes, start: int) -> list[tuple[int, int]]:
    """First and last byte of each item, the offset table being the first."""
    found: list[tuple[int, int]] = []
    position = start
    while position + 8 <= len(data) and len(found) < _MOST_FRAGMENTS:
        group, number, length = struct.unpack_from("<HHI", data, position)
        tag = group << 16 | number
        if tag == SEQUENCE_END:
            if len(found) < 2:
                raise ReadError("the pixel data hold no picture", code="decode-failed")
            return found
        if tag != ITEM or length == UNDEFINED:
            raise ReadError("the compressed pixel data are not a list of fragments", code="malformed-header")
        if position + 8 + length > len(data):
            break
        found.append((position + 8, position + 8 + length))
        position += 8 + length
    raise ReadError("the file ends within its compressed pixel data", code="truncated-file")


def _by_offsets(data: bytes, fragments: list[tuple[int, int]], offsets: list[int], count: int) -> list[bytes]:
    base = fragments[0][0] - 8
    starts = [first - 8 - base for first, _ in fragments]
    if len(offsets) != count or offsets != sorted(set(offsets)) or not set(offsets) <= set(starts):
        raise ReadError(
            f"{len(fragments)} fragments for {count} pictures and no offset table that tells them apart",
            code="decode-failed",
        )
    frames = []
    for first, after in zip(offsets, [*offsets[1:], starts[-1] + 1], strict=True):
        chosen = [part for part, begin in zip(fragments, starts, strict=True) if first <= begin < after]
        frames.append(b"".join(data[begin:end] for begin, end in chosen))
    return frames
