"""DXA reports as PDF documents with a text layer; pages without one can be had as pictures."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pypdfium2 as pypdfium
import pypdfium2.raw as pdfium

from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa.pdf_streams import check_streams
from bonemetrics.readers.dxa.pdf_text import characters_of, has_visible_text, is_empty, is_readable, words_of
from bonemetrics.readers.dxa.printed import Page, parse_pages
from bonemetrics.readers.dxa.source import Source
from bonemetrics.records import DxaReading, Route, note

ROUTE: Route = "pdf"
MAX_PDF_BYTES = 512 << 20
MAX_PAGES = 500
MAX_CHARACTERS = 3_000_000
MAX_PICTURES = 20
MAX_PICTURE_PIXELS = 24_000_000
_LONGEST_PAGE = 14_400.0
"""Points: the 200 inches that the format allows."""
_DOTS_PER_INCH = 200.0
_TABLE = re.compile(r"regi[oó]n|région|região|regione|bereich|\bregio\b", re.IGNORECASE)


def recognises(name: str, start: bytes) -> bool:  # noqa: ARG001
    """Whether a file is a PDF, by the mark that must stand within its first 1024 bytes."""
    return b"%PDF-" in start[:1024]


Pictures = Sequence[npt.NDArray[np.uint8]]
"""Pages as grey pictures, axes (row, column); white is 255."""


def read(source: Source, *, by_pictures: Callable[[Pictures], DxaReading] | None = None) -> DxaReading:
    """Read the results tables of all pages that have text.

    Parameters
    ----------
    source
        A PDF document.
    by_pictures
        Reads the pages where their text is not to be trusted, as `has_text` tells; without it only text is read.

    Returns
    -------
    DxaReading
        One report for each scan.

    Raises
    ------
    ReadError
        `no-dxa-results` where no page has text or a results table, `results-not-understood`, `encrypted-document`,
        `malformed-document`, `truncated-file`, `unsafe-document`, `too-large`.
    """
    with _opened(source.data) as document:
        pages = list(_texts(document))
    if by_pictures is not None and not _is_text(pages):
        return by_pictures(page_pictures(source))
    if not any(page.has_text for page in pages):
        message = "the pages of the document are pictures, or hold no text that can be trusted"
        raise ReadError(message, code="no-dxa-results")
    reports = parse_pages([page.page for page in pages], route=ROUTE, dates=source.dates)
    unread = [str(page.page.number) for page in pages if not page.has_text]
    problems = (note("pages-not-read", f"no text on page {', '.join(unread)}"),) if unread else ()
    return DxaReading(reports=reports, problems=problems)


def has_text(source: Source) -> bool:
    """Whether the document is to be read by its text: a page with results has some, or no page lacks it.

    Text counts only where it is seen on the page and its characters are known.

    Raises
    ------
    ReadError
        As `read`, for a document that cannot be opened.
    """
    with _opened(source.data) as document:
        return _is_text(list(_texts(document)))


def page_pictures(source: Source) -> Pictures:
    """All pages as grey pictures of about 200 dots per inch.

    Raises
    ------
    ReadError
        `too-large` beyond 20 pages; as `read` for a document that cannot be opened.
    """
    with _opened(source.data) as document:
        if len(document) > MAX_PICTURES:
            message = f"{len(document)} pages, at most {MAX_PICTURES} are read as pictures"
            raise ReadError(message, code="too-large")
        return tuple(_picture(document, index) for index in range(len(document)))


def _picture(document: Any, index: int) -> npt.NDArray[np.uint8]:
    page = _page(document, index)
    width, height = page.get_size()
    if not (min(width, height) > 0 and max(width, height) <= _LONGEST_PAGE):
        raise ReadError(f"page {index + 1} has a size that no page can have", code="malformed-document")
    scale = min(_DOTS_PER_INCH / 72.0, (MAX_PICTURE_PIXELS / (width * height)) ** 0.5)
    try:
        bitmap = page.render(scale=scale, grayscale=True, draw_annots=False)
    except pypdfium.PdfiumError:
        raise ReadError(f"page {index + 1} cannot be drawn", code="malformed-document") from None
    pixels = np.array(bitmap.to_numpy(), dtype=np.uint8)
    return pixels.reshape(pixels.shape[0], pixels.shape[1])


@contextmanager
def _opened(data: bytes) -> Iterator[Any]:
    if len(data) > MAX_PDF_BYTES:
        raise ReadError(f"a PDF of {len(data)} bytes, at most {MAX_PDF_BYTES} are read", code="too-large")
    if b"%%EOF" not in data[-65536:]:
        raise ReadError("the PDF ends before its end mark", code="truncated-file")
    try:
        document = pypdfium.PdfDocument(data)
    except pypdfium.PdfiumError as error:
        if getattr(error, "err_code", None) == pdfium.FPDF_ERR_PASSWORD:
            raise ReadError("the PDF opens only with a password", code="encrypted-document") from None
        raise ReadError("the PDF cannot be opened: its structure is damaged", code="malformed-document") from None
    try:
        if len(document) > MAX_PAGES:
            raise ReadError(f"a PDF of {len(document)} pages, at most {MAX_PAGES} are read", code="too-large")
        check_streams(data)
        yield document
    finally:
        document.close()


def _page(document: Any, index: int) -> Any:
    try:
        return document[index]
    except pypdfium.PdfiumError:
        raise ReadError(f"page {index + 1} of the PDF is damaged", code="malformed-document") from None


@dataclass(frozen=True, slots=True)
class _Text:
    """A page with the words it needs: none where it cannot hold a results table."""

    page: Page
    has_text: bool


def _is_text(pages: Sequence[_Text]) -> bool:
    return any(page.page.words for page in pages) or all(page.has_text for page in pages)


def _texts(document: Any) -> Iterator[_Text]:
    left = MAX_CHARACTERS
    for index in range(len(document)):
        page = _page(document, index)
        try:
            text_page = page.get_textpage()
        except pypdfium.PdfiumError:
            raise ReadError(f"the text of page {index + 1} is damaged", code="malformed-document") from None
        characters = characters_of(text_page.raw)
        left -= len(characters)
        if left < 0:
            raise ReadError(f"more than {MAX_CHARACTERS} characters", code="too-large")
        yield _text(page.raw, text_page.raw, characters, index + 1)
        text_page.close()
        page.close()


def _text(page: Any, text_page: Any, characters: str, number: int) -> _Text:
    nothing = Page(number=number, width=0.0, height=0.0, words=())
    if not is_readable(characters):
        return _Text(nothing, is_empty(page))
    if _TABLE.search(characters) is None:
        # Boxes of characters are costly; a page without the head of a table needs none.
        return _Text(nothing, has_visible_text(page, text_page, characters))
    words = words_of(page, text_page, characters, number)
    return _Text(words, bool(words.words))
