"""Numbers read from a picture: which of them are certain enough to stand.

Optical reading of two scalings makes the same mistake now and then, and a ratio does not see every wrong last digit, so
a number needs both: readings that agree digit for digit, and a page whose ratios and sums fit together with it. Minus
signs and points of scores get lost too often for any reading: a score needs the one recomputed from its BMD.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bonemetrics.dxa.cells import Notes, Number, Spot, Step, emptied, grouped, is_hologic, numbers_of
from bonemetrics.dxa.identities import broken, connected, suspects
from bonemetrics.dxa.identity_rules import Identity, identities_of
from bonemetrics.dxa.scores import SCORES, agrees, expected
from bonemetrics.records import DxaCell, RawDxaReport, ReferenceCurve, note

_UNCONFIRMED = "was read from a picture, and no named reference and BMD confirm it"
_DENSITY = ("area", "bmc", "bmd")


def without_unsure_readings(report: RawDxaReport) -> Step:
    """Empty what was not read twice with the same digits; text and binary cells stand.

    Parameters
    ----------
    report
        In the units that a study keeps.

    Returns
    -------
    Step
        With `cell-refused` for each cell of area, BMC or BMD, those included that the reader could not read.
    """
    reasons: dict[Spot, str] = {}
    for spot in _pictured(report):
        cell = report.rows[spot[0]].cells[spot[1]]
        if cell.value is None and cell.is_empty:
            continue
        if spot[1] in _DENSITY and (reason := _unsure(cell)):
            reasons[spot] = reason
    return emptied(report, reasons)


def _unsure(cell: DxaCell) -> str:
    if cell.value is None:
        return "could not be read from the picture"
    if len(cell.readings) < 2:
        return "was read only once from the picture"
    if len({text.strip() for text in (cell.raw, *cell.readings)}) > 1:
        return "was read differently by independent readings of the picture"
    return ""


def _pictured(report: RawDxaReport) -> list[Spot]:
    return [(i, name) for i, row in enumerate(report.rows) for name, cell in row.cells.items() if cell.trust == "ocr"]


def accept(report: RawDxaReport, curves: Sequence[ReferenceCurve] = ()) -> Step:
    """Keep those numbers from a picture that the rest of the page confirms.

    Parameters
    ----------
    report
        In the units that a study keeps, impossible numbers already emptied.
    curves
        References of the study, beside the built-in ones.

    Returns
    -------
    Step
        Area, BMC and BMD stand where they were read twice alike, at least one identity binds them and all that do hold;
        T and Z where the recomputed score rounds to them. All others are emptied, each with `cell-refused` and its
        place; columns that no study keeps share one note.
    """
    step = without_unsure_readings(report)
    pictured = frozenset(_pictured(report))
    if not pictured:
        return step
    notes: Notes = step.notes
    for sort_out in (_without_contradictions, _without_confirmation):
        step = sort_out(step.report, pictured)
        notes += step.notes
    step = _without_wrong_scores(step.report, pictured, curves)
    others = _without_other_columns(step.report, pictured)
    return Step(report=others.report, notes=(*notes, *step.notes, *others.notes))


def _without_contradictions(report: RawDxaReport, pictured: frozenset[Spot]) -> Step:
    notes: Notes = ()
    while True:
        numbers = numbers_of(report.rows)
        groups = connected(identities_of(report.rows, numbers.keys(), hologic=is_hologic(report)))
        doubtful = [spot for group in groups for spot in _doubtful(group, numbers, pictured)]
        if not doubtful:
            return Step(report=report, notes=notes)
        step = emptied(report, dict.fromkeys(doubtful, "contradicts what else the page says (ratios or sums)"))
        report, notes = step.report, notes + step.notes


def _doubtful(group: tuple[Identity, ...], numbers: Mapping[Spot, Number], pictured: frozenset[Spot]) -> list[Spot]:
    found = suspects(group, numbers)
    if not found or not pictured.isdisjoint(found):
        return [spot for spot in found if spot in pictured]
    # What is wrong was not read from a picture and stays, so nothing that leans on it is confirmed.
    wrong = [identity for identity, _ in broken(group, numbers)] or group
    return list(dict.fromkeys(spot for identity in wrong for spot in identity.cells if spot in pictured))


def _without_confirmation(report: RawDxaReport, pictured: frozenset[Spot]) -> Step:
    notes: Notes = ()
    while True:
        numbers = numbers_of(report.rows)
        identities = identities_of(report.rows, numbers.keys(), hologic=is_hologic(report))
        bound = {spot for identity in identities for spot in identity.cells}
        alone = [spot for spot in numbers if spot in pictured and spot[1] in _DENSITY and spot not in bound]
        if not alone:
            return Step(report=report, notes=notes)
        step = emptied(report, dict.fromkeys(alone, "is confirmed by no other number that was read from the page"))
        report, notes = step.report, notes + step.notes


def _without_wrong_scores(report: RawDxaReport, pictured: frozenset[Spot], curves: Sequence[ReferenceCurve]) -> Step:
    numbers = numbers_of(report.rows)
    reasons: dict[Spot, str] = {}
    for spot in sorted(pictured):
        score = next((score for score in SCORES if score == spot[1]), None)
        cell = report.rows[spot[0]].cells[spot[1]]
        if score is None or (cell.value is None and cell.is_empty):
            continue
        if cell.value is None:
            reasons[spot] = "could not be read from the picture"
            continue
        is_difference = report.rows[spot[0]].statistic == "difference"
        curve, bounds = (None, None) if is_difference else expected(report, spot[0], score, numbers, curves)
        if curve is None or bounds is None:
            reasons[spot] = _UNCONFIRMED
        elif not agrees(numbers[spot], bounds):
            reasons[spot] = f"was read from a picture and is not the score that {curve.name} gives for its BMD"
    step = emptied(report, reasons)
    alike = tuple(spot for spot, reason in reasons.items() if reason == _UNCONFIRMED)
    if len(alike) < 2:
        return step
    # A page without a known reference has none for all its scores: one line says so, and names each cell.
    text = f"{grouped(report.rows, alike, most=len(alike))} {_UNCONFIRMED}"
    others = tuple((problem, spots) for problem, spots in step.notes if not set(spots) <= set(alike))
    return Step(report=step.report, notes=((note("cell-refused", text), alike), *others))


def _without_other_columns(report: RawDxaReport, pictured: frozenset[Spot]) -> Step:
    reasons = {
        spot: "was read from a picture, and nothing confirms it"
        for spot in sorted(pictured)
        if spot[1] not in (*_DENSITY, *SCORES) and report.rows[spot[0]].cells[spot[1]].value is not None
    }
    if not reasons:
        return Step(report=report)
    text = f"{len(reasons)} cells of other columns were read from a picture, and nothing confirms them"
    return Step(report=emptied(report, reasons).report, notes=((note("cell-refused", text), tuple(reasons)),))
