"""Entries beside each other: two visits of one person, and two readers of one biopsy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bonemetrics.histomorphometry.catalogue import MEASUREMENTS
from bonemetrics.histomorphometry.compare import compare_entries
from bonemetrics.histomorphometry.inputs import factors_of
from bonemetrics.records import HistomorphometryEntry, HistomorphometryParameters
from bonemetrics.review.biopsy_derived import derived
from bonemetrics.review.biopsy_fields import number_text

_FACTS = (
    ("envelope", "Envelope"),
    ("referent", "T.Ar is"),
    ("factor", "Section factor"),
    ("osteoid_perimeter", "O.Pm is"),
    ("erosion_definition", "Eroded means"),
)
"""What makes numbers of two entries comparable."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line: what it is, its unit, and a cell for every entry; an empty cell is missing and not zero.

    `differs` marks a fact that the entries do not share; `computed` tells which cells were not entered.
    """

    key: str
    name: str
    unit: str
    cells: tuple[str, ...]
    computed: tuple[bool, ...] = ()
    differs: bool = False


@dataclass(frozen=True, slots=True)
class Beside:
    """Facts first, then numbers; `warnings` say why numbers of the entries do not compare."""

    facts: tuple[Row, ...]
    numbers: tuple[Row, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReaderDifference:
    """One field in which two readers differ; `percent` is the second against the first where both are numbers."""

    key: str
    unit: str
    first: str
    second: str
    percent: float | None


def side_by_side(entries: Sequence[HistomorphometryEntry], parameters: HistomorphometryParameters) -> Beside:
    """Two or more entries of one person, such as those of both visits, in the order given.

    Parameters
    ----------
    entries
        In any state.
    parameters
        `[histomorphometry]` of the protocol.
    """
    facts = tuple(_fact(key, name, entries, parameters) for key, name in _FACTS)
    warnings = tuple(
        f"{row.name.lower()} differs ({' against '.join(cell or 'not stated' for cell in row.cells)}): "
        "what rests on it does not compare"
        for row in facts
        if row.differs
    )
    return Beside(facts, tuple(_numbers(entries, parameters)), warnings)


def _fact(key: str, name: str, entries: Sequence[HistomorphometryEntry], parameters: HistomorphometryParameters) -> Row:
    cells = tuple(_fact_text(key, entry, parameters) for entry in entries)
    return Row(key, name, "", cells, differs=len(set(cells)) > 1)


def _fact_text(key: str, entry: HistomorphometryEntry, parameters: HistomorphometryParameters) -> str:
    if key == "factor":
        factors = factors_of(entry, parameters)
        if factors is None:
            return ""
        return f"{factors.convention} {factors.width_to_thickness:.4g} / {factors.perimeter_to_surface:.4g}"
    if key == "osteoid_perimeter":
        return entry.osteoid_perimeter or parameters.osteoid_perimeter or ""
    return str(getattr(entry, key) or "")


def _numbers(entries: Sequence[HistomorphometryEntry], parameters: HistomorphometryParameters) -> Iterator[Row]:
    following = [derived(entry, parameters).values for entry in entries]
    for code, measured in MEASUREMENTS.items():
        cells: list[str] = []
        computed: list[bool] = []
        for entry, values in zip(entries, following, strict=True):
            entered = entry.primaries.get(code, entry.typed.get(code))
            if entered is not None:
                cells.append(number_text(entered, entry.half_units.get(code, 0.0)))
            else:
                cells.append(values[code].text if code in values else "")
            computed.append(entered is None and code in values)
        if any(cells):
            yield Row(code, measured.name, "" if measured.unit == "1" else measured.unit, tuple(cells), tuple(computed))


def compare_readers(
    first: HistomorphometryEntry, second: HistomorphometryEntry, parameters: HistomorphometryParameters
) -> tuple[ReaderDifference, ...]:
    """Two independent entries of one biopsy, field by field; empty where they agree.

    Parameters
    ----------
    first, second
        Of the same biopsy and envelope.
    parameters
        Their `entry_tolerance` is the relative difference of numbers that counts as agreement.
    """
    return tuple(
        _difference(one.field, one.first, one.second)
        for one in compare_entries(first, second, parameters.entry_tolerance)
    )


def _difference(key: str, first: object, second: object) -> ReaderDifference:
    unit = MEASUREMENTS[key].unit if key in MEASUREMENTS else ""
    percent = None
    if isinstance(first, float) and isinstance(second, float) and first:
        percent = 100 * (second - first) / first
    return ReaderDifference(key, "" if unit == "1" else unit, _shown(first), _shown(second), percent)


def _shown(value: object) -> str:
    if value is None:
        return "left out"
    return number_text(value) if isinstance(value, float) else str(value)
