"""The record stream of Hologic P and R files: type, length and payload, one after the other."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa.source import MAX_DXA_BYTES

_HEAD = struct.Struct("<HI")
_END = 0
_MAX_RECORDS = 20_000
_MAX_TYPE = 4096
"""Real files use types below 1400; a greater one is a sign of another format."""


@dataclass(frozen=True, slots=True)
class Found:
    """One record: its type, and where its payload lies in the file."""

    kind: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Records:
    """All records of a file, in order."""

    data: bytes
    found: tuple[Found, ...]

    def kinds(self) -> set[int]:
        """The types that occur."""
        return {record.kind for record in self.found}

    def payload(self, kind: int) -> bytes | None:
        """Payload of the record of this type, `None` where there is none.

        Raises
        ------
        ReadError
            `malformed-document` where two records of the type contradict each other.
        """
        payloads = {self.data[record.start : record.end] for record in self.found if record.kind == kind}
        if len(payloads) > 1:
            raise ReadError(f"record {kind} stands twice, with different contents", code="malformed-document")
        return payloads.pop() if payloads else None

    def text(self, kind: int) -> str:
        """A text in UTF-16, up to the first NUL; empty where the record is absent."""
        payload = self.payload(kind) or b""
        try:
            return payload.decode("utf-16-le").split("\x00")[0].strip()
        except UnicodeDecodeError as error:
            raise ReadError(f"record {kind} holds no text", code="malformed-document") from error

    def stamp(self, kind: int) -> str:
        """Date and time, which alone are written in ASCII."""
        payload = self.payload(kind) or b""
        try:
            return payload.split(b"\x00")[0].decode("ascii").strip()
        except UnicodeDecodeError as error:
            raise ReadError(f"record {kind} holds no date", code="malformed-document") from error

    def integer(self, kind: int) -> int | None:
        """A whole number of 4 bytes."""
        payload = self._sized(kind, 4)
        return None if payload is None else int(struct.unpack("<i", payload)[0])

    def number(self, kind: int) -> float | None:
        """A number of 8 bytes."""
        payload = self._sized(kind, 8)
        return None if payload is None else float(struct.unpack("<d", payload)[0])

    def _sized(self, kind: int, size: int) -> bytes | None:
        payload = self.payload(kind)
        if payload is not None and len(payload) != size:
            raise ReadError(f"record {kind} has {len(payload)} bytes, not {size}", code="malformed-document")
        return payload


def read_records(data: bytes) -> Records:
    """Take a P or R file apart.

    Its lengths may count the six bytes of a record's head or not; that which ends with a record of type 0 on the last
    byte of the file is the right one. The two ends differ (`00 00 06 00 00 00` against six zeros), so never both do.

    Parameters
    ----------
    data
        The file; a zero byte behind its end, as DICOM adds one to data of odd length, is passed over.

    Raises
    ------
    ReadError
        `truncated-file` or `malformed-document` where neither fits, `too-large`.
    """
    if len(data) > MAX_DXA_BYTES:
        raise ReadError(f"a file of {len(data)} bytes; the limit is {MAX_DXA_BYTES}", code="too-large")
    for head in (0, _HEAD.size):
        found = tuple(_walk(data, head))
        if len(found) > 1 and found[-1].kind == _END and data[found[-1].end :] in (b"", b"\x00"):
            return Records(data, found[:-1])
    if _plausible(data):
        raise ReadError("the file ends before its last record does; fetch it anew", code="truncated-file")
    raise ReadError("no stream of records with either way of counting lengths", code="malformed-document")


def starts_like_records(start: bytes) -> bool:
    """Whether the first bytes of a file are records: three in a row that fit, or all that there are."""
    return _plausible(start)


def _plausible(data: bytes) -> bool:
    for head in (0, _HEAD.size):
        found = []
        for record in _walk(data, head):
            found.append(record)
            if len(found) == 3:
                return True
        if len(found) > 1 and found[-1].kind == _END and data[found[-1].end :] in (b"", b"\x00"):
            return True
    return False


def _walk(data: bytes, head: int) -> Iterator[Found]:
    """Records while they fit; `head` is what a stated length leaves out of a record's size."""
    place = 0
    for _ in range(_MAX_RECORDS):
        if place + _HEAD.size > len(data):
            return
        kind, stated = _HEAD.unpack_from(data, place)
        size = stated + head
        if size < _HEAD.size or place + size > len(data) or kind > _MAX_TYPE:
            return
        yield Found(kind, place + _HEAD.size, place + size)
        place += size
        if kind == _END:
            return
    raise ReadError(f"more than {_MAX_RECORDS} records", code="too-large")
