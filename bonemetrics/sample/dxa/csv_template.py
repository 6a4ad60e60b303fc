"""The CSV template, as somebody fills it in from a screen."""

from __future__ import annotations

import csv
import io

from bonemetrics.sample.dxa.exam import Exam, Report
from bonemetrics.sample.dxa.numbers import Row
from bonemetrics.sample.dxa.reference import INVENTED
from bonemetrics.sample.dxa.words import hologic_region

_CELLS = {"area_cm2": "area", "bmc_g": "bmc", "bmd_g_cm2": "bmd", "t_score": "t_score", "z_score": "z_score"}
_COLUMNS = (
    *("patient_id", "scan_date", "site", "side", "region", *_CELLS, "scan_id"),
    *("manufacturer", "model", "serial", "software", "reference", "sex", "birth_date"),
)


def table(report: Report) -> str:
    """One line for each region of each scan; the cell `slip` of the report has its last digit but one mistyped.

    Parameters
    ----------
    report
        What is typed in.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    writer.writerows(_line(exam, row, report) for exam in report.exams for row in exam.rows)
    return out.getvalue()


def _line(exam: Exam, row: Row, report: Report) -> tuple[str, ...]:
    device = exam.densitometer
    cells = [row.text(name) for name in _CELLS.values()]
    if report.slip is not None and report.slip[0] == row.region:
        place = list(_CELLS.values()).index(report.slip[1])
        cells[place] = _mistyped(cells[place])
    return (
        *(exam.patient_id, exam.scanned.date().isoformat(), exam.site, row.side or ""),
        *(hologic_region(row.region), *cells, exam.scan_id),
        *(device.manufacturer, device.model, device.serial, device.software, INVENTED),
        *("F", exam.woman.born.isoformat()),
    )


def _mistyped(text: str) -> str:
    digit = (int(text[-2]) + 4) % 10
    return f"{text[:-2]}{digit}{text[-1]}"
