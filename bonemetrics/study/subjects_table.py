"""The subjects table: a CSV as Excel, R or an editor writes it."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from bonemetrics.errors import ProtocolError
from bonemetrics.records import Subject
from bonemetrics.study.nearest import suggestion
from bonemetrics.study.protocol_tables import StudyId

COLUMNS = ("subject", "cohort", "day1", "patient_ids", "forearm_length_mm")
_LARGEST_BYTES = 16 * 2**20
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")
_STUDY_ID: TypeAdapter[str] = TypeAdapter(StudyId)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectRow:
    """A participant and the line she stands on."""

    line: int
    subject: Subject


class _CellError(Exception):
    pass


def read_subjects(path: Path) -> tuple[SubjectRow, ...]:
    """Read the subjects table.

    Delimiters `,` `;` and tab, UTF-8 with or without mark, UTF-16 with mark and Windows-1252 are understood. Dates are
    ISO only: 03/04/2016 is a day in March or in April.

    Parameters
    ----------
    path
        CSV with the columns subject, cohort, day1, patient_ids (split by `;`), forearm_length_mm; only subject must be
        there. A subject without patient_ids is found by the study ID itself.

    Returns
    -------
    tuple of SubjectRow
        In the order of the file.

    Raises
    ------
    ProtocolError
        `invalid-protocol`, with line and column; cells are never quoted, since they may identify.
    """
    if path.stat().st_size > _LARGEST_BYTES:
        raise ProtocolError(f"{path.name} is larger than 16 MiB, which no subjects table is", code="invalid-protocol")
    text = _decoded(path.read_bytes(), path.name)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    rows: list[SubjectRow] = []
    faults: list[str] = []
    header: list[str] = []
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            try:
                if not header:
                    header = _header(cells)
                else:
                    rows.append(SubjectRow(line=reader.line_num, subject=_subject(header, cells)))
            except _CellError as error:
                faults.append(f"{path.name}, line {reader.line_num}: {error}")
                if not header:
                    break
    except csv.Error as error:
        faults.append(f"{path.name}, line {reader.line_num}: not a CSV ({error})")
    if not header and not faults:
        faults.append(f"{path.name} is empty; its first line names the columns {', '.join(COLUMNS)}")
    if faults:
        raise ProtocolError("\n".join(faults[:20]), code="invalid-protocol")
    return tuple(rows)


def _decoded(data: bytes, name: str) -> str:
    encodings = ("utf-16",) if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "cp1252")
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ProtocolError(f"{name} is neither UTF-8 nor Windows-1252 text; save it as UTF-8", code="invalid-protocol")


def _delimiter(text: str) -> str:
    first = text.lstrip().partition("\n")[0]
    return max((",", ";", "\t"), key=first.count)


def _header(cells: list[str]) -> list[str]:
    names = [cell.strip().casefold() for cell in cells]
    while names and not names[-1]:
        names.pop()
    if len(names) > 1 and not set(names) & set(COLUMNS):
        # Most likely there are no column names, and this line is of a person: it is not quoted.
        raise _CellError(f"names no column; the first line holds {', '.join(COLUMNS)}")
    for name in names:
        if name not in COLUMNS:
            raise _CellError(f"unknown column {name!r}{suggestion(name, COLUMNS)}")
        if names.count(name) > 1:
            raise _CellError(f"column {name!r} stands twice")
    if "subject" not in names:
        raise _CellError("the column 'subject' is missing")
    return names


def _subject(header: list[str], cells: list[str]) -> Subject:
    if any(cell.strip() for cell in cells[len(header) :]):
        raise _CellError(f"{len(cells)} cells, but the first line names {len(header)} columns")
    row = dict(zip(header, (cell.strip() for cell in cells), strict=False))
    ids = (part.strip() for part in row.get("patient_ids", "").split(";"))
    return Subject(
        subject=_study_id(row.get("subject", "")),
        cohort=row.get("cohort", ""),
        day1=_day(row.get("day1", "")),
        patient_ids=tuple(part for part in ids if part),
        forearm_length_mm=_length(row.get("forearm_length_mm", "")),
    )


def _study_id(cell: str) -> str:
    try:
        return _STUDY_ID.validate_python(cell)
    except ValidationError:
        raise _CellError("'subject' must be letters, digits, '.', '_' or '-' (64 at most)") from None


def _day(cell: str) -> date | None:
    if not cell:
        return None
    try:
        if _ISO_DATE.fullmatch(cell):
            return date.fromisoformat(cell)
    except ValueError:
        pass
    raise _CellError("'day1' is not a date as YYYY-MM-DD, for example 2016-04-03")


def _length(cell: str) -> float | None:
    if not cell:
        return None
    if not _NUMBER.fullmatch(cell) or not 50.0 <= float(cell.replace(",", ".")) <= 500.0:
        raise _CellError("'forearm_length_mm' is not a length of 50 to 500 mm")
    return float(cell.replace(",", "."))
