"""Drawings on several pictures of one biopsy, pooled: sums of areas, lengths and counts, means of all single widths."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from bonemetrics.review.section_drawing import DRAWN, UNITS, Drawn, Kind, Shape
from bonemetrics.review.section_evidence import Evidence

_BY_CHANCE = 3
"""From so many equal points on a chance is ruled out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pooled:
    """What all pictures give together for one code.

    `value` is in `unit`; `n` counts what was drawn on `n_pictures`. `sd` (n-1) is that of all distances. `refused` says
    why there is no value.
    """

    code: str
    kind: Kind
    n: int
    n_pictures: int
    unit: str
    value: float | None
    sd: float | None = None
    refused: str = ""


def one_each(drawings: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """Drawings without those that a later one on the same picture replaces; a picture never counts twice."""
    found: dict[str, Evidence] = {}
    for one in drawings:
        found.pop(one.picture_sha256, None)
        found[one.picture_sha256] = one
    return tuple(found.values())


def pool(drawings: Sequence[Evidence]) -> dict[str, Pooled]:
    """Measure all pictures together, code by code, each with its own pixel size.

    Areas, lengths and counts are added; every two of them may be divided by each other, and a ratio of sums over
    different pictures is wrong. So all of them must be of the same pictures: drawn, or stated to be none there. Widths
    are means over all single ones, as if they stood on one picture.

    Parameters
    ----------
    drawings
        In any order; the later one of two on the same picture counts.

    Returns
    -------
    dict
        By code, in the order of the catalogue; what cannot be told has a reason in place of its value.
    """
    single = [one for one in one_each(drawings) if not one.is_empty]
    drawn = [one.drawn for one in single]
    summed = [place for place, found in enumerate(drawn) if any(one.kind != "distance" for one in found.values())]
    pooled: dict[str, Pooled] = {}
    for code in DRAWN:
        parts = {place: found[code] for place, found in enumerate(drawn) if code in found}
        if parts:
            refused = _refusal(code, parts, summed, single)
            pooled[code] = _together(code, list(parts.values()), refused)
    return pooled


def _together(code: str, parts: Sequence[Drawn], refused: str) -> Pooled:
    kind = DRAWN[code]
    value: float | None = None
    sd: float | None = None
    if not refused and kind == "distance":
        each = [um for part in parts for um in part.each]
        value, sd = fmean(each), stdev(each) if len(each) > 1 else None
    elif not refused:
        value = sum(part.value or 0.0 for part in parts)
    return Pooled(
        code=code,
        kind=kind,
        n=sum(part.n for part in parts),
        n_pictures=len(parts),
        unit=UNITS[kind],
        value=value,
        sd=sd,
        refused=refused,
    )


def _refusal(code: str, parts: Mapping[int, Drawn], summed: Sequence[int], drawings: Sequence[Evidence]) -> str:
    for part in parts.values():
        if part.refused:
            return part.refused if len(parts) == 1 else f"on one of {len(parts)} pictures {part.refused}"
    if _is_copied(code, [drawings[place] for place in parts]):
        return f"the same shapes of {code} are on two pictures, so they would count twice; remove them from one"
    if DRAWN[code] != "distance" and len(parts) < len(summed):
        return (
            f"{code} is of {len(parts)} of {len(summed)} pictures, so no ratio with it would hold; "
            "draw it on the others, state that there is none, or take them out"
        )
    return ""


def _is_copied(code: str, drawings: Sequence[Evidence]) -> bool:
    """Whether shapes stand on two pictures with every digit: nobody draws so, and a copy would count twice."""
    least = _BY_CHANCE if DRAWN[code] == "count" else 1
    sets: list[frozenset[Shape]] = [frozenset(one for one in each.shapes if one.code == code) for each in drawings]
    return any(len(one & other) >= least for place, one in enumerate(sets) for other in sets[place + 1 :])
