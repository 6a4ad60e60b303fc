"""Opening files that may be anything: regular ones only, bounded, and the same from first to last byte."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bonemetrics.errors import ReadError
from bonemetrics.readers.limits import MAX_FILE_BYTES


@dataclass(frozen=True, slots=True)
class Stamp:
    """Size in bytes and time of last change, by which a file that is still growing shows itself."""

    size: int
    mtime_ns: int


@contextmanager
def open_regular(path: Path) -> Iterator[tuple[int, Stamp]]:
    """Open a regular file for reading without following a link or waiting on a pipe.

    Parameters
    ----------
    path
        The file.

    Yields
    ------
    tuple
        The file descriptor and the file's stamp.

    Raises
    ------
    ReadError
        `not-found`, `not-regular-file`, `unreadable-file`, or `too-large` above 8 GiB.
    """
    descriptor = _open(path)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise ReadError("not a regular file; links, pipes and devices are not read", code="not-regular-file")
        if status.st_size > MAX_FILE_BYTES:
            raise ReadError(f"the file has {status.st_size} bytes, at most {MAX_FILE_BYTES} are read", code="too-large")
        yield descriptor, Stamp(status.st_size, status.st_mtime_ns)
    finally:
        os.close(descriptor)


def _open(path: Path) -> int:
    # O_NONBLOCK keeps a FIFO from blocking for ever; Windows lacks both flags.
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        return os.open(path, flags | getattr(os, "O_CLOEXEC", 0))
    except FileNotFoundError:
        raise ReadError("no file at this path", code="not-found") from None
    except PermissionError:
        raise ReadError("the operating system does not let us read the file", code="unreadable-file") from None
    except (OSError, ValueError):
        if path.is_symlink():
            raise ReadError("a link, not a regular file; name the file itself", code="not-regular-file") from None
        raise ReadError("the file cannot be opened", code="unreadable-file") from None


def read_range(descriptor: int, start: int, stop: int) -> bytes:
    """Bytes [start, stop) of an open file, fewer only where the file ends."""
    try:
        os.lseek(descriptor, start, os.SEEK_SET)
        first = os.read(descriptor, stop - start)
        if len(first) == stop - start or not first:
            return first
        pieces = [first]
        while (missing := stop - start - sum(map(len, pieces))) > 0:
            piece = os.read(descriptor, missing)
            if not piece:
                break
            pieces.append(piece)
    except OSError:
        raise ReadError("the operating system cannot read the file to its end", code="unreadable-file") from None
    return b"".join(pieces)


def require_unchanged(descriptor: int, stamp: Stamp) -> None:
    """Refuse a file that was written to since `stamp` was taken.

    Raises
    ------
    ReadError
        `changed-while-reading`.
    """
    status = os.fstat(descriptor)
    if Stamp(status.st_size, status.st_mtime_ns) != stamp:
        raise ReadError(
            "the file changed while it was read; wait until copying has ended", code="changed-while-reading"
        )


def whole_file(path: Path, *, most_bytes: int) -> bytes:
    """All bytes of a regular file, the same from first to last.

    Parameters
    ----------
    path
        The file.
    most_bytes
        What it may hold at most.

    Raises
    ------
    ReadError
        As `open_regular`; `too-large` above `most_bytes`, `changed-while-reading`.
    """
    with open_regular(path) as (descriptor, stamp):
        if stamp.size > most_bytes:
            raise ReadError(
                f"the file has {stamp.size} bytes, at most {most_bytes} are read of its kind", code="too-large"
            )
        content = read_range(descriptor, 0, stamp.size)
        require_unchanged(descriptor, stamp)
    return content
