"""One scan that came by several routes: which route's number stands, and where they disagree."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bonemetrics.dxa.cells import EXACT, NAMES, CellKey, Number, numbers_of, site_of_report
from bonemetrics.records import NUMBERS, Problem, RawDxaReport, ReportSide, Route, Trust, note

_RANK: dict[Trust, int] = {"exact": 2, "text": 1, "ocr": 0}
# Site letter, year, month, day and sequence; printed with MMDDYY, in a database with base-36 year and seconds.
_PRINTED_ID = re.compile(r"([A-Z0-9])(\d\d)(\d\d)(\d\d)([0-9A-Z]{2})")
_DATABASE_ID = re.compile(r"([A-Z0-9])([0-9A-Z]{3})([1-9A-C])(\d\d)[0-9A-Z]{4}([0-9A-Z]{2})")
_DENSITY = ("area", "bmc", "bmd")
"""Scores of one decimal are alike by chance too often to tell scans apart."""
_FEWEST_ALIKE = 3
_HEX_MONTH = "0123456789ABC"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutedNumber:
    """A number with what it is known to and how it was read."""

    number: Number
    trust: Trust


@dataclass(frozen=True, slots=True, kw_only=True)
class Routed:
    """One judged report, as far as reconciling needs it. A page of two scans has both `scan_ids`."""

    route: Route
    site: str
    scan_ids: tuple[str, ...]
    numbers: Mapping[CellKey, RoutedNumber]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which of several reports gives a number: places in the sequence that was reconciled."""

    cell: CellKey
    primary: int
    others: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What stands. A number that two different scans have appears once for each of them.

    `notes` come with the report whose numbers they stand on, and these cells.
    """

    choices: tuple[Choice, ...] = ()
    notes: tuple[tuple[Problem, int, tuple[CellKey, ...]], ...] = field(default=())

    def stands(self, report: int, cell: CellKey) -> bool:
        """Whether the number of this report is the one that counts, rather than another route's of the same scan."""
        return any(choice.primary == report and choice.cell == cell for choice in self.choices)


def routed(report: RawDxaReport) -> Routed:
    """A judged report as `reconcile` takes it.

    Parameters
    ----------
    report
        In the units that a study keeps. Rows of differences are left out; of a row that is repeated the first counts.
    """
    numbers = numbers_of(report.rows)
    found: dict[CellKey, RoutedNumber] = {}
    for (i, name), number in numbers.items():
        row = report.rows[i]
        if name in NUMBERS and row.statistic != "difference":
            found.setdefault((row.region, row.side, name), RoutedNumber(number=number, trust=row.cells[name].trust))
    ids = tuple(part for part in re.split(r"[\s,;/]+", report.scan_id.strip().upper()) if part)
    return Routed(route=report.route, site=site_of_report(report), scan_ids=ids, numbers=found)


def same_scan(first: str, second: str) -> bool | None:
    """Whether two scan IDs are of one scan.

    Parameters
    ----------
    first, second
        As sources write them. Hologic prints site letter, MMDDYY and sequence, and stores site letter, base-36 year,
        hexadecimal month, day, seconds and sequence.

    Returns
    -------
    bool or None
        `None` where one is missing, or of a kind that cannot be compared with the other.
    """
    first, second = first.strip().upper(), second.strip().upper()
    if not first or not second:
        return None
    if first == second:
        return True
    a, b = _hologic(first), _hologic(second)
    if (a is None) != (b is None):
        return None
    if a is None or (len(first) == len(second)):
        return False
    return a == b


def _hologic(scan_id: str) -> tuple[str, int, int, int, str] | None:
    if found := _PRINTED_ID.fullmatch(scan_id):
        month, day = int(found[2]), int(found[3])
        year = int(found[4])
    elif found := _DATABASE_ID.fullmatch(scan_id):
        month, day = _HEX_MONTH.index(found[3]), int(found[4])
        year = int(found[2], 36) % 100
    else:
        return None
    return (found[1], year, month, day, found[5]) if 1 <= month <= 12 and 1 <= day <= 31 else None


