"""Secondary captures of Hologic: the printed page as pixels, and its numbers as text in a private attribute."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import RLELossless, SecondaryCaptureImageStorage

from bonemetrics.anatomy import FOREARM, HIP, SPINE
from bonemetrics.sample.dxa import hologic_page
from bonemetrics.sample.dxa.dicom_header import dataset
from bonemetrics.sample.dxa.draw import grey
from bonemetrics.sample.dxa.exam import Exam, Report
from bonemetrics.sample.dxa.numbers import Row
from bonemetrics.sample.dxa.reference import INVENTED, SAMPLE_CURVES
from bonemetrics.sample.dxa.words import hologic_region, hologic_site

CREATOR, GROUP, ELEMENT = "HOLOGIC", 0x0019, 0x00
_BODY_PARTS = {SPINE: "LSPINE", HIP: "HIP", FOREARM: "ARM"}
_HEAD = (
    *("Region", "Area[cm&sup2;]", "BMC[g]", "BMD[g/cm<sup><small>2</small></sup>]"),
    *("T-score", "PR[%]", "Z-score", "AM[%]"),
)
_DPI = 72


def secondary_capture(report: Report) -> Dataset:
    """The page of one scan with its numbers beside it.

    Parameters
    ----------
    report
        Of one exam. On the woman's new scanner the private block is not the first one of its group.
    """
    (exam,) = report.exams
    found = dataset(exam, "hologic-xml", SecondaryCaptureImageStorage, modality="OT", syntax=RLELossless)
    found.ImageType, found.ConversionType, found.BurnedInAnnotation = ["DERIVED", "SECONDARY"], "WSD", "YES"
    found.BodyPartExamined = _BODY_PARTS[exam.site]
    if exam.side is not None:
        found.Laterality = exam.side[0].upper()
    if exam.woman.patient_ids[0] != exam.patient_id:
        found.private_block(GROUP, "SAMPLE ARCHIVE", create=True).add_new(0x00, "LO", "moved")
    found.private_block(GROUP, CREATOR, create=True).add_new(ELEMENT, "UT", report_text(exam))
    _add_pixels(found, report)
    return found


def report_text(exam: Exam) -> str:
    """The report as XML with its tables in JavaScript, rows first; the older Discovery writes columns first."""
    surname, _, given = exam.woman.name.partition("^")
    variables = {
        "PatientName": f"{surname}, {given}",
        "PatientID": exam.patient_id,
        "PatientSex": "Female",
        "Ethnicity": "White",
        "DOB": f"{exam.woman.born:%d.%m.%Y}",
        "Age": str(exam.age),
        "Height": f"{exam.height_cm:.1f} cm",
        "Weight": f"{exam.weight_kg:.1f}  kg",
        "ReferringPhysician": "",
        "Institution": "Sample Bone Clinic",
        "Scan": f"{exam.scanned:%d%B%Y} - {exam.scan_id}",
        "ScanMode": f"a {hologic_site(exam)}",
        "AnalProtocol": "Spine" if exam.site == SPINE else hologic_site(exam),
        "TableNote1": "Total BMD CV 1.0%, ACF = 1.029, BCF = 0.984, TH = 6.412",
        "TableNote2": f"T-score vs. White Female. Source:{INVENTED}. Z-score vs. White Female. Source:{INVENTED}.",
    }
    lines = [f'{name} = "{value}";' for name, value in variables.items()]
    lines += _table(exam, column_first=exam.densitometer.software == "13.2")
    script = "".join(f"{line}\r\n" for line in lines)
    head = f"<ScanID>{exam.scan_id}</ScanID><k>1.137</k><d0>47.9</d0><ACF>1.029</ACF><BCF>0.984</BCF>"
    return f"<HologicHeader1>{head}</HologicHeader1>\r\n<JavaScriptFile>\r\n{script}</JavaScriptFile>\r\n"


def _table(exam: Exam, *, column_first: bool) -> Iterator[str]:
    table: list[Sequence[str]] = [_HEAD, *(_cells(row) for row in exam.rows)]
    for at, cells in enumerate(table):
        for column, cell in enumerate(cells):
            first, second = (column, at) if column_first else (at, column)
            yield f'ResultsTable1[{first:2d}][{second:2d}] = "{cell}";'


def _cells(row: Row) -> tuple[str, ...]:
    young, _, matched, _ = SAMPLE_CURVES[row.region]
    peak, age = (f"{100 * row.bmd / mean:.0f}" for mean in (young, matched))
    numbers = (row.text(name) for name in ("area", "bmc", "bmd"))
    return (hologic_region(row.region), *numbers, row.text("t_score"), peak, row.text("z_score"), age)


def _add_pixels(found: Dataset, report: Report) -> None:
    page = grey(hologic_page.pages(report)[0], _DPI)
    rows, columns = page.shape
    found.SamplesPerPixel, found.PhotometricInterpretation, found.PlanarConfiguration = 3, "RGB", 0
    found.Rows, found.Columns = rows, columns
    found.BitsAllocated, found.BitsStored, found.HighBit, found.PixelRepresentation = 8, 8, 7, 0
    found.PixelData = encapsulate([_run_length(page)])


def _run_length(page: npt.NDArray[np.uint8]) -> bytes:
    """Three equal segments of PackBits, each row packed by itself as DICOM wants it."""
    import imagecodecs

    segment = b"".join(bytes(imagecodecs.packbits_encode(row.tobytes())) for row in page)
    segment += b"\0" * (len(segment) % 2)
    starts = (64, 64 + len(segment), 64 + 2 * len(segment))
    return struct.pack("<16I", 3, *starts, *[0] * 12) + 3 * segment
