"""Which calibration a scan is measured with, and what the others say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bonemetrics.calibration.asynchronous import from_entries
from bonemetrics.calibration.choose import agreement
from bonemetrics.calibration.given import CalibrationChoice, parse_calibration_option
from bonemetrics.calibration.phantom import from_phantom
from bonemetrics.calibration.scanner import from_scanner
from bonemetrics.errors import BonemetricsError, CalibrationError
from bonemetrics.readers.ct import CtReading
from bonemetrics.records import Calibration, Problem, RodReading, note
from bonemetrics.segmentation.rods import RodSearch
from bonemetrics.study.protocol import Protocol


@dataclass(slots=True)
class _Attempts:
    """The ways tried in order, the calibrations found and the reasons of those that failed."""

    found: list[Calibration] = field(default_factory=list)
    reasons: list[BonemetricsError] = field(default_factory=list)

    def add(self, attempt: Callable[[], Calibration]) -> None:
        try:
            self.found.append(attempt())
        except CalibrationError as error:
            self.reasons.append(error)


def calibrate(
    reading: CtReading, rods: RodSearch, protocol: Protocol, option: str | None = None
) -> tuple[Calibration, tuple[Problem, ...]]:
    """Choose the calibration of one scan.

    The way that `option` names; without it the scanner's own, else an in-scan phantom, else a valid entry of the
    protocol.

    Parameters
    ----------
    reading
        The scan in HU with the constants found in its files.
    rods
        Rods found in it.
    protocol
        Phantoms and asynchronous calibrations of the study.
    option
        `scanner`, `phantom`, `phantom=NAME` or `slope=S,intercept=I,material=M`.

    Returns
    -------
    tuple
        The calibration, and notes: one where another way was at hand and disagrees beyond both uncertainties.

    Raises
    ------
    CalibrationError
        `no-calibration` where there is no way, else the reason why the way asked for or found does not hold.
    UsageError
        Where `option` is not understood.
    """
    chosen = parse_calibration_option(option) if option else None
    attempts = _Attempts()
    if chosen is not None and chosen.given is not None:
        attempts.found.append(chosen.given)
    elif chosen is not None:
        attempts.add(lambda: _as_asked(chosen, reading, rods, protocol))
    if chosen is None or attempts.found:
        _try_all(attempts, reading, rods, protocol)
    if not attempts.found:
        raise _refusal(attempts.reasons)
    used, *others = attempts.found
    opinions = [agreement(used, other) for other in others if other.method != used.method]
    notes = [*used.notes, *(opinion for opinion in opinions if opinion is not None)]
    if chosen is None and used.method != "scanner" and reading.constants.has_density:
        notes.append(
            note("scanner-constants-refused", f"the scanner's own calibration is not used: {attempts.reasons[0]}")
        )
    return used, tuple(notes)


def _as_asked(chosen: CalibrationChoice, reading: CtReading, rods: RodSearch, protocol: Protocol) -> Calibration:
    if chosen.kind == "scanner":
        return from_scanner(reading.constants)
    return _from_rods(rods, protocol, chosen.phantom)


def _try_all(attempts: _Attempts, reading: CtReading, rods: RodSearch, protocol: Protocol) -> None:
    if reading.constants.has_density:
        attempts.add(lambda: from_scanner(reading.constants))
    if rods.readings or rods.truncated:
        attempts.add(lambda: _from_rods(rods, protocol, None))
    if protocol.calibrations:
        attempts.add(lambda: from_entries(protocol.calibrations, reading.constants, reading.header.scan_date))


def _from_rods(rods: RodSearch, protocol: Protocol, name: str | None) -> Calibration:
    readings: Sequence[RodReading] = rods.readings
    return from_phantom(readings, protocol.phantoms, name=name, truncated=rods.truncated)


def _refusal(reasons: Sequence[BonemetricsError]) -> BonemetricsError:
    if len(reasons) == 1:
        return reasons[0]
    text = "; ".join(reason.message for reason in reasons) or (
        "the files hold no scanner constants, the scan no phantom and the protocol no calibration entry"
    )
    return CalibrationError(
        f"{text}. Give --calibration, or a [[calibrations]] entry in study.toml", code="no-calibration"
    )
