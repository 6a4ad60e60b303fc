"""The least significant change of a parameter on a scanner, from the precision that the protocol states."""

from __future__ import annotations

from dataclasses import dataclass

from bonemetrics.dxa.precision import LEAST_DEGREES_OF_FREEDOM, precision_study
from bonemetrics.errors import DxaError
from bonemetrics.records import Problem, note
from bonemetrics.study.protocol import Protocol
from bonemetrics.study.protocol_tables import PrecisionTable

_OF_SCANNERS = ("qct", "dxa")
_SAME = 1e-9
"""Relative: a change that is the limit to the last digit is not below it because of how computers keep decimals."""


@dataclass(frozen=True, slots=True)
class LeastChange:
    """A limit in the unit of the parameter, `None` where none applies, and what is to be said of it."""

    value: float | None
    notes: tuple[Problem, ...] = ()


class LeastChanges:
    """Least significant changes of one protocol.

    Parameters
    ----------
    protocol
        With its `[[precision]]`.
    """

    def __init__(self, protocol: Protocol) -> None:
        self._entries: dict[str, list[PrecisionTable]] = {}
        for entry in protocol.precision:
            self._entries.setdefault(entry.paramcd, []).append(entry)
        self._from_repeats: dict[tuple[str, str | None], LeastChange] = {}

    def of(self, paramcd: str, *, base: float, scanner: str, base_scanner: str, kind: str) -> LeastChange:
        """The limit that a change from a baseline has to reach.

        Parameters
        ----------
        paramcd
            Parameter.
        base
            Baseline in the parameter's unit; a limit in per cent is of it.
        scanner, base_scanner
            Serial numbers; empty where there is none to know.
        kind
            Kind of data. Scans are made on a scanner, whether their files name it or not.

        Returns
        -------
        LeastChange
            None where the protocol states no precision for the parameter on this scanner, or where baseline and
            follow-up are from different scanners. A limit of zero is none: any change would reach it.
        """
        entries = self._entries.get(paramcd)
        if not entries:
            return LeastChange(None)
        if scanner != base_scanner:
            text = "baseline and follow-up are from different scanners, so no least significant change applies"
            if not (scanner and base_scanner):
                text = "one of baseline and follow-up names no scanner, so no least significant change applies"
            return LeastChange(None, (note("lsc-other-scanner", text),))
        entry = next((one for one in entries if one.scanner == scanner), None)
        entry = entry or next((one for one in entries if one.scanner is None), None)
        if entry is None:
            text = "no precision is stated for this parameter on this scanner"
            return LeastChange(None, (note("lsc-unknown", text),))
        found = self._of_entry(entry, base)
        if found.value is None or scanner or kind not in _OF_SCANNERS:
            return found
        text = "baseline and follow-up name no scanner; the limit holds only if it was one and the same"
        return LeastChange(found.value, (*found.notes, note("scanner-unknown", text)))

    def _of_entry(self, entry: PrecisionTable, base: float) -> LeastChange:
        if entry.lsc is not None:
            return LeastChange(entry.lsc)
        if entry.lsc_percent is not None:
            found = LeastChange(abs(base) * entry.lsc_percent / 100)
        else:
            found = self._of_repeats(entry)
        if found.value == 0:
            what = "per cent of a baseline of zero" if entry.lsc_percent is not None else "repeats that do not differ"
            return LeastChange(None, (note("lsc-unknown", f"{what} would give a limit of zero, which is none"),))
        return found

    def _of_repeats(self, entry: PrecisionTable) -> LeastChange:
        key = (entry.paramcd, entry.scanner)
        if key not in self._from_repeats:
            self._from_repeats[key] = _computed(entry)
        return self._from_repeats[key]


def _computed(entry: PrecisionTable) -> LeastChange:
    people = {str(number): values for number, values in enumerate(entry.repeats or (), start=1)}
    try:
        found = precision_study(people, allow_fewer=True)
    except DxaError as error:
        return LeastChange(None, (note("lsc-unknown", error.message),))
    if found.enough:
        return LeastChange(found.lsc)
    text = f"{found.degrees_of_freedom} degrees of freedom in 'repeats'; {LEAST_DEGREES_OF_FREEDOM} are needed"
    return LeastChange(found.lsc, (note("lsc-few-degrees", text),))


def reaches(change: float, limit: float) -> bool:
    """Whether a change is as large as a limit, to within the rounding of binary numbers."""
    return change >= limit * (1 - _SAME)
