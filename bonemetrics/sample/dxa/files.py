"""Write the reports of a visit, each in its form, and give the truth of their numbers."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

from pydicom.dataset import Dataset
from pydicom.filewriter import dcmwrite

from bonemetrics.quantities import CATALOGUE
from bonemetrics.sample.dxa import (
    csv_template,
    dicom_image,
    dicom_sr,
    draw,
    fhir,
    hologic_page,
    hologic_scan,
    hologic_xml_dicom,
    lunar_page,
    lunar_text,
    page_image,
    xps,
)
from bonemetrics.sample.dxa.dicom_header import header
from bonemetrics.sample.dxa.exam import Exam, Form, Report
from bonemetrics.sample.dxa.numbers import DECIMALS, QUANTITIES, Row
from bonemetrics.sample.dxa.plan import reports
from bonemetrics.sample.people import PlannedVisit, Woman

TruthRow = tuple[str, ...]
_MAKERS: dict[Form, Callable[[Report], bytes | Dataset]] = {
    "hologic-pdf": lambda report: draw.pdf(hologic_page.pages(report)),
    "lunar-pdf": lambda report: draw.pdf(lunar_page.pages(report)),
    "xps": lambda report: xps.document(lunar_page.pages(report)),
    "page-image": page_image.png,
    "hologic-xml": hologic_xml_dicom.secondary_capture,
    "dicom-sr": lambda report: dicom_sr.structured_report(report.exams[0]),
    "hologic-p-file": lambda report: hologic_scan.p_file(report.exams[0]),
    "lunar-text": lambda report: lunar_text.export(report.exams),
    "fhir": lambda report: fhir.bundle(report).encode(),
    "csv": lambda report: csv_template.table(report).encode(),
    "dicom-image": lambda report: dicom_image.image(report.exams[0]),
}
"""How each form is made: bytes, or a DICOM data set."""


def folder_of(woman: Woman, visit: PlannedVisit) -> str:
    """Where the reports of a visit lie: beside the CT folders of the visits, so that those hold one series each."""
    return f"{woman.subject}/dxa/{visit.folder}"


def write_reports(woman: Woman, visit: PlannedVisit, folder: Path) -> list[TruthRow]:
    """Write all reports of a visit.

    Parameters
    ----------
    woman, visit
        Of the trial.
    folder
        The `input` folder.

    Returns
    -------
    list
        Rows of truth.csv.
    """
    own = folder / folder_of(woman, visit)
    own.mkdir(parents=True, exist_ok=True)
    rows: list[TruthRow] = []
    for report in reports(woman, visit):
        (own / report.name).write_bytes(content(report))
        rows += truth_rows(report)
    return rows


def content(report: Report) -> bytes:
    """The bytes of one file."""
    made = _MAKERS[report.form](report)
    if not isinstance(made, Dataset):
        return made
    out = io.BytesIO()
    dcmwrite(out, made, enforce_file_format=True)
    return out.getvalue()


def truth_rows(report: Report) -> Iterator[TruthRow]:
    """What of a report counts in a study, keyed as in a density table.

    Parameters
    ----------
    report
        Its numbers as it states them, printed or exact. Left out are those that another route to the same scan holds
        to more digits, and in the stained row of a picture what nobody can read and what cannot be checked without it.
    """
    for exam, row in table_rows(report):
        for name, quantity in QUANTITIES.items():
            value = row.exact(name) if report.truth == "exact" and name in DECIMALS else row.text(name)
            if value and states(report, row, name) and _counts(report, row, name):
                yield (
                    *(exam.woman.subject, exam.visit.name, exam.scanned.date().isoformat()),
                    *(row.side or "", exam.site, row.region, quantity, value, CATALOGUE[quantity].unit, ""),
                    _series_uid(exam, report.form),
                )


def table_rows(report: Report) -> Iterator[tuple[Exam, Row]]:
    """The rows of a file, each with its scan; a row of both hips goes with the first."""
    if report.shows_both_hips:
        yield from ((report.exams[0], row) for row in report.rows)
        return
    yield from ((exam, row) for exam in report.exams for row in exam.rows)


def states(report: Report, row: Row, name: str) -> bool:
    """Whether the form of a report holds this cell at all."""
    if report.form == "fhir":
        return (row.region, name) in fhir.CODES
    return report.form != "dicom-image" and (report.form != "hologic-p-file" or name in DECIMALS)


def _counts(report: Report, row: Row, name: str) -> bool:
    if report.truth == "scores" and name in DECIMALS:
        return False
    hidden = report.stain is not None and report.stain[0] == row.region
    return report.truth != "none" and not (hidden and name in ("bmd", "t_score", "z_score"))


def _series_uid(exam: Exam, form: Form) -> str:
    is_dicom = form in ("dicom-sr", "hologic-xml", "dicom-image")
    return str(header(exam, form).series_uid) if is_dicom else ""
