"""Units: stated ones are converted to those of a study, missing ones empty the cell, wrong ones are found by size.

References
----------
International avoirdupois pound and inch: 453.59237 g and 2.54 cm exactly (NIST Handbook 44, appendix C).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from bonemetrics.dxa.cells import NAMES, Notes, Number, Spot, Step, emptied, grouped, label, numbers_of, with_cells
from bonemetrics.records import UNITS, DxaCell, DxaRow, Problem, RawDxaReport, note

POUND_G = 453.59237
OUNCE_G = POUND_G / 16
SQUARE_INCH_CM2 = 6.4516

_AREA = {
    "cm2": 1.0,
    "mm2": 0.01,
    "m2": 1e4,
    "[in_i]2": SQUARE_INCH_CM2,
    "[sin_i]": SQUARE_INCH_CM2,
}
_MASS = {"g": 1.0, "mg": 1e-3, "kg": 1e3, "[lb_av]": POUND_G, "[oz_av]": OUNCE_G}
FACTORS: dict[str, dict[str, float]] = {
    "area": _AREA,
    "bmc": _MASS,
    "bmd": {f"{mass}/{area}": _MASS[mass] / _AREA[area] for mass in _MASS for area in _AREA},
    **{score: dict.fromkeys(("1", "", "{score}", "{T-score}", "{Z-score}"), 1.0) for score in ("t_score", "z_score")},
}
"""What one unit of a UCUM spelling is in the units of a study, by cell name."""

_Suspect = tuple[tuple[str, ...], str, float]
_SUSPECTS: tuple[_Suspect, ...] = (
    # Columns, what they are really in, and what (BMC / area) / BMD then is in the stated units.
    (("bmc",), "[lb_av]", 1.0 / POUND_G),
    (("bmc",), "[oz_av]", 1.0 / OUNCE_G),
    (("bmc",), "kg", 1e-3),
    (("bmc",), "mg", 1e3),
    (("area",), "[in_i]2", SQUARE_INCH_CM2),
    (("area",), "mm2", 1e-2),
    (("bmc", "area"), "[lb_av] and [in_i]2", SQUARE_INCH_CM2 / POUND_G),
)
_BMD_SIZES = (
    ((50.0, 5000.0), 1e-3, "mg/cm2"),
    ((0.00005, 0.005), 1e3, "a unit a thousand times the stated one"),
)
"""Sizes that all BMD of a report have where its unit is wrong, and what makes them possible."""
_WIDEST = 0.3
"""A ratio known worse than to 30 % tells no unit from another: a pound and a kilogram are a factor of 2.2 apart."""


def in_kept_units(report: RawDxaReport) -> Step:
    """Convert a report's numbers into g, cm² and g/cm².

    Parameters
    ----------
    report
        As a reader gives it. Cells other than area, BMC, BMD, T and Z keep their unit.

    Returns
    -------
    Step
        Converted cells keep `raw`, and `decimals` become those that are surely known (a pound of two decimals is known
        to 4.5 g, hence -1). Cells are emptied whose unit is not stated (`unit-not-stated`), is none of the quantity
        (`cell-refused`) or does not fit the number (`unit-suspect`, with the unit that would).
    """
    report, notes = _converted(report)
    # A BMD of the wrong size explains the ratio, and leaves nothing to blame on BMC and area.
    suspicion = _by_size(report) or _by_ratio(report)
    step = emptied(report, suspicion)
    return Step(report=step.report, notes=(*notes, *_suspect_notes(report, suspicion), *step.notes))


def _converted(report: RawDxaReport) -> tuple[RawDxaReport, Notes]:
    changed: dict[Spot, DxaCell] = {}
    refused: dict[Spot, str] = {}
    converted: dict[tuple[str, str], list[Spot]] = {}
    unstated: dict[str, list[Spot]] = {}
    for spot, cell in _number_cells(report.rows):
        name, unit = spot[1], cell.unit.strip()
        factor = FACTORS[name].get(unit)
        if factor is None and not unit:
            unstated.setdefault(name, []).append(spot)
            changed[spot] = cell.model_copy(update={"value": None})
        elif factor is None:
            refused[spot] = f"is stated in a unit that is none of {NAMES[name]} ({_shown(unit)})"
        elif factor != 1.0:
            converted.setdefault((name, unit), []).append(spot)
            changed[spot] = in_unit(cell, UNITS[name], factor)
        elif unit != UNITS[name]:
            changed[spot] = cell.model_copy(update={"unit": UNITS[name]})
    step = emptied(with_cells(report, changed), refused)
    return step.report, (*_unit_notes(report.rows, converted, unstated), *step.notes)


def _number_cells(rows: tuple[DxaRow, ...]) -> Iterator[tuple[Spot, DxaCell]]:
    for i, row in enumerate(rows):
        for name, cell in row.cells.items():
            if name in UNITS and cell.value is not None:
                yield (i, name), cell


def in_unit(cell: DxaCell, unit: str, factor: float) -> DxaCell:
    """A cell in another unit, of which the old one is `factor`; its decimals never claim more than was printed."""
    if cell.value is None:
        return cell
    # Within 1e-9 of a whole decade the shift is exact; between decades it goes to the coarser side.
    shift = math.floor(-math.log10(factor) + 1e-9)
    decimals = None if cell.decimals is None else cell.decimals + shift
    return cell.model_copy(update={"value": cell.value * factor, "unit": unit, "decimals": decimals})


def _shown(unit: str) -> str:
    return unit if len(unit) <= 20 and unit.isprintable() else "of unknown spelling"


def _unit_notes(
    rows: tuple[DxaRow, ...], converted: Mapping[tuple[str, str], list[Spot]], unstated: Mapping[str, list[Spot]]
) -> Iterator[tuple[Problem, tuple[Spot, ...]]]:
    for (name, unit), spots in converted.items():
        text = f"converted from {unit} to {UNITS[name]}: {grouped(rows, spots)}"
        yield note("unit-converted", text), tuple(spots)
    for name, spots in unstated.items():
        text = f"no unit is stated, {UNITS[name]} or another; left empty: {grouped(rows, spots)}"
        yield note("unit-not-stated", text), tuple(spots)


def _by_size(report: RawDxaReport) -> dict[Spot, str]:
    cells = {
        spot: cell.value for spot, cell in _number_cells(report.rows) if spot[1] == "bmd" and cell.value is not None
    }
    own = [value for (i, _), value in cells.items() if report.rows[i].statistic == "value"]
    for (low, high), factor, fitting in _BMD_SIZES:
        # A unit is a column's: one such number among others is a lost point, which the identities will find.
        if own and all(low <= value <= high for value in own):
            return {
                spot: f"is {value:.6g} g/cm2, which fits {fitting} ({value * factor:.6g} g/cm2); confirm the unit"
                for spot, value in cells.items()
            }
    return {}


def _by_ratio(report: RawDxaReport) -> dict[Spot, str]:
    numbers = numbers_of(report.rows)
    common = set(_SUSPECTS)
    checked: list[int] = []
    for i, row in enumerate(report.rows):
        bmd, bmc, area = (numbers.get((i, name)) for name in ("bmd", "bmc", "area"))
        if row.statistic == "value" and bmd is not None and bmc is not None and area is not None:
            checked.append(i)
            common &= _units_that_fit(bmd, bmc, area)
    if not checked or not common:
        return {}
    columns = {name for names, _, _ in common for name in names}
    units = " or ".join(sorted(unit for _, unit, _ in common))
    return {
        (i, name): f"fits BMD only in {units}, not in {UNITS[name]}; confirm the unit"
        for (i, name) in numbers
        if name in columns
    }


def _units_that_fit(bmd: Number, bmc: Number, area: Number) -> set[_Suspect]:
    if min(bmd.value, bmc.value, area.value) <= 0.0:
        return set()
    ratio = bmc.value / area.value / bmd.value
    known_to = sum(number.half / number.value for number in (bmd, bmc, area)) + 1e-6
    if known_to > _WIDEST or abs(math.log(ratio)) <= 2 * known_to:
        return set()
    # Differences of logarithms are relative errors to first order; half as much again covers the second.
    return {suspect for suspect in _SUSPECTS if abs(math.log(ratio / suspect[2])) <= 1.5 * known_to}


def _suspect_notes(report: RawDxaReport, suspicion: Mapping[Spot, str]) -> Iterator[tuple[Problem, tuple[Spot, ...]]]:
    for name in UNITS:
        spots = tuple(spot for spot in suspicion if spot[1] == name)
        if not spots:
            continue
        first = f"{label(report.rows, spots[0])} {suspicion[spots[0]]}"
        more = f"; so do {len(spots) - 1} more of this column" if len(spots) > 1 else ""
        yield note("unit-suspect", first + more), spots
