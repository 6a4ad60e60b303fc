"""All that a report's numbers must pass, in its order; what comes out is right, carries a note, or is empty."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bonemetrics.dxa.acceptance import accept, without_unsure_readings
from bonemetrics.dxa.cells import CellKey, Notes, Spot, is_hologic, key_of
from bonemetrics.dxa.identities import Conflict, conflicts
from bonemetrics.dxa.plausibility import implausible, without_impossible
from bonemetrics.dxa.repairs import Repair, described
from bonemetrics.dxa.scores import check_scores, with_computed_scores
from bonemetrics.dxa.units import in_kept_units
from bonemetrics.records import Problem, RawDxaReport, ReferenceCurve, note

_MOST_CONFLICTS = 40
"""A table whose columns are exchanged contradicts itself everywhere; more lines would not say more."""
_EMPTIES = ("cell-refused", "unit-not-stated")


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A report after judging.

    `report` holds numbers in g, cm² and g/cm² only, and keeps the reader's own `problems`; `problems` are the notes
    that judging adds; `cell_notes` gives those that stand on one number, by region, side and cell name (what concerns
    a row of differences is in `problems` alone); `conflicts` are the contradictions behind the notes.
    """

    report: RawDxaReport
    problems: tuple[Problem, ...] = ()
    cell_notes: Mapping[CellKey, tuple[Problem, ...]]
    conflicts: tuple[Conflict, ...] = ()

    @property
    def conflicted_cells(self) -> frozenset[CellKey]:
        """Cells that take part in a contradiction."""
        return frozenset(cell for conflict in self.conflicts for cell in conflict.cells)


def judge(
    report: RawDxaReport,
    *,
    curves: Sequence[ReferenceCurve] = (),
    source_curves: Sequence[ReferenceCurve] = (),
) -> Judged:
    """Judge one report.

    Parameters
    ----------
    report
        As a reader gives it.
    curves
        References that the study states; the built-in ones are always at hand.
    source_curves
        References that came in the same source as the report (a database's own); only with them are missing scores
        computed.

    Returns
    -------
    Judged
        No number in it differs from the source's but by its unit; a doubtful one is emptied, or carries a note.
    """
    step = in_kept_units(report)
    notes = step.notes
    step = without_unsure_readings(step.report)
    notes += _unrepeated(step.notes, notes)
    found = conflicts(step.report.rows, hologic=is_hologic(step.report))
    notes += tuple(_conflict_notes(found))
    step = without_impossible(step.report)
    notes += step.notes
    step = accept(step.report, curves)
    notes += _unrepeated(step.notes, notes)
    notes += implausible(step.report)
    notes += check_scores(step.report, curves)
    step = with_computed_scores(step.report, source_curves)
    notes += step.notes
    return Judged(
        report=step.report,
        problems=tuple(dict.fromkeys(problem for problem, _ in notes)),
        cell_notes=_by_cell(step.report, notes),
        conflicts=found,
    )


def _unrepeated(new: Notes, earlier: Notes) -> Notes:
    # A cell that was refused for one reason needs no second.
    refused = {spot for problem, spots in earlier if problem.code in _EMPTIES for spot in spots}
    return tuple((problem, spots) for problem, spots in new if not refused.issuperset(spots) or not spots)


def _conflict_notes(found: Sequence[Conflict]) -> Iterator[tuple[Problem, tuple[Spot, ...]]]:
    for conflict in found[:_MOST_CONFLICTS]:
        yield note("identity-conflict", conflict.message), conflict.spots
    rest = found[_MOST_CONFLICTS:]
    if rest:
        spots = tuple(dict.fromkeys(spot for conflict in rest for spot in conflict.spots))
        yield note("identity-conflict", f"{len(rest)} more contradictions of the same kind"), spots
    proposals = dict.fromkeys(conflict.repairs for conflict in found if conflict.repairs)
    for repairs in proposals:
        yield _proposal(repairs)


def _proposal(repairs: tuple[Repair, ...]) -> tuple[Problem, tuple[Spot, ...]]:
    text = "; or ".join(described(repair) for repair in repairs)
    spots = tuple(dict.fromkeys(repair.spot for repair in repairs))
    return note("repair-proposed", f"{text}; nothing was changed"), spots


def _by_cell(report: RawDxaReport, notes: Notes) -> dict[CellKey, tuple[Problem, ...]]:
    found: dict[CellKey, dict[Problem, None]] = {}
    for problem, spots in notes:
        for spot in spots:
            if report.rows[spot[0]].statistic != "difference":
                found.setdefault(key_of(report.rows, spot), {})[problem] = None
    return {key: tuple(problems) for key, problems in found.items()}
