"""A DICOM file of a densitometer taken apart: facts that hold for all of it, and every payload that may hold results.

Which payload wins, and whether header or payload is right about the person, is for the door to say.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from bonemetrics.errors import ReadError
from bonemetrics.readers.dicom_file import DicomHead, head_of
from bonemetrics.readers.dxa.dicom_facts import DicomFacts, facts_of
from bonemetrics.readers.elements import Elements
from bonemetrics.readers.values import number, text
from bonemetrics.records import Problem, Route, note

CONTENT = 0x0040A730
_DOCUMENT, _DOCUMENT_TYPE, _DOCUMENT_LENGTH = 0x00420011, 0x00420012, 0x00420015
_HOLOGIC = re.compile(r"hologic(?:,? inc\.?)?", re.IGNORECASE)
_LUNAR_RAW = re.compile(r"GEMS_LUNAR_RAW", re.IGNORECASE)
_REPORT_GROUP, _ANALYSIS_GROUP, _FILES_GROUP, _QUESTIONS_GROUP, _LUNAR_GROUP = 0x0019, 0x0021, 0x0023, 0x0011, 0x7003
_REPORT_MARKS = (b"HologicHeader1", b"JavaScriptFile", b"ResultsTable1")
_PRIVATE: tuple[tuple[int, int, int | None, Route], ...] = (
    (_REPORT_GROUP, 0x00, None, "hologic-xml"),
    (_ANALYSIS_GROUP, 0x01, None, "hologic-image-analysis"),
    (_FILES_GROUP, 0x02, 0x03, "hologic-p-file"),
    (_FILES_GROUP, 0x04, 0x05, "hologic-r-file"),
)
"""Group, element, the element of its length, and the reader, of Hologic's private payloads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """Something in a DICOM file that may hold results, for the reader of `route`.

    `data` are its bytes as a file of its own would have them, empty for `dicom-sr` (its content is in `elements`) and
    `page-image` (`dicom_picture.grey_pictures` decodes it); `place` is its tag.
    """

    route: Route
    place: str
    data: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class DicomParts:
    """All that one DICOM file gives. `others` names what it holds and nobody reads."""

    facts: DicomFacts = field(repr=False)
    payloads: tuple[Payload, ...]
    others: tuple[str, ...]
    problems: tuple[Problem, ...]
    head: DicomHead = field(repr=False)

    @property
    def elements(self) -> Elements:
        """The data set."""
        return self.head.elements

    def payload(self, route: Route) -> Payload | None:
        """The payload for one reader, `None` where there is none."""
        return next((payload for payload in self.payloads if payload.route == route), None)


def parts_of(data: bytes) -> DicomParts:
    """Take a DICOM file apart. Payloads come in the order in which they deserve trust: exact ones before pictures.

    Parameters
    ----------
    data
        The whole file.

    Raises
    ------
    ReadError
        Where the header cannot be read whole; a part of a report is no report.
    """
    head = head_of(data)
    if head.problem is not None:
        raise head.problem
    found = head.elements
    problems = (note("program-in-preamble", "the first bytes are those of a program"),) if head.preamble_program else ()
    document, others = _document(found)
    payloads = [*_private_payloads(found), *document]
    if CONTENT in found.index:
        payloads.insert(0, Payload(route="dicom-sr", place=_place(CONTENT)))
    if head.pixels is not None:
        payloads.append(Payload(route="page-image", place="(7FE0,0010)"))
    return DicomParts(
        facts=facts_of(found),
        payloads=tuple(payloads),
        others=(*others, *_private_others(found)),
        problems=problems,
        head=head,
    )


def _private_payloads(found: Elements) -> list[Payload]:
    payloads = []
    for group, element, length, route in _PRIVATE:
        for tag in _private_tags(found, group, element, _HOLOGIC):
            data = _own_bytes(found, tag, None if length is None else tag - element + length)
            if data:
                payloads.append(Payload(route=route, place=_place(tag), data=data))
                break
    if not any(payload.route == "hologic-xml" for payload in payloads):
        payloads += _unclaimed_report(found)
    return payloads


def _unclaimed_report(found: Elements) -> list[Payload]:
    """The report text that some writers put at (0019,1000) without a creator; believed only by its content."""
    tag = _REPORT_GROUP << 16 | 0x1000
    data = _own_bytes(found, tag, None)
    if any(mark in data for mark in _REPORT_MARKS):
        return [Payload(route="hologic-xml", place=_place(tag), data=data)]
    return []


def _private_tags(found: Elements, group: int, element: int, creator: re.Pattern[str]) -> list[int]:
    """Where a private element may lie: in each block that its creator has reserved."""
    blocks = [block for block in range(0x10, 0x100) if creator.fullmatch(_creator(found, group << 16 | block))]
    tags = (group << 16 | block << 8 | element for block in blocks)
    return [tag for tag in tags if tag in found.index]


def _creator(found: Elements, tag: int) -> str:
    place = found.index.get(tag)
    return text(found, tag) if place is not None and place.length <= 64 else ""


def _own_bytes(found: Elements, tag: int, length_tag: int | None) -> bytes:
    """The value without the one byte that pads it to an even length, and without padding behind texts."""
    data = found.raw(tag) or b""
    if length_tag is None:
        return data.rstrip(b"\0 ")
    try:
        length = number(found, length_tag, binary="I")
    except ReadError:
        length = None
    return data[: int(length)] if length is not None and length == len(data) - 1 else data


def _document(found: Elements) -> tuple[list[Payload], list[str]]:
    """The encapsulated document: a PDF or XPS is read, of anything else only its kind is told."""
    data = _own_bytes(found, _DOCUMENT, _DOCUMENT_LENGTH)
    if not data:
        return [], []
    kind = text(found, _DOCUMENT_TYPE).casefold()
    if data[:1024].lstrip().startswith(b"%PDF") or kind == "application/pdf":
        return [Payload(route="pdf", place=_place(_DOCUMENT), data=data)], []
    if data.startswith(b"PK\x03\x04") and "xps" in kind:
        return [Payload(route="xps", place=_place(_DOCUMENT), data=data)], []
    return [], ["encapsulated document of another kind than PDF and XPS"]


def _private_others(found: Elements) -> list[str]:
    others = []
    if any(_private_tags(found, _LUNAR_GROUP, element, _LUNAR_RAW) for element in (0x01, 0x02)):
        others.append("GEMS_LUNAR_RAW: raw archive of enCORE")
    if _private_tags(found, _QUESTIONS_GROUP, 0x00, _HOLOGIC):
        others.append("Hologic questionnaire")
    return others


def _place(tag: int) -> str:
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"
