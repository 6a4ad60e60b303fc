"""The report text of Hologic, from its private attribute (0019,xx00) or alone: tags, assignments, results table.

The tables are JavaScript assignments. They are read as text; nothing is ever executed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa.dates import order_of, written_date
from bonemetrics.readers.dxa.dicom_text import names_person, person_words, without_person
from bonemetrics.readers.dxa.hologic_xml_table import Table, rows_of, site_of, tables_of
from bonemetrics.readers.dxa.hologic_xml_text import ReportText, taken_apart
from bonemetrics.readers.dxa.numbers import printed_number
from bonemetrics.readers.dxa.site_words import side_in, site_in
from bonemetrics.readers.dxa.source import Source
from bonemetrics.readers.dxa.spine_total import with_total_named
from bonemetrics.readers.dxa.text_values import birth_date, sex
from bonemetrics.records import (
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

ROUTE: Route = "hologic-xml"
_MARKS = (b"HologicHeader1", b"JavaScriptFile", b"ResultsTable1")
_KIND_NAMES = ("ScanType", "AnalProtocol", "ScanMode", "ReportTitle", "Title")
_SCAN = re.compile(r"(.{6,30}?)\s+-\s+([A-Za-z][A-Za-z0-9]{5,15})")
_LENGTHS = {"cm": 1.0, "m": 100.0, "in": 2.54, "inch": 2.54, "inches": 2.54, '"': 2.54}
_WEIGHTS = {"kg": 1.0, "lb": 0.45359237, "lbs": 0.45359237, "pounds": 0.45359237}
_REFERENCE = re.compile(
    r"T-?score vs\.? .{1,80}?Source:.{1,120}?(?=\s*Z-?score vs|$)"
    r"(?:\s*Z-?score vs\.? .{1,80}?Source:[^.\n]{1,120}\.?)?",
    re.IGNORECASE,
)
_FACTOR = r"(?<![A-Za-z]){}\s?=\s?(\d{{1,3}}[.,]\d{{1,6}})(?!\d)"


def recognises(_name: str, start: bytes) -> bool:
    """Whether the first bytes hold one of the names by which every such text begins, in UTF-8 or UTF-16."""
    plain = start.replace(b"\0", b"")
    return start[128:132] != b"DICM" and any(mark in plain for mark in _MARKS)


def read(source: Source) -> DxaReading:
    """Read a report text that is a file of its own, or a payload.

    Raises
    ------
    ReadError
        As `read_text` does.
    """
    return DxaReading(reports=(read_text(source.data, dates=source.dates),))


def read_text(
    data: bytes,
    *,
    dates: str = "",
    place: str = "",
    site: str = "",
    side: ReportSide | None = None,
    person: frozenset[str] = frozenset(),
) -> RawDxaReport:
    """Read a report text.

    Parameters
    ----------
    data
        Its bytes.
    dates
        Order of day and month in this study's files, where it is stated.
    place
        Tag of the attribute that holds it, for the places of its cells.
    site, side
        What the header around it says; they decide where the text is silent.
    person
        Words by which the header names the person; no text that holds one is kept.

    Raises
    ------
    ReadError
        `no-dxa-results` where no table holds densities, `results-not-understood` where rows, columns or the site of
        one cannot be told, `truncated-file` or `too-large`.
    """
    text = taken_apart(data)
    tables, others = tables_of(text)
    if not tables:
        raise ReadError("the report text holds no table of densities", code="no-dxa-results")
    kind, person = " ".join(text.value(name) for name in _KIND_NAMES), person | _person(text)
    site = site_of(tables, site_in(kind) or site)
    side, problems = _side(side_in(kind), side)
    rows, found = _all_rows(tables, site, side, f"{place} " if place else "", person)
    rows, included, about_total = with_total_named(rows)
    if not rows:
        raise ReadError("no row of the results table has a known region", code="results-not-understood")
    if not text.ends:
        problems.append(note("values-missing", "the report text has no end mark; rows may be missing"))
    scanned, scan_id, about_date = _scan(text, dates, person)
    serial = text.value("SerialNumber")
    circumstances, about_factors = _circumstances(text, person)
    return RawDxaReport(
        route=ROUTE,
        key=f"{serial}/{scan_id}" if serial and scan_id else "",
        scan_id=scan_id,
        site=site,
        side=side,
        device=DxaDevice(manufacturer="HOLOGIC", serial=serial),
        patient=_patient(text, dates),
        scan_date=scanned,
        circumstances=circumstances,
        included=included,
        rows=tuple(rows),
        others=tuple(f"ResultsTable{number}" for number in others),
        problems=(*problems, *found, *about_total, *about_date, *about_factors),
    )


def _side(own: ReportSide | None, header: ReportSide | None) -> tuple[ReportSide | None, list[Problem]]:
    if own and header and own != header:
        return None, [note("side-unknown", "the report text and the header around it name different sides")]
    return own or header, []


def _all_rows(
    tables: Sequence[Table], site: str, side: ReportSide | None, where: str, person: frozenset[str]
) -> tuple[list[DxaRow], list[Problem]]:
    """The rows of the first table, and of others as far as they add regions and contradict nothing."""
    rows: list[DxaRow] = []
    problems: list[Problem] = []
    for table in tables:
        more, found = rows_of(table, site, side, where, person)
        known = {(row.region, row.side, row.statistic) for row in rows}
        if not known.isdisjoint((row.region, row.side, row.statistic) for row in more):
            problems.append(note("other-records", f"ResultsTable{table.number} has the same regions once more"))
            continue
        rows, problems = [*rows, *more], [*problems, *found]
    return rows, problems


def _scan(text: ReportText, dates: str, person: frozenset[str]) -> tuple[date | None, str, list[Problem]]:
    """Date and ID of the scan: `15January2026 - A0115260B`."""
    stated, tag = text.value("Scan"), text.value("ScanID")
    found = _SCAN.fullmatch(stated)
    day = found[1] if found else stated
    own_id = found[2] if found else ""
    ids = {known for known in (own_id, tag if re.fullmatch(r"[A-Za-z0-9]{6,16}", tag) else "") if known}
    scan_id = ids.pop() if len(ids) == 1 else ""
    if names_person(scan_id, person):
        scan_id = ""
    written = written_date(day, order=dates or order_of((day, text.value("DOB"))))
    if written is None or not written.is_ambiguous:
        return (written.day if written else None), scan_id, []
    return None, scan_id, [note("date-ambiguous", "day and month of the scan cannot be told apart")]


def _person(text: ReportText) -> frozenset[str]:
    names = ("PatientName", "PatientID", "DOB", "ReferringPhysician", "Operator")
    return person_words(value for name in names for value in text.values.get(name, ()))


def _patient(text: ReportText, dates: str) -> DxaPatient:
    born = text.value("DOB")
    age, menopause = printed_number(text.value("Age")), printed_number(text.value("MenopauseAge"))
    return DxaPatient(
        patient_id=text.value("PatientID"),
        birth_date=birth_date(born, dates or order_of((born,))),
        sex=sex(text.value("PatientSex")),
        age_years=age.value if age else None,
        ethnicity=text.value("Ethnicity"),
        height_cm=_measured(text.value("Height"), _LENGTHS),
        weight_kg=_measured(text.value("Weight"), _WEIGHTS),
        menopause_age=menopause.value if menopause else None,
    )


def _measured(stated: str, units: dict[str, float]) -> float | None:
    """A number in the unit that stands behind it; none where no known unit does."""
    found = re.fullmatch(r"(\d{1,4}(?:[.,]\d{1,4})?)\s*([A-Za-z\"]{1,8})\.?", stated)
    number = printed_number(found[1]) if found else None
    if found is None or number is None or found[2].casefold() not in units:
        return None
    return round(number.value * units[found[2].casefold()], 6) or None


def _circumstances(text: ReportText, person: frozenset[str]) -> tuple[DxaCircumstances, list[Problem]]:
    notes = " ".join(text.value(f"TableNote{number}") for number in range(1, 10))
    reference = _REFERENCE.search(notes)
    factors, problems = {}, []
    for name in ("ACF", "BCF", "k", "d0"):
        stated = {text.value(name), *re.findall(_FACTOR.format(name), notes)} - {""}
        values = {number.value for number in map(printed_number, stated) if number}
        factors[name] = values.pop() if len(values) == 1 else None
        if values:
            problems.append(note("cell-refused", f"{name} is given twice with different values"))
    circumstances = DxaCircumstances(
        scan_type=without_person(text.value("ScanType"), person),
        scan_mode=without_person(text.value("ScanMode"), person),
        protocol=without_person(text.value("AnalProtocol"), person),
        reference=without_person(reference[0], person) if reference else "",
        acf=factors["ACF"],
        bcf=factors["BCF"],
        k=factors["k"],
        d0=factors["d0"],
    )
    return circumstances, problems
