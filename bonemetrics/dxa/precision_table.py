"""A precision study from a CSV: repeats of several people, region by region, and every combination of vertebrae."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from bonemetrics.anatomy import SPINE, site_of, spine_region, vertebrae_of
from bonemetrics.dxa.csv_table import Line, fault, read_lines
from bonemetrics.dxa.precision import BmcArea, Precision, combined_bmd, precision_study, vertebra_subsets
from bonemetrics.errors import DxaError
from bonemetrics.records import Problem, Record, refusal

Source = Literal["given", "sum-of-levels"]
_LARGEST_BMD = 10.0


class RegionPrecision(Record):
    """Precision of a region and side (empty: none stated); `given` BMD, or BMC over area summed over its vertebrae."""

    region: str
    side: str = ""
    source: Source
    precision: Precision


@dataclass(frozen=True, slots=True)
class PrecisionTable:
    """What one table holds: BMD by (region, side) and person, and vertebrae by person and repeat.

    `bare` are single vertebrae whose BMC and area are not given, so that nothing can be summed.
    """

    bmd: dict[tuple[str, str], dict[str, list[float]]] = field(default_factory=dict)
    vertebrae: dict[str, dict[str, dict[str, BmcArea]]] = field(default_factory=dict)
    bare: set[str] = field(default_factory=set)


def read_repeats(path: Path) -> PrecisionTable:
    """Read repeats: `person, repeat, region` and `bmd`, or `bmc` and `area`, or all three; `side` where there are two.

    Parameters
    ----------
    path
        CSV in UTF-8 with commas. `region` is one of bonemetrics' own (`L1`, `L1-L4`, `neck`, `total-hip`, `radius-33`),
        `bmd` in g/cm², `bmc` in g, `area` in cm². `person` and `repeat` tell scans apart and mean nothing else.

    Returns
    -------
    PrecisionTable
        Single vertebrae are kept for their combinations alone.

    Raises
    ------
    DxaError
        `invalid-series`, with the line: an unknown region, a repeat that is there twice, numbers that contradict.
    """
    found = PrecisionTable()
    seen: set[tuple[str, ...]] = set()
    optional = ("side", "bmd", "bmc", "area")
    for line in read_lines(path, required=("person", "repeat", "region"), optional=optional):
        region, side = _place(line)
        person, repeat = line.required("person"), line.required("repeat")
        if (person, repeat, region, side) in seen:
            raise fault(line.number, "this person, repeat, region and side stand further up already")
        seen.add((person, repeat, region, side))
        bmd, parts = _numbers(line)
        if len(vertebrae_of(region)) == 1:
            if parts is not None:
                found.vertebrae.setdefault(person, {}).setdefault(repeat, {})[region] = parts
            else:
                found.bare.add(region)
            continue
        found.bmd.setdefault((region, side), {}).setdefault(person, []).append(bmd)
    return found


def table_precision(
    table: PrecisionTable, *, confidence: float = 0.95, allow_fewer: bool = False
) -> tuple[tuple[RegionPrecision, ...], tuple[Problem, ...]]:
    """Precision of every region of a table and of every combination of two to four vertebrae.

    Parameters
    ----------
    table
        Of `read_repeats`.
    confidence, allow_fewer
        See `precision_study`.

    Returns
    -------
    tuple
        Regions, spine first; and a refusal for each region of which nothing can be said. A combination that the table
        gives itself is taken as given.
    """
    found: list[RegionPrecision] = []
    refused: list[Problem] = []
    for region, side, source, repeats in _studies(table):
        try:
            precision = precision_study(repeats, confidence=confidence, allow_fewer=allow_fewer)
        except DxaError as error:
            told = DxaError(f"{f'{side} {region}'.strip()}: {error.message}", code=error.code)
            refused.append(refusal(told))
            continue
        found.append(RegionPrecision(region=region, side=side, source=source, precision=precision))
    if table.bare or not (found or refused):
        what = ", ".join(sorted(table.bare)) or "the table"
        text = f"{what}: a single vertebra has no LSC, and without bmc and area no combination can be computed"
        refused.append(refusal(DxaError(text, code="single-vertebra")))
    return tuple(found), tuple(refused)


def _studies(table: PrecisionTable) -> Iterable[tuple[str, str, Source, Mapping[str, list[float]]]]:
    scans = {person: list(repeats.values()) for person, repeats in table.vertebrae.items()}
    levels = {level for repeats in scans.values() for scan in repeats for level in scan}
    summed = {spine_region(subset): subset for subset in vertebra_subsets(levels)}
    for region, subset in summed.items():
        if (region, "") not in table.bmd:
            yield region, "", "sum-of-levels", combined_bmd(scans, subset)
    for (region, side), repeats in sorted(table.bmd.items(), key=lambda item: (site_of(item[0][0]) != SPINE, item[0])):
        yield region, side, "given", repeats


def _place(line: Line) -> tuple[str, str]:
    region, side = line.required("region"), line.text("side").casefold()
    site = site_of(region)
    if site is None:
        raise fault(line.number, "the region has no known name, such as L1-L4, neck, total-hip or radius-33")
    if site == SPINE:
        region = spine_region(vertebrae_of(region))
    if side not in ("", "left", "right") or (side and site == SPINE):
        raise fault(line.number, "side is neither empty nor left nor right, or a spine has one")
    return region, side


def _numbers(line: Line) -> tuple[float, BmcArea | None]:
    """BMD, and BMC with area where stated; what is stated twice must agree to the printed digit."""
    parts = None
    if line.text("bmc") or line.text("area"):
        parts = line.number_of("bmc"), line.number_of("area")
        if min(parts) <= 0:
            raise fault(line.number, "bmc or area is not above zero")
    if parts is None:
        bmd = line.number_of("bmd")
    else:
        bmd = parts[0] / parts[1]
        # Two decimals of BMC and area, three of BMD, as scanners print them.
        tolerance = 0.0006 + bmd * (0.005 / parts[0] + 0.005 / parts[1])
        if line.text("bmd") and abs(line.number_of("bmd") - bmd) > tolerance:
            raise fault(line.number, "bmd is not bmc / area")
        bmd = line.number_of("bmd") if line.text("bmd") else bmd
    if abs(bmd) > _LARGEST_BMD:
        raise fault(line.number, f"a bmd beyond {_LARGEST_BMD:g} g/cm2; is it in mg/cm2?")
    return bmd, parts
