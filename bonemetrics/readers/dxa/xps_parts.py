"""The parts of an XPS or OpenXPS package: a ZIP archive, read within bounds and never unpacked to disk."""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import unquote
from xml.etree.ElementTree import Element

from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa.safe_xml import local_name, parse_xml

MAX_ENTRIES = 10_000
MAX_PAGES = 500
MAX_PART_BYTES = 16 << 20
MAX_READ_BYTES = 128 << 20
"""Of all parts together that are read: pages and what lists them, no fonts and no pictures."""
_PIECE = re.compile(r"(.+)/\[(\d{1,6})\](\.last)?\.piece", re.IGNORECASE)
_FIXED = "/fixedrepresentation"


@dataclass
class Package:
    """An open package; `left` is what may still be read of it."""

    archive: zipfile.ZipFile
    parts: dict[str, list[zipfile.ZipInfo]]
    left: int = MAX_READ_BYTES

    def xml(self, name: str) -> Element:
        """A part as XML.

        Raises
        ------
        ReadError
            If there is no such part, or it is damaged, larger than any page, or no safe XML.
        """
        pieces = self.parts.get(name)
        if pieces is None:
            raise ReadError("a part that the document names is missing", code="malformed-document")
        return parse_xml(b"".join(self._unpacked(piece) for piece in pieces), limit=MAX_PART_BYTES)

    def _unpacked(self, entry: zipfile.ZipInfo) -> bytes:
        if entry.flag_bits & 1:
            raise ReadError("the parts of the document open only with a password", code="encrypted-document")
        limit = min(MAX_PART_BYTES, self.left)
        try:
            with self.archive.open(entry) as stream:
                data = stream.read(limit + 1)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError):
            raise ReadError("a part of the document is damaged", code="malformed-document") from None
        if len(data) > limit:
            raise ReadError("a part of the document unfolds beyond any page", code="unsafe-document")
        self.left -= len(data)
        return data


@contextmanager
def opened(data: bytes) -> Iterator[Package]:
    """Open a package.

    Raises
    ------
    ReadError
        `truncated-file`, `malformed-document` or `too-large`.
    """
    if b"PK\x05\x06" not in data[-(1 << 16) - 22 :]:
        raise ReadError("the archive ends before its table of contents", code="truncated-file")
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError, OverflowError):
        raise ReadError("the archive's table of contents is damaged", code="malformed-document") from None
    with archive:
        yield Package(archive, _parts(archive.infolist()))


def pages_of(package: Package) -> Iterator[Element]:
    """The pages in the order of the document.

    Raises
    ------
    ReadError
        `malformed-document` where the package holds no document, `unsafe-document` where it refers outside itself,
        `too-large` beyond 500 pages.
    """
    count = 0
    sequence = _first_part(package)
    for document in _references(package, sequence, "DocumentReference"):
        for page in _references(package, document, "PageContent"):
            count += 1
            if count > MAX_PAGES:
                raise ReadError(f"a document of more than {MAX_PAGES} pages", code="too-large")
            yield package.xml(page)


def _parts(entries: list[zipfile.ZipInfo]) -> dict[str, list[zipfile.ZipInfo]]:
    """Entries by the name of the part; a part may come in numbered pieces."""
    if len(entries) > MAX_ENTRIES:
        raise ReadError(f"an archive of {len(entries)} entries", code="too-large")
    pieces: dict[str, dict[int, zipfile.ZipInfo]] = {}
    for entry in entries:
        found = _PIECE.fullmatch(entry.filename)
        name, number = (found[1], int(found[2])) if found else (entry.filename, 0)
        numbered = pieces.setdefault(_plain(name), {})
        if number in numbered:
            raise ReadError("a part of the document stands twice in the archive", code="malformed-document")
        numbered[number] = entry
    for numbered in pieces.values():
        if sorted(numbered) != list(range(len(numbered))):
            raise ReadError("a piece of a part of the document is missing", code="malformed-document")
    return {name: [numbered[number] for number in sorted(numbered)] for name, numbered in pieces.items()}


def _plain(name: str) -> str:
    return unquote(name).replace("\\", "/").strip("/").casefold()


def _first_part(package: Package) -> str:
    if "_rels/.rels" in package.parts:
        for relation in package.xml("_rels/.rels"):
            if relation.get("Type", "").endswith(_FIXED):
                return _resolved("", relation.get("Target", ""))
    found = [name for name in package.parts if name.endswith(".fdseq")]
    if len(found) != 1:
        raise ReadError("the archive holds no document of fixed pages", code="malformed-document")
    return found[0]


def _references(package: Package, name: str, kind: str) -> Iterator[str]:
    for element in package.xml(name).iter():
        if local_name(element) == kind:
            yield _resolved(posixpath.dirname(name), element.get("Source", ""))


def _resolved(folder: str, target: str) -> str:
    if re.match(r"[a-z][a-z0-9+.-]*:|//", target, re.IGNORECASE):
        raise ReadError("the document refers to something outside itself", code="unsafe-document")
    path = target if target.startswith("/") else f"/{folder}/{target}"
    return _plain(posixpath.normpath(path))
