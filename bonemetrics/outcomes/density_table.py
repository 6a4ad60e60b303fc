"""The density table: one row per number, and one row per note, of every measured scan of a study."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from bonemetrics.outcomes.table import Cell, Column, Table
from bonemetrics.quantities import CATALOGUE
from bonemetrics.records import Measurement, Problem
from bonemetrics.study.placement import PlacedScan

_REGIONS = ("total", "trabecular", "cortical", "central-45")

_SUBJECT = Column(name="subject", type="text", label="Subject", definition="Study ID of the participant")
_VISIT = Column(
    name="visit",
    type="text",
    label="Visit",
    definition="Visit of the protocol whose window holds the scan date, else Unscheduled; numbered without a protocol",
)
_SCAN_DATE = Column(
    name="scan_date",
    type="date",
    label="Date of scan",
    definition="Date of acquisition, ISO 8601",
    source="DICOM Acquisition Date (0008,0022) or Series Date (0008,0021)",
)
_SCAN_ID = Column(
    name="scan_id",
    type="text",
    label="Scan",
    definition="Short hash of the scan's DICOM UIDs, or of what names a report; names its folder under scans/",
)
_QUANTITY = Column(name="quantity", type="text", label="Quantity", definition="Code of the quantity; defined below")
_REGION = Column(
    name="region",
    type="text",
    label="Region",
    definition=(
        "Of a radius: total, trabecular, cortical, central-45 (central 45 % of the area), or label-N of a given"
        " segmentation; of DXA the region of the site, vertebrae as L1-L4"
    ),
)

DENSITY_COLUMNS: tuple[Column, ...] = (
    _SUBJECT,
    _VISIT,
    _SCAN_DATE,
    Column(
        name="side",
        type="text",
        label="Side",
        definition="left or right, or mean of both as a densitometer prints it; empty where there is none to know",
    ),
    Column(name="site", type="text", label="Site", definition="Bone or part of the body that was measured"),
    _REGION,
    _QUANTITY,
    Column(name="value", type="number", label="Value", definition="The number, in the unit beside it"),
    Column(name="unit", type="text", label="Unit", definition="Unit of value and standard_uncertainty", source="UCUM"),
    Column(
        name="material",
        type="text",
        label="Calibration material",
        definition="Material of the density scale (HA, K2HPO4, Stratec); empty for quantities that are no densities",
    ),
    Column(
        name="standard_uncertainty",
        type="number",
        label="Standard uncertainty",
        definition="Calibration, noise and contour combined as root of the sum of squares; one standard deviation",
        source="JCGM 100:2008 (GUM)",
    ),
    Column(name="method", type="text", label="Method", definition="How the number was made"),
    Column(
        name="review_status",
        type="text",
        label="Review status",
        definition=(
            "Of the segmentation that was measured: waiting until it is judged, then the verdict; needs-adjudication"
            " where readers differ; not-applicable for DXA"
        ),
    ),
    _SCAN_ID,
    Column(
        name="series_uid",
        type="text",
        label="Series UID",
        definition="Series that was measured",
        source="DICOM Series Instance UID (0020,000E)",
    ),
    Column(name="software_version", type="text", label="Software version", definition="bonemetrics that measured it"),
)

NOTE_COLUMNS: tuple[Column, ...] = (
    _SUBJECT,
    _VISIT,
    _SCAN_DATE,
    _SCAN_ID,
    Column(name="site", type="text", label="Site", definition="Site the note is about; empty: the whole scan"),
    Column(name="side", type="text", label="Side", definition="Side the note is about; empty: all there are"),
    Column(
        name="region",
        type="text",
        label="Region",
        definition="Regions the note is about, split by ';'; empty: the whole scan, or cells that were left empty",
    ),
    Column(
        name="quantity",
        type="text",
        label="Quantity",
        definition="Quantities the note is about, split by ';'; empty: all, or cells that were left empty",
    ),
    Column(name="severity", type="text", label="Severity", definition="note: a value stands, with this said about it"),
    Column(name="code", type="text", label="Code", definition="Stable code of the note"),
    Column(name="message", type="text", label="Message", definition="What was found, for a person"),
    Column(name="slices", type="text", label="Slices", definition="Slices concerned, from 0, as ranges; empty: all"),
)


def density_table(scans: Iterable[PlacedScan]) -> Table:
    """Lay out every measurement as one row.

    Parameters
    ----------
    scans
        Measured scans in their place in the trial, in any order.

    Returns
    -------
    Table
        Named `density`, sorted by subject, date, scan, site, side, region and quantity, so that the same numbers give
        the same bytes.
    """
    rows: list[tuple[Cell, ...]] = []
    for scan in _in_order(scans):
        rows.extend(_density_row(scan, found) for found in sorted(scan.measurements, key=_place))
    return Table(name="density", columns=DENSITY_COLUMNS, rows=rows)


def notes_table(scans: Iterable[PlacedScan]) -> Table:
    """Lay out what was noted on scans and numbers.

    Parameters
    ----------
    scans
        Measured scans in their place in the trial, in any order.

    Returns
    -------
    Table
        Named `density_notes`. A note on a scan stands once, not again on each of its numbers; one on several numbers
        of a DXA report stands once too, with the regions and quantities that it is about.
    """
    rows = [_note_row(scan, about, problem) for scan in _in_order(scans) for about, problem in _notes(scan)]
    return Table(name="density_notes", columns=NOTE_COLUMNS, rows=rows)


def _in_order(scans: Iterable[PlacedScan]) -> list[PlacedScan]:
    return sorted(scans, key=lambda scan: (scan.subject, scan.scan.scan_date or date.max, scan.scan.scan_id))


def _region_order(region: str) -> tuple[int, int, str]:
    if region in _REGIONS:
        return _REGIONS.index(region), 0, region
    number = region.removeprefix("label-")
    return len(_REGIONS), int(number) if number.isdecimal() else 0, region


def _place(found: Measurement) -> tuple[str, str, tuple[int, int, str], int]:
    return found.site, found.side or "", _region_order(found.region), list(CATALOGUE).index(found.quantity)


def _density_row(scan: PlacedScan, found: Measurement) -> tuple[Cell, ...]:
    return (
        *_where(scan),
        found.side,
        found.site,
        found.region,
        found.quantity,
        found.value,
        found.unit,
        None if found.material is None else str(found.material),
        found.standard_uncertainty,
        found.provenance.method or None,
        scan.scan.review_status,
        scan.scan.scan_id,
        found.provenance.series_uid or scan.scan.series_uid or None,
        found.provenance.software_version,
    )


def _where(scan: PlacedScan) -> tuple[Cell, ...]:
    return scan.subject, scan.visit.name, scan.scan.scan_date


@dataclass(frozen=True, slots=True)
class _About:
    """What a note is about; `None` is all there is."""

    site: str | None = None
    side: str | None = None
    region: str | None = None
    quantity: str | None = None


def _notes(scan: PlacedScan) -> Iterator[tuple[_About, Problem]]:
    result = scan.scan.result
    on_numbers = _on_numbers(scan)
    seen: set[Problem] = set()
    for problem in (*scan.all_notes, *scan.scan.card.findings):
        if problem not in seen:
            seen.add(problem)
            yield _about(scan, on_numbers.get(problem, ())), problem
    for found in sorted(scan.measurements, key=_place):
        for problem in found.provenance.notes:
            if problem in seen:
                continue
            if result.report is None:
                yield _About(found.site, found.side, found.region, found.quantity), problem
            else:
                seen.add(problem)
                yield _about(scan, on_numbers[problem]), problem


def _on_numbers(scan: PlacedScan) -> dict[Problem, list[Measurement]]:
    """The numbers of a report that each note stands on, those included that came by a better route as well."""
    if scan.scan.result.report is None:
        return {}
    found: dict[Problem, list[Measurement]] = {}
    for number in sorted((*scan.measurements, *scan.scan.result.measurements), key=_place):
        for problem in number.provenance.notes:
            found.setdefault(problem, []).append(number)
    return found


def _about(scan: PlacedScan, numbers: Sequence[Measurement]) -> _About:
    result = scan.scan.result
    if not numbers:
        return _About(site=None if result.report is None else result.report.site or None)
    sides = {number.side for number in numbers}
    return _About(
        site=numbers[0].site,
        side=sides.pop() if len(sides) == 1 else None,
        region=_joined([number.region for number in numbers], [number.region for number in result.measurements]),
        quantity=_joined([number.quantity for number in numbers], [number.quantity for number in result.measurements]),
    )


def _joined(names: Sequence[str], every: Sequence[str]) -> str | None:
    """The names, unless they are many and all there are."""
    chosen = dict.fromkeys(names)
    return None if len(chosen) > 1 and set(chosen) == set(every) else ";".join(chosen)


def _note_row(scan: PlacedScan, about: _About, problem: Problem) -> tuple[Cell, ...]:
    slices = as_ranges(problem.slices) or None
    told = (problem.severity, problem.code, problem.message, slices)
    place = (about.site, about.side, about.region, about.quantity)
    return (*_where(scan), scan.scan.scan_id, *place, *told)


def as_ranges(numbers: Sequence[int]) -> str:
    """Write whole numbers shortly: 3, 4, 5 and 9 become `3-5;9`.

    Parameters
    ----------
    numbers
        In any order.

    Returns
    -------
    str
        Ranges in rising order, empty for none.
    """
    ranges: list[list[int]] = []
    for number in sorted(set(numbers)):
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ";".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges)
