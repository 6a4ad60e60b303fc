"""PDF documents with damaged pages, and pages that are pictures."""

from __future__ import annotations

import pypdfium2
import pytest

from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa import pdf
from bonemetrics.readers.dxa.source import Source
from bonemetrics.records import DxaReading, RawDxaReport
from tests.printed_pages import document_of, hologic_spine, pdf_of

CATALOGUE = b"<< /Type /Catalog /Pages 2 0 R >>"
WHOLE = pdf_of([hologic_spine()])


def source(data: bytes) -> Source:
    return Source(data=data, name="report.pdf")


def blank(width: float, height: float) -> bytes:
    """A page without anything on it."""
    page = f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {width} {height}] >>"
    return document_of([CATALOGUE, b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>", page.encode()])


@pytest.mark.parametrize("read", [pdf.read, pdf.has_text, pdf.page_pictures])
def test_read__refuses_a_document_whose_page_is_not_there(read):
    missing = document_of([CATALOGUE, b"<< /Type /Pages /Kids [9 0 R] /Count 1 >>"])
    with pytest.raises(ReadError, match="page 1 of the PDF is damaged") as caught:
        read(source(missing))
    assert caught.value.code == "malformed-document"


@pytest.mark.parametrize(
    ("method", "read", "message"),
    [
        ("get_textpage", pdf.read, "the text of page 1 is damaged"),
        ("render", pdf.page_pictures, "page 1 cannot be drawn"),
    ],
)
def test_read__refuses_a_page_that_the_library_gives_up_on(method, read, message, monkeypatch):
    def fail(*_args: object, **_more: object) -> None:
        raise pypdfium2.PdfiumError("words of the page")

    monkeypatch.setattr(pypdfium2.PdfPage, method, fail)
    with pytest.raises(ReadError, match=message) as caught:
        read(source(WHOLE))
    assert caught.value.code == "malformed-document"
    assert caught.value.__cause__ is None


def test_page_pictures__draws_no_page_that_none_can_be():
    # As wide as nothing and 24 km long: by its area alone it would pass, and take 250 MB for a line of pixels.
    with pytest.raises(ReadError, match="a size that no page can have") as caught:
        pdf.page_pictures(source(blank(0.0001, 90_000_000)))
    assert caught.value.code == "malformed-document"
    (picture,) = pdf.page_pictures(source(blank(612, 144)))
    assert picture.shape == (400, 1700)


def test_read__hands_pages_without_text_to_who_reads_pictures():
    told = DxaReading(reports=(RawDxaReport(route="page-image"),))
    seen = []

    def by_pictures(pictures: pdf.Pictures) -> DxaReading:
        seen.extend(picture.shape for picture in pictures)
        return told

    assert pdf.read(source(WHOLE), by_pictures=by_pictures).reports[0].route == "pdf"
    assert seen == []
    assert pdf.read(source(pdf_of([hologic_spine()], invisible=True)), by_pictures=by_pictures) == told
    assert seen == [(2200, 1700)]
