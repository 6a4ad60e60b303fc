"""DXA numbers that stand where one scan came by several routes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import get_args

from bonemetrics.dxa.cells import CellKey, Number
from bonemetrics.dxa.reconcile import Routed, RoutedNumber, reconcile, sides_of
from bonemetrics.records import QUANTITIES, Measurement, Problem, ReportSide, Trust, note
from bonemetrics.study.stored import StoredScan

_NAMES = {quantity: name for name, quantity in QUANTITIES.items()}


@dataclass(frozen=True, slots=True)
class Standing:
    """What of one report stands: its numbers, with the notes that other routes give them, and notes on the report."""

    measurements: tuple[Measurement, ...]
    notes: tuple[Problem, ...] = ()


def standing_numbers(reports: Sequence[StoredScan]) -> dict[str, Standing]:
    """Settle which report gives each number of one person.

    Parameters
    ----------
    reports
        All measured DXA reports of one person.

    Returns
    -------
    dict
        By scan ID. Reports without a date are never taken for copies of each other.
    """
    days: dict[date, list[StoredScan]] = {}
    found: dict[str, Standing] = {}
    for report in sorted(reports, key=lambda one: one.scan_id):
        if report.scan_date is None:
            found[report.scan_id] = Standing(report.result.measurements)
        else:
            days.setdefault(report.scan_date, []).append(report)
    for same_day in days.values():
        found |= _of_one_day(same_day)
    return found


def _of_one_day(reports: Sequence[StoredScan]) -> dict[str, Standing]:
    sides = sides_of([_routed(report, report.result.measurements) for report in reports])
    numbers = [_on_side(report.result.measurements, sides.get(place)) for place, report in enumerate(reports)]
    settled = reconcile([_routed(report, own) for report, own in zip(reports, numbers, strict=True)])
    on_reports: dict[int, list[Problem]] = {}
    on_cells: dict[tuple[int, CellKey], list[Problem]] = {}
    for problem, place, cells in settled.notes:
        if problem.code == "several-routes":
            on_reports.setdefault(place, []).append(problem)
        else:
            for cell in cells:
                on_cells.setdefault((place, cell), []).append(problem)
    return {
        report.scan_id: Standing(
            tuple(
                with_notes(number, on_cells.get((place, _cell(number)), ()))
                for number in numbers[place]
                if settled.stands(place, _cell(number))
            ),
            tuple(on_reports.get(place, ())),
        )
        for place, report in enumerate(reports)
    }


def _on_side(numbers: Sequence[Measurement], side: ReportSide | None) -> Sequence[Measurement]:
    if side is None:
        return numbers
    told = note("side-by-other-route", f"this source does not say the side; another route of the same scan says {side}")
    return [with_notes(number.model_copy(update={"side": side}), (told,)) for number in numbers]


def _routed(stored: StoredScan, numbers: Sequence[Measurement]) -> Routed:
    report = stored.result.report
    assert report is not None  # noqa: S101 - only reports are settled
    return Routed(
        route=report.route,
        site=report.site,
        scan_ids=tuple(part for part in re.split(r"[\s,;/]+", report.scan_id.strip().upper()) if part),
        numbers={_cell(number): _number(number) for number in numbers},
    )


def _cell(found: Measurement) -> CellKey:
    return found.region, found.side, _NAMES[found.quantity]


def _number(found: Measurement) -> RoutedNumber:
    told = found.provenance.parameters
    half, trust = told["half_unit"], next((known for known in get_args(Trust) if known == told["trust"]), None)
    if not isinstance(half, float) or trust is None:
        raise TypeError("a stored DXA number does not say how it was read")
    return RoutedNumber(number=Number(found.value, half), trust=trust)


def with_notes(found: Measurement, notes: Sequence[Problem]) -> Measurement:
    """A number with more notes on it."""
    if not notes:
        return found
    provenance = found.provenance.model_copy(update={"notes": (*found.provenance.notes, *notes)})
    return found.model_copy(update={"provenance": provenance})
