"""The CSV template: results that somebody typed or exported by a script, under column names that state the unit."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa.csv_template_cells import (
    ATTRIBUTES,
    COLUMNS,
    NUMBER_COLUMNS,
    Line,
    Marks,
    checked_header,
    number_cell,
    place,
)
from bonemetrics.readers.dxa.dates import order_of, written_date
from bonemetrics.readers.dxa.dicom_text import names_person, person_words
from bonemetrics.readers.dxa.region_names import Place
from bonemetrics.readers.dxa.source import Source
from bonemetrics.readers.dxa.text_encoding import MAX_LINES, decoded, end_notes, opening
from bonemetrics.readers.dxa.text_values import birth_date, sex
from bonemetrics.records import (
    DxaCell,
    DxaCircumstances,
    DxaDevice,
    DxaPatient,
    DxaReading,
    DxaRow,
    Problem,
    RawDxaReport,
    ReportSide,
    Route,
    note,
)

ROUTE: Route = "csv"
_DELIMITERS = (",", ";", "\t")
_OF_PERSON = ("sex", "birth_date", "age_years")


def recognises(name: str, start: bytes) -> bool:
    """Whether the first line names `patient_id` and a column of numbers of the template.

    The header decides, not the file's name: laboratory tables and tables of subjects are CSV files too.
    """
    del name
    header = next((line for line in re.split(r"\r\n|\n|\r", opening(start)) if line.strip()), "")
    names = {cell.strip().strip('"').casefold() for cell in header.split(_delimiter(header))}
    return "patient_id" in names and bool(names & set(NUMBER_COLUMNS))


def read(source: Source) -> DxaReading:
    """Read a table in the form of `docs/dxa-csv.md`.

    Parameters
    ----------
    source
        The file; `dates` counts for dates that are not written as YYYY-MM-DD.

    Returns
    -------
    DxaReading
        One report for each patient, date, site, side and scan ID. Cells that cannot be read are empty, with a note
        that names line and column and never what stands there.

    Raises
    ------
    ReadError
        `results-not-understood` if a column is unknown, missing or stands twice; `no-dxa-results` for a table without
        a line of results; `malformed-document` for what is no CSV; `truncated-file` where the last line is cut.
    """
    text = decoded(source.data)
    lines = _lines(text)
    if not lines:
        raise ReadError("the table has a header and no line of results", code="no-dxa-results")
    order = source.dates or order_of(line.text("scan_date") for line in lines)
    marks = Marks.of(lines)
    placed: list[tuple[tuple[str, ...], Line, Place]] = []
    problems = [*end_notes(text, cells=lines[-1].count, columns=lines[-1].columns), *_short_lines(lines)]
    for line in lines:
        where = place(line)
        if isinstance(where, str):
            problems.append(note("cell-refused", f"line {line.number} was left out: {where}"))
            continue
        if where is None:
            problems.append(note("unknown-region", f"line {line.number} was left out: its region is not known"))
            continue
        key = tuple(line.text(name) for name in ("patient_id", "scan_date", "scan_id"))
        placed.append(((*key, where.site), line, where))
    drafts = _drafts(placed, marks)
    return DxaReading(reports=tuple(draft.report(order) for draft in drafts), problems=tuple(problems))


def _short_lines(lines: Sequence[Line]) -> Iterator[Problem]:
    """Where a cell was left out instead of left empty, all behind it stand in their neighbours' columns."""
    short = [str(line.number) for line in lines if line.count < line.columns]
    if short:
        yield note("values-missing", f"fewer cells than columns in line {', '.join(short[:20])}")


def _drafts(placed: Sequence[tuple[tuple[str, ...], Line, Place]], marks: Marks) -> list[_Draft]:
    """One for each scan and side; a mean goes with the left and right that it is of, so that it can be checked."""
    sides: dict[tuple[str, ...], set[str]] = {}
    for key, _, where in placed:
        sides.setdefault(key, set()).add(where.side or "")
    drafts: dict[tuple[str, ...], _Draft] = {}
    for key, line, where in placed:
        together = "mean" in sides[key] and len(sides[key]) > 1
        side = None if together else where.side
        drafts.setdefault((*key, side or ""), _Draft(line, where.site, side, marks)).add(line, where)
    return list(drafts.values())


def _delimiter(header: str) -> str:
    return max(_DELIMITERS, key=header.count)


