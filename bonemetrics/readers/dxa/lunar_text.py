"""The text export of GE Lunar enCORE: one scan in a line, one measure of one region in a column.

The frame (UTF-16 with mark, tabs, ID1, ID2, ID3, Date, then `<region> <measure>`) is that of the public converter
dxafile; exports of spine, femur and forearm are taken to have the same, which no public sample shows. So nothing is
taken from a column's place, and a column whose region or measure is not known by its header is not used.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa.dates import order_of, written_date
from bonemetrics.readers.dxa.lunar_text_columns import MAX_COLUMNS, Columns, Measure, cells_of, columns_of, is_header
from bonemetrics.readers.dxa.numbers import decimal_mark, is_undefined, number_with
from bonemetrics.readers.dxa.region_names import Place
from bonemetrics.readers.dxa.site_words import side_in
from bonemetrics.readers.dxa.source import Source
from bonemetrics.readers.dxa.text_encoding import decoded, end_notes, lines_of, opening
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

ROUTE: Route = "lunar-text"
_DATES = ("scan_date", "analysis_date", "birth_date")
_LONGEST_TEXT = 120
_MOST_NOTES = 100
_LIKE_A_NUMBER = re.compile(r"[\d.,'\u2019\u00a0\u202f +\-\u2212\u2013]{1,30}")


def recognises(name: str, start: bytes) -> bool:
    """Whether the first line names the person's columns and measures as enCORE does, with tabs between."""
    del name
    line = _first_line(opening(start))
    return 3 <= line.count("\t") < MAX_COLUMNS and is_header(cells_of(line))


def read(source: Source) -> DxaReading:
    """Read an enCORE text export.

    Parameters
    ----------
    source
        The file; `dates` counts for dates that can be read in two ways.

    Returns
    -------
    DxaReading
        One report for each line and site. Columns of soft tissue are counted in `others`.

    Raises
    ------
    ReadError
        `no-dxa-results` for an export of body composition or without a line; `results-not-understood` if no column of
        bone can be told by its header, or two have the same; `truncated-file` where the last line is cut.
    """
    text = decoded(source.data)
    lines = [(number, line) for number, line in enumerate(lines_of(text), start=1) if line.strip()]
    if not lines or not is_header(cells_of(lines[0][1])):
        raise ReadError("the first line names no columns of an enCORE export", code="results-not-understood")
    columns = columns_of(cells_of(lines[0][1]))
    if not columns.measures:
        raise _nothing_of_bone(columns)
    scans, problems = _scans(lines[1:], columns)
    export = _Export.of(columns, scans, source.dates)
    reports = tuple(report for scan in scans for report in export.reports(scan))
    if not reports:
        raise ReadError("the export has columns of bone and no line with a number in them", code="no-dxa-results")
    ends = end_notes(text, cells=len(cells_of(lines[-1][1])), columns=columns.count)
    return DxaReading(reports=reports, problems=(*ends, *problems, *_column_notes(columns)))


def _first_line(text: str) -> str:
    return next((line for line in re.split(r"\r\n|\n|\r", text) if line.strip()), "")


def _nothing_of_bone(columns: Columns) -> ReadError:
    if columns.soft_tissue and not columns.unknown_regions:
        return ReadError("an export of body composition, without bone mineral density", code="no-dxa-results")
    return ReadError(
        "no column can be told by its header; expected such as 'L1-L4 BMD (g/cm²)'", code="results-not-understood"
    )


def _column_notes(columns: Columns) -> Iterator[Problem]:
    if columns.unknown_regions:
        numbers = ", ".join(map(str, columns.unknown_regions[:20]))
        more = " and more" if len(columns.unknown_regions) > 20 else ""
        yield note("unknown-region", f"columns of unknown regions were left out: {numbers}{more}")
    unknown = [str(measure.column) for measure in columns.measures if measure.unknown_unit]
    if unknown:
        yield note("cell-refused", f"columns whose unit is not known were left out: {', '.join(unknown[:20])}")


@dataclass(frozen=True, slots=True)
class _Scan:
    line: int
    cells: Sequence[str]

    def text(self, column: int | None) -> str:
        return self.cells[column - 1] if column is not None and column <= len(self.cells) else ""


def _scans(lines: Sequence[tuple[int, str]], columns: Columns) -> tuple[list[_Scan], list[Problem]]:
    scans, problems = [], []
    for number, line in lines:
        cells = cells_of(line)
        if any(cells[columns.count :]):
            # A tab within a name moves every number into its neighbour's column.
            message = f"line {number} was left out: {len(cells)} cells, but {columns.count} columns"
            problems.append(note("cell-refused", message))
        else:
            if len(cells) < columns.count:
                # Trailing cells may be left out; where one before them was, every number stands in another's column.
                message = f"line {number} has {len(cells)} cells, but {columns.count} columns"
                problems.append(note("values-missing", message))
            scans.append(_Scan(number, cells))
    return scans, problems[:_MOST_NOTES]


