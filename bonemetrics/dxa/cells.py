"""Cells of a report by their place: what their numbers are known to, and how one is emptied or replaced."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bonemetrics.anatomy import site_of
from bonemetrics.records import DxaCell, DxaRow, Problem, RawDxaReport, ReportSide, note

CellKey = tuple[str, ReportSide | None, str]
"""Region, side and name of a cell."""
Spot = tuple[int, str]
"""Number of the row in its report, and name of the cell; unlike a key it is never shared by two cells."""
Notes = tuple[tuple[Problem, tuple[Spot, ...]], ...]
"""Notes with the cells that each stands on."""

NAMES = {"area": "area", "bmc": "BMC", "bmd": "BMD", "t_score": "T-score", "z_score": "Z-score"}
EXACT = 1e-9
"""Relative difference that two ways of computing one double may show."""
_SHORT_DECIMALS = 4
_HOLOGIC_ROUTES = ("hologic-", "nhanes")


@dataclass(frozen=True, slots=True)
class Number:
    """A number and half the unit of its last known digit: the true one lies within `value` ± `half`."""

    value: float
    half: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one step of the judging gives: the report, changed only by emptied, converted or added cells, and notes."""

    report: RawDxaReport
    notes: Notes = ()


def is_hologic(report: RawDxaReport) -> bool:
    """Whether the numbers are a Hologic scanner's; NHANES measured with Hologic scanners only."""
    return report.route.startswith(_HOLOGIC_ROUTES) or "hologic" in report.device.manufacturer.casefold()


def site_of_report(report: RawDxaReport) -> str:
    """The site a report names, else the one its first known region belongs to; empty where there is none."""
    return report.site or next((site for row in report.rows if (site := site_of(row.region))), "")


def key_of(rows: tuple[DxaRow, ...], spot: Spot) -> CellKey:
    """Region, side and name of a cell."""
    row = rows[spot[0]]
    return row.region, row.side, spot[1]


def label(rows: tuple[DxaRow, ...], spot: Spot) -> str:
    """A cell as a person calls it, such as `left neck BMD`."""
    return f"{_place(rows[spot[0]])} {NAMES.get(spot[1], spot[1])}"


def _place(row: DxaRow) -> str:
    side = "" if row.side is None else f"{row.side} "
    kind = "difference of " if row.statistic == "difference" else ""
    return f"{kind}{side}{row.region}"


def numbers_of(rows: tuple[DxaRow, ...]) -> dict[Spot, Number]:
    """All numbers of a report with what rounding leaves open.

    A printed number is known to half a unit of its last digit. A binary one is known to 1e-9 of itself, unless all of
    its column are short decimals: then the source stores rounded numbers, as tables for statistics programs do.

    Parameters
    ----------
    rows
        Rows of one report, in the units that a study keeps.

    Returns
    -------
    dict
        Number by place; cells without a number are left out.
    """
    cells = {(i, name): cell for i, row in enumerate(rows) for name, cell in row.cells.items()}
    binary = {spot: cell.value for spot, cell in cells.items() if cell.value is not None and cell.decimals is None}
    columns: dict[str, int | None] = {}
    for (_, name), value in binary.items():
        digits, so_far = short_decimals(value), columns.get(name, 0)
        columns[name] = None if digits is None or so_far is None else max(digits, so_far)
    return {
        spot: Number(cell.value, _half(cell.value, cell.decimals if cell.decimals is not None else columns[spot[1]]))
        for spot, cell in cells.items()
        if cell.value is not None
    }


def short_decimals(value: float) -> int | None:
    """Digits after the point of a number of at most four; `None` for one of full precision."""
    for digits in range(_SHORT_DECIMALS + 1):
        if abs(value - round(value, digits)) <= 1e-12 * abs(value):
            return digits
    return None


def _half(value: float, decimals: int | None) -> float:
    if decimals is None:
        return EXACT * abs(value)
    return 0.5 * 10.0 ** -max(min(decimals, 15), -15)


def with_cells(report: RawDxaReport, changed: Mapping[Spot, DxaCell]) -> RawDxaReport:
    """A report with some of its cells replaced or added."""
    if not changed:
        return report
    by_row: dict[int, dict[str, DxaCell]] = {}
    for (row, name), cell in changed.items():
        by_row.setdefault(row, {})[name] = cell
    rows = tuple(
        row.model_copy(update={"cells": {**row.cells, **by_row[i]}}) if i in by_row else row
        for i, row in enumerate(report.rows)
    )
    return report.model_copy(update={"rows": rows})


def emptied(report: RawDxaReport, reasons: Mapping[Spot, str]) -> Step:
    """Take the numbers out of cells, each with its reason and place; what the source wrote stays in `raw`.

    Parameters
    ----------
    report
        The report.
    reasons
        Why a cell is refused, to be read after its name: `is -4, and an area is above 0`.

    Returns
    -------
    Step
        The report without these numbers, and a note `cell-refused` for each.
    """
    notes: list[tuple[Problem, tuple[Spot, ...]]] = []
    changed: dict[Spot, DxaCell] = {}
    for spot, reason in reasons.items():
        cell = report.rows[spot[0]].cells[spot[1]]
        changed[spot] = cell.model_copy(update={"value": None})
        place = f" ({cell.place})" if cell.place else ""
        notes.append((note("cell-refused", f"{label(report.rows, spot)}{place} {reason}"), (spot,)))
    return Step(report=with_cells(report, changed), notes=tuple(notes))


def listed(rows: tuple[DxaRow, ...], spots: Iterable[Spot], *, most: int = 12) -> str:
    """Names of cells in one line; a long list ends in how many more there are."""
    names = list(dict.fromkeys(label(rows, spot) for spot in spots))
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def grouped(rows: tuple[DxaRow, ...], spots: Iterable[Spot], *, most: int = 4) -> str:
    """What a note is about, in short: `T-score and Z-score of 15 regions (L1, L2, L3, L4 and others)`."""
    columns: dict[str, dict[str, None]] = {}
    for row, name in spots:
        columns.setdefault(_place(rows[row]), {})[NAMES.get(name, name)] = None
    places: dict[tuple[str, ...], list[str]] = {}
    for place, names in columns.items():
        places.setdefault(tuple(names), []).append(place)
    return "; ".join(f"{' and '.join(names)} of {_counted(found, most)}" for names, found in places.items())


def _counted(places: list[str], most: int) -> str:
    if len(places) <= most:
        return ", ".join(places)
    return f"{len(places)} regions ({', '.join(places[:most])} and others)"
