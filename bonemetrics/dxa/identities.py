"""Numbers that belong together: which of them contradict each other, beyond what rounding explains."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bonemetrics.dxa.cells import EXACT, CellKey, Number, Spot, key_of, label, listed, numbers_of
from bonemetrics.dxa.fitting import MOST_CELLS, fits_together
from bonemetrics.dxa.identity_rules import Identity, identities_of
from bonemetrics.dxa.repairs import Repair, repairs_of
from bonemetrics.records import DxaRow

_KINDS = {
    "ratio": "BMC / area",
    "vertebrae": "the sum of its vertebrae",
    "total-hip": "the sum of trochanter, intertrochanter and neck",
    "forearm-total": "the sum of its parts",
    "radius-and-ulna": "the sum of radius and ulna",
    "whole-body": "the sum of its parts",
    "mean": "the mean of left and right",
    "difference": "the difference of left and right",
    "same-region": "what another row of the same region says",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Residual:
    """How far an identity is from holding: `found` stands in the target, `expected` follows from the parts."""

    found: float
    expected: float
    tolerance: float

    @property
    def holds(self) -> bool:
        """Whether rounding explains the difference."""
        return abs(self.found - self.expected) <= self.tolerance


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """Numbers that contradict each other.

    `kind` is that of the identity, or `joint` where every identity holds by itself, but no true values behind the
    rounded ones satisfy all of them: then there is no one number to be found and expected, and `cells` are in doubt.
    `repairs` are single-character changes after which everything holds.
    """

    kind: str
    spots: tuple[Spot, ...]
    cells: tuple[CellKey, ...]
    found: float | None
    expected: float | None
    tolerance: float | None
    message: str
    repairs: tuple[Repair, ...] = ()


def residual(identity: Identity, numbers: Mapping[Spot, Number]) -> Residual:
    """Compare the target of an identity with what its parts say.

    Parameters
    ----------
    identity
        The identity; a ratio names BMC before area.
    numbers
        Numbers of at least its cells.

    Returns
    -------
    Residual
        With the largest difference that rounding can make. For printed BMD, BMC and area of 3, 2 and 2 decimals that is
        0.0006 + BMD * (0.005 / BMC + 0.005 / area), or more where the area is so small that a first order falls short.
    """
    target, parts = numbers[identity.target], [numbers[spot] for spot in identity.parts]
    if identity.form == "ratio":
        return _ratio(target, *parts)
    found = abs(target.value) if identity.form == "difference" else target.value
    values = [part.value for part in parts]
    expected, weight = sum(values), 1.0
    if identity.form == "mean":
        expected, weight = expected / len(values), 1.0 / len(values)
    elif identity.form == "difference":
        expected = abs(values[0] - values[1])
    slack = EXACT * max(abs(value) for value in (found, *values))
    tolerance = target.half + weight * sum(part.half for part in parts) + slack
    return Residual(found=found, expected=expected, tolerance=tolerance)


def _ratio(bmd: Number, bmc: Number, area: Number) -> Residual:
    if area.value <= area.half or bmc.value <= 0.0 or bmd.value <= 0.0:
        # No tolerance of a ratio can be told here; what is not above zero is refused by its own limit.
        return Residual(found=bmd.value, expected=bmd.value, tolerance=0.0)
    expected = bmc.value / area.value
    first_order = 1.2 * bmd.half + bmd.value * (bmc.half / bmc.value + area.half / area.value)
    most = (bmc.value + bmc.half) / (area.value - area.half) - expected + bmd.half
    least = expected - (bmc.value - bmc.half) / (area.value + area.half) + bmd.half
    exact = most if bmd.value > expected else least
    return Residual(found=bmd.value, expected=expected, tolerance=max(first_order, exact) + EXACT * bmd.value)


def conflicts(rows: tuple[DxaRow, ...], *, hologic: bool = False) -> tuple[Conflict, ...]:
    """All contradictions within a report.

    Parameters
    ----------
    rows
        Rows in the units that a study keeps; empty cells take part in nothing.
    hologic
        Whether the sums that are known of Hologic scanners apply.

    Returns
    -------
    tuple of Conflict
        Empty where everything that can be checked holds.
    """
    numbers = numbers_of(rows)
    identities = identities_of(rows, numbers.keys(), hologic=hologic)
    found: list[Conflict] = []
    for group in connected(identities):
        found += _conflicts_of(group, rows, numbers)
    return tuple(found)


def broken(identities: Iterable[Identity], numbers: Mapping[Spot, Number]) -> list[tuple[Identity, Residual]]:
    """The identities that do not hold, with how far they are from it."""
    checked = ((identity, residual(identity, numbers)) for identity in identities)
    return [(identity, rest) for identity, rest in checked if not rest.holds]


def connected(identities: Sequence[Identity]) -> list[tuple[Identity, ...]]:
    """Identities in groups that share no cell with each other."""
    parent: dict[Spot, Spot] = {}

    def root(spot: Spot) -> Spot:
        while parent.setdefault(spot, spot) != spot:
            parent[spot] = parent[parent[spot]]
            spot = parent[spot]
        return spot

    for identity in identities:
        for part in identity.parts:
            parent[root(part)] = root(identity.target)
    groups: dict[Spot, list[Identity]] = {}
    for identity in identities:
        groups.setdefault(root(identity.target), []).append(identity)
    return [tuple(group) for group in groups.values()]


def suspects(group: tuple[Identity, ...], numbers: Mapping[Spot, Number]) -> tuple[Spot, ...]:
    """The cells of one group of identities of which at least one must be wrong.

    Parameters
    ----------
    group
        Identities that share cells.
    numbers
        Numbers of their cells.

    Returns
    -------
    tuple of spots
        Each of them alone would explain everything, if there are such cells; else all cells of identities that do not
        hold. Empty where everything holds.
    """
    wrong = [set(identity.cells) for identity, _ in broken(group, numbers)]
    cells = list(dict.fromkeys(spot for identity in group for spot in identity.cells))
    if not wrong:
        if fits_together(group, numbers):
            return ()
        alone = [spot for spot in cells if fits_together(group, numbers, free=spot)] if len(cells) <= MOST_CELLS else []
        return tuple(alone or cells)
    shared = set.intersection(*wrong)
    blamed = [spot for spot in cells if spot in shared and fits_together(group, numbers, free=spot)]
    if blamed:
        return tuple(blamed)
    every = set.union(*wrong)
    return tuple(spot for spot in cells if spot in every)


def _conflicts_of(
    group: tuple[Identity, ...], rows: tuple[DxaRow, ...], numbers: Mapping[Spot, Number]
) -> list[Conflict]:
    doubtful = suspects(group, numbers)
    if not doubtful:
        return []
    repairs = repairs_of(group, rows, numbers, doubtful, holds=_everything_holds)
    wrong = broken(group, numbers)
    if not wrong:
        return [_joint(rows, doubtful, repairs)]
    return [
        Conflict(
            kind=identity.kind,
            spots=identity.cells,
            cells=tuple(key_of(rows, spot) for spot in identity.cells),
            found=rest.found,
            expected=rest.expected,
            tolerance=rest.tolerance,
            message=_message(identity, rest, rows, numbers),
            repairs=repairs,
        )
        for identity, rest in wrong
    ]


def _everything_holds(group: tuple[Identity, ...], numbers: Mapping[Spot, Number], changed: Spot) -> bool:
    touched = [identity for identity in group if changed in identity.cells]
    return not broken(touched, numbers) and fits_together(group, numbers)


def _message(identity: Identity, rest: Residual, rows: tuple[DxaRow, ...], numbers: Mapping[Spot, Number]) -> str:
    of = listed(rows, identity.parts)
    text = (
        f"{label(rows, identity.target)} is {rest.found:.6g}, but {_KINDS[identity.kind]} gives {rest.expected:.6g} "
        f"(tolerance {rest.tolerance:.2g}; from {of})"
    )
    if identity.form == "ratio":
        bmc, area = identity.parts
        exchanged = {**numbers, bmc: numbers[area], area: numbers[bmc]}
        if residual(identity, exchanged).holds:
            text += "; it would agree if area and BMC were exchanged"
    return text


def _joint(rows: tuple[DxaRow, ...], doubtful: tuple[Spot, ...], repairs: tuple[Repair, ...]) -> Conflict:
    return Conflict(
        kind="joint",
        spots=doubtful,
        cells=tuple(key_of(rows, spot) for spot in doubtful),
        found=None,
        expected=None,
        tolerance=None,
        message=f"no true values behind the rounded numbers satisfy ratios and sums together; in doubt: "
        f"{listed(rows, doubtful)}",
        repairs=repairs,
    )
