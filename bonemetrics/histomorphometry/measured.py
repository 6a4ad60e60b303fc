"""From the entries of a study's biopsies to values of the outcomes dataset."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bonemetrics.errors import AlgebraError
from bonemetrics.histomorphometry.biopsy import Biopsy
from bonemetrics.histomorphometry.compare import apart, biopsy_of, reconcile
from bonemetrics.histomorphometry.labels import LabelState
from bonemetrics.histomorphometry.observations import observations_of
from bonemetrics.histomorphometry.repeats import cvs_of_repeats, study_precision
from bonemetrics.histomorphometry.unusual import fractions
from bonemetrics.records import (
    HistomorphometryEntry,
    HistomorphometryParameters,
    Observation,
    Problem,
    note,
    refusal,
)

_Told = tuple[HistomorphometryEntry, Problem]
_Group = list[HistomorphometryEntry]


@dataclass(frozen=True, slots=True)
class Measured:
    """What the biopsies gave: values, the label state of each biopsy, and what was said of entries."""

    observations: tuple[Observation, ...]
    labels: tuple[tuple[HistomorphometryEntry, LabelState], ...]
    notes: tuple[_Told, ...]


def measured_entries(entries: Sequence[HistomorphometryEntry], parameters: HistomorphometryParameters) -> Measured:
    """Settle, solve and judge all biopsies of a study.

    Parameters
    ----------
    entries
        In any order; drafts give no value and are noted.
    parameters
        `[histomorphometry]` of the protocol.

    Returns
    -------
    Measured
        One value for every measurement and index that can be told, by biopsy and envelope. A biopsy that cannot be
        solved is refused (`not-solvable`) and keeps no other from being so.
    """
    notes: list[_Told] = []
    groups = list(_grouped(entries, notes))
    cvs = cvs_of_repeats(study_precision(entries))
    suspect = fractions(entry for group in groups for entry in group)
    beside = _beside(groups)
    observations: list[Observation] = []
    labels: list[tuple[HistomorphometryEntry, LabelState]] = []
    sides: dict[tuple[str, str | None], HistomorphometryEntry] = {}
    for group, before in zip(groups, beside, strict=True):
        settled = reconcile(group, parameters)
        entry = settled.entry
        told = [*settled.notes, *before, *(one for code, one in suspect.items() if code in entry.typed)]
        try:
            biopsy = Biopsy(entry, parameters, told)
            found = list(observations_of(biopsy, parameters, cvs, settled.means))
        except (AlgebraError, ArithmeticError, ValueError) as error:
            why = error.message if isinstance(error, AlgebraError) else "its numbers are beyond all arithmetic"
            text = f"the biopsy cannot be solved: {why}; check its numbers"
            notes += [(entry, problem) for problem in (*told, refusal(AlgebraError(text, code="not-solvable")))]
            continue
        earlier = sides.setdefault((entry.subject, entry.side), entry)
        labels.append((entry, biopsy.state))
        notes += [(entry, problem) for problem in (*biopsy.notes, *_same_side(earlier, entry))]
        observations += found
    return Measured(tuple(observations), tuple(labels), tuple(notes))


def _grouped(entries: Iterable[HistomorphometryEntry], notes: list[_Told]) -> Iterable[_Group]:
    """Entries by biopsy and envelope; drafts are noted and left out."""
    groups: dict[tuple[object, ...], _Group] = {}
    for entry in sorted(entries, key=lambda one: (one.subject, str(one.day), one.entry, one.sheet, one.line)):
        if entry.state == "draft":
            notes.append((entry, note("draft-entry", "the entry is a draft, so its numbers are not analysed")))
        else:
            groups.setdefault(biopsy_of(entry), []).append(entry)
    return groups.values()


def _beside(groups: Sequence[_Group]) -> list[list[Problem]]:
    """What is said of each group because of another one."""
    found: Mapping[int, list[Problem]] = {id(group[0]): [] for group in groups}
    for entry, problem in apart([group[0] for group in groups]):
        found[id(entry)].append(problem)
    return [found[id(group[0])] for group in groups]


def _same_side(earlier: HistomorphometryEntry, entry: HistomorphometryEntry) -> Iterator[Problem]:
    if entry.side and earlier.day is not None and entry.day is not None and earlier.day < entry.day:
        text = f"an earlier biopsy of {earlier.day} was from the {entry.side} side too"
        yield note("same-side-biopsy", text)
