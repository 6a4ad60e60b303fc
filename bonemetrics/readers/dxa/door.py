"""The one door to DXA results: says by whom a file is read, and reads it. Only here do readers meet."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from bonemetrics.errors import ReadError
from bonemetrics.readers.dicom_file import is_dicom
from bonemetrics.readers.dxa.source import MAX_DXA_BYTES, Source
from bonemetrics.readers.files import whole_file
from bonemetrics.records import DxaReading

START_BYTES = 4096
"""How much of a file decides by whom it is read."""


@dataclass(frozen=True, slots=True)
class Form:
    """One form of results: the kind that `identify` tells, and the module that reads it."""

    kind: str
    module: str

    @property
    def reader(self) -> Any:
        """The reader's module, imported when it is needed."""
        return importlib.import_module(f"bonemetrics.readers.dxa.{self.module}")


FORMS = (
    Form("hologic-database", "hologic_database"),
    Form("hologic-scan", "hologic_scan"),
    Form("dxa-report", "pdf"),
    Form("dxa-report", "xps"),
    Form("dxa-report", "hologic_xml"),
    Form("dxa-report", "fhir"),
    Form("dxa-report", "lunar_text"),
    Form("table", "nhanes"),
    Form("table", "csv_template"),
    Form("dxa-image", "page_image"),
)
"""Every form that is no DICOM file, the most certain signs first."""


def form_of(name: str, start: bytes) -> Form | None:
    """The form of a file that is not DICOM.

    Parameters
    ----------
    name
        File name.
    start
        Its first 4096 bytes.

    Returns
    -------
    Form or None
        `None` where no reader takes it for its own.
    """
    return next((form for form in FORMS if form.reader.recognises(name, start)), None)


def read_dxa(data: bytes, path: Path, *, dates: str = "") -> DxaReading:
    """Read the results of a file by whoever knows its form.

    Parameters
    ----------
    data
        All bytes of the file.
    path
        Where it lies: its name counts, and a database looks for its reference curves beside it.
    dates
        Order of day and month in this study's files, where a date leaves it open: `dmy`, `mdy`, `ymd` or empty.

    Returns
    -------
    DxaReading
        Nothing in it is judged yet.

    Raises
    ------
    ReadError
        The file holds no results, or they cannot be understood.
    """
    source = Source(data=data, name=path.name, dates=dates, sibling=_beside(path))
    if is_dicom(data[:START_BYTES]):
        from bonemetrics.readers.dxa.dicom_door import read_dicom

        return read_dicom(source)
    form = form_of(path.name, data[:START_BYTES])
    if form is None:
        raise ReadError("none of the forms in which DXA results come", code="unknown-format")
    if form.module == "pdf":
        return _read_pdf(source)
    reading: DxaReading = form.reader.read(source)
    return reading


def _read_pdf(source: Source) -> DxaReading:
    """A PDF by its text, or by its pictures where it has none."""
    from bonemetrics.readers.dxa import page_image, pdf

    return pdf.read(source, by_pictures=partial(page_image.read_pages, dates=source.dates))


def _beside(path: Path) -> Callable[[str], bytes | None]:
    def sibling(name: str) -> bytes | None:
        wanted = name.casefold()
        found = next((file for file in sorted(path.parent.iterdir()) if file.name.casefold() == wanted), None)
        return None if found is None else whole_file(found, most_bytes=MAX_DXA_BYTES)

    return sibling
