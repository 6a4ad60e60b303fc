"""Reader of DXA reports that are only pictures: Tesseract, and the digits of the page matched among themselves."""

from __future__ import annotations

from collections.abc import Sequence

from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa.page_image_agreement import agreed_reports
from bonemetrics.readers.dxa.page_image_cells import crop, with_readings
from bonemetrics.readers.dxa.page_image_files import MAX_PAGES, Grey, is_picture, pictures_of
from bonemetrics.readers.dxa.page_image_numbers import face_of, looks_at, numbers_on
from bonemetrics.readers.dxa.page_image_page import open_page, page_of
from bonemetrics.readers.dxa.page_image_rows import labels_on
from bonemetrics.readers.dxa.printed import parse_pages
from bonemetrics.readers.dxa.source import Source
from bonemetrics.records import DxaReading, Route

__all__ = ["ROUTE", "crop", "read", "read_pages", "recognises"]

ROUTE: Route = "page-image"


def recognises(name: str, start: bytes) -> bool:
    """Whether a file is a PNG, TIFF, JPEG, BMP or GIF picture."""
    del name
    return is_picture(start)


def read(source: Source) -> DxaReading:
    """Read a picture file of a DXA report.

    Parameters
    ----------
    source
        The file.

    Returns
    -------
    DxaReading
        Numbers that two independent readings of their cells agree on; all other cells have no value, and all have
        their picture.

    Raises
    ------
    ReadError
        `ocr-unavailable`, `no-dxa-results`, `results-not-understood`, `too-large`, or a picture that is damaged.
    """
    return read_pages(pictures_of(source.data), dates=source.dates)


def read_pages(pictures: Sequence[Grey], *, dates: str = "", first_page: int = 1) -> DxaReading:
    """Read the pages of one document from their pictures.

    Parameters
    ----------
    pictures
        Each (rows, columns), 0 black, 255 white.
    dates
        Order of day and month where it is known.
    first_page
        Number of the first page in its document.

    Returns
    -------
    DxaReading
        As `read` gives it.

    Raises
    ------
    ReadError
        As `read` raises it.
    """
    if len(pictures) > MAX_PAGES:
        raise ReadError(f"more than {MAX_PAGES} pages of pictures", code="too-large")
    seen = [open_page(picture, number) for number, picture in enumerate(pictures, first_page)]
    pages = [page for page in seen if page is not None]
    if not pages:
        raise ReadError("the picture shows no page of a DXA report", code="no-dxa-results")
    numbers = [numbers_on(page) for page in pages]
    face, matched = face_of(numbers)
    looks = looks_at(pages, numbers, matched)
    labels = [labels_on(page, face) for page in pages]
    both = [
        parse_pages(
            [
                page_of(page, page.glances[glance], looks[page.number], names, face)
                for page, names in zip(pages, labels, strict=True)
            ],
            route=ROUTE,
            dates=dates,
            trust="ocr",
        )
        for glance in (0, 1)
    ]
    reports = agreed_reports(*both, is_written=lambda text: any(page.is_written(text) for page in pages))
    return DxaReading(reports=tuple(with_readings(report, looks) for report in reports))
