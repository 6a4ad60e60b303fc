"""What an edit of a segmentation does to the numbers, set against the least significant change."""

from __future__ import annotations

from collections.abc import Sequence

from bonemetrics.errors import MaterialMismatchError, UsageError
from bonemetrics.quantities import Material
from bonemetrics.records import Finite, Measurement, Problem, Record
from bonemetrics.records.base import MeasuredSide
from bonemetrics.study.least_change import LeastChange, LeastChanges, reaches
from bonemetrics.study.parameters import paramcds_of
from bonemetrics.study.protocol import Protocol

SHOWN = ("Tb.vBMD", "Tt.vBMD", "Ct.vBMD", "Tt.Ar", "Tb.Ar", "Ct.Ar", "Tb.Th")
"""Quantities whose change is shown, in this order, where they were measured."""


class Consequence(Record):
    """One number before and after an edit, in the quantity's unit.

    `lsc` is the least significant change of the protocol's parameter `paramcd` on the scan's scanner, the smallest
    where several parameters take the number; `exceeds` tells whether the difference reaches it. Both are `None` where
    no limit is known, and `notes` say why.
    """

    quantity: str
    site: str
    side: MeasuredSide | None
    region: str
    unit: str
    material: Material | None
    before: Finite
    after: Finite
    difference: Finite
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
        Of the same scan. A number that only one of them has is left out.
    protocol
        With its `[[parameters]]` and `[[precision]]`.
    scanner
        Serial number of the scan's scanner; empty where it tells none.

    Returns
    -------
    tuple of Consequence
        In the order of `SHOWN`.

    Raises
    ------
    MaterialMismatchError
        If a density is on another material's scale after than before.
    UsageError
        If the numbers are of two scans.
    """
    if len({one.provenance.input_sha256 for one in (*before, *after)}) > 1:
        raise UsageError("numbers before and after an edit must be of one scan; these are of two")
    limits = LeastChanges(protocol)
    later = {_place(one): one for one in after}
    pairs = [(one, later[_place(one)]) for one in before if one.quantity in SHOWN and _place(one) in later]
    pairs.sort(key=lambda pair: SHOWN.index(pair[0].quantity))
    return tuple(_consequence(first, second, protocol, limits, scanner) for first, second in pairs)


def _place(found: Measurement) -> tuple[str, str, str]:
    # A side that was settled meanwhile does not make it another number.
    return found.quantity, found.site, found.region


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
        quantity=before.quantity,
        site=before.site,
        side=after.side,
        region=before.region,
        unit=before.unit,
        material=before.material,
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
