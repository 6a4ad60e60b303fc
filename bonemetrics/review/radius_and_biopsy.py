"""The radius of a visit beside the biopsy of the same visit: two bones, laid side by side and never compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bonemetrics.histomorphometry.catalogue import MEASUREMENTS
from bonemetrics.quantities import CATALOGUE
from bonemetrics.records import HistomorphometryEntry, HistomorphometryParameters, Measurement
from bonemetrics.review.biopsy_derived import derived

DIFFERENT_BONES = (
    "Radius and iliac crest are different bones, and a scan and a section see them differently: these numbers stand "
    "beside each other and do not check each other."
)


@dataclass(frozen=True, slots=True)
class Value:
    """One value as it is shown, with its place and unit."""

    region: str
    text: str
    unit: str


@dataclass(frozen=True, slots=True)
class Pair:
    """One quantity: what the radius scan gave by region, and what the biopsy gave; either may be missing."""

    quantity: str
    name: str
    radius: tuple[Value, ...]
    biopsy: Value | None


def radius_beside_biopsy(
    measurements: Sequence[Measurement],
    entry: HistomorphometryEntry | None,
    parameters: HistomorphometryParameters,
) -> tuple[Pair, ...]:
    """Every quantity of the radius of one visit, densities first, with every index of the biopsy of that visit.

    Parameters
    ----------
    measurements
        Of one radius scan; microstructure only where it was measured.
    entry
        Of the biopsy, in any state; `None` where there is none.
    parameters
        `[histomorphometry]` of the protocol.
    """
    scanned: dict[str, list[Value]] = {}
    for one in measurements:
        unit = one.unit if one.material is None else f"{one.unit} {one.material}"
        scanned.setdefault(one.quantity, []).append(Value(one.region, f"{one.value:.4g}", _plain(unit)))
    of_biopsy = _of_biopsy(entry, parameters) if entry is not None else {}
    densities = [code for code in scanned if CATALOGUE[code].needs_material]
    others = [code for code in scanned if code not in densities]
    rest = [code for code in of_biopsy if code not in scanned]
    return tuple(
        Pair(code, CATALOGUE[code].name, tuple(scanned.get(code, ())), of_biopsy.get(code))
        for code in (*densities, *others, *rest)
    )


def _of_biopsy(entry: HistomorphometryEntry, parameters: HistomorphometryParameters) -> dict[str, Value]:
    found = derived(entry, parameters).values
    region = entry.envelope or "envelope not stated"
    indices = [one for code, one in MEASUREMENTS.items() if code in found and not one.is_primary]
    return {one.code: Value(region, found[one.code].text, _plain(one.unit)) for one in indices}


def _plain(unit: str) -> str:
    return "" if unit == "1" else unit
