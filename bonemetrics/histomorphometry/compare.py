"""Two independent entries of one biopsy, field by field, and what stands where they differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from bonemetrics.errors import TableError
from bonemetrics.histomorphometry import formulas
from bonemetrics.histomorphometry.catalogue import MEASUREMENTS
from bonemetrics.records import HistomorphometryEntry, HistomorphometryParameters, Problem, note, refusal

_FIELDS = (
    *("day", "side", "envelope", "referent", "factors", "osteoid_perimeter", "label1_start", "label1_end"),
    *("label2_start", "label2_end", "labelling_confirmed"),
)
"""Facts that every number rests on."""
_QUALITY = ("sections", "core_broken")
"""Facts that no number rests on; where entries differ, the worse one stands."""
_ERODED = frozenset(
    code
    for code in MEASUREMENTS
    if not {"E.Pm", "Q.Pm", "Rv.Pm", formulas.ACTIVE}.isdisjoint(name for name, _ in formulas.expanded(code)[1])
)
"""What depends on the definition of erosion."""
_NEAR_DAYS = 14
ADJUDICATED = "adjudicated"


def biopsy_of(entry: HistomorphometryEntry) -> tuple[object, ...]:
    """What tells one biopsy and envelope from another.

    A specimen with a name is one biopsy even where two readers disagree about its day. Without a name it is the day,
    where that is not stated the study day, and where that is not either the visit: a reader who states more than
    another has not measured another biopsy.
    """
    told = (("biopsy", entry.biopsy), ("day", entry.day), ("study_day", entry.study_day), ("visit", entry.visit))
    when = next(((name, value) for name, value in told if value not in (None, "")), ("", ""))
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
    for name in (*_FIELDS, *_QUALITY):
        here, there = getattr(first, name), getattr(second, name)
        if here != there:
            yield FieldDifference(name, here, there)
    if _plain(first.erosion_definition) != _plain(second.erosion_definition):
        yield FieldDifference("erosion_definition", first.erosion_definition, second.erosion_definition)


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


def _agree(here: float, there: float, tolerance: float) -> bool:
    return abs(here - there) <= tolerance * max(abs(here), abs(there)) * (1 + 1e-12)


def _shown(value: object) -> str:
    return "left out" if value in (None, "") else f"{value:g}" if isinstance(value, float) else str(value)


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What stands of the entries of one biopsy, and what is to be said.

    `means` are the codes of measurements that are means of several entries and none that anybody entered.
    """

    entry: HistomorphometryEntry
    notes: tuple[Problem, ...] = ()
    means: frozenset[str] = frozenset()


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
        The adjudicated entry where there is one; two that differ settle nothing, so that there is no number
        (`contradicting-row`). Else, where entries differ: without the fields that differ (`refuse`), with the means of
        numbers (`mean`), or the first one (`first`). Facts that differ leave no entry to compute from: it has no
        numbers. Another definition of erosion leaves out what depends on it; of sections and the state of the core
        the worse one stands.
    """
    settled = [one for one in entries if one.entry.casefold() == ADJUDICATED]
    if settled:
        return _adjudicated(settled)
    first = entries[0]
    if len(entries) == 1:
        return Reconciled(first)
    differences = [one for other in entries[1:] for one in compare_entries(first, other, parameters.entry_tolerance)]
    if not differences:
        text = f"{len(entries)} independent entries agree"
        return Reconciled(first, (note("entries-agree", text),))
    text = f"{len(entries)} independent entries differ ({parameters.double_entry}): "
    notes = (note("entries-differ", text + "; ".join(dict.fromkeys(one.message for one in differences))),)
    first = first.model_copy(update=_worst(entries))
    if parameters.double_entry == "first":
        return Reconciled(first, notes)
    names = {one.field for one in differences}
    if names & set(_FIELDS):
        return Reconciled(_without_numbers(first), notes)
    if names <= set(_QUALITY):
        return Reconciled(first, notes)
    out = _ERODED if "erosion_definition" in names else frozenset[str]()
    if parameters.double_entry == "mean":
        return _mean(first, entries, out, notes)
    return Reconciled(_without(first, names | out), notes)


def _adjudicated(settled: Sequence[HistomorphometryEntry]) -> Reconciled:
    last = settled[-1]
    differences = [one for other in settled[:-1] for one in compare_entries(other, last)]
    if not differences:
        return Reconciled(last)
    told = "; ".join(dict.fromkeys(one.message for one in differences))
    error = TableError(
        f"{len(settled)} adjudicated entries differ, so none settles it: {told}", code="contradicting-row"
    )
    return Reconciled(_without_numbers(last), (refusal(error),))


def _without_numbers(entry: HistomorphometryEntry) -> HistomorphometryEntry:
    return entry.model_copy(update={"primaries": {}, "typed": {}})


def _without(entry: HistomorphometryEntry, names: AbstractSet[str]) -> HistomorphometryEntry:
    """An entry without some of its numbers."""
    kept = {
        field: {code: value for code, value in getattr(entry, field).items() if code not in names}
        for field in ("primaries", "typed")
    }
    return entry.model_copy(update=kept)


def _worst(entries: Sequence[HistomorphometryEntry]) -> dict[str, object]:
    sections = [one.sections for one in entries if one.sections is not None]
    states = [one.core_broken for one in entries if one.core_broken is not None]
    return {"sections": min(sections) if sections else None, "core_broken": any(states) if states else None}


def _mean(
    first: HistomorphometryEntry,
    entries: Sequence[HistomorphometryEntry],
    out: AbstractSet[str],
    notes: tuple[Problem, ...],
) -> Reconciled:
    """Means of the measurements that every entry has; indices are computed from them and not averaged."""
    shared = [code for code in first.primaries if code not in out and all(code in one.primaries for one in entries)]
    means = {code: sum(one.primaries[code] for one in entries) / len(entries) for code in shared}
    averaged = frozenset(code for code in means if len({one.primaries[code] for one in entries}) > 1)
    return Reconciled(first.model_copy(update={"primaries": means, "typed": {}}), notes, averaged)


def apart(entries: Sequence[HistomorphometryEntry]) -> Iterator[tuple[HistomorphometryEntry, Problem]]:
    """Entries that may be readings of one biopsy, but are of different days and were not compared.

    Parameters
    ----------
    entries
        One of each biopsy and envelope of a study.

    Returns
    -------
    iterator of (entry, note)
        For both of two of one person and envelope, by different readers or entered as different readings, a few days
        apart, or one of them without a day, where their visits do not tell them apart.
    """
    text = (
        "another entry of this person and envelope, by another reader, is of a day close by, or its day or visit does "
    )
    text += (
        "not tell the two apart; both were taken as biopsies of their own. If they are one, give it one name in the "
    )
    told = note("entries-not-compared", text + "column biopsy, or correct the day")
    found: dict[int, HistomorphometryEntry] = {}
    ordered = sorted(entries, key=lambda one: (one.subject, str(one.envelope), str(one.day), one.entry))
    for place, later in enumerate(ordered):
        for earlier in ordered[:place][::-1]:
            if (earlier.subject, earlier.envelope) != (later.subject, later.envelope):
                break
            if _may_be_one(earlier, later):
                found |= {id(earlier): earlier, id(later): later}
    return ((entry, told) for entry in found.values())


def _may_be_one(earlier: HistomorphometryEntry, later: HistomorphometryEntry) -> bool:
    if (earlier.reader.casefold(), earlier.entry) == (later.reader.casefold(), later.entry):
        return False
    if (earlier.biopsy and later.biopsy) or (earlier.side and later.side and earlier.side != later.side):
        return False
    if earlier.day is not None and later.day is not None:
        return abs((later.day - earlier.day).days) <= _NEAR_DAYS
    first, second = (one.visit.strip().casefold() for one in (earlier, later))
    # Without both days only two visits of different names are surely two biopsies.
    return not (first and second and first != second)
