"""Stored values of a file's pictures, whatever the transfer syntax."""

from __future__ import annotations

from collections.abc import Sequence

from bonemetrics.errors import ReadError
from bonemetrics.readers.dicom_file import BIG_ENDIAN, EXPLICIT, IMPLICIT
from bonemetrics.readers.facts import FileFacts
from bonemetrics.readers.native import TakeFrame, read_native, require_pixel_length
from bonemetrics.records import Problem, note

_NATIVE = frozenset({IMPLICIT, EXPLICIT, BIG_ENDIAN})


def require_readable(files: Sequence[FileFacts], *, allow_lossy: bool) -> list[Problem]:
    """Refuse pixels that cannot or must not be read, before any is touched.

    Raises
    ------
    ReadError
        `unsupported-transfer-syntax`, `lossy-compression`, `pixel-length-mismatch`.
    """
    for facts in files:
        if facts.transfer_syntax not in _NATIVE:
            raise ReadError("the pixels are coded in a way that is not read", code="unsupported-transfer-syntax")
        require_pixel_length(facts)
    lossy = sum(facts.lossy for facts in files)
    if not lossy:
        return []
    if not allow_lossy:
        raise ReadError(f"{lossy} of {len(files)} files were compressed with loss", code="lossy-compression")
    return [note("lossy-allowed", f"{lossy} of {len(files)} files were compressed with loss")]


def read_pixels(facts: FileFacts, take: TakeFrame) -> bytes:
    """Hand each picture of a file to `take`, and return the file's sha256 digest."""
    return read_native(facts, take)