@dataclass(frozen=True, slots=True)
class _Export:
    """What holds for all lines: the columns, the decimal mark and the order of day and month."""

    columns: Columns
    mark: str
    order: str

    @classmethod
    def of(cls, columns: Columns, scans: Sequence[_Scan], dates: str) -> _Export:
        small = [measure for measure in columns.measures if measure.unit in ("g/cm2", "1")]
        mark = decimal_mark(
            (scan.text(measure.column) for scan in scans for measure in columns.measures),
            small=(scan.text(measure.column) for scan in scans for measure in small),
        )
        written = (scan.text(columns.roles.get(role)) for scan in scans for role in _DATES)
        return cls(columns, mark, dates or order_of(written))

    def reports(self, scan: _Scan) -> Iterator[RawDxaReport]:
        """The reports of one line, one for each site that has a number or a cell that could not be read."""
        filled = [measure for measure in self.columns.measures if not is_undefined(scan.text(measure.column))]
        side = side_in(self._text(scan, "side"))
        for site in dict.fromkeys(measure.place.site for measure in filled):
            places: dict[Place, list[Measure]] = {}
            for measure in self.columns.measures:
                if measure.place.site == site:
                    places.setdefault(measure.place, []).append(measure)
            yield self._report(scan, site, places, side)

    def _report(
        self, scan: _Scan, site: str, places: dict[Place, list[Measure]], side: ReportSide | None
    ) -> RawDxaReport:
        problems: list[Problem] = []
        rows = []
        for place, measures in places.items():
            cells = {measure.name: self._cell(scan, measure, problems) for measure in measures}
            rows.append(
                DxaRow(
                    region=place.region,
                    printed=measures[0].printed,
                    side=place.side or (side if place.statistic == "value" and site != "lumbar-spine" else None),
                    statistic=place.statistic,
                    cells=cells,
                )
            )
        sides = {row.side for row in rows if row.statistic == "value"}
        return RawDxaReport(
            route=ROUTE,
            site=site,
            side=next(iter(sides)) if len(sides) == 1 else None,
            device=DxaDevice(
                manufacturer="GE Lunar",
                model=self._text(scan, "model"),
                serial=self._text(scan, "serial"),
                software=self._text(scan, "software"),
                analysis_version=self._text(scan, "analysis_version"),
            ),
            patient=self._patient(scan, problems),
            scan_date=self._day(scan, "scan_date", problems),
            analysis_date=self._day(scan, "analysis_date", problems),
            circumstances=DxaCircumstances(
                scan_type=self._text(scan, "scan_type"), scan_mode=self._text(scan, "scan_mode")
            ),
            rows=tuple(rows),
            others=self._others(),
            problems=tuple(problems),
        )

    def _cell(self, scan: _Scan, measure: Measure, problems: list[Problem]) -> DxaCell:
        raw = scan.text(measure.column)
        # Words in a column of numbers may be of the person.
        kept = raw if is_undefined(raw) or _LIKE_A_NUMBER.fullmatch(raw) else ""
        cell = DxaCell(raw=kept[:_LONGEST_TEXT], unit=measure.unit, place=f"line {scan.line}, column {measure.column}")
        if is_undefined(raw):
            return cell
        if measure.unknown_unit:
            # The file as a whole carries the note.
            return cell
        printed = number_with(raw, self.mark)
        if printed is None:
            message = f"line {scan.line}, column {measure.column}: no number, or its decimal mark cannot be told"
            problems.append(note("cell-refused", message))
            return cell
        return cell.model_copy(update={"value": printed.value, "decimals": printed.decimals})

    def _text(self, scan: _Scan, role: str) -> str:
        return scan.text(self.columns.roles.get(role))[:_LONGEST_TEXT]

    def _day(self, scan: _Scan, role: str, problems: list[Problem]) -> date | None:
        text = self._text(scan, role)
        written = written_date(text, order=self.order)
        if text and written is None:
            problems.append(note("cell-refused", f"line {scan.line}, column {self.columns.roles[role]}: no date"))
        elif written is not None and written.is_ambiguous:
            message = f"line {scan.line}, column {self.columns.roles[role]}: state the order of day and month"
            problems.append(note("date-ambiguous", message))
        return written.day if written is not None else None

    def _patient(self, scan: _Scan, problems: list[Problem]) -> DxaPatient:
        born = birth_date(self._text(scan, "birth_date"), self.order)
        if self._text(scan, "birth_date") and not born:
            message = f"line {scan.line}, column {self.columns.roles['birth_date']}: the birth date is left out"
            problems.append(note("date-ambiguous", message))
        sizes = {}
        for role in ("height_cm", "weight_kg"):
            printed = number_with(self._text(scan, role), self.mark)
            sizes[role] = printed.value if printed is not None else None
        return DxaPatient(
            patient_id=self._text(scan, "patient_id"),
            birth_date=born,
            sex=sex(self._text(scan, "sex")),
            ethnicity=self._text(scan, "ethnicity"),
            height_cm=sizes["height_cm"],
            weight_kg=sizes["weight_kg"],
        )

    def _others(self) -> tuple[str, ...]:
        counts = {"columns of soft tissue": self.columns.soft_tissue, "columns not known": self.columns.unknown}
        return tuple(f"{name}: {count}" for name, count in counts.items() if count)
