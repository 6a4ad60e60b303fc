"""One DICOM file up to its pixels: transfer syntax, elements, and where the pixels lie."""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass, replace
from pathlib import Path

from bonemetrics.errors import ReadError
from bonemetrics.readers.elements import PIXEL_DATA, UNDEFINED, Elements, MoreBytesError, Walker
from bonemetrics.readers.encapsulated import breaks_off
from bonemetrics.readers.files import Stamp, open_regular, read_range, require_unchanged
from bonemetrics.readers.limits import MAX_HEADER_BYTES
from bonemetrics.readers.values import text

IMPLICIT, EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
DEFLATED, BIG_ENDIAN = "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2"
_TRANSFER_SYNTAX = 0x00020010
_META_START = 132
_FIRST_WINDOW = 16_384
_FIRST_GROUPS = frozenset({0x0002, 0x0008})
_LONGEST_FIRST = 256
_ITEM_GROUP = 0xFFFE
_PROGRAMS = (b"MZ", b"\x7fELF", b"#!", b"PK", b"%PDF", b"\xcf\xfa\xed\xfe", b"\xfe\xed\xfa\xcf", b"\xca\xfe\xba\xbe")


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelPlace:
    """Where the pixel data lie: offset in bytes from the file's start, or in the inflated data set where deflated.

    `length` is `None` where the pixels are encapsulated.
    """

    start: int
    length: int | None
    vr: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class DicomHead:
    """The header of one file. `digest` is the sha256 of its first `digest_bytes` bytes, to know it again by."""

    stamp: Stamp
    transfer_syntax: str
    elements: Elements
    pixels: PixelPlace | None
    digest: bytes
    digest_bytes: int
    preamble_program: bool
    trailing: bool
    problem: ReadError | None


def is_dicom(head: bytes) -> bool:
    """Whether the first bytes of a file carry the DICOM mark."""
    return head[128:132] == b"DICM"


def read_head(path: Path) -> DicomHead | bytes:
    """Read the header of a DICOM file and nothing of its pixels (a deflated file is inflated within bounds).

    Parameters
    ----------
    path
        A regular file.

    Returns
    -------
    DicomHead or bytes
        With what was read before the header broke off in `elements`, and why it did in `problem`; for a file that
        is not DICOM, its first bytes.

    Raises
    ------
    ReadError
        Where not even the transfer syntax can be read, the file cannot be opened, or holds DICOM elements without
        the head of a DICOM file.
    """
    with open_regular(path) as (descriptor, stamp):
        window = read_range(descriptor, 0, min(_FIRST_WINDOW, stamp.size))
        if not is_dicom(window):
            _require_no_bare_data_set(window)
            return window
        while True:
            try:
                head = _parse(window, stamp)
                break
            except MoreBytesError as more:
                window = read_range(descriptor, 0, _next_window(more.position, len(window), stamp.size))
        if head.pixels is not None and head.transfer_syntax != DEFLATED:
            head = _with_tail(head, descriptor)
        require_unchanged(descriptor, stamp)
    return head


def head_of(data: bytes) -> DicomHead:
    """The header of a DICOM file that is already in memory.

    Parameters
    ----------
    data
        The whole file.

    Returns
    -------
    DicomHead
        With what was read before the header broke off in `elements`, and why it did in `problem`.

    Raises
    ------
    ReadError
        Where not even the transfer syntax can be read, or the data are no DICOM file (`unknown-format`).
    """
    if not is_dicom(data):
        _require_no_bare_data_set(data)
        raise ReadError("not a DICOM file", code="unknown-format")
    try:
        head = _parse(data, Stamp(len(data), 0))
    except MoreBytesError:
        raise ReadError("the file ends within its header", code="truncated-file") from None
    pixels = head.pixels
    if pixels is None or head.transfer_syntax == DEFLATED or head.problem is not None:
        return head
    if breaks_off(data, pixels.start) if pixels.length is None else pixels.start + pixels.length > len(data):
        return replace(head, problem=ReadError("the file ends within its pixel data", code="truncated-file"))
    return head


def _require_no_bare_data_set(window: bytes) -> None:
    """Refuse a DICOM data set that lacks the file head: what it holds and how it is coded would be a guess."""
    for explicit in (True, False):
        walker = Walker(window, len(window), explicit=explicit, little=True)
        try:
            first, place = walker.head(0, explicit)
            second, after = walker.head(place.start + place.length, explicit)
        except (ReadError, MoreBytesError):
            continue
        whole = place.length <= _LONGEST_FIRST and after.length <= _LONGEST_FIRST
        if whole and first < second and first >> 16 in _FIRST_GROUPS and second >> 16 in _FIRST_GROUPS:
            raise ReadError(
                "DICOM elements without the 128 bytes and the mark that begin a DICOM file; export the file again",
                code="malformed-header",
            )


def _next_window(needed: int, had: int, size: int) -> int:
    wanted = min(max(needed + _FIRST_WINDOW, 2 * had), size)
    if wanted <= had:
        raise ReadError("the file ends within its header", code="truncated-file")
    if wanted > 2 * MAX_HEADER_BYTES:
        raise ReadError(f"the header is longer than {2 * MAX_HEADER_BYTES} bytes", code="too-large")
    return wanted


