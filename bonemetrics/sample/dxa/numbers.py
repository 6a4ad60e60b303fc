"""From measured regions to the rows of a report: totals and combinations as sums, scores from the printed density."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from bonemetrics.anatomy import spine_region
from bonemetrics.records import ReportSide
from bonemetrics.sample.dxa.bones import Part
from bonemetrics.sample.dxa.combinations import combinations_of
from bonemetrics.sample.dxa.reference import lunar_scores, scores

DECIMALS = {"area": 2, "bmc": 2, "bmd": 3}
"""Digits after the point that scanners print."""
QUANTITIES = {"area": "Area", "bmc": "BMC", "bmd": "aBMD", "t_score": "T-score", "z_score": "Z-score"}
"""Name of a cell to the quantity it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of a results table: full precision, and the scores as printed (`None` where none is)."""

    region: str
    side: ReportSide | None = None
    area: float
    bmc: float
    bmd: float
    t_score: Decimal | None = None
    z_score: Decimal | None = None

    def text(self, name: str) -> str:
        """A cell as scanners print it; empty where there is no score."""
        if name in DECIMALS:
            return f"{getattr(self, name):.{DECIMALS[name]}f}"
        score = getattr(self, name)
        return "" if score is None else str(score)

    def exact(self, name: str) -> str:
        """Area, BMC or BMD as the shortest text of the same double."""
        return repr(float(getattr(self, name)))


def row(region: str, part: Part, side: ReportSide | None = None, *, lunar: bool = False) -> Row:
    """A region scored from its density as printed."""
    return scored(region, part.area, part.bmc, part.bmd, side, lunar=lunar)


def scored(
    region: str, area: float, bmc: float, bmd: float, side: ReportSide | None = None, *, lunar: bool = False
) -> Row:
    """A row whose density need not be mineral by area, as in the mean of two hips."""
    printed = Decimal(f"{bmd:.{DECIMALS['bmd']}f}")
    pair = lunar_scores(region, printed) if lunar else scores(region, printed)
    t, z = pair or (None, None)
    return Row(region=region, side=side, area=area, bmc=bmc, bmd=bmd, t_score=t, z_score=z)


def spine_rows(parts: Mapping[str, Part], levels: Sequence[str], *, lunar: bool = False) -> tuple[Row, ...]:
    """Every combination of the levels that count."""
    return tuple(
        row(spine_region(found), _sum(parts[level] for level in found), lunar=lunar)
        for found in combinations_of(levels)
    )


def hip_rows(parts: Mapping[str, Part], side: ReportSide, *, lunar: bool = False) -> tuple[Row, ...]:
    """Neck, trochanter, the region below it, their total, and Ward's triangle, which is part of the neck."""
    below = "shaft" if lunar else "intertrochanter"
    names = ("neck", "trochanter", below)
    total = _sum(parts[name] for name in names)
    wanted = [*((name, parts[name]) for name in names), ("total-hip", total), ("wards", parts["wards"])]
    return tuple(row(name, part, side) for name, part in wanted)


def dual_hip_rows(left: Sequence[Row], right: Sequence[Row]) -> tuple[Row, ...]:
    """Neck and total of both hips and their means; the mean density is that of the two densities."""
    found: list[Row] = []
    for region in ("neck", "total-hip"):
        pair = [next(one for one in rows if one.region == region) for rows in (left, right)]
        area, bmc, bmd = (sum(getattr(one, name) for one in pair) / 2 for name in ("area", "bmc", "bmd"))
        found += [*pair, scored(region, area, bmc, bmd, "mean")]
    return tuple(found)


def forearm_rows(parts: Mapping[str, Part], side: ReportSide) -> tuple[Row, ...]:
    """Radius, ulna and both, each with its three parts and their total."""
    whole = dict(parts)
    for bone in ("radius", "ulna"):
        whole[f"{bone}-total"] = _sum(parts[f"{bone}-{name}"] for name in ("ud", "mid", "33"))
    for name in ("ud", "mid", "33", "total"):
        whole[f"radius+ulna-{name}"] = whole[f"radius-{name}"] + whole[f"ulna-{name}"]
    return tuple(
        row(f"{bone}-{name}", whole[f"{bone}-{name}"], side)
        for bone in ("radius", "ulna", "radius+ulna")
        for name in ("ud", "mid", "33", "total")
    )


def _sum(parts: Iterator[Part]) -> Part:
    total = next(parts)
    for part in parts:
        total += part
    return total
