"""Results of one scan in a Hologic database: the regions of its site, drawn regions, hip structure and scores."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from bonemetrics.anatomy import HIP, SPINE, spine_region
from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa.hologic_database_codes import (
    DRAWN_REGIONS,
    FIELDS,
    LEVELS,
    SITE_TABLES,
    STRUCTURE_ANGLE,
    TABLE_NAMES,
    region_of_range,
)
from bonemetrics.readers.dxa.hologic_database_tables import Row
from bonemetrics.readers.dxa.hologic_database_values import number_in, text_in, whole_in
from bonemetrics.readers.dxa.hologic_scan_codes import (
    AREA_BMC_BMD,
    STRUCTURE_FIELDS,
    STRUCTURE_PARTS,
    density_row,
    number_cell,
    was_analysed,
)
from bonemetrics.readers.dxa.region_names import place_of
from bonemetrics.records import DxaCell, DxaRow, Problem, ReportSide, note

_SCORES = (("t_score", "T_SCORE"), ("z_score", "Z_SCORE"))


def has_results(row: Row) -> bool:
    """Whether a row of a table of results holds any area, BMC or BMD."""
    return was_analysed(
        number_in(row, column)
        for column in row
        if column.endswith(("_AREA", "_BMC", "_BMD")) and not column.startswith(("STD_", "HSTD_"))
    )


def region_rows(site: str, row: Row, side: ReportSide | None) -> tuple[DxaRow, ...]:
    """Rows of the regions that a site has in every scan. The total of a spine is not among them.

    Raises
    ------
    ReadError
        `results-not-understood` where a spine has numbers above the vertebra at which it says to begin.
    """
    table = SITE_TABLES[site]
    if site == SPINE:
        _require_start(row)
    return tuple(_row(table, row, field, region, own or side) for field, (region, own) in FIELDS[site].items())


def _require_start(row: Row) -> None:
    start = whole_in(row, "STARTING_REGION") or 0
    above = (number_in(row, f"{level}_{column}") for level in LEVELS[: max(start, 0)] for column in ("AREA", "BMD"))
    if was_analysed(above):
        raise ReadError(
            "a spine has numbers for vertebrae above the one it says to begin with; "
            "which vertebra is which cannot be told",
            code="results-not-understood",
        )


def _row(table: str, row: Row, field: str, region: str, side: ReportSide | None) -> DxaRow:
    return density_row(
        region,
        {name: number_in(row, f"{field}_{column}") for name, column, _unit in AREA_BMC_BMD},
        printed=field,
        side=side,
        places={name: f"{TABLE_NAMES[table]}.{field}_{column}" for name, column, _unit in AREA_BMC_BMD},
    )


def spine_total(row: Row, regions: Sequence[DxaRow]) -> tuple[tuple[str, ...], tuple[DxaRow, ...], tuple[Problem, ...]]:
    """The vertebrae that the scanner counted, and their total under the name of just these vertebrae.

    Parameters
    ----------
    row
        Of the table `Spine`.
    regions
        Rows of the single vertebrae.

    Returns
    -------
    tuple
        Included vertebrae; a row, or none where it cannot be told what the total is of; and a note then.
    """
    flags = {level: row.get(f"{level}_INCLUDED") for level in LEVELS}
    included = tuple(level for level, flag in flags.items() if flag)
    measured = {found.region for found in regions if found.value("bmd") is not None}
    total = _row("SPINE", row, "TOT", spine_region(included) if included else "", None)
    if all(cell.value is None for cell in total.cells.values()):
        return included, (), ()
    if not included or not measured.issuperset(included) or None in (flags[level] for level in LEVELS[:4]):
        return included, (), (note("unknown-region", "the total of the spine does not say which vertebrae it is of"),)
    standard = number_in(row, "STD_TOT_BMD")
    if standard:
        cell = number_cell(standard, unit="", place="Spine.STD_TOT_BMD")
        total = total.model_copy(update={"cells": {**total.cells, "standardised_bmd": cell}})
    if len(included) > 1:
        return included, (total,), ()
    # The total of one vertebra is that vertebra, which has its row already.
    single = next(found for found in regions if found.region == total.region)
    if all(single.value(name) == total.value(name) for name, _column, _unit in AREA_BMC_BMD):
        return included, (), ()
    return included, (), (note("unknown-region", "the total of a single vertebra is not that vertebra's"),)


def drawn_rows(
    site: str, row: Row, side: ReportSide | None, taken: Iterable[DxaRow]
) -> tuple[tuple[DxaRow, ...], tuple[Problem, ...]]:
    """Regions that an operator drew and named, where the scan has no region of that name of its own."""
    known = {(found.region, found.side) for found in taken}
    rows: list[DxaRow] = []
    left_out = 0
    for field in DRAWN_REGIONS:
        if not was_analysed(number_in(row, f"{field}_{column}") for _name, column, _unit in AREA_BMC_BMD):
            continue
        place = place_of(text_in(row, f"{field}_NAME"), site, side=side)
        if place is None or place.statistic != "value" or (place.region, place.side) in known:
            left_out += 1
            continue
        known.add((place.region, place.side))
        rows.append(_row("SUBREGIONBONE", row, field, place.region, place.side))
    problems = []
    if rows:
        named = ", ".join(found.region for found in rows)
        problems.append(note("drawn-region", f"drawn and named by the operator: {named}"))
    if left_out:
        problems.append(
            note("unknown-region", f"{left_out} regions that the operator drew have no known name of their own")
        )
    return tuple(rows), tuple(problems)


def structure_cells(row: Row) -> dict[str, DxaCell]:
    """Hip structure of a row of `HipHSA`, empty where the hip was not analysed. The database states no units."""
    columns = {f"{name}.{field}": f"{part}_{field}" for part, name in STRUCTURE_PARTS for field in STRUCTURE_FIELDS}
    columns["shaft-neck-angle"] = STRUCTURE_ANGLE
    if not was_analysed(number_in(row, column) for column in columns.values()):
        return {}
    return {
        name: number_cell(number_in(row, column), unit="", place=f"HipHSA.{column}") for name, column in columns.items()
    }


def extra_cells(site: str, row: Row) -> dict[str, DxaCell]:
    """Lengths and the standardised BMD that stand beside the regions; 0 and the missing marker are none."""
    wanted: dict[str, tuple[tuple[str, str, str], ...]] = {"FOREARM": (("arm-length", "ARM_LENGTH", "mm"),)}
    if site == HIP:
        wanted["HIP"] = (("axis-length", "AXIS_LENGTH", ""), ("standardised-total-hip.BMD", "HSTD_TOT_BMD", ""))
    table = SITE_TABLES[site]
    found = {}
    for name, column, unit in wanted.get(table, ()):
        number = number_in(row, column)
        if was_analysed((number,)):
            found[name] = number_cell(number, unit=unit, place=f"{TABLE_NAMES[table]}.{column}")
    return found


def with_scores(
    rows: tuple[DxaRow, ...], site: str, results: Sequence[Row]
) -> tuple[tuple[DxaRow, ...], str, tuple[Problem, ...]]:
    """Rows with the scores of `ReferenceResults`, and the title of the reference where there is one for all."""
    by_region: dict[str, list[Row]] = defaultdict(list)
    for row in results:
        place = region_of_range(text_in(row, "REF_TYPE"), text_in(row, "BONERANGE"))
        by_region[place[1] if place is not None and place[0] == site else ""].append(row)
    found = {region: _scores(here) for region, here in by_region.items() if region}
    regions = {row.region for row in rows}
    lost = sum(not cells or region not in regions for region, cells in found.items()) + len(by_region.get("", ()))
    unset = sum(cell.value is None for cells in found.values() for cell in cells.values())
    titles = {text_in(row, "TITLE") for row in results}
    scored = tuple(row.model_copy(update={"cells": {**row.cells, **found.get(row.region, {})}}) for row in rows)
    problems = []
    if lost:
        problems.append(note("values-missing", f"{lost} stored scores do not belong to one region each"))
    if unset:
        problems.append(note("values-missing", f"{unset} stored scores are 0 or -1, which stands for none"))
    return scored, titles.pop() if len(titles) == 1 else "", tuple(problems)


def _scores(rows: Sequence[Row]) -> dict[str, DxaCell]:
    """Scores of one region; none where two references gave it different ones."""
    stored = {tuple(number_in(row, column) for _name, column in _SCORES) for row in rows}
    if len(stored) > 1:
        return {}
    cells = {
        name: number_cell(number, unit="1", place=f"ReferenceResults.{column}")
        for (name, column), number in zip(_SCORES, stored.pop(), strict=True)
    }
    # A computed score is hardly ever exactly 0, which the database writes where it has none.
    return {name: cell.model_copy(update={"value": cell.value or None}) for name, cell in cells.items()}
