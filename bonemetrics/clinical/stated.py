"""What a source says of a value besides the value: its time, its repeat, its flags, its own baseline and changes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from bonemetrics.clinical.head import MOMENT_ROLES, Head, number_of
from bonemetrics.records import MappedRow, Problem, Role, note

_FLAG_ROLES = (
    Role(name="baseline_flag", type="flag", synonyms=("ABLFL", "LBBLFL", "QSBLFL", "VSBLFL")),
    Role(name="analysis_flag", type="flag", synonyms=("ANL01FL",)),
)
_CHANGE_ROLES = (
    Role(name="stated_baseline", type="number", synonyms=("BASE",)),
    Role(name="stated_change", type="number", synonyms=("CHG",)),
    Role(name="stated_percent_change", type="number", synonyms=("PCHG",)),
)
STATED_ROLES = (*MOMENT_ROLES, *_FLAG_ROLES, *_CHANGE_ROLES)
"""They stand behind all other roles, so that no column of results is lost to them."""


@dataclass(frozen=True, slots=True)
class Flags:
    """Flags of the source; `analysis` is `None` where its table has no such column."""

    baseline: bool = False
    analysis: bool | None = None


def flags_of(row: MappedRow) -> Flags:
    """The flags of a row: only `Y` counts."""
    analysis = row.values.get("analysis_flag")
    return Flags(
        baseline=row.values.get("baseline_flag") is True, analysis=analysis if isinstance(analysis, bool) else None
    )


def flags_of_all(found: Iterable[Flags]) -> Flags:
    """The flags of a sitting: those that all of its rows have."""
    flags = tuple(found)
    told = [one.analysis for one in flags if one.analysis is not None]
    return Flags(baseline=bool(flags) and all(one.baseline for one in flags), analysis=all(told) if told else None)


def said_of(head: Head, flags: Flags) -> dict[str, Any]:
    """What an observation takes of the head and the flags of its row."""
    return {
        **head.common,
        "reader": head.reader,
        "time": head.time,
        "instance": head.instance,
        "baseline_flag": flags.baseline,
        "analysis_flag": flags.analysis,
    }


def changes_of(row: MappedRow, factor: float) -> dict[str, Any]:
    """The source's own baseline and changes, in the unit of the value.

    Parameters
    ----------
    row
        By roles; its changes belong to its one value.
    factor
        By which the value was converted.
    """
    factors = {"stated_baseline": factor, "stated_change": factor, "stated_percent_change": 1.0}
    found = {name: number_of(row, name) for name in factors}
    return {
        name: given.value * factors[name]
        for name, given in found.items()
        if given is not None and given.censored is None
    }


def unread_moment(row: MappedRow) -> tuple[Problem, ...]:
    """Notes on what could tell records of a day apart, and cannot be read."""
    names = ("visit_number", "time_of_day", "date_time")
    return tuple(
        note("cell-refused", f"{row.problems[name].message}; the value stands without it")
        for name in names
        if name in row.problems
    )