def reconcile(reports: Sequence[Routed]) -> Reconciled:
    """Bring together reports of one person and one day that may be of the same scans.

    Parameters
    ----------
    reports
        Of one person and one day, in any order.

    Returns
    -------
    Reconciled
        For each number of each scan the report that gives it: binary before text before read from a picture, then more
        decimals. Two different known scan IDs are two scans. A report whose ID cannot be compared belongs to a scan
        whose numbers it agrees with, in a region or all but a few over the report; one without ID also to the only scan
        there is by other routes.
    """
    choices: list[Choice] = []
    agreeing: dict[tuple[int, int], list[CellKey]] = {}
    disagreeing: dict[tuple[int, int], list[CellKey]] = {}
    for site, region, side in _regions(reports):
        having = [i for i, report in enumerate(reports) if report.site == site and _row(report, region, side)]
        for scan in _scans(reports, having, region, side):
            for name in NUMBERS:
                cell = (region, side, name)
                choice = _choice(reports, scan, cell)
                if choice is None:
                    continue
                choices.append(choice)
                for other in choice.others:
                    alike = _alike(reports[choice.primary].numbers[cell], reports[other].numbers[cell])
                    (agreeing if alike else disagreeing).setdefault((choice.primary, other), []).append(cell)
    return Reconciled(tuple(choices), (*_notes(reports, agreeing), *_disagreements(reports, disagreeing)))


def sides_of(reports: Sequence[Routed]) -> dict[int, ReportSide]:
    """Sides that reports leave open and other routes of the same scans tell.

    Parameters
    ----------
    reports
        Of one person and one day, in any order.

    Returns
    -------
    dict
        Side by place, for reports of which no number has a side. Told by the one side of a report with the same scan
        ID, else by the one side whose numbers are the same throughout.
    """
    found: dict[int, ReportSide] = {}
    for i, report in enumerate(reports):
        if any(side is not None for _, side, _ in report.numbers):
            continue
        by_id: set[ReportSide] = set()
        by_numbers: set[ReportSide] = set()
        for other in reports:
            sides = {side for _, side, _ in other.numbers if side is not None}
            verdict = _verdict(report, other)
            if other.site != report.site or not sides or verdict is False:
                continue
            by_id |= sides if verdict and len(sides) == 1 else set()
            by_numbers |= {side for side in sides if _is_copy(report, other, side)}
        for sides in (by_id, by_numbers):
            if len(sides) == 1:
                found.setdefault(i, next(iter(sides)))
    return found


def _is_copy(report: Routed, other: Routed, side: ReportSide) -> bool:
    pairs = [
        (number, other.numbers[region, side, name])
        for (region, _, name), number in report.numbers.items()
        if name in _DENSITY and (region, side, name) in other.numbers
    ]
    return len(pairs) >= _FEWEST_ALIKE and all(_alike(*pair) for pair in pairs)


def _regions(reports: Sequence[Routed]) -> Iterable[tuple[str, str, ReportSide | None]]:
    found = ((report.site, region, side) for report in reports for region, side, _ in report.numbers)
    return dict.fromkeys(found)


def _row(report: Routed, region: str, side: ReportSide | None) -> dict[CellKey, RoutedNumber]:
    keys = ((region, side, name) for name in NUMBERS)
    return {key: report.numbers[key] for key in keys if key in report.numbers}


def _scans(
    reports: Sequence[Routed], having: Sequence[int], region: str, side: ReportSide | None
) -> list[tuple[int, ...]]:
    scans: list[list[int]] = []
    open_ones: list[int] = []
    for i in having:
        verdicts = [{_verdict(reports[i], reports[j]) for j in scan} for scan in scans]
        same = next((scan for scan, verdict in zip(scans, verdicts, strict=True) if True in verdict), None)
        if same is not None:
            same.append(i)
        elif not reports[i].scan_ids or any(None in verdict for verdict in verdicts):
            open_ones.append(i)
        else:
            scans.append([i])
    for i in open_ones:
        scan = _scan_of(reports, i, scans, region, side)
        if scan is None:
            scans.append([i])
        else:
            scan.append(i)
    return [tuple(scan) for scan in scans]


