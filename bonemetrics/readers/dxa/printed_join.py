"""Several pages of one scan, brought to one report."""

from __future__ import annotations

from collections.abc import Sequence

from bonemetrics.records import DxaCell, DxaCircumstances, DxaRow, RawDxaReport


def joined(reports: Sequence[RawDxaReport], stamps: Sequence[Sequence[str]]) -> tuple[RawDxaReport, ...]:
    """Join reports that are of the same scan beyond doubt and do not contradict each other.

    Parameters
    ----------
    reports
        In the order of their pages.
    stamps
        For each report, its dates and times as printed: two scans of one day differ in their time.
    """
    kept: list[tuple[RawDxaReport, Sequence[str]]] = []
    for report, stamp in zip(reports, stamps, strict=True):
        same = (place for place, (other, known) in enumerate(kept) if known == stamp and _same_scan(other, report))
        place = next(same, None)
        if place is None:
            kept.append((report, stamp))
        else:
            kept[place] = (_join(kept[place][0], report), stamp)
    return tuple(report for report, _ in kept)


def _same_scan(one: RawDxaReport, other: RawDxaReport) -> bool:
    if one.scan_date is None or not (one.patient.patient_id or one.patient.birth_date):
        return False
    facts = [
        (
            report.site,
            report.side,
            report.scan_date,
            report.analysis_date,
            report.patient,
            report.device,
            report.scan_id,
        )
        for report in (one, other)
    ]
    return facts[0] == facts[1] and not _contradicts(one, other)


def _rows(report: RawDxaReport) -> dict[tuple[str, object, object], DxaRow]:
    return {(row.region, row.side, row.statistic): row for row in report.rows}


def _contradicts(one: RawDxaReport, other: RawDxaReport) -> bool:
    others = _rows(other)
    return any(
        cell.value is not None and known.value is not None and (cell.value, cell.unit) != (known.value, known.unit)
        for place, row in _rows(one).items()
        if place in others
        for name, cell in row.cells.items()
        if (known := others[place].cells.get(name)) is not None
    )


def _join(one: RawDxaReport, other: RawDxaReport) -> RawDxaReport:
    first, second = (one, other) if len(one.rows) >= len(other.rows) else (other, one)
    rows = _rows(first)
    for place, row in _rows(second).items():
        mine = rows.get(place)
        cells = {
            **row.cells,
            **{name: cell for name, cell in (mine.cells if mine else {}).items() if _holds(cell, row, name)},
        }
        rows[place] = (mine or row).model_copy(update={"cells": cells})
    return first.model_copy(
        update={
            "rows": tuple(rows.values()),
            "included": first.included or second.included,
            "others": tuple(dict.fromkeys((*first.others, *second.others))),
            "problems": tuple(dict.fromkeys((*one.problems, *other.problems))),
            "circumstances": _filled(first.circumstances, second.circumstances),
        }
    )


def _holds(cell: DxaCell, row: DxaRow, name: str) -> bool:
    return cell.value is not None or name not in row.cells


def _filled(one: DxaCircumstances, other: DxaCircumstances) -> DxaCircumstances:
    return one.model_copy(update={name: value for name, value in other if not getattr(one, name)})
