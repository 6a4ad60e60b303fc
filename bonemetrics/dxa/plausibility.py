"""Numbers that are not seen in people, and numbers that cannot be.

References
----------
CDC, NHANES 2017-2018 codebooks DXXFEM_J and DXXSPN_J: smallest and largest values seen in about 2300 people of 50 years
and more, measured with Hologic scanners.
"""

from __future__ import annotations

from collections.abc import Iterator

from bonemetrics.anatomy import HIP, SPINE
from bonemetrics.dxa.cells import NAMES, Notes, Spot, Step, emptied, is_hologic, label, site_of_report
from bonemetrics.records import UNITS, DxaRow, Problem, RawDxaReport, note

POSSIBLE: dict[str, tuple[float, float]] = {
    "area": (0.01, 5000.0),
    "bmc": (0.001, 10000.0),
    "bmd": (0.05, 5.0),
    "t_score": (-15.0, 15.0),
    "z_score": (-15.0, 15.0),
}
"""Lowest and highest number a cell of this name can hold, in the units of a study, from one small bone to a body."""
SEEN: dict[tuple[str, str], tuple[float, float]] = {
    ("total-hip", "bmd"): (0.37, 1.55),
    ("total-hip", "bmc"): (13.4, 71.0),
    ("total-hip", "area"): (24.3, 61.6),
    ("neck", "bmd"): (0.144, 1.421),
    ("neck", "area"): (1.11, 7.23),
    ("trochanter", "bmd"): (0.269, 1.224),
    ("trochanter", "area"): (5.9, 39.5),
    ("intertrochanter", "bmd"): (0.419, 1.805),
    ("intertrochanter", "area"): (8.5, 38.1),
    ("wards", "area"): (0.0, 1.32),
    ("L1-L4", "bmd"): (0.454, 1.796),
    ("L1-L4", "area"): (15.6, 91.6),
    ("L2", "bmd"): (0.461, 1.796),
    ("L2", "area"): (7.9, 23.9),
    ("L3", "bmd"): (0.461, 2.035),
    ("L3", "area"): (8.8, 25.4),
    ("L4", "bmd"): (0.452, 2.85),
    ("L4", "area"): (9.8, 28.4),
}
"""Range of NHANES 2017-2018 by region and quantity."""
_CONSTANTS = {
    HIP: {"k": (1.122, 1.17), "d0": (36.9, 54.9)},
    SPINE: {"k": (1.112, 1.163), "d0": (33.1, 49.6)},
}
_PEOPLE = "in NHANES 2017-2018 (people from 50 years on, Hologic scanners)"


def is_possible(name: str, value: float) -> bool:
    """Whether a number can be what its column says at all; true for columns without a limit."""
    low, high = POSSIBLE.get(name, (value, value))
    return low <= value <= high


def without_impossible(report: RawDxaReport) -> Step:
    """Empty the cells whose number no bone has.

    Parameters
    ----------
    report
        In the units that a study keeps.

    Returns
    -------
    Step
        With a note `cell-refused` for each.
    """
    reasons: dict[Spot, str] = {}
    for i, row in enumerate(report.rows):
        for name, cell in row.cells.items():
            if cell.value is None or name not in POSSIBLE:
                continue
            low, high = POSSIBLE[name]
            # The difference of two alike sides is zero, or negative where it is printed with its sign.
            if row.statistic == "difference":
                low = -high
            if not low <= cell.value <= high:
                unit = "" if UNITS[name] == "1" else f" {UNITS[name]}"
                reasons[i, name] = f"is {cell.value:.6g}{unit}, outside the possible {low:g} to {high:g}{unit}"
    return emptied(report, reasons)


def implausible(report: RawDxaReport) -> Notes:
    """Notes on numbers beyond what a survey has seen; the numbers stand.

    Parameters
    ----------
    report
        In the units that a study keeps. Areas and BMC are looked at only where no other maker than Hologic is named:
        makers draw regions differently. Regions without a published range are passed over.

    Returns
    -------
    tuple
        Notes `implausible-value`, one for each number.
    """
    same_regions = is_hologic(report) or not report.device.manufacturer
    found: list[tuple[Problem, tuple[Spot, ...]]] = []
    for i, row in enumerate(report.rows):
        for name, value, low, high in _outside(row, same_regions=same_regions):
            text = (
                f"{label(report.rows, (i, name))} is {value:.6g} {UNITS[name]}; {low:g} to {high:g} were seen {_PEOPLE}"
            )
            found.append((note("implausible-value", text), ((i, name),)))
    return (*found, *_constants(report))


def _outside(row: DxaRow, *, same_regions: bool) -> Iterator[tuple[str, float, float, float]]:
    if row.statistic == "difference":
        return
    for name in NAMES:
        value, limits = row.value(name), SEEN.get((row.region, name))
        if value is not None and limits is not None and (same_regions or name == "bmd"):
            low, high = limits
            if not low <= value <= high:
                yield name, value, low, high


def _constants(report: RawDxaReport) -> Iterator[tuple[Problem, tuple[Spot, ...]]]:
    if not is_hologic(report):
        return
    for name, (low, high) in _CONSTANTS.get(site_of_report(report), {}).items():
        value = report.circumstances.k if name == "k" else report.circumstances.d0
        if value and not low <= value <= high:
            text = f"the scanner's {name} is {value:.6g}; {low:g} to {high:g} were seen {_PEOPLE}"
            yield note("implausible-value", text), ()
