"""What an edit of a segmentation does to the numbers, set against the least significant change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bonemetrics.errors import MaterialMismatchError, UsageError
from bonemetrics.quantities import CATALOGUE, Material
from bonemetrics.records import Finite, Measurement, Problem, Record
from bonemetrics.records.base import MeasuredSide
from bonemetrics.study.least_change import LeastChange, LeastChanges, reaches
from bonemetrics.study.parameters import paramcds_of
from bonemetrics.study.protocol import Protocol

_Place = tuple[str, str, str, str]


class Consequence(Record):
    """One number before and after an edit, in the quantity's unit.

    `before`, `after` and with them `difference` are `None` where only the other was measured. `lsc` is the least
    significant change of the protocol's parameter `paramcd` on the scan's scanner, the smallest where several
    parameters take the number; `exceeds` tells whether the difference reaches it. Both are `None` where no limit is
    known, and `notes` say why.
    """

    quantity: str
    site: str
    side: MeasuredSide | None
    region: str
    unit: str
    material: Material | None
    before: Finite | None
    after: Finite | None
    difference: Finite | None
    paramcd: str | None = None
    lsc: Finite | None = None
    exceeds: bool | None = None
    notes: tuple[Problem, ...] = ()


def consequence(
    before: Sequence[Measurement], after: Sequence[Measurement], protocol: Protocol, *, scanner: str
) -> tuple[Consequence, ...]:
    """Set the numbers of one scan before and after an edit side by side.

    Parameters
    ----------
    before, after
        Of the same scan, whatever was measured.
    protocol
        With its `[[parameters]]` and `[[precision]]`.
    scanner
        Serial number of the scan's scanner; empty where it tells none.

    Returns
    -------
    tuple of Consequence
        Every number: those that the protocol asks for in its order, then densities, then the rest as the catalogue
        lists them. Numbers of one quantity that were measured by two methods stand in two rows.

    Raises
    ------
    MaterialMismatchError
        If a density is on another material's scale after than before.
    UsageError
        If the numbers are of two scans, or one of them is there twice.
    """
    if len({one.provenance.input_sha256 for one in (*before, *after)}) > 1:
        raise UsageError("numbers before and after an edit must be of one scan; these are of two")
    limits = LeastChanges(protocol)
    earlier, later = _by_place(before), _by_place(after)
    places = sorted({**earlier, **later}, key=lambda place: _rank(later.get(place) or earlier[place], protocol))
    return tuple(_row(earlier.get(place), later.get(place), protocol, limits, scanner) for place in places)


def _by_place(found: Sequence[Measurement]) -> dict[_Place, Measurement]:
    by_place = {_place(one): one for one in found}
    if len(by_place) < len(found):
        raise UsageError("a number of the scan is there twice; which of both is meant cannot be told")
    return by_place


def _place(found: Measurement) -> _Place:
    # A side that was settled meanwhile does not make it another number.
    return found.quantity, found.site, found.region, found.provenance.method


def _rank(found: Measurement, protocol: Protocol) -> tuple[int, bool, int]:
    names = paramcds_of(found, protocol)
    asked = [one.paramcd for one in protocol.parameters].index(names[0]) if names else len(protocol.parameters)
    return asked, found.material is None, list(CATALOGUE).index(found.quantity)


def _row(
    before: Measurement | None, after: Measurement | None, protocol: Protocol, limits: LeastChanges, scanner: str
) -> Consequence:
    if before is not None and after is not None:
        return _consequence(before, after, protocol, limits, scanner)
    (found,) = (one for one in (before, after) if one is not None)
    return Consequence(
        **_what(found),
        before=None if before is None else before.value,
        after=None if after is None else after.value,
        difference=None,
    )


def _what(found: Measurement) -> dict[str, Any]:
    names = ("quantity", "site", "side", "region", "unit", "material")
    return {name: getattr(found, name) for name in names}


def _consequence(
    before: Measurement, after: Measurement, protocol: Protocol, limits: LeastChanges, scanner: str
) -> Consequence:
    if before.material != after.material:
        raise MaterialMismatchError(
            f"{before.quantity} is on the scale of {before.material} before and of {after.material} after the edit; "
            "measure both with one calibration"
        )
    difference = after.value - before.value
    paramcd, limit = _limit(before, protocol, limits, scanner)
    return Consequence(
        **_what(after),
        before=before.value,
        after=after.value,
        difference=difference,
        paramcd=paramcd,
        lsc=limit.value,
        exceeds=None if limit.value is None else reaches(abs(difference), limit.value),
        notes=limit.notes,
    )


def _limit(
    found: Measurement, protocol: Protocol, limits: LeastChanges, scanner: str
) -> tuple[str | None, LeastChange]:
    """The smallest limit of all parameters that the number belongs to; a parameter's unit is its quantity's."""
    asked = [
        (name, limits.of(name, base=found.value, scanner=scanner, base_scanner=scanner, kind="qct"))
        for name in paramcds_of(found, protocol)
    ]
    known = [(limit.value, name, limit) for name, limit in asked if limit.value is not None]
    if known:
        _, name, limit = min(known, key=lambda one: one[0])
        return name, limit
    return asked[0] if asked else (None, LeastChange(None))