def _lines(text: str) -> list[Line]:
    header_line = next((line for line in io.StringIO(text, newline="") if line.strip()), "")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(header_line), strict=True)
    header: Sequence[str] = ()
    lines: list[Line] = []
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if not header:
                header = checked_header(cells)
                continue
            lines.append(Line.of(reader.line_num, header, cells))
            if len(lines) > MAX_LINES:
                raise ReadError(f"more than {MAX_LINES} lines", code="too-large")
    except csv.Error:
        # The library's message can quote the cell.
        raise ReadError(f"line {reader.line_num} is no CSV: check its quotes", code="malformed-document") from None
    if not header:
        raise ReadError(f"the table is empty; its first line names {', '.join(COLUMNS)}", code="no-dxa-results")
    return lines


@dataclass
class _Draft:
    """A report while its lines are gathered."""

    first: Line
    site: str
    side: ReportSide | None
    marks: Marks
    lines: list[Line] = field(default_factory=list)
    cells: dict[Place, dict[str, DxaCell]] = field(default_factory=dict)
    printed: dict[Place, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def add(self, line: Line, where: Place) -> None:
        self.lines.append(line)
        row = self.cells.setdefault(where, {})
        self.printed.setdefault(where, line.text("region"))
        for column, (name, unit) in NUMBER_COLUMNS.items():
            if column not in line.cells:
                continue
            cell, fault = number_cell(line, column, unit, self.marks)
            if fault:
                self.problems.append(note("cell-refused", f"line {line.number}, column {column}: {fault}"))
            before = row.get(name)
            if before is None or (before.is_empty and not before.raw.strip()):
                row[name] = cell
            elif cell.raw.strip() and cell.value != before.value:
                # Two lines claim one cell: neither is better than the other.
                row[name] = before.model_copy(update={"value": None})
                message = f"line {line.number}, column {column}: an earlier line of the same region differs"
                self.problems.append(note("cell-refused", message))

    def report(self, order: str) -> RawDxaReport:
        attributes = {name: self._agreed(name) for name in ATTRIBUTES}
        patient = self._patient(attributes, order)
        written = written_date(self.first.text("scan_date"), order=order)
        if written is None:
            self._refuse("scan_date", "is no date; write it as YYYY-MM-DD")
        elif written.is_ambiguous:
            message = f"line {self.first.number}, column scan_date: write it as YYYY-MM-DD or state the study's order"
            self.problems.append(note("date-ambiguous", message))
        device = {name: attributes[name] for name in ("manufacturer", "model", "serial", "software")}
        return RawDxaReport(
            route=ROUTE,
            scan_id=self._agreed("scan_id"),
            site=self.site,
            side=self.side,
            device=DxaDevice(**device, analysis_version=attributes["analysis_version"]),
            patient=patient,
            scan_date=written.day if written else None,
            circumstances=DxaCircumstances(scan_mode=attributes["scan_mode"], reference=attributes["reference"]),
            rows=tuple(
                DxaRow(
                    region=where.region,
                    printed=self.printed[where],
                    side=where.side,
                    statistic=where.statistic,
                    cells=cells,
                )
                for where, cells in self.cells.items()
            ),
            problems=tuple(self.problems),
        )

    def _agreed(self, column: str) -> str:
        """What the lines of a report say alike; nothing where they contradict each other."""
        found = {line.text(column) for line in self.lines} - {""}
        if len(found) > 1:
            self._refuse(column, "the lines of one report differ")
            return ""
        if any(self._names_person(text) for text in found) and column not in _OF_PERSON:
            self._refuse(column, "it holds the patient's ID or birth date and is left out")
            return ""
        return found.pop() if found else ""

    def _names_person(self, text: str) -> bool:
        return names_person(text, person_words(self.first.text(column) for column in ("patient_id", "birth_date")))

    def _patient(self, attributes: dict[str, str], order: str) -> DxaPatient:
        born = birth_date(attributes["birth_date"], order)
        if attributes["birth_date"] and not born:
            self._refuse("birth_date", "is no date that can be read in one way; write it as YYYY-MM-DD")
        word = sex(attributes["sex"])
        if attributes["sex"] and not word:
            self._refuse("sex", "is none of F, M, O")
        age, fault = number_cell(self.first, "age_years", "a", self.marks)
        if fault or (age.value is not None and not 0 <= age.value <= 130):
            self._refuse("age_years", "is no age in years")
        if fault or not attributes["age_years"] or not 0 <= (age.value or 0) <= 130:
            age = DxaCell()
        return DxaPatient(patient_id=self.first.text("patient_id"), birth_date=born, sex=word, age_years=age.value)

    def _refuse(self, column: str, fault: str) -> None:
        self.problems.append(note("cell-refused", f"line {self.first.number}, column {column}: {fault}"))
