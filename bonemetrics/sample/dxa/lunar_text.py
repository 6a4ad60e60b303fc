"""The text export of enCORE: UTF-16, tabulators, one line for each scan and one block of columns for each measure."""

from __future__ import annotations

from collections.abc import Sequence

from bonemetrics.anatomy import SPINE
from bonemetrics.sample.dxa.exam import Exam
from bonemetrics.sample.dxa.lunar_page import printed_rows
from bonemetrics.sample.dxa.words import lunar_region, us_date

_MEASURES = (
    ("bmd", "BMD (g/cm²)"),
    ("bmc", "BMC (g)"),
    ("area", "Area (cm²)"),
    ("t_score", "T-Score"),
    ("z_score", "Z-Score"),
)


def export(exams: Sequence[Exam]) -> bytes:
    """Scans of one site in the file that enCORE writes for it.

    Parameters
    ----------
    exams
        All of one site and side, on a Lunar scanner.
    """
    first = exams[0]
    labels = [_label(first, row.region) for row in printed_rows(first)]
    header = ["Last Name", "First Name", "Patient ID", "Birth Date", "Gender", "Measure Date"]
    header += [f"{label} {word}" for _, word in _MEASURES for label in labels]
    lines = [header, *(_line(exam) for exam in exams)]
    text = "".join("\t".join(line) + "\r\n" for line in lines)
    return b"\xff\xfe" + text.encode("utf-16-le")


def _line(exam: Exam) -> list[str]:
    surname, _, given = exam.woman.name.partition("^")
    cells = [row.text(name) for name, _ in _MEASURES for row in printed_rows(exam)]
    person = [surname, given, exam.patient_id, us_date(exam.woman.born), "Female"]
    return [*person, us_date(exam.scanned.date()), *cells]


def _label(exam: Exam, region: str) -> str:
    """The head of a column names its side, since the file says it nowhere else."""
    name = lunar_region(region)
    return name if exam.site == SPINE else f"{str(exam.side).capitalize()} {name}"
