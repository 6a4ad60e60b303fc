"""What differs between the scans of one person from different days, so that a change may not be bone's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from bonemetrics.records import Problem, ScanFacts, ScannerConstants, note

SPACING_TOLERANCE = 0.01
"""Relative; headers round 0.0607 mm to 0.061."""
KVP_TOLERANCE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparable:
    """One scan of a person with the facts that are compared."""

    scan_id: str
    kind: str
    facts: ScanFacts


def comparability_notes(scans: Iterable[Comparable]) -> dict[str, tuple[Problem, ...]]:
    """Note what changed between days on every scan that it concerns.

    A scan is noted where another day has no scan like it. Two reconstructions with two kernels on every day
    are therefore fine; one that has no counterpart is not. What a file does not state is not compared.

    Parameters
    ----------
    scans
        All measured scans of one person.

    Returns
    -------
    dict
        Notes by scan ID, `scanner-changed`, `kvp-changed`, `kernel-changed` and `spacing-changed`.
    """
    known = list(scans)
    notes: dict[str, tuple[Problem, ...]] = {}
    for scan in known:
        others = [other for other in known if other.kind == scan.kind and _day(other) != _day(scan)]
        notes[scan.scan_id] = tuple(found for rule in _RULES if (found := rule.note_on(scan, others)) is not None)
    return notes


def _day(scan: Comparable) -> str:
    # Without a date the study UID tells one sitting from another.
    day = scan.facts.header.scan_date
    return day.isoformat() if day is not None else scan.facts.header.study_uid


@dataclass(frozen=True, slots=True)
class _Rule:
    code: str
    what: str
    alike: Callable[[ScanFacts, ScanFacts], bool]
    shown: Callable[[ScanFacts], str]

    def note_on(self, scan: Comparable, others: Sequence[Comparable]) -> Problem | None:
        days: dict[str, list[Comparable]] = {}
        for other in others:
            days.setdefault(_day(other), []).append(other)
        differing = [
            same_day for same_day in days.values() if not any(self.alike(scan.facts, other.facts) for other in same_day)
        ]
        if not differing:
            return None
        elsewhere = sorted({self.shown(other.facts) for same_day in differing for other in same_day})
        text = (
            f"{self.what} {self.shown(scan.facts)} here, {', '.join(elsewhere)} on {len(differing)} of {len(days)}"
            " other days of this person; part of a change may not be bone's"
        )
        return note(self.code, text)


def _same_text(one: str, other: str) -> bool | None:
    """Whether two texts agree, `None` where one is not stated."""
    one, other = one.strip().casefold(), other.strip().casefold()
    return one == other if one and other else None


def _same_scanner(one: ScanFacts, other: ScanFacts) -> bool:
    a, b = one.constants, other.constants
    answers = [_same_text(a.serial, b.serial), _same_text(a.model, b.model)]
    return False not in answers


def _scanner_name(facts: ScanFacts) -> str:
    constants: ScannerConstants = facts.constants
    return " ".join(part for part in (constants.model, constants.serial) if part) or "not stated"


def _same_kvp(one: ScanFacts, other: ScanFacts) -> bool:
    a, b = one.constants.kvp, other.constants.kvp
    return a is None or b is None or abs(a - b) <= KVP_TOLERANCE


def _same_spacing(one: ScanFacts, other: ScanFacts) -> bool:
    pairs = zip(one.grid.spacing_mm, other.grid.spacing_mm, strict=True)
    return all(abs(a - b) <= SPACING_TOLERANCE * max(a, b) for a, b in pairs)


def _kvp_text(facts: ScanFacts) -> str:
    return "not stated" if facts.constants.kvp is None else f"{facts.constants.kvp:g} kVp"


_RULES = (
    _Rule("scanner-changed", "scanner", _same_scanner, _scanner_name),
    _Rule("kvp-changed", "tube voltage", _same_kvp, _kvp_text),
    _Rule(
        "kernel-changed",
        "kernel",
        lambda one, other: _same_text(one.constants.kernel, other.constants.kernel) is not False,
        lambda facts: facts.constants.kernel or "not stated",
    ),
    _Rule(
        "spacing-changed",
        "voxel",
        _same_spacing,
        lambda facts: " × ".join(f"{length:.4g}" for length in facts.grid.spacing_mm) + " mm",
    ),
)
