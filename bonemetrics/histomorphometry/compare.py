"""Two independent entries of one biopsy, field by field, and what stands where they differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bonemetrics.records import HistomorphometryEntry, HistomorphometryParameters, Problem, note

_FIELDS = (
    *("day", "side", "envelope", "referent", "factors", "osteoid_perimeter", "label1_start", "label1_end"),
    *("label2_start", "label2_end", "labelling_confirmed"),
)
ADJUDICATED = "adjudicated"


def biopsy_of(entry: HistomorphometryEntry) -> tuple[object, ...]:
    """What tells one biopsy and envelope from another.

    A specimen with a name is one biopsy even where two readers disagree about its day.
    """
    when = (entry.biopsy,) if entry.biopsy else (entry.day, entry.study_day, entry.visit)
    return (entry.subject, *when, entry.envelope)


@dataclass(frozen=True, slots=True)
class FieldDifference:
    """One field in which two entries differ; `None` where one of them left it out."""

    field: str
    first: object
    second: object

    @property
    def message(self) -> str:
        """For a person."""
        return f"{self.field}: {_shown(self.first)} against {_shown(self.second)}"


def compare_entries(
    first: HistomorphometryEntry, second: HistomorphometryEntry, tolerance: float = 0.0
) -> tuple[FieldDifference, ...]:
    """Compare two entries field by field.

    Parameters
    ----------
    first, second
        Of the same biopsy and envelope.
    tolerance
        Relative difference of numbers that counts as agreement.

    Returns
    -------
    tuple of FieldDifference
        Numbers by code, then facts; empty where the entries agree. Reader, comment and state do not count.
    """
    return tuple(_differences(first, second, tolerance))


def _differences(
    first: HistomorphometryEntry, second: HistomorphometryEntry, tolerance: float
) -> Iterator[FieldDifference]:
    for one, other in ((first.primaries, second.primaries), (first.typed, second.typed)):
        for code in dict.fromkeys([*one, *other]):
            here, there = one.get(code), other.get(code)
            if here is None or there is None or not _agree(here, there, tolerance):
                yield FieldDifference(code, here, there)
    for name in _FIELDS:
        here, there = getattr(first, name), getattr(second, name)
        if here != there:
            yield FieldDifference(name, here, there)


def _agree(here: float, there: float, tolerance: float) -> bool:
    return abs(here - there) <= tolerance * max(abs(here), abs(there)) * (1 + 1e-12)


def _shown(value: object) -> str:
    return "left out" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What stands of the entries of one biopsy, and what is to be said."""

    entry: HistomorphometryEntry
    notes: tuple[Problem, ...] = ()


def reconcile(entries: Sequence[HistomorphometryEntry], parameters: HistomorphometryParameters) -> Reconciled:
    """Settle the entries of one biopsy and envelope.

    Parameters
    ----------
    entries
        At least one, none of them a draft.
    parameters
        `double_entry` and `entry_tolerance` of the protocol.

    Returns
    -------
    Reconciled
        The adjudicated entry where there is one. Else, where entries differ: without the fields that differ
        (`refuse`), with the means of numbers (`mean`), or the first one (`first`). Facts that differ leave no entry
        to compute from: it has no numbers.
    """
    settled = [one for one in entries if one.entry.casefold() == ADJUDICATED]
    if settled:
        return Reconciled(settled[-1])
    first = entries[0]
    if len(entries) == 1:
        return Reconciled(first)
    differences = [one for other in entries[1:] for one in compare_entries(first, other, parameters.entry_tolerance)]
    if not differences:
        text = f"{len(entries)} independent entries agree"
        return Reconciled(first, (note("entries-agree", text),))
    text = f"{len(entries)} independent entries differ ({parameters.double_entry}): "
    notes = (note("entries-differ", text + "; ".join(one.message for one in differences)),)
    if parameters.double_entry == "first":
        return Reconciled(first, notes)
    names = {one.field for one in differences}
    if names & set(_FIELDS):
        return Reconciled(first.model_copy(update={"primaries": {}, "typed": {}}), notes)
    if parameters.double_entry == "mean":
        return Reconciled(_mean(entries), notes)
    update = {
        "primaries": {code: value for code, value in first.primaries.items() if code not in names},
        "typed": {code: value for code, value in first.typed.items() if code not in names},
    }
    return Reconciled(first.model_copy(update=update), notes)


def _mean(entries: Sequence[HistomorphometryEntry]) -> HistomorphometryEntry:
    """Means of the measurements that every entry has; indices are computed from them and not averaged."""
    shared = [code for code in entries[0].primaries if all(code in one.primaries for one in entries)]
    means = {code: sum(one.primaries[code] for one in entries) / len(entries) for code in shared}
    return entries[0].model_copy(update={"primaries": means, "typed": {}})