def _parse(window: bytes, stamp: Stamp) -> DicomHead:
    syntax, start = read_meta(window, stamp.size)
    if syntax == DEFLATED:
        if len(window) < stamp.size:
            raise MoreBytesError(stamp.size)
        return _parse_deflated(window, start, stamp)
    elements = Elements(window, explicit=syntax != IMPLICIT, little=syntax != BIG_ENDIAN)
    problem = _walk(elements, start, stamp.size, stamp.size)
    pixels = _pixel_place(elements)
    until = pixels.start if pixels else min(len(window), stamp.size)
    return DicomHead(
        stamp=stamp,
        transfer_syntax=syntax,
        elements=elements,
        pixels=pixels,
        digest=hashlib.sha256(window[:until]).digest(),
        digest_bytes=until,
        preamble_program=window.startswith(_PROGRAMS),
        trailing=False,
        problem=problem,
    )


def read_meta(window: bytes, size: int) -> tuple[str, int]:
    """Transfer syntax and start of the data set. Group 2 is always explicit little endian.

    Parameters
    ----------
    window
        The file from its start on.
    size
        Size of the whole file in bytes.

    Raises
    ------
    ReadError
        `truncated-file`, `malformed-header`, `duplicate-element` or `missing-header-value`.
    """
    walker = Walker(window, size, explicit=True, little=True)
    meta = Elements(window, explicit=True, little=True)
    position = _META_START
    while position + 2 <= size and window[position : position + 2] == b"\x02\x00":
        tag, place = walker.head(position, explicit=True)
        position = place.start + place.length
        if position > len(window):
            code = "truncated-file" if position > size else "malformed-header"
            raise ReadError("the meta header is broken", code=code)
        if tag in meta.index:
            raise ReadError("an element of the meta header stands twice", code="duplicate-element")
        meta.index[tag] = place
    syntax = text(meta, _TRANSFER_SYNTAX)
    if position >= size:
        raise ReadError("the file ends after its meta header", code="truncated-file")
    if not syntax:
        raise ReadError("the file names no transfer syntax", code="missing-header-value")
    return syntax, position


def _walk(elements: Elements, start: int, stop: int, total: int) -> ReadError | None:
    try:
        _require_byte_order(elements, start)
        Walker(elements.data, total, elements.explicit, elements.little).elements(start, stop, elements)
    except ReadError as error:
        return error
    return None


def _require_byte_order(elements: Elements, start: int) -> None:
    """Refuse a transfer syntax that the first element contradicts."""
    first = elements.data[start : start + 6]
    if len(first) < 6:
        return
    group = int.from_bytes(first[:2], "little" if elements.little else "big")
    if group > 0xFF and first[0 if elements.little else 1] == 0:
        raise ReadError("the byte order is not the one that the transfer syntax names", code="malformed-header")
    if not elements.explicit and first[4:6].isalpha() and first[4:6].isupper() and group <= 0x0010:
        raise ReadError("elements carry types although the transfer syntax has none", code="malformed-header")


def _pixel_place(elements: Elements) -> PixelPlace | None:
    place = elements.index.get(PIXEL_DATA)
    if place is None:
        return None
    return PixelPlace(start=place.start, length=None if place.length == UNDEFINED else place.length, vr=place.vr)


def _with_tail(head: DicomHead, descriptor: int) -> DicomHead:
    """Check the pixel data against the file's end, and look whether what follows them is an element."""
    pixels, size = head.pixels, head.stamp.size
    if pixels is None or pixels.length is None or head.problem is not None:
        return head
    end = pixels.start + pixels.length
    if end > size:
        return replace(head, problem=ReadError("the file ends within its pixel data", code="truncated-file"))
    if end == size:
        return head
    tail = read_range(descriptor, end, min(end + 12, size))
    return replace(head, trailing=not _is_later_element(tail, size - end, head.elements))


def _is_later_element(tail: bytes, left: int, elements: Elements) -> bool:
    """Whether the bytes after the pixels begin an element that belongs there, such as a private group or padding."""
    try:
        tag, place = Walker(tail, left, elements.explicit, elements.little).head(0, elements.explicit)
    except (ReadError, MoreBytesError):
        return False
    return (
        tag > PIXEL_DATA
        and tag >> 16 < _ITEM_GROUP
        and (place.length == UNDEFINED or place.start + place.length <= left)
    )


def _parse_deflated(window: bytes, start: int, stamp: Stamp) -> DicomHead:
    data, problem = b"", None
    wanted = 1 << 20
    while True:
        data, whole = inflate(window[start:], wanted)
        elements = Elements(data, explicit=True, little=True)
        try:
            problem = _walk(elements, 0, len(data) if whole else 1 << 62, len(data) if whole else 1 << 62)
            break
        except MoreBytesError as more:
            wanted = max(more.position + _FIRST_WINDOW, 2 * wanted)
            if wanted > 2 * MAX_HEADER_BYTES:
                problem = ReadError("the deflated header is too long", code="too-large")
                break
    return DicomHead(
        stamp=stamp,
        transfer_syntax=DEFLATED,
        elements=elements,
        pixels=_pixel_place(elements),
        digest=hashlib.sha256(window).digest(),
        digest_bytes=len(window),
        preamble_program=window.startswith(_PROGRAMS),
        trailing=False,
        problem=problem,
    )


def inflate(packed: bytes, wanted: int) -> tuple[bytes, bool]:
    """Inflate at most `wanted` bytes of a raw deflate stream.

    Returns
    -------
    tuple
        The bytes, and whether the stream ended within them.

    Raises
    ------
    ReadError
        `decode-failed` where the stream is damaged.
    """
    machine = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        data = machine.decompress(packed, wanted)
    except zlib.error:
        raise ReadError("the deflated data set is damaged", code="decode-failed") from None
    if not machine.eof and len(data) < wanted:
        raise ReadError("the deflated data set breaks off", code="truncated-file")
    return data, machine.eof
