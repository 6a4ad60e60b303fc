"""Calibration by a phantom that was scanned at another time on the same scanner."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from bonemetrics.calibration.given import checked_covariance, implausibility, unknown_uncertainty
from bonemetrics.errors import CalibrationError
from bonemetrics.records import Calibration, CalibrationEntry, Problem, ScannerConstants, note

KVP_TOLERANCE = 0.5


def from_entries(
    entries: Sequence[CalibrationEntry], constants: ScannerConstants, scan_date: date | None
) -> Calibration:
    """The calibration of the entry that holds for a scan; see `choose_entry` and `from_entry`."""
    return from_entry(choose_entry(entries, constants, scan_date), constants, scan_date)


def choose_entry(
    entries: Sequence[CalibrationEntry], constants: ScannerConstants, scan_date: date | None
) -> CalibrationEntry:
    """The entry for this scanner and tube voltage whose date is nearest to the scan's, within its window.

    Of two equally near ones the earlier wins.

    Parameters
    ----------
    entries
        As the protocol lists them.
    constants
        Of the scan; its serial and kVp are compared.
    scan_date
        Day of the scan.

    Raises
    ------
    CalibrationError
        `no-calibration` without entries, `calibration-other-scanner`, `calibration-other-kvp` or
        `calibration-expired` where none of them holds.

    References
    ----------
    Reeves JM et al. 2020, J Biomech Eng 142:094501: the slope depends on the tube voltage and not on its current.
    """
    if not entries:
        raise CalibrationError(
            "no asynchronous calibration is listed; add [[calibrations]] to the protocol", code="no-calibration"
        )
    serial = _plain(constants.serial)
    if not serial:
        raise CalibrationError(
            "the scan names no scanner serial, so no asynchronous calibration can be known to be its scanner's; "
            "give slope, intercept and material",
            code="calibration-other-scanner",
        )
    same = [entry for entry in entries if _plain(entry.scanner) == serial]
    if not same:
        raise CalibrationError(
            f"none of {len(entries)} asynchronous calibrations is of the scan's scanner; "
            "scan the phantom on this scanner",
            code="calibration-other-scanner",
        )
    fitting = [entry for entry in same if _same_kvp(entry, constants)]
    if not fitting:
        raise CalibrationError(
            f"the scan was made at {constants.kvp:g} kVp, the phantom at "
            f"{', '.join(f'{entry.kvp:g}' for entry in same)} kVp; scan the phantom at the scan's voltage",
            code="calibration-other-kvp",
        )
    if scan_date is None:
        raise CalibrationError(
            "the scan has no date, so no asynchronous calibration can be known to hold", code="calibration-expired"
        )
    valid = [entry for entry in fitting if _days(entry, scan_date) <= entry.valid_days]
    if not valid:
        nearest = min(fitting, key=lambda entry: _days(entry, scan_date))
        raise CalibrationError(
            f"the nearest phantom scan lies {_days(nearest, scan_date)} days from the scan and holds for "
            f"{nearest.valid_days}; scan the phantom again",
            code="calibration-expired",
        )
    return min(valid, key=lambda entry: (_days(entry, scan_date), entry.date))


def from_entry(entry: CalibrationEntry, constants: ScannerConstants, scan_date: date | None) -> Calibration:
    """The calibration that an entry states, for a scan of its scanner within its window.

    Raises
    ------
    CalibrationError
        As `choose_entry`, and `invalid-calibration` for an impossible covariance.
    """
    choose_entry([entry], constants, scan_date)
    notes: list[Problem] = [
        *implausibility(entry.slope, entry.intercept, entry.material),
        *unknown_uncertainty(entry.covariance),
    ]
    if entry.kvp is None or constants.kvp is None:
        notes.append(
            note(
                "calibration-kvp-unchecked",
                "the tube voltage of the scan or of the phantom's scan is not known; the slope depends on it",
            )
        )
    return Calibration(
        method="asynchronous",
        slope=entry.slope,
        intercept=entry.intercept,
        material=entry.material,
        covariance=checked_covariance(entry.covariance),
        parameters={
            "phantom_date": entry.date.isoformat(),
            "days_apart": None if scan_date is None else (scan_date - entry.date).days,
            "valid_days": entry.valid_days,
            "scanner": entry.scanner,
            "kvp": entry.kvp,
        },
        notes=tuple(notes),
    )


def _plain(serial: str) -> str:
    return serial.strip().casefold()


def _days(entry: CalibrationEntry, scan_date: date) -> int:
    return abs((scan_date - entry.date).days)


def _same_kvp(entry: CalibrationEntry, constants: ScannerConstants) -> bool:
    return entry.kvp is None or constants.kvp is None or abs(entry.kvp - constants.kvp) <= KVP_TOLERANCE
