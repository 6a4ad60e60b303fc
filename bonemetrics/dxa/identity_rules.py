"""Which numbers of a report belong together: the identities that its rows offer, as data.

References
----------
Ratio, sums, means and differences hold in a database and on report pages of Hologic, and the ratio and the vertebral
sums on pages of GE and Norland. Sums of forearm and body are those of Hologic; other makers may draw these regions
otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Literal

from bonemetrics.anatomy import VERTEBRAE, vertebrae_of
from bonemetrics.dxa.cells import Spot
from bonemetrics.records import DxaRow, ReportSide, Statistic

Form = Literal["ratio", "sum", "mean", "difference", "equal"]
_DENSITY = ("area", "bmc", "bmd")
_ADDED = ("area", "bmc")
"""What adds up over regions; a BMD does not."""


@dataclass(frozen=True, slots=True)
class Identity:
    """One thing that must hold: `target` is the ratio (BMC, area), sum, mean, difference or equal of `parts`."""

    kind: str
    form: Form
    target: Spot
    parts: tuple[Spot, ...]

    @property
    def cells(self) -> tuple[Spot, ...]:
        """All cells it binds."""
        return self.target, *self.parts


@dataclass(frozen=True, slots=True)
class SumRule:
    """A region that is the sum of others: (region, side) each, where `same` is the side of the total."""

    kind: str
    total: str
    parts: tuple[tuple[str, ReportSide | Literal["same"] | None], ...]
    hologic_only: bool = True


def _same(*regions: str) -> tuple[tuple[str, Literal["same"]], ...]:
    return tuple((region, "same") for region in regions)


_BONES = tuple(
    SumRule("forearm-total", f"{bone}-total", _same(f"{bone}-33", f"{bone}-mid", f"{bone}-ud"))
    for bone in ("radius", "ulna")
)
_BOTH = tuple(
    SumRule("radius-and-ulna", f"radius+ulna-{part}", _same(f"radius-{part}", f"ulna-{part}"))
    for part in ("ud", "mid", "33", "total")
)
SUM_RULES: tuple[SumRule, ...] = (
    # Only Hologic has an intertrochanteric region, so this one needs no maker's name. Ward's triangle is not a part.
    SumRule("total-hip", "total-hip", _same("trochanter", "intertrochanter", "neck"), hologic_only=False),
    *_BONES,
    *_BOTH,
    SumRule("whole-body", "whole-body", (("subtotal", None), ("head", None))),
    SumRule(
        "whole-body",
        "subtotal",
        (
            *((region, side) for region in ("arm", "ribs", "leg") for side in ("left", "right")),
            *((region, None) for region in ("thoracic-spine", "body-lumbar-spine", "pelvis")),
        ),
    ),
)

_Key = tuple[str, ReportSide | None, Statistic]


@dataclass(frozen=True, slots=True)
class _Cells:
    """The cells of a report that hold a number, by region, side and statistic."""

    rows: Mapping[_Key, int]
    present: Set[Spot]

    def find(self, region: str, side: ReportSide | None, name: str, statistic: Statistic = "value") -> Spot | None:
        row = self.rows.get((region, side, statistic))
        spot = None if row is None else (row, name)
        return spot if spot in self.present else None


def identities_of(rows: tuple[DxaRow, ...], present: Set[Spot], *, hologic: bool = False) -> tuple[Identity, ...]:
    """Every identity that the cells of a report offer.

    Parameters
    ----------
    rows
        Rows of one report.
    present
        The cells that hold a number.
    hologic
        Whether the sums that are known of Hologic scanners apply.

    Returns
    -------
    tuple of Identity
        In the order of the rows, for one kind after the other.
    """
    first: dict[_Key, int] = {}
    for i, row in enumerate(rows):
        first.setdefault((row.region, row.side, row.statistic), i)
    cells = _Cells(first, present)
    return (
        *_ratios(rows, present),
        *_repeats(rows, cells),
        *_vertebral_sums(cells),
        *_other_sums(cells, hologic=hologic),
        *_of_both_sides(cells, hologic=hologic),
    )


def _ratios(rows: tuple[DxaRow, ...], present: Set[Spot]) -> Iterator[Identity]:
    for i, row in enumerate(rows):
        # The mean row prints the mean of the two BMD beside means of BMC and area, which are no ratio of each other.
        if row.statistic == "value" and all((i, name) in present for name in _DENSITY):
            yield Identity("ratio", "ratio", (i, "bmd"), ((i, "bmc"), (i, "area")))


def _repeats(rows: tuple[DxaRow, ...], cells: _Cells) -> Iterator[Identity]:
    for i, row in enumerate(rows):
        earlier = cells.rows[row.region, row.side, row.statistic]
        for name in _DENSITY:
            if earlier != i and (i, name) in cells.present and (earlier, name) in cells.present:
                yield Identity("same-region", "equal", (i, name), ((earlier, name),))


def _vertebral_sums(cells: _Cells) -> Iterator[Identity]:
    sides = {(side, statistic) for _, side, statistic in cells.rows if statistic == "value"}
    for side, _ in sorted(sides, key=str):
        for name in _ADDED:
            by_levels = {
                frozenset(levels): spot
                for region, its_side, statistic in cells.rows
                if its_side == side and statistic == "value" and (levels := vertebrae_of(region))
                if (spot := cells.find(region, side, name)) is not None
            }
            yield from _sums_of_levels(by_levels)


def _sums_of_levels(by_levels: Mapping[frozenset[str], Spot]) -> Iterator[Identity]:
    for levels, spot in by_levels.items():
        if len(levels) < 2:
            continue
        top = min(levels, key=VERTEBRAE.index)
        pairs = [
            (by_levels[part], by_levels[levels - part])
            for part in by_levels
            if part < levels and top in part and levels - part in by_levels
        ]
        for pair in pairs:
            yield Identity("vertebrae", "sum", spot, pair)
        finest = _finest(levels, by_levels, levels)
        if finest is not None and len(finest) > 2:
            yield Identity("vertebrae", "sum", spot, finest)


def _finest(
    left: frozenset[str], by_levels: Mapping[frozenset[str], Spot], whole: frozenset[str]
) -> tuple[Spot, ...] | None:
    if not left:
        return ()
    top = min(left, key=VERTEBRAE.index)
    for part in sorted((p for p in by_levels if top in p and p <= left and p != whole), key=len):
        rest = _finest(left - part, by_levels, whole)
        if rest is not None:
            return by_levels[part], *rest
    return None


def _other_sums(cells: _Cells, *, hologic: bool) -> Iterator[Identity]:
    for region, side, statistic in cells.rows:
        for rule in SUM_RULES:
            if rule.total != region or statistic != "value" or (rule.hologic_only and not hologic):
                continue
            for name in _ADDED:
                total = cells.find(region, side, name)
                parts = [cells.find(part, side if at == "same" else at, name) for part, at in rule.parts]
                found = tuple(part for part in parts if part is not None)
                if total is not None and len(found) == len(parts):
                    yield Identity(rule.kind, "sum", total, found)


def _of_both_sides(cells: _Cells, *, hologic: bool) -> Iterator[Identity]:
    for region, side, statistic in cells.rows:
        if statistic == "value":
            continue
        # How other makers fill BMC and area of these rows is not known.
        for name in _DENSITY if hologic else ("bmd",):
            spot = cells.find(region, side, name, statistic)
            left, right = cells.find(region, "left", name), cells.find(region, "right", name)
            if spot is not None and left is not None and right is not None:
                yield Identity(statistic, statistic, spot, (left, right))