def _scan_of(
    reports: Sequence[Routed], i: int, scans: Sequence[list[int]], region: str, side: ReportSide | None
) -> list[int] | None:
    mine = _row(reports[i], region, side)
    for scan in scans:
        if _rows_alike(mine, _row(reports[scan[0]], region, side)):
            return scan
    for scan in scans:
        if _mostly_alike(reports[i], reports[scan[0]], side):
            return scan
    # Nothing but the day says that it is the only other scan, unless the two have IDs or are of one route: a scanner
    # does not report one scan twice with other numbers, but a person may well be scanned twice.
    if len(scans) != 1 or reports[i].scan_ids or any(reports[j].route == reports[i].route for j in scans[0]):
        return None
    return scans[0]


def _verdict(first: Routed, second: Routed) -> bool | None:
    verdicts = {same_scan(a, b) for a in first.scan_ids for b in second.scan_ids} or {None}
    return True if True in verdicts else None if None in verdicts else False


def _rows_alike(first: Mapping[CellKey, RoutedNumber], second: Mapping[CellKey, RoutedNumber]) -> bool:
    shared = [key for key in first if key in second]
    return bool(shared) and all(_alike(first[key], second[key]) for key in shared)


def _mostly_alike(first: Routed, second: Routed, side: ReportSide | None) -> bool:
    """Whether two reports agree but for a few numbers: a second scan of the day would agree in next to none."""
    shared = [key for key in first.numbers if key in second.numbers and key[1] == side and key[2] in _DENSITY]
    alike = sum(_alike(first.numbers[key], second.numbers[key]) for key in shared)
    return alike >= _FEWEST_ALIKE and alike > 2 * (len(shared) - alike)


def _alike(first: RoutedNumber, second: RoutedNumber) -> bool:
    a, b = first.number, second.number
    return abs(a.value - b.value) <= a.half + b.half + EXACT * max(abs(a.value), abs(b.value))


def _choice(reports: Sequence[Routed], scan: Sequence[int], cell: CellKey) -> Choice | None:
    having = [i for i in scan if cell in reports[i].numbers]
    if not having:
        return None

    def exactness(i: int) -> tuple[int, float, int]:
        entry = reports[i].numbers[cell]
        return _RANK[entry.trust], -entry.number.half, -i

    primary = max(having, key=exactness)
    return Choice(cell=cell, primary=primary, others=tuple(i for i in having if i != primary))


def _notes(
    reports: Sequence[Routed], agreeing: Mapping[tuple[int, int], list[CellKey]]
) -> list[tuple[Problem, int, tuple[CellKey, ...]]]:
    return [
        (
            note("several-routes", _agreement(reports[first].route, reports[other].route)),
            first,
            tuple(cells),
        )
        for (first, other), cells in agreeing.items()
    ]


def _agreement(first: Route, other: Route) -> str:
    if first == other:
        return f"another report by {other} agrees; the more exact of the two stands"
    return f"{other} agrees; the number stands as {first} has it"


def _disagreements(
    reports: Sequence[Routed], disagreeing: Mapping[tuple[int, int], list[CellKey]]
) -> list[tuple[Problem, int, tuple[CellKey, ...]]]:
    return [
        (note("routes-disagree", _difference(reports, first, other, cell)), first, (cell,))
        for (first, other), cells in disagreeing.items()
        for cell in cells
    ]


def _difference(reports: Sequence[Routed], first: int, other: int, cell: CellKey) -> str:
    region, side, name = cell
    place = f"{side} {region}" if side else region
    values = [f"{reports[i].numbers[cell].number.value:.6g} by {reports[i].route}" for i in (first, other)]
    return f"{place} {NAMES[name]} is {values[0]} and {values[1]}; the first stands"
