"""An empty sheet of biopsies, made from the catalogue: headers with units, comments, and lists of what may stand."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bonemetrics.atomic import write_atomic
from bonemetrics.histomorphometry.catalogue import MEASUREMENTS
from bonemetrics.histomorphometry.columns import EXPLAINED, FACTS
from bonemetrics.quantities import CATALOGUE
from bonemetrics.records import ENVELOPES

_LISTS = {
    "envelope": ",".join(ENVELOPES),
    "referent": "TV,CV",
    "side": "left,right",
    "state": "draft,complete,locked",
    "factor": "isotropic,iliac,stated",
    "osteoid_perimeter": "one-sided,outline",
    "blinded": "yes,no",
    "labelling_confirmed": "yes,no",
    "core_broken": "yes,no",
}
_ROWS_WITH_LISTS = 500
_FIXED_TIME = (2020, 1, 1, 0, 0, 0)
"""Of the parts of the workbook, so that the same version writes the same bytes."""


def header() -> tuple[str, ...]:
    """Headers of the sheet: facts, then measurements by their 2D names with units."""
    return tuple(name for name, _ in _columns())


def _columns() -> Iterator[tuple[str, str]]:
    """Header and explanation of every column."""
    for role in FACTS:
        yield role.name, EXPLAINED[role.name]
    for code, entry in MEASUREMENTS.items():
        if entry.is_primary:
            most = "" if entry.high is None else f", at most {entry.high:g}"
            least = f"above {entry.low:g}" if entry.low_open else f"at least {entry.low:g}"
            unit = f" [{entry.unit}]" if entry.unit != "1" else ""
            yield f"{code}{unit}", f"{CATALOGUE[code].name}: {CATALOGUE[code].definition}. {least}{most}".strip()


def write_template(path: Path) -> None:
    """Write an empty sheet to be filled in.

    Parameters
    ----------
    path
        `.xlsx` with comments, lists of allowed values and a page that explains; `.csv` with the headers alone.
    """
    if path.suffix.lower() == ".csv":
        text = io.StringIO()
        csv.writer(text, lineterminator="\r\n").writerow(header())
        write_atomic(path, text.getvalue().encode("utf-8"))
    else:
        write_atomic(path, _workbook())


def _workbook() -> bytes:
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    sheet.title = "biopsies"
    _fill(sheet)
    about = book.create_sheet("explanation")
    # One cell to a row, so that it is never taken for a table.
    for name, meaning in _columns():
        about.append([f"{name}: {meaning}"])
    about.column_dimensions["A"].width = 130
    book.active = 0
    content = io.BytesIO()
    book.save(content)
    return _with_fixed_times(content.getvalue())


def _fill(sheet: Any) -> None:
    from openpyxl.comments import Comment
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    for place, (name, meaning) in enumerate(_columns(), start=1):
        cell = sheet.cell(row=1, column=place, value=name)
        cell.font, cell.alignment = Font(bold=True), Alignment(wrap_text=True, vertical="top")
        cell.fill = PatternFill("solid", fgColor="DDE8F0" if name in EXPLAINED else "EAF3E6")
        cell.comment = Comment(meaning, "bonemetrics", width=260, height=120)
        letter = get_column_letter(place)
        sheet.column_dimensions[letter].width = max(11, len(name) + 2)
        if name in _LISTS:
            allowed = DataValidation(type="list", formula1=f'"{_LISTS[name]}"', allow_blank=True)
            allowed.add(f"{letter}2:{letter}{_ROWS_WITH_LISTS}")
            sheet.add_data_validation(allowed)
    sheet.freeze_panes = "B2"


def _with_fixed_times(content: bytes) -> bytes:
    """The same workbook without the time of its making."""
    import re

    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as before, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as after:
        for part in before.infolist():
            data = before.read(part.filename)
            if part.filename == "docProps/core.xml":
                data = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", b"2020-01-01T00:00:00Z", data)
            after.writestr(zipfile.ZipInfo(part.filename, _FIXED_TIME), data, zipfile.ZIP_DEFLATED)
    return packed.getvalue()
