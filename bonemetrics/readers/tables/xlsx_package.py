"""The package around a workbook: its sizes before anything is unfolded, and which cells merged ones cover."""

from __future__ import annotations

import lzma
import re
import struct
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path

from bonemetrics.errors import ReadError

MAX_PACKAGE_BYTES = 512 * 2**20
MAX_UNFOLDED_BYTES = 3 * 2**30
MAX_STRINGS_BYTES = 512 * 2**20
_MOST_PARTS = 5000
_LARGEST_RATIO = 500
_SMALL = 32 * 2**20
_BLOCK = 1 << 20
_MERGED = re.compile(
    rb"""<(?:\w{1,20}:)?mergeCell\s[^<>]{0,150}?ref\s{0,5}=\s{0,5}["']([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})["']"""
)
_MOST_MERGED = 50_000
PACKAGE_DAMAGE = (
    *(OSError, EOFError, NotImplementedError, ValueError, RuntimeError),
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error),
)
"""What unfolding a damaged package raises."""


@dataclass(slots=True)
class Covered:
    """Cells that merged ones cover: all of a range but its first."""

    ranges: list[tuple[int, int, int, int]] = field(default_factory=list)
    """Top, left, bottom and right, from 1."""

    def in_line(self, line: int) -> list[tuple[int, int]]:
        """First and last covered columns of a line; lines are asked for in ascending order."""
        if not self._sorted:
            self.ranges.sort(reverse=True)
            self._sorted = True
        while self.ranges and self.ranges[-1][0] <= line:
            self._open.append(self.ranges.pop())
        if self._open:
            self._open = [one for one in self._open if one[2] >= line]
        return [(left + (top == line), right) for top, left, _, right in self._open]

    _open: list[tuple[int, int, int, int]] = field(default_factory=list)
    _sorted: bool = False


@dataclass(frozen=True, slots=True)
class Parts:
    """A package whose sizes have been looked at."""

    path: Path

    def covered(self, part: str) -> Covered:
        """Read the merged ranges of one sheet; they stand behind its rows, so its text is gone through once."""
        found = Covered()
        with zipfile.ZipFile(self.path) as package:
            if part not in package.namelist():
                return found
            tail = b""
            known: set[tuple[int, int, int, int]] = set()
            with package.open(part) as stream:
                while block := stream.read(_BLOCK):
                    text = tail + block
                    for one in _MERGED.finditer(text):
                        box = (int(one[2]), _column(one[1]), int(one[4]), _column(one[3]))
                        known.add(box)
                    if len(known) > _MOST_MERGED:
                        raise ReadError("more merged cells than any table has", code="too-large")
                    tail = text[-250:]
        found.ranges = list(known)
        return found


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def checked_parts(path: Path) -> Parts:
    """Look at the sizes of a package, and at its texts for entities, before it is unfolded.

    Parameters
    ----------
    path
        A zip file.

    Raises
    ------
    ReadError
        `too-large`, `unsafe-document`, `encrypted-document` or `malformed-document`.
    """
    if path.stat().st_size > MAX_PACKAGE_BYTES:
        raise ReadError("the workbook is larger than 512 MiB", code="too-large")
    try:
        with zipfile.ZipFile(path) as package:
            parts = package.infolist()
            _require_sizes(parts)
            if any(part.filename == "xl/workbook.bin" for part in parts):
                raise ReadError("a binary workbook (.xlsb); save it as .xlsx or .csv", code="unsupported-format")
            if not any(part.filename.startswith("xl/") for part in parts):
                raise ReadError("a package that is no workbook", code="unsupported-format")
            for part in parts:
                if part.filename.endswith((".xml", ".rels")):
                    _require_plain(package, part)
    except PACKAGE_DAMAGE as error:
        raise ReadError(f"the workbook is damaged ({type(error).__name__})", code="malformed-document") from None
    return Parts(path)


def _require_sizes(parts: list[zipfile.ZipInfo]) -> None:
    if len(parts) > _MOST_PARTS or len({part.filename for part in parts}) < len(parts):
        raise ReadError("the workbook has too many parts, or two of one name", code="unsafe-document")
    if any(part.flag_bits & 1 for part in parts):
        raise ReadError("parts of the workbook open only with a password", code="encrypted-document")
    if sum(part.file_size for part in parts) > MAX_UNFOLDED_BYTES:
        raise ReadError("the workbook unfolds to more than 3 GiB", code="too-large")
    for part in parts:
        if part.filename.endswith("sharedStrings.xml") and part.file_size > MAX_STRINGS_BYTES:
            raise ReadError("the texts of the workbook unfold to more than 512 MiB", code="too-large")
        if part.file_size > _SMALL and part.file_size > _LARGEST_RATIO * max(1, part.compress_size):
            raise ReadError("a part of the workbook unfolds without bound", code="unsafe-document")


def _require_plain(package: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    with package.open(part) as stream:
        head = stream.read(4096)
    if b"<!DOCTYPE" in head or b"<!ENTITY" in head:
        raise ReadError("the workbook refers to entities or other documents", code="unsafe-document")
