"""Which vertebrae a row called `Total` counts, for sources that do not name them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from bonemetrics.anatomy import VERTEBRAE, spine_region
from bonemetrics.records import DxaRow, Problem, note

SPINE_TOTAL = "total"
"""Stands for the total of a spine table until its vertebrae are known; never leaves a reader."""
_SUMMED = ("area", "bmc")


def vertebrae_of_total(rows: Sequence[DxaRow], total: DxaRow) -> tuple[str, ...]:
    """The vertebrae whose areas and contents add up to the total's.

    Parameters
    ----------
    rows
        The other rows of the table.
    total
        The row called `Total`.

    Returns
    -------
    tuple of str
        From above; empty where areas and contents cannot tell. Where their sums fit no set, a digit is wrong: then all
        vertebrae of the table, and the checks of identities report it.
    """
    levels = {row.region: row for row in rows if row.region in VERTEBRAE and row.value("bmd") is not None}
    names = sorted(levels, key=VERTEBRAE.index)
    if all(total.value(name) is None for name in _SUMMED):
        return ()
    sets = [chosen for count in range(len(names), 0, -1) for chosen in combinations(names, count)]
    fitting = [chosen for chosen in sets if _fits([levels[name] for name in chosen], total)]
    if not fitting or tuple(names) in fitting:
        return tuple(names)
    return fitting[0] if len(fitting) == 1 else ()


def with_total_named(rows: Sequence[DxaRow]) -> tuple[list[DxaRow], tuple[str, ...], list[Problem]]:
    """Rows in which the total of a spine has the name of its vertebrae.

    Parameters
    ----------
    rows
        Of one table; a row whose region is `SPINE_TOTAL` is the one in question.

    Returns
    -------
    tuple
        The rows, the vertebrae that the total counts, and a note where it was left out since that cannot be told.
    """
    total = next((row for row in rows if row.region == SPINE_TOTAL), None)
    if total is None:
        return list(rows), (), []
    others = [row for row in rows if row is not total]
    levels = vertebrae_of_total(others, total)
    region = spine_region(levels) if levels else ""
    if not region or any(row.region == region for row in others):
        return others, (), [note("unknown-region", "of which vertebrae the row 'Total' is, cannot be told")]
    return [*others, total.model_copy(update={"region": region})], levels, []


def _fits(parts: Sequence[DxaRow], total: DxaRow) -> bool:
    return all(_sums(parts, total, name) for name in _SUMMED if total.value(name) is not None)


def _sums(parts: Sequence[DxaRow], total: DxaRow, name: str) -> bool:
    whole, values = total.value(name), [part.value(name) for part in parts]
    known = [value for value in values if value is not None]
    if whole is None or len(known) < len(values):
        return False
    # Each printed number, the sum too, may be half a unit of its last digit off.
    units = [10.0 ** -(cell.decimals or 6) for cell in (row.cells[name] for row in (*parts, total))]
    return abs(sum(known) - whole) <= 0.5 * sum(units) + 1e-9
